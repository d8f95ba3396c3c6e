"""Every verb of every route: who may, asked of Jupyter's own authorizer, and never without signing in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError

from jupyter_mlplatform.server.openapi import operations

EXPECTED = {
    ("GET", "/workspace"): ("read", "mlplatform:workspace"),
    ("GET", "/policy"): ("read", "mlplatform:workspace"),
    ("GET", "/openapi.json"): ("read", "mlplatform:workspace"),
    ("GET", "/access/options"): ("read", "mlplatform:access"),
    ("GET", "/access/datasets"): ("read", "mlplatform:access"),
    ("GET", "/access/datasets/{dataset_id}"): ("read", "mlplatform:access"),
    ("GET", "/access/requests"): ("read", "mlplatform:access"),
    ("POST", "/access/requests"): ("write", "mlplatform:access"),
    ("GET", "/access/requests/{request_id}"): ("read", "mlplatform:access"),
    ("POST", "/access/requests/{request_id}/decisions"): ("write", "mlplatform:access"),
    ("POST", "/access/requests/{request_id}/withdrawal"): ("write", "mlplatform:access"),
    ("GET", "/access/delegations"): ("read", "mlplatform:access"),
    ("POST", "/access/delegations"): ("write", "mlplatform:access"),
    ("DELETE", "/access/delegations/{delegation_id}"): ("write", "mlplatform:access"),
    ("GET", "/access/grants"): ("read", "mlplatform:access"),
    ("POST", "/access/grants/{grant_id}/revocation"): ("write", "mlplatform:access"),
    ("GET", "/access/events"): ("read", "mlplatform:access"),
    ("GET", "/access/suggestions"): ("read", "mlplatform:access"),
    ("GET", "/access/oversight"): ("read", "mlplatform:access"),
    ("GET", "/access/audit"): ("read", "mlplatform:access"),
    ("GET", "/access/audit/verification"): ("read", "mlplatform:access"),
    ("GET", "/idle"): ("read", "mlplatform:idle"),
    ("POST", "/idle/leases"): ("write", "mlplatform:idle"),
    ("DELETE", "/idle/leases/{lease_id}"): ("write", "mlplatform:idle"),
    ("POST", "/idle/presence"): ("write", "mlplatform:idle"),
    ("POST", "/idle/unsaved"): ("write", "mlplatform:idle"),
    ("POST", "/idle/saved"): ("write", "mlplatform:idle"),
    ("GET", "/idle/timeline"): ("read", "mlplatform:idle"),
    ("GET", "/idle/report"): ("read", "mlplatform:idle"),
    ("GET", "/packages"): ("read", "mlplatform:packages"),
    ("POST", "/packages/application"): ("write", "mlplatform:packages"),
    ("DELETE", "/packages/application"): ("write", "mlplatform:packages"),
    ("POST", "/packages/checks"): ("write", "mlplatform:packages"),
    ("GET", "/packages/checks/{examination_id}"): ("read", "mlplatform:packages"),
    ("DELETE", "/packages/checks/{examination_id}"): ("write", "mlplatform:packages"),
    ("POST", "/handoff/plans"): ("write", "mlplatform:handoff"),
    ("GET", "/handoff/runs"): ("read", "mlplatform:handoff"),
    ("POST", "/handoff/runs"): ("write", "mlplatform:handoff"),
    ("GET", "/handoff/runs/{run_id}"): ("read", "mlplatform:handoff"),
    ("GET", "/handoff/runs/{run_id}/log"): ("read", "mlplatform:handoff"),
    ("POST", "/handoff/runs/{run_id}/cancellation"): ("write", "mlplatform:handoff"),
    ("GET", "/handoff/versions"): ("read", "mlplatform:handoff"),
    ("GET", "/handoff/versions/{version_id}"): ("read", "mlplatform:handoff"),
    ("POST", "/handoff/versions/{version_id}/decisions"): ("write", "mlplatform:handoff"),
}


class Recorder(Authorizer):
    """Writes down what it is asked, and allows nothing."""

    asked: list[tuple[str, str]]

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked.append((action, resource))
        return False


@pytest.fixture
def jp_server_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    server: dict[str, Any] = {"jpserver_extensions": {"jupyter_mlplatform": True}}
    if request.node.get_closest_marker("parametrize") and "signed_out" in request.node.name:
        server["allow_unauthenticated_access"] = True
    else:
        server["authorizer_class"] = Recorder
    return {"ServerApp": server}


def test_the_table_lists_every_verb_of_every_route() -> None:
    assert {(method.upper(), path) for path, method, _ in operations()} == set(EXPECTED)


async def refused(jp_fetch: Callable[..., Any], method: str, path: str, **kwargs: Any) -> Any:
    body = "{}" if method == "POST" else None
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("api/mlplatform/v1" + re.sub(r"\{\w+\}", "some-id", path), method=method, body=body, **kwargs)
    return caught.value


@pytest.mark.parametrize(("method", "path"), EXPECTED)
async def test_a_verb_asks_for_its_action_on_its_resource(jp_fetch: Callable[..., Any], method: str, path: str) -> None:
    Recorder.asked = []
    error = await refused(jp_fetch, method, path)
    assert error.code == 403
    assert Recorder.asked == [EXPECTED[method, path]]


@pytest.mark.parametrize(("method", "path"), EXPECTED)
async def test_signed_out_a_verb_answers_nothing_even_where_the_server_lets_strangers_in(
    jp_fetch: Callable[..., Any], method: str, path: str
) -> None:
    """``signed_out``: the server's own gate is open, so that only the verb's decorator can refuse."""
    error = await refused(jp_fetch, method, path, headers={"Authorization": "token wrong"})
    assert error.code == 403
    assert b"request.forbidden" in error.response.body
