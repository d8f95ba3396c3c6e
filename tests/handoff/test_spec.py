"""``handoff.yaml``: its form, its defaults, and what is said about a wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlplatform import yaml12
from jupyter_mlplatform.errors import Invalid
from jupyter_mlplatform.handoff import spec as specs
from tests.handoff.conftest import STEPS_YAML


def parsed(text: str) -> specs.Spec:
    return specs.parse(yaml12.load(text), "handoff.yaml")


def cause(text: str) -> str:
    with pytest.raises(Invalid) as caught:
        parsed(text)
    assert caught.value.problem.code == "handoff.spec_invalid"
    return caught.value.problem.cause


def test_the_usual_file_is_understood() -> None:
    spec = parsed(STEPS_YAML)
    assert [step.kind for step in spec.steps] == ["processing", "training", "processing"]
    assert spec.steps[1].on == "ml.m5.xlarge"
    assert spec.params == {"auc_min": 0.8, "lr": 0.1}
    assert specs.conditions(spec) == (specs.Condition("report", "metrics.auc.value", ">=", "auc_min"),)


def test_a_step_without_in_reads_all_inputs_of_the_spec() -> None:
    spec = parsed(STEPS_YAML)
    assert specs.step_inputs(spec, spec.steps[0]) == ("raw",)


def test_without_steps_the_whole_notebook_is_one_training_step() -> None:
    spec = parsed("{handoff: 1, name: a, source: {entry: a.ipynb}, register: {group: g}}")
    (step,) = spec.steps
    assert (step.name, step.kind, step.outputs, step.run) == ("train", "training", ("model",), "")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("handoff: 1", "handoff: 2", "'handoff' must be 1"),
        ("params:", "parms:", "Did you mean 'params'?"),
        ("entry:", "entyr:", "Unknown key 'source.entyr'. Did you mean 'entry'?"),
        ("run: train.py", "rum: train.py", "Unknown key 'steps[1].rum'. Did you mean 'run'?"),
        ("name: welds", "name: we lds", "'name' must be"),
        ("name: welds", "name: 3", "Expected `str`"),
        ("name: evaluate", "name: train", "Two steps are called 'train'"),
        ("name: evaluate", "name: gate", "no reserved word"),
        ("in: [train], out", "in: [trian], out", "reads 'trian'"),
        ("run: prepare.py", "run: prepare.py, in: [model]", "It is made by a later step."),
        ("out: [model]", "out: [model, test], kind: training", "makes 'model' only"),
        ("out: [report]", "out: [train]", "'train' is made twice"),
        ("out: [report]", "out: ['../x']", "must be letters"),
        ("out: [report]", "out: [report], kind: procesing", "Did you mean 'processing'?"),
        ("auc_min: 0.8", "class: 0.8", "free Python name"),
        ("auc_min: 0.8", "LR: 0.8", "differ only in upper and lower case"),
        ("lr: 1e-1", "lr: [1]", "params"),
        (">= auc_min", ">= auc_mim", "Did you mean 'auc_min'?"),
        (">= auc_min", "at least 3", "must read like"),
        ("report.metrics", "reprot.metrics", "Did you mean 'report'?"),
        ("group: welds", "group: welds, approval: automatic", "approved by a person"),
        ("run: prepare.py", "cells: [a]", "is not a notebook"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_right_word(before: str, after: str, says: str) -> None:
    text = STEPS_YAML.replace(before, after)
    assert text != STEPS_YAML
    assert says in cause(text)


@pytest.mark.parametrize("document", [None, [], "text", 3, {1: 2}])
def test_what_is_no_spec_at_all_is_refused(document: Any) -> None:
    with pytest.raises(Invalid):
        specs.parse(document, "handoff.yaml")


def test_parameters_keep_their_type() -> None:
    spec = parsed("{handoff: 1, name: a, source: {entry: a.ipynb}, params: {lr: 0.1, n: 3, s: x, b: true}}")
    assert specs.with_params(spec, {"lr": 1, "s": "y"}) == {"lr": 1.0, "n": 3, "s": "y", "b": True}
    for wrong in ({"n": 0.5}, {"n": True}, {"b": 1}, {"s": 3}, {"lr": "0.1"}, {"lr": float("inf")}):
        with pytest.raises(Invalid) as caught:
            specs.with_params(spec, wrong)
        assert caught.value.problem.code == "handoff.parameter_type"


def test_an_unknown_parameter_is_named_with_the_nearest() -> None:
    spec = parsed("{handoff: 1, name: a, source: {entry: a.ipynb}, params: {epochs: 3}}")
    with pytest.raises(Invalid, match="Did you mean 'epochs'"):
        specs.with_params(spec, {"epoch": 3})


def test_a_number_that_is_not_finite_is_refused() -> None:
    spec = {"handoff": 1, "name": "a", "source": {"entry": "a.ipynb"}, "params": {"lr": float("nan")}}
    with pytest.raises(Invalid, match="finite"):
        specs.parse(spec, "handoff.yaml")


def test_yaml_is_read_as_people_write_it() -> None:
    found = yaml12.load(
        "{on: ml.m5.large, off: 1, lr: 1e-3, n: 10, zip: 010, at: 1:30, day: 2026-01-01, yes: no, b: true}"
    )
    assert found == {
        "on": "ml.m5.large",
        "off": 1,
        "lr": 0.001,
        "n": 10,
        "zip": "010",
        "at": "1:30",
        "day": "2026-01-01",
        "yes": "no",
        "b": True,
    }
