"""Columns and rows as filters of DataZone, and back; and which table a listing is about."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.aws import datazone_filters
from jupyter_mlplatform.access.aws.datazone_domain import table_in
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowtree import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter
from jupyter_mlplatform.errors import Invalid

COLUMNS = (Column("gun", "string"), Column("force", "double"), Column("count", "bigint"), Column("ok", "boolean"))


@pytest.mark.parametrize("forms", [None, "", "nonsense", "[]", '{"GlueTableForm": "x"}', '{"GlueTableForm": {}}'])
def test_when_a_listing_names_no_table_none_is_read(forms: str | None) -> None:
    assert table_in(forms) is None


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (Not(of=Equals(column="gun", value="a")), {"expression": {"notEqualTo": {"columnName": "gun", "value": "a"}}}),
        (
            Range(column="count", at_least=3),
            {"expression": {"greaterThanOrEqualTo": {"columnName": "count", "value": "3"}}},
        ),
        (Not(of=Missing(column="gun")), {"expression": {"isNotNull": {"columnName": "gun"}}}),
        (In(column="gun", values=("a", "b")), {"expression": {"in": {"columnName": "gun", "values": ["a", "b"]}}}),
        (Like(column="gun", pattern="a*?"), {"expression": {"like": {"columnName": "gun", "value": "a%_"}}}),
        (Equals(column="ok", value=True), {"expression": {"equalTo": {"columnName": "ok", "value": "true"}}}),
        (
            Not(of=Equals(column="force", value=1.5)),  # what is not a number is not another number
            {
                "or": [
                    {"expression": {"lessThan": {"columnName": "force", "value": "1.5"}}},
                    {"expression": {"greaterThan": {"columnName": "force", "value": "1.5"}}},
                ]
            },
        ),
    ],
)
def test_when_rows_are_chosen_datazone_gets_the_same_conditions(tree: RowFilter, said: dict[str, Any]) -> None:
    assert datazone_filters.of_rows(tree, COLUMNS)["rowConfiguration"]["rowFilter"] == said


@pytest.mark.parametrize(
    "tree",
    [
        Equals(column="gun", value="a"),
        And(of=(Range(column="count", at_least=1), Or(of=(Missing(column="gun"), Like(column="gun", pattern="w*"))))),
        Not(of=In(column="gun", values=("b", "a"))),
        Not(of=Range(column="count", at_most=4)),
    ],
)
def test_when_a_filter_of_datazone_is_read_it_means_what_it_said(tree: RowFilter) -> None:
    made = datazone_filters.of_rows(tree, COLUMNS)
    read = datazone_filters.rows_in(made, COLUMNS)
    assert datazone_filters.same(datazone_filters.of_rows(read, COLUMNS), made)
    rows = [{"gun": gun, "count": count} for gun in ("a", "wx", None) for count in (0, 4, 5)]
    for row in rows:
        assert rowfilter.matches(read, row) == rowfilter.matches(tree, row)


@pytest.mark.parametrize(
    "said",
    [
        {"expression": {"between": {"columnName": "gun", "value": "a"}}},
        {"expression": {"like": {"columnName": "gun", "value": "a*"}}},
        {"expression": {"equalTo": {"columnName": "nobody", "value": "a"}}},
        {"expression": {"notEqualTo": {"columnName": "force", "value": "1"}}},
        {},
    ],
)
def test_when_a_filter_of_datazone_cannot_be_said_here_it_is_not_guessed(said: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        datazone_filters.rows_in({"rowConfiguration": {"rowFilter": said}}, COLUMNS)
