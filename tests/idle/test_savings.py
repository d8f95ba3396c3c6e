from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from jupyter_mlplatform.idle import savings
from jupyter_mlplatform.idle.models import WORKSPACE, Decision, Kind, State, Stretch, Track
from jupyter_mlplatform.idle.savings import Price

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
FREE = Price(None, "EUR")


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def track(*stretches: tuple[State, float, float]) -> Track:
    made = tuple(Stretch(since=after(since), until=after(until), state=state) for state, since, until in stretches)
    return Track(subject=WORKSPACE, kind=Kind.WORKSPACE, name="", path="", stretches=made)


def culled(hours: float, subject: str = WORKSPACE) -> Decision:
    return Decision(at=after(hours), subject=subject, action="culled", why="stops because of the test")


def test_given_a_stop_and_a_new_start_then_the_time_between_is_what_was_saved() -> None:
    watched = track((State.WORKING, 0, 2), (State.IDLE, 2, 3), (State.IDLE, 13, 14))
    found = savings.estimate(watched, [culled(3)], Price(2.0, "EUR", "ml.m5.large"), NOON, after(14))
    assert (found.hours_working, found.hours_idle, found.hours_stopped) == (2.0, 2.0, 10.0)
    assert (found.money, found.currency, found.price_per_hour, found.instance) == (20.0, "EUR", 2.0, "ml.m5.large")
    assert not found.still_stopped


def test_given_nobody_has_started_it_again_then_it_counts_until_now_and_says_so() -> None:
    found = savings.estimate(track((State.IDLE, 0, 1)), [culled(1)], FREE, NOON, after(4))
    assert (found.hours_stopped, found.still_stopped, found.money) == (3.0, True, None)


def test_given_the_machine_took_minutes_to_end_then_these_are_not_saved() -> None:
    watched = track((State.WARNED, 0, 1.01), (State.CULLED, 1.01, 1.5), (State.WORKING, 9, 10))
    found = savings.estimate(watched, [culled(1)], FREE, NOON, after(10))
    assert found.hours_stopped == 7.5


def test_given_a_stop_that_did_not_take_then_nothing_was_saved() -> None:
    watched = track((State.WARNED, 0, 1), (State.CULLED, 1, 1.5), (State.WORKING, 1.5, 3))
    assert savings.estimate(watched, [culled(1)], FREE, NOON, after(3)).hours_stopped == 0.0


def test_given_it_was_stopped_by_hand_then_nothing_is_claimed() -> None:
    watched = track((State.IDLE, 0, 1), (State.IDLE, 20, 21))
    assert savings.estimate(watched, [], FREE, NOON, after(21)).hours_stopped == 0.0


def test_given_two_lines_tell_of_the_same_stop_then_it_counts_once() -> None:
    watched = track((State.IDLE, 0, 1), (State.IDLE, 5, 6))
    assert savings.estimate(watched, [culled(1.001), culled(1)], FREE, NOON, after(6)).hours_stopped == 4.0


def test_given_a_stop_before_the_period_then_only_what_lies_in_it_counts() -> None:
    watched = track((State.WORKING, -10, -2), (State.WORKING, 3, 4))
    found = savings.estimate(watched, [culled(-2), culled(-3, "kernel:a")], FREE, NOON, after(4))
    assert (found.hours_stopped, found.hours_working, found.kernels_stopped) == (3.0, 1.0, 0)


def test_kernels_and_terminals_that_were_stopped_are_counted_and_cost_nothing() -> None:
    told = [culled(1, "kernel:a"), culled(2, "kernel:b"), culled(2, "terminal:1")]
    found = savings.estimate(track((State.KEPT, 0, 3), (State.UNKNOWN, 3, 4)), told, Price(1.0, "EUR"), NOON, after(4))
    assert (found.kernels_stopped, found.terminals_stopped, found.hours_stopped, found.money) == (2, 1, 0.0, 0.0)
    assert (found.hours_working, found.hours_idle) == (1.0, 3.0)  # doubt is not claimed to be idle


def test_given_no_history_then_a_stop_still_counts_from_the_log() -> None:
    found = savings.estimate(None, [culled(1)], FREE, NOON, after(2))
    assert (found.hours_stopped, found.hours_working) == (1.0, 0.0)


@pytest.mark.parametrize(("instance", "price"), [("ml.m5.large", 0.1), ("ml.g5.xlarge", 0.5), ("", 0.5)])
def test_the_price_is_that_of_the_instance_otherwise_the_default(instance: str, price: float) -> None:
    assert savings.price_of(instance, {"ml.m5.large": 0.1, "default": 0.5}, "EUR").per_hour == price
    assert savings.price_of(instance, {}, "EUR").per_hour is None
