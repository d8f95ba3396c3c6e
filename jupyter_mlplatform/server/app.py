"""The server extension: resolves the workspace, mounts the routes and runs the background work."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform import events, wiring
from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.server import native_idle
from jupyter_mlplatform.server.broker_kernels import KernelBroker, open_broker
from jupyter_mlplatform.server.fulfilling import Fulfilling
from jupyter_mlplatform.server.handlers import SERVICES_SETTING
from jupyter_mlplatform.server.idle_keeper import IdleKeeper
from jupyter_mlplatform.server.relay import Relay, Source
from jupyter_mlplatform.server.routes import url_patterns
from jupyter_mlplatform.wiring import Services


class PlatformApp(ExtensionApp):
    """``jupyter_mlplatform`` inside a Jupyter server."""

    name = "jupyter_mlplatform"
    load_other_extensions = True

    _keeper: IdleKeeper | None = None
    _relaying: asyncio.Task[None] | None = None
    _fulfilling: Fulfilling | None = None
    _broker: KernelBroker | None = None

    def initialize_settings(self) -> None:
        """Resolve who and where. With a wrong policy nothing works, and every route says why."""
        try:
            self.settings[SERVICES_SETTING] = wiring.services()
        except PlatformError as error:
            self.log.error("jupyter_mlplatform is switched off. %s", error)
            self.settings[SERVICES_SETTING] = error

    def initialize_handlers(self) -> None:
        """Mount the API; ExtensionApp puts the base URL in front."""
        self.handlers.extend(url_patterns())
        native_idle.mount(self.serverapp)

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Start watching for idleness and for news, once the event loop runs."""
        native_idle.settle(serverapp)
        services = self.settings[SERVICES_SETTING]
        if not isinstance(services, Services):
            return
        try:
            services.packages.resume()
        except PlatformError as error:
            self.log.warning("The package mirrors are not in use. %s", error)
        if serverapp.event_logger is not None:
            events.register(serverapp.event_logger)
        self._broker = await open_broker(serverapp, services)
        self._keeper = IdleKeeper(serverapp, services, lambda action, data: self._emit(events.IDLE, action, data))
        await self._keeper.start()
        if services.policy.policy.access.fulfil_in_server:
            self._fulfilling = Fulfilling(services.access.fulfil, self.log)
            self._fulfilling.start()
        if services.workspace.person:
            sources: dict[str, Source] = {events.ACCESS: services.access, events.HANDOFF: services.handoff}
            relay = Relay(services.workspace.person, sources, self._emit_event, self.log)
            await relay.look()  # what happens from here on is told
            self._relaying = asyncio.create_task(relay.run())

    async def stop_extension(self) -> None:
        """Stop the background work; runs of the hand-off go on by themselves."""
        if self._broker:
            await self._broker.stop()
        if self._relaying:
            self._relaying.cancel()
            await asyncio.gather(self._relaying, return_exceptions=True)
        if self._fulfilling:
            await self._fulfilling.stop()
        if self._keeper:
            await self._keeper.stop()

    def _emit(self, schema_id: str, action: str, data: dict[str, Any]) -> None:
        self._emit_event(schema_id, {"action": action, **data})

    def _emit_event(self, schema_id: str, data: dict[str, Any]) -> None:
        if self.serverapp is not None and self.serverapp.event_logger is not None:
            self.serverapp.event_logger.emit(schema_id=schema_id, data=data)
