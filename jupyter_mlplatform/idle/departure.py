"""The way out: save through the tabs, run the person's hooks, end what is left over, look once more, and stop.

Every step may find a reason to stay. Nothing here sleeps by itself: ``pause`` and both clocks are given, so that a
test lives through a night in a millisecond.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

import msgspec

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.models import StopMode, StopPlan, SubjectStatus
from jupyter_mlplatform.idle.ports import Announce, Beacon, Stopper
from jupyter_mlplatform.idle.tabs import Tabs
from jupyter_mlplatform.policy import IdlePolicy

SAVE_SECONDS = 20.0
"""A tab in the background gets one second of CPU a minute from some browsers; most answer at once."""

SAVE_AGAIN_SECONDS = 60.0
TERMINATE_SECONDS = 10.0
PAUSE_SECONDS = 0.2
NAMES_SHOWN = 5

Fresh = Callable[[], Awaitable[str]]
"""Looks again at everything: empty when still idle, otherwise the reason to stay, as it reads after "kept because"."""

Key = tuple[int, float]
"""A process id and its start time, in clock ticks since boot."""


class Result(str, Enum):
    """How an attempt to leave came out."""

    DONE = "done"
    CANCELLED = "cancelled"
    HELD = "held"
    FAILED = "failed"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, in one sentence, and the seconds before the next attempt makes sense.

    ``notes`` are things to write down that did not change the outcome: a hook that failed, files that were lost.
    ``told``: SageMaker's own idle shutdown was told the true time, and must go on being told until there is work.
    """

    result: Result
    text: str
    retry_seconds: float = 0.0
    notes: tuple[str, ...] = ()
    told: bool = False


class HookReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a person's hooks said: the names of those that ask to stay, and what went wrong, one sentence each.

    ``ran`` is how many were started.
    """

    held_by: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    ran: int = 0


class Hooks(Protocol):
    """A person's own programs that run before the workspace is stopped."""

    async def run(self, facts: Mapping[str, str]) -> HookReport:
        """Run them in order; ``facts`` become environment variables. Ends within the time that the policy gives."""
        ...


class Terminate(Protocol):
    """Ends processes."""

    def identify(self, pids: tuple[int, ...]) -> tuple[Key, ...]:
        """Those of them that are there and may be ended; never this server itself or what it was started by."""
        ...

    def ask(self, processes: tuple[Key, ...]) -> None:
        """SIGTERM to those that are still the same process."""
        ...

    def alive(self, processes: tuple[Key, ...]) -> tuple[Key, ...]:
        """Those that are still there."""
        ...


async def _nothing() -> None:
    """Nothing needs to settle."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What leaving reaches outside itself. ``clock`` is monotonic, in seconds; ``pause`` waits that many.

    ``settle`` takes a sample that nobody judges: a hook that copies a folder to S3 uses the CPU and the network, and
    the next look would take that for work.
    """

    tabs: Tabs
    hooks: Hooks
    terminate: Terminate
    stopper: Stopper
    beacon: Beacon | None
    announce: Announce
    utc: Callable[[], datetime]
    clock: Callable[[], float]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    settle: Callable[[], Awaitable[object]] = _nothing


class Departure:
    """Leaves the workspace, one attempt at a time."""

    def __init__(self, around: Surroundings, policy: IdlePolicy) -> None:
        self._around = around
        self._policy = policy
        self._held_since: float | None = None

    async def leave(self, status: SubjectStatus, fresh: Fresh, leftovers: tuple[int, ...] = ()) -> Outcome:
        """Try to stop the workspace, which has been idle for ``status.idle_seconds``.

        ``leftovers`` are the pids of idle processes that get a SIGTERM, where the machine goes away (``direct``).
        Never raises for what a tab, a hook or the stopper does; an error of ``fresh`` passes through, and nothing was
        stopped.
        """
        plan = self._around.stopper.plan()
        if plan.mode is StopMode.NONE:
            return Outcome(result=Result.HELD, text=plan.why, retry_seconds=SAVE_AGAIN_SECONDS)
        left_at = self._around.clock()
        processes = self._around.terminate.identify(leftovers) if plan.mode is StopMode.DIRECT else ()
        held, notes = await self._save(status)
        if held is not None:
            return held
        report = await self._around.hooks.run(_facts(plan, status))
        notes += report.problems
        if report.held_by:
            text = f"the hook {', '.join(report.held_by)} asks to wait"
            return Outcome(result=Result.HELD, text=text, retry_seconds=SAVE_AGAIN_SECONDS, notes=notes)
        if report.ran:
            await self._around.settle()
        reason = await fresh()
        if not reason and processes:
            await self._terminate(processes)
            reason = await fresh()
        if reason:
            return Outcome(result=Result.CANCELLED, text=reason, notes=notes)
        return await self._stop(status, plan, notes, self._around.clock() - left_at)

    async def _stop(self, status: SubjectStatus, plan: StopPlan, notes: tuple[str, ...], took: float) -> Outcome:
        told = False
        if self._around.beacon is not None and plan.native is not StopMode.NONE:
            try:
                idle = timedelta(seconds=status.idle_seconds + took)
                self._around.beacon.tell(self._around.utc() - idle)
                told = True
            except OSError as error:
                notes += (f"SageMaker's own idle shutdown could not be told: {error}",)
        stopped = await self._around.stopper.stop()
        self._held_since = None
        return Outcome(
            result=Result.DONE if stopped.done else Result.FAILED,
            text=stopped.text,
            retry_seconds=stopped.retry_seconds,
            notes=notes,
            told=told,
        )

    async def _save(self, status: SubjectStatus) -> tuple[Outcome | None, tuple[str, ...]]:
        """Ask the tabs to save. Either an outcome that holds, or what is to be noted about files that were lost."""
        tabs, clock = self._around.tabs, self._around.clock
        if tabs.unsaved():
            self._announce_save(status, tabs.ask())
            until = clock() + SAVE_SECONDS
            while tabs.waited_for() and clock() < until:
                await self._around.pause(PAUSE_SECONDS)
        left = tabs.unsaved()
        if not left:
            self._held_since = None
            return None, ()
        now = clock()
        if self._held_since is None or now - self._held_since > status.idle_seconds:
            self._held_since = now  # the first time, or there has been work since
        remaining = self._policy.unsaved_hold_seconds - (now - self._held_since)
        if remaining <= 0:
            return None, (f"stopped although {_named(left)} had unsaved changes, which are lost",)
        text = f"{_named(left)} could not be saved; it waits for that at most {spoken(remaining)} more"
        return Outcome(result=Result.HELD, text=text, retry_seconds=min(SAVE_AGAIN_SECONDS, remaining)), ()

    def _announce_save(self, status: SubjectStatus, request: str) -> None:
        data = {
            "subject": status.subject,
            "kind": status.kind.value,
            "name": status.name,
            "path": status.path,
            "stops_in_seconds": 0.0,
            "why": status.why,
            "request": request,
        }
        self._around.announce("save", data)

    async def _terminate(self, processes: tuple[Key, ...]) -> None:
        terminate, clock = self._around.terminate, self._around.clock
        await asyncio.to_thread(terminate.ask, processes)
        until = clock() + TERMINATE_SECONDS
        while await asyncio.to_thread(terminate.alive, processes) and clock() < until:
            await self._around.pause(PAUSE_SECONDS)
        await self._around.settle()  # what they did to end in order is no work either


def _named(unsaved: Mapping[str, str]) -> str:
    """``a.ipynb (read only), b.md and 3 more``."""
    shown = [f"{path} ({why})" if why else path for path, why in list(unsaved.items())[:NAMES_SHOWN]]
    more = len(unsaved) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _facts(plan: StopPlan, status: SubjectStatus) -> dict[str, str]:
    """What a hook is told. No path of a notebook and no process: a hook's output may end anywhere."""
    return {
        "MLPLAT_ACTION": "stop",
        "MLPLAT_SUBJECT": status.subject,
        "MLPLAT_MODE": plan.mode.value,
        "MLPLAT_IDLE_SECONDS": f"{status.idle_seconds:.0f}",
    }
