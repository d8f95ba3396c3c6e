"""``mlplat data sql`` and ``%%mlplat sql``: one SELECT over the datasets that are granted."""

from __future__ import annotations

import keyword

import click

from jupyter_mlplatform.access.local import engines
from jupyter_mlplatform.cli.answer import Answer, Line, Tone
from jupyter_mlplatform.cli.data_load import engine_option, preview
from jupyter_mlplatform.cli.data_names import until
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Invalid


@click.group()
def _commands() -> None:
    """Asking data."""


def add_to(group: click.Group) -> None:
    """Give ``mlplat data`` these commands."""
    for name, each in _commands.commands.items():
        group.add_command(each, name)


@command(_commands, "sql")
@click.argument("name", required=False, default="")
@click.option("--query", default="", metavar="SELECT …", help="The query; in a notebook it is the rest of the cell.")
@engine_option
@click.option("--memory", default="", metavar="SIZE", help="What the query may use beside its tables, as 500MB or 8GB.")
@click.option("--threads", type=click.IntRange(min=1), help="How many threads it may keep busy; 4 at most otherwise.")
def sql(session: Session, name: str, query: str, engine: str, memory: str, threads: int | None) -> Answer:
    """Run one SELECT over datasets that you may use. In a notebook the result gets the NAME of a variable.

    A dataset's id stands in FROM, in double quotes if it has a "-" or a ".". Each dataset is read as 'load' would read
    it, and every use is written down. The query reaches nothing else: no files, no network.
    """
    _check_name(name, session)
    engines.require(engine)
    queried = session.services.sql(memory, threads).query(session.person, query)
    table = queried.table
    sources = ", ".join(f"{each.dataset.id} ({until(each.grant)})" for each in queried.loaded)
    said = f"{table.num_rows:,} rows × {table.num_columns} columns" + (f" from {sources}." if sources else ".")
    data = {
        "name": name,
        "rows": table.num_rows,
        "columns": table.column_names,
        "datasets": [each.dataset.id for each in queried.loaded],
        "grants": [each.grant.id for each in queried.loaded],
    }
    line = Line(f"{name}: {said}" if name else said, Tone.GOOD)
    if session.notebook:
        return Answer(data, line, result=engines.converted(table, engine))
    return Answer(data, preview(table), line)


def _check_name(name: str, session: Session) -> None:
    if not name:
        return
    if not session.notebook:
        raise Invalid(
            "access.invalid_name",
            "A result gets a name in a notebook only.",
            next_step="Leave the name out. A query is given with --query.",
        )
    if not name.isidentifier() or keyword.iskeyword(name):
        raise Invalid(
            "access.invalid_name",
            f"{name!r} cannot be the name of a variable.",
            next_step="Choose a name such as welds; the query starts on the next line.",
        )
