"""Data that is read piece by piece: judged for each piece, written down, and closed however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.messages import Registration, Revocation
from jupyter_mlplatform.access.rowfilter import Equals, Missing, Range
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, PlatformError
from tests.access.world import POLICY, Clock, granted

ROWS = 1000


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> AccessService:
    """A service that streams, with a file of ten row groups."""
    made = AccessService(
        store=SqliteStore(tmp_path / "state"),
        files=StreamedFiles(),
        catalogues=CatalogueFiles(()),
        policy=POLICY,
        clock=clock,
    )
    write(tmp_path / "weld.parquet")
    made.register("bob", tmp_path / "weld.parquet", Registration(id="weld_guns", classification="confidential"))
    return made


def write(path: Path, rows: int = ROWS) -> None:
    table = pyarrow.table(
        {
            "gun_id": list(range(rows)),
            "force": [number / 2 for number in range(rows)],
            "worker": pyarrow.array([f"w{number % 3}" for number in range(rows)]).dictionary_encode(),
        }
    )
    pyarrow.parquet.write_table(table, path, row_group_size=100)


def uses(service: AccessService) -> list[tuple[str, int]]:
    events = service.trail("ada").items
    return [(each.action, each.body["rows"]) for each in events if each.action.startswith("data.")]


def open_files(path: Path) -> int:
    """How often this process has a file open."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        try:
            found += each.readlink() == path
        except FileNotFoundError:  # the handle that lists them
            continue
    return found


def test_pieces_are_no_larger_than_asked_and_together_are_what_is_granted(service: AccessService) -> None:
    granted(service, columns=("gun_id", "worker"), rows=Range(column="force", at_least=250.0))
    stream = service.load_batches("alice", "weld_guns", size=64)
    pieces = list(stream)
    assert max(each.num_rows for each in pieces) <= 64
    assert pyarrow.Table.from_batches(pieces).column("gun_id").to_pylist() == list(range(500, 1000))
    assert {tuple(each.schema.names) for each in pieces} == {("gun_id", "worker")}
    assert uses(service) == [("data.stream_begun", 0), ("data.streamed", 500)]
    assert stream.handed == 500


def test_a_limit_ends_the_stream_in_time(service: AccessService) -> None:
    granted(service)
    assert [each.num_rows for each in service.load_batches("alice", "weld_guns", limit=150, size=100)] == [100, 50]


def test_a_piece_carries_no_values_of_other_rows(service: AccessService) -> None:
    granted(service, columns=("gun_id", "worker"), rows=Equals(column="worker", value="w1"))
    pieces = list(service.load_batches("alice", "weld_guns"))
    assert {value for each in pieces for value in each.column("worker").dictionary.to_pylist()} == {"w1"}


def test_no_row_is_one_empty_piece_that_shows_the_columns(service: AccessService) -> None:
    granted(service, columns=("gun_id", "worker"))
    (piece,) = service.load_batches("alice", "weld_guns", rows=Equals(column="gun_id", value=-1))
    assert (piece.num_rows, piece.schema.names) == (0, ["gun_id", "worker"])


def test_a_grant_that_is_revoked_while_it_is_read_gives_no_further_piece(service: AccessService) -> None:
    request = granted(service)
    stream = service.load_batches("alice", "weld_guns", size=100)
    assert next(stream).num_rows == 100
    assert request.grant_id
    service.revoke("bob", request.grant_id, Revocation("at once"))
    with pytest.raises(Forbidden) as refused:
        next(stream)
    assert refused.value.problem.code == "access.ended_meanwhile"
    assert list(stream) == []
    assert uses(service) == [("data.stream_begun", 0), ("data.streamed", 100)]


def test_a_grant_that_ends_while_it_is_read_gives_no_further_piece(service: AccessService, clock: Clock) -> None:
    granted(service, days=1)
    stream = service.load_batches("alice", "weld_guns", size=100)
    next(stream)
    clock.forward(days=1)
    with pytest.raises(Forbidden):
        next(stream)


def test_an_end_after_the_last_piece_takes_nothing_back(service: AccessService, clock: Clock) -> None:
    granted(service, days=1)
    stream = service.load_batches("alice", "weld_guns", limit=100)
    assert next(stream).num_rows == 100
    clock.forward(days=1)
    assert list(stream) == []


def test_a_dataset_that_is_retired_while_it_is_read_gives_no_further_piece(service: AccessService) -> None:
    stream = service.load_batches("bob", "weld_guns", size=100)
    next(stream)
    service.retire("bob", "weld_guns")
    with pytest.raises(Forbidden):
        next(stream)


def test_new_content_ends_a_stream_of_the_old(service: AccessService, tmp_path: Path) -> None:
    stream = service.load_batches("bob", "weld_guns", size=100)
    next(stream)
    write(tmp_path / "new.parquet", 2000)
    (tmp_path / "new.parquet").replace(tmp_path / "weld.parquet")
    service.register("bob", tmp_path / "weld.parquet", Registration(id="weld_guns"))
    with pytest.raises(Conflict) as refused:
        next(stream)
    assert refused.value.problem.code == "access.changed_meanwhile"


def test_a_file_that_is_not_the_registered_one_gives_nothing(service: AccessService, tmp_path: Path) -> None:
    write(tmp_path / "weld.parquet", 10)
    with pytest.raises(Conflict) as refused:
        next(service.load_batches("bob", "weld_guns"))
    assert refused.value.problem.code == "access.data_changed"
    assert uses(service) == []


def test_before_the_first_piece_nothing_is_read_or_written_down(service: AccessService, tmp_path: Path) -> None:
    stream = service.load_batches("bob", "weld_guns")
    assert open_files(tmp_path / "weld.parquet") == 0
    stream.close()
    assert uses(service) == []


@pytest.mark.parametrize("size", [0, -5])
def test_a_piece_without_rows_cannot_be_asked_for(service: AccessService, size: int) -> None:
    with pytest.raises(Invalid):
        service.load_batches("bob", "weld_guns", size=size)


def test_a_person_without_a_grant_gets_no_stream(service: AccessService) -> None:
    with pytest.raises(Forbidden):
        service.load_batches("carol", "weld_guns")


def test_a_stream_that_is_left_early_closes_the_file_and_says_what_was_handed_out(
    service: AccessService, tmp_path: Path
) -> None:
    with service.load_batches("bob", "weld_guns", size=100) as stream:
        next(stream)
        assert open_files(tmp_path / "weld.parquet") > 0
    assert open_files(tmp_path / "weld.parquet") == 0
    assert uses(service) == [("data.stream_begun", 0), ("data.streamed", 100)]


def test_an_interrupt_between_pieces_closes_the_file(service: AccessService, tmp_path: Path) -> None:
    def work(stream: Iterator[Any]) -> None:
        for _ in stream:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), service.load_batches("bob", "weld_guns", size=100) as stream:
        work(stream)
    assert open_files(tmp_path / "weld.parquet") == 0


def test_an_interrupt_of_a_watched_read_hands_nothing_out_and_closes_the_file(
    service: AccessService, tmp_path: Path
) -> None:
    def hear(rows: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.load("bob", "weld_guns", hear=hear)
    assert uses(service) == []
    assert open_files(tmp_path / "weld.parquet") == 0


def test_a_watched_read_gives_what_any_read_gives_and_tells_how_far_it_is(service: AccessService) -> None:
    heard: list[tuple[int, int | None]] = []
    watched = service.load("bob", "weld_guns", hear=lambda rows, total: heard.append((rows, total)))
    plain = service.load("bob", "weld_guns")
    assert watched.table.equals(plain.table)
    assert sum(rows for rows, _ in heard) == ROWS
    assert {total for _, total in heard} == {ROWS}


def test_a_file_of_text_can_be_streamed_too(service: AccessService, tmp_path: Path) -> None:
    pyarrow.csv.write_csv(pyarrow.table({"a": list(range(10))}), tmp_path / "a.csv")
    service.register("bob", tmp_path / "a.csv", Registration(id="text"))
    assert [each.num_rows for each in service.load_batches("bob", "text", size=4)] == [4, 4, 2]


@pytest.mark.parametrize("told", [False, True])
def test_rows_whose_number_is_not_one_count_as_missing_also_beside_one_repeated_number(
    service: AccessService, tmp_path: Path, told: bool
) -> None:
    path = tmp_path / "odd.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"n": [1.0, 1.0, float("nan")], "at": [0, 1, 2]}), path)
    service.register("bob", path, Registration(id="odd"))
    hear = (lambda rows, total: None) if told else None
    loaded = service.load("bob", "odd", ["at"], Missing(column="n"), hear=hear)
    assert loaded.table.to_pydict() == {"at": [2]}
    assert [each.to_pydict() for each in service.load_batches("bob", "odd", ["at"], Missing(column="n"))] == [
        {"at": [2]}
    ]


def test_a_damaged_file_is_a_problem_without_its_values(service: AccessService, tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    write(path)
    whole = bytearray(path.read_bytes())
    whole[100:2000] = os.urandom(1900)
    path.write_bytes(whole)
    with pytest.raises(PlatformError) as refused:
        service.register("bob", path, Registration(id="broken"))
    assert refused.value.problem.code == "access.file_unreadable"
