"""A table of an SQLite file as a dataset: read only, in one state, whatever its columns are called."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_mlplatform.access import locations
from jupyter_mlplatform.access.local.data_files import DataFiles
from jupyter_mlplatform.access.messages import Registration, Search
from jupyter_mlplatform.access.models import Kind
from jupyter_mlplatform.access.rowfilter import Equals, In, Like, Not, Range
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Invalid, PlatformError
from tests.access.world import Clock, granted, make_service

SCRIPT = """
CREATE TABLE guns (gun_id INTEGER, force REAL, worker TEXT COLLATE NOCASE, photo BLOB, note TEXT);
INSERT INTO guns VALUES (1, 0.5, 'anna', x'00ff', NULL), (2, 1, 'Anna', NULL, NULL), (3, NULL, 'ben', NULL, NULL);
CREATE TABLE hr (name TEXT);
INSERT INTO hr VALUES ('SECRET');
CREATE VIEW all_of_hr AS SELECT * FROM hr;
CREATE VIRTUAL TABLE words USING fts5 (text);
"""


def run(file: Path, script: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "plant 100%#1.db"
    path.parent.mkdir(exist_ok=True)
    run(path, SCRIPT)
    return path


def registered(service: AccessService, file: Path, table: str = "guns") -> None:
    service.register("bob", Path(locations.table(file, table)), Registration(id="guns"))


def read(service: AccessService, columns: list[str], rows: object = None) -> dict[str, list[object]]:
    dataset = service.dataset("bob", "guns").dataset
    return DataFiles().read(dataset, columns, rows).to_pydict()  # type: ignore[arg-type, no-any-return]


def test_a_table_is_registered_with_what_its_values_are(service: AccessService, file: Path) -> None:
    made = service.register("bob", Path(locations.table(file, "guns")), Registration(id="guns"))
    assert (made.kind, made.format, made.rows) == (Kind.TABLE, "sqlite", 3)
    assert locations.file_and_table(made.location) == (file.resolve(), "guns")
    assert made.location == f"sqlite://{file.parent.resolve()}/plant%20100%25%231.db#guns"
    assert [(column.name, column.type) for column in made.columns] == [
        ("gun_id", "int64"),
        ("force", "double"),
        ("worker", "string"),
        ("photo", "binary"),
        ("note", "string"),
    ]


def test_granted_columns_are_handed_out_in_their_types(service: AccessService, file: Path) -> None:
    registered(service, file)
    granted(service, dataset_id="guns", columns=("photo", "force"))
    table = service.load("alice", "guns").table
    assert table.to_pydict() == {"force": [0.5, 1.0, None], "photo": [b"\x00\xff", None, None]}
    assert [str(each) for each in table.schema.types] == ["double", "binary"]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (Equals(column="worker", value="anna"), [1]),
        (Not(of=Equals(column="worker", value="anna")), [2, 3]),
        (In(column="worker", values=("Anna", "ben")), [2, 3]),
        (Like(column="worker", pattern="*nn?"), [1, 2]),
        (Like(column="worker", pattern="a*"), [1]),
        (Range(column="force", below=1), [1]),
        (Not(of=Range(column="force", below=1)), [2]),
        (Range(column="worker", at_least="a", below="b"), [1]),
        (Equals(column="worker", value="' OR 1=1 --"), []),
    ],
)
def test_text_is_compared_exactly_whatever_the_table_says_and_the_filters_columns_stay_behind(
    service: AccessService, file: Path, rows: object, found: list[int]
) -> None:
    registered(service, file)
    assert read(service, ["gun_id"], rows) == {"gun_id": found}


def test_odd_names_are_names_and_nothing_else(service: AccessService, tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    run(path, 'CREATE TABLE "a"" UNION SELECT" ("x"" y" INTEGER, "select" TEXT); ')
    run(path, 'INSERT INTO "a"" UNION SELECT" VALUES (1, \'b\')')
    registered(service, path, 'a" UNION SELECT')
    assert read(service, ['x" y'], Equals(column="select", value="b")) == {'x" y': [1]}


@pytest.mark.parametrize("name", ["all_of_hr", "words", "sqlite_master", "sqlite_schema", "gone", "GUNS"])
def test_only_a_table_with_rows_of_its_own_can_be_registered(service: AccessService, file: Path, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        registered(service, file, name)
    assert caught.value.problem.code == "access.no_table"


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO guns VALUES (4, 1, 'c', NULL, NULL)",
        "UPDATE guns SET force = 9 WHERE gun_id = 1",
        "DELETE FROM guns WHERE gun_id = 1",
        "ALTER TABLE guns ADD COLUMN more TEXT",
        "DROP TABLE guns",
        "DROP TABLE guns; CREATE VIEW guns AS SELECT 1 AS gun_id, name AS force, 1, 2, 3 FROM hr",
    ],
)
def test_a_table_whose_content_changed_is_refused(service: AccessService, file: Path, change: str) -> None:
    registered(service, file)
    run(file, change)
    with pytest.raises(PlatformError) as caught:
        service.load("bob", "guns", ("gun_id",))
    assert (caught.value.problem.code, "bob" in caught.value.problem.next_step) == ("access.data_changed", True)


def test_changes_of_other_tables_do_not_matter(service: AccessService, file: Path) -> None:
    registered(service, file)
    run(file, "INSERT INTO hr VALUES ('x'); VACUUM")
    assert service.load("bob", "guns", ("gun_id",)).table.num_rows == 3


def test_reading_writes_nothing_and_sees_what_was_committed_only(service: AccessService, file: Path) -> None:
    run(file, "PRAGMA journal_mode = WAL")
    registered(service, file)
    before = file.read_bytes()
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM guns")
        assert service.load("bob", "guns", ("gun_id",)).table.num_rows == 3
        writer.execute("ROLLBACK")
    assert file.read_bytes() == before


def test_a_link_in_the_place_of_the_database_is_not_followed(
    service: AccessService, file: Path, tmp_path: Path
) -> None:
    registered(service, file)
    file.rename(tmp_path / "moved.db")
    with pytest.raises(PlatformError) as caught:
        service.load("bob", "guns", ("gun_id",))
    assert caught.value.problem.code == "access.no_file"
    file.symlink_to(tmp_path / "moved.db")
    with pytest.raises(PlatformError) as caught:
        service.load("bob", "guns", ("gun_id",))
    assert caught.value.problem.code == "access.file_closed"
    file.unlink()
    file.mkdir()
    with pytest.raises(PlatformError) as caught:
        service.load("bob", "guns", ("gun_id",))
    assert caught.value.problem.code == "access.file_closed"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("CREATE TABLE guns (a); INSERT INTO guns VALUES (1), ('SECRET')", "'a' holds values of several kinds"),
        ("CREATE TABLE guns (a TEXT); INSERT INTO guns VALUES (CAST(x'ff' AS TEXT))", "not UTF-8"),
    ],
)
def test_a_column_of_several_kinds_of_values_is_refused_without_showing_them(
    service: AccessService, tmp_path: Path, script: str, said: str
) -> None:
    run(tmp_path / "mixed.db", script)
    with pytest.raises(Invalid, match=said) as caught:
        registered(service, tmp_path / "mixed.db")
    assert "SECRET" not in str(caught.value)


def test_what_is_no_database_is_said(service: AccessService, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("SECRET " * 200)
    with pytest.raises(Invalid, match="not an SQLite database") as caught:
        registered(service, tmp_path / "text.db")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("location", ["sqlite:///a.db", "sqlite:", "sqlite:///#x", "sqlite:///a%00.db#x"])
def test_a_place_without_file_or_table_is_refused(service: AccessService, location: str) -> None:
    with pytest.raises(Invalid) as caught:
        service.register("bob", Path(location), Registration(id="guns"))
    assert caught.value.problem.code == "access.invalid_path"


@pytest.mark.parametrize("path", ["/a/b.db", "/a b/c#d?e%f.db", "/ä/\udce4.db"])
@pytest.mark.parametrize("name", ["t", "a/b", "x#y", "ä%"])
def test_a_place_names_its_file_and_table_also_after_it_was_a_path(path: str, name: str) -> None:
    written = locations.table(Path(path), name)
    assert locations.file_and_table(str(Path(written))) == (Path(path), name)
    assert locations.kind_of(written) is Kind.TABLE


def test_a_catalogue_file_lists_a_table_and_a_folder(tmp_path: Path, clock: Clock, file: Path, data_file: Path) -> None:
    catalogue = file.parent / "plant.toml"
    catalogue.write_text(
        f'[[dataset]]\nid = "guns"\nowner = "bob"\npath = "{file.name}"\ntable = "guns"\n'
        '[[dataset]]\nid = "all"\nowner = "bob"\npath = "parts"\n'
        f'[[dataset]]\nid = "gone"\nowner = "bob"\npath = "{file.name}"\ntable = "hr2"\n'
        '[[dataset]]\nid = "out"\nowner = "bob"\npath = "../out.db"\ntable = "hr"\n'
    )
    (file.parent / "parts").mkdir()
    data_file.rename(file.parent / "parts" / "0.parquet")
    service = make_service(tmp_path / "state", clock, catalogues=(catalogue,))
    assert service.load("bob", "guns", ("gun_id",)).table.num_rows == 3
    assert service.load("bob", "all", ("gun_id",)).table.num_rows == 3
    assert {service.dataset("bob", each).dataset.kind for each in ("guns", "all")} == {Kind.TABLE, Kind.FOLDER}
    found = [problem.cause for problem in service.search("ada", Search()).problems]
    assert len(found) == 2
    assert any("no table 'hr2'" in cause for cause in found)
    assert any("leads out of" in cause for cause in found)
