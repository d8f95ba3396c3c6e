"""Keep-alives, presence and the last report in one SQLite file of the workspace."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from jupyter_mlplatform.database import Database
from jupyter_mlplatform.idle.models import IdleStatus, Lease

MIGRATIONS = (
    """
    CREATE TABLE lease (
        id TEXT PRIMARY KEY,
        scope TEXT NOT NULL UNIQUE,
        until TEXT NOT NULL,
        document BLOB NOT NULL
    );
    CREATE TABLE presence (one INTEGER PRIMARY KEY CHECK (one = 1), clock REAL NOT NULL);
    CREATE TABLE report (server INTEGER PRIMARY KEY, at REAL NOT NULL, document BLOB NOT NULL);
    """,
    """
    UPDATE lease SET scope = CASE scope WHEN '' THEN 'workspace' ELSE 'kernel:' || scope END;
    UPDATE lease SET document = CAST(json_set(CAST(document AS TEXT), '$.subject', scope) AS BLOB);
    """,
)
REPORTS_KEPT = 8


class SqliteStore:
    """See :class:`~jupyter_mlplatform.idle.ports.Store`."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / "idle.db", MIGRATIONS)

    def leases(self) -> tuple[Lease, ...]:
        """Ordered by their end."""
        rows = self._database.connection().execute("SELECT document FROM lease").fetchall()
        found = []
        for row in rows:
            with suppress(msgspec.DecodeError):  # a keep-alive of another version of this software says nothing
                found.append(msgspec.json.decode(row["document"], type=Lease))
        return tuple(sorted(found, key=lambda lease: lease.until))

    def keep(self, lease: Lease) -> Lease:
        """One row a subject; the later end wins."""
        with self._database.transaction() as connection:
            row = connection.execute("SELECT document FROM lease WHERE scope = ?", (lease.subject,)).fetchone()
            if row is not None:
                existing = msgspec.json.decode(row["document"], type=Lease)
                if existing.until >= lease.until:
                    return existing
            connection.execute(
                "INSERT OR REPLACE INTO lease (id, scope, until, document) VALUES (?, ?, ?, ?)",
                (lease.id, lease.subject, lease.until.isoformat(), msgspec.json.encode(lease)),
            )
        return lease

    def release(self, lease_ids: tuple[str, ...]) -> None:
        """In one transaction."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM lease WHERE id = ?", [(each,) for each in lease_ids])

    def beat(self, clock: float) -> None:
        """Only the last one is kept."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO presence (one, clock) VALUES (1, ?)", (clock,))

    def last_beat(self) -> float | None:
        """None before the first."""
        row = self._database.connection().execute("SELECT clock FROM presence").fetchone()
        return None if row is None else float(row["clock"])

    def publish(self, server: int, status: IdleStatus, at: datetime) -> None:
        """Replaces this server's earlier report; the oldest reports of servers that are gone are dropped."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO report (server, at, document) VALUES (?, ?, ?)",
                (server, at.timestamp(), msgspec.json.encode(status)),
            )
            connection.execute(
                "DELETE FROM report WHERE server NOT IN (SELECT server FROM report ORDER BY at DESC LIMIT ?)",
                (REPORTS_KEPT,),
            )

    def withdraw(self, server: int) -> None:
        """See the port."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM report WHERE server = ?", (server,))

    def published(self, servers: tuple[int, ...]) -> IdleStatus | None:
        """See the port."""
        rows = self._database.connection().execute("SELECT server, document FROM report ORDER BY at DESC").fetchall()
        by_server = {int(row["server"]): row["document"] for row in rows}
        for server in (*servers, *by_server):
            try:
                return msgspec.json.decode(by_server[server], type=IdleStatus)
            except (KeyError, msgspec.DecodeError):  # a report of an older version of this software says nothing
                continue
        return None
