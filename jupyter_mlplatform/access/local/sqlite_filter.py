"""A row filter as a condition for SQLite: names quoted, values as parameters, nothing of a person in the text."""

from __future__ import annotations

import sqlite3
from typing import Any

from jupyter_mlplatform.access.rowfilter import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter, Value

FITS = "mlplatform_fits"
# Text is compared character by character, whatever collation the column was declared with.
_EXACT = "COLLATE BINARY"


def prepare(connection: sqlite3.Connection) -> None:
    """Make the function known that :func:`compiled` needs. SQLite's own GLOB ends at a NUL character."""
    connection.create_function(FITS, 2, fits, deterministic=True)


def compiled(tree: RowFilter, table: str) -> tuple[str, list[Any]]:
    """The condition and its parameters. ``table`` is the name by which the query calls the table.

    A condition on a missing value is neither true nor false, as in the rest of SQL.
    """
    values: list[Any] = []
    return _text(tree, quoted(table), values), values


def quoted(name: str) -> str:
    """A name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def fits(text: object, pattern: str) -> bool | None:
    """Whether a text fits a pattern of :class:`~jupyter_mlplatform.access.rowfilter.Like`; None for no text."""
    if text is None:
        return None
    if not isinstance(text, str):
        return False
    first, *rest = pattern.split("*")
    if not _fits_at(text, 0, first):
        return False
    if not rest:
        return len(text) == len(first)
    at = len(first)
    for piece in rest[:-1]:
        while not _fits_at(text, at, piece):
            at += 1
            if at + len(piece) > len(text):
                return False
        at += len(piece)
    last = len(text) - len(rest[-1])
    return last >= at and _fits_at(text, last, rest[-1])


def _fits_at(text: str, at: int, piece: str) -> bool:
    if len(text) - at < len(piece):
        return False
    return all(wanted in ("?", found) for wanted, found in zip(piece, text[at : at + len(piece)], strict=True))


def _text(tree: RowFilter, table: str, values: list[Any]) -> str:
    if isinstance(tree, Not):
        return f"NOT ({_text(tree.of, table, values)})"
    if isinstance(tree, (And, Or)):
        joined = " AND " if isinstance(tree, And) else " OR "
        return joined.join(f"({_text(each, table, values)})" for each in tree.of)
    # With the table before it a name is never taken for a text, which SQLite does with unknown quoted names.
    column = f"{table}.{quoted(tree.column)}"
    if isinstance(tree, Missing):
        return f"{column} IS NULL"
    if isinstance(tree, Like):
        values += [tree.pattern]
        return f"{FITS}({column}, ?)"
    if isinstance(tree, Equals):
        values.append(_bound(tree.value))
        return f"{column} {_EXACT} = ?"
    if isinstance(tree, In):
        values += map(_bound, tree.values)
        return f"{column} {_EXACT} IN ({', '.join('?' * len(tree.values))})"
    return _range(tree, column, values)


def _range(tree: Range, column: str, values: list[Any]) -> str:
    bounds = ((">=", tree.at_least), ("<=", tree.at_most), ("<", tree.below))
    conditions = []
    for sign, value in bounds:
        if value is not None:
            values.append(_bound(value))
            conditions.append(f"{column} {_EXACT} {sign} ?")
    return " AND ".join(conditions)


def _bound(value: Value) -> Value:
    return int(value) if isinstance(value, bool) else value
