"""``mlplat`` as a process: what goes to standard output, what to standard error, and the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mlplatform import __version__


def mlplat(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jupyter_mlplatform.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_version_is_told() -> None:
    assert mlplat("--version").stdout.strip() == f"mlplat, version {__version__}"


def test_alone_it_lists_its_commands() -> None:
    shown = mlplat()
    assert all(name in shown.stdout for name in ("data", "idle", "packages", "handoff", "policy", "demo"))


def test_json_is_for_programs_and_the_rest_for_people() -> None:
    people, programs = mlplat("workspace", "show"), mlplat("workspace", "show", "--json")
    assert json.loads(programs.stdout)["version"] == __version__
    assert "Person" in people.stdout
    assert (people.returncode, programs.returncode) == (0, 0)


def test_a_failure_goes_to_standard_error_with_its_exit_status(tmp_path: Path) -> None:
    bad = tmp_path / "policy.toml"
    bad.write_text("[idel]\n")
    shown = mlplat("policy", "check", str(bad))
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "Did you mean 'idle'?" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_failure_in_json_has_the_four_fields(tmp_path: Path) -> None:
    shown = mlplat("policy", "check", str(tmp_path / "none.toml"), "--json")
    assert shown.returncode == 4
    assert set(json.loads(shown.stdout)) == {"code", "message", "cause", "next_step"}


def test_a_good_policy_file_is_confirmed(tmp_path: Path) -> None:
    good = tmp_path / "policy.toml"
    good.write_text("[idle]\ntimeout_seconds = 60\n")
    shown = mlplat("policy", "check", str(good), "--json")
    assert json.loads(shown.stdout) == {"path": str(good), "keys": ["idle.timeout_seconds"]}


@pytest.mark.parametrize("words", [("nothing",), ("policy", "shwo"), ("workspace", "show", "--colour")])
def test_a_mistyped_command_is_a_sentence_and_status_2(words: tuple[str, ...]) -> None:
    shown = mlplat(*words)
    assert shown.returncode == 2
    assert "Traceback" not in shown.stderr
    assert "--help" in shown.stderr


def test_what_is_not_read_on_a_terminal_is_never_wrapped(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 200 + ".toml")
    assert f"There is no file {long}.\n" in mlplat("policy", "check", str(long)).stderr


def test_words_that_are_not_text_are_refused_in_a_sentence() -> None:
    command = [sys.executable.encode(), b"-m", b"jupyter_mlplatform.cli", b"data", b"show", b"\xff"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert "not valid text" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_damaged_state_file_is_a_sentence(empty_home: Path) -> None:
    assert mlplat("data", "search").returncode == 0
    (state,) = (empty_home / "jupyter-data").rglob("access.db")
    content = bytearray(state.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    state.write_bytes(content)
    shown = mlplat("data", "search")
    assert (shown.returncode, "Traceback" in shown.stderr) == (6, False)
    assert "state" in shown.stderr
