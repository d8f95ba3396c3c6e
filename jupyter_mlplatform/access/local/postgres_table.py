"""One table, view or materialised view of a PostgreSQL server as a dataset.

Its fingerprint names the relation and its shape: the server's number for it (a table that was dropped and made anew has
another), its columns with their own numbers and types, and a view's definition. It says nothing of the rows: a table in
use changes all the time, and grants are for what it holds when it is read. It is compared after the reading has locked
the table, so that what is read has the shape that was registered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import msgspec

from jupyter_mlplatform.access import grants, logins
from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.local import content, postgres_filter, postgres_server
from jupyter_mlplatform.access.local.bare import bare
from jupyter_mlplatform.access.local.postgres_server import OURS, Place, Servers
from jupyter_mlplatform.access.local.postgres_types import arrow_type, arrow_word
from jupyter_mlplatform.access.models import Column, Dataset, Grant, Inspection
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.rowtree import And
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError, Unavailable

FORMAT = "postgresql"
_BATCH = 20_000
_ALIAS = "asked"
_COUNT_MS = 60_000
"""So long are rows counted; after that the server's own estimate has to do."""
_READ_MS = 300_000
"""So long may the server take to give the next piece."""
# Tables, partitioned ones, views and materialised views. Not foreign tables: those ask another server as somebody else.
_RELATION = """
SELECT c.oid::int8, CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END, c.reltuples::float8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm')
"""
# A domain is what it is based on, to the last one.
_COLUMNS = """
WITH RECURSIVE based (name, number, type, modifier) AS (
    SELECT attname::text, attnum, atttypid, atttypmod FROM pg_attribute
    WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT name, number, typbasetype, typtypmod FROM based JOIN pg_type ON oid = type WHERE typtype = 'd'
)
SELECT name, number::int8, format_type(type, modifier) FROM based JOIN pg_type ON oid = type WHERE typtype <> 'd'
ORDER BY number
"""


class Relation(msgspec.Struct, frozen=True):
    """A relation as the server describes it now. ``estimate``: about how many rows it has (-1: not known)."""

    number: int
    columns: tuple[Column, ...]
    fingerprint: str
    estimate: int


def described(connection: Any, where: Place) -> Relation | None:
    """What there is under that name; nothing where it is no table or view."""
    found = connection.execute(_RELATION, [where.schema, where.table]).fetchone()
    if found is None:
        return None
    number, definition, estimate = found
    listed = connection.execute(_COLUMNS, [number]).fetchall()
    digest = hashlib.sha256(repr((number, definition, listed)).encode()).hexdigest()
    columns = tuple(Column(name, arrow_word(said)) for name, _, said in listed)
    return Relation(number, columns, f"{FORMAT}:{digest}", int(estimate))


class PostgresTables:
    """Reads registered tables with the login of the grant under which they are read."""

    def __init__(self, servers: Servers, most: int | None = None) -> None:
        self._servers = servers
        self._most = most

    def at_most(self, rows: int) -> PostgresTables:
        """The same, reading so many rows at most."""
        return PostgresTables(self._servers, rows)

    def inspect(self, location: str) -> Inspection:
        """What the server tells of a table. It is asked with the login that makes others, and no row is read."""
        where = postgres_server.place(location)
        with closing(self._servers.as_admin(where)) as connection, postgres_server.told():
            found = described(connection, where)
            if found is None:
                raise Invalid(
                    "access.no_table",
                    f"The database has no table {where.schema}.{where.table}.",
                    cause="It is not there, or is a foreign table.",
                    next_step="Check the names: upper and lower case matter.",
                )
            content.check_names([column.name for column in found.columns], where.table, FORMAT)
            rows = _counted(connection, where, found)
        return Inspection(
            location=str(where), format=FORMAT, columns=found.columns, rows=rows, fingerprint=found.fingerprint
        )

    def read(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None = None,
        hear: Hear | None = None,
        under: Grant | None = None,
    ) -> Any:
        """See :class:`~jupyter_mlplatform.access.ports.Files`. How many rows there are in all is not known."""
        import pyarrow

        pieces = []
        with closing(self._batches(dataset, columns, rows, _BATCH, _grant(dataset, under))) as batches:
            for piece in batches:
                pieces.append(piece)
                if hear is not None:
                    hear(piece.num_rows, None)
        return bare(pyarrow.Table.from_batches(pieces))

    def batches(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        size: int,
        under: Grant | None = None,
    ) -> Iterator[Any]:
        """See :class:`~jupyter_mlplatform.access.ports.Files`: at least one batch, which may be empty."""
        return self._batches(dataset, columns, rows, size, _grant(dataset, under))

    def _batches(
        self, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, size: int, grant: Grant
    ) -> Generator[Any, None, None]:
        where = postgres_server.place(dataset.location)
        statement, values = _statement(dataset, columns, rows, grant)
        if self._most is not None:
            statement, values = _limited(statement), [*values, self._most]
        schema = _schema(dataset, columns)
        connection = _granted(self._servers, where, grant)
        try:
            with _told(dataset, grant):
                connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(_READ_MS)])
                connection.read_only, connection.autocommit = True, False
                cursor = connection.cursor(name="asked", binary=True)
                cursor.execute(statement, values)
                now = described(connection, where)
            if now is None or now.fingerprint != dataset.fingerprint:
                raise content.changed(dataset.id, dataset.owner, "table")
            first = True
            while True:
                with _told(dataset, grant):
                    fetched = cursor.fetchmany(size)
                if not fetched and not first:
                    return
                yield _batch(fetched, schema, dataset)
                first = False
        finally:
            _close(connection)


def source(where: Place, grant: Grant) -> tuple[str, str]:
    """Schema and name of what a grant's login reads: the table itself, or the view with the granted rows."""
    return (where.schema, where.table) if grant.scope.rows is None else (OURS, logins.role_of(grant.id))


def asked_beyond(rows: RowFilter | None, grant: Grant) -> RowFilter | None:
    """What is left of a condition besides the grant's own, which the view stands for."""
    if rows is None or grant.scope.rows is None:
        return rows
    own = _parts(grant.scope.rows)
    left = tuple(each for each in _parts(rows) if each not in own)
    return (left[0] if len(left) == 1 else And(of=left)) if left else None


def _parts(tree: RowFilter) -> tuple[RowFilter, ...]:
    return tree.of if isinstance(tree, And) else (tree,)


def _grant(dataset: Dataset, under: Grant | None) -> Grant:
    if under is None or under.id == grants.OWNER:
        raise Forbidden(
            "access.no_login_of_own",
            f"{dataset.id!r} can be read with a grant only.",
            cause="Each grant has a login of its own in the database, and the platform reads with no other.",
            next_step=f"Use your own account of the database, or ask for access: mlplat data request {dataset.id}",
        )
    return under


def _granted(servers: Servers, where: Place, grant: Grant) -> Any:
    try:
        return servers.as_grant(where, grant)
    except PlatformError as error:
        if not postgres_server.absent(error):
            raise
    raise _not_in_force("Its login has not been made yet, or was taken away.")


def _statement(dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, grant: Grant) -> tuple[Any, list[Any]]:
    from psycopg import sql

    types = {column.name: column for column in dataset.columns}
    granted = [types[name] for name in grant.scope.columns if name in types]
    named = sql.SQL(", ").join(postgres_filter.shown(types[name], _ALIAS) for name in columns)
    relation = postgres_filter.name(*source(postgres_server.place(dataset.location), grant), doubled=True)
    left = asked_beyond(rows, grant)
    where, values = postgres_filter.condition(left, granted, _ALIAS) if left is not None else (sql.SQL("true"), [])
    text = sql.SQL("SELECT {} FROM {} AS {} WHERE {}").format(named, relation, sql.Identifier(_ALIAS), where)
    return text, values


def _limited(statement: Any) -> Any:
    from psycopg import sql

    return statement + sql.SQL(" LIMIT %s")


def _schema(dataset: Dataset, columns: Sequence[str]) -> Any:
    import pyarrow

    types = {column.name: column.type for column in dataset.columns}
    return pyarrow.schema([(name, arrow_type(types[name])) for name in columns])


def _batch(rows: list[tuple[Any, ...]], schema: Any, dataset: Dataset) -> Any:
    import pyarrow

    listed = zip(*rows, strict=True) if rows else [()] * len(schema)
    try:
        arrays = [pyarrow.array(values, field.type) for values, field in zip(listed, schema, strict=True)]
        return pyarrow.record_batch(arrays, schema=schema)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        failure = _unreadable(dataset)
    raise failure


@contextmanager
def _told(dataset: Dataset, grant: Grant) -> Iterator[None]:
    """Failures of reading, in words, and without what the server says: that may hold values of the data."""
    import psycopg

    try:
        yield
    except psycopg.errors.QueryCanceled:
        failure: PlatformError = Unavailable(
            "access.database_busy",
            "The database did not get to it in time, or the reading was ended there.",
            next_step="Ask for fewer columns or rows, or try again later.",
        )
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        failure = _not_in_force("The database does not let its login read what is granted.")
    except psycopg.errors.UndefinedColumn:
        failure = content.changed(dataset.id, dataset.owner, "table")
    except psycopg.DataError:
        failure = _unreadable(dataset)
    except psycopg.Error as error:
        failure = postgres_server.of(error.sqlstate, isinstance(error, psycopg.OperationalError))
    else:
        return
    raise failure


def _close(connection: Any) -> None:
    """What the server is still at is ended there, too."""
    import psycopg
    from psycopg.pq import TransactionStatus

    if connection.info.transaction_status is TransactionStatus.ACTIVE:
        with suppress(psycopg.Error):  # it is closed in any case
            connection.cancel_safe(timeout=postgres_server.CONNECT_SECONDS)
    connection.close()


def _counted(connection: Any, where: Place, found: Relation) -> int:
    import psycopg
    from psycopg import sql

    counting = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(where.schema, where.table))
    connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(_COUNT_MS)])
    try:
        (rows,) = connection.execute(counting).fetchone()
    except psycopg.errors.QueryCanceled:
        return max(found.estimate, 0)
    return int(rows)


def _unreadable(dataset: Dataset) -> Invalid:
    return Invalid(
        "access.table_unreadable",
        f"A value of {dataset.id!r} cannot be handed out.",
        cause="It is a date or time without end or outside of the years 1 to 9999, or not of its column's type.",
        next_step="Leave the column out, or ask for rows without it.",
    )


def _not_in_force(cause: str) -> Unavailable:
    return Unavailable(
        "access.database_not_in_force",
        "Your access is not in force in the database.",
        cause=cause,
        next_step="The platform looks after it and repairs it: try again in a few minutes.",
    )
