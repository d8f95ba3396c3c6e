"""What a face may ask of the past: the timeline, the savings, a report, and a replay under another policy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from jupyter_mlplatform.errors import Invalid, Unavailable
from jupyter_mlplatform.idle import report, savings, simulate, timeline
from jupyter_mlplatform.idle.models import WORKSPACE, Decision, Savings, Timeline
from jupyter_mlplatform.idle.phases import Watched
from jupyter_mlplatform.idle.ports import DecisionLog, History
from jupyter_mlplatform.idle.report import Report
from jupyter_mlplatform.idle.simulate import Simulation, Terms
from jupyter_mlplatform.policy import IdlePolicy

KEPT_DAYS = 30.0
"""How long history is kept, so how far back anybody may look."""

REMEMBERED_SECONDS = 300.0
"""An estimate need not be newer than this; the panel asks every few seconds."""

HOUR, DAY = 3600.0, 86400.0


class Record:
    """The past of one workspace. ``instance`` is the type of its machine, as the policy's price table names it."""

    def __init__(
        self,
        history: History,
        log: DecisionLog,
        policy: IdlePolicy,
        utc: Callable[[], datetime],
        instance: str = "",
    ) -> None:
        self._history = history
        self._log = log
        self._policy = policy
        self._utc = utc
        self._price = savings.price_of(instance, policy.price_per_hour, policy.currency)
        self._remembered: tuple[datetime, Savings | None] | None = None

    def timeline(self, hours: float = 24.0) -> Timeline:
        """The last ``hours``. Raises ``Invalid`` for less than nothing or more than is kept."""
        until = self._utc()
        return self._history.timeline(until - _back(hours * HOUR), until)

    def savings(self) -> Savings | None:
        """The estimate over all that is kept, some minutes old at most.

        None where history or log cannot be read, of which the keeper complains: nothing else waits for an estimate.
        """
        now = self._utc()
        if self._remembered is None or not 0 <= (now - self._remembered[0]).total_seconds() < REMEMBERED_SECONDS:
            try:
                found = self._savings_since(now - timedelta(days=KEPT_DAYS), now)
            except Unavailable:
                found = None
            self._remembered = (now, found)
        return self._remembered[1]

    def report(self, days: float = 7.0) -> Report:
        """The last ``days``. Raises ``Invalid`` for less than nothing or more than is kept."""
        until = self._utc()
        since = until - _back(days * DAY)
        lines, seen = self._log.read(until - timedelta(days=KEPT_DAYS)), self._history.timeline(since, until)
        return report.of(lines, seen, self._watched(seen), self._savings_since(since, until, lines))

    def simulate(self, policy: IdlePolicy, since_seconds: float, within_seconds: float) -> Simulation:
        """Replay this workspace's own log of the last ``since_seconds`` under ``policy``. Raises ``Invalid``."""
        until = self._utc()
        since = until - _back(since_seconds)
        seen = self._history.timeline(since, until)
        return simulate.replay(self._log.read(since), self._terms(policy, within_seconds), until, self._watched(seen))

    def simulate_log(
        self, lines: Sequence[Decision], unreadable: int, policy: IdlePolicy, within_seconds: float
    ) -> Simulation:
        """Replay a log from elsewhere; its last line is where it ends."""
        until = max((line.at for line in lines), default=self._utc())
        return simulate.replay(lines, self._terms(policy, within_seconds), until, None, unreadable)

    def _terms(self, policy: IdlePolicy, within_seconds: float) -> Terms:
        price = savings.price_of(self._price.instance, policy.price_per_hour, policy.currency)
        return Terms(policy=policy, within_seconds=within_seconds, price_per_hour=price.per_hour)

    def _savings_since(self, since: datetime, now: datetime, lines: Sequence[Decision] | None = None) -> Savings:
        """Everything that is kept is looked at: a stop from before ``since`` may have lasted until after it."""
        earliest = now - timedelta(days=KEPT_DAYS)
        track = timeline.track(self._history.timeline(earliest, now, WORKSPACE))
        return savings.estimate(
            track, self._log.read(earliest, "culled") if lines is None else lines, self._price, since, now
        )

    def _watched(self, seen: Timeline) -> Mapping[str, Watched]:
        gap = 3.0 * self._policy.sample_seconds
        return {each.subject: timeline.watched(each, gap) for each in seen.tracks}


def _back(seconds: float) -> timedelta:
    if not math.isfinite(seconds) or not 0 < seconds <= KEPT_DAYS * DAY:
        raise Invalid(
            "idle.period",
            "That is not a period that can be looked back on.",
            cause=f"History is kept for {KEPT_DAYS:.0f} days.",
            next_step=f"Ask for a time between 0 and {KEPT_DAYS:.0f} days.",
        )
    return timedelta(seconds=seconds)
