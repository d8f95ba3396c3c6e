"""Catalogue files: strict, and one wrong entry never takes the others with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_mlplatform.access.local.data_files import DataFiles
from jupyter_mlplatform.access.messages import Registration, Search
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import NotFound
from tests.access.world import Clock, approval, make_service, new_request, register, write_data

GOOD = """
[[dataset]]
id = "weld_guns"
title = "Welding guns"
owner = "bob"
classification = "confidential"
description = "Measured at each spot"
tags = ["sensor"]
path = "weld.parquet"
[dataset.columns.worker]
description = "Who welded"
tags = ["personal"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_data(tmp_path / "catalogue" / "weld.parquet")
    path = tmp_path / "catalogue" / "plant.toml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def service(tmp_path: Path, clock: Clock, file: Path) -> AccessService:
    return make_service(tmp_path / "state", clock, catalogues=(file,))


def problems(service: AccessService, person: str = "ada") -> list[str]:
    page = service.search(person, Search())
    return [f"{each.message} {each.cause}" for each in page.problems]


def ids(service: AccessService) -> list[str]:
    return [item.id for item in service.search("alice", Search()).items]


def test_entries_are_taken_over_with_what_the_file_itself_tells(service: AccessService) -> None:
    dataset = service.dataset("bob", "weld_guns").dataset
    assert (dataset.owner, dataset.rows, dataset.registered_by) == ("bob", 3, "catalogue")
    assert [(column.name, column.type, column.tags) for column in dataset.columns] == [
        ("gun_id", "int64", ()),
        ("force", "double", ()),
        ("worker", "string", ("personal",)),
    ]
    assert problems(service) == []


def test_an_unchanged_catalogue_writes_nothing_again(service: AccessService, tmp_path: Path, file: Path) -> None:
    ids(service)
    other_process = make_service(tmp_path / "state", Clock(), catalogues=(file,))
    assert ids(other_process) == ["weld_guns"]
    assert other_process.last_seq() == 1


def test_a_changed_catalogue_is_taken_over_without_a_restart(service: AccessService, file: Path) -> None:
    assert ids(service) == ["weld_guns"]
    file.write_text(GOOD.replace("Welding guns", "Spot welding"))
    assert service.dataset("alice", "weld_guns").dataset.title == "Spot welding"
    assert service.last_seq() == 2


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('id = "x"\nowner = "bob"\npath = "weld.parquet"\nclasification = "public"', "Did you mean 'classification'?"),
        ('id = "x"\nowner = "bob"\npath = "weld.parquet"\nclassification = "secret"', "'secret' is not a class"),
        ('id = "x"\nowner = "bob"', "missing required field `path`"),
        ('id = "x"\nowner = ""\npath = "weld.parquet"', "no owner"),
        ('id = "x"\nowner = 3\npath = "weld.parquet"', "Expected `str`"),
        ('id = "x"\nowner = "bob"\npath = "gone.parquet"', "There is no file gone.parquet."),
        ('id = "x"\nowner = "bob"\npath = "broken.parquet"', "cannot be read as parquet"),
        ('id = "x"\nowner = "bob"\npath = "../outside.parquet"', "leads out of"),
        ('id = "x"\nowner = "bob"\npath = "link.parquet"', "leads out of"),
        ('id = "x"\nowner = "bob"\npath = "plant.toml"', "neither a Parquet nor a CSV file"),
        ('id = "x"\nowner = "bob"\npath = "weld.parquet"\n[dataset.columns.forse]', "Did you mean 'force'?"),
        ('id = "x"\nowner = "bob"\npath = "weld.parquet"\n[dataset.columns.force]\nabout = "N"', "Unknown key 'about'"),
    ],
)
def test_a_wrong_entry_is_one_clear_problem_and_the_others_stay_usable(
    service: AccessService, file: Path, tmp_path: Path, entry: str, said: str
) -> None:
    (file.parent / "broken.parquet").write_text("not data")
    write_data(tmp_path / "outside.parquet")
    (file.parent / "link.parquet").symlink_to(tmp_path / "outside.parquet")
    file.write_text(f"[[dataset]]\n{entry}\n{GOOD}")
    (found,) = problems(service)
    assert found.startswith("The dataset x of the catalogue plant.toml cannot be used.")
    assert said in found
    assert str(file.parent) not in found
    assert ids(service) == ["weld_guns"]
    with pytest.raises(NotFound) as caught:
        service.dataset("ada", "x")
    assert said in caught.value.problem.cause
    with pytest.raises(NotFound) as caught:
        service.dataset("alice", "x")
    assert caught.value.problem.cause == "The dataset x of a catalogue cannot be used."


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a\\u0000b.parquet", "cannot be a path"),
        ("/a\\u0000b.parquet", "cannot be a path"),
        ("loop.parquet", "loop"),
        ("x" * 300 + ".parquet", "no file"),
        ("latin.csv", "not UTF-8"),
        ("ragged.csv", "Expected 2 columns, got 3."),
        ("pipe.csv", "is not a file"),
    ],
)
def test_an_odd_file_is_a_problem_of_its_entry_and_stops_nobody(
    service: AccessService, file: Path, path: str, said: str
) -> None:
    (file.parent / "loop.parquet").symlink_to("loop.parquet")
    (file.parent / "latin.csv").write_bytes("gerät,b\n1,2\n".encode("latin-1"))
    (file.parent / "ragged.csv").write_text("a,b\n1,2\n1,2,SECRET\n")
    os.mkfifo(file.parent / "pipe.csv")
    file.write_text(f'[[dataset]]\nid = "odd"\nowner = "bob"\npath = "{path}"\n{GOOD}')
    assert ids(service) == ["weld_guns"]
    (found,) = problems(service)
    assert said in found
    assert "SECRET" not in found
    assert problems(service, "alice") == ["The dataset odd of a catalogue cannot be used. "]
    assert service.load("bob", "weld_guns").table.num_rows == 3


@pytest.mark.parametrize("id_", ["", "Weld", "../x", "a/b", "x" * 65, "-x", "ä"])
def test_an_id_that_could_not_stand_in_an_address_is_refused(service: AccessService, file: Path, id_: str) -> None:
    file.write_text(f'[[dataset]]\nid = "{id_}"\nowner = "bob"\npath = "weld.parquet"\n{GOOD}')
    assert "cannot be the id of a dataset" in problems(service)[0]
    assert ids(service) == ["weld_guns"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("[[dataset", "cannot be read"), ("[[datasets]]", "Did you mean 'dataset'?"), ("dataset = 3", "[[dataset]]")],
)
def test_a_file_that_is_no_catalogue_says_so_and_what_was_known_stays(
    service: AccessService, file: Path, text: str, said: str
) -> None:
    assert ids(service) == ["weld_guns"]
    file.write_text(text)
    assert said in problems(service)[0]
    assert ids(service) == ["weld_guns"]


def test_a_missing_catalogue_is_a_problem_until_it_comes_back(service: AccessService, file: Path) -> None:
    file.rename(file.with_suffix(".away"))
    assert "The catalogue plant.toml cannot be read" in problems(service)[0]
    assert str(file.parent) not in problems(service)[0]
    assert problems(service, "alice") == ["A catalogue cannot be used. "]
    file.with_suffix(".away").rename(file)
    assert (problems(service), ids(service)) == ([], ["weld_guns"])


def test_a_data_file_that_comes_later_is_taken_over_then(service: AccessService, file: Path) -> None:
    (file.parent / "weld.parquet").rename(file.parent / "later.parquet")
    assert (len(problems(service)), ids(service)) == (1, [])
    (file.parent / "later.parquet").rename(file.parent / "weld.parquet")
    assert (problems(service), ids(service)) == ([], ["weld_guns"])


def test_an_id_belongs_to_the_first_that_used_it(tmp_path: Path, clock: Clock, file: Path) -> None:
    second = file.with_name("second.toml")
    second.write_text(GOOD + GOOD)
    service = make_service(tmp_path / "state", clock, catalogues=(file, second))
    found = problems(service)
    assert "used twice in this file" in found[0]
    assert "stands in plant.toml already" in found[1]
    assert ids(service) == ["weld_guns"]


def test_a_catalogue_cannot_take_a_dataset_that_a_person_registered(tmp_path: Path, clock: Clock, file: Path) -> None:
    by_hand = make_service(tmp_path / "state", clock)
    by_hand.register("carol", file.parent / "weld.parquet", Registration(id="weld_guns"))
    service = make_service(tmp_path / "state", clock, catalogues=(file,))
    assert "registered by carol already" in problems(service)[0]
    assert service.dataset("alice", "weld_guns").dataset.owner == "carol"


def test_an_entry_that_conflicts_is_not_read_again_with_every_search(
    tmp_path: Path, clock: Clock, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = make_service(tmp_path / "state", clock)
    by_hand.register("carol", file.parent / "weld.parquet", Registration(id="weld_guns"))
    read: list[Path] = []
    monkeypatch.setattr(DataFiles, "inspect", lambda self, path: read.append(path))
    service = make_service(tmp_path / "state", clock, catalogues=(file,))
    for _ in range(3):
        assert "registered by carol already" in problems(service)[0]
    assert read == []


def test_a_retired_dataset_does_not_come_back_through_its_catalogue(service: AccessService, file: Path) -> None:
    service.retire("bob", "weld_guns")
    file.write_text(GOOD.replace("Welding guns", "Again"))
    assert "never used again" in problems(service)[0]
    assert ids(service) == []


def test_the_owner_of_a_catalogue_dataset_registers_changed_content(service: AccessService, file: Path) -> None:
    made = service.ask("alice", new_request())
    service.decide("bob", made.id, approval())
    data = write_data(file.parent / "weld.parquet", rows=7)
    register(service, data)
    assert service.load("alice", "weld_guns").table.num_rows == 7
    assert service.dataset("alice", "weld_guns").dataset.columns[2].description == "Who welded"
