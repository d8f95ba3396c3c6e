"""The API's own description, generated from the routes and the types they name: ``python -m …server.openapi``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from jupyter_mlplatform import __version__
from jupyter_mlplatform.errors import Problem
from jupyter_mlplatform.server.handlers import Operation
from jupyter_mlplatform.server.routes import PREFIX, ROUTES

METHODS = ("get", "post", "put", "patch", "delete")
REF = "#/components/schemas/{name}"


def operations() -> Iterator[tuple[str, str, Operation]]:
    """Every (path, method, description) of the API."""
    for path, handler in ROUTES:
        for method in METHODS:
            described = getattr(getattr(handler, method), "operation", None)
            if described is not None:
                yield path, method, described


def describe() -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    listed = list(operations())
    kinds = [kind for _, _, each in listed for kind in (each.returns, each.body, each.query) if kind is not None]
    schemas, components = msgspec.json.schema_components([*kinds, Problem], ref_template=REF)
    schema_of = dict(zip([repr(kind) for kind in kinds] + [repr(Problem)], schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for path, method, each in listed:
        paths.setdefault(path, {})[method] = _operation(path, method, each, schema_of)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "jupyter_mlplatform",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": f"/{PREFIX}"}],
        "paths": paths,
        "components": {"schemas": components},
    }
    described: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))  # tuples become JSON's arrays
    return described


def _operation(path: str, method: str, each: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    feature = path.split("/")[1].removesuffix(".json")
    described: dict[str, Any] = {
        "operationId": _identifier(path, method),
        "summary": each.summary,
        "tags": [feature],
        "parameters": _parameters(path, each),
        "responses": {
            str(each.status): _json("The result", schema_of[repr(each.returns)]),
            "default": _json("What went wrong, why, and what to do", schema_of[repr(Problem)]),
        },
    }
    if each.body is not None:
        described["requestBody"] = {"required": True, **_content(schema_of[repr(each.body)])}
    return described


def _parameters(path: str, each: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    if each.query is not None:
        schema = next(iter(msgspec.json.schema_components([each.query])[1].values()))
        required = schema.get("required", ())
        for name, kind in schema["properties"].items():
            found.append({"name": name, "in": "query", "required": name in required, "schema": kind})
    return found


def _identifier(path: str, method: str) -> str:
    words = [word for word in re.split(r"[/{}_.]+", path) if word]
    return method + "".join(word.capitalize() for word in words)


def _content(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _json(text: str, schema: Any) -> dict[str, Any]:
    return {"description": text, **_content(schema)}


if __name__ == "__main__":
    json.dump(describe(), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
