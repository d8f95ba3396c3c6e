"""One kernel's messages, read on sockets of our own into its ledger."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.session import Session

from jupyter_mlplatform.idle.ledger import WATCHED, Ledger
from jupyter_mlplatform.idle.questions import ASK, Questions

BREATH = 32
"""Messages after which the event loop gets its turn: a kernel that prints without end has always one more ready."""

IPYKERNEL_TOPIC = b"kernel."
"""What ipykernel's topics of status, input and debugger messages begin with, and those of its outputs do not."""

_WATCHED = tuple(f'"{kind}"'.encode() for kind in WATCHED)


class Listener:
    """Listens until :meth:`close`. ``connection`` is what ``KernelManager.get_connection_info`` returns.

    ``reported_busy`` tells what the server believes of the kernel, for kernels that answer beside a running cell.
    """

    def __init__(
        self,
        connection: dict[str, Any],
        context: zmq.asyncio.Context,
        clock: Callable[[], float],
        log: logging.Logger,
        reported_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self.connection = connection
        self._ledger = Ledger(clock())
        self._questions = Questions(self._ledger)
        self._clock = clock
        self._log = log
        self._reported_busy = reported_busy
        # Without a history of digests: it would hold up to 65,536 of them for every kernel.
        scheme = connection["signature_scheme"]
        self._session = Session(key=connection["key"], signature_scheme=scheme, digest_history_size=0)
        self._iopub = context.socket(zmq.SUB)
        self._iopub.setsockopt(zmq.RCVHWM, 0)  # a dropped message would leave a cell open for ever
        self._iopub.subscribe(b"")
        self._narrow = False
        self._shell = context.socket(zmq.DEALER)
        for socket, channel in ((self._iopub, "iopub"), (self._shell, "shell")):
            socket.linger = 0
            if "curve_publickey" in connection:
                socket.curve_publickey = socket.curve_serverkey = connection["curve_publickey"].encode()
                socket.curve_secretkey = connection["curve_secretkey"].encode()
            socket.connect(_address(connection, channel))
        self._tasks = [asyncio.create_task(self._read(self._iopub, self._on_iopub))]
        self._tasks.append(asyncio.create_task(self._read(self._shell, self._on_shell)))

    @property
    def ledger(self) -> Ledger:
        """What the kernel is executing."""
        return self._ledger

    def ask(self) -> None:
        """Ask whether the kernel's shells are free, unless the questions are still on their way."""
        now = self._clock()
        for subshell in self._questions.due(now):
            message = self._session.msg(ASK)
            if subshell is not None:
                message["header"]["subshell_id"] = subshell
            self._questions.sent(message["header"]["msg_id"], subshell, now)
            # Session.send would go around the asyncio socket, which then misses a reply that comes in that moment.
            self._shell.send_multipart(self._session.serialize(message))

    def restarted(self) -> None:
        """Another process has taken over the same ports."""
        self._ledger.restarted(self._clock())
        self._questions.forget()

    def close(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        self._iopub.close()
        self._shell.close()

    async def _read(self, socket: Any, handle: Callable[[list[Any]], None]) -> None:
        read = 0
        while True:
            parts = await socket.recv_multipart()
            try:
                handle(parts)
            except Exception:  # noqa: BLE001 (a message that is not one must not end the listening)
                self._log.debug("A kernel message was not understood", exc_info=True)
            read += 1
            if read % BREATH == 0:
                await asyncio.sleep(0)

    def _on_iopub(self, parts: list[Any]) -> None:
        found: Any = self._session.feed_identities(parts)
        topics, frames = found
        self._questions.received()
        if not any(kind in frames[1] for kind in _WATCHED):
            return
        message = self._session.deserialize(frames)
        parent = message["parent_header"].get("msg_id")
        if not self._questions.asked(parent):
            self._ledger.feed(message, self._clock())
        elif message["content"].get("execution_state") == "idle":
            self._questions.heard(parent, self._clock())
            self._listen_to_less(topics)

    def _listen_to_less(self, topics: list[Any]) -> None:
        """Have the kernel leave out its outputs, now that its topics are known.

        It drops messages for a listener that is a thousand behind, and then a cell's end could be among them.
        """
        if not self._narrow and topics and topics[0].startswith(IPYKERNEL_TOPIC) and topics[0].endswith(b".status"):
            self._narrow = True
            self._iopub.subscribe(IPYKERNEL_TOPIC)
            self._iopub.unsubscribe(b"")

    def _on_shell(self, parts: list[Any]) -> None:
        _, frames = self._session.feed_identities(parts)
        message = self._session.deserialize(frames)
        parent = message["parent_header"].get("msg_id")
        self._questions.answered(parent, message["content"], self._reported_busy(), self._clock())


def _address(connection: dict[str, Any], channel: str) -> str:
    transport, ip, port = connection["transport"], connection["ip"], connection[f"{channel}_port"]
    return f"{transport}://{ip}-{port}" if transport == "ipc" else f"{transport}://{ip}:{port}"
