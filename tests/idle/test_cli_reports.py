"""``mlplat idle timeline|report|simulate`` over what a server has left behind."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from jupyter_mlplatform import wiring
from jupyter_mlplatform.cli import run
from jupyter_mlplatform.cli.answer import Answer
from jupyter_mlplatform.cli.idle_reports import CELLS, LEGEND
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.idle import decision_lines
from jupyter_mlplatform.idle.local.decisions import JsonLines
from jupyter_mlplatform.idle.local.history import SqliteHistory
from jupyter_mlplatform.idle.models import WORKSPACE, Decision, State
from tests.idle.recorded import NOON, line, worked
from tests.idle.test_history import sample, subject


def mlplat(*words: str) -> Answer:
    answer = run(words, Session())
    assert answer is not None
    return answer


def shown(answer: Answer) -> str:
    return " ".join(answer.text().split())


def moved(each: Decision, begin: datetime) -> Decision:
    """A line that was written relative to noon, relative to ``begin``."""
    return msgspec.structs.replace(each, at=begin + (each.at - NOON))


@pytest.fixture
def past() -> datetime:
    """Ten hours ago a notebook worked for half an hour and was stopped; then the workspace was, for five hours."""
    folder = wiring.services().workspace.local_dir
    begin = datetime.now(timezone.utc) - timedelta(hours=10)
    history, log = SqliteHistory(folder, 900.0), JsonLines(folder)

    def note(minutes: int, state: State, *more: State) -> None:
        kernels = (subject("kernel:a", each, path="a.ipynb") for each in more)
        history.note(sample(subject(WORKSPACE, state), *kernels), begin + timedelta(minutes=minutes))

    for minutes in range(0, 30, 15):
        note(minutes, State.WORKING, State.WORKING)
    for minutes in range(30, 95, 15):
        note(minutes, State.IDLE, State.IDLE)
    note(95, State.IDLE, State.CULLED)
    note(120, State.CULLED)
    SqliteHistory(folder, 900.0).note(sample(subject(WORKSPACE, State.WORKING)), begin + timedelta(minutes=420))
    told = [
        *worked(WORKSPACE, end=30),
        *worked(end=30),
        line(90, "warned", idle=60),
        line(95, "culled", idle=65),
        line(96, "held", WORKSPACE, why="kept because report.ipynb could not be saved"),
        line(100, "failed", WORKSPACE, why="kept because the service says <no>"),
        line(101, "idle", WORKSPACE),
        line(120, "culled", WORKSPACE, idle=90),
        line(420, "working", WORKSPACE, source="person"),
    ]
    for each in told:
        log.write(moved(each, begin))
    return begin


def test_given_nothing_was_ever_watched_then_each_command_says_so() -> None:
    assert "Nothing was watched in this time." in mlplat("idle", "timeline").text()
    assert "Nothing would have been stopped." in mlplat("idle", "simulate").text()
    assert "The decision log is empty" in mlplat("idle", "report").text()


@pytest.mark.usefixtures("past")
def test_the_timeline_draws_each_subject_over_the_time() -> None:
    answer = mlplat("idle", "timeline", "--hours", "12")
    text = answer.text()
    assert LEGEND in text
    assert [each.subject for each in answer.data.tracks] == [WORKSPACE, "kernel:a"]
    bar = next(each for each in text.split() if "█" in each and len(each) == CELLS)
    assert len(bar) - len(bar.lstrip("·")) in (7, 8)
    assert bar.lstrip("·").startswith("██")
    assert "×" in bar
    assert set(bar) <= set("█░▒!×?·")


@pytest.mark.usefixtures("past")
def test_the_report_says_hours_stops_reasons_and_that_the_savings_are_an_estimate(policy_file: Path) -> None:
    policy_file.write_text('[idle]\nprice_per_hour = { default = 2.0 }\ncurrency = "CHF"\n')
    answer = mlplat("idle", "report", "--since", "1d")
    text = shown(answer)
    assert "Stopped by the keeper 5 h (an estimate)" in text
    assert "Estimate: the workspace was stopped for 5 h, which saved about 10.00 CHF at 2.00 CHF an hour." in text
    assert "cells working workspace 1 30 min a cell has been running for 3 min" in text
    assert "the workspace kept because report.ipynb could not be saved" in text
    assert "kept because the service says <no>" in text
    assert "<no>" not in answer.html()
    assert (answer.data.stopped.kernels, answer.data.stopped.workspace) == (1, 1)


@pytest.mark.usefixtures("past")
def test_given_no_price_then_the_report_says_that_there_is_none() -> None:
    assert "stopped for 5 h; the policy names no price for it." in shown(mlplat("idle", "report"))


@pytest.mark.usefixtures("past")
def test_simulate_replays_ones_own_log_under_another_timeout() -> None:
    answer = mlplat("idle", "simulate", "--timeout", "20m", "--grace", "5m", "--since", "1d")
    found = answer.data
    assert (found.timeout_seconds, found.grace_seconds) == (1200.0, 300.0)
    assert (found.replayed.kernels, found.recorded.kernels) == (1, 1)
    (kernel,) = (each for each in found.outcomes if each.subject == "kernel:a")
    assert len(kernel.stops) == 1
    text = shown(answer)
    assert "with 20 min idle and 5 min of warning" in text
    assert "What this cannot tell:" in text


def test_simulate_replays_a_log_from_elsewhere_under_a_policy_file(tmp_path: Path) -> None:
    log, policy = tmp_path / "theirs.jsonl", tmp_path / "new.toml"
    told = [*worked(end=30), line(80, "working"), line(90, "idle"), line(200, "idle", idle=110)]
    log.write_bytes(b"".join(map(decision_lines.encode, told)) + b"{cut\n")
    policy.write_text("[idle]\ntimeout_seconds = 1800.0\n")
    answer = mlplat("idle", "simulate", "--log", str(log), "--policy", str(policy))
    assert (answer.data.replayed.kernels, answer.data.replayed.hits, answer.data.unreadable) == (2, 1, 1)
    text = shown(answer)
    assert "a.ipynb 2026-03-01 13:00 UTC 2026-03-01 13:05 UTC 15 min later yes" in text
    assert "1 line could not be read" in text
    assert "Only the log was read" in text
    recent = mlplat("idle", "simulate", "--log", str(log), "--policy", str(policy), "--since", "1h 50m")
    assert recent.data.lines == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["simulate", "--log", "none.jsonl"], "idle.log_unreadable"),
        (["simulate", "--log", "other.txt"], "idle.no_log"),
        (["simulate", "--policy", "none.toml"], "policy.no_file"),
        (["simulate", "--policy", "wrong.toml"], "policy.invalid"),
        (["simulate", "--timeout", "soon"], "idle.duration"),
        (["simulate", "--timeout", "0m"], "idle.duration"),
        (["simulate", "--since", "31d"], "idle.period"),
        (["report", "--since", "0s"], "idle.period"),
        (["timeline", "--hours", "-3"], "idle.period"),
        (["timeline", "--hours", "nan"], "idle.period"),
    ],
)
def test_what_cannot_be_done_is_said(
    words: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.txt").write_text("a shopping list\n")
    (tmp_path / "wrong.toml").write_text("[idle]\ntimeout = 3\n")
    monkeypatch.chdir(tmp_path)
    answer = mlplat("idle", *words)
    assert answer.data.code == code
    assert answer.exit_code != 0


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize("words", [["timeline"], ["report"], ["simulate"]])
def test_each_is_json_for_programs(words: list[str]) -> None:
    assert json.loads(mlplat("idle", *words, "--json").json())["since"].endswith("Z")
