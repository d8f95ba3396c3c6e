"""Many grants that end within a minute: how long it takes until every end is written down."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.access import workplace
from benchmarks.access.search import quantile
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore

TARGET = 60.0
"""Seconds for 10,000 grants."""
MINUTE = 60.0
AFTERWARDS = 31
"""Days after which all of them are over."""


class Plan(msgspec.Struct, frozen=True):
    """So many grants, on so many datasets."""

    grants: int = 10_000
    datasets: int = 500


def measure(plan: Plan, scratch: Path) -> dict[str, Any]:
    """Once alone, and once while another process asks and decides, whose waiting is measured, too."""
    found: dict[str, Any] = {"grants": plan.grants}
    for name in ("alone", "beside"):
        folder = scratch / f"expiry-{name}"
        folder.mkdir()
        known = workplace.datasets(plan.datasets)
        with closing(SqliteStore(folder)) as store:
            workplace.add(store, known)
            workplace.grant_many(store, plan.grants, known, within=MINUTE)
        found[name] = _ended(folder, plan) if name == "alone" else _beside(folder, plan)
    return found


def _ended(folder: Path, plan: Plan) -> dict[str, Any]:
    clock = workplace.Clock()
    service = workplace.service(folder, clock)
    service.last_seq()
    clock.forward(days=AFTERWARDS)
    begun, cpu = time.perf_counter(), time.process_time()
    service.last_seq()  # what every server asks again and again, so that ends are noticed
    took, used = time.perf_counter() - begun, time.process_time() - cpu
    with closing(SqliteStore(folder)) as store:
        assert not store.ending(clock.now)
    assert service.verify_audit().intact
    return {"seconds": took, "cpu_seconds": used, "each_ms": took * 1000 / plan.grants}


def _beside(folder: Path, plan: Plan) -> dict[str, Any]:
    """This process sweeps; the other asks and decides as long as it does (``python -m benchmarks.access.expiry``)."""
    other = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.access.expiry", str(folder), str(plan.datasets)],
        cwd=workplace.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin
    assert other.stdout
    assert other.stdout.readline() == "ready\n"
    other.stdin.write("go\n")
    other.stdin.flush()
    swept = _ended(folder, plan)
    waited = msgspec.json.decode(other.communicate("stop\n")[0], type=list[float])
    waited.sort()
    assert waited
    return {
        **swept,
        "commands": len(waited),
        "waited_median_ms": quantile(waited, 0.5),
        "waited_p95_ms": quantile(waited, 0.95),
        "waited_most_ms": waited[-1],
    }


def _ask_until_stopped(folder: Path, datasets: int) -> list[float]:
    """Somebody's server beside the one that sweeps, after the same minute; milliseconds of each command."""
    clock = workplace.Clock()
    service = workplace.service(folder, clock)
    known = workplace.datasets(datasets)
    service.last_seq()
    clock.forward(days=AFTERWARDS)
    print("ready", flush=True)
    sys.stdin.readline()
    waited: list[float] = []
    while not waited or not select.select([sys.stdin], [], [], 0)[0]:
        number = len(waited)
        dataset = known[number % datasets]
        begun = time.perf_counter()
        service.ask(f"other{number // datasets}", workplace.asking(dataset, f"other-{number}"))
        waited.append((time.perf_counter() - begun) * 1000)
    return waited


if __name__ == "__main__":
    print(msgspec.json.encode(_ask_until_stopped(Path(sys.argv[1]), int(sys.argv[2]))).decode())
