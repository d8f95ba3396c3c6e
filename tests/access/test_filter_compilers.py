"""Every form of a row filter hands out the same rows: the reference, pyarrow, DuckDB's SQL, Lake Formation's text.

DuckDB runs where it is installed. SQLite runs the same SQL always, for the types that the two understand alike.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import math
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pyarrow
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.aws import partiql_filter
from jupyter_mlplatform.access.local import arrow_filter, duckdb_filter
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowfilter import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter
from jupyter_mlplatform.access.rowvalues import canonical
from jupyter_mlplatform.errors import Invalid
from tests.access.examples import examples
from tests.access.rows import COLUMNS, KINDS, PATTERNS, SCHEMA, tables, trees

ALL = tuple(KINDS)
ALIKE = ("text", "whole", "real", "truth")
"""What SQLite and DuckDB store and compare in the same way."""
LAKE = ("text", "whole", "real", "money", "truth")
"""What Lake Formation compares."""
SOME = examples(30)


def columns(names: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(column for column in COLUMNS if column.name in names)


def expected(tree: RowFilter, table: pyarrow.Table) -> list[int]:
    return [number for number, row in enumerate(table.to_pylist()) if rowfilter.matches(tree, row) is True]


def numbered(table: pyarrow.Table) -> pyarrow.Table:
    return table.append_column("row number", pyarrow.array(range(table.num_rows), pyarrow.int64()))


def parquet(table: pyarrow.Table) -> Any:
    """The table as a Parquet file of small row groups."""
    file = io.BytesIO()
    pyarrow.parquet.write_table(numbered(table), file, row_group_size=2)
    return pyarrow.dataset.ParquetFileFormat().make_fragment(pyarrow.BufferReader(file.getvalue()))


def scanned(tree: RowFilter, fragment: Any) -> list[int]:
    """The rows that a scan of a Parquet file finds, which leaves out row groups by what their statistics say."""
    chosen = arrow_filter.expression(tree, fragment.physical_schema)
    if arrow_filter.misjudged(tree, fragment.physical_schema):
        whole = fragment.to_table().filter(chosen)
    else:
        whole = fragment.to_table(columns=["row number"], filter=chosen)
    found: list[int] = whole.column("row number").to_pylist()
    return found


def sqlite_rows(tree: RowFilter, table: pyarrow.Table, names: tuple[str, ...]) -> list[int]:
    """The rows that SQLite finds with DuckDB's condition. What is not a number becomes a missing value in SQLite."""
    text, values = duckdb_filter.compiled(tree, columns(names))
    types = {"text": "TEXT", "whole": "INTEGER", "real": "REAL", "truth": "INTEGER", "money": "REAL"}
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("PRAGMA case_sensitive_like = ON")
        connection.create_function("isnan", 1, lambda value: None if value is None else int(math.isnan(value)))
        connection.execute(
            f"CREATE TABLE rows ({', '.join(f'{name} {types[name]}' for name in names)}, number INTEGER)"
        )
        for number, row in enumerate(table.to_pylist()):
            places = ", ".join("?" * (len(names) + 1))
            connection.execute(f"INSERT INTO rows VALUES ({places})", [*(row[name] for name in names), number])  # noqa: S608
        found = connection.execute(f"SELECT number FROM rows WHERE {text} ORDER BY number", values).fetchall()  # noqa: S608
        assert connection.execute("SELECT count(*) FROM rows").fetchone() == (table.num_rows,)
    finally:
        connection.close()
    return [number for (number,) in found]


def duckdb_rows(tree: RowFilter, table: pyarrow.Table, names: tuple[str, ...]) -> list[int]:
    text, values = duckdb_filter.compiled(tree, columns(names))
    connection = duckdb_connection()
    connection.register("rows", numbered(table))
    found = connection.execute(f'SELECT "row number" FROM rows WHERE {text} ORDER BY 1', values).fetchall()  # noqa: S608
    return [number for (number,) in found]


@functools.cache
def duckdb_connection() -> Any:
    """One for all examples: to open one costs more than an example."""
    import duckdb

    return duckdb.connect(":memory:", config={"threads": 1})


def lake_text(tree: RowFilter) -> str | None:
    """The text for Lake Formation, or nothing where it cannot keep to the tree and says so."""
    try:
        return partiql_filter.text(tree, COLUMNS)
    except Invalid as refused:
        if refused.problem.code != "access.rows_not_enforceable":
            raise
        return None


ENGINES = {"sqlite": (sqlite_rows, ALIKE)}
if importlib.util.find_spec("duckdb") is not None:
    # DuckDB takes no halves and no decimals of more than 38 digits from Arrow.
    ENGINES["duckdb"] = (duckdb_rows, tuple(name for name in ALL if name not in ("half", "large_money")))


@SOME
@given(tree=trees(ALL), table=tables(ALL))
def test_pyarrow_hands_out_the_rows_that_the_reference_does(tree: RowFilter, table: pyarrow.Table) -> None:
    checked = rowfilter.check(tree, COLUMNS)
    found = numbered(table).filter(arrow_filter.expression(checked, SCHEMA))
    assert found.column("row number").to_pylist() == expected(checked, table)


@SOME
@given(tree=trees(ALL), table=tables(ALL))
def test_a_scan_of_a_file_drops_no_row_group_that_has_a_row_to_hand_out(tree: RowFilter, table: pyarrow.Table) -> None:
    checked = rowfilter.check(tree, COLUMNS)
    assert scanned(checked, parquet(table)) == expected(checked, table)


@pytest.mark.parametrize("engine", sorted(ENGINES))
@SOME
@given(data=st.data())
def test_the_sql_hands_out_the_rows_that_the_reference_does(engine: str, data: st.DataObject) -> None:
    rows, names = ENGINES[engine]
    tree, table = data.draw(trees(names)), data.draw(tables(names))
    checked = rowfilter.check(tree, COLUMNS)
    assert rows(checked, table, names) == expected(checked, table)


@SOME
@given(one=trees(ALL), other=trees(ALL), table=tables(ALL))
def test_two_filters_together_hand_out_what_each_of_them_does(
    one: RowFilter, other: RowFilter, table: pyarrow.Table
) -> None:
    asked, narrowed = rowfilter.check(one, COLUMNS), rowfilter.check(other, COLUMNS)
    joined = rowfilter.both(asked, narrowed)
    assert joined is not None
    assert set(expected(joined, table)) == set(expected(asked, table)) & set(expected(narrowed, table))


@SOME
@given(tree=trees(ALL))
def test_checking_twice_changes_nothing(tree: RowFilter) -> None:
    checked = rowfilter.check(tree, COLUMNS)
    assert rowfilter.check(checked, COLUMNS) == checked


@SOME
@given(tree=trees(LAKE))
def test_the_text_for_lake_formation_is_of_its_grammar_or_refused(tree: RowFilter) -> None:
    text = lake_text(rowfilter.check(tree, COLUMNS))
    if text is None:
        return
    literal = r"(?:'(?:[^']|'')*'|-?[0-9]+(?:\.[0-9]+)?|true|false)"
    simple = re.compile(
        rf'"[a-z]+" (?:(?:=|<>|<=|>=|<|>) {literal}|(?:NOT )?IN \({literal}(?:, {literal})*\)'
        rf"|(?:NOT )?LIKE '(?:[^'\\]|'')*'|IS (?:NOT )?NULL)"
    )
    rest = simple.sub("s", text)
    while (shorter := re.sub(r"(?:^|(?<=\())\(s\) (AND|OR) \(s\)(?: \1 \(s\))*(?=\)|$)", "s", rest)) != rest:
        rest = shorter
    assert rest == "s", text


@SOME
@given(tree=trees(("text", "whole", "money", "truth")), table=tables(("text", "whole", "money", "truth")))
def test_the_text_for_lake_formation_hands_out_the_rows_that_the_reference_does(
    tree: RowFilter, table: pyarrow.Table
) -> None:
    """SQLite plays the engine: it reads the same comparisons and the same quotes."""
    names = ("text", "whole", "money", "truth")
    checked = rowfilter.check(tree, COLUMNS)
    text = lake_text(checked)
    if text is None:
        return
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("PRAGMA case_sensitive_like = ON")
        connection.execute("CREATE TABLE rows (text TEXT, whole INTEGER, money REAL, truth INTEGER, number INTEGER)")
        for number, row in enumerate(table.to_pylist()):
            row["money"] = None if row["money"] is None else float(row["money"])
            connection.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", [*(row[name] for name in names), number])
        found = connection.execute(f"SELECT number FROM rows WHERE {text} ORDER BY number").fetchall()  # noqa: S608
    finally:
        connection.close()
    assert [number for (number,) in found] == expected(checked, table)


def every_test(name: str) -> Iterator[RowFilter]:
    """Conditions of each sort on one column, and their opposites."""
    yield Missing(column=name)
    values = [canonical(value) for value in KINDS[name][1]]
    values = [
        f"{value}Z" if name in ("instant", "vienna") and not str(value).endswith("Z") else value for value in values
    ]
    for value in values[:4]:
        yield Equals(column=name, value=value)
        yield In(column=name, values=(value, values[-1]))
        if name != "truth":
            yield Range(column=name, at_least=value)
            yield Range(column=name, at_most=value)
            yield Range(column=name, below=value)


@pytest.mark.parametrize("name", ALL)
def test_each_type_of_column_is_compared_alike_everywhere(name: str) -> None:
    cells = [*KINDS[name][1], None, *([math.nan] if name in ("real", "single", "half") else [])]
    table = pyarrow.table({name: pyarrow.array(cells, KINDS[name][0])})
    file = parquet(table)
    for sent in every_test(name):
        checked = rowfilter.check(sent, COLUMNS)
        for tree in (checked, Not(of=checked)):
            wanted = expected(tree, table)
            found = numbered(table).filter(arrow_filter.expression(tree, table.schema))
            assert found.column("row number").to_pylist() == wanted, tree
            assert scanned(tree, file) == wanted, tree
            for rows, able in ENGINES.values():
                assert name not in able or rows(tree, table, (name,)) == wanted, tree


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_pattern_finds_the_same_texts_everywhere(pattern: str) -> None:
    table = pyarrow.table({"text": pyarrow.array([*KINDS["text"][1], "two\nlines", "Graz\n", None], pyarrow.string())})
    like = Like(column="text", pattern=pattern)
    for tree in (like, Not(of=like)):
        wanted = expected(tree, table)
        found = numbered(table).filter(arrow_filter.expression(tree, table.schema))
        assert found.column("row number").to_pylist() == wanted
        for rows, _ in ENGINES.values():
            assert rows(tree, table, ("text",)) == wanted


def test_a_scan_whose_statistics_hide_what_is_not_a_number_is_known() -> None:
    number, text = Missing(column="real"), Missing(column="text")
    assert arrow_filter.misjudged(number, SCHEMA)
    assert arrow_filter.misjudged(Or(of=(text, Not(of=Not(of=number)))), SCHEMA)
    for tree in (text, Not(of=number), Equals(column="real", value=1.0), Not(of=Equals(column="real", value=1.0))):
        assert not arrow_filter.misjudged(tree, SCHEMA)


def test_a_scan_of_different_numbers_finds_what_is_not_a_number() -> None:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"force": [1.0, math.nan, 5.0]}), file)
    fragment = pyarrow.dataset.ParquetFileFormat().make_fragment(pyarrow.BufferReader(file.getvalue()))
    chosen = arrow_filter.expression(Missing(column="force"), fragment.physical_schema)
    assert fragment.to_table(filter=chosen).num_rows == 1


NASTY = ["' OR 1=1 --", '" OR ""=""', "'; DROP TABLE rows; --", "?", "%", "\\' OR 1=1 --", "${x}", "\u2019 OR 1=1"]


@pytest.mark.parametrize("nasty", NASTY)
def test_a_value_never_becomes_part_of_the_sql(nasty: str) -> None:
    def compiled(value: str) -> tuple[str, list[Any]]:
        tree = Or(
            of=(
                Equals(column="text", value=value),
                Not(of=In(column="text", values=(value, "x"))),
                Range(column="text", at_least=value),
                Like(column="text", pattern=value),
            )
        )
        return duckdb_filter.compiled(rowfilter.check(tree, COLUMNS), COLUMNS)

    text, values = compiled(nasty)
    assert text == compiled("plain")[0]
    assert values[0] == nasty


@pytest.mark.parametrize("name", ['a"b', '" OR 1=1 --', "a b", "select", "a.b", "'", "a\\b", "ä"])
def test_a_name_in_sql_is_only_ever_a_name(name: str) -> None:
    tree = Equals(column=name, value="x")
    text, _ = duckdb_filter.compiled(tree, [Column(name, "string")])
    assert text == '"' + name.replace('"', '""') + '" = ?'
    table = pyarrow.table({name: ["x", "y", None]})
    assert table.filter(arrow_filter.expression(tree, table.schema)).num_rows == 1


@pytest.mark.parametrize("nasty", [each for each in NASTY if not set(each) & set("%_\\")])
def test_a_value_for_lake_formation_stays_between_its_quotes(nasty: str) -> None:
    doubled = nasty.replace("'", "''")
    assert partiql_filter.text(Equals(column="text", value=nasty), COLUMNS) == f"\"text\" = '{doubled}'"


@pytest.mark.parametrize(
    ("tree", "cause"),
    [
        (Equals(column="day", value="2026-01-01"), "type"),
        (Range(column="instant", at_least="2026-01-01"), "type"),
        (Like(column="text", pattern="100%*"), "backslash"),
        (In(column="text", values=tuple(f"value {number}" for number in range(500))), "2,047"),
        (Missing(column="whole"), "partition"),
        (Equals(column="text", value="\uffff"), "U+FFFF"),
    ],
)
def test_what_lake_formation_cannot_keep_to_is_refused(tree: RowFilter, cause: str) -> None:
    with pytest.raises(Invalid) as refused:
        partiql_filter.text(rowfilter.check(tree, COLUMNS), COLUMNS, partitions=("whole",))
    assert refused.value.problem.code == "access.rows_not_enforceable"
    assert cause in refused.value.problem.cause
    assert refused.value.problem.next_step


@pytest.mark.parametrize("name", ['a"b', "a\nb", "", "a\u202eb"])
def test_a_name_that_lake_formation_cannot_read_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="cannot be written"):
        partiql_filter.text(Equals(column=name, value="x"), [Column(name, "string")])


def test_the_text_for_lake_formation_knows_hives_words_for_types() -> None:
    hive = [Column("a", "bigint"), Column("b", "varchar(20)"), Column("c", "decimal(10,2)"), Column("d", "boolean")]
    asked = And(
        of=tuple(Equals(column=name, value=value) for name, value in zip("abcd", [1, "x", 1.5, True], strict=True))
    )
    text = partiql_filter.text(rowfilter.check(asked, hive), hive)
    assert text == """("a" = 1) AND ("b" = 'x') AND ("c" = 1.5) AND ("d" = true)"""


def test_small_and_large_numbers_are_written_for_lake_formation_without_an_exponent() -> None:
    tree = In(column="real", values=(1e-7, 1e22, -2.5))
    assert partiql_filter.text(tree, COLUMNS) == '"real" IN (0.0000001, 10000000000000000000000, -2.5)'


def test_what_is_not_a_number_is_handed_out_only_where_a_missing_value_is_wanted() -> None:
    table = pyarrow.table({"force": [5.0, math.nan, 5.0, None]})
    for tree, rows in [
        (Equals(column="force", value=5.0), [0, 2]),
        (Not(of=Equals(column="force", value=1.0)), [0, 2]),
        (Not(of=In(column="force", values=(1.0, 2.0))), [0, 2]),
        (Not(of=Range(column="force", at_most=1.0)), [0, 2]),
        (Range(column="force", at_least=1.0), [0, 2]),
        (Missing(column="force"), [1, 3]),
        (Not(of=Missing(column="force")), [0, 2]),
    ]:
        assert expected(tree, table) == rows
        found = numbered(table).filter(arrow_filter.expression(tree, table.schema))
        assert found.column("row number").to_pylist() == rows
        assert scanned(tree, parquet(table)) == rows
    text, _ = duckdb_filter.compiled(Not(of=Equals(column="force", value=1.0)), [Column("force", "double")])
    assert text == '("force" <> ? AND NOT isnan("force"))'
    lake = partiql_filter.text(Not(of=Equals(column="force", value=1.0)), [Column("force", "double")])
    assert lake == '("force" < 1.0) OR ("force" > 1.0)'
    for tree, said in [
        (Not(of=Missing(column="force")), '("force" < 0) OR ("force" >= 0)'),
        (
            Not(of=In(column="force", values=(1.0, 2.0))),
            " AND ".join(f'(("force" < {number}) OR ("force" > {number}))' for number in ("1.0", "2.0")),
        ),
    ]:
        assert partiql_filter.text(tree, [Column("force", "double")]) == said


def test_the_sql_reads_days_instants_and_decimals_as_the_columns_type() -> None:
    tree = And(
        of=(
            Range(column="day", at_least="2026-01-01"),
            Range(column="instant", below="2026-01-01T12:00:00+01:00"),
            Range(column="local", below="2026-01-01"),
            Equals(column="money", value=12.5),
            In(column="vienna", values=("1970-01-01T00:00:01Z",)),
        )
    )
    text, values = duckdb_filter.compiled(rowfilter.check(tree, COLUMNS), COLUMNS)
    assert text == (
        '("day" >= CAST(? AS DATE) AND "instant" < CAST(? AS TIMESTAMPTZ) '
        'AND "local" < CAST(? AS TIMESTAMP) AND "money" = CAST(? AS DECIMAL(10, 2)) '
        'AND epoch_ns("vienna") IN (?))'
    )
    assert values == ["2026-01-01", "2026-01-01T11:00:00Z", "2026-01-01T00:00:00", "12.5", 1_000_000_000]


@pytest.mark.parametrize(
    ("names", "said"), [(["other"], "has no column 'text'"), (["text", "text"], "has the column 'text' twice")]
)
def test_data_whose_columns_are_not_clear_is_not_filtered_by_guess(names: list[str], said: str) -> None:
    schema = pyarrow.schema([(name, pyarrow.string()) for name in names])
    with pytest.raises(Invalid, match=said):
        arrow_filter.expression(Equals(column="text", value="x"), schema)


@pytest.mark.parametrize(
    "tree", [And(of=()), Or(of=()), Not(of=Or(of=())), In(column="text", values=()), Range(column="text")]
)
def test_a_tree_that_says_nothing_hands_out_nothing_by_accident(tree: RowFilter) -> None:
    with pytest.raises(Invalid, match="empty"):
        arrow_filter.expression(tree, SCHEMA)
    with pytest.raises(Invalid, match="empty"):
        duckdb_filter.compiled(tree, COLUMNS)
    with pytest.raises(Invalid, match="empty"):
        partiql_filter.text(tree, COLUMNS)


def test_a_value_that_was_never_checked_is_read_by_the_datas_own_type() -> None:
    table = pyarrow.table({"whole": [1, 2]})
    assert table.filter(arrow_filter.expression(Equals(column="whole", value="2"), table.schema)).num_rows == 1
    with pytest.raises(Invalid, match="not a whole number"):
        arrow_filter.expression(Equals(column="whole", value="two"), table.schema)
