"""Routes of idle shutdown."""

from __future__ import annotations

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_mlplatform.idle.models import IdleStatus, Lease, NewLease, Saved, Timeline, Unsaved, kernel, terminal
from jupyter_mlplatform.idle.report import Report
from jupyter_mlplatform.server.handlers import PlatformHandler, operation

RESOURCE = "mlplatform:idle"


class IdleHandler(PlatformHandler):
    """``/idle``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("What is idle, what is kept, and why", returns=IdleStatus)
    async def get(self) -> IdleStatus:
        """The last sample; reading it does not count as activity."""
        return await self.call(self.services.idle.status)


class LeasesHandler(PlatformHandler):
    """``/idle/leases``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Keep the workspace, a kernel or a terminal for a while", body=NewLease, returns=Lease, status=201)
    async def post(self, body: NewLease) -> Lease:
        """At most for the admin's cap. A longer one replaces a shorter one of the same subject."""
        return await self.call(self.services.idle.keep, self.person, body, self._running())

    def _running(self) -> frozenset[str]:
        """What this server itself runs, also if it has been started since the last sample."""
        terminals = self.settings.get("terminal_manager")
        return frozenset(
            (
                *(kernel(each) for each in self.kernel_manager.list_kernel_ids()),
                *(terminal(each["name"]) for each in (terminals.list() if terminals else ())),
            )
        )


class LeaseHandler(PlatformHandler):
    """``/idle/leases/{lease_id}``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Let go of a keep-alive", returns=IdleStatus)
    async def delete(self, lease_id: str) -> IdleStatus:
        """Releasing what is gone already is not an error."""
        await self.call(self.services.idle.release, self.person, lease_id)
        return await self.call(self.services.idle.status)


class Hours(msgspec.Struct, forbid_unknown_fields=True):
    """How far back, in hours."""

    hours: float = 24.0


class Days(msgspec.Struct, forbid_unknown_fields=True):
    """How far back, in days."""

    days: float = 7.0


class TimelineHandler(PlatformHandler):
    """``/idle/timeline``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("What every kernel, every terminal and the workspace did", query=Hours, returns=Timeline)
    async def get(self, query: Hours) -> Timeline:
        """Of the last hours; at most what is kept."""
        return await self.call(self.services.idle.record.timeline, query.hours)


class ReportHandler(PlatformHandler):
    """``/idle/report``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Hours, stops, what was held, and what was saved (an estimate)", query=Days, returns=Report)
    async def get(self, query: Days) -> Report:
        """Of the last days; at most what is kept."""
        return await self.call(self.services.idle.record.report, query.days)


class PresenceHandler(PlatformHandler):
    """``/idle/presence``"""

    auth_resource = RESOURCE
    _track_activity = False

    @web.authenticated
    @authorized
    @operation("A person used a key, the mouse or the wheel", returns=dict[str, bool])
    async def post(self) -> dict[str, bool]:
        """At most one beat a minute; it does not move Jupyter's own activity clock."""
        await self.call(self.services.idle.beat)
        return {"seen": True}


class UnsavedHandler(PlatformHandler):
    """``/idle/unsaved``"""

    auth_resource = RESOURCE
    _track_activity = False

    @web.authenticated
    @authorized
    @operation("What a tab has not saved", body=Unsaved, returns=dict[str, bool])
    async def post(self, body: Unsaved) -> dict[str, bool]:
        """Told whenever the set changes; none when all is saved or the tab is closed."""
        await self.call(self.services.idle.tabs.tell, body)
        return {"seen": True}


class SavedHandler(PlatformHandler):
    """``/idle/saved``"""

    auth_resource = RESOURCE
    _track_activity = False

    @web.authenticated
    @authorized
    @operation("A tab's answer to the request to save", body=Saved, returns=dict[str, bool])
    async def post(self, body: Saved) -> dict[str, bool]:
        """With what could not be saved, and why."""
        await self.call(self.services.idle.tabs.answer, body)
        return {"seen": True}


ROUTES = [
    ("/idle", IdleHandler),
    ("/idle/leases", LeasesHandler),
    ("/idle/leases/{lease_id}", LeaseHandler),
    ("/idle/timeline", TimelineHandler),
    ("/idle/report", ReportHandler),
    ("/idle/presence", PresenceHandler),
    ("/idle/unsaved", UnsavedHandler),
    ("/idle/saved", SavedHandler),
]
