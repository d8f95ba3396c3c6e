"""The composition root: builds each feature's service from the workspace and the policy.

The only place that knows which adapters are in use and that joins one feature's port to another feature. Services are
built when they are first asked for, so that starting a server or a command loads only what it needs.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from jupyter_mlplatform.policy import EffectivePolicy
from jupyter_mlplatform.workspace import Workspace, resolve

if TYPE_CHECKING:
    from jupyter_mlplatform.access.querying import Querying
    from jupyter_mlplatform.access.service import AccessService
    from jupyter_mlplatform.access.vending import Vending
    from jupyter_mlplatform.handoff.service import HandoffService
    from jupyter_mlplatform.idle.service import IdleService
    from jupyter_mlplatform.packages.service import PackagesService
    from jupyter_mlplatform.wiring_access import AccessParts


def utc_now() -> datetime:
    """The current instant, in UTC; services take such a clock as an argument."""
    return datetime.now(timezone.utc)


class Services:
    """All features of one workspace."""

    def __init__(self, workspace: Workspace, policy: EffectivePolicy) -> None:
        self.workspace = workspace
        self.policy = policy

    @cached_property
    def access(self) -> AccessService:
        """Data access."""
        return self._access_parts.service

    @property
    def vending(self) -> Vending | None:
        """Credentials of grants, for kernels; none where the policy names no AWS account."""
        return self._access_parts.vending

    @cached_property
    def _access_parts(self) -> AccessParts:
        from jupyter_mlplatform.wiring_access import AccessParts

        return AccessParts(self.workspace, self.policy, utc_now)

    def sql(self, memory: str = "", threads: int | None = None) -> Querying:
        """SQL over what is granted. ``memory`` and ``threads`` are what one query may use; see ``Sandbox``."""
        from jupyter_mlplatform.access.local.sql_sandbox import Sandbox
        from jupyter_mlplatform.access.querying import Querying

        return Querying(self.access, Sandbox(memory, threads))

    @cached_property
    def idle(self) -> IdleService:
        """Idle shutdown; a hand-off run of this person keeps everything awake."""
        from jupyter_mlplatform.idle.local import clock
        from jupyter_mlplatform.idle.local.decisions import JsonLines
        from jupyter_mlplatform.idle.local.history import SqliteHistory
        from jupyter_mlplatform.idle.local.store import SqliteStore
        from jupyter_mlplatform.idle.service import IdleService

        folder, policy = self.workspace.local_dir, self.policy.policy.idle
        return IdleService(
            store=SqliteStore(folder),
            log=JsonLines(folder),
            history=SqliteHistory(folder, policy.sample_seconds),
            policy=policy,
            holds=lambda: self.handoff.active(self.workspace.person),
            utc=utc_now,
            clock=clock.seconds,
        )

    @cached_property
    def packages(self) -> PackagesService:
        """Package mirrors."""
        from jupyter_mlplatform.packages.local.environment import ProcessEnvironment
        from jupyter_mlplatform.packages.local.examinations import JsonExaminations
        from jupyter_mlplatform.packages.local.files import PrefixFiles
        from jupyter_mlplatform.packages.local.probe import MachineProbe
        from jupyter_mlplatform.packages.service import PackagesService

        home = self.workspace.local_dir / "packages"
        return PackagesService(
            policy=self.policy.policy.packages,
            files=PrefixFiles(home),
            environment=ProcessEnvironment(),
            probe=MachineProbe(),
            examinations=JsonExaminations(home),
            clock=utc_now,
        )

    @cached_property
    def handoff(self) -> HandoffService:
        """Hand-off to the training pipeline; its data lineage comes from the access feature."""
        from jupyter_mlplatform.handoff.aws.validate import validate
        from jupyter_mlplatform.handoff.local.bundle import TarPacker
        from jupyter_mlplatform.handoff.local.kernels import InstalledKernels
        from jupyter_mlplatform.handoff.local.runner import LocalRunner
        from jupyter_mlplatform.handoff.local.sources import ProjectFiles
        from jupyter_mlplatform.handoff.local.sqlite_store import SqliteStore
        from jupyter_mlplatform.handoff.planner import Planner
        from jupyter_mlplatform.handoff.service import HandoffService
        from jupyter_mlplatform.lineage import GrantedData

        policy = self.policy.policy.handoff
        folder = self.workspace.shared_dir / "handoff"
        packer, lineage = TarPacker(self.workspace.local_dir / "handoff" / "bundles"), GrantedData(self.access)
        store = SqliteStore(self.workspace.shared_dir / "handoff.db")
        return HandoffService(
            planner=Planner(ProjectFiles(), packer, InstalledKernels(), lineage, validate, policy),
            packer=packer,
            lineage=lineage,
            runner=LocalRunner(folder / "runs", store.path),
            store=store,
            policy=policy,
            clock=utc_now,
        )


def services() -> Services:
    """The features of the workspace this process runs in."""
    return Services(*resolve())
