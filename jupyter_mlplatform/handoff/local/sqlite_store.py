"""``handoff.db``: runs with their lease, an append-only event log, and model versions.

A run's body is what its events make of it; both are written in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from jupyter_mlplatform.database import Database
from jupyter_mlplatform.errors import NotFound
from jupyter_mlplatform.handoff.models import Run, RunState, Version
from jupyter_mlplatform.handoff.ports import News
from jupyter_mlplatform.handoff.progress import FINAL, Lease, RunEvent, apply

MIGRATIONS = (
    """
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        person TEXT NOT NULL,
        key TEXT NOT NULL,
        state TEXT NOT NULL,
        body BLOB NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER,
        pid_started TEXT NOT NULL DEFAULT '',
        heartbeat TEXT,
        UNIQUE (person, key)
    );
    CREATE INDEX runs_by_state ON runs (state);
    CREATE TABLE versions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        model_group TEXT NOT NULL,
        group_number INTEGER NOT NULL,
        run_id TEXT NOT NULL UNIQUE REFERENCES runs (id),
        body BLOB NOT NULL,
        UNIQUE (model_group, group_number)
    );
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        subject TEXT NOT NULL,
        action TEXT NOT NULL,
        name TEXT NOT NULL,
        author TEXT NOT NULL,
        actor TEXT NOT NULL,
        text TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE INDEX events_by_subject ON events (subject);
    CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE (ABORT, 'events are append-only'); END;
    CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
    BEGIN SELECT RAISE (ABORT, 'events are append-only'); END;
    """,
)
_FINAL = tuple(sorted(state.value for state in FINAL))


class SqliteStore:
    """The shared state of the hand-off in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path, MIGRATIONS)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()

    def add(self, run: Run, key: str, host: str) -> Run:
        """Write a new run down, or return the one that this person's key has already."""
        with self._database.transaction() as db:
            row = db.execute("SELECT body FROM runs WHERE person = ? AND key = ?", (run.person, key)).fetchone()
            if row:
                return _run(row)
            db.execute(
                "INSERT INTO runs (id, person, key, state, body, host) VALUES (?, ?, ?, ?, ?, ?)",
                (run.id, run.person, key, run.state.value, msgspec.json.encode(run), host),
            )
            _log(db, run.id, "run.created", run.name, run.person, run.person, "", run)
        return run

    def by_key(self, person: str, key: str) -> Run | None:
        """The run that a person started with a key."""
        found = self._database.connection().execute("SELECT body FROM runs WHERE person = ? AND key = ?", (person, key))
        row = found.fetchone()
        return _run(row) if row else None

    def run(self, run_id: str) -> tuple[Run, Lease] | None:
        """One run and who executes it."""
        row = self._database.connection().execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
        return (_run(row), _lease(row)) if row else None

    def runs(self, *, unfinished: bool = False) -> list[tuple[Run, Lease]]:
        """All runs, newest first."""
        where = f" WHERE state NOT IN ({','.join('?' * len(_FINAL))})" if unfinished else ""
        rows = self._database.connection().execute(
            f"SELECT * FROM runs{where} ORDER BY number DESC",  # noqa: S608 (only question marks are put in)
            _FINAL if unfinished else (),
        )
        return [(_run(row), _lease(row)) for row in rows]

    def append(self, run_id: str, event: RunEvent, actor: str) -> Run:
        """Add an event; one that comes too late to change the run is not written."""
        with self._database.transaction() as db:
            row = db.execute("SELECT body FROM runs WHERE id = ?", (run_id,)).fetchone()
            if not row:
                raise NotFound("handoff.no_run", f"There is no run {run_id!r}.")
            return _append(db, _run(row), event, actor)

    def claim(self, run_id: str, lease: Lease, now: datetime) -> bool:
        """Take a run that waits to be executed. Only one process ever gets it."""
        with self._database.transaction() as db:
            taken = db.execute(
                "UPDATE runs SET host = ?, pid = ?, pid_started = ?, heartbeat = ? "
                "WHERE id = ? AND pid IS NULL AND state = ?",
                (lease.host, lease.pid, lease.pid_started, now.isoformat(), run_id, RunState.STARTING.value),
            )
            if taken.rowcount != 1:
                return False
            row = db.execute("SELECT body FROM runs WHERE id = ?", (run_id,)).fetchone()
            _append(db, _run(row), RunEvent(action="run.executing", at=now), actor="")
        return True

    def beat(self, run_id: str, now: datetime) -> RunState:
        """Say that the run is still executed; returns the state that others gave it."""
        with self._database.transaction() as db:
            db.execute("UPDATE runs SET heartbeat = ? WHERE id = ?", (now.isoformat(), run_id))
            row = db.execute("SELECT state FROM runs WHERE id = ?", (run_id,)).fetchone()
        return RunState(row["state"])

    def register(self, run_id: str, group: str, make: Callable[[str, int], Version], now: datetime) -> Version:
        """Add the version of a run, numbered within its group. A second time returns the first one."""
        with self._database.transaction() as db:
            row = db.execute("SELECT body FROM versions WHERE run_id = ?", (run_id,)).fetchone()
            if row:
                return _version(row)
            taken = db.execute("SELECT MAX(group_number) FROM versions WHERE model_group = ?", (group,)).fetchone()[0]
            number = (taken or 0) + 1
            version = make(f"{group}-{number}", number)
            db.execute(
                "INSERT INTO versions (id, model_group, group_number, run_id, body) VALUES (?, ?, ?, ?, ?)",
                (version.id, group, number, run_id, msgspec.json.encode(version)),
            )
            _log(db, version.id, "version.registered", version.id, version.author, "", "", version)
            row = db.execute("SELECT body FROM runs WHERE id = ?", (run_id,)).fetchone()
            _append(db, _run(row), RunEvent(action="run.registered", at=now, text=version.id), actor="")
        return version

    def versions(self) -> tuple[Version, ...]:
        """All model versions, newest first."""
        rows = self._database.connection().execute("SELECT body FROM versions ORDER BY number DESC")
        return tuple(map(_version, rows))

    def version(self, version_id: str) -> Version | None:
        """One model version."""
        found = self._database.connection().execute("SELECT body FROM versions WHERE id = ?", (version_id,))
        row = found.fetchone()
        return _version(row) if row else None

    def change_version(self, version_id: str, change: Callable[[Version], Version], actor: str) -> Version:
        """Apply a decision; an unchanged version writes nothing."""
        with self._database.transaction() as db:
            row = db.execute("SELECT body FROM versions WHERE id = ?", (version_id,)).fetchone()
            if not row:
                raise NotFound("handoff.no_version", f"There is no model version {version_id!r}.")
            before = _version(row)
            after = change(before)
            if after is before:
                return before
            db.execute("UPDATE versions SET body = ? WHERE id = ?", (msgspec.json.encode(after), version_id))
            said = after.approvals[-1]
            _log(
                db,
                version_id,
                f"version.{after.state.value.lower()}",
                version_id,
                after.author,
                actor,
                said.reason,
                said,
            )
        return after

    def events(self, subject: str) -> list[RunEvent]:
        """What happened to a run, oldest first, its creation left out."""
        rows = self._database.connection().execute(
            "SELECT body FROM events WHERE subject = ? AND action <> 'run.created' ORDER BY seq", (subject,)
        )
        return [msgspec.json.decode(row["body"], type=RunEvent) for row in rows]

    def news(self, after: int) -> list[News]:
        """Everything after a number, oldest first."""
        rows = self._database.connection().execute(
            "SELECT seq, subject, action, name, author, actor, text FROM events WHERE seq > ? ORDER BY seq", (after,)
        )
        return [News(**dict(row)) for row in rows]

    def last_seq(self) -> int:
        """The newest number, 0 when nothing happened yet."""
        return int(self._database.connection().execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()[0])


def _append(db: sqlite3.Connection, before: Run, event: RunEvent, actor: str) -> Run:
    after = apply(before, event)
    if after is before:
        return before
    db.execute(
        "UPDATE runs SET state = ?, body = ? WHERE id = ?",
        (after.state.value, msgspec.json.encode(after), after.id),
    )
    _log(db, after.id, event.action, after.name, after.person, actor, event.text, event)
    return after


def _log(
    db: sqlite3.Connection,
    subject: str,
    action: str,
    name: str,
    author: str,
    actor: str,
    text: str,
    body: msgspec.Struct,
) -> None:
    db.execute(
        "INSERT INTO events (subject, action, name, author, actor, text, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (subject, action, name, author, actor, text, msgspec.json.encode(body)),
    )


def _run(row: sqlite3.Row) -> Run:
    return msgspec.json.decode(row["body"], type=Run)


def _version(row: sqlite3.Row) -> Version:
    return msgspec.json.decode(row["body"], type=Version)


def _lease(row: sqlite3.Row) -> Lease:
    beat = row["heartbeat"]
    return Lease(
        host=row["host"],
        pid=row["pid"],
        pid_started=row["pid_started"],
        heartbeat=datetime.fromisoformat(beat) if beat else None,
    )
