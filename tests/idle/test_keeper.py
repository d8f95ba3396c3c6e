"""The keeper over kernels and processes of the test's own making, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle.cpu import Process, Scan
from jupyter_mlplatform.idle.ledger import Ledger
from jupyter_mlplatform.idle.local.decisions import JsonLines
from jupyter_mlplatform.idle.local.store import SqliteStore
from jupyter_mlplatform.idle.models import IdleStatus, NewLease, State
from jupyter_mlplatform.idle.ports import Kernel
from jupyter_mlplatform.idle.service import IdleService
from jupyter_mlplatform.policy import IdlePolicy
from tests.idle.messages import message, status

POLICY = IdlePolicy(timeout_seconds=100, sample_seconds=10, grace_seconds=30, min_uptime_seconds=0)
START = 1000.0


class World:
    """One server with kernels and processes; time passes in steps of one sample."""

    def __init__(self, folder: Path, policy: IdlePolicy = POLICY) -> None:
        self.now = START
        self.ledgers: dict[str, Ledger] = {}
        self.pids: dict[str, int | None] = {}
        self.cpu: dict[int, float] = {}
        self.used: dict[int, float] = {}
        self.asked: list[str] = []
        self.stopped: list[str] = []
        self.announced: list[tuple[str, str, str]] = []
        self.stop_fails = ""
        self.scan_fails = False
        self.holds: Callable[[], tuple[str, ...]] = tuple
        self.logged: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: self.logged.append(record.getMessage())  # type: ignore[method-assign]
        log = logging.Logger("keeper")
        log.addHandler(handler)
        self.service = IdleService(
            SqliteStore(folder), JsonLines(folder), policy, lambda: self.holds(), self.utc, lambda: self.now
        )
        self.keeper = self.service.keeper(self, self, self.announce, log)

    def add(self, name: str, *, known: bool = True, local: bool = True) -> Ledger:
        self.ledgers[name] = Ledger(self.now)
        self.ledgers[name].known = known
        self.pids[name] = 100 + len(self.pids) if local else None
        return self.ledgers[name]

    def utc(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=timezone.utc) + timedelta(seconds=self.now)

    def announce(self, action: str, data: dict[str, Any]) -> None:
        self.announced.append((action, data["kernel_id"], data["why"]))

    def actions(self) -> list[str]:
        return [action for action, _, _ in self.announced]

    def sweep(self, *, after: float = 10.0) -> IdleStatus:
        self.now += after
        for pid, fraction in self.cpu.items():
            self.used[pid] = self.used.get(pid, 0.0) + fraction * after
        return asyncio.run(self.keeper.sweep(self.now))

    def sweeps(self, count: int) -> IdleStatus:
        return [self.sweep() for _ in range(count)][-1]

    def tick(self) -> None:
        self.now += 1.0
        asyncio.run(self.keeper.tick(self.now))

    # The kernels.
    async def discover(self) -> None:
        pass

    async def list(self) -> tuple[Kernel, ...]:
        return tuple(
            Kernel(
                id=name,
                name="python3",
                path=f"{name}.ipynb",
                local=self.pids[name] is not None,
                pid=self.pids[name],
                reported_busy=False,
                ledger=ledger,
            )
            for name, ledger in self.ledgers.items()
        )

    async def ask(self, kernel_id: str) -> None:
        self.asked.append(kernel_id)

    async def stop(self, kernel_id: str) -> bool:
        if self.stop_fails:
            raise OSError(self.stop_fails)
        self.stopped.append(kernel_id)
        del self.ledgers[kernel_id]
        return True

    async def close(self) -> None:
        pass

    # The processes.
    def scan(self) -> Scan:
        if self.scan_fails:
            raise PermissionError("/proc")
        rows = [
            Process(pid=pid, started=1.0, parent=1, session=pid, name="python", own_seconds=self.used.get(pid, 0.0))
            for name, pid in self.pids.items()
            if pid is not None
        ]
        return Scan(self.now, {each.pid: each for each in rows})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_given_an_idle_and_a_computing_kernel_then_only_the_idle_one_is_stopped(world: World) -> None:
    world.add("idle")
    world.add("busy")
    world.cpu[101] = 0.5
    found = world.sweeps(12)
    assert world.actions() == ["warned"]
    assert (found.state, found.verdict) == (
        State.WORKING,
        "Working: busy.ipynb is kept because its own process used 50 % of a core.",
    )
    world.sweeps(3)
    assert world.stopped == ["idle"]
    assert world.actions() == ["warned", "culled"]
    assert "stops because it has been idle for 2 min 10 s: no cell is running" in world.announced[-1][2]
    assert world.sweep().kernels[0].kernel_id == "busy"


def test_given_cpu_below_the_threshold_of_the_policy_then_it_is_idle(world: World) -> None:
    world.add("idle")
    world.cpu[100] = 0.019
    world.sweeps(15)
    assert world.stopped == ["idle"]


@pytest.mark.parametrize("doubt", ["unknown ledger", "no process table", "no ledger"])
def test_given_any_doubt_then_nothing_is_ever_stopped_and_the_log_is_not_flooded(world: World, doubt: str) -> None:
    world.add("k", known=doubt != "unknown ledger")
    if doubt == "no ledger":
        world.ledgers["k"] = None  # type: ignore[assignment]
    world.scan_fails = doubt == "no process table"
    found = world.sweeps(60)
    assert world.announced == []
    assert found.state is State.UNKNOWN
    assert found.kernels[0].why.endswith("and nothing is stopped on doubt")
    assert len(world.logged) == (1 if world.scan_fails else 0)


def test_given_a_kernel_on_another_machine_then_its_cells_alone_decide(world: World) -> None:
    world.add("far", local=False).feed(status("busy"), START)
    assert world.sweeps(50).kernels[0].state is State.WORKING
    world.ledgers["far"].feed(status("idle"), world.now)
    world.sweeps(15)
    assert world.stopped == ["far"]


def test_given_a_person_was_there_a_moment_ago_then_the_time_counts_from_then(world: World) -> None:
    world.add("k")
    world.sweeps(5)
    world.service.beat()
    found = world.sweep()
    assert found.verdict == ("Working: k.ipynb is kept because somebody used the keyboard or the mouse 10 s ago.")
    world.sweeps(8)
    assert world.actions() == []
    world.sweeps(1)
    assert world.actions() == ["warned"]  # the timeout after the beat, not later


def test_given_a_warning_when_a_person_moves_the_mouse_then_everybody_is_told_at_once(world: World) -> None:
    world.add("k")
    world.sweeps(11)
    assert world.actions() == ["warned"]
    world.tick()
    assert world.actions() == ["warned"]
    world.service.beat()
    world.tick()
    assert world.announced[-1][::2] == (
        "cancelled",
        "kept because somebody used the keyboard or the mouse 1 s ago",
    )
    assert world.service.status().kernels[0].stops_in_seconds is None
    world.sweeps(8)
    assert world.actions() == ["warned", "cancelled"]


def test_given_a_beat_from_before_this_server_or_from_another_boot_then_it_says_nothing(world: World) -> None:
    world.add("k")
    for beat in (START - 1, START + 1e6):
        SqliteStore(Path(world.service._store._database.path.parent)).beat(beat)  # type: ignore[attr-defined]
        found = world.sweep()
        assert found.kernels[0].evidence[-1].text == "nobody has used the keyboard or the mouse yet"


def test_given_a_warning_when_a_lease_is_taken_then_it_is_cancelled_and_after_the_lease_it_is_warned_again(
    world: World,
) -> None:
    world.add("k")
    world.sweeps(11)
    world.service.keep("alice", NewLease(seconds=200))
    world.tick()
    assert world.actions() == ["warned", "kept", "cancelled"]
    world.sweeps(19)
    assert world.stopped == []
    world.sweeps(1)
    assert world.actions()[3:] == ["released", "warned"]
    assert world.announced[3][2] == "The workspace is no longer kept awake by alice."
    world.sweeps(3)
    assert world.stopped == ["k"]


def test_given_a_hold_then_nothing_is_stopped_and_the_reason_is_shown(world: World) -> None:
    world.add("k")
    world.holds = lambda: ("A hand-off run is executing.",)
    found = world.sweeps(30)
    assert (found.state, found.verdict) == (State.KEPT, "Kept: a hand-off run is executing.")
    assert found.kernels[0].why == "kept because a hand-off run is executing"


def test_given_it_cannot_be_known_whether_something_holds_then_nothing_is_stopped(world: World) -> None:
    def broken() -> tuple[str, ...]:
        raise Unavailable("handoff.state", "The runs cannot be read.")

    world.add("k")
    world.holds = broken
    found = world.sweeps(30)
    assert found.kernels[0].why == "kept because it is not known what else is running: The runs cannot be read."
    assert len(world.logged) == 1


def test_given_the_kernel_cannot_be_stopped_then_it_is_said_once_and_the_time_starts_again(world: World) -> None:
    world.add("k")
    world.stop_fails = "no such machine"
    found = world.sweeps(14)
    assert found.kernels[0].why.startswith("kept because it could not be stopped (OSError: no such machine)")
    assert world.logged == ["The idle kernel k could not be stopped: OSError: no such machine"]
    assert [each.action for each in world.service.status().decisions] == ["failed", "warned"]
    world.sweeps(9)
    assert len(world.logged) == 1


def test_given_a_cell_runs_in_the_very_last_moment_then_the_kernel_is_not_stopped(world: World) -> None:
    ledger, other = world.add("k"), world.add("other")
    other.feed(status("idle"), START + 40)
    announce = world.announced.append

    def run_a_cell(item: tuple[str, str, str]) -> None:
        """The keeper has judged the one kernel and is busy telling of the other."""
        announce(item)
        if item[:2] == ("warned", "other"):
            ledger.feed(status("busy"), world.now + 0.01)
            ledger.feed(status("idle"), world.now + 0.02)

    world.announced = Announced(run_a_cell)  # type: ignore[assignment]
    world.sweeps(14)
    assert world.stopped == []
    assert "kept because it was used at the very last moment" in world.service.status().decisions[0].why


class Announced:
    """A list that does something when an item comes."""

    def __init__(self, append: Callable[[tuple[str, str, str]], None]) -> None:
        self.append = append


def test_given_a_cell_without_any_cpu_for_a_minute_then_the_kernel_is_asked_and_a_lost_end_is_found(
    world: World,
) -> None:
    ledger = world.add("k")
    ledger.feed(status("busy"), START)
    assert world.sweeps(6).kernels[0].state is State.WORKING
    assert world.asked == []
    world.sweeps(2)
    assert world.asked
    ledger.answered(world.now - 1, world.now)
    world.sweeps(14)
    assert world.stopped == ["k"]


def test_given_a_cell_waits_for_input_then_it_is_work_for_twice_the_timeout_and_then_stopped(world: World) -> None:
    ledger = world.add("k")
    ledger.feed(status("busy"), START)
    ledger.feed(message("input_request", prompt="?"), START)
    world.cpu[100] = 0.03  # it polls for the answer
    assert world.sweeps(9).kernels[0].why == (
        "kept because a cell waits for an answer to input() since 1 min 30 s, which counts as work for 3 min 20 s"
    )
    world.sweeps(10)
    assert world.actions() == []
    world.sweeps(1)
    assert world.actions() == ["warned"]  # at 200 seconds
    ledger.feed({"header": {"msg_type": "input_reply"}}, world.now)
    world.tick()
    assert world.actions() == ["warned", "cancelled"]


def test_given_a_cell_stands_in_the_debugger_then_the_same_holds(world: World) -> None:
    ledger = world.add("k")
    ledger.feed(status("busy"), START)
    ledger.feed(message("debug_event", event="stopped"), START)
    world.sweeps(19)
    assert world.actions() == []
    world.sweeps(1)
    assert world.actions() == ["warned"]


def test_given_the_machine_slept_then_nothing_is_stopped_on_waking(world: World) -> None:
    world.add("k")
    world.sweeps(11)
    found = world.sweep(after=7200.0)
    assert world.actions() == ["warned", "cancelled"]
    assert found.kernels[0].why == "kept because nothing was measured for 2 h, so the idle time starts again"


def test_given_the_server_ends_then_its_report_is_no_longer_shown(world: World) -> None:
    world.add("k")
    world.sweep()
    asyncio.run(world.keeper.close())
    assert world.service.status().verdict == "No server is watching this workspace now."
