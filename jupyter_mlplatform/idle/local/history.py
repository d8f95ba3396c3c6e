"""The history of a workspace in one SQLite file: one row a stretch, and one that says how far all open ones reach.

A sample without a change costs no write at all most of the time: stretches that go on have no end of their own, they
reach as far as their server's watch does, and that is written once a minute. After a crash up to a minute is missing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from jupyter_mlplatform.database import Database, damaged
from jupyter_mlplatform.idle import history, timeline
from jupyter_mlplatform.idle.models import IdleStatus, Kind, State, Stretch, Timeline, Track

MIGRATIONS = (
    """
    CREATE TABLE watch (id INTEGER PRIMARY KEY, since REAL NOT NULL, until REAL NOT NULL);
    CREATE TABLE stretch (
        id INTEGER PRIMARY KEY,
        watch INTEGER NOT NULL REFERENCES watch (id) ON DELETE CASCADE,
        subject TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        state TEXT NOT NULL,
        why TEXT NOT NULL,
        since REAL NOT NULL,
        until REAL
    );
    CREATE INDEX stretch_of_watch ON stretch (watch, until);
    """,
)
KEPT_SECONDS = 30 * 86400.0
WRITE_SECONDS = 60.0
PRUNE_SECONDS = 86400.0
STEADY_SECONDS = 3600.0
"""Nothing old is deleted before the clock has run without a jump for so long: it may be wrong after a start."""


class SqliteHistory:
    """See :class:`~jupyter_mlplatform.idle.ports.History`; one of it for each server. ``note`` is not for two threads.

    ``sample_seconds`` is the time between two samples: after more than three of them a new stretch begins.
    """

    def __init__(self, folder: Path, sample_seconds: float) -> None:
        self._database = Database(folder / "history.db", MIGRATIONS)
        self._sample_seconds = sample_seconds
        self._open: dict[str, history.Open] = {}
        self._watch: int | None = None
        self._began_at = self._seen_at = self._written_at = 0.0
        self._pruned_at: float | None = None
        self._unfinished: tuple[int, float] | None = None

    def note(self, status: IdleStatus, utc: datetime) -> None:
        """Take up one sample. Raises ``Unavailable`` when it cannot be written; the next one tries again."""
        at = utc.timestamp()
        if self._watch is not None and history.is_gap(self._seen_at, at, self._sample_seconds):
            self._forget()
        at = max(at, self._seen_at)  # a clock that was set back a little
        changed = history.change(self._open, history.subjects(status), at)
        if not changed and self._watch is not None and at - self._written_at < WRITE_SECONDS:
            self._seen_at = at
            return
        try:
            self._write(changed, at)
        except BaseException as error:
            self._forget()  # what is in the file now is not known, so the next sample begins anew
            if _is_damage(error):
                self._set_aside()
            raise
        self._seen_at = self._written_at = at

    def timeline(self, since: datetime, until: datetime, subject: str = "") -> Timeline:
        """See the port. Raises ``Unavailable`` when the file cannot be read."""
        with _readable():
            rows = self._database.connection().execute(
                """
                SELECT subject, kind, name, path, state, why, stretch.since AS since,
                       COALESCE(stretch.until, watch.until) AS until
                FROM stretch JOIN watch ON watch.id = stretch.watch
                WHERE watch.until >= :since AND watch.since <= :until
                  AND stretch.since <= :until AND COALESCE(stretch.until, watch.until) >= :since
                  AND (:subject = '' OR subject = :subject)
                ORDER BY stretch.id
                """,
                {"since": since.timestamp(), "until": until.timestamp(), "subject": subject},
            )
            return timeline.of([_track(row) for row in rows], since, until)

    def _write(self, changed: history.Change, at: float) -> None:
        with _readable(), self._database.transaction() as connection:
            if self._unfinished is not None:
                connection.execute("UPDATE watch SET until = ? WHERE id = ?", self._unfinished[::-1])
            if self._watch is None:
                self._watch = connection.execute("INSERT INTO watch (since, until) VALUES (?, ?)", (at, at)).lastrowid
                self._began_at = at
            else:
                connection.execute("UPDATE watch SET until = ? WHERE id = ?", (at, self._watch))
            connection.executemany(
                "UPDATE stretch SET until = ?, why = ? WHERE id = ?",
                [(until, each.why, each.row) for each, until in changed.ended],
            )
            for subject, each in changed.begun.items():
                each.row = self._insert(connection, subject, each)
            if self._is_due_to_prune(at):
                _prune(connection, at - KEPT_SECONDS)
                self._pruned_at = at
        ended = {id(each) for each, _ in changed.ended}
        going_on = {subject: each for subject, each in self._open.items() if id(each) not in ended}
        self._open, self._unfinished = {**going_on, **changed.begun}, None

    def _insert(self, connection: sqlite3.Connection, subject: str, each: history.Open) -> int:
        done = connection.execute(
            "INSERT INTO stretch (watch, subject, kind, name, path, state, why, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self._watch, subject, each.kind.value, each.name, each.path, each.state.value, each.why, each.since),
        )
        return done.lastrowid or 0

    def _set_aside(self) -> None:
        """History is worth less than the trouble of mending it: the next sample begins a new file."""
        path = self._database.path
        self._database = Database(path, MIGRATIONS)
        self._unfinished = None
        with suppress(FileNotFoundError):
            path.replace(path.with_name(f"{path.name}.damaged"))
        for beside in ("-wal", "-shm"):
            path.with_name(f"{path.name}{beside}").unlink(missing_ok=True)

    def _forget(self) -> None:
        """The next sample begins a watch of its own; the stretches of this one end where it was seen last."""
        if self._watch is not None:
            self._unfinished = (self._watch, self._seen_at)
        self._watch, self._open, self._seen_at = None, {}, 0.0

    def _is_due_to_prune(self, at: float) -> bool:
        return at - self._began_at >= STEADY_SECONDS and (
            self._pruned_at is None or at - self._pruned_at >= PRUNE_SECONDS
        )


def _prune(connection: sqlite3.Connection, before: float) -> None:
    connection.execute("DELETE FROM stretch WHERE until < ?", (before,))
    connection.execute("DELETE FROM watch WHERE until < ?", (before,))


def _is_damage(error: BaseException) -> bool:
    """Whether the file itself is broken, as opposed to a full disk or a lock."""
    cause = error.__cause__
    return isinstance(cause, sqlite3.DatabaseError) and not isinstance(cause, sqlite3.OperationalError)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise damaged(error) from error


def _track(row: sqlite3.Row) -> Track:
    stretch = Stretch(
        since=_utc(row["since"]),
        until=_utc(max(row["since"], row["until"])),
        state=State(row["state"]),
        why=row["why"],
    )
    return Track(
        subject=row["subject"], kind=Kind(row["kind"]), name=row["name"], path=row["path"], stretches=(stretch,)
    )


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
