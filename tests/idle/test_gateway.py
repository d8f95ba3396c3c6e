"""Kernels behind a gateway: a second Jupyter server, in a process of its own, that this one is configured for."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.serverapp import ServerApp

from jupyter_mlplatform.idle.ledger import Ledger
from jupyter_mlplatform.idle.local import clock, gateway
from jupyter_mlplatform.idle.local import kernels as module
from jupyter_mlplatform.idle.local.gateway import GatewayListener
from jupyter_mlplatform.idle.local.kernels import JupyterKernels
from jupyter_mlplatform.idle.ports import Kernel
from jupyter_mlplatform.server.stdin_watch import watch_stdin
from tests.poll import until, until_async

TOKEN = "gate"


class Gateway:
    """The other server; it can be paused, as one that hangs."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = {"port": self.port, "ip": "127.0.0.1", "IdentityProvider.token": TOKEN, "ServerApp.root_dir": folder}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._answers, 60.0)

    def request(self, method: str, path: str) -> Any:
        url, headers = f"http://127.0.0.1:{self.port}/api/{path}", {"Authorization": f"token {TOKEN}"}
        request = urllib.request.Request(url, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 (a server of this test)
            return json.loads(response.read() or b"null")

    def _answers(self) -> bool:
        try:
            return bool(self.request("GET", "status"))
        except (URLError, OSError):
            return False

    def close(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setenv("KERNEL_LAUNCH_TIMEOUT", "40")  # the gateway's client writes it
    monkeypatch.setattr(gateway, "FIRST_WAIT_SECONDS", 0.2)
    folder = tmp_path / "remote"
    folder.mkdir()
    started = Gateway(folder)
    yield started
    started.close()


@pytest.fixture
def jp_server_config(remote: Gateway) -> Any:
    GatewayClient.clear_instance()
    yield {"GatewayClient": {"url": f"http://127.0.0.1:{remote.port}", "auth_token": TOKEN, "auth_scheme": "token"}}
    GatewayClient.clear_instance()


@pytest.fixture
def kernels(jp_serverapp: ServerApp, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[JupyterKernels]:
    app = jp_serverapp
    made = JupyterKernels(app.kernel_manager, app.session_manager, clock.seconds, app.log, app.contents_manager)
    watch_stdin(app.web_app.settings, made.waiting)
    yield made
    jp_asyncio_loop.run_until_complete(made.close())
    jp_asyncio_loop.run_until_complete(app.kernel_manager.shutdown_all())


async def look(kernels: JupyterKernels, kernel_id: str) -> Kernel | None:
    return {each.id: each for each in await kernels.list()}.get(kernel_id)


async def until_ledger(kernels: JupyterKernels, kernel_id: str, so: Callable[[Ledger], Any]) -> Ledger:
    async def seen() -> Any:
        kernel = await look(kernels, kernel_id)
        return kernel.ledger if kernel is not None and kernel.ledger is not None and so(kernel.ledger) else None

    found: Ledger = await until_async(seen, 40.0)
    return found


class Client:
    """A tab of a browser, connected through this server."""

    def __init__(self, websocket: Any) -> None:
        self.websocket = websocket

    async def send(self, channel: str, kind: str, content: dict[str, Any]) -> None:
        header = {"msg_id": kind, "msg_type": kind, "session": "s", "username": "", "date": "", "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": channel}
        await self.websocket.write_message(json.dumps({**message, "buffers": []}))

    async def run(self, code: str) -> None:
        await self.send("shell", "execute_request", {"code": code, "silent": False, "allow_stdin": True})


async def test_given_a_gateways_kernel_then_its_cells_and_questions_are_seen_and_it_can_be_stopped(
    jp_serverapp: ServerApp, jp_ws_fetch: Callable[..., Any], kernels: JupyterKernels, remote: Gateway
) -> None:
    kernel_id = str(await jp_serverapp.kernel_manager.start_kernel(kernel_name="python3"))
    await until_ledger(kernels, kernel_id, lambda ledger: ledger.known)
    kernel = await look(kernels, kernel_id)
    assert kernel is not None
    assert (kernel.local, kernel.pid, kernel.name) == (False, None, "python3")
    client = Client(await jp_ws_fetch("api", "kernels", kernel_id, "channels"))
    await client.run("import time; time.sleep(2)")
    await until_ledger(kernels, kernel_id, lambda ledger: ledger.working)
    await until_ledger(kernels, kernel_id, lambda ledger: not ledger.open and ledger.ended_at)
    await client.run("input('who?')")
    await until_ledger(kernels, kernel_id, lambda ledger: ledger.open and not ledger.working)
    await client.send("stdin", "input_reply", {"value": "me"})
    await until_ledger(kernels, kernel_id, lambda ledger: not ledger.open)
    client.websocket.close()
    assert await kernels.stop(kernel_id)
    assert remote.request("GET", "kernels") == []


async def test_given_the_gateway_hangs_or_is_gone_then_nothing_is_known_until_it_is_back(
    jp_serverapp: ServerApp, kernels: JupyterKernels, remote: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "PING_SECONDS", 1.0)
    kernel_id = str(await jp_serverapp.kernel_manager.start_kernel(kernel_name="python3"))
    await until_ledger(kernels, kernel_id, lambda ledger: ledger.known)
    remote.process.send_signal(signal.SIGSTOP)

    async def unheard() -> bool:
        kernel = await look(kernels, kernel_id)
        return kernel is not None and kernel.ledger is None

    await until_async(unheard, 30.0)
    remote.process.send_signal(signal.SIGCONT)
    await until_ledger(kernels, kernel_id, lambda ledger: ledger.known)


async def test_given_the_gateway_stopped_a_kernel_by_itself_then_it_is_forgotten_here(
    jp_serverapp: ServerApp, kernels: JupyterKernels, remote: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIST_SECONDS", 1.0)
    kernel_id = str(await jp_serverapp.kernel_manager.start_kernel(kernel_name="python3"))
    await until_ledger(kernels, kernel_id, lambda ledger: ledger.known)
    await asyncio.to_thread(remote.request, "DELETE", f"kernels/{kernel_id}")

    async def forgotten() -> bool:
        return await look(kernels, kernel_id) is None

    await until_async(forgotten, 30.0)


async def test_given_a_connection_that_fails_in_every_way_then_it_is_told_once_and_secrets_are_not(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "FIRST_WAIT_SECONDS", 0.001)
    attempts = 0

    class Broken:
        async def read_message(self) -> Any:
            raise ConnectionResetError("token=abc")

        def close(self) -> None:
            pass

    async def connect(kernel_id: str) -> Any:
        nonlocal attempts
        attempts += 1
        if attempts % 2:
            raise OSError("http://me:abc@gateway")
        return Broken()

    listener = GatewayListener("k", clock.seconds, logging.getLogger("test"), connect=connect)

    async def tried() -> bool:
        return attempts >= 2

    await until_async(tried)
    assert listener.ledger is None
    listener.close()
    assert "abc" not in caplog.text
    assert caplog.text.count("cannot be heard through the gateway") <= 2


async def test_given_messages_that_make_no_sense_then_the_listening_goes_on() -> None:
    said = [b"\0", "", '"status"', '{"status": "status"}', '{"channel": "iopub", "parent_header": [], "a": "status"}']
    texts = iter([*said, json.dumps({"channel": "iopub", **_busy()}), None])
    seen: list[dict[str, Any]] = []

    class Websocket:
        async def read_message(self) -> Any:
            text = next(texts, None)
            if text is None:
                ledger = listener.ledger
                seen.append(dict(ledger.open) if ledger is not None else {})
            return text

        def close(self) -> None:
            pass

    async def connect(kernel_id: str) -> Any:
        return Websocket()

    listener = GatewayListener("k", clock.seconds, logging.getLogger("test"), connect=connect)

    async def read() -> bool:
        return bool(seen)

    await until_async(read)
    listener.close()
    assert list(seen[0]) == ["cell"]


def _busy() -> dict[str, Any]:
    parent = {"msg_type": "execute_request", "msg_id": "cell"}
    return {"header": {"msg_type": "status"}, "parent_header": parent, "content": {"execution_state": "busy"}}
