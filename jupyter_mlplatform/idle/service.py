"""What a face may ask of idleness."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec

from jupyter_mlplatform.errors import NotFound, nearest
from jupyter_mlplatform.idle import keepalive, summary
from jupyter_mlplatform.idle.keeper import Keeper, World
from jupyter_mlplatform.idle.models import IdleStatus, KernelStatus, Lease, NewLease
from jupyter_mlplatform.idle.ports import Announce, DecisionLog, Holds, Kernels, Processes, Store
from jupyter_mlplatform.policy import IdlePolicy

DECISIONS_SHOWN = 20
SWITCHED_OFF = "Idle shutdown is switched off by the policy: nothing is watched and nothing is stopped."
NO_REPORT = "No server is watching this workspace now."


class IdleService:
    """Idleness of one workspace; used by the server, by commands and by kernels at the same time.

    ``utc`` is the wall clock, ``clock`` the monotonic one (seconds).
    """

    def __init__(
        self,
        store: Store,
        log: DecisionLog,
        policy: IdlePolicy,
        holds: Holds,
        utc: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self.policy = policy
        self._store = store
        self._log = log
        self._holds = holds
        self._utc = utc
        self._clock = clock

    def status(self) -> IdleStatus:
        """The last report of this server (in a kernel: of the server that started it), with today's keep-alives."""
        utc = self._utc()
        if not self.policy.enabled:
            return summary.blank(self.policy, SWITCHED_OFF)
        report = self._store.published((os.getpid(), os.getppid())) or summary.blank(self.policy, NO_REPORT)
        current = summary.with_leases(summary.if_stale(report, self.policy, utc), self._store.leases(), utc)
        return msgspec.structs.replace(current, decisions=self._log.last(DECISIONS_SHOWN))

    def kernel(self, named: str) -> KernelStatus:
        """The kernel with this id (or its beginning) or notebook path. Raises ``NotFound``."""
        kernels = self.status().kernels
        found = [each for each in kernels if named in (each.kernel_id, each.path)]
        found = found or [each for each in kernels if each.kernel_id.startswith(named)]
        if len(found) != 1:
            names = [each.path or each.kernel_id[:8] for each in kernels]
            raise NotFound(
                "idle.no_such_kernel",
                f"There is no kernel {named!r}." if not found else f"{named!r} fits {len(found)} kernels.",
                cause=nearest(named, names),
                next_step="See 'mlplat idle status' for all kernels.",
            )
        return found[0]

    def keep(self, person: str, asked: NewLease) -> Lease:
        """Stop nothing in its scope for a while. A longer keep-alive replaces a shorter one, never the reverse.

        Raises ``Invalid`` above the admin's cap.
        """
        keepalive.check(asked, self.policy)
        until = self._utc() + timedelta(seconds=asked.seconds)
        lease = Lease(id=uuid4().hex, person=person, until=until, kernel_id=asked.kernel_id, reason=asked.reason)
        return self._store.keep(lease)

    def release(self, person: str, lease_id: str) -> None:
        """Let go of a keep-alive; of one that is gone already, too. ``person`` is who does it."""
        self._store.release((lease_id,))

    def release_all(self, person: str) -> int:
        """Let go of every keep-alive; how many there were."""
        leases = self._store.leases()
        self._store.release(tuple(each.id for each in leases))
        return len(leases)

    def beat(self) -> None:
        """A person used the keyboard, the mouse or the wheel just now."""
        self._store.beat(self._clock())

    def keeper(self, kernels: Kernels, processes: Processes, announce: Announce, problems: logging.Logger) -> Keeper:
        """The keeper of a server that starts now. It must run in one server process only."""
        world = World(kernels, processes, self._store, self._log, self._holds, announce, self._utc, problems)
        return Keeper(world, self.policy, self._clock())
