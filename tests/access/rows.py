"""Random tables and random conditions on them, with values that meet often and some that bite."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pyarrow
from hypothesis import strategies as st

from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowfilter import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter
from jupyter_mlplatform.access.rowvalues import canonical, form_of

_TEXTS = [
    "", "Graz", "graz", "Graz ", "Wien", "Zürich", "𝄞", "ﬀ", "a%b", "a_b", "a\\b", "a\\%", "%", "_", "\\", "'", '"',
    "''",     "' OR 1=1 --", '" OR ""="', "x'); DROP TABLE rows; --", "?", "*", "1", "true",
    "2026-01-01", "[a]", "a.b", "(",
]  # fmt: skip
PATTERNS = [
    "*", "**", "?", "??", "", "G*", "*z", "*r*", "G?az", "G*z", "*a*z", "a%*", "a_?", "a\\*", "*\\*", "*\\b", "%", "_",
    "*'*", "*--", "[a*", "a.?", "(*", "*\\%", "?𝄞", "?*",
]  # fmt: skip
_AWARE = [
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc),
    datetime(2026, 1, 1, tzinfo=timezone.utc),
    datetime(2026, 3, 29, 1, 30, 0, 5000, tzinfo=timezone.utc),
]
_INSTANTS = [each.replace(tzinfo=None) for each in _AWARE]

KINDS: dict[str, tuple[pyarrow.DataType, list[Any]]] = {
    "text": (pyarrow.string(), _TEXTS),
    "large": (pyarrow.large_string(), _TEXTS),
    "category": (pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), _TEXTS),
    "whole": (pyarrow.int64(), [-(2**63), -1, 0, 1, 2, 2**53 + 1, 2**63 - 1]),
    "small": (pyarrow.int8(), [-128, -1, 0, 1, 127]),
    "unsigned": (pyarrow.uint64(), [0, 1, 2**64 - 1]),
    "real": (pyarrow.float64(), [-1e300, -1.5, -0.0, 0.0, 0.1, 1.0, 2.5, 5e-324]),
    "single": (pyarrow.float32(), [-1.5, -0.0, 0.0, 0.1, 1.0, 3e38]),
    "half": (pyarrow.float16(), [-1.5, -0.0, 0.0, 0.1, 1.0]),
    "money": (pyarrow.decimal128(10, 2), [Decimal("-0.01"), Decimal(0), Decimal("12.50"), Decimal("99999999.99")]),
    "large_money": (pyarrow.decimal256(40, 3), [Decimal("-1.005"), Decimal(0), Decimal(10**36)]),
    "truth": (pyarrow.bool_(), [True, False]),
    "old_day": (pyarrow.date64(), [date(1969, 12, 31), date(2026, 1, 1)]),
    "day": (pyarrow.date32(), [date(1, 1, 1), date(1969, 12, 31), date(2026, 1, 1), date(9999, 12, 31)]),
    "instant": (pyarrow.timestamp("us", tz="UTC"), _AWARE),
    "vienna": (pyarrow.timestamp("ns", tz="Europe/Vienna"), _AWARE),
    "local": (pyarrow.timestamp("ms"), _INSTANTS),
    "nano": (pyarrow.timestamp("ns"), _INSTANTS),
}
"""The columns of every table here, by name: their type and the values that they and the conditions take."""

SCHEMA = pyarrow.schema([(name, type_) for name, (type_, _) in KINDS.items()])
COLUMNS = tuple(Column(field.name, str(field.type)) for field in SCHEMA)
_REAL = ("real", "single", "half")
_ORDERLESS = ("truth",)
_TEXTUAL = ("text", "large", "category")


def tables(names: tuple[str, ...], most: int = 5) -> st.SearchStrategy[pyarrow.Table]:
    """Tables of these columns."""
    rows = st.lists(st.fixed_dictionaries({name: _cells(name) for name in names}), max_size=most)
    schema = pyarrow.schema([SCHEMA.field(name) for name in names])
    return rows.map(lambda made: pyarrow.Table.from_pylist(made, schema=schema))


def trees(names: tuple[str, ...]) -> st.SearchStrategy[RowFilter]:
    """Conditions on these columns, as they are sent."""
    leaves = st.one_of([_leaf(name) for name in names])

    def grown(inner: st.SearchStrategy[RowFilter]) -> st.SearchStrategy[RowFilter]:
        several = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return inner.map(lambda of: Not(of=of)) | several.map(lambda of: And(of=of)) | several.map(lambda of: Or(of=of))

    return st.recursive(leaves, grown, max_leaves=6)


def _cells(name: str) -> st.SearchStrategy[Any]:
    kinds = [st.none(), st.sampled_from(KINDS[name][1])]
    if name in _REAL:
        kinds.append(st.just(math.nan))
    if name in _TEXTUAL:
        kinds.append(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4))
    return st.one_of(kinds)


def _leaf(name: str) -> st.SearchStrategy[RowFilter]:
    values = st.sampled_from([_sent(name, value) for value in KINDS[name][1]])
    kinds: list[st.SearchStrategy[RowFilter]] = [
        values.map(lambda value: Equals(column=name, value=value)),
        st.lists(values, min_size=1, max_size=4).map(lambda chosen: In(column=name, values=tuple(chosen))),
        st.just(Missing(column=name)),
    ]
    if name not in _ORDERLESS:
        kinds.append(_ranges(name))
    if name in _TEXTUAL:
        kinds.append(st.sampled_from(PATTERNS).map(lambda pattern: Like(column=name, pattern=pattern)))
    return st.one_of(kinds)


def _ranges(name: str) -> st.SearchStrategy[RowFilter]:
    ordered = sorted(set(KINDS[name][1]))

    def made(ends: tuple[int, int], shape: int) -> RowFilter:
        low, high = (_sent(name, ordered[end]) for end in sorted(ends))
        shapes: list[Callable[[], RowFilter]] = [
            lambda: Range(column=name, at_least=low),
            lambda: Range(column=name, at_most=high),
            lambda: Range(column=name, below=high),
            lambda: Range(column=name, at_least=low, at_most=high),
            lambda: Range(column=name, at_least=low, **({"at_most": high} if low == high else {"below": high})),
        ]
        return shapes[shape]()

    end = st.integers(0, len(ordered) - 1)
    return st.builds(made, st.tuples(end, end), st.integers(0, 4))


def _sent(name: str, value: Any) -> Any:
    """A value as somebody sends it."""
    if isinstance(value, datetime) and form_of(str(KINDS[name][0])).zoned:
        return canonical(value.astimezone(timezone.utc))
    return canonical(value)
