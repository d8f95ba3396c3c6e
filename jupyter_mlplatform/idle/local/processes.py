"""The process table: one pass over ``/proc``, or psutil on systems that have none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from jupyter_mlplatform.idle.cpu import Key, Process, Scan
from jupyter_mlplatform.idle.local import clock
from jupyter_mlplatform.idle.ports import Processes

KERNEL_VARIABLE = "JPY_PARENT_PID"
SESSION_VARIABLE = "JPY_SESSION_NAME"
PROC = Path("/proc")


class _Origins:
    """The environment of each process, read once in its life: it never changes after the start."""

    def __init__(self, environment: Callable[[int], Mapping[str, str]]) -> None:
        self._environment = environment
        self._known: dict[Key, str] = {}

    def of(self, pid: int, started: float) -> str:
        """What tells a kernel's descendants from all others; empty when there is nothing or it may not be read."""
        key = (pid, started)
        if key not in self._known:
            found = self._environment(pid)
            parent = found.get(KERNEL_VARIABLE, "")
            self._known[key] = f"{parent}\n{found.get(SESSION_VARIABLE, '')}" if parent else ""
        return self._known[key]

    def forget_all_but(self, living: set[Key]) -> None:
        """Drop processes that have ended."""
        self._known = {key: origin for key, origin in self._known.items() if key in living}


class ProcScan:
    """Linux: ``/proc/PID/stat`` of every process."""

    def __init__(self, root: Path = PROC) -> None:
        self._root = root
        self._ticks = float(os.sysconf("SC_CLK_TCK"))
        self._origins = _Origins(self._environment)

    def scan(self) -> Scan:
        """See :class:`~jupyter_mlplatform.idle.ports.Processes`."""
        at = clock.seconds()
        found = {process.pid: process for process in self._processes()}
        self._origins.forget_all_but({process.key for process in found.values()})
        return Scan(at, found)

    def _processes(self) -> Iterator[Process]:
        for folder in self._root.iterdir():
            if folder.name.isdigit():
                with suppress(OSError):  # it ended between the listing and the reading
                    yield self._parse(int(folder.name), (folder / "stat").read_bytes())

    def _parse(self, pid: int, line: bytes) -> Process:
        # The name is in parentheses and may itself hold spaces and parentheses; fields are numbered as in proc(5).
        head, _, tail = line.rpartition(b")")
        fields = tail.split()
        started = float(fields[19])
        return Process(
            pid=pid,
            started=started,
            parent=int(fields[1]),
            session=int(fields[3]),
            name=head.partition(b"(")[2].decode(errors="replace"),
            own_seconds=(int(fields[11]) + int(fields[12])) / self._ticks,
            children_seconds=(int(fields[13]) + int(fields[14])) / self._ticks,
            origin=self._origins.of(pid, started),
            zombie=fields[0] == b"Z",
        )

    def _environment(self, pid: int) -> dict[str, str]:
        try:
            content = (self._root / str(pid) / "environ").read_bytes()
        except OSError:  # another person's process, or it has ended
            return {}
        pairs = (entry.decode(errors="replace").partition("=") for entry in content.split(b"\0"))
        return {name: value for name, _, value in pairs}


class PsutilScan:
    """Systems without ``/proc``."""

    def __init__(self) -> None:
        import psutil  # type: ignore[import-untyped]

        self._psutil = psutil
        self._origins = _Origins(self._environment)

    def scan(self) -> Scan:
        """See :class:`~jupyter_mlplatform.idle.ports.Processes`."""
        at = clock.seconds()
        found = {process.pid: process for process in self._processes()}
        self._origins.forget_all_but({process.key for process in found.values()})
        return Scan(at, found)

    def _processes(self) -> Iterator[Process]:
        psutil = self._psutil
        for each in psutil.process_iter():
            with suppress(psutil.Error, OSError), each.oneshot():
                cpu = each.cpu_times()
                started = each.create_time()
                yield Process(
                    pid=each.pid,
                    started=started,
                    parent=each.ppid(),
                    session=os.getsid(each.pid),
                    name=each.name(),
                    own_seconds=cpu.user + cpu.system,
                    children_seconds=getattr(cpu, "children_user", 0.0) + getattr(cpu, "children_system", 0.0),
                    origin=self._origins.of(each.pid, started),
                    zombie=each.status() == psutil.STATUS_ZOMBIE,
                )

    def _environment(self, pid: int) -> Mapping[str, str]:
        try:
            return dict(self._psutil.Process(pid).environ())
        except (self._psutil.Error, OSError):  # another person's process, or it has ended
            return {}


def process_table() -> Processes:
    """The adapter for this system."""
    return ProcScan() if (PROC / "self" / "stat").exists() else PsutilScan()
