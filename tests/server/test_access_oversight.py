"""Suggestions, hidden datasets, oversight and audit over REST, and what the command line says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform import policy
from jupyter_mlplatform.access.messages import NewDecision, NewRequest, Registration
from jupyter_mlplatform.access.models import Verdict
from jupyter_mlplatform.policy import AccessPolicy, Policy
from jupyter_mlplatform.server.handlers import SERVICES_SETTING
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import Place, Workspace
from tests.access.world import write_data
from tests.server.conftest import Call

RULES = Policy(access=AccessPolicy(admins=("ada",), hidden_tags=("merger",)))


@pytest.fixture
def be(jp_serverapp: ServerApp, tmp_path: Path) -> Callable[[str], Services]:
    """``be("alice")`` makes the server alice's. Bob owns weld_guns, granted to alice, and a hidden plan."""

    def become(person: str) -> Services:
        workspace = Workspace(
            person=person,
            identity_from="the test",
            place=Place.MACHINE,
            name="test",
            shared_dir=tmp_path / "shared",
            local_dir=tmp_path / person,
        )
        services = Services(workspace, policy.EffectivePolicy(policy=RULES))
        jp_serverapp.web_app.settings[SERVICES_SETTING] = services
        return services

    access = become("bob").access
    access.register("bob", write_data(tmp_path / "weld.parquet"), Registration(id="weld_guns", title="Welding guns"))
    hidden = Registration(id="merger_2030", title="Weld merger", tags=("merger",))
    access.register("bob", write_data(tmp_path / "plan.parquet"), hidden)
    new = NewRequest(dataset_id="weld_guns", purpose="reporting", days=3, idempotency_key="1")
    access.decide("bob", access.ask("alice", new).id, NewDecision(verdict=Verdict.APPROVE, revision=1))
    return become


async def ids(call: Call, **params: str) -> list[str]:
    status, body = await call("GET", "access/suggestions", params=params)
    assert status == 200
    return [each["id"] for each in body["items"]]


async def test_what_is_typed_is_answered_with_ids_and_titles(call: Call, be: Callable[[str], Services]) -> None:
    be("bob")
    answer = await call("GET", "access/suggestions", params={"text": "welding"})
    assert answer == (200, {"items": [{"id": "weld_guns", "title": "Welding guns"}]})
    assert await ids(call, text="weld") == ["weld_guns", "merger_2030"]
    assert await ids(call, text="") == await ids(call) == []
    status, body = await call("GET", "access/suggestions", params={"text": "w", "as": "ada"})
    assert (status, body["code"]) == (400, "request.invalid")


async def test_a_hidden_dataset_is_there_for_its_owner_and_nowhere_for_strangers(
    call: Call, be: Callable[[str], Services]
) -> None:
    be("bob")
    assert await ids(call, text="merg") == ["merger_2030"]
    be("zoe")
    assert await ids(call, text="merg") == []
    _, page = await call("GET", "access/datasets", params={"q": "weld"})
    assert ([each["id"] for each in page["items"]], page["total"], page["capped"]) == (["weld_guns"], 1, False)
    hidden = await call("GET", "access/datasets/merger_2030")
    unknown = await call("GET", "access/datasets/nothing_2030")
    assert hidden[0] == unknown[0] == 404
    assert str(hidden[1]).replace("merger", "nothing") == str(unknown[1])
    asked = await call(
        "POST",
        "access/requests",
        {"dataset_id": "merger_2030", "purpose": "reporting", "idempotency_key": "2"},
    )
    assert (asked[0], asked[1]["code"]) == (404, "access.no_dataset")


async def test_owners_and_admins_oversee_and_others_are_refused_without_a_name(
    call: Call, be: Callable[[str], Services]
) -> None:
    for person in ("bob", "ada"):
        be(person)
        status, page = await call("GET", "access/oversight", params={"dataset": "weld_guns"})
        assert (status, page["total"], page["counters"]["states"]) == (200, 1, {"active": 1})
        assert page["items"][0]["grants"][0]["grant"]["subject"] == "alice"
        assert (await call("GET", "access/options"))[1]["may_oversee"] is True
    be("alice")
    for path in ("oversight", "audit", "audit/verification"):
        status, problem = await call("GET", f"access/{path}")
        assert (status, problem["code"]) == (403, "access.not_overseer")
        assert not [name for name in ("bob", "ada", "weld", "merger") if name in str(problem)]
    assert (await call("GET", "access/options"))[1]["may_oversee"] is False


async def test_the_trail_is_looked_through_and_checked(call: Call, be: Callable[[str], Services]) -> None:
    be("ada")
    status, page = await call("GET", "access/audit", params={"action": "grant", "limit": "1"})
    assert (status, [each["action"] for each in page["items"]]) == (200, ["grant.created"])
    status, audit = await call("GET", "access/audit/verification")
    assert (status, audit["findings"]) == (200, [])
    be("bob")
    assert (await call("GET", "access/audit/verification"))[0] == 403


@pytest.mark.parametrize("query", [{"limit": "many"}, {"before": "x"}, {"role": "all"}])
async def test_wrong_questions_are_problems(call: Call, be: Callable[[str], Services], query: dict[str, Any]) -> None:
    be("ada")
    status, problem = await call("GET", "access/audit", params=query)
    assert (status, problem["code"]) == (400, "request.invalid")
    status, problem = await call("GET", "access/oversight", params={"state": "none"})
    assert (status, problem["code"]) == (400, "access.invalid_state")
