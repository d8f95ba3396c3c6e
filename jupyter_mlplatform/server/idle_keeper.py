"""The idle keeper's life inside the server: it starts it, paces it and stops it."""

from __future__ import annotations

import asyncio
import functools
import time
from typing import Any

from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform.idle.keeper import Keeper
from jupyter_mlplatform.idle.local import clock
from jupyter_mlplatform.idle.local.watchdog_process import Watched
from jupyter_mlplatform.idle.local.webhook import Webhook
from jupyter_mlplatform.idle.ports import Announce
from jupyter_mlplatform.server import idle_world
from jupyter_mlplatform.server.metrics import Metrics
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import Place

TICK_SECONDS = 1.0


class IdleKeeper:
    """Sweeps every ``sample_seconds`` of the policy until stopped. ``announce`` gets an action and its data."""

    def __init__(self, serverapp: ServerApp, services: Services, announce: Announce) -> None:
        self._serverapp = serverapp
        self._services = services
        self._service = services.idle
        self._announce = announce
        self._metrics = Metrics()
        self._webhook: Webhook | None = None
        self._watched: Watched | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, unless the policy switches idle shutdown off."""
        policy, log = self._service.policy, self._serverapp.log
        workspace = self._services.workspace
        if workspace.place is Place.SAGEMAKER:
            metadata = idle_world.metadata_file(self._services)
            self._watched = Watched(workspace.local_dir, metadata, policy, clock.seconds(), log)
        if not policy.enabled:
            if self._watched is not None:
                await asyncio.to_thread(self._watched.stand_down, clock.seconds())
            return
        if policy.webhook:
            self._webhook = Webhook(policy.webhook, workspace.name, workspace.person, log)
        server = idle_world.build(self._serverapp, self._services, self._tell, self._metrics.decided)
        self._running = asyncio.create_task(self._run(self._service.keeper(server)))

    async def stop(self) -> None:
        """End the watching; no kernel is touched."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._webhook:
            await self._webhook.close()
        self._metrics.close()

    def _tell(self, action: str, data: dict[str, Any]) -> None:
        self._announce(action, data)
        if self._webhook:
            self._webhook.announce(action, data)

    async def _run(self, keeper: Keeper) -> None:
        interval = self._service.policy.sample_seconds
        due, failing = clock.seconds(), False
        try:
            while True:
                try:
                    now = clock.seconds()
                    if now >= due:
                        due = now + interval
                        await self._sweep(keeper, now)
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

    async def _sweep(self, keeper: Keeper, now: float) -> None:
        begun, done = time.perf_counter(), False
        try:
            status = await keeper.sweep(now)
            done = True
            self._metrics.observe(status, time.perf_counter() - begun)
            self._metrics.estimated(await asyncio.to_thread(self._service.record.savings))
        finally:
            if self._watched is not None:  # also that it failed: the watchdog must not take that for a dead server
                beat = functools.partial(self._watched.beat, keeper_ok=done)
                await asyncio.to_thread(beat, now, keeper.deletes_after(), keeper.open_cells())
