"""A vendor for tests, and a dataset that lies elsewhere with a grant on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from jupyter_mlplatform.access import facts
from jupyter_mlplatform.access.models import Column, Credentials, Dataset, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.access.ports import Store

SECRET, SESSION = "canary-secret-key", "canary-session-token"


class FakeVendor:
    """Makes credentials whose key id names the grant and how many there were before. ``raises`` and ``meanwhile`` are
    what happens in place of it, and while it works."""

    def __init__(self, clock: Callable[[], datetime], lasts: timedelta = timedelta(minutes=15)) -> None:
        self.made: list[Grant] = []
        self.raises: Exception | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self._clock = clock
        self._lasts = lasts
        self._guard = threading.Lock()

    def credentials(self, dataset: Dataset, grant: Grant) -> Credentials:
        with self._guard:
            self.made.append(grant)
            number = len(self.made)
        self.meanwhile()
        if self.raises is not None:
            raise self.raises
        return Credentials(
            access_key_id=f"ASIA{number:04}{grant.id}",
            secret_access_key=SECRET,
            session_token=SESSION,
            expires_at=self._clock() + self._lasts,
        )


def prefix(dataset_id: str, now: datetime, **changes: object) -> Dataset:
    """A dataset of bob's below an S3 prefix."""
    fields: dict[str, object] = {
        "id": dataset_id,
        "title": dataset_id.title(),
        "owner": "bob",
        "location": f"s3://lake/{dataset_id}/",
        "kind": Kind.S3_PREFIX,
        "columns": (Column("gun_id"), Column("force")),
        "registered_by": "bob",
        "registered_at": now,
        "fingerprint": "first",
        "backend": "s3_access_grants",
        **changes,
    }
    return Dataset(**fields)  # type: ignore[arg-type]


def grant_of(dataset: Dataset, person: str, now: datetime, days: float = 30.0, **changes: object) -> Grant:
    """A grant that is active from now on, as it is once its backend has it in force."""
    grant_id = changes.get("id", f"g-{dataset.id}-{person}")
    fields: dict[str, object] = {
        "id": grant_id,
        "request_id": f"r-{grant_id}",
        "subject": person,
        "scope": Scope(dataset_id=dataset.id, columns=tuple(each.name for each in dataset.columns)),
        "dataset_title": dataset.title,
        "owner": dataset.owner,
        "purpose": "model-training",
        "not_before": now,
        "not_after": now + timedelta(days=days),
        "state": GrantState.ACTIVE,
        "version": 1,
        "approved_by": dataset.owner,
        "enforcement": "enforced",
        "backend": dataset.backend,
        **changes,
    }
    return Grant(**fields)  # type: ignore[arg-type]


def put(store: Store, *things: Dataset | Grant, now: datetime) -> None:
    """Into the store, with the events that belong to them."""
    with store.unit() as unit:
        for each in things:
            if isinstance(each, Dataset):
                unit.put_dataset(each)
                facts.dataset(unit, "dataset.registered", each, each.owner, now)
            else:
                unit.put_grant(each)
                of = unit.dataset(each.scope.dataset_id)
                assert of is not None
                facts.grant(unit, "grant.created", each, of, "bob", now)
