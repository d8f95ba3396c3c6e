"""Real runs: processes of this machine, from the plan to the approved version, and everything that goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

import pytest

from jupyter_mlplatform.errors import Forbidden
from jupyter_mlplatform.handoff.local.processes import started
from jupyter_mlplatform.handoff.models import (
    LogPosition,
    NewApproval,
    RunState,
    StepState,
    VersionState,
)
from tests.handoff.conftest import GRANT_ENDS, Place
from tests.poll import until

WAITS = """
import os, pathlib, time
pathlib.Path({pid!r}).write_text(str(os.getpid()))
time.sleep(60)
"""
# Starts a run as a server would, says its id, and waits to be killed.
SERVER = """
import sys, time
from pathlib import Path
from tests.handoff.conftest import LocalRunner, Place
place = Place(Path(sys.argv[1]), runner=LocalRunner)
print(place.start("wait.py").id, flush=True)
time.sleep(60)
"""


def pid_in(file: Path) -> int:
    return until(lambda: int(file.read_text() or 0) if file.exists() else 0)


def gone(pid: int) -> bool:
    return not started(pid)


def waiting(real: Place, tmp_path: Path) -> Path:
    """A project whose only step waits; the file that will hold the step's process id."""
    pid = tmp_path / "pid"
    real.write(wait=WAITS.format(pid=str(pid)))
    return pid


def test_a_notebook_becomes_a_version_that_another_person_approves(real: Place) -> None:
    path = real.notebook()
    before = (real.root / path).read_bytes()
    run = real.finished(real.start(path, lr=0.25))
    assert (run.state, run.error) == (RunState.SUCCEEDED, "")
    assert [(each.step, each.name, each.value) for each in run.metrics] == [("train", "auc", 0.75)]
    assert (real.root / path).read_bytes() == before
    assert real.step(run.id, "train").progress == "cell 2 of 2"

    log = real.service.log("alice", run.id, LogPosition(step="train"))
    assert "trained with 0.25" in log.text
    assert log.complete
    executed = json.loads((real.state / "runs" / run.id / "steps" / "train" / "executed.ipynb").read_text())
    assert "trained with 0.25" in json.dumps(executed["cells"][-1]["outputs"])

    (version,) = real.service.versions().items
    assert (version.id, version.state, version.author) == ("two-1", VersionState.PENDING, "alice")
    assert run.version_id == version.id
    assert version.lineage.run_id == run.id
    assert version.lineage.bundle_digest == run.bundle_digest
    assert version.lineage.environment.startswith(f"Python {sys.version.split()[0]}")
    with tarfile.open(version.artifact) as model:
        content = model.extractfile("model.txt")
        assert content is not None
        assert content.read() == b"0.25 'x'"

    approve = NewApproval(state=VersionState.APPROVED)
    with pytest.raises(Forbidden):
        real.service.approve("alice", version.id, approve)
    approved = real.service.approve("bob", version.id, approve)
    assert real.service.approve("bob", version.id, approve) == approved
    texts = [each.text for each in real.service.notices("alice", 0) if each.text]
    assert texts == ["The hand-off of two succeeded.", "bob approved model version two-1."]


def test_steps_pass_folders_on_and_the_gate_lets_a_good_model_through(real: Place) -> None:
    run = real.finished(real.start(real.steps()))
    assert (run.state, run.error) == (RunState.SUCCEEDED, "")
    assert {step.name: step.state.value for step in run.steps} == {
        "prepare": "Succeeded",
        "train": "Succeeded",
        "evaluate": "Succeeded",
        "gate": "Succeeded",
        "register": "Succeeded",
        "gate-not-met": "Skipped",
    }
    (version,) = real.service.versions().items
    (data,) = version.lineage.inputs
    assert (data.grant_id, data.grant_ends, data.fingerprint) == ("grant-1", GRANT_ENDS, "sha256:abc")
    left = list((real.state / "runs" / run.id).rglob("weld_guns.parquet"))
    assert left == [], "granted data must not outlive the run"


def test_a_model_below_the_gate_is_not_registered(real: Place) -> None:
    run = real.finished(real.start(real.steps(), auc_min=0.95))
    assert run.state is RunState.FAILED
    assert "0.9 against 0.95" in run.error
    assert real.service.versions().items == ()


def test_a_failing_cell_fails_the_run_with_the_cells_error(real: Place) -> None:
    path = real.notebook(("", "print('partial')"), ("", "raise ValueError('no welds')"), ("", "1"))
    run = real.finished(real.start(path))
    assert run.state is RunState.FAILED
    assert "Cell 2 of 3: ValueError: no welds" in run.error
    assert "partial" in real.service.log("alice", run.id, LogPosition(step="train")).text
    assert (real.state / "runs" / run.id / "steps" / "train" / "executed.ipynb").exists()


def test_a_kernel_that_is_killed_fails_the_step_with_the_signal(real: Place) -> None:
    path = real.notebook(("", "print('partial', flush=True)\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)"))
    run = real.finished(real.start(path))
    assert run.state is RunState.FAILED
    assert "cell 1 of 1, ended by SIGKILL" in run.error


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("prepare", "raise KeyError('gun')", "Step prepare failed. KeyError: 'gun'"),
        ("train", "pass", "wrote no model into SM_MODEL_DIR"),
        ("evaluate", "pass", "reads report/metrics.json, but no step wrote it"),
    ],
)
def test_a_failing_script_says_why_in_one_line(real: Place, file: str, text: str, says: str) -> None:
    steps = {"evaluate": textwrap.dedent(EVALUATE_ANY)} if file == "train" else {}
    run = real.finished(real.start(real.steps(**{**steps, file: text})))
    assert run.state is RunState.FAILED
    assert says in run.error


EVALUATE_ANY = """
    import json, os, pathlib
    report = {"metrics": {"auc": {"value": 0.9}}}
    pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "report", "metrics.json").write_text(json.dumps(report))
"""


def test_a_cancelled_run_stops_with_all_its_processes(real: Place, tmp_path: Path) -> None:
    pid = waiting(real, tmp_path)
    run = real.start("wait.py")
    step = pid_in(pid)
    assert real.service.cancel("alice", run.id).state is RunState.STOPPING
    ended = real.finished(run)
    assert (ended.state, ended.steps[0].state) == (RunState.STOPPED, StepState.STOPPED)
    assert gone(step)


LEAVES_A_CHILD = """
import os, pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE)
child.stdout.readline()
pathlib.Path({pid!r}).write_text(str(child.pid))
pathlib.Path(os.environ["SM_MODEL_DIR"], "m").write_text("m")
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


def test_a_run_that_succeeded_leaves_no_child_of_a_step(real: Place, tmp_path: Path) -> None:
    real.write(leave=LEAVES_A_CHILD.format(child=DEAF, pid=str(tmp_path / "pid")))
    run = real.finished(real.start("leave.py"))
    assert (run.state, run.error) == (RunState.SUCCEEDED, "")
    until(lambda: gone(pid_in(tmp_path / "pid")), 5)


def test_a_kernel_that_is_killed_leaves_no_child(real: Place, tmp_path: Path) -> None:
    code = LEAVES_A_CHILD.format(child=DEAF, pid=str(tmp_path / "pid")) + "os.kill(os.getpid(), 9)"
    run = real.finished(real.start(real.notebook(("", code))))
    assert run.state is RunState.FAILED
    until(lambda: gone(pid_in(tmp_path / "pid")), 5)


def test_a_cancelled_run_leaves_no_child_that_ignores_the_wish_to_end(real: Place, tmp_path: Path) -> None:
    real.write(wait=LEAVES_A_CHILD.format(child=DEAF, pid=str(tmp_path / "pid")) + "import time; time.sleep(60)")
    run = real.start("wait.py")
    child = pid_in(tmp_path / "pid")
    real.service.cancel("alice", run.id)
    assert real.finished(run).state is RunState.STOPPED
    until(lambda: gone(child), 5)


def test_a_killed_supervisor_shows_as_interrupted_and_leaves_no_process(real: Place, tmp_path: Path) -> None:
    pid = waiting(real, tmp_path)
    run = real.start("wait.py")
    step = pid_in(pid)
    found = real.store.run(run.id)
    assert found is not None
    assert found[1].pid is not None
    os.kill(found[1].pid, signal.SIGKILL)
    ended = real.finished(run, seconds=10)
    assert ended.state is RunState.INTERRUPTED
    until(lambda: gone(step), 10)
    assert any(each.action == "run.interrupted" and each.text for each in real.service.notices("alice", 0))


def test_a_machine_that_shuts_down_interrupts_the_run_in_order(real: Place, tmp_path: Path) -> None:
    pid = waiting(real, tmp_path)
    run = real.start("wait.py")
    step = pid_in(pid)
    found = real.store.run(run.id)
    assert found is not None
    assert found[1].pid is not None
    os.kill(found[1].pid, signal.SIGTERM)
    ended = real.finished(run, seconds=10)
    assert (ended.state, ended.error) == (RunState.INTERRUPTED, "The machine or its services were stopped.")
    assert gone(step)


def test_steps_that_do_not_need_each_other_run_side_by_side(real: Place, tmp_path: Path) -> None:
    meet = f"""
import pathlib, sys, time
pathlib.Path({str(tmp_path)!r}, "here-{{me}}").touch()
while not pathlib.Path({str(tmp_path)!r}, "here-{{other}}").exists():
    time.sleep(0.02)
"""
    real.write(left=meet.format(me="left", other="right"), right=meet.format(me="right", other="left"))
    (real.root / "handoff.yaml").write_text(
        "{handoff: 1, name: meet, source: {entry: left.py},"
        " steps: [{name: left, run: left.py}, {name: right, run: right.py}]}"
    )
    assert real.finished(real.start("handoff.yaml")).state is RunState.SUCCEEDED


def test_a_run_goes_on_when_the_server_that_started_it_is_killed(real: Place, tmp_path: Path) -> None:
    done = tmp_path / "go"
    real.write(
        wait=f"import pathlib, time, os\nwhile not os.path.exists({str(done)!r}):\n    time.sleep(0.05)\n"
        "pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )
    assert server.stdout is not None
    run_id = server.stdout.readline().strip()
    until(lambda: real.service.run("alice", run_id).state is RunState.EXECUTING)
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    server.stdout.close()
    assert real.service.run("alice", run_id).state is RunState.EXECUTING
    done.write_text("")
    assert real.finished(real.service.run("alice", run_id)).state is RunState.SUCCEEDED
    assert [each.id for each in real.service.versions().items] == ["wait-1"]


def test_a_notebook_in_a_folder_imports_from_the_root_and_reads_beside_itself(real: Place) -> None:
    (real.root / "lib").mkdir()
    (real.root / "lib" / "rules.py").write_text("LIMIT = 3")
    (real.root / "a" / "data").mkdir(parents=True)
    (real.root / "a" / "data" / "rows.txt").write_text("rows")
    cell = "import sys; sys.path.append('../../lib')\nfrom rules import LIMIT\nopen('../data/rows.txt').read()"
    real.notebook(("", cell), path="a/b/deep.ipynb")
    (real.root / "a" / "b" / "handoff.yaml").write_text(
        "{handoff: 1, name: deep, source: {root: ../.., entry: a/b/deep.ipynb}}"
    )
    run = real.finished(real.start("a/b/deep.ipynb"))
    assert (run.state, run.error) == (RunState.SUCCEEDED, "")
