"""Legs: what a grant needs done in one backend, desired beside observed, as pure functions.

planned (applying) -> applied -> verified <-> drifted; from any of them removing -> removed, or orphaned when the
backend keeps refusing. A leg is written in the transaction of the grant's own change, so it is its own outbox: whoever
finds one that is due carries it out, and no effect happens without it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any

import msgspec
from msgspec.structs import replace

from jupyter_mlplatform.access.models import Dataset, Grant

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
PATIENCE = timedelta(minutes=5)
"""Whoever carries a leg out and is not heard of for so long has died; somebody else goes on."""
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
WAITS = timedelta(seconds=30)
"""How soon a backend that is still at it is looked at again."""
LOOKS_AGAIN = timedelta(minutes=10)
"""How often what is in force is compared with what should be."""
ORPHANED_AFTER = 12
"""Attempts to remove; after that a person has to look, though it goes on being tried once in ``LONGEST_WAIT``."""


class LegState(str, Enum):
    """Where a leg stands."""

    PLANNED = "planned"
    APPLYING = "applying"
    APPLIED = "applied"
    VERIFIED = "verified"
    DRIFTED = "drifted"
    REMOVING = "removing"
    REMOVED = "removed"
    ORPHANED = "orphaned"


class Leg(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """One effect of a grant in a backend.

    ``id`` is ``<grant id>/<backend>``. ``wanted``: whether it is to be there. ``entitlement`` names what the backend
    holds: grants with the same one share it, and it goes with the last of them. ``handle`` is the backend's own name
    for it (an id of a subscription, say; never a secret, but for admins only). ``due_at`` is when it is to be carried
    out or looked at next, ``working`` that somebody is at it until then, ``attempts`` how often it failed in a row, and
    ``note`` what was seen or went wrong the last time, in words.
    """

    id: str
    grant_id: str
    dataset_id: str
    subject: str
    backend: str
    wanted: bool
    state: LegState
    version: int
    due_at: datetime
    working: bool = False
    entitlement: str = ""
    handle: str = ""
    attempts: int = 0
    note: str = ""


class Sight(str, Enum):
    """What a backend shows when it is read back."""

    PRESENT = "present"
    """Just what is wanted is in force."""
    PENDING = "pending"
    """The backend is still at it; look again."""
    ABSENT = "absent"
    DIFFERENT = "different"
    """Somebody changed it: more, less or something else is in force."""
    NOT_IN_FORCE = "not_in_force"
    """It is written down there, but does not restrict anything (``IAMAllowedPrincipals``, say)."""
    UNKNOWN = "unknown"
    """The backend could not be read, or says something that this software does not know."""


class Observation(msgspec.Struct, frozen=True):
    """What was seen, and a sentence about it for a person (no secrets)."""

    sight: Sight
    note: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be in force: this grant, on this dataset. Adapters derive the principal from ``grant.subject``."""

    grant: Grant
    dataset: Dataset


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many failures in a row: doubled each time, up to a quarter of an hour."""
    return min(FIRST_WAIT * (1 << min(max(attempts - 1, 0), 20)), LONGEST_WAIT)


def plan(grant: Grant, dataset: Dataset, entitlement: str) -> Leg:
    """The leg of a new grant; carried out when the grant begins."""
    return Leg(
        id=f"{grant.id}/{dataset.backend}",
        grant_id=grant.id,
        dataset_id=dataset.id,
        subject=grant.subject,
        backend=dataset.backend,
        wanted=True,
        state=LegState.PLANNED,
        version=1,
        due_at=grant.not_before,
        entitlement=entitlement,
    )


def end(leg: Leg, now: datetime) -> Leg:
    """The grant is over: take it away, at once and from whatever state it is in.

    While somebody is at it, as soon as they have done: what they put there may come after it was taken away.
    """
    if not leg.wanted:
        return leg
    busy = leg.working and leg.due_at > now
    due = leg.due_at if busy else now
    return _next(leg, wanted=False, state=LegState.REMOVING, due_at=due, working=busy, attempts=0, note="")


def claim(leg: Leg, now: datetime) -> Leg:
    """Carried out by whoever writes this; for others it is due again only after ``PATIENCE``."""
    return _next(leg, due_at=now + PATIENCE, working=True)


def postponed(leg: Leg, now: datetime) -> Leg:
    """Another leg of the same entitlement is being carried out; one after the other."""
    return _next(leg, due_at=now + FIRST_WAIT)


def applied(leg: Leg, handle: str, now: datetime) -> Leg:
    """The backend took it. That is no proof: it is read back next."""
    return _next(leg, state=LegState.APPLIED, handle=handle, due_at=now)


def overtaken(leg: Leg, handle: str, now: datetime) -> Leg:
    """Somebody else changed the leg while the backend took it: whatever came of that is looked at again at once.

    Also one that counted as removed: what was put there afterwards has to go, too.
    """
    state = LegState.REMOVING if leg.state is LegState.REMOVED else leg.state
    return _next(leg, state=state, handle=handle or leg.handle, due_at=now)


def takes(heir: Leg, now: datetime) -> bool:
    """Whether a leg of the same entitlement needs it now: one that begins later does not."""
    return heir.wanted and (heir.state is not LegState.PLANNED or heir.due_at <= now)


def inherits(leg: Leg, handle: str) -> Leg:
    """What another grant leaves to it is called so in the backend."""
    return replace(leg, handle=handle, version=leg.version + 1)


def failed(leg: Leg, note: str, now: datetime) -> Leg:
    """It did not work; tried again later. A removal that keeps failing is orphaned, and tried for ever."""
    attempts, state = leg.attempts + 1, leg.state
    if not leg.wanted:
        state = LegState.ORPHANED if attempts >= ORPHANED_AFTER else LegState.REMOVING
    return _next(leg, state=state, attempts=attempts, note=note, due_at=now + backoff(attempts))


def released(leg: Leg, note: str) -> Leg:
    """Nothing is left of it: it was taken away, or belongs to another grant now."""
    return _next(leg, state=LegState.REMOVED, attempts=0, note=note)


def seen(leg: Leg, what: Observation, now: datetime) -> Leg:
    """The leg after a look at what is in force."""
    if what.sight is Sight.PENDING:
        # Somebody there may take days (an approver, say), which is no failure.
        return _next(leg, note=what.note, due_at=now + WAITS)
    if not leg.wanted:
        if what.sight is Sight.ABSENT:
            return released(leg, what.note)
        return failed(leg, what.note or f"It is still {what.sight.value}.", now)
    if what.sight is Sight.PRESENT:
        return _next(leg, state=LegState.VERIFIED, attempts=0, note=what.note, due_at=now + LOOKS_AGAIN)
    if what.sight is Sight.UNKNOWN:
        # Not knowing is no reason to take a verified one for broken, nor a new one for good.
        return failed(leg, what.note, now)
    # Repaired by applying it anew: present again after it was taken away by hand, narrowed after it was widened.
    attempts = leg.attempts + 1
    due = now if attempts == 1 else now + backoff(attempts)
    return _next(leg, state=LegState.DRIFTED, attempts=attempts, note=what.note, due_at=due)


def _next(leg: Leg, **changed: Any) -> Leg:
    return replace(leg, **({"working": False} | changed | {"version": leg.version + 1}))


def again(leg: Leg) -> bool:
    """Whether the backend is to be told (again), rather than only looked at."""
    return leg.wanted and leg.state in (LegState.PLANNED, LegState.DRIFTED)


def shown(leg: Leg) -> Leg:
    """The leg as people see it: ``applying`` while somebody is at it, which is not written down as a state."""
    return replace(leg, state=LegState.APPLYING) if leg.working and again(leg) else leg


def core(leg: Leg) -> Leg:
    """What the audit trail knows of a leg: not what the backend calls it, nor when and how often it is looked at."""
    return replace(leg, version=1, due_at=EPOCH, working=False, handle="", attempts=0, note="")
