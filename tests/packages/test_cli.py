from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packages.index import Index


def mlplat(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jupyter_mlplatform.cli", "packages", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def workspace(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A demo folder, since another process reads its policy from there only."""
    folder = tmp_path / "alice"
    folder.mkdir()
    (folder / "place.toml").write_text('person = "alice"\npolicy = "policy.toml"\nshared = "shared"\n')
    (folder / "policy.toml").write_text(f'[packages]\npip_index = "{index.url}"\ntimeout_seconds = 2\nretries = 0\n')
    monkeypatch.setenv("MLPLAT_DEMO", str(folder))
    return folder


@pytest.mark.usefixtures("workspace")
def test_apply_exports_doctor_undo_in_a_shell(tmp_path: Path) -> None:
    assert mlplat("exports").stdout.startswith("#")
    assert mlplat("doctor").returncode == 1
    prefix = tmp_path / "a place's prefix"
    applied = mlplat("apply", "--prefix", str(prefix), "--json")
    assert json.loads(applied.stdout)["written"] == [str(prefix / "pip.conf")]
    shell = f'eval "$({sys.executable} -m jupyter_mlplatform.cli packages exports)" && '
    doctor = subprocess.run(
        ["bash", "-c", f"{shell} {sys.executable} -m jupyter_mlplatform.cli packages doctor --json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert doctor.returncode == 0, doctor.stderr
    found = json.loads(doctor.stdout)
    assert {check["outcome"] for check in found["checks"]} == {"ok"}
    assert "[8/8]" in doctor.stderr
    status = json.loads(mlplat("status", "--json").stdout)
    assert status["tools"][0]["state"] == "applied"
    assert status["last"]["id"] == found["id"]
    assert "As before" in mlplat("undo").stdout
    assert not (prefix / "pip.conf").exists()


def test_a_policy_with_a_password_is_refused_in_words(workspace: Path) -> None:
    policy = workspace / "policy.toml"
    policy.write_text('[packages]\npip_index = "https://alice:geheim@mirror.example.com/simple"\n')
    for words in (["status"], ["apply"], ["apply", "--json"]):
        failed = mlplat(*words)
        assert failed.returncode == 2
        assert "Traceback" not in failed.stderr
        assert "geheim" not in failed.stdout + failed.stderr
    assert json.loads(mlplat("apply", "--json").stdout)["code"] == "policy.invalid"
