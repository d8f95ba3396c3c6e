"""Files as people leave them: moved, replaced, half written, or not data at all."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from jupyter_mlplatform.access.local.bare import bare
from jupyter_mlplatform.access.local.data_files import DataFiles
from jupyter_mlplatform.access.messages import Registration
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Invalid, PlatformError, Problem
from tests.access.world import granted, write_data

CSV = "gun_id,force,worker\n1,0.5,anna\n2,1.5,ben\n"


def problem(service: AccessService) -> Problem:
    with pytest.raises(PlatformError) as caught:
        service.load("alice", "weld_guns")
    return caught.value.problem


def test_a_csv_file_is_read_with_its_granted_columns_only(tmp_path: Path, service: AccessService) -> None:
    path = tmp_path / "weld.csv"
    path.write_text(CSV)
    registered = service.register("bob", path, Registration(id="from_csv"))
    assert (registered.format, registered.rows) == ("csv", 2)
    assert [(column.name, column.type) for column in registered.columns] == [
        ("gun_id", "int64"),
        ("force", "double"),
        ("worker", "string"),
    ]
    granted(service, dataset_id="from_csv", columns=("worker", "gun_id"))
    table = service.load("alice", "from_csv").table
    assert table.to_pydict() == {"gun_id": [1, 2], "worker": ["anna", "ben"]}


def test_a_file_that_vanished_is_a_clear_error(service: AccessService, data_file: Path) -> None:
    granted(service)
    data_file.unlink()
    assert problem(service).code == "access.no_file"


def test_a_file_that_was_replaced_is_refused_until_it_is_registered_again(
    service: AccessService, data_file: Path
) -> None:
    granted(service)
    write_data(data_file, rows=4)
    found = problem(service)
    assert (found.code, "bob" in found.next_step) == ("access.data_changed", True)
    service.register("bob", data_file, Registration(id="weld_guns"))
    assert service.load("alice", "weld_guns").table.num_rows == 4


def test_a_link_put_in_the_place_of_the_file_is_not_followed(
    service: AccessService, data_file: Path, tmp_path: Path
) -> None:
    granted(service)
    data_file.rename(tmp_path / "moved.parquet")
    data_file.symlink_to(tmp_path / "moved.parquet")
    assert problem(service).code == "access.file_closed"


def test_the_real_path_behind_a_link_is_what_is_registered(
    service: AccessService, data_file: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.parquet"
    link.symlink_to(data_file)
    assert service.register("bob", link, Registration(id="linked")).location == str(data_file.resolve())


def test_granted_columns_that_are_gone_are_left_out_and_none_left_is_an_error(
    service: AccessService, data_file: Path
) -> None:
    granted(service, columns=("force", "worker"))
    for columns in ({"force": [1.0]}, {"other": [1]}):
        pyarrow.parquet.write_table(pyarrow.table(columns), data_file)
        service.register("bob", data_file, Registration(id="weld_guns"))
        if "force" in columns:
            assert service.load("alice", "weld_guns").table.column_names == ["force"]
        else:
            assert problem(service).code == "access.columns_gone"


def test_a_column_with_a_dot_in_its_name_does_not_open_another_one(service: AccessService, tmp_path: Path) -> None:
    path = tmp_path / "nested.parquet"
    table = pyarrow.table({"a": [{"b": 1, "c": 2}], "a.b": [7], "a.secret": [9]})
    pyarrow.parquet.write_table(table, path)
    service.register("bob", path, Registration(id="nested"))
    granted(service, dataset_id="nested", columns=("a.b",))
    assert service.load("alice", "nested").table.to_pydict() == {"a.b": [7]}


def test_the_files_own_metadata_about_other_columns_is_not_handed_out(service: AccessService, data_file: Path) -> None:
    table = pyarrow.parquet.read_table(data_file).replace_schema_metadata({"pandas": '{"secret": "worker"}'})
    pyarrow.parquet.write_table(table, data_file)
    service.register("bob", data_file, Registration(id="weld_guns"))
    granted(service, columns=("force",))
    assert service.load("alice", "weld_guns").table.schema.metadata is None


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.parquet", None, "access.no_file"),
        ("text.parquet", "no parquet at all", "access.file_unreadable"),
        ("empty.parquet", "", "access.file_unreadable"),
        ("empty.csv", "", "access.file_unreadable"),
        ("twice.csv", "a,a\n1,2\n", "access.file_unreadable"),
        ("latin.csv", "ger\udce4t,b\n1,2\n", "access.file_unreadable"),
        ("ragged.csv", "a,b\n1,2\n1,2,3\n", "access.file_unreadable"),
        ("book.xlsx", "x", "access.unknown_format"),
        ("nothing", "x", "access.unknown_format"),
    ],
)
def test_a_file_that_is_no_data_cannot_be_registered(
    service: AccessService, tmp_path: Path, name: str, content: str | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content.encode(errors="surrogateescape"))
    seq = service.last_seq()
    with pytest.raises(PlatformError) as caught:
        service.register("bob", tmp_path / name, Registration(id="new"))
    assert caught.value.problem.code == code
    assert service.last_seq() == seq


@pytest.mark.parametrize("name", ["a\0b.parquet", "a\0b/c.csv"])
def test_a_path_with_a_nul_cannot_be_registered(service: AccessService, tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        service.register("bob", tmp_path / name, Registration(id="new"))
    assert caught.value.problem.code == "access.invalid_path"


@pytest.mark.parametrize("text", ["a,b\n1,2\n1,2,SECRET\n", "a,b\n1,2\nSECRET\n"])
def test_what_is_wrong_with_a_file_is_said_without_its_content(
    service: AccessService, tmp_path: Path, text: str
) -> None:
    (tmp_path / "people.csv").write_text(text)
    with pytest.raises(Invalid, match="Expected 2 columns") as caught:
        service.register("bob", tmp_path / "people.csv", Registration(id="new"))
    assert "SECRET" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(service: AccessService, data_file: Path) -> None:
    granted(service)
    data_file.unlink()
    os.mkfifo(data_file)
    found = problem(service)
    assert (found.code, found.message) == ("access.file_closed", "weld.parquet is not a file any more.")


def test_comments_on_columns_and_inside_of_them_are_not_handed_out(service: AccessService, tmp_path: Path) -> None:
    inner = pyarrow.field("x", pyarrow.int64(), metadata={"note": "SECRET"})
    kinds = {
        "plain": pyarrow.int64(),
        "record": pyarrow.struct([inner]),
        "list": pyarrow.list_(inner),
        "large": pyarrow.large_list(inner),
        "fixed": pyarrow.list_(inner, 1),
        "map": pyarrow.map_(pyarrow.string(), inner),
    }
    values = [[1], [{"x": 1}], [[1]], [[1]], [[1]], [[("k", 1)]]]
    schema = pyarrow.schema([pyarrow.field(name, kind, metadata={"was": "SECRET"}) for name, kind in kinds.items()])
    path = tmp_path / "noted.parquet"
    pyarrow.parquet.write_table(pyarrow.table(values, schema=schema), path)
    service.register("bob", path, Registration(id="noted"))
    granted(service, dataset_id="noted")
    table = service.load("alice", "noted").table
    assert table.to_pydict() == dict(zip(kinds, values, strict=True))
    assert "SECRET" not in table.schema.to_string(show_field_metadata=True)
    assert table["record"].type.field(0).metadata is None
    assert table["list"].chunk(0).type.field(0).metadata is None
    assert b"SECRET" not in Path(service.export("alice", "noted", tmp_path / "out").path).read_bytes()


def test_categories_that_no_row_has_any_more_are_not_handed_out(service: AccessService, tmp_path: Path) -> None:
    kind = pyarrow.dictionary(pyarrow.int8(), pyarrow.string(), ordered=True)
    chunks = [
        pyarrow.DictionaryArray.from_arrays(pyarrow.array(indices, pyarrow.int8()), ["b", "SECRET", "a"], ordered=True)
        for indices in ([2, 0], [None, 2])
    ]
    path = tmp_path / "category.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"c": pyarrow.chunked_array(chunks, type=kind)}), path)
    service.register("bob", path, Registration(id="category"))
    granted(service, dataset_id="category")
    column = service.load("alice", "category").table["c"]
    assert (column.to_pylist(), column.type) == (["a", "b", None, "a"], kind)
    assert column.chunk(0).dictionary.to_pylist() == ["b", "a"]
    assert [str(each) for each in column.to_pandas().cat.categories] == ["b", "a"]
    assert b"SECRET" not in Path(service.export("alice", "category", tmp_path / "out").path).read_bytes()


def test_chunks_with_categories_of_their_own_keep_their_values() -> None:
    chunks = [pyarrow.array(values).dictionary_encode() for values in (["a", "b"], ["c", "a"])]
    table = bare(pyarrow.table({"c": pyarrow.chunked_array([chunk.slice(1) for chunk in chunks])}))
    assert table["c"].to_pylist() == ["b", "a"]
    assert [chunk.dictionary.to_pylist() for chunk in table["c"].chunks] == [["b"], ["a"]]


def test_a_folder_without_data_cannot_be_registered(service: AccessService, tmp_path: Path) -> None:
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(Invalid, match="no Parquet files"):
        service.register("bob", tmp_path / "folder.parquet", Registration(id="new"))


def test_what_cannot_be_written_leaves_no_half_file(tmp_path: Path) -> None:
    files = DataFiles()
    table = pyarrow.table({"a": [1]})
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformError) as caught:
        files.write(table, tmp_path / "file" / "out.parquet")
    assert caught.value.problem.code == "access.not_written"
    with pytest.raises(Invalid):
        files.write(table, tmp_path / "out.xlsx")
    with pytest.raises(Invalid) as refused:
        files.write(pyarrow.table({"a": [[1]]}), tmp_path / "lists.csv")
    assert refused.value.problem.code == "access.not_written"
    files.write(table, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().split() == ['"a"', "1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["etc", "file", "home", "out.csv"]
