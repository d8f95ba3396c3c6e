"""What time brings: grants that end, requests that lapse, reminders, escalations, and ends that are announced.

Nothing is ever handed out or refused because of this: it writes down, and tells, what holds anyway.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from jupyter_mlplatform.access import delegations, facts, fulfilling, grants, requests, review
from jupyter_mlplatform.access.models import Dataset, Delegation, EndReason, Grant, Request, RequestState
from jupyter_mlplatform.access.once_more import once_more
from jupyter_mlplatform.access.review import Reviewers
from jupyter_mlplatform.policy import AccessPolicy, Stage

if TYPE_CHECKING:
    from jupyter_mlplatform.access.ports import Store, Unit

_Noun = TypeVar("_Noun", Grant, Request, Delegation)
TIME = "time"
"""The actor of what time brings; no person is called so."""
AT_ONCE = 9
"""Grants, and requests, that end in one command: with all that goes with them they fit into one of DynamoDB's."""

ROUND_SECONDS = 60.0
"""Reminders and announcements need not come at once, unlike ends."""


def announces(grant: Grant, now: datetime, days: Iterable[int]) -> int | None:
    """How many days before its end this grant's end is to be announced now; None when it has been, or is far.

    A week's notice of a grant that lasts three days tells nobody anything.
    """
    if grants.expired(grant, now) or now < grant.not_before:
        return None
    lasts = grant.not_after - grant.not_before
    within = [each for each in days if grant.not_after - now <= timedelta(days=each) < lasts]
    soonest = min(within, default=None)
    told = grant.announced_days
    return None if soonest is None or (told is not None and told <= soonest) else soonest


def reminds(request: Request, stage: Stage, now: datetime) -> bool:
    """Whether the approvers of the stage in which a request waits are to be reminded of it now."""
    return _waits(request, now, stage.remind_days) and request.reminded_at is None


def escalates(request: Request, stage: Stage, now: datetime) -> bool:
    """Whether others may decide now, too."""
    return bool(stage.escalate_to) and _waits(request, now, stage.escalate_days) and request.escalated_at is None


def _waits(request: Request, now: datetime, days: int | None) -> bool:
    if days is None or request.state is not RequestState.SUBMITTED:
        return False
    return now - requests.waits_since(request) >= timedelta(days=days)


class Upkeep:
    """Keeps one store up to date. Several processes may do so at once: each fact is written once."""

    def __init__(self, store: Store, policy: AccessPolicy, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._guard = threading.Lock()
        self._round_at: datetime | None = None

    def settle(self) -> None:
        """Before a command that somebody waits for. Where very many grants have ended together it writes down some of
        these ends: whoever goes on with :meth:`settle_all` does the rest, and no use depends on it.
        """
        self._settle(AT_ONCE)

    def settle_all(self) -> None:
        """Write down all ends that time has brought and, now and then, remind and announce."""
        self._settle(None)

    def _settle(self, most: int | None) -> None:
        now = self._clock()
        over, waiting = self._store.due(now, now - requests.LAPSES_AFTER)
        if over or waiting:
            self._end(over[:most], waiting, now)
        given = self._store.delegations_over(now)
        for begin in range(0, len(given), AT_ONCE):
            self._end_delegations(given[begin : begin + AT_ONCE], now)
        if self._policy.left:
            self._end_of_leavers(now)
        if self._is_round(now):
            self._remind(now)
            self._announce(now)

    def _is_round(self, now: datetime) -> bool:
        with self._guard:
            if self._round_at is not None and 0 <= (now - self._round_at).total_seconds() < ROUND_SECONDS:
                return False
            self._round_at = now
            return True

    def _end(self, over: Sequence[Grant], waiting: Sequence[Request], now: datetime) -> None:
        for grants_, requests_ in _parts(over, waiting):
            self._end_these(grants_, requests_, now)

    @once_more
    def _end_these(self, held: Sequence[Grant], asked: Sequence[Request], now: datetime) -> None:
        with self._store.unit() as unit:
            for grant in _again(unit.grant, held, lambda each: grants.expired(each, now)):
                _end_grant(unit, grant, EndReason.EXPIRED, "grant.expired", now)
            for request in _again(unit.request, asked, lambda each: _lapses(each, now)):
                _close(unit, request, RequestState.LAPSED, "request.lapsed", now)

    @once_more
    def _end_delegations(self, given: Sequence[Delegation], now: datetime) -> None:
        with self._store.unit() as unit:
            for delegation in _again(unit.delegation, given, lambda each: delegations.over(each, now)):
                ended = delegations.expire(delegation)
                unit.put_delegation(ended)
                facts.delegation(unit, "delegation.expired", ended, TIME, now)

    def _end_of_leavers(self, now: datetime) -> None:
        for person in self._policy.left:
            held = [each for each in self._store.grants_to(person) if _lives(each)]
            asked = [each for each in self._store.requests_of(person) if each.state in requests.OPEN]
            for grants_, requests_ in _parts(held, asked):
                self._end_of_leaver(grants_, requests_, now)

    @once_more
    def _end_of_leaver(self, held: Sequence[Grant], asked: Sequence[Request], now: datetime) -> None:
        with self._store.unit() as unit:
            for grant in _again(unit.grant, held, _lives):
                _end_grant(unit, grant, EndReason.LEFT, "grant.ended", now)
            for request in _again(unit.request, asked, lambda each: each.state in requests.OPEN):
                _close(unit, request, RequestState.VOID, "request.void", now)

    def _remind(self, now: datetime) -> None:
        first = min(
            (days for each in self._policy.stages for days in (each.remind_days, each.escalate_days) if days),
            default=None,
        )
        if first is None:
            return
        _, waiting = self._store.due(now, now - timedelta(days=first))
        by = Reviewers(self._policy, now, self._store.delegations(None))
        for each in waiting:
            dataset = self._store.dataset(each.scope.dataset_id)
            if dataset is not None and _is_due(each, review.present(each, dataset, self._policy), now):
                self._remind_of(each.id, dataset, by)

    @once_more
    def _remind_of(self, request_id: str, dataset: Dataset, by: Reviewers) -> None:
        with self._store.unit() as unit:
            request = unit.request(request_id)
            if request is not None:
                _remind(unit, request, dataset, by)

    def _announce(self, now: datetime) -> None:
        days = self._policy.announce_days
        if not days:
            return
        for each in self._store.ending(now + timedelta(days=max(days))):
            if announces(each, now, days) is not None:
                self._announce_this(each.id, now, days)

    @once_more
    def _announce_this(self, grant_id: str, now: datetime, days: Iterable[int]) -> None:
        with self._store.unit() as unit:
            grant = unit.grant(grant_id)
            left = announces(grant, now, days) if grant is not None and _lives(grant) else None
            if grant is not None and left is not None:
                told = replace(grant, announced_days=left, version=grant.version + 1)
                unit.put_grant(told)
                facts.grant(unit, "grant.ends_soon", told, _dataset(unit, grant.scope.dataset_id), TIME, now)


def _parts(held: Sequence[Grant], asked: Sequence[Request]) -> Iterator[tuple[Sequence[Grant], Sequence[Request]]]:
    """So many at a time that one command stays small: a store may have a limit for what is written at once."""
    for begin in range(0, max(len(held), len(asked)), AT_ONCE):
        yield held[begin : begin + AT_ONCE], asked[begin : begin + AT_ONCE]


def _again(read: Callable[[str], _Noun | None], found: Iterable[_Noun], so: Callable[[_Noun], bool]) -> Iterator[_Noun]:
    """Those of what was found for which it is still so: another process may have been faster."""
    for each in found:
        now = read(each.id)
        if now is not None and so(now):
            yield now


def _lapses(request: Request, now: datetime) -> bool:
    return request.state in requests.OPEN and now - requests.waits_since(request) >= requests.LAPSES_AFTER


def _is_due(request: Request, stage: Stage, now: datetime) -> bool:
    return reminds(request, stage, now) or escalates(request, stage, now)


def _remind(unit: Unit, request: Request, dataset: Dataset, by: Reviewers) -> None:
    stage = review.present(request, dataset, by.policy)
    if escalates(request, stage, by.now):
        raised = replace(request, escalated_at=by.now, reminded_at=by.now, version=request.version + 1)
        unit.put_request(raised)
        facts.request(
            unit, "request.escalated", raised, dataset, TIME, by.now, waiting_for=_people(raised, dataset, by)
        )
    elif reminds(request, stage, by.now):
        raised = replace(request, reminded_at=by.now, version=request.version + 1)
        unit.put_request(raised)
        facts.request(unit, "request.reminded", raised, dataset, TIME, by.now, waiting_for=_people(raised, dataset, by))


def _people(request: Request, dataset: Dataset, by: Reviewers) -> tuple[str, ...]:
    return review.awaited(review.present(request, dataset, by.policy), request, dataset, by)


def _end_grant(unit: Unit, grant: Grant, reason: EndReason, action: str, now: datetime) -> None:
    ended = grants.end(grant, reason, now)
    unit.put_grant(ended)
    fulfilling.end(unit, ended, now)
    facts.grant(unit, action, ended, _dataset(unit, grant.scope.dataset_id), TIME, now)


def _close(unit: Unit, request: Request, state: RequestState, action: str, now: datetime) -> None:
    closed = requests.close(request, state)
    unit.put_request(closed)
    facts.request(unit, action, closed, _dataset(unit, request.scope.dataset_id), TIME, now)


def _lives(grant: Grant) -> bool:
    return not grants.over(grant)


def _dataset(unit: Unit, dataset_id: str) -> Dataset:
    found = unit.dataset(dataset_id)
    if found is None:
        raise LookupError(f"the dataset {dataset_id!r} of a request or grant is not stored")
    return found
