"""What stopping has saved: an estimate from the workspace's own track and from the stops that the keeper has decided.

An hour counts as saved when the keeper stopped the workspace and nobody had started it again. What a person stops by
hand is not counted, nor is what the platform charges for a stopped workspace (its disk, say). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from jupyter_mlplatform.idle import timeline
from jupyter_mlplatform.idle.models import WORKSPACE, Decision, Kind, Savings, State, Stretch, Track

DEFAULT_PRICE = "default"
HOUR = 3600.0


class Price(msgspec.Struct, frozen=True):
    """What an hour of this ``instance`` costs; None where the policy says nothing of it."""

    per_hour: float | None
    currency: str
    instance: str = ""


def price_of(instance: str, prices: Mapping[str, float], currency: str) -> Price:
    """The price of this instance type, otherwise the one under ``default``."""
    return Price(prices.get(instance, prices.get(DEFAULT_PRICE)), currency, instance)


class Pause(msgspec.Struct, frozen=True):
    """A time in which the workspace was stopped by the keeper; ``ended`` False: it still is."""

    since: datetime
    until: datetime
    ended: bool


def pauses(track: Track | None, stops: Iterable[datetime], now: datetime) -> tuple[Pause, ...]:
    """From each stop to the next time that the workspace was seen running again.

    Samples that still show it as stopped are not a start: SageMaker may take minutes to end a machine, and until then
    the workspace still costs.
    """
    stretches = () if track is None else track.stretches
    found: list[Pause] = []
    for stop in sorted(stops):
        if found and stop < found[-1].until:
            continue  # told twice, or by two servers
        begin, end = _around(stretches, stop)
        if end is None:
            found.append(Pause(begin, max(begin, now), False))
        elif end > begin:
            found.append(Pause(begin, end, True))
    return tuple(found)


def _around(stretches: tuple[Stretch, ...], stop: datetime) -> tuple[datetime, datetime | None]:
    """When the workspace was really gone after a stop, and when it was seen again (None: not yet)."""
    begin = stop
    for each in stretches:
        if each.since > stop and each.state is not State.CULLED:
            return begin, each.since
        begin = max(begin, each.until)
    return begin, None


def estimate(
    track: Track | None, decisions: Iterable[Decision], price: Price, since: datetime, now: datetime
) -> Savings:
    """The savings since ``since``. ``decisions`` may begin earlier: a stop of the day before still saves.

    Time with work, and time that could not be judged, counts as ``hours_working``; all other time in which the
    workspace was watched as ``hours_idle``.
    """
    culled = [each for each in decisions if each.action == State.CULLED.value]
    stopped = pauses(track, (each.at for each in culled if each.subject == WORKSPACE), now)
    inside = [each for each in stopped if each.until > since]
    saved = sum(((each.until - max(each.since, since)) for each in inside), timedelta())
    hours_stopped = saved.total_seconds() / HOUR
    recent = [each.subject.partition(":")[0] for each in culled if each.at >= since]
    return Savings(
        since=since,
        hours_working=_hours(track, since, State.WORKING, State.UNKNOWN),
        hours_idle=_hours(track, since, State.IDLE, State.WARNED, State.KEPT),
        hours_stopped=hours_stopped,
        money=None if price.per_hour is None else hours_stopped * price.per_hour,
        currency=price.currency,
        price_per_hour=price.per_hour,
        instance=price.instance,
        still_stopped=bool(stopped) and not stopped[-1].ended,
        kernels_stopped=recent.count(Kind.KERNEL.value),
        terminals_stopped=recent.count(Kind.TERMINAL.value),
    )


def _hours(track: Track | None, since: datetime, *states: State) -> float:
    if track is None:
        return 0.0
    (cut,) = timeline.of((track,), since, datetime.max.replace(tzinfo=since.tzinfo)).tracks or (None,)
    return timeline.seconds(cut, *states) / HOUR
