"""Inside of a world's server: NVIDIA's library is a stand-in that tells what ``/tmp/gpu.json`` says.

The real binding runs on top of it. ``{"percent": 80, "held": {"PID": BYTES}, "shares": {"PID": PERCENT}}``.
"""

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

TOLD = Path("/tmp/gpu.json")  # noqa: S108 (the world's own)

if "jupyter_server" in sys.orig_argv:
    import pynvml
    from fake_nvml import FakeGpu, FakeNvml

    class LiveNvml:
        def __init__(self, gpu):
            self._gpu = gpu
            self._library = FakeNvml(gpu)

        def __getattr__(self, name):
            made = getattr(self._library, name)

            def call(*arguments):  # the binding asks for each function once, and keeps it
                self._read()
                return made(*arguments)

            return call

        def _read(self):
            gpu = self._gpu
            with suppress(OSError, ValueError):
                told = json.loads(TOLD.read_text())
                at = int(time.time() * 1e6)
                gpu.percent = told["percent"]
                gpu.samples = [(at - back * 200_000, told["percent"]) for back in range(20, -1, -1)]
                gpu.processes = {int(pid): held for pid, held in told["held"].items()}
                gpu.held = sum(gpu.processes.values())
                gpu.shares = [(at, int(pid), percent) for pid, percent in told.get("shares", {}).items()]

    pynvml.nvmlLib = LiveNvml(FakeGpu())
