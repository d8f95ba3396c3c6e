"""What a table that was handed out becomes in the kernel: pandas, polars, Arrow or DuckDB.

Polars and DuckDB work on the memory of the Arrow table itself; pandas copies what it stores in another form.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from jupyter_mlplatform.errors import Invalid, Unavailable, nearest

ENGINES = ("pandas", "polars", "arrow", "duckdb")
USUAL = "pandas"
# What pip calls them: an extra of this package brings each.
_EXTRAS = {"pandas": "pandas", "polars": "polars", "duckdb": "sql"}


def require(engine: str) -> None:
    """Make sure that ``engine`` can be used here; asked before reading, so that no use is recorded in vain.

    Raises ``Invalid`` for a word that is none, ``Unavailable`` for one that is not installed in this environment.
    """
    if engine not in ENGINES:
        raise Invalid(
            "access.unknown_engine",
            f"{engine!r} is nothing that data can be loaded as.",
            next_step=nearest(engine, ENGINES),
        )
    if engine in _EXTRAS and importlib.util.find_spec(engine) is None:
        raise missing(engine)


def missing(engine: str) -> Unavailable:
    """What to say of an engine that is not installed."""
    what = "A DataFrame needs pandas" if engine == "pandas" else f"This needs {engine}"
    return Unavailable(
        f"access.no_{engine}",
        f"{what}, which is not installed here.",
        cause=f"The environment of this kernel has no package {engine}.",
        next_step=f"Install it: pip install 'jupyter_mlplatform[{_EXTRAS[engine]}]'. "
        "Or load as arrow, which is always there, or write a file with --output.",
    )


def converted(table: Any, engine: str) -> Any:
    """A ``pyarrow.Table`` as a ``pandas.DataFrame``, ``polars.DataFrame``, itself, or ``duckdb.DuckDBPyRelation``.

    The relation belongs to DuckDB's default connection, so that it can be joined with what else a notebook has there.
    Raises as :func:`require` does.
    """
    require(engine)
    if engine == "arrow":
        return table
    if engine == "polars":
        import polars

        return polars.from_arrow(table)
    if engine == "duckdb":
        import duckdb

        return duckdb.from_arrow(table)
    return table.to_pandas()
