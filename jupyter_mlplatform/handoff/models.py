"""The nouns of the hand-off: Spec -> Bundle -> Plan -> Run -> Version, executed by a runner."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec


class StepSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a spec: either the tagged ``cells`` of the entry notebook or a script to ``run``.

    ``inputs`` and ``outputs`` (``in`` and ``out`` in the file) name artifacts that flow between the steps; without
    ``in`` a step gets all inputs of the spec. ``kind`` is ``processing`` or ``training`` (the default of the step that
    makes the ``model``), ``on`` an instance type.
    """

    name: str
    cells: tuple[str, ...] = ()
    run: str = ""
    inputs: tuple[str, ...] = msgspec.field(default=(), name="in")
    outputs: tuple[str, ...] = msgspec.field(default=(), name="out")
    kind: str = ""
    on: str = ""
    spot: bool = False


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the code is: ``root`` relative to the spec, ``entry`` a notebook or script relative to the root."""

    root: str = "."
    entry: str


class Environment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which kernel runs it and whether its packages are locked (``auto`` or ``off``)."""

    kernel: str = ""
    lock: str = "auto"


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model group of the versions that a run makes; approval is always by a person."""

    group: str
    approval: str = "manual"


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``handoff.yaml``. ``handoff`` is the format's version, 1."""

    handoff: int
    name: str
    source: Source
    env: Environment = Environment()
    params: dict[str, float | int | str | bool] = {}
    inputs: dict[str, str] = {}
    steps: tuple[StepSpec, ...] = ()
    gate: dict[str, str] = {}
    register: Registration | None = None


class DataInput(msgspec.Struct, frozen=True, kw_only=True):
    """One input of a run: where it comes from, what its content was, and the grant that allows it."""

    name: str
    uri: str
    fingerprint: str = ""
    grant_id: str = ""
    grant_ends: datetime | None = None


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: a deterministic archive named by the SHA-256 of its content. ``packed_bytes`` is its size."""

    digest: str
    path: str
    files: tuple[str, ...]
    source_bytes: int
    packed_bytes: int


class Severity(str, Enum):
    """``blocked`` stops the hand-off, ``warning`` does not."""

    OK = "ok"
    WARNING = "warning"
    BLOCKED = "blocked"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One preflight check: what was looked at, what was found, how to mend it."""

    check: str
    severity: Severity
    message: str
    fix: str = ""


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it would run."""

    name: str
    type: str
    instance: str
    depends_on: tuple[str, ...] = ()
    cached: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen; making it changes nothing. ``hash`` names exactly this plan and is sent back to start it.

    ``definition`` is the SageMaker pipeline JSON (version 2020-12-01). ``summary`` is the line above the button.
    """

    hash: str
    name: str
    path: str
    runner: str
    bundle: Bundle
    steps: tuple[PlanStep, ...]
    inputs: tuple[DataInput, ...]
    findings: tuple[Finding, ...]
    params: dict[str, Any]
    definition: dict[str, Any]
    summary: str
    cost: str
    startable: bool


class NewPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to hand off: a notebook or a ``handoff.yaml``, relative to the server's root; ``params`` override."""

    path: str
    params: dict[str, float | int | str | bool] = {}


class NewRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Start exactly the plan that was shown. The same ``idempotency_key`` gives the same run."""

    path: str
    plan_hash: str
    idempotency_key: str
    params: dict[str, float | int | str | bool] = {}


class RunState(str, Enum):
    """Where a run stands; the last four are final."""

    STARTING = "Starting"
    EXECUTING = "Executing"
    STOPPING = "Stopping"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    INTERRUPTED = "Interrupted"


class StepState(str, Enum):
    """Where a step of a run stands."""

    PENDING = "Pending"
    EXECUTING = "Executing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    SKIPPED = "Skipped"


class RunStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a run. ``progress`` such as "cell 3 of 7" while it runs."""

    name: str
    type: str
    state: StepState
    depends_on: tuple[str, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: str = ""
    error: str = ""


class Metric(msgspec.Struct, frozen=True):
    """One number that a step reported."""

    step: str
    name: str
    value: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of a plan, as told by its events."""

    id: str
    name: str
    person: str
    path: str
    runner: str
    state: RunState
    plan_hash: str
    bundle_digest: str
    created_at: datetime
    finished_at: datetime | None = None
    params: dict[str, Any] = {}
    steps: tuple[RunStep, ...] = ()
    metrics: tuple[Metric, ...] = ()
    inputs: tuple[DataInput, ...] = ()
    version_id: str | None = None
    error: str = ""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a step's log: ``next_offset`` continues where it ends, ``complete`` when nothing will follow."""

    text: str
    next_offset: int
    complete: bool


class VersionState(str, Enum):
    """SageMaker's approval states of a model version."""

    PENDING = "PendingManualApproval"
    APPROVED = "Approved"
    REJECTED = "Rejected"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One decision on a version."""

    actor: str
    state: VersionState
    reason: str
    at: datetime


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version comes from: who, which code, which environment, which data under which grants."""

    person: str
    run_id: str
    bundle_digest: str
    entry: str
    commit: str
    environment: str
    inputs: tuple[DataInput, ...]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A registered model: ``group`` and ``number`` name it, ``artifact`` is where it lies."""

    id: str
    group: str
    number: int
    state: VersionState
    author: str
    created_at: datetime
    artifact: str
    metrics: tuple[Metric, ...]
    lineage: Lineage
    approvals: tuple[Approval, ...] = ()


class NewApproval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Approve or reject a version, with a reason (required to reject)."""

    state: VersionState
    reason: str = ""


class RunList(msgspec.Struct, frozen=True):
    """Runs, newest first."""

    items: tuple[Run, ...]


class VersionList(msgspec.Struct, frozen=True):
    """Model versions, newest first."""

    items: tuple[Version, ...]


class LogPosition(msgspec.Struct, frozen=True):
    """Which step's log, and from which byte on."""

    step: str
    offset: int = 0
