"""The decision log: one JSON line a decision, in a file that is set aside when it has grown too long."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle import decision_lines
from jupyter_mlplatform.idle.models import Decision

MOST_BYTES = 4 * 1024 * 1024
FILES = 4
TAIL_BYTES = 64 * 1024


class JsonLines:
    """``idle-decisions.jsonl``, with older files ``.1``, ``.2`` and so on; the adapter of ``ports.DecisionLog``.

    Several servers of one person write to the same files. ``most_bytes`` is the size at which a file is set aside, and
    ``files`` how many there are in all.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES, files: int = FILES) -> None:
        self._path = folder / "idle-decisions.jsonl"
        self._most_bytes = most_bytes
        self._files = files
        self._guard = threading.Lock()

    def write(self, decision: Decision) -> None:
        """One whole line at once, so that two servers never mix theirs. Raises ``OSError`` where there is no room."""
        line = decision_lines.encode(decision)
        with self._guard:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._is_full(len(line)):
                self._set_aside(len(line))
            with self._path.open("a+b", buffering=0) as file:
                if _is_cut(file.fileno()):
                    line = b"\n" + line
                if file.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))

    def last(self, count: int) -> tuple[Decision, ...]:
        """The newest, newest first. Raises ``Unavailable`` where the log may not be read."""
        found: list[Decision] = []
        for path in self._paths():
            decisions, _ = decision_lines.decode(_read(path, TAIL_BYTES))
            found += reversed(decisions)
            if len(found) >= count:
                break
        return tuple(found[:count])

    def read(self, since: datetime, action: str = "") -> tuple[Decision, ...]:
        """See the port. Raises ``Unavailable`` where the log may not be read."""
        found: list[Decision] = []
        named = f'"{action}"'.encode() if action else b""
        for path in reversed(self._paths()):
            if _changed_before(path, since):
                continue
            decisions, _ = decision_lines.decode(each for each in _read(path) if named in each)
            found += (each for each in decisions if each.at >= since and action in ("", each.action))
        return tuple(found)

    def _paths(self) -> list[Path]:
        """Newest first."""
        return [self._path, *(self._older(number) for number in range(1, self._files))]

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _is_full(self, more: int) -> bool:
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return False
        return size > 0 and size + more > self._most_bytes

    def _set_aside(self, more: int) -> None:
        with _alone(self._path.with_name(f"{self._path.name}.lock")):
            if not self._is_full(more):
                return  # another server has just done it
            for newer, older in _pairs(self._paths()):
                with suppress(FileNotFoundError):
                    newer.replace(older)


def _pairs(paths: list[Path]) -> Iterator[tuple[Path, Path]]:
    return zip(reversed(paths[:-1]), reversed(paths[1:]), strict=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other process does the same meanwhile, where the file system can tell."""
    with path.open("ab") as file:
        with suppress(OSError):  # not every network file system has locks: a file is then set aside too early, at worst
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_cut(descriptor: int) -> bool:
    """Whether the last line was left without its end, so that the next one must not be glued to it."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _changed_before(path: Path, since: datetime) -> bool:
    try:
        return path.stat().st_mtime < since.timestamp()
    except OSError:
        return False  # reading it says what is wrong


def _read(path: Path, most_bytes: int | None = None) -> list[bytes]:
    """The lines of a file, or of its end; none where there is no such file."""
    try:
        with path.open("rb") as file:
            if most_bytes is not None:
                file.seek(max(0, file.seek(0, os.SEEK_END) - most_bytes))
            return file.read().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unavailable(
            "idle.log_unreadable",
            "The log of the idle decisions cannot be read.",
            cause=f"{path}: {error.strerror}.",
            next_step="Check that the file belongs to you and that its disk is there.",
        ) from error
