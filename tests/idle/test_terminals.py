"""The terminals of a real server, through its own manager."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform.idle.cpu import Meter
from jupyter_mlplatform.idle.local.processes import ProcScan
from jupyter_mlplatform.idle.local.terminals import JupyterTerminals
from jupyter_mlplatform.idle.models import terminal
from tests.poll import until, until_async

LOG = logging.getLogger("test")


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"jupyter_server_terminals": True}, "terminals_enabled": True}}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def test_terminals_are_listed_with_their_shells_and_are_gone_after_they_were_stopped(
    jp_serverapp: ServerApp,
) -> None:
    manager = jp_serverapp.web_app.settings["terminal_manager"]
    names = [manager.create(cwd=str(Path.cwd()))["name"] for _ in range(2)]
    terminals = JupyterTerminals(manager, LOG)
    listed = await terminals.list()
    assert [each.name for each in listed] == names
    assert all(alive(each.pid) for each in listed)
    assert await terminals.stop(names[0])
    assert [each.name for each in await terminals.list()] == names[1:]
    until(lambda: not alive(listed[0].pid))
    assert await terminals.stop(names[0])
    assert await terminals.stop(names[1])


async def test_a_job_of_a_real_terminal_is_its_own_also_when_it_has_detached_itself(
    jp_serverapp: ServerApp, tmp_path: Path
) -> None:
    manager = jp_serverapp.web_app.settings["terminal_manager"]
    name = manager.create(cwd=str(tmp_path))["name"]
    terminals = JupyterTerminals(manager, LOG)
    (shell,) = await terminals.list()
    manager.terminals[name].ptyproc.write(f"(setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 300' &)\n")
    note = tmp_path / "pid"

    async def pid() -> int:
        return int(note.read_text() or 0) if note.exists() else 0

    job = await until_async(pid)
    try:
        meter = Meter()
        owners = meter.measure(ProcScan().scan(), {terminal(name): shell.pid}).owners
        assert owners[job] == {terminal(name)}
        assert await terminals.stop(name)
        assert meter.measure(ProcScan().scan(), {}).owners[job] == set()
    finally:
        os.kill(job, 9)


async def test_a_terminal_whose_device_is_still_held_open_in_the_background_is_gone_as_well(
    jp_serverapp: ServerApp, tmp_path: Path
) -> None:
    manager = jp_serverapp.web_app.settings["terminal_manager"]
    name = manager.create(cwd=str(tmp_path))["name"]
    note = tmp_path / "pid"
    command = f"(trap '' HUP; setsid sh -c 'trap \"\" HUP; echo $$ > {note}; while :; do sleep 300; done' &)\n"
    manager.terminals[name].ptyproc.write(command)

    async def pid() -> int:
        return int(note.read_text() or 0) if note.exists() else 0

    job = await until_async(pid)
    try:
        assert await JupyterTerminals(manager, LOG).stop(name)
        assert name not in manager.terminals
    finally:
        os.killpg(job, 9)


async def test_where_terminals_are_switched_off_there_are_none() -> None:
    terminals = JupyterTerminals(None, LOG)
    assert await terminals.list() == ()
    assert await terminals.stop("1")


async def test_a_terminal_without_a_process_here_is_left_out_and_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    manager = SimpleNamespace(terminals={"1": SimpleNamespace(), "2": SimpleNamespace(ptyproc=SimpleNamespace(pid=7))})
    terminals = JupyterTerminals(manager, LOG)
    for _ in range(2):
        assert [(each.name, each.pid) for each in await terminals.list()] == [("2", 7)]
    assert [each.getMessage() for each in caplog.records] == [
        "Terminal 1 has no process here and is neither watched nor stopped."
    ]
