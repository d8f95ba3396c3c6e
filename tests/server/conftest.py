"""A Jupyter server with the extension, for the tests of the routes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

Call = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"jupyter_mlplatform": True}}}


@pytest.fixture
def call(jp_fetch: Callable[..., Awaitable[HTTPResponse]]) -> Call:
    """``await call("POST", "access/requests", {...})`` gives the status and the decoded body, also of failures."""

    async def send(method: str, path: str, body: Any = None, **kwargs: Any) -> tuple[int, Any]:
        if method in ("POST", "PUT", "PATCH"):
            kwargs["body"] = body if isinstance(body, (str, bytes)) else json.dumps({} if body is None else body)
        try:
            response = await jp_fetch("api/mlplatform/v1", *path.split("/"), method=method, **kwargs)
        except HTTPClientError as error:
            if error.response is None:
                raise
            response = error.response
        return response.code, json.loads(response.body)

    return send
