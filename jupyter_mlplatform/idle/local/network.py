"""Network traffic of this machine's processes; see :mod:`jupyter_mlplatform.idle.network` for the rule."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping

from jupyter_mlplatform.idle import network
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.local.sockets import PROC, ProcSockets, PsutilSockets, Sockets
from jupyter_mlplatform.idle.network import Flow, Traffic
from jupyter_mlplatform.idle.ports import EVERYTHING, Source, View


def network_source() -> Source | None:
    """The source for this machine; None where there is neither ``/proc/net`` nor psutil."""
    if (PROC / "net" / "dev").exists():
        return NetworkUse(ProcSockets())
    return NetworkUse(PsutilSockets()) if importlib.util.find_spec("psutil") else None


class NetworkUse:
    """From one look to the next. As long as the network is quiet, nothing but the interfaces' counters is read.

    ``servers`` are left out: what a browser loads from this Jupyter server is not work.
    """

    name = "network"
    scope = EVERYTHING

    def __init__(self, sockets: Sockets, servers: frozenset[int] | None = None) -> None:
        self._sockets = sockets
        self._servers = frozenset({os.getpid()}) if servers is None else servers
        self._counters: Mapping[str, int] | None = None
        self._flows: Mapping[int, Flow] | None = None
        self._at = 0.0
        self._said: Mapping[str, Finding] = {}

    def look(self, view: View) -> Mapping[str, Finding]:
        """Of those that the network is loud for, and of the workspace. Raises ``OSError``."""
        if self._counters is not None and view.now <= self._at:
            return self._said
        self._said = self._measure(view)
        return self._said

    def close(self) -> None:
        """See the port: nothing to undo."""

    def _measure(self, view: View) -> Mapping[str, Finding]:
        before, flows = self._counters, self._flows
        elapsed = view.now - self._at
        counters = self._sockets.counters()
        busiest = 0.0 if before is None else network.loudest(before, counters, elapsed)
        limit = view.policy.network_bytes_per_second
        self._counters, self._at, self._flows = counters, view.now, None
        if before is None:
            return {}
        if busiest < limit:
            return network.quiet(busiest)
        pids = [pid for pid in view.owners if pid not in self._servers]
        seen = self._sockets.flows(pids)
        self._flows = {flow.key: flow for flow in seen}
        if flows is None:
            return network.once(busiest)
        rates = network.rates(flows, seen, elapsed)
        processes: dict[int, float] = {}
        for holder, held_by in self._sockets.holders(pids).items():
            for pid in held_by:
                if holder in rates:
                    processes[pid] = processes.get(pid, 0.0) + rates[holder]
        traffic = Traffic(busiest=busiest, counted=sum(rates.values()), processes=processes)
        names = {pid: self._sockets.name(pid) for pid, rate in processes.items() if rate}
        return network.findings(traffic, view.owners, names, limit, view.now)
