"""What the probe reads from a real machine."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from jupyter_mlplatform.packages.local.probe import MachineProbe
from tests.packages.index import Index


def never() -> bool:
    return False


def test_a_python_without_pip_is_a_problem_in_words(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    probe = MachineProbe(interpreter=str(tmp_path / "env" / "bin" / "python"))
    assert "No module named pip" in probe.sources(never).problem
    assert probe.settings(never) == {}
    assert "No module named pip" in probe.ask("http://127.0.0.1:9/simple/", 1, never).reason


def test_a_variable_outranks_a_file_and_the_section_of_a_command_outranks_the_general_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\ntimeout = 9\nretries = 1\n[install]\nretries = 4\n[list]\ntimeout = 99\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    found = MachineProbe().settings(never)
    assert (found["timeout"], found["retries"]) == ("9", "4")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "180")
    assert MachineProbe().settings(never)["timeout"] == "180"


def test_all_places_of_pips_files_are_looked_at(empty_home: Path, tmp_path: Path) -> None:
    named = tmp_path / "named.conf"
    environ = {"PIP_CONFIG_FILE": str(named), "XDG_CONFIG_HOME": str(empty_home / "xdg")}
    places = {
        empty_home / ".pip" / "pip.conf": "person",
        empty_home / "xdg" / "pip" / "pip.conf": "person",
        named: "variable",
    }
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"# {place.name}")
    found = {Path(file.path): file.owner for file in MachineProbe(environ=environ).pip_files()}
    assert {path: owner for path, owner in found.items() if owner in ("person", "variable")} == places


def test_condas_files_are_read_in_its_order_and_a_broken_one_is_told_without_quoting_it(
    empty_home: Path, tmp_path: Path
) -> None:
    ours = tmp_path / "ours.condarc"
    ours.write_text("channels: [team]\ndefault_channels: []\n")
    (empty_home / ".conda").mkdir()
    (empty_home / ".conda" / ".condarc").write_text("channels: defaults\n")
    (empty_home / ".condarc").write_text("channels: [geheim\n")
    (empty_home / ".config" / "conda").mkdir(parents=True)
    (empty_home / ".config" / "conda" / "condarc").write_text("- geheim\n")
    found = MachineProbe(environ={"CONDARC": str(ours)}).conda_files()
    mine = [file for file in found if not file.path.startswith(("/etc", "/var"))]
    assert [(Path(file.path).name, file.channels, file.default_channels) for file in mine] == [
        ("condarc", None, None),
        (".condarc", ("defaults",), None),
        (".condarc", None, None),
        ("ours.condarc", ("team",), ()),
    ]
    assert [bool(file.problem) for file in mine] == [True, False, True, False]
    assert all("geheim" not in file.problem for file in mine)


def test_a_proxy_is_not_taken_for_a_server_that_pip_goes_to(tmp_path: Path) -> None:
    proxy = Index()
    proxy.mood = "locked"
    through = proxy.url.removesuffix("/simple/")
    environ = {
        **os.environ,
        "http_proxy": through,
        "PIP_TRUSTED_HOST": "mirror.example.com",
        "NO_PROXY": "",
        "no_proxy": "",
    }
    answer = MachineProbe(environ=environ).ask("http://mirror.example.com/simple/", 2, never)
    proxy.close()
    assert proxy.asked == ["http://mirror.example.com/simple/pip/"]
    assert answer.contacted == ()


def test_an_address_without_tls_that_pip_refuses_is_told_as_such() -> None:
    answer = MachineProbe().ask("http://mirror.example.com/simple/", 2, never)
    assert "not a trusted or secure host" in answer.reason


def test_only_variables_of_the_clients_are_taken_along() -> None:
    environ = {"PIP_INDEX_URL": "a", "CONDARC": "b", "AWS_SECRET_ACCESS_KEY": "c", "HOME": "/"}
    assert MachineProbe(environ=environ).variables() == {"PIP_INDEX_URL": "a", "CONDARC": "b"}
    assert MachineProbe(environ={"PATH": "/nowhere"}).conda_command() == ""
    assert MachineProbe().interpreter == sys.executable
