"""The clock of idleness: monotonic, never set by anybody, and counting on while the machine sleeps."""

from __future__ import annotations

import time


def seconds() -> float:
    """Seconds since boot, sleep included where the system can tell; the same in every process of the machine."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
