"""The server extension: resolves the workspace, mounts the routes and runs the background work."""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp

from jupyter_mlplatform import wiring
from jupyter_mlplatform.server.handlers import SERVICES_SETTING
from jupyter_mlplatform.server.routes import url_patterns


class PlatformApp(ExtensionApp):
    """``jupyter_mlplatform`` inside a Jupyter server."""

    name = "jupyter_mlplatform"
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Resolve who and where; a wrong policy file stops the extension with one clear line."""
        self.services = wiring.services()
        self.settings[SERVICES_SETTING] = self.services

    def initialize_handlers(self) -> None:
        """Mount the API."""
        self.handlers.extend(url_patterns())  # ExtensionApp prepends the base URL

    async def stop_extension(self) -> None:
        """Nothing runs in the background yet."""

    def _unused(self) -> Any:
        return None
