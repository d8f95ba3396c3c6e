"""Starts children that live for some milliseconds each, one after the other: storm.py PIDFILE."""

import os
import subprocess
import sys
import time
from pathlib import Path

Path(sys.argv[1]).write_text(str(os.getpid()))
CHILD = "import time\nwhile time.thread_time() < 0.03: pass"
while True:
    subprocess.run([sys.executable, "-S", "-E", "-c", CHILD], check=False)
    time.sleep(0.25)
