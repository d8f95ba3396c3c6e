"""One kernel behind a gateway, heard through a websocket of our own.

Such a kernel has neither a process nor sockets on this machine. The gateway passes its messages on as JSON, to every
websocket that is open for the kernel.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.utils import url_path_join
from tornado.escape import url_escape
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from jupyter_mlplatform.idle.ledger import WATCHED, Ledger
from jupyter_mlplatform.idle.local.listener import BREATH
from jupyter_mlplatform.idle.questions import ASK, Questions

LARGEST_MESSAGE_BYTES = 256 * 1024 * 1024
PING_SECONDS = 30.0
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0

Connect = Callable[[str], Awaitable[Any]]
"""Opens a websocket to a kernel's channels: ``read_message``, ``write_message`` and ``close`` of tornado's."""

_WATCHED = tuple(f'"{kind}"' for kind in (*WATCHED, "kernel_info_reply"))


async def to_channels(kernel_id: str) -> Any:
    """A websocket to the gateway that this server is configured for, with its credentials and certificates."""
    client: Any = GatewayClient.instance()
    url = url_path_join(client.ws_url or "", client.kernels_endpoint, url_escape(kernel_id), "channels")
    request = HTTPRequest(url, **client.load_connection_args())
    return await websocket_connect(request, ping_interval=PING_SECONDS, max_message_size=LARGEST_MESSAGE_BYTES)


class GatewayListener:
    """Listens until :meth:`close`, connecting again ever less often when the gateway does not answer."""

    def __init__(
        self,
        kernel_id: str,
        clock: Callable[[], float],
        log: logging.Logger,
        reported_busy: Callable[[], bool] = lambda: False,
        connect: Connect = to_channels,
    ) -> None:
        self.gone = False
        """The gateway says that it has no such kernel."""
        self._kernel_id = kernel_id
        self._clock = clock
        self._log = log
        self._reported_busy = reported_busy
        self._connect = connect
        self._ledger = Ledger(clock())
        self._questions = Questions(self._ledger)
        self._session = uuid4().hex
        self._socket: Any = None
        self._complained = False
        self._listening = asyncio.create_task(self._listen())

    @property
    def ledger(self) -> Ledger | None:
        """What the kernel is executing; None while it cannot be heard."""
        return self._ledger if self._socket is not None else None

    def ask(self) -> None:
        """Ask whether the kernel's shells are free, unless the questions are still on their way."""
        if self._socket is None:
            return
        now = self._clock()
        for subshell in self._questions.due(now):
            message = self._question(subshell)
            self._questions.sent(message["header"]["msg_id"], subshell, now)
            self._socket.write_message(json.dumps(message))

    def close(self) -> None:
        """Stop listening."""
        self._listening.cancel()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _question(self, subshell: str | None) -> dict[str, Any]:
        header = {
            "msg_id": uuid4().hex,
            "msg_type": ASK,
            "username": "",
            "session": self._session,
            "date": datetime.now(timezone.utc).isoformat(),
            "version": "5.3",
        }
        if subshell is not None:
            header["subshell_id"] = subshell
        return {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": {}, "buffers": []}

    async def _listen(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                socket = await self._connect(self._kernel_id)
            except Exception as error:  # noqa: BLE001 (whatever comes of the network, it is tried again)
                self.gone = isinstance(error, HTTPClientError) and error.code == 404
                self._complain(error)
            else:
                if await self._follow(socket):
                    wait = FIRST_WAIT_SECONDS
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    async def _follow(self, socket: Any) -> bool:
        """Read until the connection is lost, and whether anything came. What was said before it is not known."""
        self._ledger.restarted(self._clock())
        self._questions.forget()
        self._socket, self.gone = socket, False
        read = 0
        try:
            while (message := await socket.read_message()) is not None:
                self._take(message)
                read += 1
                self._complained = False
                if read % BREATH == 0:
                    await asyncio.sleep(0)
        except Exception as error:  # noqa: BLE001 (the connection is opened anew)
            self._complain(error)
        finally:
            self._socket = None
            socket.close()
        return read > 0

    def _take(self, text: str | bytes) -> None:
        """Messages with binary parts are never among those that matter."""
        if isinstance(text, bytes) or not any(kind in text for kind in _WATCHED):
            return
        try:
            message = json.loads(text)
            parent = message["parent_header"].get("msg_id")
            if message["channel"] == "shell":
                self._questions.answered(parent, message["content"], self._reported_busy(), self._clock())
            elif message["channel"] == "iopub":
                self._questions.received()
                if not self._questions.asked(parent):
                    self._ledger.feed(message, self._clock())
                elif message["content"].get("execution_state") == "idle":
                    self._questions.heard(parent, self._clock())
        except (ValueError, LookupError, AttributeError, TypeError):
            self._log.debug("A message of a gateway's kernel was not understood", exc_info=True)

    def _complain(self, error: Exception) -> None:
        """Once until it works again; an address may hold credentials, so it is not shown."""
        if not self._complained:
            reason = f"HTTP {error.code}" if isinstance(error, HTTPClientError) else type(error).__name__
            self._log.warning(
                "Kernel %s cannot be heard through the gateway (%s); it is not stopped until it can",
                self._kernel_id,
                reason,
            )
        self._complained = True
