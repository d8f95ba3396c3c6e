"""State, audit trail and search index in one SQLite file that all people of a machine share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlplatform.access import delegations
from jupyter_mlplatform.access.audit import Anchor, State
from jupyter_mlplatform.access.legs import Leg, core
from jupyter_mlplatform.access.local import places
from jupyter_mlplatform.access.local.anchor_file import AnchorFile
from jupyter_mlplatform.access.local.schema import MIGRATIONS
from jupyter_mlplatform.access.local.search_index import SearchIndex
from jupyter_mlplatform.access.local.sqlite_unit import OPEN, SqliteUnit, at, every, listed, one
from jupyter_mlplatform.access.local.suggestions import Suggestions
from jupyter_mlplatform.access.messages import Facet, Search
from jupyter_mlplatform.access.models import Dataset, Delegation, Event, Grant, Request
from jupyter_mlplatform.access.samples import Profile
from jupyter_mlplatform.access.visibility import Viewer
from jupyter_mlplatform.database import Database


class SqliteStore:
    """See :class:`~jupyter_mlplatform.access.ports.Store`. The anchor lies beside the file."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / "access.db", MIGRATIONS)
        self._anchor = AnchorFile(folder / "access.anchor")

    @contextmanager
    def unit(self) -> Iterator[SqliteUnit]:
        """See the port."""
        with self._database.transaction() as connection:
            unit = SqliteUnit(connection)
            yield unit
        if unit.appended:
            self._anchor.follow(self._newest)

    def dataset(self, dataset_id: str) -> Dataset | None:
        """See the port."""
        return one(self._read(), Dataset, "SELECT body FROM datasets WHERE id = ?", dataset_id)

    def datasets_at(self, location: str) -> tuple[Dataset, ...]:
        """See the port."""
        return every(self._read(), Dataset, *places.touching(location))

    def dataset_ids(self, prefix: str, viewer: Viewer | None = None) -> tuple[str, ...]:
        """See the port."""
        return Suggestions(self._read(), viewer).ids(prefix)

    def suggest(self, text: str, viewer: Viewer | None = None) -> tuple[tuple[str, str], ...]:
        """See the port."""
        return Suggestions(self._read(), viewer).suggest(text)

    def profile(self, dataset_id: str) -> Profile | None:
        """See the port."""
        row = self._read().execute("SELECT body FROM profiles WHERE dataset_id = ?", (dataset_id,)).fetchone()
        return msgspec.json.decode(row[0], type=Profile) if row else None

    def search(self, search: Search, viewer: Viewer | None = None) -> tuple[tuple[Dataset, ...], int, bool]:
        """See the port."""
        rows, total, capped = SearchIndex(self._read(), viewer).page(search)
        return tuple(msgspec.json.decode(body, type=Dataset) for body in rows), total, capped

    def facets(self, search: Search, viewer: Viewer | None = None) -> tuple[Facet, ...]:
        """See the port."""
        return SearchIndex(self._read(), viewer).facets(search)

    def entries(self) -> dict[str, str]:
        """See the port."""
        return {row["dataset_id"]: row["digest"] for row in self._read().execute("SELECT * FROM catalogue_entries")}

    def request(self, request_id: str) -> Request | None:
        """See the port."""
        return one(self._read(), Request, "SELECT body FROM requests WHERE id = ?", request_id)

    def requests_of(self, person: str, dataset_ids: Sequence[str] | None = None) -> tuple[Request, ...]:
        """See the port."""
        sql = (
            "SELECT body FROM requests WHERE requester = ?1 "
            "AND (?2 IS NULL OR dataset_id IN (SELECT value FROM json_each(?2))) ORDER BY created_at DESC, rowid DESC"
        )
        return every(self._read(), Request, sql, person, listed(dataset_ids))

    def asked_for(self, person: str) -> tuple[str, ...]:
        """See the port."""
        sql = (
            "SELECT DISTINCT dataset_id FROM requests "
            "WHERE state IN (?, ?) AND json_extract(body, '$.beneficiary') = ? ORDER BY dataset_id"
        )
        return tuple(row[0] for row in self._read().execute(sql, (*OPEN, person)))

    def waiting(self, owner: str | None) -> tuple[Request, ...]:
        """See the port."""
        sql = (
            "SELECT requests.body FROM requests JOIN datasets ON datasets.id = dataset_id "
            "WHERE state = 'submitted' AND (?1 IS NULL OR owner = ?1) ORDER BY created_at DESC, requests.rowid DESC"
        )
        return every(self._read(), Request, sql, owner)

    def grants_to(self, person: str, dataset_ids: Sequence[str] | None = None) -> tuple[Grant, ...]:
        """See the port."""
        sql = (
            "SELECT body FROM grants WHERE subject = ?1 "
            "AND (?2 IS NULL OR dataset_id IN (SELECT value FROM json_each(?2))) ORDER BY not_after, rowid"
        )
        return every(self._read(), Grant, sql, person, listed(dataset_ids))

    def grants_on(self, owner: str | None) -> tuple[Grant, ...]:
        """See the port."""
        sql = (
            "SELECT grants.body FROM grants JOIN datasets ON datasets.id = dataset_id "
            "WHERE ?1 IS NULL OR owner = ?1 ORDER BY not_after, grants.rowid"
        )
        return every(self._read(), Grant, sql, owner)

    def due(self, now: datetime, waiting_since: datetime) -> tuple[tuple[Grant, ...], tuple[Request, ...]]:
        """See the port."""
        grants = self.ending(now)
        sql = "SELECT body FROM requests WHERE state IN (?, ?) AND waits_since <= ?"
        return grants, every(self._read(), Request, sql, *OPEN, at(waiting_since))

    def ending(self, until: datetime) -> tuple[Grant, ...]:
        """See the port."""
        sql = (
            "SELECT body FROM grants WHERE state NOT IN ('ending', 'ended') AND not_after <= ? "
            "ORDER BY not_after, rowid"
        )
        return every(self._read(), Grant, sql, at(until))

    def due_legs(self, now: datetime, most: int = 100) -> tuple[Leg, ...]:
        """See the port."""
        sql = (
            "SELECT body FROM legs WHERE state <> 'removed' AND due_at <= ? "
            "ORDER BY state NOT IN ('removing', 'orphaned'), due_at, id LIMIT ?"
        )
        return every(self._read(), Leg, sql, at(now), most)

    def legs_on(self, dataset_ids: Sequence[str] | None) -> tuple[Leg, ...]:
        """See the port."""
        sql = (
            "SELECT body FROM legs WHERE state <> 'removed' "
            "AND (?1 IS NULL OR dataset_id IN (SELECT value FROM json_each(?1))) ORDER BY id"
        )
        return every(self._read(), Leg, sql, listed(dataset_ids))

    def delegations(self, person: str | None = None) -> tuple[Delegation, ...]:
        """See the port."""
        sql = "SELECT body FROM delegations WHERE ?1 IS NULL OR ?1 IN (approver, delegate) ORDER BY not_before, rowid"
        return every(self._read(), Delegation, sql, person)

    def delegations_over(self, now: datetime) -> tuple[Delegation, ...]:
        """See the port."""
        sql = "SELECT body FROM delegations WHERE json_extract(body, '$.ended_at') IS NULL ORDER BY not_before, rowid"
        return tuple(each for each in every(self._read(), Delegation, sql) if delegations.over(each, now))

    def events(
        self, person: str | None, *, after: int = 0, newest: int | None = None, until: int | None = None
    ) -> tuple[Event, ...]:
        """See the port."""
        source = "SELECT seq, row FROM events WHERE seq > ?2 AND (?4 IS NULL OR seq <= ?4)"
        if person is not None:
            source += " AND seq IN (SELECT seq FROM event_people WHERE person = ?1 AND seq > ?2)"
        sql = f"SELECT row FROM ({source} ORDER BY seq DESC LIMIT ?3) ORDER BY seq"  # noqa: S608 (both are ours)
        rows = self._read().execute(sql, (person, after, -1 if newest is None else newest, until))
        return tuple(msgspec.json.decode(row["row"], type=Event) for row in rows)

    def last_seq(self) -> int:
        """See the port."""
        newest = self._newest()
        return newest.seq if newest else 0

    def trail(self) -> tuple[Iterator[Event], Anchor | None, State]:
        """See the port. The anchor is read first, because it never runs ahead of what is committed."""
        anchor = self._anchor.read()
        connection = self._read()
        connection.execute("BEGIN")
        try:
            rows = connection.execute("SELECT row FROM events ORDER BY seq").fetchall()
            state: State = {}
            nouns: tuple[tuple[str, type[Any]], ...] = (
                ("dataset", Dataset),
                ("request", Request),
                ("grant", Grant),
                ("delegation", Delegation),
                ("leg", Leg),
            )
            for kind, struct in nouns:
                bodies = connection.execute(f"SELECT body FROM {kind}s")  # noqa: S608 (one of the five above)
                for noun in (msgspec.json.decode(row[0], type=struct) for row in bodies):
                    state[kind, noun.id] = core(noun) if isinstance(noun, Leg) else noun
        finally:
            connection.execute("ROLLBACK")
        return (msgspec.json.decode(row["row"], type=Event) for row in rows), anchor, state

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()

    def _read(self) -> sqlite3.Connection:
        return self._database.connection()

    def _newest(self) -> Anchor | None:
        row = self._read().execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        return Anchor(row["seq"], row["hash"]) if row else None
