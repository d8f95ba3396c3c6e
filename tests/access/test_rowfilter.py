"""What may be asked of rows, and what it means."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowfilter import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter
from jupyter_mlplatform.errors import Invalid

WELD = (
    Column("plant", "string"),
    Column("force", "double"),
    Column("count", "int16"),
    Column("day", "date32[day]"),
    Column("at", "timestamp[ms, tz=UTC]"),
    Column("local", "timestamp[us]"),
    Column("nano", "timestamp[ns]"),
    Column("price", "decimal128(6, 2)"),
    Column("good", "bool"),
    Column("kind", "dictionary<values=string, indices=int32, ordered=0>"),
    Column("paid", "dictionary<values=decimal128(6, 2), indices=int8, ordered=0>"),
    Column("raw", "binary"),
    Column("parts", "list<element: int64>"),
    Column("single", "float"),
    Column("odd", "something new"),
)
GRAZ = Equals(column="plant", value="Graz")


def checked(tree: RowFilter) -> RowFilter:
    return rowfilter.check(tree, WELD)


@pytest.mark.parametrize(
    ("column", "sent", "kept"),
    [
        ("plant", "Graz", "Graz"),
        ("plant", "", ""),
        ("plant", "10", "10"),
        ("force", 10, 10.0),
        ("force", "1e3", 1000.0),
        ("force", -0.0, 0.0),
        ("single", 0.1, 0.10000000149011612),
        ("count", "10", 10),
        ("count", 10.0, 10),
        ("count", "-32768", -32768),
        ("day", "2026-01-31", "2026-01-31"),
        ("at", "2026-01-31", "2026-01-31T00:00:00Z"),
        ("at", "2026-01-31 12:00", "2026-01-31T12:00:00Z"),
        ("at", "2026-01-31T12:00:00+01:00", "2026-01-31T11:00:00Z"),
        ("at", "2026-01-31T12:00:00.25Z", "2026-01-31T12:00:00.250000Z"),
        ("local", "2026-01-31T12:00", "2026-01-31T12:00:00"),
        ("price", "12.50", "12.5"),
        ("price", 12, "12"),
        ("price", 0.1, "0.1"),
        ("price", "-0.00", "0"),
        ("good", "true", True),
        ("good", False, False),
        ("kind", "MIG", "MIG"),
        ("paid", 1, "1"),
        ("odd", "as it is", "as it is"),
    ],
)
def test_a_value_is_kept_in_its_columns_type_and_in_one_form(column: str, sent: Any, kept: Any) -> None:
    found = checked(Equals(column=column, value=sent))
    assert isinstance(found, Equals)
    assert (found.value, type(found.value), str(found.value)) == (kept, type(kept), str(kept))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("plant", 10),
        ("plant", True),
        ("plant", "x\0y"),
        ("plant", "two\nlines"),
        ("plant", "\u202ezarG"),
        ("plant", "\ud800"),
        ("plant", "x" * 1001),
        ("force", "ten"),
        ("force", True),
        ("force", float("nan")),
        ("force", float("inf")),
        ("force", "1e999"),
        ("force", "nan"),
        ("force", 10**400),
        ("force", "١٠"),
        ("single", 1e300),
        ("count", 1.5),
        ("count", "1.5"),
        ("count", True),
        ("count", 32768),
        ("count", 10**4000),
        ("count", "9" * 1000),
        ("day", "31.1.2026"),
        ("day", "2026-02-30"),
        ("day", "2026-01-31T12:00:00"),
        ("day", 20260131),
        ("at", "2026-01-31T25:00:00Z"),
        ("at", "2026-01-31T12:00:00.0001Z"),
        ("at", "0001-01-01T00:00:00+23:59"),
        ("at", "soon"),
        ("local", "2026-01-31T12:00:00Z"),
        ("nano", "1600-01-01"),
        ("price", 0.001),
        ("price", "10000"),
        ("price", "1e400"),
        ("price", float("nan")),
        ("price", True),
        ("price", "x"),
        ("good", "yes"),
        ("good", 1),
        ("raw", "x"),
        ("parts", 1),
        ("odd", 1),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused(column: str, value: Any) -> None:
    for tree in (Equals(column=column, value=value), In(column=column, values=(value,))):
        with pytest.raises(Invalid) as refused:
            checked(tree)
        assert refused.value.problem.code == "access.invalid_rows"
        assert repr(column) in refused.value.problem.cause
        assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("tree", "cause"),
    [
        (Equals(column="plnat", value="Graz"), "no column 'plnat'"),
        (And(of=()), "empty"),
        (Or(of=(GRAZ, Or(of=()))), "empty"),
        (In(column="plant", values=()), "empty"),
        (In(column="count", values=tuple(range(1001))), "1,001"),
        (Range(column="force"), "empty"),
        (Range(column="force", at_most=1, below=2), "two upper ends"),
        (Range(column="force", at_least=2, at_most=1), "before it begins"),
        (Range(column="force", at_least=2, below=2), "before it begins"),
        (Range(column="day", at_least="2026-01-02", at_most="2026-01-01"), "before it begins"),
        (Range(column="good", at_least=True), "no order"),
        (Like(column="force", pattern="1*"), "no text"),
        (Like(column="plant", pattern="x" * 1001), "1,001"),
        (And(of=(GRAZ,) * 100), "101"),
    ],
)
def test_conditions_that_cannot_be_meant_are_refused_with_the_way_out(tree: RowFilter, cause: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(tree)
    assert refused.value.problem.code == "access.invalid_rows"
    assert cause in refused.value.problem.cause
    assert refused.value.problem.next_step


def test_an_unknown_column_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(Invalid, match="Did you mean 'plant'"):
        checked(Equals(column="plnat", value="Graz"))


def test_eight_levels_are_accepted_and_nine_are_not() -> None:
    tree: RowFilter = GRAZ
    for _ in range(7):
        tree = Not(of=tree)
    assert checked(tree) == tree
    with pytest.raises(Invalid, match="more than 8 deep"):
        checked(Not(of=tree))
    for _ in range(5000):
        tree = Not(of=tree)
    with pytest.raises(Invalid, match="more than 8 deep"):
        checked(tree)


def test_a_hundred_conditions_and_a_thousand_values_are_accepted() -> None:
    assert checked(And(of=(GRAZ,) * 99)) == And(of=(GRAZ,) * 99)
    values = In(column="count", values=tuple(range(1000)))
    assert checked(values) == values


def test_a_value_that_is_listed_twice_is_kept_once() -> None:
    assert checked(In(column="force", values=(1, "1.0", 0.0, -0.0))) == In(column="force", values=(1.0, 0.0))


def test_whether_there_is_a_value_may_be_asked_of_every_column() -> None:
    for column in WELD:
        assert checked(Missing(column=column.name)) == Missing(column=column.name)


def test_a_tree_goes_over_the_wire_and_back() -> None:
    tree = checked(And(of=(GRAZ, Not(of=Range(column="day", at_least="2026-01-01")))))
    assert msgspec.json.decode(msgspec.json.encode(tree), type=RowFilter) == tree


def test_what_was_typed_gets_its_columns_types_when_it_is_checked() -> None:
    typed = rowfilter.parse(["count=10|20", "day>=2026-01-01", "good=true", "price<12.50"])
    assert typed is not None
    assert checked(typed) == And(
        of=(
            In(column="count", values=(10, 20)),
            Range(column="day", at_least="2026-01-01"),
            Equals(column="good", value=True),
            Range(column="price", below="12.5"),
        )
    )


T, F, N = Equals(column="a", value=1), Equals(column="a", value=2), Equals(column="b", value=1)


@pytest.mark.parametrize(
    ("tree", "truth"),
    [
        (T, True), (F, False), (N, None),
        (Not(of=T), False), (Not(of=F), True), (Not(of=N), None),
        (And(of=(T, T)), True), (And(of=(T, F)), False), (And(of=(T, N)), None), (And(of=(F, N)), False),
        (Or(of=(F, F)), False), (Or(of=(T, F)), True), (Or(of=(F, N)), None), (Or(of=(T, N)), True),
        (Missing(column="b"), True), (Missing(column="a"), False), (Not(of=Missing(column="a")), True),
        (In(column="b", values=(1,)), None), (Not(of=In(column="b", values=(1,))), None),
        (Range(column="b", at_least=0), None), (Like(column="b", pattern="*"), None),
        (Range(column="a", at_least=1, at_most=1), True), (Range(column="a", below=1), False),
    ],
)  # fmt: skip
def test_a_missing_value_makes_a_condition_neither_true_nor_false(tree: RowFilter, truth: bool | None) -> None:
    assert rowfilter.matches(tree, {"a": 1, "b": None}) is truth
    assert rowfilter.matches(tree, {"a": 1, "b": float("nan")}) is truth


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True), ("", "", True), ("", "x", False), ("?", "", False), ("?", "𝄞", True),
        ("Weld*", "Weld", True), ("Weld*", "weld", False), ("*a*b", "aab", True), ("*a*b", "aba", False),
        ("a%", "abc", False), ("a_", "ab", False), ("a.*", "abc", False), ("?*?", "ab", True), ("?*?", "a", False),
        ("**a**", "bab", True), ("*\n*", "a\nb", True), ("a*", "a\nb", True), ("*a" * 30, "a" * 200, True),
        ("*a" * 30 + "b", "a" * 200, False),
    ],
)  # fmt: skip
def test_a_star_stands_for_any_text_and_a_question_mark_for_one_character(pattern: str, text: str, fits: bool) -> None:
    assert rowfilter.matches(Like(column="text", pattern=pattern), {"text": text}) is fits


def test_days_instants_and_decimals_are_compared_as_such() -> None:
    row = {
        "day": date(2026, 1, 31),
        "at": datetime(2026, 1, 31, 12, tzinfo=timezone.utc),
        "local": datetime(2026, 1, 31, 12, tzinfo=timezone.utc).replace(tzinfo=None),
        "price": Decimal("12.50"),
    }
    tree = And(
        of=(
            Range(column="day", at_least="2026-01-31", below="2026-02-01"),
            Equals(column="at", value="2026-01-31T13:00:00+01:00"),
            Range(column="local", at_most="2026-01-31T12:00:00"),
            In(column="price", values=("12.5",)),
        )
    )
    assert rowfilter.matches(checked(tree), row) is True


def test_two_filters_together_say_nothing_twice() -> None:
    other = Missing(column="note")
    assert rowfilter.both(None, None) is None
    assert rowfilter.both(GRAZ, None) == rowfilter.both(None, GRAZ) == rowfilter.both(GRAZ, GRAZ) == GRAZ
    assert rowfilter.both(And(of=(GRAZ, other)), other) == And(of=(GRAZ, other))


def test_the_columns_that_are_looked_at_are_known() -> None:
    tree = And(of=(GRAZ, Not(of=Or(of=(Missing(column="note"), Range(column="day", below="2026-01-01"))))))
    assert rowfilter.columns_of(tree) == {"plant", "note", "day"}
