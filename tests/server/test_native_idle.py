"""``/api/idle`` of our own, in a server of this process; see test_studio.py for whole servers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application, RequestHandler

from jupyter_mlplatform.idle.local.beacons import instant, stamp
from jupyter_mlplatform.server import native_idle
from jupyter_mlplatform.server.native_idle import NativeIdleHandler

Fetch = Callable[..., Awaitable[HTTPResponse]]


async def ask(fetch: Fetch) -> datetime:
    """The one entry of the answer, as SageMaker reads it."""
    response = await fetch("api", "idle")
    assert response.code == 200
    assert response.headers["Content-Type"].startswith("application/json")
    document = json.loads(response.body)
    assert list(document) == ["lastActiveTimestamp"]
    found = instant(document["lastActiveTimestamp"])
    assert found is not None
    return found


def is_present(found: datetime) -> bool:
    return abs((datetime.now(timezone.utc) - found).total_seconds()) < 30


LONG_AGO = datetime(2026, 3, 1, tzinfo=timezone.utc)


class TestWithoutAKeeper:
    """The policy switches it off, or cannot be read: then SageMaker's own idle shutdown is not held up."""

    @pytest.fixture
    def settings(self, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        found: dict[str, Any] = jp_serverapp.web_app.settings
        monkeypatch.delitem(found, native_idle.SETTING, raising=False)
        monkeypatch.setattr(type(jp_serverapp.web_app), "last_activity", lambda self: LONG_AGO)
        return found

    async def test_given_nothing_runs_then_the_servers_own_last_activity_is_told(
        self, jp_fetch: Fetch, settings: dict[str, Any]
    ) -> None:
        assert await ask(jp_fetch) == LONG_AGO

    @pytest.mark.parametrize("state", ["busy", "starting", "unknown", None])
    async def test_given_a_kernel_that_may_be_busy_then_the_present_is_told(
        self, jp_fetch: Fetch, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, state: str | None
    ) -> None:
        kernels = settings["kernel_manager"]
        monkeypatch.setattr(kernels, "list_kernel_ids", lambda: ["a"])
        monkeypatch.setattr(kernels, "get_kernel", lambda each: SimpleNamespace(execution_state=state))
        assert is_present(await ask(jp_fetch))

    async def test_given_its_kernels_are_idle_then_that_is_no_work(
        self, jp_fetch: Fetch, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kernels = settings["kernel_manager"]
        monkeypatch.setattr(kernels, "list_kernel_ids", lambda: ["a"])
        monkeypatch.setattr(kernels, "get_kernel", lambda each: SimpleNamespace(execution_state="idle"))
        assert await ask(jp_fetch) == LONG_AGO

    async def test_given_the_server_cannot_say_it_then_the_present_is_told(
        self, jp_fetch: Fetch, settings: dict[str, Any], jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(jp_serverapp.web_app), "last_activity", lambda self: max([]))
        assert is_present(await ask(jp_fetch))


async def test_given_a_time_was_told_then_exactly_that_is_answered(jp_fetch: Fetch, jp_serverapp: Any) -> None:
    told = datetime(2026, 11, 21, 0, 6, 3, 706954, timezone.utc)
    jp_serverapp.web_app.settings[native_idle.SETTING] = lambda: told
    assert await ask(jp_fetch) == told
    assert json.loads((await jp_fetch("api", "idle")).body) == {"lastActiveTimestamp": "2026-11-21T00:06:03.706954z"}


async def test_given_everything_behind_it_is_broken_then_the_present_is_told(
    jp_fetch: Fetch, jp_serverapp: Any
) -> None:
    def broken() -> datetime:
        raise RuntimeError("no")

    jp_serverapp.web_app.settings[native_idle.SETTING] = broken
    jp_serverapp.web_app.settings.pop("terminal_manager", None)
    assert is_present(await ask(jp_fetch))


async def test_being_asked_is_no_activity(jp_fetch: Fetch, jp_serverapp: Any) -> None:
    long_ago = datetime.now(timezone.utc) - timedelta(days=1)
    jp_serverapp.web_app.settings["api_last_activity"] = long_ago
    await ask(jp_fetch)
    assert jp_serverapp.web_app.settings["api_last_activity"] == long_ago


async def test_a_stranger_is_refused(jp_fetch: Fetch) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("api", "idle", headers={"Authorization": "token wrong"})
    assert refused.value.code == 403


class TestWhoAnswers:
    """Two handlers for one address, in every order of loading."""

    @pytest.fixture
    def serverapp(self) -> Any:
        app = Application([], base_url="/jupyterlab/default/", terminal_manager=object())
        return SimpleNamespace(web_app=app, extension_manager=SimpleNamespace(extensions={}))

    @pytest.fixture
    def monitor(self) -> type[RequestHandler]:
        return type("IdleHandler", (RequestHandler,), {"__module__": "jupyter_activity_monitor_extension.handler"})

    def enable(self, serverapp: Any, *, enabled: bool = True) -> None:
        serverapp.extension_manager.extensions[native_idle.MONITOR] = SimpleNamespace(enabled=enabled)

    def load(self, serverapp: Any, handler: type[RequestHandler]) -> None:
        serverapp.web_app.add_handlers(".*$", [("/jupyterlab/default/api/idle", handler)])

    def answers(self, serverapp: Any) -> Any:
        """As Tornado itself finds the handler."""
        start_line = RequestStartLine("GET", "/jupyterlab/default/api/idle", "HTTP/1.1")
        connection: Any = SimpleNamespace(set_close_callback=lambda callback: None, context=None)
        request = HTTPServerRequest(start_line=start_line, headers=HTTPHeaders({"Host": "x"}), connection=connection)
        return serverapp.web_app.find_handler(request).handler_class

    def test_given_no_monitor_then_we_do(self, serverapp: Any) -> None:
        native_idle.mount(serverapp)
        native_idle.settle(serverapp)
        assert self.answers(serverapp) is NativeIdleHandler
        assert not native_idle.monitor_answers(serverapp)

    def test_given_the_monitor_is_loaded_first_then_it_does(
        self, serverapp: Any, monitor: type[RequestHandler]
    ) -> None:
        self.enable(serverapp)
        self.load(serverapp, monitor)
        native_idle.mount(serverapp)
        native_idle.settle(serverapp)
        assert self.answers(serverapp) is monitor
        assert native_idle.monitor_answers(serverapp)

    def test_given_the_monitor_is_loaded_after_us_then_it_does(
        self, serverapp: Any, monitor: type[RequestHandler]
    ) -> None:
        self.enable(serverapp)
        native_idle.mount(serverapp)
        assert native_idle.monitor_answers(serverapp)
        self.load(serverapp, monitor)
        native_idle.settle(serverapp)
        assert self.answers(serverapp) is monitor
        assert native_idle.monitor_answers(serverapp)

    def test_given_the_monitor_is_there_under_another_name_then_its_route_is_seen(
        self, serverapp: Any, monitor: type[RequestHandler]
    ) -> None:
        self.load(serverapp, monitor)
        native_idle.mount(serverapp)
        native_idle.settle(serverapp)
        assert self.answers(serverapp) is monitor

    def test_given_the_monitor_is_enabled_but_could_not_be_loaded_then_we_do(self, serverapp: Any) -> None:
        self.enable(serverapp)
        native_idle.mount(serverapp)
        native_idle.settle(serverapp)
        assert self.answers(serverapp) is NativeIdleHandler
        assert not native_idle.monitor_answers(serverapp)

    def test_given_the_monitor_is_switched_off_then_we_do(self, serverapp: Any) -> None:
        self.enable(serverapp, enabled=False)
        native_idle.mount(serverapp)
        assert self.answers(serverapp) is NativeIdleHandler

    def test_given_terminals_are_switched_off_then_the_monitor_would_fail_and_we_answer_before_it(
        self, serverapp: Any, monitor: type[RequestHandler]
    ) -> None:
        self.enable(serverapp)
        self.load(serverapp, monitor)
        del serverapp.web_app.settings["terminal_manager"]
        native_idle.mount(serverapp)
        native_idle.settle(serverapp)
        assert self.answers(serverapp) is NativeIdleHandler
        assert not native_idle.monitor_answers(serverapp)

    def test_given_a_pattern_that_takes_everything_then_it_is_not_taken_for_the_route(self, serverapp: Any) -> None:
        serverapp.web_app.add_handlers(".*$", [("/jupyterlab/default/.*", RequestHandler)])
        native_idle.mount(serverapp)
        native_idle.settle(serverapp)
        assert not native_idle.monitor_answers(serverapp)


def test_the_form_of_a_time_is_sagemakers() -> None:
    assert stamp(datetime(2026, 11, 21, tzinfo=timezone.utc)) == "2026-11-21T00:00:00.000000z"
