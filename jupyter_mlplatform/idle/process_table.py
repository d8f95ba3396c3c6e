"""The nouns of the process table: one row, one pass over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

Key = tuple[int, float]
"""A process id and its start time: ids are used again, pairs are not."""


class Role(str, Enum):
    """How much CPU means work: any, only much (it computes a little even when idle), or none (it only shows others)."""

    ORDINARY = "ordinary"
    HEARTBEATER = "heartbeater"
    WATCHER = "watcher"


class Process(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of the process table. CPU times are seconds since the process started.

    ``started`` is in the unit of its reader, and only compared. ``name`` is fit to be shown: the program or the script
    that it runs. ``children_seconds`` is what ended and waited-for children used. ``origin`` identifies the environment
    that a kernel or a terminal hands to what it starts; empty when it cannot be read or is of neither.

    ``group`` is its process group, ``tty`` the number of its terminal (0: none) and ``foreground`` the process group
    that has that terminal's keyboard. ``blocked``: it is in an uninterruptible wait, as a rule for storage.
    ``user`` is the real user id (-1: not known). ``apart``: what it starts outlives the terminal it was started from
    (tmux and its like). ``host`` is the process whose heartbeat it shares (0: none). ``aside``: it is no work of this
    person, but a thread of the operating system, or this software's own watchdog.
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
    group: int = 0
    foreground: int = 0
    tty: int = 0
    blocked: bool = False
    user: int = -1
    role: Role = Role.ORDINARY
    apart: bool = False
    host: int = 0
    aside: bool = False

    @property
    def key(self) -> Key:
        """Identity."""
        return (self.pid, self.started)


class Scan(msgspec.Struct, frozen=True):
    """One pass over the process table at ``at`` seconds on a monotonic clock.

    ``io`` is what each process has read from and written to storage so far, in bytes; it is only filled while the
    machine moves data, and lacks processes that may not be asked. ``typed`` tells of each terminal (``Process.tty``)
    when something was last read from its keyboard: an instant on some clock, only good for being compared.

    ``quiet``: the pass was not made, because all processes together used no more than this fraction of one core since
    the last one, whose rows these are. ``reader`` is the process that made the pass. ``baseline`` are the processes
    that were there before this software first ran on this machine.
    """

    at: float
    processes: Mapping[int, Process]
    io: Mapping[int, int] = {}
    typed: Mapping[int, float] = {}
    quiet: float | None = None
    reader: int = 0
    baseline: frozenset[Key] = frozenset()


def ancestors(scan: Scan, pid: int) -> set[int]:
    """A process and all it descends from."""
    found: set[int] = set()
    process = scan.processes.get(pid)
    while process is not None and process.pid not in found:
        found.add(process.pid)
        process = scan.processes.get(process.parent)
    return found


def descends(scan: Scan, pid: int, ancestor: int) -> bool:
    """Is it this process, or was it started by it (at any depth)?"""
    return ancestor in ancestors(scan, pid)
