"""The commands as a face calls them: one effect each, clear refusals, and notices for the right people."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet
import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.messages import Comment, NewDecision, Registration, Revocation
from jupyter_mlplatform.access.models import EndReason, GrantState, RequestState, Verdict
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, NotFound, PlatformError, Problem
from tests.access.world import Clock, approval, granted, new_request, register, rejection, write_data


def refused(service: AccessService, person: str = "alice", columns: tuple[str, ...] | None = None) -> Problem:
    with pytest.raises(PlatformError) as caught:
        service.load(person, "weld_guns", columns)
    return caught.value.problem


# Asking


def test_the_same_key_gives_the_same_request_and_one_event(service: AccessService) -> None:
    first = service.ask("alice", new_request("k"))
    seq = service.last_seq()
    assert service.ask("alice", new_request("k")) == first
    assert service.last_seq() == seq
    assert service.ask("carol", new_request("k")).id != first.id


def test_a_key_that_comes_with_another_request_is_refused_and_changes_nothing(service: AccessService) -> None:
    made = service.ask("alice", new_request("k"))
    seq = service.last_seq()
    for other in (new_request("k", days=3), new_request("k", columns=("force",)), new_request("k", reason="why")):
        with pytest.raises(Conflict) as caught:
            service.ask("alice", other)
        assert caught.value.problem.code == "access.key_reused"
    service.ask("alice", new_request("k2", days=3))
    assert service.ask("alice", new_request("k")).id == made.id
    assert service.last_seq() == seq + 1


def test_asking_the_same_again_from_another_tab_gives_the_open_request(service: AccessService) -> None:
    first = service.ask("alice", new_request("tab-1"))
    assert service.ask("alice", new_request("tab-2")) == first
    changed = service.ask("alice", new_request("tab-3", days=5))
    assert (changed.id, changed.revision, changed.days) == (first.id, 2, 5)
    assert len(service.requests("alice").items) == 1


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_request_needs_a_key_of_sensible_length(service: AccessService, key: str) -> None:
    with pytest.raises(Invalid, match="idempotency key"):
        service.ask("alice", new_request(key))


def test_an_unknown_dataset_is_named_with_the_nearest_and_changes_nothing(service: AccessService) -> None:
    seq = service.last_seq()
    with pytest.raises(NotFound) as caught:
        service.ask("alice", new_request(dataset_id="weld_gun"))
    assert caught.value.problem.cause == "Did you mean 'weld_guns'?"
    assert service.last_seq() == seq


def test_an_approver_sees_what_the_columns_are_while_the_request_is_open(service: AccessService) -> None:
    made = service.ask("alice", new_request(columns=("worker", "force")))
    (waiting,) = service.requests("bob", "inbox").items
    known = {column.name: column for column in service.dataset("bob", "weld_guns").dataset.columns}
    assert set(waiting.columns) == {known["worker"], known["force"]}
    service.decide("bob", made.id, approval())
    assert service.request("bob", made.id).columns == ()


def test_a_request_is_seen_by_its_requester_the_owner_and_admins_only(service: AccessService) -> None:
    made = service.ask("alice", new_request())
    for person in ("alice", "bob", "ada"):
        assert service.request(person, made.id).approvers == ("bob", "ada", "ana")
    for name in (made.id, "r-none"):
        with pytest.raises(NotFound) as caught:
            service.request("carol", name)
        assert caught.value.problem == Problem(
            "access.no_request", f"There is no request '{name}'.", "", "List them: mlplat data requests"
        )


def test_the_inbox_holds_what_a_person_may_decide_and_never_an_own_request(service: AccessService) -> None:
    by_alice = service.ask("alice", new_request())
    by_admin = service.ask("ada", new_request())
    assert {each.id for each in service.requests("bob", "inbox").items} == {by_alice.id, by_admin.id}
    assert [each.id for each in service.requests("ada", "inbox").items] == [by_alice.id]
    assert service.requests("carol", "inbox").items == ()
    with pytest.raises(Invalid, match="'boxin' is not a view"):
        service.requests("bob", "boxin")


# Deciding


def test_an_approval_gives_one_grant_with_the_narrowed_scope_and_end(service: AccessService, clock: Clock) -> None:
    made = service.ask("alice", new_request())
    clock.forward(days=2)
    decided = service.decide("bob", made.id, approval(columns=("force",), days=7))
    (grant,) = service.grants("alice").items
    assert decided.grant_id == grant.id
    assert (grant.scope.columns, grant.approved_by) == (("force",), "bob")
    assert (grant.not_after - clock.now).days == 7
    assert service.grants("bob", "owned").items == (grant,)
    assert service.decide("bob", made.id, approval(columns=("force",), days=7)) == decided
    assert len(service.grants("alice").items) == 1


def test_a_refused_decision_leaves_everything_as_it_was(service: AccessService) -> None:
    made = service.ask("alice", new_request())
    seq = service.last_seq()
    for person, new in [("alice", approval()), ("carol", approval()), ("bob", approval(9)), ("bob", rejection(""))]:
        with pytest.raises(PlatformError):
            service.decide(person, made.id, new)
    assert service.request("alice", made.id) == made
    assert (service.last_seq(), service.grants("alice").items) == (seq, ())


def test_an_unknown_request_or_grant_is_not_found(service: AccessService) -> None:
    for attempt in (
        lambda: service.decide("bob", "r-0", approval()),
        lambda: service.withdraw("alice", "r-0", Comment()),
        lambda: service.revoke("bob", "g-0", Revocation()),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_the_owner_of_the_day_decides(service: AccessService, data_file: Path) -> None:
    made = service.ask("alice", new_request())
    service.register("ada", data_file, Registration(id="weld_guns", owner="carol"))
    with pytest.raises(NotFound):
        service.decide("bob", made.id, approval())
    assert service.decide("carol", made.id, approval()).state is RequestState.APPROVED


def test_a_request_lapses_after_sixty_days_and_can_be_asked_again(service: AccessService, clock: Clock) -> None:
    made = service.ask("alice", new_request("1"))
    clock.forward(days=60, seconds=-1)
    assert service.request("alice", made.id).state is RequestState.SUBMITTED
    clock.forward(seconds=1)
    with pytest.raises(Conflict, match="within 60 days"):
        service.decide("bob", made.id, approval())
    assert service.request("alice", made.id).state is RequestState.LAPSED
    assert service.ask("alice", new_request("2")).id != made.id


def test_a_request_that_was_revised_lapses_sixty_days_after_its_revision(service: AccessService, clock: Clock) -> None:
    made = service.ask("alice", new_request("1"))
    clock.forward(days=59)
    service.decide("bob", made.id, NewDecision(verdict=Verdict.ASK_CHANGES, revision=1, reason="shorter"))
    clock.forward(days=2)
    revised = service.ask("alice", new_request("2", days=3))
    assert (revised.id, revised.revision, revised.revised_at) == (made.id, 2, clock.now)
    clock.forward(days=60, seconds=-1)
    assert service.request("alice", made.id).state is RequestState.SUBMITTED
    clock.forward(seconds=1)
    assert service.request("alice", made.id).state is RequestState.LAPSED
    assert service.verify_audit().intact


def test_a_request_that_nobody_changed_as_asked_lapses_with_that_reason(service: AccessService, clock: Clock) -> None:
    made = service.ask("alice", new_request("1"))
    service.decide("bob", made.id, NewDecision(verdict=Verdict.ASK_CHANGES, revision=1, reason="shorter"))
    clock.forward(days=60)
    with pytest.raises(Conflict, match="It was not changed within 60 days after bob asked"):
        service.withdraw("alice", made.id, Comment())
    assert told(service, "alice")[-1] == (
        "request.lapsed",
        "You did not change your request for Welding guns as bob asked; it is closed.",
    )


# Using


def test_before_any_request_the_refusal_says_how_to_ask(service: AccessService) -> None:
    problem = refused(service)
    assert (problem.code, problem.next_step) == ("access.not_granted", "Ask for it: mlplat data request weld_guns")


def test_before_the_approval_the_refusal_says_who_decides(service: AccessService) -> None:
    service.ask("alice", new_request())
    problem = refused(service)
    assert (problem.code, problem.cause) == ("access.waiting", "It waits for bob or ada or ana.")


def test_after_a_rejection_the_refusal_says_who_and_why(service: AccessService) -> None:
    made = service.ask("alice", new_request())
    service.decide("bob", made.id, rejection("use the sample"))
    problem = refused(service)
    assert problem.code == "access.rejected"
    assert problem.cause == "bob rejected it on 2030-01-01: use the sample"


def test_when_changes_are_asked_the_refusal_says_which(service: AccessService) -> None:
    made = service.ask("alice", new_request())
    new = NewDecision(verdict=Verdict.ASK_CHANGES, revision=1, reason="without worker")
    service.decide("bob", made.id, new)
    problem = refused(service)
    assert (problem.code, "without worker" in problem.cause) == ("access.changes_asked", True)


def test_until_the_end_data_is_loaded_and_from_the_end_on_it_is_refused(service: AccessService, clock: Clock) -> None:
    granted(service, days=7)
    clock.forward(days=7, seconds=-1)
    assert service.load("alice", "weld_guns").table.num_rows == 3
    clock.forward(seconds=1)
    problem = refused(service)
    assert (problem.code, problem.cause) == ("access.ended", "It ended at 2030-01-08 12:00 UTC, as agreed.")


def test_a_revocation_bites_at_once_and_says_who_and_why(service: AccessService) -> None:
    request = granted(service)
    service.revoke("ada", request.grant_id or "", Revocation("audit"))
    problem = refused(service)
    assert (problem.code, problem.cause) == ("access.ended", "ada ended it at 2030-01-01 12:00 UTC: audit")


def test_a_renewal_is_a_new_grant_and_the_old_end_stands(service: AccessService, clock: Clock) -> None:
    granted(service, key="1", days=10)
    clock.forward(days=5)
    granted(service, key="2", days=10)
    assert [grant.not_after.day for grant in service.grants("alice").items] == [11, 16]
    clock.forward(days=7)
    assert service.load("alice", "weld_guns").grant.not_after.day == 16
    assert [grant.end_reason for grant in service.grants("alice").items] == [EndReason.EXPIRED, None]


def test_only_granted_columns_are_read_and_another_one_is_refused_by_name(service: AccessService) -> None:
    made = service.ask("alice", new_request())
    service.decide("bob", made.id, approval(columns=("gun_id", "force")))
    assert service.load("alice", "weld_guns").table.column_names == ["gun_id", "force"]
    assert service.load("alice", "weld_guns", ["force", "force"]).table.column_names == ["force"]
    problem = refused(service, columns=("force", "worker"))
    assert problem.code == "access.column_not_granted"
    assert problem.message == "The column 'worker' is not granted to you."
    assert refused(service, columns=("forse",)).next_step == "Did you mean 'force'?"


def test_an_owner_loads_without_a_grant_and_a_stranger_with_the_same_words_does_not(service: AccessService) -> None:
    loaded = service.load("bob", "weld_guns")
    assert (loaded.grant.id, loaded.table.num_columns) == ("owner", 3)
    with pytest.raises(Forbidden):
        service.usable_grant("carol", "weld_guns")
    with pytest.raises(Forbidden):
        service.load("ada", "weld_guns")


def test_access_that_ends_while_the_file_is_read_hands_out_nothing(
    service: AccessService, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted(service)
    files = service._files
    read = files.read

    def slow_read(*given: object) -> object:
        clock.forward(days=31)
        return read(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "read", slow_read)
    seq = service.last_seq()
    with pytest.raises(Conflict) as caught:
        service.load("alice", "weld_guns")
    assert caught.value.problem.code == "access.changed_meanwhile"
    assert seq == service._store.last_seq()


def test_each_use_is_in_the_trail_with_its_grant_and_columns(service: AccessService) -> None:
    request = granted(service)
    service.load("alice", "weld_guns", ["force"])
    event = service.events("bob").items[-1]
    assert (event.action, event.actor, event.subject) == ("data.loaded", "alice", "weld_guns")
    assert event.body["columns"] == ["force"]
    assert (event.body["grant_id"], event.body["rows"]) == (request.grant_id, 3)


def test_an_export_is_a_file_with_nothing_but_what_is_granted(service: AccessService, tmp_path: Path) -> None:
    made = service.ask("alice", new_request(columns=("gun_id", "force")))
    service.decide("bob", made.id, approval())
    exports = [service.export("alice", "weld_guns", tmp_path / folder) for folder in ("a", "b")]
    table = pyarrow.parquet.read_table(exports[0].path)
    assert (table.column_names, table.num_rows) == (["gun_id", "force"], 3)
    assert table.schema.metadata is None
    assert exports[0].fingerprint == exports[1].fingerprint
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["weld_guns.parquet"]
    with pytest.raises(Forbidden):
        service.export("carol", "weld_guns", tmp_path / "c")
    assert not (tmp_path / "c").exists()


# Registering and retiring


def test_a_person_registers_for_oneself_and_only_an_admin_for_somebody_else(
    service: AccessService, tmp_path: Path
) -> None:
    path = write_data(tmp_path / "more.parquet")
    assert service.register("carol", path, Registration(id="more")).owner == "carol"
    with pytest.raises(Forbidden, match="cannot register a dataset for bob"):
        service.register("carol", path, Registration(id="third", owner="bob"))
    with pytest.raises(Forbidden, match="is not yours"):
        service.register("carol", path, Registration(id="weld_guns"))
    assert service.register("ada", path, Registration(id="third", owner="bob")).owner == "bob"


def test_registering_the_same_again_changes_nothing(service: AccessService, data_file: Path) -> None:
    seq = service.last_seq()
    register(service, data_file)
    assert service.last_seq() == seq


def test_the_place_of_the_data_is_shown_to_owner_and_admins_only(service: AccessService, data_file: Path) -> None:
    assert service.dataset("bob", "weld_guns").dataset.location == str(data_file)
    assert service.dataset("ada", "weld_guns").dataset.location == str(data_file)
    granted(service)
    assert service.dataset("alice", "weld_guns").dataset.location == ""


def test_a_dataset_page_says_what_can_be_done_next(service: AccessService) -> None:
    page = service.dataset("alice", "weld_guns")
    assert (page.access, page.max_days, page.default_days) == ("none", 90, 30)
    assert page.approvers == ("bob", "ada", "ana")
    asked = service.ask("alice", new_request())
    assert service.dataset("alice", "weld_guns").open_request == asked
    service.decide("bob", asked.id, approval())
    page = service.dataset("alice", "weld_guns")
    assert page.grant is not None
    assert (page.access, page.open_request) == ("granted", None)
    assert service.dataset("bob", "weld_guns").access == "owner"


def test_retiring_ends_grants_and_voids_requests_and_the_id_is_never_used_again(
    service: AccessService, data_file: Path
) -> None:
    granted(service)
    waiting = service.ask("carol", new_request())
    with pytest.raises(Forbidden):
        service.retire("alice", "weld_guns")
    service.retire("bob", "weld_guns")
    (grant,) = service.grants("alice").items
    assert (grant.state, grant.end_reason) == (GrantState.ENDED, EndReason.DATASET_GONE)
    assert service.request("carol", waiting.id).state is RequestState.VOID
    assert refused(service).cause == "It was retired."
    with pytest.raises(Conflict, match="never used again"):
        register(service, data_file)
    assert service.verify_audit().intact


# Being told


def told(service: AccessService, person: str, after: int = 0) -> list[tuple[str, str]]:
    return [(notice.action, notice.text) for notice in service.notices(person, after)]


def test_each_person_is_told_what_somebody_else_did_and_refreshed_for_the_own(service: AccessService) -> None:
    seq = service.last_seq()
    made = service.ask("alice", new_request())
    assert told(service, "bob", seq) == [
        ("request.submitted", "alice asks for Welding guns: 3 columns for 30 days."),
    ]
    assert told(service, "alice", seq) == [("request.submitted", "")]
    assert told(service, "carol", seq) == []
    assert told(service, "ada", seq) == [("request.submitted", "")]
    seq = service.last_seq()
    service.decide("bob", made.id, approval())
    assert told(service, "alice", seq) == [
        ("grant.created", ""),
        ("request.approved", "bob approved your request for Welding guns."),
    ]
    seq = service.last_seq()
    service.load("alice", "weld_guns")
    assert told(service, "bob", seq) == []


def test_the_other_ways_to_end_are_told_with_their_reason(service: AccessService, clock: Clock) -> None:
    asked = service.ask("alice", new_request("1"))
    service.withdraw("alice", asked.id, Comment("no need"))
    assert told(service, "bob")[-1] == ("request.withdrawn", "alice withdrew the request for Welding guns: no need")
    asked = service.ask("alice", new_request("2"))
    service.decide("bob", asked.id, rejection("too much"))
    assert told(service, "alice")[-1] == (
        "request.rejected",
        "bob rejected your request for Welding guns: too much",
    )
    request = granted(service, key="3")
    service.revoke("bob", request.grant_id or "", Revocation("leak"))
    assert told(service, "alice")[-1] == ("grant.revoked", "bob ended your access to Welding guns: leak")
    request = granted(service, key="4")
    service.revoke("alice", request.grant_id or "", Revocation())
    assert told(service, "bob")[-1] == ("grant.revoked", "alice gave up the access to Welding guns.")
    granted(service, key="5")
    clock.forward(days=31)
    seq = service.last_seq()
    assert told(service, "alice", seq - 1) == [("grant.expired", "Your access to Welding guns has ended, as agreed.")]
    assert service.last_seq() == seq


def test_numbers_of_notices_only_grow(service: AccessService) -> None:
    granted(service)
    numbers = [notice.seq for notice in service.notices("alice", 0)]
    assert numbers == sorted(set(numbers))
    assert service.notices("alice", service.last_seq()) == ()


def test_a_noun_that_changed_since_it_was_read_is_not_overwritten(service: AccessService) -> None:
    made = replace(service.ask("alice", new_request()), approvers=())
    stale = replace(made, version=3, state=RequestState.REJECTED)
    with pytest.raises(Conflict) as caught, service._store.unit() as unit:
        unit.put_request(stale)
    assert caught.value.problem.code == "access.changed_meanwhile"
