"""SIGTERM to processes, and only to those that were meant: ids are used again, a pair of id and start time is not."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
WATCHDOG = b"jupyter_mlplatform.idle.watchdog"
Key = tuple[int, float]


class Processes:
    """The adapter of ``departure.Terminate``. Where there is no ``/proc``, nothing is ended."""

    def __init__(self, root: Path = PROC) -> None:
        self._root = root

    def identify(self, pids: tuple[int, ...]) -> tuple[Key, ...]:
        """Processes of this account that are neither this server, nor one of its ancestors, nor its watchdog."""
        spared = self._ancestors()
        meant = (pid for pid in pids if pid > 1 and pid not in spared and self._is_ours(pid))
        found = ((pid, self._started(pid)) for pid in meant if not self._is_watchdog(pid))
        return tuple((pid, started) for pid, started in found if started is not None)

    def ask(self, processes: tuple[Key, ...]) -> None:
        """A handle on the process makes sure that the one looked at is the one that is signalled."""
        for pid, started in processes:
            with suppress(ProcessLookupError, PermissionError):
                self._signal(pid, started)

    def _signal(self, pid: int, started: float) -> None:
        if not hasattr(os, "pidfd_open"):  # nothing but Linux has it
            if self._started(pid) == started:
                os.kill(pid, signal.SIGTERM)
            return
        handle = os.pidfd_open(pid)
        try:
            if self._started(pid) == started:
                signal.pidfd_send_signal(handle, signal.SIGTERM)
        finally:
            os.close(handle)

    def _ancestors(self) -> frozenset[int]:
        found, pid = set[int](), os.getpid()
        while pid > 0 and pid not in found:
            found.add(pid)
            fields = self._fields(pid)
            pid = int(fields[1]) if fields else 0
        return frozenset(found)

    def _is_ours(self, pid: int) -> bool:
        try:
            return (self._root / str(pid)).stat().st_uid == os.geteuid()
        except OSError:  # it has ended
            return False

    def _is_watchdog(self, pid: int) -> bool:
        try:
            return WATCHDOG in (self._root / str(pid) / "cmdline").read_bytes()
        except OSError:
            return False

    def _started(self, pid: int) -> float | None:
        fields = self._fields(pid)
        return float(fields[19]) if fields and fields[0] != b"Z" else None

    def _fields(self, pid: int) -> list[bytes]:
        """From the third on, as proc(5) numbers them: state, parent, ..."""
        try:
            return (self._root / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return []
