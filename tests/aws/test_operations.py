"""The drift gate: what our adapters call exists in the installed botocore, and they call nothing that is not listed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

import jupyter_mlplatform
from tests.aws.operations import OPERATIONS, WORDS_OF_BOTOCORE
from tests.aws.patterns import compiled
from tests.aws.stand_in import LOADER

PACKAGE = Path(jupyter_mlplatform.__file__).parent
FEATURES = sorted(path.parent.parent.name for path in PACKAGE.glob("*/aws/__init__.py"))
LISTED = [(service, operation) for service, operations in OPERATIONS.items() for operation in operations]


def model(service: str) -> ServiceModel:
    return ServiceModel(LOADER.load_service_model(service, "service-2"), service)


def inside(shape: Shape | None) -> Shape | None:
    """What lists and maps hold."""
    while isinstance(shape, (ListShape, MapShape)):
        shape = shape.member if isinstance(shape, ListShape) else shape.value
    return shape


def has(shape: Shape | None, path: str) -> bool:
    for name in path.split("."):
        shape = inside(shape)
        if not isinstance(shape, StructureShape) or name not in shape.members:
            return False
        shape = shape.members[name]
    return True


def strings(shape: Shape | None, seen: set[str]) -> Iterator[str]:
    """All patterns in a shape."""
    shape = inside(shape)
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    if isinstance(shape, StructureShape):
        for member in shape.members.values():
            yield from strings(member, seen)
    elif "pattern" in shape.metadata:
        yield shape.metadata["pattern"]


@pytest.mark.parametrize(("service", "operation"), LISTED)
def test_when_botocore_is_installed_it_has_every_operation_and_member_that_is_used(
    service: str, operation: str
) -> None:
    known = model(service)
    assert operation in known.operation_names
    found: OperationModel = known.operation_model(operation)
    used = OPERATIONS[service][operation]
    assert [path for path in used.sent if not has(found.input_shape, path)] == []
    assert [path for path in used.read if not has(found.output_shape, path)] == []


@pytest.mark.parametrize(("service", "operation"), LISTED)
def test_when_an_operation_is_used_python_can_read_all_patterns_of_its_members(service: str, operation: str) -> None:
    found = model(service).operation_model(operation)
    patterns = {each for shape in (found.input_shape, found.output_shape) for each in strings(shape, set())}
    assert {each for each in patterns if compiled(each) is None} == set()


def test_when_a_list_of_operations_has_what_botocore_has_not_the_gate_shuts() -> None:
    found = model("sts").operation_model("AssumeRole")
    assert has(found.input_shape, "Tags.Key")
    assert not has(found.input_shape, "Tags.Sugar")
    assert not has(found.input_shape, "Policy.Sugar")
    assert not has(None, "Tags")


class Sources(ast.NodeVisitor):
    """What the adapters of one feature name: services, methods, and the capital words of requests and answers."""

    def __init__(self, feature: str) -> None:
        self.services: set[str] = set()
        self.named: set[str] = set()
        self.words: set[str] = set()
        for path in sorted((PACKAGE / feature / "aws").glob("*.py")):
            self.visit(ast.parse(path.read_text(encoding="utf-8")))

    def visit_Call(self, node: ast.Call) -> None:
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if isinstance(node.func, ast.Attribute):
            self.named.add(node.func.attr)
            if node.func.attr == "client" and isinstance(first, str):
                self.services.add(first)
            if node.func.attr == "get":
                self._word(first)
        for keyword in node.keywords:
            self._word(keyword.arg)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key in node.keys:
            self._word(key.value if isinstance(key, ast.Constant) else None)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._word(node.slice.value if isinstance(node.slice, ast.Constant) else None)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.named.add(node.value)

    def _word(self, word: object) -> None:
        if isinstance(word, str) and re.fullmatch(r"[A-Z][A-Za-z0-9]*", word):
            self.words.add(word)


@pytest.mark.parametrize("feature", FEATURES)
def test_when_an_adapter_calls_an_operation_it_is_listed(feature: str) -> None:
    sources = Sources(feature)
    assert sources.services <= set(OPERATIONS)
    for service in sources.services:
        # The same word is a method of others: of regular expressions, and of our own stores.
        called = {each for each in model(service).operation_names if xform_name(each) in sources.named - {"search"}}
        listed = {name for name, used in OPERATIONS[service].items() if used.called}
        assert called == listed, service


@pytest.mark.parametrize("feature", FEATURES)
def test_when_an_adapter_names_a_member_it_is_listed(feature: str) -> None:
    sources = Sources(feature)
    if not sources.services:
        return
    listed = {
        word
        for service in sources.services
        for used in OPERATIONS[service].values()
        for path in (*used.sent, *used.read)
        for word in path.split(".")
    }
    assert sources.words - listed - WORDS_OF_BOTOCORE == set()


def test_when_features_have_adapters_the_gate_looks_at_them() -> None:
    assert {"access", "idle"} <= set(FEATURES)
    assert Sources("idle").services == {"sagemaker"}
