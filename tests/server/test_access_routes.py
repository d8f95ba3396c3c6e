"""Data access over REST: the same rules, the same words, and every wrong input a Problem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform import policy
from jupyter_mlplatform.access.messages import Registration
from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.server.handlers import SERVICES_SETTING
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import Place, Workspace
from tests.access.world import write_data
from tests.server.conftest import Call

NEW = {"dataset_id": "weld_guns", "purpose": "model-training", "days": 30, "idempotency_key": "1"}


@pytest.fixture
def be(jp_serverapp: ServerApp, tmp_path: Path) -> Callable[[str], Services]:
    """``be("alice")`` makes the server alice's; all people share one state, in which bob owns weld_guns."""

    def become(person: str) -> Services:
        workspace = Workspace(
            person=person,
            identity_from="the test",
            place=Place.MACHINE,
            name="test",
            shared_dir=tmp_path / "shared",
            local_dir=tmp_path / person,
        )
        services = Services(workspace, policy.EffectivePolicy())
        jp_serverapp.web_app.settings[SERVICES_SETTING] = services
        return services

    access = become("bob").access
    registration = Registration(id="weld_guns", title="Welding guns", classification="confidential")
    access.register("bob", write_data(tmp_path / "weld.parquet"), registration)
    return become


async def ask(call: Call, be: Callable[[str], Services], **changes: Any) -> dict[str, Any]:
    be("alice")
    status, body = await call("POST", "access/requests", {**NEW, **changes})
    assert status == 201
    return dict(body)


async def test_the_story_over_rest(call: Call, be: Callable[[str], Services]) -> None:
    be("alice")
    status, page = await call("GET", "access/datasets", params={"q": "weld"})
    assert (status, page["total"], page["items"][0]["access"]) == (200, 1, "none")
    request = await ask(call, be, columns=["gun_id", "force"])
    assert (request["state"], request["approvers"]) == ("submitted", ["bob"])
    be("bob")
    status, inbox = await call("GET", "access/requests", params={"role": "inbox"})
    assert [each["id"] for each in inbox["items"]] == [request["id"]]
    decision = {"verdict": "approve", "revision": 1, "columns": ["force"]}
    status, decided = await call("POST", f"access/requests/{request['id']}/decisions", decision)
    assert (status, decided["state"]) == (200, "approved")
    alice = be("alice")
    status, page = await call("GET", "access/datasets/weld_guns")
    assert (page["access"], page["grant"]["scope"]["columns"], page["dataset"]["location"]) == (
        "granted",
        ["force"],
        "",
    )
    assert alice.access.load("alice", "weld_guns").table.column_names == ["force"]
    status, ended = await call("POST", f"access/grants/{decided['grant_id']}/revocation", {"reason": "done"})
    assert (status, ended["state"], ended["end_reason"]) == (200, "ended", "revoked")
    with pytest.raises(PlatformError, match="has ended"):
        alice.access.load("alice", "weld_guns")
    status, events = await call("GET", "access/events")
    actions = [event["action"] for event in events["items"]]
    assert actions == ["request.submitted", "grant.created", "request.approved", "data.loaded", "grant.revoked"]


@pytest.mark.parametrize("verdict", ["approve", "reject", "ask_changes"])
async def test_deciding_on_an_own_request_is_a_clear_403(
    call: Call, be: Callable[[str], Services], verdict: str
) -> None:
    request = await ask(call, be)
    path = f"access/requests/{request['id']}/decisions"
    status, body = await call("POST", path, {"verdict": verdict, "revision": 1, "reason": "me"})
    assert status == 403
    assert body == {
        "code": "access.four_eyes",
        "message": "You cannot decide on your own request.",
        "cause": "Another person has to look at it.",
        "next_step": "Ask bob.",
    }
    status, body = await call("GET", f"access/requests/{request['id']}")
    assert (status, body["state"]) == (200, "submitted")


async def test_the_same_key_twice_is_one_request(call: Call, be: Callable[[str], Services]) -> None:
    assert await ask(call, be) == await ask(call, be)
    status, mine = await call("GET", "access/requests")
    assert (status, len(mine["items"])) == (200, 1)


async def test_a_key_that_comes_with_another_body_is_a_409(call: Call, be: Callable[[str], Services]) -> None:
    await ask(call, be)
    status, body = await call("POST", "access/requests", {**NEW, "days": 5})
    assert (status, body["code"]) == (409, "access.key_reused")


async def test_a_decision_on_an_old_revision_is_a_409(call: Call, be: Callable[[str], Services]) -> None:
    request = await ask(call, be)
    await ask(call, be, idempotency_key="2", days=5)
    be("bob")
    path = f"access/requests/{request['id']}/decisions"
    status, body = await call("POST", path, {"verdict": "approve", "revision": 1})
    assert (status, body["code"]) == (409, "access.revision_changed")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "access/requests", {**NEW, "dataset_id": "weld_gun"}, 404, "access.no_dataset"),
        ("POST", "access/requests", {**NEW, "purpose": "fun"}, 400, "access.invalid_purpose"),
        ("POST", "access/requests", {**NEW, "columns": ["x"]}, 400, "access.invalid_columns"),
        ("POST", "access/requests", {**NEW, "days": 91}, 400, "access.invalid_days"),
        ("POST", "access/requests", {**NEW, "days": "30"}, 400, "request.invalid"),
        ("POST", "access/requests", {**NEW, "colums": []}, 400, "request.invalid"),
        ("POST", "access/requests", {**NEW, "idempotency_key": ""}, 400, "access.invalid_key"),
        ("POST", "access/requests", {**NEW, "reason": "\ud800"}, 400, "request.invalid"),
        ("POST", "access/requests", {**NEW, "days": 10**40}, 400, "access.invalid_days"),
        ("POST", "access/requests", "{", 400, "request.invalid"),
        ("POST", "access/requests", [], 400, "request.invalid"),
        ("POST", "access/requests/r-0/decisions", {"verdict": "approve", "revision": 1}, 404, "access.no_request"),
        ("POST", "access/requests/r-0/decisions", {"verdict": "maybe", "revision": 1}, 400, "request.invalid"),
        ("POST", "access/requests/r-0/withdrawal", {}, 404, "access.no_request"),
        ("POST", "access/grants/g-0/revocation", {}, 404, "access.no_grant"),
        ("GET", "access/requests/r-0", None, 404, "access.no_request"),
        ("GET", "access/datasets/nothing", None, 404, "access.no_dataset"),
        ("GET", "access/datasets/..%2Fetc", None, 404, "access.no_dataset"),
    ],
)
async def test_bad_input_is_a_problem_and_changes_nothing(
    call: Call, be: Callable[[str], Services], method: str, path: str, body: Any, status: int, code: str
) -> None:
    access = be("alice").access
    seq = access.last_seq()
    found, problem = await call(method, path, body)
    assert (found, problem["code"]) == (status, code)
    assert set(problem) == {"code", "message", "cause", "next_step"}
    assert access.last_seq() == seq


@pytest.mark.parametrize(("path", "role"), [("access/requests", "owned"), ("access/grants", "inbox")])
async def test_an_unknown_role_is_a_problem(call: Call, be: Callable[[str], Services], path: str, role: str) -> None:
    be("alice")
    status, body = await call("GET", path, params={"role": role})
    assert (status, body["code"]) == (400, "access.invalid_role")


@pytest.mark.parametrize("number", ["-1", "9" * 18, "9" * 40])
async def test_a_page_that_cannot_be_is_empty_or_a_problem(
    call: Call, be: Callable[[str], Services], number: str
) -> None:
    be("alice")
    status, body = await call("GET", "access/datasets", params={"offset": number, "limit": number})
    assert (status, body.get("total")) == (200, 1)


async def test_the_form_offers_what_the_policy_allows(call: Call, be: Callable[[str], Services]) -> None:
    be("alice")
    status, body = await call("GET", "access/options")
    assert (status, body["default_days"], body["max_days"]["restricted"]) == (200, 30, 30)
    assert body["purposes"][0] == {"code": "exploration", "label": "Explore whether the data helps"}
