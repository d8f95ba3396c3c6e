"""What idle shutdown did over some days: hours, stops, what was held and failed, and what kept things awake. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from jupyter_mlplatform.idle import phases, timeline
from jupyter_mlplatform.idle.models import WORKSPACE, Decision, Kind, Savings, Signal, State, Timeline
from jupyter_mlplatform.idle.phases import Phase, Span, Watched

HOUR = 3600.0
MOST_INCIDENTS = 20
HELD_AWAKE = "keep"
_NUMBERS = re.compile(r"\d[\d.:,-]*")


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How often, by what it happened to."""

    kernels: int = 0
    terminals: int = 0
    workspace: int = 0


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of the workspace by its state; ``unwatched`` is the time in which no server looked and none was stopped."""

    working: float
    unknown: float
    kept: float
    idle: float
    stopped: float
    unwatched: float


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened once: a stop that was held back, or one that failed."""

    at: datetime
    subject: str
    name: str
    path: str
    why: str


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """What kept something awake: ``source`` as the evidence names it (``cells``, ``gpu``; ``keep`` for keep-alives and
    other holds), whether it was work, doubt or a hold, how often, for how long, and the newest sentence that said so.
    """

    kind: Kind
    source: str
    was: Phase
    times: int
    hours: float
    example: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a period.

    ``begins``: the first line of the log that is still there (None: there is none); if it is later than ``since``,
    what was before it is missing. ``held`` and ``failed`` show the newest, ``holds`` and ``failures`` count all.
    """

    since: datetime
    until: datetime
    begins: datetime | None
    hours: Hours
    warned: Counts
    cancelled: Counts
    stopped: Counts
    holds: int
    held: tuple[Incident, ...]
    failures: int
    failed: tuple[Incident, ...]
    reasons: tuple[Reason, ...]
    savings: Savings


def of(lines: Sequence[Decision], seen: Timeline, watched: Mapping[str, Watched], savings: Savings) -> Report:
    """The report on the time of ``seen``; ``lines`` may begin earlier, so that it is known how that time began."""
    inside = [line for line in lines if line.at >= seen.since]
    held = [_incident(line) for line in inside if line.action == "held"]
    failed = [_incident(line) for line in inside if line.action == "failed"]
    return Report(
        since=seen.since,
        until=seen.until,
        begins=min((line.at for line in lines), default=None),
        hours=_hours(seen, savings),
        warned=_counts(inside, "warned"),
        cancelled=_counts(inside, "cancelled"),
        stopped=_counts(inside, "culled"),
        holds=len(held),
        held=tuple(held[: -MOST_INCIDENTS - 1 : -1]),
        failures=len(failed),
        failed=tuple(failed[: -MOST_INCIDENTS - 1 : -1]),
        reasons=reasons(lines, seen, watched),
        savings=savings,
    )


def reasons(lines: Iterable[Decision], seen: Timeline, watched: Mapping[str, Watched]) -> tuple[Reason, ...]:
    """What kept each kind of subject awake in the time of ``seen``, the longest first.

    A span in which several sources saw work counts for each of them. Sentences that differ in their numbers only are
    the same reason. A subject that was not watched in that time is left out, if anything was.
    """
    spans_of: dict[tuple[Kind, Phase, str, str], list[Span]] = defaultdict(list)
    for subject, own_lines in phases.by_subject(lines).items():
        if watched and subject not in watched:
            continue
        kind = phases.kind_of(subject)
        for span in _cut(phases.of(own_lines, seen.until, watched.get(subject, ())), seen.since):
            for source, text in _sources(span):
                spans_of[kind, span.phase, source, text if source == HELD_AWAKE else ""].append(span)
    found = [_reason(kind, phase, source, spans) for (kind, phase, source, _), spans in spans_of.items()]
    return tuple(sorted(found, key=lambda each: (-each.hours, -each.times, each.source)))


def _cut(spans: Iterable[Span], since: datetime) -> list[Span]:
    return [msgspec.structs.replace(each, begin=max(each.begin, since)) for each in spans if each.end > since]


def _sources(span: Span) -> list[tuple[str, str]]:
    """The sources that this span's line names, with their sentence."""
    if span.line is None or span.phase not in (Phase.WORKING, Phase.DOUBT, Phase.KEPT):
        return []
    signal = {Phase.WORKING: Signal.WORK, Phase.DOUBT: Signal.UNKNOWN}.get(span.phase)
    named = [each.source for each in span.line.evidence if each.signal is signal]
    return [(each, "") for each in named] or [(HELD_AWAKE, _NUMBERS.sub("…", span.line.why))]


def _reason(kind: Kind, phase: Phase, source: str, spans: list[Span]) -> Reason:
    newest = max(spans, key=lambda each: each.begin).line
    texts = [] if newest is None else [each.text for each in newest.evidence if each.source == source]
    example = texts[0] if texts else "" if newest is None else newest.why
    return Reason(
        kind=kind,
        source=source,
        was=phase,
        times=len(spans),
        hours=sum(each.seconds for each in spans) / HOUR,
        example=example.removeprefix("kept because "),
    )


def _hours(seen: Timeline, savings: Savings) -> Hours:
    """``stopped`` is the estimate of the savings; what is left of the whole time was not watched."""
    track = timeline.track(seen, WORKSPACE)
    working, unknown, kept, idle = (
        timeline.seconds(track, *states) / HOUR
        for states in ((State.WORKING,), (State.UNKNOWN,), (State.KEPT,), (State.IDLE, State.WARNED))
    )
    whole = (seen.until - seen.since).total_seconds() / HOUR
    left = whole - working - unknown - kept - idle - savings.hours_stopped
    return Hours(
        working=working,
        unknown=unknown,
        kept=kept,
        idle=idle,
        stopped=savings.hours_stopped,
        unwatched=max(0.0, left),
    )


def _counts(lines: Iterable[Decision], action: str) -> Counts:
    kinds = [phases.kind_of(line.subject) for line in lines if line.action == action]
    return Counts(
        kernels=kinds.count(Kind.KERNEL),
        terminals=kinds.count(Kind.TERMINAL),
        workspace=kinds.count(Kind.WORKSPACE),
    )


def _incident(line: Decision) -> Incident:
    return Incident(at=line.at, subject=line.subject, name=line.name, path=line.path, why=line.why)
