"""The rules of a grant, without any store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access import decisions, grants, requests
from jupyter_mlplatform.access.models import EndReason, Grant, GrantState
from jupyter_mlplatform.access.review import Reviewers
from jupyter_mlplatform.errors import Conflict, Forbidden
from tests.access.world import DATASET, POLICY, START, approval, new_request

SECOND = timedelta(seconds=1)
END = START + timedelta(days=30)


def grant(**changes: object) -> Grant:
    asked = requests.check(new_request(**changes), "alice", DATASET, POLICY)
    request = requests.submit("r-1", "alice", asked, DATASET, START)
    decided = decisions.decide(request, approval(), "bob", DATASET, Reviewers(POLICY, START))
    return grants.create("g-1", decided, DATASET, START)


def test_a_grant_is_usable_from_its_beginning_until_but_not_at_its_end() -> None:
    given = grant()
    assert (given.not_before, given.not_after) == (START, END)
    for instant, usable in [(START - SECOND, False), (START, True), (END - SECOND, True), (END, False)]:
        assert grants.usable(given, instant, "alice", DATASET) is usable


def test_a_grant_is_usable_by_its_subject_on_its_own_live_dataset_only() -> None:
    given = grant()
    assert not grants.usable(given, START, "carol", DATASET)
    assert not grants.usable(given, START, "alice", replace(DATASET, live=False))
    assert not grants.usable(given, START, "alice", replace(DATASET, id="other"))


@pytest.mark.parametrize("state", [state for state in GrantState if state is not GrantState.ACTIVE])
def test_only_an_active_grant_is_usable(state: GrantState) -> None:
    assert not grants.usable(replace(grant(), state=state), START, "alice", DATASET)


BEFORE_THE_END = [state for state in GrantState if state not in (GrantState.ENDING, GrantState.ENDED)]


@pytest.mark.parametrize("state", BEFORE_THE_END)
@pytest.mark.parametrize("actor", ["bob", "ada", "alice"])
def test_owner_admin_and_subject_end_a_grant_from_every_state(state: GrantState, actor: str) -> None:
    ended = grants.revoke(replace(grant(), state=state), actor, DATASET, POLICY, START, "enough")
    assert (ended.state, ended.end_reason) == (GrantState.ENDED, EndReason.REVOKED)
    assert (ended.ended_by, ended.ended_at, ended.end_note) == (actor, START, "enough")
    assert not grants.usable(ended, START, "alice", DATASET)


def test_one_whose_backend_has_to_be_told_is_ending_first_and_revoking_it_again_changes_nothing() -> None:
    ending = grants.revoke(replace(grant(), backend="fake"), "bob", DATASET, POLICY, START, "enough")
    assert (ending.state, ending.end_reason) == (GrantState.ENDING, EndReason.REVOKED)
    assert not grants.usable(ending, START, "alice", DATASET)
    assert grants.revoke(ending, "ada", DATASET, POLICY, START, "") is ending


def test_a_stranger_cannot_end_a_grant() -> None:
    with pytest.raises(Forbidden, match=r"Ask bob\."):
        grants.revoke(grant(), "carol", DATASET, POLICY, START, "")


def test_ending_twice_changes_nothing_and_an_expired_grant_cannot_be_revoked() -> None:
    ended = grants.revoke(grant(), "bob", DATASET, POLICY, START, "")
    assert grants.revoke(ended, "alice", DATASET, POLICY, START, "") is ended
    with pytest.raises(Conflict, match="as agreed"):
        grants.revoke(grant(), "bob", DATASET, POLICY, END, "")


def test_an_expired_grant_is_shown_as_ended_at_its_own_end() -> None:
    shown = grants.shown(grant(), END + timedelta(days=3))
    assert (shown.state, shown.end_reason, shown.ended_at) == (GrantState.ENDED, EndReason.EXPIRED, END)
    assert grants.shown(grant(), END - SECOND) == grant()


def test_of_several_grants_the_one_that_covers_the_columns_and_lasts_longest_is_used() -> None:
    narrow = replace(grant(columns=("gun_id",)), id="narrow", not_after=END + timedelta(days=9))
    wide = replace(grant(), id="wide")
    longer = replace(wide, id="longer", not_after=END + SECOND)
    ended = replace(wide, id="ended", not_after=START)
    held = [narrow, wide, longer, ended]

    def best(*columns: str) -> str:
        found = grants.best(held, columns, START, "alice", DATASET)
        assert found is not None
        return found.id

    assert best() == "longer"
    assert best("gun_id") == "narrow"
    assert best("gun_id", "worker") == "longer"
    assert grants.best(held, (), START, "carol", DATASET) is None
