"""Runs one script as a step, with the standard library only: ``python shim.py SCRIPT``.

It ends itself with everything it started when the process that watches over it is gone, so that a supervisor which
was killed leaves nothing behind.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable

LOOK_EVERY_SECONDS = 0.5


def end_with_parent(end: Callable[[], object]) -> None:
    """Call ``end`` once the parent of this process is another one than now."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY_SECONDS)
        end()

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


def main(script: str) -> None:
    """Run ``script`` as ``__main__``, as Python itself would."""
    end_with_parent(lambda: os.killpg(os.getpgrp(), signal.SIGKILL))
    sys.argv = [script]
    sys.path[0] = os.path.dirname(os.path.abspath(script))  # noqa: PTH100, PTH120 (what Python itself puts there)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1])
