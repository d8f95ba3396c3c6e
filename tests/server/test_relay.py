"""News from elsewhere reach this server's browsers, once, and a broken feature does not silence the others."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from jsonschema import ValidationError
from jupyter_events import EventLogger

from jupyter_mlplatform import events
from jupyter_mlplatform.notice import Notice
from jupyter_mlplatform.server.relay import Relay


class FakeSource:
    """Stands in for a feature: a list of (person, notice)."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Notice]] = []
        self.broken = False

    def add(self, person: str, text: str) -> None:
        self.rows.append((person, Notice(seq=len(self.rows) + 1, action="request.approved", subject="r1", text=text)))

    def last_seq(self) -> int:
        if self.broken:
            raise RuntimeError("no disk")
        return len(self.rows)

    def notices(self, person: str, after: int) -> tuple[Notice, ...]:
        return tuple(notice for who, notice in self.rows if who == person and notice.seq > after)


@pytest.fixture
def emitted() -> list[tuple[str, dict[str, Any]]]:
    return []


def relay_for(emitted: list[tuple[str, dict[str, Any]]], **sources: FakeSource) -> Relay:
    return Relay(
        "alice", dict(sources), lambda schema, data: emitted.append((schema, data)), logging.getLogger("relay")
    )


def test_what_happens_after_the_start_is_told_once_and_only_to_whom_it_concerns(emitted: list[Any]) -> None:
    source = FakeSource()
    source.add("alice", "before the start")
    relay = relay_for(emitted, access=source)

    async def story() -> None:
        await relay.look()
        source.add("alice", "approved")
        source.add("bob", "not for alice")
        await relay.look()
        await relay.look()

    asyncio.run(story())
    assert [(schema, data["text"]) for schema, data in emitted] == [("access", "approved")]


def test_a_feature_that_fails_is_logged_once_and_the_others_go_on(
    emitted: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = FakeSource(), FakeSource()
    broken.broken = True
    relay = relay_for(emitted, access=broken, handoff=sound)

    async def story() -> None:
        for _ in range(3):
            await relay.look()
        sound.add("alice", "run finished")
        await relay.look()
        broken.broken = False
        await relay.look()
        broken.add("alice", "approved")
        await relay.look()

    asyncio.run(story())
    assert [schema for schema, _ in emitted] == ["handoff", "access"]
    assert len([each for each in caplog.records if each.levelno >= logging.ERROR]) == 1


GOOD_NOTICE = {"seq": 1, "action": "request.approved", "subject": "r1", "text": "Bob approved.", "urgency": "success"}
GOOD_IDLE = {
    "action": "warned",
    "subject": "kernel:k",
    "kind": "kernel",
    "name": "Python 3",
    "path": "",
    "stops_in_seconds": 60.0,
    "why": "idle",
    "request": "",
}


@pytest.fixture
def logger() -> EventLogger:
    logger = EventLogger()
    events.register(logger)
    events.register(logger)  # a second time changes nothing
    logger.register_handler(logging.NullHandler())
    return logger


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (events.ACCESS, GOOD_NOTICE),
        (events.HANDOFF, {**GOOD_NOTICE, "action": "run.finished", "text": ""}),
        (events.IDLE, GOOD_IDLE),
        (events.IDLE, {**GOOD_IDLE, "action": "cancelled", "stops_in_seconds": None}),
    ],
)
def test_a_good_event_is_accepted(logger: EventLogger, schema: str, data: dict[str, Any]) -> None:
    assert logger.emit(schema_id=schema, data=data) is not None


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (events.ACCESS, {**GOOD_NOTICE, "seq": 0}),
        (events.ACCESS, {**GOOD_NOTICE, "action": "approved"}),
        (events.HANDOFF, {**GOOD_NOTICE, "urgency": "panic"}),
        (events.HANDOFF, {**GOOD_NOTICE, "secret": "x"}),
        (events.IDLE, {**GOOD_IDLE, "action": "exploded"}),
        (events.IDLE, {**GOOD_IDLE, "why": ""}),
    ],
)
def test_a_bad_event_is_refused(logger: EventLogger, schema: str, data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        logger.emit(schema_id=schema, data=data)
