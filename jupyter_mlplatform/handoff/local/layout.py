"""Where things lie in the folder of a run."""

from __future__ import annotations

import shutil
from pathlib import Path

ORDER, STORE, STEPS, SUPERVISOR_LOG = "order.json", "store", "steps", "supervisor.log"


def clean(folder: Path) -> None:
    """Remove what a finished run needs no more: above all the copies of granted data."""
    for each in (
        folder / "store" / "handoff" / "inputs",
        *folder.glob("steps/*/code"),
        *folder.glob("steps/*/channels"),
    ):
        shutil.rmtree(each, ignore_errors=True)
