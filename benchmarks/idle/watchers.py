"""The watchers that live inside the server, switched on and off while it runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

from jupyter_server.serverapp import ServerApp


class Watcher(Protocol):
    """Switched on by its construction. ``interval`` and ``timeout`` are seconds."""

    def sweeps(self) -> int:
        """How often it has looked at everything since it was switched on."""
        ...

    def used(self) -> list[float]:
        """CPU seconds of the server from the begin to the end of each look."""
        ...

    def verdicts(self) -> dict[str, str]:
        """What it thinks of each subject now, in its own words; empty where it does not say."""
        ...

    async def off(self) -> None:
        """Switch it off; no kernel is touched."""
        ...


class StockCuller:
    """jupyter_server's own: ``MappingKernelManager.cull_idle_timeout`` and the terminals' ``cull_inactive_timeout``."""

    def __init__(self, app: ServerApp, interval: float, timeout: float) -> None:
        self._manager: Any = app.kernel_manager
        self._manager.cull_idle_timeout = max(1, round(timeout))
        self._manager.cull_interval = max(1, round(interval))
        self._used: list[float] = []
        cull = self._manager.cull_kernels

        async def timed() -> None:
            begin = time.process_time()
            await cull()
            self._used.append(time.process_time() - begin)

        self._manager.cull_kernels = timed
        self._manager._initialized_culler = False
        self._manager.initialize_culler()
        self._callbacks = [self._manager._culler_callback]
        terminals: Any = app.web_app.settings.get("terminal_manager")
        self._terminals = terminals
        if terminals is not None:
            terminals.cull_inactive_timeout = max(1, round(timeout))
            terminals.cull_interval = max(1, round(interval))
            terminals._initialized_culler = False
            terminals._initialize_culler()
            self._callbacks.append(terminals._culler_callback)

    def sweeps(self) -> int:
        """See :class:`Watcher`."""
        return len(self._used)

    def used(self) -> list[float]:
        """See :class:`Watcher`."""
        return self._used

    def verdicts(self) -> dict[str, str]:
        """It says nothing; it culls."""
        return {}

    async def off(self) -> None:
        """It has no switch, so its timers are stopped."""
        for callback in self._callbacks:
            callback.stop()
        del self._manager.cull_kernels
        self._manager._culler_callback = None
        self._manager.cull_idle_timeout = 0
        if self._terminals is not None:
            self._terminals._culler_callback = None


POLICY = """
[idle]
timeout_seconds = {timeout}
min_timeout_seconds = 1.0
sample_seconds = {interval}
grace_seconds = {grace}
min_uptime_seconds = 0.0
stop = "off"
watchdog = false
cull_kernels = {cull}
cull_terminals = {cull}
"""


class Ours:
    """This project's keeper, as the server extension runs it. ``grace`` is the time of the warning, in seconds."""

    def __init__(self, app: ServerApp, folder: Path, interval: float, timeout: float, grace: float) -> None:
        from jupyter_mlplatform.idle import keeper as keepers
        from jupyter_mlplatform.server.idle_keeper import IdleKeeper
        from jupyter_mlplatform.wiring import Services
        from jupyter_mlplatform.workspace import resolve

        folder.mkdir(parents=True, exist_ok=True)
        policy = folder / "policy.toml"
        policy.write_text(
            POLICY.format(timeout=float(timeout), interval=float(interval), grace=float(grace), cull="true")
        )
        self._used: list[float] = []
        self._kind: Any = keepers.Keeper
        self._sweep = keepers.Keeper.sweep
        self._told: dict[str, str] = {}
        used, told, sweep = self._used, self._told, self._sweep

        async def timed(keeper: Any, *arguments: Any, **named: Any) -> Any:
            begin = time.process_time()
            status = await sweep(keeper, *arguments, **named)
            used.append(time.process_time() - begin)
            told["workspace"] = status.state.value
            told.update({each.subject: each.state.value for each in (*status.kernels, *status.terminals)})
            return status

        self._kind.sweep = timed
        self._keeper = IdleKeeper(app, Services(*resolve(policy_paths=(policy,))), lambda action, data: None)

    async def on(self) -> None:
        """Begin."""
        await self._keeper.start()

    def sweeps(self) -> int:
        """See :class:`Watcher`."""
        return len(self._used)

    def used(self) -> list[float]:
        """Of all threads, so also what its scan used off the loop."""
        return self._used

    def verdicts(self) -> dict[str, str]:
        """A state for each subject."""
        return dict(self._told)

    async def off(self) -> None:
        """As the extension does it when the server ends."""
        await self._keeper.stop()
        self._kind.sweep = self._sweep
