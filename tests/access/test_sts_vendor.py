"""Sessions of the data role: whom they are for, what they carry, when they end, and that nothing takes their place."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from jupyter_mlplatform.access.aws import principals, session_policy
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.lake_places import Table
from jupyter_mlplatform.access.aws.sts_vendor import StsVendor, restricted
from jupyter_mlplatform.access.grants import NO_END
from jupyter_mlplatform.access.models import Credentials, Dataset, Grant, Kind
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.lake_bench import COLUMNS, POLICY, ROWS, clients_of, dataset, grant, quick_session, role
from tests.access.world import START, Clock
from tests.aws.faults import LostAnswer, Newer, Throttled
from tests.aws.glue import Glue
from tests.aws.signatures import Key
from tests.aws.stand_in import Garbage
from tests.aws.strict import ACCOUNT, StrictAws
from tests.aws.sts import Sts

EVERYTHING = tuple(COLUMNS)
ORDERS = dataset(id="orders", kind=Kind.S3_PREFIX, location="s3://plant/orders/", columns=(), backend="")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def aws(clock: Clock) -> Iterator[StrictAws]:
    made = StrictAws(clock)
    yield made
    made.close()


@pytest.fixture
def sts(aws: StrictAws) -> Sts:
    made = Sts(aws)
    for person in ("alice", "x"):
        made.role(f"data/mlplat-{person}")
    return made


@pytest.fixture
def clients(aws: StrictAws, sts: Sts, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clients:
    return clients_of(aws, monkeypatch, clock)


@pytest.fixture
def vendor(clients: Clients, clock: Clock) -> StsVendor:
    return StsVendor(clients, clock)


def whole(**changes: Any) -> Grant:
    """A grant of a whole table."""
    return replace(grant(columns=EVERYTHING, rows=None), **changes)


def of_orders(**changes: Any) -> Grant:
    return replace(grant(columns=(), rows=None, dataset_id="orders"), **changes)


def asked(aws: StrictAws) -> dict[str, Any]:
    (call,) = aws.asked("AssumeRole")
    return call.input


def test_when_a_whole_table_is_granted_its_session_is_tagged_short_and_named_after_the_grant(
    aws: StrictAws, vendor: StsVendor
) -> None:
    made = vendor.credentials(dataset(), whole())
    sent = asked(aws)
    assert json.loads(sent.pop("Policy"))["Statement"]
    assert sent == {
        "RoleArn": role("alice"),
        "RoleSessionName": "g-0000000001",
        "DurationSeconds": 900,
        "Tags": [{"Key": "mlplat-grant", "Value": "g-0000000001"}],
        "SourceIdentity": "alice",
    }
    assert made.session_token == "token-of-session-1"
    assert made.expires_at - START < timedelta(minutes=10)


def test_when_the_end_is_near_the_credentials_are_over_with_it(vendor: StsVendor, clock: Clock) -> None:
    near = whole(not_after=START + timedelta(minutes=3))
    assert vendor.credentials(dataset(), near).expires_at == near.not_after


def test_when_sts_gives_less_time_than_it_was_asked_for_that_counts(aws: StrictAws, vendor: StsVendor) -> None:
    short = {
        "AccessKeyId": "ASIA0000000000000001",
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": START + timedelta(minutes=1),
    }
    aws.service("sts").fail("AssumeRole", Newer({"Credentials": short}))
    assert vendor.credentials(dataset(), whole()).expires_at == START + timedelta(minutes=1)


@pytest.mark.parametrize(
    "some",
    [whole(scope=grant(columns=EVERYTHING[:-1], rows=None).scope), whole(scope=grant(columns=EVERYTHING).scope)],
    ids=["columns", "rows"],
)
def test_when_a_grant_is_of_some_columns_or_rows_there_are_no_raw_credentials(
    aws: StrictAws, vendor: StsVendor, some: Grant
) -> None:
    assert restricted(dataset(), some)
    with pytest.raises(Forbidden) as refused:
        vendor.credentials(dataset(), some)
    assert refused.value.problem.code == "access.restricted_raw"
    assert "mlplat data load plant.weld" in refused.value.problem.next_step
    assert aws.calls == []


def test_when_rows_of_a_prefix_are_granted_there_are_no_raw_credentials(aws: StrictAws, vendor: StsVendor) -> None:
    with pytest.raises(Forbidden):
        vendor.credentials(ORDERS, of_orders(scope=grant(columns=(), rows=ROWS, dataset_id="orders").scope))
    assert aws.calls == []


def test_when_a_grant_is_of_some_columns_it_is_queried_in_a_session_that_reaches_no_data(
    aws: StrictAws, vendor: StsVendor
) -> None:
    vendor.athena_session(dataset(), grant())
    policy = asked(aws)["Policy"]
    assert policy == session_policy.for_table(
        POLICY, "aws", Table(ACCOUNT, "plant", "weld"), "g-0000000001", grant().not_after
    )
    assert [each for each in json.loads(policy)["Statement"][1]["Resource"] if ":s3:" in each] == [
        "arn:aws:s3:::mlplat-answers",
        "arn:aws:s3:::mlplat-answers/athena/g-0000000001/*",
    ]


def test_when_a_prefix_is_granted_its_session_reads_below_it(aws: StrictAws, vendor: StsVendor) -> None:
    vendor.credentials(ORDERS, of_orders())
    assert "arn:aws:s3:::plant/orders/*" in asked(aws)["Policy"]


def test_when_s3_access_grants_decide_the_session_can_only_ask_them(aws: StrictAws, vendor: StsVendor) -> None:
    vendor.access_grants_session(ORDERS, of_orders())
    assert [each["Action"] for each in json.loads(asked(aws)["Policy"])["Statement"]] == [["s3:GetDataAccess"]]


def test_when_the_grant_has_ended_aws_itself_refuses_the_credentials(
    aws: StrictAws, clients: Clients, vendor: StsVendor, clock: Clock
) -> None:
    Glue(aws).table("plant", "weld", COLUMNS)
    near = whole(not_after=START + timedelta(minutes=3))
    client = clients.client("glue", vendor.credentials(dataset(), near))
    assert client.get_table(DatabaseName="plant", Name="weld")
    assert (aws.calls[-1].principal, aws.calls[-1].tags) == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/mlplat-alice/g-0000000001",
        {"mlplat-grant": "g-0000000001"},
    )
    clock.now = near.not_after
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_table(DatabaseName="plant", Name="weld")


def test_when_one_grant_is_denied_by_its_tag_its_sessions_stop_at_once(
    aws: StrictAws, clients: Clients, vendor: StsVendor
) -> None:
    Glue(aws).table("plant", "weld", COLUMNS)
    first, second = (vendor.credentials(dataset(), whole(id=f"g-000000000{number}")) for number in (1, 2))
    only = {"StringEquals": {"aws:PrincipalTag/mlplat-grant": "g-0000000001"}}
    aws.denials.append({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": only})
    with pytest.raises(ClientError, match="AccessDenied"):
        clients.client("glue", first).get_table(DatabaseName="plant", Name="weld")
    clients.client("glue", second).get_table(DatabaseName="plant", Name="weld")


def test_when_credentials_are_refused_no_other_identity_takes_their_place(
    aws: StrictAws, clients: Clients, vendor: StsVendor
) -> None:
    Glue(aws).table("plant", "weld", COLUMNS)
    good = vendor.credentials(dataset(), whole())
    wrong = [
        replace(good, secret_access_key="somebody-elses"),
        replace(good, session_token="somebody-elses"),
        replace(good, access_key_id="ASIASTRANGER00000000"),
    ]
    for each in wrong:
        with pytest.raises(ClientError):
            clients.client("glue", each).get_table(DatabaseName="plant", Name="weld")
    calls = aws.asked("GetTable")
    assert [call.key_id for call in calls] == [each.access_key_id for each in wrong]
    assert all(call.signed and call.outcome != "ok" for call in calls)


@pytest.mark.parametrize(
    "change",
    [
        {"access_key_id": ""},
        {"secret_access_key": ""},
        {"session_token": ""},
        {"expires_at": START},
        {"expires_at": START - timedelta(days=1)},
    ],
)
def test_when_credentials_are_over_or_not_whole_nobody_is_asked(
    aws: StrictAws, clients: Clients, change: dict[str, Any]
) -> None:
    whole_ones = Credentials(
        access_key_id="ASIA0000000000000001",
        secret_access_key="s",
        session_token="t",
        expires_at=START + timedelta(minutes=5),
    )
    with pytest.raises(Unavailable) as refused:
        clients.client("glue", replace(whole_ones, **change))
    assert refused.value.problem.code == "access.session_over"
    assert aws.calls == []


def test_when_the_data_role_does_not_exist_people_read_so(aws: StrictAws, vendor: StsVendor) -> None:
    with pytest.raises(Unavailable) as refused:
        vendor.credentials(dataset(), whole(subject="dave"))
    assert refused.value.problem.code == "access.data_role_denied"
    assert "arn:" not in str(refused.value)
    assert len(aws.calls) == 1


def test_when_sts_finds_the_policy_too_large_nothing_is_left_out_of_it(
    aws: StrictAws, sts: Sts, vendor: StsVendor
) -> None:
    sts.packed_limit = 100
    with pytest.raises(Invalid) as refused:
        vendor.credentials(dataset(), whole())
    assert refused.value.problem.code == "access.session_policy_too_long"
    assert len(aws.asked("AssumeRole")) == 1


def test_when_names_are_too_long_for_a_session_policy_sts_is_not_asked(aws: StrictAws, vendor: StsVendor) -> None:
    long = dataset(location=f"glue://{ACCOUNT}/{'*' * 255}/{'t' * 255}")
    with pytest.raises(Invalid) as refused:
        vendor.athena_session(replace(long, columns=()), whole())
    assert refused.value.problem.code == "access.session_policy_too_long"
    assert aws.calls == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Throttled(), "access.aws_throttled"),
        (LostAnswer(), "access.aws_unreachable"),
        (Garbage(b"<html>Sign in</html>", 502), "access.aws_unreachable"),
    ],
)
def test_when_sts_does_not_answer_well_there_are_no_credentials(
    aws: StrictAws, vendor: StsVendor, fault: Any, code: str
) -> None:
    aws.service("sts").fail("AssumeRole", fault)
    with pytest.raises(Unavailable) as refused:
        vendor.credentials(dataset(), whole())
    assert refused.value.problem.code == code


def test_when_the_platforms_own_credentials_are_over_people_read_so(
    aws: StrictAws, vendor: StsVendor, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    old = aws.keys.add(Key("ASIAPLATFORM00000000", "s", "platform", "t", START))
    for name, value in aws.environment("sts", key=old).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable) as refused:
        vendor.credentials(dataset(), whole())
    assert refused.value.problem.code == "access.aws_credentials"


def test_when_a_persons_name_is_too_short_for_a_source_identity_it_is_left_out(
    aws: StrictAws, vendor: StsVendor
) -> None:
    vendor.credentials(dataset(), whole(subject="x"))
    assert "SourceIdentity" not in asked(aws)
    assert asked(aws)["RoleArn"] == role("x")


@pytest.mark.parametrize(
    ("data", "given"),
    [
        (dataset(), whole(id="owner", not_after=NO_END)),
        (dataset(), whole(not_after=START)),
        (dataset(), whole(not_before=START + timedelta(seconds=1))),
        (ORDERS, whole()),
    ],
    ids=["the owner's own", "over", "not begun", "of another dataset"],
)
def test_when_there_is_no_grant_for_it_now_no_session_is_opened(
    aws: StrictAws, vendor: StsVendor, data: Dataset, given: Grant
) -> None:
    for what in (vendor.credentials, vendor.athena_session, vendor.access_grants_session):
        with pytest.raises(Forbidden):
            what(data, given)
    assert aws.calls == []


def test_when_the_data_is_not_in_aws_there_are_no_credentials_for_it(aws: StrictAws, vendor: StsVendor) -> None:
    local = dataset(kind=Kind.FILE, location="/data/weld.parquet")
    for what in (vendor.credentials, vendor.athena_session, vendor.access_grants_session):
        with pytest.raises(Invalid) as refused:
            what(local, whole())
        assert refused.value.problem.code == "access.no_credentials"
    assert aws.calls == []


def test_when_credentials_are_made_their_secrets_are_in_no_log_and_no_words(
    aws: StrictAws, clients: Clients, vendor: StsVendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    made = vendor.credentials(dataset(), whole())
    wrong = clients.client("glue", replace(made, secret_access_key="somebody-elses"))
    with pytest.raises(ClientError) as refused:
        wrong.get_table(DatabaseName="plant", Name="weld")
    for text in (repr(made), str(made), caplog.text, str(refused.value)):
        assert made.secret_access_key not in text
        assert made.session_token not in text
        assert "somebody-elses" not in text


@pytest.mark.parametrize(
    "person", ["", "jürgen", "a b", "a/b", "../root", "a*", "a?", "${aws:username}", "a\n", "x" * 60]
)
def test_when_a_name_is_not_one_of_iams_it_is_refused_and_never_altered(person: str) -> None:
    with pytest.raises(Invalid) as refused:
        principals.data_role(POLICY, person)
    assert refused.value.problem.code == "access.not_an_aws_name"


@pytest.mark.parametrize("person", ["alice", "alice@example.com", "o=b,c+d_e-f.g", "Alice", "x"])
def test_when_a_name_is_one_of_iams_the_role_has_it_as_it_is(person: str) -> None:
    assert principals.data_role(POLICY, person) == role(person)
    assert principals.is_data_role(POLICY, role(person))


@pytest.mark.parametrize(
    "arn",
    [
        "",
        role(""),
        role("a/b"),
        f"arn:aws:iam::{ACCOUNT}:role/data/other-alice",
        f"x{role('alice')}",
        "IAM_ALLOWED_PRINCIPALS",
    ],
)
def test_when_a_principal_is_not_a_persons_role_it_is_not_taken_for_one(arn: str) -> None:
    assert not principals.is_data_role(POLICY, arn)


@pytest.mark.parametrize(
    "change",
    [
        {"data_role": ""},
        {"data_role": f"arn:aws:iam::{ACCOUNT}:role/everybody"},
        {"data_role": f"arn:aws:iam::{ACCOUNT}:role/{{person}}/{{person}}"},
        {"data_role": "arn:aws:iam::999988887777:role/{person}"},
    ],
)
def test_when_the_policys_data_role_is_not_one_for_each_person_here_nobody_gets_it(change: dict[str, str]) -> None:
    with pytest.raises(Unavailable) as refused:
        principals.data_role(replace(POLICY, **change), "alice")
    assert refused.value.problem.code == "access.no_data_role"


def test_when_boto3_is_missing_people_read_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(Unavailable) as refused:
        Clients(POLICY).client("sts")
    assert refused.value.problem.code == "access.aws_not_installed"


def test_when_no_region_is_known_people_read_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    with pytest.raises(PlatformError) as refused:
        Clients(AwsAccess(account=ACCOUNT), session=quick_session).client("lakeformation")
    assert refused.value.problem.code == "access.aws_region"


def test_when_a_client_is_the_platforms_own_it_is_made_once(clients: Clients) -> None:
    assert clients.client("sts") is clients.client("sts")
