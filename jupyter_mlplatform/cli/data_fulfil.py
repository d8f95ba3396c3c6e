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
    if not done:
        return Answer({"steps": 0}, Line("There was nothing to do.", Tone.GOOD))
    return Answer({"steps": done}, Line(f"Done: {done} {'step' if done == 1 else 'steps'}.", Tone.GOOD))
