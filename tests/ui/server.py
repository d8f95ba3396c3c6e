"""One person's JupyterLab as a platform may configure it, if need be with no other process to be seen."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from jupyter_mlplatform.demo.folder import ALICE, DemoFolder
from jupyter_mlplatform.demo.servers import environment
from tests.poll import until

TOKEN = "alice-alone"


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A running server; ``url`` ends with its base address."""

    url: str
    process: subprocess.Popen[bytes]

    def page(self, path: str = "lab") -> str:
        """The address that opens a page and signs alice in."""
        return f"{self.url}{path}?token={TOKEN}"


@contextmanager
def server(
    folder: DemoFolder, *, base_url: str = "/", extension: bool = True, within: Sequence[str] = ()
) -> Iterator[Server]:
    """Alice's JupyterLab; ``within`` is a command that starts it, such as :func:`alone`."""
    config = {
        "ServerApp": {
            "ip": "127.0.0.1",
            "port": 0,
            "base_url": base_url,
            "root_dir": str(folder.work(ALICE)),
            "allow_root": True,
            "jpserver_extensions": {"jupyter_mlplatform": extension},
        },
        "IdentityProvider": {"token": TOKEN},
    }
    env = environment(folder, ALICE)
    for name in ("HOME", "JUPYTER_CONFIG_DIR"):
        Path(env[name]).mkdir(parents=True, exist_ok=True)
    (Path(env["JUPYTER_CONFIG_DIR"]) / "jupyter_server_config.json").write_text(json.dumps(config), encoding="utf-8")
    (Path(env["JUPYTER_CONFIG_DIR"]) / "labconfig").mkdir(exist_ok=True)
    page = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (Path(env["JUPYTER_CONFIG_DIR"]) / "labconfig" / "page_config.json").write_text(json.dumps(page), encoding="utf-8")
    command = [*within, os.environ.get("LAB_PYTHON", sys.executable), "-m", "jupyterlab", "--no-browser"]
    runtime = Path(env["JUPYTER_RUNTIME_DIR"])
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            info = json.loads(until(lambda: list(runtime.glob("jpserver-*.json")))[0].read_text(encoding="utf-8"))
            yield Server(url=f"http://127.0.0.1:{info['port']}{base_url}", process=process)
        finally:
            process.send_signal(signal.SIGKILL if within else signal.SIGTERM)  # a namespace goes with its first process


def alone() -> list[str]:
    """A command that starts another one where it sees no process of this machine, so that it can be idle.

    Its network stays the machine's: the browser has to reach it.
    """
    options = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"]
    for command in (["unshare", *options], ["unshare", "--user", "--map-root-user", *options]):
        tried = [*command, "true"]
        if shutil.which("unshare") and subprocess.run(tried, capture_output=True, check=False).returncode == 0:
            return [*command, "sh", "-c", '"$@"; exit $?', "sh"]  # the first process has to bury what ends
    raise RuntimeError(
        "These tests need Linux namespaces, which this machine does not give: run them as root, or allow unprivileged "
        "user namespaces, with unshare of util-linux 2.32 or newer installed."
    )


def set_idle_policy(folder: DemoFolder, rules: Mapping[str, float | str]) -> None:
    """Put other rules of idle shutdown into the demo's policy."""
    path = folder.root / "policy.toml"
    table = "".join(f"{name} = {json.dumps(value)}\n" for name, value in rules.items())
    text, found = re.subn(r"(?ms)^\[idle\].*?(?=^\[)", lambda _: f"[idle]\n{table}\n", path.read_text(encoding="utf-8"))
    assert found == 1
    path.write_text(text, encoding="utf-8")
