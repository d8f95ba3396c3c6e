"""One kernel's messages, read on sockets of our own into its ledger.

A listener always comes late: the kernel may be in the middle of a cell when the subscription starts, and a
subscription starts some time after it was asked for. So the listener asks on the shell channel (a
``kernel_info_request``) and believes the answer only when it has also seen, on IOPub, the kernel becoming idle from
that very request: then the main shell was free, and every later message is received.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.session import Session

from jupyter_mlplatform.idle.ledger import WATCHED, Ledger

ASK = "kernel_info_request"
ASK_AGAIN_SECONDS = 300.0
MISSED_SECONDS = 2.0
_WATCHED = tuple(f'"{kind}"'.encode() for kind in WATCHED)


class Listener:
    """Listens until :meth:`close`. ``connection`` is what ``KernelManager.get_connection_info`` returns."""

    def __init__(
        self,
        connection: dict[str, Any],
        context: zmq.asyncio.Context,
        clock: Callable[[], float],
        log: logging.Logger,
    ) -> None:
        self.connection = connection
        self.ledger = Ledger(clock())
        self._clock = clock
        self._log = log
        self._session = Session(key=connection["key"], signature_scheme=connection["signature_scheme"])
        self._iopub = context.socket(zmq.SUB)
        self._iopub.setsockopt(zmq.RCVHWM, 0)  # a dropped message would leave a cell open for ever
        self._iopub.subscribe(b"")
        self._shell = context.socket(zmq.DEALER)
        for socket, channel in ((self._iopub, "iopub"), (self._shell, "shell")):
            socket.linger = 0
            if "curve_publickey" in connection:
                socket.curve_publickey = socket.curve_serverkey = connection["curve_publickey"].encode()
                socket.curve_secretkey = connection["curve_secretkey"].encode()
            socket.connect(_address(connection, channel))
        self._asked: dict[str, float] = {}
        self._answered: set[str] = set()
        self._heard: set[str] = set()
        self._tasks = [asyncio.create_task(self._read(self._iopub, self._on_iopub))]
        self._tasks.append(asyncio.create_task(self._read(self._shell, self._on_shell)))

    def ask(self) -> None:
        """Ask whether the main shell is free, unless a question is still on its way."""
        now = self._clock()
        if self._asked:
            age = now - max(self._asked.values())
            missed = self._answered - self._heard
            if age < (MISSED_SECONDS if missed else ASK_AGAIN_SECONDS):
                return
        message = self._session.msg(ASK)
        self._asked[message["header"]["msg_id"]] = now
        self._session.send(self._shell, message)

    def restarted(self) -> None:
        """Another process has taken over the same ports."""
        self.ledger.restarted(self._clock())
        self._asked.clear()
        self._answered.clear()
        self._heard.clear()

    def close(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        self._iopub.close()
        self._shell.close()

    async def _read(self, socket: Any, handle: Callable[[list[Any]], None]) -> None:
        while True:
            parts = await socket.recv_multipart()
            try:
                handle(parts)
            except Exception:  # noqa: BLE001 (a message that is not one must not end the listening)
                self._log.debug("A kernel message was not understood", exc_info=True)

    def _on_iopub(self, parts: list[Any]) -> None:
        frames: list[Any] = self._session.feed_identities(parts)[1]
        if not any(kind in frames[1] for kind in _WATCHED):
            return
        message = self._session.deserialize(frames)
        parent = message["parent_header"].get("msg_id")
        if parent in self._asked and message["content"].get("execution_state") == "idle":
            self._heard.add(parent)
            self._settle(parent)
        else:
            self.ledger.feed(message, self._clock())

    def _on_shell(self, parts: list[Any]) -> None:
        _, frames = self._session.feed_identities(parts)
        message = self._session.deserialize(frames)
        parent = message["parent_header"].get("msg_id")
        if parent not in self._asked:
            return
        # Only IPython is known to work through its shell one by one. Another kernel may answer beside a running cell.
        serial = message["content"].get("implementation") == "ipython"
        self._answered.add(parent)
        if serial or not self.ledger.open:
            self._settle(parent)

    def _settle(self, identity: str) -> None:
        if identity in self._answered and identity in self._heard:
            self.ledger.answered(self._asked[identity], self._clock())
            self._asked.clear()
            self._answered.clear()
            self._heard.clear()


def _address(connection: dict[str, Any], channel: str) -> str:
    transport, ip, port = connection["transport"], connection["ip"], connection[f"{channel}_port"]
    return f"{transport}://{ip}-{port}" if transport == "ipc" else f"{transport}://{ip}:{port}"
