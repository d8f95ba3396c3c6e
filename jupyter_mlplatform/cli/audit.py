"""``mlplat audit``: what happened to data access, and proof that nobody changed the record."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from jupyter_mlplatform.cli.answer import Answer, Code, Fields, Line, Tone
from jupyter_mlplatform.cli.given import under
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Unavailable


@click.group("audit")
def group() -> None:
    """What happened to data access, and proof that nobody changed the record."""


@command(group, "verify")
def verify(session: Session) -> Answer:
    """Check the audit trail: the chain, its end, and the state against it.

    Keep the printed hash in another place: whoever can write to this folder can rewrite trail and anchor together.
    """
    found = session.services.access.verify_audit()
    facts = [("Events", found.events), ("Newest hash", found.head), ("Not anchored yet", found.unanchored)]
    if found.intact:
        return Answer(found, Line("The audit trail is intact.", Tone.GOOD), Fields(facts))
    lines = [Line(finding, Tone.BAD) for finding in found.findings]
    return Answer(found, Line("The audit trail is broken.", Tone.BAD), *lines, Fields(facts), exit_code=1)


@command(group, "export")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file; it must not exist.")
def export(session: Session, output: Path | None) -> Answer:
    """Export the events that concern you, for admins all, as JSON lines."""
    trail = session.services.access.trail(session.person)
    lines = [msgspec.json.encode(event).decode() for event in trail.items]
    if output is None:
        return Answer(trail, Code("\n".join(lines)))
    try:
        with under(session.root, output).open("x", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise Unavailable(
            "audit.not_written",
            f"{output} cannot be written.",
            cause=f"{error.strerror}.",
            next_step="Name a file that does not exist yet, in a folder that you may write to.",
        ) from error
    return Answer({"path": str(output), "events": len(lines)}, Line(f"{len(lines):,} events written to {output}."))
