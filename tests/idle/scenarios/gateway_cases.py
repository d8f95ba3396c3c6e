"""Kernels behind a gateway: no process and no socket of theirs is on this machine. K21."""

from __future__ import annotations

from tests.idle.scenarios.cases import case, shared
from tests.idle.scenarios.prefix import Prefix
from tests.idle.scenarios.stage import Stage, now
from tests.idle.scenarios.world import ROOT, Plan, World
from tests.poll import until

URL = "http://127.0.0.1:8899"


def _gateway(world: World) -> None:
    """A second Jupyter server, with an environment of its own and without the extension."""
    other = Prefix(world.folder / "gateway", ROOT)
    other.write({}, (), {})


PLAN = Plan(
    idle={"stop": "off"}, arguments=(f"--gateway-url={URL}", "--GatewayClient.auth_token=gate"), prepare=_gateway
)
shared("gateway", PLAN)


def _open(stage: Stage) -> None:
    """The gateway is there; the first of the cases starts it."""
    world = stage.world
    if not (world.folder / "pid" / "gateway").exists() and stage.name == "K21":
        home = world.folder / "gateway-home"
        folders = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("DATA", "CONFIG", "RUNTIME")}
        python = Prefix(world.folder / "gateway", ROOT).python
        options = ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=8899", "--IdentityProvider.token=gate"]
        options += ["--no-browser", "--allow-root", f"--ServerApp.root_dir={world.home}"]
        world.start("gateway", [python, "-m", "jupyter_server", *options], {"HOME": str(home), **folders})

    def ready() -> bool:
        return "is running at" in world.log("gateway")

    until(ready, 60.0)


@case("K21", world="gateway")
def a_silent_cell_behind_a_gateway(stage: Stage) -> None:
    _open(stage)
    kernel = stage.kernel()
    kernel.run("import time; time.sleep(600)")
    kernel.close()
    stage.kept(kernel.subject, "a cell has been running|already busy")


@case("K21a", "an idle kernel of a gateway", "CULL after T", world="gateway")
def an_idle_kernel_behind_a_gateway(stage: Stage) -> None:
    _open(stage)
    begun = now()
    kernel = stage.kernel()
    kernel.do("1")
    kernel.close()
    stage.stopped(kernel.subject, "another machine", begun, until_=now() + 5.0)


@case("K21b", "the gateway dies while its kernel works", "never stopped on doubt", plan=PLAN)
def a_gateway_that_dies(stage: Stage) -> None:
    stage.name = "K21"
    _open(stage)
    kernel = stage.kernel()
    kernel.do("1")
    # A cell that begins before the kernel is heard is not known to run, which on a crowded machine takes its time.
    until(lambda: (stage.watcher.of(kernel.subject) or {}).get("state") not in (None, "unknown"), 60.0)
    kernel.run("import time; time.sleep(600)")
    kernel.close()
    stage.says(kernel.subject, "cell|busy", "working")
    stage.world.signal("gateway", 9)
    begun = now()
    acts = {"warned", "culled"}
    until(lambda: now() > begun + 60.0, 70.0)
    done = [each["action"] for _, each in stage.watcher.decisions(kernel.subject)]
    stage.check(not acts & set(done), f"neither warned nor stopped: {done}")
    stage.decided("kept on doubt")
