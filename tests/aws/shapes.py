"""Whether a value is what a shape of botocore's models says. For requests and answers alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from tests.aws.patterns import fits

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (datetime,),
    "blob": (bytes,),
}


def problems(value: Any, shape: Shape | None, place: str) -> Iterator[str]:
    """What the model forbids, in words: unknown and missing members, types, enumerations, patterns and limits.

    ``value`` is in Python's types: ``datetime`` for timestamps, ``bytes`` for blobs.
    """
    if shape is None:
        if value:
            yield f"{place} is not empty"
    elif isinstance(shape, StructureShape):
        yield from _structure(value, shape, place)
    elif isinstance(shape, ListShape):
        yield from _list(value, shape, place)
    elif isinstance(shape, MapShape):
        yield from _map(value, shape, place)
    else:
        yield from _scalar(value, shape, place)


def _structure(value: Any, shape: StructureShape, place: str) -> Iterator[str]:
    if shape.is_document_type:
        return
    if not isinstance(value, dict):
        yield f"{place} is not a structure"
        return
    yield from (f"{place} has no member {name}" for name in value if name not in shape.members)
    yield from (f"{place} lacks {name}" for name in shape.required_members if name not in value)
    if shape.is_tagged_union and len(value) != 1:
        yield f"{place} has {len(value)} members, not one"
    for name, member in shape.members.items():
        if name in value:
            yield from problems(value[name], member, f"{place}.{name}")


def _list(value: Any, shape: ListShape, place: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place} is not a list"
        return
    yield from _limits(len(value), shape, f"{place} has {len(value)} entries")
    for number, each in enumerate(value):
        yield from problems(each, shape.member, f"{place}[{number}]")


def _map(value: Any, shape: MapShape, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} is not a map"
        return
    yield from _limits(len(value), shape, f"{place} has {len(value)} entries")
    for key, each in value.items():
        yield from problems(key, shape.key, f"key of {place}")
        yield from problems(each, shape.value, f"{place}.{key}")


def _scalar(value: Any, shape: Shape, place: str) -> Iterator[str]:
    if shape.serialization.get("jsonvalue"):
        return
    allowed = _TYPES[shape.type_name]
    right: bool = isinstance(value, allowed) and (not isinstance(value, bool) or bool in allowed)
    if not right:
        yield f"{place} is not a {shape.type_name}"
        return
    if isinstance(shape, StringShape):
        if shape.enum and value not in shape.enum:
            yield f"{place} is {value!r}, not one of {shape.enum}"
        yield from _limits(len(value), shape, f"{place} has {len(value)} characters")
        pattern = shape.metadata.get("pattern")
        if pattern and not fits(pattern, value):
            yield f"{place} is {value!r}, which does not fit {pattern}"
    elif shape.type_name == "blob":
        yield from _limits(len(value), shape, f"{place} has {len(value)} bytes")
    elif shape.type_name not in ("boolean", "timestamp"):
        yield from _limits(value, shape, f"{place} is {value}")


def _limits(size: float, shape: Shape, said: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{said}: fewer than {least}"
    if most is not None and size > most:
        yield f"{said}: more than {most}"


def page_members(operation: OperationModel) -> tuple[str, tuple[str, ...]] | None:
    """The member that carries an operation on to its next page, and the lists that it answers. None: no pages."""
    asked, told = operation.input_shape, operation.output_shape
    if asked is None or told is None:
        return None
    token = next((name for name in ("NextToken", "nextToken", "Marker") if name in asked.members), None)
    if token is None or token not in told.members:
        return None
    return token, tuple(name for name, member in told.members.items() if member.type_name == "list")
