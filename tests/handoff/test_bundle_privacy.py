"""Packed code and inputs: nobody else's to read or replace, and named by what was really packed."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import pytest

from jupyter_mlplatform.demo.folder import SEPARATION
from jupyter_mlplatform.errors import Conflict, Invalid, PlatformError
from jupyter_mlplatform.handoff.local import bundle
from jupyter_mlplatform.handoff.local.bundle import TarPacker, content_digest, verify, write_archive
from jupyter_mlplatform.handoff.models import NewPlan
from jupyter_mlplatform.policy import EffectivePolicy
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import Place as Where
from jupyter_mlplatform.workspace import Workspace
from tests.handoff.conftest import Place

FILE_INPUT = "{handoff: 1, name: a, source: {entry: a.py}, inputs: {raw: 'file:data'}}"


@pytest.fixture
def with_input(place: Place) -> Place:
    place.write(a="print(1)")
    (place.root / "handoff.yaml").write_text(FILE_INPUT)
    data = place.root / "data"
    data.mkdir()
    (data / "a.csv").write_text("x\n1\n")
    return place


def refused(place: Place, path: str = "handoff.yaml") -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        place.service.plan("alice", place.root, NewPlan(path=path))
    return caught.value


def other_code(archive: Path, folder: Path) -> None:
    """What somebody would put in the place of an archive."""
    folder.mkdir()
    (folder / "prepare.py").write_text("print('not what was planned')")
    write_archive(folder, ["prepare.py"], archive)


def test_packed_code_is_for_its_author_alone(place: Place) -> None:
    old = os.umask(0)
    try:
        packed = place.packer.pack(place.root)
    finally:
        os.umask(old)
    archive = Path(packed.bundle.path)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert archive.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_bundles_that_others_could_read_is_closed(place: Place) -> None:
    folder = place.state / "bundles"
    folder.mkdir(mode=0o777, parents=True)
    folder.chmod(0o777)
    place.packer.pack(place.root)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_code_that_was_replaced_after_it_was_packed_does_not_run(place: Place, tmp_path: Path) -> None:
    path = place.steps()
    archive = Path(place.service.plan("alice", place.root, NewPlan(path=path)).bundle.path)
    other_code(archive, tmp_path / "other")
    with pytest.raises(Conflict) as caught:
        place.start(path)
    assert caught.value.problem.code == "handoff.bundle_changed"
    assert not list(place.store.runs())
    assert place.start(path, key="again").bundle_digest


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00broken"])
def test_an_archive_that_cannot_be_read_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(content)
    with pytest.raises(Conflict, match="not the code that was planned"):
        verify(archive, "0" * 64)


def test_an_archive_with_a_link_in_it_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("a.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(Conflict, match="not the code that was planned"):
        verify(tmp_path / "a.tar.gz", "0" * 64)


def test_files_that_change_while_they_are_packed_are_not_stored_under_the_wrong_name(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(a="one")

    def then_changed(root: Path, names: list[str]) -> str:
        digest = content_digest(root, names)
        place.write(a="two")
        return digest

    monkeypatch.setattr(bundle, "content_digest", then_changed)
    with pytest.raises(Conflict, match="changed while they were packed"):
        place.packer.pack(place.root)
    assert not list((place.state / "bundles").iterdir())
    monkeypatch.undo()
    packed = place.packer.pack(place.root).bundle
    verify(Path(packed.path), packed.digest)


def test_bundles_lie_in_the_private_folder_of_a_workspace(tmp_path: Path) -> None:
    workspace = Workspace(
        person="alice",
        identity_from="the test",
        place=Where.MACHINE,
        name="w",
        shared_dir=tmp_path / "shared",
        local_dir=tmp_path / "local",
    )
    services = Services(workspace, EffectivePolicy())
    root = tmp_path / "work"
    root.mkdir()
    (root / "a.py").write_text("print(1)")
    plan = services.handoff.plan("alice", root, NewPlan(path="a.py"))
    assert Path(plan.bundle.path).parent == workspace.local_dir / "handoff" / "bundles"
    assert not list(workspace.shared_dir.rglob("*.tar.gz"))


def test_the_demo_does_not_claim_that_an_installation_enforces_the_rules() -> None:
    assert "enforces" not in SEPARATION


@pytest.mark.parametrize("target", ["user@host.123:456", "/nowhere/at/all"])
def test_a_link_that_leads_nowhere_is_no_input(with_input: Place, target: str) -> None:
    (with_input.root / "data" / ".#a.csv").symlink_to(target)
    without = with_input.service.plan("alice", with_input.root, NewPlan(path="handoff.yaml"))
    run = with_input.start("handoff.yaml")
    (with_input.root / "data" / ".#a.csv").unlink()
    assert without.inputs == with_input.service.plan("alice", with_input.root, NewPlan(path="handoff.yaml")).inputs
    assert run.id


def test_what_is_copied_is_what_the_fingerprint_is_of(with_input: Place, tmp_path: Path) -> None:
    data = with_input.root / "data"
    (data / "round").symlink_to(".")
    (data / "itself").symlink_to("itself")
    (data / "b.csv").symlink_to("../a.py")
    (data / ".ipynb_checkpoints").mkdir()
    (data / ".ipynb_checkpoints" / "old.csv").write_text("x")
    with_input.packer.copy(data, tmp_path / "copy")
    copied = sorted(file.relative_to(tmp_path / "copy").as_posix() for file in (tmp_path / "copy").rglob("*"))
    assert copied == ["a.csv", "b.csv"]
    assert with_input.packer.fingerprint(tmp_path / "copy") == with_input.packer.fingerprint(data)
    (data / "itself").unlink()  # the project as a whole is not packed with it, which is said in words
    assert with_input.start("handoff.yaml").id


@pytest.mark.parametrize("target", ["elsewhere", "elsewhere/secret.csv"])
def test_a_link_in_an_input_that_leads_out_of_the_project_is_refused(
    with_input: Place, tmp_path: Path, target: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.csv").write_text("x")
    (with_input.root / "data" / "out").symlink_to(tmp_path / target)
    assert refused(with_input).problem.code == "handoff.outside"


def test_an_input_that_is_gone_or_a_folder_that_cannot_be_made_is_said_in_words(tmp_path: Path) -> None:
    packer = TarPacker(tmp_path / "bundles")
    with pytest.raises(Invalid):
        packer.fingerprint(tmp_path / "gone.csv")
    with pytest.raises(Invalid):
        packer.copy(tmp_path / "gone.csv", tmp_path / "there")
    shutil.rmtree(tmp_path / "there")


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("x = 1e999", "'x' must be a finite number"),
        ("a = '\\ud800'", "'a' must be text that can be written as UTF-8"),
        ("lr = 1\nLR = 2", "differ only in upper and lower case"),
        ("Image = 'x'", "'Image' must be a free Python name"),
    ],
)
def test_parameters_of_a_notebook_without_a_spec_are_checked_as_those_of_a_spec(
    place: Place, cell: str, says: str
) -> None:
    problem = refused(place, place.notebook(("parameters", cell), ("", "1 + 1"))).problem
    assert problem.code == "handoff.spec_invalid"
    assert says in problem.cause
    problem.message.encode()
    problem.cause.encode()


def test_a_text_that_cannot_be_written_is_refused_as_a_value(place: Place) -> None:
    path = place.notebook(("parameters", "name = 'x'\nlr = 0.1"), ("", "1 + 1"))
    for params in ({"name": "\udcff"}, {"lr": 10**400}):
        with pytest.raises(Invalid) as caught:
            place.service.plan("alice", place.root, NewPlan(path=path, params=params))
        assert caught.value.problem.code == "handoff.parameter_type"
