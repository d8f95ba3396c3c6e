"""What idleness needs from the world."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import msgspec

from jupyter_mlplatform.idle.cpu import Scan
from jupyter_mlplatform.idle.ledger import Ledger
from jupyter_mlplatform.idle.models import Decision, IdleStatus, Lease

Holds = Callable[[], tuple[str, ...]]
"""Other work that keeps everything awake, one sentence each: ``a hand-off run is executing``."""

Announce = Callable[[str, dict[str, Any]], None]
"""Tells every client: an action and its data (see events/idle)."""


class Kernel(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel as its server knows it. ``local``: its process runs on this machine, as ``pid`` once it has started.

    ``reported_busy`` is what the server believes; it is wrong often enough to serve only until the ledger is known.
    """

    id: str
    name: str
    path: str
    local: bool
    pid: int | None
    reported_busy: bool
    ledger: Ledger | None


class Kernels(Protocol):
    """The kernels of one server."""

    async def discover(self) -> None:
        """Start to listen to kernels that are new, and stop listening to those that are gone. Cheap."""
        ...

    async def list(self) -> tuple[Kernel, ...]:
        """All kernels, with or without a notebook."""
        ...

    async def ask(self, kernel_id: str) -> None:
        """Ask the kernel whether its main shell is free; the answer goes to its ledger."""
        ...

    async def stop(self, kernel_id: str) -> bool:
        """Shut the kernel down; whether it is gone afterwards."""
        ...

    async def close(self) -> None:
        """Stop listening."""
        ...


class Processes(Protocol):
    """The process table of this machine."""

    def scan(self) -> Scan:
        """One pass; processes that vanish meanwhile are left out. Blocks, so call it off the event loop."""
        ...


class Store(Protocol):
    """State that several processes share: keep-alives, a person's presence and the last report."""

    def leases(self) -> tuple[Lease, ...]:
        """All keep-alives that were not released, also those whose end has passed."""
        ...

    def keep(self, lease: Lease) -> Lease:
        """Write a keep-alive. An existing one of the same scope that lasts at least as long is answered instead."""
        ...

    def release(self, lease_ids: tuple[str, ...]) -> None:
        """Forget these keep-alives; unknown ones are not an error."""
        ...

    def beat(self, clock: float) -> None:
        """A person was seen at ``clock`` seconds (monotonic)."""
        ...

    def last_beat(self) -> float | None:
        """The last beat, in seconds of the monotonic clock of this machine."""
        ...

    def publish(self, server: int, status: IdleStatus, at: datetime) -> None:
        """Show this status to every process; ``server`` is the process id of its keeper."""
        ...

    def withdraw(self, server: int) -> None:
        """The server ends: its report is no longer shown."""
        ...

    def published(self, servers: tuple[int, ...]) -> IdleStatus | None:
        """The last report of the first of these servers that has one, otherwise the newest of any server."""
        ...


class DecisionLog(Protocol):
    """Every decision, for ever (until rotated away)."""

    def write(self, decision: Decision) -> None:
        """Append one line."""
        ...

    def last(self, count: int) -> tuple[Decision, ...]:
        """The newest decisions, newest first."""
        ...
