"""What every store has to do, whatever it is made of. A test class for a store gives the fixture ``store``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access import audit
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.messages import Search
from jupyter_mlplatform.access.models import (
    Column,
    Dataset,
    Decision,
    Delegation,
    Grant,
    GrantState,
    Request,
    RequestState,
    Scope,
    Verdict,
)
from jupyter_mlplatform.access.ports import Store, Unit
from jupyter_mlplatform.access.samples import Profile
from jupyter_mlplatform.access.visibility import Viewer
from jupyter_mlplatform.errors import Conflict
from tests.access.world import DATASET, START

HOUR = timedelta(hours=1)


def dataset(dataset_id: str = "weld", **changes: object) -> Dataset:
    location = f"/data/{dataset_id}.parquet"
    return replace(DATASET, **{"id": dataset_id, "title": dataset_id, "location": location, **changes})


def request(request_id: str = "r-1", requester: str = "alice", dataset_id: str = "weld", **changes: object) -> Request:
    made = Request(
        id=request_id,
        requester=requester,
        scope=Scope(dataset_id=dataset_id, columns=("force",)),
        dataset_title=dataset_id,
        purpose="model-training",
        reason="",
        days=30,
        state=RequestState.SUBMITTED,
        revision=1,
        version=1,
        created_at=START,
    )
    return replace(made, **changes)


def grant(grant_id: str = "g-1", subject: str = "alice", dataset_id: str = "weld", **changes: object) -> Grant:
    made = Grant(
        id=grant_id,
        request_id=f"r-of-{grant_id}",
        subject=subject,
        scope=Scope(dataset_id=dataset_id, columns=("force",)),
        dataset_title=dataset_id,
        owner="bob",
        purpose="model-training",
        not_before=START,
        not_after=START + 30 * 24 * HOUR,
        state=GrantState.ACTIVE,
        version=1,
        approved_by="bob",
    )
    return replace(made, **changes)


def leg(grant_id: str, **changes: object) -> Leg:
    made = Leg(
        id=f"{grant_id}/lake",
        grant_id=grant_id,
        dataset_id="weld",
        subject="alice",
        backend="lake",
        wanted=True,
        state=LegState.PLANNED,
        version=1,
        due_at=START,
        entitlement=grant_id,
    )
    return replace(made, **changes)


def delegation(delegation_id: str = "d-1", **changes: object) -> Delegation:
    made = Delegation(
        id=delegation_id, approver="bob", delegate="carol", not_before=START, not_after=START + HOUR, version=1
    )
    return replace(made, **changes)


def write(store: Store, *nouns: Dataset | Request | Grant | Delegation) -> None:
    """Each noun with its event, all in one command."""
    with store.unit() as unit:
        for noun in nouns:
            tell(unit, noun)


def tell(unit: Unit, noun: Dataset | Request | Grant | Delegation, actor: str = "bob", *people: str) -> None:
    kind = type(noun).__name__.lower()
    getattr(unit, f"put_{kind}")(noun)
    unit.append(at=START, actor=actor, action=f"{kind}.put", subject=noun.id, body={kind: noun}, people=people)


def say(store: Store, subject: str, actor: str = "bob", *people: str) -> None:
    """An event that changes nothing."""
    with store.unit() as unit:
        unit.append(at=START, actor=actor, action="data.loaded", subject=subject, body={"rows": 3}, people=people)


def next_one(noun: Request, **changes: object) -> Request:
    return replace(noun, **{"version": noun.version + 1, **changes})


def ids(nouns: object) -> list[str]:
    return [each.id for each in nouns]  # type: ignore[attr-defined]


def together(number: int, of: Callable[[int], object]) -> list[object]:
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(of, range(number)))


class StoreContract:
    """Reading, writing, racing and looking back."""

    def test_what_was_written_is_read_by_the_next_command_and_outside_of_commands(self, store: Store) -> None:
        nouns = (dataset(), request(), grant(), delegation())
        write(store, *nouns)
        assert (store.dataset("weld"), store.request("r-1")) == nouns[:2]
        assert (store.grants_to("alice"), store.delegations(None)) == ((nouns[2],), (nouns[3],))
        with store.unit() as unit:
            found = (unit.dataset("weld"), unit.request("r-1"), unit.grant("g-1"), unit.delegation("d-1"))
        assert found == nouns

    def test_what_is_not_there_is_not_found(self, store: Store) -> None:
        with store.unit() as unit:
            assert [unit.dataset("x"), unit.request("x"), unit.grant("x"), unit.delegation("x")] == [None] * 4
            assert (unit.request_by_key("alice", "x"), unit.entry("x")) == (None, None)
            assert unit.datasets_at("/x") == unit.open_requests("x") == unit.open_grants("x", "alice") == ()
        assert (store.dataset("x"), store.request("x"), store.datasets_at("/x")) == (None, None, ())
        assert store.requests_of("x") == store.waiting("x") == store.grants_to("x") == store.grants_on("x") == ()
        assert store.requests_of("x", ["weld"]) == store.grants_to("x", []) == store.delegations("x") == ()
        assert (store.due(START, START), store.ending(START), store.entries()) == (((), ()), (), {})
        assert (store.events(None), store.events("x"), store.last_seq(), store.dataset_ids("")) == ((), (), 0, ())

    @pytest.mark.parametrize("name", ["x" * 3000, "a#b", "a%b", "ä" * 600, " ", "\N{PILE OF POO}", "REQUEST#", "'"])
    def test_a_strange_name_is_a_name_like_any_other_or_finds_nothing(self, store: Store, name: str) -> None:
        write(store, dataset(), request(), grant())
        assert (store.dataset(name), store.request(name)) == (None, None)
        assert store.requests_of(name) == store.grants_to(name, ["weld"]) == store.events(name) == ()
        assert store.dataset_ids(name) == ()
        with store.unit() as unit:
            assert (unit.grant(name), unit.entry(name), unit.open_grants("weld", name)) == (None, None, ())

    def test_a_command_sees_what_it_has_put_itself(self, store: Store) -> None:
        with store.unit() as unit:
            unit.put_dataset(dataset())
            unit.put_request(request())
            unit.put_grant(grant())
            unit.put_delegation(delegation())
            unit.note_entry("weld", "digest")
            unit.remember_key("alice", "key", "r-1", "content")
            assert (unit.dataset("weld"), unit.datasets_at("/data/weld.parquet")) == (dataset(), (dataset(),))
            assert (unit.request("r-1"), unit.open_requests("weld")) == (request(), (request(),))
            assert (unit.grant("g-1"), unit.open_grants("weld", "alice")) == (grant(), (grant(),))
            assert (unit.delegation("d-1"), unit.delegations()) == (delegation(), (delegation(),))
            assert unit.entry("weld") == "digest"
            assert unit.request_by_key("alice", "key") == (request(), "content")
            unit.put_request(replace(request(), state=RequestState.APPROVED, version=2, grant_id="g-1"))
            assert unit.open_requests("weld", "alice") == ()
        found = store.request("r-1")
        assert found is not None
        assert (found.version, found.state) == (2, RequestState.APPROVED)

    def test_a_command_that_raises_writes_nothing(self, store: Store) -> None:
        write(store, dataset())
        with pytest.raises(RuntimeError), store.unit() as unit:  # noqa: PT012
            tell(unit, replace(dataset(), title="another"))
            tell(unit, request())
            tell(unit, grant())
            tell(unit, delegation())
            unit.note_entry("weld", "digest")
            unit.remember_key("alice", "key", "r-1", "content")
            raise RuntimeError
        assert (store.dataset("weld"), store.request("r-1")) == (dataset(), None)
        assert store.grants_to("alice") == store.delegations(None) == store.requests_of("alice") == ()
        assert (store.last_seq(), store.entries()) == (1, {})
        with store.unit() as unit:
            assert unit.request_by_key("alice", "key") is None
        write(store, request(), grant(), delegation())

    def test_a_command_that_writes_nothing_changes_nothing(self, store: Store) -> None:
        write(store, dataset())
        with store.unit() as unit:
            unit.dataset("weld")
        assert store.last_seq() == 1

    # Compare and set

    @pytest.mark.parametrize("noun", [request(), grant(), delegation()], ids=["request", "grant", "delegation"])
    @pytest.mark.parametrize("version", [1, 2, 4, 5])
    def test_only_the_version_after_the_one_that_is_there_is_taken(
        self, store: Store, noun: Request | Grant | Delegation, version: int
    ) -> None:
        write(store, dataset(), noun)
        write(store, replace(noun, version=2))
        before = store.last_seq()
        with pytest.raises(Conflict), store.unit() as unit:
            tell(unit, replace(noun, version=version))
        assert store.last_seq() == before
        write(store, replace(noun, version=3))

    @pytest.mark.parametrize("noun", [request(), grant(), delegation()], ids=["request", "grant", "delegation"])
    def test_a_later_version_of_what_is_not_there_is_a_conflict(
        self, store: Store, noun: Request | Grant | Delegation
    ) -> None:
        with pytest.raises(Conflict), store.unit() as unit:
            tell(unit, replace(noun, version=2))
        assert store.last_seq() == 0

    def test_a_person_has_one_open_request_a_dataset(self, store: Store) -> None:
        write(store, dataset(), dataset("paint"), request())
        with pytest.raises(Conflict), store.unit() as unit:
            unit.put_request(request("r-2"))
        write(store, request("r-3", "carol"), request("r-4", dataset_id="paint"))
        write(store, next_one(request(), state=RequestState.WITHDRAWN))
        write(store, request("r-5"))
        assert ids(store.requests_of("alice", ["weld"])) == ["r-5", "r-1"]

    def test_a_request_becomes_one_grant(self, store: Store) -> None:
        write(store, dataset(), grant())
        with pytest.raises(Conflict), store.unit() as unit:
            unit.put_grant(grant("g-2", request_id=grant().request_id))

    def test_a_key_stands_for_one_request_of_its_person_for_ever(self, store: Store) -> None:
        with store.unit() as unit:
            unit.put_request(request())
            unit.remember_key("alice", "key", "r-1", "content")
        changed = next_one(request(), state=RequestState.WITHDRAWN)
        write(store, changed)
        with store.unit() as unit:
            assert unit.request_by_key("alice", "key") == (changed, "content")
            assert unit.request_by_key("carol", "key") is None
            assert unit.request_by_key("alice", "Key") is None
        with pytest.raises(Conflict), store.unit() as unit:
            unit.remember_key("alice", "key", "r-1", "other content")
        with store.unit() as unit:
            assert unit.request_by_key("alice", "key") == (changed, "content")

    # Finding

    def test_open_ones_are_found_by_dataset_and_by_person(self, store: Store) -> None:
        write(store, dataset(), dataset("weld_2"))
        write(store, request("r-1"), request("r-2", "carol"), request("r-3", dataset_id="weld_2"))
        write(store, grant("g-1"), grant("g-2", "carol"), grant("g-3"), grant("g-4", dataset_id="weld_2"))
        write(
            store,
            next_one(request("r-2", "carol"), state=RequestState.REJECTED),
            replace(grant("g-3"), state=GrantState.ENDED, version=2),
        )
        with store.unit() as unit:
            assert ids(unit.open_requests("weld")) == ["r-1"]
            assert (unit.open_requests("weld", "carol"), ids(unit.open_requests("weld_2"))) == ((), ["r-3"])
            assert (ids(unit.open_grants("weld")), ids(unit.open_grants("weld", "alice"))) == (["g-1", "g-2"], ["g-1"])
            assert ids(unit.open_grants("weld", "carol")) == ["g-2"]

    def test_a_name_that_begins_like_another_is_another_person(self, store: Store) -> None:
        people = ["al", "al#ice", "al#", "alice", "al%23ice"]
        write(store, dataset())
        for number, person in enumerate(people):
            write(store, request(f"r-{number}", person), grant(f"g-{number}", person))
        for number, person in enumerate(people):
            with store.unit() as unit:
                assert ids(unit.open_requests("weld", person)) == [f"r-{number}"]
                assert ids(unit.open_grants("weld", person)) == [f"g-{number}"]
            assert ids(store.requests_of(person)) == ids(store.requests_of(person, ["weld"])) == [f"r-{number}"]
            assert ids(store.grants_to(person)) == ids(store.grants_to(person, ["weld"])) == [f"g-{number}"]

    def test_datasets_are_found_at_their_present_place(self, store: Store) -> None:
        write(store, dataset("a", location="/one"), dataset("b", location="/one"), dataset("c", location="/one/x"))
        assert sorted(ids(store.datasets_at("/one"))) == ["a", "b"]
        write(store, dataset("a", location="/two"), dataset("b", location="/one", live=False))
        with store.unit() as unit:
            assert (ids(unit.datasets_at("/one")), ids(unit.datasets_at("/two"))) == (["b"], ["a"])
        assert store.datasets_at("/on") == ()

    def test_what_is_shown_of_a_dataset_is_kept_replaced_and_taken_away(self, store: Store) -> None:
        write(store, dataset())
        assert store.profile("weld") is None
        for profile in (Profile(fingerprint="a"), Profile(fingerprint="b"), None):
            with store.unit() as unit:
                unit.put_profile("weld", profile)
            assert store.profile("weld") == profile

    def test_requests_come_newest_first_and_the_later_written_first_of_one_instant(self, store: Store) -> None:
        write(store, *(dataset(f"d{number}") for number in range(6)))
        hours = [2, 0, 1, 1, 1, 3]
        for number in (0, 1, 2, 3):
            write(store, request(f"r-{number}", dataset_id=f"d{number}", created_at=START + hours[number] * HOUR))
        write(store, *(request(f"r-{n}", dataset_id=f"d{n}", created_at=START + hours[n] * HOUR) for n in (4, 5)))
        write(store, next_one(request("r-2", dataset_id="d2", created_at=START + HOUR), reason="changed later"))
        wanted = ["r-5", "r-0", "r-4", "r-3", "r-2", "r-1"]
        assert ids(store.requests_of("alice")) == ids(store.waiting("bob")) == ids(store.waiting(None)) == wanted
        assert ids(store.requests_of("alice", ["d2", "d5", "none"])) == ["r-5", "r-2"]
        assert ids(store.requests_of("alice", ["d1", "d2", "d3", "d4", "d4"])) == ["r-4", "r-3", "r-2", "r-1"]
        assert store.requests_of("alice", []) == ()

    def test_waiting_are_those_on_datasets_that_are_the_owners_now(self, store: Store) -> None:
        write(store, dataset(), dataset("paint", owner="carol"), request("r-1"), request("r-2", dataset_id="paint"))
        assert (ids(store.waiting("bob")), ids(store.waiting("carol"))) == (["r-1"], ["r-2"])
        write(store, dataset(owner="carol"))
        assert (ids(store.waiting("bob")), ids(store.waiting("carol"))) == ([], ["r-2", "r-1"])
        write(store, next_one(request("r-1"), state=RequestState.CHANGES_ASKED))
        assert ids(store.waiting(None)) == ["r-2"]

    def test_grants_come_in_the_order_of_their_ends_also_ended_ones(self, store: Store) -> None:
        write(store, dataset(), dataset("paint", owner="carol"))
        hours = [3, 1, 2, 2, 2]
        for number in range(4):
            write(store, grant(f"g-{number}", not_after=START + hours[number] * HOUR))
        write(store, grant("g-4", dataset_id="paint", not_after=START + 2 * HOUR), grant("g-5", "dora"))
        ended = replace(grant("g-1", not_after=START + HOUR), state=GrantState.ENDED, version=2)
        write(store, ended)
        assert ids(store.grants_to("alice")) == ["g-1", "g-2", "g-3", "g-4", "g-0"]
        assert ids(store.grants_to("alice", ["weld"])) == ["g-1", "g-2", "g-3", "g-0"]
        assert ids(store.grants_on("bob")) == ["g-1", "g-2", "g-3", "g-0", "g-5"]
        assert ids(store.grants_on("carol")) == ["g-4"]
        assert ids(store.grants_on(None)) == ["g-1", "g-2", "g-3", "g-4", "g-0", "g-5"]
        write(store, dataset(owner="carol"))
        assert (store.grants_on("bob"), len(store.grants_on("carol"))) == ((), 6)

    def test_due_are_grants_at_their_end_and_open_requests_that_stood_that_long(self, store: Store) -> None:
        second = timedelta(microseconds=1)
        write(store, *(dataset(f"d{number}") for number in range(4)))
        write(store, grant("g-0", not_after=START), grant("g-1", not_after=START + second))
        write(store, grant("g-2", not_after=START - HOUR), grant("g-3", not_after=START - HOUR, state=GrantState.ENDED))
        asked = request("r-0", dataset_id="d0", created_at=START - HOUR)
        decided = Decision(verdict=Verdict.ASK_CHANGES, actor="bob", reason="", at=START, revision=1)
        write(store, asked, request("r-1", dataset_id="d1", created_at=START - 9 * HOUR))
        write(store, request("r-2", dataset_id="d2", created_at=START - HOUR + second))
        grants, requests = store.due(START, START - HOUR)
        assert (ids(grants), sorted(ids(requests))) == (["g-2", "g-0"], ["r-0", "r-1"])
        write(store, next_one(asked, state=RequestState.CHANGES_ASKED, decisions=(decided,)))
        write(store, next_one(request("r-1", dataset_id="d1", created_at=START), state=RequestState.LAPSED))
        assert store.due(START - 2 * HOUR, START - HOUR) == ((), ())
        assert sorted(ids(store.due(START, START)[1])) == ["r-0", "r-2"]
        assert ids(store.ending(START + second)) == ["g-2", "g-0", "g-1"]

    def test_delegations_come_in_the_order_in_which_they_begin_to_and_from_a_person(self, store: Store) -> None:
        write(store, delegation("d-3", not_before=START + HOUR), delegation("d-1", approver="dora"))
        write(store, delegation("d-2", delegate="dora"))
        assert ids(store.delegations(None)) == ["d-1", "d-2", "d-3"]
        assert ids(store.delegations("dora")) == ["d-1", "d-2"]
        assert ids(store.delegations("bob")) == ["d-2", "d-3"]
        ended = replace(delegation("d-2", delegate="dora"), ended_at=START, version=2)
        write(store, ended)
        assert store.delegations("dora")[1] == ended
        with store.unit() as unit:
            assert unit.delegations() == store.delegations()

    def test_delegations_that_are_over_are_found_until_it_is_written_down(self, store: Store) -> None:
        write(store, delegation("d-1", not_after=START + 2 * HOUR), delegation("d-2"), delegation("d-3"))
        write(store, replace(delegation("d-3"), ended_at=START, version=2))
        assert store.delegations_over(START + HOUR - timedelta(microseconds=1)) == ()
        assert ids(store.delegations_over(START + HOUR)) == ["d-2"]
        assert ids(store.delegations_over(START + 2 * HOUR)) == ["d-1", "d-2"]
        write(store, replace(delegation("d-2"), ended_at=START + HOUR, version=2))
        assert ids(store.delegations_over(START + 2 * HOUR)) == ["d-1"]

    def test_legs_are_found_by_grant_entitlement_dataset_and_when_they_are_due(self, store: Store) -> None:
        later = leg("g-2", due_at=START + HOUR, entitlement="shared", dataset_id="orders")
        gone = leg("g-3", entitlement="shared", state=LegState.REMOVED)
        first = leg("g-1", entitlement="shared")
        with store.unit() as unit:
            for each in (later, gone, first):
                unit.put_leg(each)
            assert unit.sharing("shared") == (first, later)
        with store.unit() as unit:
            assert unit.leg("g-2/lake") == later
            assert unit.leg("g-2/other") is None
            assert unit.legs_of("g-3") == (gone,)
            assert unit.legs_of("g") == ()
            assert unit.sharing("shared") == (first, later)
            assert unit.sharing("share") == ()
        assert store.due_legs(START - HOUR) == ()
        assert store.due_legs(START) == (first,)
        assert store.due_legs(START + HOUR) == (first, later)
        assert store.due_legs(START + HOUR, most=1) == (first,)
        assert store.legs_on(None) == (first, later)
        assert store.legs_on(["orders"]) == (later,)
        moved = replace(first, version=2, due_at=START + 2 * HOUR)
        with store.unit() as unit:
            unit.put_leg(moved)
        assert store.due_legs(START + HOUR) == (later,)
        with pytest.raises(Conflict), store.unit() as unit:
            unit.put_leg(moved)
        with pytest.raises(Conflict), store.unit() as unit:
            unit.put_leg(later)

    def test_a_leg_that_joins_an_entitlement_is_not_missed_by_whoever_leaves_it(
        self, store: Store, other: Store
    ) -> None:
        """Either the one that goes sees the one that comes, or it begins anew."""
        with store.unit() as unit:
            unit.put_leg(leg("g-1", entitlement="shared"))

        def join() -> None:
            with other.unit() as unit:
                unit.put_leg(leg("g-2", entitlement="shared"))

        def leave() -> tuple[Leg, ...]:
            with store.unit() as unit:
                known = unit.leg("g-1/lake")
                assert known is not None
                seen = unit.sharing("shared")
                unit.put_leg(replace(known, version=2, state=LegState.REMOVED))
                joining.start()
                joining.join(2.0)  # a store that locks lets it wait, one that does not lets it through
            return seen

        joining = threading.Thread(target=join)
        try:
            seen = leave()
        except Conflict:
            seen = ()
        joining.join()
        with store.unit() as unit:
            left = [each.id for each in unit.sharing("shared")]
        assert "g-2/lake" in left
        assert ("g-1/lake" in left) == (seen == ())

    def test_grants_that_are_ending_are_no_longer_open_nor_do_they_come_to_their_end_again(self, store: Store) -> None:
        with store.unit() as unit:
            unit.put_grant(grant(backend="lake", state=GrantState.FULFILLING))
        with store.unit() as unit:
            assert len(unit.open_grants("weld")) == 1
            unit.put_grant(grant(backend="lake", state=GrantState.ENDING, version=2))
        with store.unit() as unit:
            assert unit.open_grants("weld") == ()
        assert store.ending(START + 99 * 24 * HOUR) == ()
        assert len(store.grants_to("alice")) == 1

    def test_datasets_are_found_in_a_folder_and_around_a_place_but_never_beside_it(self, store: Store) -> None:
        long = f"/data/orders/{'x' * 200}/{'ä' * 500}/"
        places = ["/data/", "/data/orders/", "/data/orders/a.csv", "/data/orders_hr/", long, f"{long}b.csv"]
        write(store, *(dataset(f"d{number}", location=place) for number, place in enumerate(places)))
        write(store, dataset("t", location="sqlite:///data/orders/a.db#t"), dataset("o", location="/data/orders"))
        wanted = {
            "/data/orders/": ["d0", "d1", "d2", "d4", "d5"],
            "/data/orders/a.csv": ["d0", "d1", "d2"],
            "/data/orders/a/": ["d0", "d1"],
            "/data/orders_hr/": ["d0", "d3"],
            "/data/": ["d0", "d1", "d2", "d3", "d4", "d5", "o"],
            "/": ["d0", "d1", "d2", "d3", "d4", "d5", "o"],
            "/data/orders": ["d0", "o"],
            f"{long}b.csv": ["d0", "d1", "d4", "d5"],
            f"{long}c/": ["d0", "d1", "d4"],
            "sqlite:///data/orders/a.db#t": ["t"],
            "/da/": [],
        }
        with store.unit() as unit:
            assert {place: sorted(ids(unit.datasets_at(place))) for place in wanted} == wanted
            unit.put_dataset(dataset("d2", location="/elsewhere/a.csv"))
            unit.put_dataset(dataset("new", location="/data/orders/new.csv"))
            assert sorted(ids(unit.datasets_at("/data/orders/"))) == ["d0", "d1", "d4", "d5", "new"]
        assert sorted(ids(store.datasets_at("/data/orders/"))) == ["d0", "d1", "d4", "d5", "new"]

    def test_ids_of_live_datasets_are_completed_a_hundred_at_most(self, store: Store) -> None:
        for start in range(0, 105, 21):
            write(store, *(dataset(f"set_{number:03d}") for number in range(start, start + 21)))
        write(store, dataset("Set_1"), dataset("set"), dataset("set_000", live=False))
        assert store.dataset_ids("set_00") == tuple(f"set_00{number}" for number in range(1, 10))
        assert len(store.dataset_ids("")) == 100
        assert store.dataset_ids("S") == ("Set_1",)
        assert store.dataset_ids("%") == store.dataset_ids("se_") == ()

    def test_catalogue_entries_are_noted_and_replaced(self, store: Store) -> None:
        with store.unit() as unit:
            unit.note_entry("weld", "one")
            unit.note_entry("paint", "two")
        with store.unit() as unit:
            unit.note_entry("weld", "three")
            assert unit.entry("weld") == "three"
        assert store.entries() == {"weld": "three", "paint": "two"}

    # Looking back

    def test_events_are_one_chain_and_replaying_them_gives_the_state(self, store: Store) -> None:
        write(store, dataset(), request(), grant(), delegation())
        write(store, next_one(request(), state=RequestState.WITHDRAWN))
        say(store, "weld")
        events, anchor, state = store.trail()
        trail = list(events)
        assert [event.seq for event in trail] == [1, 2, 3, 4, 5, 6]
        assert audit.verify(trail, anchor).findings == ()
        assert audit.verify(trail, anchor).unanchored == 0
        assert list(audit.differences(audit.replay(trail), state)) == []
        assert len(state) == 4
        assert tuple(trail) == store.events(None)
        assert store.last_seq() == 6

    def test_what_was_written_without_an_event_is_seen(self, store: Store) -> None:
        write(store, dataset())
        with store.unit() as unit:
            unit.put_grant(grant())
        events, _, state = store.trail()
        assert list(audit.differences(audit.replay(events), state)) == ["The grant g-1 was added without an event."]

    def test_a_person_sees_the_events_that_concern_them_and_their_own(self, store: Store) -> None:
        for number in range(40):
            say(store, f"s{number}", "bob", *(("alice", "dora") if number % 5 == 0 else ("dora",)))
        with store.unit() as unit:
            for number in range(40, 44):
                people = ("alice",) if number % 2 else ()
                unit.append(at=START, actor="bob", action="a", subject=f"s{number}", body={}, people=people)
        say(store, "s44", "alice")
        wanted = [1, 6, 11, 16, 21, 26, 31, 36, 42, 44, 45]
        assert [event.seq for event in store.events("alice")] == wanted
        assert [event.seq for event in store.events("alice", after=16)] == wanted[4:]
        assert [event.seq for event in store.events("alice", newest=4)] == wanted[-4:]
        assert [event.seq for event in store.events("alice", after=36, newest=2)] == [44, 45]
        assert [event.seq for event in store.events("alice", after=42)] == [44, 45]
        assert [event.seq for event in store.events("alice", newest=99)] == wanted
        assert len(store.events("bob")) == 44
        assert [event.seq for event in store.events("dora", newest=3)] == [38, 39, 40]
        assert [event.seq for event in store.events(None, newest=3)] == [43, 44, 45]
        assert [event.seq for event in store.events(None, after=42)] == [43, 44, 45]
        assert store.events("alice", after=45) == store.events(None, after=45) == store.events("ali") == ()
        assert store.events("alice", newest=0) == store.events(None, newest=0) == ()

    def test_an_event_comes_back_as_it_was_said(self, store: Store) -> None:
        body = {"text": "Größe \N{PILE OF POO} <b>", "numbers": [1, 2.5, None, True], "at": START + HOUR / 7}
        with store.unit() as unit:
            unit.append(at=START + HOUR / 7, actor="bob", action="a", subject="s", body=body, people=["bob", "alice"])
        (event,) = store.events("alice")
        assert (event.at, event.actor, event.subject) == (START + HOUR / 7, "bob", "s")
        assert event.body["text"] == body["text"]
        assert audit.digest(event) == event.hash


class RaceContract:
    """Several threads on one store."""

    def test_threads_that_write_different_things_all_succeed_in_one_chain(self, store: Store) -> None:
        def work(thread: int) -> None:
            for number in range(3):
                write(store, dataset(f"t{thread}_{number}"))

        together(3, work)  # fewer commits of others than a store may try again
        events, anchor, state = store.trail()
        trail = list(events)
        assert len(trail) == len(state) == 9
        assert audit.verify(trail, anchor).findings == ()

    def test_threads_that_decide_the_same_requests_have_one_winner_each(self, store: Store) -> None:
        names = [f"r-{number}" for number in range(6)]
        for number, name in enumerate(names):
            write(store, dataset(f"d{number}"), request(name, dataset_id=f"d{number}"))

        def decide(name: str, thread: int) -> bool:
            try:
                with store.unit() as unit:
                    found = unit.request(name)
                    assert found is not None
                    if found.state is not RequestState.SUBMITTED:
                        return False
                    made = grant(f"g-{name}-{thread}", dataset_id=found.scope.dataset_id, request_id=name)
                    tell(unit, made)
                    tell(unit, next_one(found, state=RequestState.APPROVED, grant_id=made.id))
            except Conflict:
                return False
            return True

        won = together(4, lambda thread: [name for name in names if decide(name, thread)])
        assert sorted(name for mine in won for name in mine) == names  # type: ignore[attr-defined]
        assert len(store.grants_on(None)) == 6
        assert {found.grant_id for found in store.requests_of("alice")} == set(ids(store.grants_on(None)))
        events, anchor, state = store.trail()
        trail = list(events)
        assert audit.verify(trail, anchor).findings == ()
        assert list(audit.differences(audit.replay(trail), state)) == []

    def test_threads_that_ask_for_the_same_have_one_open_request(self, store: Store) -> None:
        write(store, dataset())

        def ask(thread: int) -> None:
            try:
                with store.unit() as unit:
                    if not unit.open_requests("weld", "alice"):
                        tell(unit, request(f"r-{thread}"))
            except Conflict:
                pass

        together(6, ask)
        assert len(store.requests_of("alice")) == 1
        assert store.last_seq() == 2


class SearchContract:
    """The search index, seen through the store. The fixture ``other`` is a second store on the same state."""

    def test_datasets_are_found_by_words_and_narrowed_by_fields(self, store: Store) -> None:
        write(store, dataset("weld", title="Welding guns", tags=("sensor",), columns=(Column("force"),)))
        write(store, dataset("paint", title="Paint booth", tags=("sensor", "climate"), owner="carol"))
        found, total, capped = store.search(Search(q="weld"))
        assert (ids(found), total, capped) == (["weld"], 1, False)
        assert found[0] == store.dataset("weld")
        assert ids(store.search(Search())[0]) == ["paint", "weld"]
        assert ids(store.search(Search(owner="carol"))[0]) == ids(store.search(Search(tag="climate"))[0]) == ["paint"]
        assert (len(store.search(Search(limit=1))[0]), store.search(Search(limit=1))[1]) == (1, 2)
        counts = {(facet.field, facet.value): facet.count for facet in store.facets(Search())}
        assert (counts["tag", "sensor"], counts["tag", "climate"], counts["owner", "bob"]) == (2, 1, 1)

    def test_a_change_is_found_at_once_by_another_store_too(self, store: Store, other: Store) -> None:
        write(store, dataset(title="first"))
        assert ids(other.search(Search(q="first"))[0]) == ["weld"]
        write(store, dataset(title="second"))
        assert (other.search(Search(q="first"))[1], other.search(Search(q="second"))[1]) == (0, 1)
        write(other, dataset(title="second", live=False))
        assert store.search(Search())[1] == 0
        assert store.facets(Search()) == ()

    def test_many_changes_are_taken_over_by_several_at_once(self, store: Store, other: Store) -> None:
        for number in range(12):
            write(store, dataset(f"d{number}"))
        found = together(4, lambda thread: (store, other)[thread % 2].search(Search())[1])
        assert found == [12] * 4

    def test_a_viewer_finds_nothing_hidden_but_the_own_and_what_concerns_them(self, store: Store) -> None:
        write(store, dataset("weld", title="Weld guns"), dataset("merger", title="Weld merger", tags=("hr",)))
        write(store, dataset("mine", title="Weld mine", tags=("hr",), owner="zoe"))
        stranger = Viewer(person="zoe", hidden_tags=("hr",))
        for viewer, seen in (
            (None, ["merger", "mine", "weld"]),
            (stranger, ["mine", "weld"]),
            (replace(stranger, concerned=("merger",)), ["merger", "mine", "weld"]),
        ):
            assert sorted(store.dataset_ids("", viewer)) == seen
            assert sorted(found for found, _ in store.suggest("weld", viewer)) == seen
            for q in ("", "weld"):
                assert sorted(ids(store.search(Search(q=q), viewer)[0])) == seen
                assert store.search(Search(q=q), viewer)[1] == len(seen)
                owners = sum(each.count for each in store.facets(Search(q=q), viewer) if each.field == "owner")
                assert owners == len(seen)

    def test_what_others_ask_for_a_person_is_found_while_it_is_open(self, store: Store) -> None:
        for number, state in enumerate((RequestState.SUBMITTED, RequestState.CHANGES_ASKED, RequestState.VOID)):
            asked = request(f"r-{number}", "alice", f"set_{number}", beneficiary="carol", state=state)
            write(store, dataset(f"set_{number}"), asked)
        assert (store.asked_for("carol"), store.asked_for("alice")) == (("set_0", "set_1"), ())

    def test_events_are_read_up_to_a_number(self, store: Store) -> None:
        for number in range(5):
            say(store, f"set_{number}", "bob", *(("alice",) if number % 2 else ()))

        def seqs(person: str | None, **bounds: int) -> list[int]:
            return [event.seq for event in store.events(person, **bounds)]

        assert seqs(None, after=1, until=4) == [2, 3, 4]
        assert seqs("alice", after=1, until=4) == [2, 4]
        assert (seqs(None, until=4, newest=2), seqs(None, until=0), seqs(None, after=2, until=99)) == (
            [3, 4],
            [],
            [3, 4, 5],
        )
