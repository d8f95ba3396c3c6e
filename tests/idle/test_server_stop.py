"""Ending this server, where the policy asks for it: with a server of the test's own making, and with real ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.idle.local.server_stop import AUDIT_SECONDS, end_server
from tests.poll import until


class Server:
    """With an event loop of which only the clock is missing."""

    def __init__(self) -> None:
        self.io_loop = self
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.stops = 0

    def call_later(self, seconds: float, what: Callable[[], None]) -> None:
        self.later.append((seconds, what))

    def stop(self) -> None:
        self.stops += 1


def test_given_it_is_asked_twice_then_the_server_is_stopped_once_and_only_after_the_decision_was_written() -> None:
    server, sure = Server(), list[Any]()
    end = end_server(server, sure.append)
    end()
    end()
    assert server.stops == 0
    [(seconds, stop)] = server.later
    assert seconds == AUDIT_SECONDS
    stop()
    assert server.stops == 1
    assert sure == [server]


EXTENSION = """
import asyncio, json, os, threading, time
from functools import partial
from pathlib import Path
from jupyter_server.extension.application import ExtensionApp
from jupyter_mlplatform.idle.local import server_stop

FOLDER, MOOD = Path(os.environ["TEST_FOLDER"]), os.environ["TEST_MOOD"]
ORDERLY, THREADS = map(float, os.environ["TEST_SECONDS"].split())


def write_the_last_line():
    time.sleep(2.0)  # the disk is slow
    with (FOLDER / "decisions").open("a") as file:
        file.write("culled" + chr(10))


class Troubled(ExtensionApp):
    name = "troubled"

    async def _start_jupyter_server_extension(self, serverapp):
        self.run = asyncio.create_task(self._run())

    async def _run(self):
        kernel_id = await self.serverapp.kernel_manager.start_kernel(kernel_name="python3")
        terminals = self.serverapp.web_app.settings["terminal_manager"]
        shell = terminals.terminals[terminals.create()["name"]]
        pids = [self.serverapp.kernel_manager.get_kernel(kernel_id).provisioner.pid, shell.ptyproc.pid]
        (FOLDER / "new").write_text(json.dumps(pids))
        (FOLDER / "new").replace(FOLDER / "pids")
        sure = partial(server_stop.end_for_sure, orderly=ORDERLY, threads=THREADS)
        in_a_thread = lambda app: threading.Thread(target=sure, args=(app,), daemon=True).start()
        server_stop.end_server(self.serverapp, in_a_thread)()
        asyncio.get_running_loop().run_in_executor(None, write_the_last_line)
        if MOOD == "blocked":
            time.sleep(600)
        if MOOD == "thread":
            threading.Thread(target=threading.Event().wait, name="left behind").start()

    async def stop_extension(self):
        if MOOD == "failing":
            raise RuntimeError("the extension cannot be stopped")
        if MOOD == "hanging":
            await asyncio.Event().wait()


def _jupyter_server_extension_points():
    return [{"module": "troubled", "app": Troubled}]
"""
HASTY = "3 3"
"""For the server's own clean-up, and for threads after it."""


class Real:
    """A real server in a process of its own, which decides to end itself once it has a kernel and a terminal."""

    def __init__(self, folder: Path, mood: str, seconds: str) -> None:
        (folder / "troubled.py").write_text(EXTENSION)
        self._folder = folder
        self._output = folder / "output"
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
        command += [f"--ServerApp.sock={folder / 'socket'}", f"--ServerApp.root_dir={folder}"]
        extensions = {"troubled": True, "jupyter_server_terminals": True}
        given = {"TEST_FOLDER": str(folder), "TEST_MOOD": mood, "TEST_SECONDS": seconds, "PYTHONPATH": str(folder)}
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, f"--ServerApp.jpserver_extensions={extensions}"],
                cwd=folder,
                env={**os.environ, **given},
                stdout=output,
                stderr=output,
            )

    def ends(self, seconds: float = 60.0) -> int:
        """Its exit status."""
        return self.process.wait(seconds)

    def pids(self) -> list[int]:
        """Of its kernel and of its terminal's shell."""
        path = self._folder / "pids"
        until(lambda: path.exists() or self.process.poll() is not None, 60.0)
        found: list[int] = json.loads(path.read_text())
        return found

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def decisions(self) -> str:
        return (self._folder / "decisions").read_text()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Callable[[str, str], Real]]:
    servers: list[Real] = []

    def start(mood: str, seconds: str) -> Real:
        servers.append(Real(tmp_path, mood, seconds))
        return servers[-1]

    yield start
    for each in servers:
        each.process.kill()
        each.process.wait()
        for pid in each.pids():
            if running(pid):
                os.kill(pid, signal.SIGKILL)


def running(pid: int) -> bool:
    """A kernel whose server has gone is buried by nobody in a container; it does not run for all that."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mood", "seconds", "said"),
    [
        ("thread", "60 3", "these threads go on: left behind"),
        ("failing", HASTY, "has not come to an end within 3 s"),
        ("hanging", HASTY, "has not come to an end within 3 s"),
        ("blocked", HASTY, "has not come to an end within 3 s"),
    ],
)
def test_given_the_orderly_end_does_not_come_off_then_the_server_its_kernels_and_its_terminals_end_for_sure(
    real: Callable[[str, str], Real], mood: str, seconds: str, said: str
) -> None:
    server = real(mood, seconds)
    pids = server.pids()
    assert server.ends() == 0
    until(lambda: not any(map(running, pids)))
    assert said in server.output
    assert server.decisions == "culled\n"


@pytest.mark.slow
def test_given_nothing_is_in_the_way_then_the_server_ends_in_its_own_way(real: Callable[[str, str], Real]) -> None:
    server = real("well", "60 60")
    pids = server.pids()
    assert server.ends(50.0) == 0
    until(lambda: not any(map(running, pids)))
    assert "is ended at once" not in server.output
    assert server.decisions == "culled\n"
