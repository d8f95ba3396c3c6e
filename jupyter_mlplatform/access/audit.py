"""The audit trail: a chain of hashes, and the state that the events amount to.

Every event carries the noun as it was after the change, so replaying is taking the last one of each. A chain alone
cannot show that its tail was cut off; the anchor (the number and hash of the newest event, kept beside it) can.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from jupyter_mlplatform.access.legs import Leg
from jupyter_mlplatform.access.models import Audit, Dataset, Delegation, Event, Grant, Request

START = "0" * 64
_encode = msgspec.json.Encoder(order="deterministic").encode
_plain = msgspec.json.Encoder().encode
_NOUNS: dict[str, type[Dataset] | type[Request] | type[Grant] | type[Delegation] | type[Leg]] = {
    "dataset": Dataset,
    "request": Request,
    "grant": Grant,
    "delegation": Delegation,
    "leg": Leg,
}
State = dict[tuple[str, str], Any]
Replayed = dict[tuple[str, str], bytes]
"""Nouns as JSON: a hundred thousand of them are nothing that the garbage collector has to walk through."""


class Anchor(msgspec.Struct, frozen=True):
    """The newest event when the anchor was written."""

    seq: int
    hash: str


def chain(
    previous: Event | Anchor | None, *, at: datetime, actor: str, action: str, subject: str, body: dict[str, Any]
) -> Event:
    """The event that follows ``previous`` (``None``: the first)."""
    unsigned = Event(
        seq=previous.seq + 1 if previous else 1,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        body=msgspec.to_builtins(body),
        previous=previous.hash if previous else START,
        hash="",
    )
    return msgspec.structs.replace(unsigned, hash=digest(unsigned))


def digest(event: Event) -> str:
    """SHA-256, in hexadecimal, over the previous hash and the canonical JSON of everything else in the event."""
    row = {"seq": event.seq, "at": event.at, "actor": event.actor, "action": event.action}
    return hashlib.sha256(
        event.previous.encode() + _encode({**row, "subject": event.subject, "body": event.body})
    ).hexdigest()


def verify(events: Iterable[Event], anchor: Anchor | None) -> Audit:
    """Walk the chain and compare it with the anchor. Stops at the first broken event: all after it are in doubt."""
    previous, count, last, seen_anchor = START, 0, 0, anchor is None
    findings: list[str] = []
    for event in events:
        if event.seq != last + 1:
            findings.append(f"Event {last + 1} is missing: event {last} is followed by event {event.seq}.")
        elif event.previous != previous:
            findings.append(f"Event {event.seq} does not follow from the event before it.")
        elif digest(event) != event.hash:
            findings.append(f"Event {event.seq} ({event.action} {event.subject}) was changed after it was written.")
        if findings:
            break
        if anchor and event.seq == anchor.seq:
            seen_anchor = True
            if event.hash != anchor.hash:
                findings.append(f"The trail was rewritten: event {event.seq} is not the one that the anchor names.")
                break
        previous, count, last = event.hash, count + 1, event.seq
    if not findings and not seen_anchor and anchor:
        findings.append(f"The end was cut off: the anchor names event {anchor.seq}, the last event is {last}.")
    if not findings and anchor is None and count:
        findings.append("The anchor is missing, so it cannot be shown that nothing was cut off at the end.")
    unanchored = max(0, last - anchor.seq) if anchor else count
    return Audit(events=count, head=previous, unanchored=unanchored, findings=tuple(findings))


def replay(events: Iterable[Event]) -> State:
    """The state after these events, by kind of noun and id."""
    state: State = {}
    for event in events:
        for kind, struct in _NOUNS.items():
            if kind in event.body:
                noun = msgspec.convert(event.body[kind], struct)
                state[kind, noun.id] = noun
    return state


def following(events: Iterable[Event], into: Replayed) -> Iterator[Event]:
    """The same events one by one; ``into`` gets every noun as the last of them has it.

    The whole trail as objects is several times its size on disk, and most of the time would go into collecting garbage.
    """
    for event in events:
        for kind in _NOUNS:
            if kind in event.body:
                noun = event.body[kind]
                into[kind, noun["id"]] = _plain(noun)
        yield event


def differences(replayed: State | Replayed, stored: State) -> Iterator[str]:
    """Where the stored state is not what the events say: somebody wrote to it past the audit trail."""
    for key in sorted(replayed.keys() | stored.keys()):
        kind, name = key
        if key not in stored:
            yield f"The {kind} {name} was removed without an event."
        elif key not in replayed:
            yield f"The {kind} {name} was added without an event."
        elif not _same(replayed[key], stored[key]):
            yield f"The {kind} {name} was changed without an event."


def _same(replayed: Any, stored: Any) -> bool:
    """As text first: the same text is the same noun, while one of an earlier version may lack newer fields."""
    if not isinstance(replayed, bytes):
        return bool(replayed == stored)
    return replayed == _plain(stored) or bool(msgspec.json.decode(replayed, type=type(stored)) == stored)
