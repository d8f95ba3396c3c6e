"""Grants on data that lies elsewhere: put into force, kept in force, and taken away; nothing lost, nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access import legs
from jupyter_mlplatform.access.legs import Leg, LegState, Wanted
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.messages import Revocation
from jupyter_mlplatform.access.models import EndReason, Grant, GrantState
from jupyter_mlplatform.access.rowfilter import Equals
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Invalid, PlatformError, Unavailable
from jupyter_mlplatform.policy import AccessPolicy
from tests.access.backend import FakeBackend, Killed
from tests.access.world import DATASET, POLICY, Clock, granted, new_request

REMOTE = replace(DATASET, backend="fake", location="s3://lake/weld/")


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    store = SqliteStore(tmp_path / "state")
    with store.unit() as unit:
        unit.put_dataset(REMOTE)
        body = {"dataset": REMOTE, "before_owner": ""}
        unit.append(
            at=REMOTE.registered_at, actor="bob", action="dataset.registered", subject=REMOTE.id, body=body, people=()
        )
    return store


def remote_service(
    store: SqliteStore, backend: FakeBackend | None, clock: Clock, policy: AccessPolicy = POLICY
) -> AccessService:
    fulfillers = {"fake": backend} if backend else {}
    return AccessService(store, StreamedFiles(), CatalogueFiles(()), policy, clock, fulfillers)


@pytest.fixture
def service(store: SqliteStore, backend: FakeBackend, clock: Clock) -> AccessService:
    return remote_service(store, backend, clock)


def grant_of(service: AccessService, person: str = "alice", number: int = 0) -> Grant:
    return service.grants(person).items[number]


def leg_of(store: SqliteStore, grant: Grant) -> Leg:
    with store.unit() as unit:
        (leg,) = unit.legs_of(grant.id)
    return leg


def code(service: AccessService) -> str:
    with pytest.raises(PlatformError) as caught:
        service.usable_grant("alice", "weld_guns")
    return caught.value.problem.code


def test_a_grant_may_be_used_only_after_it_was_seen_in_force(
    service: AccessService, store: SqliteStore, backend: FakeBackend
) -> None:
    granted(service)
    assert (grant_of(service).state, backend.calls) == (GrantState.FULFILLING, [])
    assert code(service) == "access.not_in_force"
    service.fulfil()
    assert backend.calls == ["apply", "observe"]
    assert grant_of(service).state is GrantState.ACTIVE
    assert service.usable_grant("alice", "weld_guns")[1].enforcement == "enforced"
    assert leg_of(store, grant_of(service)).handle.startswith("handle of g-")
    texts = [each.text for each in service.notices("alice", 0)]
    assert "Your access to Welding guns is in force." in texts
    assert service.verify_audit().intact


def test_what_the_backend_cannot_restrict_is_refused_when_it_is_asked_for(service: AccessService) -> None:
    with pytest.raises(Invalid, match="knows no rows"):
        service.ask("alice", new_request(rows=Equals(column="worker", value="w1")))
    assert service.requests("alice").items == ()


def test_without_its_backend_a_dataset_cannot_be_asked_for(store: SqliteStore, clock: Clock) -> None:
    with pytest.raises(Unavailable, match="cannot be set up here"):
        remote_service(store, None, clock).ask("alice", new_request())


def test_when_it_is_revoked_it_may_not_be_used_at_once_and_ends_when_it_was_seen_gone(
    service: AccessService, store: SqliteStore, backend: FakeBackend
) -> None:
    granted(service)
    service.fulfil()
    service.revoke("bob", grant_of(service).id, Revocation())
    assert (grant_of(service).state, code(service)) == (GrantState.ENDING, "access.ended")
    assert backend.held
    service.fulfil()
    assert (grant_of(service).state, backend.held) == (GrantState.ENDED, {})
    assert leg_of(store, grant_of(service)).state is LegState.REMOVED
    assert service.fulfil() == 0
    assert service.verify_audit().intact


@pytest.mark.parametrize("how", ["expired", "left", "retired"])
def test_whatever_ends_a_grant_takes_it_away_in_the_backend(
    service: AccessService, store: SqliteStore, backend: FakeBackend, clock: Clock, how: str
) -> None:
    granted(service)
    service.fulfil()
    if how == "expired":
        clock.forward(days=31)
    elif how == "retired":
        service.retire("bob", "weld_guns")
    else:
        service = remote_service(store, backend, clock, replace(POLICY, left=("alice",)))
    service.fulfil()
    assert backend.held == {}
    ended = store.grants_to("alice")[0]
    assert ended.state is GrantState.ENDED
    assert ended.end_reason is {"expired": EndReason.EXPIRED, "left": EndReason.LEFT}.get(how, EndReason.DATASET_GONE)
    assert service.verify_audit().intact


def test_a_grant_that_has_not_begun_is_not_put_into_force(
    service: AccessService, backend: FakeBackend, clock: Clock
) -> None:
    granted(service)
    service.fulfil()
    clock.forward(days=20)
    granted(service, key="again", renews=grant_of(service).id)
    backend.calls.clear()
    service.fulfil()
    renewal = grant_of(service, number=1)
    assert (renewal.state, "apply" in backend.calls) == (GrantState.SCHEDULED, False)
    clock.forward(days=10)
    service.fulfil()
    first, second = service.grants("alice").items
    assert (first.state, second.state) == (GrantState.ENDED, GrantState.ACTIVE)
    assert list(backend.held) == [second.id]


def test_a_backend_that_refuses_is_asked_less_and_less_often_and_people_are_told_once(
    service: AccessService, store: SqliteStore, backend: FakeBackend, clock: Clock
) -> None:
    backend.refuses = True
    granted(service)
    waited = []
    for _ in range(14):
        service.fulfil()
        due = leg_of(store, grant_of(service)).due_at
        waited.append((due - clock()).total_seconds())
        assert service.fulfil() == 0
        clock.now = due
    assert waited[:4] == [2, 4, 8, 16]
    assert waited[-1] == 900
    assert grant_of(service).state is GrantState.FAILED
    assert leg_of(store, grant_of(service)).note == "The backend is away. It says 503."
    texts = [each.text for each in service.notices("bob", 0)]
    assert texts.count("The access of alice to Welding guns cannot be set up in fake.") == 1
    backend.refuses = False
    service.fulfil()
    assert grant_of(service).state is GrantState.ACTIVE


def test_a_removal_that_keeps_failing_is_an_orphan_that_is_still_tried(
    service: AccessService, store: SqliteStore, backend: FakeBackend, clock: Clock
) -> None:
    granted(service)
    service.fulfil()
    service.revoke("bob", grant_of(service).id, Revocation())
    backend.refuses = True
    for _ in range(legs.ORPHANED_AFTER):
        service.fulfil()
        clock.now = leg_of(store, grant_of(service)).due_at
    assert leg_of(store, grant_of(service)).state is LegState.ORPHANED
    assert (grant_of(service).state, code(service)) == (GrantState.ENDING, "access.ended")
    backend.refuses = False
    service.fulfil()
    assert (grant_of(service).state, backend.held) == (GrantState.ENDED, {})


@pytest.mark.parametrize("drift", ["narrowed", "widened", "gone"])
def test_what_was_changed_by_hand_is_not_used_until_it_is_repaired(
    service: AccessService, store: SqliteStore, backend: FakeBackend, clock: Clock, drift: str
) -> None:
    granted(service, columns=("gun_id", "force"))
    service.fulfil()
    grant = grant_of(service)
    changed = {"narrowed": ("force",), "widened": ("gun_id", "force", "worker")}
    if drift == "gone":
        backend.held.clear()
    else:
        backend.held[grant.id] = changed[drift]
    backend.calls.clear()
    clock.forward(minutes=11)
    service.fulfil()
    assert backend.calls == ["observe", "apply", "observe"]
    assert backend.held == {grant.id: ("gun_id", "force")}
    told = [each.action for each in store.events(None, newest=5)]
    assert told == ["leg.drifted", "grant.fulfilling", "leg.applied", "leg.verified", "grant.active"]
    assert service.verify_audit().intact


def test_what_restricts_nothing_is_never_active(service: AccessService, backend: FakeBackend, clock: Clock) -> None:
    backend.in_force = False
    granted(service)
    for _ in range(8):
        service.fulfil()
        clock.forward(minutes=20)
    assert grant_of(service).state is GrantState.FAILED
    assert code(service) == "access.not_in_force"


def test_what_cannot_be_seen_is_left_as_it_is(
    service: AccessService, store: SqliteStore, backend: FakeBackend, clock: Clock
) -> None:
    granted(service)
    service.fulfil()
    backend.blind = True
    backend.calls.clear()
    clock.forward(minutes=11)
    service.fulfil()
    assert backend.calls == ["observe"]
    assert grant_of(service).state is GrantState.ACTIVE
    assert leg_of(store, grant_of(service)).note == "It cannot be read."


def test_a_backend_that_is_still_at_it_has_not_failed_however_long_it_takes(
    service: AccessService, store: SqliteStore, backend: FakeBackend, clock: Clock
) -> None:
    backend.waits = True
    granted(service)
    for _ in range(20):
        service.fulfil()
        clock.forward(hours=3)
    assert grant_of(service).state is GrantState.FULFILLING
    assert leg_of(store, grant_of(service)).note == "Somebody has to approve it there."
    assert backend.calls.count("apply") == 1
    backend.waits = False
    service.fulfil()
    assert grant_of(service).state is GrantState.ACTIVE


@pytest.mark.parametrize("step", ["apply", "remove"])
def test_when_the_process_dies_in_the_middle_another_one_goes_on_and_nothing_is_left_behind(
    service: AccessService, store: SqliteStore, backend: FakeBackend, clock: Clock, step: str
) -> None:
    granted(service)
    if step == "remove":
        service.fulfil()
        service.revoke("bob", grant_of(service).id, Revocation())
    backend.dies_after = step
    with pytest.raises(Killed):
        service.fulfil()
    other = remote_service(store, backend, clock)
    assert other.fulfil() == 0  # it may still be alive
    clock.now += legs.PATIENCE
    other.fulfil()
    after = GrantState.ACTIVE if step == "apply" else GrantState.ENDED
    assert (grant_of(other).state, len(backend.held)) == (after, int(step == "apply"))
    assert other.verify_audit().intact


def test_what_was_ended_while_it_was_being_set_up_is_taken_away(
    service: AccessService, store: SqliteStore, backend: FakeBackend, clock: Clock
) -> None:
    granted(service)
    grant = grant_of(service)
    apply = backend.apply

    def slow(wanted: Wanted, handle: str) -> str:
        done = apply(wanted, handle)
        remote_service(store, None, clock).revoke("bob", grant.id, Revocation())
        return done

    backend.apply = slow  # type: ignore[method-assign]
    service.fulfil()
    service.fulfil()
    assert (grant_of(service).state, backend.held) == (GrantState.ENDED, {})
    assert leg_of(store, grant).handle


def test_what_another_worker_takes_away_while_it_is_being_set_up_does_not_stay(
    service: AccessService, store: SqliteStore, backend: FakeBackend, clock: Clock
) -> None:
    granted(service)
    grant = grant_of(service)
    apply, other = backend.apply, remote_service(store, backend, clock)

    def slow(wanted: Wanted, handle: str) -> str:
        other.revoke("bob", grant.id, Revocation())
        other.fulfil()
        clock.now += legs.PATIENCE  # so slow that it counts as dead
        other.fulfil()
        assert grant_of(other).state is GrantState.ENDED
        return apply(wanted, handle)

    backend.apply = slow  # type: ignore[method-assign]
    service.fulfil()
    assert backend.calls[-3:] == ["apply", "remove", "observe"], "it landed after it was taken away"
    assert (backend.held, leg_of(store, grant).state) == ({}, LegState.REMOVED)
    assert service.verify_audit().intact


def test_what_a_later_grant_will_need_is_not_kept_until_then(store: SqliteStore, clock: Clock) -> None:
    backend = FakeBackend(shared=True)
    service = remote_service(store, backend, clock)
    granted(service)
    service.fulfil()
    clock.forward(days=20)
    granted(service, key="again", renews=grant_of(service).id)
    service.revoke("bob", grant_of(service).id, Revocation())
    service.fulfil()
    assert backend.held == {}
    clock.forward(days=10)
    service.fulfil()
    assert len(backend.held) == 1


def test_a_backend_that_does_not_answer_holds_up_no_other_and_what_is_over_goes_first(
    store: SqliteStore, clock: Clock
) -> None:
    away, near = FakeBackend(), FakeBackend()
    near.name = "near"
    with store.unit() as unit:
        unit.put_dataset(replace(REMOTE, id="plan", backend="near", location="s3://lake/plan/"))
    fulfillers = {"fake": away, "near": near}
    service = AccessService(store, StreamedFiles(), CatalogueFiles(()), POLICY, clock, fulfillers)
    for number in range(5):
        granted(service, person=f"p{number}", key="k")
    granted(service, dataset_id="plan")
    away.refuses = True
    service.fulfil()
    assert away.calls == ["apply"], "the others are not even tried"
    assert len(near.held) == 1
    service.revoke("bob", grant_of(service).id, Revocation())
    assert [leg.wanted for leg in store.due_legs(clock())][:1] == [False]


def test_what_two_grants_share_goes_with_the_last_of_them(store: SqliteStore, clock: Clock) -> None:
    backend = FakeBackend(shared=True)
    service = remote_service(store, backend, clock)
    granted(service)
    granted(service, key="second", days=20)
    service.fulfil()
    second, first = service.grants("alice").items
    service.revoke("bob", first.id, Revocation())
    service.fulfil()
    assert "remove" not in backend.calls
    assert backend.held
    assert "still needs it" in leg_of(store, first).note
    assert [each.state for each in service.grants("alice").items] == [GrantState.ACTIVE, GrantState.ENDED]
    service.revoke("bob", second.id, Revocation())
    service.fulfil()
    assert backend.held == {}


def test_two_that_share_are_not_worked_on_at_the_same_time(store: SqliteStore, clock: Clock) -> None:
    backend = FakeBackend(shared=True)
    service = remote_service(store, backend, clock)
    granted(service)
    granted(service, key="second", days=20)
    seen = []
    apply = backend.apply

    def busy(wanted: Wanted, handle: str) -> str:
        if not seen:
            seen.append(wanted.grant.id)
            remote_service(store, backend, clock).fulfil()
        return apply(wanted, handle)

    backend.apply = busy  # type: ignore[method-assign]
    service.fulfil()
    assert backend.calls.count("apply") == 1
    clock.forward(seconds=3)
    service.fulfil()
    assert backend.calls.count("apply") == 2


def test_many_workers_do_each_thing_once(store: SqliteStore, clock: Clock) -> None:
    backend = FakeBackend()
    service = remote_service(store, backend, clock)
    for number in range(12):
        granted(service, person=f"p{number}", key="k")
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(remote_service(store, backend, clock).fulfil) for _ in range(8)]:
            done.result()
    assert (backend.calls.count("apply"), len(backend.held)) == (12, 12)
    assert {each.state for each in store.grants_on("bob")} == {GrantState.ACTIVE}
    assert service.verify_audit().intact
