"""The policy file: strict, explained, and out of a user's reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mlplatform import policy
from jupyter_mlplatform.errors import Invalid


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_every_value_is_built_in() -> None:
    effective = policy.load()
    assert effective.path is None
    assert {each.origin for each in effective.settings()} == {"built in"}
    assert effective.policy.access.four_eyes is True


def test_a_value_of_the_file_is_shown_with_the_file_as_its_origin(policy_file: Path) -> None:
    written(policy_file, "[idle]\ntimeout_seconds = 600\n")
    by_key = {each.key: each for each in policy.load().settings()}
    assert (by_key["idle.timeout_seconds"].value, by_key["idle.timeout_seconds"].origin) == (600.0, str(policy_file))
    assert by_key["idle.grace_seconds"].origin == "built in"


def test_the_first_file_found_wins_whole(tmp_path: Path) -> None:
    first = written(tmp_path / "first.toml", "[idle]\ntimeout_seconds = 600\n")
    second = written(tmp_path / "second.toml", "[idle]\ngrace_seconds = 1\n")
    idle = policy.load((first, second)).policy.idle
    assert (idle.timeout_seconds, idle.grace_seconds) == (600.0, 300.0)


AWS = '[access.aws]\naccount = "123456789012"\nregion = "eu-central-1"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[idel]\n", "Unknown key 'idel'. Did you mean 'idle'?"),
        ("[idle]\ntimeout_second = 1\n", "Unknown key 'idle.timeout_second'. Did you mean 'timeout_seconds'?"),
        ("[idle]\ntimeout_seconds = 'long'\n", "$.idle.timeout_seconds"),
        ("[idle]\ntimeout_seconds = 0\n", "'idle.timeout_seconds' must be greater than 0"),
        ("[idle]\ngrace_seconds = -1\n", "'idle.grace_seconds' must not be negative"),
        ("idle = 3\n", "'idle' must be a section"),
        ("[access.max_days]\nsecret = 3\n", "Unknown classification 'secret'"),
        ("[idle]\ntimeout_seconds = nan\n", "'idle.timeout_seconds' must be a finite number"),
        ("[idle]\nbusy_cpu_fraction = 0\n", "'idle.busy_cpu_fraction' must be greater than 0"),
        ("[idle.price_per_hour]\ndefault = -1\n", "'idle.price_per_hour.default' must not be negative"),
        ("[idle]\nstop = 'now'\n", "$.idle.stop"),
        ("[idle]\nmin_timeout_seconds = 90000\n", "'idle.min_timeout_seconds' must not be above"),
        ("[[idle.kernels]]\nmatch = '*'\n", "needs either timeout_seconds or never"),
        ("[[idle.kernels]]\nmatch = ''\nnever = true\n", "of 'idle.kernels' needs a match"),
        ("[[idle.kernels]]\nmatch = '*'\nnever = true\ntimeout_seconds = 60\n", "either timeout_seconds or never"),
        ("[[idle.kernels]]\nmatch = '*'\ntimeout_seconds = -1\n", "either timeout_seconds or never"),
        ("[[idle.kernels]]\nmatch = '*'\nnever = true\nlock = true\n", "lock"),
        ("[idle]\nwebhook = 'ftp://alerts.example.com'\n", "'idle.webhook' must be an http or https address"),
        ("[idle]\nwebhook = 'https://me:S3cr3t@alerts.example.com'\n", "https://***@alerts.example.com"),
        ("[handoff.price_per_hour]\n'ml.m5.large' = inf\n", "'handoff.price_per_hour.ml.m5.large' must be a finite"),
        ("[access.max_days]\ninternal = 9999999\n", "'access.max_days.internal' must be at most 3650"),
        ("[state]\npath = 'relative'\n", "'state.path' must be an absolute path"),
        (
            "[packages]\npip_index = 'https://me:S3cr3t@mirror.example.com/simple'\n",
            "https://***@mirror.example.com/simple",
        ),
        ("[[access.purposes]]\ncode = 'x'\nlable = 'X'\n", "lable"),
        ('[access.aws]\naccount = "123"\nregion = "eu-central-1"', "twelve digits"),
        ('[access.aws]\nregion = "eu-central-1"', "twelve digits"),
        ('[access.aws]\naccount = "123456789012"', "'access.aws.region' is missing"),
        (AWS + 'data_role = "arn:aws:iam::123456789012:role/data"', "with {person} in it"),
        (AWS + 'results = "bucket/prefix"', "like s3://bucket/prefix/"),
        (AWS + 'datazone_domain = "dzd_1"', "needed together"),
        (AWS + 'glue_backend = "datazone"\nglue_databases = {a = "bob"}', "no 'datazone_domain'"),
        (AWS + 'endpoint_url = "https://me:secret@proxy"', "without credentials"),
    ],
)
def test_a_wrong_key_or_value_is_named(policy_file: Path, text: str, says: str) -> None:
    written(policy_file, text)
    with pytest.raises(Invalid) as caught:
        policy.load()
    assert caught.value.problem.code == "policy.invalid"
    assert says in caught.value.problem.cause
    assert "S3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"[idle\n", b"\xff\xfe", b"a=" + b"[" * 5000, b"a=" + b"9" * 5000], ids=["cut", "bytes", "deep", "long"]
)
def test_a_file_that_is_not_toml_is_refused_by_name(policy_file: Path, content: bytes) -> None:
    policy_file.write_bytes(content)
    with pytest.raises(Invalid) as caught:
        policy.load()
    assert caught.value.problem.code == "policy.unreadable"
    assert str(policy_file) in caught.value.problem.message


@pytest.mark.parametrize("lies_there", ["dangling link", "folder"])
def test_a_policy_that_is_there_but_cannot_be_read_never_counts_as_none(policy_file: Path, lies_there: str) -> None:
    if lies_there == "folder":
        policy_file.mkdir()
    else:
        policy_file.symlink_to(policy_file.parent / "nowhere")
    with pytest.raises(Invalid) as caught:
        policy.load()
    assert caught.value.problem.code == "policy.unreadable"


def test_neither_home_nor_environment_nor_working_folder_can_loosen_it(tmp_path: Path, empty_home: Path) -> None:
    """A real process, with a lax policy everywhere a user can write and every variable that could point to one."""
    lax = "[access]\nfour_eyes = false\n"
    for folder in (empty_home / ".jupyter", empty_home / "config" / "jupyter", empty_home / "jupyter", tmp_path):
        (folder / "mlplatform").mkdir(parents=True, exist_ok=True)
        written(folder / "mlplatform" / "policy.toml", lax)
        written(folder / "policy.toml", lax)
    variables = ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH", "JUPYTER_CONFIG_DIR", "XDG_CONFIG_DIRS", "MLPLAT_POLICY")
    environment = {**os.environ, **{name: str(tmp_path) for name in variables}}
    shown = subprocess.run(
        [sys.executable, "-m", "jupyter_mlplatform.cli", "policy", "show", "--json"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    by_key = {each["key"]: each for each in json.loads(shown.stdout)["settings"]}
    assert by_key["access.four_eyes"]["value"] is True
    assert str(tmp_path) not in by_key["access.four_eyes"]["origin"]


def test_a_policy_that_its_reader_may_edit_says_so(policy_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(policy_file, "")
    assert policy.load().writable is True
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert policy.load().writable is False
