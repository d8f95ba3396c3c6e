"""The service over DynamoDB: the same story as over SQLite, with two workspaces on one table."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.aws.dynamodb_store import DynamoDbStore
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.messages import Comment, NewDelegation, Registration, Revocation, Search
from jupyter_mlplatform.access.models import GrantState, Request, RequestState
from jupyter_mlplatform.access.once_more import ATTEMPTS
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden, PlatformError
from tests.access.backend import FakeBackend
from tests.access.dynamodb_table import Table, after, wire
from tests.access.world import (
    DATASET,
    POLICY,
    START,
    Clock,
    approval,
    granted,
    new_request,
    register,
    rejection,
    write_data,
)


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


# Somebody is faster, in the moment between what was read and what is written


@pytest.fixture
def two(on_aws: Table, tmp_path: Path, clock: Clock, data_file: Path) -> tuple[AccessService, AccessService]:
    made = workspace(on_aws, tmp_path / "one", clock), workspace(on_aws, tmp_path / "two", clock)
    register(made[0], data_file)
    return made


def faster(on_aws: Table, *deeds: Callable[[], object]) -> None:
    """Each of them happens, undisturbed, just before the next command of somebody else is written."""
    waiting = on_aws._faults["transact_write_items"]

    def begin(deed: Callable[[], object]) -> Callable[[], None]:
        def undisturbed() -> None:
            later = list(waiting)
            waiting.clear()
            deed()
            waiting.extend(later)

        return undisturbed

    on_aws.misbehave("transact_write_items", *(after(begin(deed)) for deed in deeds))


def test_who_was_too_late_to_decide_reads_what_was_decided(
    on_aws: Table, two: tuple[AccessService, AccessService]
) -> None:
    one, other = two
    made = one.ask("alice", new_request())
    faster(on_aws, lambda: other.decide("bob", made.id, rejection("not now")))
    with pytest.raises(Conflict) as caught:
        one.decide("ada", made.id, approval())
    assert caught.value.problem.code == "access.not_open"
    assert "bob rejected it" in caught.value.problem.cause
    assert one.grants("alice").items == ()


def test_who_was_too_late_for_the_same_thing_reads_that_it_is_done(
    on_aws: Table, two: tuple[AccessService, AccessService]
) -> None:
    one, other = two
    made = one.ask("alice", new_request())
    faster(on_aws, lambda: other.withdraw("alice", made.id, Comment()))
    assert one.withdraw("alice", made.id, Comment()).state is RequestState.WITHDRAWN
    held = granted(one, key="2").grant_id or ""
    faster(on_aws, lambda: other.revoke("bob", held, Revocation("enough")))
    assert one.revoke("ada", held, Revocation("enough")).ended_by == "bob"
    actions = [event.action for event in one.events("ada").items]
    assert (actions.count("request.withdrawn"), actions.count("grant.revoked")) == (1, 1)
    assert one.verify_audit().findings == ()


def test_a_delegation_that_is_taken_back_in_the_moment_of_the_decision_decides_nothing(
    on_aws: Table, two: tuple[AccessService, AccessService]
) -> None:
    one, other = two
    made = one.ask("alice", new_request())
    given = one.delegate("bob", NewDelegation(delegate="dora", not_after=START + timedelta(days=9)))
    faster(on_aws, lambda: other.end_delegation("bob", given.id))
    with pytest.raises(Forbidden) as caught:
        one.decide("dora", made.id, approval())
    assert caught.value.problem.code == "access.not_approver"
    assert one.grants("alice").items == ()


def test_an_end_that_two_workspaces_write_down_at_once_is_no_matter_to_who_looks(
    on_aws: Table, two: tuple[AccessService, AccessService], clock: Clock
) -> None:
    one, other = two
    granted(one, days=2)
    one.delegate("bob", NewDelegation(delegate="dora", not_after=START + timedelta(days=2)))
    clock.forward(days=2)
    faster(on_aws, other.last_seq)
    assert [held.state for held in one.grants("bob", "owned").items] == [GrantState.ENDED]
    actions = [event.action for event in one.events("ada").items]
    assert (actions.count("grant.expired"), actions.count("delegation.expired")) == (1, 1)
    assert one.verify_audit().findings == ()


def test_access_that_ends_in_the_moment_of_its_use_hands_nothing_out(
    on_aws: Table, two: tuple[AccessService, AccessService]
) -> None:
    one, other = two
    held = granted(one).grant_id or ""
    faster(on_aws, lambda: other.revoke("bob", held, Revocation("enough")))
    with pytest.raises(PlatformError):
        one.load("alice", "weld_guns")
    assert "data.loaded" not in [event.action for event in one.events("ada").items]


def test_a_folder_that_is_registered_around_new_data_is_refused_whoever_is_faster(
    on_aws: Table, two: tuple[AccessService, AccessService], tmp_path: Path
) -> None:
    one, other = two
    folder = write_data(tmp_path / "parts" / "a.parquet").parent
    said = Registration(id="part", title="A part", classification="public")
    faster(on_aws, lambda: other.register("carol", folder / "a.parquet", said))
    with pytest.raises(PlatformError) as caught:
        register(one, folder, "all_of_it")
    assert caught.value.problem.code == "access.location_taken"


def test_who_is_always_too_late_is_told_so_and_nothing_is_written(
    on_aws: Table, two: tuple[AccessService, AccessService], data_file: Path
) -> None:
    one, other = two
    made = one.ask("alice", new_request())
    faster(on_aws, *(partial(register, other, data_file, title=f"Title {number}") for number in range(ATTEMPTS)))
    with pytest.raises(Conflict) as caught:
        one.decide("bob", made.id, approval())
    assert caught.value.problem.code == "access.changed_meanwhile"
    assert one.request("alice", made.id).state is RequestState.SUBMITTED
    assert one.decide("bob", made.id, approval()).state is RequestState.APPROVED


def test_many_grants_of_one_person_on_many_datasets_end_together(on_aws: Table, tmp_path: Path, clock: Clock) -> None:
    """With all that goes with each of them: what one command of DynamoDB takes is not exceeded."""
    backend, index = FakeBackend(), SqliteStore(tmp_path / "index")
    store, files = DynamoDbStore(wire(on_aws), index), StreamedFiles()
    for number in range(20):
        with store.unit() as unit:
            location = f"s3://lake/{number}/"
            unit.put_dataset(replace(DATASET, id=f"d{number}", location=location, backend="fake"))
    service = AccessService(store, files, CatalogueFiles(()), POLICY, clock, {"fake": backend})
    for number in range(20):
        granted(service, key=f"k{number}", dataset_id=f"d{number}")
    service.fulfil()
    assert len(backend.held) == 20
    left = AccessService(store, files, CatalogueFiles(()), replace(POLICY, left=("alice",)), clock, {"fake": backend})
    left.fulfil()
    assert backend.held == {}
    assert {each.state for each in store.grants_to("alice")} == {GrantState.ENDED}
