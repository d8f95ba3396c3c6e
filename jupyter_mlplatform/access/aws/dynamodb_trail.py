"""The audit trail in the table: all of it in order, what of it concerns a person, and a check against the state.

Which events concern a person is written down after the commit, some dozens of events at a time and by whoever comes
by; until then a reader looks through the newest events itself. So a commit's size does not grow with the people whom it
concerns, and nothing is missed when a process dies in between.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from jupyter_mlplatform.access import audit
from jupyter_mlplatform.access.audit import Anchor, State
from jupyter_mlplatform.access.aws import dynamodb_failures as failures
from jupyter_mlplatform.access.aws import dynamodb_items as items
from jupyter_mlplatform.access.aws.dynamodb_items import BUCKET, NOUNS, Record
from jupyter_mlplatform.access.aws.dynamodb_wire import Item, Wire
from jupyter_mlplatform.access.legs import Leg, core
from jupyter_mlplatform.access.models import Event
from jupyter_mlplatform.errors import PlatformError

INDEX_EVERY = 32
MOST_ROUNDS = 20
_log = logging.getLogger(__name__)


class Trail:
    """Reads the events of a table, and keeps its index of people."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def newest(self) -> Anchor | None:
        """Number and hash of the newest event."""
        head = self._wire.get(items.HEAD)
        return Anchor(head["seq"], head["hash"]) if head and head["seq"] else None

    def all(self, after: int, newest: int | None) -> tuple[Event, ...]:
        """All events after a number, or only the newest so many of them."""
        if newest is None:
            return tuple(event for event, _ in self._told(after))
        found: list[Event] = []
        for record in self._backwards(after):
            found = [event for event in record.events if event.seq > after] + found
            if len(found) >= newest:
                break
        return tuple(found[max(0, len(found) - newest) :])

    def between(self, after: int, until: int) -> tuple[Event, ...]:
        """All events after a number up to another one."""
        return tuple(event for event, _ in takewhile(lambda told: told[0].seq <= until, self._told(after)))

    def concerning(self, person: str, after: int, newest: int | None) -> tuple[Event, ...]:
        """Those that concern a person."""
        indexed = self._indexed()
        late = [event for event, people in self._told(max(after, indexed)) if person in people]
        if newest is not None and len(late) >= newest:
            return tuple(late[len(late) - newest :])
        wanted: dict[int, list[int]] = {}
        left = None if newest is None else newest - len(late)
        for item in self._wire.query(items.events_of(person), newest_first=True):
            last = int(item["sk"])
            if last <= after or (left is not None and left <= 0):
                break
            if last <= indexed:
                wanted[last] = [seq for seq in json.loads(item["body"]) if seq > after]
                left = None if left is None else left - len(wanted[last])
        found = self._wire.many(items.trail_key(last) for last in wanted)
        early: list[Event] = []
        for last in sorted(wanted):
            if items.trail_key(last) not in found:
                raise failures.damaged(f"The audit trail at event {last}")
            record: Record = items.read(found[items.trail_key(last)], Record)
            early += [event for event in record.events if event.seq in wanted[last]]
        both = [*early, *late]
        return tuple(both if newest is None else both[max(0, len(both) - newest) :])

    def written(self, head: Item, before: int) -> None:
        """A commit took the trail from number ``before`` to ``head``: index what has come together, now and then.

        The commit has happened: a failure here must not look like its failure, so it is logged. Readers look through
        what is not indexed themselves, and the next commits try again.
        """
        if head["seq"] // INDEX_EVERY == before // INDEX_EVERY:
            return
        try:
            self.index(head["seq"])
        except PlatformError as error:
            _log.warning("The index of the audit trail was not brought up to date: %s", error)

    def index(self, last: int) -> None:
        """Write down whom the events up to a number concern."""
        rows: list[Item] = []
        for record in self._records(self._indexed()):
            if record.events[-1].seq > last:
                break
            of_person: dict[str, list[int]] = {}
            for event, people in zip(record.events, record.people, strict=True):
                for person in people:
                    of_person.setdefault(person, []).append(event.seq)
            number = items.numbered(record.events[-1].seq)
            rows += [
                {"pk": items.events_of(person), "sk": number, "body": json.dumps(seqs)}
                for person, seqs in of_person.items()
            ]
        self._wire.put_all(rows)
        self._wire.raise_number(items.INDEXED, "seq", last)

    def state(self) -> tuple[list[Event], Anchor | None, State]:
        """All events, the head of the chain, and the state as of the last of them.

        The table cannot be read whole at one instant. So the state is read, then what events since the beginning name
        is read again, until none came meanwhile.
        """
        before = self.newest()
        state: State = {}
        for item in self._wire.nouns():
            noun = _of_record(items.read(item, NOUNS[item["noun"]]))
            state[item["noun"], noun.id] = noun
        for _ in range(MOST_ROUNDS):
            now = self.newest()
            if now == before:
                return [event for event, _ in self._told(0) if now and event.seq <= now.seq], now, state
            since = (event for event, _ in self._told(before.seq if before else 0))
            self._read_again(audit.replay(since), state)
            before = now
        raise failures.busy()

    def _read_again(self, named: State, state: State) -> None:
        keys = {
            "dataset": lambda noun: items.dataset_key(noun.id),
            "request": items.request_key,
            "grant": items.grant_key,
            "delegation": lambda noun: items.delegation_key(noun.id),
            "leg": lambda noun: items.leg_key(noun.id),
        }
        places = {name: keys[name[0]](noun) for name, noun in named.items()}  # type: ignore[no-untyped-call]
        found = self._wire.many(places.values())
        for name, key in places.items():
            if key in found:
                state[name] = _of_record(items.read(found[key], NOUNS[name[0]]))
            else:
                state.pop(name, None)

    def _told(self, after: int) -> Iterator[tuple[Event, tuple[str, ...]]]:
        for record in self._records(after):
            for event, people in zip(record.events, record.people, strict=True):
                if event.seq > after:
                    yield event, people

    def _records(self, after: int) -> Iterator[Record]:
        """Records with events after a number, in order."""
        head = self.newest()
        for bucket in range((after + 1) // BUCKET, (head.seq if head else -1) // BUCKET + 1):
            pk = items.trail_key(bucket * BUCKET).pk
            for item in self._wire.query(pk, after=items.numbered(after)):
                yield items.read(item, Record)

    def _backwards(self, after: int) -> Iterator[Record]:
        """Records with events after a number, the newest first."""
        head = self.newest()
        for bucket in range((head.seq if head else -1) // BUCKET, (after + 1) // BUCKET - 1, -1):
            pk = items.trail_key(max(0, bucket) * BUCKET).pk
            for item in self._wire.query(pk, newest_first=True):
                record: Record = items.read(item, Record)
                if record.events[-1].seq <= after:
                    return
                yield record

    def _indexed(self) -> int:
        found = self._wire.get(items.INDEXED)
        return int(found["seq"]) if found else 0


def _of_record(noun: Any) -> Any:
    """What the events tell of a noun."""
    return core(noun) if isinstance(noun, Leg) else noun
