"""Runs the cells of a prepared notebook in its kernel: one process a step, ``python -m … cells ORDER``.

Output of the cells goes to standard output while it appears (the step's log), the executed notebook to a file, the
number of the running cell to another one, and the reason of a failure to a third.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from jupyter_mlplatform.handoff.local.processes import kill_group
from jupyter_mlplatform.handoff.local.shim import end_with_parent
from jupyter_mlplatform.handoff.notebook import INJECTED, tags

KERNEL_START_SECONDS = 60
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Client(NotebookClient):
    """nbclient that says what happens while it happens."""

    def __init__(self, notebook: Any, progress: Path, **options: Any) -> None:
        super().__init__(notebook, **options)
        self._progress = progress
        self._counted = [index for index, cell in enumerate(notebook.cells) if INJECTED not in tags(cell)]
        self.on_cell_start = self._starts
        self.process: Any = None

    @property
    def place(self) -> str:
        """The running cell, as a person counts."""
        return self._progress.read_text(encoding="utf-8") if self._progress.exists() else "before the first cell"

    def _starts(self, cell: Any, cell_index: int) -> None:
        self.process = getattr(getattr(self.km, "provisioner", None), "process", None) or self.process
        if cell_index in self._counted:
            part = self._progress.with_suffix(".part")
            text = f"cell {self._counted.index(cell_index) + 1} of {len(self._counted)}"
            part.write_text(text, encoding="utf-8")
            part.replace(self._progress)
            print(f"--- {text}", flush=True)  # noqa: T201 (the log)

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
        """Show text as it appears."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            print(content["text"], end="", flush=True)  # noqa: T201
        elif msg["msg_type"] in ("execute_result", "display_data"):
            print(content["data"].get("text/plain", ""), flush=True)  # noqa: T201
        elif msg["msg_type"] == "error":
            print(_COLOUR.sub("", "\n".join(content["traceback"])), flush=True)  # noqa: T201
        return super().output(outs, msg, display_id, cell_index)

    def end_kernel(self) -> None:
        """End the kernel with all its children, at once."""
        if self.process is not None:  # it leads a group of its own, which may outlive it
            kill_group(self.process.pid)


def main(order_file: Path) -> int:
    """Exit status 0 when every cell ran."""
    order = json.loads(order_file.read_text(encoding="utf-8"))
    folder = order_file.parent
    document = nbformat.from_dict(order["document"])  # type: ignore[no-untyped-call]
    client = Client(
        document,
        folder / "progress",
        timeout=None,
        startup_timeout=KERNEL_START_SECONDS,
        kernel_name=order["kernel"],
        resources={"metadata": {"path": order["cwd"]}},
    )

    def end(*_: int | FrameType | None) -> None:
        client.end_kernel()
        os._exit(143)

    signal.signal(signal.SIGTERM, end)
    end_with_parent(end)
    error = _execute(client)
    client.end_kernel()
    nbformat.write(document, folder / order["executed"])  # type: ignore[no-untyped-call]
    if error:
        (folder / "error").write_text(error, encoding="utf-8")
        print(error, flush=True)  # noqa: T201
    return 1 if error else 0


def _execute(client: Client) -> str:
    """Run all cells. Returns why it failed, or an empty text."""
    try:
        client.execute()
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
        return f"{client.place[:1].upper()}{client.place[1:]}: {_COLOUR.sub('', reason).strip()}"
    except DeadKernelError:
        return f"The kernel ended at {client.place}{_how(client.process)}."
    except (RuntimeError, OSError, TimeoutError) as error:
        return f"The kernel did not start: {error}."
    return ""


def _how(process: Any) -> str:
    code = process.poll() if process is not None else None
    if code is None or code >= 0:
        return f" with exit status {code}" if code else ""
    name = signal.Signals(-code).name
    return f", ended by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
