"""The people and things of these tests: alice asks, bob owns, carol is somebody else, ada is an admin."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow
import pyarrow.parquet

from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.messages import NewDecision, NewRequest, Registration
from jupyter_mlplatform.access.models import Column, Dataset, Request, Verdict
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.policy import AccessPolicy

START = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
POLICY = AccessPolicy(admins=("ada", "ana"))
COLUMNS = ("gun_id", "force", "worker")
DATASET = Dataset(
    id="weld_guns",
    title="Welding guns",
    owner="bob",
    location="/data/weld.parquet",
    classification="confidential",
    columns=tuple(Column(name) for name in COLUMNS),
    registered_at=START,
)


class Clock:
    """Time stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        self.now += timedelta(**amount)


def new_request(key: str = "key", **changes: object) -> NewRequest:
    fields: dict[str, object] = {"dataset_id": "weld_guns", "purpose": "model-training", "days": 30, **changes}
    return NewRequest(idempotency_key=key, **fields)  # type: ignore[arg-type]


def approval(revision: int = 1, **changes: object) -> NewDecision:
    return NewDecision(verdict=Verdict.APPROVE, revision=revision, **changes)  # type: ignore[arg-type]


def rejection(reason: str = "not needed", revision: int = 1) -> NewDecision:
    return NewDecision(verdict=Verdict.REJECT, revision=revision, reason=reason)


def write_data(path: Path, rows: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pyarrow.table(
        {
            "gun_id": list(range(rows)),
            "force": [number / 2 for number in range(rows)],
            "worker": [f"w{number}" for number in range(rows)],
        }
    )
    pyarrow.parquet.write_table(table, path)
    return path


def make_service(
    state: Path, clock: Clock, policy: AccessPolicy = POLICY, catalogues: tuple[Path, ...] = ()
) -> AccessService:
    return AccessService(
        store=SqliteStore(state),
        files=StreamedFiles(),
        catalogues=CatalogueFiles(catalogues),
        policy=policy,
        clock=clock,
    )


def register(service: AccessService, path: Path, dataset_id: str = "weld_guns", **said: object) -> Dataset:
    fields: dict[str, object] = {"title": "Welding guns", "classification": "confidential", **said}
    return service.register("bob", path, Registration(id=dataset_id, **fields))  # type: ignore[arg-type]


def granted(service: AccessService, person: str = "alice", key: str = "key", **asked: object) -> Request:
    """A request of a person that bob has approved."""
    made = service.ask(person, new_request(key, **asked))
    return service.decide("bob", made.id, approval(made.revision))
