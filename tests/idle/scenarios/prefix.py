"""An environment of a world's own: the packages of this one, but its own policy, server extensions and kernels.

The policy is read from below ``sys.prefix`` and from nowhere that a test could point to, so a world gets a prefix.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Prefix:
    """The prefix in ``folder``; :meth:`write` makes it."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self._root = root

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    @property
    def packages(self) -> Path:
        """Where a world may put modules of its own."""
        return self.folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"

    def write(self, idle: Mapping[str, Any], extensions: Sequence[str], specs: Mapping[str, Mapping[str, Any]]) -> None:
        """``idle`` is the idle section of the policy; ``specs`` are kernel specifications besides Python's."""
        base = Path(os.path.realpath(sys.executable))
        for each in (self.folder / "bin", self.packages):
            each.mkdir(parents=True)
        for name in ("python", "python3"):
            (self.folder / "bin" / name).symlink_to(base)
        (self.folder / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
        ours = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
        added = "; ".join(f"site.addsitedir({each!r})" for each in ours)
        (self.packages / "world.pth").write_text(f"import site; {added}\n")
        # A grammar of IRIs that takes jsonschema more than a second to build in every server; it goes without.
        (self.packages / "rfc3987_syntax.py").write_text("raise ImportError('left out of this world')\n")
        (self.folder / "etc").mkdir()
        (self.folder / "etc" / "ipython").symlink_to(self._root / "etc" / "ipython")
        self._write("etc/jupyter/mlplatform/policy.toml", toml({"idle": idle}))
        enabled = {"ServerApp": {"jpserver_extensions": dict.fromkeys(extensions, True)}}
        self._write("etc/jupyter/jupyter_server_config.d/world.json", json.dumps(enabled))
        argv = [self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        plain = {"argv": argv, "display_name": "Python 3", "language": "python", "metadata": {"debugger": True}}
        for name, spec in {"python3": plain, **specs}.items():
            self._write(f"share/jupyter/kernels/{name}/kernel.json", json.dumps({**plain, **spec}))

    def _write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """A policy file. Tables inside of a section become inline tables."""

    def value(item: Any) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{key} = {value(each)}" for key, each in item.items()) + "}"
        if isinstance(item, list | tuple):
            return "[" + ", ".join(map(value, item)) + "]"
        return json.dumps(item)

    lines = []
    for name, entries in sections.items():
        lines += [f"[{name}]", *(f"{key} = {value(each)}" for key, each in entries.items())]
    return "\n".join(lines) + "\n"
