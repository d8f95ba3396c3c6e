"""What is heard of real kernels, whatever they do and whatever is asked of them meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform.idle.ledger import Ledger
from jupyter_mlplatform.idle.local import clock, kernels
from jupyter_mlplatform.idle.local.kernels import JupyterKernels
from jupyter_mlplatform.idle.ports import Kernel
from tests.idle.kernels import BARE, ECHO, install
from tests.idle.messages import status
from tests.poll import until_async

SILENT = "import time; time.sleep(60)"


class Ear:
    """One server's kernels, as the keeper hears them, and a client of each."""

    def __init__(self, app: ServerApp) -> None:
        self.app = app
        self.kernels = JupyterKernels(
            app.kernel_manager, app.session_manager, clock.seconds, app.log, app.contents_manager
        )
        self._clients: dict[str, Any] = {}

    async def start(self, name: str = "python3") -> str:
        """A kernel that is known."""
        kernel_id = str(await self.app.kernel_manager.start_kernel(kernel_name=name))
        await self.until(kernel_id, lambda ledger: ledger.known)
        return kernel_id

    def client(self, kernel_id: str) -> Any:
        if kernel_id not in self._clients:
            client = self.app.kernel_manager.get_kernel(kernel_id).client()
            client.start_channels()
            self._clients[kernel_id] = client
        return self._clients[kernel_id]

    def run(self, kernel_id: str, code: str) -> str:
        return str(self.client(kernel_id).execute(code))

    def send(self, kernel_id: str, channel: str, kind: str, content: Any = None, subshell: str = "") -> str:
        client = self.client(kernel_id)
        message = client.session.msg(kind, content or {})
        if subshell:
            message["header"]["subshell_id"] = subshell
        getattr(client, f"{channel}_channel").send(message)
        return str(message["header"]["msg_id"])

    async def reply(self, kernel_id: str, channel: str, identity: str) -> Any:
        async def received() -> Any:
            message = await getattr(self.client(kernel_id), f"{channel}_channel").get_msg(timeout=20)
            return message if message["parent_header"].get("msg_id") == identity else None

        return await until_async(received)

    async def look(self, kernel_id: str) -> Kernel:
        return {each.id: each for each in await self.kernels.list()}[kernel_id]

    async def until(self, kernel_id: str, so: Callable[[Ledger], Any], seconds: float = 60.0) -> Ledger:
        """The kernel's ledger once it is so, with the server's ticks meanwhile."""

        async def look() -> Any:
            await self.kernels.discover()
            ledger = (await self.look(kernel_id)).ledger
            return ledger if ledger is not None and so(ledger) else None

        found: Ledger = await until_async(look, seconds)
        return found

    async def stays(self, kernel_id: str, so: Callable[[Ledger], Any], seconds: float = 1.0) -> None:
        """Whether it is so in every look during that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self.until(kernel_id, so, 0.0)
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        for client in self._clients.values():
            client.stop_channels()
        await self.kernels.close()


@pytest.fixture
def ear(jp_serverapp: ServerApp, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Ear]:
    made = Ear(jp_serverapp)
    yield made
    jp_asyncio_loop.run_until_complete(made.close())


async def test_given_a_silent_cell_when_panels_and_widgets_ask_for_this_and_that_then_it_stays_open(ear: Ear) -> None:
    kernel = await ear.start()
    cell = ear.run(kernel, SILENT)
    await ear.until(kernel, lambda ledger: cell in ledger.open)
    for _ in range(3):
        ear.send(kernel, "control", "usage_request")
        ear.send(kernel, "control", "kernel_info_request")
    created = ear.send(kernel, "control", "create_subshell_request")
    subshell = (await ear.reply(kernel, "control", created))["content"]["subshell_id"]
    for _ in range(3):
        ear.send(kernel, "shell", "comm_open", {"comm_id": "c", "target_name": "none", "data": {}}, subshell)
        ear.send(kernel, "shell", "comm_info_request", {}, subshell)
    beside = ear.client(kernel).session.msg("execute_request", {"code": "1", "silent": False})
    beside["header"]["subshell_id"] = subshell
    ear.client(kernel).shell_channel.send(beside)
    ledger = await ear.until(kernel, lambda ledger: ledger.subshells == {subshell} and ledger.ended_at)
    await ear.stays(kernel, lambda ledger: cell in ledger.working)
    assert list(ledger.open) == [cell]


async def test_given_a_lost_idle_on_the_main_shell_and_on_a_subshell_when_asked_then_both_are_closed(ear: Ear) -> None:
    kernel = await ear.start()
    created = ear.send(kernel, "control", "create_subshell_request")
    subshell = (await ear.reply(kernel, "control", created))["content"]["subshell_id"]
    ledger = (await ear.look(kernel)).ledger
    assert ledger is not None
    for identity, on in (("main", None), ("beside", subshell), ("nowhere", "deleted-long-ago")):
        ledger.feed(status("busy", identity=identity, subshell=on), clock.seconds())
    ledger.feed(status("busy", "comm_msg", "callback"), clock.seconds())
    await ear.kernels.ask(kernel)
    await ear.until(kernel, lambda ledger: not ledger.open and not ledger.callbacks)
    assert ledger.subshells == {subshell}


async def test_given_a_silent_cell_when_it_is_interrupted_then_it_is_over(ear: Ear) -> None:
    kernel = await ear.start()
    cell = ear.run(kernel, SILENT)
    await ear.until(kernel, lambda ledger: cell in ledger.open)
    await ear.app.kernel_manager.interrupt_kernel(kernel)
    await ear.until(kernel, lambda ledger: not ledger.open and ledger.ended_at)


async def test_given_a_silent_cell_when_the_kernel_is_killed_and_restarted_for_its_memory_then_it_is_over(
    ear: Ear,
) -> None:
    kernel = await ear.start()
    ear.run(kernel, SILENT)
    before = await ear.look(kernel)
    await ear.until(kernel, lambda ledger: ledger.open)
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)

    async def replaced() -> bool:
        return (await ear.look(kernel)).pid not in (None, before.pid)

    await until_async(replaced)
    await ear.until(kernel, lambda ledger: ledger.known and not ledger.open)
    cell = ear.run(kernel, SILENT)
    await ear.until(kernel, lambda ledger: cell in ledger.open)


async def test_given_a_kernel_that_nobody_restarts_when_it_dies_in_a_cell_then_it_is_dead_and_works_no_more(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "DEAD_SECONDS", 0.5)
    ear.app.kernel_manager.autorestart = False
    kernel = await ear.start()
    manager = ear.app.kernel_manager.get_kernel(kernel)
    manager.autorestart = False
    manager.stop_restarter()
    cell = ear.run(kernel, SILENT)
    await ear.until(kernel, lambda ledger: cell in ledger.open)
    living = await ear.look(kernel)
    assert not living.dead
    assert living.pid is not None
    os.kill(living.pid, signal.SIGKILL)

    async def dead() -> Any:
        found = await ear.look(kernel)
        return found if found.dead else None

    found = await until_async(dead)
    assert found.ledger.known
    assert not found.ledger.open


async def test_given_a_burst_of_output_while_the_server_hangs_then_the_cells_end_is_not_lost(ear: Ear) -> None:
    kernel = await ear.start()
    cell = ear.run(kernel, "for i in range(20000): print(i, flush=True)")
    await ear.until(kernel, lambda ledger: cell in ledger.open)
    time.sleep(2)
    await ear.until(kernel, lambda ledger: not ledger.open and ledger.ended_at, 40.0)


async def test_given_a_cell_that_prints_without_end_then_its_output_is_not_even_sent_here(ear: Ear) -> None:
    kernel = await ear.start()
    received = 0
    listener: Any = ear.kernels._listeners[kernel]
    take = listener._questions.received

    def count() -> None:
        nonlocal received
        received += 1
        take()

    async def received_of(lines: int) -> int:
        before, begun = received, clock.seconds()
        ear.run(kernel, f"for i in range({lines}): print(i, flush=True)")
        await ear.until(kernel, lambda ledger: not ledger.open and (ledger.ended_at or 0.0) > begun)
        return received - before

    async def left_out() -> bool:
        return await received_of(200) < 100

    listener._questions.received = count
    await until_async(left_out)  # the wish reaches the kernel's socket some time after we are heard
    assert await received_of(2000) <= 5


async def test_given_a_cell_is_stopped_at_a_breakpoint_then_it_waits_until_it_goes_on(ear: Ear) -> None:
    kernel = await ear.start()
    sequence = iter(range(1, 1000))

    async def debug(command: str, **arguments: Any) -> Any:
        content = {"type": "request", "seq": next(sequence), "command": command, "arguments": arguments}
        identity = ear.send(kernel, "control", "debug_request", content)
        return (await ear.reply(kernel, "control", identity))["content"]

    await debug("initialize", clientID="test", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
    await debug("attach", justMyCode=False)
    code = "def f():\n    x = 1\n    return x\nf()"
    source = (await debug("dumpCell", code=code))["body"]["sourcePath"]
    await debug("setBreakpoints", breakpoints=[{"line": 2}], source={"path": source}, sourceModified=False)
    await debug("configurationDone")
    before = clock.seconds()
    cell = ear.run(kernel, code)
    ledger = await ear.until(kernel, lambda ledger: ledger.stopped_since is not None)
    assert ledger.stopped_since is not None
    assert ledger.stopped_since >= before
    assert cell in ledger.open
    await ear.stays(kernel, lambda ledger: not ledger.working)
    await debug("continue", threadId=1)
    await ear.until(kernel, lambda ledger: ledger.stopped_since is None and not ledger.open)


@pytest.mark.parametrize("source", [ECHO, BARE], ids=["of the usual base class", "that only executes"])
async def test_given_a_kernel_that_is_not_python_then_its_cells_are_seen(ear: Ear, source: str) -> None:
    install("other", source)
    kernel = str(await ear.app.kernel_manager.start_kernel(kernel_name="other"))
    due = 0.0

    def heard(ledger: Ledger) -> Any:
        """The bare one is only heard with a cell, and not with one that it ran before we were connected."""
        nonlocal due
        if clock.seconds() >= due and not ledger.ended_at:
            due = clock.seconds() + 2.0
            ear.run(kernel, "0.1")
        return ledger.ended_at and not ledger.open

    await ear.until(kernel, heard)
    cell = ear.run(kernel, "3")
    await ear.until(kernel, lambda ledger: cell in ledger.open)
    await ear.kernels.ask(kernel)
    await ear.stays(kernel, lambda ledger: cell in ledger.open)
    await ear.until(kernel, lambda ledger: not ledger.open)
    await ear.until(kernel, lambda ledger: ledger.known, 90.0)


async def test_a_kernel_carries_the_wishes_of_its_specification_and_of_its_notebook(
    ear: Ear, jp_root_dir: Path
) -> None:
    wish = {"mlplatform": {"idle": {"timeout_seconds": 900}}}
    install("wishful", ECHO, {"cull_idle_timeout": 600})
    nbformat.write(nbformat.v4.new_notebook(metadata=wish), jp_root_dir / "n.ipynb")
    session = await ear.app.session_manager.create_session(
        path="n.ipynb", name="n.ipynb", type="notebook", kernel_name="wishful"
    )
    found = await ear.look(session["kernel"]["id"])
    assert found.spec_metadata["cull_idle_timeout"] == 600
    assert found.notebook_metadata == wish
    assert (found.name, found.path) == ("wishful", "n.ipynb")


async def test_given_a_kernel_is_seen_before_its_session_is_saved_then_its_notebook_is_known_at_the_next_look(
    ear: Ear, jp_root_dir: Path
) -> None:
    nbformat.write(nbformat.v4.new_notebook(), jp_root_dir / "n.ipynb")
    kernel_id = str(await ear.app.kernel_manager.start_kernel())
    assert (await ear.look(kernel_id)).path == ""
    await ear.app.session_manager.create_session(path="n.ipynb", name="n.ipynb", type="notebook", kernel_id=kernel_id)
    assert (await ear.look(kernel_id)).path == "n.ipynb"


async def test_given_an_idle_kernel_when_widgets_and_panels_chatter_then_nobody_has_worked(ear: Ear) -> None:
    kernel = await ear.start()
    before = (await ear.until(kernel, lambda ledger: ledger.known)).worked_at
    opened = {"comm_id": "c", "target_name": "none", "data": {}}
    for content in (opened, {**opened, "comm_id": "d"}):
        ear.send(kernel, "shell", "comm_open", content)
        ear.send(kernel, "shell", "comm_msg", content)
        ear.send(kernel, "control", "usage_request")
    ear.send(kernel, "shell", "comm_info_request")
    asked = ear.send(kernel, "shell", "kernel_info_request")
    await ear.reply(kernel, "shell", asked)
    await ear.stays(kernel, lambda ledger: ledger.worked_at == before and not ledger.open, 0.5)


async def test_given_the_sessions_cannot_be_read_then_the_notebooks_last_known_count_and_it_is_told_once(
    ear: Ear, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session = await ear.app.session_manager.create_session(
        path="n.ipynb", name="n.ipynb", type="notebook", kernel_name="python3"
    )
    kernel = session["kernel"]["id"]
    assert (await ear.look(kernel)).path == "n.ipynb"

    async def fail() -> None:
        raise OSError("disk full")

    monkeypatch.setattr(ear.app.session_manager, "list_sessions", fail)
    monkeypatch.setattr(kernels, "SESSIONS_SECONDS", 0.0)
    ear.kernels._paths_due = 0.0
    ear.app.log.propagate = True
    for _ in range(3):
        assert (await ear.look(kernel)).path == "n.ipynb"
    assert len([each for each in caplog.records if "sessions cannot be read" in each.getMessage()]) == 1
