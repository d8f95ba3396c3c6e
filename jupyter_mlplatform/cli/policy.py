"""``mlplat policy``: what the platform team allows, forces or forbids."""

from __future__ import annotations

from pathlib import Path

import click

from jupyter_mlplatform import policy as policies
from jupyter_mlplatform.cli.answer import Answer, Line, Table, Tone
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import NotFound


@click.group("policy")
def group() -> None:
    """What the platform team allows, forces or forbids."""


@command(group, "show")
def show(session: Session) -> Answer:
    """Show every effective value and the file that set it."""
    effective = session.services.policy
    settings = effective.settings()
    rows = [(each.key, each.value, each.origin) for each in settings]
    notes = []
    if effective.writable:
        notes.append(Line(f"You may edit {effective.path} yourself: it advises, it does not bind.", Tone.WARNING))
    return Answer({"path": effective.path, "settings": settings}, Table(("Key", "Value", "From"), rows), *notes)


@command(group, "check")
@click.argument("file", type=click.Path(path_type=Path))
def check(session: Session, file: Path) -> Answer:
    """Check a policy FILE before it is installed."""
    if not file.exists():
        raise NotFound("policy.no_file", f"There is no file {file}.", next_step="Check the path.")
    effective = policies.load((file,))
    given = sorted(effective.given)
    return Answer(
        {"path": effective.path, "keys": given}, Line(f"{file} is valid and sets {len(given)} keys.", Tone.GOOD)
    )
