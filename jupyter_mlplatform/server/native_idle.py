"""``GET /api/idle``: what SageMaker's own idle shutdown asks of every app, outside of our own API's prefix.

SageMaker's activity monitor (an extension of its images) serves the same address. Where it is loaded it keeps it, and
reads the time that we write for it; where it cannot answer, because terminals are switched off, we answer in its place.
Which of two handlers Tornado takes depends on the order of loading, so the routes themselves are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.routing import PathMatches, Router, Rule, RuleRouter

from jupyter_mlplatform.idle.local.beacons import stamp
from jupyter_mlplatform.server.handlers import PlatformHandler, operation

PATH = "/api/idle"
MONITOR = "jupyter_activity_monitor_extension"
SETTING = "mlplatform_last_active"
"""The setting that holds the keeper's ``() -> datetime``; without a keeper, the server's own activity is told."""

_SETTLED = "mlplatform_monitor_answers"


class NativeIdleHandler(PlatformHandler):
    """``/api/idle``: exactly SageMaker's shape, and always 200: an error would be taken for anything at all."""

    auth_resource = "mlplatform:idle"

    @web.authenticated
    @authorized
    @operation("When this workspace was last active, for SageMaker", returns=dict[str, str])
    async def get(self) -> dict[str, str]:
        """What the keeper says, or what the server says without one; the present whenever it is not known."""
        return {"lastActiveTimestamp": stamp(self._last_active())}

    def _last_active(self) -> datetime:
        now = datetime.now(timezone.utc)
        look: Callable[[], datetime] | None = self.settings.get(SETTING)
        try:
            return min(now, self._of_server(now)) if look is None else look()
        except Exception as error:  # noqa: BLE001 (an answer that stops nothing is better than none)
            self.log.debug("%s tells the present: %s", PATH, error)
            return now

    def _of_server(self, now: datetime) -> datetime:
        """No keeper runs, as when the policy switches it off: what SageMaker would be told without this extension.

        A kernel that is busy, or of which that is not known, is work at present.
        """
        kernels = self.kernel_manager
        states = {getattr(kernels.get_kernel(each), "execution_state", "") for each in kernels.list_kernel_ids()}
        if states - {"idle", "dead"}:
            return now
        found: datetime = self.application.last_activity()  # type: ignore[attr-defined]
        return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def mount(serverapp: Any) -> None:
    """Serve the route, unless the activity monitor is to. Called while extensions are loaded."""
    if not _monitor_is_enabled(serverapp) and _serving(serverapp) is None:
        _add(serverapp)


def settle(serverapp: Any) -> None:
    """Called once all extensions are loaded: serve the route if nobody does, or if the monitor's cannot work."""
    found = _serving(serverapp)
    if found is None:
        _add(serverapp)
    elif _is_monitor(found) and "terminal_manager" not in serverapp.web_app.settings:
        _add(serverapp, first=True)
    serverapp.web_app.settings[_SETTLED] = _serving(serverapp) is not NativeIdleHandler


def monitor_answers(serverapp: Any) -> bool:
    """Whether somebody else answers at the address. Until all are loaded: whether the monitor is going to."""
    settled: bool | None = serverapp.web_app.settings.get(_SETTLED)
    if settled is not None:
        return settled
    found = _serving(serverapp)
    return _monitor_is_enabled(serverapp) if found is None else found is not NativeIdleHandler


def _add(serverapp: Any, *, first: bool = False) -> None:
    app = serverapp.web_app
    app.add_handlers(".*$", [(_address(serverapp), NativeIdleHandler)])
    if first:
        rules = app.default_router.rules
        rules.insert(0, rules.pop(-2))  # add_handlers puts it before the last one, which takes everything


def _address(serverapp: Any) -> str:
    return str(url_path_join(serverapp.web_app.settings["base_url"], PATH))


def _monitor_is_enabled(serverapp: Any) -> bool:
    found = serverapp.extension_manager.extensions.get(MONITOR)
    return found is not None and bool(found.enabled)


def _is_monitor(handler: Any) -> bool:
    return str(getattr(handler, "__module__", "")).partition(".")[0] == MONITOR


def _serving(serverapp: Any) -> Any:
    """The handler that answers, or None. A pattern that takes every address is not one for this."""
    address = _address(serverapp)
    for rule in _rules(serverapp.web_app.default_router):
        matcher = rule.matcher
        if isinstance(matcher, PathMatches) and matcher.regex.match(address) and _is_literal(matcher.regex):
            return rule.target
    return None


def _is_literal(pattern: re.Pattern[str]) -> bool:
    return pattern.pattern.rstrip("$/?").endswith(PATH)


def _rules(router: RuleRouter) -> Iterator[Rule]:
    for rule in router.rules:
        if isinstance(rule.target, RuleRouter):
            yield from _rules(rule.target)
        elif not isinstance(rule.target, Router):
            yield rule
