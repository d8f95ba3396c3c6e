"""What owners and admins see: who holds grants, what became of them where the data lies, and what happened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.access import oversight
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.messages import AuditQuery, OversightQuery, Registration, Revocation
from jupyter_mlplatform.access.models import Event, GrantState
from jupyter_mlplatform.access.oversight import concern, dataset_of, effect, honest, people_of
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError
from jupyter_mlplatform.policy import AccessPolicy
from tests.access.store_contract import dataset, grant
from tests.access.world import START, Clock, granted, make_service, new_request, register, write_data

LAKE = "lake_formation"


def leg(grant_id: str = "g-1", state: LegState = LegState.VERIFIED, dataset_id: str = "lake", **said: Any) -> Leg:
    fields: dict[str, Any] = {"wanted": True, "version": 1, "due_at": START, "subject": "alice", **said}
    return Leg(id=f"{grant_id}/{LAKE}", grant_id=grant_id, dataset_id=dataset_id, backend=LAKE, state=state, **fields)


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> AccessService:
    """Bob's file, granted to alice; eve's table in a lake, where three grants fare differently."""
    made = make_service(tmp_path / "state", clock)
    register(made, write_data(tmp_path / "weld.parquet"))
    granted(made)
    store = SqliteStore(tmp_path / "state")
    lake = dataset("lake", title="Lake table", owner="eve", location="glue://1/db/t", backend=LAKE)
    held = {
        "g-good": (GrantState.ACTIVE, leg("g-good")),
        "g-drift": (GrantState.FULFILLING, leg("g-drift", LegState.DRIFTED, note="bob has more", attempts=1)),
        "g-stuck": (
            GrantState.ENDING,
            leg("g-stuck", LegState.ORPHANED, wanted=False, note="The role is gone.", attempts=12),
        ),
    }
    with store.unit() as unit:
        unit.put_dataset(lake)
        for grant_id, (state, each) in held.items():
            unit.put_grant(grant(grant_id, "carl", "lake", owner="eve", state=state, backend=LAKE))
            unit.put_leg(each)
    return made


def rows(service: AccessService, who: str, /, **query: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    page = service.overseen(who, OversightQuery(**query))
    return [(item.id, [(each.grant.id[:7], each.concern) for each in item.grants]) for item in page.items]


def test_an_admin_sees_all_datasets_the_ones_that_need_somebody_first(service: AccessService) -> None:
    lake = ("lake", [("g-stuck", "orphaned"), ("g-drift", "drifted"), ("g-good", "")])
    found = rows(service, "ada")
    assert found[0] == lake
    assert [name for name, _ in found] == ["lake", "weld_guns"]


def test_an_owner_sees_the_own_datasets_only_and_counts_no_others(service: AccessService) -> None:
    assert [name for name, _ in rows(service, "bob")] == ["weld_guns"]
    counters = service.overseen("bob", OversightQuery()).counters
    assert (counters.states, counters.concerns) == ({"active": 1}, {})
    assert rows(service, "bob", dataset="lake") == []
    assert [name for name, _ in rows(service, "eve")] == ["lake"]


@pytest.mark.parametrize("ask", ["overseen", "audited", "verified"])
def test_others_are_refused_without_a_name(service: AccessService, ask: str) -> None:
    queries = {"overseen": (OversightQuery(),), "audited": (AuditQuery(),), "verified": ()}
    with pytest.raises(Forbidden) as caught:
        getattr(service, ask)("alice", *queries[ask])
    problem = caught.value.problem
    said = f"{problem.message} {problem.cause} {problem.next_step}"
    assert problem.code == "access.not_overseer"
    assert not [name for name in ("ada", "bob", "eve", "weld", "lake") if name in said.split()]


def test_an_owner_cannot_have_the_whole_trail_checked(service: AccessService) -> None:
    with pytest.raises(Forbidden):
        service.verified("bob")
    assert service.verified("ada") == service.verify_audit()


def test_the_options_tell_who_may_oversee_and_verify(service: AccessService) -> None:
    told = {who: service.options(who) for who in ("ada", "bob", "alice")}
    assert {who: (each.may_oversee, each.may_verify) for who, each in told.items()} == {
        "ada": (True, True),
        "bob": (True, False),
        "alice": (False, False),
    }


def test_counters_tell_of_everything_whatever_is_filtered(service: AccessService) -> None:
    counters = service.overseen("ada", OversightQuery(state="active", person="nobody")).counters
    assert counters.states == {"active": 2, "fulfilling": 1, "ending": 1}
    assert counters.concerns == {"orphaned": 1, "drifted": 1}


def test_grants_are_filtered_by_dataset_person_and_state(service: AccessService) -> None:
    assert [name for name, _ in rows(service, "ada", person="alice")] == ["weld_guns"]
    assert rows(service, "ada", state="attention") == [("lake", [("g-stuck", "orphaned"), ("g-drift", "drifted")])]
    assert rows(service, "ada", state="active", dataset="lake") == [("lake", [("g-good", "")])]
    assert rows(service, "ada", limit=1, offset=1)[0][0] == "weld_guns"
    with pytest.raises(Invalid, match="no state"):
        service.overseen("ada", OversightQuery(state="activ"))


def test_an_ended_grant_is_left_out_unless_asked_for(service: AccessService, clock: Clock) -> None:
    held = service.grants("alice").items[0]
    service.revoke("bob", held.id, Revocation())
    assert rows(service, "bob") == []
    assert [name for name, _ in rows(service, "bob", state="ended")] == ["weld_guns"]


def test_a_dataset_is_named_as_it_is_called_now(service: AccessService, tmp_path: Path) -> None:
    service.register("bob", tmp_path / "weld.parquet", Registration(id="weld_guns", title="Guns"))
    assert service.overseen("bob", OversightQuery()).items[0].title == "Guns"


def test_only_a_grant_that_was_seen_in_force_is_called_enforced() -> None:
    elsewhere = grant(backend=LAKE, enforcement="enforced")
    verified = effect(leg())
    assert honest(elsewhere, [verified]).enforcement == "enforced"
    for state in set(LegState) - {LegState.VERIFIED}:
        assert honest(elsewhere, [effect(leg(state=state))]).enforcement == "advisory"
    assert honest(elsewhere, []).enforcement == "advisory"
    assert honest(elsewhere, [effect(leg("g-2"))]).enforcement == "advisory"
    assert honest(elsewhere, [verified, effect(leg(state=LegState.DRIFTED))]).enforcement == "advisory"
    assert honest(grant(enforcement="enforced"), [verified]).enforcement == "advisory"


def test_the_holder_reads_what_is_so_and_why(service: AccessService) -> None:
    found = service.grants("carl")
    told = {each.grant_id: (each.state, each.note) for each in found.effects}
    assert told["g-drift"] == (LegState.DRIFTED, "bob has more")
    assert {each.id: each.enforcement for each in found.items} == {
        "g-good": "enforced",
        "g-drift": "advisory",
        "g-stuck": "advisory",
    }
    assert service.grants("alice").effects == ()
    page = service.dataset("carl", "lake")
    assert (page.access, page.grant and page.grant.id, page.coming and page.coming.id) == (
        "granted",
        "g-good",
        "g-drift",
    )


def test_a_page_tells_of_a_grant_that_is_being_set_up(service: AccessService, tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "state").unit() as unit:
        unit.put_grant(grant("g-new", "dora", "lake", state=GrantState.FULFILLING, backend=LAKE))
        unit.put_leg(leg("g-new", LegState.APPLIED, subject="dora"))
    page = service.dataset("dora", "lake")
    assert (page.access, page.grant, page.coming and page.coming.id) == ("fulfilling", None, "g-new")
    assert [each.state for each in page.effects] == [LegState.APPLIED]


@pytest.mark.parametrize(
    ("state", "said", "worst"),
    [
        (LegState.VERIFIED, {}, ""),
        (LegState.PLANNED, {}, "pending"),
        (LegState.PLANNED, {"attempts": 2}, "failing"),
        (LegState.DRIFTED, {"attempts": 1}, "drifted"),
        (LegState.REMOVING, {"wanted": False}, "pending"),
        (LegState.ORPHANED, {"wanted": False, "attempts": 12}, "orphaned"),
        (LegState.VERIFIED, {"wanted": False}, "pending"),
    ],
)
def test_what_somebody_has_to_look_after(state: LegState, said: dict[str, Any], worst: str) -> None:
    assert concern([effect(leg(state=state, **said)), effect(leg("g-2"))]) == worst


# The audit trail


def found(service: AccessService, who: str, /, **query: Any) -> list[tuple[str, str]]:
    return [(each.actor, each.action) for each in service.audited(who, AuditQuery(**query)).items]


def test_events_come_newest_first_and_are_filtered(service: AccessService) -> None:
    everything = found(service, "ada")
    assert everything[0] == ("bob", "request.approved")
    assert found(service, "ada", action="grant") == [("bob", "grant.created")]
    assert found(service, "ada", action="request.submitted") == [("alice", "request.submitted")]
    assert found(service, "ada", action="grant.creat") == []
    assert found(service, "ada", dataset="lake") == []
    assert found(service, "ada", dataset="weld_guns") == everything
    assert ("bob", "grant.created") in found(service, "ada", person="alice")
    assert found(service, "ada", person="zoe") == []


def test_an_owner_finds_only_what_concerns_them(service: AccessService, tmp_path: Path) -> None:
    service.register("eve", write_data(tmp_path / "own.parquet"), Registration(id="eves"))
    assert found(service, "eve") == [("eve", "dataset.registered")]
    assert ("eve", "dataset.registered") not in found(service, "bob")
    assert ("eve", "dataset.registered") in found(service, "ada")


def test_pages_follow_each_other_without_a_gap_or_an_event_twice(
    service: AccessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        service.ask("alice", new_request(f"again-{number}", days=number + 1, reason=str(number)))
    everything = [each.seq for each in service.audited("ada", AuditQuery(limit=200)).items]
    monkeypatch.setattr(oversight, "WINDOW", 3)
    monkeypatch.setattr(oversight, "MOST_WINDOWS", 2)
    queries: tuple[dict[str, Any], ...] = ({}, {"person": "alice"})
    for query in queries:
        seen: list[int] = []
        page = service.audited("ada", AuditQuery(limit=4, **query))
        seen += [each.seq for each in page.items]
        while page.older:
            before = page.older
            page = service.audited("ada", AuditQuery(limit=4, before=before, **query))
            assert page.older < before
            seen += [each.seq for each in page.items]
        whole = service.audited("ada", AuditQuery(limit=200, **query))
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == len(set(seen))
        assert set(seen) >= {each.seq for each in whole.items}
    assert set(everything) >= set(seen)


def test_what_an_event_is_about() -> None:
    def event(action: str, subject: str, body: dict[str, Any]) -> Event:
        return Event(seq=1, at=START, actor="bob", action=action, subject=subject, body=body, previous="", hash="")

    scope = {"dataset_id": "weld"}
    approved = event("request.approved", "r-1", {"request": {"scope": scope, "requester": "al", "beneficiary": "cy"}})
    assert (dataset_of(approved), set(people_of(approved))) == ("weld", {"bob", "al", "cy"})
    given = event("grant.created", "g-1", {"grant": {"scope": scope, "subject": "al", "owner": "bob"}})
    assert (dataset_of(given), set(people_of(given))) == ("weld", {"bob", "al"})
    removing = event("leg.removing", "g-1/x", {"leg": {"dataset_id": "weld", "subject": "al"}})
    assert (dataset_of(removing), set(people_of(removing))) == ("weld", {"bob", "al"})
    loaded = event("data.loaded", "weld", {"grant_id": "g-1"})
    assert (dataset_of(loaded), set(people_of(loaded))) == ("weld", {"bob"})
    absent = event("delegation.given", "d-1", {"delegation": {"approver": "bob", "delegate": "cy"}})
    assert (dataset_of(absent), set(people_of(absent))) == ("", {"bob", "cy"})


def test_an_admin_who_left_oversees_nothing(tmp_path: Path, clock: Clock) -> None:
    made = make_service(tmp_path / "state", clock, AccessPolicy(admins=("ada",), left=("ada",)))
    with pytest.raises(PlatformError):
        made.overseen("ada", OversightQuery())


def test_a_grant_to_come_is_not_being_set_up() -> None:
    later = grant(state=GrantState.FULFILLING, not_before=START + timedelta(days=1), backend=LAKE)
    assert oversight.coming([later], START) is None
    assert oversight.coming([later], START + timedelta(days=1)) == later
    assert oversight.coming([later], later.not_after) is None
