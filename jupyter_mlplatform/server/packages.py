"""Routes of package configuration."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_mlplatform.packages.models import Application, Examination, PackagesStatus
from jupyter_mlplatform.server.handlers import PlatformHandler, operation

RESOURCE = "mlplatform:packages"


class PackagesHandler(PlatformHandler):
    """``/packages``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Each package client with its mirror", returns=PackagesStatus)
    async def get(self) -> PackagesStatus:
        """Reads files only; nothing is contacted."""
        return await self.call(self.services.packages.status)


class ApplicationHandler(PlatformHandler):
    """``/packages/application``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Write the clients' configuration from the policy", returns=Application)
    async def post(self) -> Application:
        """Writing the same again changes nothing."""
        return await self.call(self.services.packages.apply)

    @web.authenticated
    @authorized
    @operation("Put back what was there before", returns=Application)
    async def delete(self) -> Application:
        """Files that we made are removed, files that we replaced are restored."""
        return await self.call(self.services.packages.undo)


class ExaminationsHandler(PlatformHandler):
    """``/packages/checks``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Let the doctor look", returns=Examination, status=202)
    async def post(self) -> Examination:
        """Answers at once; follow it at ``/packages/checks/{id}``. One that runs already is joined."""
        return await self.call(self.services.packages.examine)


class ExaminationHandler(PlatformHandler):
    """``/packages/checks/{examination_id}``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("How far the doctor is", returns=Examination)
    async def get(self, examination_id: str) -> Examination:
        """Grows check by check."""
        return await self.call(self.services.packages.examination, examination_id)

    @web.authenticated
    @authorized
    @operation("Stop looking", returns=Examination)
    async def delete(self, examination_id: str) -> Examination:
        """What was found so far stays."""
        return await self.call(self.services.packages.cancel, examination_id)


ROUTES = [
    ("/packages", PackagesHandler),
    ("/packages/application", ApplicationHandler),
    ("/packages/checks", ExaminationsHandler),
    ("/packages/checks/{examination_id}", ExaminationHandler),
]
