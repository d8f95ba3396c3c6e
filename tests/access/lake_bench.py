"""Lake Formation to try a fulfiller on: the strict AWS with one table, and everything that may go wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.lake_formation import LakeFormation as Fulfilling
from jupyter_mlplatform.access.legs import Wanted
from jupyter_mlplatform.access.models import Column, Dataset, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.access.rowtree import Equals, Missing, RowFilter
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.fulfiller_contract import FIRST
from tests.access.world import START, Clock
from tests.aws.faults import LostAnswer, Throttled
from tests.aws.glue import Glue
from tests.aws.lake_formation import Held, LakeFormation
from tests.aws.lake_resources import Place
from tests.aws.stand_in import LOADER
from tests.aws.strict import ACCOUNT, REGION, StrictAws
from tests.aws.sts import Sts

ROLE = f"arn:aws:iam::{ACCOUNT}:role/data/mlplat-{{person}}"
POLICY = AwsAccess(
    account=ACCOUNT,
    region=REGION,
    data_role=ROLE,
    workgroup="mlplat",
    results="s3://mlplat-answers/athena/",
)
COLUMNS = {"gun": "string", "force": "double", "operator": "string", "at": "timestamp"}
ROWS = Equals(column="gun", value="A'1")
END = START.replace(month=2)


def role(person: str) -> str:
    return ROLE.format(person=person)


def quick_session() -> Any:
    """A session that has read botocore's models already."""
    session = botocore.session.Session()
    session.register_component("data_loader", LOADER)
    session.set_config_variable("sts_regional_endpoints", "regional")
    return session


def clients_of(
    aws: StrictAws, monkeypatch: pytest.MonkeyPatch, clock: Callable[[], datetime], policy: AwsAccess = POLICY
) -> Clients:
    """Clients that call this AWS and nobody else, and try once."""
    for name, value in aws.environment("lakeformation", "glue", "sts").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    return Clients(policy, attempts=1, clock=clock, session=quick_session)


def dataset(**changes: Any) -> Dataset:
    made = Dataset(
        id="plant.weld",
        title="Welding",
        owner="bob",
        location=f"glue://{ACCOUNT}/plant/weld",
        kind=Kind.GLUE_TABLE,
        columns=tuple(Column(name, kind) for name, kind in COLUMNS.items()),
        registered_at=START,
        fingerprint=f"glue:{START:%Y-%m-%dT%H:%M:%SZ}:0",
        backend="lake_formation",
    )
    return replace(made, **changes)


def grant(
    grant_id: str = FIRST,
    person: str = "alice",
    columns: Sequence[str] = ("gun", "force"),
    rows: RowFilter | None = ROWS,
    dataset_id: str = "plant.weld",
) -> Grant:
    return Grant(
        id=grant_id,
        request_id="r-1",
        subject=person,
        scope=Scope(dataset_id=dataset_id, columns=tuple(columns), rows=rows),
        dataset_title="Welding",
        owner="bob",
        purpose="model-training",
        not_before=START,
        not_after=END,
        state=GrantState.ACTIVE,
        version=1,
        approved_by="bob",
        backend="lake_formation",
    )


class LakeBench:
    """See ``fulfiller_contract.Bench``."""

    def __init__(self, aws: StrictAws, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws, self.clock = aws, clock
        self.lake, self.glue, self.sts = LakeFormation(aws), Glue(aws), Sts(aws)
        self.lake.table("plant", "weld", list(COLUMNS))
        self.glue.table("plant", "weld", COLUMNS)
        self.clients = clients_of(aws, monkeypatch, clock)

    def fulfiller(self) -> Fulfilling:
        return Fulfilling(self.clients)

    def wanted(self, grant_id: str = FIRST, person: str = "alice") -> Wanted:
        return Wanted(grant=grant(grant_id, person), dataset=dataset())

    def impossible(self) -> Sequence[Wanted]:
        return (
            Wanted(grant=grant(rows=Equals(column="at", value="2026-01-01T00:00:00")), dataset=dataset()),
            Wanted(grant=grant(rows=Equals(column="sugar", value="A")), dataset=dataset()),
            Wanted(grant=grant(columns=("gun", "sugar")), dataset=dataset()),
            Wanted(grant=grant(columns=()), dataset=dataset()),
            Wanted(grant=grant(person="jürgen müller"), dataset=dataset()),
            Wanted(grant=grant(person="x" * 64), dataset=dataset()),
            Wanted(grant=grant(), dataset=dataset(kind=Kind.S3_PREFIX, location="s3://lake/plant/weld/")),
            Wanted(grant=grant(), dataset=dataset(location=f"glue://{ACCOUNT}/plant/we%2Fld")),
        )

    def held(self) -> int:
        return sum(
            place.kind == "DataCellsFilter" and "SELECT" in held.permissions and self.place(place.cells) == place
            for (_, place), held in self.lake.state.held.items()
        )

    def by_hand(self) -> Sequence[Callable[[Wanted, str], None]]:
        return (
            self.taken_away,
            self.filter_deleted,
            lambda wanted, handle: self.changed(handle, ColumnNames=list(COLUMNS)),
            lambda wanted, handle: self.changed(handle, ColumnNames=["gun"]),
            lambda wanted, handle: self.changed(handle, ColumnNames=None, ColumnWildcard={}),
            lambda wanted, handle: self.changed(handle, RowFilter={"FilterExpression": "TRUE"}),
            lambda wanted, handle: self.changed(handle, RowFilter={"FilterExpression": "\"gun\" = 'B'"}),
            lambda wanted, handle: self.given("alice", handle, {"SELECT"}, {"SELECT"}),
            lambda wanted, handle: self.given("alice", handle, {"SELECT", "DROP"}),
            lambda wanted, handle: self.given("mallory", handle, {"SELECT"}),
        )

    def settle(self) -> None:
        pass

    def lose_answer(self) -> None:
        first = "RevokePermissions" if self.lake.state.filters else "CreateDataCellsFilter"
        self.aws.service("lakeformation").fail(first, LostAnswer())

    def throttle(self) -> None:
        self.aws.service("glue").fail("GetTable", Throttled())

    def deny(self) -> None:
        self.lake.state.admins = []

    def blind(self) -> None:
        reads = ["lakeformation:Get*", "lakeformation:List*"]
        self.aws.denials.append({"Effect": "Deny", "Action": reads, "Resource": "*"})

    def heal(self) -> None:
        self.lake.state.admins = [self.aws.key.principal]
        self.aws.denials.clear()

    def calls(self) -> int:
        return len(self.aws.calls)

    def place(self, name: str) -> Place:
        """A filter on the table."""
        return Place("DataCellsFilter", "plant", "weld", cells=name)

    def taken_away(self, wanted: Wanted, handle: str) -> None:
        del self.lake.state.held[role(wanted.grant.subject), self.place(handle)]

    def filter_deleted(self, wanted: Wanted, handle: str) -> None:
        del self.lake.state.filters["plant", "weld", handle]
        self.taken_away(wanted, handle)

    def changed(self, name: str, **changes: Any) -> None:
        """Members of a filter; None takes one away."""
        before = self.lake.state.filters["plant", "weld", name]
        after = {key: value for key, value in {**before, **changes}.items() if value is not None}
        self.lake.state.filters["plant", "weld", name] = after

    def given(self, person: str, name: str, permissions: set[str], grantable: set[str] | None = None) -> None:
        self.lake.state.held[role(person), self.place(name)] = Held(permissions, grantable or set())


ASKS_PARTITION = Missing(column="day")
