"""The workspace in one line, from the verdicts on its kernels."""

from __future__ import annotations

from datetime import datetime

import msgspec

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.keepalive import sentence
from jupyter_mlplatform.idle.models import Evidence, IdleStatus, KernelStatus, Lease, Signal, State
from jupyter_mlplatform.policy import IdlePolicy

SERVER_STAYS = "Only kernels are stopped, the server itself goes on."
STALE_SAMPLES = 3.0


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
    kernels: tuple[KernelStatus, ...],
    person: Evidence,
    keeps: tuple[str, ...],
    policy: IdlePolicy,
    utc: datetime,
) -> IdleStatus:
    """The status after a sample. ``stops_in_seconds`` is that of the kernel that would stop first."""
    living = tuple(each for each in kernels if each.state is not State.CULLED)
    state, verdict = _verdict(living, person, keeps, policy)
    ends = [each.stops_in_seconds for each in living if each.stops_in_seconds is not None]
    return msgspec.structs.replace(
        blank(policy, verdict),
        state=state,
        stops_in_seconds=min(ends, default=None),
        sampled_at=utc,
        kernels=kernels,
    )


def _verdict(
    kernels: tuple[KernelStatus, ...], person: Evidence, keeps: tuple[str, ...], policy: IdlePolicy
) -> tuple[State, str]:
    for state, begin in ((State.WORKING, "Working"), (State.UNKNOWN, "Not sure")):
        found = [each for each in kernels if each.state is state]
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            return state, f"{begin}: {_name(found[0])} is {found[0].why}{more}."
    if person.signal is Signal.WORK:
        return State.WORKING, f"Working: {person.text}."
    if keeps:
        return State.KEPT, f"Kept: {'; '.join(keeps)}."
    if not kernels:
        return State.IDLE, "No kernel is running."
    idle = f"Idle for {spoken(min(each.idle_seconds for each in kernels))}"
    ending = sorted(
        (each.stops_in_seconds, _name(each), each.state) for each in kernels if each.stops_in_seconds is not None
    )
    if not ending:
        return _calmest(kernels), f"{idle}; {'the policy only reports' if not policy.cull_kernels else 'all is kept'}."
    seconds, name, _ = ending[0]
    text = f"{idle}; {name} stops in {spoken(seconds)}. {SERVER_STAYS}"
    if policy.stop_server:
        text += " The policy asks to stop the server as well, which this version cannot do yet."
    return State.WARNED if any(each.state is State.WARNED for each in kernels) else State.IDLE, text


def _calmest(kernels: tuple[KernelStatus, ...]) -> State:
    return State.KEPT if any(each.state is State.KEPT for each in kernels) else State.IDLE


def _name(kernel: KernelStatus) -> str:
    return kernel.path or f"the kernel {kernel.kernel_id[:8]}"


def lease_change(action: str, lease: Lease) -> str:
    """What to tell when a keep-alive begins (``kept``) or ends (``released``)."""
    if action == "kept":
        return f"kept because {sentence(lease)}"
    what = "This kernel" if lease.kernel_id else "The workspace"
    return f"{what} is no longer kept awake by {lease.person}."


def with_leases(status: IdleStatus, leases: tuple[Lease, ...], utc: datetime) -> IdleStatus:
    """The last report, brought up to date with the keep-alives of this very moment."""
    current = tuple(each for each in leases if each.until > utc)
    whole = [each for each in current if each.kernel_id is None]
    kernels = tuple(_kept(each, current) for each in status.kernels)
    changed = msgspec.structs.replace(status, kernels=kernels, leases=current)
    ends = [each.stops_in_seconds for each in kernels if each.stops_in_seconds is not None]
    if status.sampled_at is None or status.state not in (State.IDLE, State.WARNED):
        return changed
    if whole:
        verdict = f"Kept: {'; '.join(map(sentence, whole))}."
        return msgspec.structs.replace(changed, state=State.KEPT, stops_in_seconds=None, verdict=verdict)
    return msgspec.structs.replace(changed, stops_in_seconds=min(ends, default=None))


def _kept(kernel: KernelStatus, leases: tuple[Lease, ...]) -> KernelStatus:
    keeping = [sentence(each) for each in leases if each.kernel_id in (None, kernel.kernel_id)]
    if not keeping or kernel.state not in (State.IDLE, State.WARNED):
        return kernel
    why = f"kept because {'; '.join(keeping)}"
    return msgspec.structs.replace(kernel, state=State.KEPT, stops_in_seconds=None, why=why)


def if_stale(status: IdleStatus, policy: IdlePolicy, utc: datetime) -> IdleStatus:
    """Say so when the server that reports has fallen silent: nothing old is shown as if it were true now."""
    if status.sampled_at is None:
        return status
    age = (utc - status.sampled_at).total_seconds()
    if age <= STALE_SAMPLES * policy.sample_seconds:
        return status
    verdict = f"The server has not reported since {status.sampled_at:%Y-%m-%d %H:%M} UTC."
    return msgspec.structs.replace(status, state=State.UNKNOWN, stops_in_seconds=None, verdict=verdict)
