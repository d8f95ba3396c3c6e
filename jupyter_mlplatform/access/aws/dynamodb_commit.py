"""One command, written whole or not at all: one TransactWriteItems of at most 100 operations.

Every item that is written names the version it replaces, and every item that was only read is checked to be as it was
read. The events join the chain at its head; when only the head has moved on meanwhile, nothing that was decided on has
changed, so the events are chained anew and the commit is tried again. Anything else that changed is a ``Conflict``.

A commit whose answer was lost is repeated with the same token, which DynamoDB takes for the same commit. Where it does
not (ten minutes later, say), the record of the events tells by the commit's own name whether it was written.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from jupyter_mlplatform.access import audit
from jupyter_mlplatform.access.audit import Anchor
from jupyter_mlplatform.access.aws import dynamodb_failures as failures
from jupyter_mlplatform.access.aws import dynamodb_items as items
from jupyter_mlplatform.access.aws.dynamodb_wire import ATTEMPTS, Item, Key, Wire, key_of, packed, size
from jupyter_mlplatform.access.models import Event

MOST_OPERATIONS = 100
LARGEST_ITEM = 400 * 1024
LARGEST_COMMIT = 4 * 1024 * 1024
LARGEST_RECORD = 256 * 1024
BORN_AT_ONCE = 1000


class Told(NamedTuple):
    """An event that is not in the chain yet."""

    at: datetime
    actor: str
    action: str
    subject: str
    body: dict[str, Any]
    people: tuple[str, ...]


class Plan(NamedTuple):
    """What a command read and wants to write.

    ``writes`` are the items as they shall be, ``read`` those that writes replace or that were looked at (``None``:
    there was none), ``checked`` those of them that must not have changed, ``bumped`` the guards to count up.
    """

    writes: dict[Key, Item]
    read: dict[Key, Item | None]
    checked: set[Key]
    bumped: set[Key]
    told: list[Told]
    datasets: list[str]


class Prepared(NamedTuple):
    """A plan at one head of the chain.

    The last ``chain`` operations depend on the head and on nothing that was decided on. ``witness`` is an item that
    tells by ``commit`` whether it was written.
    """

    operations: list[dict[str, Any]]
    chain: int
    head: Item
    witness: Key


class _Outcome(Enum):
    DONE = "done"
    HEAD_MOVED = "head moved"
    CHANGED = "changed"
    BUSY = "busy"
    LOST = "lost"


def commit(wire: Wire, plan: Plan, new_name: Callable[[], str] = lambda: uuid.uuid4().hex) -> Item | None:
    """Write it. Returns the new head, ``None`` when there was nothing to write.

    Raises ``Conflict`` when something it was decided on has changed, ``TooLarge`` for more than DynamoDB takes and
    ``Unavailable`` when DynamoDB does.
    """
    if not (plan.writes or plan.bumped or plan.told):
        return None
    name = new_name()
    prepared = prepare(plan, wire.get(items.HEAD), name, wire.table)
    token, lost = new_name(), False
    for attempt in range(ATTEMPTS):
        outcome = _try(wire, prepared, token)
        if lost and outcome in (_Outcome.HEAD_MOVED, _Outcome.CHANGED) and _written(wire, prepared, name):
            return prepared.head
        if outcome is _Outcome.DONE:
            return prepared.head
        if outcome is _Outcome.CHANGED:
            raise failures.changed()
        if outcome is _Outcome.HEAD_MOVED:
            # An attempt without an answer cannot succeed any more either: it names a head that is gone.
            wire.rest(attempt)
            head = wire.get(items.HEAD)
            if (head["v"] if head else 0) == prepared.head["v"] - 1:
                raise failures.damaged("What follows the head of the audit trail")
            prepared, token, lost = prepare(plan, head, name, wire.table), new_name(), False
            continue
        lost = lost or outcome is _Outcome.LOST
        wire.rest(attempt)
    if lost and _written(wire, prepared, name):
        return prepared.head
    raise failures.unknown_outcome() if lost else failures.busy()


def prepare(plan: Plan, head: Item | None, name: str, table: str) -> Prepared:
    """The operations that write a plan after ``head``."""
    before = head or {"v": 0, "seq": 0, "hash": audit.START, "changes": 0}
    events, people = _chained(plan, before)
    new_head = {
        **items.HEAD._asdict(),
        "seq": before["seq"] + len(events),
        "hash": events[-1].hash if events else before["hash"],
        "changes": before["changes"] + bool(plan.datasets),
    }
    builder = _Builder(table, name)
    for number, (key, item) in enumerate(plan.writes.items()):
        replaced = plan.read.get(key)
        born = replaced.get("born", 0) if replaced else before["v"] * BORN_AT_ONCE + number
        builder.put({**item, "born": born}, replaced, f"The {item.get('noun', 'entry')}")
    for key in sorted(plan.bumped):
        if key in plan.checked:
            builder.put(key._asdict(), plan.read.get(key), "A guard")
        else:
            builder.count(key)
    for key in sorted(plan.checked - plan.writes.keys() - plan.bumped):
        builder.check(key, plan.read.get(key))
    own = len(builder.operations)
    records = items.record_items(events, people, LARGEST_RECORD)
    for record in records:
        builder.put(record, None, "An event of the audit trail")
    if plan.datasets:
        changed = {
            "pk": items.CHANGES,
            "sk": items.numbered(new_head["changes"]),
            "body": msgspec.json.encode(sorted({*plan.datasets})).decode(),
        }
        builder.put(changed, None, "The list of changed datasets")
    builder.put(new_head, head, "The head of the audit trail")
    builder.weigh()
    witness = key_of(records[0]) if records else next(iter(plan.writes), items.HEAD)
    chain = len(builder.operations) - own
    return Prepared(builder.operations, chain, {**new_head, "v": before["v"] + 1}, witness)


class _Builder:
    """Operations of one transaction, all of them conditional but the counting of a guard that nobody read."""

    def __init__(self, table: str, name: str) -> None:
        self._table = table
        self._name = name
        self._bytes = 0
        self.operations: list[dict[str, Any]] = []

    def put(self, item: Item, replaced: Item | None, what: str) -> None:
        whole = {**item, "v": replaced.get("v", 0) + 1 if replaced else 1, "commit": self._name}
        needs = size(whole)
        if needs > LARGEST_ITEM:
            raise failures.too_large(what, needs, LARGEST_ITEM)
        self._bytes += needs
        operation = {"TableName": self._table, "Item": packed(whole), **_unchanged(replaced)}
        self.operations.append({"Put": operation})

    def count(self, key: Key) -> None:
        operation = {
            "TableName": self._table,
            "Key": packed(key._asdict()),
            "UpdateExpression": "ADD #v :one",
            "ExpressionAttributeNames": {"#v": "v"},
            "ExpressionAttributeValues": packed({":one": 1}),
        }
        self.operations.append({"Update": operation})

    def check(self, key: Key, read: Item | None) -> None:
        operation = {"TableName": self._table, "Key": packed(key._asdict()), **_unchanged(read)}
        self.operations.append({"ConditionCheck": operation})

    def weigh(self) -> None:
        if len(self.operations) > MOST_OPERATIONS:
            raise failures.too_much(len(self.operations), MOST_OPERATIONS)
        if self._bytes > LARGEST_COMMIT:
            raise failures.too_large("All that this changes", self._bytes, LARGEST_COMMIT)


def _unchanged(read: Item | None) -> dict[str, Any]:
    """The condition that an item is as it was read."""
    if read is None:
        return {"ConditionExpression": "attribute_not_exists(#pk)", "ExpressionAttributeNames": {"#pk": "pk"}}
    return {
        "ConditionExpression": "#v = :v",
        "ExpressionAttributeNames": {"#v": "v"},
        "ExpressionAttributeValues": packed({":v": read.get("v", 0)}),
    }


def _chained(plan: Plan, head: Item) -> tuple[list[Event], list[tuple[str, ...]]]:
    """The events as they follow the head, and whom each concerns."""
    previous: Event | Anchor | None = Anchor(head["seq"], head["hash"]) if head["seq"] else None
    events: list[Event] = []
    for told in plan.told:
        previous = audit.chain(
            previous, at=told.at, actor=told.actor, action=told.action, subject=told.subject, body=told.body
        )
        events.append(previous)
    return events, [tuple(sorted({*told.people, told.actor})) for told in plan.told]


def _try(wire: Wire, prepared: Prepared, token: str) -> _Outcome:
    """Once. Where the head moved, what follows it is there already, so any of those may be the reason that is given."""
    try:
        wire.transact(prepared.operations, token)
    except Exception as error:
        if failures.code(error) != failures.CANCELED:
            if not failures.passing(error):
                raise failures.of(error, "TransactWriteItems", wire.table) from error
            return _Outcome.LOST if failures.unsure(error) else _Outcome.BUSY
        reasons = failures.reasons(error)
        if failures.CONDITION in reasons[: -prepared.chain]:
            return _Outcome.CHANGED
        if failures.CONDITION in reasons:
            return _Outcome.HEAD_MOVED
        if {*reasons} - {"None"} and {*reasons} - {"None"} <= failures.BUSY:
            return _Outcome.BUSY
        raise failures.of(error, "TransactWriteItems", wire.table) from error
    return _Outcome.DONE


def _written(wire: Wire, prepared: Prepared, name: str) -> bool:
    """Whether an earlier attempt happened whose answer was lost."""
    found = wire.get(prepared.witness)
    return found is not None and found.get("commit") == name
