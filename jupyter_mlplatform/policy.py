"""What the platform team allows, forces or forbids: one TOML file, read from system paths only.

The first file found wins as a whole: ``/etc/jupyter/mlplatform/policy.toml``, then
``<sys.prefix>/etc/jupyter/mlplatform/policy.toml``. No environment variable, home folder or command-line flag takes
part, so a person cannot loosen it. A key that the file does not set has the built-in value given here.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlplatform.addresses import has_credentials, redact
from jupyter_mlplatform.errors import Invalid, nearest
from jupyter_mlplatform.policy_sections import (
    CLASSIFICATIONS,
    AccessPolicy,
    AutoApproval,
    AwsAccess,
    Condition,
    Guardrail,
    HandoffPolicy,
    IdlePolicy,
    KernelRule,
    PackagesPolicy,
    Policy,
    Purpose,
    Stage,
    StatePolicy,
    Strict,
    WorkspacePolicy,
)

__all__ = [
    "CLASSIFICATIONS",
    "AccessPolicy",
    "AutoApproval",
    "AwsAccess",
    "Condition",
    "EffectivePolicy",
    "Guardrail",
    "HandoffPolicy",
    "IdlePolicy",
    "KernelRule",
    "PackagesPolicy",
    "Policy",
    "Purpose",
    "Setting",
    "Stage",
    "StatePolicy",
    "Strict",
    "WorkspacePolicy",
    "load",
    "parse",
    "read_toml",
    "system_paths",
]

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BUILT_IN = "built in"
LONGEST_DAYS = 3650


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
    _check_access(access, origin)
    if policy.state.path and not Path(policy.state.path).is_absolute():
        raise _invalid(origin, f"'state.path' must be an absolute path, not {policy.state.path!r}.")
    for address in (idle.webhook, packages.pip_index, packages.conda_channel_alias, *packages.conda_channels):
        if has_credentials(address):
            raise _invalid(origin, f"An address holds a user name, password or token: {redact(address)}.")


def _check_access(access: AccessPolicy, origin: str) -> None:
    named = [("stages", each.name, each.when) for each in access.stages]
    named += [("auto_approve", each.name, each.when) for each in access.auto_approve]
    named += [("guardrails", each.name, each.when) for each in access.guardrails]
    classes = [*access.max_days, *(name for _, _, when in named for name in when.classifications)]
    purposes = [each.code for each in access.purposes]
    for name in classes:
        if name not in CLASSIFICATIONS:
            raise _invalid(origin, f"Unknown classification {name!r}. {nearest(name, CLASSIFICATIONS)}")
    for name in (name for _, _, when in named for name in when.purposes):
        if name not in purposes:
            raise _invalid(origin, f"Unknown purpose {name!r}. {nearest(name, purposes)}")
    for number, (section, name, _) in enumerate(named):
        if not name or (section, name) in [each[:2] for each in named[:number]]:
            raise _invalid(origin, f"Each entry of 'access.{section}' needs a name of its own; {name!r} is not.")
    for stage in access.stages:
        if not stage.approvers:
            raise _invalid(origin, f"The stage {stage.name!r} of 'access.stages' has no approvers.")
        if stage.escalate_days is not None and not stage.escalate_to:
            raise _invalid(origin, f"The stage {stage.name!r} does not say to whom it is escalated ('escalate_to').")
    limits = [days for each in access.stages for days in (each.remind_days, each.escalate_days) if days is not None]
    limits += [*access.announce_days, *(each.most_days for each in access.auto_approve)]
    if any(not 1 <= days <= LONGEST_DAYS for days in limits):
        raise _invalid(origin, f"Days in 'access' must be between 1 and {LONGEST_DAYS}.")
    _check_aws(access.aws, origin)


def _check_aws(aws: AwsAccess, origin: str) -> None:
    if aws == AwsAccess():
        return
    for name, digits in (("account", aws.account), ("access_grants_account", aws.access_grants_account)):
        if not re.fullmatch(r"\d{12}", digits) and (digits or name == "account"):
            raise _invalid(origin, f"'access.aws.{name}' must be the twelve digits of an account, not {digits!r}.")
    if not aws.region:
        raise _invalid(origin, "'access.aws.region' is missing.")
    if aws.data_role and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/\S*\{person\}\S*", aws.data_role):
        told = f"'access.aws.data_role' must be the ARN of a role with {{person}} in it, not {aws.data_role!r}."
        raise _invalid(origin, told)
    if aws.results and not re.fullmatch(r"s3://[a-z0-9.-]{3,63}/(\S*/)?", aws.results):
        raise _invalid(origin, f"'access.aws.results' must be like s3://bucket/prefix/, not {aws.results!r}.")
    if bool(aws.datazone_domain) != bool(aws.datazone_project):
        raise _invalid(origin, "'access.aws.datazone_domain' and 'datazone_project' are needed together.")
    if aws.glue_databases and aws.glue_backend == "datazone" and not aws.datazone_domain:
        raise _invalid(origin, "'access.aws.glue_backend' is 'datazone', but there is no 'datazone_domain'.")
    if aws.endpoint_url and (
        not aws.endpoint_url.startswith(("http://", "https://")) or has_credentials(aws.endpoint_url)
    ):
        raise _invalid(origin, "'access.aws.endpoint_url' must be an http or https address without credentials.")


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
