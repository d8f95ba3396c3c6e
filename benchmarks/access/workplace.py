"""A made-up workplace in a real SQLite file: datasets, people, and requests and grants from earlier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from jupyter_mlplatform.access import decisions, facts, grants, requests
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.sqlite_unit import SqliteUnit
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.messages import NewDecision, NewRequest
from jupyter_mlplatform.access.models import Column, Dataset, Request, Verdict
from jupyter_mlplatform.access.ports import Files
from jupyter_mlplatform.access.review import Reviewers
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.policy import AccessPolicy

_Each = TypeVar("_Each")
ROOT = Path(__file__).parents[2]
"""Where other processes of a benchmark begin, so that they find its modules."""
START = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
POLICY = AccessPolicy(admins=("ada", "ana", "abe", "amy"))
COLUMNS = tuple(Column(f"column_{number}", "double") for number in range(20))
PURPOSE = POLICY.purposes[0].code
TOGETHER = 200
"""How much is written at once while a workplace is filled, which is not what is measured."""


class Clock:
    """Time stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The present instant."""
        return self.now

    def forward(self, **amount: float) -> None:
        """By so many days, seconds and so on."""
        self.now += timedelta(**amount)


def service(folder: Path, clock: Clock, files: Files | None = None) -> AccessService:
    """As the faces use it, on the state in a folder."""
    return AccessService(SqliteStore(folder), files or StreamedFiles(), CatalogueFiles(()), POLICY, clock)


def datasets(amount: int) -> list[Dataset]:
    """Of ten owners, with the same columns each."""
    return [
        Dataset(
            id=f"weld_{number}",
            title=f"Welding line {number}",
            owner=f"owner{number % 10}",
            location=f"/data/{number}.parquet",
            columns=COLUMNS,
            rows=1000,
            registered_by=f"owner{number % 10}",
            registered_at=START,
            fingerprint=f"sha256:{number:064x}",
        )
        for number in range(amount)
    ]


def asking(dataset: Dataset, key: str) -> NewRequest:
    """A request as a person sends it."""
    named = tuple(column.name for column in dataset.columns[:8])
    return NewRequest(dataset_id=dataset.id, columns=named, purpose=PURPOSE, days=30, idempotency_key=key)


def approval() -> NewDecision:
    """Of all that was asked."""
    return NewDecision(verdict=Verdict.APPROVE, revision=1)


def add(store: SqliteStore, known: Sequence[Dataset]) -> None:
    """Register datasets."""
    for part in parts(known):
        with store.unit() as unit:
            for each in part:
                unit.put_dataset(each)
                facts.dataset(unit, "dataset.registered", each, each.owner, START)


def submit(unit: SqliteUnit, number: int, dataset: Dataset) -> Request:
    """A request of person ``number``, with its event."""
    person = f"person{number}"
    asked = requests.check(asking(dataset, f"key-{number}"), person, dataset, POLICY)
    made = requests.submit(f"r-{number}", person, asked, dataset, START)
    unit.put_request(made)
    facts.request(unit, "request.submitted", made, dataset, person, START, "", [dataset.owner])
    return made


def approve(unit: SqliteUnit, request: Request, dataset: Dataset, at: datetime) -> None:
    """The owner approves at an instant, from which on it is granted for 30 days."""
    decided = decisions.decide(request, approval(), dataset.owner, dataset, Reviewers(POLICY, at), "policy")
    made = grants.create(request.id.replace("r-", "g-"), decided, dataset, at)
    unit.put_grant(made)
    facts.grant(unit, "grant.created", made, dataset, dataset.owner, at)
    decided = replace(decided, grant_id=made.id)
    unit.put_request(decided)
    facts.request(unit, "request.approved", decided, dataset, dataset.owner, at)


def grant_many(store: SqliteStore, amount: int, known: Sequence[Dataset], within: float = 0.0) -> None:
    """So many people hold a grant each (three events), the ends spread over ``within`` seconds."""
    for part in parts(range(amount)):
        with store.unit() as unit:
            for number in part:
                dataset = known[number % len(known)]
                at = START + timedelta(seconds=number * within / amount)
                approve(unit, submit(unit, number, dataset), dataset, at)


def parts(what: Iterable[_Each]) -> Iterator[list[_Each]]:
    """``TOGETHER`` at a time."""
    rest = iter(what)
    while part := list(islice(rest, TOGETHER)):
        yield part
