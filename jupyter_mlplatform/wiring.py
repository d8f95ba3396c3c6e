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
    from jupyter_mlplatform.access.service import AccessService
    from jupyter_mlplatform.handoff.service import HandoffService
    from jupyter_mlplatform.idle.service import IdleService
    from jupyter_mlplatform.packages.service import PackagesService


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
        from jupyter_mlplatform.access.local import build

        return build(self.workspace.shared_dir, self.policy.policy.access, utc_now)

    @cached_property
    def idle(self) -> IdleService:
        """Idle shutdown."""
        from jupyter_mlplatform.idle.local import build

        return build(self.workspace.local_dir, self.policy.policy.idle, utc_now)

    @cached_property
    def packages(self) -> PackagesService:
        """Package mirrors."""
        from jupyter_mlplatform.packages.local import build

        return build(self.workspace.local_dir, self.policy.policy.packages, utc_now)

    @cached_property
    def handoff(self) -> HandoffService:
        """Hand-off to the training pipeline; its data lineage comes from the access feature."""
        from jupyter_mlplatform.handoff.local import build

        return build(self.workspace.shared_dir, self.policy.policy.handoff, utc_now, self.access)


def services() -> Services:
    """The features of the workspace this process runs in."""
    return Services(*resolve())
