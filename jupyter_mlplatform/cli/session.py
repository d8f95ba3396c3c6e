"""What the commands of one invocation share: the services, the folder they work in, and the way to say things."""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from jupyter_mlplatform import wiring
from jupyter_mlplatform.wiring import Services


class Session:
    """One invocation of ``mlplat`` or ``%mlplat``.

    ``notebook`` is true in a kernel. ``say`` reports progress to the person (standard error, or the cell's output) and
    never mixes with the answer.
    """

    def __init__(
        self,
        *,
        notebook: bool = False,
        say: Callable[[str], None] | None = None,
        services: Callable[[], Services] = wiring.services,
    ) -> None:
        self.notebook = notebook
        self.json = False
        self.say = say or (lambda text: click.echo(text, err=True))
        self._services = services

    @cached_property
    def services(self) -> Services:
        """The features; resolved when a command first needs one, so that help and completion stay quick."""
        return self._services()

    @property
    def person(self) -> str:
        """Who acts. Raises ``Unavailable`` when that is not known."""
        return self.services.workspace.who()

    @property
    def root(self) -> Path:
        """The folder that relative paths of this invocation start from."""
        return Path.cwd()


def command(group: click.Group, name: str | None = None, **attrs: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Add a command to ``group``: it gets the :class:`Session` first, takes ``--json`` and returns an Answer."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        @click.pass_context
        @functools.wraps(function)
        def run(context: click.Context, /, as_json: bool, **kwargs: Any) -> Any:
            session: Session = context.ensure_object(Session)
            session.json = session.json or as_json
            return function(session, **kwargs)

        with_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(run)
        made: click.Command = group.command(name, **attrs)(with_json)
        return made

    return decorate
