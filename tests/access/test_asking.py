"""Reviews in stages, delegations, renewals, leavers and reminders, through the service and its store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from jupyter_mlplatform.access.messages import NewDelegation, Revocation
from jupyter_mlplatform.access.models import Column, EndReason, GrantState, RequestKind, RequestState
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden, NotFound
from jupyter_mlplatform.policy import AccessPolicy, AutoApproval, Condition, Stage
from tests.access.world import START, Clock, approval, make_service, new_request, register, rejection

DAY = timedelta(days=1)
STAGES = (
    Stage(name="owner", approvers=("owner",), remind_days=3, escalate_days=7, escalate_to=("erna",)),
    Stage(name="privacy", approvers=("petra",), when=Condition(column_tags=("personal",)), remind_days=3),
)
POLICY = AccessPolicy(admins=("ada",), stages=STAGES)


def world(folder: Path, clock: Clock, data_file: Path, policy: AccessPolicy = POLICY) -> AccessService:
    service = make_service(folder / "state", clock, policy)
    register(service, data_file, columns=(Column("worker", tags=("personal",)),))
    return service


@pytest.fixture
def service(tmp_path: Path, clock: Clock, data_file: Path) -> AccessService:
    return world(tmp_path, clock, data_file)


def texts(service: AccessService, person: str, after: int = 0) -> list[str]:
    return [each.text for each in service.notices(person, after) if each.text]


def inbox(service: AccessService, person: str) -> list[str]:
    return [each.id for each in service.requests(person, "inbox").items]


class TestStages:
    def test_a_request_goes_from_inbox_to_inbox_and_is_granted_at_the_end(self, service: AccessService) -> None:
        made = service.ask("alice", new_request())
        assert (inbox(service, "bob"), inbox(service, "petra")) == ([made.id], [])
        passed = service.decide("bob", made.id, approval(stage="owner"))
        assert (passed.state, passed.grant_id) == (RequestState.SUBMITTED, None)
        assert (inbox(service, "bob"), inbox(service, "petra")) == ([], [made.id])
        done = service.decide("petra", made.id, approval(stage="privacy", columns=("worker",)))
        assert done.state is RequestState.APPROVED
        (grant,) = service.grants("alice").items
        assert (grant.id, grant.scope.columns, grant.approved_by) == (done.grant_id, ("worker",), "petra")
        assert service.verify_audit().intact

    def test_each_is_told_when_it_is_their_turn(self, service: AccessService) -> None:
        made = service.ask("alice", new_request())
        assert texts(service, "petra") == []
        service.decide("bob", made.id, approval())
        assert texts(service, "petra") == ["bob approved the request of alice for Welding guns; now it waits for you."]
        assert texts(service, "alice")[-1] == "bob approved your request for Welding guns; it goes on to petra."

    def test_a_reviewer_sees_the_request_and_a_stranger_does_not_learn_that_it_exists(
        self, service: AccessService
    ) -> None:
        made = service.ask("alice", new_request())
        assert service.request("petra", made.id).id == made.id
        with pytest.raises(NotFound):
            service.request("carol", made.id)


class TestDelegation:
    def test_a_delegate_has_the_inbox_for_as_long_as_it_lasts(self, service: AccessService, clock: Clock) -> None:
        made = service.ask("alice", new_request(columns=("gun_id",)))
        service.delegate("bob", NewDelegation(delegate="dora", not_before=START + DAY, not_after=START + 3 * DAY))
        assert inbox(service, "dora") == []
        clock.forward(days=1)
        assert inbox(service, "dora") == [made.id]
        clock.forward(days=2)
        assert inbox(service, "dora") == []
        with pytest.raises(Forbidden):
            service.decide("dora", made.id, approval())

    def test_it_is_seen_by_both_told_and_part_of_the_trail(self, service: AccessService) -> None:
        given = service.delegate("bob", NewDelegation(delegate="dora", not_after=START + 3 * DAY))
        assert service.delegations("bob").items == service.delegations("dora").items == (given,)
        assert service.delegations("carol").items == ()
        assert texts(service, "dora") == ["bob lets you decide on requests until 2030-01-04."]
        service.end_delegation("dora", given.id)
        assert service.delegations("bob").items == ()
        assert texts(service, "bob") == ["dora ended the delegation from bob to dora."]
        assert service.verify_audit().intact

    def test_what_a_delegate_decided_names_both(self, service: AccessService) -> None:
        made = service.ask("alice", new_request(columns=("gun_id",)))
        service.delegate("bob", NewDelegation(delegate="dora", not_after=START + 3 * DAY))
        last = service.decide("dora", made.id, approval()).decisions[-1]
        assert (last.actor, last.on_behalf) == ("dora", "bob")


class TestRules:
    def test_what_a_rule_approves_is_granted_at_once_and_names_the_rule(
        self, tmp_path: Path, clock: Clock, data_file: Path
    ) -> None:
        rule = AutoApproval(name="machine-data", when=Condition(classifications=("confidential",)), most_days=30)
        service = world(tmp_path, clock, data_file, AccessPolicy(auto_approve=(rule,)))
        made = service.ask("alice", new_request(columns=("force",)))
        assert (made.state, made.decisions[-1].rule) == (RequestState.APPROVED, "machine-data")
        assert service.grants("alice").items[0].scope.columns == ("force",)
        assert texts(service, "alice") == ["A rule of the policy approved your request for Welding guns."]
        assert service.ask("alice", new_request(columns=("force",))).id == made.id
        assert len(service.grants("alice").items) == 1
        assert service.ask("alice", new_request("other", columns=("worker",))).state is RequestState.SUBMITTED
        assert service.verify_audit().intact


class TestAskingForSomebodyElse:
    def test_the_grant_is_theirs_and_both_are_told(self, service: AccessService) -> None:
        made = service.ask("alice", new_request(columns=("gun_id",), beneficiary="carol"))
        service.decide("bob", made.id, approval())
        assert service.grants("alice").items == ()
        assert [each.subject for each in service.grants("carol").items] == ["carol"]
        assert texts(service, "carol") == ["bob approved access to Welding guns for you."]
        assert "on behalf of carol" in texts(service, "bob")[-1]


class TestRenewal:
    @pytest.fixture
    def grant_id(self, service: AccessService) -> str:
        made = service.ask("alice", new_request(columns=("gun_id",), days=30))
        return str(service.decide("bob", made.id, approval()).grant_id)

    def test_it_goes_on_from_the_old_end_which_stands(
        self, service: AccessService, clock: Clock, grant_id: str
    ) -> None:
        clock.forward(days=25)
        made = service.ask("alice", new_request("again", columns=("gun_id",), days=30, renews=grant_id))
        assert (made.kind, made.renews) == (RequestKind.RENEWAL, grant_id)
        service.decide("bob", made.id, approval())
        old, new = service.grants("alice").items
        assert (old.not_after, new.not_before, new.not_after) == (START + 30 * DAY, START + 30 * DAY, START + 60 * DAY)
        assert (old.state, new.state) == (GrantState.ACTIVE, GrantState.SCHEDULED)
        clock.forward(days=5)
        assert [each.state for each in service.grants("alice").items] == [GrantState.ENDED, GrantState.ACTIVE]
        assert service.usable_grant("alice", "weld_guns")[1].id == new.id
        assert service.verify_audit().intact

    def test_after_the_end_it_begins_now(self, service: AccessService, clock: Clock, grant_id: str) -> None:
        clock.forward(days=40)
        made = service.ask("alice", new_request("again", columns=("gun_id",), renews=grant_id))
        service.decide("bob", made.id, approval())
        assert service.grants("alice").items[-1].not_before == clock.now

    def test_it_is_not_stacked_years_ahead(self, service: AccessService, clock: Clock, grant_id: str) -> None:
        clock.forward(days=25)
        made = service.ask("alice", new_request("again", columns=("gun_id",), days=60, renews=grant_id))
        renewed = service.decide("bob", made.id, approval()).grant_id
        with pytest.raises(Conflict) as caught:
            service.ask("alice", new_request("more", columns=("gun_id",), renews=renewed))
        assert caught.value.problem.code == "access.renewed_too_early"
        assert caught.value.problem.next_step == "Renew it from 2030-03-02 on."

    def test_somebody_elses_grant_or_one_that_was_taken_back_is_not_renewed(
        self, service: AccessService, clock: Clock, grant_id: str
    ) -> None:
        with pytest.raises(Forbidden):
            service.ask("carol", new_request("mine", columns=("gun_id",), renews=grant_id))
        service.revoke("bob", grant_id, Revocation("not needed"))
        with pytest.raises(Conflict, match="ended before its time"):
            service.ask("alice", new_request("again", columns=("gun_id",), renews=grant_id))


class TestLeavers:
    def test_whoever_has_left_may_use_and_do_nothing_and_all_of_theirs_ends(
        self, service: AccessService, tmp_path: Path, clock: Clock
    ) -> None:
        first = service.ask("alice", new_request(columns=("gun_id",)))
        service.decide("bob", first.id, approval())
        waiting = service.ask("alice", new_request("more"))
        after = make_service(tmp_path / "state", clock, AccessPolicy(admins=("ada",), stages=STAGES, left=("alice",)))
        with pytest.raises(Forbidden) as caught:
            after.load("alice", "weld_guns")
        assert caught.value.problem.code == "access.has_left"
        with pytest.raises(Forbidden):
            after.ask("alice", new_request("third"))
        (grant,) = after.grants("bob", "owned").items
        assert (grant.state, grant.end_reason, grant.ended_at) == (GrantState.ENDED, EndReason.LEFT, clock.now)
        assert after.request("ada", waiting.id).state is RequestState.VOID
        assert after.verify_audit().intact


class TestTime:
    def waits(self, service: AccessService, clock: Clock, days: float, person: str) -> list[str]:
        before = service.last_seq()
        clock.forward(days=days)
        service.last_seq()
        return texts(service, person, before)

    def test_an_approver_is_reminded_once_and_after_a_week_another_may_decide(
        self, service: AccessService, clock: Clock
    ) -> None:
        made = service.ask("alice", new_request(columns=("gun_id",)))
        assert self.waits(service, clock, 2.9, "bob") == []
        assert self.waits(service, clock, 0.2, "bob") == [
            "The request of alice for Welding guns still waits for you: 1 columns for 30 days."
        ]
        assert self.waits(service, clock, 1, "bob") == []
        assert inbox(service, "erna") == []
        assert "you may decide it" in self.waits(service, clock, 3, "erna")[0]
        assert inbox(service, "erna") == [made.id]
        assert self.waits(service, clock, 20, "erna") == []
        assert service.decide("erna", made.id, approval()).state is RequestState.APPROVED
        assert service.verify_audit().intact

    def test_the_next_stage_has_its_own_time(self, service: AccessService, clock: Clock) -> None:
        made = service.ask("alice", new_request())
        self.waits(service, clock, 4, "bob")
        service.decide("bob", made.id, approval())
        assert self.waits(service, clock, 2.9, "petra") == []
        assert "still waits for you" in self.waits(service, clock, 0.2, "petra")[0]

    def test_an_end_is_announced_a_week_and_a_day_before_once_each(self, service: AccessService, clock: Clock) -> None:
        made = service.ask("alice", new_request(columns=("gun_id",), days=30))
        service.decide("bob", made.id, approval())
        assert self.waits(service, clock, 22.9, "alice") == []
        assert self.waits(service, clock, 0.2, "alice") == [
            "Your access to Welding guns ends within 7 days. Renew it if you still need it."
        ]
        assert self.waits(service, clock, 3, "alice") == []
        assert "within a day" in self.waits(service, clock, 3, "alice")[0]
        assert self.waits(service, clock, 0.5, "alice") == []
        assert self.waits(service, clock, 1, "alice") == ["Your access to Welding guns has ended, as agreed."]

    def test_a_grant_of_a_few_days_is_announced_a_day_before_only(self, service: AccessService, clock: Clock) -> None:
        made = service.ask("alice", new_request(columns=("gun_id",), days=3))
        service.decide("bob", made.id, approval())
        assert self.waits(service, clock, 1.9, "alice") == []
        assert "within a day" in self.waits(service, clock, 0.2, "alice")[0]

    def test_a_clock_that_was_set_back_neither_reminds_again_nor_gives_back_what_has_ended(
        self, service: AccessService, clock: Clock
    ) -> None:
        made = service.ask("alice", new_request(columns=("gun_id",), days=30))
        service.decide("bob", made.id, approval())
        clock.forward(days=31)
        service.last_seq()
        clock.forward(days=-20)
        with pytest.raises(Forbidden) as caught:
            service.load("alice", "weld_guns")
        assert caught.value.problem.code == "access.ended"


def test_a_rejected_request_tells_its_requester_only(service: AccessService) -> None:
    made = service.ask("alice", new_request())
    service.decide("bob", made.id, rejection())
    assert texts(service, "petra") == []
    assert "rejected" in texts(service, "alice")[-1]
