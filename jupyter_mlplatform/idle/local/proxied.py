"""People who work in an application behind jupyter-server-proxy: an editor, RStudio, a dashboard.

All that can be seen is its traffic. An open page alone makes requests as well, at an even pace; so what counts is a
page that a person has gone to, a request that changes something or messages on a websocket, unless they come like
clockwork.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from tornado.web import Application

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.ports import EVERYTHING, View
from jupyter_mlplatform.idle.presence import seen
from jupyter_mlplatform.idle.rhythm import Rhythm

HANDLERS = "jupyter_server_proxy.handlers"
WHERE = "in a proxied application"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
LIVELY_MESSAGES = 3
LIVELY_SECONDS = 60.0
"""So many messages that are no clockwork within that time are a person's; an editor answers its server now and then."""


class Proxied:
    """See :class:`~jupyter_mlplatform.idle.ports.Source`. :meth:`close` ends the watching."""

    name = "proxied applications"
    scope = EVERYTHING

    def __init__(self, application: Application, handler: Any, clock: Callable[[], float]) -> None:
        self._application = application
        self._handler = handler
        self._clock = clock
        self._seen_at: float | None = None
        self._requests = Rhythm()
        self._pages: WeakKeyDictionary[Any, tuple[Rhythm, deque[float]]] = WeakKeyDictionary()
        self._restore = self._watch_requests(), self._watch_messages()

    def look(self, view: View) -> Mapping[str, Finding]:
        """When a person was last seen there."""
        return {EVERYTHING: seen(WHERE, self._seen_at, view.policy, view.now)}

    def close(self) -> None:
        """Take the watching out of the server again."""
        for each in self._restore:
            each()

    def _watch_requests(self) -> Callable[[], None]:
        """Tornado calls the ``log_function`` of an application with each request that is finished."""
        settings = self._application.settings
        log = settings.get("log_function")

        def note_and_log(handler: Any) -> None:
            if isinstance(handler, self._handler):
                self._note_request(handler)
            if log is not None:
                log(handler)
            else:
                _log_as_tornado_does(self._application, handler)

        settings["log_function"] = note_and_log

        def restore() -> None:
            if settings.get("log_function") is note_and_log:
                settings["log_function"] = log

        return restore

    def _watch_messages(self) -> Callable[[], None]:
        """There is no such hook for websockets: the proxy's own class is made to tell."""
        hears = self._handler.on_message

        def note_and_hear(handler: Any, message: Any) -> Any:
            if handler.application is self._application:
                self._note_message(handler, message)
            return hears(handler, message)

        self._handler.on_message = note_and_hear

        def restore() -> None:
            if self._handler.on_message is note_and_hear:
                self._handler.on_message = hears

        return restore

    def _note_request(self, handler: Any) -> None:
        request, now = handler.request, self._clock()
        if _excluded(handler):
            return
        if request.method in READING:
            # A browser says so itself when a person, not a page, has asked for a page.
            if request.headers.get("Sec-Fetch-User") == "?1":
                self._seen_at = now
        elif not self._requests.is_even((request.remote_ip, request.method, request.path), now):
            self._seen_at = now

    def _note_message(self, page: Any, message: Any) -> None:
        """Keep-alives of a page are of the same size; what a person does is not."""
        now = self._clock()
        if _excluded(page):
            return
        rhythm, lively = self._pages.setdefault(page, (Rhythm(), deque(maxlen=LIVELY_MESSAGES)))
        if rhythm.is_even((type(message), len(message)), now):
            return
        lively.append(now)
        if len(lively) == LIVELY_MESSAGES and now - lively[0] <= LIVELY_SECONDS:
            self._seen_at = now


def of_server(app: Any, clock: Callable[[], float]) -> Proxied | None:
    """The proxied applications of a server that has jupyter-server-proxy, else None.

    Call it when all extensions have been loaded.
    """
    module = sys.modules.get(HANDLERS)
    return None if module is None else Proxied(app.web_app, module.ProxyHandler, clock)


def _excluded(handler: Any) -> bool:
    """What an administrator has told the proxy to be no activity."""
    if getattr(handler, "update_last_activity", True) is False:
        return True
    return any(each.match(handler.request.path) for each in getattr(handler, "exclude_last_activity_patterns", ()))


def _log_as_tornado_does(application: Application, handler: Any) -> None:
    """Without a ``log_function`` an application logs by itself, and asks for one to do so."""
    ours = application.settings.pop("log_function")
    try:
        application.log_request(handler)
    finally:
        application.settings["log_function"] = ours
