"""Which rows of a dataset: what may be asked, what it means, and how it is put together.

The nouns are in ``rowtree``, the values in ``rowvalues``, the words for people in ``rowwords``; all is found here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_mlplatform.access.rowtree import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter, Test, Value
from jupyter_mlplatform.access.rowvalues import Exact, Form, canonical, exact, form_of, invalid
from jupyter_mlplatform.access.rowwords import parse, words
from jupyter_mlplatform.errors import Invalid, nearest

if TYPE_CHECKING:
    from jupyter_mlplatform.access.models import Column

__all__ = [
    "And", "Equals", "In", "Like", "Missing", "Not", "Or", "Range", "RowFilter", "Test", "Value",
    "both", "check", "columns_of", "comparison", "fold", "matches", "parse", "words",
]  # fmt: skip

DEEPEST = 8
"""Levels of conditions within conditions."""
MOST_CONDITIONS = 100
MOST_VALUES = 1000
"""Values that one condition lists."""

T = TypeVar("T")


def check(tree: RowFilter, columns: Sequence[Column]) -> RowFilter:
    """The same conditions with each value in its column's type and in its canonical form.

    Text is understood as a value of the column's type, so that what a person typed may be checked as it is. Raises
    ``Invalid`` for a column that is not there, a value that does not fit, conditions that no row can meet by their
    form, and for more than is accepted.
    """
    if (size := _size(tree, 1)) > MOST_CONDITIONS:
        raise invalid(f"There are {size:,} conditions; at most {MOST_CONDITIONS} are accepted.", "Say it with fewer.")
    return _checked(tree, {column.name: form_of(column.type) for column in columns})


def both(one: RowFilter | None, other: RowFilter | None) -> RowFilter | None:
    """What is true where both are; None stands for all rows. Conditions that are there already are not said twice."""
    if one is None or other is None:
        return one if other is None else other
    parts = [*(one.of if isinstance(one, And) else (one,)), *(other.of if isinstance(other, And) else (other,))]
    distinct = [each for number, each in enumerate(parts) if each not in parts[:number]]
    return distinct[0] if len(distinct) == 1 else And(of=tuple(distinct))


def columns_of(tree: RowFilter) -> frozenset[str]:
    """The columns that it looks at."""
    if isinstance(tree, Not):
        return columns_of(tree.of)
    if isinstance(tree, (And, Or)):
        return frozenset().union(*(columns_of(each) for each in tree.of))
    return frozenset({tree.column})


def fold(
    tree: RowFilter,
    test: Callable[[Test, bool], T],
    every: Callable[[list[T]], T],
    some: Callable[[list[T]], T],
    *,
    wanted: bool = True,
) -> T:
    """Put a tree into other words that need no *not*: ``test`` is given a condition and whether it has to be true.

    ``every`` and ``some`` join what ``test`` gave. A range comes with one bound at a time. What ``test`` gives must
    hold for no row where the column has no value, except where :class:`Missing` has to be true; then a row fits the
    whole exactly when the tree is true for it. Raises ``Invalid`` for a tree that says nothing.
    """
    if isinstance(tree, Not):
        return fold(tree.of, test, every, some, wanted=not wanted)
    if not isinstance(tree, (And, Or, Range)):
        return test(tree, wanted)
    parts = [test(each, wanted) for each in _bounds(tree)] if isinstance(tree, Range) else []
    if isinstance(tree, (And, Or)):
        parts = [fold(each, test, every, some, wanted=wanted) for each in tree.of]
    if not parts:
        raise _empty(tree)
    if len(parts) == 1:
        return parts[0]
    return some(parts) if isinstance(tree, Or) is wanted else every(parts)


def comparison(test: Equals | Range, wanted: bool) -> tuple[str, Value]:
    """``=``, ``<>``, ``>=``, ``<=``, ``<`` or ``>``, and the value, of a condition with one bound."""
    if isinstance(test, Equals):
        return ("=" if wanted else "<>"), test.value
    if test.at_least is not None:
        return (">=" if wanted else "<"), test.at_least
    if test.at_most is not None:
        return ("<=" if wanted else ">"), test.at_most
    if test.below is not None:
        return ("<" if wanted else ">="), test.below
    raise _empty(test)


def matches(tree: RowFilter, row: Mapping[str, Any]) -> bool | None:
    """Whether checked conditions are true for a row; ``None``: neither true nor false.

    The row has Python values, as pyarrow hands them out. This is what every other form of a filter has to agree with.
    """
    if isinstance(tree, Not):
        inner = matches(tree.of, row)
        return None if inner is None else not inner
    if isinstance(tree, And):
        return _every(matches(each, row) for each in tree.of)
    if isinstance(tree, Or):
        opposite = _every(None if (each := matches(part, row)) is None else not each for part in tree.of)
        return None if opposite is None else not opposite
    cell = row[tree.column]
    missing = cell is None or (isinstance(cell, (float, Decimal)) and math.isnan(cell))
    if isinstance(tree, Missing):
        return missing
    return None if missing else _holds(tree, cell)


def _every(answers: Iterable[bool | None]) -> bool | None:
    distinct = set(answers)
    if False in distinct:
        return False
    return None if None in distinct else True


def _holds(test: Equals | In | Range | Like, cell: Any) -> bool:
    if isinstance(test, Like):
        return _fits(str(cell), test.pattern)
    if isinstance(test, Equals):
        return bool(cell == _like_cell(test.column, test.value, cell))
    if isinstance(test, In):
        return any(cell == _like_cell(test.column, value, cell) for value in test.values)
    low, high, end = (
        None if value is None else _like_cell(test.column, value, cell)
        for value in (test.at_least, test.at_most, test.below)
    )
    return (low is None or cell >= low) and (high is None or cell <= high) and (end is None or cell < end)


def _like_cell(column: str, value: Value, cell: Any) -> Any:
    """The value as what the cell is, so that the two can be compared."""
    if isinstance(cell, datetime):
        return exact(column, value, Form("instant", zoned=cell.tzinfo is not None))
    if isinstance(cell, date):
        return exact(column, value, Form("day"))
    return Decimal(value) if isinstance(cell, Decimal) else value


def _fits(text: str, pattern: str) -> bool:
    """Compare with a pattern in steps that grow with the product of the lengths at most."""
    here = there = 0
    star, resumed = -1, 0
    while here < len(text):
        if there < len(pattern) and pattern[there] == "*":
            star, resumed = there, here
            there += 1
        elif there < len(pattern) and pattern[there] in ("?", text[here]):
            here, there = here + 1, there + 1
        elif star >= 0:
            resumed += 1
            here, there = resumed, star + 1
        else:
            return False
    return not pattern[there:].strip("*")


def _size(tree: RowFilter, depth: int) -> int:
    if depth > DEEPEST:
        raise invalid(f"The conditions are nested more than {DEEPEST} deep.", "Say it with fewer brackets.")
    if isinstance(tree, Not):
        return 1 + _size(tree.of, depth + 1)
    return 1 + sum(_size(each, depth + 1) for each in tree.of) if isinstance(tree, (And, Or)) else 1


def _checked(tree: RowFilter, forms: Mapping[str, Form]) -> RowFilter:
    if isinstance(tree, Not):
        return Not(of=_checked(tree.of, forms))
    if isinstance(tree, (And, Or)):
        if not tree.of:
            raise _empty(tree)
        return type(tree)(of=tuple(_checked(each, forms) for each in tree.of))
    form = forms.get(tree.column)
    if form is None:
        raise invalid(f"There is no column {tree.column!r}.", nearest(tree.column, forms))
    return tree if isinstance(tree, Missing) else _fitted(tree, form)


def _fitted(test: Equals | In | Range | Like, form: Form) -> RowFilter:
    column = test.column
    if isinstance(test, Equals):
        return Equals(column=column, value=canonical(exact(column, test.value, form)))
    if isinstance(test, Range):
        return _range(test, form)
    if isinstance(test, Like):
        if form.kind not in ("text", "unknown"):
            raise invalid(f"The column {column!r} holds no text that could fit a pattern.", "Compare it with a value.")
        return Like(column=column, pattern=str(exact(column, test.pattern, form)))
    if not test.values:
        raise _empty(test)
    if len(test.values) > MOST_VALUES:
        cause = f"{len(test.values):,} values are listed for {column!r}; at most {MOST_VALUES:,} are accepted."
        raise invalid(cause, "Use a range or a pattern.")
    values = dict.fromkeys(canonical(exact(column, value, form)) for value in test.values)
    return In(column=column, values=tuple(values))


def _range(test: Range, form: Form) -> Range:
    column = test.column
    if form.kind == "truth":
        raise invalid(f"The column {column!r} is true or false, which has no order.", f"Write {column}=true.")
    if test.at_most is not None and test.below is not None:
        raise invalid(f"The range of {column!r} has two upper ends.", "Say either at most or below.")
    read: list[Exact | None] = [
        None if value is None else exact(column, value, form) for value in (test.at_least, test.at_most, test.below)
    ]
    low, high, end = (None if value is None else canonical(value) for value in read)
    first, last, stop = read
    if first is None and last is None and stop is None:
        raise _empty(test)
    if first is not None and (_above(first, last) or _above(first, stop) or first == stop):
        raise invalid(f"The range of {column!r} ends before it begins, so that no row is in it.", "Swap the two ends.")
    return Range(column=column, at_least=low, at_most=high, below=end)


def _above(one: Any, other: Any) -> bool:
    return other is not None and bool(one > other)


def _bounds(test: Range) -> list[Range]:
    ends = {"at_least": test.at_least, "at_most": test.at_most, "below": test.below}
    return [Range(column=test.column, **{name: value}) for name, value in ends.items() if value is not None]


def _empty(tree: RowFilter) -> Invalid:
    what = {In: "A list of values", Range: "A range"}.get(type(tree), "A group of conditions")
    return invalid(f"{what} is empty.", "Say what it holds, or leave it out.")
