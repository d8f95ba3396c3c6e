"""DuckDB as a reader of granted tables and of nothing else: in memory, no files, no network, no extensions, locked.

What is switched off is described in DuckDB's documentation under "Securing DuckDB".
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from jupyter_mlplatform.access import sql_statement
from jupyter_mlplatform.access.local import engines
from jupyter_mlplatform.access.sql_statement import Statement
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError, Unavailable

MOST_THREADS = 4
HEARS_SECONDS = 0.2
"""How often a person who waits for a query is listened to."""
_LOCKED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "allow_persistent_secrets": "false",
    # A query that needs more memory fails: what was granted is not written to a disk by the way.
    "temp_directory": "",
}
# Names of Python variables never stand for tables here.
_SETTINGS = ("SET python_enable_replacements = false", "SET lock_configuration = true")
_UNDERSTANDING = ("ParserException", "BinderException", "CatalogException", "SyntaxException")


class Sandbox:
    """One person's DuckDB. ``memory`` is what one query may use beside its tables, as DuckDB writes it (``2GB``);
    DuckDB's own limit when empty. ``threads`` is how many it may keep busy.
    """

    def __init__(self, memory: str = "", threads: int | None = None) -> None:
        self._memory = memory
        self._threads = threads or min(MOST_THREADS, os.cpu_count() or 1)

    def read(self, text: str) -> Statement:
        """See :class:`~jupyter_mlplatform.access.querying.SqlEngine`. Raises ``Unavailable`` without DuckDB."""
        connection = self._open({})
        try:
            row = connection.execute("SELECT json_serialize_sql(CAST(? AS VARCHAR))", [text]).fetchone()
            tree = msgspec.json.decode(row[0])
            if tree.get("error") and tree.get("error_type") == "parser":
                raise _wrong(str(tree.get("error_message", "")))
            found = sql_statement.read(tree)
            _one_select(connection, text)
        except RecursionError:
            raise _wrong("It is nested too deeply.") from None
        finally:
            connection.close()
        return found

    def run(self, text: str, tables: Mapping[str, Any]) -> Any:
        """See :class:`~jupyter_mlplatform.access.querying.SqlEngine`. An interrupt ends the query and its thread."""
        import duckdb

        connection = self._open(tables)
        try:
            return _interruptible(lambda: _fetched(connection, text), connection.interrupt)
        except duckdb.Error as error:
            raise _told(error) from error
        finally:
            connection.close()

    def _open(self, tables: Mapping[str, Any]) -> Any:
        """A connection that has these tables and cannot get anything else."""
        engines.require("duckdb")
        import duckdb

        settings: dict[str, Any] = {**_LOCKED, "threads": str(self._threads)}
        if self._memory:
            settings["memory_limit"] = self._memory
        try:
            connection = duckdb.connect(":memory:", config=settings)
        except duckdb.Error as error:
            raise Invalid(
                "access.invalid_limit",
                f"DuckDB cannot be started with {self._memory or 'its own'} memory and {self._threads} threads.",
                cause=_first_line(error),
                next_step="Write memory as 500MB or 2GB, and at least one thread.",
            ) from error
        for name, table in tables.items():
            connection.register(name, table)
        for setting in _SETTINGS:
            connection.execute(setting)
        return connection


def _one_select(connection: Any, text: str) -> None:
    """What the parser that runs the query says of it must agree with the tree that was judged."""
    statements = connection.extract_statements(text)
    if len(statements) != 1 or not statements[0].type.name.startswith("SELECT"):
        raise sql_statement.only_select()


def _fetched(connection: Any, text: str) -> Any:
    relation = connection.sql(text)
    if relation is None:
        raise sql_statement.only_select()
    return relation.to_arrow_table()


def _interruptible(work: Callable[[], Any], stop: Callable[[], None]) -> Any:
    """The result of ``work``, which runs in a thread of its own, so that this one hears an interrupt at once.

    After an interrupt ``stop`` is called and the thread has ended before this returns.
    """
    result: list[Any] = []
    failure: list[BaseException] = []
    done = threading.Event()

    def target() -> None:
        try:
            result.append(work())
        except BaseException as error:  # noqa: BLE001 (raised again where the person waits)
            failure.append(error)
        finally:
            done.set()

    # The event is waited for, not the thread: in Python before 3.13 a join that is interrupted takes it for ended.
    thread = threading.Thread(target=target, name="mlplat-sql", daemon=True)
    try:
        thread.start()
        while not done.wait(HEARS_SECONDS):  # where system calls are restarted after a signal, waiting hears none
            pass
    except BaseException:
        # A query that is only just beginning does not hear the first call.
        while thread.is_alive() and not done.wait(0.05):
            stop()
        raise
    finally:
        if thread.ident is not None:
            thread.join()
    if failure:
        raise failure[0]
    return result[0]


def _told(error: Exception) -> PlatformError:
    """A failure in DuckDB's words where these are about the query, in ours where they may hold values of the data."""
    kind = type(error).__name__
    if kind in _UNDERSTANDING:
        return _wrong(str(error))
    if kind == "PermissionException":
        return Forbidden(
            "access.sql_refused",
            "The query reaches for something outside of the granted datasets.",
            cause="It reads from granted datasets only: no files, no network, no settings of this machine.",
            next_step="Name datasets in FROM: mlplat data grants lists what you may use.",
        )
    if kind == "OutOfMemoryException":
        return Unavailable(
            "access.sql_memory",
            "The query needs more memory than it may use.",
            cause="Nothing is written to a disk instead.",
            next_step="Read fewer rows or columns, or allow more: --memory 8GB.",
        )
    cause = {
        "ConversionException": "A value does not fit the type that the query turns it into.",
        "OutOfRangeException": "A value is too large or too small for its type.",
        "InvalidInputException": "A function was given a value that it cannot work on.",
        "InvalidTypeException": "A value has a type that cannot be used so.",
    }.get(kind, f"DuckDB says: {kind.removesuffix('Exception')}.")
    return Invalid(
        "access.sql_failed",
        "The query failed while it ran.",
        cause=cause,
        next_step="TRY_CAST(… AS …) gives no value instead of a failure; LIMIT helps to find the row.",
    )


def _wrong(said: str) -> Invalid:
    return Invalid(
        "access.sql_wrong",
        "The query was not understood.",
        cause=_about_the_query(said) or "It is empty.",
        next_step='Correct it. A dataset id with "-" or "." stands in double quotes: FROM "press-line".',
    )


def _about_the_query(said: str) -> str:
    """Without the names that DuckDB proposes: it knows the columns that were read, the person may use more."""
    return said.strip().split("\n\n", 1)[0].split("\nCandidate bindings", 1)[0].replace("\n", " ")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
