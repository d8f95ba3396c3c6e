"""``mlplat data load``: what was granted, as a DataFrame, a table or a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.local import engines
from jupyter_mlplatform.cli.answer import Answer, Line, Table, Tone
from jupyter_mlplatform.cli.data_names import columns_of, columns_option, dataset_argument, until
from jupyter_mlplatform.cli.given import columns_named, under
from jupyter_mlplatform.cli.progress import NotebookLine, Progress
from jupyter_mlplatform.cli.session import Session, command

PREVIEW_ROWS = 10
PREVIEW_COLUMNS = 8
engine_option = click.option(
    "--as",
    "engine",
    default=engines.USUAL,
    show_default=True,
    metavar="|".join(engines.ENGINES),
    shell_complete=lambda *_: list(engines.ENGINES),
    help="What a notebook gets.",
)


@click.group()
def _commands() -> None:
    """Using data."""


def add_to(group: click.Group) -> None:
    """Give ``mlplat data`` these commands."""
    for name, each in _commands.commands.items():
        group.add_command(each, name)


@command(_commands, "load")
@dataset_argument
@columns_option
@click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help="Only rows like this: 'plant=Graz', 'force>=10', 'name~Weld*'. Repeat it for more; all of them hold.",
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many rows.")
@engine_option
@click.option("--output", type=click.Path(path_type=Path), help="Write to this Parquet or CSV file.")
@click.option("--force", is_flag=True, help="Replace that file if it exists.")
def load(
    session: Session,
    dataset: str,
    columns: tuple[str, ...],
    where: tuple[str, ...],
    limit: int | None,
    engine: str,
    output: Path | None,
    force: bool,
) -> Answer:
    """Read what you were granted of a DATASET: a DataFrame in a notebook, a preview on a terminal."""
    access = session.services.access
    if session.notebook and not output:
        engines.require(engine)
    page = access.dataset(session.person, dataset) if columns else None
    names = columns_named(columns, columns_of(page.dataset)) if page else ()
    target = access.target(under(session.root, output), force=force) if output else None
    with heard(session, dataset) as hear:
        loaded = access.load(session.person, dataset, names or None, rowfilter.parse(where), limit=limit, hear=hear)
    table = loaded.table
    said = Line(f"{dataset}: {table.num_rows:,} rows × {table.num_columns} columns, {until(loaded.grant)}.", Tone.GOOD)
    data = {
        "dataset": dataset,
        "rows": table.num_rows,
        "columns": table.column_names,
        "grant": loaded.grant,
        "output": str(output) if output else None,
    }
    if target:
        access.save(loaded, target)
        return Answer(data, said, Line(f"Written to {output}."))
    if session.notebook:
        return Answer(data, said, result=engines.converted(table, engine))
    return Answer(data, preview(table), said)


@contextmanager
def heard(session: Session, what: str) -> Iterator[Callable[[int, int | None], None]]:
    """What a long read is to call with the rows that came and those that there are: the person sees how far it is."""
    line = NotebookLine() if session.notebook else None
    progress = Progress(what, line or session.say)
    try:
        yield progress.add
    finally:
        if line:
            line.close()


def preview(table: Any) -> Table:
    """The first rows of a ``pyarrow.Table``, as wide as a terminal can show."""
    shown = table.slice(0, PREVIEW_ROWS).select(range(min(PREVIEW_COLUMNS, table.num_columns)))
    names = tuple(shown.column_names)
    columns = [column.to_pylist() for column in shown.columns]
    rows = [[str(column[row]) for column in columns] for row in range(shown.num_rows)]
    more = table.num_columns - len(names)
    return Table(names, rows, title=f"and {more} more columns" if more else "", empty="It has no rows.")
