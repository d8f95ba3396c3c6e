"""What the platform team allows, forces or forbids: one TOML file, read from system paths only.

The first file found wins as a whole: ``/etc/jupyter/mlplatform/policy.toml``, then
``<sys.prefix>/etc/jupyter/mlplatform/policy.toml``. No environment variable, home folder or command-line flag takes
part, so a person cannot loosen it. A key that the file does not set has the built-in value given here.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from jupyter_mlplatform.addresses import has_credentials, redact
from jupyter_mlplatform.errors import Invalid, nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BUILT_IN = "built in"
LONGEST_DAYS = 3650
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


class AccessPolicy(Strict, frozen=True):
    """Data access. Durations are in days.

    ``catalogues``: dataset catalogue files, relative to the policy's own folder; ``max_days``: the longest grant for
    each classification; ``four_eyes``: nobody decides on own requests; ``admins`` may decide on and revoke everything
    but their own. ``stages``: the review, in this order. ``announce_days``: how many days before its end a grant's end
    is announced. ``left``: people who have left; they may use nothing, and their grants end.
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


class Setting(msgspec.Struct, frozen=True):
    """One effective value and the file that set it (or ``built in``)."""

    key: str
    value: Any
    origin: str


class EffectivePolicy(msgspec.Struct, frozen=True):
    """A policy with the file it came from (``None``: built in) and the keys which that file sets."""

    policy: Policy = Policy()
    path: str | None = None
    given: frozenset[str] = frozenset()

    def settings(self) -> list[Setting]:
        """Every effective value with its origin, in file order."""
        return [
            Setting(key, value, self.path if self.path and key in self.given else BUILT_IN)
            for key, value in _flatten(msgspec.to_builtins(self.policy), Policy)
        ]

    @property
    def writable(self) -> bool:
        """Whether the person reading it could edit it, which makes the policy advice rather than a rule."""
        return self.path is not None and os.access(self.path, os.W_OK)


def system_paths() -> tuple[Path, ...]:
    """Where a policy may live, most binding first."""
    tail = Path("jupyter", "mlplatform", "policy.toml")
    return (Path("/etc") / tail, Path(sys.prefix) / "etc" / tail)


def load(paths: Sequence[Path] | None = None) -> EffectivePolicy:
    """Read the first policy file that exists. Raises ``Invalid`` naming file and key when it is wrong."""
    for path in system_paths() if paths is None else paths:
        if _present(path):
            return parse(read_toml(path, code="policy.unreadable"), str(path))
    return EffectivePolicy()


def parse(document: dict[str, Any], origin: str) -> EffectivePolicy:
    """Check a document strictly: an unknown key, a wrong type or an impossible value is an error."""
    _refuse_unknown(document, Policy, origin, "")
    try:
        policy = msgspec.convert(document, Policy)
    except msgspec.ValidationError as error:
        raise _invalid(origin, f"{error}.") from error
    _check_values(policy, origin)
    return EffectivePolicy(policy, origin, frozenset(key for key, _ in _flatten(document, Policy)))


def read_toml(path: Path, *, code: str) -> dict[str, Any]:
    """A TOML file as a dict. Raises ``Invalid`` with ``code`` and the place of the mistake."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise Invalid(
            code,
            f"The file {path} cannot be read.",
            cause=f"{error}.",
            next_step="Correct the file, or restore its last good version.",
        ) from error


def _present(path: Path) -> bool:
    """Whether something lies there, readable or not: a policy that cannot be read must not count as none."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _sections(struct: type[Strict]) -> dict[str, type[Strict]]:
    return {
        field.name: field.type
        for field in msgspec.structs.fields(struct)
        if isinstance(field.type, type) and issubclass(field.type, Strict)
    }


def _flatten(document: dict[str, Any], struct: type[Strict], prefix: str = "") -> Iterator[tuple[str, Any]]:
    sections = _sections(struct)
    for key, value in document.items():
        if key in sections and isinstance(value, dict):
            yield from _flatten(value, sections[key], f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _refuse_unknown(document: dict[str, Any], struct: type[Strict], origin: str, prefix: str) -> None:
    known = [field.name for field in msgspec.structs.fields(struct)]
    sections = _sections(struct)
    for key, value in document.items():
        if key not in known:
            raise _invalid(origin, f"Unknown key {prefix + key!r}. {nearest(key, known)}")
        if key in sections:
            if not isinstance(value, dict):
                raise _invalid(origin, f"{prefix + key!r} must be a section, [{prefix}{key}].")
            _refuse_unknown(value, sections[key], origin, f"{prefix}{key}.")


def _check_values(policy: Policy, origin: str) -> None:
    access, idle, packages = policy.access, policy.idle, policy.packages
    days = {"access.default_days": access.default_days}
    days |= {f"access.max_days.{name}": value for name, value in access.max_days.items()}
    positive = {
        "idle.timeout_seconds": idle.timeout_seconds,
        "idle.sample_seconds": idle.sample_seconds,
        "idle.keep_max_seconds": idle.keep_max_seconds,
        "idle.busy_cpu_fraction": idle.busy_cpu_fraction,
        "idle.input_timeout_factor": idle.input_timeout_factor,
        "idle.min_timeout_seconds": idle.min_timeout_seconds,
        "idle.max_timeout_seconds": idle.max_timeout_seconds,
        "idle.heartbeat_cpu_fraction": idle.heartbeat_cpu_fraction,
        "idle.io_bytes_per_second": idle.io_bytes_per_second,
        "idle.network_bytes_per_second": idle.network_bytes_per_second,
        "idle.gpu_fraction": idle.gpu_fraction,
        "packages.timeout_seconds": packages.timeout_seconds,
        "handoff.max_parallel_steps": policy.handoff.max_parallel_steps,
        **days,
    }
    not_negative = {
        "idle.grace_seconds": idle.grace_seconds,
        "idle.min_uptime_seconds": idle.min_uptime_seconds,
        "idle.schedule_ahead_seconds": idle.schedule_ahead_seconds,
        "idle.unsaved_hold_seconds": idle.unsaved_hold_seconds,
        "idle.hook_seconds": idle.hook_seconds,
        **{f"idle.price_per_hour.{name}": price for name, price in idle.price_per_hour.items()},
        "packages.retries": packages.retries,
        **{f"handoff.price_per_hour.{name}": price for name, price in policy.handoff.price_per_hour.items()},
    }
    for key, number in {**positive, **not_negative}.items():
        if not math.isfinite(number):
            raise _invalid(origin, f"{key!r} must be a finite number, not {number}.")
        if number < 0:
            raise _invalid(origin, f"{key!r} must not be negative, it is {number}.")
        if number == 0 and key in positive:
            raise _invalid(origin, f"{key!r} must be greater than 0, not {number}.")
    for key, number in days.items():
        if number > LONGEST_DAYS:
            raise _invalid(origin, f"{key!r} must be at most {LONGEST_DAYS}, not {number}.")
    _check_idle(idle, origin)
    for name in access.max_days:
        if name not in CLASSIFICATIONS:
            raise _invalid(origin, f"Unknown classification {name!r}. {nearest(name, CLASSIFICATIONS)}")
    if policy.state.path and not Path(policy.state.path).is_absolute():
        raise _invalid(origin, f"'state.path' must be an absolute path, not {policy.state.path!r}.")
    for address in (idle.webhook, packages.pip_index, packages.conda_channel_alias, *packages.conda_channels):
        if has_credentials(address):
            raise _invalid(origin, f"An address holds a user name, password or token: {redact(address)}.")


def _check_idle(idle: IdlePolicy, origin: str) -> None:
    if idle.min_timeout_seconds > idle.max_timeout_seconds:
        raise _invalid(origin, "'idle.min_timeout_seconds' must not be above 'idle.max_timeout_seconds'.")
    for rule in idle.kernels:
        if not rule.match:
            raise _invalid(origin, "Each rule of 'idle.kernels' needs a match, as 'train*' is one.")
        both, neither = rule.never and rule.timeout_seconds, not rule.never and not rule.timeout_seconds
        if both or (neither and not rule.locked) or not 0 <= rule.timeout_seconds < math.inf:
            raise _invalid(origin, f"The rule {rule.match!r} of 'idle.kernels' needs either timeout_seconds or never.")
    if idle.webhook and not idle.webhook.startswith(("http://", "https://")):
        raise _invalid(origin, "'idle.webhook' must be an http or https address.")


def _invalid(origin: str, cause: str) -> Invalid:
    return Invalid(
        "policy.invalid",
        f"The policy file {origin} is not valid.",
        cause=cause,
        next_step="Correct the file; 'mlplat policy show' lists every key with its value.",
    )
