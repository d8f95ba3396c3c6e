"""Keep-alives: how long a lease may last, and when it is over.

A lease names its end in UTC, because it must outlive the server. While the server runs, the end is held on the
monotonic clock from the first time the lease is seen, so that a wall clock that jumps ends nothing early.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from jupyter_mlplatform.errors import Invalid
from jupyter_mlplatform.idle.models import WORKSPACE, Lease, NewLease
from jupyter_mlplatform.policy import IdlePolicy


def granted_seconds(asked: NewLease, policy: IdlePolicy) -> float:
    """The seconds that are given: those asked for, at most the admin's cap. Raises ``Invalid`` for none at all."""
    if not asked.seconds > 0:
        raise Invalid(
            "idle.duration",
            "A keep-alive must last longer than nothing.",
            cause=f"{asked.seconds} seconds were asked for.",
            next_step="Ask for example for 30m or 4h.",
        )
    return min(asked.seconds, policy.keep_max_seconds)


def sentence(lease: Lease) -> str:
    """Who keeps what, until when and why: ``alice keeps the workspace until 14:30 UTC (overnight training)``."""
    what = "the workspace" if lease.subject == WORKSPACE else f"this {lease.subject.partition(':')[0]}"
    reason = f" ({lease.reason})" if lease.reason else ""
    return f"{lease.person} keeps {what} until {lease.until:%Y-%m-%d %H:%M} UTC{reason}"


class KeepAlives:
    """The leases in force, with their ends on the monotonic clock."""

    def __init__(self) -> None:
        self._leases: dict[str, tuple[Lease, float]] = {}
        self._read_before = False

    def read(
        self, stored: tuple[Lease, ...], now: float, utc: datetime
    ) -> tuple[tuple[Lease, ...], tuple[Lease, ...], tuple[str, ...]]:
        """Take over what the store holds: what has begun, what has ended, and the ids of those that are over.

        Leases found at the very first reading began before this server did and are not news.
        """
        known = self._leases
        ends = {
            each.id: known[each.id][1] if each.id in known else now + (each.until - utc).total_seconds()
            for each in stored
        }
        self._leases = {each.id: (each, ends[each.id]) for each in stored if ends[each.id] > now}
        begun = tuple(each for each, _ in self._leases.values() if each.id not in known) if self._read_before else ()
        ended = tuple(each for each, _ in known.values() if each.id not in self._leases)
        # A longer lease takes the place of a shorter one of the same scope: that is no release.
        subjects = {each.subject for each, _ in self._leases.values()}
        self._read_before = True
        over = tuple(each.id for each in stored if each.id not in self._leases)
        return begun, tuple(each for each in ended if each.subject not in subjects), over

    def any(self) -> bool:
        """Whether any lease is in force."""
        return bool(self._leases)

    def of(self, subject: str, now: float, inside: Collection[str] = ()) -> tuple[str, ...]:
        """Who keeps this subject, one sentence a lease.

        The workspace is also kept by the lease of anything ``inside`` it; one of a kernel that is gone keeps nothing.
        """
        return tuple(
            sentence(each)
            for each, end in self._leases.values()
            if end > now and (each.subject in (WORKSPACE, subject) or each.subject in inside)
        )
