"""Row filters in SQLite mean what they mean everywhere: compared row by row with the reference."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.local import sqlite_filter
from jupyter_mlplatform.access.rowfilter import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter

NAMES = ("number", "fraction", "te\"xt' --")
numbers = some.integers(-3, 3)
fractions = some.sampled_from([-1.5, -0.0, 0.0, 0.5, 2.0, float("inf")])
texts = some.text(some.sampled_from("aAbß%_*?[]\\'\"\0 1"), max_size=4)
values = {"number": numbers, "fraction": fractions, NAMES[2]: texts}
rows = some.lists(some.tuples(*(some.none() | values[name] for name in NAMES)), max_size=8)


def ranges(name: str) -> some.SearchStrategy[RowFilter]:
    bounds = values[name]
    return some.one_of(
        some.builds(Range, column=some.just(name), at_least=bounds),
        some.builds(Range, column=some.just(name), at_least=bounds, at_most=bounds),
        some.builds(Range, column=some.just(name), below=bounds),
    )


tests = some.sampled_from(NAMES).flatmap(
    lambda name: some.one_of(
        some.builds(Equals, column=some.just(name), value=values[name]),
        some.builds(In, column=some.just(name), values=some.lists(values[name], min_size=1, max_size=3).map(tuple)),
        ranges(name),
        some.builds(Missing, column=some.just(name)),
    )
) | some.builds(Like, column=some.just(NAMES[2]), pattern=texts)
trees = some.recursive(
    tests,
    lambda inner: some.one_of(
        some.builds(Not, of=inner),
        some.builds(And, of=some.lists(inner, min_size=1, max_size=3).map(tuple)),
        some.builds(Or, of=some.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


@given(trees, rows)
def test_the_rows_that_are_found_are_those_for_which_the_whole_is_true(tree: RowFilter, data: list[Any]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        named = ", ".join(map(sqlite_filter.quoted, NAMES))
        connection.execute(f"CREATE TABLE t (at INTEGER, {named})")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [(at, *row) for at, row in enumerate(data)])
        sqlite_filter.prepare(connection)
        where, values = sqlite_filter.compiled(tree, "t")
        found = [row[0] for row in connection.execute(f"SELECT at FROM t WHERE {where} ORDER BY at", values)]  # noqa: S608
    expected = [at for at, row in enumerate(data) if rowfilter.matches(tree, dict(zip(NAMES, row, strict=True)))]
    assert found == expected


def test_a_column_that_is_not_there_is_an_error_and_not_its_own_name() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a)")
        where, values = sqlite_filter.compiled(Equals(column="gone", value="gone"), "t")
        with pytest.raises(sqlite3.OperationalError, match="no such column"):
            connection.execute(f"SELECT a FROM t WHERE {where}", values)  # noqa: S608


def test_no_value_ever_stands_in_the_text() -> None:
    where, values = sqlite_filter.compiled(In(column="a", values=("' OR 1=1 --", "x")), "t")
    assert (where, values) == ('"t"."a" COLLATE BINARY IN (?, ?)', ["' OR 1=1 --", "x"])


def test_a_pattern_with_many_stars_takes_no_longer_for_it() -> None:
    assert sqlite_filter.fits("a" * 10_000, "*a" * 300 + "*b*") is False


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("a[b]", "a[b]", True),
        ("ab", "a[b]", False),
        ("a\0b", "a", False),
        ("a\0b", "a?b", True),
        ("", "*", True),
        ("", "?", False),
        ("ab", "a*?b", False),
        ("axbxc", "a*b*c", True),
        ("axbxcd", "a*b*c", False),
        ("aba", "ab*ba", False),
        ("A", "a", False),
        ("a\nb", "a*b", True),
        (None, "*", None),
        (5, "*", False),
    ],
)
def test_only_stars_and_question_marks_stand_for_something(text: object, pattern: str, found: bool | None) -> None:
    assert sqlite_filter.fits(text, pattern) is found
