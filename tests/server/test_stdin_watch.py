"""Looking for ``input()`` must never change what reaches a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_server.gateway.connections import GatewayWebSocketConnection
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from jupyter_mlplatform.server.stdin_watch import SETTING, watch_stdin
from tests.poll import until_async


def nobody_waits(kernel_id: str, message: dict[str, Any]) -> None:
    raise AssertionError("nothing was asked")


@pytest.mark.parametrize("known", [GatewayWebSocketConnection, ZMQChannelsWebsocketConnection])
def test_a_connection_class_of_ones_own_stays_in_use(known: type) -> None:
    own = type("Own", (known,), {})  # as an administrator may configure one
    settings: dict[str, Any] = {SETTING: own}
    watch_stdin(settings, nobody_waits)
    assert issubclass(settings[SETTING], own)


@pytest.mark.parametrize("configured", [None, "a name", object])
def test_a_server_without_kernels_or_with_connections_of_another_kind_is_left_alone(configured: Any) -> None:
    settings: dict[str, Any] = {} if configured is None else {SETTING: configured}
    watch_stdin(settings, nobody_waits)
    assert settings == ({} if configured is None else {SETTING: configured})


async def test_given_a_cell_asks_and_is_answered_then_both_are_told_and_both_arrive(
    jp_serverapp: ServerApp, jp_ws_fetch: Callable[..., Any]
) -> None:
    told: list[tuple[str, str]] = []

    def waiting(kernel_id: str, message: dict[str, Any]) -> None:
        told.append((kernel_id, message["header"]["msg_type"]))
        raise RuntimeError("the listener broke")  # and the messages go on

    watch_stdin(jp_serverapp.web_app.settings, waiting)
    kernel = await jp_serverapp.kernel_manager.start_kernel()
    socket = await jp_ws_fetch("api", "kernels", kernel, "channels")

    async def receive(kind: str) -> Any:
        async def look() -> Any:
            found = json.loads(await socket.read_message())
            return found if found["header"]["msg_type"] == kind else None

        return await until_async(look)

    def send(channel: str, kind: str, content: dict[str, Any]) -> Any:
        header = {"msg_id": kind, "msg_type": kind, "session": "s", "username": "", "date": "", "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": channel}
        return socket.write_message(json.dumps(message))

    code = {"code": "print('got', input('who?'))", "silent": False, "allow_stdin": True}
    await send("shell", "execute_request", code)
    asked = await receive("input_request")
    assert asked["content"]["prompt"] == "who?"
    assert told == [(kernel, "input_request")]
    await send("stdin", "input_reply", {"value": "me"})
    said = await receive("stream")
    assert said["content"]["text"].startswith("got me")
    assert told == [(kernel, "input_request"), (kernel, "input_reply")]
    socket.close()
