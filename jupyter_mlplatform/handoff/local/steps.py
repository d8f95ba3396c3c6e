"""One Processing or Training step of a definition as a process of this machine.

The artifact bucket is a folder, ``store``; a step sees the paths that the same step would see in its container through
the same variables (``SM_CHANNEL_…``, ``SM_MODEL_DIR``, ``SM_OUTPUT_DATA_DIR``, ``SM_HPS``).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from jupyter_mlplatform.handoff import metrics as metric_rules
from jupyter_mlplatform.handoff import notebook as nb
from jupyter_mlplatform.handoff.compile import METRICS_FILE
from jupyter_mlplatform.handoff.local import shim
from jupyter_mlplatform.handoff.local.bundle import write_archive
from jupyter_mlplatform.handoff.local.processes import kill_group
from jupyter_mlplatform.handoff.local.sources import read_notebook
from jupyter_mlplatform.handoff.models import Metric
from jupyter_mlplatform.handoff.ports import RunOrder
from jupyter_mlplatform.handoff.spec import MODEL

BUCKET = "local"
TERM_SECONDS = 5.0
EXECUTED = "executed.ipynb"


class LocalBucket:
    """``s3://local/<key>`` as files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def path(self, uri: str) -> Path:
        """Raises ``ValueError`` for an address that is not in this bucket."""
        found = (self._folder / uri.removeprefix(f"s3://{BUCKET}/")).resolve()
        if not uri.startswith(f"s3://{BUCKET}/") or not found.is_relative_to(self._folder):
            raise ValueError(f"{uri} cannot be read on this machine")
        return found


class StepProcess:
    """A started step. ``arguments`` are those of its definition with all references replaced."""

    def __init__(
        self, name: str, kind: str, arguments: dict[str, Any], folder: Path, bucket: LocalBucket, order: RunOrder
    ) -> None:
        self.name = name
        self.kind = kind
        self._arguments = arguments
        self._folder = folder
        self._bucket = bucket
        self._order = order
        self._killed_at: float | None = None
        self._gone = False
        folder.mkdir(parents=True, exist_ok=True)
        channels = self._channels()
        code = folder / "code"
        unpack(bucket.path(channels.pop("code")), code)
        self._model_dir = folder / MODEL
        self._data_dir = self._make_output_folders()
        environment = self._environment(channels)
        command, cwd = self._command(code, arguments["Environment"])
        with (folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The step's process, which leads a group of its own."""
        return self._process.pid

    def ended(self) -> bool:
        """Whether the process is gone, and its children with it; one that ignores the wish to end is killed in time."""
        if not self._gone and self._process.poll() is not None:
            self._gone = True
            kill_group(self.pid)
        elif not self._gone and self._killed_at and time.monotonic() - self._killed_at > TERM_SECONDS:
            kill_group(self.pid)
        return self._gone

    def end(self) -> None:
        """Ask the step and all its children to end."""
        if self._killed_at is None:
            self._killed_at = time.monotonic()
            if self._process.poll() is None:
                os.killpg(self.pid, signal.SIGTERM)

    def progress(self) -> str:
        """For example "cell 3 of 7"."""
        file = self._folder / "progress"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def error(self) -> str:
        """Why the step failed, in one line; empty when it did not."""
        code = self._process.returncode
        if code == 0:
            return ""
        file = self._folder / "error"
        if file.exists():
            return file.read_text(encoding="utf-8")
        if code < 0:
            name = signal.Signals(-code).name
            return f"The process was ended by {name}{' (out of memory?)' if name == 'SIGKILL' else ''}."
        lines = (self._folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return (lines[-1] if lines else f"exit status {code}")[:500]

    def metrics(self) -> tuple[Metric, ...]:
        """What ``metrics.json`` files say. Raises ``ValueError`` for one that is not JSON."""
        found: tuple[Metric, ...] = ()
        for file in sorted({*self._data_dir.glob(METRICS_FILE), *self._data_dir.glob(f"*/{METRICS_FILE}")}):
            try:
                found += metric_rules.from_document(self.name, json.loads(file.read_text(encoding="utf-8")))
            except ValueError as error:
                raise ValueError(f"{file.relative_to(self._data_dir)} is not JSON: {error}") from error
        return found

    def properties(self, metrics: tuple[Metric, ...]) -> dict[str, Any]:
        """What later steps may refer to, named as SageMaker names it; packs the model."""
        if self.kind == "Processing":
            outputs = self._arguments["ProcessingOutputConfig"]["Outputs"]
            files = {each["OutputName"]: str(self._output(each) / METRICS_FILE) for each in outputs}
            by_name = {each["OutputName"]: each for each in outputs}
            return {"ProcessingOutputConfig": {"Outputs": by_name}, "PropertyFiles": files}
        uri = f"{self._arguments['OutputDataConfig']['S3OutputPath']}/output/model.tar.gz"
        names = sorted(
            file.relative_to(self._model_dir).as_posix()
            for file in self._model_dir.rglob("*")
            if file.is_file() and not file.is_symlink()
        )
        archive = self._bucket.path(uri)
        archive.parent.mkdir(parents=True, exist_ok=True)
        write_archive(self._model_dir, names, archive)
        return {
            "ModelArtifacts": {"S3ModelArtifacts": uri, "files": names},
            "FinalMetricDataList": {each.name: {"Value": each.value} for each in metrics},
        }

    def _channels(self) -> dict[str, str]:
        if self.kind == "Processing":
            return {each["InputName"]: each["S3Input"]["S3Uri"] for each in self._arguments["ProcessingInputs"]}
        given = self._arguments["InputDataConfig"]
        return {each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"] for each in given}

    def _make_output_folders(self) -> Path:
        self._model_dir.mkdir(exist_ok=True)
        if self.kind == "Training":
            place = self._bucket.path(self._arguments["OutputDataConfig"]["S3OutputPath"]) / "output" / "data"
        else:
            outputs = [self._output(each) for each in self._arguments["ProcessingOutputConfig"]["Outputs"]]
            for each in outputs:
                each.mkdir(parents=True, exist_ok=True)
            place = outputs[0].parent if outputs else self._folder / "data"
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _output(self, output: dict[str, Any]) -> Path:
        return self._bucket.path(output["S3Output"]["S3Uri"])

    def _environment(self, channels: dict[str, str]) -> dict[str, str]:
        found = {**os.environ, **self._arguments["Environment"], "SM_HPS": json.dumps(self._order.run.params)}
        found |= {"SM_MODEL_DIR": str(self._model_dir), "SM_OUTPUT_DATA_DIR": str(self._data_dir)}
        for name, uri in channels.items():
            place = self._bucket.path(uri)
            if place.is_file():  # a model comes packed, and its reader wants the files
                packed, place = place, self._folder / "channels" / name
                unpack(packed, place)
            found[f"SM_CHANNEL_{name.upper()}"] = str(place)
        return found

    def _command(self, code: Path, environment: dict[str, str]) -> tuple[list[str], Path]:
        entry = code / environment["MLPLAT_ENTRY"]
        if entry.suffix != ".ipynb":
            return [self._order.python, str(Path(shim.__file__)), str(entry)], entry.parent
        wanted = [tag for tag in environment.get("MLPLAT_CELLS", "").split(",") if tag]
        document = nb.prepared(read_notebook(entry), wanted, self._order.run.params)
        order = {"document": document, "kernel": self._order.kernel, "cwd": str(entry.parent), "executed": EXECUTED}
        file = self._folder / "cells.json"
        file.write_text(json.dumps(order), encoding="utf-8")
        return [sys.executable, "-m", "jupyter_mlplatform.handoff.local.cells", str(file)], self._folder


def unpack(archive: Path, folder: Path) -> None:
    """Write the plain files of an archive below ``folder``. Raises ``ValueError`` for a name that leads out."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            target = (folder / member.name).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise ValueError(f"{member.name} leads out of the archive")
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)
            target.chmod(member.mode & 0o755)
