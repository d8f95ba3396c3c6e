"""What a face may ask of idleness."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec

from jupyter_mlplatform.errors import NotFound, nearest
from jupyter_mlplatform.idle import keepalive, summary
from jupyter_mlplatform.idle.chronicle import Chronicle
from jupyter_mlplatform.idle.departure import Departure, Hooks, Surroundings, Terminate
from jupyter_mlplatform.idle.keeper import Keeper, World
from jupyter_mlplatform.idle.models import WORKSPACE, Decision, IdleStatus, Lease, NewLease, SubjectStatus, identity
from jupyter_mlplatform.idle.ports import (
    Announce,
    Beacon,
    DecisionLog,
    History,
    Holds,
    Kernels,
    Processes,
    Source,
    Stopper,
    Store,
    Terminals,
)
from jupyter_mlplatform.idle.record import Record
from jupyter_mlplatform.idle.resident import ResidentStore
from jupyter_mlplatform.idle.survey import Survey
from jupyter_mlplatform.idle.tabs import Tabs
from jupyter_mlplatform.policy import IdlePolicy

DECISIONS_SHOWN = 20
SWITCHED_OFF = "Idle shutdown is switched off by the policy: nothing is watched and nothing is stopped."
NO_REPORT = "No server is watching this workspace now."


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A running server as its keeper needs it.

    ``announce`` tells every client, ``decided`` is called with every decision, ``problems`` is the server's log;
    ``beacon`` is None where there is nobody to tell (outside of SageMaker). ``pause`` waits for so many seconds.
    """

    name: str
    kernels: Kernels
    terminals: Terminals
    processes: Processes
    sources: tuple[Source, ...]
    stopper: Stopper
    beacon: Beacon | None
    hooks: Hooks
    terminate: Terminate
    announce: Announce
    decided: Callable[[Decision], None]
    problems: logging.Logger
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


class IdleService:
    """Idleness of one workspace; used by the server, by commands and by kernels at the same time.

    ``utc`` is the wall clock, ``clock`` the monotonic one (seconds); ``instance`` the type of this machine, as the
    price table names it. ``record`` answers what was, ``tabs`` knows what is not saved.
    """

    def __init__(
        self,
        store: Store,
        log: DecisionLog,
        history: History,
        policy: IdlePolicy,
        holds: Holds,
        utc: Callable[[], datetime],
        clock: Callable[[], float],
        instance: str = "",
    ) -> None:
        self.policy = policy
        self.store = ResidentStore(store)
        self.log = log
        self.history = history
        self.holds = holds
        self.utc = utc
        self.clock = clock
        self.tabs = Tabs(clock)
        self._keeper: Keeper | None = None
        self.record = Record(history, log, policy, utc, instance)

    def status(self) -> IdleStatus:
        """The last report of this server (in a kernel: of the server that started it), with today's keep-alives."""
        utc = self.utc()
        if not self.policy.enabled:
            return summary.blank(self.policy, SWITCHED_OFF)
        report = self._keeper.latest if self._keeper is not None else None
        report = report or self.store.published((os.getpid(), os.getppid()))
        report = report or summary.blank(self.policy, NO_REPORT)
        current = summary.with_leases(summary.if_stale(report, self.policy, utc), self.store.leases(), utc)
        return msgspec.structs.replace(current, decisions=self.log.last(DECISIONS_SHOWN), savings=self.record.savings())

    def subject(self, named: str) -> SubjectStatus:
        """The kernel or terminal with this id (or its beginning), name or notebook path. Raises ``NotFound``."""
        status = self.status()
        if named == WORKSPACE and status.workspace is not None:
            return status.workspace
        subjects = (*status.kernels, *status.terminals)
        found = [each for each in subjects if named in (each.subject, identity(each.subject), each.path)]
        found = found or [each for each in subjects if identity(each.subject).startswith(named)]
        if len(found) != 1:
            names = [each.path or identity(each.subject)[:8] for each in subjects]
            raise NotFound(
                "idle.no_such_subject",
                f"There is no kernel and no terminal {named!r}."
                if not found
                else f"{named!r} fits {len(found)} of them.",
                cause=nearest(named, names),
                next_step="See 'mlplat idle status' for all kernels and terminals.",
            )
        return found[0]

    def keep(self, person: str, asked: NewLease, there: Collection[str] = ()) -> Lease:
        """Stop nothing of its subject for a while, at most for the admin's cap.

        A longer keep-alive replaces a shorter one, never the reverse. ``there`` are subjects that the caller has seen
        itself: what has just been started is in no report yet. Raises ``Invalid`` for a time that is not positive,
        ``NotFound`` for a kernel or terminal that is not there.
        """
        seconds = keepalive.granted_seconds(asked, self.policy)
        known = asked.subject == WORKSPACE or asked.subject in there
        subject = asked.subject if known else self.subject(asked.subject).subject
        until = self.utc() + timedelta(seconds=seconds)
        lease = Lease(id=uuid4().hex, person=person, until=until, subject=subject, reason=asked.reason)
        return self.store.keep(lease)

    def release(self, person: str, lease_id: str) -> None:
        """Let go of a keep-alive; of one that is gone already, too. ``person`` is who does it."""
        self.store.release((lease_id,))

    def release_all(self, person: str) -> int:
        """Let go of every keep-alive; how many there were."""
        leases = self.store.leases()
        self.store.release(tuple(each.id for each in leases))
        return len(leases)

    def beat(self) -> None:
        """A person used the keyboard, the mouse or the wheel just now."""
        self.store.beat(self.clock())

    def keeper(self, server: Server) -> Keeper:
        """The keeper of a server that starts now. It must run in one process only."""
        started_at = self.clock()
        self.store.resident = True
        survey = Survey(
            kernels=server.kernels,
            terminals=server.terminals,
            processes=server.processes,
            sources=server.sources,
            store=self.store,
            holds=self.holds,
            policy=self.policy,
            utc=self.utc,
            clock=self.clock,
            problems=server.problems,
            started_at=started_at,
        )
        around = Surroundings(
            tabs=self.tabs,
            hooks=server.hooks,
            terminate=server.terminate,
            stopper=server.stopper,
            beacon=server.beacon,
            announce=server.announce,
            utc=self.utc,
            clock=self.clock,
            pause=server.pause,
            keep_watch=self._keep_watch,
            settle=lambda: survey.take(self.clock(), fresh=True),
        )
        chronicle = Chronicle(self.log, self.history, server.announce, server.decided, self.utc, server.problems)
        world = World(
            name=server.name,
            survey=survey,
            kernels=server.kernels,
            terminals=server.terminals,
            store=self.store,
            chronicle=chronicle,
            stopper=server.stopper,
            departure=Departure(around, self.policy),
            beacon=server.beacon,
            utc=self.utc,
            clock=self.clock,
            pause=server.pause,
            problems=server.problems,
        )
        self._keeper = Keeper(world, self.policy, started_at)
        return self._keeper

    async def _keep_watch(self) -> str:
        return "" if self._keeper is None else await self._keeper.keep_watch()
