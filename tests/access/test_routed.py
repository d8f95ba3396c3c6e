"""Each dataset is read by what can read its kind, and what lies elsewhere under a grant only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access import grants
from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.models import Column, Dataset, Grant, Inspection, Kind, Scope
from jupyter_mlplatform.access.routed import REMOTE, Remote, RoutedFiles
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.samples import Profile, SampleRule
from jupyter_mlplatform.errors import Forbidden, Invalid, Unavailable
from tests.access.world import DATASET, START, write_data

LOCAL = frozenset(Kind) - REMOTE


class Reader:
    """A reader that tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def read(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        hear: Hear | None = None,
        under: Grant | None = None,
    ) -> Any:
        self.asked.append((dataset.id, tuple(columns), under.id if under else ""))
        return pyarrow.table({"gun_id": list(range(9))})

    def batches(
        self, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, size: int, under: Grant | None = None
    ) -> Iterator[Any]:
        self.asked.append((dataset.id, tuple(columns), under.id if under else "", size))
        return iter(pyarrow.table({"gun_id": list(range(9))}).to_batches(size))


class LimitedReader(Reader):
    """One that can be told how many rows are needed."""

    most: int | None = None

    def at_most(self, rows: int) -> Remote:
        self.most = rows
        return self


def remote(kind: Kind = Kind.GLUE_TABLE) -> Dataset:
    return replace(DATASET, kind=kind, backend="lake_formation", location="glue://1/plant/weld", fingerprint="glue:1")


def granted(dataset: Dataset) -> Grant:
    return replace(grants.own(dataset), id="g1", subject="alice")


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def files(reader: Reader) -> RoutedFiles:
    return RoutedFiles(StreamedFiles(), {Kind.GLUE_TABLE: reader, Kind.S3_PREFIX: reader})


def local(files: RoutedFiles, path: Path) -> Dataset:
    seen = files.inspect(path)
    return replace(
        DATASET,
        location=seen.location,
        columns=seen.columns,
        rows=seen.rows,
        fingerprint=seen.fingerprint,
        registered_at=START,
    )


def test_when_data_lies_here_it_is_read_as_before_also_by_its_owner(
    files: RoutedFiles, reader: Reader, tmp_path: Path
) -> None:
    dataset = local(files, write_data(tmp_path / "weld.parquet", 5))
    assert files.read(dataset, ["gun_id"], None, under=grants.own(dataset)).num_rows == 5
    assert files.read(dataset, ["gun_id"], None, limit=2).num_rows == 2
    assert sum(piece.num_rows for piece in files.batches(dataset, ["gun_id"], None, 2)) == 5
    assert files.profile(dataset, None).statistics[0].name == "gun_id"
    assert files.target(tmp_path / "out.csv", force=False) == tmp_path.resolve() / "out.csv"
    assert files.write(pyarrow.table({"a": [1]}), tmp_path / "out.csv").startswith("sha256:")
    assert reader.asked == []


@pytest.mark.parametrize("kind", [Kind.GLUE_TABLE, Kind.S3_PREFIX])
def test_when_data_lies_elsewhere_its_reader_is_asked_under_the_grant(
    files: RoutedFiles, reader: Reader, kind: Kind
) -> None:
    dataset = remote(kind)
    assert files.read(dataset, ["gun_id"], None, under=granted(dataset)).num_rows == 9
    assert len(list(files.batches(dataset, ["gun_id"], None, 5, granted(dataset)))) == 2
    assert reader.asked == [("weld_guns", ("gun_id",), "g1"), ("weld_guns", ("gun_id",), "g1", 5)]


def test_when_few_rows_are_needed_a_reader_that_can_is_told_and_nobody_gets_more(files: RoutedFiles) -> None:
    dataset, limited = remote(), LimitedReader()
    assert files.read(dataset, ["gun_id"], None, under=granted(dataset), limit=4).num_rows == 4
    files = RoutedFiles(StreamedFiles(), {Kind.GLUE_TABLE: limited})
    assert files.read(dataset, ["gun_id"], None, under=granted(dataset), limit=4).num_rows == 4
    assert limited.most == 4


@pytest.mark.parametrize("kind", sorted(REMOTE))
@pytest.mark.parametrize("owner", [True, False])
def test_when_there_is_no_grant_data_that_lies_elsewhere_is_not_read_not_even_by_its_owner(
    files: RoutedFiles, reader: Reader, kind: Kind, owner: bool
) -> None:
    dataset = remote(kind)
    under = grants.own(dataset) if owner else None
    for ask in (
        lambda: files.read(dataset, ["gun_id"], None, under=under),
        lambda: files.batches(dataset, ["gun_id"], None, 5, under),
    ):
        with pytest.raises(Forbidden) as refused:
            ask()
        assert refused.value.problem.code == "access.own_elsewhere"
        assert "mlplat data request weld_guns" in refused.value.problem.next_step
    assert reader.asked == []


def test_when_a_grant_is_on_another_dataset_nothing_is_read(files: RoutedFiles, reader: Reader) -> None:
    dataset = remote()
    other = replace(granted(dataset), scope=Scope(dataset_id="orders", columns=("gun_id",)))
    with pytest.raises(Forbidden):
        files.read(dataset, ["gun_id"], None, under=other)
    assert reader.asked == []


def test_when_nothing_is_set_up_for_a_kind_it_is_said(files: RoutedFiles) -> None:
    dataset = remote(Kind.POSTGRES_TABLE)
    with pytest.raises(Unavailable) as refused:
        files.read(dataset, ["gun_id"], None, under=granted(dataset))
    assert refused.value.problem.code == "access.kind_not_read"


def test_when_data_lies_elsewhere_nothing_of_its_content_is_shown(files: RoutedFiles, reader: Reader) -> None:
    dataset = replace(remote(), columns=(Column("gun_id", "bigint"),))
    assert files.profile(dataset, None) == Profile(fingerprint="glue:1", statistics=())
    with pytest.raises(Invalid):
        files.profile(dataset, SampleRule(columns=("gun_id",)))
    assert reader.asked == []


@pytest.mark.parametrize("address", ["glue://1/plant/weld", "s3://lake/orders/", "postgresql://h:1/d/s.t"])
def test_when_an_address_elsewhere_is_registered_by_hand_it_is_refused(files: RoutedFiles, address: str) -> None:
    with pytest.raises(Invalid) as refused:
        files.inspect(Path(address))
    assert refused.value.problem.code == "access.own_elsewhere"


def test_when_a_catalogue_lists_an_address_it_is_looked_at_by_what_knows_its_scheme(tmp_path: Path) -> None:
    seen = Inspection(location="x", format="postgresql", columns=(), rows=0, fingerprint="")
    asked: list[str] = []

    def inspector(location: str) -> Inspection:
        asked.append(location)
        return seen

    files = RoutedFiles(StreamedFiles(), {}, {"postgresql": inspector})
    assert files.inspect_listed("postgresql://h:1/d/s.t") is seen
    assert asked == ["postgresql://h:1/d/s.t"]
    assert files.inspect_listed(str(write_data(tmp_path / "weld.parquet", 5))).rows == 5
    with pytest.raises(Unavailable):
        files.inspect_listed("s3://lake/orders/")


def test_when_a_kind_is_new_it_is_said_where_its_data_lies() -> None:
    assert {Kind.FILE, Kind.FOLDER, Kind.TABLE} == LOCAL
