"""What all sources together say of one subject. Pure: a sample and the policy are arguments.

A kernel is judged by its cells, the processes that it started, the person, and whatever further source knows of it; a
kernel on another machine by its cells and the person alone. The workspace is judged by all its kernels and terminals,
by the processes that belong to neither, and by the further sources.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from jupyter_mlplatform.idle import evidence, presence, process_evidence
from jupyter_mlplatform.idle.cpu import Measured
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import WORKSPACE, Evidence, Signal, State, SubjectStatus, called, kernel, terminal
from jupyter_mlplatform.idle.ports import EVERYTHING, Kernel, Terminal
from jupyter_mlplatform.idle.sources import Findings
from jupyter_mlplatform.policy import IdlePolicy

PERSON = "person"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen at ``now`` (monotonic seconds).

    ``measured`` is None when the process table could not be read; ``beat_at`` the last sign of a person, on the same
    clock; ``looked`` what the further sources say, ``holds`` what else keeps everything awake.
    """

    now: float
    kernels: tuple[Kernel, ...]
    terminals: tuple[Terminal, ...]
    measured: Measured | None
    beat_at: float | None
    looked: Findings
    holds: tuple[str, ...]


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for every subject of one sample: signs of a person, and what is said of everything.

    ``calm_since`` is when these last saw work; infinite while they do, or while one of them does not know.
    """

    person: tuple[Finding, ...]
    everything: tuple[Finding, ...]
    calm_since: float


def shared(sample: Sample, policy: IdlePolicy) -> Shared:
    """Once for each sample, which may be of hundreds of subjects."""
    said = list(sample.looked.get(EVERYTHING, ()))
    if sample.measured is not None and sample.measured.typed_at is not None:
        said.append(presence.seen("at a keyboard outside of JupyterLab", sample.measured.typed_at, policy, sample.now))
    beat = evidence.of_person(sample.beat_at, policy, sample.now)
    ends = [
        -math.inf if each.worked_at is None else each.worked_at
        for each in (beat, *said)
        if each.evidence.signal is Signal.IDLE
    ]
    return Shared(
        person=(beat, *(each for each in said if each.evidence.source == PERSON)),
        everything=tuple(each for each in said if each.evidence.source != PERSON),
        calm_since=max(ends) if len(ends) == len(said) + 1 else math.inf,
    )


def of_kernel(
    each: Kernel, sample: Sample, policy: IdlePolicy, timeout: float | None, common: Shared
) -> tuple[Finding, ...]:
    """Cells, processes, person, and what else is known of this kernel."""
    subject = kernel(each.id)
    cells = evidence.of_cells(each.ledger, each.reported_busy, policy, sample.now, timeout)
    if each.dead:
        processes = Finding(Evidence(source="processes", signal=Signal.IDLE, text="its process has ended"))
    else:
        use = sample.measured.uses.get(subject) if sample.measured else None
        waiting = bool(each.ledger and each.ledger.waiting)
        processes = process_evidence.of_kernel(use, each.local, waiting, policy, sample.now)
    everything = common.everything if each.local else ()
    return (cells, processes, *common.person, *sample.looked.get(subject, ()), *everything)


def of_terminal(each: Terminal, sample: Sample, policy: IdlePolicy, common: Shared) -> tuple[Finding, ...]:
    """The job in the foreground, key strokes, jobs in the background, person, and what else is known."""
    use = sample.measured.uses.get(terminal(each.name)) if sample.measured else None
    jobs = process_evidence.of_terminal(use, policy, sample.now)
    return (jobs, *common.person, *sample.looked.get(terminal(each.name), ()), *common.everything)


def of_workspace(
    not_idle: Sequence[SubjectStatus], worked_at: float | None, sample: Sample, policy: IdlePolicy, common: Shared
) -> tuple[Finding, ...]:
    """``not_idle``: the kernels and terminals that have just been found at work or unknown; ``worked_at`` is when any
    kernel or terminal last worked (None: there is none).
    """
    processes = process_evidence.of_others(sample.measured, policy, sample.now)
    whole = (*common.person, *sample.looked.get(WORKSPACE, ()), *common.everything)
    return (_of_subjects(not_idle, worked_at, {each.evidence.source for each in whole}), processes, *whole)


def _of_subjects(not_idle: Sequence[SubjectStatus], worked_at: float | None, shared: set[str]) -> Finding:
    """What they do of themselves; what a source says of everything is not said again for each of them."""
    for signal in (Signal.WORK, Signal.UNKNOWN):
        state = State.WORKING if signal is Signal.WORK else State.UNKNOWN
        found = [(each, text) for each in not_idle if each.state is state and (text := _own(each, signal, shared))]
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            how = "at work" if signal is Signal.WORK else "not known"
            text = f"{called(found[0][0])} is {how}: {found[0][1]}{more}"
            return Finding(Evidence(source="subjects", signal=signal, text=text), worked_at)
    text = "no kernel and no terminal is at work" if worked_at is not None else "no kernel and no terminal is open"
    return Finding(Evidence(source="subjects", signal=Signal.IDLE, text=text), worked_at)


def _own(each: SubjectStatus, signal: Signal, shared: set[str]) -> str:
    return "; ".join(one.text for one in each.evidence if one.signal is signal and one.source not in shared)
