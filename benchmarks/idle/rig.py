"""The other end of :mod:`benchmarks.idle.server`: starts it, gives orders, runs cells beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.session import Session

_STARTING = threading.Lock()
"""A server looks for free ports and its kernel takes them later: another server must not look in between."""


class Rig:
    """One server in a home of its own; use it with ``with`` or close it, so that nothing is left running."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / "server.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.idle.server", f"--folder={folder}", f"--port={free_port()}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=home(folder) | dict(environment or {}),
            start_new_session=True,
        )
        self._clients: dict[str, _Client] = {}
        try:
            hello = self._listen()
        except BaseException:
            self.close()
            raise
        self.port, self.pid = int(hello["port"]), int(hello["pid"])

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and everything that was started for it."""
        for client in self._clients.values():
            client.close()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._log.close()
        end_all_below(self.folder)

    def order(self, order: str, **details: Any) -> dict[str, Any]:
        """Do it and say what came of it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"order": order, **details}) + "\n")
        self._process.stdin.flush()
        return self._listen()

    def start_kernels(self, count: int, prefix: str = "notebook") -> list[str]:
        """Starts them and waits until each has answered; their ids, oldest first."""
        with _STARTING:
            return self._start_kernels(count, prefix)

    def _start_kernels(self, count: int, prefix: str) -> list[str]:
        before = {each["id"] for each in self.order("kernels")["kernels"]}
        started = self.order("start_kernels", count=count, prefix=prefix)["kernels"]
        new = [each for each in started if each["id"] not in before]
        for each in new:
            self._clients[each["id"]] = _Client(Path(each["connection_file"]))
        for each in new:
            self._clients[each["id"]].wait(180)
        return [each["id"] for each in new]

    def touch(self) -> None:
        """A person runs something short in every kernel: all of them are idle from now on, and from no earlier."""
        for kernel_id in self._clients:
            self.run(kernel_id, "1 + 1")

    def run(self, kernel_id: str, code: str) -> None:
        """Send a cell and do not wait for it."""
        self._clients[kernel_id].execute(code)

    def ask_for_usage(self, kernel_id: str) -> None:
        """What a resource panel sends every few seconds."""
        self._clients[kernel_id].ask_for_usage()

    def _listen(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            tail = (self.folder / "server.log").read_text()[-2000:]
            raise RuntimeError(f"the server ended:\n{tail}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


class _Client:
    """A kernel's shell and control, without an event loop and without reading what it says."""

    def __init__(self, connection_file: Path) -> None:
        self._file = connection_file
        connection = json.loads(connection_file.read_text())
        self._session = Session(key=connection["key"].encode(), signature_scheme=connection["signature_scheme"])
        self._shell, self._control = (zmq.Context.instance().socket(zmq.DEALER) for _ in range(2))
        for socket_, channel in ((self._shell, "shell"), (self._control, "control")):
            socket_.linger = 0
            socket_.connect(f"tcp://{connection['ip']}:{connection[f'{channel}_port']}")

    def wait(self, seconds: float) -> None:
        """Until the kernel has answered. Raises ``TimeoutError``."""
        self._session.send(self._shell, "kernel_info_request", {})
        if not self._shell.poll(1000 * seconds):
            raise TimeoutError(f"no kernel has answered for {self._file.name}")

    def execute(self, code: str) -> None:
        """Do not wait for it."""
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": False}
        self._session.send(self._shell, "execute_request", content)

    def ask_for_usage(self) -> None:
        """On the control channel, as a resource panel does."""
        self._session.send(self._control, "usage_request", {})

    def close(self) -> None:
        """Stop talking."""
        self._shell.close()
        self._control.close()


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def home(folder: Path) -> dict[str, str]:
    """This environment without anybody's Jupyter settings and with ``folder`` in the place of home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_", "MLPLAT"))}
    return kept | {
        "HOME": str(folder / "home"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        MARK: str(folder),
    }


MARK = "MLPLAT_BENCH"


def end_all_below(folder: Path) -> None:
    """End what was started for ``folder`` and outlived its server: kernels, their children, terminals' jobs."""
    wanted = f"{MARK}={folder}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)


def clear(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
