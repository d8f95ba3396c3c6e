from __future__ import annotations

import stat
from pathlib import Path

import pytest

from jupyter_mlplatform.errors import Conflict, Unavailable
from jupyter_mlplatform.packages.local.environment import ProcessEnvironment
from jupyter_mlplatform.packages.local.examinations import JsonExaminations
from jupyter_mlplatform.packages.local.files import PrefixFiles
from jupyter_mlplatform.packages.local.probe import MachineProbe
from jupyter_mlplatform.packages.models import Ecosystem, ToolState
from jupyter_mlplatform.packages.service import PackagesService
from jupyter_mlplatform.policy import PackagesPolicy
from jupyter_mlplatform.wiring import utc_now
from tests.packages.conftest import Build

INDEX = "https://mirror.example.com/simple/"


def states(service: PackagesService) -> dict[str, str]:
    return {tool.ecosystem.value: tool.state.value for tool in service.status().tools}


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_mirrors_in_the_policy_all_tools_are_left_alone(service: Build, packages_home: Path) -> None:
    found = service()
    assert states(found) == {"pip": "unmanaged", "conda": "unmanaged"}
    done = found.apply()
    assert done.written == ()
    assert done.exports == {}
    assert not packages_home.exists()


def test_apply_writes_and_undo_leaves_nothing(service: Build, tmp_path: Path) -> None:
    found = service(pip_index=INDEX, conda_channels=("team",))
    assert states(found) == {"pip": "not_applied", "conda": "not_applied"}
    assert found.exports() == {}
    prefix = tmp_path / "prefix"
    done = found.apply(prefix)
    assert done.written == (str(prefix / "pip.conf"), str(prefix / ".condarc"))
    assert done.exports["PIP_CONFIG_FILE"] == str(prefix / "pip.conf")
    assert states(service(pip_index=INDEX, conda_channels=("team",))) == {"pip": "applied", "conda": "applied"}
    assert found.undo().written == done.written
    assert everything_in(prefix) == {}
    assert states(found) == {"pip": "not_applied", "conda": "not_applied"}


def test_undo_restores_the_file_that_was_there_with_its_rights_however_often_we_applied(
    service: Build, tmp_path: Path
) -> None:
    mine = tmp_path / "prefix" / "pip.conf"
    mine.parent.mkdir()
    mine.write_text("[global]\nindex-url = https://old.example.com\n")
    mine.chmod(0o600)
    before = everything_in(mine.parent)
    service(pip_index=INDEX).apply(mine.parent)
    service(pip_index=f"{INDEX}next/").apply()
    mine.write_text("changed by hand")
    assert states(service(pip_index=INDEX)) == {"pip": "drifted", "conda": "unmanaged"}
    service(pip_index=INDEX).apply()
    assert states(service(pip_index=INDEX)) == {"pip": "applied", "conda": "unmanaged"}
    service(pip_index=INDEX).undo()
    assert everything_in(mine.parent) == before
    assert stat.S_IMODE(mine.stat().st_mode) == 0o600
    assert service(pip_index=INDEX).undo().written == ()


def test_a_symbolic_link_stays_one(service: Build, tmp_path: Path) -> None:
    real, prefix = tmp_path / "dotfiles" / "pip.conf", tmp_path / "prefix"
    real.parent.mkdir()
    prefix.mkdir()
    real.write_text("mine")
    (prefix / "pip.conf").symlink_to(real)
    service(pip_index=INDEX).apply(prefix)
    assert (prefix / "pip.conf").is_symlink()
    assert INDEX in real.read_text()
    service(pip_index=INDEX).undo()
    assert real.read_text() == "mine"


def test_a_tool_that_the_policy_no_longer_names_gets_its_old_file_back(service: Build, tmp_path: Path) -> None:
    mine = tmp_path / ".condarc"
    mine.write_text("channels: [mine]\n")
    service(pip_index=INDEX, conda_channels=("team",)).apply(tmp_path)
    service(pip_index=INDEX).apply()
    assert mine.read_text() == "channels: [mine]\n"
    assert (tmp_path / "pip.conf").exists()


def test_a_second_prefix_is_refused_until_undo(service: Build, tmp_path: Path) -> None:
    found = service(pip_index=INDEX)
    found.apply(tmp_path / "one")
    with pytest.raises(Conflict, match="undo"):
        found.apply(tmp_path / "two")
    assert not (tmp_path / "two").exists()
    found.undo()
    found.apply(tmp_path / "two")


def test_a_folder_that_cannot_be_written_changes_nothing(service: Build, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = service(pip_index=INDEX)
    with pytest.raises(Unavailable, match="--prefix"):
        found.apply(tmp_path / "file" / "below")
    assert states(found)["pip"] == "not_applied"
    found.apply(tmp_path / "good")


def test_killed_between_any_two_writes_undo_still_brings_everything_back(
    service: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rename is a step; the process dies at the first, then at the second, and so on."""
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    (prefix / "pip.conf").write_text("mine")
    before = everything_in(prefix)
    rename = Path.replace

    class Killed(BaseException):
        pass

    for survived in range(4):
        left = [survived]

        def dying(self: Path, target: Path, left: list[int] = left) -> Path:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return rename(self, target)

        found = service(pip_index=INDEX, conda_channels=("team",))
        monkeypatch.setattr(Path, "replace", dying)
        with pytest.raises(Killed):
            found.apply(prefix)
        monkeypatch.setattr(Path, "replace", rename)
        if survived % 2:
            found.apply(prefix)
        found.undo()
        seen = {name: text for name, text in everything_in(prefix).items() if not name.endswith(".mlplat-new")}
        assert seen == before


def test_a_record_that_cannot_be_read_is_told_and_nothing_is_guessed(service: Build, packages_home: Path) -> None:
    service(pip_index=INDEX).apply()
    (packages_home / "applied.json").write_text("{")
    with pytest.raises(Unavailable, match=r"applied\.json"):
        service(pip_index=INDEX).undo()


def test_the_folder_with_what_was_there_before_is_private(service: Build, packages_home: Path, tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://alice:geheim@old.example.com\n")
    service(pip_index=INDEX).apply(tmp_path)
    assert stat.S_IMODE(packages_home.stat().st_mode) == 0o700
    assert "geheim" not in str(service(pip_index=INDEX).status())


def test_a_tool_tells_its_mirror_and_its_file(service: Build, packages_home: Path) -> None:
    tools = {tool.ecosystem: tool for tool in service(pip_index=INDEX).status().tools}
    pip = tools[Ecosystem.PIP]
    assert (pip.state, pip.index) == (ToolState.NOT_APPLIED, INDEX)
    assert pip.config_path == str(packages_home / "etc" / "pip.conf")


def test_a_new_process_takes_up_what_an_earlier_one_applied(packages_home: Path, service: Build) -> None:
    exports = service(pip_index=INDEX).apply().exports
    environ: dict[str, str] = {}
    policy = PackagesPolicy(pip_index=INDEX)
    later = PackagesService(
        policy=policy,
        files=PrefixFiles(packages_home),
        environment=ProcessEnvironment(environ, {}),
        probe=MachineProbe(),
        examinations=JsonExaminations(packages_home),
        clock=utc_now,
    )
    later.resume()
    assert environ == exports
    later.undo()
    assert environ == {}
