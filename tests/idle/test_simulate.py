from __future__ import annotations

import pytest

from jupyter_mlplatform.idle import simulate
from jupyter_mlplatform.idle.models import WORKSPACE, Decision
from jupyter_mlplatform.idle.phases import Watched
from jupyter_mlplatform.idle.simulate import LIMITS, UNWATCHED, Outcome, Simulation, Terms
from jupyter_mlplatform.policy import IdlePolicy, KernelRule
from tests.idle.recorded import after, line, worked

POLICY = IdlePolicy(timeout_seconds=1800.0, grace_seconds=300.0, min_timeout_seconds=60.0)


def replayed(
    lines: list[Decision],
    until: float = 600.0,
    policy: IdlePolicy = POLICY,
    watched: dict[str, Watched] | None = None,
    within: float = 60.0,
    price: float | None = None,
) -> Simulation:
    terms = Terms(policy=policy, within_seconds=60.0 * within, price_per_hour=price)
    return simulate.replay(lines, terms, after(until), watched)


def only(found: Simulation, subject: str = "kernel:a") -> Outcome:
    (outcome,) = (each for each in found.outcomes if each.subject == subject)
    return outcome


def stops(found: Simulation, subject: str = "kernel:a") -> list[tuple[float, float, float | None]]:
    """Warned, stopped and wanted again, in minutes after noon."""
    return [
        tuple(None if at is None else (at - after(0)).total_seconds() / 60 for at in times)  # type: ignore[misc]
        for each in only(found, subject).stops
        for times in [(each.warned_at, each.stopped_at, each.resumed_at)]
    ]


def test_given_a_shorter_timeout_then_the_stop_and_the_work_that_it_hits_are_found() -> None:
    found = replayed([*worked(end=30), line(80, "working"), line(90, "idle")], until=100)
    assert stops(found) == [(60, 65, 80)]
    assert only(found).stops[0].hits
    assert (found.replayed.kernels, found.replayed.hits, found.recorded.kernels) == (1, 1, 0)


def test_given_work_comes_much_later_then_it_is_not_a_hit() -> None:
    found = replayed([*worked(end=30), line(300, "working")], within=60)
    assert stops(found) == [(60, 65, 300)]
    assert (only(found).stops[0].hits, found.replayed.hits) == (False, 0)


def test_given_work_comes_during_the_warning_then_it_is_taken_back() -> None:
    found = replayed([*worked(end=30), line(62, "working"), line(63, "idle")], until=70)
    assert (stops(found), only(found).warnings) == ([], 1)


def test_given_work_then_the_timer_starts_again() -> None:
    assert stops(replayed([*worked(end=30), line(50, "working"), line(55, "idle")], until=89)) == []
    assert stops(replayed([*worked(end=30), line(50, "working"), line(55, "idle")], until=91)) == [(85, 90, None)]


def test_given_a_use_too_short_for_a_line_of_its_own_then_the_next_line_gives_it_away() -> None:
    """The warning came 60 minutes after the last use, not after the line that said idle."""
    told = [*worked(end=10), line(130, "warned", idle=60)]
    assert stops(replayed(told, until=131, policy=IdlePolicy(timeout_seconds=3000.0, grace_seconds=60.0))) == [
        (60, 61, 70),
        (120, 121, None),
    ]


def test_given_the_policy_that_was_in_force_then_the_replay_agrees_with_what_was_done() -> None:
    told = [*worked(end=30), line(90, "warned", idle=60), line(95, "culled", idle=65)]
    found = replayed(told, policy=IdlePolicy(timeout_seconds=3600.0, grace_seconds=300.0))
    assert stops(found) == [(90, 95, None)]
    assert not only(found).stops[0].assumed
    assert (only(found).real_warnings, only(found).real_stops) == (1, (after(95),))
    assert found.replayed.kernels == found.recorded.kernels == 1


def test_given_a_longer_timeout_then_a_stop_after_the_real_one_is_said_to_be_assumed() -> None:
    told = [*worked(end=30), line(90, "warned", idle=60), line(95, "culled", idle=65)]
    found = replayed(told, policy=IdlePolicy(timeout_seconds=7200.0, grace_seconds=300.0))
    assert stops(found) == [(150, 155, None)]
    assert only(found).stops[0].assumed


def test_given_doubt_or_a_keep_alive_then_nothing_is_stopped_and_the_idle_time_goes_on_under_a_keep_alive() -> None:
    doubt = [*worked(end=10), line(20, "unknown"), line(200, "idle")]
    assert stops(replayed(doubt, until=229)) == []
    kept = [*worked(end=10), line(20, "kept", idle=10), line(200, "released", idle=190), line(201, "idle", idle=191)]
    assert stops(replayed(kept)) == [(200, 205, None)]


def test_given_a_keep_alive_begins_and_ends_while_a_cell_runs_then_it_is_work_all_the_time() -> None:
    """The lines of a keep-alive carry the evidence of that moment."""
    working = line(0, "working")
    told = [
        working,
        Decision(at=after(10), subject="kernel:a", action="kept", why="kept", evidence=working.evidence),
        Decision(at=after(20), subject="kernel:a", action="released", why="", evidence=working.evidence),
        line(500, "idle"),
    ]
    assert stops(replayed(told, until=529)) == []


@pytest.mark.parametrize(
    ("taken_back", "expected"),
    [
        (line(62, "cancelled"), []),  # work
        (line(62, "cancelled", idle=1), [(91, 96, None)]),  # used a minute ago
        (line(62, "cancelled", idle=32), []),  # somebody keeps it
    ],
)
def test_a_warning_that_was_taken_back_says_by_what(
    taken_back: Decision, expected: list[tuple[float, float, float | None]]
) -> None:
    told = [*worked(end=30), line(60, "warned", idle=30), taken_back]
    assert stops(replayed(told, until=120)) == expected


def test_given_a_stop_that_was_held_or_failed_then_it_is_not_counted_as_one() -> None:
    held = [*worked(end=10), line(41, "warned", idle=31), line(46, "held", idle=36)]
    found = replayed(held, policy=IdlePolicy(timeout_seconds=2400.0, grace_seconds=0.0))
    assert stops(found) == []
    assert stops(replayed(held, until=60)) == [(40, 45, None)]  # nobody wanted it: a held stop is no use of it
    failed = [*worked(end=10), line(41, "warned", idle=31), line(46, "failed", idle=36), line(47, "idle")]
    patient = IdlePolicy(timeout_seconds=2400.0, grace_seconds=600.0)
    assert stops(replayed(failed, until=86, policy=patient)) == []
    assert stops(replayed(failed, until=98, policy=patient)) == [(87, 97, None)]


def test_given_the_history_knows_when_it_was_shut_down_then_no_idle_time_is_counted_after_that() -> None:
    told = worked(end=30)
    assert stops(replayed(told)) == [(60, 65, None)]
    assert stops(replayed(told, watched={"kernel:a": ((after(0), after(50)),)})) == []
    assert LIMITS[-1] != UNWATCHED
    assert UNWATCHED in replayed(told).limits
    assert UNWATCHED not in replayed(told, watched={}).limits


def test_given_the_server_was_off_then_idle_time_does_not_run_through_it() -> None:
    told = [*worked(WORKSPACE, end=30), line(499.9, "idle", WORKSPACE), line(510, "working", WORKSPACE)]
    watched = {WORKSPACE: ((after(0), after(40)), (after(500), after(600)))}
    assert stops(replayed(told, watched=watched), WORKSPACE) == []
    assert stops(replayed(told), WORKSPACE) == [(60, 65, 510)]


def test_given_the_server_was_off_after_a_stop_then_that_time_was_not_saved_by_the_stop() -> None:
    told = [*worked(WORKSPACE, end=30), line(480, "working", WORKSPACE)]
    watched = {WORKSPACE: ((after(0), after(120)), (after(480), after(600)))}
    (stop,) = only(replayed(told, watched=watched), WORKSPACE).stops
    assert stop.stopped_seconds == 60.0 * (120 - 65)
    assert stop.resumed_at == after(480)


def test_given_a_server_that_starts_idle_then_its_start_is_somebody_who_wanted_it() -> None:
    told = [*worked(WORKSPACE, end=30), line(90, "idle", WORKSPACE)]
    watched = {WORKSPACE: ((after(0), after(70)), (after(90), after(600)))}
    assert stops(replayed(told, until=100, watched=watched), WORKSPACE) == [(60, 65, 90)]


def test_given_the_machine_slept_then_the_idle_time_starts_again() -> None:
    watched = {"kernel:a": ((after(0), after(50)), (after(300), after(600)))}
    assert stops(replayed(worked(end=30), watched=watched)) == [(330, 335, None)]


def test_given_lines_in_a_time_that_the_history_missed_then_they_count() -> None:
    told = [*worked(end=30), line(45, "working"), line(70, "idle")]
    watched = {"kernel:a": ((after(0), after(40)), (after(200), after(600)))}
    assert stops(replayed(told, until=240, watched=watched)) == [(230, 235, None)]


def test_what_the_workspace_would_have_cost_less_is_an_estimate_in_hours_and_money() -> None:
    told = [
        *worked(WORKSPACE, end=30),
        line(90, "warned", WORKSPACE, idle=60),
        line(95, "culled", WORKSPACE, idle=65),
        line(395, "unknown", WORKSPACE),
        line(396, "idle", WORKSPACE),
    ]
    found = replayed(told, until=400, price=2.0)
    assert stops(found, WORKSPACE) == [(60, 65, 395)]
    assert (found.recorded.hours_stopped, found.recorded.money) == (5.0, 10.0)
    assert (found.replayed.hours_stopped, found.replayed.money) == (5.5, 11.0)


def test_given_a_notebook_with_its_own_timeout_then_it_keeps_it_unless_the_policy_says_otherwise() -> None:
    told = [*worked("kernel:a", end=10), *worked("kernel:b", end=10), *worked("kernel:c", end=10, timeout=7200.0)]
    assert only(replayed(told), "kernel:a").timeout_seconds == 1800.0
    assert only(replayed(told), "kernel:c").timeout_seconds == 7200.0
    whole = [*told, *worked(WORKSPACE, end=10, timeout=7200.0)]  # which waits for the last of its kernels
    assert only(replayed(whole), WORKSPACE).timeout_seconds == 7200.0
    strict = IdlePolicy(timeout_seconds=1800.0, own_timeouts=False)
    assert only(replayed(told, policy=strict), "kernel:c").timeout_seconds == 1800.0
    never = IdlePolicy(kernels=(KernelRule(match="*.ipynb", never=True, locked=True),))
    outcome = only(replayed(told, policy=never), "kernel:c")
    assert (outcome.timeout_seconds, outcome.stops, outcome.warnings) == (None, (), 0)


def test_given_the_clock_was_set_back_then_time_does_not_turn_round() -> None:
    told = [*worked(end=30), line(10, "working"), line(20, "idle")]
    assert stops(replayed(told, until=70)) == [(60, 65, None)]


def test_given_lines_that_a_later_version_wrote_then_they_change_nothing() -> None:
    assert stops(replayed([*worked(end=30), line(40, "moved", idle=10)], until=70)) == [(60, 65, None)]


def test_given_no_lines_then_there_is_nothing_and_the_limits_are_still_said() -> None:
    found = replayed([])
    assert (found.lines, found.outcomes, found.replayed.kernels) == (0, (), 0)
    assert found.limits
