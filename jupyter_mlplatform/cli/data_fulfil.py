"""``mlplat data fulfil``: put grants into force, take away what is over, and repair what was changed by hand."""

from __future__ import annotations

import time

import click

from jupyter_mlplatform.cli.answer import Answer, Line, Tone
from jupyter_mlplatform.cli.session import Session, command


def add_to(group: click.Group) -> None:
    """Make it part of ``mlplat data``."""
    command(group, "fulfil")(fulfil)


@click.option(
    "--watch", type=click.FloatRange(min=1.0), default=None, metavar="SECONDS", help="Go on, looking so often."
)
def fulfil(session: Session, watch: float | None) -> Answer:
    """Carry out what grants need in AWS and in databases now (admins only; see docs/operators/fulfilment.md)."""
    done = session.services.access.fulfil(session.person)
    while watch is not None:
        try:
            time.sleep(watch)
        except KeyboardInterrupt:
            return Answer({"steps": done}, Line("Stopped. What is due is done by whoever looks next."))
        done += session.services.access.fulfil(session.person)
    problems = session.services.access.mirror_problems()
    told = [Line(f"{each.message} {each.cause}".strip(), Tone.WARNING) for each in problems]
    said = f"Done: {done} {'step' if done == 1 else 'steps'}." if done else "There was nothing to do."
    return Answer({"steps": done, "problems": problems}, *told, Line(said, Tone.GOOD))
