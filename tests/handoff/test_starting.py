"""Starting: exactly what was shown, once, and never lost. Nothing is executed here."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from jupyter_mlplatform.database import Database
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from jupyter_mlplatform.handoff.local import supervisor
from jupyter_mlplatform.handoff.local.processes import started
from jupyter_mlplatform.handoff.local.sqlite_store import MIGRATIONS
from jupyter_mlplatform.handoff.models import LogPosition, NewPlan, NewRun, Run, RunState
from jupyter_mlplatform.handoff.ports import RunOrder
from jupyter_mlplatform.handoff.progress import Lease, RunEvent, apply
from tests.handoff.conftest import NOW, Place


def folders(place: Place) -> list[str]:
    return sorted(each.name for each in (place.state / "runs").iterdir()) if (place.state / "runs").exists() else []


def test_a_new_run_is_starting_and_its_code_and_data_lie_ready(place: Place) -> None:
    run = place.start(place.steps())
    assert run.state is RunState.STARTING
    assert place.runner.launched == [run.id]
    folder = place.state / "runs" / run.id
    assert folder.stat().st_mode & 0o077 == 0
    assert len(list(folder.rglob("*.tar.gz"))) == 1
    assert len(list(folder.rglob("weld_guns.parquet"))) == 1
    assert [(each.name, each.uri, each.grant_id) for each in run.inputs] == [("raw", "dataset:weld_guns", "grant-1")]


def test_the_same_key_gives_the_same_run(place: Place) -> None:
    path = place.steps()
    first, second = place.start(path), place.start(path)
    assert first.id == second.id
    assert place.runner.launched == [first.id]
    assert folders(place) == [first.id]


def test_the_same_key_gives_the_same_run_even_when_the_files_changed_since(place: Place) -> None:
    path = place.steps()
    first = place.start(path)
    place.write(train="# changed")
    wanted = NewRun(path=path, plan_hash=first.plan_hash, idempotency_key="key")
    assert place.service.start("alice", place.root, wanted).id == first.id


def test_two_threads_with_one_key_make_one_run(place: Place) -> None:
    path = place.steps()
    plan = place.service.plan("alice", place.root, NewPlan(path=path))
    wanted = NewRun(path=path, plan_hash=plan.hash, idempotency_key="key")
    gate, found = threading.Barrier(4), []

    def press() -> None:
        gate.wait()
        found.append(place.service.start("alice", place.root, wanted).id)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert folders(place) == [found[0]]
    assert place.runner.launched == [found[0]]


def test_one_key_of_two_people_is_two_runs(place: Place) -> None:
    path = place.notebook()
    assert place.start(path, person="alice").id != place.start(path, person="bob").id


def test_a_key_that_was_used_for_another_plan_is_a_conflict(place: Place) -> None:
    path = place.notebook()
    place.start(path)
    with pytest.raises(Conflict) as caught:
        place.start(path, lr=0.2)
    assert caught.value.problem.code == "handoff.key_used"


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_must_be_there_and_short(place: Place, key: str) -> None:
    with pytest.raises(Invalid):
        place.start(place.notebook(), key=key)


def test_files_that_changed_since_the_plan_are_a_conflict_and_change_nothing(place: Place) -> None:
    path = place.steps()
    plan = place.service.plan("alice", place.root, NewPlan(path=path))
    place.write(train="# changed")
    with pytest.raises(Conflict) as caught:
        place.service.start("alice", place.root, NewRun(path=path, plan_hash=plan.hash, idempotency_key="key"))
    assert caught.value.problem.code == "handoff.plan_changed"
    assert place.service.runs("alice").items == ()
    assert folders(place) == []


def test_what_is_blocked_does_not_start(place: Place) -> None:
    path = place.notebook(kernel="")
    plan = place.service.plan("alice", place.root, NewPlan(path=path))
    with pytest.raises(Conflict) as caught:
        place.service.start("alice", place.root, NewRun(path=path, plan_hash=plan.hash, idempotency_key="key"))
    assert caught.value.problem.code == "handoff.blocked"
    assert "no kernel" in caught.value.problem.cause


def test_a_grant_that_ends_while_it_starts_leaves_nothing_behind(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(person: str, dataset_id: str, folder: Path) -> None:
        raise Forbidden("access.ended", "The grant has ended.")

    monkeypatch.setattr(place.lineage, "materialise", ended)
    with pytest.raises(Forbidden):
        place.start(place.steps())
    assert place.service.runs("alice").items == ()
    assert folders(place) == []


def test_a_server_that_died_before_launching_loses_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(run_id: str) -> None:
        raise SystemExit("killed")

    path = place.steps()
    with monkeypatch.context() as patch:
        patch.setattr(place.runner, "launch", die)
        with pytest.raises(SystemExit):
            place.start(path)
    (run,) = place.service.runs("alice").items
    assert run.state is RunState.STARTING
    other = Place(place.root.parent)  # the next server
    other.time = NOW + timedelta(seconds=11)
    for _ in range(3):
        other.service.last_seq()
    assert other.runner.launched == [run.id]
    assert other.start(path).id == run.id
    other.store.close()


def test_a_run_that_nobody_can_begin_is_interrupted(place: Place) -> None:
    run = place.start(place.steps())
    place.time = NOW + timedelta(seconds=61)
    found = place.service.run("alice", run.id)
    assert found.state is RunState.INTERRUPTED
    assert "could not be started" in found.error
    assert list((place.state / "runs" / run.id).rglob("*.parquet")) == []


def test_a_run_is_claimed_once_and_only_while_it_waits(place: Place) -> None:
    run = place.start(place.steps())
    lease = Lease(host=place.runner.here, pid=1, pid_started=started(1))
    assert place.store.claim(run.id, lease, NOW)
    assert not place.store.claim(run.id, lease, NOW)
    assert place.service.run("alice", run.id).state is RunState.EXECUTING


def test_a_process_number_that_was_given_away_again_is_not_the_same_process(place: Place) -> None:
    me = Lease(host=place.runner.here, pid=os.getpid(), pid_started=started(os.getpid()))
    assert place.runner.alive(me)
    assert not place.runner.alive(msgspec.structs.replace(me, pid_started="1"))
    assert not place.runner.alive(Lease(host=place.runner.here))


def test_a_waiting_run_that_is_cancelled_is_never_begun(place: Place) -> None:
    run = place.start(place.steps())
    assert place.service.cancel("alice", run.id).state is RunState.STOPPED
    assert not place.store.claim(run.id, Lease(host="here", pid=1), NOW)
    assert place.service.cancel("alice", run.id).state is RunState.STOPPED


def test_a_waiting_run_that_is_cancelled_leaves_no_granted_data(place: Place) -> None:
    run = place.start(place.steps())
    place.service.cancel("alice", run.id)
    assert list((place.state / "runs" / run.id).rglob("*.parquet")) == []


def test_a_supervisor_that_comes_after_the_end_leaves_no_granted_data(place: Place) -> None:
    run = place.start(place.steps())
    place.store.append(run.id, RunEvent(action="run.stopped", at=NOW), "alice")
    supervisor.main(place.state / "runs" / run.id, place.store.path)
    assert list((place.state / "runs" / run.id).rglob("*.parquet")) == []


def test_looking_works_while_nothing_can_be_written(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Run:
        raise Unavailable("state.unavailable", "The disk is full.")

    run = place.start(place.steps())
    place.time = NOW + timedelta(seconds=61)
    with monkeypatch.context() as patch:
        patch.setattr(place.store, "append", full)
        assert place.service.run("alice", run.id).state is RunState.STARTING
        assert [each.id for each in place.service.runs("bob").items] == [run.id]
    assert place.service.run("alice", run.id).state is RunState.INTERRUPTED


def test_a_run_goes_on_when_its_disk_was_full_for_a_while(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = place.start(place.steps())
    folder = place.state / "runs" / run.id
    order = msgspec.json.decode((folder / "order.json").read_bytes(), type=RunOrder)
    order = msgspec.structs.replace(order, definition={"Steps": []})
    tries = {"claim": 0, "beat": 0, "append": 0}

    def full_at_first(name: str, write: Callable[..., object]) -> Callable[..., object]:
        def attempt(*given: object, **named: object) -> object:
            tries[name] += 1
            if tries[name] == 1:
                raise Unavailable("state.unavailable", "The disk is full.")
            return write(*given, **named)

        return attempt

    for name in tries:
        monkeypatch.setattr(place.store, name, full_at_first(name, getattr(place.store, name)))
    monkeypatch.setattr(supervisor, "TRY_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    supervisor.Supervisor(folder, order, place.store).run()
    assert place.service.run("alice", run.id).state is RunState.SUCCEEDED
    assert tries == {"claim": 2, "beat": 1, "append": 2}


def test_only_an_account_that_would_see_the_process_launches_or_says_it_is_gone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, executed = place.start(place.steps()), place.start(place.steps(), key="other")
    lease = Lease(host=place.runner.here, pid=os.getpid(), pid_started="not visible")
    assert place.store.claim(executed.id, lease, NOW)
    other = Place(place.root.parent)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    other.time = NOW + timedelta(seconds=9)
    assert other.service.run("bob", executed.id).state is RunState.EXECUTING
    other.time = NOW + timedelta(seconds=11)
    assert other.service.run("bob", waiting.id).state is RunState.STARTING
    assert not hasattr(other.runner, "launched")
    assert other.service.run("bob", executed.id).state is RunState.INTERRUPTED, "its heartbeat is silent"
    other.store.close()


def test_what_a_step_said_when_it_failed_is_for_its_author_alone(place: Place) -> None:
    run = place.start(place.steps())
    for action, step, text in (
        ("step.failed", "prepare", "ValueError: gun 17"),
        ("run.failed", "", "Step prepare failed. ValueError: gun 17"),
    ):
        place.store.append(run.id, RunEvent(action=action, at=NOW, step=step, text=text), "")
    mine, theirs = place.service.run("alice", run.id), place.service.run("bob", run.id)
    assert (mine.error, mine.steps[0].error) == ("Step prepare failed. ValueError: gun 17", "ValueError: gun 17")
    assert (theirs.error, theirs.steps[0].error) == ("Step prepare failed.", "Step prepare failed.")
    assert b"gun 17" not in msgspec.json.encode(place.service.runs("bob"))
    assert b"gun 17" in msgspec.json.encode(place.service.runs("alice"))


def test_somebody_elses_run_is_not_cancelled(place: Place) -> None:
    run = place.start(place.steps())
    with pytest.raises(Forbidden):
        place.service.cancel("bob", run.id)
    assert place.service.run("alice", run.id).state is RunState.STARTING


def test_only_runs_of_this_machine_and_person_keep_it_awake(place: Place) -> None:
    run = place.start(place.steps())
    (sentence,) = place.service.active()
    assert run.id in sentence
    assert place.service.active("alice") == (sentence,)
    assert place.service.active("bob") == ()
    place.service.cancel("alice", run.id)
    assert place.service.active() == ()


def test_what_does_not_exist_is_not_found(place: Place) -> None:
    run = place.start(place.steps())
    for ask in (
        lambda: place.service.run("alice", "run-0"),
        lambda: place.service.version("welds-9"),
        lambda: place.service.log("alice", run.id, LogPosition(step="trian")),
        lambda: place.service.cancel("alice", "run-0"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_the_events_of_a_run_tell_all_of_it(place: Place) -> None:
    run = place.start(place.steps())
    place.store.claim(run.id, Lease(host=place.runner.here, pid=1, pid_started=started(1)), NOW)
    for action, step, text in (
        ("step.executing", "prepare", ""),
        ("step.progress", "prepare", "cell 1 of 2"),
        ("step.failed", "prepare", "ValueError: x"),
        ("run.failed", "", "Step prepare failed."),
        ("run.succeeded", "", ""),
    ):
        place.store.append(run.id, RunEvent(action=action, at=NOW, step=step, text=text), "")
    told: Run = run
    for event in place.store.events(run.id):
        told = apply(told, event)
    assert msgspec.json.encode(told) == msgspec.json.encode(place.service.run("alice", run.id))
    assert told.state is RunState.FAILED


def test_events_are_append_only(place: Place) -> None:
    place.start(place.steps())
    database = Database(place.store.path, MIGRATIONS)
    for statement in ("DELETE FROM events", "UPDATE events SET text = 'x'"):
        with pytest.raises(Exception, match="append-only"):
            database.connection().execute(statement)
    database.close()


def test_a_log_is_for_its_author_alone(place: Place) -> None:
    run = place.start(place.steps())
    with pytest.raises(Forbidden) as caught:
        place.service.log("bob", run.id, LogPosition(step="prepare"))
    assert caught.value.problem.code == "handoff.not_your_log"


def test_a_log_is_read_in_pieces_that_never_split_a_character(place: Place) -> None:
    run = place.start(place.steps())
    folder = place.state / "runs" / run.id / "steps" / "prepare"
    folder.mkdir(parents=True)
    text = "grün €".encode()
    (folder / "log.txt").write_bytes(text[:-1])
    first = place.service.log("alice", run.id, LogPosition(step="prepare"))
    assert (first.text, first.complete) == ("grün ", False)
    (folder / "log.txt").write_bytes(text)
    second = place.service.log("alice", run.id, LogPosition(step="prepare", offset=first.next_offset))
    assert (second.text, second.next_offset) == ("€", len(text))
    assert place.service.log("alice", run.id, LogPosition(step="prepare", offset=10_000)).next_offset == len(text)
