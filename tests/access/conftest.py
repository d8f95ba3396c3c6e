"""A service with one registered dataset, in an empty folder, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_mlplatform.access.service import AccessService
from tests.access.world import Clock, make_service, register, write_data

if TYPE_CHECKING:
    from tests.access.dynamodb_table import Table


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data" / "weld.parquet")


@pytest.fixture
def service(tmp_path: Path, clock: Clock, data_file: Path) -> AccessService:
    made = make_service(tmp_path / "state", clock)
    register(made, data_file)
    return made


@pytest.fixture(scope="module")
def moto() -> Iterator[None]:
    """Everything that botocore sends goes to moto. Once for a module, because to begin it takes longer than a test."""
    from moto import mock_aws

    with mock_aws():
        yield


@pytest.fixture
def on_aws(moto: None) -> Table:
    """An empty DynamoDB table."""
    from tests.access.dynamodb_table import empty_table

    return empty_table()
