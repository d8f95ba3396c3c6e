"""A stand-in for a container engine: real HTTP on a real Unix socket, answers in the form of Docker Engine 27.

It shows that our side of the API is right, over every way in which an engine can fail. It does not show what a real
engine answers on this or that machine; the CPU of its containers is that of real processes where a test wants it.
"""

from __future__ import annotations

import json
import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TRAINING = "4f1c" * 16
SIDECAR = "9b2e" * 16


class FakeEngine:
    """``containers`` maps an id to its row; ``use`` to its CPU seconds, I/O bytes and network bytes up to now.

    ``versions`` are those of the API that it knows; None: all, and addresses without one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.containers: dict[str, dict[str, Any]] = {}
        self.use: dict[str, Callable[[], tuple[float, int, int]]] = {}
        self.answer: Callable[[Any, str], bool] = lambda handler, target: False
        self.asked: list[str] = []
        self.versions: set[str] | None = None

    def start(
        self,
        container_id: str = TRAINING,
        name: str = "train",
        image: str = "pytorch-training:2.5",
        labels: dict[str, str] | None = None,
    ) -> None:
        """A container that runs from now on and uses nothing."""
        self.containers[container_id] = {
            "Id": container_id,
            "Names": [f"/{name}"],
            "Image": image,
            "ImageID": "sha256:" + "0" * 64,
            "Command": "python train.py",
            "Created": 1763700000,
            "Ports": [],
            "Labels": labels or {},
            "State": "running",
            "Status": "Up 2 hours",
            "HostConfig": {"NetworkMode": "sagemaker"},
            "NetworkSettings": {"Networks": {}},
            "Mounts": [],
        }
        self.use.setdefault(container_id, lambda: (0.0, 0, 0))

    def stats(self, container_id: str) -> dict[str, Any]:
        """As ``GET /containers/ID/stats?stream=false&one-shot=true`` answers on a machine with control groups v2."""
        seconds, moved, sent = self.use[container_id]()
        usage = {"total_usage": int(seconds * 1e9), "usage_in_kernelmode": 0, "usage_in_usermode": 0}
        return {
            "id": container_id,
            "read": "2026-11-21T10:00:00.000000000Z",
            "preread": "0001-01-01T00:00:00Z",
            "cpu_stats": {"cpu_usage": usage, "system_cpu_usage": 99, "online_cpus": 2, "throttling_data": {}},
            "precpu_stats": {"cpu_usage": {"total_usage": 0}},
            "memory_stats": {"usage": 1000000, "limit": 8000000000},
            "blkio_stats": {
                "io_service_bytes_recursive": [
                    {"major": 259, "minor": 0, "op": "read", "value": moved},
                    {"major": 259, "minor": 0, "op": "write", "value": 0},
                ],
                "io_serviced_recursive": None,
            },
            "networks": {"eth0": {"rx_bytes": sent, "rx_packets": 9, "tx_bytes": 0, "tx_packets": 9}},
        }


def _handler(engine: FakeEngine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            target = re.sub(r"^/v\d[^/]*", "", urlsplit(self.path).path)  # the docker command asks for a version
            engine.asked.append(self.path)
            version = re.match(r"/v([\d.]+)/", self.path)
            if engine.versions is not None and not version:
                self.say(301, {})
                return
            if engine.versions is not None and version and version[1] not in engine.versions:
                self.say(400, {"message": f"client version {version[1]} is not supported"})
                return
            if engine.answer(self, target):
                return
            container_id = target.removeprefix("/containers/").partition("/")[0]
            if target == "/containers/json":
                self.say(200, list(engine.containers.values()))
            elif container_id in engine.containers:
                self.say(200, engine.stats(container_id))
            else:
                self.say(404, {"message": f"No such container: {container_id}"})

        def say(self, status: int, answer: object) -> None:
            self.say_bytes(status, json.dumps(answer).encode())

        def say_bytes(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def address_string(self) -> str:
            return "a Unix socket"

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # whoever asked has given up


@contextmanager
def running_engine(path: Path) -> Iterator[FakeEngine]:
    """An engine that listens at ``path``."""
    engine = FakeEngine(path)
    with _Server(str(path), _handler(engine)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield engine
        server.shutdown()
        thread.join()


def hang(seconds: float) -> Callable[[Any, str], bool]:
    """An engine that does not answer, for so long."""

    def answer(handler: Any, target: str) -> bool:
        time.sleep(seconds)  # this is the engine, not the test, that waits
        return True

    return answer
