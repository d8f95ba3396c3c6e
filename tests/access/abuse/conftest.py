"""A served workplace, for the abuse that goes through HTTP."""

from __future__ import annotations

from tests.server.conftest import call, jp_server_config
from tests.server.test_access_routes import be

__all__ = ["be", "call", "jp_server_config"]
