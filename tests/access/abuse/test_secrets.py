"""Canaries: what is in the data, in its place and in people's reasons turns up nowhere where it has no business."""

from __future__ import annotations

import json
import logging
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pyarrow
import pyarrow.parquet
import pytest

from jupyter_mlplatform.access.messages import NewDecision, Revocation
from jupyter_mlplatform.access.models import Verdict
from jupyter_mlplatform.access.rowfilter import Equals
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.wiring import Services
from tests.access.world import Clock, approval, make_service, new_request, register
from tests.server.conftest import Call

VALUE, HIDDEN, REASON, PLACE = "canary-value-11", "canary-hidden-22", "canary-reason-33", "canary-place-44"


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> AccessService:
    file = tmp_path / PLACE / "weld.parquet"
    file.parent.mkdir()
    table = pyarrow.table({"gun_id": [1, 2], "force": [0.5, 1.5], "worker": [VALUE, HIDDEN]})
    pyarrow.parquet.write_table(table, file)
    made = make_service(tmp_path / "state", clock)
    register(made, file)
    return made


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of temporary files, which nothing else uses in the meantime."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    for name in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    tempfile.tempdir = None


def used(service: AccessService, folder: Path) -> None:
    """A request with a reason, an approval, a use, an export, a refusal of each kind, and a revocation."""
    rows = Equals(column="worker", value=VALUE)
    made = service.ask("alice", new_request(columns=("gun_id", "worker"), rows=rows, reason=REASON))
    with pytest.raises(PlatformError):
        service.decide("carol", made.id, approval())
    decided = service.decide("bob", made.id, NewDecision(verdict=Verdict.APPROVE, revision=1, reason=REASON))
    assert service.load("alice", "weld_guns").table.to_pydict() == {"gun_id": [1], "worker": [VALUE]}
    service.export("alice", "weld_guns", folder)
    with pytest.raises(PlatformError):
        service.load("carol", "weld_guns")
    service.revoke("bob", str(decided.grant_id), Revocation(REASON))


def test_a_value_that_no_grant_covers_is_in_no_file_that_we_write(
    service: AccessService, tmp_path: Path, scratch: Path
) -> None:
    used(service, tmp_path / "out")
    assert list(scratch.rglob("*")) == []
    for file in [each for each in tmp_path.rglob("*") if each.is_file() and PLACE not in str(each)]:
        assert HIDDEN.encode() not in file.read_bytes(), file
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["weld_guns.parquet"]


def test_no_value_of_the_data_is_in_the_trail_but_those_that_people_asked_by(
    service: AccessService, tmp_path: Path
) -> None:
    used(service, tmp_path / "out")
    trail = json.dumps([msgspec.to_builtins(each) for each in service.trail("ada").items])
    assert HIDDEN not in trail
    uses = [each for each in service.trail("ada").items if each.action.startswith("data.")]
    assert VALUE not in json.dumps([msgspec.to_builtins(each) for each in uses])


def test_the_log_holds_neither_values_nor_reasons_nor_places(
    service: AccessService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    used(service, tmp_path / "out")
    for canary in (VALUE, HIDDEN, REASON, PLACE):
        assert canary not in caplog.text


def test_a_stranger_sees_neither_reasons_nor_values(service: AccessService, tmp_path: Path) -> None:
    used(service, tmp_path / "out")
    seen = json.dumps([msgspec.to_builtins(each) for each in (service.events("zoe"), service.requests("zoe"))])
    assert "canary" not in seen
    assert service.notices("zoe", 0) == ()
    page = json.dumps(msgspec.to_builtins(service.dataset("zoe", "weld_guns")))
    assert not any(each in page for each in (VALUE, HIDDEN, REASON, PLACE))


def test_nobody_can_look_a_value_up_in_the_catalogue(service: AccessService, tmp_path: Path) -> None:
    """The search index is made of what people wrote about data, never of the data."""
    used(service, tmp_path / "out")
    with sqlite3.connect(tmp_path / "state" / "access.db") as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in tables:
            if name.startswith(("dataset", "catalogue")):
                rows = database.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608
                assert HIDDEN not in repr(rows), name
                assert VALUE not in repr(rows), name


async def test_over_http_a_reason_is_in_no_line_of_the_servers_log(
    call: Call, be: Callable[[str], Services], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    be("alice")
    body = {"dataset_id": "weld_guns", "purpose": "model-training", "idempotency_key": "1", "reason": REASON}
    status, made = await call("POST", "access/requests", body)
    assert status == 201
    status, _ = await call("POST", "access/requests", {**body, "reason": REASON, "days": 5000, "idempotency_key": "2"})
    assert status == 400
    status, _ = await call("POST", "access/requests", {**body, "reason": REASON + "\u202e", "idempotency_key": "3"})
    assert status == 400
    path = f"access/requests/{made['id']}/decisions"
    status, _ = await call("POST", path, {"verdict": "reject", "revision": 1, "reason": REASON})
    assert status == 403
    assert REASON not in caplog.text
