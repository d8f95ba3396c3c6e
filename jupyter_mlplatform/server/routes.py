"""All routes of the API: one list, read by the server, by OpenAPI and by the tests."""

from __future__ import annotations

import re

from jupyter_mlplatform.server import access, handoff, idle, packages, workspace
from jupyter_mlplatform.server.handlers import MissingHandler, PlatformHandler

PREFIX = "api/mlplatform/v1"
ROUTES: list[tuple[str, type[PlatformHandler]]] = [
    *workspace.ROUTES,
    *access.ROUTES,
    *idle.ROUTES,
    *packages.ROUTES,
    *handoff.ROUTES,
]


def url_patterns() -> list[tuple[str, type[PlatformHandler]]]:
    """Tornado's patterns for :data:`ROUTES`; Jupyter puts the base URL in front of them."""
    return [
        *((f"/{PREFIX}{_pattern(path)}", handler) for path, handler in ROUTES),
        (f"/{PREFIX}(?:/.*)?", MissingHandler),
    ]


def _pattern(path: str) -> str:
    """``/runs/{run_id}`` as a regular expression with named groups."""
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.replace(".", r"\."))
