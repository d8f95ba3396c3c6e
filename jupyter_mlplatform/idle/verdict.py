"""The rule that decides: never stop work, never stop on doubt, warn before, look again before acting.

A stop needs all evidence idle for the timeout, seen in two fresh samples in a row; then a warning and the grace
period; then one more fresh sample that is idle. Work, doubt, a keep-alive or a gap in the measurements call it off.
Pure: time is seconds on a monotonic clock and is an argument.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import Signal, State
from jupyter_mlplatform.policy import IdlePolicy

FRESH_SAMPLES = 2
LONGEST_GAP = 3.0
"""Sample intervals without a sample after which the timers start again: the machine slept, or the server hung."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What must be remembered of a kernel from sample to sample.

    ``worked_at``: the last instant of work or doubt; ``idle_samples``: fresh idle samples in a row since then.
    """

    worked_at: float
    idle_samples: int = 0
    warned_at: float | None = None
    sampled_at: float | None = None


class Action(str, Enum):
    """What is to be done now."""

    NOTHING = "nothing"
    WARN = "warned"
    CANCEL = "cancelled"
    CULL = "culled"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a kernel at one instant; see :class:`~jupyter_mlplatform.idle.models.KernelStatus`."""

    state: State
    idle_seconds: float
    stops_in_seconds: float | None
    why: str
    action: Action = Action.NOTHING


class Rules(msgspec.Struct, frozen=True):
    """What is the same for every kernel: the policy, when the server started, and who keeps everything (sentences)."""

    policy: IdlePolicy
    started_at: float
    keeps: tuple[str, ...] = ()


def judge(memory: Memory, findings: tuple[Finding, ...], rules: Rules, now: float) -> tuple[Memory, Verdict]:
    """The verdict on a kernel after a fresh sample, and what to remember until the next one."""
    gap = 0.0 if memory.sampled_at is None else now - memory.sampled_at
    if gap > LONGEST_GAP * rules.policy.sample_seconds:
        why = f"kept because nothing was measured for {spoken(gap)}, so the idle time starts again"
        return _awake(memory, State.IDLE, why, now, now)
    working = _with(Signal.WORK, findings)
    if working:
        worked_at = max(memory.worked_at, _worked(working, now))
        return _awake(memory, State.WORKING, f"kept because {_texts(working)}", worked_at, now)
    doubtful = _with(Signal.UNKNOWN, findings)
    if doubtful:
        why = f"kept because {_texts(doubtful)}, and nothing is stopped on doubt"
        return _awake(memory, State.UNKNOWN, why, now, now)
    return _idle(memory, findings, rules, now)


def call_off(memory: Memory, findings: tuple[Finding, ...], rules: Rules, now: float) -> tuple[Memory, Verdict] | None:
    """Between two samples: the verdict if a warning is to be taken back at once, otherwise None. Never stops."""
    if memory.warned_at is None:
        return None
    used = _worked(findings, memory.worked_at) > memory.warned_at
    if not (used or rules.keeps or _with(Signal.WORK, findings)):
        return None
    after, verdict = judge(msgspec.structs.replace(memory, sampled_at=None), findings, rules, now)
    return msgspec.structs.replace(after, sampled_at=memory.sampled_at, idle_samples=0), verdict


def _awake(memory: Memory, state: State, why: str, worked_at: float, now: float) -> tuple[Memory, Verdict]:
    action = Action.NOTHING if memory.warned_at is None else Action.CANCEL
    return Memory(worked_at=worked_at, sampled_at=now), _verdict(state, 0.0, None, why, action)


def _idle(memory: Memory, findings: tuple[Finding, ...], rules: Rules, now: float) -> tuple[Memory, Verdict]:
    policy = rules.policy
    worked_at = min(now, max(_worked(findings, memory.worked_at), memory.worked_at))
    idle_for = now - worked_at
    memory = msgspec.structs.replace(memory, worked_at=worked_at, idle_samples=memory.idle_samples + 1, sampled_at=now)
    warned = memory.warned_at
    calm = msgspec.structs.replace(memory, warned_at=None)
    off = Action.NOTHING if warned is None else Action.CANCEL
    if rules.keeps:
        why = f"kept because {'; '.join(rules.keeps)}"
        return calm, _verdict(State.KEPT, idle_for, None, why, off)
    if not policy.cull_kernels:
        return calm, _verdict(State.IDLE, idle_for, None, "kept because the policy only reports and stops nothing", off)
    if warned is not None and worked_at > warned:
        why = f"kept because it was used {spoken(idle_for)} ago, after the warning"
        return calm, _verdict(State.IDLE, idle_for, _stops_in(worked_at, rules, now), why, Action.CANCEL)
    reasons = _texts(findings)
    if warned is not None:
        left = warned + policy.grace_seconds - now
        why = f"stops because it has been idle for {spoken(idle_for)}: {reasons}"
        action = Action.CULL if left <= 0 else Action.NOTHING
        return memory, _verdict(State.WARNED, idle_for, max(0.0, left), why, action)
    if now >= _warn_at(worked_at, rules) and memory.idle_samples >= FRESH_SAMPLES:
        why = f"stops because it has been idle for {spoken(idle_for)}: {reasons}"
        return msgspec.structs.replace(memory, warned_at=now), _verdict(
            State.WARNED, idle_for, policy.grace_seconds, why, Action.WARN
        )
    return memory, _verdict(State.IDLE, idle_for, _stops_in(worked_at, rules, now), _not_yet(idle_for, rules, now))


def _not_yet(idle_for: float, rules: Rules, now: float) -> str:
    policy = rules.policy
    if idle_for < policy.timeout_seconds:
        return f"kept because it has been idle for only {spoken(idle_for)} of {spoken(policy.timeout_seconds)}"
    if now - rules.started_at < policy.min_uptime_seconds:
        return f"kept because nothing is stopped in the first {spoken(policy.min_uptime_seconds)} of the server"
    return "kept because one more idle sample is needed"


def _warn_at(worked_at: float, rules: Rules) -> float:
    policy = rules.policy
    earliest_stop = rules.started_at + policy.min_uptime_seconds
    return max(worked_at + policy.timeout_seconds, earliest_stop - policy.grace_seconds)


def _stops_in(worked_at: float, rules: Rules, now: float) -> float:
    return max(now, _warn_at(worked_at, rules)) + rules.policy.grace_seconds - now


def _with(signal: Signal, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(each for each in findings if each.evidence.signal is signal)


def _texts(findings: tuple[Finding, ...]) -> str:
    return "; ".join(each.evidence.text for each in findings)


def _worked(findings: tuple[Finding, ...], otherwise: float) -> float:
    """The latest instant of work among findings that know one."""
    return max((each.worked_at for each in findings if each.worked_at is not None), default=otherwise)


def _verdict(
    state: State, idle_for: float, stops_in: float | None, why: str, action: Action = Action.NOTHING
) -> Verdict:
    return Verdict(state=state, idle_seconds=idle_for, stops_in_seconds=stops_in, why=why, action=action)
