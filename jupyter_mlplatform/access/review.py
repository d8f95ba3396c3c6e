"""Who decides on a request: the stages of its review, their approvers, and those whom these have delegated to.

Nothing of it is stored with the request but the decisions: the policy and the delegations of the moment count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from jupyter_mlplatform.access import delegations, rowfilter
from jupyter_mlplatform.access.models import Dataset, Decision, Delegation, Purview, Request, Verdict
from jupyter_mlplatform.access.people import alike
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import Forbidden
from jupyter_mlplatform.policy import AccessPolicy, Condition, Stage

OWNER = "owner"
OWNERS_STAGE = Stage(name=OWNER, approvers=(OWNER,))
"""The stage of a request that no stage of the policy is meant for: nothing is granted that nobody has looked at."""


class Reviewers(NamedTuple):
    """The policy and the delegations by which requests are reviewed at ``now``."""

    policy: AccessPolicy
    now: datetime
    delegations: tuple[Delegation, ...] = ()


def is_like(condition: Condition, dataset: Dataset, columns: Iterable[str], purpose: str) -> bool:
    """Whether a request for these columns is what the condition describes."""
    asked = set(columns)
    column_tags = {tag for column in dataset.columns if column.name in asked for tag in column.tags}
    return (
        (not condition.classifications or dataset.classification in condition.classifications)
        and (not condition.purposes or purpose in condition.purposes)
        and (not condition.column_tags or not column_tags.isdisjoint(condition.column_tags))
        and (not condition.dataset_tags or not set(dataset.tags).isdisjoint(condition.dataset_tags))
    )


def columns_read(columns: Iterable[str], rows: RowFilter | None) -> frozenset[str]:
    """Columns that are handed out, and those that choose the rows: which rows there are tells what is in these, too."""
    return frozenset(columns) | (rowfilter.columns_of(rows) if rows is not None else frozenset())


def stages(request: Request, dataset: Dataset, policy: AccessPolicy) -> tuple[Stage, ...]:
    """The stages that this request has to pass, in their order.

    One that it had to pass when it was asked stays, also if the dataset has been described otherwise since.
    """
    found = required(dataset, columns_read(request.scope.columns, request.scope.rows), request.purpose, policy)
    return tuple(each for each in policy.stages if each.name in (*found, *request.required)) or (OWNERS_STAGE,)


def required(dataset: Dataset, read: Iterable[str], purpose: str, policy: AccessPolicy) -> tuple[str, ...]:
    """The names of the stages for a request that reads these columns."""
    columns = frozenset(read)
    return tuple(each.name for each in policy.stages if is_like(each.when, dataset, columns, purpose))


def approvals(request: Request) -> tuple[Decision, ...]:
    """What has been approved of its present revision."""
    return tuple(
        each for each in request.decisions if each.verdict is Verdict.APPROVE and each.revision == request.revision
    )


def present(request: Request, dataset: Dataset, policy: AccessPolicy) -> Stage:
    """The stage that it waits in: the first without an approval of this revision."""
    passed = {each.stage for each in approvals(request)}
    required = stages(request, dataset, policy)
    # A policy that was changed meanwhile may ask for no further stage: the last one is looked at once more.
    return next((each for each in required if each.name not in passed), required[-1])


def is_last(stage: Stage, request: Request, dataset: Dataset, policy: AccessPolicy) -> bool:
    """Whether no other stage is left to pass."""
    passed = {each.stage for each in approvals(request)} | {stage.name}
    return all(each.name in passed for each in stages(request, dataset, policy))


def entitled(stage: Stage, request: Request, dataset: Dataset, by: Reviewers) -> tuple[str, ...]:
    """Who may decide by their own right; with four-eyes neither who asks nor who is going to use the data."""
    named = [dataset.owner if each == OWNER else each for each in stage.approvers]
    escalated = stage.escalate_to if request.escalated_at is not None else ()
    people = dict.fromkeys((*named, *escalated, *by.policy.admins))
    concerned = _concerned(request, by.policy)
    return tuple(each for each in people if alike(each) not in concerned and each not in by.policy.left)


def approvers(stage: Stage, request: Request, dataset: Dataset, by: Reviewers) -> tuple[str, ...]:
    """All who may decide, those by delegation last."""
    own = entitled(stage, request, dataset, by)
    given = (each.delegate for each in delegations.in_force(by.delegations, by.now) if each.approver in own)
    concerned = _concerned(request, by.policy)
    return tuple(
        dict.fromkeys((*own, *(each for each in given if alike(each) not in concerned and each not in by.policy.left)))
    )


def awaited(stage: Stage, request: Request, dataset: Dataset, by: Reviewers) -> tuple[str, ...]:
    """Those of the approvers whom the request is meant for: an admin may decide all, but is not told of it all."""
    named = {dataset.owner if each == OWNER else each for each in (*stage.approvers, *stage.escalate_to)}
    found = approvers(stage, request, dataset, by)
    meant = tuple(each for each in found if each in named or each not in by.policy.admins)
    return meant or found


def purviews(request: Request, dataset: Dataset, by: Reviewers) -> tuple[Purview, ...]:
    """All stages as a person sees them."""
    approved = {each.stage: each.actor for each in approvals(request)}
    return tuple(
        Purview(
            stage=each.name,
            approvers=approvers(each, request, dataset, by),
            approved_by=approved.get(each.name, ""),
        )
        for each in stages(request, dataset, by.policy)
    )


def may_know(person: str, request: Request, dataset: Dataset | None, by: Reviewers) -> bool:
    """Whether ``person`` may learn that there is this request: who asks, uses, owns, reviews, decided or oversees."""
    people = {request.requester, request.subject, *by.policy.admins}
    people |= {name for each in request.decisions for name in (each.actor, each.on_behalf)}
    if dataset is not None:
        people |= {dataset.owner, *(name for each in purviews(request, dataset, by) for name in each.approvers)}
    return person in people


def was_delegate(person: str, request: Request, dataset: Dataset, by: Reviewers) -> bool:
    """Whether an approver has ever delegated to ``person``: who comes too late is told so, being no stranger."""
    given = {each.approver for each in by.delegations if each.delegate == person}
    named = {name for each in stages(request, dataset, by.policy) for name in (*each.approvers, *each.escalate_to)}
    people = {dataset.owner if name == OWNER else name for name in named} | {*by.policy.admins}
    return not given.isdisjoint(people)


def authority(stage: Stage, request: Request, dataset: Dataset, by: Reviewers, actor: str) -> str:
    """On whose behalf ``actor`` may decide: empty for the own right. Raises ``Forbidden`` otherwise.

    Who delegated must be entitled: nobody decides on an own request through somebody else.
    """
    own = entitled(stage, request, dataset, by)
    if actor in own:
        return ""
    allowed = approvers(stage, request, dataset, by)
    if alike(actor) in _concerned(request, by.policy):
        mine = "your own request" if alike(actor) == alike(request.requester) else "a request that is made for you"
        raise Forbidden(
            "access.four_eyes",
            f"You cannot decide on {mine}.",
            cause="Another person has to look at it.",
            next_step=_ask(allowed),
        )
    if actor not in allowed:
        raise Forbidden(
            "access.not_approver",
            "You may not decide on this request.",
            cause=_whose(stage, dataset),
            next_step=_ask(allowed),
        )
    found = delegations.in_force(by.delegations, by.now)
    return next(each.approver for each in found if each.delegate == actor and each.approver in own)


def _concerned(request: Request, policy: AccessPolicy) -> set[str]:
    """Who asks and who is going to use the data: another spelling of a name is nobody else."""
    return {alike(request.requester), alike(request.subject)} if policy.four_eyes else set()


def _whose(stage: Stage, dataset: Dataset) -> str:
    if stage.approvers == (OWNER,):
        return f"The dataset {dataset.id!r} belongs to {dataset.owner}."
    return f"It is in the stage {stage.name!r} of its review."


def _ask(people: Sequence[str]) -> str:
    return f"Ask {' or '.join(people)}." if people else "Ask an administrator of this workspace: nobody else may."
