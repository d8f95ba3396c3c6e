"""One folder, seeded once, removed only when it is the demo's."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from jupyter_mlplatform.access.messages import Search
from jupyter_mlplatform.cli import run
from jupyter_mlplatform.cli.answer import Answer
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.demo import servers as demo_servers
from jupyter_mlplatform.demo.folder import ALICE, BOB, PEOPLE, DemoFolder
from jupyter_mlplatform.demo.seed import seed
from jupyter_mlplatform.errors import Conflict, Problem
from tests.demo.people import services


def contents(root: Path) -> dict[str, tuple[int, str]]:
    """Every file below a folder with its time and content."""
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in root.rglob("*")
        if path.is_file() and path.name not in (".lock", ".mlplat-demo")
    }


def answer(*words: str) -> Answer:
    given = run(["demo", *words], Session(say=lambda text: None))
    assert given is not None
    return given


def test_each_person_is_who_the_folder_says(folder: DemoFolder) -> None:
    for person in PEOPLE:
        workspace = services(folder, person).workspace
        assert (workspace.person, workspace.shared_dir) == (person.name, folder.shared.resolve())
        assert workspace.local_dir.is_relative_to(folder.home(person).resolve())


def test_the_catalogue_is_whole_and_can_be_searched(folder: DemoFolder) -> None:
    access = services(folder, ALICE).access
    page = access.search("alice", Search())
    assert page.problems == ()
    assert page.total == 8
    assert {facet.value for facet in page.facets if facet.field == "owner"} == {"bob", "dana", "mei", "weather-service"}
    assert {item.id for item in access.search("alice", Search(q="weld")).items} == {"weld_guns", "weld_plan"}


def test_the_column_that_says_who_worked_is_marked_as_personal(folder: DemoFolder) -> None:
    dataset = services(folder, BOB).access.dataset("bob", "weld_guns").dataset
    assert [column.name for column in dataset.columns if "personal" in column.tags] == ["operator_id"]
    assert all(column.description for column in dataset.columns)


def test_seeding_twice_changes_nothing(folder: DemoFolder) -> None:
    before = contents(folder.root)
    seed(folder)
    assert contents(folder.root) == before


def test_what_a_person_has_edited_stays(folder: DemoFolder) -> None:
    notebook = folder.work(ALICE) / "weld_faults.ipynb"
    notebook.write_text("{}", encoding="utf-8")
    seed(folder)
    assert notebook.read_text(encoding="utf-8") == "{}"


def test_a_half_written_file_is_written_again(folder: DemoFolder) -> None:
    data = folder.data / "weld_guns.parquet"
    whole = data.read_bytes()
    data.unlink()
    (folder.data / "weld_guns.parquet.unfinished").write_bytes(whole[:100])
    seed(folder)
    assert data.read_bytes() == whole


def test_a_folder_with_other_files_is_not_taken(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(Conflict, match="left as it is"):
        seed(DemoFolder(mine))
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]


def test_reset_refuses_a_folder_without_the_marker(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work", encoding="utf-8")
    refused = answer("--reset", "--folder", str(mine))
    assert isinstance(refused.data, Problem)
    assert refused.data.code == "demo.not_a_demo_folder"
    assert refused.exit_code == 5
    assert (mine / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_reset_refuses_a_link_to_a_demo_folder(folder: DemoFolder, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder.root)
    assert answer("--reset", "--folder", str(link)).exit_code == 5
    assert folder.marker.exists()


def test_reset_removes_everything_and_is_calm_when_there_is_nothing(folder: DemoFolder) -> None:
    assert answer("--reset", "--folder", str(folder.root)).exit_code == 0
    assert not folder.root.exists()
    assert answer("--reset", "--folder", str(folder.root)).data == {"folder": str(folder.root), "removed": False}


def test_an_installed_policy_may_forbid_the_demo(policy_file: Path, tmp_path: Path) -> None:
    policy_file.write_text('[workspace]\nname = "Works"\n', encoding="utf-8")
    refused = answer("--folder", str(tmp_path / "demo"), "--story")
    assert isinstance(refused.data, Problem)
    assert refused.data.code == "workspace.demo_forbidden"
    assert not (tmp_path / "demo").exists()


def test_a_notebook_is_no_place_to_start_it(tmp_path: Path) -> None:
    refused = run(["demo", "--folder", str(tmp_path / "demo")], Session(notebook=True))
    assert refused is not None
    assert isinstance(refused.data, Problem)
    assert refused.data.code == "demo.in_notebook"


def test_what_is_missing_is_named_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_servers, "NEEDED", ("jupyterlab", "no_such_package"))
    refused = answer("--story", "--folder", str(tmp_path / "demo"))
    assert isinstance(refused.data, Problem)
    assert (refused.data.code, refused.data.cause) == ("demo.not_installed", "Not installed here: no_such_package.")
    assert not (tmp_path / "demo").exists()


def test_a_policy_that_was_broken_by_hand_is_said_and_can_be_reset(folder: DemoFolder) -> None:
    (folder.root / "policy.toml").write_text("[idle]\ntimeout = 5\n", encoding="utf-8")
    refused = answer("--story", "--folder", str(folder.root))
    assert isinstance(refused.data, Problem)
    assert refused.data.code == "policy.invalid"
    assert "timeout_seconds" in refused.data.cause
    assert answer("--reset", "--folder", str(folder.root)).exit_code == 0
    assert not folder.root.exists()
