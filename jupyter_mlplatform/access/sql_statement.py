"""What a SELECT statement reads, from the syntax tree that DuckDB's own parser gives (``json_serialize_sql``).

Everything that reads from elsewhere than a named table is refused here, before any data is fetched: other statements,
functions that give tables (except those that count or unfold), and functions that tell of the machine. DuckDB runs
locked as well (see ``local/sql_sandbox.py``); this says what is wrong in plain words, and early.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from jupyter_mlplatform.errors import Forbidden, Invalid

Node = dict[str, Any]
# Kinds of table that may stand in FROM. A kind that a later DuckDB invents is refused until somebody looked at it.
_SOURCES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT"})
# DESCRIBE and SUMMARIZE of a query; SHOW tells of everything else.
_SHOWN = ("DESCRIBE", "SUMMARY")
_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree", "regexp_split_to_table"})
_REFUSED = frozenset(
    {
        "arrow_scan",
        "arrow_scan_dumb",
        "current_setting",
        "from_json_strict",
        "getenv",
        "getvariable",
        "glob",
        "json_execute_serialized_sql",
        "nextval",
        "pandas_scan",
        "python_map_function",
        "query",
        "query_table",
        "sniff_csv",
        "sql_auto_complete",
        "which_secret",
        "write_log",
    }
)
_REFUSED_BEGINNINGS = ("read_", "duckdb_", "pragma_", "parquet_", "http_", "sqlite_", "postgres_", "mysql_", "iceberg_")
_DEEP = "It is nested too deeply."


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What one SELECT reads.

    ``tables`` are the names that stand for datasets, each once and in lower case. ``columns`` are all names that could
    be columns and ``given`` those that the statement gives itself (``AS``), both folded. ``every``: it may look at
    columns that it does not name (a star, a natural join, a position).
    """

    tables: tuple[str, ...]
    columns: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    every: bool = False


def read(tree: Node) -> Statement:
    """What the statement of a syntax tree reads.

    Raises ``Invalid`` when it is not exactly one SELECT, ``Forbidden`` for what may not be used in one.
    """
    statements = tree.get("statements") or []
    if tree.get("error") or len(statements) != 1:
        raise only_select()
    reader = _Reader()
    try:
        reader.visit(statements[0].get("node"), frozenset())
    except RecursionError:
        raise Invalid("access.sql_wrong", "The query was not understood.", cause=_DEEP) from None
    return reader.statement()


def only_select() -> Invalid:
    """What to say of anything but one SELECT."""
    return Invalid(
        "access.sql_select_only",
        "Only one SELECT statement can be run here.",
        cause="Data is read from what is granted to you; nothing is written, attached, installed or set.",
        next_step='Write SELECT … FROM a dataset. An id with "-" or "." stands in double quotes: FROM "press-line".',
    )


class _Reader:
    """Walks a syntax tree once. ``scope`` holds the names that a WITH gives where the walk is."""

    def __init__(self) -> None:
        self._tables: dict[str, None] = {}
        self._called: set[str] = set()
        self._columns: set[str] = set()
        self._alone: set[str] = set()
        self._given: set[str] = set()
        self._every = False

    def statement(self) -> Statement:
        # A table's own name as a value is the whole row.
        every = self._every or bool(self._called & self._alone)
        return Statement(
            tables=tuple(self._tables), columns=frozenset(self._columns), given=frozenset(self._given), every=every
        )

    def visit(self, value: Any, scope: frozenset[str]) -> None:
        if isinstance(value, list):
            for each in value:
                self.visit(each, scope)
        elif isinstance(value, dict):
            scope = self._node(value, scope)
            # A constant holds what the person wrote as text or number: nothing of it is a name.
            below = () if value.get("class") == "CONSTANT" else value.items()
            for key, each in below:
                if key != "cte_map" and isinstance(each, (dict, list)):
                    self.visit(each, scope)

    def _node(self, node: Node, scope: frozenset[str]) -> frozenset[str]:
        """What the node itself says; returns the scope of what is below it."""
        kind, family = str(node.get("type", "")), str(node.get("class", ""))
        alias = node.get("alias")
        if isinstance(alias, str) and alias:
            (self._given if family else self._called).add(alias.casefold())
        if family:
            self._expression(node, family)
        elif "sample" in node and "alias" in node:
            self._source(node, kind, scope)
        elif kind.endswith("_NODE"):
            if kind not in _QUERIES:
                raise only_select()
            scope = self._with(node, kind, scope)
        return scope

    def _with(self, node: Node, kind: str, scope: frozenset[str]) -> frozenset[str]:
        """The names of a WITH. Each may use those before it, and itself only where it is recursive."""
        if kind in ("RECURSIVE_CTE_NODE", "CTE_NODE"):
            name = node.get("cte_name") or node.get("ctename") or ""
            scope |= {str(name).casefold()}
        for name, query in _withs(node.get("cte_map")):
            self._gives(query, "aliases")
            self.visit(query, scope)
            self._called.add(name)
            scope |= {name}
        return scope

    def _gives(self, node: Any, key: str) -> None:
        """Names that a WITH or an alias gives to columns."""
        if isinstance(node, dict):
            self._given.update(str(name).casefold() for name in node.get(key) or ())

    def _source(self, node: Node, kind: str, scope: frozenset[str]) -> None:
        if kind == "SHOW_REF" and node.get("query") and node.get("show_type") in _SHOWN:
            return
        if kind not in _SOURCES:
            raise _refused(kind.lower().replace("_", " "))
        if node.get("column_name_alias") or kind == "PIVOT" or node.get("ref_type") in ("NATURAL", "POSITIONAL"):
            self._every = True
        self._gives(node, "column_name_alias")
        self._columns.update(str(name).casefold() for name in node.get("using_columns") or ())
        if kind == "TABLE_FUNCTION":
            name = str((node.get("function") or {}).get("function_name", "")).casefold()
            if name not in _TABLE_FUNCTIONS:
                raise _refused(f"{name}()" if name else "a function that gives a table")
        if kind == "BASE_TABLE":
            self._table(node, scope)

    def _table(self, node: Node, scope: frozenset[str]) -> None:
        name = str(node.get("table_name", ""))
        folded = name.casefold()
        if before := _before(node):
            whole = ".".join([*before, name])
            raise Invalid(
                "access.sql_name",
                f"{whole!r} is not the name of a dataset.",
                cause="Here are datasets only, no databases or schemas.",
                next_step=f'If it is the id of one, write it in double quotes: FROM "{whole}"',
            )
        self._called.add(folded)
        if folded not in scope:
            self._tables[folded] = None

    def _expression(self, node: Node, family: str) -> None:
        if family == "COLUMN_REF":
            names = [str(name).casefold() for name in node.get("column_names") or ()]
            self._columns.update(names)
            self._alone.update(names[:1] if len(names) == 1 else ())
        elif family in ("STAR", "POSITIONAL_REFERENCE"):
            self._every = True
        name = str(node.get("function_name") or "").casefold()
        if name in _REFUSED or name.startswith(_REFUSED_BEGINNINGS):
            raise _refused(f"{name}()")


def _before(node: Node) -> list[str]:
    """What stands before the name of a table: a schema, and more. DuckDB 2 gives the path, 1 gives two names."""
    path = (node.get("qualified_name") or {}).get("path")
    return [str(part) for part in (path[:-1] if path else (node.get("catalog_name"), node.get("schema_name"))) if part]


def _withs(cte_map: Any) -> Iterator[tuple[str, Any]]:
    """Name and query of each part of a WITH."""
    for entry in (cte_map or {}).get("map") or ():
        yield str(entry.get("key", "")).casefold(), entry.get("value")


def _refused(what: str) -> Forbidden:
    return Forbidden(
        "access.sql_refused",
        f"A query here cannot use {what}.",
        cause="It reads from granted datasets only: no files, no network, no settings of this machine.",
        next_step="Name datasets in FROM: mlplat data grants lists what you may use.",
    )
