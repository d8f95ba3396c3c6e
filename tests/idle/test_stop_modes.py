"""How the workspace is stopped: every combination of what is there with what the policy asks for."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from jupyter_mlplatform.idle.models import StopMode
from jupyter_mlplatform.idle.stop_modes import Facts, choose
from jupyter_mlplatform.policy import IdlePolicy

COMPLETE = {"on_sagemaker": True, "boto3": True}
STOPS = ["auto", "off", "provider", "feeder", "direct", "server"]


@pytest.mark.parametrize(
    ("stop", "facts", "mode", "native"),
    [
        ("auto", {}, "none", "none"),
        ("server", {}, "server", "none"),
        ("direct", {}, "none", "none"),
        ("provider", {}, "none", "none"),
        ("auto", COMPLETE, "direct", "provider"),
        ("auto", {**COMPLETE, "activity_monitor": True}, "direct", "feeder"),
        ("auto", {**COMPLETE, "boto3": False}, "provider", "provider"),
        ("auto", {**COMPLETE, "missing": ("DomainId",)}, "provider", "provider"),
        ("auto", {**COMPLETE, "missing": ("DomainId",), "activity_monitor": True}, "feeder", "feeder"),
        ("auto", {**COMPLETE, "denied": "no right"}, "provider", "provider"),
        ("direct", {**COMPLETE, "denied": "no right", "activity_monitor": True}, "feeder", "feeder"),
        ("direct", {**COMPLETE, "boto3": False}, "provider", "provider"),
        ("provider", COMPLETE, "provider", "provider"),
        ("provider", {**COMPLETE, "activity_monitor": True}, "feeder", "feeder"),
        ("feeder", {**COMPLETE, "activity_monitor": True}, "feeder", "feeder"),
        ("feeder", COMPLETE, "provider", "provider"),
        ("server", COMPLETE, "server", "provider"),
        ("off", COMPLETE, "none", "provider"),
        ("off", {}, "none", "none"),
    ],
)
def test_given_these_facts_and_this_policy_then_this_mode(
    stop: Any, facts: dict[str, Any], mode: str, native: str
) -> None:
    plan = choose(Facts(**{"on_sagemaker": False, **facts}), IdlePolicy(stop=stop))
    assert (plan.mode.value, plan.native.value) == (mode, native)


@pytest.mark.parametrize("stop", STOPS)
def test_whatever_is_there_the_plan_is_one_that_can_be_carried_out_and_says_why(stop: Any) -> None:
    for sagemaker, monitor, boto3, missing, denied in itertools.product([True, False], repeat=5):
        facts = Facts(
            on_sagemaker=sagemaker,
            activity_monitor=monitor,
            boto3=boto3,
            missing=("AppType",) if missing else (),
            denied="no right" if denied else "",
        )
        plan = choose(facts, IdlePolicy(stop=stop))
        assert plan.why.endswith(".")
        assert plan.why[0].isupper() or plan.why[0] == "'"
        if plan.mode is StopMode.DIRECT:
            assert (sagemaker, boto3, missing, denied) == (True, True, False, False)
        if plan.mode in (StopMode.PROVIDER, StopMode.FEEDER):
            assert plan.mode is plan.native
        assert (plan.native is StopMode.NONE) is not sagemaker
        assert stop == "server" or plan.mode is not StopMode.SERVER


def test_given_the_policy_asks_for_what_is_impossible_then_the_plan_says_what_is_in_the_way() -> None:
    facts = Facts(on_sagemaker=True, boto3=True, missing=("DomainId", "AppType"))
    assert "lacks DomainId, AppType" in choose(facts, IdlePolicy(stop="direct")).why
    there = Facts(on_sagemaker=True, boto3=True, activity_monitor=True)
    assert "'provider' is impossible here" in choose(there, IdlePolicy(stop="provider")).why
    assert "impossible" not in choose(there, IdlePolicy(stop="feeder")).why
    assert "boto3 is not installed" in choose(Facts(on_sagemaker=True), IdlePolicy()).why
    assert "not a SageMaker app" in choose(Facts(on_sagemaker=False), IdlePolicy(stop="direct")).why


def test_given_a_problem_then_the_plan_carries_it_and_a_denial_comes_first() -> None:
    assert choose(Facts(on_sagemaker=True, problem="no network"), IdlePolicy()).problem == "no network"
    assert choose(Facts(on_sagemaker=True, problem="no network", denied="no"), IdlePolicy()).problem == "no"
