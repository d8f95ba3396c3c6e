"""Registered data read piece by piece: for data that is larger than memory, and to tell how far a long read is.

A Parquet file is read one row group at a time. Other kinds are read whole and cut.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.local import content, single_file
from jupyter_mlplatform.access.local.bare import bare
from jupyter_mlplatform.access.local.data_files import DataFiles
from jupyter_mlplatform.access.models import Dataset, Grant
from jupyter_mlplatform.access.rowfilter import RowFilter


class StreamedFiles(DataFiles):
    """``DataFiles`` that can also be read in pieces."""

    def read(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None = None,
        hear: Hear | None = None,
        under: Grant | None = None,
        limit: int | None = None,
    ) -> Any:
        """See :class:`~jupyter_mlplatform.access.ports.Files`. ``hear`` is told while rows come in.

        Where a filter leaves rows out the rows in all are not known.
        """
        if hear is None or not _is_parquet_file(dataset):
            return super().read(dataset, columns, rows)
        import pyarrow

        total = dataset.rows if rows is None else None
        pieces = []
        with content.opened(Path(dataset.location)) as file:
            self._check(file, dataset)
            try:
                scanner = _scanner(file, columns, rows)
                if scanner is None:
                    return super().read(dataset, columns, rows)
                for piece in scanner.to_batches():
                    pieces.append(piece)
                    hear(piece.num_rows, total)
                return bare(pyarrow.Table.from_batches(pieces, scanner.projected_schema))
            except (pyarrow.ArrowException, OSError, KeyError, ValueError) as error:
                raise content.unreadable(Path(dataset.location).name, "parquet", content.cause_of(error)) from error

    def batches(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        size: int,
        under: Grant | None = None,
        limit: int | None = None,
    ) -> Iterator[Any]:
        """``pyarrow.RecordBatch`` of at most ``size`` rows, at least one of them, which may be empty.

        The content is compared before the first is handed out. Closing the iterator closes the data.
        """
        import pyarrow

        schema, empty = None, True
        with closing(self._tables(dataset, columns, rows)) as tables:
            try:
                for table in tables:
                    schema = table.schema
                    for piece in table.to_batches(max_chunksize=size):
                        empty = empty and not piece.num_rows
                        if piece.num_rows:
                            yield piece
            except (pyarrow.ArrowException, OSError, KeyError, ValueError) as error:
                name = Path(dataset.location).name
                raise content.unreadable(name, dataset.format, content.cause_of(error)) from error
        if empty:
            yield pyarrow.RecordBatch.from_pylist([], schema=schema)

    def _tables(self, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None) -> Generator[Any, None, None]:
        if not _is_parquet_file(dataset):
            yield self.read(dataset, columns, rows)
            return
        with closing(self._row_groups(dataset, columns, rows)) as groups:
            for group in groups:
                yield bare(group)

    def _row_groups(
        self, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None
    ) -> Generator[Any, None, None]:
        """A table for each row group that the filter's statistics do not rule out; an empty one when there is none."""
        import pyarrow.dataset

        with content.opened(Path(dataset.location)) as file:
            self._check(file, dataset)
            whole = pyarrow.dataset.ParquetFileFormat().make_fragment(file)
            schema = whole.physical_schema
            blind = rows is not None and single_file.scan_misjudges(rows, schema)
            groups = whole.split_by_row_group(None if blind else single_file.condition(rows, schema), schema=schema)
            if not groups:
                yield pyarrow.schema([schema.field(name) for name in columns]).empty_table()
            for group in groups:
                yield single_file.from_fragment(group, columns, rows, schema)

    def _check(self, file: BinaryIO, dataset: Dataset) -> None:
        if f"sha256:{self._digests.of(file, Path(dataset.location).name)}" != dataset.fingerprint:
            raise content.changed(dataset.id, dataset.owner)


def _is_parquet_file(dataset: Dataset) -> bool:
    return dataset.format == "parquet" and not dataset.location.endswith("/")


def _scanner(file: BinaryIO, columns: Sequence[str], rows: RowFilter | None) -> Any:
    """None where a scan would leave out rows."""
    import pyarrow.dataset

    whole = pyarrow.dataset.ParquetFileFormat().make_fragment(file)
    schema = whole.physical_schema
    if rows is not None and single_file.scan_misjudges(rows, schema):
        return None
    return whole.scanner(schema=schema, columns=list(columns), filter=single_file.condition(rows, schema))
