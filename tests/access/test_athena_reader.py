"""Tables of Glue, read with queries of Athena under one grant's session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow
import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.aws import athena_reader, athena_results
from jupyter_mlplatform.access.aws.athena_reader import AthenaReader
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.s3_access import S3Access
from jupyter_mlplatform.access.models import Column, Credentials, Dataset, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.access.rowfilter import Equals, In, RowFilter
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.lake_bench import quick_session
from tests.access.world import START, Clock
from tests.aws.athena import Athena, Failure, Rows
from tests.aws.faults import LostAnswer, Throttled
from tests.aws.s3_objects import S3Objects
from tests.aws.signatures import Key
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, REGION, StrictAws

COLUMNS = {
    "gun_id": "bigint",
    "force": "double",
    "ratio": "float",
    "worker": "string",
    "ok": "boolean",
    "day": "date",
    "at": "timestamp",
    "price": "decimal(10,2)",
    "small": "tinyint",
    "raw": "binary",
    "tags": "array<string>",
}
TYPED = tuple(Column(name, kind) for name, kind in COLUMNS.items())
GUNS = Rows(("gun_id", "worker"), [("1", "ada"), ("2", None), ("3", "")])


class World:
    """An account with Athena and S3, sessions whose keys it knows, and a reader whose pauses move the clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.aws = StrictAws(self.clock)
        self.s3 = S3Objects(self.aws)
        self.answer: Rows | Failure = GUNS
        self.athena = Athena(self.aws, self.s3, lambda sql: self.answer)
        self.athena.workgroups = {"mlplat"}
        self.vended: list[Credentials] = []
        self.refuses: PlatformError | None = None
        self.paused: list[float] = []
        self.stuck: BaseException | None = None
        policy = AwsAccess(account=ACCOUNT, region=REGION, workgroup="mlplat", results="s3://answers/athena/")
        storage = S3Access(
            AwsAccess(account=ACCOUNT, region=REGION, endpoint_url=self.aws.service("s3").address), self.clock
        )
        clients = Clients(policy, attempts=1, clock=self.clock, session=quick_session)
        self.reader = AthenaReader(clients, self, storage, self.clock, self.pause)
        self.dataset = Dataset(
            id="plant.weld",
            title="Weld",
            owner="bob",
            location=f"glue://{ACCOUNT}/plant/weld",
            kind=Kind.GLUE_TABLE,
            columns=TYPED,
            registered_at=START,
            backend="lake_formation",
        )
        self.grant = Grant(
            id="g1",
            request_id="r1",
            subject="alice",
            scope=Scope(dataset_id="plant.weld", columns=tuple(COLUMNS)),
            dataset_title="Weld",
            owner="bob",
            purpose="reporting",
            not_before=START,
            not_after=START + timedelta(days=9),
            state=GrantState.ACTIVE,
            version=1,
            approved_by="bob",
        )

    def athena_session(self, dataset: Dataset, grant: Grant) -> Credentials:
        if self.refuses is not None:
            raise self.refuses
        number = len(self.vended) + 1
        end = self.clock() + timedelta(minutes=9)
        key = self.aws.keys.add(Key(f"ASIA{number:016}", f"secret{number}", "arn:alice", f"token{number}", end))
        made = Credentials(access_key_id=key.id, secret_access_key=key.secret, session_token=key.token, expires_at=end)
        self.vended.append(made)
        return made

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.clock.forward(seconds=seconds)
        if self.stuck is not None:
            raise self.stuck

    def read(self, *columns: str, rows: RowFilter | None = None, **more: Any) -> Any:
        return self.reader.read(self.dataset, columns or ("gun_id", "worker"), rows, under=self.grant, **more)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World()
    for name, value in made.aws.environment("athena").items():
        monkeypatch.setenv(name, value)
    yield made
    assert {call.key_id for call in made.aws.calls} <= {each.access_key_id for each in made.vended}
    made.aws.close()


def test_when_a_table_is_read_its_query_names_what_is_granted_and_runs_where_the_policy_says(world: World) -> None:
    table = world.read(rows=Equals(column="gun_id", value=1))
    assert world.athena.sql == ["""SELECT "gun_id", "worker" FROM "plant"."weld" WHERE "gun_id" = BIGINT '1'"""]
    assert table.to_pylist() == [
        {"gun_id": 1, "worker": "ada"},
        {"gun_id": 2, "worker": None},
        {"gun_id": 3, "worker": ""},
    ]
    (started,) = world.aws.asked("StartQueryExecution")
    assert started.input["WorkGroup"] == "mlplat"
    assert started.input["ResultConfiguration"] == {"OutputLocation": "s3://answers/athena/g1/"}
    assert started.input["QueryExecutionContext"] == {"Catalog": "AwsDataCatalog", "Database": "plant"}
    assert len(started.input["ClientRequestToken"]) == 32


def test_when_an_answer_is_read_its_values_have_the_types_of_the_catalogue(world: World) -> None:
    names = tuple(COLUMNS)
    full = (
        "7",
        "1.5E10",
        "0.1",
        'a"b,\nc',
        "true",
        "2026-01-31",
        "2026-01-31 12:00:00.123",
        "1.50",
        "-3",
        "0a ff",
        "[x]",
    )
    odd = ("8", "NaN", "-Infinity", "NaN", "false", None, None, None, None, None, None)
    world.answer = Rows(names, [full, odd])
    table = world.read(*names)
    first, second = table.to_pylist()
    assert first == {
        "gun_id": 7,
        "force": 1.5e10,
        "ratio": pytest.approx(0.1),
        "worker": 'a"b,\nc',
        "ok": True,
        "day": date(2026, 1, 31),
        "at": datetime.fromisoformat("2026-01-31T12:00:00.123"),
        "price": Decimal("1.50"),
        "small": -3,
        "raw": b"\x0a\xff",
        "tags": "[x]",
    }
    assert (second["worker"], second["ratio"], second["day"]) == ("NaN", float("-inf"), None)
    assert second["force"] != second["force"]
    assert table.schema.field("ratio").type == pyarrow.float32()


def test_when_an_answer_is_long_texts_of_several_lines_stay_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(athena_results, "BLOCK_BYTES", 64)
    text = "a\n1,b\n\n"
    world.answer = Rows(("gun_id", "worker"), [(str(number), text) for number in range(50)])
    assert world.read().to_pylist() == [{"gun_id": number, "worker": text} for number in range(50)]


def test_when_a_query_finds_nothing_there_is_an_empty_table_with_the_columns(world: World) -> None:
    world.answer = Rows(("gun_id", "worker"), [])
    table = world.read()
    assert (table.num_rows, table.column_names) == (0, ["gun_id", "worker"])
    (piece,) = world.reader.batches(world.dataset, ("gun_id", "worker"), None, 10, world.grant)
    assert piece.num_rows == 0


def test_when_few_rows_are_needed_the_query_says_so(world: World) -> None:
    world.reader.at_most(5).read(world.dataset, ("gun_id", "worker"), None, under=world.grant)
    world.read()
    assert [sql.endswith("LIMIT 5") for sql in world.athena.sql] == [True, False]


def test_when_data_is_read_piece_by_piece_pieces_are_small(world: World) -> None:
    world.answer = Rows(("gun_id", "worker"), [(str(number), "w") for number in range(25)])
    sizes = [
        piece.num_rows for piece in world.reader.batches(world.dataset, ("gun_id", "worker"), None, 10, world.grant)
    ]
    assert sizes == [10, 10, 5]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at a query so seldom that an hour has few looks."""
    monkeypatch.setattr(athena_reader, "LONGEST_PAUSE_SECONDS", 60.0)


@pytest.mark.usefixtures("patient")
def test_when_a_query_takes_long_it_is_looked_at_ever_more_seldom_and_its_session_is_renewed(world: World) -> None:
    world.athena.looks = 28
    assert world.read().num_rows == 3
    assert world.paused == sorted(world.paused)
    assert (world.paused[0], world.paused[-1]) == (0.25, 60.0)
    assert len(world.vended) == 3
    assert "StopQueryExecution" not in {call.operation for call in world.aws.calls}


@pytest.mark.usefixtures("patient")
def test_when_the_grant_is_revoked_while_a_query_runs_the_query_is_stopped(world: World) -> None:
    world.athena.looks = 300
    real = world.pause

    def pause(seconds: float) -> None:
        real(seconds)
        if world.clock() > START + timedelta(minutes=3):
            world.refuses = Forbidden("access.aws_denied", "Not any more.")

    world.reader._pause = pause
    with pytest.raises(Forbidden):
        world.read()
    assert world.athena.states() == ["CANCELLED"]


@pytest.mark.parametrize("stuck", [KeyboardInterrupt(), RuntimeError()])
def test_when_a_person_interrupts_the_query_is_stopped(world: World, stuck: BaseException) -> None:
    world.athena.looks, world.stuck = 9, stuck
    with pytest.raises(type(stuck)):
        world.read()
    assert world.athena.states() == ["CANCELLED"]


def test_when_stopping_fails_the_person_still_reads_why_it_was_stopped(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.athena.looks, world.stuck = 9, KeyboardInterrupt()
    world.aws.service("athena").fail("StopQueryExecution", Throttled())
    with pytest.raises(KeyboardInterrupt):
        world.read()
    assert [record.getMessage() for record in caplog.records] == [
        "A query of Athena could not be stopped: access.aws_throttled"
    ]


@pytest.mark.usefixtures("patient")
def test_when_a_query_never_ends_it_is_stopped_after_half_an_hour(world: World) -> None:
    world.athena.looks = 10_000
    with pytest.raises(Unavailable) as refused:
        world.read()
    assert refused.value.problem.code == "access.query_too_slow"
    assert world.athena.states() == ["CANCELLED"]


def test_when_some_looks_go_unanswered_the_query_is_not_given_up(world: World) -> None:
    world.athena.looks = 4
    world.aws.service("athena").fail("GetQueryExecution", Throttled(), LostAnswer(), Throttled())
    assert world.read().num_rows == 3
    world.aws.service("athena").fail("GetQueryExecution", *[Throttled()] * 6)
    with pytest.raises(Unavailable):
        world.read()
    assert world.athena.states() == ["SUCCEEDED", "CANCELLED"]


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (Failure("COLUMN_NOT_FOUND: line 1:8: Column 'canary' cannot be resolved"), "access.data_changed", "COLUMN_"),
        (
            Failure("Insufficient Lake Formation permission(s) on arn:canary"),
            "access.aws_denied",
            "not be in force",
        ),
        (Failure("PERMISSION_DENIED: arn:canary"), "access.aws_denied", "refused it"),
        (Failure("HIVE_BAD_DATA: Field canary is a canary"), "access.query_failed", "HIVE_BAD_DATA"),
        (Failure("Query exhausted resources at this scale factor", 1), "access.query_failed", "own words"),
        (Failure("canary"), "access.query_failed", "own words"),
    ],
)
def test_when_a_query_fails_the_reason_is_told_without_athenas_own_text(
    world: World, failure: Failure, code: str, said: str
) -> None:
    world.answer = failure
    with pytest.raises(PlatformError) as refused:
        world.read()
    assert refused.value.problem.code == code
    assert said in refused.value.problem.cause
    assert "canary" not in str(refused.value)


def test_when_a_query_is_stopped_by_somebody_else_it_is_said(world: World) -> None:
    world.athena.looks = 9
    real = world.pause

    def pause(seconds: float) -> None:
        real(seconds)
        for each in world.athena.state.queries.values():
            each["Status"] |= {"State": "CANCELLED", "StateChangeReason": "Bytes scanned limit was exceeded"}

    world.reader._pause = pause
    with pytest.raises(Unavailable) as refused:
        world.read()
    assert refused.value.problem.cause == "It scans more than the workgroup allows."


def test_when_the_workgroup_puts_answers_elsewhere_they_are_not_read(world: World) -> None:
    for elsewhere in ("s3://everybody/", "s3://answers/athena/g10/", "s3://answers/athena/"):
        world.athena.elsewhere = elsewhere
        with pytest.raises(Unavailable) as refused:
            world.read()
        assert refused.value.problem.code == "access.athena_results_elsewhere"
    assert world.aws.asked("GetObject") == []


def test_when_the_session_is_refused_nothing_is_sent(world: World) -> None:
    world.refuses = Forbidden("access.aws_denied", "Never.")
    with pytest.raises(Forbidden):
        world.read()
    assert world.aws.calls == []


def test_when_athena_refuses_the_credentials_nobody_elses_are_tried(world: World) -> None:
    world.aws.service("athena").fail("StartQueryExecution", Refusal("AccessDeniedException"))
    with pytest.raises(Forbidden) as refused:
        world.read()
    assert refused.value.problem.code == "access.aws_denied"
    assert [(call.signed, call.key_id) for call in world.aws.calls] == [(True, world.vended[0].access_key_id)]


def test_when_what_is_asked_for_is_not_granted_there_is_no_query(world: World) -> None:
    world.grant = replace(world.grant, scope=Scope(dataset_id="plant.weld", columns=("gun_id",)))
    for columns, error in ((("worker",), Forbidden), (("nothing",), Invalid)):
        with pytest.raises(error):
            world.read(*columns)
    with pytest.raises(Forbidden):
        world.reader.read(world.dataset, ("gun_id",), None)
    assert (world.vended, world.aws.calls) == ([], [])


def test_when_an_answer_has_other_columns_or_types_it_is_not_handed_out(world: World) -> None:
    for answer in (Rows(("gun_id", "canary"), []), Rows(("gun_id", "worker"), [("canary", "x")])):
        world.answer = answer
        with pytest.raises(Invalid) as refused:
            world.read()
        assert "canary" not in str(refused.value)


def test_when_a_query_would_be_too_long_it_is_refused_before_it_is_sent(world: World) -> None:
    values = tuple(f"{number:0300}" for number in range(1000))
    with pytest.raises(Invalid) as refused:
        world.read(rows=In(column="worker", values=values))
    assert refused.value.problem.code == "access.query_too_long"
