"""Letting somebody else decide for a while: pure rules. A delegate cannot pass on what was delegated to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from jupyter_mlplatform.access import texts
from jupyter_mlplatform.access.messages import NewDelegation
from jupyter_mlplatform.access.models import Delegation
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid
from jupyter_mlplatform.policy import AccessPolicy

LONGEST = timedelta(days=90)


def create(delegation_id: str, approver: str, new: NewDelegation, policy: AccessPolicy, now: datetime) -> Delegation:
    """What a person delegates. Raises ``Invalid`` for somebody who cannot decide, or for a time that cannot be."""
    if new.not_after.tzinfo is None or (new.not_before or now).tzinfo is None:
        raise _invalid("A time without its zone is not an instant.", "Add the zone: 2030-01-31T12:00:00Z.")
    begins = max(now, new.not_before or now)
    delegate = new.delegate.strip()
    texts.check("reason", new.reason)
    if not delegate or delegate == approver:
        raise _invalid("Somebody else has to be named.", "Name a colleague.")
    texts.check("delegate", delegate)
    if delegate in policy.left:
        raise _invalid(f"{delegate} has left.", "Name somebody else.")
    if new.not_after <= begins:
        raise _invalid("It would end before it begins.", "Choose a later end.")
    if new.not_after - begins > LONGEST:
        raise _invalid(f"It would last longer than {LONGEST.days} days.", "Choose an earlier end; it can be renewed.")
    return Delegation(
        id=delegation_id,
        approver=approver,
        delegate=delegate,
        not_before=begins,
        not_after=new.not_after,
        version=1,
        reason=new.reason,
    )


def end(delegation: Delegation, actor: str, policy: AccessPolicy, now: datetime) -> Delegation:
    """Taken back by who gave it, given up by the delegate, or ended by an admin; unchanged when it already was."""
    if actor not in (delegation.approver, delegation.delegate, *policy.admins):
        raise Forbidden(
            "access.not_yours",
            "You may not end this delegation.",
            cause=f"{delegation.approver} has given it to {delegation.delegate}.",
            next_step=f"Ask {delegation.approver}.",
        )
    if delegation.ended_at is not None and delegation.ended_at < delegation.not_after:
        return delegation
    if delegation.ended_at is not None or now >= delegation.not_after:
        raise Conflict("access.delegation_ended", "This delegation has ended already, as agreed.")
    return replace(delegation, ended_at=now, version=delegation.version + 1)


def over(delegation: Delegation, now: datetime) -> bool:
    """Whether its end has come and nobody has written it down yet."""
    return delegation.ended_at is None and now >= delegation.not_after


def expire(delegation: Delegation) -> Delegation:
    """What time has ended, at its own end: written down, so that no clock that is set back brings it to life again."""
    return replace(delegation, ended_at=delegation.not_after, version=delegation.version + 1)


def lives(delegation: Delegation, now: datetime) -> bool:
    """Whether it is in force or to come."""
    return delegation.ended_at is None and now < delegation.not_after


def in_force(found: Iterable[Delegation], now: datetime) -> tuple[Delegation, ...]:
    """Those by which somebody may decide at this instant."""
    return tuple(each for each in found if lives(each, now) and each.not_before <= now)


def _invalid(cause: str, next_step: str) -> Invalid:
    return Invalid("access.invalid_delegation", "This cannot be delegated so.", cause=cause, next_step=next_step)
