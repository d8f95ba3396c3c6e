"""The workspace in one line, from the verdicts on it and on its kernels and terminals."""

from __future__ import annotations

from datetime import datetime

import msgspec

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.keepalive import sentence
from jupyter_mlplatform.idle.models import (
    WORKSPACE,
    IdleStatus,
    Lease,
    ProcessStatus,
    State,
    StopMode,
    StopPlan,
    SubjectStatus,
    called,
)
from jupyter_mlplatform.policy import IdlePolicy

SERVER_STAYS = "Only kernels and terminals are stopped, the server itself goes on."
NOT_YET = "Nothing has been looked at yet."
ONLY_REPORTS = "the policy only reports"
BEGINNINGS = {State.WORKING: "Working", State.UNKNOWN: "Not sure", State.KEPT: "Kept"}
STALE_SAMPLES = 8.0


def blank(policy: IdlePolicy, verdict: str) -> IdleStatus:
    """A status without any measurement behind it."""
    return IdleStatus(
        enabled=policy.enabled,
        verdict=verdict,
        state=State.UNKNOWN,
        stops_in_seconds=None,
        timeout_seconds=policy.timeout_seconds,
        keep_max_seconds=policy.keep_max_seconds,
        sampled_at=None,
    )


def of(
    workspace: SubjectStatus | None,
    kernels: tuple[SubjectStatus, ...],
    terminals: tuple[SubjectStatus, ...],
    processes: tuple[ProcessStatus, ...],
    stop: StopPlan,
    policy: IdlePolicy,
    utc: datetime,
) -> IdleStatus:
    """The status after a sample. ``stops_in_seconds`` is that of whatever would stop first."""
    subjects = (*kernels, *terminals, *((workspace,) if workspace else ()))
    ends = [each.stops_in_seconds for each in subjects if each.stops_in_seconds is not None]
    state, verdict = _verdict(workspace, (*kernels, *terminals), stop, policy)
    return msgspec.structs.replace(
        blank(policy, verdict),
        state=state,
        stops_in_seconds=min(ends, default=None),
        sampled_at=utc,
        workspace=workspace,
        stop=stop,
        kernels=kernels,
        terminals=terminals,
        processes=processes,
    )


def _verdict(
    workspace: SubjectStatus | None, subjects: tuple[SubjectStatus, ...], stop: StopPlan, policy: IdlePolicy
) -> tuple[State, str]:
    if workspace is None:
        return State.UNKNOWN, NOT_YET
    reason = workspace.why.removeprefix("kept because ")
    if workspace.state is State.CULLED:
        return State.CULLED, f"Stopped: {workspace.why}."
    if workspace.state in BEGINNINGS:
        return workspace.state, f"{BEGINNINGS[workspace.state]}: {reason}."
    idle = f"Idle for {spoken(workspace.idle_seconds)}"
    if workspace.stops_in_seconds is not None:
        return workspace.state, f"{idle}; the workspace stops in {spoken(workspace.stops_in_seconds)}."
    if stop.mode is not StopMode.NONE:
        return workspace.state, f"{idle}; {workspace.why}."
    return _without_workspace(idle, subjects, policy)


def _without_workspace(idle: str, subjects: tuple[SubjectStatus, ...], policy: IdlePolicy) -> tuple[State, str]:
    """Where only kernels and terminals are stopped."""
    living = [each for each in subjects if each.state is not State.CULLED]
    if not living:
        return State.IDLE, "No kernel and no terminal is open."
    ending = sorted((each.stops_in_seconds, called(each)) for each in living if each.stops_in_seconds is not None)
    if not ending:
        kept = any(each.state is State.KEPT for each in living)
        only_reports = not policy.cull_kernels and not policy.cull_terminals
        return (State.KEPT if kept else State.IDLE), f"{idle}; {ONLY_REPORTS if only_reports else 'all is kept'}."
    seconds, name = ending[0]
    warned = any(each.state is State.WARNED for each in living)
    return (State.WARNED if warned else State.IDLE), f"{idle}; {name} stops in {spoken(seconds)}. {SERVER_STAYS}"


def lease_change(action: str, lease: Lease) -> str:
    """What to tell when a keep-alive begins (``kept``) or ends (``released``)."""
    if action == "kept":
        return f"kept because {sentence(lease)}"
    what = "The workspace" if lease.subject == WORKSPACE else f"This {lease.subject.partition(':')[0]}"
    return f"{what} is no longer kept awake by {lease.person}."


def with_leases(status: IdleStatus, leases: tuple[Lease, ...], utc: datetime) -> IdleStatus:
    """The last report, brought up to date with the keep-alives of this very moment."""
    current = tuple(each for each in leases if each.until > utc)
    kernels = tuple(_kept(each, current) for each in status.kernels)
    terminals = tuple(_kept(each, current) for each in status.terminals)
    inside = {WORKSPACE, *(each.subject for each in (*kernels, *terminals))}
    workspace = status.workspace
    if workspace is not None:
        workspace = _kept(workspace, tuple(each for each in current if each.subject in inside), whole=True)
    ends = [each.stops_in_seconds for each in (*kernels, *terminals, *((workspace,) if workspace else ()))]
    changed = msgspec.structs.replace(status, kernels=kernels, terminals=terminals, workspace=workspace, leases=current)
    if status.sampled_at is None or status.state not in (State.IDLE, State.WARNED):
        return changed
    changed = msgspec.structs.replace(
        changed, stops_in_seconds=min((each for each in ends if each is not None), default=None)
    )
    whole = [each for each in current if each.subject == WORKSPACE]
    if whole or (workspace is not None and workspace.state is State.KEPT):
        verdict = f"Kept: {'; '.join(map(sentence, whole or current))}."
        return msgspec.structs.replace(changed, state=State.KEPT, verdict=verdict)
    return changed


def _kept(each: SubjectStatus, leases: tuple[Lease, ...], *, whole: bool = False) -> SubjectStatus:
    """Kept by leases of its own, of the workspace, or (``whole``) by each of them."""
    keeping = [sentence(lease) for lease in leases if whole or lease.subject in (WORKSPACE, each.subject)]
    if not keeping or each.state not in (State.IDLE, State.WARNED):
        return each
    why = f"kept because {'; '.join(keeping)}"
    return msgspec.structs.replace(each, state=State.KEPT, stops_in_seconds=None, why=why)


def if_stale(status: IdleStatus, policy: IdlePolicy, utc: datetime) -> IdleStatus:
    """Say so when the server that reports has fallen silent: nothing old is shown as if it were true now."""
    if status.sampled_at is None:
        return status
    age = (utc - status.sampled_at).total_seconds()
    if age <= STALE_SAMPLES * policy.sample_seconds:
        return status
    verdict = f"The server has not reported since {status.sampled_at:%Y-%m-%d %H:%M} UTC."
    return msgspec.structs.replace(status, state=State.UNKNOWN, stops_in_seconds=None, verdict=verdict)
