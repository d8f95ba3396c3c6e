"""A stand-in for JupyterHub, for its culler only: it lists users and their servers, and notes what is to be stopped.

A hub learns of activity from its servers (``web_app.last_activity``, which ``/api/status`` shows too). This one asks
the real servers at the moment at which it is asked itself, so the culler never judges on anything older. It stops
nothing: what it was told to stop is written down with the time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.idle.accounting import cpu_seconds_of, private_mib

VERSION = "5.3.0"


class Hub:
    """``servers`` maps a user's name to the port of the user's server. ``stopped`` maps a name to when (monotonic)."""

    def __init__(self, servers: Mapping[str, int]) -> None:
        self.servers = dict(servers)
        self.stopped: dict[str, float] = {}
        self.asked = 0
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.split("?")[0].rstrip("/").endswith("/users"):
                    self._answer(200, hub.users())
                    hub.asked += 1
                else:
                    self._answer(200, {"version": VERSION})

            def do_DELETE(self) -> None:
                hub.stopped.setdefault(self.path.rstrip("/").split("/")[-2], time.monotonic())
                self._answer(204, None)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

            def _answer(self, status: int, document: Any) -> None:
                body = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def users(self) -> list[dict[str, Any]]:
        """As a hub of version 2 or later answers a client that does not ask for pages."""
        return [self._user(name, port) for name, port in self.servers.items() if name not in self.stopped]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _user(self, name: str, port: int) -> dict[str, Any]:
        with urlopen(f"http://127.0.0.1:{port}/api/status", timeout=10) as answer:
            status = json.load(answer)
        server = {
            "name": "",
            "ready": True,
            "pending": None,
            "url": f"/user/{name}/",
            "started": status["started"],
            "last_activity": status["last_activity"],
        }
        return {
            "name": name,
            "admin": False,
            "created": status["started"],
            "last_activity": status["last_activity"],
            "servers": {"": server},
        }


class HubCuller:
    """jupyterhub-idle-culler as a hub runs it: a process of its own. Use it with ``with``."""

    def __init__(self, servers: Mapping[str, int], interval: float, timeout: float, log: Path) -> None:
        self.hub = Hub(servers)
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterhub_idle_culler",
                f"--url=http://127.0.0.1:{self.hub.port}/hub/api",
                f"--timeout={max(1, round(timeout))}",
                f"--cull-every={max(1, round(interval))}",
            ],
            env=dict(os.environ) | {"JUPYTERHUB_API_TOKEN": "none"},
            stdout=self._log,
            stderr=self._log,
        )

    def __enter__(self) -> HubCuller:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.hub.close()
        self._log.close()

    def cpu_seconds(self) -> float:
        """Of the culler's process since it started."""
        return cpu_seconds_of(self._process.pid)

    def private_mib(self) -> float:
        """Of the culler's process."""
        return private_mib(self._process.pid)
