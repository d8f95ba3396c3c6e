"""What of a dataset is shown to those who may not use it yet: statistics, and the few rows that its owner allows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_mlplatform.errors import Invalid, nearest

if TYPE_CHECKING:
    from jupyter_mlplatform.access.models import Column

MOST_ROWS = 50
MOST_DISTINCT = 1000
LONGEST_VALUE = 100
PERSONAL = "personal"
_HASH_BYTES = 6


class Mask(str, Enum):
    """What is shown in the place of a value.

    ``hash``: the same sign for the same value, in this sample only, from which nobody finds the value; ``first``: its
    first character; ``null``: nothing.
    """

    HASH = "hash"
    FIRST = "first"
    NULL = "null"


class SampleRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the owner allows to be shown: so many rows of these columns, some of them masked."""

    columns: tuple[str, ...]
    rows: int = 10
    masks: dict[str, Mask] = {}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Rows to look at. Values are text, None where there is none; long ones end in ``…``."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


class ColumnStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """``missing``: the fraction of rows without a value, 0 to 1; ``distinct``: how many different values.

    ``distinct`` counts to 1,000; one more stands for more than that, and None for values that are not compared.
    ``least`` and ``most`` are given only of numbers and times that the sample shows as they are.
    """

    name: str
    missing: float
    distinct: int | None = None
    least: str | None = None
    most: str | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of the content with this ``fingerprint``."""

    fingerprint: str
    statistics: tuple[ColumnStatistics, ...] = ()
    sample: Sample | None = None


def typed(columns: str | None, rows: int, masks: Sequence[str]) -> SampleRule | None:
    """A rule as it is typed: columns with commas between them, masks as ``column=hash``; None for no columns said.

    Raises ``Invalid`` for a mask that is not one.
    """
    if columns is None:
        return None
    said = {}
    for mask in masks:
        column, _, kind = mask.rpartition("=")
        known = [each.value for each in Mask]
        if kind not in known or not column:
            raise _invalid(f"{mask!r} is not a mask.", f"Write it as COLUMN=KIND. {nearest(kind, known)}")
        said[column] = Mask(kind)
    return SampleRule(columns=tuple(name for name in columns.split(",") if name), rows=rows, masks=said)


def check(rule: SampleRule, columns: Iterable[Column]) -> None:
    """Raises ``Invalid`` for a rule that does not fit the columns, or would show personal values unmasked."""
    known = {column.name: column for column in columns}
    if not 1 <= rule.rows <= MOST_ROWS:
        raise _invalid(f"It asks for {rule.rows} rows.", f"Choose 1 to {MOST_ROWS} rows.")
    if not rule.columns or len(set(rule.columns)) != len(rule.columns):
        raise _invalid("It names no column, or one twice.", "Name each column once that may be shown.")
    for name in (*rule.columns, *rule.masks):
        if name not in known:
            raise _invalid(f"There is no column {name!r}.", nearest(name, known))
    for name in rule.masks:
        if name not in rule.columns:
            raise _invalid(f"It masks {name!r}, which it does not show.", "Name it in columns, or leave the mask out.")
    for name in rule.columns:
        if PERSONAL in known[name].tags and name not in rule.masks:
            raise _invalid(
                f"The column {name!r} is tagged {PERSONAL!r}.", 'Give it a mask ("hash", "first" or "null").'
            )


def plain(rule: SampleRule | None, columns: Iterable[Column]) -> frozenset[str]:
    """The columns whose values may be shown as they are."""
    if rule is None:
        return frozenset()
    personal = {column.name for column in columns if PERSONAL in column.tags}
    return frozenset(rule.columns) - rule.masks.keys() - personal


def sample(rule: SampleRule, rows: Sequence[Mapping[str, Any]], key: bytes) -> Sample:
    """The sample of these rows. ``key`` is random, used once and kept nowhere: it makes the hashes untraceable."""
    chosen = rows[: rule.rows]
    return Sample(
        columns=rule.columns,
        rows=tuple(tuple(_shown(row[name], rule.masks.get(name), key) for name in rule.columns) for row in chosen),
    )


def words(value: object) -> str | None:
    """A value as text, shortened."""
    if value is None:
        return None
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _shown(value: object, mask: Mask | None, key: bytes) -> str | None:
    if value is None or mask is Mask.NULL:
        return None
    if mask is Mask.HASH:
        text = f"{type(value).__name__}:{value!r}"
        return hashlib.blake2b(text.encode(errors="surrogatepass"), key=key, digest_size=_HASH_BYTES).hexdigest()
    if mask is Mask.FIRST:
        # The first character of a short text can be all of it.
        text = str(value)
        return f"{text[0]}…" if len(text) > 1 else "…"
    return words(value)


def _invalid(cause: str, next_step: str) -> Invalid:
    return Invalid("access.invalid_sample", "The sample cannot be shown like this.", cause=cause, next_step=next_step)
