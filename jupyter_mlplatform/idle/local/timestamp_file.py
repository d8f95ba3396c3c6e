"""The file in which other editors on SageMaker tell when a person last used them.

SageMaker's code editor and a remote editor write an instant in UTC (ISO 8601, as in ``2026-11-21T00:06:03.706954Z``)
into it, and jupyter-activity-monitor-extension 0.3.2 reads it from there. Its clock is a wall clock, which may jump: so
what counts is that the value has changed since the last look, and its age only at the very first.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timezone
from pathlib import Path

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.ports import EVERYTHING, View
from jupyter_mlplatform.idle.presence import doubtful, seen

PATH = Path("/tmp/.sagemaker-last-active-timestamp")  # noqa: S108 (SageMaker's own choice)
MOST_BYTES = 256
WHERE = "in another editor"


class TimestampFile:
    """See :class:`~jupyter_mlplatform.idle.ports.Source`.

    ``started_at`` is when this server started (monotonic): an older value is of a session before it. ``own`` is what
    this program itself wrote there, as text, in any server of this workspace: that is nobody.
    """

    name = "other editors"
    scope = EVERYTHING

    def __init__(
        self,
        started_at: float,
        log: logging.Logger,
        own: Callable[[], Collection[str]] = tuple,
        path: Path = PATH,
    ) -> None:
        self._started_at = started_at
        self._log = log
        self._own = own
        self._path = path
        self._version: tuple[int, ...] | None = None
        self._value: str | None = None
        self._looked = False
        self._seen_at: float | None = None
        self._complained = False

    def look(self, view: View) -> Mapping[str, Finding]:
        """Whether somebody was seen since the last look; nothing while there is no such file."""
        try:
            version, value = self._read()
        except FileNotFoundError:
            self._looked, self._version, self._value = True, None, None
            return {} if self._seen_at is None else {EVERYTHING: seen(WHERE, self._seen_at, view.policy, view.now)}
        except OSError as error:
            return {EVERYTHING: self._doubt(str(error.strerror or type(error).__name__), None, view)}
        instant = _instant(value)
        if instant is None:
            return {EVERYTHING: self._doubt("its content is no instant", version, view)}
        self._complained = False
        if value != self._value and value not in self._own():
            self._note(instant, view)
        self._looked, self._version, self._value = True, version, value
        return {EVERYTHING: seen(WHERE, self._seen_at, view.policy, view.now)}

    def close(self) -> None:
        """See the port: nothing to undo."""

    def _note(self, instant: datetime, view: View) -> None:
        if self._looked:
            self._seen_at = view.now
            return
        at = view.now - max(0.0, (view.utc - instant).total_seconds())
        if at >= self._started_at:
            self._seen_at = at

    def _doubt(self, problem: str, version: tuple[int, ...] | None, view: View) -> Finding:
        """A file that has just changed may be half written; one that stays as it is, is nobody's sign of life."""
        if not self._complained:
            self._log.warning("%s tells nothing of other editors: %s", self._path, problem)
        self._complained = True
        changed = not self._looked or version != self._version
        self._looked, self._version = True, version
        if changed:
            return doubtful(f"the time at which somebody used another editor cannot be read ({problem})")
        return seen(WHERE, self._seen_at, view.policy, view.now)

    def _read(self) -> tuple[tuple[int, ...], str]:
        """Anybody may put anything there: a pipe must not hang the look, nor a huge file fill the memory."""
        descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            status = os.fstat(descriptor)
            content = os.read(descriptor, MOST_BYTES + 1) if stat.S_ISREG(status.st_mode) else b""
        finally:
            os.close(descriptor)
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        return version, content.decode("ascii", errors="replace").strip() if len(content) <= MOST_BYTES else ""


def _instant(value: str) -> datetime | None:
    if not value[:4].isdigit() or value[-1:] not in ("Z", "z"):
        return None
    for form in ("%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S"):
        try:
            return datetime.strptime(value[:-1], form).replace(tzinfo=timezone.utc)
        except (ValueError, OverflowError):
            continue
    return None
