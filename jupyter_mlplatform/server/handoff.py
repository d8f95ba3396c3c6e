"""Routes of the hand-off to the training pipeline."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_mlplatform.handoff.models import (
    Log,
    LogPosition,
    NewApproval,
    NewPlan,
    NewRun,
    Plan,
    Run,
    RunList,
    Version,
    VersionList,
)
from jupyter_mlplatform.server.handlers import PlatformHandler, operation

RESOURCE = "mlplatform:handoff"


class HandoffHandler(PlatformHandler):
    """What these routes share: the folder that paths are relative to."""

    @property
    def root(self) -> Path:
        """The server's root folder; a path that leaves it is refused."""
        return Path(self.settings["server_root_dir"]).expanduser().resolve()


class PlansHandler(HandoffHandler):
    """``/handoff/plans``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("What a hand-off would do", body=NewPlan, returns=Plan)
    async def post(self, body: NewPlan) -> Plan:
        """Changes nothing; the same input gives the same plan, byte for byte."""
        return await self.call(self.services.handoff.plan, self.person, self.root, body)


class RunsHandler(HandoffHandler):
    """``/handoff/runs``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("All runs, newest first", returns=RunList)
    async def get(self) -> RunList:
        """With their steps and metrics."""
        return await self.call(self.services.handoff.runs, self.person)

    @web.authenticated
    @authorized
    @operation("Start the plan that was shown", body=NewRun, returns=Run, status=202)
    async def post(self, body: NewRun) -> Run:
        """409 when the files changed since the plan was made. Idempotent by its key."""
        return await self.call(self.services.handoff.start, self.person, self.root, body)


class RunHandler(PlatformHandler):
    """``/handoff/runs/{run_id}``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("One run", returns=Run)
    async def get(self, run_id: str) -> Run:
        """Its state as its own events tell it."""
        return await self.call(self.services.handoff.run, self.person, run_id)


class LogHandler(PlatformHandler):
    """``/handoff/runs/{run_id}/log``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("A step's log from an offset on", query=LogPosition, returns=Log)
    async def get(self, run_id: str, query: LogPosition) -> Log:
        """Ask again with ``next_offset`` until ``complete``."""
        return await self.call(self.services.handoff.log, self.person, run_id, query)


class CancellationHandler(PlatformHandler):
    """``/handoff/runs/{run_id}/cancellation``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Stop a run", returns=Run, status=202)
    async def post(self, run_id: str) -> Run:
        """By its author. Stopping a finished run changes nothing."""
        return await self.call(self.services.handoff.cancel, self.person, run_id)


class VersionsHandler(PlatformHandler):
    """``/handoff/versions``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("All model versions, newest first", returns=VersionList)
    async def get(self) -> VersionList:
        """With metrics and lineage."""
        return await self.call(self.services.handoff.versions)


class VersionHandler(PlatformHandler):
    """``/handoff/versions/{version_id}``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("One model version", returns=Version)
    async def get(self, version_id: str) -> Version:
        """With its approvals."""
        return await self.call(self.services.handoff.version, version_id)


class ApprovalsHandler(PlatformHandler):
    """``/handoff/versions/{version_id}/decisions``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Approve or reject a model version", body=NewApproval, returns=Version)
    async def post(self, version_id: str, body: NewApproval) -> Version:
        """403 for the author of the version."""
        return await self.call(self.services.handoff.approve, self.person, version_id, body)


ROUTES = [
    ("/handoff/plans", PlansHandler),
    ("/handoff/runs", RunsHandler),
    ("/handoff/runs/{run_id}", RunHandler),
    ("/handoff/runs/{run_id}/log", LogHandler),
    ("/handoff/runs/{run_id}/cancellation", CancellationHandler),
    ("/handoff/versions", VersionsHandler),
    ("/handoff/versions/{version_id}", VersionHandler),
    ("/handoff/versions/{version_id}/decisions", ApprovalsHandler),
]
