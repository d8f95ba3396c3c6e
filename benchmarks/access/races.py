"""Several processes that decide the same requests at the same time: each request has exactly one winner."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.access import workplace
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.errors import Conflict

DATASETS = 200


class Plan(msgspec.Struct, frozen=True):
    """``processes`` that each try to decide all ``requests``, in the same order."""

    requests: int = 2000
    processes: int = 4


class Won(msgspec.Struct, frozen=True):
    """What one process decided; ``seconds`` from its first command to its last."""

    requests: tuple[str, ...]
    tried: int
    seconds: float


def measure(plan: Plan, scratch: Path) -> dict[str, Any]:
    """Decisions, and attempts, a second; and how many winners there are, counted in the trail and by the processes."""
    folder = scratch / "races"
    folder.mkdir()
    names = _requests(folder, plan.requests)
    deciders = workplace.POLICY.admins[: plan.processes]
    racers = [_start(folder, person, plan.requests) for person in deciders]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    begun = time.perf_counter()
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [msgspec.json.decode(racer.communicate()[0], type=Won) for racer in racers]
    took = time.perf_counter() - begun
    tried = sum(each.tried for each in won)
    return {
        **msgspec.to_builtins(plan),
        **_counted(folder, names, won),
        "seconds": took,
        "decided_per_second": plan.requests / took,
        "tried_per_second": tried / took,
    }


def _requests(folder: Path, amount: int) -> list[str]:
    known = workplace.datasets(min(DATASETS, amount))
    names = []
    with closing(SqliteStore(folder)) as store:
        workplace.add(store, known)
        for part in workplace.parts(range(amount)):
            with store.unit() as unit:
                names += [workplace.submit(unit, number, known[number % len(known)]).id for number in part]
    return names


def _counted(folder: Path, names: list[str], won: list[Won]) -> dict[str, Any]:
    service = workplace.service(folder, workplace.Clock())
    approved = [event.subject for event in service.trail("ada").items if event.action == "request.approved"]
    claimed = [name for each in won for name in each.requests]
    return {
        "winners": len(claimed),
        "as_it_should_be": sorted(claimed) == sorted(approved) == sorted(names) and service.verify_audit().intact,
        "won_by_each": sorted(len(each.requests) for each in won),
    }


def _start(folder: Path, person: str, amount: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.access.races", str(folder), person, str(amount)],
        cwd=workplace.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _race(folder: Path, person: str, amount: int) -> Won:
    service = workplace.service(folder, workplace.Clock())
    service.last_seq()
    print("ready", flush=True)
    sys.stdin.readline()
    begun = time.perf_counter()
    won = []
    for number in range(amount):
        try:
            won.append(service.decide(person, f"r-{number}", workplace.approval()).id)
        except Conflict:
            continue
    return Won(tuple(won), amount, time.perf_counter() - begun)


if __name__ == "__main__":
    print(msgspec.json.encode(_race(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))).decode())
