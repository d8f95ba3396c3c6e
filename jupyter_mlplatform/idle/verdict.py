"""The rule that decides: never stop work, never stop on doubt, warn before, look again before acting.

A stop needs all evidence idle for the timeout, seen in two fresh samples in a row; then a warning and the grace
period; then one more fresh sample that is idle. Work, doubt, a keep-alive or a gap in the measurements call it off.
Pure: time is seconds on a monotonic clock and is an argument.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum

import msgspec

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import Signal, State
from jupyter_mlplatform.policy import IdlePolicy

FRESH_SAMPLES = 2
LONGEST_GAP = 3.0
"""Sample intervals without a sample after which the timers start again: the machine slept, or the server hung."""


class Memory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What must be remembered of a subject from sample to sample.

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


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The state of a subject at one instant; see :class:`~jupyter_mlplatform.idle.models.SubjectStatus`."""

    state: State
    idle_seconds: float
    stops_in_seconds: float | None
    why: str
    action: Action = Action.NOTHING


class Rules(msgspec.Struct, frozen=True, gc=False):
    """What a subject is held against.

    ``timeout_seconds`` is its own (None: it is never stopped, and ``never`` says why); ``started_at`` when the server
    started; ``keeps`` who or what keeps it, one sentence each; ``inert`` why nothing is done to it even if it is idle.
    """

    policy: IdlePolicy
    timeout_seconds: float | None
    started_at: float
    keeps: tuple[str, ...] = ()
    never: str = "the policy never stops it"
    inert: str = ""


def clause(sentence: str) -> str:
    """``The run is executing.`` as it reads after "kept because"; a name or an abbreviation keeps its capital."""
    first = sentence.split(" ", 1)[0]
    return (sentence if first[1:].lower() != first[1:] else sentence[:1].lower() + sentence[1:]).rstrip(".")


def judge(memory: Memory, findings: tuple[Finding, ...], rules: Rules, now: float) -> tuple[Memory, Verdict]:
    """The verdict on a subject after a fresh sample, and what to remember until the next one."""
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
    warned = memory.warned_at
    calm = Memory(worked_at=worked_at, idle_samples=memory.idle_samples + 1, sampled_at=now)
    memory = calm if warned is None else msgspec.structs.replace(calm, warned_at=warned)
    off = Action.NOTHING if warned is None else Action.CANCEL
    if rules.keeps or rules.timeout_seconds is None:
        why = f"kept because {'; '.join(rules.keeps or (rules.never,))}"
        return calm, _verdict(State.KEPT, idle_for, None, why, off)
    if rules.inert:
        return calm, _verdict(State.IDLE, idle_for, None, f"kept because {rules.inert}", off)
    if warned is not None and worked_at > warned:
        why = f"kept because it was used {spoken(idle_for)} ago, after the warning"
        return calm, _verdict(State.IDLE, idle_for, _stops_in(worked_at, rules, now), why, Action.CANCEL)
    if warned is not None:
        left = warned + policy.grace_seconds - now
        why = f"stops because it has been idle for {spoken(idle_for)}: {_texts(findings)}"
        action = Action.CULL if left <= 0 else Action.NOTHING
        return memory, _verdict(State.WARNED, idle_for, max(0.0, left), why, action)
    if now >= _warn_at(worked_at, rules) and memory.idle_samples >= FRESH_SAMPLES:
        why = f"stops because it has been idle for {spoken(idle_for)}: {_texts(findings)}"
        return msgspec.structs.replace(memory, warned_at=now), _verdict(
            State.WARNED, idle_for, policy.grace_seconds, why, Action.WARN
        )
    why = _not_yet(idle_for, rules.timeout_seconds, rules, now)
    return memory, _verdict(State.IDLE, idle_for, _stops_in(worked_at, rules, now), why)


def _not_yet(idle_for: float, timeout_seconds: float, rules: Rules, now: float) -> str:
    policy = rules.policy
    if idle_for < timeout_seconds:
        return f"kept because it has been idle for only {spoken(idle_for)} of {spoken(timeout_seconds)}"
    if now - rules.started_at < policy.min_uptime_seconds:
        return f"kept because nothing is stopped in the first {spoken(policy.min_uptime_seconds)} of the server"
    return "kept because one more idle sample is needed"


def _warn_at(worked_at: float, rules: Rules) -> float:
    policy = rules.policy
    earliest_stop = rules.started_at + policy.min_uptime_seconds
    timeout = math.inf if rules.timeout_seconds is None else rules.timeout_seconds
    return max(worked_at + timeout, earliest_stop - policy.grace_seconds)


def _stops_in(worked_at: float, rules: Rules, now: float) -> float:
    return max(now, _warn_at(worked_at, rules)) + rules.policy.grace_seconds - now


def _with(signal: Signal, findings: tuple[Finding, ...]) -> list[Finding]:
    return [each for each in findings if each.evidence.signal is signal]


def _texts(findings: Sequence[Finding]) -> str:
    return "; ".join(each.evidence.text for each in findings)


def _worked(findings: Sequence[Finding], otherwise: float) -> float:
    """The latest instant of work among findings that know one."""
    return max([each.worked_at for each in findings if each.worked_at is not None], default=otherwise)


def _verdict(
    state: State, idle_for: float, stops_in: float | None, why: str, action: Action = Action.NOTHING
) -> Verdict:
    return Verdict(state=state, idle_seconds=idle_for, stops_in_seconds=stops_in, why=why, action=action)
