"""Parquet and CSV files on this machine, read with pyarrow (imported when a file is first touched)."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_mlplatform.access.local.bare import bare
from jupyter_mlplatform.access.models import Column, Dataset, Inspection
from jupyter_mlplatform.errors import Conflict, Invalid, NotFound, PlatformError, Unavailable, nearest

FORMATS = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}
_CHUNK = 1024 * 1024
# The beginnings of pyarrow's messages that never hold a value of the data; what follows them may.
_TOLD = re.compile(
    r"CSV parse error: (Row #\d+: )?Expected \d+ columns, got \d+"
    r"|In CSV column #\d+: CSV conversion error( to [\w\[\]]+)?"
    r"|Empty CSV file"
    r"|Parquet magic bytes not found in footer"
    r"|Parquet file size is \d+ bytes"
    r"|Couldn't deserialize thrift"
)


class DataFiles:
    """Reads registered files and writes what was granted."""

    def inspect(self, path: Path) -> Inspection:
        """See :class:`~jupyter_mlplatform.access.ports.Files`."""
        location = _real(path)
        form = format_of(location)
        with _opened(location) as file:
            columns, rows = _parquet_schema(file, location) if form == "parquet" else _csv_schema(file, location)
            fingerprint = _fingerprint(file, location)
        names = [column.name for column in columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not names:
            cause = f"The column {twice[0]!r} appears twice." if twice else "It has no columns."
            raise _unreadable(location, cause)
        return Inspection(location=str(location), format=form, columns=columns, rows=rows, fingerprint=fingerprint)

    def read(self, dataset: Dataset, columns: Sequence[str]) -> Any:
        """See :class:`~jupyter_mlplatform.access.ports.Files`. The content is compared before it is handed out."""
        location = Path(dataset.location)
        with _opened(location) as file:
            if _fingerprint(file, location) != dataset.fingerprint:
                raise Conflict(
                    "access.data_changed",
                    f"The file of {dataset.id!r} is not the one that was registered.",
                    cause="Its content changed, and grants are for the registered content.",
                    next_step=f"Ask {dataset.owner} to register it again: mlplat data register FILE --id {dataset.id}",
                )
            return _read(file, dataset, list(columns))

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
                    fingerprint = _sha256(file)
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
    except ValueError as error:
        raise Invalid("access.invalid_path", f"{str(path)!r} cannot be a path.", cause=f"{error}.") from error
    if not found.is_file():
        raise Invalid("access.not_a_file", f"{path.name} is not a file.", next_step="Name one Parquet or CSV file.")
    return found


def _opened(location: Path) -> BinaryIO:
    try:
        # A link put in the file's place after registration is not followed, and a pipe there is not waited for.
        handle = os.open(location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise _vanished(location) from error
    except OSError as error:
        raise Unavailable(
            "access.file_closed",
            f"The file {location.name} cannot be opened.",
            cause=f"{error.strerror}.",
            next_step="Ask its owner whether it may be read from here.",
        ) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Unavailable(
            "access.file_closed",
            f"{location.name} is not a file any more.",
            cause="Something else was put in its place.",
            next_step="Ask its owner to put the file back.",
        )
    return os.fdopen(handle, "rb")


def _sha256(file: Any) -> str:
    running = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        running.update(chunk)
    file.seek(0)
    return running.hexdigest()


def _fingerprint(file: BinaryIO, location: Path) -> str:
    try:
        return f"sha256:{_sha256(file)}"
    except OSError as error:
        raise Unavailable(
            "access.file_closed",
            f"The file {location.name} cannot be read to its end.",
            cause=f"{error.strerror or error}.",
            next_step="Try again later, or ask its owner.",
        ) from error


def _parquet_schema(file: BinaryIO, location: Path) -> tuple[tuple[Column, ...], int]:
    import pyarrow
    import pyarrow.parquet

    try:
        parquet = pyarrow.parquet.ParquetFile(file)
        columns = tuple(Column(field.name, str(field.type)) for field in parquet.schema_arrow)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise _unreadable(location, _cause(error)) from error
    return columns, parquet.metadata.num_rows


def _csv_schema(file: BinaryIO, location: Path) -> tuple[tuple[Column, ...], int]:
    import pyarrow
    import pyarrow.csv

    try:
        table = pyarrow.csv.read_csv(file)
        columns = tuple(Column(field.name, str(field.type)) for field in table.schema)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise _unreadable(location, _cause(error)) from error
    return columns, table.num_rows


def _read(file: BinaryIO, dataset: Dataset, columns: list[str]) -> Any:
    import pyarrow

    try:
        if dataset.format == "parquet":
            import pyarrow.parquet

            return bare(pyarrow.parquet.read_table(file, columns=columns).select(columns))
        import pyarrow.csv

        options = pyarrow.csv.ConvertOptions(include_columns=columns)
        return bare(pyarrow.csv.read_csv(file, convert_options=options).select(columns))
    except (pyarrow.ArrowException, OSError, KeyError, ValueError) as error:
        raise _unreadable(Path(dataset.location), _cause(error)) from error


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


def _cause(error: Exception) -> str:
    """What a reader says is wrong, without the values of the data that some of its sentences end with."""
    if isinstance(error, UnicodeDecodeError):
        return "The names of its columns are not UTF-8 text."
    told = _TOLD.match(str(error))
    return f"{told.group()}." if told else "Its content is not what the ending of its name says."


def _unusable(path: Path, cause: str) -> Invalid:
    return Invalid(
        "access.invalid_output",
        f"{path.name!r} cannot be written to.",
        cause=cause,
        next_step="Name a file in a folder that exists.",
    )


def _unreadable(location: Path, cause: str) -> PlatformError:
    return Invalid(
        "access.file_unreadable",
        f"The file {location.name} cannot be read as {FORMATS.get(location.suffix.lower(), 'data')}.",
        cause=cause,
        next_step="Write the file again, or register another one.",
    )
