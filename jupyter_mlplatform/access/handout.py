"""What leaves our hands of one dataset: narrowed to the grant first, then to what the person asks for, never wider."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from jupyter_mlplatform.access import refusal, rowfilter
from jupyter_mlplatform.access.models import Dataset, Grant
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import Conflict, Invalid, nearest

Hear = Callable[[int, int | None], None]
"""Is told of rows that came, and of how many there are in all (None: not known)."""


class Handout(msgspec.Struct, frozen=True, kw_only=True):
    """These ``columns``, of the rows for which ``rows`` is true (None: of all), and at most ``limit`` rows of them."""

    columns: tuple[str, ...]
    rows: RowFilter | None = None
    limit: int | None = None


def narrowed(
    dataset: Dataset,
    grant: Grant,
    columns: Sequence[str] = (),
    where: RowFilter | None = None,
    limit: int | None = None,
) -> Handout:
    """What a person gets by a grant: the named columns in their order, or all that are granted.

    ``where`` comes on top of the grant's own condition, and looks at granted columns only: a condition on another one
    would tell its values. Raises ``Invalid`` for what does not fit the dataset, ``Forbidden`` for a column that is not
    granted, and ``Conflict`` when no granted column is left in the dataset.
    """
    known = [column.name for column in dataset.columns]
    for name in columns:
        _check_column(name, known, dataset, grant)
    wanted = tuple(dict.fromkeys(columns)) or granted_columns(dataset, grant)
    if not wanted:
        raise Conflict(
            "access.columns_gone",
            f"None of the columns granted to you is in {dataset.id!r} any more.",
            next_step=f"Ask for the present columns: mlplat data request {dataset.id}",
        )
    if limit is not None and limit < 1:
        raise Invalid(
            "access.invalid_limit",
            f"{limit} rows cannot be read.",
            next_step="Ask for at least one row, or leave the limit out.",
        )
    return Handout(columns=wanted, rows=_condition(dataset, grant, known, where), limit=limit)


def granted_columns(dataset: Dataset, grant: Grant) -> tuple[str, ...]:
    """The granted columns that the dataset still has, in the grant's order."""
    known = {column.name for column in dataset.columns}
    return tuple(name for name in grant.scope.columns if name in known)


def mentioned(dataset: Dataset, grant: Grant, names: Collection[str], *, every: bool) -> tuple[str, ...]:
    """The granted columns of a dataset that a query may look at: those whose name it has somewhere, or ``every`` one.

    ``names`` are folded (SQL does not tell upper case from lower). A query that counts rows names no column; it gets
    the first one.
    """
    granted = granted_columns(dataset, grant)
    found = granted if every else tuple(name for name in granted if name.casefold() in names)
    return found or granted[:1]


def check_mentioned(held: Sequence[tuple[Dataset, Grant]], names: Collection[str]) -> None:
    """Raises ``Forbidden`` for a name that is a column of one of the datasets and granted of none."""
    granted = {name.casefold() for dataset, grant in held for name in granted_columns(dataset, grant)}
    for dataset, grant in held:
        for column in dataset.columns:
            if column.name.casefold() in names and column.name.casefold() not in granted:
                raise refusal.missing_column(column.name, grant)


def _condition(dataset: Dataset, grant: Grant, known: Sequence[str], where: RowFilter | None) -> RowFilter | None:
    if where is None:
        return grant.scope.rows
    for name in sorted(rowfilter.columns_of(where)):
        _check_column(name, known, dataset, grant)
    granted = set(grant.scope.columns)
    checked = rowfilter.check(where, [column for column in dataset.columns if column.name in granted])
    return rowfilter.both(grant.scope.rows, checked)


def _check_column(name: str, known: Sequence[str], dataset: Dataset, grant: Grant) -> None:
    if name not in known:
        told = f"{dataset.id!r} has no column {name!r}."
        raise Invalid("access.invalid_columns", told, next_step=nearest(name, known))
    if name not in grant.scope.columns:
        raise refusal.missing_column(name, grant)
