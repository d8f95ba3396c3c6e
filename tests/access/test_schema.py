"""State of an older release is taken over as it is."""

from __future__ import annotations

from pathlib import Path

import msgspec

from jupyter_mlplatform.access.local.schema import MIGRATIONS
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.database import Database
from tests.access.world import DATASET, START, Clock, make_service, new_request


def test_requests_and_keys_of_the_first_release_are_kept(tmp_path: Path, clock: Clock) -> None:
    old = Database(tmp_path / "access.db", MIGRATIONS[:1])
    request = {
        "id": "r-1",
        "requester": "alice",
        "scope": {"dataset_id": "weld_guns", "columns": ["force"]},
        "dataset_title": "Welding guns",
        "purpose": "reporting",
        "reason": "",
        "days": 3,
        "state": "submitted",
        "revision": 1,
        "version": 1,
        "created_at": START,
    }
    with old.transaction() as connection:
        connection.execute(
            "INSERT INTO datasets (id, owner, classification, live, body) VALUES (?, 'bob', 'confidential', 1, ?)",
            (DATASET.id, msgspec.json.encode(DATASET).decode()),
        )
        connection.execute(
            "INSERT INTO requests VALUES (?, 'alice', 'weld_guns', ?, 'submitted', 1, ?)",
            ("r-1", START.timestamp(), msgspec.json.encode(request).decode()),
        )
        connection.execute("INSERT INTO request_keys VALUES ('alice', 'key', 'r-1')")
    old.close()
    service = make_service(tmp_path, clock)
    assert service.ask("alice", new_request("key")).id == "r-1"
    assert [each.id for each in SqliteStore(tmp_path).datasets_at(DATASET.location)] == ["weld_guns"]
    clock.forward(days=59)
    assert service.request("alice", "r-1").state.value == "submitted"
    clock.forward(days=1)
    assert service.request("alice", "r-1").state.value == "lapsed"
