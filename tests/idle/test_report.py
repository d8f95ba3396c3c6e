from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from jupyter_mlplatform.errors import Invalid, Unavailable
from jupyter_mlplatform.idle.local.decisions import JsonLines
from jupyter_mlplatform.idle.local.history import SqliteHistory
from jupyter_mlplatform.idle.models import WORKSPACE, Decision, Kind, Savings, State, Stretch, Timeline, Track
from jupyter_mlplatform.idle.phases import Phase
from jupyter_mlplatform.idle.record import Record
from jupyter_mlplatform.idle.report import MOST_INCIDENTS, Counts, of, reasons
from jupyter_mlplatform.policy import IdlePolicy
from tests.idle.recorded import after, line, worked
from tests.idle.test_history import sample, subject

NOTHING_SAVED = Savings(since=after(0), hours_working=0.0, hours_idle=0.0, hours_stopped=0.0)


def seen(*stretches: tuple[State, float, float], until: float = 600.0, name: str = WORKSPACE) -> Timeline:
    made = tuple(Stretch(since=after(since), until=after(end), state=state) for state, since, end in stretches)
    track = Track(subject=name, kind=Kind(name.partition(":")[0]), name="", path="", stretches=made)
    return Timeline(since=after(0), until=after(until), tracks=(track,) if made else ())


def test_the_hours_of_the_workspace_add_up_to_the_whole_time() -> None:
    watched = seen((State.WORKING, 0, 60), (State.IDLE, 60, 120), (State.WARNED, 120, 126), (State.KEPT, 126, 180))
    saved = Savings(since=after(0), hours_working=1.0, hours_idle=2.0, hours_stopped=5.0)
    hours = of([], watched, {}, saved).hours
    assert (hours.working, hours.idle, hours.kept, hours.unknown) == (1.0, 1.1, 0.9, 0.0)
    assert (hours.stopped, hours.unwatched) == (5.0, 2.0)


def test_what_was_done_is_counted_by_what_it_was_done_to_and_only_in_the_period() -> None:
    told = [
        line(-5, "culled", "kernel:z"),
        line(1, "warned", "kernel:a"),
        line(2, "cancelled", "kernel:a"),
        line(3, "warned", "terminal:1"),
        line(4, "culled", "terminal:1"),
        line(5, "culled", WORKSPACE),
    ]
    found = of(told, seen(), {}, NOTHING_SAVED)
    assert found.warned == Counts(kernels=1, terminals=1)
    assert found.cancelled == Counts(kernels=1)
    assert found.stopped == Counts(terminals=1, workspace=1)
    assert found.begins == after(-5)


def test_what_was_held_and_what_failed_is_listed_the_newest_first_and_all_are_counted() -> None:
    told = [line(number, "held", WORKSPACE, why=f"kept because of file {number}") for number in range(30)]
    found = of([*told, line(40, "failed")], seen(), {}, NOTHING_SAVED)
    assert (found.holds, len(found.held), found.held[0].at) == (30, MOST_INCIDENTS, after(29))
    assert [each.subject for each in found.failed] == ["kernel:a"]


def test_given_a_kernel_that_worked_then_the_reason_is_its_source_with_hours_and_an_example() -> None:
    told = [*worked(begin=0, end=60), *worked(begin=120, end=180), *worked("kernel:b", begin=0, end=60, source="gpu")]
    found = reasons(told, seen(), {})
    assert [(each.source, each.was, each.times, each.hours) for each in found] == [
        ("cells", Phase.WORKING, 2, 2.0),
        ("gpu", Phase.WORKING, 1, 1.0),
    ]
    assert found[0].example == "a cell has been running for 3 min"


def test_given_keep_alives_then_sentences_that_differ_in_numbers_only_are_one_reason() -> None:
    told = [
        line(0, "kept", why="kept because alice keeps it until 2026-03-01 14:00 UTC"),
        line(60, "idle"),
        line(120, "kept", why="kept because alice keeps it until 2026-03-01 18:30 UTC"),
        line(180, "idle"),
        line(200, "kept", why="kept because a hand-off run is executing"),
        line(210, "idle"),
    ]
    found = reasons(told, seen(), {})
    assert [(each.source, each.was, each.times) for each in found] == [("keep", Phase.KEPT, 2), ("keep", Phase.KEPT, 1)]
    assert found[0].example == "alice keeps it until 2026-03-01 18:30 UTC"


def test_given_work_that_began_before_the_period_then_its_part_in_it_counts() -> None:
    told = worked(begin=-600, end=60)
    assert reasons(told, seen(), {})[0].hours == 1.0


def test_given_a_kernel_that_was_shut_down_while_it_worked_then_its_hours_end_there() -> None:
    watched = {"kernel:a": ((after(0), after(30)),)}
    assert reasons([line(0, "working")], seen(), watched)[0].hours == 0.5
    assert reasons([line(0, "working", "kernel:gone")], seen(), watched) == ()


def test_given_doubt_then_the_source_that_could_not_say_is_named() -> None:
    found = reasons([line(0, "unknown", source="processes"), line(6, "idle")], seen(), {})
    assert [(each.source, each.was, each.hours) for each in found] == [("processes", Phase.DOUBT, 0.1)]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Two hours in which the workspace worked, idled, was stopped at one o'clock, and was started at two."""
    history, log = SqliteHistory(tmp_path, 300.0), JsonLines(tmp_path)
    for minutes in range(0, 60, 10):
        state = State.WORKING if minutes < 30 else State.IDLE
        history.note(sample(subject(WORKSPACE, state), subject("kernel:a", state)), after(minutes))
    for each in worked(WORKSPACE, end=30) + worked(end=30):
        log.write(each)
    log.write(line(60, "culled", WORKSPACE, idle=30))
    history.note(sample(subject(WORKSPACE, State.CULLED)), after(60))
    started = SqliteHistory(tmp_path, 300.0)
    started.note(sample(subject(WORKSPACE, State.IDLE)), after(120))
    log.write(line(120, "idle", WORKSPACE))
    policy = IdlePolicy(sample_seconds=300.0, price_per_hour={"default": 3.0})
    return Record(started, log, policy, lambda: after(130))


def test_the_record_answers_from_history_and_log_together(record: Record) -> None:
    assert [each.subject for each in record.timeline(24).tracks] == [WORKSPACE, "kernel:a"]
    assert record.savings().hours_stopped == pytest.approx(1.0)
    assert record.savings().money == pytest.approx(3.0)
    found = record.report(1)
    assert found.hours.stopped == pytest.approx(1.0)
    assert found.hours.working == pytest.approx(0.5)
    assert {each.source for each in found.reasons} == {"cells"}
    shorter = IdlePolicy(timeout_seconds=600.0, grace_seconds=60.0, price_per_hour={"default": 3.0})
    simulated = record.simulate(shorter, 86400.0, 3600.0)
    assert (simulated.replayed.workspace, simulated.replayed.kernels) == (1, 1)
    assert simulated.replayed.hours_stopped == pytest.approx(79 / 60, abs=0.1)
    assert simulated.recorded.hours_stopped == pytest.approx(1.0)


@pytest.mark.parametrize("hours", [0.0, -1.0, float("nan"), float("inf"), 24 * 30 + 1.0])
def test_given_a_period_that_nobody_can_look_back_on_then_it_is_refused(record: Record, hours: float) -> None:
    for ask in (lambda: record.timeline(hours), lambda: record.report(hours / 24)):
        with pytest.raises(Invalid) as refused:
            ask()
        assert refused.value.problem.code == "idle.period"
    with pytest.raises(Invalid):
        record.simulate(IdlePolicy(), hours * 3600, 60.0)


def test_the_savings_are_worked_out_once_in_five_minutes(tmp_path: Path) -> None:
    times = [after(0), after(1), after(6), after(2)]
    asked: list[Decision] = []

    class Log(JsonLines):
        def read(self, since: object, action: str = "") -> tuple[Decision, ...]:
            asked.append(line(0, "idle"))
            return ()

    record = Record(SqliteHistory(tmp_path, 15.0), Log(tmp_path), IdlePolicy(), lambda: times[0])
    for expected in (1, 1, 2, 3):  # a clock that was set back is worked out anew
        record.savings()
        assert len(asked) == expected
        times.pop(0)
        times.append(times[-1] + timedelta(0))


def test_given_the_history_is_damaged_then_there_is_no_estimate_and_the_report_says_why(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_bytes(b"this is no database" * 100)
    record = Record(SqliteHistory(tmp_path, 15.0), JsonLines(tmp_path), IdlePolicy(), lambda: after(0))
    assert record.savings() is None
    with pytest.raises(Unavailable):
        record.report(1)


def test_given_lines_in_a_time_that_the_history_missed_then_no_hours_are_negative() -> None:
    watched = {"kernel:a": ((after(0), after(40)), (after(210), after(600)))}
    (found,) = reasons([*worked(end=30), line(45, "working")], seen(), watched)
    assert found.hours == pytest.approx(0.5 + 390 / 60)
