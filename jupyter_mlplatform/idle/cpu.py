"""How much each process used between two passes over the process table, and to whom it belongs.

Ended children are counted through the times that their parents inherit from them, less what was already counted while
they lived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from jupyter_mlplatform.idle.ownership import NOBODY, Owners, owners
from jupyter_mlplatform.idle.process_table import Key, Process, Role, Scan, ancestors

__all__ = ["Key", "Measured", "Meter", "Process", "Role", "Scan", "Share", "Use", "owners"]


class Share(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one process used over the last interval; ``own`` and ``children`` are fractions of one core.

    ``children`` is what its children used that ended meanwhile, ``io`` bytes per second from and to storage.
    ``blocked``: two passes in a row saw it in an uninterruptible wait. ``baseline``: it was there before the workspace
    was. ``group`` is its process group.
    """

    pid: int
    name: str
    role: Role = Role.ORDINARY
    own: float = 0.0
    children: float = 0.0
    io: float = 0.0
    blocked: bool = False
    baseline: bool = False
    group: int = 0


class Use(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the processes of one kernel or terminal used over the last ``elapsed`` seconds.

    ``running`` is false when its root process is gone. ``root`` is that process's id, ``others`` the number of its
    further processes, and ``shares`` those that used anything. ``quiet``: nothing was measured one by one, since the
    machine as a whole used no more than this fraction of a core.

    Of a terminal: ``foreground`` is the process group that has its keyboard, ``job`` that group's name (empty at the
    prompt), and ``typed_at`` the last scan that found a key had been struck since the scan before (None: none has).
    """

    running: bool
    elapsed: float = 0.0
    root: int = 0
    others: int = 0
    shares: tuple[Share, ...] = ()
    quiet: float | None = None
    foreground: int = 0
    job: str = ""
    typed_at: float | None = None

    @property
    def total(self) -> float:
        """All its processes, including those that came and went, as a fraction of one core."""
        return sum(each.own + each.children for each in self.shares)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement. ``elapsed`` is 0 when there was no earlier scan to compare with, and nothing is known yet.

    ``uses`` lacks subjects that had no earlier scan. ``others`` are this person's processes that belong to no kernel
    and no terminal, idle ones included. ``owners`` maps the pid of every process of this person to its subjects.
    ``typed_at`` is the last scan that found a key had been struck in another terminal of this person (None: none has).
    """

    elapsed: float = 0.0
    uses: Mapping[str, Use] = {}
    others: tuple[Share, ...] = ()
    owners: Mapping[int, Owners] = {}
    quiet: float | None = None
    typed_at: float | None = None


class Meter:
    """Measures from one scan to the next."""

    def __init__(self) -> None:
        self._last: Scan | None = None  # the last that was a pass of its own
        self._at = 0.0  # of the last scan, quiet ones included
        self._quiet_seconds = 0.0  # at most, by any process, since the last pass
        self._settled = _Settled()
        self._still: dict[int, tuple[Process, Share]] = {}
        self._found = Measured()
        self._keys: dict[str, tuple[float, float | None]] = {}
        self._elsewhere: dict[int, float] = {}
        self._typed_at_elsewhere: float | None = None

    def measure(self, scan: Scan, roots: Mapping[str, int]) -> Measured:
        """The use of each subject (``kernel:ID`` or ``terminal:NAME`` to the pid of its root) and of all the rest."""
        self._listen(scan, roots)
        if scan.quiet is not None and self._last is not None:
            self._found = self._rest(scan, roots, scan.quiet)
        else:
            self._found = self._pass(scan, roots)
        self._found = msgspec.structs.replace(self._found, typed_at=self._typed_at_elsewhere)
        return self._found

    def _listen(self, scan: Scan, roots: Mapping[str, int]) -> None:
        """Compare when each terminal's keyboard was last read: an earlier or later time than before is a key stroke."""
        keys: dict[str, tuple[float, float | None]] = {}
        for subject, pid in roots.items():
            root = scan.processes.get(pid)
            read = scan.typed.get(root.tty) if root is not None and root.tty else None
            if read is not None:
                earlier, typed_at = self._keys.get(subject, (read, None))
                keys[subject] = (read, scan.at if read != earlier else typed_at)
        self._keys = keys
        self._listen_elsewhere(scan, {scan.processes[pid].tty for pid in roots.values() if pid in scan.processes})

    def _listen_elsewhere(self, scan: Scan, known: set[int]) -> None:
        """The same for this person's other terminals: over SSH, in tmux."""
        reader = scan.processes.get(scan.reader)
        if not scan.typed or reader is None:
            self._elsewhere = {}
            return
        ttys = {each.tty for each in scan.processes.values() if each.user == reader.user} - known
        now = {tty: read for tty, read in scan.typed.items() if tty in ttys}
        if any(self._elsewhere.get(tty, read) != read for tty, read in now.items()):
            self._typed_at_elsewhere = scan.at
        self._elsewhere = now

    def _rest(self, scan: Scan, roots: Mapping[str, int], quiet: float) -> Measured:
        """All are idle, because all together are."""
        elapsed = scan.at - self._at
        self._quiet_seconds += quiet * elapsed
        self._at = scan.at
        before = self._found
        uses = {
            subject: msgspec.structs.replace(
                use, elapsed=elapsed, shares=(), quiet=quiet, typed_at=self._typed_at(subject)
            )
            for subject, use in before.uses.items()
            if subject in roots and (roots[subject] == use.root or not use.running)
        }
        others = before.others
        if before.quiet is None:
            others = tuple(
                Share(pid=each.pid, name=each.name, role=each.role, baseline=each.baseline, group=each.group)
                for each in others
            )
        return Measured(elapsed=elapsed, uses=uses, others=others, owners=before.owners, quiet=quiet)

    def _pass(self, scan: Scan, roots: Mapping[str, int]) -> Measured:
        last, at, quiet_seconds, before = self._last, self._at, self._quiet_seconds, self._settled
        settled = before if self._same(scan, roots) else _settle(scan, roots, before)
        self._last, self._at, self._quiet_seconds, self._settled = scan, scan.at, 0.0, settled
        if last is None or scan.at <= at:
            return Measured(owners=settled.mine)
        elapsed = scan.at - at
        shares = dict(_Interval(last, scan, elapsed, quiet_seconds).shares())
        by_subject: dict[str, list[Share]] = {}
        for pid, share in shares.items():
            for subject in settled.owned.get(scan.processes[pid].key, NOBODY):
                by_subject.setdefault(subject, []).append(share)
        uses = {}
        for subject, pid in roots.items():
            root = settled.roots.get(subject)
            if root is None:
                uses[subject] = Use(running=False, root=pid)
            elif before.roots.get(subject) == root:
                used = tuple(by_subject.get(subject, ()))
                uses[subject] = self._use(subject, scan, pid, elapsed, settled.counts[subject] - 1, used)
        others = tuple(self._others(scan, settled, shares))
        return Measured(elapsed=elapsed, uses=uses, others=others, owners=settled.mine)

    def _same(self, scan: Scan, roots: Mapping[str, int]) -> bool:
        """Is who owns what as it was at the last pass? Most of the time nothing has come, gone or moved."""
        last = self._last
        if last is None or roots != self._settled.asked or len(last.processes) != len(scan.processes):
            return False
        for pid, process in scan.processes.items():
            earlier = last.processes.get(pid)
            if earlier is not process and (earlier is None or _place(earlier) != _place(process)):
                return False
        return True

    def _use(self, subject: str, scan: Scan, pid: int, elapsed: float, others: int, shares: tuple[Share, ...]) -> Use:
        root = scan.processes[pid]
        if not root.tty:
            return Use(running=True, elapsed=elapsed, root=pid, others=others, shares=shares)
        job = _job(root, scan)
        return Use(
            running=True,
            elapsed=elapsed,
            root=pid,
            others=others,
            shares=shares,
            foreground=root.foreground if job else 0,
            job=job,
            typed_at=self._typed_at(subject),
        )

    def _typed_at(self, subject: str) -> float | None:
        return self._keys.get(subject, (0.0, None))[1]

    def _others(self, scan: Scan, settled: _Settled, shares: Mapping[int, Share]) -> Iterator[Share]:
        still: dict[int, tuple[Process, Share]] = {}
        for pid in settled.free:
            process = scan.processes[pid]
            share = shares.get(pid)
            if share is None:
                known = self._still.get(pid)
                if known is None or known[0] is not process:
                    baseline = process.key in scan.baseline
                    idle = Share(pid=pid, name=process.name, role=process.role, baseline=baseline, group=process.group)
                    known = (process, idle)
                still[pid] = known
                yield known[1]
            else:
                yield msgspec.structs.replace(share, baseline=True) if process.key in scan.baseline else share
        self._still = still


class _Settled(msgspec.Struct, frozen=True):
    """Who owns what: every process, this person's by pid, and of these those that belong to nobody.

    ``asked`` are the roots as they were given, ``roots`` those that live, ``counts`` the processes of each subject.
    """

    owned: Mapping[Key, Owners] = {}
    mine: Mapping[int, Owners] = {}
    free: tuple[int, ...] = ()
    asked: Mapping[str, int] = {}
    roots: Mapping[str, Key] = {}
    counts: Mapping[str, int] = {}


def _settle(scan: Scan, roots: Mapping[str, int], before: _Settled) -> _Settled:
    """This person's processes are those of the user that the reader runs as, and all that a subject has started."""
    owned = owners(scan, roots, before.owned, before.roots.keys())
    reader = scan.processes.get(scan.reader)
    user = reader.user if reader else -1
    server = ancestors(scan, scan.reader)
    mine: dict[int, Owners] = {}
    counts: dict[str, int] = {}
    for (pid, _), own in owned.items():
        process = scan.processes[pid]
        theirs = own or ((process.user == user or user < 0) and pid not in server)
        if theirs and not process.aside and not process.zombie:
            mine[pid] = own
            for subject in own:
                counts[subject] = counts.get(subject, 0) + 1
    living = {subject: scan.processes[pid] for subject, pid in roots.items() if pid in scan.processes}
    return _Settled(
        owned=owned,
        mine=mine,
        free=tuple(pid for pid, own in mine.items() if not own),
        asked=dict(roots),
        roots={subject: root.key for subject, root in living.items() if not root.zombie},
        counts=counts,
    )


def _place(process: Process) -> tuple[object, ...]:
    """All that decides about who owns a process."""
    return (
        process.started,
        process.parent,
        process.session,
        process.origin,
        process.zombie,
        process.user,
        process.apart,
    )


def _job(root: Process, scan: Scan) -> str:
    """The name of what has the keyboard of this shell's terminal; empty when it is the shell itself."""
    if not root.foreground or root.foreground == root.group:
        return ""
    leader = scan.processes.get(root.foreground)
    if leader is not None:
        return leader.name
    return next((each.name for each in scan.processes.values() if each.group == root.foreground), "")


class _Interval:
    """What changed from one pass to the next.

    ``seconds`` have passed since the last scan. Between it and the last pass the machine was quiet: no process can have
    used more than ``quiet_seconds`` then, so what exceeds that was used since the last scan.
    """

    def __init__(self, last: Scan, scan: Scan, seconds: float, quiet_seconds: float) -> None:
        self._last = last
        self._scan = scan
        self._whole = scan.at - last.at
        self._seconds = seconds
        self._quiet_seconds = quiet_seconds
        self._hosts = {each.host for each in scan.processes.values() if each.host}

    def shares(self) -> Iterator[tuple[int, Share]]:
        """Of each process that used anything."""
        counted = self._counted()
        before, io = self._last.processes, self._scan.io
        for pid, process in self._scan.processes.items():
            earlier = before.get(pid)
            if earlier is process and pid not in io and not process.blocked:
                continue
            if earlier is not None and earlier.started != process.started:
                earlier = None
            own = process.own_seconds - (earlier.own_seconds if earlier else 0.0)
            inherited = process.children_seconds - (earlier.children_seconds if earlier else 0.0)
            children = max(0.0, inherited - counted.get(pid, 0.0))
            blocked = process.blocked and earlier is not None and earlier.blocked
            moved = self._moved(pid, known=earlier is not None)
            if own > 0.0 or children > 0.0 or blocked or moved > 0.0:
                yield (
                    pid,
                    Share(
                        pid=pid,
                        name=process.name,
                        role=self._role(process),
                        own=self._rate(own),
                        children=self._rate(children),
                        io=moved,
                        blocked=blocked,
                        group=process.group,
                    ),
                )

    def _rate(self, amount: float) -> float:
        return max(amount / self._whole, (amount - self._quiet_seconds) / self._seconds, 0.0)

    def _moved(self, pid: int, *, known: bool) -> float:
        now, before = self._scan.io.get(pid), self._last.io.get(pid, None if known else 0)
        return 0.0 if now is None or before is None else max(0, now - before) / self._whole

    def _counted(self) -> dict[int, float]:
        """What ended processes had used by the last pass, by the living ancestor that has now inherited it."""
        found: dict[int, float] = {}
        before, now = self._last.processes, self._scan.processes
        for process in before.values():
            if self._lives(process):
                continue
            heir: Process | None = process
            walked = set()
            while heir is not None and heir.pid not in walked and not self._lives(heir):
                walked.add(heir.pid)
                heir = before.get(heir.parent)
            if heir is not None and heir.pid in now:
                used = process.own_seconds + process.children_seconds
                found[heir.pid] = found.get(heir.pid, 0.0) + used
        return found

    def _lives(self, process: Process) -> bool:
        now = self._scan.processes.get(process.pid)
        return now is process or (now is not None and now.started == process.started)

    def _role(self, process: Process) -> Role:
        """What a watcher starts again and again is as much part of the watching; a host beats with what it hosts."""
        current: Process | None = process
        walked = set()
        while current is not None and current.pid not in walked and current.pid != self._scan.reader:
            if current.role is Role.WATCHER:
                return Role.WATCHER
            walked.add(current.pid)
            current = self._scan.processes.get(current.parent)
        if process.role is Role.ORDINARY and process.pid in self._hosts:
            return Role.HEARTBEATER
        return process.role
