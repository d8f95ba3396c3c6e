"""What the service answers, written in its protocol: json, rest-json, rest-xml or query."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any, NamedTuple
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

REQUEST_ID = "00000000-0000-4000-8000-000000000000"


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def encode(operation: OperationModel, values: dict[str, Any], protocol: str) -> Answer:
    """A good answer."""
    shape = operation.output_shape
    status = operation.http.get("responseCode", 200)
    if protocol == "json":
        body = json.dumps(to_json(values, shape)).encode() if shape is not None else b""
        return Answer(status, _headers("application/x-amz-json-1.1"), body)
    if protocol == "query":
        return Answer(status, _headers("text/xml"), _query(operation, values, shape))
    if shape is None:
        return Answer(status, _headers(""), b"")
    headers: dict[str, str] = {}
    for name, member in shape.members.items():
        location, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if name not in values or location is None:
            continue
        if location == "statusCode":
            status = values[name]
        elif location == "header":
            headers[wire] = to_text(values[name], member)
        elif location == "headers":
            headers |= {wire + key: text for key, text in values[name].items()}
    kind = "application/xml" if protocol == "rest-xml" else "application/json"
    return Answer(status, {**_headers(kind), **headers}, _rest_body(shape, values, protocol))


def refuse(model: ServiceModel, operation: OperationModel | None, code: str, status: int, message: str) -> Answer:
    """An error in the protocol's form; an error that the model knows has the model's status and members."""
    protocol = model.resolved_protocol
    shape = next((each for each in (operation.error_shapes if operation else []) if each.error_code == code), None)
    if shape is not None:
        status = shape.metadata.get("error", {}).get("httpStatusCode", status)
    if protocol in ("json", "rest-json"):
        body: dict[str, Any] = {_message_name(shape): message}
        headers = _headers("application/json")
        if protocol == "json":
            body["__type"] = code
            headers = _headers("application/x-amz-json-1.1")
        else:
            headers["x-amzn-ErrorType"] = code
        return Answer(status, headers, json.dumps(body).encode())
    root = ElementTree.Element("ErrorResponse")
    error = ElementTree.SubElement(root, "Error")
    ElementTree.SubElement(error, "Type").text = "Sender" if status < 500 else "Receiver"
    ElementTree.SubElement(error, "Code").text = code
    ElementTree.SubElement(error, "Message").text = message
    ElementTree.SubElement(root, "RequestId").text = REQUEST_ID
    return Answer(status, _headers("text/xml"), ElementTree.tostring(root))


def _message_name(shape: StructureShape | None) -> str:
    names = shape.members if shape is not None else {}
    return next((name for name in names if name.lower() == "message"), "message")


def _headers(kind: str) -> dict[str, str]:
    return {"x-amzn-RequestId": REQUEST_ID, **({"Content-Type": kind} if kind else {})}


def _rest_body(shape: StructureShape, values: dict[str, Any], protocol: str) -> bytes:
    payload = shape.serialization.get("payload")
    inside: Shape = shape if payload is None else shape.members[payload]
    value: Any = values if payload is None else values.get(payload)
    if value is None:
        return b""
    if inside.type_name == "blob":
        return bytes(value)
    if inside.type_name == "string":
        return str(value).encode()
    if protocol == "rest-json":
        return json.dumps(to_json(value, inside, body_only=True)).encode()
    root = ElementTree.Element("root")
    _xml(root, inside.serialization.get("name", inside.name), value, inside)
    return ElementTree.tostring(root[0])


def _query(operation: OperationModel, values: dict[str, Any], shape: StructureShape | None) -> bytes:
    root = ElementTree.Element(f"{operation.name}Response")
    if shape is not None:
        _xml(root, shape.serialization.get("resultWrapper", f"{operation.name}Result"), values, shape)
    ElementTree.SubElement(ElementTree.SubElement(root, "ResponseMetadata"), "RequestId").text = REQUEST_ID
    return ElementTree.tostring(root)


def to_json(value: Any, shape: Shape, *, body_only: bool = False) -> Any:
    """Python's types as JSON's. Members that the model does not know are written as they are."""
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        written = {}
        for name, each in value.items():
            member = shape.members.get(name)
            if member is None:
                written[name] = each
            elif not (body_only and "location" in member.serialization):
                written[member.serialization.get("name", name)] = to_json(each, member)
        return written
    if isinstance(shape, ListShape):
        return [to_json(each, shape.member) for each in value]
    if isinstance(shape, MapShape):
        return {key: to_json(each, shape.value) for key, each in value.items()}
    if isinstance(value, datetime):
        return _instant(value, shape.serialization.get("timestampFormat", "unixTimestamp"))
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def to_text(value: Any, shape: Shape) -> str:
    """A scalar as text, for XML and for headers."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        default = "rfc822" if shape.serialization.get("location") == "header" else "iso8601"
        return str(_instant(value, shape.serialization.get("timestampFormat", default)))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _instant(value: datetime, form: str) -> float | str:
    if form == "unixTimestamp":
        return value.timestamp()
    utc = value.astimezone(timezone.utc)
    return format_datetime(utc, usegmt=True) if form == "rfc822" else utc.isoformat().replace("+00:00", "Z")


def _xml(parent: ElementTree.Element, name: str, value: Any, shape: Shape) -> None:
    flat = shape.serialization.get("flattened")
    if isinstance(shape, StructureShape):
        node = ElementTree.SubElement(parent, name)
        for key, each in value.items():
            member = shape.members.get(key)
            if member is None:
                ElementTree.SubElement(node, key).text = str(each)
            elif "location" not in member.serialization:
                _xml(node, member.serialization.get("name", key), each, member)
    elif isinstance(shape, ListShape):
        inside = parent if flat else ElementTree.SubElement(parent, name)
        due = shape.member.serialization.get("name", name if flat else "member")
        for each in value:
            _xml(inside, due, each, shape.member)
    elif isinstance(shape, MapShape):
        inside = parent if flat else ElementTree.SubElement(parent, name)
        for key, each in value.items():
            entry = ElementTree.SubElement(inside, name if flat else "entry")
            _xml(entry, shape.key.serialization.get("name", "key"), key, shape.key)
            _xml(entry, shape.value.serialization.get("name", "value"), each, shape.value)
    else:
        ElementTree.SubElement(parent, name).text = to_text(value, shape)
