"""The kernels of this Jupyter server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import zmq.asyncio
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.utils import ensure_async
from jupyter_server.gateway.managers import GatewayKernelManager

from jupyter_mlplatform.idle.local.gateway import GatewayListener
from jupyter_mlplatform.idle.local.listener import Listener
from jupyter_mlplatform.idle.local.notebooks import Notebooks, root_of
from jupyter_mlplatform.idle.ports import Kernel

MOST_SOCKETS = 8192
"""Two a kernel; ZeroMQ's own limit would leave the five hundredth kernel unheard."""

WAIT_SECONDS = 2.0
"""How long a sample waits for a disk or a gateway; after that, what was known before counts."""

LIST_SECONDS = 60.0
"""How often a gateway is asked which kernels it still has."""

SESSIONS_SECONDS = 30.0
"""How often the sessions are listed while the kernels stay the same: the server takes its time for each of them."""

SPECIFICATION_SECONDS = 60.0
"""After which a specification that could not be read is asked for again."""

DEAD_SECONDS = 15.0
"""How long a kernel that nobody restarts must have been without a process to be taken for dead."""


class JupyterKernels:
    """See :class:`~jupyter_mlplatform.idle.ports.Kernels`.

    ``manager`` is the server's MultiKernelManager; ``sessions`` its session manager and ``contents`` its contents
    manager, or None where there is none.
    """

    def __init__(
        self, manager: Any, sessions: Any, clock: Callable[[], float], log: logging.Logger, contents: Any = None
    ) -> None:
        self._manager = manager
        self._sessions = sessions
        self._clock = clock
        self._log = log
        self._context = zmq.asyncio.Context()
        self._context.max_sockets = MOST_SOCKETS
        self._listeners: dict[str, Listener | GatewayListener] = {}
        self._pids: dict[str, int | None] = {}
        self._deaf: set[str] = set()
        self._paths: dict[str, str] = {}
        self._paths_due = 0.0
        self._pathed: dict[str, float] = {}
        self._pathless = False
        self._notebooks = Notebooks(root_of(contents))
        self._wishes: dict[str, Mapping[str, Any]] = {}
        self._reading: asyncio.Task[dict[str, Mapping[str, Any]]] | None = None
        self._listing: asyncio.Task[Any] | None = None
        self._listed_at = clock()
        self._specifications: dict[str, Mapping[str, Any]] = {}
        self._unspecified: dict[str, float] = {}
        self._without_process: dict[str, float] = {}
        self._dead: set[str] = set()

    async def discover(self) -> None:
        """See the port. What is listened to already is looked at again for each :meth:`list`: it may have restarted."""
        self._discover(thoroughly=False)

    def _discover(self, *, thoroughly: bool) -> None:
        present = set(self._manager.list_kernel_ids())
        for gone in self._listeners.keys() - present:
            self._listeners.pop(gone).close()
        for each in (self._pids, self._specifications, self._unspecified, self._without_process):
            for gone in each.keys() - present:
                each.pop(gone)
        for kernel_id in present:
            if not thoroughly and self._hears(kernel_id):
                continue
            try:
                self._listen(kernel_id)
            except Exception as error:  # noqa: BLE001 (one strange kernel must not end the watching of the others)
                if kernel_id not in self._deaf:
                    self._log.warning("Kernel %s cannot be listened to and is never stopped: %s", kernel_id, error)
                self._deaf.add(kernel_id)
        self._deaf &= present
        self._dead &= present

    async def list(self) -> tuple[Kernel, ...]:
        """See the port."""
        await self._forget_culled()
        self._discover(thoroughly=True)
        await self._find_paths()
        await self._read_wishes()
        for kernel_id, kernel in self._present():
            await self._specify(kernel_id, kernel)
            await self._bury(kernel_id, kernel)
        return tuple(self._describe(kernel_id, kernel) for kernel_id, kernel in self._present())

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
        for task in (self._reading, self._listing):
            if task is not None:
                task.cancel()
        self._context.destroy(linger=0)

    def waiting(self, kernel_id: str, message: dict[str, Any]) -> None:
        """A message of the kernel's stdin channel went by: it asks a person for input, or gets the answer."""
        if kernel_id not in self._manager.list_kernel_ids():
            return
        self._listen(kernel_id)  # a cell may ask before the kernel has been discovered
        listener = self._listeners.get(kernel_id)
        if listener is not None and listener.ledger is not None:
            listener.ledger.feed(message, self._clock())

    def _present(self) -> tuple[tuple[str, Any], ...]:
        """The server may drop a kernel at any moment, so ids are only good until the next await."""
        return tuple((each, self._manager.get_kernel(each)) for each in sorted(self._manager.list_kernel_ids()))

    def _hears(self, kernel_id: str) -> bool:
        listener = self._listeners.get(kernel_id)
        return listener is not None and listener.ledger is not None and listener.ledger.known

    def _listen(self, kernel_id: str) -> None:
        kernel = self._manager.get_kernel(kernel_id)
        listener = self._listeners.get(kernel_id)
        if isinstance(kernel, GatewayKernelManager):
            if listener is None:
                listener = GatewayListener(kernel_id, self._clock, self._log, lambda: _busy(kernel))
                self._listeners[kernel_id] = listener
        else:
            listener = self._listen_to_sockets(kernel_id, kernel, listener)
        if listener is not None and listener.ledger is not None and not listener.ledger.known:
            listener.ask()

    def _listen_to_sockets(self, kernel_id: str, kernel: Any, listener: Any) -> Listener | None:
        ports, pid = _ports(kernel), _pid(kernel)
        if listener is not None and _ports_of(listener) != ports:
            self._listeners.pop(kernel_id).close()
            listener = None
        if ports is None:
            return None
        if listener is None:
            connection = kernel.get_connection_info()
            listener = Listener(connection, self._context, self._clock, self._log, lambda: _busy(kernel))
            self._listeners[kernel_id] = listener
        elif self._pids[kernel_id] != pid:
            listener.restarted()
        self._pids[kernel_id] = pid
        found: Listener = listener
        return found

    async def _forget_culled(self) -> None:
        """A gateway may have stopped a kernel by itself; the server notices when it lists its kernels.

        A gateway that hangs holds nothing up.
        """
        behind = [each for each in self._listeners.values() if isinstance(each, GatewayListener)]
        if self._listing is None:
            due = self._listed_at + LIST_SECONDS
            if not behind or (self._clock() < due and not any(each.gone for each in behind)):
                return
            self._listing = asyncio.create_task(ensure_async(self._manager.list_kernels()))
        listing = self._listing
        await asyncio.wait({listing}, timeout=WAIT_SECONDS)
        if listing.done() and self._listing is listing:
            self._listing, self._listed_at = None, self._clock()
            error = listing.exception()
            if error is not None:  # each kernel's own listener tells of a gateway that does not answer
                self._log.debug("The gateway's kernels cannot be listed: %s", error)

    async def _find_paths(self) -> None:
        """The notebook of each kernel; a kernel without a session has none.

        When the sessions cannot be read, those of the last time count: a rule of the policy may hang on a path.
        """
        now, present = self._clock(), set(self._manager.list_kernel_ids())
        since = {each: self._pathed.get(each, now) for each in present}
        # A session is saved some time after its kernel has started.
        waits = any(each not in self._paths and now - at < SESSIONS_SECONDS for each, at in since.items())
        if self._sessions is None or (since == self._pathed and now < self._paths_due and not waits):
            return
        self._pathed, self._paths_due = since, now + SESSIONS_SECONDS
        try:
            sessions = await ensure_async(self._sessions.list_sessions())
            self._paths = {each["kernel"]["id"]: str(each["path"]) for each in sessions if each.get("kernel")}
            self._pathless = False
        except Exception as error:  # noqa: BLE001 (an administrator may have configured a session manager of any kind)
            if not self._pathless:
                self._log.warning("The sessions cannot be read (%s); the notebooks last known count", error)
            self._pathless = True

    async def _read_wishes(self) -> None:
        """What the notebooks say, read off the event loop; a disk that hangs holds nothing up."""
        if self._reading is None:
            paths = tuple(self._paths.values())
            self._reading = asyncio.create_task(asyncio.to_thread(self._notebooks.metadata, paths))
        reading = self._reading  # whoever asks meanwhile waits for the same
        await asyncio.wait({reading}, timeout=WAIT_SECONDS)
        if reading.done() and self._reading is reading:
            self._reading = None
            error = reading.exception()
            if error is None:
                self._wishes = reading.result()
            else:
                self._log.warning("The notebooks cannot be read (%s); what they last said counts", error)

    async def _specify(self, kernel_id: str, kernel: Any) -> None:
        """Read the metadata of a kernel's specification, which stays as it was when the kernel was started."""
        if kernel_id in self._specifications or self._clock() < self._unspecified.get(kernel_id, 0.0):
            return
        try:
            if isinstance(kernel, GatewayKernelManager):
                found = await ensure_async(self._manager.kernel_spec_manager.get_kernel_spec(_name(kernel)))
                metadata = found["spec"].get("metadata")
            else:
                metadata = kernel.kernel_spec.metadata
            self._specifications[kernel_id] = metadata if isinstance(metadata, Mapping) else {}
        except Exception as error:  # noqa: BLE001 (a specification may be gone, broken, or behind a silent gateway)
            if kernel_id not in self._unspecified:
                self._log.warning("The specification of kernel %s cannot be read: %s", kernel_id, error)
            self._unspecified[kernel_id] = self._clock() + SPECIFICATION_SECONDS

    async def _bury(self, kernel_id: str, kernel: Any) -> None:
        """Find out whether a kernel's process has ended for good, so that its last cell is not open for ever."""
        dead = getattr(kernel, "execution_state", "") == "dead"
        if not dead and not getattr(kernel, "autorestart", True) and _pid(kernel) is not None:
            alive = await ensure_async(kernel.is_alive())
            since = self._without_process.setdefault(kernel_id, self._clock())
            dead = not alive and self._clock() - since >= DEAD_SECONDS
            if alive:
                del self._without_process[kernel_id]
        (self._dead.add if dead else self._dead.discard)(kernel_id)
        listener = self._listeners.get(kernel_id)
        if dead and listener is not None and listener.ledger is not None:
            listener.ledger.died(self._clock())

    def _describe(self, kernel_id: str, kernel: Any) -> Kernel:
        listener = self._listeners.get(kernel_id)
        path = self._paths.get(kernel_id, "")
        return Kernel(
            id=kernel_id,
            name=_name(kernel),
            path=path,
            local=_local(kernel),
            pid=_pid(kernel),
            reported_busy=_busy(kernel),
            ledger=listener.ledger if listener else None,
            spec_metadata=self._specifications.get(kernel_id, {}),
            notebook_metadata=self._wishes.get(path, {}),
            dead=kernel_id in self._dead,
        )


def _busy(kernel: Any) -> bool:
    return getattr(kernel, "execution_state", "") == "busy"


def _name(kernel: Any) -> str:
    """A gateway's kernel has its name in what the gateway said of it."""
    model = getattr(kernel, "kernel", None)
    return str(model["name"]) if isinstance(model, Mapping) and "name" in model else str(kernel.kernel_name)


def _pid(kernel: Any) -> int | None:
    """Of a kernel that a process on this machine runs; a gateway's or a cluster's kernel has none."""
    pid = getattr(getattr(kernel, "provisioner", None), "pid", None)
    return pid if isinstance(pid, int) and pid > 0 else None


def _local(kernel: Any) -> bool:
    if isinstance(kernel, GatewayKernelManager):
        return False
    provisioner = getattr(kernel, "provisioner", None)
    return provisioner is None or isinstance(provisioner, LocalProvisioner)


def _ports(kernel: Any) -> tuple[int, int] | None:
    """None while the kernel has no ports yet."""
    shell, iopub = getattr(kernel, "shell_port", 0), getattr(kernel, "iopub_port", 0)
    return (shell, iopub) if shell and iopub else None


def _ports_of(listener: Listener) -> tuple[int, int]:
    return listener.connection["shell_port"], listener.connection["iopub_port"]
