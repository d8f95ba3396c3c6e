"""SQL over what is granted: every dataset that a query names is judged and recorded as if it were loaded by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from jupyter_mlplatform.access import handout
from jupyter_mlplatform.access.models import Dataset, Grant, Loaded
from jupyter_mlplatform.access.sql_statement import Statement
from jupyter_mlplatform.errors import Forbidden, Invalid

LONGEST = 100_000
MOST_NAMED = 20
WRONG = "access.sql_wrong"


class Loads(Protocol):
    """Data as one person may use it; ``AccessService`` is that."""

    def usable_grant(self, person: str, dataset_id: str, columns: Sequence[str] = ()) -> tuple[Dataset, Grant]:
        """The dataset and the grant by which the person may use it now. Raises where there is none."""
        ...

    def load(self, person: str, dataset_id: str, columns: Sequence[str] | None = None) -> Loaded:
        """Read what is granted, and write that down."""
        ...


class SqlEngine(Protocol):
    """Parses and runs queries, and can reach nothing but the tables it is given."""

    def read(self, text: str) -> Statement:
        """What one SELECT reads. Raises ``Invalid`` or ``Forbidden`` for everything else."""
        ...

    def run(self, text: str, tables: Mapping[str, Any]) -> Any:
        """The result, a ``pyarrow.Table``, of a query over ``pyarrow.Table`` by name."""
        ...


class Queried(msgspec.Struct, frozen=True, kw_only=True):
    """A result, a ``pyarrow.Table``, and what it was made from, in the order of the query."""

    table: Any
    loaded: tuple[Loaded, ...]


class Querying:
    """Runs queries of one person over datasets."""

    def __init__(self, access: Loads, engine: SqlEngine) -> None:
        self._access = access
        self._engine = engine

    def query(self, person: str, text: str) -> Queried:
        """Run one SELECT. All its datasets are judged before the first is read, so that nothing is handed out when
        one of them is not granted; only those columns are read that the query may look at.

        Raises what ``AccessService.load`` raises for a dataset, and ``Invalid`` or ``Forbidden`` for a query that is
        not understood or reaches for something else.
        """
        if len(text) > LONGEST:
            raise Invalid(WRONG, f"A query has at most {LONGEST:,} characters.", next_step="Shorten it.")
        statement = self._engine.read(text)
        held = [self._held(person, name, statement) for name in statement.tables]
        handout.check_mentioned(held, statement.columns - statement.given)
        loaded = tuple(
            self._access.load(
                person, dataset.id, handout.mentioned(dataset, grant, statement.columns, every=statement.every)
            )
            for dataset, grant in held
        )
        tables = {each.dataset.id: each.table for each in loaded}
        try:
            return Queried(table=self._engine.run(text, tables), loaded=loaded)
        except Invalid as error:
            if error.problem.code == WRONG and held:
                raise _with_columns(error, held) from error
            raise

    def _held(self, person: str, name: str, statement: Statement) -> tuple[Dataset, Grant]:
        """The dataset and the grant that covers what the statement looks at, or else the widest."""
        dataset, widest = self._access.usable_grant(person, name)
        looked_at = [column.name for column in dataset.columns if column.name.casefold() in statement.columns]
        if set(looked_at) <= set(widest.scope.columns):
            return dataset, widest
        try:
            return self._access.usable_grant(person, name, looked_at)
        except Forbidden:
            # A name may be another dataset's column; whether one is missing is said when all are known.
            return dataset, widest


def _with_columns(error: Invalid, held: Sequence[tuple[Dataset, Grant]]) -> Invalid:
    """The same with the columns that the person may use: most of what is not understood is a column's name."""
    known = "; ".join(
        f"{dataset.id} has {', '.join(handout.granted_columns(dataset, grant)[:MOST_NAMED])}" for dataset, grant in held
    )
    return Invalid(WRONG, error.problem.message, cause=error.problem.cause, next_step=f"You may use: {known}.")
