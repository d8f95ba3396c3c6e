"""One table of an SQLite file, read only. Its place is written ``sqlite:///absolute/path#table``.

Its fingerprint is the SHA-256 of its columns, their types and all rows in the table's own order, as a file's is of the
file's bytes: grants are for the registered content.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_mlplatform.access import locations
from jupyter_mlplatform.access.local import content, sqlite_filter
from jupyter_mlplatform.access.local.sqlite_filter import quoted
from jupyter_mlplatform.access.models import Column, Dataset, Inspection
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import Invalid, PlatformError, Unavailable, nearest

FORMAT = "sqlite"
_BUSY_SECONDS = 10.0
_BATCH = 20_000
_ALIAS = "asked"
# What a column is called by what its values are; whole numbers fit where fractions are.
_TYPES = {
    frozenset({"integer"}): "int64",
    frozenset({"real"}): "double",
    frozenset({"integer", "real"}): "double",
    frozenset({"text"}): "string",
    frozenset({"blob"}): "binary",
}
# For a column without any value: what it was declared as, in SQLite's own order of looking.
_DECLARED = (("INT", "int64"), ("CHAR", "string"), ("CLOB", "string"), ("TEXT", "string"), ("BLOB", "binary"))
_FRACTIONS = ("REAL", "FLOA", "DOUB")


def inspect(location: str) -> Inspection:
    """What the table tells of itself. Raises ``NotFound`` or ``Invalid``."""
    path, table = locations.file_and_table(location)
    path = content.real(path)
    with _opened(path) as connection:
        declared = _declared(connection, path, table)
        content.check_names([name for name, _ in declared], table, FORMAT)
        columns = tuple(
            Column(name, kind)
            for (name, _), kind in zip(declared, _types(connection, path, table, declared), strict=True)
        )
        rows, fingerprint = _fingerprint(connection, path, table, columns)
    return Inspection(
        location=locations.table(path, table), format=FORMAT, columns=columns, rows=rows, fingerprint=fingerprint
    )


def read(dataset: Dataset, columns: Sequence[str], rows: RowFilter | None) -> Any:
    """A ``pyarrow.Table`` of these columns of those rows; compared and read in one state of the database."""
    path, table = locations.file_and_table(dataset.location)
    with _opened(path) as connection:
        try:
            declared = _declared(connection, path, table)
        except Invalid as error:
            raise content.changed(dataset.id, dataset.owner, "table") from error
        types = {column.name: column.type for column in dataset.columns}
        if [name for name, _ in declared] != list(types):
            raise content.changed(dataset.id, dataset.owner, "table")
        plain = tuple(Column(name, kind) for name, kind in types.items())
        if _fingerprint(connection, path, table, plain)[1] != dataset.fingerprint:
            raise content.changed(dataset.id, dataset.owner, "table")
        sqlite_filter.prepare(connection)
        where, values = sqlite_filter.compiled(rows, _ALIAS) if rows is not None else ("1", [])
        named = ", ".join(f"{_ALIAS}.{quoted(name)}" for name in columns)
        sql = f"SELECT {named} FROM {quoted(table)} AS {_ALIAS} NOT INDEXED WHERE {where}"  # noqa: S608 (all quoted)
        return _table(_batches(connection, path, sql, values), [(name, types[name]) for name in columns], table)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The database in one state, which others' writing does not change until the end."""
    # SQLite follows links: a regular file has to be there before, and to be the same one afterwards. It is not opened
    # by ourselves, because closing it would end the locks of other connections of this process.
    before = _regular(path)
    try:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
        )
    except sqlite3.Error as error:
        raise _closed(path) from error
    with closing(connection):
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            raise _closed(path) from error
        except sqlite3.Error as error:
            raise content.unreadable(path.name, FORMAT, "It is not an SQLite database, or is damaged.") from error
        if _regular(path) != before:
            raise _closed(path)
        yield connection


def _regular(path: Path) -> tuple[int, int]:
    """Device and inode of the file itself."""
    try:
        found = path.stat(follow_symlinks=False)
    except FileNotFoundError as error:
        raise content.vanished(path) from error
    except OSError as error:
        raise content.closed(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise _closed(path)
    return (found.st_dev, found.st_ino)


def _declared(connection: sqlite3.Connection, path: Path, table: str) -> list[tuple[str, str]]:
    """Names and declared types. Only what holds rows itself: a view may show those of any other table."""
    tables = [
        str(name)
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        if not str(name).startswith("sqlite_") and not str(sql).upper().startswith("CREATE VIRTUAL")
    ]
    if table not in tables:
        raise Invalid(
            "access.no_table",
            f"{path.name} has no table {table!r}.",
            cause="Views and virtual tables cannot be registered: they show the rows of others.",
            next_step=nearest(table, tables),
        )
    # Hidden columns do not exist in a table; 2 and 3 are generated ones, which are values like others.
    found = connection.execute("SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid", (table,))
    return [(str(name), str(kind)) for name, kind in found]


def _types(
    connection: sqlite3.Connection, path: Path, table: str, declared: Sequence[tuple[str, str]]
) -> Iterator[str]:
    for name, said in declared:
        sql = f"SELECT DISTINCT typeof({_ALIAS}.{quoted(name)}) FROM {quoted(table)} AS {_ALIAS} NOT INDEXED"  # noqa: S608
        found = frozenset(row[0] for batch in _batches(connection, path, sql, []) for row in batch) - {"null"}
        if found and found not in _TYPES:
            cause = f"The column {name!r} holds values of several kinds: {', '.join(sorted(found))}."
            raise content.unreadable(table, FORMAT, cause)
        yield _TYPES[found] if found else _empty(said.upper())


def _empty(declared: str) -> str:
    for part, kind in _DECLARED:
        if part in declared:
            return kind
    return "double" if any(part in declared for part in _FRACTIONS) else "string"


def _fingerprint(connection: sqlite3.Connection, path: Path, table: str, columns: Sequence[Column]) -> tuple[int, str]:
    """The number of rows and the fingerprint."""
    running = hashlib.sha256(repr([(column.name, column.type) for column in columns]).encode())
    named = ", ".join(f"{_ALIAS}.{quoted(column.name)}" for column in columns)
    sql = f"SELECT {named} FROM {quoted(table)} AS {_ALIAS} NOT INDEXED"  # noqa: S608 (all quoted)
    rows = 0
    for batch in _batches(connection, path, sql, []):
        rows += len(batch)
        running.update(repr(batch).encode())
    return rows, f"sha256:{running.hexdigest()}"


def _batches(
    connection: sqlite3.Connection, path: Path, sql: str, values: Sequence[Any]
) -> Iterator[list[tuple[Any, ...]]]:
    try:
        cursor = connection.execute(sql, values)
        while batch := cursor.fetchmany(_BATCH):
            yield batch
    except OverflowError as error:
        raise Invalid("access.invalid_rows", "A number of the condition is too large for a database.") from error
    except sqlite3.Error as error:
        # Its words can hold a value of the data (text that is not UTF-8).
        text = "Its text is not UTF-8." if "UTF-8" in str(error) else "The database could not be read to the end."
        raise content.unreadable(path.name, FORMAT, text) from error


def _table(batches: Iterator[list[tuple[Any, ...]]], columns: Sequence[tuple[str, str]], table: str) -> Any:
    import pyarrow

    kinds = {
        "int64": pyarrow.int64(),
        "double": pyarrow.float64(),
        "string": pyarrow.string(),
        "binary": pyarrow.binary(),
    }
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns])
    made = []
    try:
        for batch in batches:
            arrays = [
                pyarrow.array(values, field.type)
                for values, field in zip(zip(*batch, strict=True), schema, strict=True)
            ]
            made.append(pyarrow.record_batch(arrays, schema=schema))
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        raise content.unreadable(table, FORMAT, "A value is not of its column's type.") from error
    return pyarrow.Table.from_batches(made, schema)


def _closed(path: Path) -> PlatformError:
    return Unavailable(
        "access.file_closed",
        f"The database {path.name} cannot be opened for reading.",
        cause="It is locked, was replaced meanwhile, or may not be read from here.",
        next_step="Try again later, or ask its owner.",
    )
