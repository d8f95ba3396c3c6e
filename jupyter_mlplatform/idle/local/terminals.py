"""The terminals of this Jupyter server."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from jupyter_core.utils import ensure_async

from jupyter_mlplatform.idle.ports import Terminal

CLOSING_SECONDS = 5.0
"""How long a shell that was killed may take to disappear."""
LOOK_AGAIN_SECONDS = 0.1


class JupyterTerminals:
    """See :class:`~jupyter_mlplatform.idle.ports.Terminals`.

    ``manager`` is the TerminalManager of jupyter_server_terminals (``settings["terminal_manager"]``), None where
    terminals are switched off.
    """

    def __init__(self, manager: Any, log: logging.Logger) -> None:
        self._manager = manager
        self._log = log
        self._strange: set[str] = set()

    async def list(self) -> tuple[Terminal, ...]:
        """All that the server lists; one that has no process on this machine is left out and told of once."""
        if self._manager is None:
            return ()
        found = []
        for name, terminal in sorted(dict(self._manager.terminals).items()):
            pid = getattr(getattr(terminal, "ptyproc", None), "pid", None)
            if isinstance(pid, int) and pid > 0:
                found.append(Terminal(name=name, pid=pid))
            elif name not in self._strange:
                self._strange.add(name)
                self._log.warning("Terminal %s has no process here and is neither watched nor stopped.", name)
        return tuple(found)

    async def stop(self, name: str) -> bool:
        """The way the server itself ends a terminal: hang up, then ever harder."""
        if self._manager is None or name not in self._manager.terminals:
            return True
        terminal = self._manager.terminals[name]
        await ensure_async(self._manager.terminate(name, force=True))
        # The manager forgets a terminal when its device reports the end, which is some turns of the loop later.
        for _ in range(round(CLOSING_SECONDS / LOOK_AGAIN_SECONDS)):
            if name not in self._manager.terminals:
                return True
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        if not terminal.ptyproc.isalive():
            # Something in the background that ignores the hanging up still holds the device open, so that its end is
            # never reported.
            self._manager.on_eof(terminal)
        return name not in self._manager.terminals
