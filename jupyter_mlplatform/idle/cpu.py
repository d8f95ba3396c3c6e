"""Which processes belong to which kernel, and how much CPU they used between two passes over the process table.

A kernel owns its process tree, everything in the session it leads, what was once seen as its own, and orphans that
still carry its environment. Ended children are counted through the times that their parents inherit from them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Key = tuple[int, float]
"""A process id and its start time: ids are used again, pairs are not."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the process table. CPU times are seconds since the process started.

    ``children_seconds`` is what ended and waited-for children used. ``origin`` identifies the environment that a
    kernel hands to what it starts; empty when it cannot be read or is not of a kernel.
    """

    pid: int
    started: float
    parent: int
    session: int
    name: str
    own_seconds: float
    children_seconds: float = 0.0
    origin: str = ""
    zombie: bool = False

    @property
    def key(self) -> Key:
        """Identity."""
        return (self.pid, self.started)


class Scan(msgspec.Struct, frozen=True):
    """One pass over the process table at ``at`` seconds on a monotonic clock."""

    at: float
    processes: Mapping[int, Process]


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """CPU of one kernel over the last interval; every fraction is of one core.

    ``own`` is the kernel's process alone, ``busiest`` the most of one other process. ``total`` includes processes that
    came and went inside the interval. ``running`` is false when the kernel's process is gone.
    """

    running: bool
    total: float = 0.0
    own: float = 0.0
    busiest: float = 0.0
    busiest_name: str = ""
    busiest_pid: int = 0
    others: int = 0


class Meter:
    """Measures kernels from one scan to the next."""

    def __init__(self) -> None:
        self._last: Scan | None = None
        self._owners: dict[Key, frozenset[str]] = {}

    def measure(self, scan: Scan, roots: Mapping[str, int]) -> dict[str, Use]:
        """The use of each kernel (id to pid of its process). A kernel that has no earlier scan is left out."""
        previous_owners, previous = self._owners, self._last
        self._owners = owners(scan, roots, previous_owners)
        self._last = scan
        if previous is None or scan.at <= previous.at:
            return {}
        found = {}
        for kernel, pid in roots.items():
            root = scan.processes.get(pid)
            if root is None or root.zombie:
                found[kernel] = Use(running=False)
            elif kernel in previous_owners.get(root.key, ()):
                before, after = _of(kernel, previous, previous_owners), _of(kernel, scan, self._owners)
                found[kernel] = _use(root, before, after, scan.at - previous.at)
        return found


def owners(scan: Scan, roots: Mapping[str, int], before: Mapping[Key, frozenset[str]]) -> dict[Key, frozenset[str]]:
    """The kernels that each process belongs to. Several only for an orphan whose kernel cannot be told from another."""
    processes = scan.processes
    by_pid = {pid: kernel for kernel, pid in roots.items() if pid in processes}
    by_session = {pid: kernel for pid, kernel in by_pid.items() if processes[pid].session == pid}
    by_origin: dict[str, set[str]] = {}
    for pid, kernel in by_pid.items():
        if processes[pid].origin:
            by_origin.setdefault(processes[pid].origin, set()).add(kernel)
    found: dict[int, frozenset[str]] = {}

    def claim(process: Process) -> frozenset[str]:
        """By the process itself, without its ancestors and without its environment."""
        root = by_pid.get(process.pid) or by_session.get(process.session)
        return frozenset({root}) if root else before.get(process.key, frozenset()) & roots.keys()

    for process in processes.values():
        chain: list[Process] = []
        current: Process | None = process
        owner: frozenset[str] = frozenset()
        while current is not None and current not in chain and not owner and current.pid not in found:
            chain.append(current)
            owner = claim(current)
            current = processes.get(current.parent)
        if not owner and current is not None:
            owner = found.get(current.pid, owner)
        for each in reversed(chain):
            owner = owner or frozenset(by_origin.get(each.origin, ()))
            found[each.pid] = owner
    return {process.key: found[process.pid] for process in processes.values() if found[process.pid]}


def _of(kernel: str, scan: Scan, owned: Mapping[Key, frozenset[str]]) -> dict[Key, Process]:
    return {each.key: each for each in scan.processes.values() if kernel in owned.get(each.key, ())}


def _use(root: Process, before: Mapping[Key, Process], after: Mapping[Key, Process], elapsed: float) -> Use:
    own: dict[Key, float] = {}
    inherited = 0.0
    for key, process in after.items():
        earlier = before.get(key)
        own[key] = process.own_seconds - (earlier.own_seconds if earlier else 0.0)
        inherited += process.children_seconds - (earlier.children_seconds if earlier else 0.0)
    # A child that ended hands its whole life's time to its parent; what was counted before must not count again.
    counted = sum(each.own_seconds + each.children_seconds for key, each in before.items() if key not in after)
    others = {key: seconds for key, seconds in own.items() if key != root.key}
    busiest = max(others, key=lambda key: others[key], default=None)
    return Use(
        running=True,
        total=(sum(own.values()) + max(0.0, inherited - counted)) / elapsed,
        own=own[root.key] / elapsed,
        busiest=others[busiest] / elapsed if busiest else 0.0,
        busiest_name=after[busiest].name if busiest else "",
        busiest_pid=busiest[0] if busiest else 0,
        others=len(others),
    )
