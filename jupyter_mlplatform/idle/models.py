"""The nouns of idleness. Durations are seconds on the monotonic clock; instants in UTC are for display only."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec


class Signal(str, Enum):
    """What one source says. UNKNOWN never stops anything."""

    WORK = "work"
    IDLE = "idle"
    UNKNOWN = "unknown"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One source's answer at one instant, with a sentence a person understands."""

    source: str
    signal: Signal
    text: str


class State(str, Enum):
    """What will happen to a kernel."""

    WORKING = "working"
    IDLE = "idle"
    WARNED = "warned"
    KEPT = "kept"
    UNKNOWN = "unknown"
    CULLED = "culled"


class KernelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One kernel as the panel shows it.

    ``idle_seconds`` since work was last seen, ``stops_in_seconds`` until it would be culled (None: it is not going
    to be), ``why`` one sentence beginning with "kept because" or "stops because".
    """

    kernel_id: str
    name: str
    path: str
    state: State
    idle_seconds: float
    stops_in_seconds: float | None
    why: str
    evidence: tuple[Evidence, ...] = ()


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A keep-alive: nothing in its scope is stopped before ``until``. ``kernel_id`` None keeps the whole workspace."""

    id: str
    person: str
    until: datetime
    kernel_id: str | None = None
    reason: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the decision log."""

    at: datetime
    kernel_id: str
    action: str
    why: str
    evidence: tuple[Evidence, ...] = ()


class IdleStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The workspace's idleness: one verdict line, the kernels, the leases and the last decisions."""

    enabled: bool
    verdict: str
    state: State
    stops_in_seconds: float | None
    timeout_seconds: float
    keep_max_seconds: float
    sampled_at: datetime | None
    kernels: tuple[KernelStatus, ...] = ()
    leases: tuple[Lease, ...] = ()
    decisions: tuple[Decision, ...] = ()


class NewLease(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep the workspace, or one kernel, for ``seconds`` from now; more than the admin's cap is refused."""

    seconds: float
    kernel_id: str | None = None
    reason: str = ""
