"""What somebody may put into a body over HTTP to get more than they may: every time a Problem, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
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


async def test_a_field_that_is_not_the_persons_to_say_is_refused_in_every_body(call: Call, be: Be) -> None:
    made = await asked(call, be)
    bodies = {
        "access/requests": {**NEW, "idempotency_key": "2"},
        f"access/requests/{made['id']}/withdrawal": {"reason": "x"},
        f"access/requests/{made['id']}/decisions": {"verdict": "approve", "revision": 1, "stage": "owner"},
        "access/grants/g-1/revocation": {"reason": "x"},
        "access/delegations": {"delegate": "dora", "not_after": "2099-01-01T00:00:00Z"},
    }
    for person in ("alice", "bob"):
        before = be(person).access.last_seq()
        for path, body in bodies.items():
            for field in STATE.keys() - body.keys():
                status, answer = await call("POST", path, {**body, field: STATE[field]})
                assert (status, answer["code"]) == (400, "request.invalid"), (person, path, field)
        assert be(person).access.last_seq() == before


async def test_a_decision_cannot_say_what_only_a_request_says(call: Call, be: Be) -> None:
    """All but columns and rows, which an approver may narrow, and which are checked."""
    made = await asked(call, be)
    be("bob")
    for field in ("beneficiary", "renews", "basket", "columns", "rows", "idempotency_key"):
        body = {"verdict": "approve", "revision": 1, field: ["salary"] if field == "columns" else {"a": 1}}
        status, answer = await call("POST", f"access/requests/{made['id']}/decisions", body)
        assert is_problem(status, answer), field


async def test_the_same_field_twice_is_decided_by_the_one_that_was_checked(call: Call, be: Be) -> None:
    be("alice")
    body = json.dumps(NEW)[:-1] + ', "days": 5000}'
    status, answer = await call("POST", "access/requests", body)
    assert (status, answer["code"]) == (400, "access.invalid_days")


async def test_a_decision_on_another_revision_is_refused(call: Call, be: Be) -> None:
    made = await asked(call, be)
    be("bob")
    path = f"access/requests/{made['id']}/decisions"
    for revision in (0, -1, 2, 10**30):
        status, answer = await call("POST", path, {"verdict": "approve", "revision": revision})
        assert (status, answer["code"]) == (409, "access.revision_changed"), revision


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


async def test_what_is_poison_is_a_problem_and_leaves_nothing_behind(call: Call, be: Be) -> None:
    made = await asked(call, be, idempotency_key="first", days=7)
    for name, (path, body) in POISON.items():
        access = be("bob" if "decisions" in path else "alice").access
        before = access.last_seq()
        status, answer = await call("POST", path.format(id=made["id"]), body)
        assert is_problem(status, answer), (name, status, answer)
        assert access.last_seq() == before, name
        assert access.verify_audit().intact, name


async def test_somebody_elses_key_is_just_a_key(call: Call, be: Be) -> None:
    """It neither shows nor changes what the other has sent with it."""
    made = await asked(call, be, reason="CANARY-of-alice")
    be("carol")
    status, hers = await call("POST", "access/requests", {**NEW, "reason": "mine"})
    assert (status, hers["requester"]) == (201, "carol")
    assert hers["id"] != made["id"]
    assert "CANARY" not in json.dumps(hers)
    assert [each.requester for each in be("alice").access.requests("alice").items] == ["alice"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "access/requests/{request}/decisions", {"verdict": "approve", "revision": 1}),
        ("POST", "access/requests/{request}/withdrawal", {}),
        ("POST", "access/grants/{grant}/revocation", {}),
        ("DELETE", "access/delegations/{delegation}", None),
    ],
)
async def test_a_stranger_does_not_learn_from_a_refusal_who_asked_for_what(
    call: Call, be: Be, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """The same answer as for something that does not exist, but for the name that was sent."""
    first = await asked(call, be)
    be("bob")
    decided = f"access/requests/{first['id']}/decisions"
    _, approved = await call("POST", decided, {"verdict": "approve", "revision": 1})
    end = (datetime.now(timezone.utc) + timedelta(days=3)).isoformat()
    _, given = await call("POST", "access/delegations", {"delegate": "alice", "not_after": end})
    waiting = await asked(call, be, idempotency_key="2", days=3)
    be("zoe")
    sent = {"request": waiting["id"], "grant": approved["grant_id"], "delegation": given["id"]}
    status, answer = await call(method, path.format(**sent), body)
    told = json.dumps(answer)
    assert (status, "alice" in told, "bob" in told, "weld" in told) == (404, False, False, False), told
    nothing = await call(method, path.format(request="x-1", grant="x-1", delegation="x-1"), body)
    noun = path.split("{")[1].split("}")[0]
    assert (status, told) == (nothing[0], json.dumps(nothing[1]).replace("x-1", sent[noun]))
