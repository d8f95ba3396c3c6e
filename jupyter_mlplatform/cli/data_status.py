"""``mlplat data status``: where everything of yours stands, at one look."""

from __future__ import annotations

import click

from jupyter_mlplatform.access import grants as granting
from jupyter_mlplatform.access import requests as asking
from jupyter_mlplatform.access.models import Grant, GrantState, Request
from jupyter_mlplatform.cli.answer import Answer, Block, Line, Table, Tone
from jupyter_mlplatform.cli.data_names import until
from jupyter_mlplatform.cli.session import Session, command

_NOT_YET = {
    GrantState.SCHEDULED: "begins later",
    GrantState.FULFILLING: "is being set up",
    GrantState.FAILED: "cannot be set up so far",
}


def add_to(group: click.Group) -> None:
    """Make it part of ``mlplat data``."""
    command(group, "status")(status)


def status(session: Session) -> Answer:
    """Show what you may use, what you wait for, and what waits for you."""
    access, person = session.services.access, session.person
    held = [each for each in access.grants(person).items if not granting.over(each)]
    asked = [each for each in access.requests(person).items if each.state in asking.OPEN]
    inbox = access.requests(person, "inbox").items
    blocks: list[Block] = []
    if held:
        rows = [(each.scope.dataset_id, _standing(each), until(each), each.id) for each in held]
        blocks.append(Table(("Dataset", "You", "Until", "Grant"), rows))
    if asked:
        waiting = [(each.scope.dataset_id, _waits(each), each.created_at, each.id) for each in asked]
        blocks.append(Table(("Dataset", "Waits for", "Asked", "Request"), waiting))
    if inbox:
        count = f"{len(inbox)} {'request waits' if len(inbox) == 1 else 'requests wait'}"
        blocks.append(Line(f"{count} for your decision: mlplat data requests --inbox", Tone.WARNING))
    if not blocks:
        blocks.append(Line("You have asked for nothing, and nothing waits for you: mlplat data search", Tone.QUIET))
    return Answer({"grants": held, "requests": asked, "inbox": inbox}, *blocks)


def _standing(grant: Grant) -> str:
    return _NOT_YET.get(grant.state, "may use it")


def _waits(request: Request) -> str:
    if asking.sent_back(request) is not None:
        return "you: a change was asked for"
    return " or ".join(request.approvers) or "nobody that the policy names"
