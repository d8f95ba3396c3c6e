"""Asks every source at once, each in a thread of its own, and gets by without those that fail or hang.

What is not known counts as UNKNOWN for all that the source could have spoken of: it stops nothing, it is shown, and it
is written to the server's log once until the source answers again. A source that hangs is not asked a second time
before its first answer has come.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import Evidence, Signal
from jupyter_mlplatform.idle.ports import Source, View

DEADLINE_SECONDS = 10.0

Findings = Mapping[str, tuple[Finding, ...]]
"""What all sources say, by subject (``*``: of everything)."""

_Answer = Mapping[str, Finding]


class Sources:
    """All sources of one server. ``problems`` gets one line when a source fails, and one when it is back."""

    def __init__(
        self, sources: Sequence[Source], problems: logging.Logger, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        self._sources = tuple(sources)
        self._problems = problems
        self._deadline = deadline_seconds
        self._threads = ThreadPoolExecutor(max(1, len(self._sources)), thread_name_prefix="idle-source")
        self._running: dict[str, tuple[Future[_Answer], float]] = {}
        self._failing: set[str] = set()

    async def look(self, view: View) -> Findings:
        """Every source's answer, or its UNKNOWN. Takes as long as the slowest, at most the deadline."""
        answers = await asyncio.gather(*(self._ask(each, view) for each in self._sources))
        found: dict[str, list[Finding]] = {}
        for answer in answers:
            for subject, finding in answer.items():
                found.setdefault(subject, []).append(finding)
        return {subject: tuple(findings) for subject, findings in found.items()}

    def close(self) -> None:
        """Wait for nothing: a hanging source must not hold up the end of the server."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for each in self._sources:
            each.close()

    async def _ask(self, source: Source, view: View) -> _Answer:
        future, since = self._running.get(source.name) or (self._threads.submit(source.look, view), view.now)
        self._running[source.name] = (future, since)
        waiting = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({waiting}, timeout=self._deadline if since == view.now else 0.0)
        if done:
            waiting.exception()
        else:
            waiting.cancel()  # the thread goes on: its answer will tell that the source is back
        if not future.done():
            waited = max(self._deadline, view.now - since)
            return self._failed(source, f"has not answered for {spoken(waited)}")
        del self._running[source.name]
        error = future.exception()
        if error is not None:
            return self._failed(source, f"cannot be read ({type(error).__name__}: {error})")
        if since != view.now:
            return self._failed(source, "answered too late")
        if source.name in self._failing:
            self._failing.discard(source.name)
            self._problems.info("The idle source %r answers again.", source.name)
        return future.result()

    def _failed(self, source: Source, how: str) -> _Answer:
        text = f"the source {source.name!r} {how}"
        if source.name not in self._failing:
            self._failing.add(source.name)
            self._problems.warning("Nothing is stopped that depends on it, because %s.", text)
        evidence = Evidence(source=source.name, signal=Signal.UNKNOWN, text=text)
        return {source.scope: Finding(evidence)}
