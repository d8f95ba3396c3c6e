"""The hand-off over REST: what the panel does, and what it is told when it goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.poll import until_async
from tests.server.conftest import Call

TRAIN = """
import json, os, pathlib
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("model")
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "metrics.json").write_text(json.dumps({"auc": 0.9}))
print("trained")
"""


@pytest.fixture
def script(jp_root_dir: Path) -> str:
    (jp_root_dir / "train.py").write_text(TRAIN)
    return "train.py"


async def planned(call: Call, path: str) -> dict[str, Any]:
    status, plan = await call("POST", "handoff/plans", {"path": path})
    assert status == 200, plan
    found: dict[str, Any] = plan
    return found


async def started(call: Call, path: str, key: str = "key") -> tuple[int, Any]:
    plan = await planned(call, path)
    return await call("POST", "handoff/runs", {"path": path, "plan_hash": plan["hash"], "idempotency_key": key})


async def finished(call: Call, run_id: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        _, run = await call("GET", f"handoff/runs/{run_id}")
        return run if run["state"] in ("Succeeded", "Failed", "Stopped", "Interrupted") else None

    found = await until_async(look, 60)
    assert found is not None
    return found


async def test_from_the_plan_to_a_version_that_its_author_may_not_approve(call: Call, script: str) -> None:
    status, run = await started(call, script)
    assert (status, run["state"]) == (202, "Starting")
    assert (await started(call, script))[1]["id"] == run["id"]
    run = await finished(call, run["id"])
    assert (run["state"], run["error"]) == ("Succeeded", "")
    assert run["metrics"] == [{"step": "train", "name": "auc", "value": 0.9}]
    status, log = await call("GET", f"handoff/runs/{run['id']}/log", params={"step": "train"})
    assert (status, log["complete"], "trained" in log["text"]) == (200, True, True)

    status, versions = await call("GET", "handoff/versions")
    (version,) = versions["items"]
    assert version["state"] == "PendingManualApproval"
    status, problem = await call("POST", f"handoff/versions/{version['id']}/decisions", {"state": "Approved"})
    assert (status, problem["code"]) == (403, "handoff.self_approval")
    assert all(problem[field] for field in ("message", "cause", "next_step"))
    assert (await call("GET", f"handoff/versions/{version['id']}"))[1]["approvals"] == []


async def test_files_that_changed_since_the_plan_are_a_conflict(call: Call, script: str, jp_root_dir: Path) -> None:
    plan = await planned(call, script)
    (jp_root_dir / script).write_text("print(1)")
    body = {"path": script, "plan_hash": plan["hash"], "idempotency_key": "key"}
    status, problem = await call("POST", "handoff/runs", body)
    assert (status, problem["code"]) == (409, "handoff.plan_changed")
    assert (await call("GET", "handoff/runs"))[1] == {"items": []}


async def test_a_notebook_without_a_kernel_cannot_be_started(call: Call, jp_root_dir: Path) -> None:
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), jp_root_dir / "a.ipynb")
    plan = await planned(call, "a.ipynb")
    assert plan["startable"] is False
    assert any(each["check"] == "kernel" and each["fix"] for each in plan["findings"])
    status, problem = await started(call, "a.ipynb")
    assert (status, problem["code"]) == (409, "handoff.blocked")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"path": "broken.ipynb"}, 400, "handoff.notebook_broken"),
        ({"path": "../x.ipynb"}, 400, "handoff.outside"),
        ({"path": "missing.ipynb"}, 404, "handoff.no_file"),
        ({"path": 3}, 400, "request.invalid"),
        ({"path": "a.py", "parms": {}}, 400, "request.invalid"),
        ({}, 400, "request.invalid"),
    ],
)
async def test_bad_input_is_a_clear_error(
    call: Call, jp_root_dir: Path, body: dict[str, Any], status: int, code: str
) -> None:
    (jp_root_dir / "broken.ipynb").write_text("{")
    found, problem = await call("POST", "handoff/plans", body)
    assert (found, problem["code"]) == (status, code)
    assert set(problem) == {"code", "message", "cause", "next_step"}
    assert "Traceback" not in json.dumps(problem)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "handoff/runs/run-0", None),
        ("GET", "handoff/versions/x-1", None),
        ("POST", "handoff/runs/run-0/cancellation", {}),
        ("POST", "handoff/versions/x-1/decisions", {"state": "Approved"}),
    ],
)
async def test_what_is_not_there_is_not_found(call: Call, method: str, path: str, body: Any) -> None:
    status, problem = await call(method, path, body)
    assert (status, problem["code"][:10]) == (404, "handoff.no")


async def test_a_run_is_cancelled_over_rest(call: Call, jp_root_dir: Path) -> None:
    (jp_root_dir / "wait.py").write_text("import time; time.sleep(60)")
    _, run = await started(call, "wait.py")
    status, _ = await call("POST", f"handoff/runs/{run['id']}/cancellation", {})
    assert status == 202
    assert (await finished(call, run["id"]))["state"] == "Stopped"
