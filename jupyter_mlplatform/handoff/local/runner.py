"""Starting the detached process of a run, and reading what it left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from jupyter_mlplatform.handoff.local.layout import ORDER, STEPS, STORE, SUPERVISOR_LOG, clean
from jupyter_mlplatform.handoff.local.processes import here, started
from jupyter_mlplatform.handoff.ports import RunOrder
from jupyter_mlplatform.handoff.progress import Lease

MOST_LOG_BYTES = 256 * 1024


class LocalRunner:
    """Runs as processes of this machine, each with a folder of its own below ``folder``.

    ``database`` is the file in which they write what happens.
    """

    def __init__(self, folder: Path, database: Path) -> None:
        self._folder = folder
        self._database = database
        self._children: list[subprocess.Popen[bytes]] = []
        self._guard = threading.Lock()

    @property
    def here(self) -> str:
        """The machine with this account and what it sees of other processes."""
        return here()

    def open(self, run_id: str) -> Path:
        """A new folder that only its owner can read: it holds granted data while the run lasts."""
        folder = self._folder / run_id
        self._folder.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        (folder / STORE).mkdir()
        (folder / STEPS).mkdir()
        return folder

    def discard(self, run_id: str) -> None:
        """Remove the folder of a run that never was."""
        shutil.rmtree(self._folder / run_id, ignore_errors=True)

    def clean(self, run_id: str) -> None:
        """Remove what a finished run needs no more."""
        clean(self._folder / run_id)

    def order(self, order: RunOrder) -> None:
        """Write down what is to be executed."""
        (self._folder / order.run.id / ORDER).write_bytes(msgspec.json.encode(order))

    def launch(self, run_id: str) -> None:
        """Start a supervisor in a session of its own, so that nothing which ends this process ends it."""
        folder = self._folder / run_id
        with (folder / SUPERVISOR_LOG).open("ab") as log, self._guard:
            self._children = [child for child in self._children if child.poll() is None]
            self._children.append(
                subprocess.Popen(
                    [sys.executable, "-m", "jupyter_mlplatform.handoff.local.supervisor", folder, self._database],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=_environment(),
                    start_new_session=True,
                )
            )

    def alive(self, lease: Lease) -> bool:
        """Whether the very process of the lease lives."""
        return lease.pid is not None and started(lease.pid) == lease.pid_started != ""

    def trouble(self, run_id: str) -> str:
        """The last line of the supervisor's own log."""
        try:
            text = (self._folder / run_id / SUPERVISOR_LOG).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text.strip().rpartition("\n")[2][-500:]

    def log(self, run_id: str, step: str, offset: int) -> tuple[str, int, bool]:
        """A piece of a step's log; a character that is not whole yet stays for the next piece."""
        file = self._folder / run_id / STEPS / step / "log.txt"
        if not file.exists():
            return "", offset, True
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(min(max(offset, 0), size))
            start = opened.tell()
            data = opened.read(MOST_LOG_BYTES)
        whole = len(data) - _unfinished(data)
        return data[:whole].decode("utf-8", errors="replace"), start + whole, start + len(data) >= size


def _unfinished(data: bytes) -> int:
    """How many bytes at the end begin a UTF-8 character without ending it."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < length else 0
        if byte < 0x80:
            return 0
    return 0


def _environment() -> dict[str, str]:
    """This process's environment without what belongs to the server: a step has no business with its tokens."""
    private = ("JPY_", "JUPYTERHUB_API_TOKEN", "JUPYTER_TOKEN", "KERNEL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(private)}
