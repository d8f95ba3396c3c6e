"""Deciding on a request, as pure functions: the policy, the delegations and the time are arguments.

An approval may narrow what was asked, never widen it; the stages after it see what is left.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from jupyter_mlplatform.access import guardrails, requests, review, rowfilter, texts
from jupyter_mlplatform.access.messages import NewDecision
from jupyter_mlplatform.access.models import Dataset, Decision, Request, RequestState, Verdict
from jupyter_mlplatform.access.review import Reviewers
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import Conflict, nearest
from jupyter_mlplatform.policy import AutoApproval, Stage

_REFUSED = {Verdict.REJECT: RequestState.REJECTED, Verdict.ASK_CHANGES: RequestState.CHANGES_ASKED}


class Extent(NamedTuple):
    """How much of a dataset: columns, rows (None: all), and for how many days."""

    columns: tuple[str, ...]
    rows: RowFilter | None
    days: int


def left(request: Request) -> Extent:
    """What the stages that have approved the present revision have left of it."""
    passed = review.approvals(request)
    if not passed or passed[-1].days is None:
        return Extent(request.scope.columns, request.scope.rows, request.days)
    return Extent(passed[-1].columns, passed[-1].rows, passed[-1].days)


def decide(
    request: Request, new: NewDecision, actor: str, dataset: Dataset, by: Reviewers, version: str = ""
) -> Request:
    """The request after a decision; the same request when this actor already decided just so (a second click).

    The approval of the last stage makes it approved. ``version`` is that of the policy. Raises ``Forbidden`` for one's
    own request, for a stage that is somebody else's, and for what is never granted; ``Conflict`` for a request,
    revision or stage that is no longer the one seen; ``Invalid`` for more than was asked or allowed.
    """
    texts.check("reason", new.reason)
    if new.rows is not None:
        new = replace(new, rows=rowfilter.check(new.rows, dataset.columns))
    if _repeats(request, new, actor):
        return request
    stage = review.present(request, dataset, by.policy)
    on_behalf = review.authority(stage, request, dataset, by, actor)
    _check_current(request, new, stage, actor)
    extent = left(request)
    if new.verdict is Verdict.APPROVE:
        _check_subject_is_here(request, by)
        extent = _granted(extent, new, dataset, by)
        guardrails.check(dataset, review.columns_read(extent.columns, extent.rows), request.purpose, by.policy)
    elif not new.reason.strip():
        raise requests.invalid("reason", "The requester needs to know why.", "Give a reason.")
    decision = Decision(
        verdict=new.verdict,
        actor=actor,
        reason=new.reason,
        at=by.now,
        revision=request.revision,
        stage=stage.name,
        on_behalf=on_behalf,
        policy_version=version,
    )
    if new.verdict is not Verdict.APPROVE:
        return _with(request, decision, _REFUSED[new.verdict])
    decision = replace(decision, columns=extent.columns, rows=extent.rows, days=extent.days)
    last = review.is_last(stage, request, dataset, by.policy)
    return _with(request, decision, RequestState.APPROVED if last else RequestState.SUBMITTED)


def approve_by_rule(request: Request, rule: AutoApproval, by: Reviewers, version: str) -> Request:
    """What a rule of the policy approves as it was asked; nobody's name stands for it."""
    decision = Decision(
        verdict=Verdict.APPROVE,
        actor=guardrails.POLICY,
        reason="",
        at=by.now,
        revision=request.revision,
        columns=request.scope.columns,
        rows=request.scope.rows,
        days=request.days,
        rule=rule.name,
        policy_version=version,
    )
    return _with(request, decision, RequestState.APPROVED)


def _with(request: Request, decision: Decision, state: RequestState) -> Request:
    """A stage that follows has its own time to be reminded and escalated."""
    return replace(
        request,
        state=state,
        version=request.version + 1,
        decisions=(*request.decisions, decision),
        reminded_at=None,
        escalated_at=None,
    )


def _check_current(request: Request, new: NewDecision, stage: Stage, actor: str) -> None:
    if request.state is not RequestState.SUBMITTED:
        open_still = request.state in requests.OPEN
        raise Conflict(
            "access.not_open",
            "This request cannot be decided now.",
            cause=requests.standing(request),
            next_step="Wait for its next revision." if open_still else "The requester may ask again.",
        )
    if new.revision != request.revision:
        raise Conflict(
            "access.revision_changed",
            "The request was changed after you looked at it.",
            cause=f"You decided on revision {new.revision}; it is now revision {request.revision}.",
            next_step="Look at it again, then decide.",
        )
    again = not new.stage and any(each.actor == actor for each in review.approvals(request))
    if again or new.stage not in ("", stage.name):
        raise Conflict(
            "access.stage_changed",
            "The request has gone on after you looked at it.",
            cause=f"You decided in the stage {new.stage!r}; it now waits in {stage.name!r}."
            if new.stage
            else f"You have approved a stage already; it now waits in {stage.name!r}.",
            next_step="Look at it again, then decide, naming the stage.",
        )


def _check_subject_is_here(request: Request, by: Reviewers) -> None:
    if request.subject in by.policy.left:
        raise Conflict(
            "access.beneficiary_left",
            f"{request.subject} has left, so nothing can be granted to them.",
            next_step="Reject the request, with this reason.",
        )


def _granted(extent: Extent, new: NewDecision, dataset: Dataset, by: Reviewers) -> Extent:
    """What an approval leaves: within what is left of what was asked, and within today's policy and dataset."""
    days = extent.days if new.days is None else new.days
    if days > extent.days:
        raise requests.invalid("days", f"{extent.days} days were asked for, not {days}.", "Grant as many or fewer.")
    requests.check_days(days, dataset, by.policy)
    for name in new.columns:
        if name not in extent.columns:
            raise requests.invalid("columns", f"{name!r} was not asked for.", nearest(name, extent.columns))
    wanted = set(new.columns or extent.columns)
    columns = requests.columns_of(tuple(name for name in extent.columns if name in wanted), dataset)
    return Extent(columns, rowfilter.both(extent.rows, new.rows), days)


def _repeats(request: Request, new: NewDecision, actor: str) -> bool:
    """Whether it is what this actor has decided before: in the same stage, or in the last one when none is named."""
    own = [each for each in request.decisions if each.actor == actor and each.revision == new.revision]
    same = [each for each in own if new.stage in ("", each.stage) and each.verdict is new.verdict]
    if not same:
        return False
    last = same[-1]
    if new.verdict is not Verdict.APPROVE:
        return request.state is _REFUSED[new.verdict] and request.decisions[-1] is last
    if request.state not in (RequestState.APPROVED, RequestState.SUBMITTED) or request.revision != new.revision:
        return False
    before = _before(request, last)
    columns = set(new.columns or before.columns)
    days = before.days if new.days is None else new.days
    return columns == set(last.columns) and days == last.days and rowfilter.both(before.rows, new.rows) == last.rows


def _before(request: Request, decision: Decision) -> Extent:
    number = next(number for number, each in enumerate(request.decisions) if each is decision)
    return left(replace(request, decisions=request.decisions[:number]))
