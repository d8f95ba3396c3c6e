"""Where the data lies: nobody gets at it by a path, by a link or by a name that only begins alike, or learns of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from jupyter_mlplatform.access.messages import NewDelegation, Registration, Search
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, NotFound, PlatformError
from jupyter_mlplatform.policy import AccessPolicy
from jupyter_mlplatform.wiring import Services
from tests.access.world import Clock, approval, granted, make_service, new_request, register, write_data
from tests.server.conftest import Call

TRAVERSALS = [
    "../weld_guns",
    "..",
    ".",
    "/etc/passwd",
    "weld_guns/..",
    "weld_guns\0",
    "a/b",
    "C:\\x",
    "%2e%2e",
    "~root",
]


def refusal(command: Callable[[], object]) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        command()
    return caught.value


class TestTraversal:
    @pytest.mark.parametrize("name", TRAVERSALS)
    def test_an_id_is_no_path(self, service: AccessService, data_file: Path, tmp_path: Path, name: str) -> None:
        assert isinstance(refusal(lambda: service.register("bob", data_file, Registration(id=name))), Invalid)
        for command in (
            lambda: service.load("alice", name),
            lambda: service.ask("alice", new_request(dataset_id=name)),
            lambda: service.export("alice", name, tmp_path / "out"),
            lambda: service.dataset("alice", name),
        ):
            assert isinstance(refusal(command), NotFound)
        assert not (tmp_path / "out").exists()

    async def test_nor_is_it_over_http(self, call: Call, be: Callable[[str], Services]) -> None:
        be("alice")
        for path in ("..%2F..%2Fetc%2Fpasswd", "weld_guns%00", "%2e%2e", "weld_guns%2F..%2Fweld_guns", "%ff%fe"):
            status, body = await call("GET", f"access/datasets/{path}")
            assert 400 <= status < 500, path
            assert set(body) == {"code", "message", "cause", "next_step"}


class TestLinks:
    def test_a_link_to_somebody_elses_data_is_that_data(self, service: AccessService, tmp_path: Path) -> None:
        link = tmp_path / "mine.parquet"
        link.symlink_to(tmp_path / "data" / "weld.parquet")
        folder = tmp_path / "folder"
        folder.symlink_to(tmp_path / "data", target_is_directory=True)
        for path in (link, folder / "weld.parquet", tmp_path / "data" / ".." / "data" / "weld.parquet", folder):
            with pytest.raises(Conflict) as caught:
                service.register("carol", path, Registration(id="mine"))
            assert caught.value.problem.code == "access.location_taken"

    def test_data_that_was_replaced_by_a_link_is_not_handed_out(
        self, service: AccessService, data_file: Path, tmp_path: Path
    ) -> None:
        granted(service)
        other = write_data(tmp_path / "secret" / "pay.parquet", rows=9)
        data_file.unlink()
        data_file.symlink_to(other)
        error = refusal(lambda: service.load("alice", "weld_guns"))
        assert str(tmp_path) not in str(error)

    def test_saving_through_a_link_does_not_overwrite_what_is_registered(
        self, service: AccessService, data_file: Path, tmp_path: Path
    ) -> None:
        granted(service)
        before = data_file.read_bytes()
        loaded = service.load("alice", "weld_guns")
        link, folder = tmp_path / "out.parquet", tmp_path / "there"
        link.symlink_to(data_file)
        folder.symlink_to(data_file.parent, target_is_directory=True)
        for path in (link, folder / data_file.name, data_file):
            try:
                service.save(loaded, service.target(path, force=True))
            except PlatformError:
                continue
        assert data_file.read_bytes() == before


class TestNamesThatBeginAlike:
    """``orders`` and ``orders_hr`` have nothing to do with each other."""

    @pytest.fixture
    def both(self, tmp_path: Path, clock: Clock) -> AccessService:
        service = make_service(tmp_path / "state", clock)
        for name in ("orders", "orders_hr"):
            register(service, write_data(tmp_path / "data" / name / "part.parquet"), name)
        return service

    def test_a_grant_on_one_is_none_on_the_other(self, both: AccessService) -> None:
        granted(both, dataset_id="orders")
        assert both.load("alice", "orders").table.num_rows == 3
        assert refusal(lambda: both.load("alice", "orders_hr")).problem.code == "access.not_granted"
        assert [each.access for each in both.search("alice", Search(q="orders_hr")).items] == ["none"]

    def test_a_folder_is_not_around_what_only_begins_like_it(self, tmp_path: Path, clock: Clock) -> None:
        service = make_service(tmp_path / "state", clock)
        for name in ("orders", "orders_hr"):
            write_data(tmp_path / "data" / name / "part.parquet")
        register(service, tmp_path / "data" / "orders_hr", "orders_hr")
        made = service.register("carol", tmp_path / "data" / "orders", Registration(id="orders"))
        assert made.owner == "carol"

    @pytest.mark.parametrize("inner", ["part.parquet", ""])
    def test_what_lies_in_somebody_elses_folder_is_theirs(self, tmp_path: Path, clock: Clock, inner: str) -> None:
        service = make_service(tmp_path / "state", clock)
        write_data(tmp_path / "data" / "orders" / "part.parquet")
        register(service, tmp_path / "data" / "orders", "orders")
        with pytest.raises(Conflict):
            service.register("carol", tmp_path / "data" / "orders" / inner, Registration(id="mine"))

    def test_a_request_or_grant_is_not_found_by_the_beginning_of_its_id(self, both: AccessService) -> None:
        made = both.ask("alice", new_request(dataset_id="orders"))
        for name in (made.id[:-1], made.id + " ", made.id.upper(), "%", "_", ""):
            assert isinstance(refusal(lambda name=name: both.decide("bob", name, approval())), NotFound)  # type: ignore[misc]


class TestThePlaceIsNotTold:
    CANARY = "vault-9d2c"

    @pytest.fixture
    def service(self, tmp_path: Path, clock: Clock) -> AccessService:
        made = make_service(tmp_path / "state", clock, AccessPolicy(admins=("ada",)))
        register(made, write_data(tmp_path / self.CANARY / "weld.parquet"))
        return made

    def seen_by(self, service: AccessService, person: str) -> str:
        everything = [
            service.search(person, Search()),
            service.dataset(person, "weld_guns"),
            service.requests(person),
            service.requests(person, "inbox"),
            service.grants(person),
            service.grants(person, "owned"),
            service.events(person),
            service.trail(person),
            service.notices(person, 0),
            service.delegations(person),
        ]
        return json.dumps([msgspec.to_builtins(each) for each in everything])

    def test_to_a_requester_a_subject_a_delegate_or_a_stranger(self, service: AccessService, clock: Clock) -> None:
        from datetime import timedelta

        service.delegate("bob", NewDelegation(delegate="dora", not_after=clock.now + timedelta(days=9)))
        granted(service, beneficiary="carol")
        service.ask("alice", new_request("again"))
        service.load("carol", "weld_guns")
        for person in ("alice", "carol", "dora", "zoe"):
            assert self.CANARY not in self.seen_by(service, person), person
        assert self.CANARY in self.seen_by(service, "bob")

    @pytest.mark.parametrize("name", ["catalogue", "policy", "time", "owner"])
    def test_to_a_person_who_is_called_like_a_part_of_the_platform(
        self, tmp_path: Path, clock: Clock, name: str
    ) -> None:
        """A hub where people choose their names must not make one of them the catalogue, whose events name places."""
        write_data(tmp_path / self.CANARY / "weld.parquet")
        listed = tmp_path / "catalogue.toml"
        listed.write_text(f'[[dataset]]\nid = "weld_guns"\nowner = "bob"\npath = "{self.CANARY}/weld.parquet"\n')
        service = make_service(tmp_path / "other", clock, catalogues=(listed,))
        granted(service)
        clock.forward(days=40)
        service.last_seq()
        try:
            told = self.seen_by(service, name)
        except Forbidden:
            return
        assert self.CANARY not in told
        assert service.events(name).items == ()

    @pytest.mark.parametrize("harm", ["gone", "replaced", "a folder", "cut", "unreadable"])
    def test_in_no_error_when_the_data_cannot_be_read(self, service: AccessService, tmp_path: Path, harm: str) -> None:
        granted(service)
        file = tmp_path / self.CANARY / "weld.parquet"
        content = file.read_bytes()
        file.unlink()
        if harm == "replaced":
            write_data(file, rows=7)
        elif harm == "a folder":
            file.mkdir()
        elif harm == "cut":
            file.write_bytes(content[:50])
        elif harm == "unreadable":
            file.symlink_to(file)
        error = refusal(lambda: service.load("alice", "weld_guns"))
        assert self.CANARY not in str(error)
