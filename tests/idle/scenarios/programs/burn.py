"""Uses a share of a core until it is ended: burn.py PIDFILE [SHARE] [--print] [--for SECONDS]."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

Path(sys.argv[1]).write_text(str(os.getpid()))
with suppress(PermissionError):  # on a crowded machine it would not get its share
    os.setpriority(os.PRIO_PROCESS, 0, -20)
share = float(sys.argv[2]) if len(sys.argv) > 2 and not sys.argv[2].startswith("-") else 0.08
end = time.monotonic() + (float(sys.argv[sys.argv.index("--for") + 1]) if "--for" in sys.argv else 1e9)
said = 0.0
begun, used = time.monotonic(), time.thread_time()
while time.monotonic() < end:
    # What the machine had no time for is caught up with, so that the share is right on a crowded machine, too.
    while time.thread_time() - used < share * (time.monotonic() - begun) and time.monotonic() < end:
        pass
    time.sleep(0.05)
    if "--print" in sys.argv and time.monotonic() - said > 1:
        said = time.monotonic()
        print("still at it", flush=True)
