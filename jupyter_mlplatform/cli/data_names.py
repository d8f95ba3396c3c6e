"""How the commands for data take names: arguments and options that are completed from the services."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from jupyter_mlplatform.access.models import Dataset, Grant
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.errors import PlatformError

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
Names = Iterable[tuple[str, str | None]]


def completing(names: Callable[[Session, str], Names]) -> Complete:
    """Completion from the services; silent when they cannot answer, because a prompt is no place for an error."""

    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        session = context.find_object(Session) or Session()
        try:
            found = list(names(session, incomplete))
        except PlatformError:
            return []
        return [CompletionItem(value, help=text) for value, text in found if value.startswith(incomplete)]

    return complete


def _datasets(session: Session, incomplete: str) -> Names:
    return ((each, None) for each in session.services.access.dataset_ids(session.person, incomplete))


dataset_argument = click.argument("dataset", shell_complete=completing(_datasets))
columns_option = click.option(
    "--columns",
    multiple=True,
    help="Columns, with commas between them; all when left out. Repeat it for a name that has a comma.",
)


def columns_of(dataset: Dataset) -> tuple[str, ...]:
    """The names of a dataset's columns."""
    return tuple(column.name for column in dataset.columns)


def until(grant: Grant) -> str:
    """How long a grant lasts, as it stands in a sentence."""
    return "your own" if grant.id == "owner" else f"until {grant.not_after:%Y-%m-%d %H:%M} UTC"
