"""The one story, as `make demo STORY=1` plays it: a process of its own, real servers, a real kernel, a real run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from jupyter_mlplatform.demo.folder import ALICE, BOB, PEOPLE, DemoFolder
from jupyter_mlplatform.demo.story import Told
from jupyter_mlplatform.workspace import DEMO_VARIABLE
from tests.demo.people import services
from tests.poll import until

pytestmark = pytest.mark.slow


def play(folder: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jupyter_mlplatform.cli", "demo", "--story", "--folder", str(folder), *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def everything(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that work in this folder: servers, kernels, runs."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(DEMO_VARIABLE, "").startswith(str(folder)):
                found.append(" ".join(process.cmdline()))
    return found


def test_it_is_told_to_its_end_and_twice_gives_nothing_twice(tmp_path: Path, empty_home: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = DemoFolder(tmp_path / "demo")

    first = play(folder.root, elsewhere)

    assert first.returncode == 0, first.stdout + first.stderr
    parts = [
        "asks for 12 columns of weld_guns for 30 days: submitted, waits for bob",
        "cannot decide on it herself",
        "approved 11 columns until",
        "loaded 14,400 rows, 11 columns",
        "Succeeded with auc 0.",
        "PendingManualApproval; made from dataset:weld_guns under grant",
        "cannot decide on it herself",
        "model version weld-faults 1: Approved",
        "Idle verdict: ",
        "advice, not protection",
    ]
    rest = first.stdout
    for part in parts:
        assert part in rest, f"{part!r} is missing, or comes too early, in:\n{first.stdout}"
        rest = rest.split(part, 1)[1]

    assert everything(empty_home) == set()
    assert everything(elsewhere) == set()
    until(lambda: processes_of(folder.root) == [])

    second = play(folder.root, elsewhere, "--json")

    assert second.returncode == 0, second.stdout + second.stderr
    told = json.loads(second.stdout)
    assert set(told) == set(Told.__struct_fields__)
    alice, bob = services(folder, ALICE), services(folder, BOB)
    assert [request.id for request in alice.access.requests("alice").items] == [told["request_id"]]
    assert [grant.id for grant in bob.access.grants("bob", "owned").items] == [told["grant_id"]]
    assert [run.id for run in alice.handoff.runs("alice").items] == [told["run_id"]]
    (version,) = bob.handoff.versions().items
    assert version.id == told["version_id"]
    assert [approval.actor for approval in version.approvals] == ["bob"]
    assert alice.access.verify_audit().intact


def test_it_says_the_cause_and_the_next_step_when_it_cannot_go_on(folder: DemoFolder, tmp_path: Path) -> None:
    notebook = folder.work(ALICE) / "weld_faults.ipynb"
    text = notebook.read_text(encoding="utf-8")
    notebook.write_text(text.replace("model.fit(train", "model.fitt(train"), encoding="utf-8")

    failed = play(folder.root, tmp_path)

    assert failed.returncode != 0
    assert "Traceback" not in failed.stdout + failed.stderr
    assert "The run is Failed." in failed.stderr
    assert "fitt" in failed.stderr
    assert "→" in failed.stderr
    until(lambda: processes_of(folder.root) == [])

    notebook.write_text(text, encoding="utf-8")
    mended = play(folder.root, tmp_path)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert len(services(folder, ALICE).handoff.runs("alice").items) == 2


@contextmanager
def lab(folder: DemoFolder, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """`mlplat demo` in a terminal of its own; the test reads what it prints."""
    command = [sys.executable, "-m", "jupyter_mlplatform.cli", "demo", "--no-browser", "--folder", str(folder.root)]
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        try:
            yield demo
        finally:
            demo.terminate()


def test_interrupted_by_a_signal_it_stops_what_it_has_started(folder: DemoFolder, tmp_path: Path) -> None:
    with lab(folder, tmp_path) as demo:
        assert demo.stdout is not None
        lines = [demo.stdout.readline() for _ in range(4)]
        assert [line.split()[0] for line in lines[:2]] == [person.name for person in PEOPLE]
        assert "token=" in lines[0]
        assert sum("jupyterlab" in each for each in processes_of(folder.root)) == 2
        demo.terminate()
        rest, errors = demo.communicate(timeout=60)
    assert demo.returncode == 0, errors
    assert "Both servers have stopped." in rest
    until(lambda: processes_of(folder.root) == [])


def test_reset_stops_a_demo_that_runs_elsewhere(folder: DemoFolder, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jupyter_mlplatform.cli", "demo", "--reset", "--folder", str(folder.root)]
    with lab(folder, tmp_path) as demo:
        assert demo.stdout is not None
        demo.stdout.readline()
        reset = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        rest, errors = demo.communicate(timeout=60)
    assert reset.returncode == 0, reset.stderr
    assert "was removed" in reset.stdout
    assert "server has ended" in rest, errors
    assert not folder.root.exists()
    until(lambda: processes_of(folder.root) == [])
