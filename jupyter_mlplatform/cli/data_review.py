"""``mlplat data``: deciding on requests, and letting somebody else decide for a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta, timezone
from typing import Any

import click

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.messages import NewDecision, NewDelegation
from jupyter_mlplatform.access.models import Delegation, Request, RequestState, Verdict
from jupyter_mlplatform.cli.answer import Answer, Line, Table, Tone
from jupyter_mlplatform.cli.data_names import completing
from jupyter_mlplatform.cli.given import columns_named
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Invalid


def requests_named(role: str) -> Callable[[Session, str], Any]:
    """Completion of the requests in one role."""

    def names(session: Session, _: str) -> Any:
        found = session.services.access.requests(session.person, role).items
        return ((each.id, f"{each.requester}: {each.dataset_title}") for each in found)

    return names


def _delegations(session: Session, _: str) -> Any:
    found = session.services.access.delegations(session.person).items
    return ((each.id, f"{each.approver} to {each.delegate}") for each in found)


inbox_argument = click.argument("request_id", metavar="REQUEST", shell_complete=completing(requests_named("inbox")))
stage_option = click.option("--stage", default="", help="The stage you looked at; the present one when left out.")
revision_option = click.option(
    "--revision", type=int, help="The revision you looked at; the present one when left out."
)


def add_to(group: click.Group) -> None:
    """Make these commands part of ``mlplat data``."""
    for name, function in _COMMANDS.items():
        command(group, name)(function)


@inbox_argument
@click.option("--columns", multiple=True, help="Grant only these of the columns asked for.")
@click.option("--where", multiple=True, help="Grant only these of the rows asked for: plant=Graz. May be repeated.")
@click.option("--days", type=int, help="Grant fewer days than asked for.")
@click.option("--reason", default="", help="Why; those whom it concerns read it.")
@stage_option
@revision_option
def approve(session: Session, request_id: str, columns: tuple[str, ...], where: tuple[str, ...], **said: Any) -> Answer:
    """Approve a REQUEST, as it is or narrower."""
    asked = session.services.access.request(session.person, request_id).scope.columns if columns else ()
    rows = rowfilter.parse(where)
    return _decide(session, request_id, Verdict.APPROVE, columns=columns_named(columns, asked), rows=rows, **said)


@inbox_argument
@click.option("--reason", required=True, help="Why; the requester reads it.")
@stage_option
@revision_option
def reject(session: Session, request_id: str, **said: Any) -> Answer:
    """Reject a REQUEST with a reason."""
    return _decide(session, request_id, Verdict.REJECT, **said)


@inbox_argument
@click.option("--reason", required=True, help="What to change; the requester reads it.")
@stage_option
@revision_option
def ask_changes(session: Session, request_id: str, **said: Any) -> Answer:
    """Send a REQUEST back to be changed."""
    return _decide(session, request_id, Verdict.ASK_CHANGES, **said)


@click.argument("delegate")
@click.option("--until", "until", required=True, metavar="DAY", help="The last day, such as 2026-12-31 (UTC).")
@click.option("--from", "from_", default="", metavar="DAY", help="The first day; now, when left out.")
@click.option("--reason", default="", help="Why; those whom it concerns read it.")
def delegate_(session: Session, delegate: str, until: str, from_: str, reason: str) -> Answer:
    """Let DELEGATE decide in your place for a while, but never on what they asked for themselves."""
    new = NewDelegation(
        delegate=delegate,
        not_before=_day(from_) if from_ else None,
        not_after=_day(until) + timedelta(days=1),
        reason=reason,
    )
    made = session.services.access.delegate(session.person, new)
    return Answer(made, Line(f"{made.delegate} may decide in your place {_span(made)} ({made.id}).", Tone.GOOD))


def delegations(session: Session) -> Answer:
    """List who decides in your place, and in whose place you may decide."""
    found = session.services.access.delegations(session.person)
    rows = [(each.id, each.approver, each.delegate, each.not_before, each.not_after) for each in found.items]
    head = ("Delegation", "Of", "To", "From", "Until")
    return Answer(found, Table(head, rows, empty="Nobody decides in your place, and you in nobody's."))


@click.argument("delegation_id", metavar="DELEGATION", shell_complete=completing(_delegations))
def end_delegation(session: Session, delegation_id: str) -> Answer:
    """Take a DELEGATION back, or give it up."""
    ended = session.services.access.end_delegation(session.person, delegation_id)
    return Answer(ended, Line(f"{ended.delegate} no longer decides in the place of {ended.approver}."))


_COMMANDS: dict[str, Callable[..., Answer]] = {
    "approve": approve,
    "reject": reject,
    "ask-changes": ask_changes,
    "delegate": delegate_,
    "delegations": delegations,
    "end-delegation": end_delegation,
}


def _decide(session: Session, request_id: str, verdict: Verdict, revision: int | None, **said: Any) -> Answer:
    access = session.services.access
    seen = revision if revision is not None else access.request(session.person, request_id).revision
    made = access.decide(session.person, request_id, NewDecision(verdict=verdict, revision=seen, **said))
    return Answer(made, Line(_told(made, verdict), Tone.GOOD))


def _told(made: Request, verdict: Verdict) -> str:
    last = made.decisions[-1]
    if verdict is Verdict.REJECT:
        return f"The request of {made.requester} is rejected."
    if verdict is Verdict.ASK_CHANGES:
        return f"{made.requester} is asked to change the request."
    if made.state is RequestState.SUBMITTED:
        return f"Approved; now it waits for {' or '.join(made.approvers) or 'nobody that the policy names'}."
    rows = f" where {rowfilter.words(last.rows)}" if last.rows is not None else ""
    return f"{made.subject} may use {len(last.columns)} columns of {made.scope.dataset_id}{rows} for {last.days} days."


def _span(made: Delegation) -> str:
    return f"from {made.not_before:%Y-%m-%d %H:%M} until {made.not_after:%Y-%m-%d %H:%M} UTC"


def _day(text: str) -> datetime:
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), time(), timezone.utc)
    except ValueError as error:
        raise Invalid(
            "access.invalid_day", f"{text!r} is not a day.", next_step="Write it as in 2026-12-31."
        ) from error
