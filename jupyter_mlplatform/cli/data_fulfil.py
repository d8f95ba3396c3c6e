"""``mlplat data fulfil``: put grants into force, take away what is over, and repair what was changed by hand."""

from __future__ import annotations

import time

import click

from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.cli.answer import Answer, Line, Tone
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Problem, Unavailable


def add_to(group: click.Group) -> None:
    """Make it part of ``mlplat data``."""
    command(group, "fulfil")(fulfil)


@click.option(
    "--watch", type=click.FloatRange(min=1.0), default=None, metavar="SECONDS", help="Go on, looking so often."
)
def fulfil(session: Session, watch: float | None) -> Answer:
    """Carry out what grants need in AWS and in databases now (admins only; see docs/operators/fulfilment.md)."""
    access = session.services.access
    done = access.fulfil(session.person)
    if watch is not None:
        return _watched(access, session.person, watch, done)
    problems = access.mirror_problems()
    told = [Line(f"{each.message} {each.cause}".strip(), Tone.WARNING) for each in problems]
    said = f"Done: {done} {'step' if done == 1 else 'steps'}." if done else "There was nothing to do."
    return Answer({"steps": done, "problems": problems}, *told, Line(said, Tone.GOOD))


def _watched(access: AccessService, person: str, seconds: float, done: int) -> Answer:
    """Until Ctrl-C. What is wrong is told once on standard error, and again when it is something else."""
    told: tuple[Problem, ...] = ()
    try:
        while True:
            try:
                found = access.mirror_problems()
                time.sleep(seconds)
                done += access.fulfil(person)
            except Unavailable as error:  # the shared state does not answer; it may, the next time
                found = (error.problem,)
            for each in found if found != told else ():
                click.echo(f"{each.message} {each.cause}".strip(), err=True)
            told = found
    except KeyboardInterrupt:
        return Answer({"steps": done}, Line("Stopped. What is due is done by whoever looks next."))
