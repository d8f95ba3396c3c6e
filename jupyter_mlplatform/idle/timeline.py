"""The timeline: what every subject did, without overlaps, cut to the time that was asked for, and its hours.

Overlaps come from two servers that both watch the workspace, and from clocks that were set back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from jupyter_mlplatform.idle.models import WORKSPACE, Kind, State, Stretch, Timeline, Track

AWAKE_FIRST = (State.WORKING, State.UNKNOWN, State.KEPT, State.WARNED, State.IDLE, State.CULLED)
"""Where two stretches overlap, the first of these is shown: a workspace works if one of its servers says so."""

_RANK = {state: rank for rank, state in enumerate(AWAKE_FIRST)}
_KINDS = (Kind.WORKSPACE, Kind.KERNEL, Kind.TERMINAL)


def of(tracks: Iterable[Track], since: datetime, until: datetime) -> Timeline:
    """Tracks of the same subject made one, cut to ``since`` and ``until``; the workspace first."""
    same: dict[str, list[Track]] = defaultdict(list)
    for each in tracks:
        same[each.subject].append(each)
    found = [_joined(each, since, until) for each in same.values()]
    found = [each for each in found if each.stretches]
    found.sort(key=lambda each: (_KINDS.index(each.kind), each.stretches[0].since, each.subject))
    return Timeline(since=since, until=until, tracks=tuple(found))


def track(timeline: Timeline, subject: str = WORKSPACE) -> Track | None:
    """The track of one subject, if it was watched."""
    return next((each for each in timeline.tracks if each.subject == subject), None)


def seconds(track: Track | None, *states: State) -> float:
    """How long the subject was in one of these states (in any, if none is named)."""
    stretches = () if track is None else track.stretches
    lasted = [(each.until - each.since).total_seconds() for each in stretches if not states or each.state in states]
    return sum(lasted, 0.0)


def watched(track: Track, gap_seconds: float) -> tuple[tuple[datetime, datetime], ...]:
    """When the subject was watched; pauses of up to ``gap_seconds`` are between two samples."""
    found: list[tuple[datetime, datetime]] = []
    for each in track.stretches:
        if found and each.since - found[-1][1] <= timedelta(seconds=gap_seconds):
            found[-1] = (found[-1][0], max(found[-1][1], each.until))
        else:
            found.append((each.since, each.until))
    return tuple(found)


def _joined(same: list[Track], since: datetime, until: datetime) -> Track:
    """One track; its name and path are the newest."""
    stretches = [each for track in same for each in track.stretches if each.until >= since and each.since <= until]
    newest = max(same, key=lambda track: max((each.since for each in track.stretches), default=since))
    cut = [
        msgspec.structs.replace(each, since=max(each.since, since), until=min(each.until, until)) for each in stretches
    ]
    return msgspec.structs.replace(newest, stretches=tuple(without_overlaps(cut)))


def without_overlaps(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Oldest first. Of two that overlap the more awake one is shown; what was stopped has no length and stays."""
    found = [each for each in stretches if each.until >= each.since]
    marks = [each for each in found if each.until == each.since]
    lasting = [each for each in found if each.until > each.since]
    edges = sorted({edge for each in lasting for edge in (each.since, each.until)})
    waiting = sorted(lasting, key=lambda each: each.since, reverse=True)
    current: list[Stretch] = []
    shown: list[Stretch] = []
    for begin, end in pairwise(edges):
        while waiting and waiting[-1].since <= begin:
            current.append(waiting.pop())
        current = [each for each in current if each.until > begin]
        if not current:
            continue
        chosen = min(current, key=lambda each: (_RANK[each.state], each.since))
        last = shown[-1] if shown else None
        if last and last.until == begin and (last.state, last.why) == (chosen.state, chosen.why):
            shown[-1] = msgspec.structs.replace(last, until=end)
        else:
            shown.append(msgspec.structs.replace(chosen, since=begin, until=end))
    return sorted([*shown, *_not_covered(marks, shown)], key=lambda each: (each.since, each.until))


def _not_covered(marks: list[Stretch], shown: list[Stretch]) -> list[Stretch]:
    """Single samples that say something: a stop, or a state that nothing longer shows at that moment."""

    def covers(each: Stretch, mark: Stretch) -> bool:
        return each.since <= mark.since < each.until or (each.until, each.state) == (mark.since, mark.state)

    return [mark for mark in marks if mark.state is State.CULLED or not any(covers(each, mark) for each in shown)]
