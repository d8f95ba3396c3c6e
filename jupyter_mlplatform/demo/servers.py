"""The two people's JupyterLab servers: own port, own token, own home, everything inside the demo folder."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import site
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

import msgspec

from jupyter_mlplatform.demo.client import Client
from jupyter_mlplatform.demo.folder import PEOPLE, DemoFolder, Person
from jupyter_mlplatform.errors import PlatformError, Unavailable
from jupyter_mlplatform.workspace import DEMO_VARIABLE, resolve

START_SECONDS = 90.0
STOP_SECONDS = 15.0
NEEDED = ("jupyterlab", "ipykernel", "pandas", "sklearn")
NOT_HANDED_ON = ("JUPYTER", "IPYTHON", "XDG_", "MLPLAT_", "PIP_CONFIG_FILE", "CONDARC")


def check_installed() -> None:
    """Raises ``Unavailable`` when a package is missing that only the demo needs."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise Unavailable(
            "demo.not_installed",
            "The demo needs more than the workspace itself.",
            cause=f"Not installed here: {', '.join(missing)}.",
            next_step="Run: pip install 'jupyter_mlplatform[demo]'",
        )


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person's server is, kept in their folder so that a second start finds it and bookmarks stay valid."""

    port: int
    token: str
    pid: int = 0


class DemoServer:
    """The server of one person: started, or found running, by :meth:`start`."""

    def __init__(self, folder: DemoFolder, person: Person) -> None:
        self._folder = folder
        self.person = person
        self.process: subprocess.Popen[bytes] | None = None
        self._home = folder.home(person)
        known = self._known()
        self._address = known or Address(port=0, token=secrets.token_hex(24))

    @property
    def client(self) -> Client:
        """The way to talk to it."""
        return Client(self.person.name, self._address.port, self._address.token)

    @property
    def page(self) -> str:
        """What a browser opens to be this person."""
        return self.client.page(self.person.opens)

    @property
    def opener(self) -> Path:
        """A private file that takes a browser to :attr:`page`; no token stands on a command line."""
        return self._home / "open.html"

    @property
    def pid(self) -> int:
        """Its process, 0 before it was ever started."""
        return self._address.pid

    def running(self) -> bool:
        """Whether it answers, whoever started it."""
        return bool(self._address.port) and self.client.answers()

    def start(self, port: int = 0, avoid: int = 0) -> None:
        """Start it, without waiting until it answers; ``port`` 0 takes the last one, or any free one but ``avoid``."""
        if self.running():
            return
        self._address = msgspec.structs.replace(self._address, port=_free_port(port, self._address.port, avoid))
        self._configure()
        with self._log().open("ab") as log:
            self.process = _launch(environment(self._folder, self.person), self._folder.work(self.person), log)
        self._address = msgspec.structs.replace(self._address, pid=self.process.pid)
        _write_private(self._home / "server.json", msgspec.json.encode(self._address))
        redirect = f'<meta charset="utf-8"><meta http-equiv="refresh" content="0;url={self.page}">\n'
        _write_private(self.opener, redirect.encode())

    def wait(self) -> None:
        """Until it answers. Raises ``Unavailable`` with the end of its log when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while not self.running():
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise Unavailable(
                    "demo.server_not_started",
                    f"The server of {self.person.name} did not start.",
                    cause="Its log ends with:\n" + "\n".join(self._last_lines()),
                    next_step=f"See {self._log()}.",
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it with its kernels, whoever started it; one that is not running is stopped already."""
        was_running = self.running()
        if was_running:
            with suppress(PlatformError):  # it may end before it has answered
                self.client.call("POST", "api/shutdown")
        elif self.process is not None:
            self.process.terminate()
        if self.process is not None:
            _end(self.process)
            self.process = None
        elif was_running and not _until(lambda: not _exists(self.pid)):
            raise Unavailable(
                "demo.server_not_stopped",
                f"The server of {self.person.name} does not stop.",
                cause=f"It was asked to, and its process {self.pid} is still there.",
                next_step=f"End the process {self.pid} yourself.",
            )

    def _known(self) -> Address | None:
        try:
            return msgspec.json.decode((self._home / "server.json").read_bytes(), type=Address)
        except (OSError, msgspec.DecodeError):
            return None

    def _configure(self) -> None:
        """The configuration that JupyterLab reads; the token is here and not on a command line that others can see."""
        config = self._home / "jupyter" / "config"
        (config / "labconfig").mkdir(parents=True, exist_ok=True)
        server = {
            "ip": "127.0.0.1",
            "port": self._address.port,
            "port_retries": 0,
            "base_url": f"/{self.person.name}/",
            "root_dir": str(self._folder.work(self.person)),
            "open_browser": False,
            "allow_root": os.geteuid() == 0,
        }
        settings = {"ServerApp": server, "IdentityProvider": {"token": self._address.token}}
        _write_private(config / "jupyter_server_config.json", json.dumps(settings, indent=2).encode())
        lab = {
            "LabApp": {
                "extension_manager": "readonly",
                "news_url": None,
                "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
            }
        }
        _write_private(config / "jupyter_lab_config.json", json.dumps(lab, indent=2).encode())
        page = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
        _write_private(config / "labconfig" / "page_config.json", json.dumps(page, indent=2).encode())

    def _log(self) -> Path:
        return self._home / "server.log"

    def _last_lines(self) -> list[str]:
        with suppress(OSError):
            return self._log().read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        return ["(there is no log)"]


class DemoServers:
    """Both people's servers."""

    def __init__(self, folder: DemoFolder) -> None:
        self._folder = folder
        self.each = {person.name: DemoServer(folder, person) for person in PEOPLE}

    def start(self, port: int = 0) -> None:
        """Start those that do not run yet, at the same time, and wait for them; ``port`` is alice's, bob's the next.

        Stops what it has started when one of them fails. Raises ``Invalid`` for a policy that somebody has broken.
        """
        for person in PEOPLE:
            resolve({DEMO_VARIABLE: str(self._folder.home(person))})
        with self._folder.exclusively():
            try:
                taken = 0
                for number, server in enumerate(self.each.values()):
                    server.start(port + number if port else 0, avoid=taken)
                    taken = server.client.port
                for server in self.each.values():
                    server.wait()
            except BaseException:
                self.stop(started_only=True)
                raise

    def stop(self, *, started_only: bool = False) -> None:
        """Stop both, or only those that this process has started; that one does not stop keeps no other alive."""
        with ExitStack() as both:
            for server in self.each.values():
                if server.process is not None or not started_only:
                    both.callback(server.stop)

    def running(self) -> bool:
        """Whether one of them answers, whoever started it."""
        return any(server.running() for server in self.each.values())

    def watch(self) -> str:
        """Return the name of the first person whose server has ended."""
        while True:
            for name, server in self.each.items():
                ended = server.process.poll() is not None if server.process else not server.running()
                if ended:
                    return name
            time.sleep(1)


def environment(folder: DemoFolder, person: Person) -> dict[str, str]:
    """What a person's processes see: a home of their own, and nothing of the real one's configuration."""
    home = folder.home(person)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_HANDED_ON)}
    if site.ENABLE_USER_SITE:  # packages that were installed for this user only, which lie in the real home
        kept["PYTHONUSERBASE"] = site.getuserbase()
    return {
        **kept,
        DEMO_VARIABLE: str(home),
        "HOME": str(home / "home"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter" / "config"),
        "JUPYTER_DATA_DIR": str(home / "jupyter" / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "jupyter" / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "XDG_CACHE_HOME": str(home / "home" / ".cache"),
        "XDG_CONFIG_HOME": str(home / "home" / ".config"),
        "XDG_DATA_HOME": str(home / "home" / ".local" / "share"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }


def _launch(env: dict[str, str], folder: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """A process group of its own, so that Ctrl-C reaches us and we stop it in order."""
    Path(env["HOME"]).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser"]
    return subprocess.Popen(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )


def _free_port(wanted: int, last: int, avoid: int) -> int:
    """A port that nobody listens on: the wanted one or none, else the last one, else any but ``avoid``."""
    for port in [wanted] if wanted else [last, 0, 0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found = int(probe.getsockname()[1])
                if found != avoid:
                    return found
    raise Unavailable(
        "demo.port_taken",
        f"The port {wanted} cannot be used.",
        cause="Another program listens there, or you may not use it.",
        next_step="Name another one with --port, or none.",
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was asked to end; then insist."""
    for insist in (process.terminate, process.kill):
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            insist()
        else:
            return
    process.wait(STOP_SECONDS)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _until(so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + STOP_SECONDS
    while not so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _write_private(path: Path, content: bytes) -> None:
    """A file that only this account reads, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    unfinished.replace(path)
