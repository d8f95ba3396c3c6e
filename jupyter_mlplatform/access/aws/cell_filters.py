"""Data cells filters of Lake Formation: which columns and rows of a table a grant is for. No calls.

The columns are always named, also when they are all that the table has: a wildcard would give what is added to the
table later to people to whom nobody granted it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from jupyter_mlplatform.access.aws import partiql_filter
from jupyter_mlplatform.access.aws.lake_places import Table
from jupyter_mlplatform.access.legs import Wanted
from jupyter_mlplatform.errors import Invalid

_ALL_ROWS = "TRUE"
"""What AWS tells as the expression of a filter that was made for all rows, beside or in place of the wildcard."""


class Cells(NamedTuple):
    """Columns in the order of their names (None: a wildcard), and the expression for the rows (None: all)."""

    columns: tuple[str, ...] | None
    rows: str | None


def of(wanted: Wanted, partitions: Collection[str] = ()) -> Cells:
    """The cells that a grant is for. Raises ``Invalid`` for rows that Lake Formation cannot keep to.

    ``partitions``: names of the columns that the table is partitioned by, where they are known.
    """
    scope, known = wanted.grant.scope, wanted.dataset.columns
    names = tuple(sorted(set(scope.columns)))
    strange = set(names) - {column.name for column in known}
    if not names or strange:
        raise Invalid(
            "access.invalid_columns",
            "A grant on a table of Lake Formation has to name columns that the table has.",
            cause=f"It has no {', '.join(sorted(strange))}." if strange else "This one names none.",
            next_step="Ask for columns of the dataset.",
        )
    rows = partiql_filter.text(scope.rows, known, partitions=partitions) if scope.rows is not None else None
    return Cells(names, rows)


def named(table: Table, name: str) -> dict[str, str]:
    """A filter as the API names it."""
    return {
        "TableCatalogId": table.catalog,
        "DatabaseName": table.database,
        "TableName": table.name,
        "Name": name,
    }


def data(table: Table, name: str, cells: Cells) -> dict[str, Any]:
    """A filter as the API takes it."""
    rows: dict[str, Any] = {"AllRowsWildcard": {}} if cells.rows is None else {"FilterExpression": cells.rows}
    return {**named(table, name), "ColumnNames": list(cells.columns or ()), "RowFilter": rows}


def read(answer: Mapping[str, Any]) -> Cells:
    """The cells of a filter that the API tells of."""
    names = tuple(sorted(answer.get("ColumnNames") or ()))
    said = answer.get("RowFilter") or {}
    expression = str(said.get("FilterExpression") or "").strip()
    every = not expression or expression.upper() == _ALL_ROWS
    return Cells(names or None, None if every else expression)


def difference(wanted: Cells, found: Cells) -> str:
    """What is other than wanted, as a sentence; empty when nothing is."""
    if found.columns is None:
        return "The filter has a wildcard in place of columns."
    more = sorted(set(found.columns) - set(wanted.columns or ()))
    less = sorted(set(wanted.columns or ()) - set(found.columns))
    if more:
        return f"The filter has further columns: {', '.join(more)}."
    if less:
        return f"The filter lacks columns: {', '.join(less)}."
    if wanted.rows != found.rows:
        return "The filter has other rows." if found.rows is not None else "The filter has all rows."
    return ""
