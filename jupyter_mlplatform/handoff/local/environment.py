"""What a kernel's interpreter has installed, as one line and as a file."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

FILE = "environment.txt"
SECONDS = 60
_LIST = (
    "import importlib.metadata as m, platform; print('Python ' + platform.python_version());"
    "found = {(d.metadata['Name'], d.version) for d in m.distributions()};"
    "print('\\n'.join(sorted(f'{name}=={version}' for name, version in found if name)))"
)


def describe(python: str, folder: Path) -> str:
    """For example ``Python 3.11.7, 142 packages, sha256:…``; the list itself is kept in ``folder``.

    Raises ``OSError`` or ``subprocess.SubprocessError`` when the interpreter cannot be asked.
    """
    done = subprocess.run([python, "-I", "-c", _LIST], capture_output=True, text=True, timeout=SECONDS, check=True)
    (folder / FILE).write_text(done.stdout, encoding="utf-8")
    version, *packages = done.stdout.splitlines()
    digest = hashlib.sha256(done.stdout.encode()).hexdigest()
    return f"{version}, {len(packages)} packages, sha256:{digest[:16]}"
