"""What ``handoff.yaml`` means: its form, its names, its defaults and its parameters.

A step runs in a process of its own and shares nothing with other steps but folders:

* ``$SM_CHANNEL_<NAME>``: the folder of input ``<name>``; a dataset lies in it as parquet.
* ``$SM_OUTPUT_DATA_DIR/<name>``: the folder of output ``<name>``; the output ``model`` is ``$SM_MODEL_DIR``.
* ``$SM_OUTPUT_DATA_DIR/metrics.json`` or ``metrics.json`` in the folder of an output: every number in it is a metric
  (``{"auc": 0.91}`` and ``{"metrics": {"auc": {"value": 0.91}}}`` are both the metric ``auc``).
* ``$SM_HPS``: the parameters as JSON; a notebook gets them as a cell after the one tagged ``parameters``.
"""

from __future__ import annotations

import keyword
import math
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from jupyter_mlplatform.errors import Invalid, nearest
from jupyter_mlplatform.handoff.models import Registration, Source, Spec, StepSpec

FORMAT = 1
KINDS = ("processing", "training")
MODEL = "model"
RESERVED_PARAMS = ("ArtifactBucket", "Image", "RoleArn")
RESERVED_STEPS = ("gate", "gate-not-met", "register")
OPERATORS = {
    ">=": "GreaterThanOrEqualTo",
    ">": "GreaterThan",
    "<=": "LessThanOrEqualTo",
    "<": "LessThan",
    "==": "Equals",
}
Value: TypeAlias = "float | int | str | bool"

_PIPELINE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_STEP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ARTIFACT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_GATE = re.compile(r"\s*(>=|<=|==|>|<)\s*(\S+)\s*")


class Condition(msgspec.Struct, frozen=True):
    """One line of the gate: ``path`` below ``source`` (an output, or a training step) compared with a limit."""

    source: str
    path: str
    operator: str
    limit: str


def parse(document: Any, origin: str) -> Spec:
    """A decoded ``handoff.yaml``, checked whole. Raises ``Invalid`` naming the key that is wrong."""
    if not isinstance(document, dict):
        raise _invalid(origin, "It does not hold keys with values.")
    if document.get("handoff") != FORMAT:
        raise _invalid(
            origin, f"'handoff' must be {FORMAT}, the version of this format, not {document.get('handoff')!r}."
        )
    _refuse_unknown(document, Spec, origin, "")
    try:
        spec = msgspec.convert(document, Spec)
    except msgspec.ValidationError as error:
        raise _invalid(origin, f"{error}.") from error
    spec = msgspec.structs.replace(spec, steps=tuple(_with_kind(step) for step in spec.steps or (_whole(spec),)))
    for sentence in _mistakes(spec):
        raise _invalid(origin, sentence)
    return spec


def default(entry: str, params: Mapping[str, Value], *, makes_model: bool) -> Spec:
    """The spec of a notebook or script that has none: one training step of the whole of it.

    Raises ``Invalid`` for parameters that ``handoff.yaml`` could not have either.
    """
    name = re.sub(r"[^a-zA-Z0-9]+", "-", entry.rsplit("/", 1)[-1].rsplit(".", 1)[0]).strip("-")[:63].strip("-") or "run"
    run = "" if entry.endswith(".ipynb") else entry
    spec = Spec(
        handoff=FORMAT,
        name=name,
        source=Source(entry=entry),
        params=dict(params),
        steps=(StepSpec(name="train", run=run, kind="training", outputs=(MODEL,) if makes_model else ()),),
        register=Registration(group=name) if makes_model else None,
    )
    for sentence in _parameter_mistakes(spec):
        raise _invalid(entry, sentence)
    return spec


def with_params(spec: Spec, given: Mapping[str, Value]) -> dict[str, Value]:
    """The spec's parameters with other values; each keeps its type. Raises ``Invalid`` naming the parameter."""
    values = dict(spec.params)
    for name, value in given.items():
        if name not in values:
            raise Invalid(
                "handoff.unknown_parameter",
                f"There is no parameter {name!r}.",
                cause=nearest(name, values),
                next_step="Name it under 'params' in handoff.yaml, or in the notebook's cell tagged 'parameters'.",
            )
        values[name] = _typed(name, values[name], value)
    return values


def conditions(spec: Spec) -> tuple[Condition, ...]:
    """The gate's lines, in file order. Raises ``Invalid`` for one that is not understood."""
    found = []
    for path, expression in spec.gate.items():
        match = _GATE.fullmatch(expression)
        source, _, rest = path.partition(".")
        if not match or not rest:
            raise _invalid("handoff.yaml", f"The gate {path!r}: {expression!r} must read like report.auc: '>= 0.8'.")
        found.append(Condition(source, rest, match[1], match[2]))
    return tuple(found)


def producers(spec: Spec) -> dict[str, StepSpec]:
    """Which step makes each artifact."""
    return {name: step for step in spec.steps for name in step.outputs}


def step_inputs(spec: Spec, step: StepSpec) -> tuple[str, ...]:
    """The channels of a step: those it names, else all inputs of the spec."""
    return step.inputs or tuple(spec.inputs)


def _whole(spec: Spec) -> StepSpec:
    run = "" if spec.source.entry.endswith(".ipynb") else spec.source.entry
    return StepSpec(name="train", run=run, kind="training", outputs=(MODEL,) if spec.register else ())


def _with_kind(step: StepSpec) -> StepSpec:
    kind = step.kind or ("training" if MODEL in step.outputs else "processing")
    return msgspec.structs.replace(step, kind=kind)


def _typed(name: str, before: Value, value: Value) -> Value:
    if isinstance(value, str) and type(before) is str and not _is_utf8(value):
        raise Invalid(
            "handoff.parameter_type",
            f"The parameter {name!r} must be text of whole characters.",
            cause=f"{value!r} cannot be written as UTF-8.",
            next_step="Give another text.",
        )
    if type(value) is type(before) and (not isinstance(value, float) or math.isfinite(value)):
        return value
    if type(before) is float and type(value) is int and abs(value) <= sys.float_info.max:
        return float(value)
    raise Invalid(
        "handoff.parameter_type",
        f"The parameter {name!r} must be {_type(before)}.",
        cause=f"{value!r} is {_type(value)}; its default is {before!r}.",
        next_step="Give a value of that type.",
    )


def _type(value: Value) -> str:
    return {bool: "true or false", int: "a whole number", float: "a finite number", str: "a text"}[type(value)]


def _mistakes(spec: Spec) -> Iterable[str]:
    """What is wrong beyond form, most telling first."""
    if not _PIPELINE.fullmatch(spec.name):
        yield f"'name' must be letters, digits and single hyphens, at most 63, not {spec.name!r}."
    if spec.register and not _PIPELINE.fullmatch(spec.register.group):
        yield f"'register.group' must be letters, digits and hyphens, at most 63, not {spec.register.group!r}."
    if spec.register and spec.register.approval != "manual":
        yield "'register.approval' must be 'manual': a model version is approved by a person."
    if spec.env.lock not in ("auto", "off"):
        yield f"'env.lock' must be 'auto' or 'off', not {spec.env.lock!r}."
    yield from _parameter_mistakes(spec)
    yield from _step_mistakes(spec)
    yield from _flow_mistakes(spec)
    yield from _gate_mistakes(spec)


def _parameter_mistakes(spec: Spec) -> Iterable[str]:
    for name, value in spec.params.items():
        if not name.isidentifier() or keyword.iskeyword(name) or name in RESERVED_PARAMS:
            yield f"The parameter {name!r} must be a free Python name."
        if isinstance(value, float) and not math.isfinite(value):
            yield f"The parameter {name!r} must be a finite number."
        if isinstance(value, str) and not _is_utf8(value):
            yield f"The parameter {name!r} must be text that can be written as UTF-8, not {value!r}."
    if len({name.upper() for name in spec.params}) < len(spec.params):
        yield "Two parameters differ only in upper and lower case."


def _is_utf8(text: str) -> bool:
    """False for half of a surrogate pair, which Python keeps in a text but nothing can write."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _step_mistakes(spec: Spec) -> Iterable[str]:
    names = [step.name for step in spec.steps]
    for step in spec.steps:
        if not _STEP.fullmatch(step.name) or step.name in RESERVED_STEPS:
            yield f"A step's name must be letters, digits, '-' and '_', and no reserved word, not {step.name!r}."
        if names.count(step.name) > 1:
            yield f"Two steps are called {step.name!r}."
        if step.kind not in KINDS:
            yield f"'kind' of step {step.name!r}: {nearest(step.kind, KINDS)}"
        if step.cells and step.run:
            yield f"Step {step.name!r} has both 'cells' and 'run'."
        if step.cells and not spec.source.entry.endswith(".ipynb"):
            yield f"Step {step.name!r} names cells, but the entry {spec.source.entry!r} is not a notebook."
        if step.kind == "training" and set(step.outputs) - {MODEL}:
            yield f"Step {step.name!r}: a training step makes 'model' only; make other outputs in a processing step."
        if step.kind == "processing" and (MODEL in step.outputs or step.spot):
            yield f"Step {step.name!r}: only a training step makes 'model' and runs on spot capacity."


def _flow_mistakes(spec: Spec) -> Iterable[str]:
    known = list(spec.inputs)
    outputs = [name for step in spec.steps for name in step.outputs]
    for name in (*spec.inputs, *outputs):
        if not _ARTIFACT.fullmatch(name) or name == "code":
            yield f"An input or output must be letters, digits and '_', and not 'code', not {name!r}."
        if (*spec.inputs, *outputs).count(name) > 1:
            yield f"{name!r} is made twice."
    for step in spec.steps:
        for name in step.inputs:
            if name not in known:
                later = " It is made by a later step." if name in outputs else f" {nearest(name, known)}"
                yield f"Step {step.name!r} reads {name!r}, which nothing before it makes.{later}"
        known += step.outputs
    if spec.register and MODEL not in outputs:
        yield "'register' needs a training step with 'out: [model]'."


def _gate_mistakes(spec: Spec) -> Iterable[str]:
    made = producers(spec)
    trained = [step.name for step in spec.steps if step.kind == "training"]
    for each in conditions(spec):
        if each.source not in trained and (each.source not in made or each.source == MODEL):
            reports = [name for name in made if name != MODEL]
            yield f"The gate reads {each.source!r}, which no step makes. {nearest(each.source, [*reports, *trained])}"
        if each.limit in spec.params and isinstance(spec.params[each.limit], (int, float)):
            continue
        try:
            float(each.limit)
        except ValueError:
            numbers = [name for name, value in spec.params.items() if isinstance(value, (int, float))]
            yield f"The gate's limit {each.limit!r} is neither a number nor a parameter. {nearest(each.limit, numbers)}"


def _refuse_unknown(document: dict[str, Any], kind: type[msgspec.Struct], origin: str, prefix: str) -> None:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    nested = {"source": Source, "register": Registration, "env": fields["env"].type if "env" in fields else None}
    for key, value in document.items():
        if key not in fields:
            raise _invalid(origin, f"Unknown key {prefix + str(key)!r}. {nearest(str(key), fields)}")
        inner = nested.get(key)
        if isinstance(value, dict) and inner is not None:
            _refuse_unknown(value, inner, origin, f"{prefix}{key}.")
        if key == "steps" and isinstance(value, list):
            for number, step in enumerate(value):
                if isinstance(step, dict):
                    _refuse_unknown(step, StepSpec, origin, f"steps[{number}].")


def _invalid(origin: str, cause: str) -> Invalid:
    return Invalid(
        "handoff.spec_invalid", f"{origin} is not valid.", cause=cause, next_step="Correct the file and plan again."
    )
