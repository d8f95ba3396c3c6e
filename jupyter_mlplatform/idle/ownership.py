"""Which processes belong to which kernel or terminal.

A subject owns its process tree, everything in the session that its root leads, what was once seen as its own, and
orphans that still carry its environment. What runs in a terminal multiplexer belongs to nobody: it is meant to outlive
the terminal that it was started from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jupyter_mlplatform.idle.models import Kind
from jupyter_mlplatform.idle.process_table import Key, Process, Scan

Owners = frozenset[str]
NOBODY: Owners = frozenset()


def owners(
    scan: Scan, roots: Mapping[str, int], before: Mapping[Key, Owners], known: Collection[str] = ()
) -> dict[Key, Owners]:
    """The subjects of every process; an empty set for one that belongs to none.

    ``roots`` maps a subject to the pid of its root, ``before`` is the answer for the last scan and ``known`` the
    subjects there were then. Several own an orphan whose kernel cannot be told from another.
    """
    return _Claims(scan, roots, before, known).settle()


class _Claims:
    """One settlement of who owns what."""

    def __init__(
        self, scan: Scan, roots: Mapping[str, int], before: Mapping[Key, Owners], known: Collection[str]
    ) -> None:
        self._processes = scan.processes
        self._before = before
        # What is left of a kernel or terminal whose root has ended is nobody's, also while the server still lists it.
        living = {
            subject: pid for subject, pid in roots.items() if pid in scan.processes and not scan.processes[pid].zombie
        }
        self._subjects = living.keys()
        self._by_pid = {pid: frozenset({subject}) for subject, pid in living.items()}
        self._by_session = {pid: own for pid, own in self._by_pid.items() if scan.processes[pid].session == pid}
        self._by_origin: dict[str, list[tuple[str, float, bool]]] = {}
        for subject, pid in living.items():
            root = scan.processes[pid]
            if root.origin:
                self._by_origin.setdefault(root.origin, []).append((subject, root.started, subject not in known))

    def settle(self) -> dict[Key, Owners]:
        found: dict[int, Owners] = {}
        cut: set[int] = set()
        for process in self._processes.values():
            if process.pid in found:
                continue
            chain: list[Process] = []
            walked: set[int] = set()
            current: Process | None = process
            owner = NOBODY
            while current is not None and current.pid not in walked and current.pid not in found:
                chain.append(current)
                walked.add(current.pid)
                owner = self._claim(current)
                if owner or current.apart:
                    break
                current = self._processes.get(current.parent)
            else:
                if current is not None:
                    owner = found.get(current.pid, NOBODY)
            apart = not owner and current is not None and (current.apart or current.pid in cut)
            for each in reversed(chain):
                owner = owner or (NOBODY if apart else self._by_environment(each))
                found[each.pid] = owner
                if apart:
                    cut.add(each.pid)
        return {process.key: found[process.pid] for process in self._processes.values()}

    def _claim(self, process: Process) -> Owners:
        """By the process itself, without its ancestors and without its environment."""
        root = self._by_pid.get(process.pid)
        if root is not None or process.apart:
            return root or NOBODY
        leader = self._by_session.get(process.session)
        if leader is not None:
            return leader
        earlier = self._before.get((process.pid, process.started))
        return earlier & self._subjects if earlier else NOBODY

    def _by_environment(self, process: Process) -> Owners:
        """Whoever is older than the process and hands out such an environment.

        A process that was looked at before has had its chance: only subjects that are new may still claim it, so that
        the orphans of a kernel that has gone do not fall to its neighbours. An orphan that might be of several
        terminals is of none, because it has left them all and outlives them; one of several kernels keeps them all.
        """
        candidates = self._by_origin.get(process.origin) if process.origin else None
        if not candidates:
            return NOBODY
        late = process.key in self._before
        able = [subject for subject, started, new in candidates if started <= process.started and (new or not late)]
        if len(able) > 1 and all(each.startswith(Kind.TERMINAL.value) for each in able):
            return NOBODY
        return frozenset(able)
