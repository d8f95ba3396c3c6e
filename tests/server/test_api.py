"""What all routes have in common: one error shape, one description, and no noise on the activity clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from jupyter_mlplatform import __version__
from jupyter_mlplatform.server.openapi import describe, operations
from tests.server.conftest import Call


async def test_the_workspace_says_who_and_where(call: Call) -> None:
    status, body = await call("GET", "workspace")
    assert status == 200
    assert body["version"] == __version__
    assert (body["place"], body["policy_path"], body["problem"]) == ("machine", None, "")


async def test_the_policy_is_served_with_origins(call: Call, policy_file: Path) -> None:
    status, body = await call("GET", "policy")
    assert status == 200
    assert {"key": "access.four_eyes", "value": True, "origin": "built in"} in body["settings"]


async def test_the_description_is_valid_and_served(call: Call) -> None:
    status, body = await call("GET", "openapi.json")
    assert status == 200
    assert body == describe()
    validate(body)


def test_every_operation_has_a_name_of_its_own_and_a_summary() -> None:
    paths = describe()["paths"]
    described = [paths[path][method] for path, method, _ in operations()]
    assert len({each["operationId"] for each in described}) == len(described)
    assert all(each["summary"] and "default" in each["responses"] for each in described)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "nothing", 404, "request.no_such_route"),
        ("DELETE", "nothing/here", 404, "request.no_such_route"),
        ("DELETE", "workspace", 405, "request.method"),
    ],
)
async def test_a_wrong_address_is_a_problem_and_not_a_page(
    call: Call, method: str, path: str, status: int, code: str
) -> None:
    found, body = await call(method, path)
    assert (found, body["code"]) == (status, code)
    assert set(body) == {"code", "message", "cause", "next_step"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ('{"dataset_id": 3, "purpose": "x", "idempotency_key": "k"}', "$.dataset_id"),
        ('{"purpose": "x", "idempotency_key": "k"}', "dataset_id"),
        ('{"dataset_id": "a", "purpose": "x", "idempotency_key": "k", "requester": "bob"}', "requester"),
        ("[" * 5000, ""),
        (b"\xff\xfe", ""),
    ],
)
async def test_a_body_that_is_not_understood_is_named_and_changes_nothing(
    call: Call, body: str | bytes, says: str
) -> None:
    status, answer = await call("POST", "access/requests", body)
    assert (status, answer["code"]) == (400, "request.invalid")
    assert says in answer["cause"]
    assert (await call("GET", "access/requests"))[1] == {"items": []}


async def test_a_body_of_ten_megabytes_is_refused_and_changes_nothing(call: Call) -> None:
    status, answer = await call("POST", "access/requests", json.dumps({"reason": "x" * 10_000_000}))
    assert (status, answer["code"]) == (413, "request.too_large")
    assert (await call("GET", "access/requests"))[1] == {"items": []}


@pytest.mark.parametrize("query", [{"limit": "many"}, {"colour": "red"}])
async def test_a_query_that_is_not_understood_is_named(call: Call, query: dict[str, str]) -> None:
    status, answer = await call("GET", "access/datasets", params=query)
    assert (status, answer["code"]) == (400, "request.invalid")
    assert next(iter(query)) in answer["cause"]


async def test_reading_does_not_move_the_activity_clock(call: Call, jp_web_app: Any) -> None:
    def clock() -> Any:
        return jp_web_app.settings.get("api_last_activity")

    before = clock()
    for path in ("workspace", "policy", "idle", "access/datasets", "handoff/runs", "packages"):
        assert (await call("GET", path))[0] == 200
    assert (await call("POST", "idle/presence"))[0] == 200
    assert clock() == before


async def test_a_defect_is_reported_without_its_text(call: Call, jp_serverapp: Any, monkeypatch: Any) -> None:
    services = jp_serverapp.web_app.settings["mlplatform_services"]

    class Broken:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            raise RuntimeError("password=hunter2")

    monkeypatch.setitem(services.__dict__, "access", Broken())
    status, answer = await call("GET", "access/options")
    assert (status, answer["code"]) == (500, "internal")
    assert "hunter2" not in json.dumps(answer)


class TestWithAWrongPolicy:
    @pytest.fixture(autouse=True)
    def wrong_policy(self, policy_file: Path) -> None:
        policy_file.write_text("[idel]\n")

    @pytest.mark.parametrize("path", ["workspace", "access/datasets", "idle", "packages", "handoff/runs"])
    async def test_every_route_says_what_is_wrong_with_it(self, call: Call, path: str) -> None:
        status, answer = await call("GET", path)
        assert (status, answer["code"]) == (503, "policy.invalid")
        assert "idel" in answer["cause"]


class TestBehindStudiosAddress:
    @pytest.fixture
    def jp_base_url(self) -> str:
        return "/jupyterlab/default/"

    async def test_the_api_lies_below_the_base_url(self, call: Call, jp_fetch: Any) -> None:
        assert (await call("GET", "workspace"))[0] == 200
        response = await jp_fetch("api/mlplatform/v1/workspace")
        assert "/jupyterlab/default/api/mlplatform/v1/workspace" in response.effective_url
