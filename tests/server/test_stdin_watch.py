"""Looking for ``input()`` must never change what reaches a person."""

from __future__ import annotations

from typing import Any

from jupyter_server.gateway.connections import GatewayWebSocketConnection
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from jupyter_mlplatform.server.stdin_watch import SETTING, watch_stdin


def nobody_waits(kernel_id: str, message: dict[str, Any]) -> None:
    raise AssertionError("nothing was asked")


def test_the_connections_of_a_gateway_are_left_as_they_are() -> None:
    """They hand their messages on in another form; wrapping them would silence every kernel."""
    settings: dict[str, Any] = {SETTING: GatewayWebSocketConnection}
    watch_stdin(settings, nobody_waits)
    assert settings == {SETTING: GatewayWebSocketConnection}


def test_a_connection_class_of_ones_own_stays_in_use() -> None:
    class Own(ZMQChannelsWebsocketConnection):
        """As an administrator may configure one."""

    settings: dict[str, Any] = {SETTING: Own}
    watch_stdin(settings, nobody_waits)
    assert issubclass(settings[SETTING], Own)


def test_a_server_without_kernels_is_left_alone() -> None:
    settings: dict[str, Any] = {}
    watch_stdin(settings, nobody_waits)
    assert settings == {}
