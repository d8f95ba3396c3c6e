"""One fresh sample of everything that is judged: what runs, what it does, who is there and what holds it awake."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.idle.cpu import Measured, Meter
from jupyter_mlplatform.idle.findings import Sample
from jupyter_mlplatform.idle.models import kernel, terminal
from jupyter_mlplatform.idle.ports import Holds, Kernels, Processes, Source, Store, Terminal, Terminals, View
from jupyter_mlplatform.idle.sources import Sources
from jupyter_mlplatform.idle.verdict import clause
from jupyter_mlplatform.policy import IdlePolicy


class Survey:
    """Takes samples. ``started_at`` is when this server started, on the clock of the samples."""

    def __init__(
        self,
        kernels: Kernels,
        terminals: Terminals,
        processes: Processes,
        sources: Sequence[Source],
        store: Store,
        holds: Holds,
        policy: IdlePolicy,
        utc: Callable[[], datetime],
        clock: Callable[[], float],
        problems: logging.Logger,
        started_at: float,
    ) -> None:
        self._kernels = kernels
        self._terminals = terminals
        self._processes = processes
        self._sources = Sources(sources, problems)
        self._store = store
        self._holds = holds
        self._policy = policy
        self._utc = utc
        self._clock = clock
        self._problems = problems
        self._started_at = started_at
        self._meter = Meter()
        self._last: Measured | None = None
        self._failing: set[str] = set()

    async def take(self, now: float, *, fresh: bool) -> Sample:
        """Look at everything; ``fresh`` demands a full pass over the process table even on a quiet machine."""
        kernels, terminals = await self._kernels.list(), await self._list_terminals()
        roots = {kernel(each.id): each.pid for each in kernels if each.local and each.pid is not None}
        roots |= {terminal(each.name): each.pid for each in terminals}
        last = self._last
        # What is new is not known before two passes have been made, which nobody is to wait for on a quiet machine.
        fresh = fresh or last is None or not last.elapsed or not roots.keys() <= last.uses.keys()
        measured = self._last = await asyncio.to_thread(self._measure, roots, fresh)
        owners = {} if measured is None else measured.owners
        view = View(now=now, utc=self._utc(), owners=owners, policy=self._policy)
        looked = await self._sources.look(view)
        beat_at, holds = await asyncio.to_thread(lambda: (self._last_beat(now), self._ask_holds()))
        return Sample(
            now=now,
            kernels=kernels,
            terminals=terminals,
            measured=measured,
            beat_at=beat_at,
            looked=looked,
            holds=holds,
        )

    async def beat(self, now: float) -> float | None:
        """The last beat since this server started; an older one is of another day, a later one of another boot."""
        return await asyncio.to_thread(self._last_beat, now)

    async def holds(self) -> tuple[str, ...]:
        """What else keeps everything; that it cannot be known keeps it, too."""
        return await asyncio.to_thread(self._ask_holds)

    def close(self) -> None:
        """Ask no source any more."""
        self._sources.close()

    async def _list_terminals(self) -> tuple[Terminal, ...]:
        return await self._terminals.list()

    def _measure(self, roots: dict[str, int], fresh: bool) -> Measured | None:
        try:
            found = self._meter.measure(self._processes.scan(fresh=fresh), roots)
        except OSError as error:
            self._complain("processes", f"The process table cannot be read, so nothing is stopped: {error}")
            return None
        self._failing.discard("processes")
        return found

    def _last_beat(self, now: float) -> float | None:
        try:
            beat_at = self._store.last_beat()
        except PlatformError as error:
            self._complain("person", f"It cannot be seen whether somebody is there: {error.problem.message}")
            return now  # nobody can say that there is nobody
        self._failing.discard("person")
        # One that came while everything else was looked at is as good as now.
        return min(beat_at, now) if beat_at is not None and self._started_at <= beat_at <= self._clock() else None

    def _ask_holds(self) -> tuple[str, ...]:
        try:
            held = self._holds()
        except PlatformError as error:
            problem = f"{error.problem.message} {error.problem.cause}".strip()
            self._complain("holds", f"It cannot be seen whether a hand-off run holds the workspace: {problem}")
            return (f"it cannot be seen whether a run is executing ({problem})",)
        self._failing.discard("holds")
        return tuple(clause(each) for each in held)

    def _complain(self, about: str, text: str) -> None:
        if about not in self._failing:
            self._failing.add(about)
            self._problems.warning("%s", text)
