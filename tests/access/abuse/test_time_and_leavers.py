"""An end cannot be dodged: not with the clock, and not by whoever has left."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access import grants
from jupyter_mlplatform.access.messages import NewDelegation, Registration, Revocation
from jupyter_mlplatform.access.models import Column, EndReason, Grant, GrantState, RequestState, Scope
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden, PlatformError
from jupyter_mlplatform.policy import AccessPolicy
from tests.access.world import (
    DATASET,
    POLICY,
    START,
    Clock,
    approval,
    granted,
    make_service,
    new_request,
    rejection,
)

DAY = timedelta(days=1)


def code(command: object) -> str:
    with pytest.raises(PlatformError) as caught:
        command()  # type: ignore[operator]
    return caught.value.problem.code


class TestTheClock:
    def test_what_was_refused_as_over_is_not_given_again_once_the_clock_was_set_back(
        self, service: AccessService, clock: Clock
    ) -> None:
        """Nobody but the refused use has looked at the clock in between."""
        granted(service)
        clock.forward(days=31)
        assert code(lambda: service.load("alice", "weld_guns")) == "access.ended"
        clock.forward(days=-20)
        assert code(lambda: service.load("alice", "weld_guns")) == "access.ended"

    def test_what_the_owner_saw_as_over_stays_over(self, service: AccessService, clock: Clock) -> None:
        granted(service)
        clock.forward(days=31)
        assert [each.state for each in service.grants("bob", "owned").items] == [GrantState.ENDED]
        clock.forward(days=-20)
        assert code(lambda: service.load("alice", "weld_guns")) == "access.ended"

    def test_a_grant_made_while_the_clock_was_ahead_is_no_longer_for_that(
        self, service: AccessService, clock: Clock
    ) -> None:
        clock.forward(days=100)
        granted(service)
        (grant,) = service.grants("alice").items
        assert grant.not_after - grant.not_before == 30 * DAY
        clock.forward(days=-100)
        assert code(lambda: service.load("alice", "weld_guns")) == "access.not_yet"

    def test_a_delegation_that_was_over_when_it_was_used_is_not_given_again(
        self, service: AccessService, clock: Clock
    ) -> None:
        made = service.ask("alice", new_request())
        service.delegate("bob", NewDelegation(delegate="dora", not_after=START + 3 * DAY))
        clock.forward(days=4)
        assert code(lambda: service.decide("dora", made.id, approval())) == "access.not_approver"
        clock.forward(days=-3)
        assert code(lambda: service.decide("dora", made.id, approval())) == "access.not_approver"
        assert service.delegations("dora").items == ()
        assert service.verify_audit().findings == ()

    def test_a_delegation_that_could_not_be_ended_any_more_is_not_given_again(
        self, service: AccessService, clock: Clock
    ) -> None:
        given = service.delegate("bob", NewDelegation(delegate="dora", not_after=START + 3 * DAY))
        clock.forward(days=3)
        for _ in range(2):
            assert code(lambda: service.end_delegation("bob", given.id)) == "access.delegation_ended"
        clock.forward(days=-2)
        assert code(lambda: service.end_delegation("bob", given.id)) == "access.delegation_ended"
        assert service.delegations("bob").items == ()

    @pytest.mark.parametrize("seconds", [0, 0.000001])
    def test_the_last_instant_is_the_one_before_the_end(
        self, service: AccessService, clock: Clock, seconds: float
    ) -> None:
        granted(service)
        clock.now = START + 30 * DAY - timedelta(microseconds=1)
        assert service.load("alice", "weld_guns").table.num_rows == 3
        clock.now = START + 30 * DAY + timedelta(seconds=seconds)
        assert code(lambda: service.load("alice", "weld_guns")) == "access.ended"


class TestRevoking:
    GRANT = Grant(
        id="g-1",
        request_id="r-1",
        subject="alice",
        scope=Scope(dataset_id="weld_guns", columns=("force",)),
        dataset_title="Welding guns",
        owner="bob",
        purpose="reporting",
        not_before=START,
        not_after=START + 30 * DAY,
        state=GrantState.ACTIVE,
        version=1,
        approved_by="bob",
    )

    @pytest.mark.parametrize("reason", list(EndReason))
    def test_one_that_is_being_taken_away_stays_so(self, reason: EndReason) -> None:
        ending = replace(self.GRANT, state=GrantState.ENDING, end_reason=reason, ended_at=START, backend="lake")
        for actor in ("bob", "alice", "ada"):
            assert grants.revoke(ending, actor, DATASET, POLICY, START + DAY, "enough") is ending
        with pytest.raises(Forbidden):
            grants.revoke(ending, "carol", DATASET, POLICY, START, "")

    @pytest.mark.parametrize(
        "state", [each for each in GrantState if each not in (GrantState.ENDING, GrantState.ENDED)]
    )
    @pytest.mark.parametrize("when", [-1, 0, 15])
    def test_it_is_accepted_from_every_state_but_the_end(self, state: GrantState, when: int) -> None:
        grant = replace(self.GRANT, state=state)
        for actor in ("bob", "alice", "ada"):
            ended = grants.revoke(grant, actor, DATASET, POLICY, START + when * DAY, "enough")
            assert (ended.state, ended.end_reason, ended.ended_by) == (GrantState.ENDED, EndReason.REVOKED, actor)
        with pytest.raises(Forbidden):
            grants.revoke(grant, "carol", DATASET, POLICY, START, "")

    @pytest.mark.parametrize("state", list(GrantState))
    @pytest.mark.parametrize("when", [-1, 0, 15, 30, 31])
    def test_usable_is_exactly_active_and_inside_and_of_this_person_and_a_live_dataset(
        self, state: GrantState, when: int
    ) -> None:
        grant, now = replace(self.GRANT, state=state), START + when * DAY
        expected = state is GrantState.ACTIVE and 0 <= when < 30
        assert grants.usable(grant, now, "alice", DATASET) is expected
        for person, dataset in (("carol", DATASET), ("alice", replace(DATASET, live=False))):
            assert not grants.usable(grant, now, person, dataset)
        assert not grants.usable(grant, now, "alice", replace(DATASET, id="other"))

    def test_what_is_taken_back_while_it_is_read_is_not_handed_out(
        self, service: AccessService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = granted(service)
        files = service._usage._files  # type: ignore[attr-defined]
        read = files.read

        def slowly(*args: object) -> object:
            service.revoke("bob", str(made.grant_id), Revocation("now"))
            return read(*args)

        monkeypatch.setattr(files, "read", slowly)
        with pytest.raises(Conflict):
            service.load("alice", "weld_guns")
        assert "data.loaded" not in [each.action for each in service.events("bob").items]


class TestWhoeverHasLeft:
    """ada was an admin and bob an owner; both are on the list of those who have left."""

    @pytest.fixture
    def after(self, service: AccessService, tmp_path: Path, clock: Clock) -> AccessService:
        granted(service)
        return make_service(tmp_path / "state", clock, AccessPolicy(admins=("ada", "ana"), left=("ada", "bob")))

    @pytest.mark.parametrize("person", ["ada", "bob"])
    def test_changes_nothing_any_more(self, after: AccessService, data_file: Path, person: str) -> None:
        after.last_seq()
        (grant,) = after.grants("ana", "owned").items
        before = after.last_seq()
        said = Registration(id="weld_guns", classification="public", columns=(Column("worker", tags=("open",)),))
        for command in (
            lambda: after.register(person, data_file, said),
            lambda: after.register(person, data_file, Registration(id="weld_guns", owner="zoe")),
            lambda: after.retire(person, "weld_guns"),
            lambda: after.revoke(person, grant.id, Revocation("bye")),
            lambda: after.delegate(person, NewDelegation(delegate="zoe", not_after=START + DAY)),
        ):
            with pytest.raises(Forbidden):
                command()
        assert after.last_seq() == before

    def test_an_admin_who_has_left_oversees_nothing(self, after: AccessService) -> None:
        assert after.dataset("ana", "weld_guns").dataset.location
        after.ask("carol", new_request())
        for command in (
            lambda: after.dataset("ada", "weld_guns").dataset.location,
            lambda: after.grants("ada", "owned").items,
            lambda: [each for each in after.events("ada").items if each.actor == "carol"],
        ):
            try:
                assert not command()
            except Forbidden:
                continue

    def test_what_they_delegated_counts_no_longer(self, service: AccessService, tmp_path: Path, clock: Clock) -> None:
        made = service.ask("alice", new_request())
        service.delegate("bob", NewDelegation(delegate="dora", not_after=START + 9 * DAY))
        after = make_service(tmp_path / "state", clock, replace(POLICY, left=("bob",)))
        assert code(lambda: after.decide("dora", made.id, approval())) == "access.not_approver"

    def test_nothing_is_granted_to_them_by_a_request_that_somebody_made_before(
        self, service: AccessService, tmp_path: Path, clock: Clock
    ) -> None:
        made = service.ask("alice", new_request(beneficiary="carol"))
        after = make_service(tmp_path / "state", clock, replace(POLICY, left=("carol",)))
        assert code(lambda: after.decide("bob", made.id, approval())) == "access.beneficiary_left"
        assert [held for held in after.grants("ada", "owned").items if held.subject == "carol"] == []
        assert after.decide("bob", made.id, rejection("carol has left")).state is RequestState.REJECTED
