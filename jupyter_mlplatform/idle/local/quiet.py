"""Spares the pass over the process table while the machine as a whole does nothing.

A few counters of the machine tell that no process can have worked: all of them together used less CPU, and moved less
data, than one would have to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from jupyter_mlplatform.idle.local import clock
from jupyter_mlplatform.idle.local.baseline import BaselineFile
from jupyter_mlplatform.idle.process_table import Process, Scan
from jupyter_mlplatform.policy import IdlePolicy

MOST_SPARED = 3
"""A pass is made at least every fourth time, whatever the counters say."""

SECTOR_BYTES = 512
"""The unit of ``/proc/diskstats``, whatever the disk's own is."""

TICKS_PER_SECOND = 100.0
"""The unit of ``/proc/stat`` (USER_HZ), the same on every Linux that Python runs on."""

CGROUPS = Path("/sys/fs/cgroup")


class Reading(msgspec.Struct, frozen=True, gc=False):
    """Of the whole machine or container, since it was started: CPU in seconds, bytes to and from disks and networks."""

    cpu_seconds: float
    moved_bytes: int


class Passes(Protocol):
    """Makes passes over the process table."""

    def scan(self, *, fresh: bool = False, io: bool = True, used: float | None = None) -> Scan:
        """One pass; ``io``: also what each process moved; ``used``: CPU seconds of all but us since the last pass."""
        ...

    def typed(self, processes: Mapping[int, Process]) -> dict[int, float]:
        """When each terminal's input was last read."""
        ...


class Counters:
    """The counters of Linux: of the control group where there is one (version 2, then 1), otherwise of the machine."""

    def __init__(self, proc: Path = Path("/proc"), cgroups: Path = CGROUPS) -> None:
        self._proc = proc
        self._v2 = cgroups / "cpu.stat"
        self._v1 = (cgroups / "cpuacct" / "cpuacct.usage", cgroups / "cpu,cpuacct" / "cpuacct.usage")

    def read(self) -> Reading:
        """Raises ``OSError`` or ``ValueError`` where there is nothing to read."""
        return Reading(self._cpu(), self._disks() + self._networks())

    def _cpu(self) -> float:
        with suppress(OSError):
            for line in self._v2.read_bytes().splitlines():
                if line.startswith(b"usage_usec "):
                    return int(line[11:]) / 1e6
        for path in self._v1:
            with suppress(OSError):
                return int(path.read_bytes()) / 1e9
        # user, nice, system, then idle and iowait, irq, softirq: see proc_stat(5)
        fields = (self._proc / "stat").read_bytes().split(None, 8)
        return sum(int(fields[number]) for number in (1, 2, 3, 6, 7)) / TICKS_PER_SECOND

    def _disks(self) -> int:
        """Partitions are counted as well as their disks: better too much than too little."""
        with suppress(OSError, IndexError):
            lines = (self._proc / "diskstats").read_bytes().splitlines()
            return SECTOR_BYTES * sum(int(each[5]) + int(each[9]) for each in (line.split(None, 10) for line in lines))
        return 0

    def _networks(self) -> int:
        """Network file systems move their data here; what stays on the machine does not count."""
        found = 0
        with suppress(OSError, IndexError):
            for line in (self._proc / "net" / "dev").read_bytes().splitlines()[2:]:
                name, _, numbers = line.partition(b":")
                fields = numbers.split(None, 9)
                if name.strip() != b"lo":
                    found += int(fields[0]) + int(fields[8])
        return found


def stored_by_us() -> int:
    """Bytes; 0 where the system does not tell."""
    try:
        lines = dict(each.split(b": ", 1) for each in Path("/proc/self/io").read_bytes().splitlines())
        return int(lines[b"read_bytes"]) + int(lines[b"write_bytes"])
    except (OSError, ValueError, KeyError):
        return 0


class Quiet:
    """See :class:`~jupyter_mlplatform.idle.ports.Processes`: passes, made only when the counters demand it.

    ``own_seconds`` and ``own_bytes`` are the CPU time of this very process and what it has moved to and from storage,
    which do not count: they are the server's. Without ``counters`` every pass is made.
    """

    def __init__(
        self,
        passes: Passes,
        counters: Counters | None,
        policy: IdlePolicy,
        baseline: BaselineFile | None = None,
        now: Callable[[], float] = clock.seconds,
        own_seconds: Callable[[], float] = time.process_time,
        own_bytes: Callable[[], int] = stored_by_us,
    ) -> None:
        self._passes = passes
        self._counters = counters
        self._policy = policy
        self._baseline = baseline
        self._now = now
        self._own_seconds = own_seconds
        self._own_bytes = own_bytes
        self._last: Scan | None = None
        self._since_pass = 0.0  # CPU seconds of the machine without ours
        self._before: tuple[float, Reading, float, int] | None = None
        self._spared = 0
        self._moving = 0
        self._trusted = True

    def scan(self, *, fresh: bool = False) -> Scan:
        """See the port."""
        fraction = self._fraction()
        last = self._last
        if last is not None and not fresh and fraction is not None and self._spares(fraction, last):
            self._spared += 1
            typed = self._passes.typed(last.processes)
            return msgspec.structs.replace(last, at=self._now(), typed=typed, quiet=fraction)
        used = self._since_pass if fraction is not None and self._trusted else None
        found = self._passes.scan(fresh=fresh, io=fraction is None or self._moving > 0, used=used)
        if self._baseline is not None:
            found = msgspec.structs.replace(found, baseline=self._baseline.of(found))
        if last is not None and fraction is not None:
            self._check(last, found)
        self._last, self._spared, self._since_pass = found, 0, 0.0
        return found

    def _spares(self, fraction: float, last: Scan) -> bool:
        """A process that waits for storage is looked at again: it may wait without moving anything."""
        return (
            fraction < self._policy.busy_cpu_fraction
            and not self._moving
            and self._trusted
            and self._spared < MOST_SPARED
            and not any(each.blocked for each in last.processes.values())
        )

    def _fraction(self) -> float | None:
        """Of one core, used by all but this process since the last time; None when it cannot be told."""
        if self._counters is None:
            return None
        at, own, stored = self._now(), self._own_seconds(), self._own_bytes()
        try:
            reading = self._counters.read()
        except (OSError, ValueError, IndexError):  # then every pass is made
            self._before = None
            return None
        before, self._before = self._before, (at, reading, own, stored)
        if before is None or at <= before[0]:
            return None
        elapsed = at - before[0]
        used = max(0.0, reading.cpu_seconds - before[1].cpu_seconds - (own - before[2]))
        moved = reading.moved_bytes - before[1].moved_bytes - (stored - before[3])
        # What a process has written goes to the disk some time later, so the gate stays open for a while.
        self._moving = MOST_SPARED if moved >= self._policy.io_bytes_per_second * elapsed else max(0, self._moving - 1)
        self._since_pass += used
        return used / elapsed

    def _check(self, last: Scan, found: Scan) -> None:
        """Counters that miss what the processes say they used (a container may see others) are never believed again."""
        used = 0.0
        for pid, process in found.processes.items():
            earlier = last.processes.get(pid, process)
            if earlier is not process and earlier.started == process.started and pid != found.reader:
                used += process.own_seconds - earlier.own_seconds
        # Processes' times are counted in ticks, so that small sums are not exact.
        if used > 2.0 * self._since_pass + 0.25:
            self._trusted = False
