"""What idleness needs from the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from jupyter_mlplatform.idle.cpu import Scan
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.ledger import Ledger
from jupyter_mlplatform.idle.models import Decision, IdleStatus, Lease, StopPlan, Timeline
from jupyter_mlplatform.policy import IdlePolicy

EVERYTHING = "*"
"""A source's answer that holds for the workspace and for every kernel and terminal of this machine."""

Holds = Callable[[], tuple[str, ...]]
"""Other work that keeps everything awake, one sentence each: ``a hand-off run is executing``."""

Announce = Callable[[str, dict[str, Any]], None]
"""Tells every client: an action and its data (see events/idle)."""


class Kernel(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel as its server knows it. ``local``: its process runs on this machine, as ``pid`` once it has started.

    ``reported_busy`` is what the server believes; it is wrong often enough to serve only until the ledger is known.
    ``spec_metadata`` and ``notebook_metadata`` are the ``metadata`` of its specification and of its notebook.
    ``dead``: its process has ended and is not started again; it works no more, and there is nothing to be found of it.
    """

    id: str
    name: str
    path: str
    local: bool
    pid: int | None
    reported_busy: bool
    ledger: Ledger | None
    spec_metadata: Mapping[str, Any] = {}
    notebook_metadata: Mapping[str, Any] = {}
    dead: bool = False


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


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal of this server; ``pid`` is its shell's."""

    name: str
    pid: int


class Terminals(Protocol):
    """The terminals of one server; there are none where terminals are switched off."""

    async def list(self) -> tuple[Terminal, ...]:
        """All terminals, with or without a tab."""
        ...

    async def stop(self, name: str) -> bool:
        """End the terminal's shell and what runs in it; whether it is gone afterwards."""
        ...


class Processes(Protocol):
    """The process table of this machine."""

    def scan(self, *, fresh: bool = False) -> Scan:
        """One pass; processes that vanish meanwhile are left out. Blocks, so call it off the event loop.

        On a machine that was quiet since the last pass, that one may be answered again, unless it must be ``fresh``.
        """
        ...


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a source may look at: the time (monotonic and UTC), and whose process is whose.

    ``owners`` maps the pid of every process of this person to the kernels and terminals it belongs to (subjects);
    an empty set for one that belongs to none. Other people's processes are not in it.
    """

    now: float
    utc: datetime
    owners: Mapping[int, frozenset[str]]
    policy: IdlePolicy


class Source(Protocol):
    """One more kind of evidence: GPU, network, containers, schedules, another editor's presence.

    ``scope`` is what it could speak of, ``*`` or ``workspace``: while the source fails, that counts as UNKNOWN.
    """

    name: str
    scope: str

    def look(self, view: View) -> Mapping[str, Finding]:
        """What it says of each subject it knows about (``kernel:ID``, ``terminal:NAME``, ``workspace``, ``*``).

        Called in a thread, one look at a time. It may raise and it may hang: then it counts as UNKNOWN for everything.
        A subject that is left out is one of which the source has nothing to say.
        """
        ...

    def close(self) -> None:
        """The keeper ends: undo whatever was done in order to look."""
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

    def read(self, since: datetime, action: str = "") -> tuple[Decision, ...]:
        """The decisions since then that are still kept, oldest first; of one action if one is named."""
        ...


class History(Protocol):
    """What was seen over the last days, for the timeline and the savings."""

    def note(self, status: IdleStatus, utc: datetime) -> None:
        """Take up one sample: a subject's stretch grows, or a new one begins where its state has changed."""
        ...

    def timeline(self, since: datetime, until: datetime, subject: str = "") -> Timeline:
        """All stretches in this time, cut to it; of one subject if one is named."""
        ...


class Beacon(Protocol):
    """Tells SageMaker's own idle shutdown when this workspace was last active."""

    def tell(self, last_active: datetime) -> None:
        """``last_active`` (UTC) from now on. Cheap; raises ``OSError`` where it cannot be told."""
        ...


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the attempt to stop the workspace. ``retry_seconds``: not to be tried again before.

    ``protected``: the app must not be stopped by anybody, so SageMaker's own idle shutdown is not told either.
    """

    done: bool
    text: str
    retry_seconds: float = 0.0
    protected: bool = False


class Stopper(Protocol):
    """Stops the workspace."""

    def plan(self) -> StopPlan:
        """How it would be done here; cheap, and may change once something was denied."""
        ...

    async def stop(self) -> Stopped:
        """Do it and verify it. Idempotent: stopping what is stopping already succeeds. Never raises."""
        ...
