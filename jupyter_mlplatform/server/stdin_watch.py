"""Sees when a cell waits in ``input()``.

The kernel asks for input on its stdin channel, which reaches only the client that runs the cell, so nothing else can
hear it. Every client of this server is connected through the server's websocket connection class; a subclass of the
configured one tells of the question and of the answer on their way through.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from jupyter_server.gateway.connections import GatewayWebSocketConnection
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

Waiting = Callable[[str, dict[str, Any]], None]
SETTING = "kernel_websocket_connection_class"

_ANSWERED = {"header": {"msg_type": "input_reply"}}


def watch_stdin(settings: dict[str, Any], waiting: Waiting) -> None:
    """Make the websockets that open from now on call ``waiting`` with a kernel id and a message.

    Connections of a kind that is not known here are left as they are. Looking never gets in a message's way.
    """
    configured = settings.get(SETTING)
    if not isinstance(configured, type):
        return
    if issubclass(configured, ZMQChannelsWebsocketConnection):
        settings[SETTING] = _watching_sockets(configured, waiting)
    elif issubclass(configured, GatewayWebSocketConnection):
        settings[SETTING] = _watching_gateway(configured, waiting)


def _watching_sockets(configured: type, waiting: Waiting) -> type:
    class StdinWatchingConnection(configured):  # type: ignore[misc]
        """The configured connection, which also tells of input requests and replies."""

        def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
            """Kernel to client; ``stream`` is the channel's socket, which knows its name."""
            if getattr(stream, "channel", stream) == "stdin":
                _tell(self, waiting, lambda: _of_frames(self.session.feed_identities(list(outgoing_msg))[1]))
            super().handle_outgoing_message(stream, outgoing_msg)

        def handle_incoming_message(self, incoming_msg: Any) -> None:
            """Client to kernel."""
            if b"input_reply" in (incoming_msg if isinstance(incoming_msg, bytes) else incoming_msg.encode()):
                _tell(self, waiting, lambda: _ANSWERED)
            super().handle_incoming_message(incoming_msg)

    return StdinWatchingConnection


def _watching_gateway(configured: type, waiting: Waiting) -> type:
    class StdinWatchingGatewayConnection(configured):  # type: ignore[misc]
        """The configured connection, which also tells of input requests and replies; messages are JSON texts."""

        def handle_outgoing_message(self, incoming_msg: Any, *args: Any) -> None:
            """Kernel to client."""
            if isinstance(incoming_msg, str) and '"input_request"' in incoming_msg:
                _tell(self, waiting, lambda: _of_text(incoming_msg))
            super().handle_outgoing_message(incoming_msg, *args)

        def handle_incoming_message(self, message: Any) -> None:
            """Client to kernel."""
            if isinstance(message, str) and '"input_reply"' in message:
                _tell(self, waiting, lambda: _ANSWERED)
            super().handle_incoming_message(message)

    return StdinWatchingGatewayConnection


def _of_frames(frames: list[Any]) -> dict[str, Any]:
    return {"header": json.loads(bytes(frames[1])), "parent_header": json.loads(bytes(frames[2]))}


def _of_text(text: str) -> dict[str, Any] | None:
    """None for another message that only speaks of a question, as the output of a cell may."""
    message: dict[str, Any] = json.loads(text)
    return message if message["channel"] == "stdin" else None


def _tell(connection: Any, waiting: Waiting, message: Callable[[], dict[str, Any] | None]) -> None:
    """Whatever goes wrong here, the message itself must reach the person."""
    try:
        found = message()
        if found is not None:
            waiting(connection.kernel_id, found)
    except Exception as error:  # noqa: BLE001 (told, and the message goes on)
        log = getattr(connection, "log", None) or logging.getLogger(__name__)
        log.warning("A question of kernel %s was not understood: %s", connection.kernel_id, error)
