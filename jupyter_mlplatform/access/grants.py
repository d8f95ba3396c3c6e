"""The life of a grant, as pure functions.

Whether a grant may be used is judged from its instants when data is handed out, never from what was written before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta, timezone

from msgspec.structs import replace

from jupyter_mlplatform.access import texts
from jupyter_mlplatform.access.models import (
    Dataset,
    EndReason,
    Grant,
    GrantState,
    Request,
    Scope,
)
from jupyter_mlplatform.errors import Conflict, Forbidden
from jupyter_mlplatform.policy import AccessPolicy

OWNER = "owner"
NO_END = datetime(9999, 12, 31, tzinfo=timezone.utc)


def create(grant_id: str, request: Request, dataset: Dataset, now: datetime) -> Grant:
    """What the last decision of an approved request gives, from now on."""
    decision = request.decisions[-1]
    if decision.days is None:
        raise ValueError("an approval always says for how many days")
    return Grant(
        id=grant_id,
        request_id=request.id,
        subject=request.requester,
        scope=replace(request.scope, columns=decision.columns),
        dataset_title=dataset.title,
        owner=dataset.owner,
        purpose=request.purpose,
        not_before=now,
        not_after=now + timedelta(days=decision.days),
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


def usable(grant: Grant, now: datetime, person: str, dataset: Dataset) -> bool:
    """Whether ``person`` may use the grant at this instant."""
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
    """The usable grant that covers ``columns``, or most of the dataset when none are named; then the latest end.

    When no grant covers them all, the one that covers most is returned, so that the caller can say what is missing.
    """
    wanted = set(columns)

    def value(grant: Grant) -> tuple[int, int, datetime]:
        granted = set(grant.scope.columns)
        return (len(wanted & granted), 0 if wanted else len(granted), grant.not_after)

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
    """The grant as it is at this instant, also when its end was not written down yet."""
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
    note = f": {grant.end_note}" if grant.end_note else "."
    return f"{grant.ended_by or 'Somebody'} ended it at {when}{note}"
