"""What the strict AWS's services do: the little that data access depends on, told through botocore's clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.glue import Glue
from tests.aws.lake_formation import LakeFormation
from tests.aws.lake_resources import EVERYONE
from tests.aws.signatures import Key
from tests.aws.strict import ACCOUNT, StrictAws
from tests.aws.sts import Sts

START = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
ALICE = f"arn:aws:iam::{ACCOUNT}:role/alice"
TABLE = {"Table": {"DatabaseName": "plant", "Name": "weld"}}
TO_ALICE: dict[str, Any] = {"Principal": {"DataLakePrincipalIdentifier": ALICE}}


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def aws(clock: Clock) -> Iterator[StrictAws]:
    made = StrictAws(clock)
    yield made
    made.close()


@pytest.fixture
def lake(aws: StrictAws) -> LakeFormation:
    made = LakeFormation(aws)
    made.table("plant", "weld", ["gun", "force", "operator"])
    return made


def refused(what: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as error:
        what(**request)
    return str(error.value.response["Error"]["Code"])


def columns(*names: str) -> dict[str, Any]:
    return {"TableWithColumns": {"DatabaseName": "plant", "Name": "weld", "ColumnNames": list(names)}}


def test_when_select_is_granted_on_a_table_a_list_tells_it_of_all_its_columns(
    aws: StrictAws, lake: LakeFormation
) -> None:
    client = aws.client("lakeformation")
    client.grant_permissions(**TO_ALICE, Resource=TABLE, Permissions=["SELECT", "DESCRIBE"])
    told = client.list_permissions(Resource=TABLE)["PrincipalResourcePermissions"]
    assert [(next(iter(each["Resource"])), each["Permissions"]) for each in told] == [
        ("Table", ["DESCRIBE"]),
        ("TableWithColumns", ["SELECT"]),
    ]
    assert told[1]["Resource"]["TableWithColumns"]["ColumnWildcard"] == {}


def test_when_columns_are_granted_they_are_listed_by_their_table_and_not_by_themselves(
    aws: StrictAws, lake: LakeFormation
) -> None:
    client = aws.client("lakeformation")
    client.grant_permissions(**TO_ALICE, Resource=columns("gun", "force"), Permissions=["SELECT"])
    (told,) = client.list_permissions(Resource=TABLE)["PrincipalResourcePermissions"]
    assert told["Resource"]["TableWithColumns"]["ColumnNames"] == ["force", "gun"]
    assert refused(client.list_permissions, Resource=columns("gun")) == "InvalidInputException"


@pytest.mark.parametrize(
    ("resource", "permissions", "error"),
    [
        (columns("gun"), ["DESCRIBE"], "InvalidInputException"),
        (columns("sugar"), ["SELECT"], "InvalidInputException"),
        ({"Table": {"DatabaseName": "plant", "Name": "tea"}}, ["SELECT"], "EntityNotFoundException"),
        ({**TABLE, **columns("gun")}, ["SELECT"], "InvalidInputException"),
        (TABLE, ["CREATE_TABLE"], "InvalidInputException"),
    ],
)
def test_when_a_grant_makes_no_sense_lake_formation_refuses_it(
    aws: StrictAws, lake: LakeFormation, resource: dict[str, Any], permissions: list[str], error: str
) -> None:
    client = aws.client("lakeformation")
    assert refused(client.grant_permissions, **TO_ALICE, Resource=resource, Permissions=permissions) == error
    assert lake.who("plant", "weld") == {}


def test_when_more_may_be_passed_on_than_is_granted_lake_formation_refuses_it(
    aws: StrictAws, lake: LakeFormation
) -> None:
    client = aws.client("lakeformation")
    request = {**TO_ALICE, "Resource": TABLE, "Permissions": ["DESCRIBE"], "PermissionsWithGrantOption": ["SELECT"]}
    assert refused(client.grant_permissions, **request) == "InvalidInputException"


def test_when_a_kind_of_resource_is_asked_for_the_list_has_no_other(aws: StrictAws, lake: LakeFormation) -> None:
    client = aws.client("lakeformation")
    client.grant_permissions(**TO_ALICE, Resource={"Database": {"Name": "plant"}}, Permissions=["DESCRIBE"])
    client.grant_permissions(**TO_ALICE, Resource=TABLE, Permissions=["DESCRIBE"])
    told = client.list_permissions(**TO_ALICE, ResourceType="DATABASE")["PrincipalResourcePermissions"]
    assert [list(each["Resource"]) for each in told] == [["Database"]]


def test_when_there_is_nothing_to_revoke_lake_formation_says_so(aws: StrictAws, lake: LakeFormation) -> None:
    client = aws.client("lakeformation")
    request = {**TO_ALICE, "Resource": TABLE, "Permissions": ["SELECT"]}
    client.grant_permissions(**request)
    client.revoke_permissions(**request)
    assert lake.who("plant", "weld") == {}
    with pytest.raises(ClientError, match="No permissions revoked"):
        client.revoke_permissions(**request)


def test_when_the_caller_is_no_administrator_nothing_is_granted(aws: StrictAws, lake: LakeFormation) -> None:
    key = aws.keys.add(Key("AKIAALICE0000000000", "secret", ALICE))
    client = aws.client("lakeformation", key)
    error = refused(client.grant_permissions, **TO_ALICE, Resource=TABLE, Permissions=["SELECT"])
    assert error == "AccessDeniedException"
    assert lake.who("plant", "weld") == {}


def test_when_one_entry_of_a_batch_fails_the_others_are_done_and_the_answer_is_good(
    aws: StrictAws, lake: LakeFormation
) -> None:
    lake.refused["2"] = "ConcurrentModificationException"
    client = aws.client("lakeformation")
    entries = [
        {"Id": number, **TO_ALICE, "Resource": columns(column), "Permissions": ["SELECT"]}
        for number, column in (("1", "gun"), ("2", "force"), ("3", "sugar"))
    ]
    failures = client.batch_grant_permissions(Entries=entries)["Failures"]
    assert [(each["RequestEntry"]["Id"], each["Error"]["ErrorCode"]) for each in failures] == [
        ("2", "ConcurrentModificationException"),
        ("3", "InvalidInputException"),
    ]
    many = [{**entries[0], "Id": str(number)} for number in range(21)]
    assert refused(client.batch_grant_permissions, Entries=many) == "InvalidInputException"
    again = client.batch_revoke_permissions(Entries=[entries[0]])
    assert again["Failures"] == []
    assert lake.who("plant", "weld") == {}


def test_when_lake_formation_is_not_in_force_the_list_names_everybody(aws: StrictAws, lake: LakeFormation) -> None:
    lake.table("plant", "paint", ["shade"], in_force=False)
    paint = {"Table": {"DatabaseName": "plant", "Name": "paint"}}
    client = aws.client("lakeformation")
    client.grant_permissions(**TO_ALICE, Resource=paint, Permissions=["DESCRIBE"])
    told = client.list_permissions(Resource=paint)["PrincipalResourcePermissions"]
    assert {each["Principal"]["DataLakePrincipalIdentifier"] for each in told} == {ALICE, EVERYONE}
    hers = client.list_permissions(**TO_ALICE, Resource=paint)["PrincipalResourcePermissions"]
    assert len(hers) == 1, "a filter on the principal hides the group that has it all"


def test_when_permissions_fill_more_than_a_page_the_pages_have_each_once(aws: StrictAws, lake: LakeFormation) -> None:
    lake.page_size = 2
    client = aws.client("lakeformation")
    for number in range(5):
        who = {"DataLakePrincipalIdentifier": f"{ALICE}{number}"}
        client.grant_permissions(Principal=who, Resource=TABLE, Permissions=["DESCRIBE"])
    token: dict[str, str] = {}
    seen = []
    while True:
        answer = client.list_permissions(Resource=TABLE, **token)
        seen.append(len(answer["PrincipalResourcePermissions"]))
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert seen == [2, 2, 1]
    assert refused(client.list_permissions, **token) == "InvalidInputException", "another question's token"


def cells(name: str = "graz", **changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "TableCatalogId": ACCOUNT,
        "DatabaseName": "plant",
        "TableName": "weld",
        "Name": name,
        "RowFilter": {"FilterExpression": "gun = 'A'"},
        "ColumnNames": ["gun", "force"],
    }
    return {key: value for key, value in {**data, **changes}.items() if value is not None}


def test_when_cells_are_granted_they_are_listed_by_their_filter_and_go_with_it(
    aws: StrictAws, lake: LakeFormation
) -> None:
    client = aws.client("lakeformation")
    client.create_data_cells_filter(TableData=cells())
    named = {"TableCatalogId": ACCOUNT, "DatabaseName": "plant", "TableName": "weld", "Name": "graz"}
    resource = {"DataCellsFilter": named}
    client.grant_permissions(**TO_ALICE, Resource=resource, Permissions=["SELECT"])
    (told,) = client.list_permissions(Resource=resource)["PrincipalResourcePermissions"]
    assert told["Resource"] == resource
    assert client.list_permissions(Resource=TABLE)["PrincipalResourcePermissions"] == []
    client.delete_data_cells_filter(**named)
    assert lake.who("plant", "weld") == {}
    assert refused(client.delete_data_cells_filter, **named) == "EntityNotFoundException"
    with pytest.raises(ClientError, match="Cell Filter not found"):
        client.revoke_permissions(**TO_ALICE, Resource=resource, Permissions=["SELECT"])


def test_when_a_cell_filter_has_all_rows_it_comes_back_with_an_expression_as_well(
    aws: StrictAws, lake: LakeFormation
) -> None:
    client = aws.client("lakeformation")
    client.create_data_cells_filter(TableData=cells(RowFilter={"AllRowsWildcard": {}}))
    table = {"CatalogId": ACCOUNT, "DatabaseName": "plant", "Name": "weld"}
    (told,) = client.list_data_cells_filter(Table=table)["DataCellsFilters"]
    assert told["RowFilter"] == {"AllRowsWildcard": {}, "FilterExpression": "TRUE"}


@pytest.mark.parametrize(
    "changes", [{"ColumnNames": None}, {"ColumnWildcard": {}}, {"RowFilter": {}}, {"ColumnNames": ["sugar"]}]
)
def test_when_a_cell_filter_makes_no_sense_it_is_refused(
    aws: StrictAws, lake: LakeFormation, changes: dict[str, Any]
) -> None:
    client = aws.client("lakeformation")
    assert refused(client.create_data_cells_filter, TableData=cells(**changes)) == "InvalidInputException"


def test_when_a_cell_filters_name_is_taken_it_is_refused(aws: StrictAws, lake: LakeFormation) -> None:
    client = aws.client("lakeformation")
    client.create_data_cells_filter(TableData=cells())
    assert refused(client.create_data_cells_filter, TableData=cells()) == "AlreadyExistsException"


def test_when_settings_are_asked_for_they_name_administrators_and_what_new_tables_get(
    aws: StrictAws, lake: LakeFormation
) -> None:
    lake.state.open_by_default = True
    settings = aws.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    assert settings["DataLakeAdmins"] == [{"DataLakePrincipalIdentifier": aws.key.principal}]
    assert settings["CreateTableDefaultPermissions"][0]["Permissions"] == ["ALL"]


def test_when_tables_change_glue_tells_since_when_page_by_page(aws: StrictAws, clock: Clock) -> None:
    glue = Glue(aws)
    glue.page_size = 2
    for name in ("Weld", "paint", "press"):
        glue.table("Plant", name, {"gun": "string"})
    clock.at += timedelta(hours=1)
    glue.table("plant", "weld", {"gun": "string", "force": "double"})
    glue.partition("plant", "weld", ["2026"], "s3://lake/plant/weld/2026/")
    client = aws.client("glue")
    pages = list(client.get_paginator("get_tables").paginate(DatabaseName="plant"))
    tables = [table for page in pages for table in page["TableList"]]
    assert [len(page["TableList"]) for page in pages] == [2, 1]
    newer = [table["Name"] for table in tables if table["UpdateTime"] > START]
    assert newer == ["weld"]
    weld = client.get_table(DatabaseName="plant", Name="weld")["Table"]
    assert (weld["CreateTime"], weld["VersionId"]) == (START, "1")
    (partition,) = client.get_partitions(DatabaseName="plant", TableName="weld", ExcludeColumnSchema=True)["Partitions"]
    assert "Columns" not in partition["StorageDescriptor"]
    assert [each["Name"] for each in client.get_databases()["DatabaseList"]] == ["plant"]
    matched = client.get_tables(DatabaseName="plant", Expression="w.*")["TableList"]
    assert [table["Name"] for table in matched] == ["weld"]
    assert refused(client.get_table, DatabaseName="plant", Name="tea") == "EntityNotFoundException"


def test_when_a_table_is_dropped_and_made_anew_it_is_another_one_without_permissions(
    aws: StrictAws, lake: LakeFormation, clock: Clock
) -> None:
    glue = Glue(aws)
    glue.table("plant", "weld", {"gun": "string"})
    aws.client("lakeformation").grant_permissions(**TO_ALICE, Resource=TABLE, Permissions=["SELECT"])
    clock.at += timedelta(hours=1)
    glue.drop("plant", "weld")
    lake.drop("plant", "weld")
    client = aws.client("glue")
    assert refused(client.get_table, DatabaseName="plant", Name="weld") == "EntityNotFoundException"
    glue.table("plant", "weld", {"gun": "string"})
    lake.table("plant", "weld", ["gun"])
    assert client.get_table(DatabaseName="plant", Name="weld")["Table"]["CreateTime"] == clock.at
    assert lake.who("plant", "weld") == {}


def policy(end: datetime, action: str = "glue:GetDatabases", extra: str = "") -> str:
    until = {"DateLessThan": {"aws:CurrentTime": end.isoformat().replace("+00:00", "Z")}}
    statement = {"Effect": "Allow", "Action": action, "Resource": "*" + extra, "Condition": until}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def session(aws: StrictAws, arn: str, **request: Any) -> Key:
    answer = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="grant-1", **request)["Credentials"]
    return Key(answer["AccessKeyId"], answer["SecretAccessKey"], "", answer["SessionToken"])


def test_when_a_session_has_an_end_in_its_policy_its_key_is_of_no_use_after_it(aws: StrictAws, clock: Clock) -> None:
    Glue(aws)
    arn = Sts(aws).role("reader")
    key = session(aws, arn, Policy=policy(START + timedelta(minutes=5)), Tags=[{"Key": "grant", "Value": "g1"}])
    client = aws.client("glue", key)
    client.get_databases()
    assert aws.calls[-1].tags == {"grant": "g1"}
    assert refused(client.get_tables, DatabaseName="plant") == "AccessDeniedException"
    clock.at += timedelta(minutes=5)
    assert refused(client.get_databases) == "AccessDeniedException"


def test_when_a_session_policy_denies_what_it_allows_the_denial_wins(aws: StrictAws) -> None:
    Glue(aws)
    both = [{"Effect": effect, "Action": "glue:*", "Resource": "*"} for effect in ("Allow", "Deny")]
    document = json.dumps({"Version": "2012-10-17", "Statement": both})
    key = session(aws, Sts(aws).role("reader"), Policy=document)
    assert refused(aws.client("glue", key).get_databases) == "AccessDeniedException"


def test_when_a_policy_has_a_condition_that_is_not_known_here_the_test_would_fail(aws: StrictAws) -> None:
    Glue(aws)
    odd = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "::1"}}}
    key = session(aws, Sts(aws).role("reader"), Policy=json.dumps({"Version": "2012-10-17", "Statement": [odd]}))
    assert refused(aws.client("glue", key).get_databases) == "AccessDeniedException"
    assert aws.take_wrong() == ["nobody said what the condition IpAddress aws:SourceIp means"]


def test_when_one_grants_sessions_are_denied_by_tag_the_others_go_on(aws: StrictAws) -> None:
    Glue(aws)
    arn = Sts(aws).role("reader")
    first, second = (session(aws, arn, Tags=[{"Key": "grant", "Value": each}]) for each in ("g1", "g2"))
    only = {"StringEquals": {"aws:PrincipalTag/grant": "g1"}}
    aws.denials.append({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": only})
    assert refused(aws.client("glue", first).get_databases) == "AccessDeniedException"
    aws.client("glue", second).get_databases()


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"DurationSeconds": 3601}, "ValidationError"),
        ({"Policy": policy(START, extra="x" * 2048)}, "PackedPolicyTooLarge"),
        ({"Policy": '{"Version": "2012-10-17"}'}, "MalformedPolicyDocument"),
        ({"Policy": "no JSON"}, "MalformedPolicyDocument"),
        ({"Tags": [{"Key": "grant", "Value": "1"}, {"Key": "Grant", "Value": "2"}]}, "ValidationError"),
        ({"TransitiveTagKeys": ["grant"]}, "ValidationError"),
        ({"ExternalId": "guessed"}, "AccessDenied"),
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"}, "AccessDenied"),
    ],
)
def test_when_a_session_asks_for_too_much_sts_refuses(aws: StrictAws, request_: dict[str, Any], error: str) -> None:
    arn = Sts(aws).role("reader")
    client = aws.client("sts")
    assert refused(client.assume_role, **{"RoleArn": arn, "RoleSessionName": "grant-1", **request_}) == error


def test_when_policy_and_tags_are_packed_too_large_sts_refuses_though_each_fits(aws: StrictAws) -> None:
    sts = Sts(aws, packed_limit=400)
    arn = sts.role("reader")
    client = aws.client("sts")
    request = {"RoleArn": arn, "RoleSessionName": "grant-1", "Policy": policy(START)}
    assert 0 < client.assume_role(**request)["PackedPolicySize"] <= 100
    tags = [{"Key": f"key{number}", "Value": str(number**9)} for number in range(50)]
    assert refused(client.assume_role, **request, Tags=tags) == "PackedPolicyTooLarge"


def test_when_a_session_opens_another_it_lasts_an_hour_at_most(aws: StrictAws) -> None:
    sts = Sts(aws)
    first = session(aws, sts.role("platform"))
    arn = sts.role("reader", longest=43200)
    chained = aws.client("sts", first)
    request = {"RoleArn": arn, "RoleSessionName": "grant-1"}
    assert refused(chained.assume_role, **request, DurationSeconds=3601) == "ValidationError"
    aws.client("sts").assume_role(**request, DurationSeconds=3601)
