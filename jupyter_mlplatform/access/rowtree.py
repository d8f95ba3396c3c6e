"""The nouns of a row filter: a typed tree of conditions. Nobody supplies a query as text.

A condition on a missing value is neither true nor false, as in SQL, and only rows for which the whole is true are
handed out. A number that is not a number (NaN) is a missing value.
"""

from __future__ import annotations

import msgspec

Value = bool | int | float | str
"""What a column is compared with. Dates and times are ISO 8601 text: ``2026-01-31``, ``2026-01-31T12:00:00Z``."""


class _Test(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="test"):
    """A node of the tree."""


class Equals(_Test, frozen=True, tag="equals"):
    """The column has this value."""

    column: str
    value: Value


class In(_Test, frozen=True, tag="in"):
    """The column has one of these values."""

    column: str
    values: tuple[Value, ...]


class Range(_Test, frozen=True, tag="range"):
    """The column is at least, at most or below a value; at least one of them is said."""

    column: str
    at_least: Value | None = None
    at_most: Value | None = None
    below: Value | None = None


class Like(_Test, frozen=True, tag="like"):
    """The column's text fits a pattern: ``*`` stands for any text, ``?`` for one character; upper case matters."""

    column: str
    pattern: str


class Missing(_Test, frozen=True, tag="null"):
    """The column has no value."""

    column: str


class Not(_Test, frozen=True, tag="not"):
    """The condition is false."""

    of: RowFilter


class And(_Test, frozen=True, tag="and"):
    """All are true."""

    of: tuple[RowFilter, ...]


class Or(_Test, frozen=True, tag="or"):
    """At least one is true."""

    of: tuple[RowFilter, ...]


Test = Equals | In | Range | Like | Missing
"""A condition on one column."""

RowFilter = Equals | In | Range | Like | Missing | Not | And | Or
