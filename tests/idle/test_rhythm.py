from __future__ import annotations

import random

import pytest

from jupyter_mlplatform.idle.rhythm import BEATS, MOST_KINDS, Rhythm


def lively(times: list[float], kind: str = "a") -> int:
    """How many of these messages are no clock's."""
    rhythm = Rhythm()
    return sum(not rhythm.is_even(kind, at) for at in times)


@pytest.mark.parametrize("every", [0.5, 1, 5, 30, 60, 300, 3600])
@pytest.mark.parametrize("seed", range(5))
def test_a_clock_is_heard_only_until_its_pace_is_known(every: float, seed: int) -> None:
    chance = random.Random(seed)
    delay = 0.05 * every
    times = [at * every + chance.uniform(0, delay) for at in range(200)]
    assert lively(times) == BEATS


@pytest.mark.parametrize("fastest", [0.05, 0.3, 2.0])
def test_a_person_who_types_or_clicks_is_heard(fastest: float) -> None:
    chance, now, times = random.Random(1), 0.0, []
    for _ in range(200):
        now += fastest * (1 + chance.expovariate(0.5))
        times.append(now)
    assert lively(times) > 150


def test_a_held_key_is_faster_than_any_clock() -> None:
    assert lively([at * 0.033 for at in range(100)]) == 100


def test_kinds_have_a_pace_of_their_own_and_are_forgotten_when_there_are_too_many() -> None:
    rhythm = Rhythm()
    for at in range(100):
        rhythm.is_even("clock", 5.0 * at)
        rhythm.is_even("other", 5.0 * at + 1)
    assert rhythm.is_even("clock", 500.0)
    for each in range(MOST_KINDS):
        rhythm.is_even(each, 501.0)
    assert not rhythm.is_even("clock", 505.0)
