"""Credentials: judged at each call, over with the grant, recorded once, and kept from everybody else."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access import grants
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.messages import Revocation
from jupyter_mlplatform.access.models import EndReason
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.access.vending import ADVERTISED, SERVICEABLE, Vending
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, NotFound, PlatformError, Unavailable
from tests.access.vendors import SECRET, SESSION, FakeVendor, grant_of, prefix, put
from tests.access.world import POLICY, START, Clock, register, write_data

TEN_MINUTES = timedelta(minutes=10)


class World:
    """A service whose datasets lie elsewhere, and a vendor for them."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self.clock = clock
        self.store = SqliteStore(state)
        self.service = AccessService(
            store=self.store, files=StreamedFiles(), catalogues=CatalogueFiles(()), policy=POLICY, clock=clock
        )
        self.vendor = FakeVendor(clock)
        self.vending = Vending(self.store, self.service.usable_grant, {"s3_access_grants": self.vendor}, clock)
        self.welds, self.hr = prefix("welds", START), prefix("hr", START, classification="restricted")
        self.grant = grant_of(self.welds, "alice", START)
        put(self.store, self.welds, self.hr, self.grant, now=START)

    def vend(self, person: str = "alice", dataset: str = "welds", kernel: str = "k1") -> Any:
        return self.vending.vend(person, dataset, kernel)

    def vended(self) -> list[Any]:
        return [each for each in self.service.trail("ada").items if each.action == "data.vended"]


@pytest.fixture
def world(tmp_path: Path, clock: Clock) -> World:
    return World(tmp_path / "state", clock)


def test_a_holder_of_a_grant_gets_credentials_of_that_grant_for_less_than_ten_minutes(world: World) -> None:
    made = world.vend()
    assert made.access_key_id.endswith(world.grant.id)
    assert (made.secret_access_key, made.session_token) == (SECRET, SESSION)
    assert START < made.expires_at <= START + ADVERTISED < START + TEN_MINUTES
    assert [each.id for each in world.vendor.made] == [world.grant.id]


def test_each_lease_is_one_event_with_no_secret_in_it(world: World, tmp_path: Path) -> None:
    world.vend()
    world.vend()
    (event,) = world.vended()
    assert (event.actor, event.subject) == ("alice", "welds")
    assert event.body["grant_id"] == world.grant.id
    assert event.body["kernel"] == "k1"
    assert world.service.verify_audit().findings == ()
    for file in [each for each in tmp_path.rglob("*") if each.is_file()]:
        content = file.read_bytes()
        assert b"canary" not in content, file
        assert b"ASIA" not in content, file


def test_what_a_kernel_has_is_handed_out_again_while_it_lasts_and_then_there_is_a_new_one(world: World) -> None:
    first = world.vend()
    world.clock.forward(seconds=(ADVERTISED - SERVICEABLE).total_seconds())
    assert world.vend() == first
    world.clock.forward(seconds=1)
    second = world.vend()
    assert second != first
    assert world.clock.now + SERVICEABLE < second.expires_at < world.clock.now + TEN_MINUTES
    assert len(world.vended()) == 2


def test_each_kernel_has_its_own_and_nothing_is_kept_of_one_that_is_gone(world: World) -> None:
    first, other = world.vend(kernel="k1"), world.vend(kernel="k2")
    assert first != other
    world.vending.forget("k1")
    assert world.vend(kernel="k1") not in (first, other)
    assert world.vend(kernel="k2") == other


def test_credentials_never_outlast_the_grant_and_its_last_minutes_need_no_new_ones(world: World) -> None:
    world.clock.now = world.grant.not_after - timedelta(minutes=3)
    last = world.vend()
    assert last.expires_at == world.grant.not_after
    world.clock.forward(minutes=2, seconds=59)
    assert world.vend() == last
    world.clock.forward(seconds=1)
    with pytest.raises(Forbidden) as caught:
        world.vend()
    assert caught.value.problem.code == "access.ended"
    assert len(world.vended()) == 1


def test_a_revoke_bites_at_the_next_call_though_the_lease_would_last(world: World) -> None:
    world.vend()
    world.service.revoke("bob", world.grant.id, Revocation("enough"))
    with pytest.raises(Forbidden) as caught:
        world.vend()
    assert caught.value.problem.code == "access.ended"
    assert len(world.vended()) == 1


def test_access_that_is_revoked_while_credentials_are_made_gives_none_and_records_none(world: World) -> None:
    world.vendor.meanwhile = lambda: world.service.revoke("bob", world.grant.id, Revocation("now")) and None
    with pytest.raises(Conflict) as caught:
        world.vend()
    assert caught.value.problem.code == "access.changed_meanwhile"
    assert world.vended() == []


def test_a_table_that_was_made_anew_while_credentials_were_made_gives_none(world: World) -> None:
    world.vendor.meanwhile = lambda: put(world.store, replace(world.welds, fingerprint="second"), now=START)
    with pytest.raises(Conflict):
        world.vend()
    assert world.vended() == []


def test_a_grant_that_took_the_place_of_another_gets_credentials_of_its_own(world: World) -> None:
    first = world.vend()
    ended = grants.end(world.grant, EndReason.SUPERSEDED, START, by="bob")
    put(world.store, ended, grant_of(world.welds, "alice", START, id="g-new"), now=START)
    second = world.vend()
    assert first != second
    assert second.access_key_id.endswith("g-new")


@pytest.mark.parametrize(
    ("person", "dataset", "error", "code"),
    [
        ("carol", "welds", Forbidden, "access.not_granted"),
        ("alice", "hr", Forbidden, "access.not_granted"),
        ("alice", "weld", NotFound, "access.no_dataset"),
        ("ada", "welds", Forbidden, "access.not_granted"),
        ("bob", "welds", Forbidden, "access.own_elsewhere"),
    ],
)
def test_who_has_no_grant_gets_nothing_and_nobody_is_asked_for_it(
    world: World, person: str, dataset: str, error: type[PlatformError], code: str
) -> None:
    world.vend()
    asked = len(world.vendor.made)
    with pytest.raises(error) as caught:
        world.vend(person, dataset)
    assert caught.value.problem.code == code
    assert len(world.vendor.made) == asked


def test_a_grant_that_has_not_begun_gives_nothing(world: World) -> None:
    put(world.store, grant_of(world.hr, "alice", START + timedelta(days=1)), now=START)
    with pytest.raises(Forbidden) as caught:
        world.vend(dataset="hr")
    assert caught.value.problem.code == "access.not_yet"


def test_data_that_is_not_reached_by_credentials_says_so(world: World, tmp_path: Path) -> None:
    register(world.service, write_data(tmp_path / "weld.parquet"))
    put(world.store, prefix("table", START, backend="postgres"), now=START)
    put(world.store, grant_of(prefix("table", START), "alice", START), now=START)
    for person, dataset in (("bob", "weld_guns"), ("alice", "table")):
        with pytest.raises(Invalid) as caught:
            world.vend(person, dataset)
        assert caught.value.problem.code == "access.no_credentials"
        assert "load(" in caught.value.problem.next_step


def test_what_the_vendor_refuses_is_refused_and_not_recorded(world: World) -> None:
    world.vendor.raises = Forbidden("access.raw_restricted", "Some columns only.")
    with pytest.raises(Forbidden) as caught:
        world.vend()
    assert caught.value.problem.code == "access.raw_restricted"
    assert world.vended() == []


def test_credentials_that_are_over_when_they_arrive_are_not_handed_on(world: World, clock: Clock) -> None:
    late = FakeVendor(clock, lasts=timedelta(0))
    vending = Vending(world.store, world.service.usable_grant, {"s3_access_grants": late}, clock)
    with pytest.raises(Unavailable) as caught:
        vending.vend("alice", "welds", "k1")
    assert caught.value.problem.code == "access.credentials_over"
    assert world.vended() == []


def test_people_see_the_event_whom_it_concerns_and_are_not_told_of_it(world: World) -> None:
    world.vend()
    for person, seen in (("alice", 1), ("bob", 1), ("carol", 0)):
        found = [each for each in world.service.trail(person).items if each.action == "data.vended"]
        assert len(found) == seen, person
    assert "vended" not in json.dumps([msgspec.to_builtins(each) for each in world.service.notices("bob", 0)])
