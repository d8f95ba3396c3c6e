"""Stops the workspace in the way that :mod:`stop_modes` chooses, and falls back to the native one when refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from jupyter_mlplatform.idle import stop_modes
from jupyter_mlplatform.idle.models import StopMode, StopPlan
from jupyter_mlplatform.idle.ports import Stopped
from jupyter_mlplatform.idle.stop_modes import Facts
from jupyter_mlplatform.policy import IdlePolicy

CALL_SECONDS = 150.0
"""Longer than every retry of one attempt together takes; then the network hangs where nobody sees it."""

TOLD = "SageMaker's own idle shutdown was told when this workspace was last active, and stops the app by its own rule"


class App(Protocol):
    """The SageMaker app that this workspace runs in. Its calls block."""

    def missing(self) -> tuple[str, ...]:
        """The entries that the metadata file lacks; none when the app is known."""
        ...

    def denied(self) -> str:
        """Why a call was refused, as long as it makes no sense to try again; otherwise empty."""
        ...

    def stop(self) -> Stopped:
        """Delete the app and verify it. Never raises for what AWS answers."""
        ...


class WorkspaceStopper:
    """The adapter of ``ports.Stopper`` that the keeper uses.

    ``app`` is None outside of SageMaker; ``boto3`` says whether it is installed; ``activity_monitor`` is asked each
    time, because another extension may be loaded after this one. ``end_server`` ends this Jupyter server.
    """

    def __init__(
        self,
        app: App | None,
        policy: IdlePolicy,
        *,
        boto3: bool,
        activity_monitor: Callable[[], bool],
        end_server: Callable[[], None],
    ) -> None:
        self._app = app
        self._policy = policy
        self._boto3 = boto3
        self._activity_monitor = activity_monitor
        self._end_server = end_server
        self._problem = ""
        self._calling: asyncio.Future[Stopped] | None = None

    def plan(self) -> StopPlan:
        """See the port."""
        app = self._app
        if app is None:
            return stop_modes.choose(Facts(on_sagemaker=False, problem=self._problem), self._policy)
        facts = Facts(
            on_sagemaker=True,
            activity_monitor=self._activity_monitor(),
            missing=app.missing(),
            boto3=self._boto3,
            denied=app.denied(),
            problem=self._problem,
        )
        return stop_modes.choose(facts, self._policy)

    async def stop(self) -> Stopped:
        """See the port. A refused call leaves the rest to SageMaker's own idle shutdown."""
        mode = self.plan().mode
        if mode is StopMode.DIRECT:
            stopped = await self._delete()
            self._problem = "" if stopped.done else stopped.text
            if stopped.done or self.plan().mode is StopMode.DIRECT:
                return stopped
            return Stopped(done=True, text=f"{stopped.text} {TOLD}.", retry_seconds=stopped.retry_seconds)
        if mode is StopMode.SERVER:
            self._end_server()
            return Stopped(done=True, text="This Jupyter server ends.")
        if mode is StopMode.NONE:
            return Stopped(done=False, text=self.plan().why)
        return Stopped(done=True, text=f"{TOLD}.")

    async def _delete(self) -> Stopped:
        assert self._app is not None  # noqa: S101 (direct is chosen for an app only)
        if self._calling is None:
            self._calling = asyncio.ensure_future(asyncio.to_thread(self._app.stop))
        # A call that hangs is waited for again the next time, never made twice at once.
        done, _ = await asyncio.wait({self._calling}, timeout=CALL_SECONDS)
        if not done:
            return Stopped(done=False, text="SageMaker has not answered for minutes.", retry_seconds=300.0)
        calling, self._calling = self._calling, None
        try:
            return calling.result()
        except Exception as error:  # noqa: BLE001 (whatever the AWS libraries raise: the keeper goes on)
            name = type(error).__name__
            return Stopped(done=False, text=f"The app could not be deleted ({name}).", retry_seconds=3600.0)
