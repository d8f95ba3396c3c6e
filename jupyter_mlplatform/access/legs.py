"""Legs: what a grant needs done in one backend, desired beside observed, as pure functions.

planned -> applying -> applied -> verified <-> drifted; from any of them removing -> removed, or orphaned when the
backend keeps refusing. A leg is written in the transaction of the grant's own change, so it is its own outbox: whoever
finds one that is due carries it out, and no effect happens without it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

import msgspec
from msgspec.structs import replace

from jupyter_mlplatform.access.models import Dataset, Grant

PATIENCE = timedelta(minutes=2)
"""Whoever carries a leg out and is not heard of for so long has died; somebody else goes on."""
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
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


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One effect of a grant in a backend.

    ``id`` is ``<grant id>/<backend>``. ``wanted``: whether it is to be there. ``entitlement`` names what the backend
    holds: grants with the same one share it, and it goes with the last of them. ``handle`` is the backend's own name
    for it (an id of a subscription, say; never a secret). ``due_at`` is when it is to be carried out or looked at next,
    ``attempts`` how often that failed in a row, ``note`` what was seen or went wrong the last time, in words.
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
    return min(FIRST_WAIT * 2 ** min(max(attempts - 1, 0), 20), LONGEST_WAIT)


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
    """The grant is over: take it away, at once and from whatever state it is in."""
    if not leg.wanted:
        return leg
    return replace(leg, wanted=False, state=LegState.REMOVING, version=leg.version + 1, due_at=now, attempts=0, note="")


def claim(leg: Leg, now: datetime) -> Leg:
    """Carried out by whoever writes this; for others it is due again only after ``PATIENCE``."""
    begun = LegState.APPLYING if leg.wanted and leg.state is LegState.PLANNED else leg.state
    return replace(leg, state=begun, version=leg.version + 1, due_at=now + PATIENCE)


def applied(leg: Leg, handle: str, now: datetime) -> Leg:
    """The backend took it. That is no proof: it is read back next."""
    return replace(leg, state=LegState.APPLIED, handle=handle, version=leg.version + 1, due_at=now)


def failed(leg: Leg, note: str, now: datetime) -> Leg:
    """It did not work; tried again later. A removal that keeps failing is orphaned, and tried for ever."""
    attempts = leg.attempts + 1
    state = leg.state
    if leg.wanted and state is LegState.APPLYING:
        state = LegState.PLANNED
    elif not leg.wanted:
        state = LegState.ORPHANED if attempts >= ORPHANED_AFTER else LegState.REMOVING
    return replace(
        leg, state=state, version=leg.version + 1, attempts=attempts, note=note, due_at=now + backoff(attempts)
    )


def seen(leg: Leg, what: Observation, now: datetime) -> Leg:
    """The leg after a look at what is in force."""
    version = leg.version + 1
    if not leg.wanted:
        if what.sight is Sight.ABSENT:
            return replace(leg, state=LegState.REMOVED, version=version, attempts=0, note=what.note)
        return failed(leg, what.note or f"It is still {what.sight.value}.", now)
    if what.sight is Sight.PRESENT:
        return replace(
            leg, state=LegState.VERIFIED, version=version, attempts=0, note=what.note, due_at=now + LOOKS_AGAIN
        )
    if what.sight in (Sight.PENDING, Sight.UNKNOWN):
        # Not knowing is no reason to take a verified one for broken, nor a new one for good.
        return failed(leg, what.note, now)
    # Repaired by applying it anew: present again after it was taken away by hand, narrowed after it was widened.
    return replace(
        leg,
        state=LegState.DRIFTED,
        version=version,
        attempts=leg.attempts + 1,
        note=what.note,
        due_at=now + backoff(leg.attempts + 1),
    )


def again(leg: Leg) -> bool:
    """Whether the backend is to be told (again), rather than only looked at."""
    return leg.state in (LegState.PLANNED, LegState.APPLYING, LegState.DRIFTED)


def open_(leg: Leg) -> bool:
    """Whether something is, or may be, in the backend because of it."""
    return leg.state is not LegState.REMOVED
