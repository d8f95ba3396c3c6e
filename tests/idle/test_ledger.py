from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlplatform.idle.ledger import Ledger
from tests.idle.messages import message, status


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(0.0)


def test_a_cell_is_open_from_its_busy_to_its_own_idle(ledger: Ledger) -> None:
    ledger.feed(status("busy"), 1.0)
    assert ledger.open["cell"].opened == 1.0
    ledger.feed(status("idle"), 9.0)
    assert not ledger.open
    assert (ledger.ended_at, ledger.worked_at) == (9.0, 9.0)


@pytest.mark.parametrize("parent", ["usage_request", "kernel_info_request", "comm_msg", "debug_request", "comm_open"])
def test_given_a_running_cell_when_another_request_comes_and_goes_then_it_stays_open(
    ledger: Ledger, parent: str
) -> None:
    ledger.feed(status("busy"), 1.0)
    ledger.feed(status("busy", parent, "other"), 2.0)
    ledger.feed(status("idle", parent, "other"), 3.0)
    assert list(ledger.open) == ["cell"]


def test_given_a_running_cell_when_a_cell_of_a_subshell_ends_then_the_first_stays_open(ledger: Ledger) -> None:
    ledger.feed(status("busy"), 1.0)
    ledger.feed(status("busy", identity="beside", subshell="s1"), 2.0)
    ledger.feed(status("idle", identity="beside", subshell="s1"), 3.0)
    assert list(ledger.open) == ["cell"]


def test_given_the_busy_was_lost_when_the_input_is_echoed_then_the_cell_is_open(ledger: Ledger) -> None:
    ledger.feed(message("execute_input", code="1", execution_count=1), 1.0)
    assert list(ledger.open) == ["cell"]


@pytest.mark.parametrize("state", ["starting", "restarting", "autorestarting"])
def test_given_a_running_cell_when_the_kernel_restarts_then_nothing_is_open(ledger: Ledger, state: str) -> None:
    ledger.feed(status("busy"), 1.0)
    ledger.feed({"header": {"msg_type": "status"}, "content": {"execution_state": state}}, 2.0)
    assert not ledger.open
    assert ledger.worked_at == 2.0


def test_given_a_cell_waits_for_input_then_it_is_open_but_not_working_until_it_is_answered(ledger: Ledger) -> None:
    ledger.feed(status("busy"), 1.0)
    ledger.feed(message("input_request", prompt="?"), 2.0)
    assert ledger.open
    assert not ledger.working
    ledger.feed({"header": {"msg_type": "input_reply"}}, 3.0)
    assert ledger.working


def test_given_a_cell_that_began_unseen_when_it_asks_for_input_then_it_is_open_and_waiting(ledger: Ledger) -> None:
    ledger.feed(message("input_request", prompt="?"), 2.0)
    assert list(ledger.open) == list(ledger.waiting) == ["cell"]


def test_given_the_debugger_stops_a_cell_then_only_cells_of_other_subshells_work(ledger: Ledger) -> None:
    ledger.feed(status("busy"), 1.0)
    ledger.feed(status("busy", identity="beside", subshell="s1"), 1.0)
    ledger.feed(message("debug_event", event="stopped"), 2.0)
    assert list(ledger.working) == ["beside"]
    ledger.feed(message("debug_event", event="continued"), 3.0)
    assert set(ledger.working) == {"cell", "beside"}


def test_given_a_lost_idle_when_the_shell_answers_later_than_the_cell_began_then_it_is_closed(ledger: Ledger) -> None:
    ledger.feed(status("busy"), 1.0)
    ledger.feed(status("busy", identity="beside", subshell="s1"), 1.0)
    ledger.answered(asked_at=5.0, now=6.0)
    assert list(ledger.open) == ["beside"]  # a subshell says nothing about another one
    assert ledger.known


def test_given_a_cell_that_began_after_the_question_when_the_answer_comes_then_it_stays_open(ledger: Ledger) -> None:
    ledger.feed(status("busy"), 5.5)
    ledger.answered(asked_at=5.0, now=6.0)
    assert list(ledger.open) == ["cell"]


def test_a_widgets_callback_is_open_while_it_runs_and_does_not_count_as_a_cell(ledger: Ledger) -> None:
    before = ledger.worked_at
    ledger.feed(status("busy", "comm_msg", "callback"), 5)
    assert [each.opened for each in ledger.callbacks.values()] == [5]
    assert ledger.open == {}
    ledger.feed(status("idle", "comm_msg", "another"), 6)
    assert ledger.callbacks
    ledger.feed(status("idle", "comm_msg", "callback"), 7)
    assert ledger.callbacks == {}
    assert ledger.worked_at == before


def test_given_a_lost_idle_of_a_callback_when_the_shell_answers_later_then_it_is_closed(ledger: Ledger) -> None:
    ledger.feed(status("busy", "comm_msg", "callback"), 5)
    ledger.answered(asked_at=6, now=7)
    assert ledger.callbacks == {}


def test_a_person_who_completes_or_inspects_a_name_was_at_work_then(ledger: Ledger) -> None:
    ledger.feed(status("idle", "complete_request", "c"), 4.0)
    assert ledger.worked_at == 4.0
    ledger.feed(status("idle", "usage_request", "u"), 8.0)
    assert ledger.worked_at == 4.0


_IDENTITIES = st.sampled_from(["a", "b", "c"])
_NOISE = st.sampled_from(["usage_request", "comm_msg", "kernel_info_request", "history_request", "shutdown_request"])
_EVENTS = st.one_of(
    st.tuples(st.just("execute_request"), st.sampled_from(["busy", "idle"]), _IDENTITIES),
    st.tuples(_NOISE, st.sampled_from(["busy", "idle"]), _IDENTITIES),
)


@settings(deadline=None)
@given(st.lists(_EVENTS, max_size=60))
def test_whatever_else_is_said_the_open_cells_are_those_begun_and_not_ended(events: list[tuple[str, str, str]]) -> None:
    ledger, expected = Ledger(0.0), set()
    for now, (parent, state, identity) in enumerate(events, start=1):
        ledger.feed(status(state, parent, identity), float(now))
        if parent == "execute_request":
            (expected.add if state == "busy" else expected.discard)(identity)
        assert set(ledger.open) == expected


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["msg_type", "msg_id"]), st.one_of(st.none(), st.text(), st.integers())))
def test_a_message_that_makes_no_sense_changes_nothing(header: dict[str, Any]) -> None:
    ledger = Ledger(0.0)
    ledger.feed(status("busy"), 1.0)
    for content in (None, {}, {"execution_state": 5}):
        ledger.feed({"header": header, "parent_header": None, "content": content}, 2.0)
    assert list(ledger.open) == ["cell"]


def test_given_a_lost_idle_on_a_subshell_when_that_subshell_answers_then_it_is_closed(ledger: Ledger) -> None:
    ledger.feed(status("busy"), 1.0)
    ledger.feed(status("busy", identity="beside", subshell="s1"), 2.0)
    ledger.feed(status("busy", "comm_msg", "callback", subshell="s1"), 2.0)
    assert ledger.subshells == {"s1"}
    ledger.answered(5.0, 6.0, "s1")
    assert (list(ledger.open), ledger.callbacks, ledger.known) == (["cell"], {}, False)


def test_given_subshells_when_only_the_main_shell_answers_then_a_callback_that_names_none_stays_open(
    ledger: Ledger,
) -> None:
    """ipykernel may route a widget's message to a subshell that the message does not name."""
    ledger.feed(status("idle", "comm_open", "c", subshell="s1"), 1.0)
    ledger.feed(status("busy", "comm_msg", "callback"), 2.0)
    ledger.answered(5.0, 6.0)
    assert ledger.known
    assert ledger.callbacks
    ledger.answered(5.0, 6.5, "s1")
    assert ledger.callbacks == {}


def test_given_a_subshell_is_gone_then_what_ran_on_it_is_over_and_it_is_not_asked_again(ledger: Ledger) -> None:
    ledger.feed(status("busy", identity="beside", subshell="s1"), 2.0)
    ledger.answered(5.0, 6.0, "s1", gone=True)
    assert (ledger.open, ledger.subshells) == ({}, set())


def test_given_a_kernel_died_in_the_middle_of_a_cell_then_nothing_runs_and_that_is_known(ledger: Ledger) -> None:
    ledger.feed(status("busy"), 1.0)
    ledger.died(8.0)
    assert (ledger.open, ledger.known, ledger.worked_at) == ({}, True, 8.0)
    ledger.died(99.0)
    assert ledger.worked_at == 8.0


def test_it_is_known_since_when_the_main_shell_was_free_until_the_kernel_restarts(ledger: Ledger) -> None:
    assert ledger.answered_at is None
    ledger.answered(5.0, 6.0)
    assert ledger.answered_at == 6.0
    ledger.restarted(7.0)
    assert (ledger.answered_at, ledger.known) == (None, False)
