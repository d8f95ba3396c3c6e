"""Work of which it is known when it begins and ends, and whose end a watcher has to find out by itself."""

from __future__ import annotations

import sys
import time

import msgspec

from benchmarks.idle.rig import Rig

BURN = (
    "import time; end = time.monotonic() + {seconds}\n"
    "while time.monotonic() < end:\n"
    "    begin = time.perf_counter()\n"
    "    while time.perf_counter() - begin < 0.02: pass\n"
    "    time.sleep(0.08)\n"
)
"""A fifth of a core."""

CELLS = {
    "nothing": "1 + 1",
    "silent cell": "import time; time.sleep({seconds})",
    "printing cell": "import time\nfor _ in range({seconds}):\n    print('.')\n    time.sleep(1)",
    "silent cell under a resource panel": "import time; time.sleep({seconds})",
    "process started by a finished cell": "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {burn!r}])",
    "thread of a finished cell": "import threading; threading.Thread(target=exec, args=({burn!r}, {{}})).start()",
}
TERMINAL = "silent job in a terminal"
KINDS = (*CELLS, TERMINAL)


class Work(msgspec.Struct, kw_only=True):
    """One kernel's (or terminal's) work: from ``begin`` to ``end``, on the monotonic clock."""

    kind: str
    subject: str
    begin: float
    end: float
    panel_at: float | None = None

    def panel(self, rig: Rig, now: float) -> None:
        """A resource panel asks once, in the middle of the silence."""
        if self.panel_at is not None and now >= self.panel_at:
            self.panel_at = None
            rig.ask_for_usage(self.subject.partition(":")[2])


def begin(rig: Rig, kind: str, seconds: int, kernel_id: str = "") -> Work:
    """Start it. In the kernel named, or in a terminal of its own."""
    burn = BURN.format(seconds=seconds)
    now = time.monotonic()
    if kind == TERMINAL:
        program = rig.folder / "job.py"
        program.write_text(burn)
        subject = f"terminal:{rig.order('terminal', line=f'{sys.executable} {program}')['name']}"
    else:
        subject = f"kernel:{kernel_id}"
        rig.run(kernel_id, CELLS[kind].format(seconds=seconds, burn=burn))
    lasts = 0 if kind == "nothing" else seconds
    panel = now + seconds / 10 if "panel" in kind else None
    return Work(kind=kind, subject=subject, begin=now, end=now + lasts, panel_at=panel)
