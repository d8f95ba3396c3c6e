"""S3 Access Grants as a backend: whole prefixes, for one person, and keys to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.aws.access_grants import S3AccessGrants, scope
from jupyter_mlplatform.access.aws.access_grants_vendor import AccessGrantsVendor
from jupyter_mlplatform.access.legs import Sight, Wanted
from jupyter_mlplatform.access.models import Column, Credentials, Dataset, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.access.rowtree import Equals
from jupyter_mlplatform.errors import Forbidden, Invalid, NotFound, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.aws_bench import Wire
from tests.access.fulfiller_contract import FIRST, Bench, FulfillerContract, readable
from tests.aws.access_grants import AccessGrants
from tests.aws.faults import EmptyPage, Newer
from tests.aws.signatures import Key
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, StrictAws

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
AWS = AwsAccess(account=ACCOUNT, region="eu-central-1", data_role=f"arn:aws:iam::{ACCOUNT}:role/data-{{person}}")
ORDERS = Dataset(
    id="orders",
    title="Orders",
    owner="bob",
    location="s3://lake/orders/",
    kind=Kind.S3_PREFIX,
    backend="s3_access_grants",
    columns=(Column("id"), Column("price")),
    registered_at=NOW,
)


def wanted(grant_id: str = FIRST, person: str = "alice", dataset: Dataset = ORDERS, **scope: Any) -> Wanted:
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


class PrefixBench(Wire):
    """One bucket, registered with the instance."""

    def __init__(self, aws: StrictAws) -> None:
        super().__init__(aws)
        self.service = AccessGrants(aws)
        self.place = self.service.location("s3://lake/")

    def fulfiller(self) -> S3AccessGrants:
        return S3AccessGrants(AWS, self.clients)

    def wanted(self, grant_id: str = FIRST, person: str = "alice") -> Wanted:
        return wanted(grant_id, person)

    def impossible(self) -> Sequence[Wanted]:
        elsewhere = replace(ORDERS, location="/data/orders", kind=Kind.FOLDER)
        return (
            wanted(columns=("id",)),
            wanted(rows=Equals(column="id", value=1)),
            wanted(dataset=replace(ORDERS, location="s3://lake/orders")),
            wanted(dataset=replace(ORDERS, location="s3://lake/ord*rs/")),
            wanted(dataset=elsewhere),
            wanted(person="al ice"),
        )

    def held(self) -> int:
        return len(self.service.state.grants)

    def by_hand(self) -> Sequence[Callable[[Wanted, str], None]]:
        return (self._taken_away, self._widened, self._replaced)

    def settle(self) -> None:
        pass

    def _taken_away(self, wanted: Wanted, handle: str) -> None:
        self.service.state.grants.clear()

    def _widened(self, wanted: Wanted, handle: str) -> None:
        self.made("orders/*", "READWRITE", f"arn:aws:iam::{ACCOUNT}:role/data-{wanted.grant.subject}")

    def _replaced(self, wanted: Wanted, handle: str) -> None:
        self._taken_away(wanted, handle)
        self._widened(wanted, handle)

    def made(self, below: str, permission: str, role: str) -> str:
        """Somebody makes an access grant by hand."""
        made = self.aws.client("s3control").create_access_grant(
            AccountId=ACCOUNT,
            AccessGrantsLocationId=self.place,
            AccessGrantsLocationConfiguration={"S3SubPrefix": below},
            Grantee={"GranteeType": "IAM", "GranteeIdentifier": role},
            Permission=permission,
        )
        return str(made["AccessGrantId"])


@pytest.fixture
def aws() -> Iterator[StrictAws]:
    made = StrictAws(lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def bench(aws: StrictAws) -> PrefixBench:
    return PrefixBench(aws)


class TestS3AccessGrants(FulfillerContract):
    @pytest.fixture
    def bench(self, aws: StrictAws) -> Bench:
        return PrefixBench(aws)


ROLE = f"arn:aws:iam::{ACCOUNT}:role/data-alice"


def test_when_a_prefix_is_granted_only_reading_below_its_slash_is(bench: PrefixBench, aws: StrictAws) -> None:
    bench.fulfiller().apply(wanted(), "")
    (sent,) = aws.asked("CreateAccessGrant")
    assert sent.input["AccessGrantsLocationConfiguration"] == {"S3SubPrefix": "orders/*"}
    assert (sent.input["Permission"], sent.input["Grantee"]["GranteeIdentifier"]) == ("READ", ROLE)
    (made,) = bench.service.state.grants.values()
    assert made["GrantScope"] == "s3://lake/orders/*"


@pytest.mark.parametrize(
    "registered",
    ["s3://", "s3://lake", "s3://lake/", "s3://lake/orders", "s3://lake/orders/", "s3://lake/orders/*"],
)
def test_when_the_location_is_registered_in_any_usual_way_the_scope_is_the_same(
    bench: PrefixBench, registered: str
) -> None:
    bench.service.state.locations.clear()
    bench.service.location(registered)
    bench.service.location("s3://lake/ord")  # begins alike, but is no folder around it
    bench.service.location("s3://other/")
    bench.fulfiller().apply(wanted(), "")
    (made,) = bench.service.state.grants.values()
    assert made["GrantScope"] == "s3://lake/orders/*"


def test_when_no_location_is_around_the_prefix_people_read_so(bench: PrefixBench) -> None:
    bench.service.state.locations = {"l": "s3://lake/orders_hr/"}
    with pytest.raises(NotFound, match="not registered") as refused:
        bench.fulfiller().apply(wanted(), "")
    readable(refused.value)


def test_when_s3_makes_it_for_another_prefix_it_is_deleted_again(bench: PrefixBench, aws: StrictAws) -> None:
    aws.service("s3control").fail("CreateAccessGrant", Newer({"GrantScope": "s3://lake/orders*"}))
    with pytest.raises(Invalid, match="another prefix"):
        bench.fulfiller().apply(wanted(), "")
    assert bench.held() == 0


def test_when_it_exists_but_is_not_listed_yet_it_is_tried_again_and_found(bench: PrefixBench, aws: StrictAws) -> None:
    made = bench.made("orders/*", "READ", ROLE)
    aws.service("s3control").fail("ListAccessGrants", Newer({"AccessGrantsList": []}))
    with pytest.raises(Unavailable, match="does not list it yet"):
        bench.fulfiller().apply(wanted(), "")
    assert bench.fulfiller().apply(wanted(), "") == made


def test_when_the_list_lags_what_was_made_is_seen_by_its_id(bench: PrefixBench, aws: StrictAws) -> None:
    handle = bench.fulfiller().apply(wanted(), "")
    aws.service("s3control").fail("ListAccessGrants", Newer({"AccessGrantsList": []}))
    assert bench.fulfiller().observe(wanted(), handle).sight is Sight.PRESENT
    aws.service("s3control").fail("ListAccessGrants", Newer({"AccessGrantsList": []}))
    bench.fulfiller().remove(wanted(), handle)
    assert bench.held() == 0


def test_when_the_list_still_has_what_is_gone_removing_it_again_is_no_error(bench: PrefixBench, aws: StrictAws) -> None:
    handle = bench.fulfiller().apply(wanted(), "")
    told = {"AccessGrantsList": list(bench.service.state.grants.values())}
    bench.fulfiller().remove(wanted(), handle)
    aws.service("s3control").fail("ListAccessGrants", Newer(told))
    bench.fulfiller().remove(wanted(), handle)
    assert [call.outcome for call in aws.asked("DeleteAccessGrant")] == ["ok", "NoSuchAccessGrantError"]


def test_when_pages_are_empty_or_many_nothing_is_overlooked(bench: PrefixBench, aws: StrictAws) -> None:
    bench.service.page_size = 1
    for number in range(3):
        bench.made(f"orders{number}/*", "READ", ROLE)
        bench.service.location(f"s3://lake/orders{number}/")
    aws.service("s3control").fail("ListAccessGrants", EmptyPage())
    handle = bench.fulfiller().apply(wanted(), "")
    aws.service("s3control").fail("ListAccessGrants", EmptyPage())
    assert bench.fulfiller().observe(wanted(), handle).sight is Sight.PRESENT


def test_when_other_datasets_are_granted_around_it_they_are_left_alone(bench: PrefixBench) -> None:
    others = [bench.made(below, "READ", ROLE) for below in ("*", "orders/2026/*", "orders_hr/*")]
    other = bench.made("orders/*", "READWRITE", f"arn:aws:iam::{ACCOUNT}:role/ingest")
    handle = bench.fulfiller().apply(wanted(), "")
    assert bench.fulfiller().observe(wanted(), handle).sight is Sight.PRESENT
    bench.fulfiller().remove(wanted(), handle)
    assert set(bench.service.state.grants) == {*others, other}


@pytest.mark.parametrize("below", ["*", "orders/2026/*", "ord*"])
def test_when_somebody_lets_the_data_role_write_around_it_that_is_taken_back(bench: PrefixBench, below: str) -> None:
    handle = bench.fulfiller().apply(wanted(), "")
    bench.made(below, "WRITE", ROLE)
    assert bench.fulfiller().observe(wanted(), handle).sight is Sight.DIFFERENT
    assert bench.fulfiller().apply(wanted(), handle) == handle
    assert list(bench.service.state.grants) == [handle]


class Person:
    """Alice's session, which may ask S3 Access Grants."""

    def __init__(self, aws: StrictAws) -> None:
        self.key = aws.keys.add(
            Key("ASIAALICE00000000000", "s", f"arn:aws:sts::{ACCOUNT}:assumed-role/data-alice/g-1", "token")
        )
        self.asked = 0

    def __call__(self, dataset: Dataset, grant: Grant) -> Credentials:
        self.asked += 1
        return Credentials(
            access_key_id=self.key.id,
            secret_access_key=self.key.secret,
            session_token=self.key.token,
            expires_at=NOW + timedelta(minutes=9),
        )


def vendor(bench: PrefixBench, now: datetime = NOW) -> AccessGrantsVendor:
    return AccessGrantsVendor(AWS, bench.clients, Person(bench.aws), lambda: now)


def test_when_a_grant_is_in_force_keys_for_its_prefix_are_vended_to_the_data_role(
    bench: PrefixBench, aws: StrictAws
) -> None:
    what = wanted()
    bench.fulfiller().apply(what, "")
    given = vendor(bench).credentials(what.dataset, what.grant)
    assert (given.access_key_id, given.session_token) == (bench.service.vended[0].id, bench.service.vended[0].token)
    assert given.expires_at == NOW + timedelta(minutes=9), "so that botocore asks again on each call"
    (call,) = aws.asked("GetDataAccess")
    assert call.key_id == "ASIAALICE00000000000", "never with the platform's own identity"
    sent = {name: call.input[name] for name in ("Target", "Permission", "DurationSeconds", "Privilege")}
    assert sent == {
        "Target": "s3://lake/orders/*",
        "Permission": "READ",
        "DurationSeconds": 900,
        "Privilege": "Minimal",
    }


def test_when_a_wider_grant_of_hers_matches_the_keys_still_reach_the_prefix_only(
    bench: PrefixBench, aws: StrictAws
) -> None:
    bench.made("*", "READ", ROLE)
    what = wanted()
    vendor(bench).credentials(what.dataset, what.grant)
    aws.service("s3control").fail("GetDataAccess", Newer({"MatchedGrantTarget": "s3://lake/*"}))
    with pytest.raises(Unavailable, match="another prefix"):
        vendor(bench).credentials(what.dataset, what.grant)


def test_when_it_was_taken_away_there_are_no_keys_and_nobody_else_is_asked(bench: PrefixBench, aws: StrictAws) -> None:
    what = wanted()
    handle = bench.fulfiller().apply(what, "")
    bench.fulfiller().remove(what, handle)
    aws.calls.clear()
    with pytest.raises(Forbidden) as refused:
        vendor(bench).credentials(what.dataset, what.grant)
    readable(refused.value)
    assert [(call.operation, call.key_id) for call in aws.calls] == [("GetDataAccess", "ASIAALICE00000000000")]


def test_when_the_session_is_refused_nothing_is_sent_unsigned(bench: PrefixBench, aws: StrictAws) -> None:
    what = wanted()
    bench.fulfiller().apply(what, "")
    aws.calls.clear()
    aws.service("s3control").fail("GetDataAccess", Refusal("ExpiredToken", 400))
    with pytest.raises(Unavailable):
        vendor(bench).credentials(what.dataset, what.grant)
    assert [call.signed for call in aws.calls] == [True]


@pytest.mark.parametrize("restriction", [{"columns": ("id",)}, {"rows": Equals(column="id", value=1)}])
def test_when_a_grant_is_restricted_there_are_never_keys(
    bench: PrefixBench, aws: StrictAws, restriction: dict[str, Any]
) -> None:
    what = wanted(**restriction)
    with pytest.raises(Forbidden, match="no credentials"):
        vendor(bench).credentials(what.dataset, what.grant)
    assert aws.calls == []


def test_when_keys_would_outlive_the_grant_there_are_none(bench: PrefixBench, aws: StrictAws) -> None:
    what = wanted()
    bench.fulfiller().apply(what, "")
    last = what.grant.not_after - timedelta(minutes=15)
    vendor(bench, last).credentials(what.dataset, what.grant)
    aws.calls.clear()
    with pytest.raises(Forbidden, match="too soon"):
        vendor(bench, last + timedelta(seconds=1)).credentials(what.dataset, what.grant)
    assert aws.calls == []


def test_when_the_whole_bucket_is_a_dataset_its_scope_is_the_bucket() -> None:
    assert scope(replace(ORDERS, location="s3://lake/")) == "s3://lake/*"
