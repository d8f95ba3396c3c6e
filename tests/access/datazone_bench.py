"""A DataZone domain to try grants on: one published table, one project, and somebody who decides in the portal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from msgspec.structs import replace

from jupyter_mlplatform.access.aws.datazone import DataZone
from jupyter_mlplatform.access.legs import Wanted
from jupyter_mlplatform.access.models import Column, Dataset, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.access.rowtree import Equals, Like, Missing
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.aws_bench import Wire
from tests.access.fulfiller_contract import FIRST
from tests.aws import datazone
from tests.aws.datazone import DOMAIN
from tests.aws.signatures import Key
from tests.aws.strict import ACCOUNT, StrictAws

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
AWS = AwsAccess(account=ACCOUNT, datazone_domain=DOMAIN, datazone_project="project1")
WELD = Dataset(
    id="weld",
    title="Welding",
    owner="bob",
    location=f"glue://{ACCOUNT}/plant/weld",
    kind=Kind.GLUE_TABLE,
    backend="datazone",
    columns=(Column("gun", "string"), Column("force", "double"), Column("count", "bigint"), Column("ok", "boolean")),
    registered_at=NOW,
)
FOREIGN = Key("AKIAPORTAL0000000000", "portal-secret", f"arn:aws:iam::{ACCOUNT}:role/portal")
HERE = {"domainIdentifier": DOMAIN}


def wanted(grant_id: str = FIRST, person: str = "alice", dataset: Dataset = WELD, **scope: Any) -> Wanted:
    what = Scope(**{"dataset_id": dataset.id, "columns": tuple(each.name for each in dataset.columns), **scope})
    grant = Grant(
        id=grant_id,
        request_id="r-1",
        subject=person,
        scope=what,
        dataset_title=dataset.title,
        owner=dataset.owner,
        purpose="model-training",
        not_before=NOW,
        not_after=NOW + timedelta(days=30),
        state=GrantState.FULFILLING,
        version=1,
        approved_by="bob",
        backend=dataset.backend,
    )
    return Wanted(grant=grant, dataset=dataset)


class DomainBench(Wire):
    """One published table, and one project of those who use data. ``scope``: of the grants of ``wanted``."""

    def __init__(self, aws: StrictAws, **scope: Any) -> None:
        super().__init__(aws)
        self.zone = datazone.DataZone(aws)
        self.project = self.zone.project("line 2")
        self.listing = self.zone.listing("Welding", self.zone.project("welding"), f"{ACCOUNT}/plant/weld")
        self.scope = scope
        aws.keys.add(FOREIGN)

    def fulfiller(self) -> DataZone:
        return DataZone(AWS, self.clients)

    def wanted(self, grant_id: str = FIRST, person: str = "alice") -> Wanted:
        return wanted(grant_id, person, **self.scope)

    def impossible(self) -> Sequence[Wanted]:
        return (
            wanted(dataset=replace(WELD, location="s3://lake/weld/", kind=Kind.S3_PREFIX)),
            wanted(dataset=replace(WELD, location="glue://plant/weld")),
            wanted(rows=Equals(column="gun", value="o'clock")),
            wanted(rows=Like(column="gun", pattern="100%")),
            wanted(dataset=replace(WELD, columns=(Column("at", "timestamp"),)), rows=Missing(column="at")),
            wanted(columns=("gun", "gone")),
        )

    def held(self) -> int:
        return sum(each["status"] == "APPROVED" for each in self.zone.state.subscriptions.values())

    def by_hand(self) -> Sequence[Callable[[Wanted, str], None]]:
        return (self._revoked, self._filter_widened) if self.scope else (self._revoked,)

    def settle(self) -> None:
        for subscription in self.zone.state.subscriptions:
            self.zone.fulfil(subscription)

    def subscription(self) -> dict[str, Any]:
        """The one that was approved last."""
        return list(self.zone.state.subscriptions.values())[-1]

    def _revoked(self, wanted: Wanted, handle: str) -> None:
        identifier = self.subscription()["id"]
        self.aws.client("datazone").revoke_subscription(**HERE, identifier=identifier, retainPermissions=False)

    def _filter_widened(self, wanted: Wanted, handle: str) -> None:
        for each in self.zone.state.filters.values():
            if "columnConfiguration" in each["configuration"]:
                names = [column.name for column in WELD.columns]
                each["configuration"] = {"columnConfiguration": {"includedColumnNames": names}}


def portal(aws: StrictAws) -> Any:
    """Somebody who decides in DataZone's own portal."""
    return aws.client("datazone", FOREIGN)
