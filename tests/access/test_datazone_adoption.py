"""What was decided in DataZone's portal becomes a grant with an end, or is ended: once, by whoever looks.

The portal is a list here; what it really tells is in test_datazone_import.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.aws.datazone_adoption import Adoption
from jupyter_mlplatform.access.aws.datazone_import import Ended, Subscription
from jupyter_mlplatform.access.legs import Leg, Observation, Sight, Wanted
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.messages import Revocation
from jupyter_mlplatform.access.models import EndReason, GrantState, Kind
from jupyter_mlplatform.access.service import LOOKS_ELSEWHERE, AccessService
from jupyter_mlplatform.errors import Unavailable
from tests.access.backend import FakeBackend
from tests.access.world import DATASET, POLICY, START, Clock

LOCATION = "glue://123456789012/plant/weld"
REMOTE = replace(DATASET, backend="datazone", location=LOCATION, kind=Kind.GLUE_TABLE)


class ListedPortal:
    """Stands for the portal; see ``datazone_import.Portal``."""

    def __init__(self) -> None:
        self.approved: list[Subscription] = []
        self.gone: list[Ended] = []
        self.ended_now: list[str] = []
        self.refuses = False

    def decided(self, legs: Sequence[Leg]) -> tuple[Subscription, ...]:
        ours = {each.handle for each in legs}
        return tuple(each for each in self.approved if each.handle not in ours)

    def ended(self, legs: Sequence[Leg]) -> tuple[Ended, ...]:
        return tuple(self.gone)

    def end(self, subscription: Subscription) -> None:
        if self.refuses:
            raise Unavailable("access.aws_throttled", "AWS is busy.")
        self.ended_now.append(subscription.id)
        self.approved.remove(subscription)


def approved(**changes: Any) -> Subscription:
    said = {
        "id": "sub1",
        "request_id": "req1",
        "location": LOCATION,
        "requester": "alice",
        "approver": "bob",
        "reason": "for the study",
        "decided_at": START - timedelta(days=1),
    }
    return Subscription(**{**said, **changes})


@pytest.fixture
def portal() -> ListedPortal:
    return ListedPortal()


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend(shared=True)


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    made = SqliteStore(tmp_path / "state")
    with made.unit() as unit:
        unit.put_dataset(REMOTE)
        body = {"dataset": REMOTE, "before_owner": ""}
        unit.append(at=START, actor="bob", action="dataset.registered", subject=REMOTE.id, body=body, people=())
    return made


@pytest.fixture
def service(store: SqliteStore, portal: ListedPortal, backend: FakeBackend, clock: Clock) -> AccessService:
    backend.name = "datazone"
    files: Any = None
    adoption = Adoption(store, portal, POLICY, clock)
    return AccessService(store, files, CatalogueFiles(()), POLICY, clock, {"datazone": backend}, imports=adoption)


def test_what_the_owner_approved_there_becomes_one_grant_that_ends(
    service: AccessService, portal: ListedPortal, backend: FakeBackend, clock: Clock
) -> None:
    portal.approved.append(approved())
    backend.held["alice/weld_guns"] = tuple(column.name for column in REMOTE.columns)  # DataZone has fulfilled it
    service.fulfil()
    (grant,) = service.grants("alice").items
    assert (grant.state, grant.approved_by, grant.purpose) == (GrantState.ACTIVE, "bob", "datazone")
    assert grant.not_after == START + timedelta(days=89)  # ninety days of confidential data, from the decision on
    assert "apply" not in backend.calls
    clock.forward(seconds=LOOKS_ELSEWHERE.total_seconds())
    service.fulfil()
    assert len(service.grants("alice").items) == 1
    clock.forward(days=90)
    service.fulfil()
    assert (service.grants("alice").items[0].end_reason, backend.held) == (EndReason.EXPIRED, {})
    assert service.verify_audit().intact


def test_two_that_look_at_the_same_time_take_it_over_once(
    service: AccessService, store: SqliteStore, portal: ListedPortal, clock: Clock
) -> None:
    portal.approved.append(approved())
    decided = portal.decided
    other = Adoption(store, portal, POLICY, clock)

    def looked_at_by_another(legs: Sequence[Leg]) -> tuple[Subscription, ...]:
        portal.decided = decided  # type: ignore[method-assign]
        found = decided(legs)
        other.run(lambda grant, dataset: "alice/weld_guns")
        return found

    portal.decided = looked_at_by_another  # type: ignore[method-assign]
    service.fulfil()
    assert len(service.grants("alice").items) == 1


def test_what_breaks_the_policy_is_ended_at_once_and_told(
    service: AccessService, store: SqliteStore, portal: ListedPortal
) -> None:
    portal.approved.append(approved(approver="alice"))
    service.fulfil()
    assert (portal.ended_now, service.grants("alice").items) == (["sub1"], ())
    (event,) = [each for each in store.events("bob") if each.action == "import.ended"]
    assert event.body["because"]
    assert "for the study" not in str(event.body)


def test_one_that_cannot_be_ended_now_is_ended_the_next_time_and_keeps_nobody_else_waiting(
    service: AccessService, store: SqliteStore, portal: ListedPortal, clock: Clock
) -> None:
    portal.approved += [approved(approver="alice"), approved(id="sub2", requester="carol")]
    portal.refuses = True
    service.fulfil()
    assert len(service.grants("carol").items) == 1
    portal.refuses = False
    clock.forward(seconds=LOOKS_ELSEWHERE.total_seconds())
    service.fulfil()
    assert portal.ended_now == ["sub1"]
    assert len([each for each in store.events(None) if each.action == "import.ended"]) == 1


def test_two_people_may_be_approved_there_and_what_ended_here_is_not_taken_over_again(
    service: AccessService, portal: ListedPortal, clock: Clock
) -> None:
    portal.approved += [approved(), approved(id="sub2", requester="carol")]
    service.fulfil()
    (grant,) = service.grants("alice").items
    assert len(service.grants("carol").items) == 1
    service.revoke("bob", grant.id, Revocation())
    for _ in range(2):
        clock.forward(seconds=LOOKS_ELSEWHERE.total_seconds())
        service.fulfil()
    assert len(service.grants("alice").items) == 1
    assert portal.ended_now == ["sub1"]


def test_only_the_owner_of_the_data_or_an_admin_approves_in_the_place_of_the_owner(
    service: AccessService, portal: ListedPortal
) -> None:
    portal.approved += [approved(approver="mallory"), approved(id="sub2", requester="carol", approver="ada")]
    service.fulfil()
    assert (portal.ended_now, service.grants("alice").items) == (["sub1"], ())
    assert len(service.grants("carol").items) == 1


def test_what_somebody_ended_there_ends_here(
    service: AccessService, portal: ListedPortal, backend: FakeBackend, clock: Clock
) -> None:
    portal.approved.append(approved())
    service.fulfil()
    (grant,) = service.grants("alice").items
    portal.gone.append(Ended(leg_id=f"{grant.id}/datazone", grant_id=grant.id, by=""))
    clock.forward(seconds=LOOKS_ELSEWHERE.total_seconds())
    service.fulfil()
    (ended,) = service.grants("alice").items
    assert (ended.end_reason, ended.ended_by, ended.end_note) == (EndReason.REVOKED, "datazone", "Ended in DataZone.")
    assert backend.observe(Wanted(grant=ended, dataset=REMOTE), "") == Observation(Sight.ABSENT)
    service.fulfil()
    assert service.verify_audit().intact
