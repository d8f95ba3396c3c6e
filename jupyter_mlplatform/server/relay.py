"""Tells the browsers of this server what happened elsewhere.

People share state, not servers: when Bob decides in his server, a row appears in the shared store. Each server reads
the notices that are new for its own person and emits them as events, which every open browser tab receives.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from jupyter_mlplatform.notice import Notice

EVERY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class Source(Protocol):
    """A feature that has notices."""

    def last_seq(self) -> int:
        """Number of the newest notice of anybody, 0 when there is none."""
        ...

    def notices(self, person: str, after: int) -> tuple[Notice, ...]:
        """What ``person`` should be told of everything numbered above ``after``."""
        ...


class Relay:
    """Follows some sources. ``emit`` gets a schema id and the event's data."""

    def __init__(
        self, person: str, sources: dict[str, Source], emit: Callable[[str, dict[str, Any]], None], log: logging.Logger
    ) -> None:
        self._person = person
        self._sources = sources
        self._emit = emit
        self._log = log
        self._seen: dict[str, int] = {}
        self._failing: set[str] = set()

    async def run(self) -> None:
        """Look once a second until cancelled; a source that fails is asked less and less often."""
        pause = EVERY_SECONDS
        while True:
            await self.look()
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS) if self._failing else EVERY_SECONDS
            await asyncio.sleep(pause)

    async def look(self) -> None:
        """Emit what is new. The first look at a source only remembers where it stands."""
        for schema_id, source in self._sources.items():
            try:
                await self._follow(schema_id, source)
            except Exception:  # noqa: BLE001 (a defect in one feature must not silence the others)
                if schema_id not in self._failing:
                    self._log.exception("Cannot read the notices for %s; trying again, less often", schema_id)
                self._failing.add(schema_id)
            else:
                self._failing.discard(schema_id)

    async def _follow(self, schema_id: str, source: Source) -> None:
        newest = await asyncio.to_thread(source.last_seq)
        seen = self._seen.setdefault(schema_id, newest)
        if newest <= seen:
            return
        for notice in await asyncio.to_thread(source.notices, self._person, seen):
            self._emit(schema_id, msgspec.to_builtins(notice))
            newest = max(newest, notice.seq)  # one that came after the question is told now, and not again
        self._seen[schema_id] = newest
