"""One Parquet or CSV file, read with pyarrow through a file that is open already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_mlplatform.access.local import content
from jupyter_mlplatform.access.local.content import Digests
from jupyter_mlplatform.access.models import Column, Dataset, Inspection
from jupyter_mlplatform.access.rowfilter import RowFilter, columns_of
from jupyter_mlplatform.errors import Invalid, nearest

FORMATS = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}


def format_of(path: Path) -> str:
    """``parquet`` or ``csv``, by the name. Raises ``Invalid`` for any other."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise Invalid(
            "access.unknown_format",
            f"{path.name!r} is neither a Parquet nor a CSV file.",
            cause=f"Its name ends in {path.suffix or 'nothing'!r}.",
            next_step=nearest(path.suffix.lower(), FORMATS),
        )
    return form


def inspect(location: Path, digests: Digests) -> Inspection:
    """What the file tells of itself. ``location`` has no link in it."""
    if not location.is_file():
        raise Invalid(
            "access.not_a_file",
            f"{location.name} is not a file.",
            next_step="Name one Parquet or CSV file, or a folder of Parquet files.",
        )
    form = format_of(location)
    with content.opened(location) as file:
        columns, rows = parquet_columns(file, location.name) if form == "parquet" else _csv_columns(file, location)
        fingerprint = digests.of(file, location.name)
    content.check_names([column.name for column in columns], location.name, form)
    return Inspection(
        location=str(location), format=form, columns=columns, rows=rows, fingerprint=f"sha256:{fingerprint}"
    )


def read(dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, digests: Digests) -> Any:
    """A ``pyarrow.Table`` of these columns of those rows; what the filter alone looks at is not in it."""
    import pyarrow

    location = Path(dataset.location)
    with content.opened(location) as file:
        if f"sha256:{digests.of(file, location.name)}" != dataset.fingerprint:
            raise content.changed(dataset.id, dataset.owner)
        try:
            if dataset.format == "parquet":
                return parquet(file, columns, rows)
            return _csv(file, columns, rows)
        except (pyarrow.ArrowException, OSError, KeyError, ValueError) as error:
            raise content.unreadable(location.name, dataset.format, content.cause_of(error)) from error


def parquet(
    file: BinaryIO, columns: Sequence[str], rows: RowFilter | None, schema: Any = None, known: Any = None
) -> Any:
    """Only the row groups and columns that are needed are read.

    ``schema``: what the file is a part of, where columns are missing in it; ``known``: an expression that is true of
    all of its rows and gives the missing ones. Raises what pyarrow raises.
    """
    import pyarrow.dataset

    fragment = pyarrow.dataset.ParquetFileFormat().make_fragment(file, partition_expression=known)
    whole = fragment.physical_schema if schema is None else schema
    return from_fragment(fragment, columns, rows, whole)


def from_fragment(fragment: Any, columns: Sequence[str], rows: RowFilter | None, schema: Any) -> Any:
    """The columns of the rows that the filter is for, as a table."""
    chosen = condition(rows, schema)
    if rows is None or not scan_misjudges(rows, schema):
        return fragment.to_table(schema=schema, columns=list(columns), filter=chosen)
    needed = list(dict.fromkeys([*columns, *sorted(columns_of(rows))]))
    return fragment.to_table(schema=schema, columns=needed).filter(chosen).select(list(columns))


def scan_misjudges(rows: RowFilter, schema: Any) -> bool:
    """Whether the filter has to be applied to what was read, because a scan would leave out rows that it is for."""
    from jupyter_mlplatform.access.local.arrow_filter import misjudged

    return misjudged(rows, schema)


def condition(rows: RowFilter | None, schema: Any) -> Any:
    """The filter as a ``pyarrow.compute.Expression``; None for all rows."""
    if rows is None:
        return None
    from jupyter_mlplatform.access.local.arrow_filter import expression

    return expression(rows, schema)


def parquet_columns(file: BinaryIO, name: str) -> tuple[tuple[Column, ...], int]:
    """The columns in their order, and the number of rows."""
    import pyarrow
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.ParquetFile(file)
        columns = tuple(Column(field.name, str(field.type)) for field in found.schema_arrow)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise content.unreadable(name, "parquet", content.cause_of(error)) from error
    return columns, found.metadata.num_rows


def _csv_columns(file: BinaryIO, location: Path) -> tuple[tuple[Column, ...], int]:
    import pyarrow
    import pyarrow.csv

    try:
        table = pyarrow.csv.read_csv(file)
        columns = tuple(Column(field.name, str(field.type)) for field in table.schema)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise content.unreadable(location.name, "csv", content.cause_of(error)) from error
    return columns, table.num_rows


def _csv(file: BinaryIO, columns: Sequence[str], rows: RowFilter | None) -> Any:
    import pyarrow.csv

    needed = list(dict.fromkeys([*columns, *sorted(columns_of(rows) if rows is not None else ())]))
    table = pyarrow.csv.read_csv(file, convert_options=pyarrow.csv.ConvertOptions(include_columns=needed))
    chosen = condition(rows, table.schema)
    return (table if chosen is None else table.filter(chosen)).select(list(columns))
