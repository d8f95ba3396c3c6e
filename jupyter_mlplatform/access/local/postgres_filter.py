"""Row filters, and columns as they are handed out, in PostgreSQL's SQL.

Names are psycopg's identifiers and values are parameters, or psycopg's literals where PostgreSQL takes no parameters
(in a view). Types that Arrow has no word for are read, and compared, as the text that PostgreSQL writes them in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowtree import Equals, In, Like, Missing, Range, RowFilter, Test, Value
from jupyter_mlplatform.access.rowvalues import Form, canonical, exact, form_of, invalid
from jupyter_mlplatform.errors import nearest

_CASTS = {
    "text": "text",
    "unknown": "text",
    "whole": "int8",
    "real": "float8",
    "decimal": "numeric",
    "truth": "bool",
    "day": "date",
}
_LIKE = {"*": "%", "?": "_", "%": "\\%", "_": "\\_", "\\": "\\\\"}


def shown(column: Column, table: str) -> Any:
    """A column as it is handed out, in a statement with parameters. A decimal that is no number is a missing one."""
    return _shown(name(table, column.name, doubled=True), form_of(column.type))


def condition(tree: RowFilter, columns: Sequence[Column], table: str) -> tuple[Any, list[Any]]:
    """What stands after ``WHERE``, as psycopg's ``Composable``, and its parameters; ``table``: the alias in use.

    Raises ``Invalid`` for a column that is not there and for a value that does not fit it.
    """
    values: list[Any] = []
    return _folded(tree, columns, table, values), values


def literal(tree: RowFilter, columns: Sequence[Column], table: str) -> Any:
    """The same with the values in the text, for a view."""
    return _folded(tree, columns, table, None)


def _folded(tree: RowFilter, columns: Sequence[Column], table: str, values: list[Any] | None) -> Any:
    from psycopg import sql

    forms = {column.name: form_of(column.type) for column in columns}

    def test(each: Test, wanted: bool) -> Any:
        form = forms.get(each.column)
        if form is None:
            raise invalid(f"There is no column {each.column!r}.", nearest(each.column, forms))
        column = name(table, each.column, doubled=values is not None)
        return _test(each, wanted, form, column, values)

    def joined(word: str) -> Any:
        return lambda parts: sql.SQL("({})").format(sql.SQL(word).join(parts))

    return rowfilter.fold(tree, test, joined(" AND "), joined(" OR "))


def name(*parts: str, doubled: bool) -> Any:
    """A name as an identifier. In a statement with parameters psycopg takes a % for one, also within a name."""
    from psycopg import sql

    return sql.Identifier(*(each.replace("%", "%%") if doubled else each for each in parts))


def _shown(column: Any, form: Form) -> Any:
    from psycopg import sql

    if form.kind == "decimal":
        return sql.SQL("NULLIF({}, 'NaN'::numeric)").format(column)
    return sql.SQL("{}::text").format(column) if form.kind in ("text", "unknown") else column


def _test(test: Test, wanted: bool, form: Form, column: Any, values: list[Any] | None) -> Any:
    from psycopg import sql

    number = {"real": "'NaN'::float8", "decimal": "'NaN'::numeric"}.get(form.kind)
    if isinstance(test, Missing):
        if number:
            words = "({0} IS NULL OR {0} = {1})" if wanted else "({0} IS NOT NULL AND {0} <> {1})"
            return sql.SQL(words).format(column, sql.SQL(number))
        return sql.SQL("{} IS NULL" if wanted else "{} IS NOT NULL").format(column)
    compared, beyond = _compared(test, wanted, form, _read(column, form), values)
    # In PostgreSQL what is not a number equals itself and is above every number.
    return sql.SQL("({} AND {} <> {})").format(compared, column, sql.SQL(number)) if number and beyond else compared


def _compared(
    test: Equals | In | Range | Like, wanted: bool, form: Form, read: Any, values: list[Any] | None
) -> tuple[Any, bool]:
    """The comparison, and whether it is true for what is above every number."""
    from psycopg import sql

    if isinstance(test, (Equals, Range)):
        sign, value = rowfilter.comparison(test, wanted)
        place = _place(_text(test.column, value, form), _cast(form), values)
        return sql.SQL(f"{{}} {sign} {{}}").format(read, place), sign in (">", ">=", "<>")
    if isinstance(test, Like):
        if form.kind not in ("text", "unknown"):
            raise invalid(
                f"The column {test.column!r} holds no text that could fit a pattern.", "Compare it with a value."
            )
        pattern = "".join(_LIKE.get(each, each) for each in str(exact(test.column, test.pattern, form)))
        words = "{} LIKE {}" if wanted else "{} NOT LIKE {}"
        return sql.SQL(words).format(read, _place(pattern, "text", values)), False
    if not test.values:
        raise invalid("A list of values is empty.", "Say what it holds, or leave it out.")
    listed = _place([_text(test.column, value, form) for value in test.values], f"{_cast(form)}[]", values)
    return sql.SQL("{} = ANY({})" if wanted else "{} <> ALL({})").format(read, listed), not wanted


def _read(column: Any, form: Form) -> Any:
    """Text is compared sign by sign, whatever the column's collation is."""
    from psycopg import sql

    return sql.SQL('({}::text COLLATE "C")').format(column) if _cast(form) == "text" else column


def _cast(form: Form) -> str:
    return _CASTS.get(form.kind) or ("timestamptz" if form.zoned else "timestamp")


def _text(column: str, value: Value, form: Form) -> str:
    """A value as PostgreSQL reads it in the column's type."""
    read = canonical(exact(column, value, form))
    return str(read).lower() if isinstance(read, bool) else repr(read) if isinstance(read, float) else str(read)


def _place(value: str | list[str], cast: str, values: list[Any] | None) -> Any:
    from psycopg import sql

    if values is None:
        return sql.SQL("{}::" + cast).format(sql.Literal(value))
    values.append(value)
    return sql.SQL(f"%s::{cast}")
