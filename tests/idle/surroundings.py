"""A server for a keeper, of stand-ins that the test steers: what is not the point of a test does nothing here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from jupyter_mlplatform.idle.departure import HookReport, Hooks
from jupyter_mlplatform.idle.models import Decision, IdleStatus, StopMode, StopPlan, Timeline
from jupyter_mlplatform.idle.ports import Kernels, Processes, Source, Stopped, Terminal, Terminals
from jupyter_mlplatform.idle.service import Server

ONLY_KERNELS = StopPlan(mode=StopMode.NONE, why="only kernels and terminals are stopped")


class NoTerminals:
    """A server whose terminals are switched off."""

    async def list(self) -> tuple[Terminal, ...]:
        return ()

    async def stop(self, name: str) -> bool:
        raise AssertionError("there is no terminal to stop")


class NoHooks:
    """A person without hooks."""

    async def run(self, facts: Mapping[str, str]) -> HookReport:
        return HookReport()


class NoTermination:
    """Ends nothing."""

    def identify(self, pids: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
        return ()

    def ask(self, processes: tuple[tuple[int, float], ...]) -> None: ...


class Stops:
    """Stops the workspace as the test says; counts how often it was asked to."""

    def __init__(self, plan: StopPlan = ONLY_KERNELS) -> None:
        self.current = plan
        self.answer = Stopped(done=True, text="it is over")
        self.stopped = 0

    def plan(self) -> StopPlan:
        return self.current

    async def stop(self) -> Stopped:
        self.stopped += 1
        return self.answer


class Tells:
    """What SageMaker was told, newest last."""

    def __init__(self) -> None:
        self.told: list[datetime] = []
        self.fails = False

    def tell(self, last_active: datetime) -> None:
        if self.fails:
            raise OSError("no space left")
        self.told.append(last_active)


class NoHistory:
    """Keeps no history."""

    def note(self, status: IdleStatus, utc: datetime) -> None: ...

    def timeline(self, since: datetime, until: datetime, subject: str = "") -> Timeline:
        return Timeline(since=since, until=until)


def server(
    kernels: Kernels,
    processes: Processes,
    announce: Any,
    problems: logging.Logger,
    *,
    terminals: Terminals | None = None,
    sources: tuple[Source, ...] = (),
    stopper: Stops | None = None,
    beacon: Tells | None = None,
    hooks: Hooks | None = None,
    decided: list[Decision] | None = None,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Server:
    """A server of these, and of stand-ins for all the rest."""
    found: list[Decision] = [] if decided is None else decided
    return Server(
        name="a workspace",
        kernels=kernels,
        terminals=terminals or NoTerminals(),
        processes=processes,
        sources=sources,
        stopper=stopper or Stops(),
        beacon=beacon,
        hooks=hooks or NoHooks(),
        terminate=NoTermination(),
        announce=announce,
        decided=found.append,
        problems=problems,
        pause=pause,
    )
