"""What botocore writes the strict AWS reads back, and what that writes botocore reads back: for whole services of each
protocol, with values that hypothesis makes from the models."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from tests.access.examples import examples
from tests.aws.decode import Received, decode
from tests.aws.encode import encode
from tests.aws.shapes import problems
from tests.aws.strict import known

SERVICES = ("lakeformation", "datazone", "sts", "s3control", "glue", "athena", "sns", "route53")
"""json, rest-json, rest-xml and query, each at least once; the last three are not ours."""
TEXT = st.text("abcXYZ012", min_size=1, max_size=8)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "character": TEXT,
    "boolean": st.booleans(),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**53), 2**53),
    "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "timestamp": st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, timezone.utc)),
    "blob": st.binary(min_size=1, max_size=8),
}
DEEPEST = 4


def value(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a shape, without regard to patterns and limits."""
    if isinstance(shape, StructureShape):
        return structure(shape, depth)
    if isinstance(shape, ListShape):
        return st.lists(value(shape.member, depth + 1), min_size=1, max_size=2)
    if isinstance(shape, MapShape):
        return st.dictionaries(TEXT.map(str.lower), value(shape.value, depth + 1), min_size=1, max_size=2)
    if shape.metadata.get("enum"):
        return st.sampled_from(shape.metadata["enum"])
    return SCALARS[shape.type_name]


def structure(shape: StructureShape, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: each for name, each in shape.members.items() if usable(each, depth)}
    if shape.is_document_type:
        return st.just({"document": 1})
    if shape.is_tagged_union:
        members = members or dict([min(shape.members.items(), key=lambda each: isinstance(each[1], ListShape))])
        return st.one_of([st.fixed_dictionaries({name: value(each, depth + 1)}) for name, each in members.items()])
    # an empty structure does not go over the wire everywhere: the first member is always there
    due = {name for number, name in enumerate(members) if number == 0 or name in shape.required_members}
    made = {name: st.deferred(lambda each=each: value(each, depth + 1)) for name, each in members.items()}  # type: ignore[misc]
    return st.fixed_dictionaries(
        {name: made[name] for name in due}, optional={name: made[name] for name in made if name not in due}
    )


def usable(shape: Shape, depth: int) -> bool:
    if shape.serialization.get("jsonvalue") or shape.serialization.get("eventstream"):
        return False
    return depth < DEEPEST or shape.type_name in SCALARS


def sent(operation: OperationModel, values: dict[str, Any], protocol: str) -> Received:
    """What botocore's client would send, save for the signature."""
    request = create_serializer(protocol, include_validation=False).serialize_to_request(values, operation)
    body = request["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    elif isinstance(body, str):
        body = body.encode()
    query = request["query_string"]
    path, _, fixed = request["url_path"].partition("?")
    text = "&".join(part for part in (fixed, urlencode(query, doseq=True) if query else "") if part)
    headers = {name.lower(): str(each) for name, each in request["headers"].items()}
    return Received(request["method"], path, text, headers, body)


def same(told: Any, read: Any) -> bool:
    if isinstance(told, dict) and isinstance(read, dict):
        return told.keys() == read.keys() and all(same(told[key], read[key]) for key in told)
    if isinstance(told, list) and isinstance(read, list):
        return len(told) == len(read) and all(map(same, told, read))
    if isinstance(told, bytes) and isinstance(read, str):
        return told == read.encode()
    return bool(told == read)


OPERATIONS = [(service, name) for service in SERVICES for name in known(service)[0].operation_names]
CHOSEN = OPERATIONS[::12]
"""Every twelfth: all of them take minutes (and were run once), and the shapes repeat."""


@pytest.mark.parametrize("service", ["lakeformation", "datazone", "s3control", "route53"])
def test_when_an_operation_has_an_address_no_other_answers_there(service: str) -> None:
    model, routes = known(service)
    strayed = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = re.sub(r"\{.*?\}", "x", http["requestUri"]).partition("?")
        found = routes.find(Received(http["method"], path, query, {}, b""))
        if found is None or found.operation.name != name:
            strayed.append(name)
    assert strayed == []


@pytest.mark.parametrize(("service", "name"), CHOSEN)
@examples(4, derandomize=True, database=None)
@given(data=st.data())
def test_when_botocore_writes_a_request_the_strict_aws_reads_the_same(service: str, name: str, data: Any) -> None:
    model, routes = known(service)
    operation = model.operation_model(name)
    values = data.draw(structure(operation.input_shape, 0)) if operation.input_shape else {}
    received = sent(operation, values, model.resolved_protocol)
    found = routes.find(received)
    assert found is not None
    assert found.operation.name == name
    read = decode(found, received, model.resolved_protocol)
    assert same(values, read), (values, read)
    assert [each for each in problems(read, operation.input_shape, "request") if "has no member" in each] == []


@pytest.mark.parametrize(("service", "name"), CHOSEN)
@examples(4, derandomize=True, database=None)
@given(data=st.data())
def test_when_the_strict_aws_writes_an_answer_botocore_reads_the_same(service: str, name: str, data: Any) -> None:
    model, _ = known(service)
    operation = model.operation_model(name)
    if operation.output_shape is None or operation.has_streaming_output:
        return
    values = data.draw(structure(operation.output_shape, 0))
    values = {key: each for key, each in values.items() if not status(operation.output_shape.members[key])}
    answer = encode(operation, values, model.resolved_protocol)
    response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body, "context": {}}
    read = create_parser(model.resolved_protocol).parse(response, operation.output_shape)
    read.pop("ResponseMetadata", None)
    assert same(values, read), (values, read)


def status(shape: Shape) -> bool:
    return bool(shape.serialization.get("location") == "statusCode")
