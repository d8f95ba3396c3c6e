"""Datasets that a catalogue file names by an address: looked at by whoever has the rights, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlplatform.access.aws.s3_inspector import S3Inspector
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.messages import Registration, Search
from jupyter_mlplatform.access.models import Kind
from jupyter_mlplatform.access.routed import RoutedFiles
from jupyter_mlplatform.access.service import LOOKS_ELSEWHERE, AccessService
from jupyter_mlplatform.errors import Invalid, NotFound, Unavailable
from tests.access.test_s3_reader import World, parquet
from tests.access.world import POLICY, Clock

ENTRY = '[[dataset]]\nid = "orders"\nowner = "bob"\nclassification = "internal"\npath = "{}"\n'


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.aws.close()


@pytest.fixture
def inspector(world: World) -> S3Inspector:
    return S3Inspector(world.access, lambda: world.credentials(world.dataset, world.grant))


def listed(tmp_path: Path, inspector: S3Inspector, path: str, clock: Clock) -> AccessService:
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(ENTRY.format(path))
    files = RoutedFiles(StreamedFiles(), {}, {"s3": inspector.inspect})
    return AccessService(SqliteStore(tmp_path / "state"), files, CatalogueFiles([catalogue]), POLICY, clock)


def test_a_prefix_tells_its_columns_also_those_of_its_folders_and_that_its_rows_were_not_counted(
    world: World, inspector: S3Inspector
) -> None:
    world.fill()
    found = inspector.inspect("s3://lake/orders/")
    assert [(each.name, each.type) for each in found.columns] == [
        ("gun_id", "int64"),
        ("force", "double"),
        ("worker", "string"),
        ("line", "string"),
    ]
    assert (found.rows, found.format, found.location) == (None, "parquet", "s3://lake/orders/")
    world.fill(files=3)
    assert inspector.inspect("s3://lake/orders/") == found, "more files of the same columns are the same dataset"


@pytest.mark.parametrize("place", ["s3://lake/orders", "s3://LAKE/orders/", "s3:///orders/", "s3://lake//"])
def test_an_address_that_is_none_is_refused_before_anything_is_asked(
    world: World, inspector: S3Inspector, place: str
) -> None:
    with pytest.raises(Invalid):
        inspector.inspect(place)
    assert world.aws.calls == []


def test_nothing_below_a_prefix_is_said_so(inspector: S3Inspector, world: World) -> None:
    world.s3.put("lake", "orders_hr/a.parquet", b"")
    with pytest.raises(Unavailable, match="not where it was"):
        inspector.inspect("s3://lake/orders/")


def test_it_is_taken_over_by_the_platform_and_not_by_whoever_searches(
    tmp_path: Path, world: World, inspector: S3Inspector, clock: Clock
) -> None:
    world.fill()
    service = listed(tmp_path, inspector, "s3://lake/orders/", clock)
    assert service.search("alice", Search()).items == ()
    assert world.aws.calls == []
    service.fulfil()
    assert service.mirror_problems() == ()
    (found,) = service.search("alice", Search()).items
    dataset = service.dataset("ada", found.id).dataset
    assert (dataset.kind, dataset.backend, dataset.rows) == (Kind.S3_PREFIX, "s3_access_grants", None)
    seq = service.last_seq()
    clock.forward(seconds=LOOKS_ELSEWHERE.total_seconds())
    service.fulfil()
    assert service.last_seq() == seq, "nothing is written of what has not changed"


def test_when_its_columns_change_it_is_another_dataset_and_when_it_is_retired_it_stays_so(
    tmp_path: Path, world: World, inspector: S3Inspector, clock: Clock
) -> None:
    world.fill()
    service = listed(tmp_path, inspector, "s3://lake/orders/", clock)
    service.fulfil()
    before = service.dataset("ada", "orders").dataset
    world.s3.put("lake", "orders/area=EU/a.parquet", parquet(3))
    clock.forward(seconds=LOOKS_ELSEWHERE.total_seconds())
    service.fulfil()
    after = service.dataset("ada", "orders").dataset
    assert [each.name for each in after.columns] != [each.name for each in before.columns]
    assert after.fingerprint != before.fingerprint
    service.retire("bob", "orders")
    clock.forward(seconds=LOOKS_ELSEWHERE.total_seconds())
    service.fulfil()
    assert service.mirror_problems() == ()
    assert service.search("ada", Search()).items == ()


@pytest.mark.parametrize("path", ["s3://key:secret@lake/orders/", "https://lake/orders/", "glue://1/a/b"])
def test_an_entry_with_a_login_or_another_kind_of_address_is_a_fault_that_does_not_repeat_the_login(
    tmp_path: Path, inspector: S3Inspector, clock: Clock, path: str
) -> None:
    service = listed(tmp_path, inspector, path, clock)
    service.fulfil()
    (problem,) = service.mirror_problems()
    assert "orders" in problem.message
    assert "secret@" not in str(problem)


def test_nobody_registers_an_address_by_hand(tmp_path: Path, inspector: S3Inspector, clock: Clock) -> None:
    service = listed(tmp_path, inspector, "s3://lake/orders/", clock)
    with pytest.raises((Invalid, NotFound)):
        service.register("alice", Path("s3://lake/orders/"), Registration(id="mine", title="Mine"))
