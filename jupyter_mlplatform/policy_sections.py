"""The sections of the policy file and their defaults. :mod:`~jupyter_mlplatform.policy` reads and checks it."""

from __future__ import annotations

from typing import Literal

import msgspec

CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A section of the policy: immutable, and an unknown key in it is an error."""


class WorkspacePolicy(Strict, frozen=True):
    """``demo_allowed``: may ``mlplat demo`` run although a policy file is installed.

    ``identity`` pins where a person's name comes from: ``account`` (the operating system), ``jupyterhub`` or
    ``sagemaker``. ``auto`` takes the first that is there, which a person can steer with environment variables.
    """

    name: str = "ML workspace"
    identity: Literal["auto", "account", "jupyterhub", "sagemaker"] = "auto"
    demo_allowed: bool = False
    support: str = "your platform team"


class StatePolicy(Strict, frozen=True):
    """``path``: folder of the shared state (requests, grants, runs); empty means a private folder of each person."""

    path: str = ""


class Purpose(Strict, frozen=True):
    """A reason for which data may be asked for."""

    code: str
    label: str


class Condition(Strict, frozen=True):
    """What a request must be like: each list that is not empty has to hold one of its values.

    ``column_tags`` looks at the columns asked for, ``dataset_tags`` at the dataset's own.
    """

    classifications: tuple[str, ...] = ()
    column_tags: tuple[str, ...] = ()
    dataset_tags: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()


class Stage(Strict, frozen=True):
    """One stage of a review, for requests that are like ``when``. ``approvers``: ``owner`` stands for the dataset's.

    After ``remind_days`` without a decision they are reminded; after ``escalate_days`` ``escalate_to`` may decide, too.
    """

    name: str
    approvers: tuple[str, ...]
    when: Condition = Condition()
    remind_days: int | None = 3
    escalate_days: int | None = None
    escalate_to: tuple[str, ...] = ()


class AutoApproval(Strict, frozen=True):
    """Requests like ``when``, for at most ``most_days`` days and without a column that is tagged as in
    ``never_column_tags``, are approved by the policy itself.
    """

    name: str
    when: Condition
    most_days: int
    never_column_tags: tuple[str, ...] = ("personal",)


class Guardrail(Strict, frozen=True):
    """Requests like ``when`` are refused whoever would approve them; ``because`` is what the requester reads."""

    name: str
    when: Condition
    because: str


class AwsAccess(Strict, frozen=True):
    """Where data access reaches AWS. Without ``account`` it never does.

    ``data_role``: ARN of the role that is taken on to use data, with ``{person}`` for the name of who uses it; nobody
    else may take it on. ``table``: name of the DynamoDB table of the shared state (empty: SQLite). ``glue_databases``:
    databases whose tables are in the catalogue, by the owner of their datasets; ``glue_backend`` puts grants on them
    into force. ``workgroup`` of Athena and ``results``, an ``s3://`` prefix for its answers. ``datazone_domain`` and
    ``datazone_project`` (the consumers'). ``access_grants_account``: the account of the S3 Access Grants instance
    (empty: ``account``). ``endpoint_url`` is for tests and private gateways.
    """

    account: str = ""
    region: str = ""
    data_role: str = ""
    table: str = ""
    glue_databases: dict[str, str] = msgspec.field(default_factory=dict)
    glue_backend: Literal["lake_formation", "datazone"] = "lake_formation"
    workgroup: str = ""
    results: str = ""
    datazone_domain: str = ""
    datazone_project: str = ""
    access_grants_account: str = ""
    endpoint_url: str = ""


class AccessPolicy(Strict, frozen=True):
    """Data access. Durations are in days.

    ``catalogues``: dataset catalogue files, relative to the policy's own folder; ``max_days``: the longest grant for
    each classification; ``four_eyes``: nobody decides on own requests; ``admins`` may decide on and revoke everything
    but their own. ``stages``: the review, in this order. ``announce_days``: how many days before its end a grant's end
    is announced. ``left``: people who have left; they may use nothing, and their grants end. ``hidden_tags``: datasets
    with such a tag are in nobody's catalogue but that of their owner, of admins and of those who hold a grant.
    ``databases``: for each PostgreSQL server, as ``host:port``, the id of the secret in AWS Secrets Manager that holds
    the login which creates and drops those of grants, and ``database_roots`` a file with the certificates that are
    trusted there (empty: the system's). ``fulfil_in_server``: every Jupyter server puts grants into
    force, which needs the permissions for that; without it ``mlplat data fulfil`` does, run by the platform team.
    """

    catalogues: tuple[str, ...] = ()
    purposes: tuple[Purpose, ...] = (
        Purpose(code="exploration", label="Explore whether the data helps"),
        Purpose(code="model-training", label="Train or evaluate a model"),
        Purpose(code="reporting", label="Report or dashboard"),
        Purpose(code="incident", label="Investigate an incident"),
    )
    default_days: int = 30
    max_days: dict[str, int] = msgspec.field(
        default_factory=lambda: {"public": 365, "internal": 180, "confidential": 90, "restricted": 30}
    )
    four_eyes: bool = True
    admins: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = (Stage(name="owner", approvers=("owner",)),)
    auto_approve: tuple[AutoApproval, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    announce_days: tuple[int, ...] = (7, 1)
    left: tuple[str, ...] = ()
    hidden_tags: tuple[str, ...] = ()
    databases: dict[str, str] = msgspec.field(default_factory=dict)
    database_roots: str = ""
    fulfil_in_server: bool = False
    aws: AwsAccess = AwsAccess()


class KernelRule(Strict, frozen=True):
    """The idle timeout of some kernels: those whose notebook's path or kernel's name fits the glob ``match``.

    Either ``timeout_seconds`` or ``never``; ``locked``: the notebook and the kernel's specification cannot change it
    (with neither of the two: they cannot change what holds for all).
    """

    match: str
    timeout_seconds: float = 0.0
    never: bool = False
    locked: bool = False


class IdlePolicy(Strict, frozen=True):
    """Idle shutdown. All durations are in seconds, all rates in bytes per second, CPU and GPU in fractions of one.

    A stop needs ``timeout_seconds`` of idleness, then ``grace_seconds`` of warning, and one more fresh sample; none
    happens in the first ``min_uptime_seconds``. ``kernels`` are rules for some kernels, the first that fits counts.
    With ``own_timeouts`` a notebook or a kernel's specification may set its own, between ``min_timeout_seconds`` and
    ``max_timeout_seconds``. ``keep_max_seconds`` caps a keep-alive.

    ``cull_kernels`` and ``cull_terminals`` false only report. ``stop`` says how the workspace is stopped: ``auto`` is
    what fits in SageMaker Studio and ``off`` elsewhere, where ``server`` ends this Jupyter server. ``watchdog`` runs
    a second process that stops the workspace when the server is dead or mute.

    A process is at work from ``busy_cpu_fraction`` of a core, one that is known for its heartbeat (or named in
    ``heartbeaters``) from ``heartbeat_cpu_fraction``; one that only watches (or named in ``watchers``) never is.
    ``schedule_ahead_seconds``: a notebook that is scheduled to run here within that time is waited for.
    ``unsaved_hold_seconds``: how long unsaved changes that a tab cannot save hold the workspace. ``hook_seconds`` is
    given to a person's hooks. ``webhook`` is an address that every warning and stop of the workspace is posted to.
    ``price_per_hour`` maps an instance type, or ``default``, to money.
    """

    enabled: bool = True
    timeout_seconds: float = 3600.0
    min_timeout_seconds: float = 60.0
    max_timeout_seconds: float = 86400.0
    own_timeouts: bool = True
    kernels: tuple[KernelRule, ...] = ()
    sample_seconds: float = 15.0
    grace_seconds: float = 300.0
    min_uptime_seconds: float = 900.0
    keep_max_seconds: float = 86400.0
    input_timeout_factor: float = 2.0
    busy_cpu_fraction: float = 0.02
    heartbeat_cpu_fraction: float = 0.15
    heartbeaters: tuple[str, ...] = ()
    watchers: tuple[str, ...] = ()
    io_bytes_per_second: float = 65536.0
    network_bytes_per_second: float = 65536.0
    gpu_fraction: float = 0.05
    schedule_ahead_seconds: float = 3600.0
    cull_kernels: bool = True
    cull_terminals: bool = True
    stop: Literal["auto", "off", "provider", "feeder", "direct", "server"] = "auto"
    watchdog: bool = True
    unsaved_hold_seconds: float = 86400.0
    hook_seconds: float = 30.0
    webhook: str = ""
    price_per_hour: dict[str, float] = msgspec.field(default_factory=dict)
    currency: str = "EUR"


class PackagesPolicy(Strict, frozen=True):
    """Package mirrors. An empty URL leaves that tool as it is.

    ``pip_index`` is one virtual index: there is no extra index on purpose, because clients fall back to it silently.
    ``allow_hosts``: the only hosts that clients may contact; empty means the hosts of the indexes named here.
    ``timeout_seconds`` and ``retries`` bound how long a client hangs on an index that does not answer.
    """

    pip_index: str = ""
    conda_channels: tuple[str, ...] = ()
    conda_channel_alias: str = ""
    allow_hosts: tuple[str, ...] = ()
    ca_bundle: str = ""
    timeout_seconds: int = 15
    retries: int = 2


class HandoffPolicy(Strict, frozen=True):
    """Training hand-off. ``price_per_hour`` maps an instance type to money for the cost line of a plan.

    ``approvers`` may approve model versions (empty: anybody but the author); ``instance_types`` empty means any.
    """

    approvers: tuple[str, ...] = ()
    four_eyes: bool = True
    instance_types: tuple[str, ...] = ()
    default_instance: str = "ml.m5.large"
    price_per_hour: dict[str, float] = msgspec.field(default_factory=dict)
    currency: str = "EUR"
    role_arn: str = ""
    kms_key: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    bundle_ask_bytes: int = 50 * 1024 * 1024
    max_parallel_steps: int = 2


class Policy(Strict, frozen=True):
    """The whole policy, one section a feature."""

    workspace: WorkspacePolicy = WorkspacePolicy()
    state: StatePolicy = StatePolicy()
    access: AccessPolicy = AccessPolicy()
    idle: IdlePolicy = IdlePolicy()
    packages: PackagesPolicy = PackagesPolicy()
    handoff: HandoffPolicy = HandoffPolicy()
