"""A project to hand off, and the feature as it is wired, with data lineage and people that the tests choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from jupyter_mlplatform.errors import Forbidden
from jupyter_mlplatform.handoff.aws.validate import validate
from jupyter_mlplatform.handoff.local.bundle import TarPacker
from jupyter_mlplatform.handoff.local.kernels import InstalledKernels
from jupyter_mlplatform.handoff.local.runner import LocalRunner
from jupyter_mlplatform.handoff.local.sources import ProjectFiles
from jupyter_mlplatform.handoff.local.sqlite_store import SqliteStore
from jupyter_mlplatform.handoff.models import DataInput, NewPlan, NewRun, Run
from jupyter_mlplatform.handoff.planner import Planner
from jupyter_mlplatform.handoff.progress import FINAL
from jupyter_mlplatform.handoff.service import HandoffService
from jupyter_mlplatform.policy import HandoffPolicy
from tests.poll import until

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
GRANT_ENDS = NOW + timedelta(days=30)
MAKES_A_MODEL = """
import json, os, pathlib
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(f"{lr!r} {name!r}")
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "metrics.json").write_text(json.dumps({"auc": 0.5 + lr}))
print("trained with", lr)
"""
STEPS_YAML = """
handoff: 1
name: welds
source: {entry: prepare.py}
env: {kernel: python3}
params: {auc_min: 0.8, lr: 1e-1}
inputs: {raw: dataset:weld_guns}
steps:
  - {name: prepare, run: prepare.py, out: [train]}
  - {name: train, run: train.py, in: [train], out: [model], on: ml.m5.xlarge, spot: true}
  - {name: evaluate, run: evaluate.py, in: [model, train], out: [report]}
gate: {report.metrics.auc.value: ">= auc_min"}
register: {group: welds}
"""
PREPARE = """
import os, pathlib
rows = pathlib.Path(os.environ["SM_CHANNEL_RAW"], "weld_guns.parquet").read_text()
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "train", "rows.txt").write_text(rows.upper())
"""
TRAIN = """
import json, os, pathlib
rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "rows.txt").read_text()
params = json.loads(os.environ["SM_HPS"])
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(f"{rows} {params['lr']}")
"""
EVALUATE = """
import json, os, pathlib
model = pathlib.Path(os.environ["SM_CHANNEL_MODEL"], "model.txt").read_text()
assert model.startswith("ROWS"), model
report = {"metrics": {"auc": {"value": 0.9}}}
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "report", "metrics.json").write_text(json.dumps(report))
"""


class Granted:
    """Data lineage of one dataset: ``weld_guns``, granted to alice."""

    def __init__(self) -> None:
        self.fingerprint = "sha256:abc"

    def grant(self, person: str, dataset_id: str) -> DataInput:
        if (person, dataset_id) != ("alice", "weld_guns"):
            raise Forbidden("access.none", f"You have no access to {dataset_id}.", next_step="Ask for it.")
        return DataInput(
            name=dataset_id,
            uri=f"dataset:{dataset_id}",
            fingerprint=self.fingerprint,
            grant_id="grant-1",
            grant_ends=GRANT_ENDS,
        )

    def materialise(self, person: str, dataset_id: str, folder: Path) -> DataInput:
        given = self.grant(person, dataset_id)
        (folder / f"{dataset_id}.parquet").write_text("rows")
        return given


class QuietRunner(LocalRunner):
    """Writes down what would be launched."""

    launched: list[str]

    def launch(self, run_id: str) -> None:
        self.launched = [*getattr(self, "launched", []), run_id]


class Place:
    """A folder with projects and the feature over one state folder; ``time`` is what its clock says."""

    def __init__(
        self, folder: Path, policy: HandoffPolicy | None = None, runner: type[LocalRunner] = QuietRunner
    ) -> None:
        self.root = folder / "root"
        self.root.mkdir(exist_ok=True)
        self.state = folder / "state"
        self.time: datetime | None = NOW if runner is QuietRunner else None
        self.policy = policy or HandoffPolicy()
        self.lineage = Granted()
        self.store = SqliteStore(self.state / "handoff.db")
        self.runner = runner(self.state / "runs", self.store.path)
        self.packer = TarPacker(self.state / "bundles")
        self.service = HandoffService(
            planner=Planner(ProjectFiles(), self.packer, InstalledKernels(), self.lineage, validate, self.policy),
            packer=self.packer,
            lineage=self.lineage,
            runner=self.runner,
            store=self.store,
            policy=self.policy,
            clock=lambda: self.time or datetime.now(timezone.utc),
        )

    def write(self, **files: str) -> None:
        """``prepare="…"`` writes ``prepare.py``."""
        for name, text in files.items():
            (self.root / f"{name}.py").write_text(text)

    def steps(self, **files: str) -> str:
        """The project with three scripts as steps; returns its path."""
        self.write(**{"prepare": PREPARE, "train": TRAIN, "evaluate": EVALUATE, **files})
        (self.root / "handoff.yaml").write_text(STEPS_YAML)
        return "handoff.yaml"

    def notebook(self, *cells: tuple[str, str], path: str = "two.ipynb", kernel: str = "python3") -> str:
        """A notebook of (tags, code); returns its path. Without cells: one that trains."""
        write_notebook(self.root / path, cells or (("parameters", "lr = 0.1\nname = 'x'"), ("", MAKES_A_MODEL)), kernel)
        return path

    def start(self, path: str, key: str = "key", person: str = "alice", **params: Any) -> Run:
        plan = self.service.plan(person, self.root, NewPlan(path=path, params=params))
        blocked = [each.message for each in plan.findings if each.severity.value == "blocked"]
        assert not blocked
        wanted = NewRun(path=path, plan_hash=plan.hash, idempotency_key=key, params=params)
        return self.service.start(person, self.root, wanted)

    def finished(self, run: Run, seconds: float = 60) -> Run:
        """The run once it is final."""
        return until(lambda: found if (found := self.service.run(run.person, run.id)).state in FINAL else None, seconds)

    def step(self, run_id: str, name: str) -> Any:
        return next(step for step in self.service.run("alice", run_id).steps if step.name == name)


def write_notebook(path: Path, cells: tuple[tuple[str, str], ...], kernel: str = "python3") -> None:
    made = new_notebook(
        cells=[
            new_markdown_cell("# A title"),
            *(new_code_cell(code, metadata={"tags": tags.split()}) for tags, code in cells),
        ]
    )
    if kernel:
        made.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Nothing is executed here."""
    made = Place(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Place]:
    """Runs are executed here by real processes; those left over are stopped."""
    made = Place(tmp_path, runner=LocalRunner)
    yield made
    for run, _ in made.store.runs(unfinished=True):
        made.service.cancel(run.person, run.id)
        made.finished(run)
    made.store.close()


@pytest.fixture
def place_with(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """A place under another policy."""
    opened: list[Place] = []

    def make(**policy: Any) -> Place:
        opened.append(Place(tmp_path, HandoffPolicy(**policy)))
        return opened[-1]

    yield make
    for each in opened:
        each.store.close()
