"""Several servers, command lines and threads on one state; and processes that die in the middle."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from jupyter_mlplatform.access.models import Request, RequestState
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict
from jupyter_mlplatform.policy import AccessPolicy
from tests.access.world import Clock, approval, make_service, new_request, register

RACER = Path(__file__).with_name("racer.py")
ROOT = Path(__file__).parents[2]


def start(python: str, state: Path, person: str, *rest: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, "-m", "tests.access.racer", str(state), person, *rest],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def test_four_processes_that_decide_fifty_requests_have_one_winner_each(
    service: AccessService, tmp_path: Path, python: str
) -> None:
    for number in range(47):
        register(service, tmp_path / "data" / "weld.parquet", f"set_{number}")
    ids = service.dataset_ids("alice")
    names = [service.ask("alice", new_request(each, dataset_id=each)).id for each in ids]
    names += [service.ask("carol", new_request(each, dataset_id=each)).id for each in ids[:2]]
    assert len(names) == 50
    deciders = ["bob", "ada", "ana", "bob"]
    racers = [start(python, tmp_path / "state", person, "decide", *names) for person in deciders]
    for racer in racers:
        assert pipe(racer.stdout).readline() == "ready\n"
    for racer in racers:
        pipe(racer.stdin).write("go\n")
        pipe(racer.stdin).flush()
    won = [racer.communicate(timeout=60)[0].split() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0, 0]
    # Bob runs twice: his second process is told the same answer again, which is no second decision.
    assert {name for mine in won for name in mine} == set(names)
    by_person = [set(won[0]) | set(won[3]), set(won[1]), set(won[2])]
    assert sum(len(mine) for mine in by_person) == 50
    approved = [event for event in service.trail("ada").items if event.action == "request.approved"]
    assert sorted(event.subject for event in approved) == sorted(names)
    assert len(service.grants("ada", "owned").items) == 50
    assert service.verify_audit().intact


def test_threads_that_ask_with_one_key_get_one_request(service: AccessService) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: service.ask("alice", new_request("same")), range(24)))
    assert len({request.id for request in made}) == 1
    assert service.last_seq() == 2


def test_threads_that_decide_differently_have_one_winner(service: AccessService) -> None:
    request = service.ask("alice", new_request())

    def decide(number: int) -> Request | None:
        try:
            return service.decide(("bob", "ada", "ana")[number % 3], request.id, approval(days=number + 1))
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [made for made in pool.map(decide, range(24)) if made]
    assert len(won) == 1
    assert len(service.grants("alice").items) == 1
    assert service.verify_audit().findings == ()


@pytest.mark.parametrize("steps", [1, 4])
def test_a_process_killed_in_the_middle_leaves_whole_state_and_others_go_on(
    service: AccessService, tmp_path: Path, python: str, steps: int
) -> None:
    racers = [start(python, tmp_path / "state", person, "churn") for person in ("alice", "carol")]
    try:
        for out in [pipe(racer.stdout) for racer in racers]:
            while int(out.readline()) < steps:
                continue
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate()
    after = make_service(tmp_path / "state", Clock(), AccessPolicy(admins=("ada",)))
    found = after.verify_audit()
    assert found.findings == ()
    assert found.unanchored <= 4  # a transaction of each of the two writes up to two events
    assert found.events >= 2 * steps
    for person in ("alice", "carol"):
        for request in after.requests(person).items:
            assert (request.state is RequestState.APPROVED) == (request.grant_id is not None)
    open_requests = [each for each in after.requests("alice").items if each.state is RequestState.SUBMITTED]
    assert len(open_requests) <= 1
    made = after.ask("dora", new_request())
    assert after.decide("bob", made.id, approval()).state is RequestState.APPROVED
    assert after.verify_audit().unanchored == 0
