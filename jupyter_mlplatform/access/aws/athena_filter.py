"""Row filters as a condition of Athena's SQL (Trino's), with every value written as a literal of its column's type.

Athena's execution parameters are put into the text as they are, so that they would have to be quoted all the same. In
Trino a quote inside a text is written twice and nothing else has a meaning there; names are in double quotes. Source:
Trino documentation, "SQL statement syntax", "Data types" and "Comparison functions and operators".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowtree import Equals, Like, Missing, Range, RowFilter, Test, Value
from jupyter_mlplatform.access.rowvalues import Form, exact, form_of, invalid
from jupyter_mlplatform.errors import nearest

ESCAPE = "\\"
WIDEST = 38
"""Digits of the longest decimal."""
_SIGNS = {"*": "%", "?": "_", "%": f"{ESCAPE}%", "_": f"{ESCAPE}_", ESCAPE: f"{ESCAPE}{ESCAPE}"}
_WHOLE = {8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}


def condition(tree: RowFilter, columns: Sequence[Column]) -> str:
    """What stands after ``WHERE``: true for exactly the rows for which the tree is.

    Raises ``Invalid`` for a column that is not there and for a value that does not fit it.
    """
    forms = {column.name: form_of(column.type) for column in columns}

    def test(each: Test, wanted: bool) -> str:
        form = forms.get(each.column)
        if form is None:
            raise invalid(f"There is no column {each.column!r}.", nearest(each.column, forms))
        return _test(each, wanted, form)

    return rowfilter.fold(tree, test, _every, _some)


def quoted(name: str) -> str:
    """A name in SQL. Raises ``Invalid`` for one that SQL cannot have."""
    if not name or not name.isprintable():
        raise invalid(f"{name!r} cannot be the name of a column or table.")
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def text(value: str) -> str:
    """A text in SQL. Raises ``Invalid`` for one with characters that are not for reading."""
    if any(ord(each) < 32 for each in value):
        raise invalid("A text has an unreadable character.")
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _every(parts: list[str]) -> str:
    return f"({' AND '.join(parts)})"


def _some(parts: list[str]) -> str:
    return f"({' OR '.join(parts)})"


def _test(test: Test, wanted: bool, form: Form) -> str:
    name, real = quoted(test.column), form.kind == "real"
    if isinstance(test, Missing):
        if real:
            return f"({name} IS NULL OR is_nan({name}))" if wanted else f"({name} IS NOT NULL AND NOT is_nan({name}))"
        return f"{name} IS NULL" if wanted else f"{name} IS NOT NULL"
    if isinstance(test, (Equals, Range)):
        sign, value = rowfilter.comparison(test, wanted)
        compared = f"{name} {sign} {_literal(test.column, value, form)}"
        # Of the comparisons, only this one is true for what is not a number; versions of Trino differ on the others.
        return f"({compared} AND NOT is_nan({name}))" if real else compared
    if isinstance(test, Like):
        return f"{name} {'' if wanted else 'NOT '}LIKE {_pattern(test, form)} ESCAPE '{ESCAPE}'"
    if not test.values:
        raise invalid("A list of values is empty.", "Say what it holds, or leave it out.")
    values = ", ".join(_literal(test.column, value, form) for value in test.values)
    found = f"{name} {'' if wanted else 'NOT '}IN ({values})"
    return f"({found} AND NOT is_nan({name}))" if real else found


def _literal(column: str, value: Value, form: Form) -> str:
    read = exact(column, value, form)
    if isinstance(read, bool):
        return "TRUE" if read else "FALSE"
    if isinstance(read, str):
        return text(read)
    if isinstance(read, int):
        # Unsigned columns do not exist in Glue; a number that fits no type of a column's size is refused by exact().
        return f"{_WHOLE[form.bits]} '{read}'"
    if isinstance(read, float):
        return f"{'REAL' if form.bits < 64 else 'DOUBLE'} '{read!r}'"
    if isinstance(read, datetime):
        zone = " UTC" if form.zoned else ""
        return f"TIMESTAMP '{read:%Y-%m-%d %H:%M:%S.%f}{zone}'" if read.year > 999 else _early(column)
    if isinstance(read, date):
        return f"DATE '{read.isoformat()}'"
    return _decimal(column, read, form)


def _decimal(column: str, value: Decimal, form: Form) -> str:
    if form.precision > WIDEST:
        raise invalid(f"The numbers of the column {column!r} are too long for Athena.")
    return f"CAST('{value:f}' AS DECIMAL({form.precision}, {form.scale}))"


def _early(column: str) -> str:
    raise invalid(f"An instant for {column!r} is before the year 1000.", "Choose a later one.")


def _pattern(test: Like, form: Form) -> str:
    if form.kind not in ("text", "unknown"):
        raise invalid(f"The column {test.column!r} holds no text that could fit a pattern.")
    pattern = str(exact(test.column, test.pattern, form))
    return text("".join(_SIGNS.get(each, each) for each in pattern))
