"""The demo in a folder of this test, and the people in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlplatform.demo.folder import DemoFolder
from jupyter_mlplatform.demo.runs import end_runs
from jupyter_mlplatform.demo.seed import seed
from jupyter_mlplatform.demo.servers import DemoServers


@pytest.fixture
def folder(tmp_path: Path) -> DemoFolder:
    """A seeded demo whose servers do not run."""
    made = DemoFolder(tmp_path / "demo")
    seed(made)
    return made


@pytest.fixture
def servers(folder: DemoFolder) -> Iterator[DemoServers]:
    """Both servers, running; at the end they and what they started are gone."""
    running = DemoServers(folder)
    running.start()
    yield running
    running.stop()
    end_runs(folder)
