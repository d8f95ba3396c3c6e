"""What the lines of the decision log mean in time: one subject's phases, one after the other.

A line tells that something changed; what it changed to lasts until the subject's next line. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from itertools import pairwise

import msgspec

from jupyter_mlplatform.idle.models import Decision, Kind, Signal

SLACK = timedelta(seconds=5)
"""Lines are written some moments after the sample that they tell of."""

EARLY = timedelta(seconds=30)
"""The first lines of a server are written this long before its first sample is in the history, at most."""

Watched = Sequence[tuple[datetime, datetime]]
"""When a subject was watched, oldest first."""


class Phase(str, Enum):
    """What a subject did, as far as the log can tell. STOPPED by the keeper; UNSEEN: nobody watched."""

    WORKING = "working"
    DOUBT = "doubt"
    KEPT = "kept"
    IDLE = "idle"
    STOPPED = "stopped"
    UNSEEN = "unseen"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A phase from ``begin`` to ``end``.

    ``worked_at``: when work was last seen before or in it; ``wanted``: somebody or something wanted the subject when it
    began (work, a keep-alive, a start), so that a stop before would have been in the way. ``line`` is what tells so.
    """

    begin: datetime
    end: datetime
    phase: Phase
    worked_at: datetime
    wanted: bool = False
    line: Decision | None = None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (self.end - self.begin).total_seconds()


def by_subject(lines: Iterable[Decision]) -> dict[str, list[Decision]]:
    """The lines of each subject, in the order in which they were written."""
    found: dict[str, list[Decision]] = defaultdict(list)
    for line in lines:
        found[line.subject].append(line)
    return dict(found)


def kind_of(subject: str) -> Kind:
    """What a subject is; anything that a later version may have judged counts as a kernel."""
    found = subject.partition(":")[0]
    return Kind(found) if found in {each.value for each in Kind} else Kind.KERNEL


def of(lines: Sequence[Decision], until: datetime, watched: Watched = ()) -> tuple[Span, ...]:
    """The phases of one subject up to ``until``. Without ``watched`` it is taken to have been there all the time."""
    spans: list[Span] = []
    warned_at: datetime | None = None
    for line in lines:
        at = max(line.at, spans[-1].begin) if spans else line.at  # a clock that was set back does not turn time round
        if at > until:
            break
        before = spans[-1] if spans else None
        phase = _phase(line, before, warned_at)
        warned_at = at if line.action == "warned" else warned_at
        if phase is None or (before and phase is before.phase and not _moved(before, line, at)):
            continue
        if before:
            spans[-1] = msgspec.structs.replace(before, end=at)
            spans += _unnoticed(before, phase, line, at)
        worked_at = at - timedelta(seconds=line.idle_seconds)
        if phase is Phase.STOPPED and before:
            worked_at = before.worked_at
        wanted = phase is Phase.WORKING or (phase is Phase.KEPT and line.action != "held")
        wanted = wanted or (before is not None and before.phase is Phase.STOPPED)
        spans.append(Span(begin=at, end=until, phase=phase, worked_at=worked_at, wanted=wanted, line=line))
    return _where_watched(spans, until, watched)


def _phase(line: Decision, before: Span | None, warned_at: datetime | None) -> Phase | None:
    """What the subject is in after this line; None where the line does not say."""
    signals = {each.signal for each in line.evidence}
    if line.action == "culled":
        return Phase.STOPPED
    if line.action == "working" or (Signal.WORK in signals and line.action not in ("held", "failed", "warned")):
        return Phase.WORKING
    if line.action in ("unknown", "failed") or Signal.UNKNOWN in signals:
        return Phase.DOUBT
    if line.action in ("kept", "held"):
        return Phase.KEPT
    if line.action in ("idle", "warned", "released"):
        return Phase.IDLE
    return _taken_back(line, warned_at) if line.action == "cancelled" else None


def _taken_back(line: Decision, warned_at: datetime | None) -> Phase:
    """A warning is taken back by work, by a use that is over already, or by somebody who keeps the subject."""
    if line.idle_seconds == 0:
        return Phase.WORKING
    used_since = warned_at is None or line.at - timedelta(seconds=line.idle_seconds) > warned_at
    return Phase.IDLE if used_since else Phase.KEPT


def _moved(before: Span, line: Decision, at: datetime) -> bool:
    """Whether an idle subject has worked since its last line, too shortly for a line of its own."""
    return before.phase is Phase.IDLE and at - timedelta(seconds=line.idle_seconds) > before.worked_at + SLACK


def _unnoticed(before: Span, phase: Phase, line: Decision, at: datetime) -> list[Span]:
    """Such work, as a span without a line: it ends the idle time that was counted before."""
    if phase is not Phase.IDLE or not _moved(before, line, at):
        return []
    begin = max(at - timedelta(seconds=line.idle_seconds), before.begin)
    return [Span(begin=begin, end=at, phase=Phase.IDLE, worked_at=begin, wanted=True)] if begin < at else []


def _where_watched(spans: list[Span], until: datetime, watched: Watched) -> tuple[Span, ...]:
    """Put UNSEEN where nobody watched: between two intervals, and after the last one."""
    if watched:
        pauses = [(first[1], second[0]) for first, second in pairwise(watched)]
        pauses += [(watched[-1][1], until)] if watched[-1][1] < until else []
        for number, (left, back) in enumerate(pauses, start=1):
            spans = _without(spans, left, back, last=number == len(watched))
    return tuple(_ordered(spans))


def _without(spans: list[Span], left: datetime, back: datetime, *, last: bool) -> list[Span]:
    """Cut the time from ``left`` to ``back`` out; lines in it prove that somebody watched until then."""
    count = len(spans) if last else sum(each.begin < back - EARLY for each in spans)
    begun, later = spans[:count], spans[count:]
    if not begun:
        return spans
    current = begun[-1]
    left = max(left, current.begin)
    back = min(back, later[0].begin) if later else back
    if current.phase is Phase.STOPPED or left >= back:
        return spans
    begun[-1] = msgspec.structs.replace(current, end=left)
    begun.append(Span(begin=left, end=back, phase=Phase.UNSEEN, worked_at=current.worked_at))
    if later:
        begin = later[0].begin
        if back == begin:
            later[0] = msgspec.structs.replace(later[0], wanted=True)  # somebody has started it again
            return [*begun, *later]
    if not last:
        end = later[0].begin if later else current.end
        begun.append(msgspec.structs.replace(current, begin=back, end=end, worked_at=back, wanted=False))
    return [*begun, *later]


def _ordered(spans: list[Span]) -> list[Span]:
    """Each ends where the next one begins; what has no length says nothing, unless work was seen there."""
    ends = [each.begin for each in spans[1:]] + [spans[-1].end] if spans else []
    joined = [msgspec.structs.replace(each, end=end) for each, end in zip(spans, ends, strict=True)]
    return [each for each in joined if each.end > each.begin or each.wanted]
