"""What DynamoDB does to a command: others who write meanwhile, lost answers, throttles, limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError
from msgspec.structs import replace

from jupyter_mlplatform.access import audit
from jupyter_mlplatform.access.aws import dynamodb_items as items
from jupyter_mlplatform.access.aws.dynamodb_store import DynamoDbStore
from jupyter_mlplatform.access.aws.dynamodb_wire import ATTEMPTS, Wire
from jupyter_mlplatform.access.local.anchor_file import AnchorFile
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.models import Column, GrantState, RequestState
from jupyter_mlplatform.access.ports import Unit
from jupyter_mlplatform.errors import Conflict, PlatformError, TooLarge, Unavailable
from tests.access.dynamodb_table import (
    TABLE,
    Table,
    after,
    lost_answer,
    lost_answer_then,
    lost_request,
    refused,
    wire,
)
from tests.access.store_contract import dataset, delegation, grant, ids, next_one, request, say, tell, write
from tests.access.world import START

CANCELED = "TransactionCanceledException"
THROTTLED = refused("ProvisionedThroughputExceededException")


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def store(on_aws: Table, tmp_path: Path, pauses: list[float]) -> Iterator[DynamoDbStore]:
    index = SqliteStore(tmp_path / "index")
    yield DynamoDbStore(wire(on_aws, pauses), index)
    index.close()


@pytest.fixture
def other(on_aws: Table, tmp_path: Path) -> Iterator[DynamoDbStore]:
    index = SqliteStore(tmp_path / "other")
    yield DynamoDbStore(wire(on_aws), index)
    index.close()


def canceled(*reasons: str) -> Callable[[Callable[[], object]], object]:
    return refused(CANCELED, reasons=reasons)


def intact(store: DynamoDbStore) -> bool:
    events, anchor, state = store.trail()
    trail = list(events)
    return audit.verify(trail, anchor).intact and not list(audit.differences(audit.replay(trail), state))


def cause_of(error: PlatformError) -> str:
    assert error.problem.next_step
    assert "secret-name" not in str(error)
    assert "111122223333" not in str(error)
    return error.problem.cause


# What was read is what is decided on


def read_dataset(unit: Unit) -> object:
    return unit.dataset("weld")


def read_no_dataset(unit: Unit) -> object:
    return unit.dataset("new")


def read_request(unit: Unit) -> object:
    return unit.request("r-1")


def read_grant(unit: Unit) -> object:
    return unit.grant("g-1")


def read_delegation(unit: Unit) -> object:
    return unit.delegation("d-1")


def read_no_delegation(unit: Unit) -> object:
    return unit.delegation("d-2")


def read_open_requests(unit: Unit) -> object:
    return unit.open_requests("weld")


def read_open_requests_of_alice(unit: Unit) -> object:
    return unit.open_requests("weld", "alice")


def read_open_requests_of_carol(unit: Unit) -> object:
    return unit.open_requests("weld", "carol")


def read_open_grants(unit: Unit) -> object:
    return unit.open_grants("weld")


def read_open_grants_of_alice(unit: Unit) -> object:
    return unit.open_grants("weld", "alice")


def read_open_grants_of_carol(unit: Unit) -> object:
    return unit.open_grants("weld", "carol")


def read_place(unit: Unit) -> object:
    return unit.datasets_at("/data/weld.parquet")


def read_empty_place(unit: Unit) -> object:
    return unit.datasets_at("/data/new.parquet")


def read_folder(unit: Unit) -> object:
    return unit.datasets_at("/data/")


def read_delegations(unit: Unit) -> object:
    return unit.delegations()


def read_entry(unit: Unit) -> object:
    return unit.entry("weld")


def read_key(unit: Unit) -> object:
    return unit.request_by_key("alice", "key")


RETIRED = dataset(live=False)
WITHDRAWN = next_one(request(), state=RequestState.WITHDRAWN)
ENDED = replace(grant(), state=GrantState.ENDED, version=2)


@pytest.mark.parametrize(
    ("read", "meanwhile"),
    [
        (read_dataset, RETIRED),
        (read_no_dataset, dataset("new")),
        (read_request, WITHDRAWN),
        (read_grant, ENDED),
        (read_delegation, replace(delegation(), ended_at=START, version=2)),
        (read_no_delegation, delegation("d-2")),
        (read_open_requests, WITHDRAWN),
        (read_open_requests, request("r-2", "carol")),
        (read_open_requests, next_one(request(), reason="other")),
        (read_open_requests_of_alice, WITHDRAWN),
        (read_open_requests_of_alice, next_one(request(), reason="other")),
        (read_open_requests_of_carol, request("r-2", "carol")),
        (read_open_grants, ENDED),
        (read_open_grants, grant("g-2", "carol")),
        (read_open_grants_of_alice, ENDED),
        (read_open_grants_of_alice, grant("g-2")),
        (read_open_grants_of_carol, grant("g-2", "carol")),
        (read_place, RETIRED),
        (read_place, dataset("new", location="/data/weld.parquet")),
        (read_place, dataset(location="/elsewhere")),
        (read_empty_place, dataset("new")),
        (read_place, dataset("new", location="/data/")),
        (read_folder, dataset("new")),
        (read_folder, dataset("new", location="/data/in/it.csv")),
        (read_folder, dataset("new", location="/")),
        (read_folder, dataset(location="/elsewhere")),
        (read_folder, RETIRED),
        (read_delegations, delegation("d-2")),
        (read_delegations, replace(delegation(), ended_at=START, version=2)),
    ],
)
def test_a_command_fails_whole_when_what_it_read_has_changed(
    store: DynamoDbStore, other: DynamoDbStore, read: Callable[[Unit], object], meanwhile: object
) -> None:
    write(store, dataset(), dataset("paint"), request(), grant(), delegation())
    before = store.last_seq()
    with pytest.raises(Conflict) as raised, store.unit() as unit:  # noqa: PT012 (the end of the block raises)
        read(unit)
        write(other, meanwhile)  # type: ignore[arg-type]
        tell(unit, request("r-9", "dora", "paint"))
    assert raised.value.problem.code == "access.changed_meanwhile"
    assert (store.request("r-9"), store.last_seq()) == (None, before + 1)
    assert intact(store)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (dataset(title="mine"), dataset(title="theirs")),
        (next_one(request(), reason="mine"), WITHDRAWN),
        (replace(grant(), announced_days=7, version=2), ENDED),
        (replace(delegation(), reason="mine", version=2), replace(delegation(), ended_at=START, version=2)),
        (dataset("new", owner="mine"), dataset("new", owner="theirs")),
        (request("r-2", "carol"), request("r-3", "carol")),
        (grant("g-2", request_id="r-9"), grant("g-3", "carol", request_id="r-9")),
        (delegation("d-2"), delegation("d-2", delegate="dora")),
        (dataset("new", location="/one"), dataset("newer", location="/one")),
    ],
)
def test_of_two_commands_that_write_the_same_the_later_fails_whole(
    store: DynamoDbStore, other: DynamoDbStore, mine: object, theirs: object
) -> None:
    write(store, dataset(), request(), grant(), delegation())
    with pytest.raises(Conflict), store.unit() as unit:  # noqa: PT012 (the end of the block raises)
        tell(unit, mine)  # type: ignore[arg-type]
        write(other, theirs)  # type: ignore[arg-type]
    assert store.last_seq() == 5
    assert intact(store)


def test_a_command_fails_when_a_key_or_an_entry_that_was_not_there_came(
    store: DynamoDbStore, other: DynamoDbStore
) -> None:
    for read in (read_entry, read_key):
        with pytest.raises(Conflict), store.unit() as unit:  # noqa: PT012 (the end of the block raises)
            assert read(unit) is None
            with other.unit() as another:
                another.note_entry("weld", "digest")
                another.remember_key("alice", "key", "r-1", "content") if read is read_key else None
            unit.note_entry("paint", "digest")
    assert store.entries() == {"weld": "digest"}


@pytest.mark.parametrize(
    "meanwhile",
    [
        dataset("paint", title="other"),
        request("r-2", "carol"),
        grant("g-2", "carol"),
        replace(grant("g-3", "carol"), state=GrantState.ENDED, version=2),
        delegation("d-2"),
    ],
    ids=["dataset", "request", "grant", "ended", "delegation"],
)
def test_what_others_do_elsewhere_meanwhile_is_no_conflict_and_the_chain_goes_on(
    store: DynamoDbStore, other: DynamoDbStore, meanwhile: object, pauses: list[float]
) -> None:
    write(store, dataset(), dataset("paint"), grant("g-3", "carol"))
    with store.unit() as unit:
        read_dataset(unit), read_open_requests_of_alice(unit), read_open_grants_of_alice(unit)
        tell(unit, request())
        write(other, meanwhile)  # type: ignore[arg-type]
    assert ids(store.requests_of("alice")) == ["r-1"]
    assert pauses == []  # the head is read at the end
    assert intact(store)


def test_a_head_that_moves_while_a_command_is_written_is_followed(
    store: DynamoDbStore, other: DynamoDbStore, on_aws: Table, pauses: list[float]
) -> None:
    write(store, dataset())
    on_aws.misbehave("transact_write_items", *(after(lambda: say(other, "s")) for _ in range(3)))
    # (each of the three calls of ``other`` takes the next fault first, so the faults nest)
    write(store, request())
    assert [event.subject for event in store.events(None)] == ["weld", "s", "s", "s", "r-1"]
    assert pauses
    assert intact(store)


def test_a_head_that_moves_for_ever_is_given_up_and_nothing_is_written(store: DynamoDbStore, on_aws: Table) -> None:
    def move() -> None:
        key = {name: {"S": value} for name, value in items.HEAD._asdict().items()}
        on_aws.update_item(
            TableName=TABLE,
            Key=key,
            UpdateExpression="ADD v :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    say(store, "s")
    on_aws.misbehave("transact_write_items", *[after(move)] * ATTEMPTS)
    with pytest.raises(Unavailable) as raised:
        write(store, dataset())
    assert raised.value.problem.code == "access.store_busy"
    assert store.dataset("weld") is None
    write(store, dataset())


# Answers that are lost


@pytest.mark.parametrize("forgets", [False, True], ids=["token remembered", "token forgotten"])
def test_a_lost_answer_is_asked_for_again_and_the_command_is_written_once(
    store: DynamoDbStore, on_aws: Table, forgets: bool
) -> None:
    on_aws.forgets_tokens = forgets
    on_aws.misbehave("transact_write_items", lost_answer)
    write(store, dataset(), request())
    sent = on_aws.asked("transact_write_items")
    assert len({each["ClientRequestToken"] for each in sent}) == 1
    assert store.last_seq() == 2
    assert intact(store)


@pytest.mark.parametrize("forgets", [False, True], ids=["token remembered", "token forgotten"])
def test_a_lost_answer_is_no_conflict_when_others_went_on_meanwhile(
    store: DynamoDbStore, other: DynamoDbStore, on_aws: Table, forgets: bool
) -> None:
    on_aws.forgets_tokens = forgets
    write(store, dataset())
    on_aws.misbehave("transact_write_items", lost_answer_then(lambda: write(other, WITHDRAWN)))
    write(store, request())
    assert [event.subject for event in store.events(None)] == ["weld", "r-1", "r-1"]
    assert store.request("r-1") == WITHDRAWN
    assert intact(store)


def test_a_commit_that_got_lost_on_the_way_is_sent_again(store: DynamoDbStore, on_aws: Table) -> None:
    disturbed = refused("InternalServerError", 500)
    on_aws.misbehave("transact_write_items", lost_request, disturbed, lost_request)
    write(store, dataset())
    assert store.last_seq() == 1


def test_a_commit_that_got_lost_is_chained_anew_when_the_head_moved(
    store: DynamoDbStore, other: DynamoDbStore, on_aws: Table
) -> None:
    write(store, dataset())
    on_aws.misbehave("transact_write_items", lost_request, after(lambda: say(other, "s")))
    write(store, request())
    assert [event.subject for event in store.events(None)] == ["weld", "s", "r-1"]
    assert intact(store)


def test_who_never_gets_an_answer_is_told_that_it_is_not_known(store: DynamoDbStore, on_aws: Table) -> None:
    on_aws.misbehave("transact_write_items", *[lost_request] * ATTEMPTS)
    with pytest.raises(Unavailable) as raised:
        write(store, dataset())
    assert raised.value.problem.code == "access.store_unsure"


def test_who_never_gets_an_answer_to_what_was_written_is_told_that_it_was(store: DynamoDbStore, on_aws: Table) -> None:
    on_aws.misbehave("transact_write_items", lost_answer, *[lost_request] * (ATTEMPTS - 1))
    write(store, dataset())
    assert store.dataset("weld") is not None


# Throttles and conflicts that pass


@pytest.mark.parametrize(
    "fault",
    [
        THROTTLED,
        refused("ThrottlingException"),
        refused("TransactionInProgressException"),
        canceled("TransactionConflict", "None"),
        canceled("None", "ThrottlingError"),
        canceled("ProvisionedThroughputExceeded", "TransactionConflict"),
    ],
)
def test_a_commit_that_was_refused_for_a_moment_is_written_with_growing_pauses(
    store: DynamoDbStore, on_aws: Table, pauses: list[float], fault: Callable[[Callable[[], object]], object]
) -> None:
    on_aws.misbehave("transact_write_items", fault, fault, fault)
    write(store, dataset())
    assert store.last_seq() == 1
    assert pauses == sorted(pauses)
    assert pauses[-1] == 4 * pauses[0]


def test_a_commit_that_is_refused_again_and_again_is_given_up(
    store: DynamoDbStore, on_aws: Table, pauses: list[float]
) -> None:
    on_aws.misbehave("transact_write_items", *[THROTTLED] * ATTEMPTS)
    with pytest.raises(Unavailable) as raised:
        write(store, dataset())
    assert raised.value.problem.code == "access.store_busy"
    assert len(on_aws.asked("transact_write_items")) == ATTEMPTS
    assert sum(pauses) < 10


@pytest.mark.parametrize("method", ["get_item", "query", "batch_get_item"])
def test_a_read_that_is_throttled_or_lost_is_repeated(store: DynamoDbStore, on_aws: Table, method: str) -> None:
    write(store, dataset(), grant())
    on_aws.misbehave(method, THROTTLED, lost_answer, refused("InternalServerError", 500))
    assert ids(store.grants_on("bob")) == ["g-1"]
    assert store.dataset("weld") is not None


def test_a_batch_that_makes_no_progress_is_given_up(store: DynamoDbStore, on_aws: Table) -> None:
    write(store, dataset(), grant())

    def nothing(call: Callable[[], object]) -> object:
        wanted = on_aws.asked("batch_get_item")[-1]["RequestItems"]
        return {"Responses": {}, "UnprocessedKeys": wanted}

    on_aws.misbehave("batch_get_item", *[nothing] * ATTEMPTS)
    with pytest.raises(Unavailable) as raised:
        store.grants_to("alice")
    assert raised.value.problem.code == "access.store_busy"


# Refusals


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (refused("ResourceNotFoundException"), "access.store_missing", TABLE),
        (refused("AccessDeniedException"), "access.store_denied", "dynamodb:GetItem"),
        (refused("ExpiredTokenException"), "access.store_credentials", "credentials"),
        (refused("SomethingNewException"), "access.store_refused", "SomethingNewException"),
    ],
)
def test_a_refusal_tells_what_to_do_and_nothing_of_the_account(
    store: DynamoDbStore, on_aws: Table, fault: Callable[[Callable[[], object]], object], code: str, words: str
) -> None:
    on_aws.misbehave("get_item", fault)
    with pytest.raises(Unavailable) as raised:
        store.dataset("weld")
    assert raised.value.problem.code == code
    assert words in cause_of(raised.value)


@pytest.mark.parametrize(
    ("error", "code"),
    [(NoRegionError(), "access.store_region"), (NoCredentialsError(), "access.store_credentials")],
)
def test_a_client_that_cannot_be_made_tells_why(error: Exception, code: str) -> None:
    def connect() -> object:
        raise error

    with pytest.raises(Unavailable) as raised:
        Wire(TABLE, connect=connect).get(items.HEAD)
    assert raised.value.problem.code == code


def test_a_commit_that_may_not_be_written_tells_so(store: DynamoDbStore, on_aws: Table) -> None:
    on_aws.misbehave("transact_write_items", refused("AccessDeniedException"))
    with pytest.raises(Unavailable) as raised:
        write(store, dataset())
    assert "TransactWriteItems" in cause_of(raised.value)
    on_aws.misbehave("transact_write_items", canceled("ItemCollectionSizeLimitExceeded", "None"))
    with pytest.raises(Unavailable) as raised:
        write(store, dataset())
    assert raised.value.problem.code == "access.store_refused"


def test_an_item_that_is_not_ours_is_refused_and_not_guessed_at(store: DynamoDbStore, on_aws: Table) -> None:
    write(store, dataset())
    key = {name: {"S": value} for name, value in items.dataset_key("weld")._asdict().items()}
    on_aws.put_item(TableName=TABLE, Item={**key, "body": {"S": "{}"}})
    with pytest.raises(Unavailable) as raised:
        store.dataset("weld")
    assert raised.value.problem.code == "access.store_damaged"


# Limits


def test_what_is_too_large_for_an_item_is_refused_with_its_size(store: DynamoDbStore, on_aws: Table) -> None:
    columns = tuple(Column(f"c{number}", description="ä" * 500) for number in range(500))
    with pytest.raises(TooLarge) as raised:
        write(store, dataset(columns=columns))
    assert "400 KB" in cause_of(raised.value)
    assert (store.dataset("weld"), on_aws.asked("transact_write_items")) == (None, [])
    write(store, dataset(columns=columns[:100]))


def test_many_events_of_one_command_are_parted_into_records_that_fit(store: DynamoDbStore) -> None:
    with store.unit() as unit:
        for number in range(40):
            body = {"text": "x" * 30_000, "number": number}
            unit.append(at=START, actor="bob", action="a", subject=f"s{number}", body=body, people=[f"p{number % 3}"])
    assert [event.seq for event in store.events(None)] == list(range(1, 41))
    assert [event.seq for event in store.events("p1")] == list(range(2, 41, 3))
    assert [event.seq for event in store.events("p1", newest=2)] == [35, 38]
    assert [event.seq for event in store.events(None, newest=2)] == [39, 40]
    assert intact(store)


def test_more_than_a_transaction_holds_is_refused_whole(store: DynamoDbStore) -> None:
    write(store, *(dataset(f"d{number}") for number in range(30)))
    with pytest.raises(TooLarge) as raised:
        write(store, *(grant(f"g-{number}", dataset_id=f"d{number % 30}") for number in range(60)))
    assert "100" in cause_of(raised.value)
    assert (store.grants_to("alice"), store.last_seq()) == ((), 30)


def test_ending_a_grant_takes_one_of_the_hundred_operations(store: DynamoDbStore, on_aws: Table) -> None:
    write(store, dataset())
    for start in range(0, 80, 20):
        write(store, *(grant(f"g-{number}", f"p{number}") for number in range(start, start + 20)))
    on_aws.calls.clear()
    with store.unit() as unit:
        tell(unit, RETIRED)
        for held in unit.open_grants("weld"):
            tell(unit, replace(held, state=GrantState.ENDED, version=2), "bob", held.subject)
    assert len(on_aws.asked("transact_write_items")[0]["TransactItems"]) <= 80 + 10
    assert {held.state for held in store.grants_on(None)} == {GrantState.ENDED}
    assert [event.seq for event in store.events("p79")][-1:] == [store.last_seq()]
    assert intact(store)


def test_an_event_may_concern_more_people_than_a_transaction_holds(store: DynamoDbStore) -> None:
    people = [f"p{number}" for number in range(150)]
    say(store, "early", "bob", *people)
    for number in range(32):
        say(store, f"s{number}")
    say(store, "late", "bob", *people)
    assert [event.subject for event in store.events("p149")] == ["early", "late"]


# Indexes that lag, and an index of people that nobody kept


def test_nothing_is_decided_by_an_index_that_lags(store: DynamoDbStore, on_aws: Table) -> None:
    write(store, dataset(), request(), grant(), delegation())
    on_aws.blind = True
    assert (ids(store.grants_to("alice", ["weld"])), ids(store.requests_of("alice", ["weld"]))) == (["g-1"], ["r-1"])
    assert (store.grants_to("alice"), store.due(START + timedelta(days=99), START)) == ((), ((), ()))
    assert ids(store.delegations("carol")) == ["d-1"]
    assert store.delegations_over(START + timedelta(days=99)) == ()
    with store.unit() as unit:
        assert (ids(unit.open_requests("weld")), ids(unit.open_grants("weld"))) == (["r-1"], ["g-1"])
        assert ids(unit.datasets_at("/data/weld.parquet")) == ids(unit.datasets_at("/data/")) == ["weld"]
        assert ids(unit.delegations()) == ["d-1"]
    with pytest.raises(Conflict):
        write(store, request("r-2"))
    assert len(store.events("bob")) == 4
    assert intact(store)


def test_events_of_a_person_are_found_when_the_index_of_people_could_not_be_written(
    store: DynamoDbStore, on_aws: Table, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_mlplatform.access.aws.dynamodb_trail.INDEX_EVERY", 4)
    on_aws.misbehave("batch_write_item", *[refused("AccessDeniedException")] * 2)
    for number in range(10):
        say(store, f"s{number}", "bob", "alice")
    assert len(store.events("alice")) == len(store.events("bob")) == 10
    assert len([each for each in caplog.records if "index of the audit trail" in each.message]) == 2
    for number in range(10, 15):
        say(store, f"s{number}", "bob", "alice")
    assert [event.seq for event in store.events("alice")] == list(range(1, 16))
    assert on_aws.asked("batch_write_item")[2:]


def test_buckets_of_the_trail_follow_each_other(store: DynamoDbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_mlplatform.access.aws.dynamodb_items.BUCKET", 7)
    monkeypatch.setattr("jupyter_mlplatform.access.aws.dynamodb_trail.BUCKET", 7)
    monkeypatch.setattr("jupyter_mlplatform.access.aws.dynamodb_trail.INDEX_EVERY", 5)
    for number in range(7):
        with store.unit() as unit:
            for part in range(3):
                unit.append(at=START, actor="bob", action="a", subject=f"{number}.{part}", body={}, people=["alice"])
    for known in (0, 5, 6, 7, 8, 13, 20, 21):
        assert [event.seq for event in store.events(None, after=known)] == list(range(known + 1, 22))
        assert [event.seq for event in store.events("alice", after=known)] == list(range(known + 1, 22))
    for newest in (1, 3, 7, 8, 20, 21, 60):
        wanted = list(range(1, 22))[-newest:]
        assert [event.seq for event in store.events(None, newest=newest)] == wanted
        assert [event.seq for event in store.events("alice", newest=newest)] == wanted
    assert intact(store)


# The trail


def test_the_state_that_is_checked_is_of_one_instant_though_others_write_meanwhile(
    store: DynamoDbStore, other: DynamoDbStore, on_aws: Table
) -> None:
    write(store, dataset(), request(), grant())
    on_aws.page = 1
    writes = iter([WITHDRAWN, dataset("late"), ENDED, replace(dataset("late"), title="later")])

    def then_busy(call: Callable[[], object]) -> object:
        answer = call()
        noun = next(writes, None)
        if noun is not None:
            write(other, noun)
        return answer

    pages_with_all_three = 8
    on_aws.misbehave("scan", *[after(lambda: None)] * pages_with_all_three, *[then_busy] * 4)
    assert intact(store)
    assert store.last_seq() == 7


def test_a_record_that_lies_where_the_next_event_belongs_is_not_overwritten(
    store: DynamoDbStore, on_aws: Table
) -> None:
    write(store, dataset())
    key = {name: {"S": value} for name, value in items.trail_key(2)._asdict().items()}
    on_aws.put_item(TableName=TABLE, Item={**key, "body": {"S": "forged"}})
    with pytest.raises(Unavailable) as raised:
        write(store, request())
    assert raised.value.problem.code == "access.store_damaged"
    assert on_aws.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]["body"] == {"S": "forged"}


def test_an_event_that_was_cut_off_or_changed_is_seen(store: DynamoDbStore, on_aws: Table) -> None:
    write(store, dataset(), request())
    say(store, "s")
    last = {name: {"S": value} for name, value in items.trail_key(3)._asdict().items()}
    removed = on_aws.get_item(TableName=TABLE, Key=last, ConsistentRead=True)["Item"]
    on_aws.delete_item(TableName=TABLE, Key=last)
    assert not intact(store)
    on_aws.put_item(
        TableName=TABLE, Item={**removed, "body": {"S": removed["body"]["S"].replace('"rows":3', '"rows":4')}}
    )
    events, anchor, _ = store.trail()
    assert "was changed" in audit.verify(events, anchor).findings[0]


@pytest.mark.parametrize("kept", [False, True], ids=["no anchor", "anchor"])
def test_a_trail_that_was_cut_together_with_its_head_is_seen_by_an_anchor_outside_of_the_table(
    on_aws: Table, tmp_path: Path, kept: bool
) -> None:
    index = SqliteStore(tmp_path / "index")
    store = DynamoDbStore(wire(on_aws), index, AnchorFile(tmp_path / "access.anchor") if kept else None)
    write(store, dataset())
    head = {name: {"S": value} for name, value in items.HEAD._asdict().items()}
    before = on_aws.get_item(TableName=TABLE, Key=head, ConsistentRead=True)["Item"]
    say(store, "s")
    last = {name: {"S": value} for name, value in items.trail_key(2)._asdict().items()}
    on_aws.delete_item(TableName=TABLE, Key=last)
    assert not intact(store)
    on_aws.put_item(TableName=TABLE, Item=before)
    assert intact(store) is not kept
    index.close()


def test_the_index_of_people_never_steps_back(on_aws: Table) -> None:
    calls = wire(on_aws)
    for number in (5, 3, 5, 8):
        calls.raise_number(items.INDEXED, "seq", number)
    assert (calls.get(items.INDEXED) or {})["seq"] == 8
    on_aws.misbehave("update_item", refused("AccessDeniedException"))
    with pytest.raises(Unavailable):
        calls.raise_number(items.INDEXED, "seq", 9)


def test_a_command_on_one_thing_takes_few_calls(store: DynamoDbStore, on_aws: Table) -> None:
    write(store, dataset(), request())
    on_aws.calls.clear()
    with store.unit() as unit:
        found = unit.request("r-1")
        assert found is not None
        unit.dataset("weld")
        tell(unit, grant(request_id="r-1"))
        tell(unit, next_one(found, state=RequestState.APPROVED, grant_id="g-1"))
    called = [method for method, _ in on_aws.calls]
    assert called.count("transact_write_items") == 1
    assert len(called) <= 9
    assert len(on_aws.asked("transact_write_items")[0]["TransactItems"]) <= 10


def test_the_client_is_made_once_and_waits_for_no_one_long(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_mlplatform.access.aws.dynamodb_wire import connect

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    config = connect("eu-central-1").meta.config
    assert config.connect_timeout <= 5
    assert config.read_timeout <= 15
    assert config.retries["total_max_attempts"] == 1
