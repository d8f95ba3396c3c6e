"""A package index, a person with an empty environment, and the service that a workspace would build."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_mlplatform.packages.local.environment import ProcessEnvironment
from jupyter_mlplatform.packages.local.examinations import JsonExaminations
from jupyter_mlplatform.packages.local.files import PrefixFiles
from jupyter_mlplatform.packages.local.probe import MachineProbe
from jupyter_mlplatform.packages.models import Check, Examination
from jupyter_mlplatform.packages.service import PackagesService
from jupyter_mlplatform.policy import PackagesPolicy
from jupyter_mlplatform.wiring import utc_now
from tests.packages.index import Index
from tests.poll import until

Build = Callable[..., PackagesService]


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("PIP_", "CONDA", "UV_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def index() -> Iterator[Index]:
    server = Index()
    yield server
    server.close()


@pytest.fixture
def packages_home(tmp_path: Path) -> Path:
    return tmp_path / "state" / "packages"


@pytest.fixture
def service(packages_home: Path) -> Build:
    """``service(pip_index=…)``: called again, it is another process of the same workspace, as far as files go."""

    def build(**policy: object) -> PackagesService:
        settings = {"timeout_seconds": 2, "retries": 0, **policy}
        return PackagesService(
            policy=PackagesPolicy(**settings),  # type: ignore[arg-type]
            files=PrefixFiles(packages_home),
            environment=ProcessEnvironment({}, {}),
            probe=MachineProbe(),
            examinations=JsonExaminations(packages_home),
            clock=utc_now,
        )

    return build


def examined(service: PackagesService) -> Examination:
    """The doctor's whole examination."""
    begun = service.examine()
    return until(lambda: (found := service.examination(begun.id)).state != "running" and found, seconds=60)


def checks(examination: Examination) -> dict[str, Check]:
    return {check.id: check for check in examination.checks}


def use(exports: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``eval "$(mlplat packages exports)"`` does."""
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
