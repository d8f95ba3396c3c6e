"""How long it takes to verify the audit trail: the chain, its anchor, and the state that it amounts to."""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.access import workplace
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore

DATASETS = 200
TARGET = 2.0
"""Seconds for 100,000 events."""


class Plan(msgspec.Struct, frozen=True):
    """How many events, and how often they are verified."""

    events: int = 100_000
    rounds: int = 5


def build(folder: Path, events: int) -> None:
    """A trail of about so many events: a dataset's one, and the three of each grant."""
    known = workplace.datasets(min(DATASETS, events // 4))
    with closing(SqliteStore(folder)) as store:
        workplace.add(store, known)
        workplace.grant_many(store, (events - len(known)) // 3, known)


def measure(plan: Plan, scratch: Path) -> dict[str, Any]:
    """Seconds on the clock and of CPU, the median of all rounds; beside it what reading and hashing alone take."""
    folder = scratch / "chain"
    folder.mkdir()
    build(folder, plan.events)
    service = workplace.service(folder, workplace.Clock())
    took, used, alone = [], [], []
    for _ in range(plan.rounds):
        begun, cpu = time.perf_counter(), time.process_time()
        found = service.verify_audit()
        took.append(time.perf_counter() - begun)
        used.append(time.process_time() - cpu)
        assert found.intact, found.findings
        alone.append(_hash_alone(folder))
    middle = plan.rounds // 2
    seconds, hashing = sorted(took)[middle], sorted(alone)[middle]
    return {
        "events": found.events,
        "seconds": seconds,
        "cpu_seconds": sorted(used)[middle],
        "per_100k_seconds": seconds * 100_000 / found.events,
        "hash_alone_seconds": hashing,
        "times_hashing": seconds / hashing,
    }


def _hash_alone(folder: Path) -> float:
    """What cannot be avoided: every row read from the file, and a hash over its bytes."""
    begun = time.perf_counter()
    with closing(SqliteStore(folder)) as store:
        rows = store._read().execute("SELECT row FROM events ORDER BY seq")
        for row in rows:
            hashlib.sha256(row[0].encode()).digest()
    return time.perf_counter() - begun
