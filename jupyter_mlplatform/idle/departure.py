"""The way out: save through the tabs, run the person's hooks, look once more, stop, and then end the rest.

Every step may find a reason to stay, until the stop was accepted. Nobody gets a signal and SageMaker is told nothing
before that: a stop that fails leaves everything as it was. Nothing here sleeps by itself: ``pause`` and both clocks are
given, so that a test lives through a night in a millisecond.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Protocol, TypeVar

import msgspec

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.models import StopMode, StopPlan, SubjectStatus
from jupyter_mlplatform.idle.ports import Announce, Beacon, Stopped, Stopper
from jupyter_mlplatform.idle.tabs import Tabs
from jupyter_mlplatform.policy import IdlePolicy

SAVE_SECONDS = 20.0
"""A tab in the background gets one second of CPU a minute from some browsers; most answer at once."""

SAVE_AGAIN_SECONDS = 60.0
PAUSE_SECONDS = 0.2
NAMES_SHOWN = 5

Fresh = Callable[[], Awaitable[str]]
"""Looks again at everything: empty when still idle, otherwise the reason to stay, as it reads after "kept because"."""

T = TypeVar("T")

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


async def _nothing() -> None:
    """Nothing needs to settle."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What leaving reaches outside itself. ``clock`` is monotonic, in seconds; ``pause`` waits that many.

    ``settle`` takes a sample that nobody judges: a hook that copies a folder to S3 uses the CPU and the network, and
    the next look would take that for work. ``keep_watch`` looks at everything while leaving waits for something, so
    that no gap arises in the measurements; it answers as ``Fresh`` does, and a reason to stay ends the attempt at once.
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
    keep_watch: Fresh | None = None


class Departure:
    """Leaves the workspace, one attempt at a time."""

    def __init__(self, around: Surroundings, policy: IdlePolicy) -> None:
        self._around = around
        self._policy = policy
        self._held_since: float | None = None
        self._watched_at = 0.0

    async def leave(self, status: SubjectStatus, fresh: Fresh, leftovers: tuple[int, ...] = ()) -> Outcome:
        """Try to stop the workspace, which has been idle for ``status.idle_seconds``.

        ``leftovers`` are the pids of idle processes that get a SIGTERM once the machine is going away (``direct``).
        Never raises for what a tab, a hook or the stopper does; an error of a look passes through, and nothing was
        stopped.
        """
        plan = self._around.stopper.plan()
        if plan.mode is StopMode.NONE:
            return Outcome(result=Result.HELD, text=plan.why, retry_seconds=SAVE_AGAIN_SECONDS)
        left_at = self._watched_at = self._around.clock()
        processes = self._around.terminate.identify(leftovers) if plan.mode is StopMode.DIRECT else ()
        held, lost = await self._save(status)
        if held is not None:
            return held
        report, reason = await self._hooks(_facts(plan, status))
        if reason:
            return Outcome(result=Result.CANCELLED, text=reason, notes=report.problems)
        if report.held_by:
            text = f"the hook {', '.join(report.held_by)} asks to wait"
            return Outcome(result=Result.HELD, text=text, retry_seconds=SAVE_AGAIN_SECONDS, notes=report.problems)
        if report.ran:
            await self._around.settle()
        reason = await fresh()
        if reason:
            return Outcome(result=Result.CANCELLED, text=reason, notes=report.problems)
        self._watched_at = self._around.clock()
        stopped, reason, notes = await self._stop()
        notes = report.problems + notes
        if not stopped.done:
            return _not_stopped(stopped, reason, notes)
        outcome = await self._after(stopped, processes, status.idle_seconds + self._around.clock() - left_at, reason)
        if outcome.result is Result.DONE:
            self._held_since = None
            notes += lost
        return msgspec.structs.replace(outcome, notes=notes + outcome.notes)

    async def _hooks(self, facts: Mapping[str, str]) -> tuple[HookReport, str]:
        """Run the hooks and look meanwhile: a reason to stay ends those that still run."""
        running = asyncio.ensure_future(self._around.hooks.run(facts))
        try:
            reason = await self._watch(running)
        finally:
            if not running.done():
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        if running.cancelled():
            return HookReport(problems=("the hooks were ended before they were through",)), reason
        return running.result(), reason

    async def _stop(self) -> tuple[Stopped, str, tuple[str, ...]]:
        """What came of the stop, the reason to stay that was found meanwhile, and what is to be noted.

        The call cannot be taken back, so it is waited for to its end whatever is found.
        """
        stopping, reason = asyncio.ensure_future(self._around.stopper.stop()), ""
        notes: tuple[str, ...] = ()
        try:
            reason = await self._watch(stopping)
        except asyncio.CancelledError:
            stopping.cancel()
            raise
        except Exception as error:  # noqa: BLE001 (whatever a look raises, it must not hide what the call does)
            reason = f"it could not be looked whether something works ({type(error).__name__})"
            notes = (f"while the workspace was stopped {reason}: {error}",)
        return await stopping, reason, notes

    async def _after(self, stopped: Stopped, processes: tuple[Key, ...], idle: float, reason: str) -> Outcome:
        """The stop was accepted: what is left of the time is for the leftovers; then SageMaker is told the truth."""
        plan = self._around.stopper.plan()  # not the one from before: a refused call leaves the rest to the native way
        native = plan.mode in (StopMode.PROVIDER, StopMode.FEEDER)
        if native and reason:
            return Outcome(result=Result.CANCELLED, text=reason)
        if processes and plan.mode is StopMode.DIRECT:
            await asyncio.to_thread(self._around.terminate.ask, processes)
        told = False
        notes: tuple[str, ...] = ()
        if self._around.beacon is not None and plan.native is not StopMode.NONE:
            try:
                last_active = self._around.utc() - timedelta(seconds=idle)
                await asyncio.to_thread(self._around.beacon.tell, last_active)
                told = True
            except OSError as error:
                text = f"SageMaker's own idle shutdown could not be told: {error}"
                if native:  # nothing else would stop it
                    return Outcome(result=Result.FAILED, text=text, retry_seconds=SAVE_AGAIN_SECONDS)
                notes = (text,)
        retry = stopped.retry_seconds
        return Outcome(result=Result.DONE, text=stopped.text, retry_seconds=retry, notes=notes, told=told)

    async def _watch(self, work: asyncio.Future[T]) -> str:
        """Wait for ``work`` to end, and look at everything once a sample meanwhile. Returns early with a reason."""
        await asyncio.sleep(0)
        while self._around.keep_watch is not None and not work.done():
            due = self._watched_at + self._policy.sample_seconds - self._around.clock()
            pausing = asyncio.ensure_future(self._around.pause(max(0.0, due)))
            either: set[asyncio.Future[Any]] = {work, pausing}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                pausing.cancel()
            reason = "" if work.done() else await self._look()
            if reason:
                return reason
        await asyncio.wait({work})
        return ""

    async def _look(self) -> str:
        """A look, if one is due: empty when there is none or nothing works, otherwise the reason to stay."""
        look, now = self._around.keep_watch, self._around.clock()
        if look is None or now - self._watched_at < self._policy.sample_seconds:
            return ""
        self._watched_at = now
        return await look()

    async def _save(self, status: SubjectStatus) -> tuple[Outcome | None, tuple[str, ...]]:
        """Ask the tabs to save. Either an outcome to end with, or what is lost should the workspace be stopped now."""
        tabs, clock = self._around.tabs, self._around.clock
        if tabs.unsaved():
            self._announce_save(status, tabs.ask())
            until = clock() + SAVE_SECONDS
            while tabs.waited_for() and clock() < until:
                await self._around.pause(PAUSE_SECONDS)
                reason = await self._look()
                if reason:
                    return Outcome(result=Result.CANCELLED, text=reason), ()
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


def _not_stopped(stopped: Stopped, reason: str, notes: tuple[str, ...]) -> Outcome:
    """Nothing was done, so work that was found meanwhile is the better answer; a protected app is no failure."""
    if reason:
        return Outcome(result=Result.CANCELLED, text=reason, notes=notes)
    result = Result.HELD if stopped.protected else Result.FAILED
    return Outcome(result=result, text=stopped.text, retry_seconds=stopped.retry_seconds, notes=notes)


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
