"""Face 4: ``from jupyter_mlplatform import load`` in Python code. The same rules as the command and the magic."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_mlplatform import wiring
from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.local import engines
from jupyter_mlplatform.errors import Invalid

if TYPE_CHECKING:
    from jupyter_mlplatform.access.rowfilter import RowFilter
    from jupyter_mlplatform.access.streaming import Stream


def load(
    dataset: str,
    *,
    columns: Sequence[str] | None = None,
    where: str | Sequence[str] | RowFilter | None = None,
    limit: int | None = None,
    engine: str = engines.USUAL,
) -> Any:
    """What you were granted of a dataset, as ``pandas``, ``polars``, ``arrow`` or ``duckdb``.

    ``columns`` are names, all that are granted when left out. ``where`` narrows the rows: a condition such as
    ``"plant=Graz"``, several of them, or a tree of :mod:`jupyter_mlplatform.access.rowfilter`. ``limit`` is in rows.
    Raises a :class:`~jupyter_mlplatform.errors.PlatformError` that says why not and what to do.
    """
    engines.require(engine)
    services = wiring.services()
    with _heard(dataset) as hear:
        loaded = services.access.load(
            services.workspace.who(), dataset, _names(columns), _condition(where), limit=limit, hear=hear
        )
    return engines.converted(loaded.table, engine)


def load_batches(
    dataset: str,
    *,
    columns: Sequence[str] | None = None,
    where: str | Sequence[str] | RowFilter | None = None,
    limit: int | None = None,
    rows: int = 65_536,
) -> Stream:
    """What you were granted of a dataset, as an iterator of ``pyarrow.RecordBatch`` with at most ``rows`` rows each.

    For data that is larger than memory. Access is judged again for each piece. Use it in a ``with`` block, or read it
    to its end, so that the data is closed. Otherwise as :func:`load`.
    """
    services = wiring.services()
    return services.access.load_batches(
        services.workspace.who(), dataset, _names(columns), _condition(where), limit=limit, size=rows
    )


def _names(columns: Sequence[str] | None) -> tuple[str, ...] | None:
    if columns is None:
        return None
    names = (columns,) if isinstance(columns, str) else tuple(columns)  # a text is a sequence of letters, too
    if not any(names):
        raise Invalid(
            "access.invalid_columns",
            "No column is named.",
            cause="An empty list must not mean all of them.",
            next_step="Name columns, or leave them out for all that are granted.",
        )
    return names


def _condition(where: str | Sequence[str] | RowFilter | None) -> RowFilter | None:
    if where is None or isinstance(where, msgspec.Struct):
        return where
    return rowfilter.parse((where,) if isinstance(where, str) else tuple(where))


@contextmanager
def _heard(what: str) -> Iterator[Any]:
    from jupyter_mlplatform.cli.progress import NotebookLine, Progress

    ipython = sys.modules.get("IPython")
    notebook = ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None
    line = NotebookLine() if notebook else None
    progress = Progress(what, line or _to_terminal)
    try:
        yield progress.add
    finally:
        if line:
            line.close()


def _to_terminal(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")
