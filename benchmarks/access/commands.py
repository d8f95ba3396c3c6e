"""How long a person waits for a command: ask, approve, reject, revoke, each a durable transaction."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from benchmarks.access import workplace
from benchmarks.access.search import quantile
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.messages import NewDecision, Revocation
from jupyter_mlplatform.access.models import Dataset, Verdict
from jupyter_mlplatform.access.service import AccessService

TARGET = 10.0
"""Milliseconds, 95th percentile."""
KINDS = {
    "ask": "ask",
    "approve": "approve, and so grant",
    "reject": "reject",
    "revoke": "revoke",
    "row": "*one row in an SQLite file, as durable*",
    "block": "*4 KiB written and forced to disk*",
}
_Answer = TypeVar("_Answer")


class Plan(msgspec.Struct, frozen=True):
    """``commands`` of each kind in a workplace where ``earlier`` grants were given on ``datasets``."""

    commands: int = 1000
    datasets: int = 1000
    earlier: int = 5000


class Times:
    """Milliseconds by kind of command."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = {kind: [] for kind in KINDS}
        self.used: dict[str, list[float]] = {kind: [] for kind in KINDS}

    def take(self, kind: str, call: Callable[[], _Answer]) -> _Answer:
        """Call it and write down how long it took, on the clock and of CPU."""
        begun, cpu = time.perf_counter(), time.process_time()
        answer = call()
        self.of[kind].append((time.perf_counter() - begun) * 1000)
        self.used[kind].append((time.process_time() - cpu) * 1000)
        return answer

    def told(self) -> dict[str, Any]:
        """Percentiles of each kind."""
        return {
            kind: {
                "count": len(took),
                **{f"p{part}_ms": quantile(sorted(took), part / 100) for part in (50, 95, 99)},
                "most_ms": max(took),
                "cpu_p50_ms": quantile(sorted(self.used[kind]), 0.5),
                "cpu_p95_ms": quantile(sorted(self.used[kind]), 0.95),
            }
            for kind, took in self.of.items()
        }


def measure(plan: Plan, scratch: Path) -> dict[str, Any]:
    """The commands in turn, and between them two yardsticks of what this disk can do just then."""
    folder = scratch / "commands"
    folder.mkdir()
    known = workplace.datasets(plan.datasets)
    with closing(SqliteStore(folder)) as store:
        workplace.add(store, known)
        workplace.grant_many(store, plan.earlier, known)
    clock = workplace.Clock()
    service = workplace.service(folder, clock)
    service.last_seq()
    times = Times()
    with _Row(folder / "row.db") as row, _Block(folder / "block") as block:
        for number in range(plan.commands):
            clock.forward(seconds=1)
            _one_after_the_other(service, f"asker{number}", known[number % plan.datasets], number, times)
            times.take("row", row.write)
            times.take("block", block.write)
    assert service.verify_audit().intact
    return {**times.told(), "earlier": plan.earlier, "datasets": plan.datasets}


def _one_after_the_other(service: AccessService, person: str, dataset: Dataset, number: int, times: Times) -> None:
    """One request that is granted and taken back, and one that is rejected."""
    for verdict in (Verdict.APPROVE, Verdict.REJECT):
        new = workplace.asking(dataset, f"{verdict.value}-{number}")
        made = times.take("ask", partial(service.ask, person, new))
        decision = NewDecision(verdict=verdict, revision=1, reason="We need it ourselves.")
        decided = times.take(verdict.value, partial(service.decide, dataset.owner, made.id, decision))
        if decided.grant_id:
            times.take("revoke", partial(service.revoke, dataset.owner, decided.grant_id, Revocation("")))


class _Row:
    """The least that any command of such a store can do: one row, committed as durably."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, body TEXT)")

    def __enter__(self) -> _Row:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def write(self) -> None:
        self._connection.execute("INSERT INTO rows (body) VALUES (?)", ("x" * 1000,))


class _Block:
    """What the disk itself takes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)

    def __enter__(self) -> _Block:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self) -> None:
        self._file.write(b"x" * 4096)
        os.fsync(self._file.fileno())
