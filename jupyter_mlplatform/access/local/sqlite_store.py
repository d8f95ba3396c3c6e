"""State, audit trail and search index in one SQLite file that all people of a machine share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from jupyter_mlplatform.access import audit, delegations, requests
from jupyter_mlplatform.access.audit import Anchor, State
from jupyter_mlplatform.access.legs import Leg, core
from jupyter_mlplatform.access.local import places
from jupyter_mlplatform.access.local.anchor_file import AnchorFile
from jupyter_mlplatform.access.local.schema import MIGRATIONS
from jupyter_mlplatform.access.local.search_index import SearchIndex
from jupyter_mlplatform.access.local.suggestions import Suggestions
from jupyter_mlplatform.access.messages import Facet, Search
from jupyter_mlplatform.access.models import Dataset, Delegation, Event, Grant, Request, RequestState
from jupyter_mlplatform.access.samples import Profile
from jupyter_mlplatform.access.visibility import Viewer
from jupyter_mlplatform.database import Database
from jupyter_mlplatform.errors import Conflict

_Noun = TypeVar("_Noun", Dataset, Request, Grant, Delegation, Leg)
_OPEN = (RequestState.SUBMITTED.value, RequestState.CHANGES_ASKED.value)
_encode = msgspec.json.encode


class SqliteUnit:
    """One command inside one transaction; see :class:`~jupyter_mlplatform.access.ports.Unit`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.appended = False

    def dataset(self, dataset_id: str) -> Dataset | None:
        """See the port."""
        return _one(self._connection, Dataset, "SELECT body FROM datasets WHERE id = ?", dataset_id)

    def request(self, request_id: str) -> Request | None:
        """See the port."""
        return _one(self._connection, Request, "SELECT body FROM requests WHERE id = ?", request_id)

    def datasets_at(self, location: str) -> tuple[Dataset, ...]:
        """See the port."""
        return _all(self._connection, Dataset, *places.touching(location))

    def request_by_key(self, person: str, key: str) -> tuple[Request, str] | None:
        """See the port."""
        sql = (
            "SELECT body, digest FROM request_keys JOIN requests ON requests.id = request_id "
            "WHERE person = ? AND key = ?"
        )
        row = self._connection.execute(sql, (person, key)).fetchone()
        return (msgspec.json.decode(row["body"], type=Request), str(row["digest"])) if row else None

    def open_requests(self, dataset_id: str, person: str = "") -> tuple[Request, ...]:
        """See the port."""
        sql = "SELECT body FROM requests WHERE dataset_id = ? AND state IN (?, ?) AND ? IN ('', requester)"
        return _all(self._connection, Request, sql, dataset_id, *_OPEN, person)

    def grant(self, grant_id: str) -> Grant | None:
        """See the port."""
        return _one(self._connection, Grant, "SELECT body FROM grants WHERE id = ?", grant_id)

    def open_grants(self, dataset_id: str, person: str = "") -> tuple[Grant, ...]:
        """See the port."""
        sql = "SELECT body FROM grants WHERE dataset_id = ? AND state NOT IN ('ending', 'ended') AND ? IN ('', subject)"
        return _all(self._connection, Grant, sql, dataset_id, person)

    def delegation(self, delegation_id: str) -> Delegation | None:
        """See the port."""
        return _one(self._connection, Delegation, "SELECT body FROM delegations WHERE id = ?", delegation_id)

    def leg(self, leg_id: str) -> Leg | None:
        """See the port."""
        return _one(self._connection, Leg, "SELECT body FROM legs WHERE id = ?", leg_id)

    def legs_of(self, grant_id: str) -> tuple[Leg, ...]:
        """See the port."""
        return _all(self._connection, Leg, "SELECT body FROM legs WHERE grant_id = ? ORDER BY id", grant_id)

    def sharing(self, entitlement: str) -> tuple[Leg, ...]:
        """See the port."""
        sql = "SELECT body FROM legs WHERE entitlement = ? AND state <> 'removed' ORDER BY id"
        return _all(self._connection, Leg, sql, entitlement)

    def delegations(self) -> tuple[Delegation, ...]:
        """See the port."""
        return _all(self._connection, Delegation, "SELECT body FROM delegations ORDER BY not_before, rowid")

    def put_dataset(self, dataset: Dataset) -> None:
        """See the port."""
        self._connection.execute(
            "INSERT INTO datasets (id, owner, classification, live, body) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, classification = excluded.classification, "
            "live = excluded.live, body = excluded.body",
            (dataset.id, dataset.owner, dataset.classification, dataset.live, _encode(dataset).decode()),
        )
        SearchIndex(self._connection).put(dataset)
        Suggestions(self._connection).put(dataset)

    def put_request(self, request: Request) -> None:
        """See the port."""
        row = (request.state.value, request.version, _encode(request).decode())
        since = _at(requests.waits_since(request))
        if request.version == 1:
            self._add(
                "INSERT INTO requests (id, requester, dataset_id, created_at, waits_since, state, version, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (request.id, request.requester, request.scope.dataset_id, _at(request.created_at), since, *row),
            )
        else:
            self._swap("requests", request.id, row)
            self._connection.execute("UPDATE requests SET waits_since = ? WHERE id = ?", (since, request.id))

    def put_grant(self, grant: Grant) -> None:
        """See the port."""
        row = (grant.state.value, grant.version, _encode(grant).decode())
        if grant.version == 1:
            self._add(
                "INSERT INTO grants (id, request_id, subject, dataset_id, not_after, state, version, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (grant.id, grant.request_id, grant.subject, grant.scope.dataset_id, _at(grant.not_after), *row),
            )
        else:
            self._swap("grants", grant.id, row)

    def put_leg(self, leg: Leg) -> None:
        """See the port."""
        row = (leg.state.value, leg.version, _encode(leg).decode())
        if leg.version == 1:
            self._add(
                "INSERT INTO legs (id, grant_id, dataset_id, entitlement, due_at, state, version, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (leg.id, leg.grant_id, leg.dataset_id, leg.entitlement, _at(leg.due_at), *row),
            )
        else:
            self._swap("legs", leg.id, row)
            self._connection.execute("UPDATE legs SET due_at = ? WHERE id = ?", (_at(leg.due_at), leg.id))

    def put_delegation(self, delegation: Delegation) -> None:
        """See the port."""
        body = _encode(delegation).decode()
        if delegation.version == 1:
            self._add(
                "INSERT INTO delegations (id, approver, delegate, not_before, version, body) VALUES (?, ?, ?, ?, ?, ?)",
                (delegation.id, delegation.approver, delegation.delegate, _at(delegation.not_before), 1, body),
            )
            return
        done = self._connection.execute(
            "UPDATE delegations SET version = ?, body = ? WHERE id = ? AND version = ?",
            (delegation.version, body, delegation.id, delegation.version - 1),
        )
        _check_swapped(done)

    def remember_key(self, person: str, key: str, request_id: str, digest: str) -> None:
        """See the port."""
        sql = "INSERT INTO request_keys (person, key, request_id, digest) VALUES (?, ?, ?, ?)"
        self._add(sql, (person, key, request_id, digest))

    def entry(self, dataset_id: str) -> str | None:
        """See the port."""
        sql = "SELECT digest FROM catalogue_entries WHERE dataset_id = ?"
        row = self._connection.execute(sql, (dataset_id,)).fetchone()
        return str(row["digest"]) if row else None

    def note_entry(self, dataset_id: str, digest: str) -> None:
        """See the port."""
        self._connection.execute("INSERT OR REPLACE INTO catalogue_entries VALUES (?, ?)", (dataset_id, digest))

    def put_profile(self, dataset_id: str, profile: Profile | None) -> None:
        """See the port."""
        self._connection.execute("DELETE FROM profiles WHERE dataset_id = ?", (dataset_id,))
        if profile is not None:
            row = (dataset_id, _encode(profile).decode())
            self._connection.execute("INSERT INTO profiles VALUES (?, ?)", row)

    def append(
        self, *, at: datetime, actor: str, action: str, subject: str, body: dict[str, Any], people: Sequence[str]
    ) -> None:
        """See the port."""
        last = self._connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        previous = Anchor(last["seq"], last["hash"]) if last else None
        event = audit.chain(previous, at=at, actor=actor, action=action, subject=subject, body=body)
        self._connection.execute(
            "INSERT INTO events (seq, hash, row) VALUES (?, ?, ?)", (event.seq, event.hash, _encode(event).decode())
        )
        self._connection.executemany(
            "INSERT INTO event_people VALUES (?, ?)", [(person, event.seq) for person in {*people, actor}]
        )
        self.appended = True

    def _add(self, sql: str, row: tuple[Any, ...]) -> None:
        """Insert a row; one that is there already, or that may be there once only, is a conflict."""
        try:
            self._connection.execute(sql, row)
        except sqlite3.IntegrityError as error:
            raise _changed() from error

    def _swap(self, table: str, noun_id: str, row: tuple[str, int, str]) -> None:
        """Replace the version before; ``table`` is a name of ours, never a person's."""
        done = self._connection.execute(
            f"UPDATE {table} SET state = ?, version = ?, body = ? WHERE id = ? AND version = ?",  # noqa: S608
            (*row, noun_id, row[1] - 1),
        )
        _check_swapped(done)


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
        return _one(self._read(), Dataset, "SELECT body FROM datasets WHERE id = ?", dataset_id)

    def datasets_at(self, location: str) -> tuple[Dataset, ...]:
        """See the port."""
        return _all(self._read(), Dataset, *places.touching(location))

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
        return _one(self._read(), Request, "SELECT body FROM requests WHERE id = ?", request_id)

    def requests_of(self, person: str, dataset_ids: Sequence[str] | None = None) -> tuple[Request, ...]:
        """See the port."""
        sql = (
            "SELECT body FROM requests WHERE requester = ?1 "
            "AND (?2 IS NULL OR dataset_id IN (SELECT value FROM json_each(?2))) ORDER BY created_at DESC, rowid DESC"
        )
        return _all(self._read(), Request, sql, person, _list(dataset_ids))

    def asked_for(self, person: str) -> tuple[str, ...]:
        """See the port."""
        sql = (
            "SELECT DISTINCT dataset_id FROM requests "
            "WHERE state IN (?, ?) AND json_extract(body, '$.beneficiary') = ? ORDER BY dataset_id"
        )
        return tuple(row[0] for row in self._read().execute(sql, (*_OPEN, person)))

    def waiting(self, owner: str | None) -> tuple[Request, ...]:
        """See the port."""
        sql = (
            "SELECT requests.body FROM requests JOIN datasets ON datasets.id = dataset_id "
            "WHERE state = 'submitted' AND (?1 IS NULL OR owner = ?1) ORDER BY created_at DESC, requests.rowid DESC"
        )
        return _all(self._read(), Request, sql, owner)

    def grants_to(self, person: str, dataset_ids: Sequence[str] | None = None) -> tuple[Grant, ...]:
        """See the port."""
        sql = (
            "SELECT body FROM grants WHERE subject = ?1 "
            "AND (?2 IS NULL OR dataset_id IN (SELECT value FROM json_each(?2))) ORDER BY not_after, rowid"
        )
        return _all(self._read(), Grant, sql, person, _list(dataset_ids))

    def grants_on(self, owner: str | None) -> tuple[Grant, ...]:
        """See the port."""
        sql = (
            "SELECT grants.body FROM grants JOIN datasets ON datasets.id = dataset_id "
            "WHERE ?1 IS NULL OR owner = ?1 ORDER BY not_after, grants.rowid"
        )
        return _all(self._read(), Grant, sql, owner)

    def due(self, now: datetime, waiting_since: datetime) -> tuple[tuple[Grant, ...], tuple[Request, ...]]:
        """See the port."""
        grants = self.ending(now)
        sql = "SELECT body FROM requests WHERE state IN (?, ?) AND waits_since <= ?"
        return grants, _all(self._read(), Request, sql, *_OPEN, _at(waiting_since))

    def ending(self, until: datetime) -> tuple[Grant, ...]:
        """See the port."""
        sql = (
            "SELECT body FROM grants WHERE state NOT IN ('ending', 'ended') AND not_after <= ? "
            "ORDER BY not_after, rowid"
        )
        return _all(self._read(), Grant, sql, _at(until))

    def due_legs(self, now: datetime, most: int = 100) -> tuple[Leg, ...]:
        """See the port."""
        sql = "SELECT body FROM legs WHERE state <> 'removed' AND due_at <= ? ORDER BY due_at, id LIMIT ?"
        return _all(self._read(), Leg, sql, _at(now), most)

    def legs_on(self, dataset_ids: Sequence[str] | None) -> tuple[Leg, ...]:
        """See the port."""
        sql = (
            "SELECT body FROM legs WHERE state <> 'removed' "
            "AND (?1 IS NULL OR dataset_id IN (SELECT value FROM json_each(?1))) ORDER BY id"
        )
        return _all(self._read(), Leg, sql, _list(dataset_ids))

    def delegations(self, person: str | None = None) -> tuple[Delegation, ...]:
        """See the port."""
        sql = "SELECT body FROM delegations WHERE ?1 IS NULL OR ?1 IN (approver, delegate) ORDER BY not_before, rowid"
        return _all(self._read(), Delegation, sql, person)

    def delegations_over(self, now: datetime) -> tuple[Delegation, ...]:
        """See the port."""
        sql = "SELECT body FROM delegations WHERE json_extract(body, '$.ended_at') IS NULL ORDER BY not_before, rowid"
        return tuple(each for each in _all(self._read(), Delegation, sql) if delegations.over(each, now))

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


def _check_swapped(done: sqlite3.Cursor) -> None:
    if done.rowcount != 1:
        raise _changed()


def _changed() -> Conflict:
    return Conflict(
        "access.changed_meanwhile",
        "Somebody else changed this at the same moment.",
        next_step="Look at it again, then decide.",
    )


def _one(connection: sqlite3.Connection, kind: type[_Noun], sql: str, *values: Any) -> _Noun | None:
    row = connection.execute(sql, values).fetchone()
    return msgspec.json.decode(row[0], type=kind) if row else None


def _all(connection: sqlite3.Connection, kind: type[_Noun], sql: str, *values: Any) -> tuple[_Noun, ...]:
    return tuple(msgspec.json.decode(row[0], type=kind) for row in connection.execute(sql, values))


def _at(instant: datetime) -> float:
    return instant.timestamp()


def _list(values: Sequence[str] | None) -> str | None:
    return None if values is None else _encode(list(values)).decode()
