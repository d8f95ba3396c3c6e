"""Whose a dataset is: nobody takes one alone, and who had it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlplatform.access.messages import Registration, Search
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid
from jupyter_mlplatform.policy import AccessPolicy
from tests.access.test_catalogue import GOOD
from tests.access.world import Clock, granted, make_service, new_request, register, write_data


def told(service: AccessService, person: str) -> str:
    return service.notices(person, service.last_seq() - 1)[-1].text


def test_an_admin_cannot_become_the_owner_of_somebody_elses_dataset_alone(
    service: AccessService, data_file: Path, tmp_path: Path
) -> None:
    seq = service.last_seq()
    for file, dataset_id in [(data_file, "weld_guns"), (write_data(tmp_path / "other.parquet"), "weld_guns")]:
        with pytest.raises(Forbidden) as caught:
            service.register("ada", file, Registration(id=dataset_id, owner="ada"))
        assert caught.value.problem.code == "access.four_eyes"
    for attempt in (lambda: service.load("ada", "weld_guns"), lambda: service.register("ada", data_file, own("copy"))):
        with pytest.raises(Forbidden):
            attempt()
    assert service.last_seq() == seq


def own(dataset_id: str) -> Registration:
    return Registration(id=dataset_id)


def test_without_four_eyes_an_admin_may(tmp_path: Path, clock: Clock, data_file: Path) -> None:
    service = make_service(tmp_path / "state", clock, AccessPolicy(admins=("ada",), four_eyes=False))
    register(service, data_file)
    assert service.register("ada", data_file, Registration(id="weld_guns", owner="ada")).owner == "ada"


def test_a_new_owner_and_the_one_before_are_told_who_changed_it(service: AccessService, data_file: Path) -> None:
    service.register("ada", data_file, Registration(id="weld_guns", owner="carol"))
    assert told(service, "bob") == "ada made carol the owner of Welding guns, which was yours."
    assert told(service, "carol") == "ada made you the owner of Welding guns."
    assert service.events("bob").items[-1].action == "dataset.registered"
    with pytest.raises(Forbidden):
        service.load("bob", "weld_guns")


def test_an_owner_is_told_what_somebody_else_did_to_the_own_dataset(service: AccessService, data_file: Path) -> None:
    service.register("ada", data_file, Registration(id="weld_guns", description="Measured"))
    assert told(service, "bob") == "ada changed your dataset Welding guns."
    register(service, data_file, description="Measured again")
    assert told(service, "bob") == ""
    service.retire("ada", "weld_guns")
    assert told(service, "bob") == "ada retired your dataset Welding guns."


def test_who_may_use_a_dataset_is_told_of_new_content_and_not_of_its_place(
    service: AccessService, data_file: Path
) -> None:
    granted(service)
    seq = service.last_seq()
    register(service, data_file, description="Measured")
    assert service.notices("alice", seq) == ()
    register(service, write_data(data_file, rows=5))
    assert told(service, "alice") == "bob registered new content of Welding guns, which you may use."
    assert told(service, "bob") == ""
    assert str(data_file) not in str(service.events("alice"))
    assert service.verify_audit().intact


@pytest.mark.parametrize("owner", [" ", "\t", "carol ", " carol"])
def test_an_owner_without_a_name_is_refused(service: AccessService, data_file: Path, owner: str) -> None:
    with pytest.raises(Invalid) as caught:
        service.register("ada", data_file, Registration(id="weld_guns", owner=owner))
    assert caught.value.problem.code == "access.invalid_owner"
    assert service.dataset("bob", "weld_guns").dataset.owner == "bob"


def test_a_file_of_another_owner_cannot_be_registered_again_under_another_id(
    service: AccessService, data_file: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.parquet"
    link.symlink_to(data_file)
    for retired in (False, True):
        if retired:
            service.retire("bob", "weld_guns")
        for person, code in [("carol", "access.location_taken"), ("ada", "access.four_eyes")]:
            with pytest.raises((Conflict, Forbidden)) as caught:
                service.register(person, link, Registration(id="mine"))
            assert caught.value.problem.code == code
    assert service.register("bob", data_file, Registration(id="again")).owner == "bob"
    assert service.register("ada", data_file, Registration(id="third", owner="carol")).owner == "carol"


def test_a_dataset_cannot_be_moved_to_a_file_of_another_owner(service: AccessService, data_file: Path) -> None:
    service.register("carol", write_data(data_file.with_name("own.parquet")), Registration(id="own"))
    with pytest.raises(Conflict) as caught:
        service.register("carol", data_file, Registration(id="own"))
    assert caught.value.problem.code == "access.location_taken"


def listed(tmp_path: Path, clock: Clock) -> tuple[AccessService, Path, Path]:
    data = write_data(tmp_path / "catalogue" / "weld.parquet")
    file = tmp_path / "catalogue" / "plant.toml"
    file.write_text(GOOD)
    service = make_service(tmp_path / "catalogued", clock, catalogues=(file,))
    service.search("bob", Search())
    return service, file, data


@pytest.mark.parametrize(
    "said",
    [
        {"classification": "public"},
        {"title": "Free for all"},
        {"owner": "carol"},
        {"description": "x"},
        {"tags": ("x",)},
        {"columns": (Column("worker", tags=()),)},
    ],
)
@pytest.mark.parametrize("person", ["bob", "ada"])
def test_what_a_catalogue_says_is_not_changed_by_registering(
    tmp_path: Path, clock: Clock, said: dict[str, object], person: str
) -> None:
    service, _, data = listed(tmp_path, clock)
    write_data(data, rows=5)
    before = service.dataset("bob", "weld_guns").dataset
    if person == "bob" and "owner" in said:
        said = {"owner": "bob", "title": "Else"}
    with pytest.raises(Conflict) as caught:
        service.register(person, data, Registration(id="weld_guns", **said))  # type: ignore[arg-type]
    assert caught.value.problem.code == "access.in_catalogue"
    assert service.dataset("bob", "weld_guns").dataset == before
    assert service.register("bob", data, Registration(id="weld_guns")).rows == 5


def test_a_dataset_of_a_catalogue_stays_at_its_file(tmp_path: Path, clock: Clock) -> None:
    service, _, data = listed(tmp_path, clock)
    with pytest.raises(Conflict, match="its path cannot be changed"):
        service.register("bob", write_data(data.with_name("else.parquet")), Registration(id="weld_guns"))


def test_a_dataset_whose_entry_was_deleted_stays_as_it_was_until_it_is_retired(tmp_path: Path, clock: Clock) -> None:
    service, file, data = listed(tmp_path, clock)
    file.write_text("")
    assert service.dataset("alice", "weld_guns").dataset.classification == "confidential"
    with pytest.raises(Conflict):
        service.register("bob", data, Registration(id="weld_guns", classification="public"))
    assert service.ask("alice", new_request()).dataset_title == "Welding guns"
    assert service.retire("bob", "weld_guns").live is False
