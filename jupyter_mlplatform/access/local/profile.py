"""Statistics and the sample of a dataset, computed when it is registered. No other value of the data is kept."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jupyter_mlplatform.access import samples
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.samples import ColumnStatistics, Profile, SampleRule

_PIECE = 65_536
Read = Callable[[Sequence[str]], Any]
"""Gives a ``pyarrow.Table`` of these columns, with all rows in an order that is always the same."""


def profile(
    read: Read, columns: Sequence[Column], rule: SampleRule | None, fingerprint: str, groups: Iterable[Sequence[str]]
) -> Profile:
    """What may be shown of data that has these columns. Statistics are made of one group of columns at a time.

    Raises ``Invalid`` for a rule that does not fit.
    """
    sample = None
    if rule is not None:
        samples.check(rule, columns)
        rows = read(rule.columns).slice(0, rule.rows).to_pylist()
        sample = samples.sample(rule, rows, secrets.token_bytes(32))
    shown = samples.plain(rule, columns)
    statistics = []
    for names in groups:
        table = read(names)
        statistics += [_statistics(table.column(name), name, name in shown) for name in names]
    return Profile(fingerprint=fingerprint, statistics=tuple(statistics), sample=sample)


def _statistics(column: Any, name: str, shown: bool) -> ColumnStatistics:
    rows = len(column)
    least, most = _ends(column) if shown else (None, None)
    return ColumnStatistics(
        name=name,
        missing=column.null_count / rows if rows else 0.0,
        distinct=_distinct(column),
        least=least,
        most=most,
    )


def _distinct(column: Any) -> int | None:
    """How many different values, one more than ``MOST_DISTINCT`` for more; None where they cannot be compared."""
    import pyarrow
    import pyarrow.compute

    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    if pyarrow.types.is_nested(kind):
        return None
    found = pyarrow.array([], kind)
    try:
        for chunk in column.chunks:
            plain = chunk.dictionary_decode() if pyarrow.types.is_dictionary(chunk.type) else chunk
            # Piece by piece, so that a column of a hundred million different values is not gathered first.
            for start in range(0, len(plain), _PIECE):
                new = pyarrow.compute.unique(plain.slice(start, _PIECE)).drop_null()
                found = pyarrow.compute.unique(pyarrow.concat_arrays([found, new]))
                if len(found) > samples.MOST_DISTINCT:
                    return samples.MOST_DISTINCT + 1
    except pyarrow.ArrowNotImplementedError:
        return None
    return len(found)


def _ends(column: Any) -> tuple[str | None, str | None]:
    """The least and the most of numbers and times; None where Python has no such value (the year 10000)."""
    import pyarrow
    import pyarrow.compute

    kind, types = column.type, pyarrow.types
    numbers = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    if not (numbers or types.is_date(kind) or types.is_timestamp(kind)):
        return None, None
    try:
        found = pyarrow.compute.min_max(column).as_py()
    except (pyarrow.ArrowNotImplementedError, ValueError, OverflowError):
        return None, None
    return samples.words(found["min"]), samples.words(found["max"])
