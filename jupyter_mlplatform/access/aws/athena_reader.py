"""Tables of the Glue catalogue, read with queries of Athena under the session of one grant.

The query asks for granted columns of granted rows only, and Lake Formation keeps to the same: the session could not get
at more. What it finds lies as CSV below a prefix that is this grant's alone, and is read from there with the same
session. Whoever stops listening stops the query.
"""

from __future__ import annotations

import copy
import logging
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from time import sleep
from typing import Any, Protocol

from jupyter_mlplatform.access import refusal
from jupyter_mlplatform.access.aws import athena_filter, athena_results, failures, s3_access, session_policy
from jupyter_mlplatform.access.aws.athena_filter import quoted
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.lake_places import table as table_at
from jupyter_mlplatform.access.aws.s3_access import SPARE, S3Access
from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.models import Credentials, Dataset, Grant
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError, Unavailable

CATALOG = "AwsDataCatalog"
LONGEST_QUERY = 262_144
"""Bytes of a query. Source: Athena API reference, StartQueryExecution."""
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 4.0
LONGEST_SECONDS = 1800.0
"""Athena itself gives up after half an hour unless the account's quota is raised."""
MISSED_LOOKS = 5
"""So many looks in a row may go unanswered before the query is given up."""

_log = logging.getLogger(__name__)


class Sessions(Protocol):
    """Gives out sessions that may run queries of one grant's table and read their results, and nothing else."""

    def athena_session(self, dataset: Dataset, grant: Grant) -> Credentials:
        """Credentials that end with the grant at the latest. Raises as ``ports.Vendor`` does."""
        ...


class AthenaReader:
    """See :class:`~jupyter_mlplatform.access.routed.Remote`. ``pause`` waits for so many seconds."""

    def __init__(
        self,
        clients: Clients,
        sessions: Sessions,
        access: S3Access,
        clock: Callable[[], datetime],
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._clients = clients
        self._sessions = sessions
        self._access = access
        self._clock = clock
        self._pause = pause
        self._most: int | None = None

    def at_most(self, rows: int) -> AthenaReader:
        """The same, asking for so many rows at most."""
        made = copy.copy(self)
        made._most = rows
        return made

    def read(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        hear: Hear | None = None,
        under: Grant | None = None,
    ) -> Any:
        """A ``pyarrow.Table``; see the protocol."""
        import pyarrow

        pieces = []
        with closing(self._batches(dataset, columns, rows, under)) as batches:
            for piece in batches:
                pieces.append(piece)
                if hear is not None:
                    hear(piece.num_rows, None)
        return pyarrow.Table.from_batches(pieces, athena_results.schema(dataset, columns))

    def batches(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        size: int,
        under: Grant | None = None,
    ) -> Iterator[Any]:
        """``pyarrow.RecordBatch`` of at most ``size`` rows, at least one, which may be empty."""
        import pyarrow

        empty = True
        with closing(self._batches(dataset, columns, rows, under)) as batches:
            for batch in batches:
                for start in range(0, batch.num_rows, size):
                    empty = False
                    yield batch.slice(start, size)
        if empty:
            yield pyarrow.RecordBatch.from_pylist([], schema=athena_results.schema(dataset, columns))

    def _batches(
        self, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, under: Grant | None
    ) -> Generator[Any, None, None]:
        grant = _checked(dataset, columns, rows, under)
        sql = query(dataset, columns, rows, self._most)
        session = _Session(self._clients, lambda: self._sessions.athena_session(dataset, grant), self._clock)
        place = session_policy.results(self._clients.aws, grant.id)
        results = f"{s3_access.SCHEME}{place.bucket}/{place.prefix}"
        location = self._answered(session, dataset, sql, results)
        session.client()  # a long query may have outlived its session
        held = session.held
        with s3_access.told(dataset.id):
            yield from athena_results.batches(self._access.filesystem(held), location, dataset, columns)

    def _answered(self, session: _Session, dataset: Dataset, sql: str, results: str) -> str:
        """Run the query to its end, and tell where its answer lies. It is stopped when that is not waited for."""
        database = table_at(dataset.location).database
        with failures.told("athena:StartQueryExecution"):
            started = session.client().start_query_execution(
                QueryString=sql,
                ClientRequestToken=uuid.uuid4().hex,  # a repeat after a lost answer is the same query
                QueryExecutionContext={"Catalog": CATALOG, "Database": database},
                ResultConfiguration={"OutputLocation": results},
                WorkGroup=self._clients.aws.workgroup,
            )
        query_id = started["QueryExecutionId"]
        try:
            found = self._waited_for(session, dataset, query_id)
        except BaseException:
            session.stop(query_id)
            raise
        return _location(found, dataset, results)

    def _waited_for(self, session: _Session, dataset: Dataset, query_id: str) -> dict[str, Any]:
        """The query once it has succeeded."""
        pause, waited, missed = FIRST_PAUSE_SECONDS, 0.0, 0
        while waited < LONGEST_SECONDS:
            try:
                with failures.told("athena:GetQueryExecution"):
                    answer = session.client().get_query_execution(QueryExecutionId=query_id)
                missed = 0
            except Unavailable:
                missed += 1
                if missed > MISSED_LOOKS:
                    raise
                answer = {}
            found = answer.get("QueryExecution", {})
            state = found.get("Status", {}).get("State", "")
            if state == "SUCCEEDED":
                return dict(found)
            if state in ("FAILED", "CANCELLED"):
                raise athena_results.failure(dataset, state, found["Status"])
            self._pause(pause)
            waited += pause
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        raise Unavailable(
            "access.query_too_slow",
            f"The query of {dataset.id!r} is not over after {LONGEST_SECONDS / 60:.0f} minutes.",
            cause="It was stopped.",
            next_step="Ask for fewer columns or rows.",
        )


class _Session:
    """The client of one reading. New credentials are asked for before the old ones end, which judges the grant anew."""

    def __init__(self, clients: Clients, vend: Callable[[], Credentials], clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._vend = vend
        self._clock = clock
        self._client: Any = None
        self.held: Credentials

    def client(self) -> Any:
        if self._client is None or self.held.expires_at - SPARE <= self._clock():
            held = self._vend()
            self._client = self._clients.client("athena", held)
            self.held = held
        return self._client

    def stop(self, query_id: str) -> None:
        """Stop a query that nobody waits for any more, with the session that it was last looked at with."""
        try:
            with failures.told("athena:StopQueryExecution"):
                self._client.stop_query_execution(QueryExecutionId=query_id)
        except PlatformError as error:
            # Why it is stopped is what the person has to read; a query that goes on costs money, but ends by itself.
            _log.warning("A query of Athena could not be stopped: %s", error.problem.code)


def query(dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, limit: int | None = None) -> str:
    """The SQL for these columns of these rows. Raises ``Invalid`` for what cannot be asked so, or is too long."""
    place = table_at(dataset.location)
    sql = f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(place.database)}.{quoted(place.name)}"  # noqa: S608 (all quoted)
    if rows is not None:
        sql += f" WHERE {athena_filter.condition(rows, dataset.columns)}"
    if limit is not None:
        sql += f" LIMIT {limit:d}"
    if len(sql.encode()) > LONGEST_QUERY:
        raise Invalid(
            "access.query_too_long",
            f"The query of {dataset.id!r} has more than {LONGEST_QUERY:,} bytes.",
            cause="Athena takes no longer ones.",
            next_step="Ask for fewer columns, or for rows with fewer values.",
        )
    return sql


def _checked(dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, under: Grant | None) -> Grant:
    """The grant. What it does not cover is refused here, too, though Lake Formation would."""
    if under is None or under.scope.dataset_id != dataset.id:
        raise Forbidden("access.no_grant_named", f"{dataset.id!r} can only be read under a grant.")
    known = {column.name for column in dataset.columns}
    for name in columns:
        if name not in known:
            raise Invalid("access.invalid_columns", f"{dataset.id!r} has no column {name!r}.")
        if name not in under.scope.columns:
            raise refusal.missing_column(name, under)
    if not columns:
        raise Invalid("access.invalid_columns", "No column is asked for.")
    return under


def _location(found: dict[str, Any], dataset: Dataset, results: str) -> str:
    """Where the answer lies. Anywhere else others may read it, so that it counts as no answer."""
    location = str(found.get("ResultConfiguration", {}).get("OutputLocation", ""))
    if location.startswith(results) and location.endswith(".csv"):
        return location
    raise Unavailable(
        "access.athena_results_elsewhere",
        f"The answer of the query of {dataset.id!r} does not lie where it should, and was not read.",
        cause="The workgroup puts the answers of all its queries in a place of its own.",
        next_step="Tell your platform team: the workgroup must not override client-side settings.",
    )
