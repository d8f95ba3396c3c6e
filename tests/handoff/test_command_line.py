"""``mlplat handoff``: the same service, for a terminal and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.shell_completion import ShellComplete

from jupyter_mlplatform.cli import cli, run
from jupyter_mlplatform.cli.answer import Answer
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.errors import Problem
from tests.handoff.conftest import Place

Type = Callable[..., Answer]


def session(place: Place, person: str, said: list[str]) -> Session:
    who = SimpleNamespace(who=lambda: person)
    services: Any = SimpleNamespace(handoff=place.service, workspace=who)
    return Session(say=said.append, services=lambda: services)


def typing(place: Place, monkeypatch: pytest.MonkeyPatch) -> tuple[Type, list[str]]:
    said: list[str] = []
    monkeypatch.chdir(place.root)

    def enter(line: str, person: str = "alice") -> Answer:
        answer = run(line.split(), session(place, person, said))
        assert answer is not None
        return answer

    return enter, said


def test_a_plan_is_shown_and_changes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    enter, _ = typing(place, monkeypatch)
    answer = enter(f"handoff plan {place.steps()}")
    text = answer.text()
    assert answer.exit_code == 0
    for words in ("3 steps run", "evaluate", "No charge on this machine", "✓"):
        assert words in text
    assert place.service.runs("alice").items == ()


def test_a_blocked_plan_says_so_and_exits_with_an_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    enter, _ = typing(place, monkeypatch)
    path = place.notebook(kernel="")
    for line in (f"handoff plan {path}", f"handoff start {path} --yes"):
        answer = enter(line)
        assert answer.exit_code == 1
        assert "✗ The notebook names no kernel" in answer.text()
    assert place.service.runs("alice").items == ()


def test_values_keep_their_type(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    enter, _ = typing(place, monkeypatch)
    made = enter(f"handoff plan {place.notebook()} --param lr=1 --param name=abc").data
    assert made.params == {"lr": 1.0, "name": "abc"}
    assert enter("handoff plan two.ipynb --param lr=fast").data.code == "handoff.parameter_type"
    assert enter("handoff plan two.ipynb --param lr").data.code == "handoff.param_form"


def test_an_absolute_path_below_this_folder_is_accepted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    enter, _ = typing(place, monkeypatch)
    assert enter(f"handoff plan {place.root / place.notebook()}").data.path == "two.ipynb"


def test_the_same_key_starts_one_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    enter, _ = typing(place, monkeypatch)
    path = place.notebook()
    first, second = (enter(f"handoff start {path} --yes --key ci-1").data for _ in range(2))
    assert first.id == second.id


def test_a_failed_run_is_followed_to_the_end_and_to_the_exit_code(real: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    enter, said = typing(real, monkeypatch)
    real.write(bad="raise ValueError('no welds')")
    answer = enter("handoff start bad.py --yes --follow")
    assert answer.exit_code == 1
    assert "ValueError: no welds" in answer.text()
    assert any(line.startswith("train: Failed") for line in said)


def test_from_start_to_a_rejected_version(real: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    enter, said = typing(real, monkeypatch)
    answer = enter(f"handoff start {real.steps()} --yes --follow")
    assert answer.exit_code == 0, answer.text()
    run_id = answer.data.id
    assert "register: Succeeded" in said
    assert run_id in enter("handoff runs").text()
    assert "grant-1" in enter(f"handoff show {run_id}").text()
    assert enter(f"handoff log {run_id} train").data["complete"]
    assert "welds-1" in enter("handoff versions").text()
    assert enter("handoff approve welds-1").exit_code == 3
    assert enter("handoff reject welds-1", "bob").data.code == "handoff.no_reason"
    assert "Rejected" in enter("handoff reject welds-1 --reason rows", "bob").text()
    assert enter("handoff approve welds-1", "carol").exit_code == 5
    shown = enter("handoff version welds-1").text()
    assert "bob" in shown
    assert "dataset:weld_guns, grant grant-1" in shown


@pytest.mark.parametrize("line", ["plan nothing.ipynb", "show run-0", "log run-0 train", "cancel run-0", "approve x-1"])
def test_what_is_not_there_is_a_problem(place: Place, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    enter, _ = typing(place, monkeypatch)
    answer = enter(f"handoff {line}")
    assert isinstance(answer.data, Problem)
    assert answer.exit_code == 4


def test_every_answer_is_json_for_programs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    enter, _ = typing(place, monkeypatch)
    made = place.start(place.notebook())
    assert json.loads(enter("handoff runs --json").json())["items"][0]["id"] == made.id
    assert json.loads(enter("handoff plan two.ipynb --json").json())["startable"] is True
    assert msgspec.json.decode(enter(f"handoff cancel {made.id} --json").json())["state"] == "Stopped"


def test_ids_are_completed(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = place.start(place.notebook())
    complete = ShellComplete(cli, {"obj": session(place, "alice", [])}, "mlplat", "_MLPLAT").get_completions
    assert [item.value for item in complete(["handoff", "show"], "run-")] == [made.id]
    assert complete(["handoff", "approve"], "") == []
