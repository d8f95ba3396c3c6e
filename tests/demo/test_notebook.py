"""Alice's notebook: clean, short to hand off, and it runs by hand with what was granted."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from jupyter_mlplatform.demo.folder import ALICE, DemoFolder
from jupyter_mlplatform.demo.servers import environment
from jupyter_mlplatform.handoff.models import NewPlan, Severity
from tests.demo.people import granted, services


def run_by_hand(folder: DemoFolder) -> Any:
    work = folder.work(ALICE)
    notebook = nbformat.read(work / "weld_faults.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(work)}})
    return client.execute(env=environment(folder, ALICE))


def test_it_is_clean() -> None:
    from jupyter_mlplatform.demo.seed import OURS

    notebook = nbformat.read(OURS / "alice" / "weld_faults.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert {tag for cell in code for tag in cell.metadata.get("tags", [])} == {
        "parameters",
        "prepare",
        "train",
        "evaluate",
    }
    assert len((OURS / "alice" / "handoff.yaml").read_text(encoding="utf-8").splitlines()) <= 25


def test_without_a_grant_it_says_what_to_do(folder: DemoFolder) -> None:
    with pytest.raises(CellExecutionError, match="weld_guns"):
        run_by_hand(folder)


def test_with_a_grant_it_runs_from_top_to_bottom(folder: DemoFolder) -> None:
    grant = granted(folder)
    done = run_by_hand(folder)
    shown = "".join(output.get("text", "") for cell in done.cells for output in cell.get("outputs", []))
    assert f"14,400 welds, {len(grant.scope.columns)} columns" in shown
    metrics = json.loads((folder.work(ALICE) / "scratch" / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert 0.85 < metrics["auc"] < 0.95


def test_it_can_be_handed_off(folder: DemoFolder) -> None:
    granted(folder)
    handoff = services(folder, ALICE).handoff
    plan = handoff.plan("alice", folder.work(ALICE), NewPlan(path="handoff.yaml"))
    assert [finding for finding in plan.findings if finding.severity is not Severity.OK] == []
    assert plan.startable
    assert [step.name for step in plan.steps] == ["prepare", "train", "evaluate", "gate", "register", "gate-not-met"]
    assert "EUR" in plan.cost


def test_what_running_by_hand_leaves_is_not_handed_off(folder: DemoFolder) -> None:
    granted(folder)
    handoff = services(folder, ALICE).handoff
    before = handoff.plan("alice", folder.work(ALICE), NewPlan(path="handoff.yaml"))
    (folder.work(ALICE) / "scratch").mkdir()
    (folder.work(ALICE) / "scratch" / "train.parquet").write_bytes(b"data")
    assert handoff.plan("alice", folder.work(ALICE), NewPlan(path="handoff.yaml")).hash == before.hash
