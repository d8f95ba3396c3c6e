"""What the readers ask of AWS is what the session policy of a grant allows, and nothing besides: real STS sessions."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from jupyter_mlplatform.access.aws.athena_reader import AthenaReader
from jupyter_mlplatform.access.aws.s3_access import S3Access
from jupyter_mlplatform.access.aws.s3_reader import S3Reader
from jupyter_mlplatform.access.aws.sts_vendor import StsVendor
from jupyter_mlplatform.access.models import Column, Kind
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.iam_reader import allows
from tests.access.lake_bench import clients_of, dataset, grant
from tests.access.world import Clock
from tests.aws.athena import Athena, Rows
from tests.aws.s3_objects import S3Objects
from tests.aws.strict import ACCOUNT, REGION, Call, StrictAws
from tests.aws.sts import Sts

_ACTIONS = {"HeadObject": "GetObject", "ListObjectsV2": "ListBucket"}
"""Documented: what IAM calls these operations."""


class World:
    """STS, S3 and Athena, which let all keys in here: their policies are held against each call afterwards."""

    def __init__(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = clock
        self.aws = StrictAws(clock)
        self.sts, self.s3 = Sts(self.aws), S3Objects(self.aws)
        self.athena = Athena(self.aws, self.s3, lambda sql: Rows(("gun", "force"), [("A'1", "0.5")]))
        self.athena.workgroups = {"mlplat"}
        self.sts.role("data/mlplat-alice")
        for name, value in self.aws.environment("athena").items():
            monkeypatch.setenv(name, value)
        self.clients = clients_of(self.aws, monkeypatch, clock)
        self.vendor = StsVendor(self.clients, clock)
        place = AwsAccess(account=ACCOUNT, region=REGION, endpoint_url=self.aws.service("s3").address)
        self.access = S3Access(place, clock)
        self.policies: dict[str, str] = {}
        vend = self.aws.keys.add

        def add(key: Any) -> Any:
            self.policies[key.id] = key.policy
            return vend(key._replace(policy=""))

        monkeypatch.setattr(self.aws.keys, "add", add)

    def allowed(self, call: Call) -> bool:
        """Whether the session policy of the key that a call was made with allows just that call."""
        action = f"{call.service}:{_ACTIONS.get(call.operation, call.operation)}"
        resource, context = self._resource(call)
        return allows(self.policies[call.key_id], action, resource, self.clock(), **context)

    def _resource(self, call: Call) -> tuple[str, dict[str, str]]:
        if call.service == "athena":
            return f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/mlplat", {}
        bucket = f"arn:aws:s3:::{call.input['Bucket']}"
        if call.operation == "ListObjectsV2":
            return bucket, {"s3_prefix": call.input.get("Prefix", "")}
        return f"{bucket}/{call.input['Key']}", {}

    def used(self) -> list[Call]:
        """The calls that were made with sessions."""
        return [call for call in self.aws.calls if call.service != "sts"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(Clock(grant().not_before), monkeypatch)
    yield made
    made.aws.close()


def test_when_a_table_is_queried_each_call_is_one_that_the_session_policy_allows(world: World) -> None:
    reader = AthenaReader(world.clients, world.vendor, world.access, world.clock, lambda seconds: None)
    under = grant()
    table = reader.read(dataset(), ("gun", "force"), under.scope.rows, under=under)
    assert table.to_pylist() == [{"gun": "A'1", "force": 0.5}]
    assert {call.operation for call in world.used()} == {
        "StartQueryExecution", "GetQueryExecution", "HeadObject", "GetObject",
    }  # fmt: skip
    assert [call for call in world.used() if not world.allowed(call)] == []


def test_when_a_prefix_is_read_each_call_is_one_that_the_session_policy_allows(world: World) -> None:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"gun": ["a", "b"]}), file)
    for key in ("orders/x=1/a*b?.parquet", "orders/x=2/c.parquet", "orders_hr/d.parquet"):
        world.s3.put("lake", key, file.getvalue())
    data = dataset(
        id="orders",
        kind=Kind.S3_PREFIX,
        location="s3://lake/orders/",
        columns=(Column("gun", "string"),),
        fingerprint="",
    )
    under = grant(columns=("gun",), rows=None, dataset_id="orders")
    assert S3Reader(world.vendor, world.access).read(data, ("gun",), None, under=under).num_rows == 4
    assert {call.operation for call in world.used()} == {"ListObjectsV2", "GetObject"}
    assert [call for call in world.used() if not world.allowed(call)] == []


def test_when_a_grant_has_ended_the_session_policy_allows_none_of_these_calls_any_more(world: World) -> None:
    test_when_a_table_is_queried_each_call_is_one_that_the_session_policy_allows(world)
    world.clock.now = grant().not_after
    assert [call for call in world.used() if world.allowed(call)] == []
