"""The broker's life inside a Jupyter server: it follows the kernels as they start, start again and end.

Jupyter tells what becomes of a kernel by an event (``kernel_actions``), whoever started it: a tab, a request over REST,
or the restarter after a crash. That a token's kernel is alive is looked at once more whenever the token is used.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from jupyter_server import DEFAULT_EVENTS_SCHEMA_PATH
from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.server.broker import Broker, Vending
from jupyter_mlplatform.wiring import Services

SCHEMA = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
LOOKS, EVERY_SECONDS = 200, 0.05
"""A kernel is in the manager's list a moment after the event that it started."""


class JupyterKernels:
    """The kernels of a server, from its kernel manager."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def ids(self) -> list[str]:
        """Of all that run now."""
        return list(self._manager.list_kernel_ids())

    async def listed(self, kernel_id: str) -> None:
        """Wait until the manager knows a kernel that has just started; not for ever."""
        for _ in range(LOOKS):
            if kernel_id in self._manager:
                return
            await asyncio.sleep(EVERY_SECONDS)

    async def process(self, kernel_id: str) -> tuple[bool, int | None]:
        """Whether the kernel is alive, and its process id where it has one on this machine."""
        if kernel_id not in self._manager:
            return False, None
        kernel = self._manager.get_kernel(kernel_id)
        alive = kernel.is_alive()
        if asyncio.iscoroutine(alive) or asyncio.isfuture(alive):
            alive = await alive
        return bool(alive), getattr(getattr(kernel, "provisioner", None), "pid", None)

    def when_dead(self, kernel_id: str, call: Any) -> None:
        """``call`` when the kernel has died and could not be started again."""
        if kernel_id in self._manager:
            self._manager.add_restart_callback(kernel_id, call, "dead")


class KernelBroker:
    """A broker and what tells it of the kernels."""

    def __init__(self, serverapp: ServerApp, vending: Vending, person: str) -> None:
        self._serverapp = serverapp
        self._kernels = JupyterKernels(serverapp.kernel_manager)
        self.broker = Broker(vending, self._kernels, person, serverapp.log)
        self._listening = False

    async def start(self) -> None:
        """Listen, and give a token to each kernel that runs already. Raises ``OSError`` where there is no port."""
        logger = self._serverapp.event_logger
        self.broker.start(Path(self._serverapp.runtime_dir))
        if logger is not None:
            if SCHEMA not in logger.schemas:
                logger.register_event_schema(DEFAULT_EVENTS_SCHEMA_PATH / "kernel_actions" / "v1.yaml")
            logger.add_listener(schema_id=SCHEMA, listener=self._happened)
            self._listening = True
        for kernel_id in self._kernels.ids():
            await self._started(kernel_id)

    async def stop(self) -> None:
        """Close the port; no token is worth anything any more."""
        logger = self._serverapp.event_logger
        if self._listening and logger is not None:
            logger.remove_listener(schema_id=SCHEMA, listener=self._happened)
        self._listening = False
        await self.broker.stop()

    async def _happened(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        kernel_id, action = data.get("kernel_id", ""), data.get("action", "")
        if not self._listening or not kernel_id:
            return
        if action == "start" and data.get("status") == "success":
            await self._kernels.listed(kernel_id)
            await self._started(kernel_id)
        elif action == "restart":
            await self.broker.welcome(kernel_id)
        elif action == "shutdown":
            self.broker.farewell(kernel_id)

    async def _started(self, kernel_id: str) -> None:
        await self.broker.welcome(kernel_id)
        self._kernels.when_dead(kernel_id, lambda: self.broker.farewell(kernel_id))


async def open_broker(serverapp: ServerApp, services: Services) -> KernelBroker | None:
    """The broker of this server, listening. None where the policy names no AWS account: then no port is opened.

    A broker that cannot listen is no reason for a server not to start; whoever needs it is told in the log and by
    ``session()``.
    """
    try:
        vending, person = services.vending, services.workspace.person
        if vending is None or not person:
            return None
        opened = KernelBroker(serverapp, vending, person)
        try:
            await opened.start()
        except BaseException:
            await opened.stop()
            raise
    except (OSError, PlatformError) as error:
        serverapp.log.error("No credentials are given to kernels: %s", error)
        return None
    return opened
