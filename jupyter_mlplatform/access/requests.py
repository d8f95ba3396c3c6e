"""The life of a request, as pure functions: the policy and the time are arguments.

submitted -> approved | rejected | changes asked -> submitted (next revision); open ones may also be withdrawn by the
requester, lapse with time, or become void when the dataset goes.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from jupyter_mlplatform.access import guardrails, review, rowfilter, texts
from jupyter_mlplatform.access.messages import NewRequest
from jupyter_mlplatform.access.models import Dataset, Decision, Request, RequestKind, RequestState, Scope, Verdict
from jupyter_mlplatform.access.review import Reviewers
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, nearest
from jupyter_mlplatform.policy import AccessPolicy

OPEN = frozenset({RequestState.SUBMITTED, RequestState.CHANGES_ASKED})
LAPSES_AFTER = timedelta(days=60)
_DONE = {
    Verdict.APPROVE: RequestState.APPROVED,
    Verdict.REJECT: RequestState.REJECTED,
    Verdict.ASK_CHANGES: RequestState.CHANGES_ASKED,
}


class Asked(NamedTuple):
    """What a person asks for, checked and completed: every field is definite."""

    scope: Scope
    purpose: str
    reason: str
    days: int
    beneficiary: str = ""
    renews: str = ""
    basket: str = ""
    required: tuple[str, ...] = ()


def ceiling(dataset: Dataset, policy: AccessPolicy) -> int:
    """The longest grant on this dataset, in days. A classification without a limit gets the strictest one."""
    strictest = min(policy.max_days.values(), default=policy.default_days)
    return policy.max_days.get(dataset.classification, strictest)


def default_days(dataset: Dataset, policy: AccessPolicy) -> int:
    """The days that a request gets when it names none."""
    return min(policy.default_days, ceiling(dataset, policy))


def seen(request: Request, dataset: Dataset | None, by: Reviewers) -> Request:
    """The request with what its approver needs: who may decide now, and what is asked for (personal data, say)."""
    if request.state not in OPEN or dataset is None:
        return request
    asked = tuple(column for column in dataset.columns if column.name in request.scope.columns)
    stage = review.present(request, dataset, by.policy)
    return replace(
        request,
        approvers=review.approvers(stage, request, dataset, by),
        review=review.purviews(request, dataset, by),
        columns=asked,
    )


def check(new: NewRequest, person: str, dataset: Dataset, policy: AccessPolicy) -> Asked:
    """What is asked for. Raises ``Invalid`` or ``Conflict`` where policy or dataset do not allow to ask so."""
    if person == dataset.owner:
        raise Conflict(
            "access.own_dataset",
            f"You own {dataset.id!r}, so there is nothing to ask for.",
            next_step=f"Load it: mlplat data load {dataset.id}",
        )
    purposes = [purpose.code for purpose in policy.purposes]
    if new.purpose not in purposes:
        raise invalid("purpose", f"{new.purpose!r} is not a purpose of the policy.", nearest(new.purpose, purposes))
    days = default_days(dataset, policy) if new.days is None else new.days
    check_days(days, dataset, policy)
    texts.check("reason", new.reason)
    columns = columns_of(new.columns, dataset)
    rows = None if new.rows is None else rowfilter.check(new.rows, dataset.columns)
    guardrails.check(dataset, review.columns_read(columns, rows), new.purpose, policy)
    scope = Scope(dataset_id=dataset.id, columns=columns, rows=rows)
    return Asked(
        scope,
        new.purpose,
        new.reason,
        days,
        beneficiary=_beneficiary(new, person, dataset, policy),
        renews=new.renews,
        basket=new.basket,
        required=review.required(dataset, review.columns_read(columns, rows), new.purpose, policy),
    )


def digest(new: NewRequest) -> str:
    """Names what was sent, whatever its key."""
    return hashlib.sha256(msgspec.json.encode(replace(new, idempotency_key=""))).hexdigest()


def repeated(request: Request, sent: str, digest: str) -> Request:
    """The request that a key stands for. Raises ``Conflict`` when the key came with other content this time.

    Keys from before contents were kept (``sent`` is empty) are taken as they are.
    """
    if sent not in ("", digest):
        raise Conflict(
            "access.key_reused",
            "This idempotency key was used for another request.",
            cause=f"It stands for the request {request.id}, which was sent with other content.",
            next_step="Send a new key with each new request.",
        )
    return request


def submit(request_id: str, person: str, asked: Asked, dataset: Dataset, now: datetime) -> Request:
    """A new request."""
    return Request(
        id=request_id,
        requester=person,
        scope=asked.scope,
        dataset_title=dataset.title,
        purpose=asked.purpose,
        reason=asked.reason,
        days=asked.days,
        state=RequestState.SUBMITTED,
        revision=1,
        version=1,
        created_at=now,
        kind=RequestKind.RENEWAL if asked.renews else RequestKind.NEW,
        beneficiary=asked.beneficiary,
        renews=asked.renews,
        basket=asked.basket,
        required=asked.required,
    )


def draft(person: str, dataset: Dataset, columns: tuple[str, ...], purpose: str, now: datetime) -> Request:
    """A request as it would be, to see who would decide on it; never stored."""
    asked = Asked(Scope(dataset_id=dataset.id, columns=columns), purpose, "", 1)
    return submit("", person, asked, dataset, now)


def revise(request: Request, asked: Asked, now: datetime) -> Request:
    """The next revision of an open request; the same request when nothing is different and no change was asked."""
    same = asked._replace(basket="", required=()) == Asked(
        request.scope, request.purpose, request.reason, request.days, request.beneficiary, request.renews
    )
    if request.state is RequestState.SUBMITTED and same:
        return request
    return replace(
        request,
        scope=asked.scope,
        purpose=asked.purpose,
        reason=asked.reason,
        days=asked.days,
        kind=RequestKind.RENEWAL if asked.renews else RequestKind.NEW,
        beneficiary=asked.beneficiary,
        renews=asked.renews,
        basket=asked.basket or request.basket,
        required=asked.required,
        state=RequestState.SUBMITTED,
        revision=request.revision + 1,
        version=request.version + 1,
        revised_at=now,
        reminded_at=None,
        escalated_at=None,
    )


def withdraw(request: Request, actor: str, reason: str) -> Request:
    """The request withdrawn by its requester; unchanged when it already is."""
    texts.check("reason", reason)
    if actor != request.requester:
        raise Forbidden(
            "access.not_yours",
            "Only the requester can withdraw a request.",
            cause=f"{request.requester} made it.",
            next_step="If you may decide on it, reject it with a reason.",
        )
    if request.state is RequestState.WITHDRAWN:
        return request
    if request.state not in OPEN:
        next_step = "Give the grant up instead: mlplat data revoke " + (request.grant_id or "")
        raise Conflict(
            "access.not_open",
            "This request is no longer open.",
            cause=standing(request),
            next_step=next_step if request.grant_id else "",
        )
    return replace(request, state=RequestState.WITHDRAWN, version=request.version + 1)


def waits_since(request: Request) -> datetime:
    """When it began to stand as it is: when it was asked, last revised or last decided on."""
    decided = (decision.at for decision in request.decisions)
    return max((request.created_at, request.revised_at or request.created_at, *decided))


def sent_back(request: Request) -> Decision | None:
    """The wish for a change that the requester has not answered yet."""
    last = request.decisions[-1] if request.decisions else None
    return last if last and last.verdict is Verdict.ASK_CHANGES and last.revision == request.revision else None


def close(request: Request, state: RequestState) -> Request:
    """An open request that time (``LAPSED``) or the end of its dataset (``VOID``) closes."""
    return replace(request, state=state, version=request.version + 1)


def standing(request: Request) -> str:
    """One sentence: where the request stands, and because of whom."""
    last = request.decisions[-1] if request.decisions else None
    why = f": {last.reason}" if last and last.reason else "."
    if last and request.state is _DONE[last.verdict]:
        verb = {"approve": "approved it", "reject": "rejected it", "ask_changes": "asked for changes"}
        return f"{last.actor} {verb[last.verdict.value]} on {last.at:%Y-%m-%d}{why}"
    if request.state is RequestState.SUBMITTED:
        return f"It waits for {' or '.join(request.approvers) or 'the owner'}."
    unanswered = sent_back(request)
    lapsed = f"Nobody decided on it within {LAPSES_AFTER.days} days."
    if unanswered:
        lapsed = f"It was not changed within {LAPSES_AFTER.days} days after {unanswered.actor} asked for a change."
    closed = {
        RequestState.WITHDRAWN: f"{request.requester} withdrew it.",
        RequestState.LAPSED: lapsed,
        RequestState.VOID: "Its dataset is gone.",
    }
    return closed[request.state]


def _beneficiary(new: NewRequest, person: str, dataset: Dataset, policy: AccessPolicy) -> str:
    """Who is going to use the data, if that is somebody else."""
    named = new.beneficiary.strip()
    texts.check("beneficiary", named)
    if named in policy.left:
        raise invalid("beneficiary", f"{named} has left.", "Ask for somebody who works here.")
    if named == dataset.owner:
        raise invalid("beneficiary", f"{named} owns {dataset.id!r} and may use it anyway.", "Ask for somebody else.")
    return "" if named == person else named


def columns_of(names: tuple[str, ...], dataset: Dataset) -> tuple[str, ...]:
    """The named columns once each and in the dataset's order; all of them when none is named."""
    known = [column.name for column in dataset.columns]
    for name in names:
        if name not in known:
            raise invalid("columns", f"{dataset.id!r} has no column {name!r}.", nearest(name, known))
    return tuple(name for name in known if name in names) if names else tuple(known)


def check_days(days: int, dataset: Dataset, policy: AccessPolicy) -> None:
    """Raises ``Invalid`` for longer than the dataset's classification is granted for."""
    longest = ceiling(dataset, policy)
    if not 1 <= days <= longest:
        raise invalid(
            "days",
            f"Data classified {dataset.classification!r} is granted for 1 to {longest} days, not {days}.",
            f"Choose at most {longest} days; it can be renewed.",
        )


def invalid(field: str, cause: str, next_step: str) -> Invalid:
    """What is wrong with one field of what was sent."""
    return Invalid(f"access.invalid_{field}", f"The {field} cannot be accepted.", cause=cause, next_step=next_step)
