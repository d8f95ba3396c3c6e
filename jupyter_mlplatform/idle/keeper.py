"""The sweep: look at every kernel, judge it, warn, take back, stop, and tell everybody what was done.

:meth:`Keeper.sweep` is a fresh sample of everything; :meth:`Keeper.tick` runs between two sweeps, so that new kernels
are listened to from the start and a warning is taken back within a second of any activity. Neither sleeps: the caller
brings the time.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import datetime

import msgspec

from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.idle import evidence, summary
from jupyter_mlplatform.idle.cpu import Meter, Use
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.keepalive import KeepAlives
from jupyter_mlplatform.idle.models import Decision, IdleStatus, KernelStatus, Signal, State
from jupyter_mlplatform.idle.ports import Announce, DecisionLog, Holds, Kernel, Kernels, Processes, Store
from jupyter_mlplatform.idle.verdict import Action, Memory, Rules, Verdict, call_off, judge
from jupyter_mlplatform.policy import IdlePolicy

RECONCILE_SECONDS = 60.0
"""An open cell without any CPU for this long is asked after: its end may have been lost."""


class _Watched:
    """What the keeper remembers of one kernel."""

    def __init__(self, now: float) -> None:
        self.memory = Memory(worked_at=now)
        self.findings: tuple[Finding, ...] = ()
        self.computed_at = now
        self.status: KernelStatus | None = None


class World(msgspec.Struct, frozen=True):
    """Everything the keeper reaches outside itself."""

    kernels: Kernels
    processes: Processes
    store: Store
    log: DecisionLog
    holds: Holds
    announce: Announce
    utc: Callable[[], datetime]
    problems: logging.Logger


class Keeper:
    """Watches the kernels of one server. ``started_at`` is when that server started, on the clock of the sweeps."""

    def __init__(self, world: World, policy: IdlePolicy, started_at: float) -> None:
        self._world = world
        self._policy = policy
        self._started_at = started_at
        self._meter = Meter()
        self._keeps = KeepAlives()
        self._watched: dict[str, _Watched] = {}
        self._complained: set[str] = set()

    async def sweep(self, now: float) -> IdleStatus:
        """Sample, judge, act and publish. Returns what was published."""
        kernels = await self._world.kernels.list()
        roots = {each.id: each.pid for each in kernels if each.local and each.pid is not None}
        uses = await asyncio.to_thread(self._measure, roots)
        beat_at = await self._beat(now)
        await self._read_keeps(now)
        holds = await asyncio.to_thread(self._ask_holds)
        self._watched = {each.id: self._watched.get(each.id) or _Watched(now) for each in kernels}
        culls = []
        for kernel in kernels:
            watched = self._watched[kernel.id]
            processes = evidence.of_processes(
                uses.get(kernel.id), kernel.local, bool(kernel.ledger and kernel.ledger.waiting), self._policy, now
            )
            if processes.evidence.signal is not Signal.IDLE:
                watched.computed_at = now
            await self._reconcile(kernel, watched, now)
            cells = evidence.of_cells(kernel.ledger, kernel.reported_busy, self._policy, now)
            watched.findings = (cells, processes, evidence.of_person(beat_at, self._policy, now))
            watched.memory, verdict = judge(watched.memory, watched.findings, self._rules(kernel.id, holds, now), now)
            if verdict.action is Action.CULL:
                culls.append(kernel)
            await self._record(kernel, watched, verdict)
        await asyncio.gather(*(self._cull(kernel, now) for kernel in culls))
        return await self._publish(now, holds, beat_at)

    async def tick(self, now: float) -> None:
        """Listen to new kernels, and take back the warnings of kernels that are in use again or are kept."""
        await self._world.kernels.discover()
        warned = {kernel_id: each for kernel_id, each in self._watched.items() if each.memory.warned_at is not None}
        if not warned:
            return
        beat_at = await self._beat(now)
        await self._read_keeps(now)
        holds = await asyncio.to_thread(self._ask_holds)
        taken_back = False
        for kernel in await self._world.kernels.list():
            watched = warned.get(kernel.id)
            if watched is None:
                continue
            cells = evidence.of_cells(kernel.ledger, kernel.reported_busy, self._policy, now)
            findings = (cells, *watched.findings[1:-1], evidence.of_person(beat_at, self._policy, now))
            change = call_off(watched.memory, findings, self._rules(kernel.id, holds, now), now)
            if change is not None:
                watched.findings = findings
                watched.memory, verdict = change
                await self._record(kernel, watched, verdict)
                taken_back = True
        if taken_back:
            await self._publish(now, holds, beat_at)

    async def close(self) -> None:
        """Stop listening and take the report back."""
        await self._world.kernels.close()
        await asyncio.to_thread(self._world.store.withdraw, os.getpid())

    def _measure(self, roots: dict[str, int]) -> dict[str, Use]:
        try:
            return self._meter.measure(self._world.processes.scan(), roots)
        except OSError as error:
            self._complain("The process table cannot be read, so no kernel is stopped: %s", error)
            return {}

    def _ask_holds(self) -> tuple[str, ...]:
        try:
            return tuple(_clause(each) for each in self._world.holds())
        except PlatformError as error:
            self._complain("It is not known what else is running, so no kernel is stopped: %s", error)
            return (f"it is not known what else is running: {error}",)

    def _complain(self, text: str, error: Exception) -> None:
        """Once for each text: a source that fails every few seconds must not flood the log."""
        if text not in self._complained:
            self._complained.add(text)
            self._world.problems.warning(text, error)

    def _rules(self, kernel_id: str, holds: tuple[str, ...], now: float) -> Rules:
        return Rules(self._policy, self._started_at, (*self._keeps.of(kernel_id, now), *holds))

    async def _beat(self, now: float) -> float | None:
        """The last beat since this server started; an older one is of another day, a later one of another boot."""
        beat_at = await asyncio.to_thread(self._world.store.last_beat)
        return beat_at if beat_at is not None and self._started_at <= beat_at <= now else None

    async def _read_keeps(self, now: float) -> None:
        leases = await asyncio.to_thread(self._world.store.leases)
        begun, ended, over = self._keeps.read(leases, now, self._world.utc())
        if over:
            await asyncio.to_thread(self._world.store.release, over)
        for action, changed in (("kept", begun), ("released", ended)):
            for lease in changed:
                status = self._status_of(lease.kernel_id)
                await self._decide(action, status, summary.lease_change(action, lease))

    async def _reconcile(self, kernel: Kernel, watched: _Watched, now: float) -> None:
        if (
            kernel.ledger
            and (kernel.ledger.working or kernel.ledger.callbacks)
            and now - watched.computed_at >= RECONCILE_SECONDS
        ):
            await self._world.kernels.ask(kernel.id)

    async def _record(self, kernel: Kernel, watched: _Watched, verdict: Verdict) -> None:
        watched.status = KernelStatus(
            kernel_id=kernel.id,
            name=kernel.name,
            path=kernel.path,
            state=verdict.state,
            idle_seconds=verdict.idle_seconds,
            stops_in_seconds=verdict.stops_in_seconds,
            why=verdict.why,
            evidence=tuple(each.evidence for each in watched.findings),
        )
        if verdict.action in (Action.WARN, Action.CANCEL):
            await self._decide(verdict.action.value, watched.status, verdict.why)

    async def _cull(self, kernel: Kernel, now: float) -> None:
        """Look once more at what has arrived meanwhile, stop the kernel, and check that it is gone."""
        watched = self._watched[kernel.id]
        status = watched.status
        assert status is not None  # noqa: S101 (recorded in this very sweep)
        if kernel.ledger and kernel.ledger.worked_at > now:
            watched.memory = Memory(worked_at=kernel.ledger.worked_at)
            await self._decide("cancelled", status, "kept because it was used at the very last moment")
            return
        try:
            gone = await self._world.kernels.stop(kernel.id)
            problem = "" if gone else "the server still lists it"
        except Exception as error:  # noqa: BLE001 (whatever a kernel's own launcher raises, the others go on)
            problem = f"{type(error).__name__}: {error}"
        if problem:
            self._world.problems.error("The idle kernel %s could not be stopped: %s", kernel.id, problem)
            watched.memory = Memory(worked_at=now)
            why = f"kept because it could not be stopped ({problem}); the idle time starts again"
            watched.status = msgspec.structs.replace(status, state=State.UNKNOWN, stops_in_seconds=None, why=why)
            await self._decide("failed", watched.status, why, announce=False)
            return
        watched.status = msgspec.structs.replace(status, state=State.CULLED, stops_in_seconds=None)
        await self._decide("culled", watched.status, status.why)

    def _status_of(self, kernel_id: str | None) -> KernelStatus:
        watched = self._watched.get(kernel_id or "")
        if watched is not None and watched.status is not None:
            return watched.status
        return KernelStatus(
            kernel_id=kernel_id or "",
            name="",
            path="",
            state=State.KEPT,
            idle_seconds=0.0,
            stops_in_seconds=None,
            why="",
        )

    async def _decide(self, action: str, status: KernelStatus, why: str, *, announce: bool = True) -> None:
        """Write the decision down, then tell everybody."""
        decision = Decision(
            at=self._world.utc(), kernel_id=status.kernel_id, action=action, why=why, evidence=status.evidence
        )
        await asyncio.to_thread(self._world.log.write, decision)
        if announce:
            data = {
                "kernel_id": status.kernel_id,
                "name": status.name,
                "path": status.path,
                "stops_in_seconds": status.stops_in_seconds,
                "why": why,
            }
            self._world.announce(action, data)

    async def _publish(self, now: float, holds: tuple[str, ...], beat_at: float | None) -> IdleStatus:
        kernels = tuple(each.status for each in self._watched.values() if each.status is not None)
        person = evidence.of_person(beat_at, self._policy, now)
        keeps = (*self._keeps.of(None, now), *holds)
        status = summary.of(kernels, person.evidence, keeps, self._policy, self._world.utc())
        await asyncio.to_thread(self._world.store.publish, os.getpid(), status, self._world.utc())
        return status


def _clause(sentence: str) -> str:
    """``The run is executing.`` as it reads after "kept because"."""
    return sentence[:1].lower() + sentence[1:].removesuffix(".")
