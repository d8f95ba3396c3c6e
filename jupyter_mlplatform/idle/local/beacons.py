"""Tells SageMaker's own idle shutdown when this workspace was last active, through its route or through its file.

What is told when is decided by the keeper, see docs/decisions/0008-what-the-native-idle-check-is-told.md.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

TIMESTAMP_FILE = Path("/tmp/.sagemaker-last-active-timestamp")  # noqa: S108 (SageMaker's own place)
MEMORY_FILE = "idle-told.txt"
LONGEST_VALUE = 64
USUAL_MODE = 0o644
VALUES_KEPT = 32
"""A server that stays tells a new one four times a minute at most."""

_FORM = "%Y-%m-%dT%H:%M:%S.%fz"


def stamp(instant: datetime) -> str:
    """An instant in the form of SageMaker's own activity monitor: ``2026-11-21T00:06:03.706954z``, with a small z."""
    return instant.astimezone(timezone.utc).strftime(_FORM)


def instant(text: str) -> datetime | None:
    """What :func:`stamp` wrote, with either letter at its end (strptime takes both); None for anything else."""
    try:
        return datetime.strptime(text.strip(), _FORM).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


class Route:
    """For ``/api/idle`` of our own. In memory only: telling it never waits for a disk.

    ``clock`` is monotonic. A value older than ``fresh_seconds`` is one of a keeper that does not work any more: then
    nothing is known, and the present is told.
    """

    def __init__(self, utc: Callable[[], datetime], clock: Callable[[], float], fresh_seconds: float) -> None:
        self._utc = utc
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._told: tuple[datetime, float] | None = None

    def tell(self, last_active: datetime) -> None:
        """See ``ports.Beacon``."""
        self._told = (last_active, self._clock())

    def last_active(self) -> datetime:
        """What to answer now. Never in the future, should the wall clock have been set back."""
        now = self._utc()
        if self._told is None or self._clock() - self._told[1] > self._fresh_seconds:
            return now
        return min(self._told[0], now)


class TimestampFile:
    """For SageMaker's activity monitor, which reads ``path``. Other editors write there, too: their later time is kept.

    ``folder`` is this workspace's own; what was written is remembered in it, so that neither another server of this
    workspace nor a later one takes it for a person's activity. Writes to disks: not to be called on the event loop.
    """

    def __init__(self, folder: Path, utc: Callable[[], datetime], path: Path = TIMESTAMP_FILE) -> None:
        self._path = path
        self._utc = utc
        self._memory = folder / MEMORY_FILE
        self._own: tuple[str, ...] = ()

    def tell(self, last_active: datetime) -> None:
        """See ``ports.Beacon``. Readers see the old or the new time, never half of one."""
        text = stamp(min(last_active, self._utc()))
        found = self._read()
        theirs = instant(found) if found is not None and found not in self.own() else None
        if theirs is not None and stamp(theirs) > text and theirs <= self._utc():
            return
        if found == text:
            return
        self._remember(text)
        _replace(self._path, text, _mode(self._path))

    def own(self) -> frozenset[str]:
        """The values that were written last, also by other and earlier servers of this workspace. Read anew."""
        found = self._own
        with suppress(OSError), self._memory.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            found += _values(file.read(VALUES_KEPT * LONGEST_VALUE))
        return frozenset(found)

    def _remember(self, text: str) -> None:
        """Before it is written: a crash in between must not make our own time look like a person's.

        Where the home folder is full only this server knows it: another one may take it for a person's, and wait.
        """
        self._own = (*self._own, text)[-VALUES_KEPT:]
        with suppress(OSError):
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._memory, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, USUAL_MODE)
            with os.fdopen(handle, "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                known = _values(file.read(VALUES_KEPT * LONGEST_VALUE))
                content = "".join(f"{each}\n" for each in (*known, text)[-VALUES_KEPT:]).encode("ascii")
                file.seek(0)
                file.write(content)  # over what is there: on a full disk it is still possible
                file.truncate(len(content))

    def _read(self) -> str | None:
        """The value in the file; None where there is none, or where it is not a file of its own."""
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            return file.read(LONGEST_VALUE).decode("ascii", "replace").strip()


def _values(content: bytes) -> tuple[str, ...]:
    """The whole lines that hold an instant; a half-written one is none."""
    lines = content.decode("ascii", "replace").split("\n")
    return tuple(line for line in lines if instant(line) is not None)


def _mode(path: Path) -> int:
    """The rights of the file that is replaced: another account's editor may have to write it."""
    try:
        found = path.lstat().st_mode
    except OSError:
        return USUAL_MODE
    return stat.S_IMODE(found) if stat.S_ISREG(found) else USUAL_MODE


def _replace(path: Path, text: str, mode: int) -> None:
    """The folder may be open to everybody: the new file has a name nobody can guess, and a link at ``path`` is
    replaced, not followed. Raises ``OSError``.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(text.encode("ascii"))
        os.replace(name, path)  # noqa: PTH105 (both are names in one folder)
    except OSError:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise
