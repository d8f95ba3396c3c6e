from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform import wiring
from jupyter_mlplatform.cli import run
from jupyter_mlplatform.cli.answer import Answer
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.idle.local.store import SqliteStore
from jupyter_mlplatform.idle.models import Evidence, IdleStatus, KernelStatus, Signal, State
from jupyter_mlplatform.idle.summary import of
from jupyter_mlplatform.policy import IdlePolicy

WORKING = KernelStatus(
    kernel_id="abc123def456",
    name="python3",
    path="train.ipynb",
    state=State.WORKING,
    idle_seconds=0.0,
    stops_in_seconds=None,
    why="kept because a cell has been running for 3 min",
    evidence=(Evidence(source="cells", signal=Signal.WORK, text="a cell has been running for 3 min"),),
)


def mlplat(*words: str) -> Answer:
    answer = run(words, Session())
    assert answer is not None
    return answer


@pytest.fixture
def reported() -> IdleStatus:
    """What a server of this person has published just now."""
    now = datetime.now(timezone.utc)
    nobody = Evidence(source="person", signal=Signal.IDLE, text="nobody")
    found = of((WORKING,), nobody, (), IdlePolicy(), now)
    SqliteStore(wiring.services().workspace.local_dir).publish(7, found, now)
    return found


def test_given_no_server_then_status_says_that_none_has_reported() -> None:
    assert mlplat("idle", "status").text().startswith("No server is watching this workspace now.")


@pytest.mark.usefixtures("reported")
def test_status_shows_each_kernel_and_why() -> None:
    shown = " ".join(mlplat("idle", "status").text().split())
    assert "Working: train.ipynb is kept because a cell has been running for 3 min." in shown
    assert "A kernel is stopped after 1 h without work, and warned before." in shown


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize(
    "words", [["idle", "explain"], ["idle", "explain", "train.ipynb"], ["idle", "explain", "abc1"]]
)
def test_explain_shows_the_evidence(words: list[str]) -> None:
    shown = mlplat(*words).text()
    assert "abc123def456 (python3)" in shown
    assert "a cell has been running for 3 min" in shown


@pytest.mark.usefixtures("reported")
def test_given_an_unknown_kernel_then_it_is_named() -> None:
    answer = mlplat("idle", "explain", "trian.ipynb")
    assert answer.exit_code == 4
    assert "Did you mean 'train.ipynb'?" in answer.text()


@pytest.mark.usefixtures("reported")
def test_keep_and_release_a_workspace_and_a_kernel() -> None:
    lease = mlplat("keep", "1h", "30m", "--reason", "overnight").data
    assert mlplat("idle", "keep", "2h", "--kernel", "train.ipynb").data.kernel_id == "abc123def456"
    status = mlplat("idle", "status")
    assert "overnight" in status.text()
    assert len(status.data.leases) == 2
    assert mlplat("idle", "release", lease.id[:8]).text() == "Released: the idle time counts again."
    assert mlplat("idle", "release", "--all").text() == "1 keep-alive released."
    assert mlplat("idle", "status").data.leases == ()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["keep", "soon"], "idle.duration"),
        (["keep", "25h"], "idle.keep_too_long"),
        (["keep", "9" * 400 + "h"], "idle.keep_too_long"),
        (["keep", "1h", "--kernel", "none"], "idle.no_such_kernel"),
        (["idle", "release"], "idle.release_what"),
        (["idle", "release", "none"], "idle.no_such_lease"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(words: list[str], code: str) -> None:
    answer = mlplat(*words)
    assert answer.data.code == code
    assert answer.exit_code != 0
    assert mlplat("idle", "status").data.leases == ()


def test_given_the_policy_switches_it_off_then_status_and_keep_say_so(policy_file: Path) -> None:
    policy_file.write_text("[idle]\nenabled = false\n")
    assert mlplat("idle", "status").text().startswith("Idle shutdown is switched off by the policy")
    assert "nothing is stopped anyway" in mlplat("keep", "1h").text()


def test_as_a_program_it_prints_json() -> None:
    command = [sys.executable, "-m", "jupyter_mlplatform.cli", "idle", "status", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    found: Any = json.loads(done.stdout)
    assert (done.returncode, found["enabled"]) == (0, True)
