"""Athena behind the strict AWS: queries that wait in a queue, run, and leave a CSV file in S3.

What SQL means is not known here: a test says what rows a query gives. Documented: states, that results are CSV with all
values in quotes and missing ones without, that a workgroup may overrule where results go. Assumed: what is told of a
query to somebody who did not start it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.aws.s3_objects import S3Objects
from tests.aws.stand_in import Refusal
from tests.aws.strict import Call, StrictAws

OVER = ("SUCCEEDED", "FAILED", "CANCELLED")
LONGEST_QUERY = 262_144
_INVALID = Refusal("InvalidRequestException")


class Rows(NamedTuple):
    """What a query gives: names and, row by row, text or None."""

    names: Sequence[str]
    rows: Sequence[Sequence[str | None]]


class Failure(NamedTuple):
    """Why a query failed, in Athena's words."""

    reason: str
    category: int = 2
    retryable: bool = False


@dataclass
class State:
    """Queries by id, as GetQueryExecution tells them, and the id that each token of a client stands for."""

    queries: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)


class Athena:
    """``answers`` is told the SQL and gives :class:`Rows` or :class:`Failure`. ``looks`` is how often a query is looked
    at before it is over; ``elsewhere`` is the place of a workgroup that overrules its clients.
    """

    def __init__(self, aws: StrictAws, s3: S3Objects, answers: Callable[[str], Rows | Failure]) -> None:
        self._aws, self._s3 = aws, s3
        self.answers = answers
        self.looks = 1
        self.elsewhere = ""
        self.workgroups = {"primary"}
        self.state = State()
        endpoint = aws.service("athena")
        endpoint.hold(self)
        for name, behaviour in {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "StopQueryExecution": self._stop,
            "GetQueryResults": self._results,
        }.items():
            endpoint.on(name, behaviour)

    @property
    def sql(self) -> list[str]:
        """The text of all queries, in order."""
        return [each["Query"] for each in self.state.queries.values()]

    def states(self) -> list[str]:
        """The state of all queries, in order."""
        return [each["Status"]["State"] for each in self.state.queries.values()]

    def _start(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        workgroup = request.get("WorkGroup", "primary")
        if workgroup not in self.workgroups or len(request["QueryString"].encode()) > LONGEST_QUERY:
            raise _INVALID
        # documented: the same token is the same query
        token = request.get("ClientRequestToken", "")
        if token in self.state.tokens:
            return {"QueryExecutionId": self.state.tokens[token]}
        number = len(self.state.queries) + 1
        query_id = str(uuid.UUID(int=number))
        place = self.elsewhere or request.get("ResultConfiguration", {}).get("OutputLocation", "")
        if not place:
            raise _INVALID
        self.state.tokens |= {token: query_id} if token else {}
        self.state.queries[query_id] = {
            "QueryExecutionId": query_id,
            "Query": request["QueryString"],
            "StatementType": "DML",
            "WorkGroup": workgroup,
            "QueryExecutionContext": request.get("QueryExecutionContext", {}),
            "ResultConfiguration": {"OutputLocation": f"{place.rstrip('/')}/{query_id}.csv"},
            "Status": {"State": "QUEUED", "SubmissionDateTime": self._aws.now()},
        }
        return {"QueryExecutionId": query_id}

    def _known(self, request: dict[str, Any]) -> dict[str, Any]:
        found = self.state.queries.get(request["QueryExecutionId"])
        if found is None:
            raise _INVALID
        return found

    def _get(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        found = self._known(request)
        status = found["Status"]
        if status["State"] not in OVER:
            looks = self.state.looks[found["QueryExecutionId"]] = self.state.looks.get(found["QueryExecutionId"], 0) + 1
            if looks > self.looks:
                self._finish(found)
            elif looks > 1:
                status["State"] = "RUNNING"
        return {"QueryExecution": found}

    def _finish(self, found: dict[str, Any]) -> None:
        status = found["Status"]
        answer = self.answers(found["Query"])
        status["CompletionDateTime"] = self._aws.now()
        if isinstance(answer, Failure):
            error = {"ErrorCategory": answer.category, "Retryable": answer.retryable, "ErrorMessage": answer.reason}
            status |= {"State": "FAILED", "StateChangeReason": answer.reason, "AthenaError": error}
            return
        status["State"] = "SUCCEEDED"
        bucket, _, key = found["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
        self._s3.put(bucket, key, csv(answer))

    def _stop(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        status = self._known(request)["Status"]
        if status["State"] not in OVER:
            status |= {"State": "CANCELLED", "StateChangeReason": "Query cancelled by user"}
        return {}

    def _results(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        found = self._known(request)
        if found["Status"]["State"] != "SUCCEEDED":
            raise _INVALID
        answer = self.answers(found["Query"])
        assert isinstance(answer, Rows)
        lines = [answer.names, *answer.rows]
        data = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in line]} for line in lines]
        start = int(request.get("NextToken", "0"))
        size = request.get("MaxResults", 1000)
        more = {"NextToken": str(start + size)} if start + size < len(data) else {}
        return {"ResultSet": {"Rows": data[start : start + size]}, **more}


def csv(answer: Rows) -> bytes:
    """The file as Athena writes it."""

    def cell(value: str | None) -> str:
        return "" if value is None else '"' + value.replace('"', '""') + '"'

    return "".join(",".join(map(cell, line)) + "\n" for line in (answer.names, *answer.rows)).encode()
