"""The pure rules: notebooks, references, metrics, events, who executes a run, and who may decide."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid
from jupyter_mlplatform.handoff import approval, metrics, progress, references
from jupyter_mlplatform.handoff import notebook as nb
from jupyter_mlplatform.handoff.announce import notices
from jupyter_mlplatform.handoff.local.supervisor import finite
from jupyter_mlplatform.handoff.models import (
    Lineage,
    Metric,
    NewApproval,
    Run,
    RunState,
    RunStep,
    StepState,
    Version,
    VersionState,
)
from jupyter_mlplatform.handoff.ports import News
from jupyter_mlplatform.handoff.progress import Lease, RunEvent, Verdict, apply, verdict
from jupyter_mlplatform.policy import HandoffPolicy
from tests.handoff.conftest import NOW

FREE = HandoffPolicy()
LISTED = HandoffPolicy(approvers=("bob",))


def cell(text: Any, *tags: str) -> dict[str, Any]:
    return {"cell_type": "code", "source": text, "metadata": {"tags": list(tags)}}


class TestNotebook:
    def test_only_the_tagged_cells_and_the_parameters_run(self) -> None:
        document = {"cells": [cell("import os", "setup"), cell("a = 1", "parameters"), cell("x", "train"), cell("y")]}
        made = nb.prepared(document, ["setup", "train"], {})
        assert [each["source"] for each in made["cells"]] == ["import os", "a = 1", "x"]

    def test_parameters_come_after_the_tagged_cell_as_literals(self) -> None:
        document = {"cells": [cell("a = 1", "parameters"), cell("b")]}
        evil = "'; __import__('os').system('ls') #"
        made = nb.prepared(document, [], {"name": evil, "a": 2})
        injected = made["cells"][1]
        assert injected["source"].splitlines() == ["a = 2", f"name = {evil!r}"]
        space: dict[str, Any] = {}
        exec(injected["source"], space)  # noqa: S102 (that it is a literal is the point)
        assert space["name"] == evil

    def test_the_original_is_not_touched(self) -> None:
        document = {"cells": [{**cell(["a\n", "b"]), "outputs": [1]}]}
        before = msgspec.json.encode(document)
        nb.prepared(document, [], {"a": 1})
        assert msgspec.json.encode(document) == before

    def test_parameters_are_the_literals_of_the_tagged_cell(self) -> None:
        text = "lr = 0.1  # rate\nn = -3\ns = 'x'\nb = True\nl = [1]\nt = f()\n_p = 1\nd = {[]: 1}"
        assert nb.parameters({"cells": [cell(text, "parameters")]}) == {"lr": 0.1, "n": -3, "s": "x", "b": True}


class TestReferences:
    KNOWN = {"Parameters": {"p": 3}, "Steps": {"a": {"Outputs": {"x": {"Uri": "s3://u"}}, "List": [{"V": 1}]}}}

    def test_they_are_replaced_wherever_they_stand(self) -> None:
        value = {
            "k": [{"Get": "Steps.a.Outputs['x'].Uri"}],
            "j": references.join("-", "v", {"Get": "Parameters.p"}, True),
        }
        assert references.resolve(value, self.KNOWN, lambda *_: None) == {"k": ["s3://u"], "j": "v-3-true"}
        assert references.look_up(self.KNOWN, "Steps.a.List[0].V") == 1

    @pytest.mark.parametrize("path", ["Steps.b", "Steps.a.Outputs['y']", "Steps.a.List[7].V", "Parameters.p.q"])
    def test_one_that_names_nothing_is_named(self, path: str) -> None:
        with pytest.raises(KeyError, match=r"Steps|Parameters"):
            references.resolve({"Get": path}, self.KNOWN, lambda *_: None)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"auc": 0.9, "n": 3, "ok": True, "s": "x", "nan": float("nan")}, {"auc": 0.9, "n": 3.0}),
        ({"metrics": {"auc": {"value": 0.9, "standard_deviation": 0.1}}}, {"auc": 0.9, "auc.standard_deviation": 0.1}),
        ({"binary": {"auc": {"value": 1}}}, {"binary.auc": 1.0}),
        ([1, 2], {}),
    ],
)
def test_every_number_is_a_metric(document: Any, found: dict[str, float]) -> None:
    assert {each.name: each.value for each in metrics.from_document("s", document)} == found


@pytest.mark.parametrize("text", ["Infinity", "1e999", "-Infinity", "NaN", "true", '"1"', "null", "1" + "0" * 400])
def test_a_gate_compares_finite_numbers_only(text: str) -> None:
    with pytest.raises(ValueError, match="is not a finite number"):
        finite(json.loads(text))
    assert (finite(3), finite(-0.5)) == (3, -0.5)


def run(state: RunState = RunState.EXECUTING, *steps: StepState) -> Run:
    return Run(
        id="run-1",
        name="welds",
        person="alice",
        path="a.ipynb",
        runner="local",
        state=state,
        plan_hash="h",
        bundle_digest="b",
        created_at=NOW,
        steps=tuple(RunStep(name=f"s{number}", type="Training", state=each) for number, each in enumerate(steps)),
    )


class TestEvents:
    def test_a_final_run_is_not_changed_by_anything(self) -> None:
        for state in progress.FINAL:
            ended = run(state, StepState.SKIPPED)
            for action in ("run.executing", "run.failed", "run.stopping", "step.executing", "run.registered"):
                assert apply(ended, RunEvent(action=action, at=NOW, step="s0")) is ended

    def test_the_end_of_a_run_ends_its_steps(self) -> None:
        before = run(RunState.EXECUTING, StepState.SUCCEEDED, StepState.EXECUTING, StepState.PENDING)
        after = apply(before, RunEvent(action="run.interrupted", at=NOW, text="gone"))
        assert [step.state for step in after.steps] == [StepState.SUCCEEDED, StepState.STOPPED, StepState.SKIPPED]
        assert (after.finished_at, after.error) == (NOW, "gone")

    def test_a_run_that_is_being_stopped_does_not_execute_again(self) -> None:
        stopping = run(RunState.STOPPING)
        assert apply(stopping, RunEvent(action="run.executing", at=NOW)) is stopping

    @pytest.mark.parametrize(
        ("state", "step", "words"),
        [
            (RunState.FAILED, StepState.FAILED, "Step s0 failed."),
            (RunState.FAILED, StepState.PENDING, "The runner failed."),
            (RunState.INTERRUPTED, StepState.EXECUTING, "It was interrupted."),
        ],
    )
    def test_others_are_told_what_ended_a_run_in_words_of_the_platform(
        self, state: RunState, step: StepState, words: str
    ) -> None:
        ended = msgspec.structs.replace(run(state, step), error="gun 17")
        assert progress.shown_to(ended, "bob").error == words
        assert progress.shown_to(ended, "alice") is ended

    def test_a_step_keeps_its_last_word(self) -> None:
        failed = apply(run(RunState.EXECUTING, StepState.EXECUTING), RunEvent(action="step.failed", at=NOW, step="s0"))
        assert apply(failed, RunEvent(action="step.progress", at=NOW, step="s0", text="cell 9 of 9")) is failed


class TestWhoExecutes:
    MINE = Lease(host="here", pid=7, pid_started="1", heartbeat=NOW)
    OTHER = Lease(host="there", pid=7, pid_started="1", heartbeat=NOW)
    WAITING = Lease(host="here")

    @pytest.mark.parametrize(
        ("lease", "alive", "seconds", "expected"),
        [
            (MINE, True, 3600, Verdict.FINE),
            (MINE, False, 0, Verdict.LOST),
            (OTHER, False, 9, Verdict.FINE),
            (OTHER, False, 10, Verdict.LOST),
            (WAITING, False, 10, Verdict.FINE),
            (WAITING, False, 11, Verdict.LAUNCH),
            (WAITING, False, 61, Verdict.LOST),
            (Lease(host="there"), False, 11, Verdict.FINE),
            (Lease(host="there"), False, 61, Verdict.LOST),
        ],
    )
    def test_the_verdict(self, lease: Lease, alive: bool, seconds: int, expected: Verdict) -> None:
        now = NOW + timedelta(seconds=seconds)
        assert verdict(run(), lease, here="here", alive=alive, now=now) is expected

    def test_a_final_run_needs_nobody(self) -> None:
        assert verdict(run(RunState.FAILED), self.MINE, here="here", alive=False, now=NOW) is Verdict.FINE


def version(**changes: Any) -> Version:
    lineage = Lineage(
        person="alice", run_id="run-1", bundle_digest="b", entry="a.ipynb", commit="", environment="", inputs=()
    )
    made = Version(
        id="welds-1",
        group="welds",
        number=1,
        state=VersionState.PENDING,
        author="alice",
        created_at=NOW,
        artifact="/m",
        metrics=(Metric("train", "auc", 0.9),),
        lineage=lineage,
    )
    return msgspec.structs.replace(made, **changes)


APPROVE = NewApproval(state=VersionState.APPROVED)
REJECT = NewApproval(state=VersionState.REJECTED, reason="too few rows")


class TestApproval:
    def test_another_person_decides_and_is_remembered(self) -> None:
        after = approval.decide(version(), "bob", APPROVE, FREE, NOW)
        assert (after.state, after.approvals[-1].actor, after.approvals[-1].at) == (VersionState.APPROVED, "bob", NOW)

    @pytest.mark.parametrize(
        ("person", "policy", "code"),
        [
            ("alice", FREE, "handoff.self_approval"),
            ("alice", HandoffPolicy(approvers=("alice",)), "handoff.self_approval"),
            ("carol", LISTED, "handoff.not_an_approver"),
        ],
    )
    def test_the_author_and_people_who_are_not_listed_may_not(
        self, person: str, policy: HandoffPolicy, code: str
    ) -> None:
        with pytest.raises(Forbidden) as caught:
            approval.decide(version(), person, APPROVE, policy, NOW)
        assert caught.value.problem.code == code

    def test_without_four_eyes_the_author_may(self) -> None:
        assert approval.decide(version(), "alice", APPROVE, HandoffPolicy(four_eyes=False), NOW).approvals

    @pytest.mark.parametrize(
        "given", [NewApproval(state=VersionState.REJECTED, reason="  "), NewApproval(state=VersionState.PENDING)]
    )
    def test_a_rejection_needs_a_reason_and_a_decision_is_one_of_two(self, given: NewApproval) -> None:
        with pytest.raises(Invalid):
            approval.decide(version(), "bob", given, FREE, NOW)

    def test_saying_it_again_changes_nothing_and_anything_else_is_a_conflict(self) -> None:
        rejected = approval.decide(version(), "bob", REJECT, FREE, NOW)
        assert approval.decide(rejected, "bob", REJECT, FREE, NOW) is rejected
        for person, given in (("bob", APPROVE), ("carol", REJECT)):
            with pytest.raises(Conflict):
                approval.decide(rejected, person, given, FREE, NOW)


def news(action: str, actor: str = "", seq: int = 1, subject: str = "run-1", name: str = "welds") -> News:
    return News(seq=seq, action=action, subject=subject, name=name, author="alice", actor=actor)


class TestNotices:
    def told(self, person: str, *given: News, policy: HandoffPolicy = LISTED) -> list[str]:
        return [each.text for each in notices(given, person, policy)]

    def test_the_author_is_told_of_the_end(self) -> None:
        assert self.told("alice", news("run.succeeded")) == ["The hand-off of welds succeeded."]
        assert self.told("bob", news("run.succeeded")) == []

    def test_progress_is_one_refresh_without_words(self) -> None:
        given = [news("step.progress", seq=number) for number in range(1, 20)]
        (only,) = notices(given, "alice", LISTED)
        assert (only.seq, only.text) == (19, "")

    def test_those_who_may_approve_are_told_of_a_version(self) -> None:
        given = news("version.registered", subject="welds-1", name="welds-1")
        assert self.told("bob", given) == ["Model version welds-1 by alice waits for approval."]
        assert self.told("carol", given) == []
        assert self.told("carol", given, policy=FREE) != []

    def test_the_author_is_told_of_a_decision_and_the_decider_only_refreshed(self) -> None:
        given = news("version.approved", actor="bob", subject="welds-1", name="welds-1")
        assert self.told("alice", given) == ["bob approved model version welds-1."]
        assert self.told("bob", given) == [""]
