"""The nouns of idleness. Durations are seconds on the monotonic clock; instants in UTC are for display only."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec

WORKSPACE = "workspace"
"""The subject that stands for everything: the server, its machine and what it costs."""


class Signal(str, Enum):
    """What one source says. UNKNOWN never stops anything."""

    WORK = "work"
    IDLE = "idle"
    UNKNOWN = "unknown"


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One source's answer at one instant, with a sentence a person understands."""

    source: str
    signal: Signal
    text: str


class State(str, Enum):
    """What will happen to a subject."""

    WORKING = "working"
    IDLE = "idle"
    WARNED = "warned"
    KEPT = "kept"
    UNKNOWN = "unknown"
    CULLED = "culled"


class Kind(str, Enum):
    """What can be judged and stopped."""

    KERNEL = "kernel"
    TERMINAL = "terminal"
    WORKSPACE = "workspace"


_OF_KERNEL, _OF_TERMINAL = f"{Kind.KERNEL.value}:", f"{Kind.TERMINAL.value}:"


def kernel(kernel_id: str) -> str:
    """The subject of a kernel."""
    return _OF_KERNEL + kernel_id


def terminal(name: str) -> str:
    """The subject of a terminal."""
    return _OF_TERMINAL + name


def identity(subject: str) -> str:
    """The kernel id, or the terminal's name, of a subject; ``workspace`` of the workspace."""
    return subject.partition(":")[2] or subject


class SubjectStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A kernel, a terminal or the workspace as the panel shows it.

    ``subject`` is ``kernel:ID``, ``terminal:NAME`` or ``workspace``; ``name`` the kernel's specification, the
    terminal's or the workspace's name; ``path`` the notebook, if it has one. ``idle_seconds`` since work was last seen,
    ``stops_in_seconds`` until it would be stopped (None: it is not going to be), ``why`` one sentence beginning with
    "kept because" or "stops because". ``timeout_seconds`` is its own idle timeout (None: never stopped), which
    ``timeout_from`` has set: the policy, a rule of it, the kernel's specification or the notebook.
    """

    subject: str
    kind: Kind
    name: str
    path: str
    state: State
    idle_seconds: float
    stops_in_seconds: float | None
    why: str
    timeout_seconds: float | None = None
    timeout_from: str = "policy"
    evidence: tuple[Evidence, ...] = ()


def called(each: SubjectStatus) -> str:
    """What a person calls it: the notebook, or ``the kernel 1a2b3c4d``, ``the terminal 1``, ``the workspace``."""
    if each.kind is Kind.WORKSPACE:
        return "the workspace"
    return each.path or f"the {each.kind.value} {identity(each.subject)[:8]}"


class ProcessStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A process of this person that belongs to no kernel and no terminal.

    ``cpu`` is the fraction of one core that it used over the last sample; ``why`` says what it is counted as. The
    command line is not shown: it may hold a secret.
    """

    pid: int
    name: str
    signal: Signal
    cpu: float
    why: str


class StopMode(str, Enum):
    """How the workspace is stopped.

    ``provider``: SageMaker asks our ``/api/idle`` and stops the app; ``feeder``: SageMaker's own activity monitor
    answers there, and reads the time that we write for it; ``direct``: we ask SageMaker to delete the app; ``server``:
    this Jupyter server ends, its machine goes on; ``none``: nothing but kernels and terminals is stopped.
    """

    PROVIDER = "provider"
    FEEDER = "feeder"
    DIRECT = "direct"
    SERVER = "server"
    NONE = "none"


class StopPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How this workspace would be stopped, ``why`` in one sentence, and what went wrong the last time (``problem``).

    ``mode`` does it; ``native`` is what tells SageMaker's own idle shutdown meanwhile (none outside of SageMaker).
    """

    mode: StopMode
    why: str
    native: StopMode = StopMode.NONE
    problem: str = ""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A keep-alive: its subject is not stopped before ``until``. That of the workspace keeps everything."""

    id: str
    person: str
    until: datetime
    subject: str = WORKSPACE
    reason: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the decision log.

    ``action``: what was done or noticed: ``working``, ``idle``, ``unknown`` and ``kept`` tell that a subject's state
    changed, ``warned``, ``cancelled``, ``culled``, ``held``, ``failed``, ``released`` what the keeper did.
    ``idle_seconds`` is how long the subject had been idle, ``timeout_seconds`` the rule that it was held against
    (None: never stopped).
    """

    at: datetime
    subject: str
    action: str
    why: str
    name: str = ""
    path: str = ""
    idle_seconds: float = 0.0
    timeout_seconds: float | None = None
    evidence: tuple[Evidence, ...] = ()


class Savings(msgspec.Struct, frozen=True, kw_only=True):
    """What stopping has saved since ``since``: an estimate.

    Hours are those of the whole workspace: with work, without, and stopped by the keeper until the next start.
    ``money`` is ``hours_stopped`` times the price of this instance; None where the policy names no price for it.
    ``still_stopped``: the last stop has not ended, so it counts until now. Kernels and terminals that were stopped
    alone are counted only: they cost nothing by themselves.
    """

    since: datetime
    hours_working: float
    hours_idle: float
    hours_stopped: float
    money: float | None = None
    currency: str = ""
    price_per_hour: float | None = None
    instance: str = ""
    still_stopped: bool = False
    kernels_stopped: int = 0
    terminals_stopped: int = 0


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a subject's state did not change."""

    since: datetime
    until: datetime
    state: State
    why: str = ""


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """The stretches of one subject, oldest first; time without a stretch was not watched."""

    subject: str
    kind: Kind
    name: str
    path: str
    stretches: tuple[Stretch, ...] = ()


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """What every subject did between two instants; the workspace first."""

    since: datetime
    until: datetime
    tracks: tuple[Track, ...] = ()


class IdleStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The workspace's idleness: one verdict line, all subjects, the leases and the last decisions."""

    enabled: bool
    verdict: str
    state: State
    stops_in_seconds: float | None
    timeout_seconds: float
    keep_max_seconds: float
    sampled_at: datetime | None
    workspace: SubjectStatus | None = None
    stop: StopPlan | None = None
    kernels: tuple[SubjectStatus, ...] = ()
    terminals: tuple[SubjectStatus, ...] = ()
    processes: tuple[ProcessStatus, ...] = ()
    leases: tuple[Lease, ...] = ()
    decisions: tuple[Decision, ...] = ()
    savings: Savings | None = None


class NewLease(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep a subject for ``seconds`` from now; more than the admin's cap is cut down to it."""

    seconds: float
    subject: str = WORKSPACE
    reason: str = ""


class Unsaved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The documents with unsaved changes in one tab of a browser (``client``), as paths; none when all are saved."""

    client: str
    paths: tuple[str, ...] = ()


class Saved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tab's answer to the request to save: what it could not save, path to reason; empty when all is saved."""

    client: str
    request: str
    failed: dict[str, str] = {}
