"""A DynamoDB table of moto, made to behave where moto does not: one call at a time (DynamoDB's calls are atomic, moto's
are not in threads), a commit's token is remembered, answers come in small pages, and calls fail as a test tells.
"""

from __future__ import annotations

import copy
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from functools import cache
from typing import Any
from unittest.mock import patch

import boto3
from botocore.exceptions import ClientError, ConnectionClosedError
from moto.backends import get_backend

from jupyter_mlplatform.access.aws import dynamodb_items
from jupyter_mlplatform.access.aws.dynamodb_wire import INDEXES, Wire

TABLE = "access"
Fault = Callable[[Callable[[], Any]], Any]
"""Gets the real call, and answers or raises in its place."""


def refused(code: str, status: int = 400, reasons: tuple[str, ...] = ()) -> Fault:
    """The call does nothing and is answered with an error; ``reasons`` are those of a canceled transaction."""
    answer: dict[str, Any] = {
        "Error": {"Code": code, "Message": "arn:aws:iam::111122223333:role/secret-name"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    if reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]

    def fault(call: Callable[[], Any]) -> Any:
        raise ClientError(answer, "Operation")  # type: ignore[arg-type]

    return fault


def lost_request(call: Callable[[], Any]) -> Any:
    """The connection breaks before anything happened."""
    raise ConnectionClosedError(endpoint_url="table")


def lost_answer(call: Callable[[], Any]) -> Any:
    """It happens, and then the connection breaks."""
    call()
    raise ConnectionClosedError(endpoint_url="table")


def lost_answer_then(meanwhile: Callable[[], None]) -> Fault:
    """It happens, the connection breaks, and somebody does something."""

    def fault(call: Callable[[], Any]) -> Any:
        call()
        meanwhile()
        raise ConnectionClosedError(endpoint_url="table")

    return fault


def after(meanwhile: Callable[[], None]) -> Fault:
    """Somebody does something just before it happens."""

    def fault(call: Callable[[], Any]) -> Any:
        meanwhile()
        return call()

    return fault


class _Turns:
    """A lock that a thread may take again, and that all others get in the order in which they came.

    An ordinary lock goes to whoever just gave it back, so that threads would hardly ever meet.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[tuple[int, threading.Event]] = deque()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        me, mine = threading.get_ident(), threading.Event()
        with self._guard:
            if self._owner in (None, me):
                self._owner, self._depth = me, self._depth + 1
                return
            self._waiting.append((me, mine))
        mine.wait()

    def __exit__(self, *raised: object) -> None:
        with self._guard:
            self._depth -= 1
            if self._depth:
                return
            self._owner = None
            if self._waiting:
                self._owner, its = self._waiting.popleft()
                self._depth = 1
                its.set()


class _CopiesOnce:
    """moto copies the whole table once for each operation of a transaction, all before the first one is done."""

    def __init__(self) -> None:
        self._copies: dict[int, Any] = {}

    def deepcopy(self, thing: Any) -> Any:
        if id(thing) not in self._copies:
            self._copies[id(thing)] = (copy.deepcopy(thing), thing)
        return self._copies[id(thing)][0]


class Table:
    """Looks like a boto3 client. ``page``: items an answer; ``blind``: the global indexes have seen nothing yet."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._turn = _Turns()
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._tokens: dict[str, Any] = {}
        self.forgets_tokens = False
        self.page = 0
        self.blind = False
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def misbehave(self, method: str, *faults: Fault) -> None:
        self._faults[method].extend(faults)

    def asked(self, method: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == method]

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            with self._turn:
                self.calls.append((method, request))
                assert self._is_consistent(method, request), request
                real = lambda: self._perform(method, request)  # noqa: E731
                fault = self._faults[method].popleft() if self._faults[method] else None
                return fault(real) if fault else real()

        return call

    def _perform(self, method: str, request: dict[str, Any]) -> Any:
        if method == "transact_write_items":
            return self._transact(request)
        if method in ("query", "scan"):
            if self.blind and not request["ConsistentRead"]:
                return {"Items": []}
            if self.page:
                request = {**request, "Limit": self.page}
        if method.startswith("batch_") and self.page:
            return self._part(method, request)
        return getattr(self._client, method)(**request)

    def _transact(self, request: dict[str, Any]) -> Any:
        token, content = request["ClientRequestToken"], request["TransactItems"]
        if token in self._tokens and not self.forgets_tokens:
            if self._tokens[token] != content:
                return refused("IdempotentParameterMismatchException")(lambda: None)
            return {}
        with patch("moto.dynamodb.models.copy", _CopiesOnce()):
            answer = self._client.transact_write_items(**request)
        self._tokens[token] = content
        return answer

    def _part(self, method: str, request: dict[str, Any]) -> Any:
        """As many as a page holds; the rest is left undone."""
        kind = "Keys" if method == "batch_get_item" else ""
        wanted = request["RequestItems"][TABLE]
        all_of_it = wanted["Keys"] if kind else wanted
        now, later = all_of_it[: self.page], all_of_it[self.page :]
        part = {**wanted, "Keys": now} if kind else now
        answer = dict(getattr(self._client, method)(RequestItems={TABLE: part}))
        left = {TABLE: {**wanted, "Keys": later} if kind else later} if later else {}
        return {**answer, "UnprocessedKeys" if kind else "UnprocessedItems": left}

    @staticmethod
    def _is_consistent(method: str, request: dict[str, Any]) -> bool:
        """Every read that can be consistent is."""
        if method == "batch_get_item":
            return all(bool(each["ConsistentRead"]) for each in request["RequestItems"].values())
        if method in ("get_item", "query", "scan"):
            return bool(request["ConsistentRead"] == INDEXES[request.get("IndexName", "")][2])
        return True


@cache
def dynamodb() -> Any:
    """One client for all tests: to read the service's model takes longer than a test."""
    return boto3.client("dynamodb", region_name="eu-central-1")


def empty_table() -> Table:
    """A table as the page on DynamoDB describes it, for as long as moto answers; the one before is forgotten."""
    get_backend("dynamodb").reset()
    client = dynamodb()
    client.create_table(**dynamodb_items.definition(TABLE))
    return Table(client)


def wire(client: Table, pauses: list[float] | None = None) -> Wire:
    """The calls to that table; pauses are noted instead of made."""
    noted: list[float] = [] if pauses is None else pauses
    return Wire(TABLE, connect=lambda: client, pause=noted.append, jitter=lambda: 1.0)
