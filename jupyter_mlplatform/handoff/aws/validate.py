"""Checks a pipeline definition against botocore's own service model: offline, in milliseconds, naming step and field.

botocore's validator looks at required members, types and minima only; enumerations, maxima and patterns are checked
here from the same model. References are accepted wherever a scalar is expected.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from jupyter_mlplatform.handoff import plan
from jupyter_mlplatform.handoff.models import Finding
from jupyter_mlplatform.handoff.preflight import blocked, ok
from jupyter_mlplatform.handoff.references import is_reference

CHECK = "definition"
# Which request a step's arguments become, and the members of it that SageMaker Pipelines fills in itself.
REQUESTS = {
    "Processing": ("CreateProcessingJob", frozenset({"ProcessingJobName"})),
    "Training": ("CreateTrainingJob", frozenset({"TrainingJobName"})),
    "RegisterModel": ("CreateModelPackage", frozenset[str]()),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}


def validate(definition: dict[str, Any]) -> tuple[Finding, ...]:
    """What AWS would refuse, one finding a field; one calm finding when botocore is not installed."""
    try:
        model = _service_model()
    except ImportError:
        return (ok(CHECK, "Not validated against AWS: install jupyter_mlplatform[aws] for that."),)
    found = []
    for step, _ in plan.walk(definition["Steps"]):
        if step["Type"] in REQUESTS:
            operation, filled_in = REQUESTS[step["Type"]]
            shape = model.operation_model(operation).input_shape
            for place, problem in _problems(step["Arguments"], shape, "", filled_in):
                found.append(
                    blocked(CHECK, f"Step {step['Name']}: {place} {problem}.", "Correct the spec or the policy.")
                )
    return tuple(found) or (ok(CHECK, "Every step is a request that AWS's own model accepts."),)


@functools.lru_cache(maxsize=1)
def _service_model() -> Any:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


def _problems(value: Any, shape: Any, place: str, filled_in: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    if is_reference(value):
        if shape.type_name in ("structure", "map", "list"):
            yield place, "cannot be a reference"
        return
    wanted = _TYPES.get(shape.type_name, (object,))
    fits = isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))
    if not fits:
        yield place, f"must be a {shape.type_name}, not {value!r}"
    elif shape.type_name == "structure":
        yield from _structure(value, shape, place, filled_in)
    elif shape.type_name == "map":
        yield from _limits(len(value), shape, place, "entries")
        for key, each in value.items():
            yield from _problems(key, shape.key, f"{place}.{key} (its name)")
            yield from _problems(each, shape.value, f"{place}.{key}")
    elif shape.type_name == "list":
        yield from _limits(len(value), shape, place, "entries")
        for number, each in enumerate(value):
            yield from _problems(each, shape.member, f"{place}[{number}]")
    elif shape.type_name == "string":
        yield from _string(value, shape, place)
    else:
        yield from _limits(value, shape, place, "")


def _structure(value: dict[str, Any], shape: Any, place: str, filled_in: frozenset[str]) -> Iterator[tuple[str, str]]:
    for name in shape.required_members:
        if name not in value and name not in filled_in:
            yield place or "it", f"lacks {name}"
    for name, each in value.items():
        inner = f"{place}.{name}" if place else name
        if name not in shape.members:
            yield inner, "is not known to AWS"
        else:
            yield from _problems(each, shape.members[name], inner)


def _string(value: str, shape: Any, place: str) -> Iterator[tuple[str, str]]:
    yield from _limits(len(value), shape, place, "characters")
    if shape.enum and value not in shape.enum:
        yield place, f"is {value!r}, which AWS does not know"
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield place, f"is {value!r}, which does not match {pattern}"


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value, flags=re.DOTALL) is not None
    except re.error:  # the model's patterns are Java's; one that Python cannot read decides nothing
        return True


def _limits(size: float, shape: Any, place: str, unit: str) -> Iterator[tuple[str, str]]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield place, f"has {size} {unit}, at least {least} are needed".replace("  ", " ")
    if most is not None and size > most:
        yield place, f"has {size} {unit}, at most {most} are allowed".replace("  ", " ")
