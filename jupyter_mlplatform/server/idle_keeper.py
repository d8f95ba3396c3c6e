"""The idle keeper's life inside the server: it starts it, paces it and stops it."""

from __future__ import annotations

import asyncio

from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform.idle.keeper import Keeper
from jupyter_mlplatform.idle.local import clock
from jupyter_mlplatform.idle.local.kernels import JupyterKernels
from jupyter_mlplatform.idle.local.processes import process_table
from jupyter_mlplatform.idle.ports import Announce
from jupyter_mlplatform.server.stdin_watch import watch_stdin
from jupyter_mlplatform.wiring import Services

TICK_SECONDS = 1.0


class IdleKeeper:
    """Sweeps every ``sample_seconds`` of the policy until stopped. ``announce`` gets an action and its data."""

    def __init__(self, serverapp: ServerApp, services: Services, announce: Announce) -> None:
        self._serverapp = serverapp
        self._service = services.idle
        self._announce = announce
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, unless the policy switches idle shutdown off."""
        if not self._service.policy.enabled:
            return
        app = self._serverapp
        kernels = JupyterKernels(app.kernel_manager, app.session_manager, clock.seconds, app.log)
        watch_stdin(app.web_app.settings, kernels.waiting)
        keeper = self._service.keeper(kernels, process_table(), self._announce, app.log)
        self._running = asyncio.create_task(self._run(keeper))

    async def stop(self) -> None:
        """End the watching; no kernel is touched."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self, keeper: Keeper) -> None:
        interval = self._service.policy.sample_seconds
        due, failing = clock.seconds(), False
        try:
            while True:
                try:
                    now = clock.seconds()
                    if now >= due:
                        due = now + interval
                        await keeper.sweep(now)
                        failing = False
                    else:
                        await keeper.tick(now)
                except Exception:
                    if not failing:
                        self._serverapp.log.exception("The idle keeper failed; nothing is stopped until it works again")
                    failing = True
                await asyncio.sleep(max(0.05, min(TICK_SECONDS, due - clock.seconds())))
        finally:
            await keeper.close()
