"""Lake Formation puts grants into force: the contract, and what only it has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.aws import principals
from jupyter_mlplatform.access.legs import Observation, Sight, Wanted
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.errors import Conflict, Invalid, Unavailable
from tests.access.fulfiller_contract import FIRST, SECOND, FulfillerContract, applied, readable, removed, seen
from tests.access.lake_bench import ASKS_PARTITION, COLUMNS, LakeBench, dataset, grant, role
from tests.access.world import Clock
from tests.aws.faults import EmptyPage, LostAnswer, Newer
from tests.aws.lake_formation import Held
from tests.aws.lake_resources import ALL_TABLES, EVERYONE, Place
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, StrictAws


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[LakeBench]:
    clock = Clock()
    aws = StrictAws(clock)
    yield LakeBench(aws, clock, monkeypatch)
    aws.close()


class TestLakeFormation(FulfillerContract):
    """The contract."""


def look(bench: LakeBench, wanted: Wanted) -> Observation:
    return bench.fulfiller().observe(wanted, wanted.grant.id)


def sent(bench: LakeBench, operation: str) -> list[dict[str, Any]]:
    return [call.input for call in bench.aws.asked(operation)]


def test_when_columns_and_rows_are_granted_the_filter_says_so_and_only_select_is_given(bench: LakeBench) -> None:
    applied(bench, bench.wanted())
    named = {"TableCatalogId": ACCOUNT, "DatabaseName": "plant", "TableName": "weld", "Name": FIRST}
    rows = {"FilterExpression": "\"gun\" = 'A''1'"}
    assert sent(bench, "CreateDataCellsFilter") == [
        {"TableData": {**named, "ColumnNames": ["force", "gun"], "RowFilter": rows}}
    ]
    assert sent(bench, "GrantPermissions") == [
        {
            "CatalogId": ACCOUNT,
            "Principal": {"DataLakePrincipalIdentifier": role("alice")},
            "Resource": {"DataCellsFilter": named},
            "Permissions": ["SELECT"],
        }
    ]


def test_when_everything_is_granted_the_columns_are_named_all_the_same(bench: LakeBench) -> None:
    wanted = Wanted(grant=grant(columns=tuple(COLUMNS), rows=None), dataset=dataset())
    applied(bench, wanted)
    kept = bench.lake.state.filters["plant", "weld", FIRST]
    assert kept["ColumnNames"] == sorted(COLUMNS)
    assert kept["RowFilter"] == {"AllRowsWildcard": {}, "FilterExpression": "TRUE"}
    assert look(bench, wanted) == Observation(Sight.PRESENT), "though all rows come back as an expression"


def test_when_a_grant_is_for_all_columns_a_column_that_comes_later_is_not_in_it(bench: LakeBench) -> None:
    wanted = Wanted(grant=grant(columns=tuple(COLUMNS), rows=None), dataset=dataset())
    applied(bench, wanted)
    bench.glue.table("plant", "weld", {**COLUMNS, "salary": "double"})
    bench.lake.state.tables["plant", "weld"].append("salary")
    assert look(bench, wanted).sight is Sight.PRESENT
    applied(bench, wanted)
    assert "salary" not in bench.lake.state.filters["plant", "weld", FIRST]["ColumnNames"]


def test_when_everybody_still_has_the_table_the_grant_is_not_in_force(bench: LakeBench) -> None:
    bench.lake.table("plant", "weld", list(COLUMNS), in_force=False)
    wanted = bench.wanted()
    applied(bench, wanted)
    told = look(bench, wanted)
    assert told.sight is Sight.NOT_IN_FORCE
    assert "IAMAllowedPrincipals" in told.note
    removed(bench, wanted, FIRST)
    assert look(bench, wanted).sight is Sight.ABSENT


def test_when_the_data_is_not_registered_the_grant_is_not_in_force(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    bench.glue.table("plant", "weld", COLUMNS, IsRegisteredWithLakeFormation=False)
    told = look(bench, wanted)
    assert told.sight is Sight.NOT_IN_FORCE
    assert "not registered" in told.note


def test_when_the_platform_is_no_administrator_what_it_sees_proves_nothing(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    bench.lake.state.admins = [f"arn:aws:iam::{ACCOUNT}:role/other"]
    told = look(bench, wanted)
    assert told.sight is Sight.UNKNOWN
    assert "administrator" in told.note


@pytest.mark.parametrize(
    ("caller", "admin", "is_one"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/platform/i-1", f"arn:aws:iam::{ACCOUNT}:role/ops/platform", True),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/platform/i-1", f"arn:aws:iam::{ACCOUNT}:role/platform", True),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/platform/admin", f"arn:aws:iam::{ACCOUNT}:role/admin", False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/platform/i-1", "arn:aws:iam::999988887777:role/platform", False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/platform/i-1", f"arn:aws:iam::{ACCOUNT}:user/platform", False),
        (f"arn:aws:iam::{ACCOUNT}:user/ops", f"arn:aws:iam::{ACCOUNT}:user/ops", True),
    ],
)
def test_when_a_session_calls_it_is_its_role_that_counts(caller: str, admin: str, is_one: bool) -> None:
    assert principals.same(caller, [f"arn:aws:iam::{ACCOUNT}:role/nobody", admin]) is is_one


def test_when_a_list_comes_in_pages_and_some_are_empty_the_last_entry_counts(bench: LakeBench) -> None:
    bench.lake.page_size = 1
    wanted = bench.wanted()
    applied(bench, wanted)
    for number in range(3):
        who = f"arn:aws:iam::{ACCOUNT}:role/analyst{number}"
        bench.lake.state.held[who, Place("Table", "plant", "weld")] = Held({"SELECT"})
    assert look(bench, wanted).sight is Sight.PRESENT
    bench.lake.state.held[EVERYONE, Place("TableWithColumns", "plant", "weld")] = Held({"SELECT"})
    bench.aws.service("lakeformation").fail("ListPermissions", EmptyPage(), EmptyPage(), EmptyPage())
    assert look(bench, wanted).sight is Sight.NOT_IN_FORCE
    assert all("Principal" not in asked for asked in sent(bench, "ListPermissions"))


@pytest.mark.parametrize(
    ("principal", "place", "permission"),
    [
        (role("alice"), Place("TableWithColumns", "plant", "weld"), "SELECT"),
        (role("alice"), Place("TableWithColumns", "plant", "weld", ("operator",)), "SELECT"),
        (role("alice"), Place("Table", "plant", "weld"), "ALL"),
        (role("alice"), Place("Table", "plant", ALL_TABLES), "SELECT"),
        (role("alice"), Place("DataCellsFilter", "plant", "weld", cells="by_hand"), "SELECT"),
        (f"{ACCOUNT}:IAMPrincipals", Place("TableWithColumns", "plant", "weld"), "SELECT"),
    ],
)
def test_when_the_role_was_given_more_by_hand_that_is_told_and_left_alone(
    bench: LakeBench, principal: str, place: Place, permission: str
) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    bench.lake.state.held[principal, place] = Held({permission})
    told = look(bench, wanted)
    assert told.sight is Sight.DIFFERENT
    assert permission in told.note
    assert "arn:" not in told.note
    applied(bench, wanted)
    removed(bench, wanted, FIRST)
    assert bench.lake.state.held == {(principal, place): Held({permission})}
    assert look(bench, wanted).sight is Sight.ABSENT


def test_when_the_role_may_see_that_the_table_exists_nothing_is_wrong(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    bench.lake.state.held[role("alice"), Place("Table", "plant", "weld")] = Held({"DESCRIBE"})
    assert look(bench, wanted).sight is Sight.PRESENT


def test_when_an_administrator_may_do_more_on_our_filter_that_is_left_alone(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    key = (bench.aws.key.principal, bench.place(FIRST))
    bench.lake.state.held[key] = Held({"SELECT", "DROP", "DESCRIBE"}, {"SELECT"})
    assert look(bench, wanted).sight is Sight.PRESENT
    applied(bench, wanted)
    assert key in bench.lake.state.held


@pytest.mark.parametrize("operation", ["CreateDataCellsFilter", "GrantPermissions"])
def test_when_any_answer_to_applying_is_lost_it_is_made_whole(bench: LakeBench, operation: str) -> None:
    wanted = bench.wanted()
    bench.aws.service("lakeformation").fail(operation, LostAnswer())
    with pytest.raises(Unavailable) as lost:
        bench.fulfiller().apply(wanted, "")
    assert lost.value.problem.code == "access.aws_unreachable"
    handle = applied(bench, wanted)
    assert seen(bench, wanted, handle) is Sight.PRESENT
    assert bench.held() == 1


@pytest.mark.parametrize("operation", ["RevokePermissions", "DeleteDataCellsFilter"])
def test_when_any_answer_to_removing_is_lost_it_is_gone_in_the_end(bench: LakeBench, operation: str) -> None:
    wanted = bench.wanted()
    handle = applied(bench, wanted)
    bench.aws.service("lakeformation").fail(operation, LostAnswer())
    with pytest.raises(Unavailable):
        bench.fulfiller().remove(wanted, handle)
    removed(bench, wanted, handle)
    assert seen(bench, wanted, handle) is Sight.ABSENT
    assert bench.lake.state.filters == {}


@pytest.mark.parametrize("operation", ["GetDataCellsFilter", "ListPermissions"])
@pytest.mark.parametrize("reads", [1, 4])
def test_when_answers_lag_behind_it_comes_right_in_the_end(bench: LakeBench, operation: str, reads: int) -> None:
    bench.aws.service("lakeformation").lag(operation, reads)
    wanted = bench.wanted()
    sights = []
    for _ in range(10):
        handle = applied(bench, wanted)
        sights.append(seen(bench, wanted, handle))
        bench.aws.service("lakeformation").lag(operation, 0)
    assert Sight.PRESENT in sights
    assert sights[-1] is Sight.PRESENT
    bench.aws.service("lakeformation").lag(operation, reads)
    removed(bench, wanted, FIRST)
    sights = [seen(bench, wanted, FIRST) for _ in range(10)]
    assert sights[-1] is Sight.ABSENT


def test_when_aws_contradicts_itself_it_is_still_at_it(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    del bench.lake.state.filters["plant", "weld", FIRST]
    told = look(bench, wanted)
    assert told.sight is Sight.PENDING
    assert told.note


def test_when_the_table_was_made_anew_nobody_gets_at_the_new_one(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    bench.clock.now += timedelta(days=1)
    bench.glue.drop("plant", "weld")
    bench.glue.table("plant", "weld", COLUMNS)
    told = look(bench, wanted)
    assert told.sight is Sight.DIFFERENT
    assert "made anew" in told.note
    before = len(sent(bench, "GrantPermissions"))
    with pytest.raises(Conflict, match="made anew") as refused:
        bench.fulfiller().apply(wanted, FIRST)
    readable(refused.value)
    assert len(sent(bench, "GrantPermissions")) == before
    removed(bench, wanted, FIRST)
    assert look(bench, wanted).sight is Sight.ABSENT


@pytest.mark.parametrize("words", ["", "Resource does not exist or requester is not authorized to access"])
def test_when_the_table_is_gone_the_grant_counts_as_removed(bench: LakeBench, words: str) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    bench.glue.drop("plant", "weld")
    bench.lake.drop("plant", "weld")
    with pytest.raises(Conflict, match="does not exist"):
        bench.fulfiller().apply(wanted, FIRST)
    if words:
        denial = Refusal("AccessDeniedException", 400, words)
        endpoint = bench.aws.service("lakeformation")
        for operation in ("RevokePermissions", "DeleteDataCellsFilter", "GetDataCellsFilter"):
            endpoint.fail(operation, denial)
    removed(bench, wanted, FIRST)
    if words:
        bench.lake.state.filters.clear()
    assert look(bench, wanted).sight is Sight.ABSENT


def test_when_a_table_that_is_there_may_not_be_seen_nothing_counts_as_removed(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    denial = Refusal("AccessDeniedException", 400, "Resource does not exist or requester is not authorized to access")
    bench.aws.service("lakeformation").fail("GetDataCellsFilter", denial)
    assert look(bench, wanted).sight is Sight.UNKNOWN


def test_when_a_filter_outlives_its_table_that_is_told_and_it_can_be_removed(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    bench.glue.drop("plant", "weld")
    assert look(bench, wanted).sight is Sight.DIFFERENT
    removed(bench, wanted, FIRST)
    assert look(bench, wanted).sight is Sight.ABSENT
    assert bench.lake.state.filters == {}


def test_when_a_granted_column_is_gone_that_is_told_by_its_name(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    bench.glue.table("plant", "weld", {"gun": "string"})
    assert "force" in look(bench, wanted).note
    with pytest.raises(Conflict, match="force"):
        bench.fulfiller().apply(wanted, FIRST)


def test_when_the_data_role_is_gone_people_read_so_and_the_filter_goes_all_the_same(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    bench.lake.state.deleted_roles.add(role("alice"))
    with pytest.raises(Unavailable) as refused:
        bench.fulfiller().apply(wanted, FIRST)
    assert refused.value.problem.code == "access.data_role_missing"
    readable(refused.value)
    removed(bench, wanted, FIRST)
    assert look(bench, wanted).sight is Sight.ABSENT
    assert bench.lake.state.filters == {}


def test_when_rows_are_asked_for_that_a_partition_column_lacks_it_is_refused_when_that_is_known(
    bench: LakeBench,
) -> None:
    bench.glue.table("plant", "weld", COLUMNS, PartitionKeys=[{"Name": "day", "Type": "string"}])
    bench.lake.state.tables["plant", "weld"].append("day")
    with_day = dataset(columns=(*dataset().columns, Column("day", "string")))
    wanted = Wanted(grant=grant(rows=ASKS_PARTITION), dataset=with_day)
    with pytest.raises(Invalid, match="partition"):
        bench.fulfiller().apply(wanted, "")
    assert bench.lake.state.filters == {}


def test_when_lake_formation_says_what_this_software_does_not_know_it_is_taken_for_more(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    news = {
        "Principal": {"DataLakePrincipalIdentifier": role("alice")},
        "Resource": {"Lagoon": {"Name": "deep"}},
        "Permissions": ["SELECT_ALL_AT_ONCE"],
    }
    page = Newer({"PrincipalResourcePermissions": [news]})
    bench.aws.service("lakeformation").fail("ListPermissions", Newer({}), page)
    assert look(bench, wanted).sight is Sight.DIFFERENT


def test_when_the_list_is_not_as_it_should_be_nothing_breaks(bench: LakeBench) -> None:
    wanted = bench.wanted()
    applied(bench, wanted)
    odd = {"PrincipalResourcePermissions": [{}], "NextToken": ""}
    bench.aws.service("lakeformation").fail("ListPermissions", Newer({}), Newer(odd))
    assert look(bench, wanted).sight is Sight.PRESENT


def test_when_one_grant_of_a_person_is_narrower_than_another_each_keeps_its_own_filter(bench: LakeBench) -> None:
    first = bench.wanted(FIRST)
    second = Wanted(grant=grant(SECOND, columns=("operator",), rows=None), dataset=dataset())
    applied(bench, first)
    applied(bench, second)
    removed(bench, second, SECOND)
    assert bench.lake.state.filters.keys() == {("plant", "weld", FIRST)}
    assert look(bench, first).sight is Sight.PRESENT


def test_when_the_policy_names_one_role_for_all_nothing_is_granted(
    bench: LakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = replace(bench.clients.aws, data_role=f"arn:aws:iam::{ACCOUNT}:role/everybody")
    monkeypatch.setattr(bench.clients, "aws", shared)
    with pytest.raises(Unavailable, match="one for each person"):
        bench.fulfiller().check(bench.wanted())
    assert bench.calls() == 0
