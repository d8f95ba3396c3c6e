"""References in a pipeline definition: what they name, and their values once those are known.

``{"Get": "Steps.train.ModelArtifacts.S3ModelArtifacts"}``, ``{"Std:Join": ...}`` and ``{"Std:JsonGet": ...}``, as in
the SageMaker pipeline definition schema 2020-12-01.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
_TOKEN = re.compile(r"([^.\[\]]+)|\['([^']+)'\]|\[(\d+)\]")


def is_reference(value: Any) -> bool:
    """Whether a value stands for another one."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in (GET, JOIN, JSON_GET)


def get(path: str) -> dict[str, str]:
    """A reference to a parameter, an execution property or a step's property."""
    return {GET: path}


def join(on: str, *values: Any) -> dict[str, Any]:
    """A text made of texts and references."""
    return {JOIN: {"On": on, "Values": list(values)}}


def paths(value: Any) -> Iterator[str]:
    """Every ``Get`` path below a value."""
    if isinstance(value, dict):
        if isinstance(value.get(GET), str) and len(value) == 1:
            yield value[GET]
        else:
            for each in value.values():
                yield from paths(each)
    elif isinstance(value, list):
        for each in value:
            yield from paths(each)


def named_steps(value: Any) -> tuple[str, ...]:
    """The steps that a value refers to, each once, in order."""
    return tuple(dict.fromkeys(path.split(".")[1] for path in paths(value) if path.startswith("Steps.")))


def resolve(value: Any, known: Mapping[str, Any], read_json: Callable[[Any, str], Any]) -> Any:
    """``value`` with every reference replaced. ``read_json`` reads a path from a property file.

    Raises ``KeyError`` with the path that names nothing.
    """
    if isinstance(value, list):
        return [resolve(each, known, read_json) for each in value]
    if not isinstance(value, dict):
        return value
    if not is_reference(value):
        return {key: resolve(each, known, read_json) for key, each in value.items()}
    kind, body = next(iter(value.items()))
    if kind == GET:
        return look_up(known, body)
    if kind == JOIN:
        return body["On"].join(_text(resolve(each, known, read_json)) for each in body["Values"])
    return read_json(resolve(body["PropertyFile"], known, read_json), body["Path"])


def look_up(known: Any, path: str) -> Any:
    """The value at ``a.b['c'][0]``. Raises ``KeyError`` with the whole path."""
    for match in _TOKEN.finditer(path):
        key = match[1] or match[2]
        try:
            known = known[key] if key is not None else known[int(match[3])]
        except (KeyError, IndexError, TypeError):
            raise KeyError(path) from None
    return known


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
