"""The calls to one DynamoDB table. Reads are strongly consistent wherever DynamoDB can (everywhere but in a global
index), and what met a throttle or no answer is repeated with a growing, jittered pause.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from jupyter_mlplatform.access.aws import dynamodb_failures as failures

ATTEMPTS = 10
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 1.0
LONGEST_PK = 2048
LONGEST_SK = 1024
READ_AT_ONCE = 100
WRITE_AT_ONCE = 25

Item = dict[str, Any]
"""Attributes by name; a value is text or a whole number."""


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str


def key_of(item: Item) -> Key:
    """Where an item lies."""
    return Key(item["pk"], item["sk"])


def connect(region: str = "") -> Any:
    """A client with short time-outs that does not repeat by itself; empty: the region of the environment."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=3,
        read_timeout=10,
        max_pool_connections=32,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    return boto3.session.Session().client("dynamodb", region_name=region or None, config=config)


class Wire:
    """One table, from several threads. ``pause`` waits for so many seconds, ``jitter`` is a number from 0 to 1."""

    def __init__(
        self,
        table: str,
        connect: Callable[[], Any] = connect,
        pause: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.table = table
        self._connect = connect
        self._pause = pause
        self._jitter = jitter
        self._guard = threading.Lock()
        self._client: Any = None

    def get(self, key: Key) -> Item | None:
        """One item, as it is now."""
        if not fits(key):
            return None
        answer = self._call("get_item", "GetItem", TableName=self.table, Key=packed(key._asdict()), ConsistentRead=True)
        return unpacked(answer["Item"]) if answer.get("Item") else None

    def many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Those of these items that exist, each as it is now."""
        left = [packed(key._asdict()) for key in dict.fromkeys(keys) if fits(key)]
        found: dict[Key, Item] = {}
        barren = 0
        while left:
            asked, left = left[:READ_AT_ONCE], left[READ_AT_ONCE:]
            wanted = {self.table: {"Keys": asked, "ConsistentRead": True}}
            answer = self._call("batch_get_item", "BatchGetItem", RequestItems=wanted)
            items = [unpacked(each) for each in answer.get("Responses", {}).get(self.table, [])]
            found |= {key_of(item): item for item in items}
            missed = answer.get("UnprocessedKeys", {}).get(self.table, {}).get("Keys", [])
            barren = self._rest_if(missed and not items, barren)
            left = missed + left
        return found

    def query(
        self, pk: str, *, begins: str = "", after: str = "", index: str = "", newest_first: bool = False
    ) -> Iterator[Item]:
        """The items of a partition in the order of their sort key, page by page.

        ``begins`` and ``after`` (of which one at most is given) narrow the sort key; ``index`` names an index.
        """
        if not fits(Key(pk, begins or after)):
            return iter(())
        hash_name, range_name, consistent = INDEXES[index]
        request: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "#h = :h",
            "ExpressionAttributeNames": {"#h": hash_name},
            "ExpressionAttributeValues": packed({":h": pk}),
            "ConsistentRead": consistent,
            "ScanIndexForward": not newest_first,
        }
        if begins or after:
            request["KeyConditionExpression"] += " AND begins_with(#r, :r)" if begins else " AND #r > :r"
            request["ExpressionAttributeNames"]["#r"] = range_name
            request["ExpressionAttributeValues"] |= packed({":r": begins or after})
        if index:
            request["IndexName"] = index
        return self._pages("query", "Query", request)

    def upto(self, pk: str, last: str, index: str) -> Iterator[Item]:
        """The items of an index's partition whose sort key is ``last`` or lower."""
        hash_name, range_name, consistent = INDEXES[index]
        request = {
            "TableName": self.table,
            "IndexName": index,
            "KeyConditionExpression": "#h = :h AND #r <= :r",
            "ExpressionAttributeNames": {"#h": hash_name, "#r": range_name},
            "ExpressionAttributeValues": packed({":h": pk, ":r": last}),
            "ConsistentRead": consistent,
        }
        return self._pages("query", "Query", request)

    def nouns(self) -> Iterator[Item]:
        """Every dataset, request, grant and delegation. Reads the whole table."""
        request = {
            "TableName": self.table,
            "ConsistentRead": True,
            "FilterExpression": "attribute_exists(#n)",
            "ExpressionAttributeNames": {"#n": "noun"},
        }
        return self._pages("scan", "Scan", request)

    def put_all(self, items: Sequence[Item]) -> None:
        """Write items that say the same whoever writes them, in no transaction."""
        left = [{"PutRequest": {"Item": packed(item)}} for item in items]
        barren = 0
        while left:
            sent, left = left[:WRITE_AT_ONCE], left[WRITE_AT_ONCE:]
            answer = self._call("batch_write_item", "BatchWriteItem", RequestItems={self.table: sent})
            missed = answer.get("UnprocessedItems", {}).get(self.table, [])
            barren = self._rest_if(bool(missed), barren)
            left = missed + left

    def raise_number(self, key: Key, name: str, number: int) -> None:
        """Set a number of an item, unless it is as high already."""
        try:
            self._call(
                "update_item",
                "UpdateItem",
                TableName=self.table,
                Key=packed(key._asdict()),
                UpdateExpression="SET #n = :n",
                ConditionExpression="attribute_not_exists(#n) OR #n < :n",
                ExpressionAttributeNames={"#n": name},
                ExpressionAttributeValues=packed({":n": number}),
            )
        except Exception as error:
            cause = error.__cause__ or error
            if not (isinstance(cause, Exception) and failures.code(cause) == failures.CONDITION_OF_ONE):
                raise

    def transact(self, operations: Sequence[dict[str, Any]], token: str) -> None:
        """All of these or none, tried once; ``token`` makes a repeat of just these harmless for ten minutes."""
        self._connected().transact_write_items(TransactItems=list(operations), ClientRequestToken=token)

    def rest(self, attempt: int) -> None:
        """Pause before the attempt after this one (the first is 0)."""
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt)
        self._pause(longest * (0.5 + self._jitter() / 2))

    def _rest_if(self, barren: object, before: int) -> int:
        """How many answers in a row left everything undone; after too many, ``Unavailable``."""
        if not barren:
            return 0
        if before + 1 >= ATTEMPTS:
            raise failures.busy()
        self.rest(before)
        return before + 1

    def _pages(self, method: str, operation: str, request: dict[str, Any]) -> Iterator[Item]:
        while True:
            answer = self._call(method, operation, **request)
            yield from map(unpacked, answer.get("Items", []))
            last = answer.get("LastEvaluatedKey")
            if not last:  # an empty page may still have a next one
                return
            request = {**request, "ExclusiveStartKey": last}

    def _call(self, method: str, operation: str, **request: Any) -> dict[str, Any]:
        attempt = 0
        while True:
            try:
                answer: dict[str, Any] = getattr(self._connected(), method)(**request)
            except Exception as error:  # (botocore's classes cannot be named without importing it)
                if attempt + 1 >= ATTEMPTS or not failures.passing(error):
                    raise failures.of(error, operation, self.table) from error
            else:
                return answer
            self.rest(attempt)
            attempt += 1

    def _connected(self) -> Any:
        with self._guard:
            if self._client is None:
                self._client = self._connect()
            return self._client


INDEXES = {
    "": ("pk", "sk", True),
    "open": ("pk", "open", True),
    "by_person": ("person", "sort", False),
    "by_kind": ("kind", "sort", False),
    "by_due": ("due", "due_at", False),
}
"""Of each index: its partition key, its sort key, and whether it can be read consistently."""


def fits(key: Key) -> bool:
    """Whether there can be such an item: DynamoDB's keys have at most so many bytes. A person's words may have more."""
    return len(key.pk.encode()) <= LONGEST_PK and len(key.sk.encode()) <= LONGEST_SK


def packed(item: Item) -> dict[str, dict[str, str]]:
    """An item in DynamoDB's own form."""
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in item.items()}


def unpacked(raw: dict[str, dict[str, str]]) -> Item:
    """An item out of DynamoDB's own form."""
    return {name: int(value["N"]) if "N" in value else value.get("S", "") for name, value in raw.items()}


def size(item: Item) -> int:
    """Bytes that count towards DynamoDB's limit on an item: its names and values in UTF-8, numbers rounded up."""
    return sum(
        len(name.encode()) + (21 if isinstance(value, int) else len(value.encode())) for name, value in item.items()
    )
