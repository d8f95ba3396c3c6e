"""Parquet and CSV files on this machine, read with pyarrow (imported when a file is first touched)."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_mlplatform.access.models import Column, Dataset, Inspection
from jupyter_mlplatform.errors import Conflict, Invalid, NotFound, PlatformError, Unavailable, nearest

FORMATS = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}
_CHUNK = 1024 * 1024


class DataFiles:
    """Reads registered files and writes what was granted."""

    def inspect(self, path: Path) -> Inspection:
        """See :class:`~jupyter_mlplatform.access.ports.Files`."""
        location = _real(path)
        form = format_of(location)
        with _opened(location) as file:
            columns, rows = _parquet_schema(file, location) if form == "parquet" else _csv_schema(file, location)
            fingerprint = _sha256(file)
        names = [column.name for column in columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not names:
            cause = f"The column {twice[0]!r} appears twice." if twice else "It has no columns."
            raise _unreadable(location, cause)
        return Inspection(
            location=str(location), format=form, columns=columns, rows=rows, fingerprint=f"sha256:{fingerprint}"
        )

    def read(self, dataset: Dataset, columns: Sequence[str]) -> Any:
        """See :class:`~jupyter_mlplatform.access.ports.Files`. The content is compared before it is handed out."""
        location = Path(dataset.location)
        with _opened(location) as file:
            if f"sha256:{_sha256(file)}" != dataset.fingerprint:
                raise Conflict(
                    "access.data_changed",
                    f"The file of {dataset.id!r} is not the one that was registered.",
                    cause="Its content changed, and grants are for the registered content.",
                    next_step=f"Ask {dataset.owner} to register it again: mlplat data register FILE --id {dataset.id}",
                )
            table = _read(file, dataset, list(columns))
        # The file's own metadata may describe columns that were not granted.
        return table.select(list(columns)).replace_schema_metadata(None)

    def write(self, table: Any, path: Path) -> str:
        """See :class:`~jupyter_mlplatform.access.ports.Files`."""
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
                    fingerprint = _sha256(file)
                scratch.replace(path)
            finally:
                scratch.unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(
                "access.not_written",
                f"{path} cannot be written.",
                cause=f"{error.strerror or error}.",
                next_step="Choose another folder, or free some space.",
            ) from error
        return f"sha256:{fingerprint}"


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


def _real(path: Path) -> Path:
    """The file itself, with every link on the way resolved."""
    try:
        found = path.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise _vanished(path) from error
    if not found.is_file():
        raise Invalid("access.not_a_file", f"{path} is not a file.", next_step="Name one Parquet or CSV file.")
    return found


def _opened(location: Path) -> BinaryIO:
    try:
        # A link put in the file's place after registration is not followed.
        return os.fdopen(os.open(location, os.O_RDONLY | os.O_NOFOLLOW), "rb")
    except FileNotFoundError as error:
        raise _vanished(location) from error
    except OSError as error:
        raise Unavailable(
            "access.file_closed",
            f"The file {location.name} cannot be opened.",
            cause=f"{error.strerror}.",
            next_step="Ask its owner whether it may be read from here.",
        ) from error


def _sha256(file: Any) -> str:
    file.seek(0)
    running = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        running.update(chunk)
    file.seek(0)
    return running.hexdigest()


def _parquet_schema(file: BinaryIO, location: Path) -> tuple[tuple[Column, ...], int]:
    import pyarrow
    import pyarrow.parquet

    try:
        parquet = pyarrow.parquet.ParquetFile(file)
        schema, rows = parquet.schema_arrow, parquet.metadata.num_rows
    except (pyarrow.ArrowException, OSError) as error:
        raise _unreadable(location, str(error)) from error
    return tuple(Column(field.name, str(field.type)) for field in schema), rows


def _csv_schema(file: BinaryIO, location: Path) -> tuple[tuple[Column, ...], int]:
    import pyarrow
    import pyarrow.csv

    try:
        table = pyarrow.csv.read_csv(file)
    except (pyarrow.ArrowException, OSError) as error:
        raise _unreadable(location, str(error)) from error
    return tuple(Column(field.name, str(field.type)) for field in table.schema), table.num_rows


def _read(file: BinaryIO, dataset: Dataset, columns: list[str]) -> Any:
    import pyarrow

    try:
        if dataset.format == "parquet":
            import pyarrow.parquet

            return pyarrow.parquet.read_table(file, columns=columns)
        import pyarrow.csv

        options = pyarrow.csv.ConvertOptions(include_columns=columns)
        return pyarrow.csv.read_csv(file, convert_options=options)
    except (pyarrow.ArrowException, OSError, KeyError) as error:
        raise _unreadable(Path(dataset.location), str(error)) from error


def _write(table: Any, form: str, file: Any) -> None:
    if form == "parquet":
        import pyarrow.parquet

        pyarrow.parquet.write_table(table, file)
    else:
        import pyarrow.csv

        pyarrow.csv.write_csv(table, file)


def _vanished(path: Path) -> NotFound:
    return NotFound(
        "access.no_file",
        f"There is no file {path.name}.",
        cause="It was moved or deleted, or never was in this place.",
        next_step="Check the path; for a registered dataset, ask its owner.",
    )


def _unreadable(location: Path, cause: str) -> PlatformError:
    return Invalid(
        "access.file_unreadable",
        f"The file {location.name} cannot be read as {FORMATS.get(location.suffix.lower(), 'data')}.",
        cause=cause.strip().splitlines()[0],
        next_step="Write the file again, or register another one.",
    )
