"""A broker without a Jupyter server around it, and a client that sends just what a test says."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from jupyter_mlplatform.access.models import Credentials
from jupyter_mlplatform.server.broker import Broker

LOG = logging.getLogger("tests.broker")
SECRET = "canary-secret-key"


class Kernels:
    """Kernels that live and die as the test says: process id by kernel id. A ``dead`` one is not forgotten yet."""

    def __init__(self, **processes: int | None) -> None:
        self.processes: dict[str, int | None] = dict(processes)
        self.dead: set[str] = set()

    async def process(self, kernel_id: str) -> tuple[bool, int | None]:
        alive = kernel_id in self.processes and kernel_id not in self.dead
        return alive, self.processes.get(kernel_id)


class Vending:
    """Gives the same credentials to everybody and notes for whom. ``does`` is what happens in place of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.forgotten: list[str] = []
        self.does: Callable[[], None] = lambda: None

    def vend(self, person: str, dataset_id: str, holder: str) -> Credentials:
        self.calls.append((person, dataset_id, holder))
        self.does()
        ends = datetime.now(timezone.utc) + timedelta(minutes=9)
        return Credentials(access_key_id="ASIA1", secret_access_key=SECRET, session_token="t", expires_at=ends)

    def forget(self, holder: str) -> None:
        self.forgotten.append(holder)


class World:
    """A listening broker of alice's, whose kernel k1 has a token."""

    def __init__(self, runtime_dir: Path, kernels: Kernels, vending: Vending) -> None:
        self.runtime_dir = runtime_dir
        self.kernels = kernels
        self.vending = vending
        self.broker = Broker(vending, kernels, "alice", LOG)

    @property
    def host(self) -> str:
        return self.broker.address.removeprefix("http://")

    def folder(self) -> Path:
        (found,) = self.runtime_dir.glob("mlplatform-broker-*")
        return found

    def token(self, kernel_id: str = "k1") -> str:
        return (self.folder() / f"{kernel_id}.token").read_text(encoding="ascii")

    async def get(self, path: str = "/credentials/welds", token: str | None = "", **more: str) -> tuple[int, Any]:
        """Status and body of a call; with k1's token when none is given, with none for ``None``."""
        given = {"Authorization": self.token() if token == "" else token} if token is not None else {}
        status, _, body = await self.call("GET", path, {**given, **{k.replace("_", "-"): v for k, v in more.items()}})
        return status, body

    async def call(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        return await asyncio.to_thread(ask, self.host, method, path, headers)


def ask(host: str, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], Any]:
    """One call; ``Host`` may be among the headers."""
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, dict(answer.headers.items()), json.loads(body) if body else None
    finally:
        connection.close()


def send_raw(host: str, content: bytes) -> bytes:
    """Send bytes, and read until the other side closes."""
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=20) as connection:
        found = b""
        try:
            connection.sendall(content)
            while piece := connection.recv(65536):
                found += piece
        except ConnectionError:
            pass
        return found


@asynccontextmanager
async def listening(runtime_dir: Path, **processes: int | None) -> AsyncIterator[World]:
    """A broker that has welcomed its kernels."""
    world = World(runtime_dir, Kernels(**(processes or {"k1": 101})), Vending())
    world.broker.start(runtime_dir)
    try:
        for kernel_id in list(world.kernels.processes):
            await world.broker.welcome(kernel_id)
        yield world
    finally:
        await world.broker.stop()
