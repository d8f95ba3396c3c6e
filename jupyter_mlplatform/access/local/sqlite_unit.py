"""One command inside one transaction of SQLite, and how rows are read."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from jupyter_mlplatform.access import audit, requests
from jupyter_mlplatform.access.audit import Anchor
from jupyter_mlplatform.access.legs import Leg
from jupyter_mlplatform.access.local import places
from jupyter_mlplatform.access.local.search_index import SearchIndex
from jupyter_mlplatform.access.local.suggestions import Suggestions
from jupyter_mlplatform.access.models import Dataset, Delegation, Grant, Request, RequestState
from jupyter_mlplatform.access.samples import Profile
from jupyter_mlplatform.errors import Conflict

Noun = TypeVar("Noun", Dataset, Request, Grant, Delegation, Leg)
OPEN = (RequestState.SUBMITTED.value, RequestState.CHANGES_ASKED.value)
encode = msgspec.json.encode


class SqliteUnit:
    """One command inside one transaction; see :class:`~jupyter_mlplatform.access.ports.Unit`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.appended = False

    def dataset(self, dataset_id: str) -> Dataset | None:
        """See the port."""
        return one(self._connection, Dataset, "SELECT body FROM datasets WHERE id = ?", dataset_id)

    def request(self, request_id: str) -> Request | None:
        """See the port."""
        return one(self._connection, Request, "SELECT body FROM requests WHERE id = ?", request_id)

    def datasets_at(self, location: str) -> tuple[Dataset, ...]:
        """See the port."""
        return every(self._connection, Dataset, *places.touching(location))

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
        return every(self._connection, Request, sql, dataset_id, *OPEN, person)

    def grant(self, grant_id: str) -> Grant | None:
        """See the port."""
        return one(self._connection, Grant, "SELECT body FROM grants WHERE id = ?", grant_id)

    def open_grants(self, dataset_id: str, person: str = "") -> tuple[Grant, ...]:
        """See the port."""
        sql = "SELECT body FROM grants WHERE dataset_id = ? AND state NOT IN ('ending', 'ended') AND ? IN ('', subject)"
        return every(self._connection, Grant, sql, dataset_id, person)

    def delegation(self, delegation_id: str) -> Delegation | None:
        """See the port."""
        return one(self._connection, Delegation, "SELECT body FROM delegations WHERE id = ?", delegation_id)

    def leg(self, leg_id: str) -> Leg | None:
        """See the port."""
        return one(self._connection, Leg, "SELECT body FROM legs WHERE id = ?", leg_id)

    def legs_of(self, grant_id: str) -> tuple[Leg, ...]:
        """See the port."""
        return every(self._connection, Leg, "SELECT body FROM legs WHERE grant_id = ? ORDER BY id", grant_id)

    def sharing(self, entitlement: str) -> tuple[Leg, ...]:
        """See the port."""
        sql = "SELECT body FROM legs WHERE entitlement = ? AND state <> 'removed' ORDER BY id"
        return every(self._connection, Leg, sql, entitlement)

    def delegations(self) -> tuple[Delegation, ...]:
        """See the port."""
        return every(self._connection, Delegation, "SELECT body FROM delegations ORDER BY not_before, rowid")

    def put_dataset(self, dataset: Dataset) -> None:
        """See the port."""
        self._connection.execute(
            "INSERT INTO datasets (id, owner, classification, live, body) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, classification = excluded.classification, "
            "live = excluded.live, body = excluded.body",
            (dataset.id, dataset.owner, dataset.classification, dataset.live, encode(dataset).decode()),
        )
        SearchIndex(self._connection).put(dataset)
        Suggestions(self._connection).put(dataset)

    def put_request(self, request: Request) -> None:
        """See the port."""
        row = (request.state.value, request.version, encode(request).decode())
        since = at(requests.waits_since(request))
        if request.version == 1:
            self._add(
                "INSERT INTO requests (id, requester, dataset_id, created_at, waits_since, state, version, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (request.id, request.requester, request.scope.dataset_id, at(request.created_at), since, *row),
            )
        else:
            self._swap("requests", request.id, row)
            self._connection.execute("UPDATE requests SET waits_since = ? WHERE id = ?", (since, request.id))

    def put_grant(self, grant: Grant) -> None:
        """See the port."""
        row = (grant.state.value, grant.version, encode(grant).decode())
        if grant.version == 1:
            self._add(
                "INSERT INTO grants (id, request_id, subject, dataset_id, not_after, state, version, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (grant.id, grant.request_id, grant.subject, grant.scope.dataset_id, at(grant.not_after), *row),
            )
        else:
            self._swap("grants", grant.id, row)

    def put_leg(self, leg: Leg) -> None:
        """See the port."""
        row = (leg.state.value, leg.version, encode(leg).decode())
        if leg.version == 1:
            self._add(
                "INSERT INTO legs (id, grant_id, dataset_id, entitlement, due_at, state, version, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (leg.id, leg.grant_id, leg.dataset_id, leg.entitlement, at(leg.due_at), *row),
            )
        else:
            self._swap("legs", leg.id, row)
            self._connection.execute("UPDATE legs SET due_at = ? WHERE id = ?", (at(leg.due_at), leg.id))

    def put_delegation(self, delegation: Delegation) -> None:
        """See the port."""
        body = encode(delegation).decode()
        if delegation.version == 1:
            self._add(
                "INSERT INTO delegations (id, approver, delegate, not_before, version, body) VALUES (?, ?, ?, ?, ?, ?)",
                (delegation.id, delegation.approver, delegation.delegate, at(delegation.not_before), 1, body),
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
            row = (dataset_id, encode(profile).decode())
            self._connection.execute("INSERT INTO profiles VALUES (?, ?)", row)

    def append(
        self, *, at: datetime, actor: str, action: str, subject: str, body: dict[str, Any], people: Sequence[str]
    ) -> None:
        """See the port."""
        last = self._connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        previous = Anchor(last["seq"], last["hash"]) if last else None
        event = audit.chain(previous, at=at, actor=actor, action=action, subject=subject, body=body)
        self._connection.execute(
            "INSERT INTO events (seq, hash, row) VALUES (?, ?, ?)", (event.seq, event.hash, encode(event).decode())
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


def _check_swapped(done: sqlite3.Cursor) -> None:
    if done.rowcount != 1:
        raise _changed()


def _changed() -> Conflict:
    return Conflict(
        "access.changed_meanwhile",
        "Somebody else changed this at the same moment.",
        next_step="Look at it again, then decide.",
    )


def one(connection: sqlite3.Connection, kind: type[Noun], sql: str, *values: Any) -> Noun | None:
    """The noun in the first row, if there is one."""
    row = connection.execute(sql, values).fetchone()
    return msgspec.json.decode(row[0], type=kind) if row else None


def every(connection: sqlite3.Connection, kind: type[Noun], sql: str, *values: Any) -> tuple[Noun, ...]:
    """The nouns in all rows."""
    return tuple(msgspec.json.decode(row[0], type=kind) for row in connection.execute(sql, values))


def at(instant: datetime) -> float:
    """An instant as it lies in a column: seconds since 1970."""
    return instant.timestamp()


def listed(values: Sequence[str] | None) -> str | None:
    """Values for ``json_each``."""
    return None if values is None else encode(list(values)).decode()
