"""What a process has used, and how long an event loop was held: read from the system, never estimated."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from pathlib import Path
from typing import Any

TICK_SECONDS = 0.001
_HERTZ = float(os.sysconf("SC_CLK_TCK"))


def cpu_seconds() -> float:
    """Of this process with all its threads, and of the children that it has waited for; user and system."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def cpu_seconds_of(pid: int) -> float:
    """Of another process with all its threads, to a nanosecond where the scheduler keeps such a count."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except (OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _HERTZ


def private_mib(pid: int | str = "self") -> float:
    """Memory that would be free again without this process, in MiB."""
    found = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean:", "Private_Dirty:")):
            found += int(line.split()[1])
    return found / 1024


def quantile(values: list[float], q: float) -> float:
    """0.0 for no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else 0.0


class Ticker:
    """A timer of one millisecond inside an event loop, which notes how late it is each time.

    ``late`` also holds what other programs did to this one; ``held`` is the CPU time that the loop's own thread used
    between two ticks, which a busy machine cannot falsify. Seconds both.
    """

    def __init__(self) -> None:
        self.late: list[float] = []
        self.held: list[float] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Needs a running loop."""
        self.late, self.held = [], []
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> dict[str, Any]:
        """What was seen since the start, in milliseconds; nothing where it was not started."""
        if self._task is None:
            return {}
        self._task.cancel()
        self._task = None
        return {
            "late_p50_ms": 1e3 * quantile(self.late, 0.5),
            "late_p99_ms": 1e3 * quantile(self.late, 0.99),
            "late_max_ms": 1e3 * max(self.late, default=0.0),
            "held_p99_ms": 1e3 * quantile(self.held, 0.99),
            "held_max_ms": 1e3 * max(self.held, default=0.0),
        }

    async def _run(self) -> None:
        due, used = time.perf_counter() + TICK_SECONDS, time.thread_time()
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            now, now_used = time.perf_counter(), time.thread_time()
            self.late.append(max(0.0, now - due))
            self.held.append(now_used - used)
            due, used = now + TICK_SECONDS, time.thread_time()
