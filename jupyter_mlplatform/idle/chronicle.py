"""Writes down every decision, tells everybody of those that concern them, and keeps the history of the samples."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

import msgspec

from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.idle.models import Decision, IdleStatus, SubjectStatus
from jupyter_mlplatform.idle.ports import Announce, DecisionLog, History


class Chronicle(msgspec.Struct, frozen=True):
    """``decided`` gets every decision as well (the metrics do). What cannot be written is complained of once."""

    log: DecisionLog
    history: History
    announce: Announce
    decided: Callable[[Decision], None]
    utc: Callable[[], datetime]
    problems: logging.Logger
    complained: set[str] = msgspec.field(default_factory=set)

    async def tell(
        self, action: str, status: SubjectStatus, why: str, *, quiet: bool = False, request: str = ""
    ) -> None:
        """Something was done: write it down and, unless ``quiet``, tell every client."""
        await self._write(action, status, why)
        if not quiet:
            data = {
                "subject": status.subject,
                "kind": status.kind.value,
                "name": status.name,
                "path": status.path,
                "stops_in_seconds": status.stops_in_seconds,
                "why": why,
                "request": "",
            }
            self.announce(action, data)

    async def note(self, status: SubjectStatus) -> None:
        """A subject's state changed without anything having been done."""
        await self._write(status.state.value, status, status.why)

    async def sample(self, status: IdleStatus) -> None:
        """Take a sample into the history."""
        try:
            await asyncio.to_thread(self.history.note, status, self.utc())
        except (OSError, PlatformError) as error:
            self.complain("The history of this workspace cannot be written", error)
        else:
            self.recovered("The history of this workspace cannot be written")

    def complain(self, what: str, error: Exception) -> None:
        """Once for each ``what``: what fails every few seconds must not flood the log."""
        if what not in self.complained:
            self.complained.add(what)
            self.problems.warning("%s: %s", what, error)

    def recovered(self, what: str) -> None:
        """It works again: should it fail once more, that is news."""
        self.complained.discard(what)

    async def _write(self, action: str, status: SubjectStatus, why: str) -> None:
        decision = Decision(
            at=self.utc(),
            subject=status.subject,
            action=action,
            why=why,
            name=status.name,
            path=status.path,
            idle_seconds=status.idle_seconds,
            timeout_seconds=status.timeout_seconds,
            evidence=status.evidence,
        )
        try:
            await asyncio.to_thread(self.log.write, decision)
        except OSError as error:
            self.complain("The idle decisions cannot be written", error)
        else:
            self.recovered("The idle decisions cannot be written")
        self.decided(decision)
