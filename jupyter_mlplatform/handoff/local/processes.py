"""Telling processes apart: a number is used again, a number with a start is not."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from pathlib import Path


def here() -> str:
    """What this process can see: the machine, the account, and the process namespace where there are several.

    Only among processes with the same answer does "I cannot see it" mean "it is gone".
    """
    space = Path("/proc/self/ns/pid")
    return " ".join(
        (socket.gethostname(), str(os.getuid()), str(space.readlink()) if space.is_symlink() else "")
    ).strip()


def kill_group(leader: int) -> None:
    """End at once whatever is left of a process group, also when its leader is gone already."""
    with contextlib.suppress(ProcessLookupError):  # nothing is left
        os.killpg(leader, signal.SIGKILL)


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
