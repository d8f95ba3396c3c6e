"""Leaving: saving, hooks, one more look, the stop, SIGTERM and the beacon, with time as the test wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from jupyter_mlplatform.idle.departure import (
    SAVE_SECONDS,
    Departure,
    HookReport,
    Outcome,
    Result,
    Surroundings,
)
from jupyter_mlplatform.idle.models import Kind, Saved, State, StopMode, StopPlan, SubjectStatus, Unsaved
from jupyter_mlplatform.idle.ports import Stopped
from jupyter_mlplatform.idle.tabs import Tabs
from jupyter_mlplatform.policy import IdlePolicy

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
STATUS = SubjectStatus(
    subject="workspace",
    kind=Kind.WORKSPACE,
    name="ML",
    path="",
    state=State.WARNED,
    idle_seconds=3600.0,
    stops_in_seconds=0.0,
    why="stops because nothing has worked for 1 h",
)


class World:
    """Everything around a departure; ``steps`` is what happened, in order."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.steps: list[str] = []
        self.tabs = Tabs(lambda: self.now)
        self.mode, self.native = StopMode.DIRECT, StopMode.PROVIDER
        self.report = HookReport()
        self.facts: Mapping[str, str] = {}
        self.stopped = Stopped(done=True, text="SageMaker is deleting this app.")
        self.reasons: list[str] = []
        self.announced: list[tuple[str, dict[str, Any]]] = []
        self.during_pause: Callable[[], None] = lambda: None
        self.told: list[datetime] = []
        self.beacon_fails = False
        self.living: set[int] = set()
        self.during_hooks: list[Callable[[], None]] = []
        self.during_stop: list[Callable[[], None]] = []
        self.watched: list[float] = []
        self.works: dict[float, str | Exception] = {}
        """What the looks find that are taken while leaving waits, from the time on that is named."""
        self.policy = IdlePolicy(unsaved_hold_seconds=1000.0)

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        self.during_pause()
        await asyncio.sleep(0)

    def tell(self, last_active: datetime) -> None:
        if self.beacon_fails:
            raise PermissionError("not yours")
        self.steps.append("tell")
        self.told.append(last_active)

    def plan(self) -> StopPlan:
        return StopPlan(mode=self.mode, native=self.native, why="It is so.")

    async def stop(self) -> Stopped:
        self.steps.append("stop")
        for each in self.during_stop:
            each()
            await asyncio.sleep(0.01)
        return self.stopped

    async def run(self, facts: Mapping[str, str]) -> HookReport:
        self.steps.append("hooks")
        self.facts = facts
        try:
            for each in self.during_hooks:
                each()
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.steps.append("hooks ended")
            raise
        return self.report

    async def keep_watch(self) -> str:
        self.watched.append(self.now)
        found = next((each for since, each in self.works.items() if self.now >= since), "")
        if isinstance(found, Exception):
            raise found
        return found

    def identify(self, pids: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
        return tuple((pid, 1.0) for pid in pids if pid in self.living)

    def ask(self, processes: tuple[tuple[int, float], ...]) -> None:
        self.steps.append(f"SIGTERM {[pid for pid, _ in processes]}")
        self.living -= {pid for pid, _ in processes}

    async def settle(self) -> None:
        self.steps.append("settle")

    async def fresh(self) -> str:
        self.steps.append("look")
        return self.reasons.pop(0) if self.reasons else ""

    def departure(self) -> Departure:
        around = Surroundings(
            tabs=self.tabs,
            hooks=self,
            terminate=self,
            stopper=self,
            beacon=self,
            announce=lambda action, data: self.announced.append((action, data)),
            utc=lambda: NOON,
            clock=lambda: self.now,
            pause=self.pause,
            settle=self.settle,
            keep_watch=self.keep_watch,
        )
        return Departure(around, self.policy)

    def leave(self, departure: Departure | None = None, leftovers: tuple[int, ...] = ()) -> Outcome:
        made = departure or self.departure()
        leaving: Awaitable[Outcome] = made.leave(STATUS, self.fresh, leftovers)
        return asyncio.run(leaving)  # type: ignore[arg-type]

    def saving_tab(self, failed: dict[str, str] | None = None) -> None:
        """A tab that answers as soon as it is asked."""

        def answer() -> None:
            if self.announced:
                request = self.announced[-1][1]["request"]
                self.tabs.answer(Saved(client="a", request=request, failed=failed or {}))

        self.tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
        self.during_pause = answer


@pytest.fixture
def world() -> World:
    return World()


def test_given_nothing_stands_against_it_then_hooks_look_tell_and_stop_in_this_order(world: World) -> None:
    outcome = world.leave()
    assert (outcome.result, outcome.text, outcome.told) == (Result.DONE, "SageMaker is deleting this app.", True)
    assert world.steps == ["hooks", "look", "stop", "tell"]
    assert world.told == [NOON - timedelta(hours=1)]
    assert world.facts == {
        "MLPLAT_ACTION": "stop",
        "MLPLAT_SUBJECT": "workspace",
        "MLPLAT_MODE": "direct",
        "MLPLAT_IDLE_SECONDS": "3600",
    }
    assert world.announced == []


def test_given_unsaved_documents_then_the_tabs_are_asked_and_it_stops_once_they_have_saved(world: World) -> None:
    world.saving_tab()
    assert world.leave().result is Result.DONE
    [(action, data)] = world.announced
    assert (action, data["subject"], data["kind"], bool(data["request"])) == ("save", "workspace", "workspace", True)


def test_given_a_save_fails_then_it_is_held_with_the_name_and_the_reason_and_nothing_was_done(world: World) -> None:
    world.saving_tab({"x.ipynb": "it is read-only"})
    outcome = world.leave()
    assert outcome.result is Result.HELD
    assert outcome.text.startswith("x.ipynb (it is read-only) could not be saved")
    assert 0 < outcome.retry_seconds <= 60
    assert world.steps == []


def test_given_a_tab_is_silent_then_it_is_waited_for_only_so_long_and_held(world: World) -> None:
    world.tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
    began = world.now
    assert world.leave().result is Result.HELD
    assert SAVE_SECONDS <= world.now - began <= SAVE_SECONDS + 1


def test_given_the_hold_has_lasted_as_long_as_the_policy_says_then_it_goes_on_and_names_what_was_lost(
    world: World,
) -> None:
    world.tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
    departure = world.departure()
    assert world.leave(departure).result is Result.HELD
    world.now += 900
    assert world.leave(departure).result is Result.HELD
    world.now += 100
    outcome = world.leave(departure)
    assert outcome.result is Result.DONE
    assert "x.ipynb" in outcome.notes[0]
    assert "lost" in outcome.notes[0]


def test_given_the_stop_fails_after_the_hold_then_nothing_is_called_lost_and_the_hold_is_not_begun_anew(
    world: World,
) -> None:
    world.tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
    departure = world.departure()
    assert world.leave(departure).result is Result.HELD
    world.now += 1000
    world.stopped = Stopped(done=False, text="SageMaker cannot be reached.", retry_seconds=60.0)
    outcome = world.leave(departure)
    assert (outcome.result, outcome.notes) == (Result.FAILED, ())
    world.now += 60
    world.stopped = Stopped(done=True, text="SageMaker is deleting this app.")
    outcome = world.leave(departure)
    assert (outcome.result, "lost" in outcome.notes[0]) == (Result.DONE, True)
    assert world.leave(departure).result is Result.HELD  # it is over, so the next one begins anew


def test_given_there_was_work_since_the_hold_began_then_the_hold_begins_anew(world: World) -> None:
    world.tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
    departure = world.departure()
    assert world.leave(departure).result is Result.HELD
    world.now += 3700  # more than the workspace has been idle
    assert world.leave(departure).result is Result.HELD


def test_given_everything_was_saved_in_between_then_the_hold_is_forgotten(world: World) -> None:
    world.tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
    departure = world.departure()
    world.leave(departure)
    world.tabs.tell(Unsaved(client="a"))
    world.reasons = ["a cell runs"]
    world.leave(departure)
    world.tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
    world.now += 2000
    assert world.leave(departure).result is Result.HELD


def test_given_many_files_then_some_are_named_and_the_rest_counted(world: World) -> None:
    world.tabs.tell(Unsaved(client="a", paths=tuple(f"{number}.md" for number in range(9))))
    assert " and 4 more could not be saved" in world.leave().text


def test_given_a_hook_asks_to_wait_then_it_is_held(world: World) -> None:
    world.report = HookReport(held_by=("10-copy",))
    outcome = world.leave()
    assert (outcome.result, "10-copy asks to wait" in outcome.text) == (Result.HELD, True)
    assert world.steps == ["hooks"]


def test_given_a_hook_fails_then_it_is_noted_and_holds_nothing(world: World) -> None:
    world.report = HookReport(problems=("the hook 10-copy failed with status 1",))
    outcome = world.leave()
    assert (outcome.result, outcome.notes) == (Result.DONE, ("the hook 10-copy failed with status 1",))


def test_given_something_works_again_after_the_hooks_then_it_is_called_off_and_nobody_gets_a_signal(
    world: World,
) -> None:
    world.living, world.reasons = {7}, ["a cell is running"]
    outcome = world.leave(leftovers=(7,))
    assert (outcome.result, outcome.text) == (Result.CANCELLED, "a cell is running")
    assert world.steps == ["hooks", "look"]
    assert world.living == {7}


def test_given_idle_processes_then_they_are_asked_to_end_as_soon_as_the_deletion_was_accepted(world: World) -> None:
    world.living = {7, 8}
    assert world.leave(leftovers=(7, 8, 9)).result is Result.DONE
    assert world.steps == ["hooks", "look", "stop", "SIGTERM [7, 8]", "tell"]


@pytest.mark.parametrize("protected", [True, False])
def test_given_the_app_is_not_deleted_then_nobody_gets_a_signal_and_sagemaker_is_told_nothing(
    world: World, protected: bool
) -> None:
    world.living = {7}
    world.stopped = Stopped(done=False, text="It is left alone.", retry_seconds=3600.0, protected=protected)
    outcome = world.leave(leftovers=(7,))
    assert outcome.result is (Result.HELD if protected else Result.FAILED)
    assert (outcome.text, outcome.told, world.told) == ("It is left alone.", False, [])
    assert world.steps == ["hooks", "look", "stop"]


def test_given_the_deletion_is_denied_then_the_native_way_is_told_and_nobody_gets_a_signal(world: World) -> None:
    world.living = {7}
    world.during_stop = [lambda: setattr(world, "mode", StopMode.PROVIDER)]
    outcome = world.leave(leftovers=(7,))
    assert (outcome.result, outcome.told) == (Result.DONE, True)
    assert world.steps == ["hooks", "look", "stop", "tell"]


def test_given_hooks_have_run_then_what_they_used_is_not_taken_for_work(world: World) -> None:
    world.report = HookReport(ran=1)
    world.leave()
    assert world.steps == ["hooks", "settle", "look", "stop", "tell"]


@pytest.mark.parametrize("mode", [StopMode.PROVIDER, StopMode.FEEDER, StopMode.SERVER])
def test_given_the_machine_may_go_on_then_nobody_gets_a_signal(world: World, mode: StopMode) -> None:
    world.mode, world.living = mode, {7}
    assert world.leave(leftovers=(7,)).result is Result.DONE
    assert world.living == {7}


def test_given_the_stop_fails_then_it_says_so_and_when_to_try_again(world: World) -> None:
    world.stopped = Stopped(done=False, text="SageMaker cannot be reached.", retry_seconds=120.0)
    outcome = world.leave()
    assert (outcome.result, outcome.retry_seconds, outcome.told) == (Result.FAILED, 120.0, False)


def test_given_the_beacon_fails_while_the_app_is_deleted_then_it_is_noted(world: World) -> None:
    world.beacon_fails = True
    outcome = world.leave()
    assert (outcome.result, outcome.told) == (Result.DONE, False)
    assert "could not be told" in outcome.notes[0]


@pytest.mark.parametrize("mode", [StopMode.PROVIDER, StopMode.FEEDER])
def test_given_the_beacon_fails_and_nothing_else_stops_it_then_that_is_a_failure(world: World, mode: StopMode) -> None:
    world.beacon_fails, world.mode = True, mode
    outcome = world.leave()
    assert (outcome.result, outcome.told, outcome.retry_seconds > 0) == (Result.FAILED, False, True)
    assert "could not be told" in outcome.text


def test_given_a_plain_machine_then_there_is_nobody_to_tell(world: World) -> None:
    world.mode, world.native = StopMode.SERVER, StopMode.NONE
    assert world.leave().told is False
    assert world.told == []


def test_given_leaving_took_a_while_then_that_counts_as_idle_too(world: World) -> None:
    world.saving_tab()
    began = world.now
    world.leave()
    assert world.now > began
    assert world.told == [NOON - timedelta(seconds=3600 + world.now - began)]


def test_given_nothing_but_kernels_is_stopped_here_then_leaving_does_nothing(world: World) -> None:
    world.mode = StopMode.NONE
    assert (world.leave().result, world.steps) == (Result.HELD, [])


def test_given_the_look_itself_fails_then_nothing_is_stopped(world: World) -> None:
    async def broken() -> str:
        raise OSError("no process table")

    with pytest.raises(OSError, match="no process table"):
        asyncio.run(world.departure().leave(STATUS, broken))
    assert world.steps == ["hooks"]


class TestKeepingWatch:
    """The keeper goes on measuring while leaving waits."""

    SAMPLE = IdlePolicy().sample_seconds

    def test_given_a_tab_is_waited_for_then_there_is_a_look_every_sample(self, world: World) -> None:
        world.tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
        began = world.now
        world.leave()
        assert len(world.watched) == SAVE_SECONDS // self.SAMPLE
        assert self.SAMPLE <= world.watched[0] - began < self.SAMPLE + 1

    def test_given_work_while_a_tab_is_waited_for_then_it_is_called_off_at_once(self, world: World) -> None:
        world.tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
        world.works = {0.0: "a cell is running"}
        outcome = world.leave()
        assert (outcome.result, outcome.text) == (Result.CANCELLED, "a cell is running")
        assert (world.steps, len(world.watched)) == ([], 1)

    def test_given_slow_hooks_then_there_is_a_look_every_sample_and_no_gap(self, world: World) -> None:
        world.during_hooks = [lambda: None] * 3
        assert world.leave().result is Result.DONE
        gaps = [later - earlier for earlier, later in zip(world.watched, world.watched[1:], strict=False)]
        assert world.watched
        assert all(gap <= self.SAMPLE for gap in gaps)

    def test_given_work_while_hooks_run_then_they_are_ended_and_nothing_is_stopped(self, world: World) -> None:
        world.during_hooks = [lambda: None] * 1000
        world.works = {world.now + 3 * self.SAMPLE: "somebody moved the mouse"}
        outcome = world.leave()
        assert (outcome.result, outcome.text) == (Result.CANCELLED, "somebody moved the mouse")
        assert world.steps == ["hooks", "hooks ended"]
        assert "ended before" in outcome.notes[0]

    def test_given_a_look_fails_while_hooks_run_then_they_are_ended_and_nothing_is_stopped(self, world: World) -> None:
        world.during_hooks = [lambda: None] * 1000
        world.works = {0.0: OSError("no process table")}
        with pytest.raises(OSError, match="no process table"):
            world.leave()
        assert world.steps == ["hooks", "hooks ended"]

    @pytest.mark.parametrize("done", [True, False])
    def test_given_work_while_the_app_is_deleted_then_it_counts_only_if_the_deletion_fails(
        self, world: World, done: bool
    ) -> None:
        world.during_stop = [lambda: None] * 3
        world.works = {0.0: "a cell is running"}
        world.stopped = Stopped(done=done, text="so it is", retry_seconds=60.0)
        outcome = world.leave()
        assert (outcome.result, outcome.text) == (
            (Result.DONE, "so it is") if done else (Result.CANCELLED, "a cell is running")
        )
        assert outcome.told is done

    def test_given_work_while_the_deletion_is_denied_then_sagemaker_is_not_told(self, world: World) -> None:
        world.during_stop = [lambda: setattr(world, "mode", StopMode.FEEDER), lambda: None]
        world.works = {0.0: "a cell is running"}
        outcome = world.leave()
        assert (outcome.result, world.told) == (Result.CANCELLED, [])

    def test_given_a_look_fails_while_the_app_is_deleted_then_the_answer_counts_and_it_is_noted(
        self, world: World
    ) -> None:
        world.during_stop = [lambda: None] * 3
        world.works = {0.0: OSError("no process table")}
        outcome = world.leave()
        assert (outcome.result, "no process table" in outcome.notes[0]) == (Result.DONE, True)
