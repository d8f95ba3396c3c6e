"""A stand-in for a container engine: the two requests of its API that tell what runs and what it uses.

It stands outside of the world, as a real one does, and its containers are processes outside of the world: what they use
is real and is read from the system, only the API around it is not that of a real engine.
"""

from __future__ import annotations

import json
import os
import re
import socketserver
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

BURN = Path(__file__).with_name("programs") / "burn.py"
TICKS = os.sysconf("SC_CLK_TCK")


class Engine:
    """Listens on ``socket``. ``mood`` is ``well``, ``failing`` (HTTP 500) or ``hung`` (never answers)."""

    def __init__(self, socket: Path) -> None:
        self.mood = "well"
        self._socket = socket
        self._containers: dict[str, tuple[dict[str, Any], subprocess.Popen[bytes]]] = {}
        self._ended = threading.Event()
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                engine.answer(self)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

            def address_string(self) -> str:
                """A unix socket has none."""
                return "world"

        class Listening(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

        folder = os.open(socket.parent, os.O_PATH)  # the path itself may be too long for a socket
        try:
            self._server = Listening(f"/proc/self/fd/{folder}/{socket.name}", Handler)
        finally:
            os.close(folder)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def run(self, name: str, share: float, labels: dict[str, str] | None = None) -> None:
        """A container that uses this share of a core."""
        pid_file = self._socket.with_name(f"{name}.outside")
        process = subprocess.Popen([sys.executable, str(BURN), str(pid_file), str(share)], start_new_session=True)
        identity = f"{len(self._containers):064x}"
        row = {"Id": identity, "Names": [f"/{name}"], "Image": "training:1", "Labels": labels or {}, "State": "running"}
        self._containers[identity] = (row, process)

    def close(self) -> None:
        """End the containers and the engine."""
        self._ended.set()
        for _, process in self._containers.values():
            process.kill()
            process.wait()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        if self.mood == "hung":
            self._ended.wait()
            return
        found = self._find(request.path)
        status = 500 if self.mood == "failing" else 404 if found is None else 200
        content = json.dumps(found if status == 200 else {"message": "it does not work"}).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _find(self, path: str) -> Any:
        if re.search(r"/containers/json\b", path):
            return [row for row, _ in self._containers.values()]
        one = re.search(r"/containers/(\w+)/stats\b", path)
        if one is None or one[1] not in self._containers:
            return None
        fields = Path(f"/proc/{self._containers[one[1]][1].pid}/stat").read_text().rpartition(")")[2].split()
        used = (int(fields[11]) + int(fields[12])) / TICKS
        cpu = {"cpu_usage": {"total_usage": int(used * 1e9)}, "system_cpu_usage": int(time.monotonic() * 1e9)}
        return {"id": one[1], "cpu_stats": cpu, "precpu_stats": {}}
