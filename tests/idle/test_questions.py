"""When an answer is believed."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlplatform.idle.ledger import Ledger
from jupyter_mlplatform.idle.questions import (
    ASK_AGAIN_SECONDS,
    MISSED_SECONDS,
    MOST_QUESTIONS,
    SILENT_ANSWERS,
    Questions,
)
from tests.idle.messages import status

IPYTHON = {"status": "ok", "implementation": "ipython"}
OTHER = {"status": "ok", "implementation": "echo"}


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(0.0)


@pytest.fixture
def questions(ledger: Ledger) -> Questions:
    return Questions(ledger)


def ask(questions: Questions, now: float) -> list[str]:
    """Ask whatever is due; the identities of the questions."""
    shells = questions.due(now)
    identities = [f"{now}/{shell or 'main'}" for shell in shells]
    for identity, shell in zip(identities, shells, strict=True):
        questions.sent(identity, shell, now)
    return identities


def test_an_answer_is_believed_only_when_the_kernel_was_heard_too(ledger: Ledger, questions: Questions) -> None:
    (first,) = ask(questions, 1.0)
    questions.answered(first, IPYTHON, False, 1.1)
    assert not ledger.known
    questions.heard(first, 1.2)
    assert ledger.known
    assert ledger.answered_at == 1.2


def test_given_the_status_was_missed_then_it_is_asked_again_soon_and_ever_less_often(
    ledger: Ledger, questions: Questions
) -> None:
    now, waits = 0.0, []
    for _ in range(4):
        (identity,) = ask(questions, now)
        questions.answered(identity, IPYTHON, False, now)
        asked_at = now
        while not questions.due(now):
            now += MISSED_SECONDS
        waits.append(now - asked_at)
    assert waits == [2, 4, 8, 16]
    assert not ledger.known


def test_given_a_kernel_that_sends_no_status_for_questions_but_is_heard_then_its_answers_are_believed_at_last(
    ledger: Ledger, questions: Questions
) -> None:
    now = 0.0
    for _ in range(SILENT_ANSWERS + 1):
        while not (asked := ask(questions, now)):
            now += MISSED_SECONDS
        questions.answered(asked[0], OTHER, False, now)
    assert not ledger.known  # nothing at all was heard: the subscription may be deaf
    questions.received()
    while not (asked := ask(questions, now)):
        now += MISSED_SECONDS
    questions.answered(asked[0], OTHER, False, now)
    assert ledger.known


def test_given_no_answer_then_it_is_not_asked_again_for_minutes_and_a_late_answer_still_counts(
    ledger: Ledger, questions: Questions
) -> None:
    (first,) = ask(questions, 0.0)
    assert ask(questions, ASK_AGAIN_SECONDS - 1) == []
    assert len(ask(questions, ASK_AGAIN_SECONDS)) == 1
    ledger.feed(status("busy"), 400.0)
    questions.answered(first, IPYTHON, False, 500.0)
    questions.heard(first, 500.0)
    assert ledger.known
    assert list(ledger.open) == ["cell"]  # it began after the question


def test_given_subshells_then_each_is_asked_and_answers_for_itself(ledger: Ledger, questions: Questions) -> None:
    ledger.feed(status("busy", identity="beside", subshell="s1"), 1.0)
    ledger.feed(status("busy"), 1.0)
    main, beside = ask(questions, 2.0)
    questions.answered(beside, IPYTHON, False, 3.0)
    questions.heard(beside, 3.0)
    assert list(ledger.open) == ["cell"]
    assert not ledger.known
    questions.answered(main, IPYTHON, False, 4.0)
    questions.heard(main, 4.0)
    assert not ledger.open


def test_given_the_subshell_is_gone_then_what_it_ran_is_over(ledger: Ledger, questions: Questions) -> None:
    ledger.feed(status("busy", identity="beside", subshell="s1"), 1.0)
    _, beside = ask(questions, 2.0)
    questions.heard(beside, 3.0)
    questions.answered(beside, {"status": "error", "ename": "UnknownSubshellError"}, False, 3.0)
    assert (ledger.open, ledger.subshells) == ({}, set())


@pytest.mark.parametrize("order", ["answer first", "status first"])
@pytest.mark.parametrize("seen", [True, False])
def test_given_a_kernel_that_may_answer_beside_a_cell_then_its_answer_does_not_end_the_cell(
    ledger: Ledger, questions: Questions, order: str, seen: bool
) -> None:
    if seen:
        ledger.feed(status("busy"), 1.0)
    (identity,) = ask(questions, 2.0)
    if order == "status first":
        questions.heard(identity, 3.0)
    questions.answered(identity, OTHER, not seen, 3.0)
    questions.heard(identity, 3.1)
    assert not ledger.known
    assert bool(ledger.open) is seen
    ledger.feed(status("idle"), 4.0)
    (identity,) = ask(questions, 5.0 + MISSED_SECONDS)
    questions.answered(identity, OTHER, False, 8.0)
    questions.heard(identity, 8.0)
    assert ledger.known


def test_given_a_restart_then_the_old_questions_are_forgotten(ledger: Ledger, questions: Questions) -> None:
    (old,) = ask(questions, 0.0)
    questions.forget()
    questions.answered(old, IPYTHON, False, 1.0)
    questions.heard(old, 1.0)
    assert not ledger.known
    assert len(ask(questions, 1.0)) == 1


@pytest.mark.parametrize("strange", [None, 5, "unknown"])
def test_the_answer_to_somebody_elses_question_changes_nothing(
    ledger: Ledger, questions: Questions, strange: Any
) -> None:
    ask(questions, 0.0)
    questions.answered(strange, IPYTHON, False, 1.0)
    questions.heard(strange, 1.0)
    assert not ledger.known
    assert not questions.asked(strange)


def test_given_a_kernel_that_never_answers_then_the_questions_stay_few(questions: Questions) -> None:
    for count in range(3 * MOST_QUESTIONS):
        ask(questions, count * ASK_AGAIN_SECONDS)
    assert len(questions._pending) <= MOST_QUESTIONS
