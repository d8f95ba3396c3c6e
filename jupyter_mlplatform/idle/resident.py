"""The shared state as the server with the keeper sees it: what the disk refuses is remembered while the server lives.

On a full disk a person still moves the mouse and presses Keep, and neither may be lost on the keeper beside them.
"""

from __future__ import annotations

import threading
from datetime import datetime

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle.models import IdleStatus, Lease
from jupyter_mlplatform.idle.ports import Store


class ResidentStore:
    """A ``ports.Store`` in front of another. Until :attr:`resident` is set, it only hands on: a command that ends at
    once must say that nothing was written.
    """

    def __init__(self, store: Store) -> None:
        self.resident = False
        self._store = store
        self._guard = threading.Lock()
        self._beat: float | None = None
        self._leases: dict[str, Lease] = {}

    def beat(self, clock: float) -> None:
        """See the port."""
        self._beat = max(clock, self._beat or clock)
        try:
            self._store.beat(clock)
        except Unavailable:
            if not self.resident:
                raise

    def last_beat(self) -> float | None:
        """See the port."""
        try:
            stored = self._store.last_beat()
        except Unavailable:
            if self._beat is None:
                raise
            stored = None
        known = [each for each in (stored, self._beat) if each is not None]
        return max(known, default=None)

    def leases(self) -> tuple[Lease, ...]:
        """See the port."""
        with self._guard:
            own = tuple(self._leases.values())
        return tuple(sorted((*self._store.leases(), *own), key=lambda lease: lease.until))

    def keep(self, lease: Lease) -> Lease:
        """See the port."""
        try:
            return self._store.keep(lease)
        except Unavailable:
            if not self.resident:
                raise
        with self._guard:
            known = self._leases.get(lease.subject)
            if known is None or known.until < lease.until:
                self._leases[lease.subject] = lease
            return self._leases[lease.subject]

    def release(self, lease_ids: tuple[str, ...]) -> None:
        """See the port."""
        with self._guard:
            self._leases = {subject: each for subject, each in self._leases.items() if each.id not in lease_ids}
        self._store.release(lease_ids)

    def publish(self, server: int, status: IdleStatus, at: datetime) -> None:
        """See the port."""
        self._store.publish(server, status, at)

    def withdraw(self, server: int) -> None:
        """See the port."""
        self._store.withdraw(server)

    def published(self, servers: tuple[int, ...]) -> IdleStatus | None:
        """See the port."""
        return self._store.published(servers)
