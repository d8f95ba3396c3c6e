"""The keeper over kernels and processes of the test's own making, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle import findings
from jupyter_mlplatform.idle.cpu import Process, Scan
from jupyter_mlplatform.idle.departure import HookReport
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.ledger import Ledger
from jupyter_mlplatform.idle.local.decisions import JsonLines
from jupyter_mlplatform.idle.local.store import SqliteStore
from jupyter_mlplatform.idle.models import (
    WORKSPACE,
    Decision,
    Evidence,
    IdleStatus,
    NewLease,
    Signal,
    State,
    StopMode,
    StopPlan,
    identity,
)
from jupyter_mlplatform.idle.ports import EVERYTHING, Kernel, Stopped, Terminal, View
from jupyter_mlplatform.idle.service import IdleService
from jupyter_mlplatform.policy import IdlePolicy, KernelRule
from tests.idle import surroundings
from tests.idle.messages import message, status
from tests.idle.surroundings import NoHistory, Stops, Tells
from tests.poll import until_async

POLICY = IdlePolicy(timeout_seconds=100, sample_seconds=10, grace_seconds=30, min_uptime_seconds=0)
START = 1000.0


class Shells:
    """Terminals, each with a shell at its prompt."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.pids: dict[str, int] = {}
        self.stopped: list[str] = []

    async def list(self) -> tuple[Terminal, ...]:
        return tuple(Terminal(name=name, pid=pid) for name, pid in self.pids.items())

    async def stop(self, name: str) -> bool:
        self.stopped.append(name)
        del self.pids[name]
        return True


class Gpu:
    """A source that says what the test says."""

    name = "gpu"
    scope = EVERYTHING

    def __init__(self) -> None:
        self.says: dict[str, Signal] = {}
        self.views: list[View] = []

    def close(self) -> None: ...

    def look(self, view: View) -> Mapping[str, Finding]:
        self.views.append(view)
        return {
            subject: Finding(Evidence(source="gpu", signal=signal, text=f"the GPU is at {signal.value}"))
            for subject, signal in self.says.items()
        }


class Hook:
    """A hook that takes as long as the test says, in steps of five seconds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seconds = 0.0
        self.meanwhile: Callable[[], None] = lambda: None

    async def run(self, facts: Mapping[str, str]) -> HookReport:
        ends = self.world.now + self.seconds
        while self.world.now < ends:
            self.world.now += 5.0
            self.meanwhile()
            await asyncio.sleep(0.001)
            # A look takes real time in a thread, which on a busy machine must not be minutes of this world.
            await until_async(self.looked_at)
        return HookReport()

    async def looked_at(self) -> bool:
        return self.world.now - self.world.scanned_at < 2 * POLICY.sample_seconds


class World:
    """One server with kernels and processes; time passes in steps of one sample."""

    def __init__(self, folder: Path, policy: IdlePolicy = POLICY) -> None:
        self.loop = asyncio.new_event_loop()
        self.now = self.scanned_at = START
        self.ledgers: dict[str, Ledger] = {}
        self.pids: dict[str, int | None] = {}
        self.cpu: dict[int, float] = {}
        self.used: dict[int, float] = {}
        self.asked: list[str] = []
        self.stopped: list[str] = []
        self.announced: list[tuple[str, str, str]] = []
        self.stop_fails = ""
        self.dead: set[str] = set()
        self.fresh: list[bool] = []
        self.scan_fails = False
        self.holds: Callable[[], tuple[str, ...]] = tuple
        self.logged: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: self.logged.append(record.getMessage())  # type: ignore[method-assign]
        log = logging.Logger("keeper")
        log.addHandler(handler)
        holds, clock = (lambda: self.holds()), (lambda: self.now)
        store, decisions = SqliteStore(folder), JsonLines(folder)
        self.service = IdleService(store, decisions, NoHistory(), policy, holds, self.utc, clock)
        self.terminals = Shells(self)
        self.stopper = Stops()
        self.beacon = Tells()
        self.gpu = Gpu()
        self.hook = Hook(self)
        self.decided: list[Decision] = []
        self.keeper = self.service.keeper(
            surroundings.server(
                self,
                self,
                self.announce,
                log,
                terminals=self.terminals,
                sources=(self.gpu,),
                stopper=self.stopper,
                beacon=self.beacon,
                hooks=self.hook,
                decided=self.decided,
                pause=self.pause,
            )
        )

    def add(self, name: str, *, known: bool = True, local: bool = True) -> Ledger:
        self.ledgers[name] = Ledger(self.now)
        self.ledgers[name].known = known
        self.pids[name] = 100 + len(self.pids) if local else None
        return self.ledgers[name]

    def utc(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=timezone.utc) + timedelta(seconds=self.now)

    def announce(self, action: str, data: dict[str, Any]) -> None:
        self.announced.append((action, identity(data["subject"]), data["why"]))

    async def pause(self, seconds: float) -> None:
        self.now += seconds

    def actions(self) -> list[str]:
        return [action for action, _, _ in self.announced]

    def sweep(self, *, after: float = 10.0) -> IdleStatus:
        self.now += after
        for pid, fraction in self.cpu.items():
            self.used[pid] = self.used.get(pid, 0.0) + fraction * after
        return self.loop.run_until_complete(self.keeper.sweep(self.now))

    def sweeps(self, count: int) -> IdleStatus:
        return [self.sweep() for _ in range(count)][-1]

    def tick(self) -> None:
        self.now += 1.0
        self.loop.run_until_complete(self.keeper.tick(self.now))

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
                dead=name in self.dead,
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
    def scan(self, *, fresh: bool = False) -> Scan:
        self.fresh.append(fresh)
        self.scanned_at = self.now
        if self.scan_fails:
            raise PermissionError("/proc")
        rows = [
            Process(pid=pid, started=1.0, parent=1, session=pid, name="python", own_seconds=self.used.get(pid, 0.0))
            for name, pid in self.pids.items()
            if pid is not None
        ]
        return Scan(self.now, {each.pid: each for each in rows})


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds, and ends them."""
    worlds: list[World] = []

    def make(policy: IdlePolicy = POLICY) -> World:
        worlds.append(World(tmp_path, policy))
        return worlds[-1]

    yield make
    for each in worlds:
        each.loop.run_until_complete(each.loop.shutdown_default_executor())
        each.loop.close()


@pytest.fixture
def world(made: Callable[..., World]) -> World:
    return made()


def test_given_an_idle_and_a_computing_kernel_then_only_the_idle_one_is_stopped(world: World) -> None:
    world.add("idle")
    world.add("busy")
    world.cpu[101] = 0.5
    found = world.sweeps(12)
    assert world.actions() == ["warned"]
    assert (found.state, found.verdict) == (
        State.WORKING,
        "Working: busy.ipynb is at work: its own process used 50 % of a core.",
    )
    world.sweeps(3)
    assert world.stopped == ["idle"]
    assert world.actions() == ["warned", "culled"]
    assert "stops because it has been idle for 2 min 10 s: no cell is running" in world.announced[-1][2]
    assert world.sweep().kernels[0].subject == "kernel:busy"


def test_given_cpu_below_the_threshold_of_the_policy_then_it_is_idle(world: World) -> None:
    world.add("idle")
    world.cpu[100] = 0.019
    world.sweeps(15)
    assert world.stopped == ["idle"]


LONG = msgspec.structs.replace(POLICY, timeout_seconds=3600.0)


def test_given_a_kernel_only_breathes_and_its_end_is_far_then_it_is_judged_in_one_sample_of_four(
    made: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = made(LONG)
    world.add("breathing")
    world.cpu[world.pids["breathing"] or 0] = 0.01
    world.sweeps(3)
    judged, of_kernel = [], findings.of_kernel

    def counted(*given: Any) -> Any:
        judged.append(world.now)
        return of_kernel(*given)

    monkeypatch.setattr(findings, "of_kernel", counted)
    world.sweeps(40)
    assert len(judged) == 10


@pytest.mark.parametrize("phase", range(4))
def test_given_a_kernel_begins_to_compute_then_the_very_next_sample_says_so(
    made: Callable[..., World], phase: int
) -> None:
    world = made(LONG)
    world.add("k")
    world.cpu[world.pids["k"] or 0] = 0.01
    world.sweeps(10 + phase)
    world.cpu[world.pids["k"] or 0] = 0.5
    assert world.sweep().kernels[0].state is State.WORKING


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
    assert found.verdict == ("Working: somebody used the keyboard or the mouse 10 s ago.")
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
        world.service.store.beat(beat)
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
    assert found.kernels[0].why == (
        "kept because it cannot be seen whether a run is executing (The runs cannot be read.)"
    )
    assert len(world.logged) == 1


def test_given_the_kernel_cannot_be_stopped_then_it_is_said_once_and_the_time_starts_again(world: World) -> None:
    world.add("k")
    world.stop_fails = "no such machine"
    found = world.sweeps(14)
    assert found.kernels[0].why.startswith("kept because it could not be stopped (OSError: no such machine)")
    assert world.logged == ["The idle kernel:k could not be stopped: OSError: no such machine"]
    assert [each.action for each in world.service.status().decisions if each.subject == "kernel:k"][:2] == [
        "failed",
        "warned",
    ]
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


def test_given_a_cell_runs_or_waits_or_it_is_not_known_then_the_watchdog_is_told_of_its_kernel(world: World) -> None:
    """Of every kernel whose cells are not known to be idle: a watchdog has only the processes to go by."""
    running, waiting, _ = world.add("running"), world.add("waiting"), world.add("idle")
    world.add("strange", known=False)
    world.add("elsewhere", local=False).feed(status("busy"), START)
    for each in (running, waiting):
        each.feed(status("busy"), START)
    waiting.feed(message("input_request", prompt="?"), START)
    world.sweep()
    told = {name for name, pid in world.pids.items() if pid in world.keeper.open_cells()}
    assert told == {"running", "waiting", "strange"}
    for each in (running, waiting):
        each.feed(status("idle"), world.now)
    world.ledgers["strange"].answered(world.now, world.now)
    world.sweep()
    assert world.keeper.open_cells() == ()


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
    world.loop.run_until_complete(world.keeper.close())
    assert world.service.status().verdict == "No server is watching this workspace now."


# Terminals and the workspace


def stops_the_workspace(world: World) -> None:
    world.stopper.current = StopPlan(mode=StopMode.DIRECT, native=StopMode.PROVIDER, why="the app is deleted")


def about(world: World, subject: str) -> list[str]:
    return [action for action, of, _ in world.announced if of == subject]


def test_given_a_shell_at_its_prompt_then_its_terminal_is_warned_and_stopped(world: World) -> None:
    world.terminals.pids["1"] = 300
    found = world.sweeps(11)
    assert about(world, "1") == ["warned"]
    assert found.terminals[0].subject == "terminal:1"
    world.sweeps(3)
    assert (world.terminals.stopped, about(world, "1")) == (["1"], ["warned", "culled"])


def test_given_the_policy_stops_neither_then_kernels_and_terminals_are_only_reported(
    made: Callable[..., World],
) -> None:
    world = made(msgspec.structs.replace(POLICY, cull_kernels=False, cull_terminals=False))
    world.add("k")
    world.terminals.pids["1"] = 300
    found = world.sweeps(40)
    assert (world.announced, found.state) == ([], State.IDLE)
    assert found.verdict.endswith("; the policy only reports.")


def test_given_nothing_works_then_the_workspace_is_warned_of_once_for_all_and_stopped(world: World) -> None:
    stops_the_workspace(world)
    world.add("k")
    world.terminals.pids["1"] = 300
    found = world.sweeps(11)
    assert world.announced[0][:2] == ("warned", WORKSPACE)
    assert len(world.announced) == 1  # not one toast more for each kernel and terminal
    assert found.verdict == "Idle for 1 min 40 s; the workspace stops in 30 s."
    assert [each.action for each in world.decided if each.action == "warned"] == ["warned"] * 3
    world.sweeps(3)
    assert world.stopper.stopped == 1
    assert about(world, WORKSPACE) == ["warned", "culled"]
    found = world.sweeps(5)  # it takes its time to end
    assert (found.state, world.stopper.stopped) == (State.CULLED, 1)


def test_given_one_kernel_works_then_the_workspace_does_and_says_why(world: World) -> None:
    stops_the_workspace(world)
    world.add("idle")
    world.add("busy")
    world.cpu[101] = 0.5
    found = world.sweeps(30)
    assert world.stopper.stopped == 0
    assert found.workspace is not None
    assert found.workspace.state is State.WORKING
    assert "busy.ipynb is at work: its own process used 50 % of a core" in found.workspace.why


def test_given_a_kernel_with_a_longer_timeout_then_the_workspace_waits_for_it(
    made: Callable[..., World],
) -> None:
    rules = (KernelRule(match="long*", timeout_seconds=400), KernelRule(match="pinned*", never=True))
    world = made(msgspec.structs.replace(POLICY, kernels=rules))
    stops_the_workspace(world)
    for name in ("short", "long", "pinned"):
        world.add(name)
    found = world.sweeps(60)
    assert world.stopped == ["short", "long"]
    assert found.workspace is not None
    assert (found.workspace.state, found.workspace.why) == (
        State.KEPT,
        "kept because pinned.ipynb is never stopped",
    )
    del world.ledgers["pinned"]
    world.sweeps(15)
    assert world.stopper.stopped == 1


@pytest.mark.parametrize("subject", [WORKSPACE, EVERYTHING])
@pytest.mark.parametrize("signal", [Signal.WORK, Signal.UNKNOWN])
def test_given_a_source_sees_work_or_fails_then_what_it_speaks_of_stays(
    world: World, subject: str, signal: Signal
) -> None:
    stops_the_workspace(world)
    world.add("k")
    world.gpu.says[subject] = signal
    found = world.sweeps(40)
    assert world.stopper.stopped == 0
    assert (world.stopped == []) is (subject == EVERYTHING)
    assert found.workspace is not None
    assert f"the GPU is at {signal.value}" in found.workspace.why


def test_given_a_kernel_on_another_machine_then_the_gpu_of_this_one_says_nothing_of_it(world: World) -> None:
    world.add("far", local=False)
    world.gpu.says[EVERYTHING] = Signal.WORK
    world.sweeps(15)
    assert world.stopped == ["far"]


def test_given_the_stop_was_refused_then_it_is_said_once_and_tried_again_after_the_back_off(world: World) -> None:
    stops_the_workspace(world)
    world.stopper.answer = Stopped(done=False, text="DeleteApp was denied", retry_seconds=3600)
    found = world.sweeps(14)
    assert about(world, WORKSPACE) == ["warned", "failed"]
    assert found.workspace is not None
    assert found.workspace.why == "kept because DeleteApp was denied; tried again in 1 h"
    world.sweeps(300)
    assert world.stopper.stopped == 1
    assert about(world, WORKSPACE) == ["warned", "failed"]
    world.stopper.answer = Stopped(done=True, text="the app is being deleted")
    world.sweeps(70)
    assert world.stopper.stopped == 2
    assert about(world, WORKSPACE) == ["warned", "failed", "warned", "culled"]


def test_sagemaker_is_told_the_present_until_the_stop_then_the_true_time_and_the_present_again_after_work(
    world: World,
) -> None:
    stops_the_workspace(world)
    ledger = world.add("k")
    world.sweeps(13)
    assert world.beacon.told[-1] == world.utc()
    world.sweeps(1)
    assert world.stopper.stopped == 1
    assert 129 <= (world.utc() - world.beacon.told[-1]).total_seconds() <= 132
    world.ledgers["k"] = ledger
    ledger.feed(status("busy"), world.now)
    world.sweep()
    assert world.beacon.told[-1] == world.utc()
    assert world.service.status().state is State.WORKING


def test_given_the_beacon_cannot_be_told_then_the_log_has_one_line_and_everything_goes_on(world: World) -> None:
    world.add("k")
    world.beacon.fails = True
    world.sweeps(15)
    assert world.stopped == ["k"]
    assert len(world.logged) == 1


def test_given_a_mouse_moves_while_the_workspace_is_being_left_then_it_stays_and_everybody_is_told(
    world: World,
) -> None:
    stops_the_workspace(world)
    world.sweeps(13)
    look = world.scan
    seen = 0

    def scan(*, fresh: bool = False) -> Scan:
        """The second scan of the last sweep is the fresh look just before the stop."""
        nonlocal seen
        seen += 1
        if seen == 2:
            world.service.beat()
        return look(fresh=fresh)

    world.scan = scan  # type: ignore[method-assign]
    world.sweep()
    assert world.stopper.stopped == 0
    assert about(world, WORKSPACE) == ["warned", "cancelled"]


def test_given_a_lease_of_one_kernel_then_the_workspace_is_kept_as_well(world: World) -> None:
    stops_the_workspace(world)
    world.add("k")
    world.sweeps(2)
    world.service.keep("alice", NewLease(seconds=2000, subject="kernel:k"))
    found = world.sweeps(60)
    assert world.stopper.stopped == 0
    assert found.workspace is not None
    assert found.workspace.why.startswith("kept because alice keeps this kernel until")


def test_every_change_of_state_is_written_down_once(world: World) -> None:
    ledger = world.add("k")
    world.sweeps(2)
    ledger.feed(status("busy"), world.now)
    world.sweeps(3)
    ledger.feed(status("idle"), world.now)
    world.sweeps(2)
    mine = [each.action for each in world.decided if each.subject == "kernel:k"]
    assert mine == ["unknown", "idle", "working", "idle"]
    assert world.decided[-1].evidence


def test_given_the_lease_of_a_kernel_that_is_gone_then_it_keeps_nothing(world: World) -> None:
    stops_the_workspace(world)
    world.add("k")
    world.sweeps(2)
    world.service.keep("alice", NewLease(seconds=20000, subject="kernel:k"))
    world.sweeps(2)
    del world.ledgers["k"]
    world.sweeps(15)
    assert world.stopper.stopped == 1


def test_given_sagemaker_was_told_because_we_were_denied_then_it_is_tried_again_after_the_back_off(
    world: World,
) -> None:
    stops_the_workspace(world)
    world.stopper.answer = Stopped(done=True, text="DeleteApp was denied. SageMaker was told.", retry_seconds=3600)
    found = world.sweeps(300)
    assert (found.state, world.stopper.stopped) == (State.CULLED, 1)
    world.sweeps(80)
    assert world.stopper.stopped == 2


def test_given_a_kernel_whose_process_has_ended_and_nobody_restarts_it_then_it_is_not_kept_for_ever(
    world: World,
) -> None:
    world.add("k")
    world.dead.add("k")
    world.pids["k"] = None
    world.sweeps(14)
    assert world.stopped == ["k"]


# When the disk is full, or the state cannot be read


def refuses(world: World, *names: str) -> None:
    """From now on the store answers these as a full disk does."""

    def full(*arguments: Any) -> Any:
        raise Unavailable("state.disk", "The state cannot be written.")

    for name in names:
        setattr(world.service.store._store, name, full)


def test_given_a_full_disk_then_sagemaker_is_told_that_there_is_work_all_the_same(world: World) -> None:
    stops_the_workspace(world)
    world.add("busy")
    world.cpu[100] = 0.9
    world.sweeps(2)
    refuses(world, "publish", "release", "beat", "keep", "withdraw")
    found = world.sweeps(30)
    assert world.beacon.told[-1] == world.utc()
    assert found.state is State.WORKING
    assert len(world.logged) == 1


def test_given_a_full_disk_when_a_person_moves_the_mouse_or_presses_keep_then_it_counts(world: World) -> None:
    world.add("k")
    world.sweeps(11)
    assert world.actions() == ["warned"]
    refuses(world, "publish", "release", "beat", "keep")
    world.service.beat()
    world.tick()
    assert world.actions() == ["warned", "cancelled"]
    lease = world.service.keep("alice", NewLease(seconds=1000))
    world.sweeps(60)
    assert world.stopped == []
    world.service.store._store.release = lambda ids: None  # type: ignore[method-assign]
    world.service.release("alice", lease.id)
    world.sweeps(15)
    assert world.stopped == ["k"]


def test_given_a_full_disk_when_a_lease_is_over_then_it_keeps_nothing_any_more(world: World) -> None:
    world.add("k")
    world.sweeps(1)
    world.service.keep("alice", NewLease(seconds=100))
    refuses(world, "release", "publish")
    world.sweeps(30)
    assert world.stopped == ["k"]


def test_given_the_leases_cannot_be_read_then_nothing_is_stopped_and_the_log_has_one_line(world: World) -> None:
    world.add("k")
    world.sweeps(1)
    refuses(world, "leases")
    world.sweeps(40)
    assert world.stopped == []
    assert len(world.logged) == 1


def test_given_a_person_comes_while_everything_is_looked_at_then_nothing_is_stopped(world: World) -> None:
    world.add("k")
    world.terminals.pids["1"] = 300
    world.sweeps(13)
    look = world.scan

    def scan(*, fresh: bool = False) -> Scan:
        world.now += 0.5
        world.service.beat()
        return look(fresh=fresh)

    world.scan = scan  # type: ignore[method-assign]
    world.now += 10
    world.loop.run_until_complete(world.keeper.sweep(world.now))
    assert (world.stopped, world.terminals.stopped) == ([], [])


def test_given_the_workspace_was_stopped_when_a_short_cell_runs_then_it_is_warned_again_before_anything(
    world: World,
) -> None:
    stops_the_workspace(world)
    ledger = world.add("k")
    world.sweeps(14)
    assert about(world, WORKSPACE) == ["warned", "culled"]
    world.ledgers["k"] = ledger
    ledger.feed(status("busy"), world.now + 1)
    ledger.feed(status("idle"), world.now + 2)
    found = world.sweep()
    assert found.state is not State.CULLED
    world.sweeps(14)
    assert about(world, WORKSPACE)[-2:] == ["warned", "culled"]
    assert world.stopper.stopped == 2


# While a stop is being prepared


def test_given_a_hook_that_takes_longer_than_three_samples_then_the_workspace_is_stopped_after_it(
    world: World,
) -> None:
    stops_the_workspace(world)
    world.hook.seconds = 60.0
    world.sweeps(14)
    assert about(world, WORKSPACE) == ["warned", "culled"]
    assert world.stopper.stopped == 1


def test_given_a_person_comes_while_a_hook_runs_then_the_workspace_stays(world: World) -> None:
    stops_the_workspace(world)
    world.hook.seconds = 120.0
    world.hook.meanwhile = world.service.beat
    world.sweeps(14)
    assert world.stopper.stopped == 0
    assert about(world, WORKSPACE) == ["warned", "cancelled"]


def test_given_a_kernel_is_new_then_full_passes_are_made_until_its_use_is_known(world: World) -> None:
    world.add("old")
    world.sweeps(4)
    assert world.fresh == [True, True, False, False]
    world.add("new")
    world.sweeps(3)
    assert world.fresh[4:] == [True, True, False]
