"""Sees when a cell waits in ``input()``.

The kernel asks for input on its stdin channel, which reaches only the client that runs the cell, so nothing else can
hear it. Every client of this server is connected through the server's websocket connection class; a subclass of the
configured one tells of the question and of the answer on their way through.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

Waiting = Callable[[str, dict[str, Any]], None]
SETTING = "kernel_websocket_connection_class"


def watch_stdin(settings: dict[str, Any], waiting: Waiting) -> None:
    """Make the websockets that open from now on call ``waiting`` with a kernel id and a message.

    Connections of another kind (a gateway's, say) are left as they are. Looking never gets in a message's way.
    """
    configured = settings.get(SETTING)
    if not (isinstance(configured, type) and issubclass(configured, ZMQChannelsWebsocketConnection)):
        return

    class StdinWatchingConnection(configured):  # type: ignore[valid-type,misc]
        """The configured connection, which also tells of input requests and replies."""

        def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
            """Kernel to client; ``stream`` is the channel's socket, which knows its name."""
            if getattr(stream, "channel", stream) == "stdin":
                try:
                    _, frames = self.session.feed_identities(list(outgoing_msg))
                    header, parent = json.loads(frames[1]), json.loads(frames[2])
                    waiting(self.kernel_id, {"header": header, "parent_header": parent})
                except (ValueError, LookupError) as error:
                    self.log.warning("A question of kernel %s was not understood: %s", self.kernel_id, error)
            super().handle_outgoing_message(stream, outgoing_msg)

        def handle_incoming_message(self, incoming_msg: Any) -> None:
            """Client to kernel."""
            if b"input_reply" in (incoming_msg if isinstance(incoming_msg, bytes) else incoming_msg.encode()):
                waiting(self.kernel_id, {"header": {"msg_type": "input_reply"}})
            super().handle_incoming_message(incoming_msg)

    settings[SETTING] = StdinWatchingConnection
