"""The process table: one pass over ``/proc``, or psutil on systems that have none.

What a process is (its command line, its environment, its user) is read once in its life and again after it has become
another program. None of it is kept but the name of the program and what tells to whom it belongs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from jupyter_mlplatform.idle.cpu import Key, Process, Scan
from jupyter_mlplatform.idle.local import clock
from jupyter_mlplatform.idle.local.baseline import BaselineFile
from jupyter_mlplatform.idle.local.quiet import Counters, Quiet
from jupyter_mlplatform.idle.ports import Processes
from jupyter_mlplatform.idle.programs import Program, recognise
from jupyter_mlplatform.policy import IdlePolicy

KERNEL_VARIABLE = "JPY_PARENT_PID"
SESSION_VARIABLE = "JPY_SESSION_NAME"
TERMINAL_VARIABLE = "PYXTERM_DIMENSIONS"
"""terminado sets it in every terminal that it opens."""
SERVER_VARIABLE = "JUPYTER_SERVER_URL"
PROC = Path("/proc")
DEVICES = Path("/dev")
RETITLED = b"ray::"
"""Ray tells by the title what a worker executes; Linux cuts it, so that the command line must be read every time."""
KERNEL_THREAD = 0x00200000
"""Linux's mark of its own threads (PF_KTHREAD). Their parent is pid 2, but in a container that may be the server."""
PSEUDO_TERMINALS = range(136, 144)
"""The major numbers of the devices under ``/dev/pts`` (Documentation/admin-guide/devices.txt of Linux)."""
ROW_TURNS = 8
UNACCOUNTED = 0.01
"""The fraction of a core that may have been used by nobody knows whom: half of what makes a process work."""
IO_TURNS = 8
"""An unchanged row does not prove that nothing was moved (little costs less than a tick of CPU), but nearly."""
LONGEST_ROW = 2048
LONGEST = 65536
"""Bytes of a command line or an environment that are looked at."""


class _About(msgspec.Struct, frozen=True, gc=False):
    """What does not change while a process runs the same program."""

    program: Program
    user: int
    origin: str


NOTHING: Mapping[str, str] = {}


def origin(environment: Mapping[str, str]) -> str:
    """What tells the descendants of a kernel or of a terminal from all others; empty when there is nothing."""
    parent = environment.get(KERNEL_VARIABLE, "")
    if TERMINAL_VARIABLE in environment:
        return f"terminal\n{parent}\n{environment.get(SERVER_VARIABLE, '')}"
    return f"{parent}\n{environment.get(SESSION_VARIABLE, '')}" if parent else ""


_Row = tuple[bytes, Process]
"""A line of the table as it was read, and what it says."""


class _Moved(NamedTuple):
    """What a process had moved when it was last asked, the figure told of it since, and whether it is moving data."""

    started: float
    real: int
    at: float
    told: int
    moving: bool


class ProcScan:
    """Linux: ``/proc/PID/stat`` of every process, ``/proc/PID/io`` when asked for, and its terminals' devices.

    ``heartbeaters`` and ``watchers`` are further names for :func:`~jupyter_mlplatform.idle.programs.recognise`.
    """

    def __init__(
        self,
        root: Path = PROC,
        heartbeaters: Sequence[str] = (),
        watchers: Sequence[str] = (),
        devices: Path = DEVICES,
    ) -> None:
        self._root = str(root)
        self._devices = devices
        self._names = (heartbeaters, watchers)
        self._tick = 1.0 / os.sysconf("SC_CLK_TCK")
        self._rows: dict[int, _Row] = {}
        self._active: set[int] = set()
        self._at = 0.0
        self._own_pid = os.getpid()
        self._about: dict[Key, tuple[bytes, _About]] = {}
        self._mute: frozenset[Key] = frozenset()
        self._moves: dict[int, _Moved] = {}
        self._moves_at = 0.0
        self._turn = 0

    def scan(self, *, fresh: bool = False, io: bool = True, used: float | None = None) -> Scan:
        """See :class:`~jupyter_mlplatform.idle.ports.Processes`. Every pass is fresh; ``io`` false spares a file.

        ``used`` is what all processes but this one have used since the last pass, in CPU seconds. As long as those that
        are read account for it, the others can have used nothing, and most of them keep their row of the last pass.
        """
        at = clock.seconds()
        self._turn += 1
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            rows = self._read(folder, None if fresh else used, at - self._at)
            moved = self._moved(folder, rows, at, fresh=fresh) if io else {}
            if not io:
                self._moves = {}
        finally:
            os.close(folder)
        before, self._rows, self._at = self._rows, rows, at
        self._active = {pid for pid, row in rows.items() if row is not before.get(pid)}
        processes = {pid: process for pid, (_, process) in rows.items()}
        if len(self._about) > 2 * len(rows) + 64:
            living = {process.key for process in processes.values()}
            self._about = {key: about for key, about in self._about.items() if key in living}
            self._mute &= living
        return Scan(at, processes, moved, self.typed(processes), reader=os.getpid())

    def typed(self, processes: Mapping[int, Process]) -> dict[int, float]:
        """When each terminal's input was last read. Linux rounds this to eight seconds, which does not hurt."""
        found = {}
        for tty in {each.tty for each in processes.values() if each.tty > 0}:
            # Bits 8 to 15 are the major number, 31 to 20 and 7 to 0 the minor, see proc_pid_stat(5).
            major, minor = tty >> 8 & 0xFFF, tty & 0xFF | tty >> 12 & 0xFFF00
            if major in PSEUDO_TERMINALS:
                with suppress(OSError):  # it was closed meanwhile, or is not of this container
                    number = minor + 256 * (major - PSEUDO_TERMINALS.start)
                    found[tty] = (self._devices / "pts" / str(number)).stat().st_atime
        return found

    def _read(self, folder: int, used: float | None, elapsed: float) -> dict[int, _Row]:
        pids = [int(name) for name in os.listdir(folder) if name[0] in "0123456789"]
        if used is None or elapsed <= 0 or self._anybody_waits(folder):
            return self._read_these(pids, folder)
        # Those that were active the last time, and the others in turns.
        first = [pid for pid in pids if pid in self._active or pid not in self._rows or self._is_due(pid)]
        found = self._read_these(first, folder)
        left = set(pids) - set(first)
        if used - self._accounted(found) > UNACCOUNTED * elapsed:
            return found | self._read_these(left, folder)
        return found | {pid: self._rows[pid] for pid in left}

    def _is_due(self, pid: int) -> bool:
        """Shells are always: what has a terminal's keyboard is only told by them."""
        return (pid + self._turn) % ROW_TURNS == 0 or self._rows[pid][1].tty > 0

    def _anybody_waits(self, folder: int) -> bool:
        """Whether any process is in an uninterruptible wait: that costs no CPU."""
        _, _, blocked = _quietly("stat", folder).rpartition(b"procs_blocked ")
        return not blocked or int(blocked.split(None, 1)[0]) > 0

    def _accounted(self, rows: Mapping[int, _Row]) -> float:
        found = 0.0
        for pid, row in rows.items():
            known = self._rows.get(pid)
            if row is not known and pid != self._own_pid:
                same = known is not None and known[1].started == row[1].started
                found += row[1].own_seconds - (known[1].own_seconds if known and same else 0.0)
        return found

    def _read_these(self, pids: Iterable[int], folder: int) -> dict[int, _Row]:
        found: dict[int, _Row] = {}
        before = self._rows
        for pid in pids:
            # Written out, because this is done for every process of the machine, every time.
            try:
                file = os.open(f"{pid}/stat", os.O_RDONLY, dir_fd=folder)
            except OSError:  # it ended between the listing and the opening
                continue
            try:
                line = os.read(file, LONGEST_ROW)
            except OSError:  # or the reading
                continue
            finally:
                os.close(file)
            known = before.get(pid)
            if known is not None and known[0] == line:
                found[pid] = known
                continue
            try:
                found[pid] = (line, self._parse(pid, line, folder))
            except (ValueError, IndexError):  # cut short
                continue
        return found

    def _parse(self, pid: int, line: bytes, folder: int) -> Process:
        # The name is in parentheses and may itself hold spaces and parentheses; fields are numbered as in proc(5).
        head, _, tail = line.rpartition(b")")
        fields = tail.split(None, 27)
        title, started, parent = head.partition(b"(")[2], float(fields[19]), int(fields[1])
        # A new program has a new name or, since its place in memory is drawn by chance, a new start of the stack.
        about = self._describe((pid, started), title, title + (fields[25] if len(fields) > 25 else b""), folder)
        program = about.program
        hosted = program.host == parent
        return Process(
            pid=pid,
            started=started,
            parent=parent,
            session=int(fields[3]),
            name=program.name,
            own_seconds=(int(fields[11]) + int(fields[12])) * self._tick,
            children_seconds=(int(fields[13]) + int(fields[14])) * self._tick,
            origin=about.origin,
            zombie=fields[0] in (b"Z", b"X"),
            group=int(fields[2]),
            foreground=max(0, int(fields[5])),
            tty=int(fields[4]),
            blocked=fields[0] == b"D",
            user=about.user,
            role=program.role if hosted or not program.host else _ORDINARY,
            apart=program.apart,
            host=parent if hosted and program.host else 0,
            aside=program.aside or bool(int(fields[6]) & KERNEL_THREAD),
        )

    def _describe(self, key: Key, title: bytes, version: bytes, folder: int) -> _About:
        known = self._about.get(key)
        if known is not None and known[0] == version and not title.startswith(RETITLED):
            return known[1]
        pid = key[0]
        environment = _environment(_quietly(f"{pid}/environ", folder))
        arguments = [each.decode(errors="replace") for each in _quietly(f"{pid}/cmdline", folder).split(b"\0") if each]
        program = recognise(title.decode(errors="replace"), arguments, environment, *self._names)
        about = _About(program, _real_user(_quietly(f"{pid}/status", folder)), origin(environment))
        self._about[key] = (version, about)
        return about

    def _moved(self, folder: int, rows: Mapping[int, _Row], at: float, *, fresh: bool) -> dict[int, int]:
        """What may not be read of a process is not asked for again: that will not change.

        A process that has done nothing since it was last asked is asked in one pass of ``IO_TURNS`` only. What it moved
        since then is spread evenly over that time, so that the difference to the last pass tells the rate.
        """
        found, mute = {}, set()
        before, since, known_mute = self._moves, self._moves_at, self._mute
        self._moves, self._moves_at = {}, at
        for pid, row in rows.items():
            process, known = row[1], before.get(pid)
            if process.aside or process.zombie or (known_mute and process.key in known_mute):
                continue
            if known is not None and known.started != process.started:
                known = None
            changed = known is None or known.moving or row is not self._rows.get(pid)
            if known is None or fresh or changed or (pid + self._turn) % IO_TURNS == 0:
                try:
                    real = _storage(_bytes(f"{pid}/io", folder))
                except PermissionError:
                    mute.add(process.key)
                    continue
                except (OSError, ValueError, IndexError):  # it has ended, or this system does not count
                    continue
                told = real
                if known is not None and at > known.at:
                    told = known.told + round((real - known.real) * (at - since) / (at - known.at))
                known = _Moved(process.started, real, at, told, moving=real != (known.real if known is not None else 0))
            self._moves[pid] = known
            found[pid] = known.told
        self._mute |= mute
        return found


_ORDINARY = Program(name="").role


def _bytes(path: str, folder: int) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.read(file, LONGEST)
    finally:
        os.close(file)


def _quietly(path: str, folder: int) -> bytes:
    try:
        return _bytes(path, folder)
    except OSError:  # another person's process, or it has ended
        return b""


def _environment(content: bytes) -> dict[str, str]:
    pairs = (entry.decode(errors="replace").partition("=") for entry in content.split(b"\0"))
    return {name: value for name, _, value in pairs}


def _real_user(status: bytes) -> int:
    _, found, rest = status.partition(b"\nUid:")
    return int(rest.split(None, 1)[0]) if found else -1


def _storage(content: bytes) -> int:
    """Bytes that went to and came from storage. What was read from caches, pipes and terminals is not work by itself.

    Measured: a terminal that prints a megabyte a second adds that to ``wchar`` and nothing to ``write_bytes``.
    """
    lines = dict(each.split(b": ", 1) for each in content.splitlines())
    return int(lines[b"read_bytes"]) + int(lines[b"write_bytes"])


class PsutilScan:
    """Systems without ``/proc``. A terminal's keyboard, the job in its foreground and storage are not known there.

    (psutil finds the terminals of a process in a list that it makes once, without those that are opened later.)
    """

    def __init__(self, heartbeaters: Sequence[str] = (), watchers: Sequence[str] = ()) -> None:
        import psutil  # type: ignore[import-untyped]

        self._psutil = psutil
        self._names = (heartbeaters, watchers)
        self._about: dict[Key, tuple[str, _About]] = {}

    def scan(self, *, fresh: bool = False, io: bool = True, used: float | None = None) -> Scan:
        """See :class:`~jupyter_mlplatform.idle.ports.Processes`. Every pass is fresh."""
        at = clock.seconds()
        found = {process.pid: process for process in self._processes()}
        living = {process.key for process in found.values()}
        self._about = {key: about for key, about in self._about.items() if key in living}
        return Scan(at, found, reader=os.getpid())

    def typed(self, processes: Mapping[int, Process]) -> dict[int, float]:
        """Not known here."""
        return {}

    def _processes(self) -> Iterator[Process]:
        psutil = self._psutil
        for each in psutil.process_iter():
            with suppress(psutil.Error, OSError), each.oneshot():
                yield self._row(each)

    def _row(self, each: Any) -> Process:
        cpu, started, title, parent = each.cpu_times(), each.create_time(), each.name(), each.ppid()
        key = (each.pid, started)
        known = self._about.get(key)
        if known is None or known[0] != title:
            known = self._about[key] = (title, self._describe(each, title))
        about, program, status = known[1], known[1].program, each.status()
        hosted = program.host == parent
        return Process(
            pid=each.pid,
            started=started,
            parent=parent,
            session=os.getsid(each.pid),
            name=program.name,
            own_seconds=cpu.user + cpu.system,
            children_seconds=getattr(cpu, "children_user", 0.0) + getattr(cpu, "children_system", 0.0),
            origin=about.origin,
            zombie=status == self._psutil.STATUS_ZOMBIE,
            group=os.getpgid(each.pid),
            blocked=status == self._psutil.STATUS_DISK_SLEEP,
            user=about.user,
            role=program.role if hosted or not program.host else _ORDINARY,
            apart=program.apart,
            host=parent if hosted and program.host else 0,
            aside=program.aside,
        )

    def _describe(self, each: Any, title: str) -> _About:
        environment, arguments = self._asked(each.environ, NOTHING), self._asked(each.cmdline, [])
        user = self._asked(lambda: each.uids().real, -1)
        return _About(recognise(title, arguments, environment, *self._names), user, origin(environment))

    def _asked(self, question: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return question()
        except (self._psutil.Error, OSError):  # another person's process, or it has ended
            return otherwise


def process_table(policy: IdlePolicy | None = None, baseline: BaselineFile | None = None) -> Processes:
    """The adapter for this system. ``baseline``: where to remember what was there before this software."""
    policy = policy or IdlePolicy()
    names = (policy.heartbeaters, policy.watchers)
    if not (PROC / "self" / "stat").exists():
        return Quiet(PsutilScan(*names), None, policy, baseline)
    return Quiet(ProcScan(PROC, *names), Counters(PROC), policy, baseline)
