"""The contract, over every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlplatform.access.aws.dynamodb_store import DynamoDbStore
from jupyter_mlplatform.access.local.anchor_file import AnchorFile
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.ports import Store
from tests.access.dynamodb_table import Table, wire
from tests.access.store_contract import RaceContract, SearchContract, StoreContract


class TestSqlite(StoreContract, RaceContract, SearchContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        made = SqliteStore(tmp_path / "state")
        yield made
        made.close()

    @pytest.fixture
    def other(self, tmp_path: Path) -> Iterator[Store]:
        made = SqliteStore(tmp_path / "state")
        yield made
        made.close()


class TestDynamoDb(StoreContract, RaceContract, SearchContract):
    """The head of the chain in the table is its anchor."""

    @pytest.fixture
    def store(self, on_aws: Table, tmp_path: Path) -> Iterator[Store]:
        index = SqliteStore(tmp_path / "index")
        yield DynamoDbStore(wire(on_aws), index)
        index.close()

    @pytest.fixture
    def other(self, on_aws: Table, tmp_path: Path) -> Iterator[Store]:
        """Another workspace: with an index of its own."""
        index = SqliteStore(tmp_path / "other")
        yield DynamoDbStore(wire(on_aws), index)
        index.close()


class TestDynamoDbInSmallPages(StoreContract, SearchContract):
    """Answers of two items, an anchor in a file, and two processes that share one search index."""

    @pytest.fixture
    def store(self, on_aws: Table, tmp_path: Path) -> Iterator[Store]:
        on_aws.page = 2
        index = SqliteStore(tmp_path / "index")
        yield DynamoDbStore(wire(on_aws), index, AnchorFile(tmp_path / "access.anchor"))
        index.close()

    @pytest.fixture
    def other(self, on_aws: Table, tmp_path: Path) -> Iterator[Store]:
        index = SqliteStore(tmp_path / "index")
        yield DynamoDbStore(wire(on_aws), index, AnchorFile(tmp_path / "access.anchor"))
        index.close()
