"""The sweep: look at everything, judge it, warn, take back, stop, and tell everybody what was done.

:meth:`Keeper.sweep` is a fresh sample of everything; :meth:`Keeper.tick` runs between two sweeps, so that new kernels
are listened to from the start and a warning is taken back within a second of any activity. Neither sleeps: the caller
brings the time.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec

from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.idle import summary
from jupyter_mlplatform.idle.chronicle import Chronicle
from jupyter_mlplatform.idle.departure import Departure, Result
from jupyter_mlplatform.idle.findings import Sample
from jupyter_mlplatform.idle.keepalive import KeepAlives
from jupyter_mlplatform.idle.models import (
    WORKSPACE,
    IdleStatus,
    Kind,
    State,
    StopMode,
    SubjectStatus,
    kernel,
)
from jupyter_mlplatform.idle.ports import Beacon, Kernels, Stopper, Store, Terminals
from jupyter_mlplatform.idle.subjects import Subjects, Watched
from jupyter_mlplatform.idle.survey import Survey
from jupyter_mlplatform.idle.verdict import Action, Memory
from jupyter_mlplatform.policy import IdlePolicy

SHARED_SAMPLES = 4
"""Other processes see a report that is at most so many samples old, unless a state has changed."""

LOOK_SECONDS = 1.0
"""The shortest time over which the use of a CPU says anything."""


class World(msgspec.Struct, frozen=True):
    """Everything the keeper reaches outside itself. ``clock`` is monotonic, as the times of the sweeps are."""

    name: str
    survey: Survey
    kernels: Kernels
    terminals: Terminals
    store: Store
    chronicle: Chronicle
    stopper: Stopper
    departure: Departure
    beacon: Beacon | None
    utc: Callable[[], datetime]
    clock: Callable[[], float]
    pause: Callable[[float], Awaitable[None]]
    problems: logging.Logger


class Keeper:
    """Watches one server. ``started_at`` is when that server started, on the clock of the sweeps.

    ``latest`` is what the last sweep has found; None before the first and after the end.
    """

    def __init__(self, world: World, policy: IdlePolicy, started_at: float) -> None:
        self._world = world
        self._policy = policy
        self._keeps = KeepAlives()
        self._subjects = Subjects(policy, started_at, world.name, world.stopper.plan, self._keeps)
        self._left = False
        self._again_at = math.inf
        self.latest: IdleStatus | None = None
        self._sketch: object = None
        self._unshared = 0
        self._told = False

    async def sweep(self, now: float) -> IdleStatus:
        """Sample, judge, act and publish. Returns what was published."""
        sample = await self._world.survey.take(now, fresh=self._subjects.near_a_stop())
        doubts = await self._read_keeps(now)
        await self._judge(msgspec.structs.replace(sample, holds=(*sample.holds, *doubts)))
        await self._record_all()
        culls = [self._cull(each, now) for each in self._subjects.watched.values() if each.due(Action.CULL)]
        for error in await asyncio.gather(*culls, return_exceptions=True):
            if isinstance(error, Exception):  # the others, and the sweep, go on
                self._world.problems.error("Something idle could not be stopped: %s: %s", type(error).__name__, error)
        if self._subjects.workspace.due(Action.CULL) and (not self._left or now >= self._again_at):
            await self._leave(now)
        return await self._publish(now, sample.holds, sample.beat_at)

    async def tick(self, now: float) -> None:
        """Listen to new kernels, and take back the warnings of what is in use again or is kept."""
        await self._world.kernels.discover()
        warned = [each for each in self._subjects.all if each.memory.warned_at is not None]
        if not warned or self._left:
            return
        beat_at = await self._world.survey.beat(now)
        holds = (*await self._read_keeps(now), *await self._world.survey.holds())
        kernels = {kernel(each.id): each for each in await self._world.kernels.list()}
        taken_back = [each for each in warned if self._subjects.call_off(each, kernels, beat_at, holds, now)]
        for each in taken_back:
            await self._record(each)
        if taken_back:
            await self._publish(now, holds, beat_at)

    async def close(self) -> None:
        """Stop listening and take the report back."""
        self._world.survey.close()
        await self._world.kernels.close()
        self.latest = None
        await asyncio.to_thread(self._world.store.withdraw, os.getpid())

    def deletes_after(self) -> float | None:
        """The workspace's idle timeout if it is stopped by deleting its app; otherwise None, as when it never is."""
        deletes = self._world.stopper.plan().mode is StopMode.DIRECT
        return self._subjects.workspace.timeout if deletes else None

    def open_cells(self) -> tuple[int, ...]:
        """The processes of kernels on this machine in which a cell may have been running at the last sample."""
        return self._subjects.open_cells

    async def _judge(self, sample: Sample) -> None:
        for _ in self._subjects.judge(sample):
            await asyncio.sleep(0)
        for kernel_id in self._subjects.doubtful:
            await self._world.kernels.ask(kernel_id)

    # Keeping

    async def _read_keeps(self, now: float) -> tuple[str, ...]:
        """What of it is in doubt, as it reads after "kept because": leases that cannot be read keep everything."""
        chronicle = self._world.chronicle
        try:
            leases = await asyncio.to_thread(self._world.store.leases)
        except PlatformError as error:
            chronicle.complain("The keep-alives cannot be read", error)
            return ("it cannot be seen whether somebody keeps it",)
        chronicle.recovered("The keep-alives cannot be read")
        begun, ended, over = self._keeps.read(leases, now, self._world.utc())
        if over:
            try:
                await asyncio.to_thread(self._world.store.release, over)
            except PlatformError as error:  # they are over all the same
                chronicle.complain("Keep-alives that are over cannot be forgotten", error)
        for action, changed in (("kept", begun), ("released", ended)):
            for lease in changed:
                await chronicle.tell(action, self._status_of(lease.subject), summary.lease_change(action, lease))
        return ()

    def _status_of(self, subject: str) -> SubjectStatus:
        watched = self._subjects.workspace if subject == WORKSPACE else self._subjects.watched.get(subject)
        if watched is not None and watched.status is not None:
            return watched.status
        return SubjectStatus(
            subject=subject,
            kind=Kind(subject.partition(":")[0]),
            name="",
            path="",
            state=State.KEPT,
            idle_seconds=0.0,
            stops_in_seconds=None,
            why="",
        )

    # Recording

    async def _record_all(self) -> None:
        """A warning of the workspace speaks for all that is in it."""
        speaks = self._subjects.workspace.due(Action.WARN)
        for each in self._subjects.watched.values():
            if each.verdict is not each.recorded:
                await self._record(each, quiet=speaks)
        await self._record(self._subjects.workspace)

    async def _record(self, watched: Watched, *, quiet: bool = False) -> None:
        verdict = watched.recorded = watched.verdict
        if verdict is None:
            return
        if watched is self._subjects.workspace and (verdict.state is not State.WARNED or verdict.action is Action.WARN):
            self._left = self._told = False  # there is life in it again
        elif watched is self._subjects.workspace and self._left:
            return  # it was stopped, and waits for its end
        watched.status = watched.show(verdict)
        if verdict.action in (Action.WARN, Action.CANCEL):
            await self._world.chronicle.tell(verdict.action.value, watched.status, verdict.why, quiet=quiet)
        elif verdict.state is not State.WARNED and watched.news():
            await self._world.chronicle.note(watched.status)

    async def _publish(self, now: float, holds: tuple[str, ...], beat_at: float | None) -> IdleStatus:
        subjects = [each.status for each in self._subjects.watched.values() if each.status is not None]
        status = summary.of(
            self._subjects.workspace.status,
            tuple(each for each in subjects if each.kind is Kind.KERNEL),
            tuple(each for each in subjects if each.kind is Kind.TERMINAL),
            self._subjects.processes,
            self._world.stopper.plan(),
            self._policy,
            self._world.utc(),
        )
        self.latest = status
        await self._tell_beacon(now)  # first: whatever else fails, SageMaker must not stop what works
        await self._share(status)
        await self._world.chronicle.sample(status)
        return status

    async def _share(self, status: IdleStatus) -> None:
        """Show it to other processes: at once when something has changed but the time, otherwise now and then."""
        subjects = (*status.kernels, *status.terminals, *((status.workspace,) if status.workspace else ()))
        sketch = (status.state, status.stop, tuple((each.subject, each.path, each.state) for each in subjects))
        self._unshared += 1
        if sketch != self._sketch or self._unshared >= SHARED_SAMPLES:
            try:
                await asyncio.to_thread(self._world.store.publish, os.getpid(), status, self._world.utc())
            except PlatformError as error:
                self._world.chronicle.complain("Other processes cannot be shown what is idle", error)
                return
            self._world.chronicle.recovered("Other processes cannot be shown what is idle")
            self._sketch, self._unshared = sketch, 0

    async def _tell_beacon(self, now: float) -> None:
        """The present until the workspace has been stopped from here: then when it was really last active."""
        if self._world.beacon is None:
            return
        workspace = self._subjects.workspace
        # Where the policy leaves the workspace alone, SageMaker's own shutdown is not to be held up by us.
        alone = self._world.stopper.plan().mode is StopMode.NONE
        idle = workspace.verdict is not None and workspace.verdict.state is State.IDLE
        seconds = now - workspace.memory.worked_at if self._told or (alone and idle) else 0.0
        try:
            await asyncio.to_thread(self._world.beacon.tell, self._world.utc() - timedelta(seconds=seconds))
        except OSError as error:
            self._world.chronicle.complain("SageMaker's own idle shutdown could not be told", error)
        else:
            self._world.chronicle.recovered("SageMaker's own idle shutdown could not be told")

    # Stopping

    async def _cull(self, watched: Watched, now: float) -> None:
        """Look once more at what has arrived meanwhile, stop it, and check that it is gone."""
        status = watched.status
        assert status is not None  # noqa: S101 (recorded in this very sweep)
        if await self._used_since(watched, now):
            watched.memory = Memory(worked_at=self._world.clock())
            watched.status = msgspec.structs.replace(status, state=State.WORKING, stops_in_seconds=None)
            await self._world.chronicle.tell("cancelled", status, "kept because it was used at the very last moment")
            return
        stops = self._world.kernels.stop if watched.kind is Kind.KERNEL else self._world.terminals.stop
        try:
            gone = await stops(watched.subject.partition(":")[2])
            problem = "" if gone else "the server still lists it"
        except Exception as error:  # noqa: BLE001 (whatever a kernel's own launcher raises, the others go on)
            problem = f"{type(error).__name__}: {error}"
        if problem:
            watched.memory = Memory(worked_at=now)
            why = f"kept because it could not be stopped ({problem}); the idle time starts again"
            watched.status = msgspec.structs.replace(status, state=State.UNKNOWN, stops_in_seconds=None, why=why)
            self._world.problems.error("The idle %s could not be stopped: %s", watched.subject, problem)
            await self._world.chronicle.tell("failed", watched.status, why)
            return
        watched.status = msgspec.structs.replace(status, state=State.CULLED, stops_in_seconds=None)
        await self._world.chronicle.tell("culled", watched.status, status.why)

    async def _used_since(self, watched: Watched, now: float) -> bool:
        beat_at = await asyncio.to_thread(self._world.store.last_beat)
        if beat_at is not None and now < beat_at <= self._world.clock():
            return True
        if watched.kind is not Kind.KERNEL:
            return False
        for each in await self._world.kernels.list():
            ledger = each.ledger
            if kernel(each.id) == watched.subject and not each.dead:
                return ledger is None or bool(ledger.working) or ledger.worked_at > now
        return False

    async def _leave(self, now: float) -> None:
        """Stop the workspace: save, hooks, one more look, act, verify (see :mod:`departure`)."""
        workspace, chronicle = self._subjects.workspace, self._world.chronicle
        status = workspace.status
        assert status is not None  # noqa: S101 (recorded in this very sweep)
        leftovers = tuple(each.pid for each in self._subjects.processes)
        outcome = await self._world.departure.leave(status, self._still_idle, leftovers)
        for each in outcome.notes:
            await chronicle.tell("note", status, each, quiet=True)
        self._told = outcome.told
        if outcome.result is Result.CANCELLED:
            return  # recorded and told when the fresh look was taken
        if outcome.result is Result.DONE:
            self._left, self._again_at = True, now + (outcome.retry_seconds or math.inf)
            workspace.status = msgspec.structs.replace(status, state=State.CULLED, stops_in_seconds=None)
            await chronicle.tell("culled", workspace.status, f"{status.why}. {outcome.text}")
            return
        self._world.problems.warning("The workspace is not stopped: %s", outcome.text)
        self._subjects.hold(outcome.text, now + outcome.retry_seconds)
        workspace.memory = msgspec.structs.replace(workspace.memory, warned_at=None)
        why = f"kept because {self._subjects.why_held(now)}"
        workspace.status = msgspec.structs.replace(status, state=State.IDLE, stops_in_seconds=None, why=why)
        await chronicle.tell(outcome.result.value, workspace.status, why)

    async def keep_watch(self) -> str:
        """While a stop is being prepared: a look that nobody is judged by, for what a hook does is no work.

        It keeps the measurements without a gap, and answers why to stay when a person, a cell or a keep-alive says so.
        """
        now, workspace = self._world.clock(), self._subjects.workspace
        sample = await self._world.survey.take(now, fresh=False)
        holds = (*await self._read_keeps(now), *sample.holds)
        self._subjects.bridge(now)
        kernels = {kernel(each.id): each for each in sample.kernels}
        if not self._subjects.call_off(workspace, kernels, sample.beat_at, holds, now):
            return ""
        await self._record(workspace)
        return workspace.verdict.why if workspace.verdict else ""

    async def _still_idle(self) -> str:
        """A fresh sample of everything: empty when the workspace is to be stopped all the same, otherwise why not."""
        since = self._world.clock() - (self._subjects.workspace.memory.sampled_at or 0.0)
        if since < LOOK_SECONDS:
            await self._world.pause(LOOK_SECONDS - since)
        sample = await self._world.survey.take(self._world.clock(), fresh=True)
        doubts = await self._read_keeps(sample.now)
        await self._judge(msgspec.structs.replace(sample, holds=(*sample.holds, *doubts)))
        verdict = self._subjects.workspace.verdict
        if verdict is None or verdict.state is State.WARNED:
            return ""
        await self._record(self._subjects.workspace)
        return verdict.why
