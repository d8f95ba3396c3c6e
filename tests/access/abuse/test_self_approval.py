"""Nobody gives access to themselves: not under another spelling, not through others, not in bulk, not by a rule."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.messages import NewDelegation
from jupyter_mlplatform.access.models import Column, RequestState
from jupyter_mlplatform.access.rowfilter import And, Equals, Like, Not, RowFilter
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden, PlatformError
from jupyter_mlplatform.policy import AccessPolicy, AutoApproval, Condition, Guardrail, Stage
from tests.access.world import START, Clock, approval, make_service, new_request, register

OWNER = Stage(name="owner", approvers=("owner",))
PRIVACY = Stage(name="privacy", approvers=("petra",), when=Condition(column_tags=("personal",)))
POLICY = AccessPolicy(admins=("ada",), stages=(OWNER, PRIVACY))
FREE = AutoApproval(name="free", when=Condition(classifications=("public",)), most_days=30)
PERSONAL = (Column("worker", tags=("personal",)),)
ALIASES = ["Alice", "ALICE", " alice", "alice ", "alice.", "alice..", "\uff41lice", "alice\u200b", "\u0430lice"]


@pytest.fixture
def world(tmp_path: Path, clock: Clock, data_file: Path) -> AccessService:
    return opened(tmp_path, clock, data_file, POLICY)


def opened(tmp_path: Path, clock: Clock, data_file: Path, policy: AccessPolicy, **said: object) -> AccessService:
    service = make_service(tmp_path / "state", clock, policy)
    register(service, data_file, **{"columns": PERSONAL, **said})
    return service


def refused(service: AccessService, person: str, request_id: str, **changes: object) -> str:
    before = service.last_seq()
    with pytest.raises(PlatformError) as caught:
        service.decide(person, request_id, approval(**changes))  # type: ignore[arg-type]
    assert service.last_seq() == before
    return caught.value.problem.code


class TestById:
    def test_an_admin_who_asks_does_not_decide(self, world: AccessService) -> None:
        made = world.ask("ada", new_request(columns=("gun_id",)))
        assert refused(world, "ada", made.id) == "access.four_eyes"

    def test_an_admin_does_not_decide_on_what_a_friend_asks_for_them(self, world: AccessService) -> None:
        made = world.ask("alice", new_request(columns=("gun_id",), beneficiary="ada"))
        assert refused(world, "ada", made.id) == "access.four_eyes"

    def test_who_became_the_owner_meanwhile_does_not_decide_on_the_own_request(
        self, world: AccessService, data_file: Path
    ) -> None:
        made = world.ask("alice", new_request(columns=("gun_id",)))
        from jupyter_mlplatform.access.messages import Registration

        world.register("ada", data_file, Registration(id="weld_guns", owner="alice"))
        assert refused(world, "alice", made.id) == "access.four_eyes"


class TestByAlias:
    """One person under two spellings counts as one: an approver whose name is like the requester's is not another."""

    @pytest.mark.parametrize("alias", ALIASES)
    def test_an_approver_is_not_the_requester_in_another_spelling(
        self, tmp_path: Path, clock: Clock, data_file: Path, alias: str
    ) -> None:
        service = opened(tmp_path, clock, data_file, replace(POLICY, admins=("ada", alias)))
        made = service.ask("alice", new_request(columns=("gun_id",)))
        assert refused(service, alias, made.id) == "access.four_eyes"
        assert alias not in service.request("alice", made.id).approvers

    @pytest.mark.parametrize("alias", ALIASES)
    def test_an_approver_is_not_the_beneficiary_in_another_spelling(
        self, tmp_path: Path, clock: Clock, data_file: Path, alias: str
    ) -> None:
        service = opened(tmp_path, clock, data_file, replace(POLICY, admins=("alice",)))
        try:
            made = service.ask("carol", new_request(columns=("gun_id",), beneficiary=alias))
        except PlatformError as error:
            assert error.problem.code == "access.invalid_beneficiary"  # noqa: PT017
        else:
            assert refused(service, "alice", made.id) == "access.four_eyes"

    @pytest.mark.parametrize("alias", ALIASES)
    def test_a_delegate_is_not_the_requester_in_another_spelling(
        self, tmp_path: Path, clock: Clock, data_file: Path, alias: str
    ) -> None:
        service = opened(tmp_path, clock, data_file, POLICY)
        made = service.ask("alice", new_request(columns=("gun_id",)))
        try:
            service.delegate("bob", NewDelegation(delegate=alias, not_after=START + timedelta(days=2)))
        except PlatformError as error:
            assert error.problem.code == "access.invalid_delegate"  # noqa: PT017
        else:
            # (with a space before or after it, the delegate is alice, and this name nobody's)
            assert refused(service, alias, made.id) in ("access.four_eyes", "access.no_request")


class TestByDelegation:
    def test_the_delegate_of_a_requester_who_may_decide_does_not_decide(self, world: AccessService) -> None:
        made = world.ask("ada", new_request(columns=("gun_id",)))
        world.delegate("ada", NewDelegation(delegate="dora", not_after=START + timedelta(days=5)))
        assert refused(world, "dora", made.id) == "access.not_approver"

    def test_an_owner_who_delegated_to_the_requester_decides_still_alone(self, world: AccessService) -> None:
        world.delegate("bob", NewDelegation(delegate="alice", not_after=START + timedelta(days=5)))
        made = world.ask("alice", new_request(columns=("gun_id",)))
        assert "alice" not in made.approvers
        assert refused(world, "alice", made.id) == "access.four_eyes"

    def test_two_requesters_who_delegate_to_each_other_do_not_decide_for_each_other(
        self, tmp_path: Path, clock: Clock, data_file: Path
    ) -> None:
        service = opened(tmp_path, clock, data_file, POLICY)
        for giver, taker in (("alice", "carol"), ("carol", "alice")):
            service.delegate(giver, NewDelegation(delegate=taker, not_after=START + timedelta(days=5)))
        made = service.ask("alice", new_request(columns=("gun_id",)))
        assert refused(service, "carol", made.id) == "access.no_request"

    def test_a_delegation_is_not_stretched_by_giving_it_again_before_it_ends(
        self, world: AccessService, clock: Clock
    ) -> None:
        """Each has its own end; what was taken back does not live on in another's shadow."""
        first = world.delegate("bob", NewDelegation(delegate="dora", not_after=START + timedelta(days=5)))
        second = world.delegate("bob", NewDelegation(delegate="dora", not_after=START + timedelta(days=9)))
        world.end_delegation("bob", first.id)
        world.end_delegation("bob", second.id)
        made = world.ask("alice", new_request(columns=("gun_id",)))
        assert refused(world, "dora", made.id) == "access.not_approver"


class TestInBulk:
    def test_the_same_click_twice_passes_one_stage(self, world: AccessService) -> None:
        made = world.ask("alice", new_request())
        for _ in range(3):
            assert world.decide("ada", made.id, approval()).state is RequestState.SUBMITTED

    def test_the_same_click_on_another_choice_of_columns_passes_one_stage_too(self, world: AccessService) -> None:
        """No stage is named: it is meant for the stage that this person saw first."""
        made = world.ask("alice", new_request())
        world.decide("ada", made.id, approval())
        with pytest.raises(Conflict):
            world.decide("ada", made.id, approval(columns=("worker",)))
        assert world.request("ada", made.id).state is RequestState.SUBMITTED


class TestByRule:
    def test_an_owners_delegate_gets_no_more_from_a_rule_than_others(
        self, tmp_path: Path, clock: Clock, data_file: Path
    ) -> None:
        policy = replace(POLICY, auto_approve=(FREE,))
        service = opened(tmp_path, clock, data_file, policy, classification="public")
        service.delegate("bob", NewDelegation(delegate="alice", not_after=START + timedelta(days=5)))
        assert service.ask("alice", new_request()).state is RequestState.SUBMITTED
        made = service.ask("alice", new_request("other", columns=("gun_id",)))
        assert (made.state, made.decisions[-1].actor) == (RequestState.APPROVED, "policy")

    def test_lowering_the_classification_does_not_approve_what_was_asked_before(
        self, tmp_path: Path, clock: Clock, data_file: Path
    ) -> None:
        service = opened(tmp_path, clock, data_file, replace(POLICY, auto_approve=(FREE,)))
        made = service.ask("alice", new_request(columns=("gun_id",)))
        register(service, data_file, classification="public")
        assert service.request("alice", made.id).state is RequestState.SUBMITTED
        lowered = [each for each in service.events("bob").items if each.action == "dataset.registered"]
        assert [each.body["dataset"]["classification"] for each in lowered] == ["confidential", "public"]

    def test_removing_a_tag_between_asking_and_deciding_does_not_take_a_stage_away(
        self, world: AccessService, data_file: Path
    ) -> None:
        """The owner may say what is personal, but not to get round the privacy stage of a request that waits for it."""
        made = world.ask("alice", new_request())
        register(world, data_file, columns=(Column("worker", tags=()),))
        world.decide("bob", made.id, approval())
        assert world.request("ada", made.id).state is RequestState.SUBMITTED

    def test_a_stage_that_has_gone_does_not_leave_a_request_that_nobody_can_decide(
        self, tmp_path: Path, clock: Clock, data_file: Path
    ) -> None:
        service = opened(tmp_path, clock, data_file, replace(POLICY, admins=()))
        made = service.ask("alice", new_request())
        service.decide("bob", made.id, approval())
        register(service, data_file, columns=(Column("worker", tags=()),))
        somebody = service.request("bob", made.id).approvers[0]
        assert service.decide(somebody, made.id, approval()).state is RequestState.APPROVED

    def test_a_rule_gives_no_rows_chosen_by_what_is_personal(
        self, tmp_path: Path, clock: Clock, data_file: Path
    ) -> None:
        """Whoever may ask 'the guns of worker w1' for each worker has the column without being granted it."""
        service = opened(
            tmp_path, clock, data_file, replace(POLICY, auto_approve=(FREE,)), classification="public"
        )  # fmt: skip
        w1 = Equals(column="worker", value="w1")
        hidden: list[RowFilter] = [w1, Not(of=w1), And(of=(w1, Equals(column="gun_id", value=1)))]
        for number, rows in enumerate([*hidden, Like(column="worker", pattern="*")]):
            made = service.ask("alice", new_request(f"k{number}", columns=("gun_id",), rows=rows))
            assert made.state is RequestState.SUBMITTED, rows

    def test_a_stage_and_a_guardrail_look_at_what_rows_are_chosen_by(
        self, tmp_path: Path, clock: Clock, data_file: Path
    ) -> None:
        rail = Guardrail(name="none", when=Condition(column_tags=("personal",), purposes=("reporting",)), because="No.")
        service = opened(tmp_path, clock, data_file, replace(POLICY, guardrails=(rail,)))
        asked = {"columns": ("gun_id",), "rows": Equals(column="worker", value="w1")}
        made = service.ask("alice", new_request(**asked))
        assert [each.stage for each in made.review] == ["owner", "privacy"]
        with pytest.raises(Forbidden) as caught:
            service.ask("carol", new_request(purpose="reporting", **asked))
        assert caught.value.problem.code == "access.guardrail"
