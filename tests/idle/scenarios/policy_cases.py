"""Kernels with a timeout of their own. K20."""

from __future__ import annotations

import json
import re

from tests.idle.scenarios.cases import case, shared
from tests.idle.scenarios.stage import Stage, now
from tests.idle.scenarios.world import Plan, T

OWN = {
    "never": {"never": True},
    "longer": {"timeout_seconds": 2.5 * T},
    "shorter": {"timeout_seconds": T / 2},
}
shared(
    "policy",
    Plan(
        idle={
            "stop": "off",
            "kernels": [
                {"match": "overnight/*", "never": True},
                {"match": "strict/*", "timeout_seconds": T, "locked": True},
            ],
        },
        specs={"spark": {"metadata": {"mlplatform": {"idle": OWN["longer"]}}}},
    ),
)


def _notebook(stage: Stage, path: str, own: dict[str, object] | None = None) -> str:
    metadata = {"mlplatform": {"idle": own}} if own else {}
    file = stage.world.home / "work" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def _obeys(stage: Stage, path: str, idle: float, own: dict[str, object] | None = None, spec: str = "python3") -> None:
    kernel = stage.kernel(spec, _notebook(stage, path, own))
    kernel.do("1")
    ended = now()
    kernel.close()
    stage.stopped(kernel.subject, "idle", ended - 0.5, idle=idle, until_=ended)


@case("K20", world="policy")
def a_pattern_of_the_policy_says_never(stage: Stage) -> None:
    kernel = stage.kernel(path=_notebook(stage, "overnight/long.ipynb"))
    kernel.do("1")
    kernel.close()
    stage.kept(kernel.subject, "never", states=("kept", "idle", "working"))
    found = stage.watcher.of(kernel.subject) or {}
    stage.check(found.get("timeout_seconds", 0) is None, "its timeout is shown as never")
    stage.check(re.search("rule|policy", found.get("timeout_from", "")), "the panel says who has set it")


@case("K20a", "a notebook asks for a longer timeout", "CULL after its own", world="policy")
def a_notebook_with_its_own_timeout(stage: Stage) -> None:
    _obeys(stage, "own.ipynb", 2.5 * T, OWN["longer"])


@case("K20b", "a kernel's specification asks for a longer timeout", "CULL after its own", world="policy")
def a_specification_with_its_own_timeout(stage: Stage) -> None:
    _obeys(stage, "spark.ipynb", 2.5 * T, spec="spark")


@case("K20c", "a notebook asks for more where the policy has locked its rule", "CULL after T", world="policy")
def a_locked_rule(stage: Stage) -> None:
    _obeys(stage, "strict/own.ipynb", T, OWN["never"])


@case("K20d", "a notebook asks for a shorter timeout", "CULL after its own", world="policy")
def a_notebook_that_asks_for_less(stage: Stage) -> None:
    _obeys(stage, "short.ipynb", T / 2, OWN["shorter"])
