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
from jupyter_mlplatform.idle.models import (
    Evidence,
    IdleStatus,
    Kind,
    ProcessStatus,
    Signal,
    State,
    StopMode,
    StopPlan,
    SubjectStatus,
)
from jupyter_mlplatform.idle.summary import of
from jupyter_mlplatform.policy import IdlePolicy

WORKING = SubjectStatus(
    subject="kernel:abc123def456",
    kind=Kind.KERNEL,
    name="python3",
    path="train.ipynb",
    state=State.WORKING,
    idle_seconds=0.0,
    stops_in_seconds=None,
    why="kept because a cell has been running for 3 min",
    timeout_seconds=28800.0,
    timeout_from="notebook",
    evidence=(Evidence(source="cells", signal=Signal.WORK, text="a cell has been running for 3 min"),),
)


PROMPT = SubjectStatus(
    subject="terminal:1",
    kind=Kind.TERMINAL,
    name="1",
    path="",
    state=State.IDLE,
    idle_seconds=60.0,
    stops_in_seconds=3540.0,
    why="kept because it has been idle for only 1 min of 1 h",
    timeout_seconds=3600.0,
)
WORKSPACE = SubjectStatus(
    subject="workspace",
    kind=Kind.WORKSPACE,
    name="ML workspace",
    path="",
    state=State.WORKING,
    idle_seconds=0.0,
    stops_in_seconds=None,
    why="kept because train.ipynb is at work: a cell has been running for 3 min",
    timeout_seconds=28800.0,
    timeout_from="train.ipynb",
)
STRAY = ProcessStatus(pid=4711, name="train.py", signal=Signal.WORK, cpu=0.97, why="train.py used 97 % of a core")
PLAN = StopPlan(mode=StopMode.DIRECT, why="SageMaker is asked to delete this app.", problem="DeleteApp was denied.")


def mlplat(*words: str) -> Answer:
    answer = run(words, Session())
    assert answer is not None
    return answer


@pytest.fixture
def reported() -> IdleStatus:
    """What a server of this person has published just now."""
    now = datetime.now(timezone.utc)
    found = of(WORKSPACE, (WORKING,), (PROMPT,), (STRAY,), PLAN, IdlePolicy(), now)
    SqliteStore(wiring.services().workspace.local_dir).publish(7, found, now)
    return found


def test_given_no_server_then_status_says_that_none_has_reported() -> None:
    assert mlplat("idle", "status").text().startswith("No server is watching this workspace now.")


@pytest.mark.usefixtures("reported")
def test_status_shows_each_kernel_each_terminal_and_each_process_and_why() -> None:
    shown = " ".join(mlplat("idle", "status").text().split())
    assert "Working: train.ipynb is at work: a cell has been running for 3 min." in shown
    assert "What does nothing for 1 h is stopped, after a warning." in shown
    assert "4711 train.py work 97.0 %" in shown
    assert "terminal 1" in shown
    assert "The workspace: SageMaker is asked to delete this app. DeleteApp was denied." in shown


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize(
    "words", [["idle", "explain"], ["idle", "explain", "train.ipynb"], ["idle", "explain", "abc1"]]
)
def test_explain_shows_the_evidence(words: list[str]) -> None:
    shown = mlplat(*words).text()
    assert "abc123def456 (python3)" in shown
    assert "a cell has been running for 3 min" in shown
    assert "8 h (notebook)" in shown


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("named", ["1", "terminal:1"])
def test_explain_a_terminal(named: str) -> None:
    assert "idle for only 1 min of 1 h" in " ".join(mlplat("idle", "explain", named).text().split())


@pytest.mark.usefixtures("reported")
def test_explain_the_workspace() -> None:
    assert mlplat("idle", "explain", "workspace").data == WORKSPACE


@pytest.mark.usefixtures("reported")
def test_given_an_unknown_kernel_then_it_is_named() -> None:
    answer = mlplat("idle", "explain", "trian.ipynb")
    assert answer.exit_code == 4
    assert "Did you mean 'train.ipynb'?" in answer.text()


@pytest.mark.usefixtures("reported")
def test_keep_and_release_a_workspace_and_a_kernel() -> None:
    lease = mlplat("keep", "1h", "30m", "--reason", "overnight").data
    assert mlplat("idle", "keep", "2h", "--kernel", "train.ipynb").data.subject == "kernel:abc123def456"
    assert mlplat("idle", "keep", "2h", "--terminal", "1").data.subject == "terminal:1"
    status = mlplat("idle", "status")
    assert "overnight" in status.text()
    assert len(status.data.leases) == 3
    assert mlplat("idle", "release", lease.id[:8]).text() == "Released: the idle time counts again."
    assert mlplat("idle", "release", "--all").text() == "2 keep-alives released."
    assert mlplat("idle", "status").data.leases == ()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["keep", "soon"], "idle.duration"),
        (["keep", "0s"], "idle.duration"),
        (["keep", "1h", "--kernel", "none"], "idle.no_such_subject"),
        (["keep", "1h", "--kernel", "none", "--terminal", "1"], "idle.keep_what"),
        (["idle", "release"], "idle.release_what"),
        (["idle", "release", "none"], "idle.no_such_lease"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(words: list[str], code: str) -> None:
    answer = mlplat(*words)
    assert answer.data.code == code
    assert answer.exit_code != 0
    assert mlplat("idle", "status").data.leases == ()


@pytest.mark.parametrize("asked", ["25h", "9" * 400 + "h"])
def test_given_more_than_the_cap_then_the_cap_is_given_and_told(asked: str) -> None:
    answer = mlplat("keep", asked)
    left = (answer.data.until - datetime.now(timezone.utc)).total_seconds()
    assert 86000 < left <= 86400
    assert "That is the most at once: 1 d. You can extend it later." in answer.text()


def test_given_the_policy_switches_it_off_then_status_and_keep_say_so(policy_file: Path) -> None:
    policy_file.write_text("[idle]\nenabled = false\n")
    assert mlplat("idle", "status").text().startswith("Idle shutdown is switched off by the policy")
    assert "nothing is stopped anyway" in mlplat("keep", "1h").text()


def test_as_a_program_it_prints_json() -> None:
    command = [sys.executable, "-m", "jupyter_mlplatform.cli", "idle", "status", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    found: Any = json.loads(done.stdout)
    assert (done.returncode, found["enabled"]) == (0, True)
