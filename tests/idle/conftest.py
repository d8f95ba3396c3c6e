"""A keeper over the real kernels of a real server, paced by the test."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform.idle.local import clock
from jupyter_mlplatform.idle.local.decisions import JsonLines
from jupyter_mlplatform.idle.local.kernels import JupyterKernels
from jupyter_mlplatform.idle.local.processes import process_table
from jupyter_mlplatform.idle.local.store import SqliteStore
from jupyter_mlplatform.idle.models import SubjectStatus, identity
from jupyter_mlplatform.idle.service import IdleService
from jupyter_mlplatform.policy import IdlePolicy
from tests.idle import surroundings
from tests.idle.surroundings import NoHistory
from tests.poll import until_async

POLICY = IdlePolicy(
    timeout_seconds=2.5,
    sample_seconds=0.5,
    grace_seconds=1.5,
    min_uptime_seconds=0.0,
    busy_cpu_fraction=0.08,  # one clock tick is two percent of so short an interval
)

BURN = """
import os, sys, time
open(sys.argv[1], "w").write(str(os.getpid()))
end = time.monotonic() + 60
while time.monotonic() < end:
    start = time.perf_counter()
    while time.perf_counter() - start < 0.03:
        pass
    time.sleep(0.03)
"""


class Server:
    """A server's kernels under a keeper that the test drives."""

    def __init__(self, app: ServerApp, folder: Path, policy: IdlePolicy) -> None:
        self.app = app
        self.announced: list[tuple[str, dict[str, Any]]] = []
        self.kernels = JupyterKernels(
            app.kernel_manager, app.session_manager, clock.seconds, app.log, app.contents_manager
        )
        utc: Callable[[], datetime] = lambda: datetime.now(timezone.utc)  # noqa: E731
        self.service = IdleService(
            SqliteStore(folder), JsonLines(folder), NoHistory(), policy, lambda: (), utc, clock.seconds
        )
        announce = lambda action, data: self.announced.append((action, data))  # noqa: E731
        self.keeper = self.service.keeper(surroundings.server(self.kernels, process_table(), announce, app.log))
        self.seen: dict[str, SubjectStatus] = {}
        self.states: dict[str, set[str]] = {}
        self.asked_for_usage = ""
        self._due = 0.0
        self._interval = policy.sample_seconds
        self._clients: dict[str, Any] = {}

    async def start(self, path: str = "") -> str:
        """A kernel, of the notebook ``path`` if one is given."""
        if not path:
            return str(await self.app.kernel_manager.start_kernel())
        session = await self.app.session_manager.create_session(
            path=path, name=path, type="notebook", kernel_name="python3"
        )
        return str(session["kernel"]["id"])

    def client(self, kernel_id: str) -> Any:
        """As a notebook in a browser is one."""
        if kernel_id not in self._clients:
            client = self.app.kernel_manager.get_kernel(kernel_id).client()
            client.start_channels()
            self._clients[kernel_id] = client
        return self._clients[kernel_id]

    def run(self, kernel_id: str, code: str) -> None:
        """Start a cell."""
        self.client(kernel_id).execute(code)

    def press(self, kernel_id: str) -> None:
        """What a button of a widget does: open a comm, whose handler the cell has registered as ``button``."""
        client = self.client(kernel_id)
        content = {"comm_id": "1", "target_name": "button", "data": {}}
        client.shell_channel.send(client.session.msg("comm_open", content))

    def is_known(self, kernel_id: str) -> bool:
        """Whether the keeper has heard from the kernel, so that it misses nothing from now on."""
        return kernel_id in self.seen and "answered" not in self.seen[kernel_id].why

    def ask_for_usage(self, kernel_id: str) -> None:
        """What a resource panel does every few seconds; here before each sample."""
        client = self.client(kernel_id)
        client.control_channel.send(client.session.msg("usage_request", {}))

    async def until(self, so: Callable[[], Any], seconds: float = 30.0) -> None:
        """Sample as the server does, until it is so."""

        async def look() -> Any:
            now = clock.seconds()
            if now >= self._due:
                self._due = now + self._interval
                if self.asked_for_usage:
                    self.ask_for_usage(self.asked_for_usage)
                for each in (await self.keeper.sweep(now)).kernels:
                    self.seen[identity(each.subject)] = each
                    self.states.setdefault(identity(each.subject), set()).add(each.state.value)
            else:
                await self.keeper.tick(now)
            return so()

        await until_async(look, seconds)

    async def until_state(self, kernel_id: str, *states: str, seconds: float = 30.0) -> SubjectStatus:
        """The kernel's status once it is in one of these states."""
        await self.until(lambda: kernel_id in self.seen and self.seen[kernel_id].state.value in states, seconds)
        return self.seen[kernel_id]

    def actions(self, kernel_id: str) -> list[str]:
        """What was announced about a kernel."""
        return [action for action, data in self.announced if data["subject"] == f"kernel:{kernel_id}"]

    async def close(self) -> None:
        """End what was started."""
        for client in self._clients.values():
            client.stop_channels()
        await self.keeper.close()


@pytest.fixture
def policy() -> IdlePolicy:
    return POLICY


@pytest.fixture
def server(
    jp_serverapp: ServerApp, jp_asyncio_loop: asyncio.AbstractEventLoop, tmp_path: Path, policy: IdlePolicy
) -> Iterator[Server]:
    made = Server(jp_serverapp, tmp_path / "state", policy)
    yield made
    jp_asyncio_loop.run_until_complete(made.close())


@pytest.fixture
def burn(tmp_path: Path) -> Iterator[Path]:
    """A program that uses half a core for a minute and leaves its pid in the file given; ended with the test."""
    folder = tmp_path / "burn"
    folder.mkdir()
    program = folder / "burn.py"
    program.write_text(BURN)
    yield program
    for left in folder.glob("*.pid"):
        with suppress(ValueError, ProcessLookupError):
            os.kill(int(left.read_text()), signal.SIGKILL)
