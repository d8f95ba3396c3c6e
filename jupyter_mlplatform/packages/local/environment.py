"""The variables of this process, which whatever it starts from now on inherits."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

Before = dict[str, str | None]
_BEFORE: Before = {}
"""A process has one environment, so all of its services share one memory: each cell with a magic builds its own."""


class ProcessEnvironment:
    """Sets variables, and remembers in ``before`` what stood there."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ, before: Before = _BEFORE) -> None:
        self._environ = environ
        self._before = before

    def use(self, exports: Mapping[str, str]) -> None:
        """Exactly these are set; what an earlier call set and this one does not name is as it was."""
        for name in [name for name in self._before if name not in exports]:
            before = self._before.pop(name)
            if before is None:
                self._environ.pop(name, None)
            else:
                self._environ[name] = before
        for name, value in exports.items():
            self._before.setdefault(name, self._environ.get(name))
            self._environ[name] = value
