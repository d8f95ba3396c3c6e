"""The SQL that Athena is sent: what it means, and that nobody's text becomes a part of it."""

from __future__ import annotations

import functools
import re
from typing import Any

import duckdb
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.aws import athena_filter
from jupyter_mlplatform.access.aws.athena_reader import query
from jupyter_mlplatform.access.models import Column, Dataset
from jupyter_mlplatform.access.rowfilter import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter
from jupyter_mlplatform.errors import Invalid
from tests.access.rows import COLUMNS as RANDOM
from tests.access.rows import tables, trees
from tests.access.world import START
from tests.aws.strict import ACCOUNT

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
}
TYPED = tuple(Column(name, kind) for name, kind in COLUMNS.items())
ALIKE = ("text", "whole", "small", "real", "single", "money", "truth", "day", "local")
"""What DuckDB writes, stores and compares as Trino does. What is not a number it compares in another way."""

CASES: list[tuple[RowFilter, str]] = [
    (Equals(column="worker", value="O'Hara"), """"worker" = 'O''Hara'"""),
    (Equals(column="ok", value=True), '"ok" = TRUE'),
    (Equals(column="small", value=-3), """"small" = TINYINT '-3'"""),
    (Equals(column="day", value="2026-01-31"), """"day" = DATE '2026-01-31'"""),
    (Range(column="at", below="2026-01-31T12:00:00.5"), """"at" < TIMESTAMP '2026-01-31 12:00:00.500000'"""),
    (Equals(column="price", value=1.5), """"price" = CAST('1.5' AS DECIMAL(10, 2))"""),
    (Equals(column="force", value=1e30), """("force" = DOUBLE '1e+30' AND NOT is_nan("force"))"""),
    (Not(of=Equals(column="ratio", value=0.5)), """("ratio" <> REAL '0.5' AND NOT is_nan("ratio"))"""),
    (Missing(column="force"), '("force" IS NULL OR is_nan("force"))'),
    (Not(of=Missing(column="worker")), '"worker" IS NOT NULL'),
    (In(column="gun_id", values=(1, 2)), """"gun_id" IN (BIGINT '1', BIGINT '2')"""),
    (Not(of=In(column="force", values=(1.0,))), """("force" NOT IN (DOUBLE '1.0') AND NOT is_nan("force"))"""),
    (Like(column="worker", pattern="a*b?c%_\\'"), """"worker" LIKE 'a%b_c\\%\\_\\\\''' ESCAPE '\\'"""),
    (
        Or(of=(Equals(column="ok", value=False), And(of=(Missing(column="day"), Missing(column="at"))))),
        '("ok" = FALSE OR ("day" IS NULL AND "at" IS NULL))',
    ),
]


@pytest.mark.parametrize(("tree", "sql"), CASES)
def test_when_rows_are_chosen_the_condition_is_this_sql(tree: RowFilter, sql: str) -> None:
    assert athena_filter.condition(tree, TYPED) == sql


def stripped(sql: str) -> str:
    """What is left of SQL, as Trino takes it apart, without texts and names."""
    return re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "", sql)


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30))
def test_whatever_a_text_holds_it_stays_inside_of_its_quotes(text: str) -> None:
    try:
        sql = athena_filter.condition(
            And(of=(Equals(column="worker", value=text), Like(column="worker", pattern=f"{text}*"))), TYPED
        )
    except Invalid:
        return
    assert stripped(sql) == "( =  AND  LIKE  ESCAPE )"


@pytest.mark.parametrize("name", ['a"b', "a'; DROP TABLE x; --", "a b", "ü"])
def test_whatever_a_name_holds_it_stays_inside_of_its_quotes(name: str) -> None:
    place = f"glue://{ACCOUNT}/pl%22ant/we%27ld"
    dataset = Dataset(
        id="x", title="", owner="", location=place, registered_at=START, columns=(Column(name, "string"),)
    )
    sql = query(dataset, [name], Equals(column=name, value="x"), 3)
    assert stripped(sql) == "SELECT  FROM . WHERE  =  LIMIT 3"
    assert '"pl""ant"."we\'ld"' in sql


@pytest.mark.parametrize(
    ("tree", "kind"),
    [
        (Equals(column="c", value="x"), "array<string>"),
        (Equals(column="c", value="x"), "bigint"),
        (Equals(column="c", value=1), "decimal(40,2)"),
        (Equals(column="c", value="0999-01-01T00:00:00"), "timestamp"),
        (Like(column="c", pattern="x*"), "bigint"),
        (In(column="c", values=()), "string"),
        (Equals(column="d", value="x"), "string"),
    ],
)
def test_when_a_condition_does_not_fit_its_column_it_is_refused(tree: RowFilter, kind: str) -> None:
    with pytest.raises(Invalid):
        athena_filter.condition(tree, (Column("c", kind),))


def test_when_a_name_cannot_be_read_it_is_refused() -> None:
    for wrong in ("", "a\0b", "a\nb"):
        with pytest.raises(Invalid):
            athena_filter.quoted(wrong)
    with pytest.raises(Invalid):
        athena_filter.text("a\0b")


@functools.cache
def engine() -> Any:
    """DuckDB with Trino's name for the test of what is not a number."""
    made = duckdb.connect(":memory:", config={"threads": 1})
    made.execute("CREATE MACRO is_nan(x) AS isnan(x)")
    return made


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=trees(ALIKE), table=tables(ALIKE))
def test_whatever_is_asked_the_sql_finds_the_rows_that_the_reference_does(
    tree: RowFilter, table: pyarrow.Table
) -> None:
    columns = tuple(column for column in RANDOM if column.name in ALIKE)
    checked = rowfilter.check(tree, columns)
    engine().register("rows", table.append_column("n", pyarrow.array(range(table.num_rows), pyarrow.int64())))
    sql = f"SELECT n FROM rows WHERE {athena_filter.condition(checked, columns)} ORDER BY 1"  # noqa: S608
    found = [number for (number,) in engine().execute(sql).fetchall()]
    assert found == [n for n, row in enumerate(table.to_pylist()) if rowfilter.matches(checked, row) is True]
