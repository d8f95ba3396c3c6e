from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import Evidence, Signal, State
from jupyter_mlplatform.idle.verdict import Action, Memory, Rules, Verdict, call_off, judge
from jupyter_mlplatform.policy import IdlePolicy

POLICY = IdlePolicy(timeout_seconds=100, sample_seconds=10, grace_seconds=30, min_uptime_seconds=0)


def finding(signal: Signal, worked_at: float | None = None) -> Finding:
    return Finding(Evidence(source="cells", signal=signal, text=f"it is {signal.value}"), worked_at)


class Play:
    """Samples in a row; remembers what the keeper would remember."""

    def __init__(self, policy: IdlePolicy = POLICY, started_at: float = 0.0) -> None:
        self.rules = Rules(policy, policy.timeout_seconds, started_at)
        self.memory = Memory(worked_at=0.0)

    def sample(self, now: float, signal: Signal = Signal.IDLE, *, worked_at: float | None = None) -> Verdict:
        self.memory, verdict = judge(self.memory, (finding(signal, worked_at),), self.rules, now)
        return verdict

    def until(self, end: float, start: float = 10.0) -> list[tuple[float, Action]]:
        times = [start + 10.0 * step for step in range(int((end - start) / 10) + 1)]
        actions = [(now, self.sample(now).action) for now in times]
        return [(now, action) for now, action in actions if action is not Action.NOTHING]


def test_given_nothing_works_then_it_is_warned_after_the_timeout_and_stopped_after_the_grace() -> None:
    assert Play().until(140)[:2] == [(100.0, Action.WARN), (130.0, Action.CULL)]


def test_while_it_is_idle_the_sentence_says_how_long_and_when_it_stops() -> None:
    verdict = Play().sample(10.0)
    assert verdict.why == "kept because it has been idle for only 10 s of 1 min 40 s"
    assert verdict.stops_in_seconds == 120.0
    assert verdict.state is State.IDLE


@pytest.mark.parametrize("signal", [Signal.WORK, Signal.UNKNOWN])
def test_given_work_or_doubt_just_before_the_timeout_then_the_time_starts_again(signal: Signal) -> None:
    play = Play()
    play.until(80)
    assert play.sample(90.0, signal).why.startswith("kept because it is")
    assert play.until(230, start=100.0) == [(190.0, Action.WARN), (220.0, Action.CULL), (230.0, Action.CULL)]


@pytest.mark.parametrize("signal", [Signal.WORK, Signal.UNKNOWN])
def test_given_a_warning_when_there_is_work_or_doubt_then_it_is_cancelled(signal: Signal) -> None:
    play = Play()
    assert play.until(100) == [(100.0, Action.WARN)]
    verdict = play.sample(110.0, signal)
    assert verdict.action is Action.CANCEL
    assert verdict.stops_in_seconds is None
    assert play.sample(130.0).action is Action.NOTHING


def test_given_a_warning_when_it_was_used_between_two_samples_then_it_is_cancelled() -> None:
    play = Play()
    play.until(100)
    assert play.sample(110.0, worked_at=105.0).action is Action.CANCEL
    assert play.sample(120.0).idle_seconds == 15.0


def test_given_measurements_stopped_for_longer_than_three_intervals_then_the_time_starts_again() -> None:
    play = Play()
    play.until(100)
    verdict = play.sample(131.0)
    assert verdict.action is Action.CANCEL
    assert verdict.why == "kept because nothing was measured for 31 s, so the idle time starts again"
    assert play.until(260, start=141.0)[0] == (231.0, Action.WARN)


def test_given_a_single_idle_sample_then_it_is_not_enough() -> None:
    play = Play()
    play.memory = Memory(worked_at=0.0, sampled_at=190.0)
    first = play.sample(200.0)
    assert (first.action, first.why) == (Action.NOTHING, "kept because one more idle sample is needed")
    assert play.sample(210.0).action is Action.WARN


def test_given_the_server_has_just_started_then_nothing_stops_before_min_uptime() -> None:
    policy = msgspec.structs.replace(POLICY, min_uptime_seconds=500)
    assert Play(policy).until(500) == [(470.0, Action.WARN), (500.0, Action.CULL)]


def test_given_a_keep_alive_then_it_is_kept_and_a_warning_is_taken_back() -> None:
    play = Play()
    play.until(100)
    play.rules = Rules(POLICY, 100.0, 0.0, ("alice keeps the workspace until noon",))
    verdict = play.sample(110.0)
    assert (verdict.state, verdict.action, verdict.stops_in_seconds) == (State.KEPT, Action.CANCEL, None)
    assert verdict.why == "kept because alice keeps the workspace until noon"
    play.rules = Rules(POLICY, 100.0, 0.0)
    assert play.sample(120.0).action is Action.WARN  # a full warning again


def test_given_nothing_is_to_be_done_about_it_then_it_is_reported_and_never_stopped() -> None:
    play = Play()
    play.rules = Rules(POLICY, 100.0, 0.0, inert="only kernels are stopped here")
    assert play.until(500) == []
    verdict = play.sample(510.0)
    assert (verdict.state, verdict.stops_in_seconds) == (State.IDLE, None)
    assert verdict.why == "kept because only kernels are stopped here"


def test_given_a_timeout_of_its_own_then_that_one_counts() -> None:
    play = Play()
    play.rules = Rules(POLICY, 200.0, 0.0)
    assert play.until(230) == [(200.0, Action.WARN), (230.0, Action.CULL)]
    assert "only 10 s of 3 min 20 s" in judge(Memory(worked_at=0.0), (finding(Signal.IDLE),), play.rules, 10.0)[1].why


def test_given_it_is_never_stopped_then_it_says_why_and_is_not() -> None:
    play = Play()
    play.rules = Rules(POLICY, None, 0.0, never="train.ipynb is never stopped")
    assert play.until(5000) == []
    verdict = play.sample(5010.0)
    assert (verdict.state, verdict.why) == (State.KEPT, "kept because train.ipynb is never stopped")


def test_given_a_warning_when_it_is_used_between_the_samples_then_it_is_called_off_at_once() -> None:
    play = Play()
    play.until(100)
    assert call_off(play.memory, (finding(Signal.IDLE, 0.0),), play.rules, 105.0) is None
    change = call_off(play.memory, (finding(Signal.WORK),), play.rules, 105.0)
    assert change is not None
    assert change[1].action is Action.CANCEL
    assert change[0].warned_at is None


_SAMPLES = st.lists(
    st.tuples(
        st.sampled_from([Signal.IDLE] * 12 + [Signal.WORK, Signal.UNKNOWN]),
        st.sampled_from([1.0, 5.0, 10.0, 10.0, 10.0, 29.0, 31.0, 400.0]),
        st.sampled_from([False] * 12 + [True]),
        st.booleans(),
    ),
    max_size=120,
)


@settings(max_examples=300, deadline=None)
@given(_SAMPLES)
def test_whatever_is_seen_a_stop_needs_the_timeout_a_warning_the_grace_and_no_doubt(
    samples: list[tuple[Signal, float, bool, bool]],
) -> None:
    policy = msgspec.structs.replace(POLICY, min_uptime_seconds=60)
    memory, now, warned_at = Memory(worked_at=0.0, sampled_at=0.0), 0.0, None
    broken_at, row = 0.0, 0
    for signal, gap, kept, between in samples:
        now += gap
        rules = Rules(policy, policy.timeout_seconds, 0.0, ("somebody keeps it",) if kept else ())
        found = (finding(signal),)
        change = call_off(memory, found, rules, now) if between else None
        assert change is None or change[1].action is Action.CANCEL
        memory, verdict = judge(memory, found, rules, now)
        if signal is not Signal.IDLE or gap > 30.0:
            broken_at, row, warned_at = now, 0, None
        else:
            row += 1
        if kept:
            warned_at = None
        if verdict.action is Action.WARN:
            assert now - broken_at >= policy.timeout_seconds
            assert row >= 2
            warned_at = now
        if verdict.action is Action.CULL:
            assert warned_at is not None
            assert now - warned_at >= policy.grace_seconds
            assert now >= policy.min_uptime_seconds
            assert signal is Signal.IDLE
        assert verdict.why.startswith(("kept because", "stops because"))
