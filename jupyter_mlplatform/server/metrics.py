"""Idle shutdown on the server's own ``/metrics``. No label names a person, a notebook or a kernel."""

from __future__ import annotations

import functools
import math
import threading
from collections import Counter as Tally
from weakref import WeakKeyDictionary

import msgspec
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from jupyter_mlplatform.idle.history import subjects
from jupyter_mlplatform.idle.models import Decision, IdleStatus, Kind, Savings, Signal, State

SWEEP_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
KINDS = tuple(each.value for each in Kind)
STATES = tuple(each.value for each in State)
ACTIONS = frozenset({*STATES, "cancelled", "held", "failed", "note", "released"})
OTHER = "other"


class _Instruments(msgspec.Struct, frozen=True):
    """What is registered: one of each in a process, whatever the number of servers in it."""

    subjects: Gauge
    stops_in: Gauge
    decisions: Counter
    unknown: Counter
    sweeps: Histogram
    hours_stopped: Gauge


class _Shown(msgspec.Struct, frozen=True):
    """What one server contributes to the gauges."""

    subjects: Tally[tuple[str, str]]
    stops_in: float


class Metrics:
    """The figures of one server. ``observe`` and ``decided`` may be called from any thread and never fail."""

    _shown: WeakKeyDictionary[Metrics, _Shown] = WeakKeyDictionary()
    _guard = threading.Lock()

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._instruments = _instruments(registry)

    def observe(self, status: IdleStatus, sweep_seconds: float) -> None:
        """Take over what a sweep has found, and how long it took."""
        seen = subjects(status)
        doubtful = {each.source for one in seen for each in one.evidence if each.signal is Signal.UNKNOWN}
        for source in doubtful:
            self._instruments.unknown.labels(source).inc()
        self._instruments.sweeps.observe(sweep_seconds)
        ends = [each.stops_in_seconds for each in seen if each.stops_in_seconds is not None]
        self._show(_Shown(Tally((each.kind.value, each.state.value) for each in seen), min(ends, default=math.inf)))

    def decided(self, decision: Decision) -> None:
        """Count a line of the decision log."""
        kind = decision.subject.partition(":")[0]
        action = decision.action if decision.action in ACTIONS else OTHER
        self._instruments.decisions.labels(kind if kind in KINDS else OTHER, action).inc()

    def estimated(self, savings: Savings | None) -> None:
        """Take over the estimate of what was saved; without one the last stays."""
        if savings is not None:
            self._instruments.hours_stopped.set(savings.hours_stopped)

    def close(self) -> None:
        """The server ends: it counts no longer."""
        self._show(None)

    def _show(self, shown: _Shown | None) -> None:
        """The gauges are sums over all servers of this process (the soonest, of the times)."""
        with self._guard:
            self._shown.pop(self, None)
            if shown is not None:
                self._shown[self] = shown
            others = [each for metrics, each in self._shown.items() if metrics._registry is self._registry]
            total = sum((each.subjects for each in others), Tally[tuple[str, str]]())
            for kind in KINDS:
                for state in STATES:
                    self._instruments.subjects.labels(kind, state).set(total[kind, state])
            self._instruments.stops_in.set(min((each.stops_in for each in others), default=math.inf))


@functools.cache
def _instruments(registry: CollectorRegistry) -> _Instruments:
    return _Instruments(
        Gauge("mlplatform_idle_subjects", "What is watched, by its state", ["kind", "state"], registry=registry),
        Gauge(
            "mlplatform_idle_stops_in_seconds",
            "Time until the first of them is stopped if nothing happens; +Inf: nothing is going to be",
            registry=registry,
        ),
        Counter("mlplatform_idle_decisions_total", "Lines of the decision log", ["kind", "action"], registry=registry),
        Counter(
            "mlplatform_idle_unknown_total",
            "Sweeps in which a source could not say whether there is work",
            ["source"],
            registry=registry,
        ),
        Histogram("mlplatform_idle_sweep_seconds", "How long a sweep took", buckets=SWEEP_BUCKETS, registry=registry),
        Gauge(
            "mlplatform_idle_hours_stopped_estimate",
            "Hours of the last 30 days in which the workspace was stopped by the keeper (an estimate)",
            registry=registry,
        ),
    )
