"""A grant on a table of Glue from asking to its end, through the worker, Lake Formation and sessions of STS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jupyter_mlplatform.access.aws.sts_vendor import StsVendor
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
from jupyter_mlplatform.access.messages import Revocation
from jupyter_mlplatform.access.models import Grant, GrantState
from jupyter_mlplatform.access.rowtree import Equals
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError
from tests.access.lake_bench import COLUMNS, ROWS, LakeBench, dataset, role
from tests.access.world import POLICY, Clock, granted, new_request
from tests.aws.faults import LostAnswer, Throttled
from tests.aws.lake_formation import Held
from tests.aws.lake_resources import Place
from tests.aws.strict import StrictAws

WELD = "plant.weld"


@pytest.fixture
def bench(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[LakeBench]:
    aws = StrictAws(clock)
    made = LakeBench(aws, clock, monkeypatch)
    made.sts.role("data/mlplat-alice")
    yield made
    aws.close()


@pytest.fixture
def service(tmp_path: Path, bench: LakeBench, clock: Clock) -> AccessService:
    store = SqliteStore(tmp_path / "state")
    with store.unit() as unit:
        unit.put_dataset(dataset())
        body = {"dataset": dataset(), "before_owner": ""}
        unit.append(at=clock(), actor="bob", action="dataset.registered", subject=WELD, body=body, people=())
    fulfillers = {"lake_formation": bench.fulfiller()}
    return AccessService(store, StreamedFiles(), CatalogueFiles(()), POLICY, clock, fulfillers)


def only_grant(service: AccessService) -> Grant:
    (found,) = service.grants("alice").items
    return found


def in_force(service: AccessService) -> bool:
    try:
        service.usable_grant("alice", WELD)
    except PlatformError:
        return False
    return True


def later(service: AccessService, clock: Clock, minutes: float = 15) -> None:
    """What is due by then is done, as by a worker that looks now and then."""
    clock.forward(minutes=minutes)
    service.fulfil()


def test_when_a_request_is_approved_it_is_used_once_lake_formation_was_seen_to_have_it(
    service: AccessService, bench: LakeBench
) -> None:
    granted(service, dataset_id=WELD, columns=("gun", "force"), rows=ROWS)
    assert not in_force(service)
    service.fulfil()
    assert only_grant(service).state is GrantState.ACTIVE
    data, grant = service.usable_grant("alice", WELD)
    vendor = StsVendor(bench.clients, bench.clock)
    assert vendor.athena_session(data, grant).expires_at <= grant.not_after
    with pytest.raises(Forbidden):
        vendor.credentials(data, grant)
    assert bench.held() == 1
    assert service.verify_audit().intact


def test_when_lake_formation_cannot_keep_to_the_rows_that_is_said_when_they_are_asked_for(
    service: AccessService, bench: LakeBench
) -> None:
    rows = Equals(column="at", value="2026-01-01T00:00:00")
    with pytest.raises(Invalid, match="Lake Formation"):
        service.ask("alice", new_request(dataset_id=WELD, columns=("gun",), rows=rows))
    assert bench.calls() == 0


def test_when_somebody_widens_it_by_hand_it_is_not_used_until_that_is_repaired(
    service: AccessService, bench: LakeBench, clock: Clock
) -> None:
    granted(service, dataset_id=WELD, columns=("gun",))
    service.fulfil()
    grant = only_grant(service)
    by_hand = (role("alice"), Place("TableWithColumns", "plant", "weld"))
    bench.lake.state.held[by_hand] = Held({"SELECT"})
    later(service, clock)
    assert not in_force(service)
    assert by_hand in bench.lake.state.held
    del bench.lake.state.held[by_hand]
    later(service, clock)
    assert in_force(service)
    bench.changed(grant.id, ColumnNames=list(COLUMNS))
    later(service, clock)
    assert in_force(service), "our own filter is put right in the same round"
    assert bench.lake.state.filters["plant", "weld", grant.id]["ColumnNames"] == ["gun"]


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_when_it_ends_nothing_of_it_is_left_though_answers_are_lost(
    service: AccessService, bench: LakeBench, clock: Clock, how: str
) -> None:
    granted(service, dataset_id=WELD, columns=("gun",), days=2)
    service.fulfil()
    if how == "revoked":
        service.revoke("bob", only_grant(service).id, Revocation())
    else:
        clock.now += timedelta(days=2)
    assert not in_force(service)
    endpoint = bench.aws.service("lakeformation")
    endpoint.fail("RevokePermissions", LostAnswer(), Throttled())
    endpoint.fail("DeleteDataCellsFilter", LostAnswer())
    for _ in range(4):
        later(service, clock)
    assert only_grant(service).state is GrantState.ENDED
    assert bench.lake.state.filters == {}
    assert bench.lake.who("plant", "weld") == {}
    assert service.verify_audit().intact
