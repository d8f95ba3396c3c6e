"""A folder of Parquet files as one dataset: only what lies in it, only what was registered, only what is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow
import pyarrow.parquet
import pytest

from jupyter_mlplatform.access.local import single_file
from jupyter_mlplatform.access.local.content import Digests
from jupyter_mlplatform.access.local.data_files import DataFiles
from jupyter_mlplatform.access.messages import Registration
from jupyter_mlplatform.access.models import Kind
from jupyter_mlplatform.access.rowfilter import And, Equals, Missing, Not, Or, Range
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Invalid, PlatformError
from tests.access.world import granted


def part(path: Path, **columns: list[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pyarrow.table(columns or {"gun_id": [1, 2], "force": [0.5, None]})
    if columns.get("force") == [None]:
        table = table.set_column(1, "force", pyarrow.nulls(1, pyarrow.float64()))
    pyarrow.parquet.write_table(table, path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files in folders of two plants and of none, whose names are not plain text."""
    root = tmp_path / "data" / "orders"
    part(root / "plant=Graz" / "year=2025" / "0.parquet", gun_id=[1, 2], force=[0.5, 1.5])
    part(root / "plant=Wien%2F2" / "year=2026" / "0.parquet", gun_id=[3], force=[2.5])
    part(root / "plant=__HIVE_DEFAULT_PARTITION__" / "year=2026" / "0.parquet", gun_id=[4], force=[None])
    return root


def registered(service: AccessService, folder: Path, dataset_id: str = "orders") -> None:
    service.register("bob", folder, Registration(id=dataset_id))


def read(service: AccessService, columns: list[str], rows: object = None) -> dict[str, list[object]]:
    dataset = service.dataset("bob", "orders").dataset
    return DataFiles().read(dataset, columns, rows).to_pydict()  # type: ignore[arg-type, no-any-return]


def refused(service: AccessService, folder: Path) -> str:
    with pytest.raises(Invalid) as caught:
        registered(service, folder)
    assert caught.value.problem.code == "access.folder_unusable"
    return f"{caught.value.problem.message} {caught.value.problem.cause}"


def code_of_read(service: AccessService, columns: tuple[str, ...] = ("gun_id",)) -> str:
    with pytest.raises(PlatformError) as caught:
        service.load("bob", "orders", columns)
    return caught.value.problem.code


def test_a_folder_is_registered_with_what_its_files_and_the_folders_names_tell(
    service: AccessService, folder: Path
) -> None:
    made = service.register("bob", folder, Registration(id="orders"))
    assert (made.kind, made.location, made.rows) == (Kind.FOLDER, f"{folder.resolve()}/", 4)
    assert [(column.name, column.type) for column in made.columns] == [
        ("gun_id", "int64"),
        ("force", "double"),
        ("plant", "string"),
        ("year", "int64"),
    ]


def test_granted_columns_of_all_files_are_handed_out_with_the_values_of_their_folders(
    service: AccessService, folder: Path
) -> None:
    registered(service, folder)
    granted(service, dataset_id="orders", columns=("plant", "gun_id", "year"))
    assert service.load("alice", "orders").table.to_pydict() == {
        "gun_id": [1, 2, 3, 4],
        "plant": ["Graz", "Graz", "Wien/2", None],
        "year": [2025, 2025, 2026, 2026],
    }


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (Equals(column="plant", value="Graz"), [1, 2]),
        (Equals(column="plant", value="Wien/2"), [3]),
        (Not(of=Equals(column="plant", value="Graz")), [3]),
        (Missing(column="plant"), [4]),
        (Range(column="year", at_least=2026), [3, 4]),
        (Range(column="force", at_least=1.0), [2, 3]),
        (Not(of=Range(column="force", at_least=1.0)), [1]),
        (Or(of=(Missing(column="force"), Equals(column="gun_id", value=1))), [1, 4]),
        (And(of=(Equals(column="year", value=2025), Range(column="force", below=1.0))), [1]),
        (Equals(column="plant", value="Linz"), []),
    ],
)
def test_rows_are_chosen_by_columns_of_the_files_and_of_the_folders_which_are_not_handed_out(
    service: AccessService, folder: Path, rows: object, found: list[int]
) -> None:
    registered(service, folder)
    assert read(service, ["gun_id"], rows) == {"gun_id": found}


def test_columns_and_row_groups_that_are_not_needed_are_not_read(
    service: AccessService, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pyarrow.table({"gun_id": list(range(50_000)), "force": [os.urandom(8).hex() for _ in range(50_000)]})
    files = sorted(folder.rglob("*.parquet"))
    for path in files:
        pyarrow.parquet.write_table(table, path, row_group_size=10_000)
    registered(service, folder)
    size, was_read = sum(path.stat().st_size for path in files), []
    parquet = single_file.parquet

    class Counting:
        """A file that notes how much was read of it."""

        def __init__(self, file: BinaryIO) -> None:
            self._file = file

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def read(self, amount: int = -1) -> bytes:
            data = self._file.read(amount)
            was_read.append(len(data))
            return data

    def counting(file: BinaryIO, *more: Any) -> Any:
        return parquet(Counting(file), *more)  # type: ignore[arg-type]

    monkeypatch.setattr(single_file, "parquet", counting)
    assert len(read(service, ["gun_id"])["gun_id"]) == 150_000
    assert 0 < sum(was_read) < size / 2
    was_read.clear()
    assert read(service, ["gun_id"], Range(column="gun_id", below=10))["gun_id"] == [*range(10)] * 3
    assert 0 < sum(was_read) < size / 8
    was_read.clear()
    assert len(read(service, ["gun_id"], Equals(column="plant", value="Graz"))["gun_id"]) == 50_000
    assert 0 < sum(was_read) < size / 5


@pytest.mark.parametrize("change", ["added", "removed", "renamed", "rewritten", "moved"])
def test_a_folder_whose_content_changed_is_refused_until_it_is_registered_again(
    service: AccessService, folder: Path, change: str
) -> None:
    registered(service, folder)
    service.load("bob", "orders")
    first = folder / "plant=Graz" / "year=2025" / "0.parquet"
    if change == "added":
        part(folder / "plant=Graz" / "year=2025" / "1.parquet")
    elif change == "removed":
        first.unlink()
    elif change == "renamed":
        first.rename(first.with_name("9.parquet"))
    elif change == "rewritten":
        part(first, gun_id=[1, 2], force=[0.5, 9.5])
    else:
        (folder / "plant=Graz").rename(folder / "plant=Linz")
    assert code_of_read(service) == "access.data_changed"
    registered(service, folder)
    assert service.load("bob", "orders").table.num_rows > 0


def test_values_that_were_exchanged_in_place_are_noticed(service: AccessService, folder: Path) -> None:
    path = folder / "plant=Graz" / "year=2025" / "0.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"gun_id": [1, 2], "force": [0.5, 1.5]}), path, compression="none")
    registered(service, folder)
    data = bytearray(path.read_bytes())
    data[8] ^= 1
    path.write_bytes(bytes(data))
    assert code_of_read(service) == "access.data_changed"


def test_a_link_in_the_folder_is_refused_when_registering_and_when_reading(
    service: AccessService, folder: Path, tmp_path: Path
) -> None:
    secret = part(tmp_path / "secret" / "0.parquet", gun_id=[666], force=[0.0])
    link = folder / "plant=Graz" / "year=2025" / "1.parquet"
    link.symlink_to(secret)
    assert "It is a link" in refused(service, folder)
    link.unlink()
    (folder / "plant=Linz").symlink_to(secret.parent, target_is_directory=True)
    assert "It is a link" in refused(service, folder)
    (folder / "plant=Linz").unlink()
    registered(service, folder)
    (folder / "plant=Graz").rename(tmp_path / "away")
    (folder / "plant=Graz").symlink_to(tmp_path / "away", target_is_directory=True)
    assert code_of_read(service) == "access.data_changed"
    folder.rename(tmp_path / "gone")
    folder.symlink_to(tmp_path / "gone", target_is_directory=True)
    assert code_of_read(service) == "access.file_closed"


def test_only_regular_parquet_files_may_lie_in_it(service: AccessService, folder: Path) -> None:
    os.mkfifo(folder / "pipe.parquet")
    assert "pipe.parquet" in refused(service, folder)
    (folder / "pipe.parquet").unlink()
    (folder / "notes.txt").write_text("x")
    assert "notes.txt" in refused(service, folder)


def test_what_writers_leave_behind_is_not_data_and_a_table_formats_folder_is_refused(
    service: AccessService, folder: Path
) -> None:
    (folder / "_SUCCESS").write_text("")
    (folder / ".hidden.parquet").write_text("not data")
    part(folder / "_temporary" / "0.parquet", other=[1])
    registered(service, folder)
    assert service.load("bob", "orders").table.num_rows == 4
    (folder / "_delta_log").mkdir()
    assert "Delta" in refused(service, folder)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"gun_id": [1]}, "has no column 'force'"),
        ({"gun_id": [1], "force": [0.5], "worker": ["anna"]}, "has a column 'worker'"),
        ({"gun_id": [1], "force": ["SECRET"]}, "column 'force' is string"),
    ],
)
def test_files_of_another_schema_are_refused_and_the_first_one_that_differs_is_named(
    service: AccessService, folder: Path, columns: dict[str, list[object]], said: str
) -> None:
    part(folder / "plant=Graz" / "year=2025" / "1.parquet", **columns)
    found = refused(service, folder)
    assert said in found
    assert "1.parquet" in found
    assert "SECRET" not in found


def test_the_same_columns_in_another_order_are_the_same_schema(service: AccessService, folder: Path) -> None:
    part(folder / "plant=Graz" / "year=2025" / "1.parquet", force=[7.5], gun_id=[7])
    registered(service, folder)
    assert read(service, ["force", "gun_id"], Equals(column="gun_id", value=7)) == {"force": [7.5], "gun_id": [7]}


def test_a_file_outside_of_the_named_folders_is_refused(service: AccessService, folder: Path) -> None:
    part(folder / "0.parquet", gun_id=[1], force=[0.5])
    assert "folders of the same names" in refused(service, folder)


def test_a_folders_name_that_is_also_a_column_is_refused(service: AccessService, tmp_path: Path) -> None:
    part(tmp_path / "both" / "gun_id=1" / "0.parquet")
    with pytest.raises(Invalid, match="'gun_id' appears twice"):
        registered(service, tmp_path / "both")


def test_numbers_with_a_meaning_of_their_own_stay_text(service: AccessService, tmp_path: Path) -> None:
    part(tmp_path / "lines" / "line=007" / "0.parquet")
    part(tmp_path / "lines" / "line=8" / "0.parquet")
    registered(service, tmp_path / "lines")
    assert read(service, ["line"])["line"] == ["007", "007", "8", "8"]


def test_an_empty_folder_is_no_dataset(service: AccessService, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no Parquet files" in refused(service, tmp_path / "empty")


def test_a_file_that_is_no_parquet_is_said_without_its_content(service: AccessService, folder: Path) -> None:
    (folder / "plant=Graz" / "year=2025" / "1.parquet").write_text("SECRET")
    with pytest.raises(Invalid) as caught:
        registered(service, folder)
    assert caught.value.problem.code == "access.file_unreadable"
    assert "SECRET" not in str(caught.value)


def test_metadata_of_the_files_is_not_handed_out(service: AccessService, tmp_path: Path) -> None:
    table = pyarrow.table({"gun_id": [1], "worker": ["anna"]}).replace_schema_metadata({"note": "SECRET"})
    (tmp_path / "noted").mkdir()
    pyarrow.parquet.write_table(table, tmp_path / "noted" / "0.parquet")
    registered(service, tmp_path / "noted")
    granted(service, dataset_id="orders", columns=("gun_id",))
    assert service.load("alice", "orders").table.schema.metadata is None


def test_what_was_hashed_is_hashed_again_only_after_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    later = path.stat().st_ctime_ns + 60 * 10**9
    digests = Digests(clock=lambda: later)

    def digest() -> tuple[str, bool]:
        with path.open("rb") as file:
            begun = file.tell()
            file.seek(1)
            found = digests.of(file, "a")
            return found, file.tell() != begun + 1

    first, was_read = digest()
    assert was_read
    assert digest() == (first, False)
    path.write_text("two")
    second, was_read = digest()
    assert (second != first, was_read) == (True, True)


def test_what_changed_a_moment_ago_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    digests = Digests(clock=lambda: path.stat().st_ctime_ns + 1)
    with path.open("rb") as file:
        digests.of(file, "a")
    assert digests._known == {}


def test_a_folder_that_begins_alike_is_another_one(service: AccessService, folder: Path) -> None:
    hr = part(folder.with_name("orders_hr") / "0.parquet").parent
    registered(service, folder)
    other = service.register("carol", hr, Registration(id="orders_hr"))
    assert other.owner == "carol"
    assert service.load("bob", "orders").table.num_rows == 4


def test_nobody_registers_a_file_in_a_folder_of_somebody_else(service: AccessService, folder: Path) -> None:
    registered(service, folder)
    with pytest.raises(Conflict, match="'orders'"):
        service.register("carol", next(folder.rglob("*.parquet")), Registration(id="part"))
    with pytest.raises(Conflict, match="'orders'"):
        service.register("carol", folder / "plant=Graz", Registration(id="part"))


def test_nobody_registers_a_folder_around_the_data_of_somebody_else(service: AccessService, folder: Path) -> None:
    registered(service, folder / "plant=Graz")
    with pytest.raises(Conflict, match="'orders'"):
        service.register("carol", folder, Registration(id="all"))
