"""A definition made into a plan: its steps, its hash, and the lines a person reads before pressing Start."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from jupyter_mlplatform.handoff.compile import MAX_RUNTIME_SECONDS
from jupyter_mlplatform.handoff.models import Bundle, DataInput, PlanStep
from jupyter_mlplatform.handoff.references import named_steps
from jupyter_mlplatform.policy import HandoffPolicy


def canonical(document: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal documents give equal bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def plan_hash(definition: dict[str, Any], params: dict[str, Any], inputs: Sequence[DataInput], runner: str) -> str:
    """SHA-256 over everything that decides what a run does; where the files lie on disk is not part of it."""
    data = [[each.name, each.uri, each.fingerprint, each.grant_id] for each in inputs]
    return hashlib.sha256(canonical([definition, params, data, runner])).hexdigest()


def walk(steps: Sequence[dict[str, Any]], parent: str = "") -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Every step with the names of those it waits for, branches of a condition included, in execution order."""
    for step in steps:
        arguments = step["Arguments"]
        own = arguments
        if step["Type"] == "Condition":
            own = arguments["Conditions"]
        after = dict.fromkeys((*named_steps(own), *step.get("DependsOn", ()), *((parent,) if parent else ())))
        yield step, tuple(after)
        if step["Type"] == "Condition":
            yield from walk(arguments["IfSteps"], step["Name"])
            yield from walk(arguments["ElseSteps"], step["Name"])


def plan_steps(definition: dict[str, Any]) -> tuple[PlanStep, ...]:
    """The steps as they are shown."""
    return tuple(
        PlanStep(name=step["Name"], type=step["Type"], instance=_instance(step), depends_on=after)
        for step, after in walk(definition["Steps"])
    )


def summary(steps: Sequence[PlanStep], bundle: Bundle, inputs: Sequence[DataInput]) -> str:
    """What would happen, in one line."""
    jobs = sum(bool(step.instance) for step in steps)
    parts = [
        f"{_count(jobs, 'step')} run{'s' if jobs == 1 else ''} on this machine",
        f"{_count(len(bundle.files), 'file')} packed, {_size(bundle.packed_bytes)}",
    ]
    ends = sorted(each.grant_ends for each in inputs if each.grant_ends)
    if inputs:
        until = f" (first grant ends {ends[0]:%Y-%m-%d})" if ends else ""
        parts.append(f"{_count(len(inputs), 'input')}{until}")
    if any(step.type == "RegisterModel" for step in steps):
        parts.append("a model version to be approved by another person")
    return ", ".join(parts) + "."


def cost(steps: Sequence[PlanStep], policy: HandoffPolicy) -> str:
    """Money, said to be an estimate: the longest time each step may take at the policy's prices."""
    jobs = [step for step in steps if step.instance]
    hours = len(jobs) * MAX_RUNTIME_SECONDS / 3600
    unknown = sorted({step.instance for step in jobs} - set(policy.price_per_hour))
    text = f"No charge on this machine. On SageMaker at most {_count(round(hours), 'instance-hour')}"
    if unknown:
        return f"{text}; the policy knows no price of {', '.join(unknown)}."
    money = sum(policy.price_per_hour[step.instance] * MAX_RUNTIME_SECONDS / 3600 for step in jobs)
    return f"{text}, about {money:.2f} {policy.currency} (an estimate from the policy's prices)."


def _instance(step: dict[str, Any]) -> str:
    arguments = step["Arguments"]
    cluster = arguments.get("ResourceConfig") or arguments.get("ProcessingResources", {}).get("ClusterConfig", {})
    return str(cluster.get("InstanceType", ""))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
