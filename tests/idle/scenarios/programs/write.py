"""Writes to the disk without much computing: write.py PIDFILE TARGET [BYTES A SECOND]."""

import os
import sys
import time
from pathlib import Path

Path(sys.argv[1]).write_text(str(os.getpid()))
block = os.urandom(int(sys.argv[3]) // 2 if len(sys.argv) > 3 else 500_000)
while True:
    with Path(sys.argv[2]).open("wb") as target:
        target.write(block)
        target.flush()
        os.fsync(target.fileno())
    time.sleep(0.5)
