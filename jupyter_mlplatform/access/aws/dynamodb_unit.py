"""One command on DynamoDB: it reads the table as it is now, remembers what it read, and writes at its end.

Nothing is locked. What was read is checked when the command is written, also that there was nothing: a query is
guarded by an item that counts what could have come into its answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from jupyter_mlplatform.access import locations
from jupyter_mlplatform.access.aws import dynamodb_failures as failures
from jupyter_mlplatform.access.aws import dynamodb_items as items
from jupyter_mlplatform.access.aws.dynamodb_commit import Plan, Told
from jupyter_mlplatform.access.aws.dynamodb_wire import Item, Key, Wire, key_of
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.models import Dataset, Delegation, Grant, Request
from jupyter_mlplatform.access.samples import Profile

_LINKED = (LegState.REMOVED, LegState.REMOVING)
"""With these a leg leaves those that have its entitlement, or comes back to them."""


class DynamoDbUnit:
    """See :class:`~jupyter_mlplatform.access.ports.Unit`. Reads see what the command itself has put."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.plan = Plan({}, {}, set(), set(), [], [])

    def dataset(self, dataset_id: str) -> Dataset | None:
        """See the port."""
        item = self._read(items.dataset_key(dataset_id))
        return items.read(item, Dataset) if item else None

    def datasets_at(self, location: str) -> tuple[Dataset, ...]:
        """See the port."""
        around = {location, *locations.folders_around(location)}
        self._prefetch(items.place_key(each) for each in around)
        ids = {each for place in around for each in self._at(place)}
        if location.endswith("/"):
            ids |= self._in(location)
        found = [self.dataset(each) for each in sorted(ids)]
        inside = location if location.endswith("/") else "\0"
        return tuple(each for each in found if each and (each.location in around or each.location.startswith(inside)))

    def request(self, request_id: str) -> Request | None:
        """See the port."""
        item = self._found("REQUEST", request_id)
        return items.read(item, Request) if item else None

    def request_by_key(self, person: str, key: str) -> tuple[Request, str] | None:
        """See the port."""
        item = self._read(items.idempotency_key(person, key))
        request = self.request(item["request_id"]) if item else None
        return (request, item["digest"]) if item and request else None

    def open_requests(self, dataset_id: str, person: str = "") -> tuple[Request, ...]:
        """See the port."""
        found = [items.read(item, Request) for item in self._open(dataset_id, "REQUEST", person)]
        return tuple(each for each in found if person in ("", each.requester))

    def grant(self, grant_id: str) -> Grant | None:
        """See the port."""
        item = self._found("GRANT", grant_id)
        return items.read(item, Grant) if item else None

    def open_grants(self, dataset_id: str, person: str = "") -> tuple[Grant, ...]:
        """See the port."""
        found = [items.read(item, Grant) for item in self._open(dataset_id, "GRANT", person)]
        return tuple(each for each in found if person in ("", each.subject))

    def delegation(self, delegation_id: str) -> Delegation | None:
        """See the port."""
        item = self._read(items.delegation_key(delegation_id))
        return items.read(item, Delegation) if item else None

    def delegations(self) -> tuple[Delegation, ...]:
        """See the port."""
        prefix = items.of("DELEGATION")
        self._read(items.guard_key(items.DELEGATIONS, prefix))
        found = {key_of(item): item for item in self._wire.query(items.DELEGATIONS, begins=prefix)}
        born = {key: item.get("born", 0) for key, item in found.items()}
        now = {**found, **{key: item for key, item in self.plan.writes.items() if key.pk == items.DELEGATIONS}}
        nouns = [(items.read(item, Delegation), born.get(key, float("inf"))) for key, item in now.items()]
        return tuple(noun for noun, _ in sorted(nouns, key=lambda pair: (pair[0].not_before, pair[1])))

    def leg(self, leg_id: str) -> Leg | None:
        """See the port."""
        item = self._read(items.leg_key(leg_id))
        return items.read(item, Leg) if item else None

    def legs_of(self, grant_id: str) -> tuple[Leg, ...]:
        """See the port."""
        keys = self._in_partition(items.legs_of(grant_id))
        found = (self._read(key) for key in keys)
        return tuple(sorted((items.read(item, Leg) for item in found if item), key=lambda leg: leg.id))

    def sharing(self, entitlement: str) -> tuple[Leg, ...]:
        """See the port."""
        pk = items.shared(entitlement)
        self._read(items.guard_key(pk, items.LEGS))  # counts what begins and who is at it; the rest need not be checked
        links = {key_of(item): item for item in self._wire.query(pk, begins=items.LEGS)}
        links |= {key: item for key, item in self.plan.writes.items() if key.pk == pk}
        keys = [items.leg_key(link["leg"]) for link in links.values() if not link.get("gone")]
        found = {**self._wire.many(keys), **{key: self.plan.writes[key] for key in keys if key in self.plan.writes}}
        legs = (items.read(item, Leg) for item in found.values())
        return tuple(sorted((leg for leg in legs if leg.state is not LegState.REMOVED), key=lambda leg: leg.id))

    def put_leg(self, leg: Leg) -> None:
        """See the port."""
        item = items.leg_item(leg)
        before = self._read(key_of(item))
        _check_follows(before, Leg, leg.version)
        link = {"pk": items.shared(leg.entitlement), "sk": item["sk"], "leg": leg.id}
        if leg.state is LegState.REMOVED:
            link["gone"] = "yes"
        known = self._read(key_of(link)) if before is None or leg.state in _LINKED else None
        if before is None:
            self.plan.bumped.add(items.guard_key(item["pk"], items.LEGS))
        if before is None or leg.working:
            self.plan.bumped.add(items.guard_key(link["pk"], items.LEGS))
        if before is None or (known is not None and bool(known.get("gone")) != bool(link.get("gone"))):
            self._write(link)
        self._write(item)

    def put_dataset(self, dataset: Dataset) -> None:
        """See the port."""
        before = self.dataset(dataset.id)
        if before is None or before.location != dataset.location:
            if before is not None:
                self._note_place(before.location, [each for each in self._at(before.location) if each != dataset.id])
            self._note_place(dataset.location, [*self._at(dataset.location), dataset.id])
            self.plan.bumped.add(items.guard_key(items.PLACES, items.beginning("")))
        self._write(items.dataset_item(dataset))
        self.plan.datasets.append(dataset.id)

    def put_request(self, request: Request) -> None:
        """See the port. Also a ``Conflict``: a second open request of one person on one dataset."""
        item = items.request_item(request)
        before = self._read(key_of(item))
        _check_follows(before, Request, request.version)
        if "open" in item and (before is None or "open" not in before):
            others = self.open_requests(request.scope.dataset_id, request.requester)
            if any(other.id != request.id for other in others):
                raise failures.changed()
        self._put_noun(item, before, "REQUEST", request.id, request.requester)

    def put_grant(self, grant: Grant) -> None:
        """See the port. Also a ``Conflict``: a second grant for one request."""
        item = items.grant_item(grant)
        before = self._read(key_of(item))
        _check_follows(before, Grant, grant.version)
        if before is None and grant.request_id:
            self._write_new({**items.one_grant_key(grant.request_id)._asdict(), "grant_id": grant.id})
        self._put_noun(item, before, "GRANT", grant.id, grant.subject)

    def put_delegation(self, delegation: Delegation) -> None:
        """See the port."""
        item = items.delegation_item(delegation)
        _check_follows(self._read(key_of(item)), Delegation, delegation.version)
        self.plan.bumped.add(items.guard_key(items.DELEGATIONS, items.of("DELEGATION")))
        self._write(item)

    def remember_key(self, person: str, key: str, request_id: str, digest: str) -> None:
        """See the port."""
        self._write_new({**items.idempotency_key(person, key)._asdict(), "request_id": request_id, "digest": digest})

    def entry(self, dataset_id: str) -> str | None:
        """See the port."""
        item = self._read(items.entry_key(dataset_id))
        return str(item["digest"]) if item else None

    def note_entry(self, dataset_id: str, digest: str) -> None:
        """See the port."""
        self._read(items.entry_key(dataset_id))
        self._write(items.entry_item(dataset_id, digest))

    def put_profile(self, dataset_id: str, profile: Profile | None) -> None:
        """See the port."""
        self._read(items.profile_key(dataset_id))
        self._write(items.profile_item(dataset_id, profile))

    def append(
        self, *, at: datetime, actor: str, action: str, subject: str, body: dict[str, Any], people: Sequence[str]
    ) -> None:
        """See the port. The event gets its number when the command is written."""
        self.plan.told.append(Told(at, actor, action, subject, body, tuple(people)))

    def _put_noun(self, item: Item, before: Item | None, kind: str, noun_id: str, person: str) -> None:
        key = key_of(item)
        if before is None:
            self._write_new({**items.find_key(kind, noun_id)._asdict(), "at": key.pk, "in": key.sk})
        if "open" in item and (before is None or "open" not in before):
            self.plan.bumped.add(items.guard_key(key.pk, items.of(kind, person)))
        self.plan.bumped.add(items.guard_key(key.pk, items.of(kind)))
        self._write(item)

    def _found(self, kind: str, noun_id: str) -> Item | None:
        """A noun by its id alone. Where it lies never changes, so only the noun itself has to be checked."""
        find = items.find_key(kind, noun_id)
        place = self.plan.writes.get(find) or self._wire.get(find)
        return self._read(Key(place["at"], place["in"])) if place else None

    def _open(self, dataset_id: str, kind: str, person: str) -> list[Item]:
        """What is open of a kind, in the order in which it came to be, with what this command itself has put.

        Of one person each item is checked as well as its guard, which counts what was opened; of all people the guard
        is enough, because it counts everything that was written.
        """
        pk, prefix = items.partition(dataset_id), items.of(kind, person)
        self._read(items.guard_key(pk, prefix))  # first: what comes after it was read must not be missed
        found = {key_of(item): item for item in self._wire.query(pk, begins=prefix, index="open")}
        for key, item in found.items():
            if key in self.plan.read:
                before = self.plan.read[key]
                if before is None or before.get("v") != item.get("v"):
                    raise failures.changed()
            self.plan.read[key] = item
            if person:
                self.plan.checked.add(key)
        written = {key: item for key, item in self.plan.writes.items() if key.pk == pk}
        now = {**found, **written}
        mine = [item for item in now.values() if str(item.get("open", "")).startswith(prefix)]
        return sorted(mine, key=lambda item: (self.plan.read.get(key_of(item)) or {}).get("born", float("inf")))

    def _at(self, location: str) -> list[str]:
        item = self._read(items.place_key(location))
        return list(json.loads(item["body"])) if item else []

    def _in(self, folder: str) -> set[str]:
        """The datasets at places that begin like the folder's; nothing may have come to lie there meanwhile."""
        begins = items.beginning(folder)
        self._read(items.guard_key(items.PLACES, items.beginning("")))
        found = {key_of(item): item for item in self._wire.query(items.PLACES, begins=begins)}
        found |= {key: item for key, item in self.plan.writes.items() if key.pk == items.PLACES}
        return {each for key, item in found.items() if key.sk.startswith(begins) for each in json.loads(item["body"])}

    def _in_partition(self, pk: str) -> list[Key]:
        """The legs' keys of a partition, with what this command has put; none may have been added meanwhile."""
        self._read(items.guard_key(pk, items.LEGS))
        found = [key_of(item) for item in self._wire.query(pk, begins=items.LEGS)]
        own = [key for key in self.plan.writes if key.pk == pk]
        return list(dict.fromkeys([*found, *own]))

    def _prefetch(self, keys: Iterable[Key]) -> None:
        """Read several items in one call."""
        missing = [key for key in keys if key not in self.plan.read and key not in self.plan.writes]
        found = self._wire.many(missing)
        self.plan.read.update({key: found.get(key) for key in missing})

    def _note_place(self, location: str, dataset_ids: list[str]) -> None:
        body = json.dumps(sorted(set(dataset_ids)))
        self._write({**items.place_key(location)._asdict(), "body": body})

    def _read(self, key: Key) -> Item | None:
        """An item as this command sees it; it must still be so when the command is written."""
        if key in self.plan.writes:
            return self.plan.writes[key]
        if key not in self.plan.read:
            self.plan.read[key] = self._wire.get(key)
        self.plan.checked.add(key)
        return self.plan.read[key]

    def _write_new(self, item: Item) -> None:
        if self._read(key_of(item)) is not None:
            raise failures.changed()
        self._write(item)

    def _write(self, item: Item) -> None:
        self.plan.writes[key_of(item)] = item


def _check_follows(before: Item | None, kind: type[Any], version: int) -> None:
    """Raises ``Conflict`` unless this is the version after the one that is there."""
    if version != (items.read(before, kind).version + 1 if before else 1):
        raise failures.changed()
