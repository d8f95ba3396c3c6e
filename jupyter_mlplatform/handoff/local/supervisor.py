"""Executes one run: ``python -m jupyter_mlplatform.handoff.local.supervisor FOLDER DATABASE``.

It follows the pipeline definition, survives the server that started it, and says every second that it lives. Only one
supervisor ever gets a run: it claims the run in the store first.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.handoff.local import environment
from jupyter_mlplatform.handoff.local.layout import ORDER, STEPS, STORE, clean
from jupyter_mlplatform.handoff.local.processes import here, started
from jupyter_mlplatform.handoff.local.registry import register
from jupyter_mlplatform.handoff.local.sqlite_store import SqliteStore
from jupyter_mlplatform.handoff.local.steps import BUCKET, LocalBucket, StepProcess
from jupyter_mlplatform.handoff.models import Metric, RunState
from jupyter_mlplatform.handoff.plan import walk
from jupyter_mlplatform.handoff.ports import RunOrder
from jupyter_mlplatform.handoff.progress import FINAL, METRICS, PROGRESS, Lease, RunEvent
from jupyter_mlplatform.handoff.references import look_up, resolve

TICK_SECONDS = 0.1
BEAT_SECONDS = 1.0
PROGRESS_SECONDS = 0.5
PATIENCE_SECONDS = 300.0  # a disk that is full for a while ends no run
TRY_AGAIN_SECONDS = 0.5
T = TypeVar("T")
COMPARE = {
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "GreaterThan": lambda left, right: left > right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
    "LessThan": lambda left, right: left < right,
    "Equals": lambda left, right: left == right,
}


class Supervisor:
    """The execution of one run."""

    def __init__(self, folder: Path, order: RunOrder, store: SqliteStore) -> None:
        self._folder, self._order, self._store = folder, order, store
        self._bucket = LocalBucket(folder / STORE)
        self._waiting = {step["Name"]: (step, after) for step, after in walk(order.definition["Steps"])}
        self._running: dict[str, StepProcess] = {}
        self._said: dict[str, tuple[str, float]] = {}
        self._succeeded: set[str] = set()
        self._error = ""
        self._stop: str = ""
        self._beat_at = 0.0
        self._heard_at = time.monotonic()
        self._metrics: list[Metric] = []
        self._known: dict[str, Any] = {
            "Parameters": {**order.run.params, "ArtifactBucket": BUCKET, "Image": "local", "RoleArn": "local"},
            "Execution": {"PipelineExecutionId": order.run.id},
            "Steps": {},
        }

    def run(self) -> None:
        """Execute to the end, whatever that is."""
        pid = os.getpid()
        lease = Lease(host=here(), pid=pid, pid_started=started(pid))
        if not patiently(lambda: self._store.claim(self._order.run.id, lease, _now())):
            found = self._store.run(self._order.run.id)
            if found and found[0].state in FINAL:
                clean(self._folder)
            return
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "_stop", "run.interrupted"))
        try:
            self._environment = environment.describe(self._order.python, self._folder)
            while self._step():
                time.sleep(TICK_SECONDS)
        except Exception as error:  # noqa: BLE001 (whatever it is, the run must not look alive)
            traceback.print_exc()
            self._error = f"The runner failed: {type(error).__name__}: {error}"
        # Only when nothing runs and no copy of the data is left is the run said to be over.
        self._end_all()
        clean(self._folder)
        self._finish()

    def _step(self) -> bool:
        """One look at everything. Returns whether there is more to do."""
        self._beat()
        if self._stop:
            for each in self._running.values():
                each.end()
        for name, process in list(self._running.items()):
            if process.ended():
                del self._running[name]
                self._ended(process)
            else:
                self._tell_progress(process)
        if not self._stop and not self._error:
            self._start_ready()
        return bool(self._running) or (bool(self._waiting) and not self._stop and not self._error)

    def _tell_progress(self, process: StepProcess, *, now: bool = False) -> None:
        """Say which cell runs, but not more often than people look: a notebook may have thousands of cells."""
        text, at = self._said.get(process.name, ("", 0.0))
        progress = process.progress()
        if progress != text and (now or time.monotonic() - at > PROGRESS_SECONDS):
            self._said[process.name] = (progress, time.monotonic())
            self._say(PROGRESS, process.name, progress)

    def _beat(self) -> None:
        if time.monotonic() - self._beat_at < BEAT_SECONDS:
            return
        self._beat_at = time.monotonic()
        try:
            state = self._store.beat(self._order.run.id, _now())
        except Unavailable:
            if time.monotonic() - self._heard_at > PATIENCE_SECONDS:
                raise
            return
        self._heard_at = time.monotonic()
        if state is RunState.STOPPING:
            self._stop = self._stop or "run.stopped"
        elif state in FINAL:  # somebody took this process for dead, and said so to people already
            self._stop = "run.interrupted"

    def _start_ready(self) -> None:
        for name, (step, after) in list(self._waiting.items()):
            if name not in self._waiting or not set(after) <= self._succeeded or self._error:
                continue
            is_job = step["Type"] in ("Processing", "Training")
            if is_job and len(self._running) >= self._order.max_parallel_steps:
                continue
            del self._waiting[name]
            self._say("step.executing", name)
            try:
                if is_job:
                    self._running[name] = StepProcess(
                        name,
                        step["Type"],
                        resolve(step["Arguments"], self._known, _read_json),
                        self._folder / STEPS / name,
                        self._bucket,
                        self._order,
                    )
                else:
                    self._decide(step)
            except KeyError as error:
                self._failed(name, f"It needs {error.args[0]}, which no step before it made.")
            except (ValueError, OSError) as error:
                self._failed(name, str(error))

    def _decide(self, step: dict[str, Any]) -> None:
        """Steps that need no process."""
        name, arguments = step["Name"], step["Arguments"]
        if step["Type"] == "Fail":
            self._failed(name, self._gate_error(arguments["ErrorMessage"]))
            return
        if step["Type"] == "Condition":
            met = all(self._holds(each) for each in arguments["Conditions"])
            for other, _ in walk(arguments["ElseSteps" if met else "IfSteps"]):
                self._waiting.pop(other["Name"], None)
                self._say("step.skipped", other["Name"])
        elif step["Type"] == "RegisterModel":
            source = step["Arguments"]["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
            trained = look_up(self._known, source["Get"].rpartition(".")[0])
            if not trained["files"]:
                raise ValueError("The training step wrote no model into SM_MODEL_DIR, so there is nothing to register.")
            artifact = self._bucket.path(trained["S3ModelArtifacts"])
            group = arguments["ModelPackageGroupName"]
            given = (str(artifact), self._metrics, self._environment, _now())
            patiently(lambda: register(self._store, self._order, group, *given))
        else:
            raise ValueError(f"A step of type {step['Type']} cannot run on this machine.")
        self._done(name)

    def _holds(self, condition: dict[str, Any]) -> bool:
        left = finite(resolve(condition["LeftValue"], self._known, _read_json))
        right = finite(resolve(condition["RightValue"], self._known, _read_json))
        self._compared = f"{left:g} against {right:g}"
        return bool(COMPARE[condition["Type"]](left, right))

    def _gate_error(self, message: str) -> str:
        return f"{message} It found {self._compared}."

    def _ended(self, process: StepProcess) -> None:
        self._tell_progress(process, now=True)
        if self._stop:
            self._say("step.stopped", process.name)
            return
        error = process.error()
        if error:
            self._failed(process.name, error)
            return
        try:
            metrics = process.metrics()
            self._known["Steps"][process.name] = process.properties(metrics)
        except (ValueError, OSError) as problem:
            self._failed(process.name, str(problem))
            return
        self._metrics += metrics
        if metrics:
            self._say(METRICS, process.name, metrics=metrics)
        self._done(process.name)

    def _done(self, name: str) -> None:
        self._succeeded.add(name)
        self._say("step.succeeded", name)

    def _failed(self, name: str, error: str) -> None:
        self._error = self._error or f"Step {name} failed. {error}"
        self._say("step.failed", name, error)

    def _finish(self) -> None:
        if self._stop:
            text = "It was stopped." if self._stop == "run.stopped" else "The machine or its services were stopped."
            self._say(self._stop, text=text)
        elif self._error:
            self._say("run.failed", text=self._error)
        else:
            self._say("run.succeeded")

    def _end_all(self) -> None:
        while any(not process.ended() for process in self._running.values()):
            for process in self._running.values():
                process.end()
            time.sleep(TICK_SECONDS)

    def _say(self, action: str, step: str = "", text: str = "", metrics: tuple[Metric, ...] = ()) -> None:
        event = RunEvent(action=action, at=_now(), step=step, text=text, metrics=metrics)
        patiently(lambda: self._store.append(self._order.run.id, event, actor=""))


def finite(value: Any) -> float:
    """A number that a gate may compare. Raises ``ValueError`` for anything else: "true" would pass as 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise ValueError(f"The gate cannot compare {value!r}: it is not a finite number.")
    return value


def patiently(write: Callable[[], T]) -> T:
    """Write, and try again for some minutes while the state cannot be written."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return write()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
        time.sleep(TRY_AGAIN_SECONDS)


def _read_json(file: str, path: str) -> Any:
    try:
        document = json.loads(Path(file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        place = Path(file)
        raise ValueError(f"The gate reads {place.parent.name}/{place.name}, but no step wrote it.") from None
    try:
        return look_up(document, path)
    except KeyError:
        keys = ", ".join(document) if isinstance(document, dict) else "no keys"
        raise ValueError(f"The gate reads {path}, which {Path(file).name} does not have. It has {keys}.") from None


def _now() -> datetime:
    return datetime.now(timezone.utc)


def main(folder: Path, database: Path) -> None:
    """Execute the run whose order lies in ``folder``."""
    order = msgspec.json.decode((folder / ORDER).read_bytes(), type=RunOrder)
    Supervisor(folder, order, SqliteStore(database)).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
