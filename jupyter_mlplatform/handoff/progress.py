"""What the events of a run make of it, and whether it is still being executed. Pure: the time is an argument."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

import msgspec

from jupyter_mlplatform.handoff.models import Metric, Run, RunState, RunStep, StepState

FINAL = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.STOPPED, RunState.INTERRUPTED})
FINAL_STEPS = frozenset({StepState.SUCCEEDED, StepState.FAILED, StepState.STOPPED, StepState.SKIPPED})
HEARTBEAT = timedelta(seconds=2)
SILENT_AFTER = timedelta(seconds=9)
CLAIM_WITHIN = timedelta(seconds=10)
GIVE_UP_AFTER = timedelta(seconds=60)

_RUN_STATES = {f"run.{state.value.lower()}": state for state in RunState}
_STEP_STATES = {f"step.{state.value.lower()}": state for state in StepState}
PROGRESS, METRICS, REGISTERED = "step.progress", "step.metrics", "run.registered"


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about a run. ``action`` is ``run.<state>``, ``step.<state>``, or one of the three words above."""

    action: str
    at: datetime
    step: str = ""
    text: str = ""
    metrics: tuple[Metric, ...] = ()
    environment: str = ""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who executes a run: a process of a machine, told apart from a later one of that number by its start."""

    host: str
    pid: int | None = None
    pid_started: str = ""
    heartbeat: datetime | None = None


class Verdict(Enum):
    """What to do about a run that is not final."""

    FINE = "fine"
    LAUNCH = "launch"
    LOST = "lost"


def apply(run: Run, event: RunEvent) -> Run:
    """The run after an event; the very same object when the event comes too late to change anything."""
    if run.state in FINAL:
        return run
    if event.action == REGISTERED:
        return msgspec.structs.replace(run, version_id=event.text)
    if event.action == METRICS:
        return msgspec.structs.replace(run, metrics=(*run.metrics, *event.metrics))
    if event.action in _RUN_STATES:
        return _run_state(run, _RUN_STATES[event.action], event)
    steps = tuple(_step(step, event) if step.name == event.step else step for step in run.steps)
    return run if steps == run.steps else msgspec.structs.replace(run, steps=steps)


def shown_to(run: Run, person: str) -> Run:
    """The run as ``person`` may see it: an error can quote data that was granted to the run's author alone."""
    if run.person == person:
        return run
    steps = tuple(
        msgspec.structs.replace(step, error=f"Step {step.name} failed.") if step.error else step for step in run.steps
    )
    return msgspec.structs.replace(run, steps=steps, error=_what_happened(run) if run.error else "")


def _what_happened(run: Run) -> str:
    failed = next((step.name for step in run.steps if step.state is StepState.FAILED), "")
    if run.state is RunState.FAILED:
        return f"Step {failed} failed." if failed else "The runner failed."
    return f"It was {run.state.value.lower()}."


def verdict(run: Run, lease: Lease, *, here: str, alive: bool, now: datetime) -> Verdict:
    """Is a run that is not final still executed? ``alive``: is its process seen, which counts only from ``here``."""
    if run.state in FINAL:
        return Verdict.FINE
    if lease.pid is None:
        age = now - run.created_at
        if age > GIVE_UP_AFTER:
            return Verdict.LOST
        return Verdict.LAUNCH if lease.host == here and age > CLAIM_WITHIN else Verdict.FINE
    if lease.host == here:
        return Verdict.FINE if alive else Verdict.LOST
    silent = lease.heartbeat is None or now - lease.heartbeat > SILENT_AFTER
    return Verdict.LOST if silent else Verdict.FINE


def _run_state(run: Run, state: RunState, event: RunEvent) -> Run:
    if state is run.state or (state is RunState.EXECUTING and run.state is RunState.STOPPING):
        return run
    if state not in FINAL:
        return msgspec.structs.replace(run, state=state)
    left = StepState.STOPPED if state in (RunState.STOPPED, RunState.INTERRUPTED) else StepState.SKIPPED
    steps = tuple(_ended(step, left, event.at) for step in run.steps)
    return msgspec.structs.replace(run, state=state, steps=steps, finished_at=event.at, error=event.text)


def _ended(step: RunStep, left: StepState, at: datetime) -> RunStep:
    if step.state in FINAL_STEPS:
        return step
    if step.state is StepState.PENDING:
        return msgspec.structs.replace(step, state=StepState.SKIPPED)
    return msgspec.structs.replace(step, state=left, finished_at=at)


def _step(step: RunStep, event: RunEvent) -> RunStep:
    if step.state in FINAL_STEPS:
        return step
    if event.action == PROGRESS:
        return msgspec.structs.replace(step, progress=event.text)
    state = _STEP_STATES[event.action]
    if state is StepState.EXECUTING:
        return msgspec.structs.replace(step, state=state, started_at=event.at)
    ran = step.started_at is not None
    error = event.text if state in (StepState.FAILED, StepState.SKIPPED) else ""
    return msgspec.structs.replace(step, state=state, finished_at=event.at if ran else None, error=error)
