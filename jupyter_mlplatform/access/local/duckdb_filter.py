"""Row filters as a condition of DuckDB's SQL, with every value apart from the text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowtree import Equals, Like, Missing, Range, RowFilter, Test, Value
from jupyter_mlplatform.access.rowvalues import Form, canonical, exact, form_of, invalid
from jupyter_mlplatform.errors import nearest

_WIDEST = 38
"""Digits of DuckDB's longest decimal."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def compiled(tree: RowFilter, columns: Sequence[Column]) -> tuple[str, list[Any]]:
    """What stands after ``WHERE``, with a ``?`` for each of the values, and the values in that order.

    Raises ``Invalid`` for a column that is not there and for a value that does not fit it.
    """
    forms = {column.name: form_of(column.type) for column in columns}
    values: list[Any] = []

    def test(each: Test, wanted: bool) -> str:
        form = forms.get(each.column)
        if form is None:
            raise invalid(f"There is no column {each.column!r}.", nearest(each.column, forms))
        return _test(each, wanted, form, values)

    return rowfilter.fold(tree, test, _every, _some), values


def quoted(name: str) -> str:
    """A name in SQL. Raises ``Invalid`` for one that SQL cannot have."""
    if not name or "\0" in name:
        raise invalid(f"{name!r} cannot be the name of a column.")
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _every(parts: list[str]) -> str:
    return f"({' AND '.join(parts)})"


def _some(parts: list[str]) -> str:
    return f"({' OR '.join(parts)})"


def _test(test: Test, wanted: bool, form: Form, values: list[Any]) -> str:
    name = quoted(test.column)
    real = form.kind == "real"
    if isinstance(test, Missing):
        if real:
            return f"({name} IS NULL OR isnan({name}))" if wanted else f"({name} IS NOT NULL AND NOT isnan({name}))"
        return f"{name} IS NULL" if wanted else f"{name} IS NOT NULL"
    if isinstance(test, (Equals, Range)):
        sign, value = rowfilter.comparison(test, wanted)
        compared = f"{_read(name, form)} {sign} {_place(test.column, value, form, values)}"
        # In DuckDB what is not a number equals itself and is above every number.
        return f"({compared} AND NOT isnan({name}))" if real and sign in (">", ">=", "<>") else compared
    if isinstance(test, Like):
        return f"{name} {'' if wanted else 'NOT '}LIKE {_pattern(test, form, values)} ESCAPE '\\'"
    if not test.values:
        raise invalid("A list of values is empty.", "Say what it holds, or leave it out.")
    places = ", ".join(_place(test.column, value, form, values) for value in test.values)
    found = f"{_read(name, form)} {'' if wanted else 'NOT '}IN ({places})"
    return f"({found} AND NOT isnan({name}))" if real and not wanted else found


def _read(name: str, form: Form) -> str:
    return f"epoch_ns({name})" if _counted(form) else name


def _counted(form: Form) -> bool:
    """Nanoseconds with a zone are compared as their number: their type has another name in each DuckDB."""
    return form.kind == "instant" and form.zoned and form.unit == "ns"


def _place(column: str, value: Value, form: Form, values: list[Any]) -> str:
    """Keep a value and say where it goes, read as the column's type where Python's own would be another."""
    read = exact(column, value, form)
    if isinstance(read, datetime) and _counted(form):
        values.append((read - _EPOCH) // timedelta(microseconds=1) * 1000)
        return "?"
    values.append(canonical(read))
    if form.kind == "day":
        return "CAST(? AS DATE)"
    if form.kind == "instant":
        return "CAST(? AS TIMESTAMPTZ)" if form.zoned else "CAST(? AS TIMESTAMP)"
    if form.kind != "decimal":
        return "?"
    if form.precision > _WIDEST:
        raise invalid(f"The numbers of the column {column!r} are too long for DuckDB.")
    return f"CAST(? AS DECIMAL({form.precision}, {form.scale}))"


def _pattern(test: Like, form: Form, values: list[Any]) -> str:
    if form.kind not in ("text", "unknown"):
        raise invalid(f"The column {test.column!r} holds no text that could fit a pattern.")
    signs = {"*": "%", "?": "_", "%": "\\%", "_": "\\_", "\\": "\\\\"}
    pattern = str(exact(test.column, test.pattern, form))
    values.append("".join(signs.get(each, each) for each in pattern))
    return "?"
