"""The rules of a request, without any store."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access import decisions, requests
from jupyter_mlplatform.access.messages import NewDecision
from jupyter_mlplatform.access.models import Request, RequestState, Verdict
from jupyter_mlplatform.access.review import Reviewers
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, PlatformError
from jupyter_mlplatform.policy import AccessPolicy
from tests.access.world import DATASET, POLICY, START, approval, new_request, rejection


def submitted(**changes: object) -> Request:
    asked = requests.check(new_request(**changes), "alice", DATASET, POLICY)
    return requests.submit("r-1", "alice", asked, DATASET, START)


def decide(request: Request, new: NewDecision, actor: str = "bob", policy: AccessPolicy = POLICY) -> Request:
    return decisions.decide(request, new, actor, DATASET, Reviewers(policy, START))


def problem(error: type[PlatformError], request: Request, new: NewDecision, actor: str = "bob") -> PlatformError:
    with pytest.raises(error) as caught:
        decide(request, new, actor)
    return caught.value


def test_asking_without_columns_or_days_asks_for_all_columns_and_the_usual_days() -> None:
    request = submitted(columns=(), days=None)
    assert (request.scope.columns, request.days) == (("gun_id", "force", "worker"), 30)


def test_asked_columns_come_once_each_in_the_datasets_order() -> None:
    assert submitted(columns=("worker", "gun_id", "worker")).scope.columns == ("gun_id", "worker")


@pytest.mark.parametrize(
    ("changes", "code", "hint"),
    [
        ({"purpose": "model-trainng"}, "access.invalid_purpose", "Did you mean 'model-training'?"),
        ({"columns": ("forse",)}, "access.invalid_columns", "Did you mean 'force'?"),
        ({"days": 91}, "access.invalid_days", "at most 90"),
        ({"days": 0}, "access.invalid_days", "at most 90"),
        ({"days": -5}, "access.invalid_days", "at most 90"),
        ({"reason": "x" * 2001}, "access.invalid_reason", "Shorten"),
        ({"reason": "harmless \x1b[2J"}, "access.invalid_reason", "Remove"),
        ({"reason": "read \u202ebackwards"}, "access.invalid_reason", "Remove"),
        ({"reason": "half a pair \ud83d"}, "access.invalid_reason", "Remove"),
    ],
)
def test_what_the_policy_or_the_dataset_does_not_know_is_refused_with_the_way_out(
    changes: dict[str, object], code: str, hint: str
) -> None:
    with pytest.raises(Invalid) as caught:
        submitted(**changes)
    assert caught.value.problem.code == code
    assert hint in caught.value.problem.next_step


def test_an_owner_has_nothing_to_ask_for() -> None:
    with pytest.raises(Conflict, match="You own 'weld_guns'"):
        requests.check(new_request(), "bob", DATASET, POLICY)


def test_a_classification_without_a_limit_gets_the_strictest() -> None:
    policy = AccessPolicy(max_days={"public": 365, "internal": 7})
    assert requests.ceiling(DATASET, policy) == 7


@pytest.mark.parametrize("verdict", list(Verdict))
def test_nobody_decides_on_an_own_request_not_even_an_admin(verdict: Verdict) -> None:
    new = NewDecision(verdict=verdict, revision=1, reason="because")
    assert problem(Forbidden, submitted(), new, "alice").problem.code == "access.four_eyes"
    asked_by_admin = replace(submitted(), requester="ada")
    error = problem(Forbidden, asked_by_admin, new, "ada")
    assert error.problem.code == "access.four_eyes"
    assert error.problem.next_step == "Ask bob or ana."


def test_a_stranger_may_not_decide_and_learns_whom_to_ask() -> None:
    error = problem(Forbidden, submitted(), approval(), "carol")
    assert (error.problem.code, error.problem.next_step) == ("access.not_approver", "Ask bob or ada or ana.")


def test_four_eyes_can_only_be_switched_off_by_the_policy() -> None:
    asked_by_admin = replace(submitted(), requester="ada")
    policy = AccessPolicy(admins=("ada",), four_eyes=False)
    assert decide(asked_by_admin, approval(), "ada", policy).state is RequestState.APPROVED


def test_an_approval_may_narrow_columns_and_days() -> None:
    decided = decide(submitted(), approval(columns=("force", "gun_id"), days=7))
    assert decided.state is RequestState.APPROVED
    assert (decided.decisions[-1].columns, decided.decisions[-1].days) == (("gun_id", "force"), 7)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"columns": ("worker",)}, "access.invalid_columns"),
        ({"days": 31}, "access.invalid_days"),
        ({"days": 0}, "access.invalid_days"),
    ],
)
def test_an_approval_cannot_widen_what_was_asked(changes: dict[str, object], code: str) -> None:
    request = submitted(columns=("gun_id", "force"))
    assert problem(Invalid, request, approval(**changes)).problem.code == code


def test_an_approval_is_held_to_the_policy_of_its_own_day() -> None:
    request = submitted(days=90)
    stricter = AccessPolicy(max_days={"confidential": 10})
    with pytest.raises(Invalid):
        decide(request, approval(), policy=stricter)
    assert decide(request, approval(days=10), policy=stricter).decisions[-1].days == 10


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.ASK_CHANGES])
@pytest.mark.parametrize("reason", ["", "   "])
def test_saying_no_needs_a_reason(verdict: Verdict, reason: str) -> None:
    error = problem(Invalid, submitted(), NewDecision(verdict=verdict, revision=1, reason=reason))
    assert error.problem.code == "access.invalid_reason"


def test_a_decision_on_a_revision_that_is_no_longer_current_is_refused() -> None:
    asked = requests.check(new_request(columns=("worker",)), "alice", DATASET, POLICY)
    request = requests.revise(submitted(columns=("force",)), asked, START)
    assert (request.revision, request.version) == (2, 2)
    assert problem(Conflict, request, approval(revision=1)).problem.code == "access.revision_changed"


def test_changes_asked_and_answered_make_the_next_revision() -> None:
    sent_back = decide(submitted(), NewDecision(verdict=Verdict.ASK_CHANGES, revision=1, reason="fewer days"))
    assert sent_back.state is RequestState.CHANGES_ASKED
    assert problem(Conflict, sent_back, approval()).problem.code == "access.not_open"
    again = requests.revise(sent_back, requests.check(new_request(days=5), "alice", DATASET, POLICY), START)
    assert (again.state, again.revision) == (RequestState.SUBMITTED, 2)
    assert decide(again, approval(revision=2)).state is RequestState.APPROVED


def test_the_same_decision_again_changes_nothing_and_another_one_is_refused() -> None:
    approved = decide(submitted(), approval(days=7))
    assert decide(approved, approval(days=7)) is approved
    assert problem(Conflict, approved, approval(days=6)).problem.code == "access.not_open"
    assert problem(Conflict, approved, approval(days=7), "ada").problem.code == "access.not_open"
    rejected = decide(submitted(), rejection())
    assert decide(rejected, rejection()) is rejected
    assert "bob rejected it" in problem(Conflict, rejected, approval()).problem.cause


def test_only_the_requester_withdraws_and_only_an_open_request() -> None:
    with pytest.raises(Forbidden):
        requests.withdraw(submitted(), "bob", "")
    withdrawn = requests.withdraw(submitted(), "alice", "")
    assert withdrawn.state is RequestState.WITHDRAWN
    assert requests.withdraw(withdrawn, "alice", "") is withdrawn
    with pytest.raises(Conflict, match="no longer open"):
        requests.withdraw(decide(submitted(), rejection()), "alice", "")
