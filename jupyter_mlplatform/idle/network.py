"""Whose traffic the network carries. Pure: what was measured and the time are arguments.

The network is loud when its busiest interface carries ``network_bytes_per_second`` in both directions together. It is
work when it was loud at two looks in a row and it is a person's process that it is loud for: one whose connections
carried that much, or, where more traffic is left than all connections together explain, one that holds a socket to
another machine. What is left so is UDP (which the kernel does not count by socket), connections that were opened and
closed between two looks, and other machines' noise; a process that talks to nobody is not blamed for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import WORKSPACE, Evidence, Signal

Owners = Mapping[int, frozenset[str]]


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A socket to another machine. ``key`` is never used again for another one, ``holder`` is what a process's open
    file says. ``carried`` are the bytes on the wire since it was opened, both ways; None where they are not counted."""

    key: int
    holder: int
    carried: int | None = None


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes per second over one interval: of the busiest interface, of all counted sockets together, and of each of
    this person's processes that holds a socket to another machine (0 where it is not counted)."""

    busiest: float
    counted: float
    processes: Mapping[int, float]


def rates(before: Mapping[int, Flow], after: Iterable[Flow], elapsed: float) -> dict[int, float]:
    """Bytes per second by holder. A socket that is new has carried all that it shows since the last look."""
    found: dict[int, float] = {}
    for flow in after:
        earlier = before.get(flow.key)
        grown = (flow.carried or 0) - ((earlier.carried or 0) if earlier else 0)
        found[flow.holder] = found.get(flow.holder, 0.0) + max(0, grown) / elapsed
    return found


def loudest(before: Mapping[str, int], after: Mapping[str, int], elapsed: float) -> float:
    """Bytes per second of the busiest interface.

    Not the sum: what goes through a tunnel or a bridge is counted again on the interface beneath.
    """
    return max((max(0, count - before[name]) for name, count in after.items() if name in before), default=0) / elapsed


def quiet(busiest: float) -> dict[str, Finding]:
    """Less than the limit; nothing else was looked at."""
    return {WORKSPACE: _finding(Signal.IDLE, f"the network carried {_rate(busiest)}")}


def once(busiest: float) -> dict[str, Finding]:
    """Loud for the first time: may be a page that was loaded."""
    return {WORKSPACE: _finding(Signal.IDLE, f"the network carried {_rate(busiest)}, for a moment only so far")}


def findings(
    traffic: Traffic, owners: Owners, names: Mapping[int, str], limit: float, now: float
) -> dict[str, Finding]:
    """Of a network that was loud at two looks in a row. ``limit``: bytes per second."""
    total = sum(traffic.processes.values())
    if total >= limit:
        said = {WORKSPACE: _work(traffic.processes, names, now)}
        for subject in {subject for pid in traffic.processes for subject in owners.get(pid, ())}:
            own = {pid: rate for pid, rate in traffic.processes.items() if subject in owners.get(pid, ())}
            if sum(own.values()) >= limit:
                said[subject] = _work(own, names, now)
        return said
    left = traffic.busiest - traffic.counted
    if left >= limit and traffic.processes:
        text = f"the network carried {_rate(left)} that no connection explains, while a process has one open"
        work = _finding(Signal.WORK, text, now)
        return {subject: work for pid in traffic.processes for subject in (*owners.get(pid, ()), WORKSPACE)}
    text = f"the network carried {_rate(traffic.busiest)}, but not for a process of yours"
    return {WORKSPACE: _finding(Signal.IDLE, text)}


def _work(processes: Mapping[int, float], names: Mapping[int, str], now: float) -> Finding:
    busiest = max(processes, key=lambda pid: processes[pid])
    name = f"{names[busiest]}, pid {busiest}" if names.get(busiest) else f"pid {busiest}"
    others = sum(1 for pid, rate in processes.items() if rate and pid != busiest)
    more = f" and {others} more" if others else ""
    total = _rate(sum(processes.values()))
    return _finding(Signal.WORK, f"a process ({name}){more} sent and received {total} over the network", now)


def _finding(signal: Signal, text: str, worked_at: float | None = None) -> Finding:
    return Finding(Evidence(source="network", signal=signal, text=text), worked_at)


def _rate(per_second: float) -> str:
    if per_second >= 1024 * 1024:
        return f"{per_second / 1024 / 1024:.1f} MiB/s"
    return f"{per_second / 1024:.0f} KiB/s"
