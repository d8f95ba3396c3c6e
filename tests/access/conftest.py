"""A service with one registered dataset, in an empty folder, with a clock that stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlplatform.access.service import AccessService
from tests.access.world import Clock, make_service, register, write_data


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
