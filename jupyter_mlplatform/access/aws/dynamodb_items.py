"""What lies where in the table. The page on DynamoDB in docs/operators says the same for those who create it.

======================  ===============================  ==========================================================
pk                      sk                               what
======================  ===============================  ==========================================================
HEAD                    HEAD                             number and hash of the newest event; ``v`` counts commits
TRAIL#<bucket>          <last event's number>            the events of one commit, and whom each concerns
EVENTS_OF#<person>      <last event's number>            which events of that commit concern the person
INDEXED                 INDEXED                          up to which event EVENTS_OF has been written
CHANGES                 <number>                         the datasets that one commit wrote, for search
DATASET#<id>            DATASET                          a dataset
DATASET#<id>            ENTRY                            the digest of its catalogue entry
DATASET#<id>            REQUEST#<requester>#<id>         a request
DATASET#<id>            GRANT#<subject>#<id>             a grant
DATASET#<id>            GUARD#<REQUEST or GRANT>#        counts what was written of that kind
DATASET#<id>            GUARD#<...>#<person>#            counts what was opened of that kind and person
PLACES                  AT#<place>#<digest>              the datasets whose data lies at one place
PLACES                  GUARD#AT#                        counts what came to lie somewhere else
FIND#<REQUEST or GRANT> <id>                             where that noun lies; never changes
GRANT_OF#<request id>   GRANT_OF                         the one grant that a request became; never changes
KEY#<person>            KEY#<idempotency key>            the request that it stands for
DELEGATIONS             DELEGATION#<id>                  a delegation
DELEGATIONS             GUARD#DELEGATION#                counts what was written of delegations
LEGS_OF#<grant id>      LEG#<id>                         what the grant needs in a backend
LEGS_OF#<grant id>      GUARD#LEG#                       counts the legs of the grant
SHARED#<entitlement>    LEG#<id>                         that this leg has the entitlement, or had it (``gone``)
SHARED#<entitlement>    GUARD#LEG#                       counts the legs that begin to have it, or are worked on
======================  ===============================  ==========================================================

``v`` counts the writes of an item; every write names the ``v`` it replaces. ``commit`` names the commit that wrote it.
``born`` grows from noun to noun, so that what happened at one instant has an order. Requests and grants that are open
carry ``open`` (the local index) and ``due``/``due_at``, legs the latter until they are removed; nouns carry
``person``/``sort`` and ``kind`` for listings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, TypeVar

import msgspec

from jupyter_mlplatform.access import grants, requests
from jupyter_mlplatform.access.aws import dynamodb_failures as failures
from jupyter_mlplatform.access.aws.dynamodb_wire import INDEXES, Item, Key
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.models import Dataset, Delegation, Event, Grant, Request
from jupyter_mlplatform.access.samples import Profile

HEAD = Key("HEAD", "HEAD")
INDEXED = Key("INDEXED", "INDEXED")
CHANGES = "CHANGES"
DELEGATIONS = "DELEGATIONS"
PLACES = "PLACES"
LONGEST_PLACE = 900
"""Bytes of a place in a sort key; the rest of a longer one is in its digest alone."""
BUCKET = 100_000
"""Events a partition of the trail: one partition of a table with a local index holds at most 10 GB."""

LEGS = "LEG#"
Noun = TypeVar("Noun", Dataset, Request, Grant, Delegation, Leg)
NOUNS: dict[str, type[Any]] = {
    "dataset": Dataset,
    "request": Request,
    "grant": Grant,
    "delegation": Delegation,
    "leg": Leg,
}


class Record(msgspec.Struct, frozen=True):
    """The events of one commit, or of a part of it, each with those whom it concerns."""

    events: tuple[Event, ...]
    people: tuple[tuple[str, ...], ...]


def dataset_key(dataset_id: str) -> Key:
    """Where a dataset lies."""
    return Key(partition(dataset_id), "DATASET")


def entry_key(dataset_id: str) -> Key:
    """Where the digest of a dataset's catalogue entry lies."""
    return Key(partition(dataset_id), "ENTRY")


def profile_key(dataset_id: str) -> Key:
    """Where what is shown of a dataset's content lies."""
    return Key(partition(dataset_id), "PROFILE")


def partition(dataset_id: str) -> str:
    """The partition of a dataset and of all that is asked or granted of it."""
    return f"DATASET#{_part(dataset_id)}"


def request_key(request: Request) -> Key:
    """Where a request lies."""
    return Key(partition(request.scope.dataset_id), f"{of('REQUEST', request.requester)}{request.id}")


def grant_key(grant: Grant) -> Key:
    """Where a grant lies."""
    return Key(partition(grant.scope.dataset_id), f"{of('GRANT', grant.subject)}{grant.id}")


def delegation_key(delegation_id: str) -> Key:
    """Where a delegation lies."""
    return Key(DELEGATIONS, f"DELEGATION#{delegation_id}")


def leg_key(leg_id: str) -> Key:
    """Where a leg lies; its id begins with its grant's."""
    return Key(legs_of(leg_id.rpartition("/")[0]), f"{LEGS}{_part(leg_id)}")


def legs_of(grant_id: str) -> str:
    """The partition of what a grant needs in backends."""
    return f"LEGS_OF#{_part(grant_id)}"


def shared(entitlement: str) -> str:
    """The partition that says which legs have an entitlement, whose name may be longer than a key."""
    return f"SHARED#{hashlib.sha256(entitlement.encode()).hexdigest()}"


def find_key(kind: str, noun_id: str) -> Key:
    """Where it is written where a request or grant lies; ``kind`` is ``REQUEST`` or ``GRANT``."""
    return Key(f"FIND#{kind}", _part(noun_id) or "-")


def one_grant_key(request_id: str) -> Key:
    """What keeps a request from becoming two grants."""
    return Key(f"GRANT_OF#{_part(request_id)}", "GRANT_OF")


def idempotency_key(person: str, key: str) -> Key:
    """Where it is written what an idempotency key stands for."""
    return Key(f"KEY#{_part(person)}", f"KEY#{key}")


def place_key(location: str) -> Key:
    """Where it is written which datasets lie at a place; paths may be longer than a key."""
    return Key(PLACES, f"{beginning(location)}#{hashlib.sha256(location.encode()).hexdigest()}")


def beginning(location: str) -> str:
    """With what the sort keys of a place begin, and those of all places in it when it is a folder (maybe of others)."""
    return f"AT#{location.encode()[:LONGEST_PLACE].decode(errors='ignore')}"


def guard_key(pk: str, prefix: str) -> Key:
    """What changes whenever the nouns of a partition whose key begins so do."""
    return Key(pk, f"GUARD#{prefix}")


def trail_key(last: int) -> Key:
    """Where the record lies whose last event has this number."""
    return Key(f"TRAIL#{last // BUCKET:06d}", numbered(last))


def events_of(person: str) -> str:
    """The partition that says which events concern a person."""
    return f"EVENTS_OF#{_part(person)}"


def of(kind: str, person: str = "") -> str:
    """The beginning of the keys of a kind, or of a kind and person: never the beginning of another person's."""
    return f"{kind}#{_part(person)}#" if person else f"{kind}#"


def numbered(number: int) -> str:
    """A number as a sort key."""
    return f"{number:015d}"


def stamp(instant: datetime) -> str:
    """An instant as a sort key, to the microsecond."""
    utc = instant.astimezone(timezone.utc)
    return f"{utc.year:04d}-{utc:%m-%dT%H:%M:%S.%f}Z"


def dataset_item(dataset: Dataset) -> Item:
    """A dataset as an item."""
    kind = "DATASET" if dataset.live else "RETIRED"
    return {
        **_noun(dataset_key(dataset.id), "dataset", dataset),
        "person": of("OWNS", dataset.owner),
        "sort": dataset.id,
        "kind": kind,
    }


def request_item(request: Request) -> Item:
    """A request as an item."""
    item = {
        **_noun(request_key(request), "request", request),
        "person": of("REQUEST", request.requester),
        "sort": stamp(request.created_at),
    }
    if request.state in requests.OPEN:
        due_at = stamp(requests.waits_since(request))
        item |= {"open": of("REQUEST", request.requester), "due": "REQUEST", "due_at": due_at}
    return item


def grant_item(grant: Grant) -> Item:
    """A grant as an item."""
    not_after = stamp(grant.not_after)
    item = {
        **_noun(grant_key(grant), "grant", grant),
        "person": of("GRANT", grant.subject),
        "sort": not_after,
        "kind": "GRANT",
    }
    if not grants.over(grant):
        item |= {"open": of("GRANT", grant.subject), "due": "GRANT", "due_at": not_after}
    return item


def delegation_item(delegation: Delegation) -> Item:
    """A delegation as an item."""
    item = _noun(delegation_key(delegation.id), "delegation", delegation)
    if delegation.ended_at is None:
        item |= {"due": "DELEGATION", "due_at": stamp(delegation.not_after)}
    return item


def leg_item(leg: Leg) -> Item:
    """A leg as an item."""
    item = {**_noun(leg_key(leg.id), "leg", leg), "sort": leg.id}
    if leg.state is not LegState.REMOVED:
        item |= {"kind": "LEG", "due": "LEG", "due_at": stamp(leg.due_at)}
    return item


def profile_item(dataset_id: str, profile: Profile | None) -> Item:
    """What is shown of a dataset's content, as an item; one that holds nothing where nothing is shown any more."""
    return {**profile_key(dataset_id)._asdict(), "body": msgspec.json.encode(profile).decode()}


def entry_item(dataset_id: str, digest: str) -> Item:
    """That a catalogue entry has been taken over, as an item."""
    return {**entry_key(dataset_id)._asdict(), "digest": digest, "kind": "ENTRY", "sort": dataset_id}


def record_items(events: Sequence[Event], people: Sequence[Sequence[str]], most: int) -> list[Item]:
    """The records of one commit's events, each of at most ``most`` bytes unless one event alone is more."""
    parts: list[list[int]] = []
    room = 0
    for number, event in enumerate(events):
        needs = len(msgspec.json.encode((event, people[number])))
        if not parts or needs > room:
            parts.append([])
            room = most
        parts[-1].append(number)
        room -= needs
    return [
        {
            **trail_key(events[part[-1]].seq)._asdict(),
            "first": events[part[0]].seq,
            "body": msgspec.json.encode(
                Record(tuple(events[each] for each in part), tuple(tuple(people[each]) for each in part))
            ).decode(),
        }
        for part in parts
    ]


def read(item: Item, kind: type[Any]) -> Any:
    """The noun or record in an item. Raises ``Unavailable`` when there is none such."""
    try:
        return msgspec.json.decode(item["body"], type=kind)
    except (KeyError, msgspec.DecodeError) as error:
        raise failures.damaged(f"The item {item['pk']} / {item['sk']}") from error


def definition(table: str) -> dict[str, Any]:
    """What ``CreateTable`` needs; requests are paid for one by one."""
    keyed = sorted({name for hash_name, range_name, _ in INDEXES.values() for name in (hash_name, range_name)})
    indexes = {
        name: {
            "IndexName": name,
            "KeySchema": _schema(hash_name, range_name),
            "Projection": {"ProjectionType": "ALL" if consistent else "KEYS_ONLY"},
        }
        for name, (hash_name, range_name, consistent) in INDEXES.items()
    }
    return {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in keyed],
        "KeySchema": indexes[""]["KeySchema"],
        "LocalSecondaryIndexes": [indexes["open"]],
        "GlobalSecondaryIndexes": [index for name, index in indexes.items() if name not in ("", "open")],
        "DeletionProtectionEnabled": True,
    }


def _schema(hash_name: str, range_name: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_name, "KeyType": "HASH"},
        {"AttributeName": range_name, "KeyType": "RANGE"},
    ]


def _noun(key: Key, kind: str, noun: Any) -> Item:
    return {**key._asdict(), "noun": kind, "body": msgspec.json.encode(noun).decode()}


def _part(text: str) -> str:
    """A person's or thing's name inside a key; without the sign that parts the keys."""
    return text.replace("%", "%25").replace("#", "%23")
