"""Granted data in a hand-off, as it is wired: from the owner's yes to the version's lineage, and not a day longer."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from jupyter_mlplatform.access.messages import NewDecision, NewRequest, Registration, Revocation
from jupyter_mlplatform.access.models import Verdict
from jupyter_mlplatform.errors import Conflict
from jupyter_mlplatform.handoff.models import NewPlan, NewRun, Plan, RunState, Severity
from jupyter_mlplatform.handoff.progress import FINAL
from jupyter_mlplatform.policy import EffectivePolicy
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import Place, Workspace
from tests.poll import until

SPEC = """
handoff: 1
name: columns
source: {entry: columns.py}
inputs: {raw: dataset:weld_guns}
register: {group: columns}
"""
COLUMNS = """
import os, pathlib
import pyarrow.parquet
table = pyarrow.parquet.read_table(os.environ["SM_CHANNEL_RAW"])
pathlib.Path(os.environ["SM_MODEL_DIR"], "columns").write_text(",".join(table.column_names))
print(table.column_names, table.num_rows)
"""


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """Bob's dataset, granted to alice without the column that names workers; her project lies in ``root``."""
    import pyarrow
    import pyarrow.parquet

    data = tmp_path / "weld_guns.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"gun": [1, 2], "force": [0.5, 0.7], "worker": ["a", "b"]}), data)
    workspace = Workspace(
        person="alice",
        identity_from="the test",
        place=Place.MACHINE,
        name="test",
        shared_dir=tmp_path / "shared",
        local_dir=tmp_path / "local",
    )
    made = Services(workspace, EffectivePolicy())
    made.access.register("bob", data, Registration(id="weld_guns", title="Welding guns"))
    asked = made.access.ask(
        "alice", NewRequest(dataset_id="weld_guns", purpose="model-training", days=30, idempotency_key="k")
    )
    made.access.decide(
        "bob", asked.id, NewDecision(verdict=Verdict.APPROVE, revision=asked.revision, columns=("gun", "force"))
    )
    root = tmp_path / "root"
    root.mkdir()
    (root / "columns.py").write_text(COLUMNS)
    (root / "handoff.yaml").write_text(SPEC)
    return made


def planned(services: Services, root: Path) -> Plan:
    return services.handoff.plan("alice", root, NewPlan(path="handoff.yaml"))


def test_only_granted_columns_arrive_and_the_version_names_the_grant(services: Services, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (grant,) = services.access.grants("alice").items
    plan = planned(services, root)
    (given,) = plan.inputs
    assert (given.grant_id, given.grant_ends) == (grant.id, grant.not_after)
    run = services.handoff.start("alice", root, NewRun(path="handoff.yaml", plan_hash=plan.hash, idempotency_key="key"))
    ended = until(lambda: found if (found := services.handoff.run(run.person, run.id)).state in FINAL else None, 60)
    assert (ended.state, ended.error) == (RunState.SUCCEEDED, "")
    (version,) = services.handoff.versions().items
    (data,) = version.lineage.inputs
    assert (data.name, data.uri, data.grant_id, data.grant_ends) == (
        "raw",
        "dataset:weld_guns",
        grant.id,
        grant.not_after,
    )
    assert data.fingerprint

    with tarfile.open(version.artifact) as model:
        content = model.extractfile("columns")
        assert content is not None
        assert content.read() == b"gun,force"
    assert "data.exported" in [event.action for event in services.access.events("bob").items]


def test_after_the_grant_was_revoked_the_shown_plan_no_longer_starts(services: Services, tmp_path: Path) -> None:
    root = tmp_path / "root"
    plan = planned(services, root)
    (grant,) = services.access.grants("alice").items
    services.access.revoke("bob", grant.id, Revocation("no longer"))
    with pytest.raises(Conflict) as caught:
        services.handoff.start("alice", root, NewRun(path="handoff.yaml", plan_hash=plan.hash, idempotency_key="key"))
    assert caught.value.problem.code == "handoff.blocked"
    after = planned(services, root)
    assert any(each.check == "data" and each.severity is Severity.BLOCKED for each in after.findings)
    assert services.handoff.runs("alice").items == ()


def test_before_anybody_said_yes_the_plan_says_so(services: Services, tmp_path: Path) -> None:
    plan = services.handoff.plan("carol", tmp_path / "root", NewPlan(path="handoff.yaml"))
    (why,) = [each for each in plan.findings if each.severity is Severity.BLOCKED]
    assert why.check == "data"
    assert why.message
    assert not plan.startable
