"""``mlplat data oversight`` and ``trail``: who holds grants, what became of them, and what happened."""

from __future__ import annotations

import click

from jupyter_mlplatform.access import oversight as rules
from jupyter_mlplatform.access.messages import AuditQuery, Effect, OverseenGrant, OversightPage, OversightQuery
from jupyter_mlplatform.access.models import GrantState
from jupyter_mlplatform.cli.answer import Answer, Block, Line, Table, Tone
from jupyter_mlplatform.cli.session import Session, command

STATES = (rules.ATTENTION, *(state.value for state in GrantState))


@click.group()
def _commands() -> None:
    """Overseeing data."""


def add_to(group: click.Group) -> None:
    """Give ``mlplat data`` these commands."""
    for name, each in _commands.commands.items():
        group.add_command(each, name)


@command(_commands, "oversight")
@click.option("--dataset", default="", help="Only grants on this dataset.")
@click.option("--person", default="", help="Only grants of this person.")
@click.option("--state", default="", type=click.Choice(["", *STATES]), show_choices=False, help=", ".join(STATES))
@click.option("--limit", default=20, show_default=True, help="At most so many datasets.")
def oversight(session: Session, **asked: object) -> Answer:
    """Who holds grants on your datasets, for admins on all; those that need somebody first."""
    found = session.services.access.overseen(session.person, OversightQuery(**asked))  # type: ignore[arg-type]
    return Answer(found, *_blocks(found))


@command(_commands, "trail")
@click.option("--dataset", default="", help="Only events about this dataset.")
@click.option("--person", default="", help="Only what this person did, or what is about them.")
@click.option("--action", default="", help="Only this action, such as grant.revoked, or grant for all of grants.")
@click.option("--before", default=0, help="Only events before this number.")
@click.option("--limit", default=50, show_default=True)
def trail(session: Session, **asked: object) -> Answer:
    """Look through the audit trail from its end. All of it as JSON lines: mlplat audit export."""
    found = session.services.access.audited(session.person, AuditQuery(**asked))  # type: ignore[arg-type]
    rows = [(each.seq, each.at, each.actor, each.action, each.subject, rules.dataset_of(each)) for each in found.items]
    head = ("Event", "At", "By", "What", "Of", "Dataset")
    blocks: list[Block] = [Table(head, rows, empty="No event fits.")]
    if found.older:
        blocks.append(Line(f"Older ones: add --before {found.older}", Tone.QUIET))
    return Answer(found, *blocks)


def _blocks(found: OversightPage) -> list[Block]:
    counted = [f"{count} {state}" for state, count in sorted(found.counters.states.items())]
    blocks: list[Block] = [Line(f"Grants: {', '.join(counted) or 'none'}.")]
    worst = {name: count for name, count in found.counters.concerns.items() if name != "pending"}
    if worst:
        said = ", ".join(f"{worst[name]} {name}" for name in rules.CONCERNS if name in worst)
        blocks.append(Line(f"Somebody has to look after: {said}.", Tone.WARNING))
    rows = [
        (
            row.id,
            each.grant.id,
            each.grant.subject,
            each.grant.state,
            each.grant.ended_at or each.grant.not_after,
            each.grant.enforcement,
        )
        for row in found.items
        for each in row.grants
    ]
    head = ("Dataset", "Grant", "For", "State", "Until", "Enforcement")
    blocks.append(Table(head, rows, empty="Nobody holds such a grant."))
    blocks += [
        Line(f"{each.grant.id} ({each.grant.subject}): {_told(each)}", Tone.WARNING if _worries(each) else Tone.QUIET)
        for row in found.items
        for each in row.grants
        if each.concern and each.effects
    ]
    if found.total > len(found.items):
        said = f"{len(found.items)} of {found.total:,} datasets; narrow with --dataset or --person, or --limit."
        blocks.append(Line(said, Tone.QUIET))
    return blocks


def _worries(each: OverseenGrant) -> bool:
    return each.concern != "pending"


def _told(each: OverseenGrant) -> str:
    return "; ".join(told(effect) for effect in each.effects)


def told(effect: Effect) -> str:
    """What a grant needs where the data lies, and how that stands."""
    said = f"{effect.backend}: {effect.state.value}"
    if effect.attempts:
        said += f" after {effect.attempts} attempts, next {effect.due_at:%Y-%m-%d %H:%M} UTC"
    return f"{said}. {effect.note}".strip() if effect.note else said
