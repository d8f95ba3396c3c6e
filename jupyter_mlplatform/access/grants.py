"""The life of a grant, as pure functions.

Whether a grant may be used is judged from its instants when data is handed out, never from what was written before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta, timezone

from msgspec.structs import replace

from jupyter_mlplatform.access import texts
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.models import Dataset, EndReason, Grant, GrantState, Request, Scope
from jupyter_mlplatform.errors import Conflict, Forbidden
from jupyter_mlplatform.policy import AccessPolicy

OWNER = "owner"
FAILS_AFTER = 5
"""Attempts of a leg in a row after which the people concerned are told; it goes on being tried."""
RENEWABLE = timedelta(days=30)
"""How long before its end a grant can be renewed: a stack of renewals would be access without an end."""
NO_END = datetime(9999, 12, 31, tzinfo=timezone.utc)


def create(grant_id: str, request: Request, dataset: Dataset, now: datetime, renewed: Grant | None = None) -> Grant:
    """What the last decision of an approved request gives, from now on; a renewal from the end of the grant before."""
    decision = request.decisions[-1]
    if decision.days is None:
        raise ValueError("an approval always says for how many days")
    begins = now
    if renewed is not None and not over(renewed):
        begins = max(now, renewed.not_after)
    scope = replace(request.scope, columns=decision.columns, rows=decision.rows)
    return _of(request, dataset, grant_id, scope, begins, decision.days, decision.actor)


def wish(request: Request, dataset: Dataset, now: datetime) -> Grant:
    """What a request would give if it were approved as it is, to see whether it can be put into force; never stored."""
    return _of(request, dataset, "", request.scope, now, request.days, "")


def _of(
    request: Request, dataset: Dataset, grant_id: str, scope: Scope, begins: datetime, days: int, approver: str
) -> Grant:
    return Grant(
        id=grant_id,
        request_id=request.id,
        subject=request.subject,
        scope=scope,
        dataset_title=dataset.title,
        owner=dataset.owner,
        purpose=request.purpose,
        not_before=begins,
        not_after=begins + timedelta(days=days),
        state=GrantState.FULFILLING if dataset.backend else GrantState.ACTIVE,
        version=1,
        approved_by=approver,
        enforcement="enforced" if dataset.backend else "advisory",
        backend=dataset.backend,
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


def over(grant: Grant) -> bool:
    """Whether it was ended, though something of it may still have to be taken away."""
    return grant.state in (GrantState.ENDING, GrantState.ENDED)


def expired(grant: Grant, now: datetime) -> bool:
    """Whether the end has come and nobody has written it down yet."""
    return not over(grant) and now >= grant.not_after


def end(grant: Grant, reason: EndReason, now: datetime, *, by: str = "", note: str = "") -> Grant:
    """The grant ended, or ending while its backend has to be told; it may not be used from now on in either case.

    An expired one ended at its own end, whenever that was noticed.
    """
    return replace(
        grant,
        state=GrantState.ENDING if grant.backend else GrantState.ENDED,
        version=grant.version + 1,
        end_reason=reason,
        ended_at=grant.not_after if reason is EndReason.EXPIRED else now,
        ended_by=by,
        end_note=note,
    )


def fulfilled(grant: Grant, held: Sequence[Leg]) -> Grant:
    """The grant after what was seen of its legs; the same grant when that changes nothing.

    It may be used while all of them are verified. One that is drifted or missing stops the use until it is repaired:
    what is in force may be more than was granted.
    """
    if over(grant):
        gone = grant.state is GrantState.ENDING and all(each.state is LegState.REMOVED for each in held)
        state = GrantState.ENDED if gone else grant.state
    elif all(each.state is LegState.VERIFIED for each in held):
        state = GrantState.ACTIVE
    else:
        failing = any(each.attempts >= FAILS_AFTER for each in held)
        state = GrantState.FAILED if failing else GrantState.FULFILLING
    return grant if state is grant.state else replace(grant, state=state, version=grant.version + 1)


def shown(grant: Grant, now: datetime) -> Grant:
    """The grant as it is at this instant, also when its end was not written down yet, or when it has not begun."""
    if grant.state in (GrantState.ACTIVE, GrantState.FULFILLING) and now < grant.not_before:
        return replace(grant, state=GrantState.SCHEDULED)
    return end(grant, EndReason.EXPIRED, now) if expired(grant, now) else grant


def revoke(grant: Grant, actor: str, dataset: Dataset, policy: AccessPolicy, now: datetime, note: str) -> Grant:
    """The grant taken back, from any state but the end; unchanged when it already was, or is ending.

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
    if grant.state is GrantState.ENDING or (over(grant) and grant.end_reason is EndReason.REVOKED):
        return grant  # it is being taken away already
    now_shown = shown(grant, now)
    if over(now_shown):
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
