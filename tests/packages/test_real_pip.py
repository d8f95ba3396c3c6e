"""The real pip with the files that we write, against a real index."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pip
import pytest

from tests.packages.conftest import Build, use
from tests.packages.index import PASSWORD, PROJECT, USER, Index, wheel

Pip = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_pip(tmp_path: Path) -> Pip:
    def run(*arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-m", "pip", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )

    return run


@pytest.mark.parametrize("json_api", [True, False])
def test_pip_installs_from_the_policys_index(
    service: Build, index: Index, run_pip: Pip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, json_api: bool
) -> None:
    index.json_api = json_api
    use(service(pip_index=index.url).apply().exports, monkeypatch)
    done = run_pip("install", "--target", "lib", PROJECT)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "lib" / "weld_tools.py").read_text() == 'VERSION = "1.2.0"\n'
    assert f"/simple/{PROJECT}/" in index.asked


def test_a_stale_file_in_the_home_folder_is_silenced(
    service: Build, index: Index, run_pip: Pip, monkeypatch: pytest.MonkeyPatch, empty_home: Path
) -> None:
    old = Index()
    old.files = {"weld_tools-9.0-py3-none-any.whl": wheel(version="9.0")}
    mine = empty_home / ".config" / "pip" / "pip.conf"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    mine.parent.mkdir(parents=True)
    mine.write_text(
        f"[global]\nindex-url = {old.url}\nextra-index-url = {old.url}\n[install]\nfind-links = {old.url}\n"
    )
    assert "9.0" in run_pip("download", "--no-deps", PROJECT).stdout
    old.asked.clear()
    use(service(pip_index=index.url).apply().exports, monkeypatch)
    done = run_pip("download", "--no-deps", PROJECT)
    old.close()
    assert "weld_tools-1.2.0" in done.stdout, done.stderr
    assert old.asked == []


def test_an_extra_index_in_a_file_of_the_machine_is_silenced(
    service: Build, index: Index, run_pip: Pip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An environment's own pip.conf is read like the machine's, whatever PIP_CONFIG_FILE says."""
    venv.create(tmp_path / "env", with_pip=False)
    (tmp_path / "env" / "pip.conf").write_text("[global]\nextra-index-url = https://public.example.com/simple\n")
    monkeypatch.setenv("PYTHONPATH", str(Path(pip.__file__).parents[1]))
    python = str(tmp_path / "env" / "bin" / "python")
    looks = ("install", "--dry-run", "--requirement", os.devnull)
    assert "public.example.com" in run_pip(*looks, python=python).stdout
    use(service(pip_index=index.url).apply().exports, monkeypatch)
    assert run_pip(*looks, python=python).stdout.splitlines()[0] == f"Looking in indexes: {index.url}"


def test_credentials_come_from_a_netrc_file_and_not_from_ours(
    service: Build, index: Index, run_pip: Pip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    index.mood = "locked"
    done = service(pip_index=index.url).apply()
    use(done.exports, monkeypatch)
    assert run_pip("download", "--no-deps", PROJECT).returncode != 0
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert run_pip("download", "--no-deps", PROJECT).returncode == 0
    assert all(PASSWORD not in Path(path).read_text() for path in done.written)


def test_a_hung_index_costs_no_more_than_the_policy_allows(
    service: Build, index: Index, run_pip: Pip, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.mood = "hung"
    use(service(pip_index=index.url, timeout_seconds=1).apply().exports, monkeypatch)
    done = run_pip("download", "--no-deps", PROJECT)
    assert done.returncode != 0
    # one attempt of pip's own, as the policy says
    assert index.asked == [f"/simple/{PROJECT}/"]


def test_the_real_home_folder_is_as_it_was(
    service: Build, index: Index, run_pip: Pip, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    watched = [real / name for name in (".config/pip", ".pip", ".condarc", ".conda", ".netrc", ".cache/pip")]

    def look() -> dict[str, float]:
        return {str(path): path.stat().st_mtime for path in watched if path.exists()}

    before = look()
    found = service(pip_index=index.url, conda_channels=("team",))
    use(found.apply().exports, monkeypatch)
    assert run_pip("install", "--target", "lib", PROJECT).returncode == 0
    found.undo()
    assert look() == before
    assert Path.home() != real
