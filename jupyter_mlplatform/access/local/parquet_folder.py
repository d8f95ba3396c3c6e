"""A folder of Parquet files of one schema, also in ``name=value`` folders, as one dataset.

Its fingerprint is the SHA-256 of a list of all files: name, size and SHA-256 of the content. Nothing cheaper (sizes,
times, the end of each file) would tell a file in which values were exchanged. So a big folder is read once whole by
each process that uses it, several files at a time; after that only files that changed are read again for it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote

from jupyter_mlplatform.access.local import content, single_file
from jupyter_mlplatform.access.local.content import Digests, Stamp
from jupyter_mlplatform.access.models import Column, Dataset, Inspection
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import Invalid, PlatformError

MOST_FILES = 10_000
_AT_ONCE = min(8, os.cpu_count() or 1)
# Table formats whose folder also holds files that are not part of the table any more.
_LOGS = {"_delta_log": "Delta", ".hoodie": "Hudi"}
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_WHOLE = range(-(2**63), 2**63)


class _Part(NamedTuple):
    """A file: its name below the folder, the values that its folders give, and what it held when it was hashed."""

    name: str
    values: tuple[tuple[str, str | None], ...]
    stamp: Stamp
    digest: str


def inspect(location: Path, digests: Digests) -> Inspection:
    """What the folder tells of itself. ``location`` has no link in it; a path that ends in ``/`` is what is kept."""
    with _folder(location) as folder, ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = _parts(folder, location, digests, pool)
        found = list(pool.map(lambda part: _columns(folder, part), parts))
    first = found[0][0]
    for part, (columns, _) in zip(parts, found, strict=True):
        _check_same(first, columns, parts[0].name, part.name)
    columns = (*first, *_given(parts))
    content.check_names([column.name for column in columns], location.name, "parquet")
    return Inspection(
        location=f"{location}/",
        format="parquet",
        columns=columns,
        rows=sum(rows for _, rows in found),
        fingerprint=_fingerprint(parts),
    )


def read(dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, digests: Digests) -> Any:
    """A ``pyarrow.Table`` of these columns of those rows, file by file in the order of their names."""
    import pyarrow

    location = Path(dataset.location)
    with _folder(location) as folder, ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            parts = _parts(folder, location, digests, pool)
        except Invalid as error:
            # It was a folder of Parquet files when it was registered.
            raise content.changed(dataset.id, dataset.owner, "folder") from error
        if _fingerprint(parts) != dataset.fingerprint:
            raise content.changed(dataset.id, dataset.owner, "folder")
        types = {column.name: column.type for column in dataset.columns}
        try:
            schema = _schema(folder, parts[0], types)
            tables = pool.map(lambda part: _table(folder, part, dataset, columns, rows, schema), parts)
            return pyarrow.concat_tables(tables)
        except (pyarrow.ArrowException, OSError, KeyError, ValueError) as error:
            raise content.unreadable(location.name, "parquet", content.cause_of(error)) from error


def _parts(folder: int, location: Path, digests: Digests, pool: ThreadPoolExecutor) -> list[_Part]:
    names = sorted(_files(folder, ""))
    if not names:
        raise _refused(location.name, "It has no Parquet files.")
    given = [_values(name) for name in names]
    for name, values in zip(names, given, strict=True):
        if [key for key, _ in values] != [key for key, _ in given[0]]:
            raise _refused(location.name, f"{name} does not lie in folders of the same names as {names[0]}.")

    def hashed(name: str, values: tuple[tuple[str, str | None], ...]) -> _Part:
        with _opened(folder, name) as file:
            return _Part(name, values, content.stamp(file), digests.of(file, PurePosixPath(name).name))

    return list(pool.map(hashed, names, given))


def _files(folder: int, below: str) -> list[str]:
    """Names of all files, by ``/``. What begins with ``_`` or ``.`` is a writer's own note and left out."""
    found: list[str] = []
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda entry: entry.name)
    for entry in inside:
        name = f"{below}{entry.name}"
        if entry.name in _LOGS:
            kind = _LOGS[entry.name]
            raise _refused(name, f"It belongs to a {kind} table, whose folder also holds rows that were deleted.")
        if entry.is_symlink():
            raise _refused(name, "It is a link, and where it leads to can be changed from outside.")
        if entry.name.startswith(("_", ".")):
            continue
        if entry.is_dir(follow_symlinks=False):
            with _below(folder, entry.name) as deeper:
                found += _files(deeper, f"{name}/")
        elif not entry.is_file(follow_symlinks=False) or not name.lower().endswith((".parquet", ".pq")):
            raise _refused(name, "It is not a Parquet file, and a folder that is a dataset holds nothing else.")
        else:
            found.append(name)
        if len(found) > MOST_FILES:
            raise _refused(below or name, f"The folder has more than {MOST_FILES:,} files.")
    return found


def _values(name: str) -> tuple[tuple[str, str | None], ...]:
    """``plant=Graz/line=3/0.parquet`` gives plant and line. Other folders give nothing."""
    pairs = [part.partition("=") for part in PurePosixPath(name).parts[:-1] if "=" in part]
    return tuple((unquote(key), None if value == _NO_VALUE else unquote(value)) for key, _, value in pairs)


def _given(parts: Sequence[_Part]) -> list[Column]:
    """The columns that the names of folders give: whole numbers where all are, text otherwise."""
    columns = []
    for number, (key, _) in enumerate(parts[0].values):
        said = [part.values[number][1] for part in parts]
        whole = all(value is None or _is_whole(value) for value in said) and any(value is not None for value in said)
        columns.append(Column(key, "int64" if whole else "string"))
    return columns


def _is_whole(text: str) -> bool:
    # 007 is a name, not a number.
    return (
        text.lstrip("-").isdecimal()
        and text.isascii()
        and len(text) < 20
        and text == str(int(text))
        and (int(text) in _WHOLE)
    )


def _fingerprint(parts: Sequence[_Part]) -> str:
    listed = [[part.name, part.stamp[2], part.digest] for part in parts]
    return f"sha256:{hashlib.sha256(json.dumps(listed).encode()).hexdigest()}"


def _columns(folder: int, part: _Part) -> tuple[tuple[Column, ...], int]:
    with _opened(folder, part.name) as file:
        if content.stamp(file) != part.stamp:
            raise _refused(part.name, "It changed while it was read.")
        return single_file.parquet_columns(file, part.name)


def _check_same(first: tuple[Column, ...], other: tuple[Column, ...], first_name: str, name: str) -> None:
    before, after = ({column.name: column.type for column in columns} for columns in (first, other))
    if before == after and len(first) == len(other):
        return
    for column in before.keys() - after.keys():
        raise _refused(name, f"It has no column {column!r}, which {first_name} has.")
    for column in after.keys() - before.keys():
        raise _refused(name, f"It has a column {column!r}, which {first_name} has not.")
    for column, kind in after.items():
        if kind != before[column]:
            raise _refused(name, f"Its column {column!r} is {kind}; in {first_name} it is {before[column]}.")
    raise _refused(name, "A column appears twice.")


def _schema(folder: int, part: _Part, types: dict[str, str]) -> Any:
    import pyarrow
    import pyarrow.parquet

    with _opened(folder, part.name) as file:
        schema = pyarrow.parquet.ParquetFile(file).schema_arrow.remove_metadata()
    for key, _ in part.values:
        schema = schema.append(pyarrow.field(key, pyarrow.int64() if types.get(key) == "int64" else pyarrow.string()))
    return schema


def _table(
    folder: int, part: _Part, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, schema: Any
) -> Any:
    import pyarrow
    import pyarrow.compute

    known = None
    for key, text in part.values:
        field, kind = pyarrow.compute.field(key), schema.field(key).type
        value = int(text) if text is not None and pyarrow.types.is_integer(kind) else text
        fact = field.is_null() if value is None else field == pyarrow.scalar(value, kind)
        known = fact if known is None else known & fact
    with _opened(folder, part.name) as file:
        if content.stamp(file) != part.stamp:
            raise content.changed(dataset.id, dataset.owner, "folder")
        return single_file.parquet(file, columns, rows, schema, known)


@contextmanager
def _folder(location: Path) -> Iterator[int]:
    with _below(None, str(location)) as folder:
        yield folder


@contextmanager
def _below(folder: int | None, name: str) -> Iterator[int]:
    """A folder, opened; a link in its place is not followed."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError as error:
        raise content.vanished(Path(name)) from error
    except OSError as error:
        raise content.closed(Path(name), error) from error
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _opened(folder: int, name: str) -> Iterator[BinaryIO]:
    """A file below the folder; no folder on the way may be a link."""
    path = PurePosixPath(name)
    if len(path.parts) == 1:
        with content.opened(Path(name), folder) as file:
            yield file
        return
    with _below(folder, path.parts[0]) as deeper, _opened(deeper, str(PurePosixPath(*path.parts[1:]))) as file:
        yield file


def _refused(name: str, cause: str) -> PlatformError:
    return Invalid(
        "access.folder_unusable",
        f"The folder cannot be a dataset because of {name!r}.",
        cause=cause,
        next_step="Keep only Parquet files of one schema in it, or register another folder.",
    )
