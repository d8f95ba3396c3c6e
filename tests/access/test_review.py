"""Who may decide, in which stage, and in whose place: the rules without any store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access import decisions, delegations, guardrails, requests, review
from jupyter_mlplatform.access.messages import NewDecision, NewDelegation
from jupyter_mlplatform.access.models import Column, Delegation, Request, RequestState, Verdict
from jupyter_mlplatform.access.review import Reviewers
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, PlatformError
from jupyter_mlplatform.policy import AccessPolicy, AutoApproval, Condition, Guardrail, Stage
from tests.access.world import DATASET, START, approval, new_request, rejection

PERSONAL = replace(DATASET, columns=(Column("gun_id"), Column("force"), Column("worker", tags=("personal",))))
OWNER = Stage(name="owner", approvers=("owner",))
PRIVACY = Stage(name="privacy", approvers=("petra",), when=Condition(column_tags=("personal",)))
POLICY = AccessPolicy(admins=("ada",), stages=(OWNER, PRIVACY))
DAY = timedelta(days=1)


def submitted(policy: AccessPolicy = POLICY, person: str = "alice", **changes: object) -> Request:
    asked = requests.check(new_request(**changes), person, PERSONAL, policy)
    return requests.submit("r-1", person, asked, PERSONAL, START)


def decide(
    request: Request,
    new: NewDecision,
    actor: str = "bob",
    policy: AccessPolicy = POLICY,
    given: tuple[Delegation, ...] = (),
) -> Request:
    return decisions.decide(request, new, actor, PERSONAL, Reviewers(policy, START, given), "v1")


def problem(kind: type[PlatformError], request: Request, new: NewDecision, actor: str, **more: object) -> PlatformError:
    with pytest.raises(kind) as caught:
        decide(request, new, actor, **more)  # type: ignore[arg-type]
    return caught.value


def delegation(approver: str = "bob", delegate: str = "dora", days: int = 10) -> Delegation:
    new = NewDelegation(delegate=delegate, not_after=START + days * DAY)
    return delegations.create(f"d-{approver}-{delegate}", approver, new, POLICY, START)


class TestStages:
    def test_given_a_personal_column_is_asked_for_then_privacy_decides_after_the_owner(self) -> None:
        request = submitted()
        assert problem(Forbidden, request, approval(), "petra").problem.code == "access.not_approver"
        passed = decide(request, approval())
        assert (passed.state, passed.decisions[-1].stage) == (RequestState.SUBMITTED, "owner")
        done = decide(passed, approval(), "petra")
        assert (done.state, done.decisions[-1].stage) == (RequestState.APPROVED, "privacy")
        assert {each.policy_version for each in done.decisions} == {"v1"}

    def test_given_no_personal_column_is_asked_for_then_the_owner_alone_decides(self) -> None:
        assert decide(submitted(columns=("gun_id",)), approval()).state is RequestState.APPROVED

    def test_given_no_stage_fits_then_the_owner_decides_and_nothing_is_granted_unseen(self) -> None:
        policy = AccessPolicy(stages=(PRIVACY,))
        request = submitted(policy, columns=("gun_id",))
        assert problem(Forbidden, request, approval(), "petra", policy=policy).problem.code == "access.not_approver"
        assert decide(request, approval(), policy=policy).state is RequestState.APPROVED

    def test_a_stage_may_only_narrow_what_the_stage_before_has_left(self) -> None:
        passed = decide(submitted(), approval(columns=("gun_id", "worker"), days=10))
        assert problem(Invalid, passed, approval(columns=("force",)), "petra").problem.code == "access.invalid_columns"
        assert problem(Invalid, passed, approval(days=11), "petra").problem.code == "access.invalid_days"
        done = decide(passed, approval(columns=("gun_id",)), "petra").decisions[-1]
        assert (done.columns, done.days) == (("gun_id",), 10)

    def test_a_second_click_of_somebody_in_both_stages_does_not_decide_the_second_one(self) -> None:
        passed = decide(submitted(), approval(stage="owner"), "ada")
        assert decide(passed, approval(stage="owner"), "ada") is passed
        assert decide(passed, approval(), "ada") is passed
        assert decide(passed, approval(stage="privacy"), "ada").state is RequestState.APPROVED

    def test_a_decision_on_a_stage_that_has_passed_is_refused(self) -> None:
        passed = decide(submitted(), approval())
        error = problem(Conflict, passed, approval(stage="owner"), "ada")
        assert error.problem.code == "access.stage_changed"
        assert "'privacy'" in error.problem.cause

    def test_a_change_asked_for_in_the_second_stage_starts_the_review_again(self) -> None:
        passed = decide(submitted(), approval())
        sent_back = decide(passed, NewDecision(verdict=Verdict.ASK_CHANGES, revision=1, reason="fewer"), "petra")
        asked = requests.check(new_request(days=5), "alice", PERSONAL, POLICY)
        again = requests.revise(sent_back, asked, START)
        assert review.present(again, PERSONAL, POLICY).name == "owner"
        assert problem(Forbidden, again, approval(2), "petra").problem.code == "access.not_approver"

    def test_a_rejection_in_any_stage_is_the_end(self) -> None:
        assert decide(decide(submitted(), approval()), rejection(), "petra").state is RequestState.REJECTED

    def test_given_the_policy_gets_another_stage_meanwhile_then_it_has_to_be_passed_too(self) -> None:
        request = submitted(AccessPolicy(stages=(OWNER,)))
        assert decide(request, approval()).state is RequestState.SUBMITTED

    def test_a_person_sees_all_stages_and_who_may_decide_in_each(self) -> None:
        seen = requests.seen(decide(submitted(), approval()), PERSONAL, Reviewers(POLICY, START))
        assert [(each.stage, each.approvers, each.approved_by) for each in seen.review] == [
            ("owner", ("bob", "ada"), "bob"),
            ("privacy", ("petra", "ada"), ""),
        ]
        assert seen.approvers == ("petra", "ada")

    def test_once_escalated_others_may_decide_as_well(self) -> None:
        stage = replace(OWNER, escalate_days=5, escalate_to=("erna",))
        policy = AccessPolicy(stages=(stage,))
        request = submitted(policy)
        assert problem(Forbidden, request, approval(), "erna", policy=policy).problem.code == "access.not_approver"
        raised = replace(request, escalated_at=START)
        assert decide(raised, approval(), "erna", policy).state is RequestState.APPROVED

    def test_whoever_has_left_decides_nothing(self) -> None:
        policy = replace(POLICY, left=("bob",))
        assert problem(Forbidden, submitted(), approval(), "bob", policy=policy).problem.code == "access.not_approver"


class TestFourEyes:
    def test_nobody_decides_on_what_is_asked_for_them(self) -> None:
        request = submitted(beneficiary="petra")
        assert request.subject == "petra"
        passed = decide(request, approval())
        error = problem(Forbidden, passed, approval(), "petra")
        assert error.problem.code == "access.four_eyes"
        assert error.problem.next_step == "Ask ada."

    @pytest.mark.parametrize("beneficiary", ["", "carol"])
    def test_an_admin_who_asks_decides_neither_for_themselves_nor_for_the_other(self, beneficiary: str) -> None:
        request = submitted(person="ada", beneficiary=beneficiary)
        assert problem(Forbidden, request, approval(), "ada").problem.code == "access.four_eyes"

    def test_a_delegate_does_not_decide_on_an_own_request(self) -> None:
        request = submitted(person="dora")
        error = problem(Forbidden, request, approval(), "dora", given=(delegation(),))
        assert error.problem.code == "access.four_eyes"

    def test_nobody_decides_on_an_own_request_through_a_delegate(self) -> None:
        request = submitted(person="ada")
        given = (delegation("ada", "dora"),)
        assert problem(Forbidden, request, approval(), "dora", given=given).problem.code == "access.not_approver"


class TestDelegation:
    def test_a_delegate_decides_and_it_is_written_down_in_whose_place(self) -> None:
        decided = decide(submitted(columns=("gun_id",)), approval(), "dora", given=(delegation(),))
        assert (decided.decisions[-1].actor, decided.decisions[-1].on_behalf) == ("dora", "bob")

    def test_it_counts_from_its_beginning_until_but_not_at_its_end(self) -> None:
        given = replace(delegation(), not_before=START + DAY, not_after=START + 2 * DAY)
        request = submitted()
        stage = review.present(request, PERSONAL, POLICY)
        for days, may in [(0.99, False), (1, True), (1.99, True), (2, False)]:
            by = Reviewers(POLICY, START + days * DAY, (given,))
            assert ("dora" in review.approvers(stage, request, PERSONAL, by)) is may, days

    def test_what_was_delegated_is_not_passed_on(self) -> None:
        given = (delegation("bob", "dora"), delegation("dora", "emil"))
        assert problem(Forbidden, submitted(), approval(), "emil", given=given).problem.code == "access.not_approver"

    def test_once_taken_back_it_counts_no_longer(self) -> None:
        ended = delegations.end(delegation(), "bob", POLICY, START)
        assert problem(Forbidden, submitted(), approval(), "dora", given=(ended,)).problem.code == "access.not_approver"
        assert delegations.end(ended, "bob", POLICY, START + DAY) is ended

    @pytest.mark.parametrize(("actor", "may"), [("bob", True), ("dora", True), ("ada", True), ("carol", False)])
    def test_it_is_ended_by_either_side_or_an_admin(self, actor: str, may: bool) -> None:
        if may:
            assert delegations.end(delegation(), actor, POLICY, START).ended_at == START
        else:
            with pytest.raises(Forbidden, match="may not end"):
                delegations.end(delegation(), actor, POLICY, START)

    @pytest.mark.parametrize(
        ("changes", "hint"),
        [
            ({"delegate": "bob"}, "Somebody else"),
            ({"delegate": " "}, "Somebody else"),
            ({"delegate": "lea"}, "has left"),
            ({"not_after": START}, "end before it begins"),
            ({"not_before": START + 3 * DAY, "not_after": START + 2 * DAY}, "end before it begins"),
            ({"not_after": START + 91 * DAY}, "longer than 90 days"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, changes: dict[str, object], hint: str) -> None:
        fields: dict[str, object] = {"delegate": "dora", "not_after": START + DAY, **changes}
        with pytest.raises(Invalid) as caught:
            delegations.create("d", "bob", NewDelegation(**fields), replace(POLICY, left=("lea",)), START)  # type: ignore[arg-type]
        assert hint in caught.value.problem.cause


class TestThePolicyItself:
    RAIL = Guardrail(
        name="no-people-in-reports",
        when=Condition(column_tags=("personal",), purposes=("reporting",)),
        because="Reports hold no personal data.",
    )

    def test_what_a_guardrail_forbids_cannot_even_be_asked_for(self) -> None:
        policy = replace(POLICY, guardrails=(self.RAIL,))
        with pytest.raises(Forbidden) as caught:
            submitted(policy, purpose="reporting")
        assert caught.value.problem.code == "access.guardrail"
        assert self.RAIL.because in caught.value.problem.cause
        assert submitted(policy, purpose="reporting", columns=("force",)).state is RequestState.SUBMITTED
        assert submitted(policy, purpose="exploration").state is RequestState.SUBMITTED

    def test_a_guardrail_that_came_after_the_request_stops_its_approval_but_not_a_narrower_one(self) -> None:
        request = submitted(purpose="reporting")
        policy = replace(POLICY, guardrails=(self.RAIL,))
        assert problem(Forbidden, request, approval(), "bob", policy=policy).problem.code == "access.guardrail"
        narrowed = decide(request, approval(columns=("gun_id",)), policy=policy)
        assert narrowed.decisions[-1].columns == ("gun_id",)

    @pytest.mark.parametrize(
        ("asked", "automatic"),
        [
            ({"columns": ("gun_id",), "days": 30}, True),
            ({"columns": ("gun_id",), "days": 31}, False),
            ({"columns": ("gun_id", "worker"), "days": 30}, False),
            ({"columns": ("gun_id",), "days": 30, "purpose": "reporting"}, False),
        ],
    )
    def test_a_rule_approves_what_it_is_meant_for_and_nothing_else(
        self, asked: dict[str, object], automatic: bool
    ) -> None:
        when = Condition(classifications=("confidential",), purposes=("model-training",))
        rule = AutoApproval(name="short", when=when, most_days=30)
        request = submitted(**asked)
        policy = replace(POLICY, auto_approve=(rule,))
        scope = request.scope
        found = guardrails.automatic(PERSONAL, scope.columns, request.purpose, request.days, policy)
        assert (found == rule) is automatic

    def test_what_a_rule_approves_has_no_persons_name(self) -> None:
        rule = AutoApproval(name="short", when=Condition(), most_days=30)
        decided = decisions.approve_by_rule(submitted(), rule, Reviewers(POLICY, START), "v1")
        last = decided.decisions[-1]
        assert (decided.state, last.actor, last.rule) == (RequestState.APPROVED, "policy", "short")
