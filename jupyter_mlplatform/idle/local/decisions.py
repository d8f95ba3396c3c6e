"""The decision log: one JSON line a decision, in a file that is set aside when it has grown too long."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from jupyter_mlplatform.idle.models import Decision

MOST_BYTES = 1024 * 1024
FILES = 3
TAIL_BYTES = 64 * 1024


class JsonLines:
    """``idle-decisions.jsonl``, with older files ``.1`` and ``.2``; the adapter of ``ports.DecisionLog``."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._path = folder / "idle-decisions.jsonl"
        self._most_bytes = most_bytes
        self._guard = threading.Lock()

    def write(self, decision: Decision) -> None:
        """One whole line at once, so that two servers on the same file never mix theirs."""
        line = msgspec.json.encode(decision) + b"\n"
        with self._guard:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists() and self._path.stat().st_size + len(line) > self._most_bytes:
                self._rotate()
            with self._path.open("ab", buffering=0) as file:
                file.write(line)

    def last(self, count: int) -> tuple[Decision, ...]:
        """From the newest file; a line that was cut short by a crash is left out."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - TAIL_BYTES))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return ()
        found = []
        for line in reversed(lines):
            try:
                found.append(msgspec.json.decode(line, type=Decision))
            except msgspec.DecodeError:
                continue
            if len(found) == count:
                break
        return tuple(found)

    def _rotate(self) -> None:
        for number in range(FILES - 1, 0, -1):
            older = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number}"))
