"""What somebody may put into a body over HTTP to get more than they may: every time a Problem, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlplatform.wiring import Services
from tests.server.conftest import Call

Be = Callable[[str], Services]
NEW = {"dataset_id": "weld_guns", "purpose": "model-training", "days": 30, "idempotency_key": "1"}
STATE = {
    "state": "approved", "version": 9, "approvers": ["alice"], "grant_id": "g-1", "id": "r-1", "requester": "bob",
    "decisions": [], "revision": 5, "created_at": "2020-01-01T00:00:00Z", "kind": "renewal", "review": [],
    "escalated_at": "2020-01-01T00:00:00Z", "scope": {}, "subject": "bob", "person": "bob", "owner": "alice",
    "max_days": 9999, "permission": "write", "__class__": "x", "not_after": "2099-01-01T00:00:00Z",
}  # fmt: skip
DEEP = '{"test":"not","of":' * 3000 + '{"test":"null","column":"force"}' + "}" * 3000


async def asked(call: Call, be: Be, **changes: Any) -> dict[str, Any]:
    be("alice")
    status, body = await call("POST", "access/requests", {**NEW, **changes})
    assert status == 201, body
    return dict(body)


def is_problem(status: int, body: Any) -> bool:
    return 400 <= status < 500 and set(body) == {"code", "message", "cause", "next_step"}


@pytest.mark.parametrize("field", STATE)
async def test_a_field_that_is_not_the_persons_to_say_is_refused_in_every_body(call: Call, be: Be, field: str) -> None:
    made = await asked(call, be)
    status, body = await call("POST", "access/requests", {**NEW, "idempotency_key": "2", field: STATE[field]})
    assert (status, body["code"]) == (400, "request.invalid")
    bodies = {
        f"access/requests/{made['id']}/withdrawal": {"reason": "x"},
        f"access/requests/{made['id']}/decisions": {"verdict": "approve", "revision": 1, "stage": "owner"},
        "access/grants/g-1/revocation": {"reason": "x"},
        "access/delegations": {"delegate": "dora", "not_after": "2099-01-01T00:00:00Z"},
    }
    before = be("bob").access.last_seq()
    for path, body in bodies.items():
        if field not in body:
            status, answer = await call("POST", path, {**body, field: STATE[field]})
            assert (status, answer["code"]) == (400, "request.invalid"), path
    assert be("bob").access.last_seq() == before


@pytest.mark.parametrize("field", ["beneficiary", "renews", "basket", "columns", "rows", "idempotency_key"])
async def test_a_decision_cannot_say_what_only_a_request_says(call: Call, be: Be, field: str) -> None:
    """All but columns and rows, which an approver may narrow, and which are checked."""
    made = await asked(call, be)
    be("bob")
    body = {"verdict": "approve", "revision": 1, field: ["salary"] if field == "columns" else {"a": 1}}
    status, answer = await call("POST", f"access/requests/{made['id']}/decisions", body)
    assert is_problem(status, answer)


async def test_the_same_field_twice_is_decided_by_the_one_that_was_checked(call: Call, be: Be) -> None:
    be("alice")
    body = json.dumps(NEW)[:-1] + ', "days": 5000}'
    status, answer = await call("POST", "access/requests", body)
    assert (status, answer["code"]) == (400, "access.invalid_days")


@pytest.mark.parametrize("revision", [0, -1, 2, 10**30])
async def test_a_decision_on_another_revision_is_refused(call: Call, be: Be, revision: int) -> None:
    made = await asked(call, be)
    be("bob")
    path = f"access/requests/{made['id']}/decisions"
    status, answer = await call("POST", path, {"verdict": "approve", "revision": revision})
    assert (status, answer["code"]) == (409, "access.revision_changed")


async def test_a_decision_in_another_stage_is_refused(call: Call, be: Be) -> None:
    made = await asked(call, be)
    be("bob")
    path = f"access/requests/{made['id']}/decisions"
    status, answer = await call("POST", path, {"verdict": "approve", "revision": 1, "stage": "privacy"})
    assert (status, answer["code"]) == (409, "access.stage_changed")


NUMBER = "9" * 5000
POISON = {
    "an instant without a zone": ("access/delegations", '{"delegate":"dora","not_after":"2099-01-01T00:00:00"}'),
    "a beginning without a zone": (
        "access/delegations",
        '{"delegate":"dora","not_before":"2027-01-01T00:00:00","not_after":"2027-01-02T00:00:00Z"}',
    ),
    "the first instant of all": (
        "access/delegations",
        '{"delegate":"dora","not_before":"0001-01-01T00:00:00+23:59","not_after":"9999-12-31T23:59:59-23:59"}',
    ),
    "a number of 5,000 digits for days": ("access/requests", json.dumps(NEW).replace("30", NUMBER)),
    "a number of 4,000 digits for days": ("access/requests", json.dumps(NEW).replace("30", NUMBER[:4000])),
    "a number of 5,000 digits for a revision": (
        "access/requests/{id}/decisions",
        '{"verdict":"approve","revision":' + NUMBER + "}",
    ),
    "a number that is infinite": (
        "access/requests",
        json.dumps({**NEW, "rows": {"test": "equals", "column": "force", "value": 0}}).replace(": 0}", ": 1e999}"),
    ),
    "conditions in 3,000 levels": ("access/requests", json.dumps(NEW)[:-1] + ',"rows":' + DEEP + "}"),
    "a key of 1,000 characters": ("access/requests", json.dumps({**NEW, "idempotency_key": "k" * 1000})),
    "a key with a NUL": ("access/requests", json.dumps({**NEW, "idempotency_key": "a\0b"})),
    "half of a character": ("access/requests", json.dumps({**NEW, "basket": "\ud800"})),
    "a beneficiary who reads backwards": ("access/requests", json.dumps({**NEW, "beneficiary": "\u202ebob"})),
    "a dataset with a NUL": ("access/requests", json.dumps({**NEW, "dataset_id": "weld\0guns"})),
    "a dataset of 100,000 characters": ("access/requests", json.dumps({**NEW, "dataset_id": "x" * 100_000})),
    "two million bytes": ("access/requests", json.dumps({**NEW, "reason": "x" * 2_000_000})),
}


@pytest.mark.parametrize("name", POISON)
async def test_what_is_poison_is_a_problem_and_leaves_nothing_behind(call: Call, be: Be, name: str) -> None:
    made = await asked(call, be, idempotency_key="first", days=7)
    person = "bob" if "decisions" in POISON[name][0] else "alice"
    access = be(person).access
    before = access.last_seq()
    path, body = POISON[name]
    status, answer = await call("POST", path.format(id=made["id"]), body)
    assert is_problem(status, answer), (status, answer)
    assert access.last_seq() == before
    assert access.verify_audit().intact


async def test_somebody_elses_key_is_just_a_key(call: Call, be: Be) -> None:
    """It neither shows nor changes what the other has sent with it."""
    made = await asked(call, be, reason="CANARY-of-alice")
    be("carol")
    status, hers = await call("POST", "access/requests", {**NEW, "reason": "mine"})
    assert (status, hers["requester"]) == (201, "carol")
    assert hers["id"] != made["id"]
    assert "CANARY" not in json.dumps(hers)
    assert [each.requester for each in be("alice").access.requests("alice").items] == ["alice"]
