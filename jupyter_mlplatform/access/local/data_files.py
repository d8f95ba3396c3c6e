"""The data itself on this machine: Parquet and CSV files, folders of Parquet files, tables of SQLite files.

pyarrow is imported when data is first touched.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_mlplatform.access.local import content, database_table, parquet_folder, single_file
from jupyter_mlplatform.access.local.bare import bare
from jupyter_mlplatform.access.local.single_file import format_of
from jupyter_mlplatform.access.locations import kind_of
from jupyter_mlplatform.access.models import Dataset, Inspection, Kind
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.samples import Profile, SampleRule
from jupyter_mlplatform.errors import Conflict, Invalid, Unavailable

MOST_VALUES = 100_000_000
"""Rows times columns of which statistics are made; more would make registering a matter of minutes."""


class DataFiles:
    """Reads registered data and writes what was granted."""

    def __init__(self) -> None:
        self._digests = content.Digests()

    def inspect(self, path: Path) -> Inspection:
        """See :class:`~jupyter_mlplatform.access.ports.Files`."""
        if kind_of(str(path)) is Kind.TABLE:
            return database_table.inspect(str(path))
        location = content.real(path)
        inspect = parquet_folder.inspect if location.is_dir() else single_file.inspect
        return inspect(location, self._digests)

    def inspect_listed(self, location: str) -> Inspection:
        """See the port."""
        return self.inspect(Path(location))

    def read(self, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None = None) -> Any:
        """See :class:`~jupyter_mlplatform.access.ports.Files`. The content is compared before it is handed out."""
        kind = kind_of(dataset.location)
        if kind is Kind.TABLE:
            return bare(database_table.read(dataset, columns, rows))
        read = parquet_folder.read if kind is Kind.FOLDER else single_file.read
        return bare(read(dataset, columns, rows, self._digests))

    def profile(self, dataset: Dataset, rule: SampleRule | None) -> Profile:
        """See :class:`~jupyter_mlplatform.access.ports.Files`. Data of very many values has no statistics."""
        from jupyter_mlplatform.access.local.profile import profile

        names = [column.name for column in dataset.columns]
        if (dataset.rows or 0) * len(names) > MOST_VALUES:
            groups = []
        elif dataset.format == "parquet":
            groups = [[name] for name in names]  # each column lies alone in the file, and is alone in memory
        else:
            groups = [names]
        return profile(lambda some: self.read(dataset, some), dataset.columns, rule, dataset.fingerprint, groups)

    def target(self, path: Path, *, force: bool) -> Path:
        """See :class:`~jupyter_mlplatform.access.ports.Files`."""
        format_of(path)
        if "\0" in path.name:
            raise _unusable(path, "The name has a NUL character.")
        try:
            folder = path.expanduser().parent.resolve(strict=True)
            target = folder / path.name
            taken, usual = target.exists() or target.is_symlink(), target.is_file()
        except (OSError, RuntimeError, ValueError) as error:
            raise _unusable(path, "Its folder does not exist, or the name cannot be one.") from error
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise _unusable(path, f"{folder} is not a folder that you may write to.")
        if taken and not usual:
            raise _unusable(path, "Something that is not a file has this name.")
        if taken and not force:
            raise Conflict(
                "access.file_exists",
                f"{path.name} exists already.",
                next_step="Choose another name, or add --force to replace it.",
            )
        return target

    def write(self, table: Any, path: Path) -> str:
        """See :class:`~jupyter_mlplatform.access.ports.Files`."""
        import pyarrow

        form = format_of(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            scratch = Path(name)
            try:
                with os.fdopen(handle, "w+b") as file:
                    _write(table, form, file)
                    file.flush()
                    os.fsync(file.fileno())
                    fingerprint = content.sha256(file)
                scratch.replace(path)
            finally:
                scratch.unlink(missing_ok=True)
        except (pyarrow.ArrowException, ValueError) as error:
            raise Invalid(
                "access.not_written",
                f"{path.name} cannot be written as {form}.",
                cause=f"{error}.",
                next_step="Write a Parquet file; CSV has no lists or records.",
            ) from error
        except OSError as error:
            raise Unavailable(
                "access.not_written",
                f"{path} cannot be written.",
                cause=f"{error.strerror or error}.",
                next_step="Choose another folder, or free some space.",
            ) from error
        return f"sha256:{fingerprint}"


def _write(table: Any, form: str, file: Any) -> None:
    if form == "parquet":
        import pyarrow.parquet

        pyarrow.parquet.write_table(table, file)
    else:
        import pyarrow.csv

        pyarrow.csv.write_csv(table, file)


def _unusable(path: Path, cause: str) -> Invalid:
    return Invalid(
        "access.invalid_output",
        f"{path.name!r} cannot be written to.",
        cause=cause,
        next_step="Name a file in a folder that exists.",
    )
