"""Routes of the workspace itself: who, where, which policy, and the API's own description."""

from __future__ import annotations

from typing import Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_mlplatform import __version__
from jupyter_mlplatform.policy import Setting
from jupyter_mlplatform.server.handlers import PlatformHandler, operation


class WorkspaceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the panel's first section shows."""

    person: str
    identity_from: str
    place: str
    name: str
    version: str
    details: dict[str, str]
    problem: str
    policy_path: str | None
    policy_writable: bool
    enforcement: str
    support: str


class PolicyView(msgspec.Struct, frozen=True):
    """Every effective value and where it comes from."""

    path: str | None
    settings: tuple[Setting, ...]


class WorkspaceHandler(PlatformHandler):
    """``/workspace``"""

    auth_resource = "mlplatform:workspace"

    @web.authenticated
    @authorized
    @operation("Who works here, and where", returns=WorkspaceInfo)
    async def get(self) -> WorkspaceInfo:
        """Answered even when the identity is unknown: the panel says why."""
        workspace, policy = self.services.workspace, self.services.policy
        return WorkspaceInfo(
            person=workspace.person,
            identity_from=workspace.identity_from,
            place=workspace.place.value,
            name=workspace.name,
            version=__version__,
            details=workspace.details,
            problem=workspace.problem,
            policy_path=policy.path,
            policy_writable=policy.writable,
            enforcement="advisory",
            support=policy.policy.workspace.support,
        )


class PolicyHandler(PlatformHandler):
    """``/policy``"""

    auth_resource = "mlplatform:workspace"

    @web.authenticated
    @authorized
    @operation("The policy in force, with the origin of each value", returns=PolicyView)
    async def get(self) -> PolicyView:
        """The same list as ``mlplat policy show``."""
        policy = self.services.policy
        return PolicyView(policy.path, tuple(policy.settings()))


class OpenApiHandler(PlatformHandler):
    """``/openapi.json``"""

    auth_resource = "mlplatform:workspace"

    @web.authenticated
    @authorized
    @operation("This description", returns=dict[str, Any])
    async def get(self) -> dict[str, Any]:
        """Generated from the routes and their types."""
        from jupyter_mlplatform.server.openapi import describe

        return describe()


ROUTES = [
    ("/workspace", WorkspaceHandler),
    ("/policy", PolicyHandler),
    ("/openapi.json", OpenApiHandler),
]
