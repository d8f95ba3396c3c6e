"""Telling processes apart: a number is used again, a number with a start is not."""

from __future__ import annotations

import sys
from pathlib import Path


def started(pid: int) -> str:
    """When a live process started, as an opaque word; empty when it does not live (a zombie does not)."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            fields = stat.rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if not fields or fields[0] in "ZX" else fields[19]
    import psutil  # type: ignore[import-untyped]

    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return ""
