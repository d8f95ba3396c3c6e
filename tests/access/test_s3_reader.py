"""Data below an S3 prefix: read with the credentials of its grant and nobody else's, as it goes over the wire."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.aws import s3_access
from jupyter_mlplatform.access.aws.s3_access import S3Access
from jupyter_mlplatform.access.aws.s3_reader import S3Reader, fingerprint, list_files
from jupyter_mlplatform.access.models import Column, Credentials, Dataset, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.access.rowfilter import Equals, Missing, Range, RowFilter
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, PlatformError, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.world import START, Clock
from tests.aws.s3_objects import S3Objects
from tests.aws.signatures import Key
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, REGION, StrictAws

COLUMNS = {"gun_id": "int64", "force": "double", "worker": "string", "line": "int64"}
SESSION = timedelta(minutes=9)


def parquet(rows: int, start: int = 0, **options: Any) -> bytes:
    numbers = list(range(start, start + rows))
    table = pyarrow.table(
        {
            "gun_id": numbers,
            "force": [math.nan if number % 10 == 3 else number / 2 for number in numbers],
            "worker": [f"w{number}" for number in numbers],
        }
    )
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, **options)
    return file.getvalue()


class World:
    """A bucket, a vendor whose keys the account knows, and a reader."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.aws = StrictAws(self.clock)
        self.s3 = S3Objects(self.aws)
        self.vended: list[Credentials] = []
        self.refuses: PlatformError | None = None
        policy = AwsAccess(account=ACCOUNT, region=REGION, endpoint_url=self.aws.service("s3").address)
        self.access = S3Access(policy, self.clock)
        self.reader = S3Reader(self, self.access)
        self.dataset = Dataset(
            id="orders",
            title="Orders",
            owner="bob",
            location="s3://lake/orders/",
            kind=Kind.S3_PREFIX,
            columns=tuple(Column(name, kind) for name, kind in COLUMNS.items()),
            registered_at=START,
            backend="s3_access_grants",
        )
        self.grant = Grant(
            id="g1",
            request_id="r1",
            subject="alice",
            scope=Scope(dataset_id="orders", columns=tuple(COLUMNS)),
            dataset_title="Orders",
            owner="bob",
            purpose="reporting",
            not_before=START,
            not_after=START + timedelta(days=9),
            state=GrantState.ACTIVE,
            version=1,
            approved_by="bob",
        )

    def credentials(self, dataset: Dataset, grant: Grant) -> Credentials:
        """A vendor's: a key that the account knows for as long as is told."""
        if self.refuses is not None:
            raise self.refuses
        number = len(self.vended) + 1
        end = self.clock() + SESSION
        key = self.aws.keys.add(Key(f"ASIA{number:016}", f"secret{number}", "arn:alice", f"token{number}", end))
        made = Credentials(access_key_id=key.id, secret_access_key=key.secret, session_token=key.token, expires_at=end)
        self.vended.append(made)
        return made

    def fill(self, prefix: str = "orders/", files: int = 2) -> None:
        for number in range(files):
            self.s3.put("lake", f"{prefix}line={number}/a b+ü {number}.parquet", parquet(10, number * 10))

    def read(self, columns: tuple[str, ...] = ("gun_id",), rows: RowFilter | None = None, **more: Any) -> Any:
        return self.reader.read(self.dataset, columns, rows, under=self.grant, **more)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World()
    # Another identity lies about, for whoever looks for one.
    for name, value in made.aws.environment("sts").items():
        monkeypatch.setenv(name, value)
    yield made
    assert {call.key_id for call in made.aws.calls} <= {each.access_key_id for each in made.vended}
    made.aws.close()


def test_when_a_prefix_is_read_all_its_files_come_in_order_with_what_their_folders_say(world: World) -> None:
    world.fill(files=3)
    world.s3.put("lake", "orders/_SUCCESS", b"note")
    world.s3.put("lake", "orders/line=0/", b"")
    table = world.read(("line", "gun_id"))
    assert table.column("gun_id").to_pylist() == list(range(30))
    assert table.column("line").to_pylist() == [0] * 10 + [1] * 10 + [2] * 10
    assert {call.outcome for call in world.aws.calls} == {"ok"}


def test_when_a_whole_bucket_is_a_dataset_all_of_it_is_read(world: World) -> None:
    world.fill("")
    world.dataset = replace(world.dataset, location="s3://lake/")
    assert world.read().num_rows == 20


def test_when_another_prefix_only_begins_alike_it_is_neither_listed_nor_read(world: World) -> None:
    world.fill()
    world.fill("orders_hr/")
    world.s3.put("lake", "orders.parquet", parquet(5))
    assert world.read().num_rows == 20
    assert all(key.startswith("orders/") for key in world.s3.keys_read())
    assert {call.input["Prefix"] for call in world.aws.asked("ListObjectsV2")} == {"orders/"}


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (Range(column="gun_id", at_least=8, below=12), [8, 9, 10, 11]),
        (Equals(column="line", value=1), list(range(10, 20))),
        (Missing(column="force"), [3, 13]),
    ],
)
def test_when_rows_are_chosen_only_these_come(world: World, rows: RowFilter, wanted: list[int]) -> None:
    world.fill()
    table = world.read(rows=rows)
    assert table.column_names == ["gun_id"]
    assert table.column("gun_id").to_pylist() == wanted


def test_when_a_file_has_one_number_beside_what_is_none_its_missing_rows_are_found_all_the_same(world: World) -> None:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"gun_id": [1, 2, 3], "force": [0.5, math.nan, 0.5]}), file)
    world.s3.put("lake", "orders/a.parquet", file.getvalue())
    assert world.read(rows=Missing(column="force")).to_pylist() == [{"gun_id": 2}]


def test_when_a_folder_rules_a_file_out_nothing_of_it_is_fetched(world: World) -> None:
    world.fill(files=3)
    world.read(rows=Equals(column="line", value=1))
    # the first one is looked at for the columns that all have
    assert {key.split("/")[1] for key in world.s3.keys_read()} == {"line=0", "line=1"}


def test_when_few_columns_are_needed_the_others_are_not_fetched(world: World) -> None:
    table = pyarrow.table({"gun_id": list(range(1000)), "worker": [f"{number:02000}" for number in range(1000)]})
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, compression="none", use_dictionary=False)
    world.s3.put("lake", "orders/a.parquet", file.getvalue())
    world.read(("gun_id",))
    asked = [call.input["Range"].removeprefix("bytes=").split("-") for call in world.aws.asked("GetObject")]
    fetched = sum(int(last) - int(first) + 1 for first, last in asked)
    assert fetched < len(file.getvalue()) / 8


def test_when_a_read_is_listened_to_it_is_told_how_far_it_is(world: World) -> None:
    world.fill()
    told: list[tuple[int, int | None]] = []
    world.read(hear=lambda rows, total: told.append((rows, total)))
    assert sum(rows for rows, _ in told) == 20


def test_when_only_some_rows_are_needed_later_files_are_not_read(world: World) -> None:
    world.fill(files=6)
    world.reader = S3Reader(world, world.access, portion_bytes=1)
    assert world.reader.at_most(5).read(world.dataset, ("gun_id",), None, under=world.grant).num_rows == 5
    assert len(world.s3.keys_read()) == 1


def test_when_data_is_read_piece_by_piece_pieces_are_small_and_closing_stops_the_reading(world: World) -> None:
    world.fill(files=6)
    world.reader = S3Reader(world, world.access, portion_bytes=1)
    pieces = world.reader.batches(world.dataset, ("gun_id",), None, 4, world.grant)
    assert [next(pieces).num_rows for _ in range(4)] == [4, 4, 2, 4]
    pieces.close()  # type: ignore[attr-defined]
    assert len(world.s3.keys_read()) <= 2
    whole = list(world.reader.batches(world.dataset, ("gun_id",), None, 1000, world.grant))
    assert sum(piece.num_rows for piece in whole) == 60


def test_when_no_row_fits_there_is_one_empty_piece_with_the_columns(world: World) -> None:
    world.fill()
    rows = Equals(column="gun_id", value=-1)
    (piece,) = world.reader.batches(world.dataset, ("gun_id", "line"), rows, 4, world.grant)
    assert (piece.num_rows, piece.schema.names) == (0, ["gun_id", "line"])
    assert world.read(rows=rows).num_rows == 0


def test_when_a_reading_is_long_new_credentials_are_asked_for_before_the_old_ones_end(world: World) -> None:
    world.fill(files=3)
    world.reader = S3Reader(world, world.access, portion_bytes=1)
    pieces = world.reader.batches(world.dataset, ("gun_id",), None, 10, world.grant)
    for _ in range(3):
        next(pieces)
        world.clock.forward(minutes=8)
    assert list(pieces) == []
    assert len(world.vended) == 3
    assert {call.outcome for call in world.aws.calls} == {"ok"}


def test_when_the_grant_is_revoked_in_between_the_reading_ends(world: World) -> None:
    world.fill(files=3)
    world.reader = S3Reader(world, world.access, portion_bytes=1)
    pieces = world.reader.batches(world.dataset, ("gun_id",), None, 10, world.grant)
    next(pieces)
    world.clock.forward(minutes=8)
    world.refuses = Forbidden("access.aws_denied", "Not any more.")
    with pytest.raises(Forbidden):
        next(pieces)
    assert len(world.vended) == 1


def test_when_the_vendor_refuses_nothing_is_sent(world: World) -> None:
    world.fill()
    world.refuses = Forbidden("access.aws_denied", "Never.")
    with pytest.raises(Forbidden):
        world.read()
    assert world.aws.calls == []


@pytest.mark.parametrize(
    "change",
    [{"access_key_id": ""}, {"secret_access_key": ""}, {"session_token": ""}, {"expires_at": START}],
)
def test_when_credentials_are_none_or_over_nothing_is_sent_at_all(world: World, change: dict[str, Any]) -> None:
    whole = {"access_key_id": "A", "secret_access_key": "B", "session_token": "C", "expires_at": START + SESSION}
    with pytest.raises(Unavailable) as refused:
        world.access.filesystem(Credentials(**{**whole, **change}))
    assert refused.value.problem.code == "access.session_over"
    assert world.aws.calls == []


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (Refusal("AccessDenied", 403), "access.aws_denied"),
        (Refusal("InvalidAccessKeyId", 403), "access.aws_credentials"),
        (Refusal("SignatureDoesNotMatch", 403), "access.aws_credentials"),
        (Refusal("ExpiredToken", 400), "access.aws_credentials"),
        (Refusal("NoSuchBucket", 404), "access.data_missing"),
    ],
)
@pytest.mark.parametrize("operation", ["ListObjectsV2", "GetObject"])
def test_when_s3_refuses_the_credentials_no_other_identity_and_no_unsigned_request_follows(
    world: World, refusal: Refusal, code: str, operation: str
) -> None:
    world.fill()
    world.aws.service("s3").fail(operation, *[refusal] * 8)
    with pytest.raises(PlatformError) as refused:
        world.read()
    # Arrow does not tell the refusals of a key apart when it fetches content
    assert refused.value.problem.code in {code, "access.aws_denied" if refusal.status == 403 else code}
    assert "arn:" not in str(refused.value)
    assert "secret" not in str(refused.value)
    assert all(call.signed for call in world.aws.calls)
    assert {call.key_id for call in world.aws.calls} == {world.vended[0].access_key_id}


def test_when_the_session_of_a_grant_is_denied_at_aws_the_next_request_already_fails(world: World) -> None:
    world.fill(files=3)
    world.reader = S3Reader(world, world.access, portion_bytes=1)
    pieces = world.reader.batches(world.dataset, ("gun_id",), None, 10, world.grant)
    next(pieces)
    world.aws.denials.append({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    with pytest.raises(Forbidden) as refused:
        list(pieces)
    assert refused.value.problem.code == "access.aws_denied"


def test_when_s3_asks_to_slow_down_the_request_is_repeated(world: World) -> None:
    world.fill()
    world.aws.service("s3").fail("ListObjectsV2", Refusal("SlowDown", 503))
    assert world.read().num_rows == 20


@pytest.mark.parametrize("change", [{"columns": ("gun_id",)}, {"rows": Equals(column="gun_id", value=1)}])
def test_when_a_grant_is_restricted_raw_files_are_not_read_for_it(world: World, change: dict[str, Any]) -> None:
    world.fill()
    fields = {"dataset_id": "orders", "columns": tuple(COLUMNS), **change}
    world.grant = replace(world.grant, scope=Scope(**fields))
    with pytest.raises(Forbidden) as refused:
        world.read()
    assert refused.value.problem.code == "access.restricted_raw"
    assert (world.vended, world.aws.calls) == ([], [])


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("orders/notes.txt", "access.folder_unusable"),
        ("orders/_delta_log/0.json", "access.folder_unusable"),
        ("orders/broken.parquet", "access.file_unreadable"),
    ],
)
def test_when_something_else_lies_there_too_it_is_said_without_its_content(world: World, key: str, code: str) -> None:
    world.fill()
    world.s3.put("lake", key, b"canary" * 100)
    with pytest.raises(Invalid) as refused:
        world.read()
    assert refused.value.problem.code == code
    assert "canary" not in str(refused.value)


def test_when_nothing_lies_there_any_more_it_is_said(world: World) -> None:
    world.s3.put("lake", "else/a.parquet", parquet(1))
    with pytest.raises(Unavailable) as refused:
        world.read()
    assert refused.value.problem.code == "access.data_missing"


def test_when_files_were_registered_and_one_was_rewritten_the_data_is_another(world: World) -> None:
    world.fill()
    session = world.access.session(lambda: world.credentials(world.dataset, world.grant))
    named = fingerprint(list_files(session, world.dataset), "lake/orders/")
    world.dataset = replace(world.dataset, fingerprint=named)
    assert world.read().num_rows == 20
    world.clock.forward(seconds=5)
    world.fill()
    with pytest.raises(Conflict) as refused:
        world.read()
    assert refused.value.problem.code == "access.data_changed"


@pytest.mark.parametrize(
    "location",
    [
        "s3://lake",
        "s3://lake/orders/../hr/",
        "s3://lake/a//b/",
        "s3://lake/a//",
        "s3://lake//",
        "s3://la/ke@x/",
        "s3://LAKE/x/",
        "/lake/x/",
    ],
)
def test_when_a_place_could_be_read_in_two_ways_it_is_refused(location: str) -> None:
    with pytest.raises(Invalid):
        s3_access.bucket_and_key(location)
