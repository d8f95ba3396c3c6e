"""A world of its own for a scenario: a real Jupyter server with the extension, alone on a machine as far as it can see.

PID, mount and network namespaces keep out whatever else the machine does. The policy lies where a policy lies in
production, below ``sys.prefix``: a world has a small prefix of its own, whose packages are those of this environment.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.idle.scenarios import connection
from tests.idle.scenarios.prefix import Prefix
from tests.poll import until

ROOT = Path(__file__).parents[3]
TOKEN = "scenario"
T = float(os.environ.get("IDLE_SCENARIO_SECONDS", "20"))
GRACE = T / 5
SAMPLE = T / 10
POLICY: dict[str, Any] = {
    "timeout_seconds": T,
    "min_timeout_seconds": 1.0,
    "grace_seconds": GRACE,
    "sample_seconds": SAMPLE,
    "min_uptime_seconds": 0.0,
    "stop": "server",
    "watchdog": False,
}
EXTENSIONS = ("jupyter_mlplatform", "jupyter_server_terminals")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is special about a world: additions to the idle policy, to the environment and to the command line.

    ``specs`` are more kernel specifications (name to ``kernel.json``); ``devices`` are names that only this world has
    in ``/dev``; ``prepare`` is called when the world's folder is there and nothing runs in it yet.
    """

    idle: dict[str, Any] = {}
    environment: dict[str, str] = {}
    arguments: tuple[str, ...] = ()
    extensions: tuple[str, ...] = EXTENSIONS
    specs: dict[str, dict[str, Any]] = {}
    devices: tuple[str, ...] = ()
    prepare: Callable[[World], None] | None = None


def isolation() -> list[str]:
    """The command that puts another one into namespaces of its own."""
    options = ["--mount", "--pid", "--net", "--fork", "--mount-proc", "--kill-child=SIGKILL"]
    for command in (["unshare", *options], ["unshare", "--user", "--map-root-user", *options]):
        with_true = [*command, "true"]
        if shutil.which("unshare") and subprocess.run(with_true, capture_output=True, check=False).returncode == 0:
            return [*command, "--"]
    raise RuntimeError(
        "The idle scenarios need Linux namespaces, which this machine does not give: run them as root, or allow "
        "unprivileged user namespaces, with unshare of util-linux 2.32 or newer installed."
    )


class World:
    """One world, from :meth:`open` to :meth:`close`. ``folder`` is its own and is made anew."""

    def __init__(self, name: str, folder: Path, plan: Plan | None = None) -> None:
        self.name = name
        self.folder = folder
        self.plan = plan or Plan()
        self.home = folder / "home"
        self._own = Prefix(folder / "prefix", ROOT)
        self.prefix = self._own.folder
        self.packages = self._own.packages
        self.tmp = folder / "tmp"
        self.state = self.home / "data" / "mlplatform"
        self.http = connection.Server(self.tmp, TOKEN)
        self._process: subprocess.Popen[bytes] | None = None
        self._inside = Path("/nowhere")

    @property
    def python(self) -> str:
        """The world's interpreter."""
        return self._own.python

    def open(self) -> None:
        """Make it and start its server."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for each in ("log", "pid", "ended", "tmp", "home/work", "home/data"):
            (self.folder / each).mkdir(parents=True)
        self._own.write({**POLICY, **self.plan.idle}, self.plan.extensions, self.plan.specs)
        if self.plan.prepare is not None:
            self.plan.prepare(self)
        document = {
            "environment": self._environment(),
            "home": str(self.home / "work"),
            "visible": sorted({str(ROOT), sys.prefix, sys.base_prefix, str(self.folder)}),
            "devices": [*self.plan.devices],
        }
        (self.folder / "world.json").write_text(json.dumps(document))
        init = [os.path.realpath(sys.executable), "-S", "-E", str(Path(__file__).with_name("init.py"))]
        self._process = subprocess.Popen(
            [*isolation(), *init, str(self.folder)],
            stdin=subprocess.PIPE,
            stderr=(self.folder / "log" / "init").open("wb"),
        )
        until(lambda: (self.folder / "pid" / "ready").exists() or self._failed(), 60.0)
        self._inside = Path(f"/proc/{_child(self._process.pid)}/root/proc")
        self.start_server()

    def start_server(self, name: str = "server") -> None:
        """Start the server, and wait until it answers."""
        command = [self.python, "-m", "jupyter_server", "--allow-root", "--no-browser", "--ServerApp.sock=/tmp/server"]
        command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={self.home / 'work'}"]
        self.start(name, [*command, *self.plan.arguments])
        until(lambda: self.http.answers() or self._dead(name), 120.0, every=0.3)

    def start_again(self) -> None:
        """Start the server anew, as a supervisor does, once the one before has ended."""
        until(self.ended, 30.0)
        (self.folder / "ended" / "server").unlink()
        (self.tmp / "server").unlink(missing_ok=True)
        self.start_server()

    def start(self, name: str, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a program that belongs to nobody in the world; its output goes to ``log/NAME``."""
        self._order({"start": name, "command": command, "environment": dict(environment or {})})

    def serve(self, name: str, program: str, *arguments: str) -> None:
        """Start a program of ``programs/`` as a service of another machine: the world can reach it, but not see it."""
        self._order({"as": name, "serve": [str(Path(__file__).with_name("programs") / program), *arguments]})
        self.read("pid", name)

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a program that :meth:`start` has started."""
        self._order({"signal": number, "to": name})

    def ended(self, name: str = "server") -> dict[str, Any] | None:
        """When (seconds since boot) and how a program ended; None while it runs."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "ended" / name).read_text())
        except FileNotFoundError:
            return None
        return found

    def read(self, folder: str, name: str) -> Any:
        """What the first process has written down: the process id of a program (``pid``)."""
        path = self.folder / folder / name
        until(path.exists, 30.0)
        return json.loads(path.read_text())

    def alive(self, pid: int) -> bool:
        """Whether a process of the world runs, by its id in there."""
        try:
            return (self._inside / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    def log(self, name: str = "server") -> str:
        """What a program has written."""
        path = self.folder / "log" / name
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self) -> None:
        """End everything in it."""
        if self._process is None:
            return
        self._process.kill()  # the namespace goes with its first process
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process = None

    def _order(self, order: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def _failed(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"The world {self.name} could not be made: {self.log('init')}")
        return False

    def _dead(self, name: str) -> bool:
        if self.ended(name):
            raise RuntimeError(f"The server of the world {self.name} ended at once: {self.log(name)[-3000:]}")
        return self._failed()

    def _environment(self) -> dict[str, str]:
        home = str(self.home)
        kept = {name: os.environ[name] for name in ("LANG", "PYTHONPATH") if name in os.environ}
        return {
            **kept,
            "PATH": f"{self.prefix / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": home,
            "SHELL": "/bin/bash",
            "TERM": "xterm",
            "JUPYTER_DATA_DIR": f"{home}/data",
            "JUPYTER_CONFIG_DIR": f"{home}/jupyter",
            "JUPYTER_RUNTIME_DIR": f"{home}/runtime",
            "IPYTHONDIR": f"{home}/ipython",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            **{name: value.replace("{world}", str(self.folder)) for name, value in self.plan.environment.items()},
        }


def _child(pid: int) -> int:
    """The process that ``unshare`` has forked: the world's first one, as it is numbered outside."""
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                status = (each / "status").read_text()
            except OSError:
                continue
            if re.search(rf"^PPid:\t{pid}$", status, re.MULTILINE):
                return int(each.name)
    raise RuntimeError("the world's first process has ended at once")
