"""The kernels of this Jupyter server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import zmq.asyncio
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.utils import ensure_async

from jupyter_mlplatform.idle.local.listener import Listener
from jupyter_mlplatform.idle.ports import Kernel

MOST_SOCKETS = 8192
"""Two a kernel; ZeroMQ's own limit would leave the five hundredth kernel unheard."""


class JupyterKernels:
    """See :class:`~jupyter_mlplatform.idle.ports.Kernels`.

    ``manager`` is the server's MultiKernelManager; ``sessions`` its session manager, or None where there is none.
    """

    def __init__(self, manager: Any, sessions: Any, clock: Callable[[], float], log: logging.Logger) -> None:
        self._manager = manager
        self._sessions = sessions
        self._clock = clock
        self._log = log
        self._context = zmq.asyncio.Context()
        self._context.max_sockets = MOST_SOCKETS
        self._listeners: dict[str, Listener] = {}
        self._pids: dict[str, int | None] = {}
        self._deaf: set[str] = set()

    async def discover(self) -> None:
        """See the port."""
        present = set(self._manager.list_kernel_ids())
        for gone in self._listeners.keys() - present:
            self._listeners.pop(gone).close()
            self._pids.pop(gone, None)
        for kernel_id in present:
            try:
                self._listen(kernel_id)
            except Exception as error:  # noqa: BLE001 (one strange kernel must not end the watching of the others)
                if kernel_id not in self._deaf:
                    self._log.warning("Kernel %s cannot be listened to and is never stopped: %s", kernel_id, error)
                self._deaf.add(kernel_id)
        self._deaf &= present

    async def list(self) -> tuple[Kernel, ...]:
        """See the port."""
        await self.discover()
        paths = await self._paths()
        return tuple(self._describe(each, paths.get(each, "")) for each in sorted(self._manager.list_kernel_ids()))

    async def ask(self, kernel_id: str) -> None:
        """See the port."""
        if kernel_id in self._listeners:
            self._listeners[kernel_id].ask()

    async def stop(self, kernel_id: str) -> bool:
        """The way the server itself shuts a kernel down, so that its sessions notice."""
        await ensure_async(self._manager.shutdown_kernel(kernel_id))
        await self.discover()
        return kernel_id not in self._manager.list_kernel_ids()

    async def close(self) -> None:
        """See the port."""
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()
        self._context.destroy(linger=0)

    def waiting(self, kernel_id: str, message: dict[str, Any]) -> None:
        """A message of the kernel's stdin channel went by: it asks a person for input, or gets the answer."""
        if kernel_id not in self._manager.list_kernel_ids():
            return
        self._listen(kernel_id)  # a cell may ask before the kernel has been discovered
        if kernel_id in self._listeners:
            self._listeners[kernel_id].ledger.feed(message, self._clock())

    def _listen(self, kernel_id: str) -> None:
        kernel = self._manager.get_kernel(kernel_id)
        connection, pid = _connection(kernel), _pid(kernel)
        listener = self._listeners.get(kernel_id)
        if listener is not None and listener.connection != connection:
            self._listeners.pop(kernel_id).close()
            listener = None
        if connection is None:
            return
        if listener is None:
            listener = Listener(connection, self._context, self._clock, self._log)
            self._listeners[kernel_id] = listener
        elif self._pids[kernel_id] != pid:
            listener.restarted()
        self._pids[kernel_id] = pid
        if not listener.ledger.known:
            listener.ask()

    async def _paths(self) -> dict[str, str]:
        """The notebook of each kernel; a kernel without a session is not in it."""
        if self._sessions is None:
            return {}
        return {each["kernel"]["id"]: str(each["path"]) for each in await self._sessions.list_sessions()}

    def _describe(self, kernel_id: str, path: str) -> Kernel:
        kernel = self._manager.get_kernel(kernel_id)
        listener = self._listeners.get(kernel_id)
        return Kernel(
            id=kernel_id,
            name=str(kernel.kernel_name),
            path=path,
            local=_local(kernel),
            pid=_pid(kernel),
            reported_busy=getattr(kernel, "execution_state", "") == "busy",
            ledger=listener.ledger if listener else None,
        )


def _pid(kernel: Any) -> int | None:
    """Of a kernel that a process on this machine runs; a gateway's or a cluster's kernel has none."""
    pid = getattr(getattr(kernel, "provisioner", None), "pid", None)
    return pid if isinstance(pid, int) and pid > 0 else None


def _local(kernel: Any) -> bool:
    provisioner = getattr(kernel, "provisioner", None)
    return provisioner is None or isinstance(provisioner, LocalProvisioner)


def _connection(kernel: Any) -> dict[str, Any] | None:
    """None while the kernel has no ports yet, or never gets any (behind a gateway)."""
    if not getattr(kernel, "iopub_port", 0) or not getattr(kernel, "shell_port", 0):
        return None
    found: dict[str, Any] = kernel.get_connection_info()
    return found
