"""What a client sent, read as the service would read it: the protocols json, rest-json, rest-xml and query.

Members that the model does not know are kept under their own names, so that they are found to be unknown.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.utils import parse_timestamp

Node = ElementTree.Element


class Received(NamedTuple):
    """One HTTP request; header names in lower case, ``path`` and ``query`` as they were on the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Misread(Exception):
    """The body is not in the protocol's form."""


class Found(NamedTuple):
    """An operation, and what its address says: ``labels`` in the path, ``fixed`` words of the query."""

    operation: OperationModel
    labels: dict[str, str]
    fixed: frozenset[str]


class Routes:
    """Which operation of a service is meant."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._protocol = model.resolved_protocol
        self._table = self._rest_table() if self._protocol.startswith("rest-") else []

    def find(self, received: Received) -> Found | None:
        """The operation, or None when the service has none at this address."""
        if self._protocol.startswith("rest-"):
            return self._rest(received)
        if self._protocol == "json":
            prefix, _, name = received.headers.get("x-amz-target", "").partition(".")
            known = prefix == self._model.metadata["targetPrefix"]
        else:
            form = parse_qs(received.body.decode())
            name = form.get("Action", [""])[0]
            known = form.get("Version") == [self._model.metadata["apiVersion"]]
        if not known or name not in self._model.operation_names:
            return None
        return Found(self._model.operation_model(name), {}, frozenset())

    def _rest_table(self) -> list[tuple[str, re.Pattern[str], list[str], dict[str, list[str]], str]]:
        table = []
        for name in self._model.operation_names:
            http = self._model.operation_model(name).http
            path, _, query = http["requestUri"].partition("?")
            parts = re.split(r"\{(.*?)\}", path)
            labels = [part.rstrip("+") for part in parts[1::2]]
            expression = "".join(
                re.escape(part) if number % 2 == 0 else ("(.+)" if part.endswith("+") else "([^/]+)")
                for number, part in enumerate(parts)
            )
            fixed = parse_qs(query, keep_blank_values=True)
            table.append((http["method"], re.compile(expression + "/?"), labels, fixed, name))
        # the one that says most comes first: /{name+}/policy before /{name+}
        return sorted(table, key=lambda row: (len(row[2]), -len(row[1].pattern), -len(row[3])))

    def _rest(self, received: Received) -> Found | None:
        query = parse_qs(received.query, keep_blank_values=True)
        for method, path, labels, fixed, name in self._table:
            match = path.fullmatch(received.path)
            if match and method == received.method and all(query.get(key) == value for key, value in fixed.items()):
                said = {label: unquote(text) for label, text in zip(labels, match.groups(), strict=True)}
                return Found(self._model.operation_model(name), said, frozenset(fixed))
        return None


def decode(found: Found, received: Received, protocol: str) -> dict[str, Any]:
    """The operation's input in Python's types. Raises :class:`Misread`."""
    shape = found.operation.input_shape
    if protocol == "query":
        return _query(shape, received)
    if protocol == "json":
        return from_json(_load(received.body), shape) if shape is not None else {}
    if shape is None:
        return {}
    read = _xml_body if protocol == "rest-xml" else _json_body
    return {**_addressed(found, shape, received), **_payload(shape, received, read)}


def _addressed(found: Found, shape: StructureShape, received: Received) -> dict[str, Any]:
    """Members in the path, the query and the headers."""
    query = parse_qs(received.query, keep_blank_values=True)
    values: dict[str, Any] = {}
    used = set(found.fixed)
    for name, member in shape.members.items():
        location, key = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "uri":
            values[name] = from_text(found.labels[key], member)
        elif location == "querystring" and key in query:
            used.add(key)
            values[name] = _repeated(query[key], member)
        elif location == "header" and key.lower() in received.headers:
            values[name] = _header(received.headers[key.lower()], member)
        elif location == "headers":
            prefix = key.lower()
            given = {each[len(prefix) :]: text for each, text in received.headers.items() if each.startswith(prefix)}
            values |= {name: given} if given else {}
    rest = {key: text[0] for key, text in query.items() if key not in used}
    catch_all = [n for n, m in shape.members.items() if m.serialization.get("location") == "querystring" and _map(m)]
    return values | ({catch_all[0]: rest} if catch_all and rest else rest)


def _map(shape: Shape) -> bool:
    return isinstance(shape, MapShape)


def _repeated(texts: list[str], shape: Shape) -> Any:
    if isinstance(shape, ListShape):
        return [from_text(text, shape.member) for text in texts]
    return from_text(texts[0], shape) if len(texts) == 1 else texts


def _header(text: str, shape: Shape) -> Any:
    if isinstance(shape, ListShape):
        return [from_text(each.strip(), shape.member) for each in text.split(",")]
    return from_text(text, shape)


def _payload(shape: StructureShape, received: Received, read: Callable[[bytes, Shape], Any]) -> dict[str, Any]:
    """Members in the body."""
    payload = shape.serialization.get("payload")
    if payload is None:
        inside = [name for name, member in shape.members.items() if "location" not in member.serialization]
        if not inside and not received.body:
            return {}
        return dict(read(received.body, shape))
    member = shape.members[payload]
    if member.type_name == "blob":
        return {payload: received.body}
    if member.type_name == "string":
        return {payload: received.body.decode()}
    return {payload: read(received.body, member)} if received.body else {}


def _json_body(body: bytes, shape: Shape) -> Any:
    return from_json(_load(body or b"{}"), shape, body_only=True)


def _xml_body(body: bytes, shape: Shape) -> Any:
    if not body:
        return {}
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - sent by the test itself
    except ElementTree.ParseError as error:
        raise Misread("no XML") from error
    expected = shape.serialization.get("name")
    if expected and _tag(root) != expected:
        raise Misread(f"<{_tag(root)}> where <{expected}> is due")
    return from_xml([root], shape)


def _load(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise Misread("no JSON") from error
    if not isinstance(value, dict):
        raise Misread("no JSON object")
    return value


def from_json(value: Any, shape: Shape, *, body_only: bool = False) -> Any:
    """JSON's types as Python's; what is not of the right type stays as it is."""
    if isinstance(shape, StructureShape) and isinstance(value, dict) and not shape.is_document_type:
        names = {
            member.serialization.get("name", name): (name, member)
            for name, member in shape.members.items()
            if not (body_only and "location" in member.serialization)
        }
        known = {names[key][0]: from_json(each, names[key][1]) for key, each in value.items() if key in names}
        return {**known, **{key: each for key, each in value.items() if key not in names}}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [from_json(each, shape.member) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: from_json(each, shape.value) for key, each in value.items()}
    if shape.type_name == "timestamp":
        textual = shape.serialization.get("timestampFormat", "unixTimestamp") != "unixTimestamp"
        return _timestamp(value) if isinstance(value, str) == textual else value
    if shape.type_name == "blob" and isinstance(value, str):
        return _blob(value)
    return value


def from_text(text: str, shape: Shape) -> Any:
    """A scalar that was written as text; what cannot be read stays text."""
    kind = shape.type_name
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind == "timestamp":
        return _timestamp(text)
    if kind == "blob":
        return _blob(text)
    try:
        return int(text) if kind in ("integer", "long") else float(text) if kind in ("float", "double") else text
    except ValueError:
        return text


def _timestamp(value: Any) -> Any:
    try:
        return parse_timestamp(value)
    except (ValueError, TypeError):
        return value


def _blob(text: str) -> Any:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text


def _tag(node: Node) -> str:
    return re.sub(r"^\{.*?\}", "", node.tag)


def from_xml(nodes: list[Node], shape: Shape) -> Any:
    """The elements of one member: one, or as many as a flattened list has."""
    if isinstance(shape, StructureShape):
        return _xml_structure(nodes[0], shape)
    flat = shape.serialization.get("flattened")
    if isinstance(shape, ListShape):
        due = shape.member.serialization.get("name", "member")
        inside = nodes if flat else list(nodes[0])
        return [from_xml([node], shape.member) if flat or _tag(node) == due else _tag(node) for node in inside]
    if isinstance(shape, MapShape):
        key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        pairs = [{_tag(node): node for node in entry} for entry in (nodes if flat else list(nodes[0]))]
        return {pair[key].text or "": from_xml([pair[value]], shape.value) for pair in pairs}
    return from_text(nodes[0].text or "", shape)


def _xml_structure(node: Node, shape: StructureShape) -> dict[str, Any]:
    children: dict[str, list[Node]] = {}
    for child in node:
        children.setdefault(_tag(child), []).append(child)
    values: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if isinstance(member, ListShape) and member.serialization.get("flattened"):
            wire = member.member.serialization.get("name", wire)
        if wire in children:
            values[name] = from_xml(children.pop(wire), member)
    return {**values, **{tag: [child.text for child in unknown] for tag, unknown in children.items()}}


def _query(shape: StructureShape | None, received: Received) -> dict[str, Any]:
    form = {key: texts[0] for key, texts in parse_qs(received.body.decode(), keep_blank_values=True).items()}
    for key in ("Action", "Version"):
        form.pop(key)
    used: set[str] = set()
    values = from_form(form, shape, "", used) if shape is not None else {}
    return {**values, **{key: text for key, text in form.items() if key not in used}}


def from_form(form: dict[str, str], shape: Shape, prefix: str, used: set[str]) -> Any:
    """A value of the query protocol: ``Tags.member.1.Key=...``. The keys that were read are added to ``used``."""
    if isinstance(shape, StructureShape):
        values = {}
        for name, member in shape.members.items():
            wire = f"{prefix}.{member.serialization.get('name', name)}".lstrip(".")
            if any(key == wire or key.startswith(wire + ".") for key in form):
                values[name] = from_form(form, member, wire, used)
        return values
    if isinstance(shape, ListShape):
        if form.get(prefix) == "":
            used.add(prefix)
            return []
        flat = shape.serialization.get("flattened")
        base = prefix if flat else f"{prefix}.{shape.member.serialization.get('name', 'member')}"
        return [from_form(form, shape.member, f"{base}.{number}", used) for number in _numbers(form, base)]
    if isinstance(shape, MapShape):
        base = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
        key, held = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        return {
            from_form(form, shape.key, f"{base}.{number}.{key}", used): from_form(
                form, shape.value, f"{base}.{number}.{held}", used
            )
            for number in _numbers(form, base)
        }
    used.add(prefix)
    return from_text(form.get(prefix, ""), shape)


def _numbers(form: dict[str, str], base: str) -> list[int]:
    numbers = {int(rest[0]) for key in form if (rest := key[len(base) + 1 :].split(".")) and _below(key, base, rest)}
    return sorted(numbers)


def _below(key: str, base: str, rest: list[str]) -> bool:
    return key.startswith(base + ".") and rest[0].isdecimal()
