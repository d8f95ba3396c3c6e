"""The service over DynamoDB: the same story as over SQLite, with two workspaces on one table."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_mlplatform.access.aws.dynamodb_store import DynamoDbStore
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.messages import Revocation, Search
from jupyter_mlplatform.access.models import GrantState, Request, RequestState
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden
from tests.access.dynamodb_table import Table, table, wire
from tests.access.world import POLICY, Clock, approval, granted, new_request, register


@pytest.fixture
def on_aws() -> Iterator[Table]:
    with table() as made:
        yield made


def workspace(on_aws: Table, folder: Path, clock: Clock) -> AccessService:
    return AccessService(
        store=DynamoDbStore(wire(on_aws), SqliteStore(folder)),
        files=StreamedFiles(),
        catalogues=CatalogueFiles(()),
        policy=POLICY,
        clock=clock,
    )


def test_what_is_asked_in_one_workspace_is_decided_in_another_and_used_in_the_first(
    on_aws: Table, tmp_path: Path, clock: Clock, data_file: Path
) -> None:
    alices, bobs = (workspace(on_aws, tmp_path / name, clock) for name in ("alice", "bob"))
    register(bobs, data_file)
    assert [found.id for found in alices.search("alice", Search(q="welding")).items] == ["weld_guns"]
    made = alices.ask("alice", new_request())
    assert [waiting.id for waiting in bobs.requests("bob", "inbox").items] == [made.id]
    decided = bobs.decide("bob", made.id, approval(columns=("force",)))
    assert alices.load("alice", "weld_guns").table.column_names == ["force"]
    bobs.revoke("bob", decided.grant_id or "", Revocation(reason="enough"))
    with pytest.raises(Forbidden):
        alices.load("alice", "weld_guns")
    actions = [event.action for event in alices.events("alice").items]
    assert actions == ["request.submitted", "grant.created", "request.approved", "data.loaded", "grant.revoked"]
    assert bobs.verify_audit().findings == ()


def test_a_grant_ends_with_time_whichever_workspace_looks_first(
    on_aws: Table, tmp_path: Path, clock: Clock, data_file: Path
) -> None:
    alices, bobs = (workspace(on_aws, tmp_path / name, clock) for name in ("alice", "bob"))
    register(bobs, data_file)
    granted(alices, days=2)
    clock.forward(days=2)
    with pytest.raises(Forbidden):
        alices.load("alice", "weld_guns")
    assert [held.state for held in bobs.grants("bob", "owned").items] == [GrantState.ENDED]
    assert [event.action for event in alices.events("alice").items].count("grant.expired") == 1
    assert alices.verify_audit().findings == ()


def test_two_workspaces_that_decide_differently_have_one_winner(
    on_aws: Table, tmp_path: Path, clock: Clock, data_file: Path
) -> None:
    workspaces = [workspace(on_aws, tmp_path / name, clock) for name in ("ada", "ana")]
    register(workspaces[0], data_file)
    made = workspaces[0].ask("alice", new_request())

    def decide(number: int) -> Request | None:
        person = ("ada", "ana")[number % 2]
        try:
            return workspaces[number % 2].decide(person, made.id, approval(days=number + 1))
        except Conflict:
            return None

    with ThreadPoolExecutor(4) as pool:
        won = [each for each in pool.map(decide, range(4)) if each]
    assert [each.state for each in won] == [RequestState.APPROVED]
    assert len(workspaces[1].grants("alice").items) == 1
    assert workspaces[1].verify_audit().findings == ()
