"""State and audit trail in one DynamoDB table that all workspaces of a platform share.

What is decided on is read from the table itself, strongly consistent. The global indexes only tell which items a list
may hold: each is then read again from the table, so a list is never out of date in what it says, though something that
was written in this very moment may still be missing from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from jupyter_mlplatform.access import delegations, grants, requests
from jupyter_mlplatform.access.audit import Anchor, State
from jupyter_mlplatform.access.aws import dynamodb_items as items
from jupyter_mlplatform.access.aws.dynamodb_commit import commit
from jupyter_mlplatform.access.aws.dynamodb_search import Mirror
from jupyter_mlplatform.access.aws.dynamodb_trail import Trail
from jupyter_mlplatform.access.aws.dynamodb_unit import DynamoDbUnit
from jupyter_mlplatform.access.aws.dynamodb_wire import Item, Wire, key_of
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.messages import Facet, Search
from jupyter_mlplatform.access.models import Dataset, Delegation, Event, Grant, Request, RequestState
from jupyter_mlplatform.access.ports import Store
from jupyter_mlplatform.access.samples import Profile
from jupyter_mlplatform.access.visibility import Viewer

MOST_IDS = 100
FEW = 3
"""Datasets that are asked for one by one rather than found through an index."""


class Anchors(Protocol):
    """Where the newest event's number and hash are kept outside of the table (``local.anchor_file`` is one)."""

    def follow(self, newest: Callable[[], Anchor | None]) -> None:
        """Bring the anchor up to ``newest``, never back."""
        ...

    def read(self) -> Anchor | None:
        """The anchor, ``None`` when there is none yet."""
        ...


class DynamoDbStore:
    """See :class:`~jupyter_mlplatform.access.ports.Store`. ``index`` is a store of this machine, for search alone.

    Without ``anchor`` only the head of the chain in the table itself can show that events were cut off or rewritten,
    unless whoever did it changed the head, too. Of commands on the same things at the same moment one is written, and
    the others are a ``Conflict`` (``access.changed_meanwhile``).
    """

    def __init__(self, wire: Wire, index: Store, anchor: Anchors | None = None) -> None:
        self._wire = wire
        self._mirror = Mirror(wire, index)
        self._trail = Trail(wire)
        self._anchor = anchor

    @contextmanager
    def unit(self) -> Iterator[DynamoDbUnit]:
        """See the port. Nothing is written before the end of the block."""
        unit = DynamoDbUnit(self._wire)
        yield unit
        head = commit(self._wire, unit.plan)
        if head is not None and unit.plan.told:
            if self._anchor is not None:
                self._anchor.follow(self._trail.newest)
            self._trail.written(head, head["seq"] - len(unit.plan.told))

    def dataset(self, dataset_id: str) -> Dataset | None:
        """See the port."""
        item = self._wire.get(items.dataset_key(dataset_id))
        return items.read(item, Dataset) if item else None

    def datasets_at(self, location: str) -> tuple[Dataset, ...]:
        """See the port."""
        return DynamoDbUnit(self._wire).datasets_at(location)

    def dataset_ids(self, prefix: str, viewer: Viewer | None = None) -> tuple[str, ...]:
        """See the port."""
        if viewer is not None:
            return self._mirror.follow().dataset_ids(prefix, viewer)  # there, what is hidden displaces nothing
        named = islice(self._wire.query("DATASET", begins=prefix, index="by_kind"), MOST_IDS)
        return tuple(sorted(dataset.id for dataset, _ in self._listed(named, Dataset) if dataset.live))

    def search(self, search: Search, viewer: Viewer | None = None) -> tuple[tuple[Dataset, ...], int, bool]:
        """See the port."""
        return self._mirror.follow().search(search, viewer)

    def suggest(self, text: str, viewer: Viewer | None = None) -> tuple[tuple[str, str], ...]:
        """See the port."""
        return self._mirror.follow().suggest(text, viewer)

    def profile(self, dataset_id: str) -> Profile | None:
        """See the port."""
        item = self._wire.get(items.profile_key(dataset_id))
        found: Profile | None = items.read(item, Profile | None) if item else None  # type: ignore[arg-type]
        return found

    def facets(self, search: Search, viewer: Viewer | None = None) -> tuple[Facet, ...]:
        """See the port."""
        return self._mirror.follow().facets(search, viewer)

    def entries(self) -> dict[str, str]:
        """See the port."""
        found = self._wire.many(map(key_of, self._wire.query("ENTRY", index="by_kind")))
        return {item["sort"]: item["digest"] for item in found.values()}

    def request(self, request_id: str) -> Request | None:
        """See the port."""
        return DynamoDbUnit(self._wire).request(request_id)

    def requests_of(self, person: str, dataset_ids: Sequence[str] | None = None) -> tuple[Request, ...]:
        """See the port. On few datasets: from the table itself."""
        found = self._of("REQUEST", Request, person, dataset_ids)
        mine = [item for item in found if item[0].requester == person]
        return tuple(request for request, _ in sorted(mine, key=_newest_first))

    def asked_for(self, person: str) -> tuple[str, ...]:
        """See the port. Looks through all open requests."""
        found = self._listed(self._wire.query("REQUEST", index="by_due"), Request)
        mine = (each for each, _ in found if each.beneficiary == person and each.state in requests.OPEN)
        return tuple(sorted({each.scope.dataset_id for each in mine}))

    def waiting(self, owner: str | None) -> tuple[Request, ...]:
        """See the port."""
        found = self._listed(self._wire.query("REQUEST", index="by_due"), Request)
        waiting = [item for item in found if item[0].state is RequestState.SUBMITTED]
        if owner is not None:
            owned = self._owned(owner, (request.scope.dataset_id for request, _ in waiting))
            waiting = [item for item in waiting if item[0].scope.dataset_id in owned]
        return tuple(request for request, _ in sorted(waiting, key=_newest_first))

    def grants_to(self, person: str, dataset_ids: Sequence[str] | None = None) -> tuple[Grant, ...]:
        """See the port. On few datasets: from the table itself, because data is handed out by it."""
        found = self._of("GRANT", Grant, person, dataset_ids)
        mine = [item for item in found if item[0].subject == person]
        return tuple(grant for grant, _ in sorted(mine, key=_next_to_end))

    def grants_on(self, owner: str | None) -> tuple[Grant, ...]:
        """See the port. For an owner this asks once for each dataset."""
        if owner is None:
            found = list(self._listed(self._wire.query("GRANT", index="by_kind"), Grant))
        else:
            ids = [item["sort"] for item in self._wire.query(items.of("OWNS", owner), index="by_person")]
            found = []
            for dataset_id in sorted(self._owned(owner, ids)):
                rows = self._wire.query(items.partition(dataset_id), begins=items.of("GRANT"))
                found += [(items.read(item, Grant), item.get("born", 0)) for item in rows]
        return tuple(grant for grant, _ in sorted(found, key=_next_to_end))

    def due(self, now: datetime, waiting_since: datetime) -> tuple[tuple[Grant, ...], tuple[Request, ...]]:
        """See the port."""
        found = self._listed(self._wire.upto("REQUEST", items.stamp(waiting_since), "by_due"), Request)
        standing = [
            (request, born)
            for request, born in found
            if request.state in requests.OPEN and requests.waits_since(request) <= waiting_since
        ]
        return self.ending(now), tuple(request for request, _ in sorted(standing, key=_longest_waiting))

    def ending(self, until: datetime) -> tuple[Grant, ...]:
        """See the port."""
        found = self._listed(self._wire.upto("GRANT", items.stamp(until), "by_due"), Grant)
        ending = [each for each in found if not grants.over(each[0]) and each[0].not_after <= until]
        return tuple(grant for grant, _ in sorted(ending, key=_next_to_end))

    def due_legs(self, now: datetime, most: int = 100) -> tuple[Leg, ...]:
        """See the port."""
        found = self._listed(self._wire.upto("LEG", items.stamp(now), "by_due"), Leg)
        due = [leg for leg, _ in found if leg.state is not LegState.REMOVED and leg.due_at <= now]
        return tuple(sorted(due, key=lambda leg: (leg.wanted, leg.due_at, leg.id))[:most])

    def legs_on(self, dataset_ids: Sequence[str] | None) -> tuple[Leg, ...]:
        """See the port. Looks through all legs."""
        found = self._listed(self._wire.query("LEG", index="by_kind"), Leg)
        mine = (leg for leg, _ in found if dataset_ids is None or leg.dataset_id in dataset_ids)
        return tuple(sorted((leg for leg in mine if leg.state is not LegState.REMOVED), key=lambda leg: leg.id))

    def delegations(self, person: str | None = None) -> tuple[Delegation, ...]:
        """See the port. From the table itself."""
        rows = self._wire.query(items.DELEGATIONS, begins=items.of("DELEGATION"))
        found = [(items.read(item, Delegation), item.get("born", 0)) for item in rows]
        mine = [each for each in found if person is None or person in (each[0].approver, each[0].delegate)]
        return tuple(each for each, _ in sorted(mine, key=lambda pair: (pair[0].not_before, pair[1])))

    def delegations_over(self, now: datetime) -> tuple[Delegation, ...]:
        """See the port."""
        found = self._listed(self._wire.upto("DELEGATION", items.stamp(now), "by_due"), Delegation)
        over = [each for each in found if delegations.over(each[0], now)]
        return tuple(each for each, _ in sorted(over, key=lambda pair: (pair[0].not_before, pair[1])))

    def events(
        self, person: str | None, *, after: int = 0, newest: int | None = None, until: int | None = None
    ) -> tuple[Event, ...]:
        """See the port."""
        if until is not None:
            found = self._trail.between(after, until) if person is None else self._trail.concerning(person, after, None)
            found = tuple(event for event in found if event.seq <= until)
            return found if newest is None else found[max(0, len(found) - newest) :]
        if person is None:
            return self._trail.all(after, newest)
        return self._trail.concerning(person, after, newest)

    def last_seq(self) -> int:
        """See the port."""
        newest = self._trail.newest()
        return newest.seq if newest else 0

    def trail(self) -> tuple[Iterator[Event], Anchor | None, State]:
        """See the port. Reads the whole table. The anchor is read first, because it never runs ahead.

        The head in the table is the anchor, unless the trail is not the one that the anchor outside of it names.
        """
        known = self._anchor.read() if self._anchor else None
        events, head, state = self._trail.state()
        if known is not None and Anchor(known.seq, known.hash) not in {Anchor(each.seq, each.hash) for each in events}:
            return iter(events), known, state
        return iter(events), head, state

    def _of(
        self, kind: str, struct: type[Any], person: str, dataset_ids: Sequence[str] | None
    ) -> list[tuple[Any, int]]:
        """What a person has of a kind, each with its place in the order of birth."""
        prefix = items.of(kind, person)
        if dataset_ids is None or len(dataset_ids) > FEW:
            found = self._listed(self._wire.query(prefix, index="by_person"), struct)
            return [each for each in found if dataset_ids is None or each[0].scope.dataset_id in dataset_ids]
        rows = (
            item
            for dataset_id in dict.fromkeys(dataset_ids)
            for item in self._wire.query(items.partition(dataset_id), begins=prefix)
        )
        return [(items.read(item, struct), item.get("born", 0)) for item in rows]

    def _listed(self, candidates: Iterable[Item], struct: type[Any]) -> list[tuple[Any, int]]:
        """What an index names, as it is in the table now."""
        found = self._wire.many(map(key_of, candidates))
        return [(items.read(item, struct), item.get("born", 0)) for item in found.values()]

    def _owned(self, owner: str, dataset_ids: Iterable[str]) -> set[str]:
        """Those of these datasets that are the owner's now."""
        found = self._listed((items.dataset_key(each)._asdict() for each in dataset_ids), Dataset)
        return {dataset.id for dataset, _ in found if dataset.owner == owner}


def _newest_first(pair: tuple[Request, int]) -> tuple[float, int]:
    return -pair[0].created_at.timestamp(), -pair[1]


def _longest_waiting(pair: tuple[Request, int]) -> tuple[datetime, int]:
    return requests.waits_since(pair[0]), pair[1]


def _next_to_end(pair: tuple[Grant, int]) -> tuple[datetime, int]:
    return pair[0].not_after, pair[1]
