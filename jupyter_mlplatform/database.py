"""Embedded state: one SQLite file a feature, in WAL mode, with forward-only migrations.

Several processes (the servers of several people, a run's supervisor, the command line) open the same file, so every
write runs inside one ``BEGIN IMMEDIATE`` transaction: it either happens whole or not at all, also under ``kill -9``
(``synchronous=FULL``).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from jupyter_mlplatform.errors import Unavailable

BUSY_SECONDS = 30.0


class Database:
    """One SQLite file, opened lazily and once per thread.

    ``migrations`` are SQL scripts; number *n* takes the file from user_version *n* to *n + 1*. A file of a newer
    version than this code knows is refused, never guessed at.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self.path = path
        self._migrations = tuple(migrations)
        self._local = threading.local()
        self._guard = threading.Lock()
        self._connections: list[sqlite3.Connection] = []
        self._migrated = False

    def connection(self) -> sqlite3.Connection:
        """This thread's connection. Raises ``Unavailable`` when the file cannot be opened."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._open()
            self._local.connection = found
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write: commits at the end of the block, rolls back when it raises. Blocks do not nest."""
        connection = self.connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise self._unavailable(error) from error
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:  # a full disk has rolled back by itself
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise self._unavailable(error) from error
            raise

    def close(self) -> None:
        """Close the connections of all threads; the next use opens the file again."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self.path.touch()  # with the folder's default rights: SQLite itself would take away the group's
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            _use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            with self._guard:
                if not self._migrated:
                    self._migrate(connection)
                    self._migrated = True
                self._connections.append(connection)
        except (OSError, sqlite3.Error) as error:
            raise self._unavailable(error) from error
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > len(self._migrations):
                raise Unavailable(
                    "state.newer_version",
                    f"The state file {self.path} was written by a newer version of this software.",
                    cause=f"It has version {version}; this software knows versions up to {len(self._migrations)}.",
                    next_step="Update jupyter_mlplatform, or ask the platform team.",
                )
            for number in range(version, len(self._migrations)):
                for statement in _statements(self._migrations[number]):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _unavailable(self, error: Exception) -> Unavailable:
        return Unavailable(
            "state.unavailable",
            "The platform's state cannot be read or written.",
            cause=f"{self.path}: {error}",
            next_step="Check that the disk has room and that you may write to this folder, then try again.",
        )


def copy(source: Path, target: Path) -> int:
    """A copy of a state file as it is at one instant, while others write to it; returns its size in bytes.

    ``target`` appears whole or not at all. Raises ``Unavailable`` when one of them cannot be read or written, or the
    copy is damaged.
    """
    scratch = target.with_name(target.name + ".part")
    try:
        address = f"file:{quote(str(source))}?mode=ro"
        with (
            closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as found,
            closing(sqlite3.connect(scratch)) as made,
        ):
            found.backup(made)
            made.execute("PRAGMA journal_mode = DELETE")  # a copy is one file
            # Not quick_check: SQLite 3.40 finds there a missing value in tables without rowids that is none.
            problem = made.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)
        scratch.replace(target)
        return target.stat().st_size
    except (OSError, sqlite3.Error) as error:
        scratch.unlink(missing_ok=True)
        raise Unavailable(
            "state.not_copied",
            f"{source.name} could not be copied.",
            cause=f"{error}.",
            next_step="Check that the disk has room and that you may read the one folder and write to the other.",
        ) from error


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait for another process that is just doing the same, so we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def damaged(error: sqlite3.DatabaseError) -> Unavailable:
    """What a person is told when SQLite cannot make sense of a state file."""
    return Unavailable(
        "state.damaged",
        "The platform's state cannot be read.",
        cause=f"SQLite says: {error}.",
        next_step="Tell your platform team: the state files need to be restored from their last good copy.",
    )


def _statements(script: str) -> Iterator[str]:
    """The complete statements of a script (``executescript`` would commit the surrounding transaction)."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
