"""The life of a grant, as pure functions.

Whether a grant may be used is judged from its instants when data is handed out, never from what was written before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta, timezone

from msgspec.structs import replace

from jupyter_mlplatform.access import texts
from jupyter_mlplatform.access.models import Dataset, EndReason, Grant, GrantState, Request, Scope
from jupyter_mlplatform.errors import Conflict, Forbidden
from jupyter_mlplatform.policy import AccessPolicy

OWNER = "owner"
RENEWABLE = timedelta(days=30)
"""How long before its end a grant can be renewed: a stack of renewals would be access without an end."""
NO_END = datetime(9999, 12, 31, tzinfo=timezone.utc)


def create(grant_id: str, request: Request, dataset: Dataset, now: datetime, renewed: Grant | None = None) -> Grant:
    """What the last decision of an approved request gives, from now on; a renewal from the end of the grant before."""
    decision = request.decisions[-1]
    if decision.days is None:
        raise ValueError("an approval always says for how many days")
    begins = now
    if renewed is not None and renewed.state is not GrantState.ENDED:
        begins = max(now, renewed.not_after)
    return Grant(
        id=grant_id,
        request_id=request.id,
        subject=request.subject,
        scope=replace(request.scope, columns=decision.columns, rows=decision.rows),
        dataset_title=dataset.title,
        owner=dataset.owner,
        purpose=request.purpose,
        not_before=begins,
        not_after=begins + timedelta(days=decision.days),
        state=GrantState.ACTIVE,
        version=1,
        approved_by=decision.actor,
    )


def own(dataset: Dataset) -> Grant:
    """An owner's access to the own dataset."""
    return Grant(
        id=OWNER,
        request_id="",
        subject=dataset.owner,
        scope=Scope(dataset_id=dataset.id, columns=tuple(column.name for column in dataset.columns)),
        dataset_title=dataset.title,
        owner=dataset.owner,
        purpose="",
        not_before=dataset.registered_at,
        not_after=NO_END,
        state=GrantState.ACTIVE,
        version=1,
        approved_by=dataset.owner,
    )


def check_renewable(grant: Grant, dataset: Dataset, person: str, now: datetime) -> None:
    """Raises ``Conflict`` or ``Forbidden`` for a grant that ``person`` cannot ask to go on with."""
    if grant.scope.dataset_id != dataset.id or grant.subject != person:
        raise Forbidden(
            "access.not_renewable",
            "You cannot renew this grant.",
            cause="It is not yours, or is on another dataset.",
            next_step="See your grants: mlplat data grants",
        )
    if grant.end_reason not in (None, EndReason.EXPIRED):
        raise Conflict(
            "access.not_renewable",
            "This grant was ended before its time, so it cannot be renewed.",
            cause=ending(grant),
            next_step=f"Ask anew: mlplat data request {dataset.id}",
        )
    earliest = grant.not_after - RENEWABLE
    if now < earliest:
        raise Conflict(
            "access.renewed_too_early",
            "It is too early to renew this grant.",
            cause=f"It lasts until {grant.not_after:%Y-%m-%d %H:%M} UTC.",
            next_step=f"Renew it from {earliest:%Y-%m-%d} on.",
        )


def usable(grant: Grant, now: datetime, person: str, dataset: Dataset) -> bool:
    """Whether ``person`` may use the grant at this instant. Whoever has left may use nothing; see ``Usage``."""
    return (
        grant.state is GrantState.ACTIVE
        and grant.not_before <= now < grant.not_after
        and grant.subject == person
        and grant.scope.dataset_id == dataset.id
        and dataset.live
    )


def best(
    grants: Iterable[Grant], columns: Collection[str], now: datetime, person: str, dataset: Dataset
) -> Grant | None:
    """The usable grant that covers ``columns``, or most of the dataset when none are named; then one for all rows, and
    the latest end.

    When no grant covers them all, the one that covers most is returned, so that the caller can say what is missing.
    """
    wanted = set(columns)

    def value(grant: Grant) -> tuple[int, int, bool, datetime]:
        granted = set(grant.scope.columns)
        return (len(wanted & granted), 0 if wanted else len(granted), grant.scope.rows is None, grant.not_after)

    return max((grant for grant in grants if usable(grant, now, person, dataset)), key=value, default=None)


def expired(grant: Grant, now: datetime) -> bool:
    """Whether the end has come and nobody has written it down yet."""
    return grant.state is not GrantState.ENDED and now >= grant.not_after


def end(grant: Grant, reason: EndReason, now: datetime, *, by: str = "", note: str = "") -> Grant:
    """The grant ended. An expired one ended at its own end, whenever that was noticed."""
    return replace(
        grant,
        state=GrantState.ENDED,
        version=grant.version + 1,
        end_reason=reason,
        ended_at=grant.not_after if reason is EndReason.EXPIRED else now,
        ended_by=by,
        end_note=note,
    )


def shown(grant: Grant, now: datetime) -> Grant:
    """The grant as it is at this instant, also when its end was not written down yet, or when it has not begun."""
    if grant.state is GrantState.ACTIVE and now < grant.not_before:
        return replace(grant, state=GrantState.SCHEDULED)
    return end(grant, EndReason.EXPIRED, now) if expired(grant, now) else grant


def revoke(grant: Grant, actor: str, dataset: Dataset, policy: AccessPolicy, now: datetime, note: str) -> Grant:
    """The grant taken back, from any state but the end; unchanged when it already was.

    Raises ``Forbidden`` unless ``actor`` is the owner, an admin or the subject, ``Conflict`` when it ended otherwise.
    """
    texts.check("reason", note)
    if actor not in (dataset.owner, grant.subject, *policy.admins):
        raise Forbidden(
            "access.not_revocable",
            "You may not end this grant.",
            cause=f"It was given to {grant.subject} on a dataset of {dataset.owner}.",
            next_step=f"Ask {dataset.owner}.",
        )
    if grant.state is GrantState.ENDED and grant.end_reason is EndReason.REVOKED:
        return grant
    now_shown = shown(grant, now)
    if now_shown.state is GrantState.ENDED:
        raise Conflict("access.grant_ended", "This grant has already ended.", cause=ending(now_shown))
    return end(grant, EndReason.REVOKED, now, by=actor, note=note)


def ending(grant: Grant) -> str:
    """One sentence: when and why an ended grant ended."""
    when = f"{grant.ended_at:%Y-%m-%d %H:%M} UTC" if grant.ended_at else "an unknown time"
    if grant.end_reason is EndReason.EXPIRED:
        return f"It ended at {when}, as agreed."
    if grant.end_reason is EndReason.DATASET_GONE:
        return f"It ended at {when} because the dataset was retired."
    if grant.end_reason is EndReason.LEFT:
        return f"It ended at {when} because {grant.subject} has left."
    note = f": {grant.end_note}" if grant.end_note else "."
    return f"{grant.ended_by or 'Somebody'} ended it at {when}{note}"
