"""The session policy of a grant: what it reaches, what it does not, and until when."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from jupyter_mlplatform.access.aws import lake_places, session_policy
from jupyter_mlplatform.access.aws.lake_places import Prefix, Table
from jupyter_mlplatform.errors import Invalid, Unavailable
from tests.access.iam_reader import allows
from tests.access.lake_bench import END, POLICY
from tests.access.world import START
from tests.aws.strict import ACCOUNT, REGION

ORDERS = Prefix("plant", "orders/")
WELD = Table(ACCOUNT, "plant", "weld")
GLUE = f"arn:aws:glue:{REGION}:{ACCOUNT}"
WORKGROUP = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/mlplat"
ANSWERS = "arn:aws:s3:::mlplat-answers/athena"


def of_prefix(prefix: Prefix = ORDERS, end: datetime = END) -> str:
    return session_policy.for_prefix(POLICY, "aws", prefix, end)


def of_table(table: Table = WELD, grant_id: str = "g-1", end: datetime = END) -> str:
    return session_policy.for_table(POLICY, "aws", table, grant_id, end)


@pytest.mark.parametrize(
    ("key", "reached"),
    [
        ("orders/2026/a.parquet", True),
        ("orders/", True),
        ("orders", False),
        ("orders_hr/a.parquet", False),
        ("orders_hr/orders/a.parquet", False),
        ("x/orders/a.parquet", False),
        ("", False),
    ],
)
def test_when_a_prefix_is_granted_only_what_is_below_it_can_be_read(key: str, reached: bool) -> None:
    resource = f"arn:aws:s3:::plant/{key}"
    assert allows(of_prefix(), "s3:GetObject", resource, START) is reached
    assert not allows(of_prefix(), "s3:GetObject", f"arn:aws:s3:::plant-hr/{key}", START)
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:GetObjectAcl"):
        assert not allows(of_prefix(), action, resource, START)


@pytest.mark.parametrize(
    ("asked", "listed"),
    [("orders/", True), ("orders/2026", True), ("orders", False), ("orders_hr/", False), ("", False), (None, False)],
)
def test_when_a_prefix_is_granted_only_what_is_below_it_can_be_listed(asked: str | None, listed: bool) -> None:
    context = {} if asked is None else {"s3_prefix": asked}
    assert allows(of_prefix(), "s3:ListBucket", "arn:aws:s3:::plant", START, **context) is listed


NAMES = st.text(st.sampled_from("ab_*?$${}./"), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(NAMES, NAMES)
def test_when_a_prefix_has_any_signs_they_stand_for_themselves(prefix: str, key: str) -> None:
    policy = of_prefix(Prefix("plant", prefix + "/"))
    for each in (key, f"{prefix}/{key}", f"{prefix}{key}", f"{key}/{prefix}/"):
        reached = allows(policy, "s3:GetObject", f"arn:aws:s3:::plant/{each}", START)
        assert reached is each.startswith(prefix + "/")
        listed = allows(policy, "s3:ListBucket", "arn:aws:s3:::plant", START, s3_prefix=each)
        assert listed is each.startswith(prefix + "/")


def test_when_objects_are_encrypted_they_can_be_decrypted_through_s3_only() -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    by_s3 = {"kms_ViaService": f"s3.{REGION}.amazonaws.com"}
    assert allows(of_prefix(), "kms:Decrypt", key, START, **by_s3)
    assert not allows(of_prefix(), "kms:Decrypt", key, START)
    assert not allows(of_prefix(), "kms:Encrypt", key, START, **by_s3)


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("glue:GetTable", f"{GLUE}:table/plant/weld", True),
        ("glue:GetTable", f"{GLUE}:table/plant/weld_hr", False),
        ("glue:GetTable", f"{GLUE}:table/plant_hr/weld", False),
        ("glue:GetTables", f"{GLUE}:database/plant", False),
        ("glue:UpdateTable", f"{GLUE}:table/plant/weld", False),
        ("glue:GetPartitions", f"{GLUE}:table/plant/weld", True),
        ("lakeformation:GetDataAccess", "*", True),
        ("lakeformation:GrantPermissions", "*", False),
        ("athena:StartQueryExecution", WORKGROUP, True),
        ("athena:StopQueryExecution", WORKGROUP, True),
        ("athena:StartQueryExecution", f"{WORKGROUP}_admin", False),
        ("athena:DeleteWorkGroup", WORKGROUP, False),
        ("s3:PutObject", f"{ANSWERS}/g-1/a.csv", True),
        ("s3:GetObject", f"{ANSWERS}/g-1/a.csv", True),
        ("s3:GetObject", f"{ANSWERS}/g-11/a.csv", False),
        ("s3:GetObject", f"{ANSWERS}/a.csv", False),
        ("s3:DeleteObject", f"{ANSWERS}/g-1/a.csv", False),
        ("s3:GetObject", "arn:aws:s3:::lake/plant/weld/1.parquet", False),
        ("s3:GetBucketLocation", "arn:aws:s3:::mlplat-answers", True),
    ],
)
def test_when_a_table_is_granted_the_session_can_query_it_and_reaches_no_object_of_it(
    action: str, resource: str, allowed: bool
) -> None:
    assert allows(of_table(), action, resource, START) is allowed


def test_when_answers_are_listed_they_are_those_of_the_grant() -> None:
    bucket = "arn:aws:s3:::mlplat-answers"
    assert allows(of_table(), "s3:ListBucket", bucket, START, s3_prefix="athena/g-1/")
    assert not allows(of_table(), "s3:ListBucket", bucket, START, s3_prefix="athena/")
    assert not allows(of_table(), "s3:ListBucket", bucket, START)


def test_when_a_tables_name_has_signs_of_patterns_they_stand_for_themselves() -> None:
    policy = of_table(Table(ACCOUNT, "pl?nt", "w*${aws:username}"))
    assert allows(policy, "glue:GetTable", f"{GLUE}:table/pl?nt/w*${{aws:username}}", START)
    assert not allows(policy, "glue:GetTable", f"{GLUE}:table/plant/w*${{aws:username}}", START)
    assert not allows(policy, "glue:GetTable", f"{GLUE}:table/pl?nt/weld", START)


@pytest.mark.parametrize(
    "policy", [of_prefix(), of_table(), session_policy.for_access_grants(POLICY, "aws", END)], ids=["s3", "glue", "ag"]
)
def test_when_a_grant_ends_every_statement_ends_with_it(policy: str) -> None:
    end = END.strftime("%Y-%m-%dT%H:%M:%SZ")
    statements = json.loads(policy)["Statement"]
    assert all(each["Condition"]["DateLessThan"] == {"aws:CurrentTime": end} for each in statements)


def test_when_the_end_has_come_nothing_is_allowed_any_more() -> None:
    resource = "arn:aws:s3:::plant/orders/a"
    assert allows(of_prefix(), "s3:GetObject", resource, END - timedelta(seconds=1))
    assert not allows(of_prefix(), "s3:GetObject", resource, END)


def test_when_the_end_is_between_two_seconds_or_elsewhere_it_is_not_later_than_it_is() -> None:
    assert of_prefix(end=END + timedelta(microseconds=999_999)) == of_prefix()
    assert of_prefix(end=END.astimezone(timezone(timedelta(hours=14)))) == of_prefix()


def test_when_s3_access_grants_decide_the_session_can_ask_them_and_nothing_else() -> None:
    policy = session_policy.for_access_grants(replace(POLICY, access_grants_account="999988887777"), "aws", END)
    instance = f"arn:aws:s3:{REGION}:999988887777:access-grants/default"
    assert allows(policy, "s3:GetDataAccess", instance, START)
    assert not allows(policy, "s3:GetObject", "arn:aws:s3:::plant/orders/a", START)
    assert not allows(policy, "s3:CreateAccessGrant", instance, START)


def test_when_names_are_usual_there_is_room_left() -> None:
    usual = of_table(Table(ACCOUNT, "production_quality", "weld_gun_measurements"), "g-0123456789")
    assert len(usual) < 0.65 * session_policy.LONGEST


def test_when_a_policy_is_too_long_it_is_refused_whole() -> None:
    room = session_policy.LONGEST - len(of_table(Table(ACCOUNT, "plant", "")))
    fitting = of_table(Table(ACCOUNT, "plant", "x" * room))
    assert len(fitting) == session_policy.LONGEST
    assert len(json.loads(fitting)["Statement"]) == len(json.loads(of_table())["Statement"])
    with pytest.raises(Invalid) as refused:
        of_table(Table(ACCOUNT, "plant", "x" * (room + 1)))
    assert refused.value.problem.code == "access.session_policy_too_long"


def test_when_a_name_is_not_latin_it_counts_as_sts_counts_it() -> None:
    policy = of_prefix(Prefix("plant", "größe/日本/"))
    assert policy.isascii()
    assert allows(policy, "s3:GetObject", "arn:aws:s3:::plant/größe/日本/a", START)


def test_when_the_cloud_is_another_one_its_names_are_used() -> None:
    policy = session_policy.for_prefix(replace(POLICY, region="cn-north-1"), "aws-cn", ORDERS, END)
    assert allows(policy, "s3:GetObject", "arn:aws-cn:s3:::plant/orders/a", START)
    assert "s3.cn-north-1.amazonaws.com.cn" in policy
    assert "arn:aws:" not in policy


@pytest.mark.parametrize("results", ["s3://mlplat-answers/athena", "s3://mlplat-answers/athena/"])
def test_when_the_place_of_answers_lacks_a_slash_it_is_the_same_place(results: str) -> None:
    aws = replace(POLICY, results=results)
    assert session_policy.results(aws, "g-1") == Prefix("mlplat-answers", "athena/g-1/")


@pytest.mark.parametrize("key", ["region", "workgroup", "results"])
def test_when_the_policy_lacks_something_people_read_which_key(key: str) -> None:
    with pytest.raises(Unavailable, match=f"access.aws.{key}"):
        session_policy.for_table(replace(POLICY, **{key: ""}), "aws", WELD, "g-1", END)


@pytest.mark.parametrize(
    "location",
    [
        "s3://plant/orders",
        "s3://plant",
        "s3:///orders/",
        "s3://plant//orders/",
        "s3://PLANT/orders/",
        "s3://plant/or\nders/",
        "https://plant/orders/",
        "/data/orders/",
        "",
    ],
)
def test_when_a_place_is_no_prefix_it_is_refused(location: str) -> None:
    with pytest.raises(Invalid) as refused:
        lake_places.prefix(location)
    assert refused.value.problem.code == "access.invalid_path"


@pytest.mark.parametrize(
    "location",
    ["glue://plant/weld", f"glue://{ACCOUNT}/plant/", "glue://me/plant/weld", f"glue://{ACCOUNT}/pl%2Fant/weld", ""],
)
def test_when_a_place_is_no_table_it_is_refused(location: str) -> None:
    with pytest.raises(Invalid) as refused:
        lake_places.table(location)
    assert refused.value.problem.code == "access.invalid_path"
