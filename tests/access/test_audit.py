"""The chain, its anchor, and replaying it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from jupyter_mlplatform.access import audit
from jupyter_mlplatform.access.audit import Anchor
from jupyter_mlplatform.access.messages import Revocation
from jupyter_mlplatform.access.models import Event
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Unavailable
from tests.access.world import DATASET, START, granted, make_service


def chain(length: int) -> list[Event]:
    events: list[Event] = []
    for number in range(length):
        previous = events[-1] if events else None
        body = {"number": number, "when": START}
        events.append(audit.chain(previous, at=START, actor="bob", action="a.b", subject=f"s{number}", body=body))
    return events


def anchor_of(events: list[Event]) -> Anchor:
    return Anchor(events[-1].seq, events[-1].hash)


def test_an_untouched_chain_is_intact() -> None:
    events = chain(5)
    found = audit.verify(events, anchor_of(events))
    assert (found.intact, found.events, found.head, found.unanchored) == (True, 5, events[-1].hash, 0)
    assert audit.verify([], None).intact


def test_events_newer_than_the_anchor_are_counted_and_are_no_fault() -> None:
    events = chain(5)
    found = audit.verify(events, anchor_of(events[:3]))
    assert (found.intact, found.unanchored) == (True, 2)


@given(st.integers(2, 8), st.data())
def test_a_changed_removed_swapped_or_cut_event_is_found(length: int, data: st.DataObject) -> None:
    events = chain(length)
    anchor = anchor_of(events)
    place = data.draw(st.integers(0, length - 1))
    change = data.draw(st.sampled_from(["actor", "action", "subject", "body", "at", "remove", "swap", "cut", "rehash"]))
    if change == "remove":
        broken = events[:place] + events[place + 1 :]
    elif change == "cut":
        broken = events[:place]
    elif change == "swap":
        broken = [*events[:place], *events[place:][::-1]] if place < length - 1 else events[::-1]
    elif change == "rehash":
        # Somebody who knows the algorithm rewrites the whole tail; only the anchor can tell.
        broken = events[:place]
        for event in events[place:]:
            fields = {"at": event.at, "actor": "eve", "action": event.action, "subject": event.subject}
            broken.append(audit.chain(broken[-1] if broken else None, body=event.body, **fields))
    else:
        values = {"body": {"number": -1}, "at": START.replace(year=2031)}
        changed = replace(events[place], **{change: values.get(change, "eve")})
        broken = [*events[:place], changed, *events[place + 1 :]]
    assert not audit.verify(broken, anchor).intact


def test_a_trail_without_its_anchor_is_not_called_intact() -> None:
    assert "anchor is missing" in audit.verify(chain(2), None).findings[0]


def test_a_service_that_was_used_has_an_intact_trail(service: AccessService) -> None:
    request = granted(service)
    service.load("alice", "weld_guns")
    service.revoke("bob", request.grant_id or "", Revocation("done"))
    found = service.verify_audit()
    assert (found.findings, found.unanchored) == ((), 0)
    assert found.events == service.last_seq()


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE grants SET body = replace(body, '2030-01-31', '2099-01-31')", "was changed without an event"),
        ("DELETE FROM grants", "was removed without an event"),
        ("UPDATE events SET row = replace(row, 'alice', 'carol') WHERE seq = 2", "Event 2 "),
        ("DELETE FROM events WHERE seq = 2", "Event 2 is missing"),
        ("DELETE FROM events WHERE seq > 2", "The end was cut off"),
    ],
)
def test_writing_past_the_trail_is_found(service: AccessService, tmp_path: Path, statement: str, finding: str) -> None:
    granted(service)
    with sqlite3.connect(tmp_path / "state" / "access.db") as connection:
        connection.execute(statement)
    connection.close()
    found = service.verify_audit()
    assert finding in found.findings[0]


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_text('{"seq": 1, "hash": "' + "0" * 64 + '"}')]
)
def test_an_anchor_that_is_gone_or_names_another_event_is_found(
    service: AccessService, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    damage(tmp_path / "state" / "access.anchor")
    assert not service.verify_audit().intact


def test_an_anchor_that_cannot_be_read_is_a_clear_error(service: AccessService, tmp_path: Path) -> None:
    (tmp_path / "state" / "access.anchor").write_text("{")
    with pytest.raises(Unavailable) as caught:
        service.verify_audit()
    assert caught.value.problem.code == "access.anchor_unreadable"


def test_deleting_the_whole_state_is_found_while_the_anchor_is_there(service: AccessService, tmp_path: Path) -> None:
    for path in (tmp_path / "state").glob("access.db*"):
        path.unlink()
    fresh = make_service(tmp_path / "state", service._clock)  # type: ignore[arg-type]
    assert "cut off" in fresh.verify_audit().findings[0]


def test_an_anchor_that_cannot_be_written_does_not_undo_or_fail_the_change(
    service: AccessService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object) -> int:
        raise OSError("Input/output error")

    monkeypatch.setattr("os.pwrite", refused)
    granted(service)
    assert "anchor" in caplog.text
    found = service.verify_audit()
    assert (found.intact, found.unanchored) == (True, 3)


def test_the_anchor_is_written_in_its_place_and_one_of_an_earlier_version_is_replaced_first(
    service: AccessService, tmp_path: Path
) -> None:
    file = tmp_path / "state" / "access.anchor"
    file.write_bytes(file.read_bytes().rstrip())
    granted(service)
    assert len(file.read_bytes()) == 256
    before = file.stat().st_ino
    service.load("alice", "weld_guns")
    assert file.stat().st_ino == before
    assert (service.verify_audit().findings, service.verify_audit().unanchored) == ((), 0)


def test_a_noun_written_before_it_had_all_its_fields_is_not_called_changed() -> None:
    replayed: audit.Replayed = {}
    body = msgspec.to_builtins(DATASET)
    del body["backend"]
    event = audit.chain(None, at=START, actor="bob", action="a", subject="s", body={"dataset": body})
    assert list(audit.following([event], replayed)) == [event]
    assert list(audit.differences(replayed, {("dataset", DATASET.id): DATASET})) == []
    other = msgspec.structs.replace(DATASET, owner="carol")
    assert len(list(audit.differences(replayed, {("dataset", DATASET.id): other}))) == 1


def test_no_secret_place_of_the_data_is_in_the_events_that_a_requester_sees(
    service: AccessService, data_file: Path
) -> None:
    granted(service)
    service.load("alice", "weld_guns")
    seen = json.dumps([event.body for event in service.events("alice").items], default=str)
    assert str(data_file) not in seen
    assert len(service.events("alice").items) == 4
    assert service.events("carol").items == ()
    assert len(service.events("ada").items) == service.last_seq()
