"""Routes of idle shutdown."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_mlplatform.idle.models import IdleStatus, Lease, NewLease
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
    @operation("Keep the workspace or a kernel for a while", body=NewLease, returns=Lease, status=201)
    async def post(self, body: NewLease) -> Lease:
        """Up to the admin's cap. A longer one replaces a shorter one of the same scope."""
        return await self.call(self.services.idle.keep, self.person, body)


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


ROUTES = [
    ("/idle", IdleHandler),
    ("/idle/leases", LeasesHandler),
    ("/idle/leases/{lease_id}", LeaseHandler),
    ("/idle/presence", PresenceHandler),
]
