"""A definition against AWS's own service model."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlplatform.handoff.aws import validate as module
from jupyter_mlplatform.handoff.aws.validate import validate
from jupyter_mlplatform.handoff.models import NewPlan, Severity
from tests.handoff.conftest import Place


@pytest.fixture
def definition(place: Place) -> dict[str, Any]:
    made = place.service.plan("alice", place.root, NewPlan(path=place.steps())).definition
    return copy.deepcopy(made)


def test_what_the_compiler_makes_is_accepted(definition: dict[str, Any]) -> None:
    (found,) = validate(definition)
    assert found.severity is Severity.OK


def break_type(arguments: dict[str, Any]) -> None:
    arguments["ResourceConfig"]["InstanceCount"] = "one"


def break_required(arguments: dict[str, Any]) -> None:
    del arguments["OutputDataConfig"]


def break_enum(arguments: dict[str, Any]) -> None:
    arguments["ResourceConfig"]["InstanceType"] = "ml.m5.huge"


def break_name(arguments: dict[str, Any]) -> None:
    arguments["Enviroment"] = {}


def break_pattern(arguments: dict[str, Any]) -> None:
    arguments["RoleArn"] = "me"


def break_maximum(arguments: dict[str, Any]) -> None:
    arguments["HyperParameters"]["lr"] = "1" * 3000


def break_structure(arguments: dict[str, Any]) -> None:
    arguments["ResourceConfig"] = {"Get": "Parameters.X"}


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (break_type, "Step train: ResourceConfig.InstanceCount must be a integer"),
        (break_required, "Step train: it lacks OutputDataConfig"),
        (break_enum, "Step train: ResourceConfig.InstanceType is 'ml.m5.huge', which AWS does not know"),
        (break_name, "Step train: Enviroment is not known to AWS"),
        (break_pattern, "Step train: RoleArn"),
        (break_maximum, "Step train: HyperParameters.lr has 3000 characters"),
        (break_structure, "Step train: ResourceConfig cannot be a reference"),
    ],
)
def test_a_broken_definition_is_blocked_naming_step_and_field(
    definition: dict[str, Any], spoil: Callable[[dict[str, Any]], None], says: str
) -> None:
    spoil(definition["Steps"][1]["Arguments"])
    found = validate(definition)
    assert {each.severity for each in found} == {Severity.BLOCKED}
    assert any(each.message.startswith(says) for each in found), found


def test_steps_inside_a_condition_are_checked_too(definition: dict[str, Any]) -> None:
    del definition["Steps"][3]["Arguments"]["IfSteps"][0]["Arguments"]["InferenceSpecification"]["Containers"]
    assert "Step register: InferenceSpecification lacks Containers." in [each.message for each in validate(definition)]


def test_without_botocore_it_says_so_calmly(definition: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    module._service_model.cache_clear()
    monkeypatch.setitem(sys.modules, "botocore.loaders", None)
    (found,) = validate(definition)
    assert found.severity is Severity.OK
    assert "install jupyter_mlplatform[aws]" in found.message
