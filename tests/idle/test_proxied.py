"""A real application behind the real jupyter-server-proxy, and a browser that uses it or only has it open."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from jupyter_server_proxy.handlers import ProxyHandler
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.local import proxied
from jupyter_mlplatform.idle.local.proxied import Proxied
from jupyter_mlplatform.idle.models import Signal
from jupyter_mlplatform.idle.ports import EVERYTHING
from tests.idle.views import only, view
from tests.poll import until_async


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"jupyter_server_proxy": True}}}


class Page(RequestHandler):
    def get(self) -> None:
        self.write("hello")

    post = get


class Channel(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message, binary=isinstance(message, bytes))


class Workbench:
    """An application, the proxy in front of it, and a clock that the test sets."""

    def __init__(self, app: ServerApp, headers: dict[str, str]) -> None:
        socket, port = bind_unused_port()
        self.server = HTTPServer(Application([(r"/socket", Channel), (r"/.*", Page)]))
        self.server.add_socket(socket)
        self.path = f"127.0.0.1:{app.port}{app.base_url}proxy/{port}"
        self.headers = headers
        self.now = 1000.0
        found = proxied.of_server(app, lambda: self.now)
        assert found is not None
        self.source: Proxied = found

    async def request(self, method: str, path: str = "/save", **headers: str) -> None:
        body = "x" if method == "POST" else None
        request = HTTPRequest(
            f"http://{self.path}{path}", method=method, body=body, headers={**self.headers, **headers}
        )
        response = await AsyncHTTPClient().fetch(request)
        assert response.body == b"hello"
        await asyncio.sleep(0)

    async def socket(self) -> Any:
        return await websocket_connect(HTTPRequest(f"ws://{self.path}/socket", headers=self.headers))

    async def say(self, socket: Any, message: str | bytes) -> None:
        """Send it, and wait for the application's echo: it is through the proxy."""
        await socket.write_message(message, binary=isinstance(message, bytes))
        assert await socket.read_message() == message

    def look(self) -> Finding:
        return only(self.source.look(view(self.now)), EVERYTHING)

    def seen(self) -> bool:
        """Whether somebody was seen at this very moment."""
        return self.look().worked_at == self.now


@pytest.fixture
def application(
    jp_serverapp: ServerApp,
    jp_fetch: Any,  # with it the server listens
    jp_auth_header: dict[str, str],
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[Workbench]:
    async def make() -> Workbench:
        return Workbench(jp_serverapp, jp_auth_header)

    made = jp_asyncio_loop.run_until_complete(make())
    yield made
    made.source.close()
    made.server.stop()


async def test_given_a_page_that_only_loads_things_then_that_is_nobody(application: Workbench) -> None:
    for path in ("/", "/app.js", "/state?x=1"):
        await application.request("GET", path)
    found = application.look()
    assert (found.evidence.signal, found.evidence.source, found.worked_at) == (Signal.IDLE, "person", None)


async def test_given_a_request_that_changes_something_then_somebody_is_there(application: Workbench) -> None:
    await application.request("POST")
    found = application.look()
    assert (found.evidence.signal, found.worked_at) == (Signal.WORK, 1000.0)
    assert found.evidence.text == "somebody was seen in a proxied application 0 s ago"
    application.now += 3000
    assert application.look().evidence.signal is Signal.IDLE


async def test_given_a_person_goes_to_a_page_then_somebody_is_there(application: Workbench) -> None:
    await application.request("GET", "/report", **{"Sec-Fetch-User": "?1"})
    assert application.seen()


async def test_given_a_page_that_posts_like_clockwork_then_it_is_nobody_and_a_click_meanwhile_is_somebody(
    application: Workbench,
) -> None:
    seen = []
    for beat in range(12):
        application.now = 2000.0 + 50 * beat + (0.4 if beat % 2 else 0.0)
        await application.request("POST", "/events/get_events")
        seen.append(application.seen())
    assert not any(seen[4:])
    application.now += 7
    await application.request("POST", "/rpc/console_input")
    assert application.seen()


async def test_given_keep_alives_on_a_websocket_then_they_are_nobody_and_typing_is_somebody(
    application: Workbench,
) -> None:
    socket = await application.socket()
    seen = []
    for beat in range(20):
        application.now = 2000.0 + 5 * beat
        await application.say(socket, b"k" * 13)
        seen.append(application.seen())
    assert not any(seen[4:])
    application.now += 2
    await application.say(socket, b"an answer to the server")
    assert not application.seen()  # one alone may be the page's own
    for key in ("a", "bc", "d", "efg"):
        application.now += 0.9
        await application.say(socket, key)
    assert application.seen()
    socket.close()


async def test_given_stray_messages_over_a_night_then_they_are_nobody(application: Workbench) -> None:
    socket = await application.socket()
    for hour in range(10):
        application.now = 10_000.0 + 3600 * hour + 17 * hour * hour
        await application.say(socket, "x" * (20 + hour))
    assert application.look().worked_at is None
    socket.close()


async def test_given_what_the_administrator_excludes_then_it_is_nobody(
    application: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    excluded = property(lambda handler: [re.compile(".*/ping$")], lambda handler, value: None)
    monkeypatch.setattr(ProxyHandler, "exclude_last_activity_patterns", excluded, raising=False)
    await application.request("POST", "/ping")
    assert application.look().worked_at is None
    await application.request("POST", "/pong")
    assert application.seen()


async def test_the_servers_own_pages_are_nobody_and_its_log_goes_on(
    application: Workbench, jp_fetch: Any, jp_serverapp: ServerApp, caplog: pytest.LogCaptureFixture
) -> None:
    jp_serverapp.log.propagate = True
    jp_serverapp.log.setLevel("DEBUG")
    await jp_fetch("api", "kernels", method="POST", body="{}")

    async def logged() -> bool:
        return "POST" in caplog.text and "/api/kernels" in caplog.text

    await until_async(logged)
    assert application.look().worked_at is None


async def test_given_the_watching_ends_then_the_server_is_as_before(
    jp_serverapp: ServerApp, jp_auth_header: dict[str, str]
) -> None:
    before = jp_serverapp.web_app.settings.get("log_function"), ProxyHandler.on_message
    made = Workbench(jp_serverapp, jp_auth_header)
    assert jp_serverapp.web_app.settings.get("log_function") is not before[0]
    made.source.close()
    made.server.stop()
    assert (jp_serverapp.web_app.settings.get("log_function"), ProxyHandler.on_message) == before
