"""DataZone as a backend: one subscription of one project to one listing, read back, with the scope that was granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access.aws.datazone import DataZone
from jupyter_mlplatform.access.legs import Sight
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowtree import Equals
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.aws_bench import Wire
from tests.access.datazone_bench import HERE, NOW, WELD, DomainBench, portal, wanted
from tests.access.fulfiller_contract import FIRST, SECOND, Bench, FulfillerContract, applied, readable, removed, seen
from tests.aws.faults import EmptyPage, Newer
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, StrictAws


@pytest.fixture
def aws() -> Iterator[StrictAws]:
    made = StrictAws(lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def bench(aws: StrictAws) -> DomainBench:
    return DomainBench(aws)


class _Shared(FulfillerContract):
    """A project's subscription is everybody's in it: the grants of two people share it, and the last one ends it."""

    def test_when_two_people_are_granted_the_same_they_share_nothing(self, bench: Bench) -> None:
        hers, his = bench.wanted(FIRST, "alice"), bench.wanted(SECOND, "dave")
        assert bench.fulfiller().check(hers) == bench.fulfiller().check(his)
        handle = applied(bench, hers)
        assert applied(bench, his) == handle
        assert bench.held() == 1
        removed(bench, his, handle)
        assert seen(bench, hers, handle) is Sight.ABSENT


class TestDataZone(_Shared):
    @pytest.fixture
    def bench(self, aws: StrictAws) -> Bench:
        return DomainBench(aws)


class TestDataZoneWithFilters(_Shared):
    @pytest.fixture
    def bench(self, aws: StrictAws) -> Bench:
        return DomainBench(aws, columns=("gun", "force"), rows=Equals(column="gun", value="a"))


def test_when_a_grant_is_applied_one_listing_is_asked_for_one_project_and_accepted(
    bench: DomainBench, aws: StrictAws
) -> None:
    handle = bench.fulfiller().apply(wanted(), "")
    assert handle == "subscription/subscription1"
    (asked,) = aws.asked("CreateSubscriptionRequest")
    assert asked.input["subscribedPrincipals"] == [{"project": {"identifier": bench.project}}]
    assert asked.input["subscribedListings"] == [{"identifier": bench.listing}]
    assert "For alice, purpose model-training, until 2026-03-31 12:00 UTC." in asked.input["requestReason"]
    (accepted,) = aws.asked("AcceptSubscriptionRequest")
    assert "assetScopes" not in accepted.input


def test_when_a_grant_has_columns_and_rows_it_is_accepted_with_a_filter_of_each(
    bench: DomainBench, aws: StrictAws
) -> None:
    what = wanted(columns=("force", "gun"), rows=Equals(column="gun", value="a"))
    bench.fulfiller().apply(what, "")
    (accepted,) = aws.asked("AcceptSubscriptionRequest")
    (scope,) = accepted.input["assetScopes"]
    assert scope["assetId"] == f"asset-of-{bench.listing}"
    made = [bench.zone.state.filters[each]["configuration"] for each in scope["filterIds"]]
    assert made == [
        {"columnConfiguration": {"includedColumnNames": ["force", "gun"]}},
        {
            "rowConfiguration": {
                "rowFilter": {"expression": {"equalTo": {"columnName": "gun", "value": "a"}}},
                "sensitive": True,
            }
        },
    ]
    bench.fulfiller().apply(what, "")
    assert len(aws.asked("CreateAssetFilter")) == 2, "the same filters again"


def test_when_a_second_scope_of_the_table_is_granted_it_is_refused_and_the_first_stays(bench: DomainBench) -> None:
    first, second = wanted(FIRST), wanted(SECOND, columns=("gun",))
    assert bench.fulfiller().check(first) != bench.fulfiller().check(second)
    handle = applied(bench, first)
    with pytest.raises(Conflict, match="other columns or rows") as refused:
        bench.fulfiller().apply(second, "")
    readable(refused.value)
    assert seen(bench, first, handle) is Sight.PRESENT
    removed(bench, second, "")
    assert seen(bench, first, handle) is Sight.PRESENT, "what another grant needs is not taken away"
    removed(bench, first, handle)
    assert seen(bench, second, applied(bench, second)) is Sight.PRESENT


def test_when_the_platform_may_not_accept_the_request_waits_for_its_approver(
    bench: DomainBench, aws: StrictAws
) -> None:
    aws.service("datazone").fail("AcceptSubscriptionRequest", Refusal("AccessDeniedException", 403))
    handle = bench.fulfiller().apply(wanted(), "")
    assert handle == "request/request1"
    told = bench.fulfiller().observe(wanted(), handle)
    assert (told.sight, told.note) == (Sight.PENDING, "The request waits for its approver in DataZone.")
    portal(aws).accept_subscription_request(**HERE, identifier="request1")
    assert seen(bench, wanted(), handle) is Sight.PRESENT
    removed(bench, wanted(), handle)
    assert seen(bench, wanted(), handle) is Sight.ABSENT
    assert bench.held() == 0


def test_when_a_waiting_request_is_not_needed_any_more_it_is_taken_back(bench: DomainBench, aws: StrictAws) -> None:
    aws.service("datazone").fail("AcceptSubscriptionRequest", Refusal("AccessDeniedException", 403))
    handle = bench.fulfiller().apply(wanted(), "")
    bench.fulfiller().remove(wanted(), handle)
    assert bench.zone.state.requests == {}
    assert seen(bench, wanted(), handle) is Sight.ABSENT


def test_when_it_was_rejected_in_the_portal_it_is_not_asked_for_again(bench: DomainBench, aws: StrictAws) -> None:
    aws.service("datazone").fail("AcceptSubscriptionRequest", Refusal("AccessDeniedException", 403))
    handle = bench.fulfiller().apply(wanted(), "")
    portal(aws).reject_subscription_request(**HERE, identifier="request1", decisionComment="no")
    assert seen(bench, wanted(), handle) is Sight.ABSENT
    with pytest.raises(Forbidden, match="rejected in DataZone") as refused:
        bench.fulfiller().apply(wanted(), handle)
    readable(refused.value)
    assert len(aws.asked("CreateSubscriptionRequest")) == 1


def test_when_it_was_ended_in_the_portal_it_is_not_asked_for_again(bench: DomainBench, aws: StrictAws) -> None:
    handle = applied(bench, wanted())
    portal(aws).revoke_subscription(**HERE, identifier="subscription1", retainPermissions=False)
    assert seen(bench, wanted(), handle) is Sight.ABSENT
    with pytest.raises(Forbidden, match="ended in DataZone"):
        bench.fulfiller().apply(wanted(), handle)
    assert bench.held() == 0
    assert applied(bench, wanted(SECOND)) != handle, "a new grant is another matter"


def test_when_datazone_remembers_the_token_of_what_is_over_it_is_asked_for_anew(bench: DomainBench) -> None:
    removed(bench, wanted(), applied(bench, wanted()))
    handle = bench.fulfiller().apply(wanted(), "")
    assert handle == "subscription/subscription2"
    assert seen(bench, wanted(), handle) is Sight.PRESENT


def test_when_the_portal_accepts_our_request_with_more_than_was_granted_it_is_ended(
    bench: DomainBench, aws: StrictAws
) -> None:
    what = wanted(columns=("gun",))
    aws.service("datazone").fail("AcceptSubscriptionRequest", Refusal("AccessDeniedException", 403))
    handle = bench.fulfiller().apply(what, "")
    portal(aws).accept_subscription_request(**HERE, identifier="request1")
    assert seen(bench, what, handle) is Sight.DIFFERENT
    with pytest.raises(Conflict, match="has been ended"):
        bench.fulfiller().apply(what, handle)
    assert bench.held() == 0


def test_when_the_table_gains_a_column_the_grant_does_not(bench: DomainBench) -> None:
    handle = applied(bench, wanted())
    columns = tuple(each.name for each in WELD.columns)
    changed = wanted(dataset=replace(WELD, columns=(*WELD.columns, Column("worker", "string"))), columns=columns)
    assert seen(bench, changed, handle) is Sight.DIFFERENT
    with pytest.raises(Conflict, match="has been ended"):
        bench.fulfiller().apply(changed, handle)
    handle = applied(bench, changed, handle)
    assert seen(bench, changed, handle) is Sight.PRESENT
    (made,) = bench.zone.state.filters.values()
    assert "worker" not in made["configuration"]["columnConfiguration"]["includedColumnNames"]


def test_when_the_table_lost_a_column_the_grant_can_still_be_taken_away_without_its_handle(bench: DomainBench) -> None:
    applied(bench, wanted())
    columns = tuple(each.name for each in WELD.columns)
    removed(bench, wanted(dataset=replace(WELD, columns=WELD.columns[:1]), columns=columns), "")
    assert bench.held() == 0


def test_when_somebody_asked_for_it_in_the_portal_their_request_is_not_decided_by_us(
    bench: DomainBench, aws: StrictAws
) -> None:
    portal(aws).create_subscription_request(
        **HERE,
        subscribedPrincipals=[{"project": {"identifier": bench.project}}],
        subscribedListings=[{"identifier": bench.listing}],
        requestReason="mine",
    )
    with pytest.raises(Conflict, match="already asked for") as refused:
        bench.fulfiller().apply(wanted(), "")
    readable(refused.value)
    bench.fulfiller().remove(wanted(), "")
    assert bench.zone.state.requests["request1"]["status"] == "PENDING"


def test_when_the_listing_is_among_many_pages_it_is_found(bench: DomainBench, aws: StrictAws) -> None:
    bench.zone.page_size = 1
    bench.zone.state.listings.clear()
    for place in ("999988887777/plant/weld", f"{ACCOUNT}/other/weld", f"{ACCOUNT}/plant/welding"):
        bench.zone.listing("weld", "project2", place)
    bench.zone.listing("weld of somebody", "project2")
    right = bench.zone.listing("Points", "project2", f"{ACCOUNT}/plant/weld", nested=True)
    aws.service("datazone").fail("SearchListings", EmptyPage())
    bench.fulfiller().apply(wanted(), "")
    (asked,) = aws.asked("CreateSubscriptionRequest")
    assert asked.input["subscribedListings"] == [{"identifier": right}]


def test_when_the_table_is_not_published_or_twice_nothing_is_asked_for(bench: DomainBench, aws: StrictAws) -> None:
    bench.zone.listing("weld again", "project2", f"{ACCOUNT}/plant/weld")
    with pytest.raises(Conflict, match="several times") as refused:
        bench.fulfiller().apply(wanted(), "")
    readable(refused.value)
    bench.zone.state.listings.clear()
    with pytest.raises(NotFound, match="not published") as missing:
        bench.fulfiller().apply(wanted(), "")
    readable(missing.value)
    assert aws.asked("CreateSubscriptionRequest") == []
    assert seen(bench, wanted(), "") is Sight.ABSENT


@pytest.mark.parametrize(
    ("status", "asset", "sight"),
    [
        ("PENDING", "GRANT_PENDING", Sight.PENDING),
        ("IN_PROGRESS", "GRANT_IN_PROGRESS", Sight.PENDING),
        ("COMPLETED", "GRANTED", Sight.PRESENT),
        ("GRANT_FAILED", "GRANT_FAILED", Sight.ABSENT),
        ("COMPLETED", "REVOKED", Sight.ABSENT),
        ("INACCESSIBLE", "GRANTED", Sight.UNKNOWN),
        ("REVOKE_FAILED", "REVOKE_FAILED", Sight.UNKNOWN),
    ],
)
def test_when_datazone_tells_what_came_of_it_that_is_what_is_seen(
    bench: DomainBench, status: str, asset: str, sight: Sight
) -> None:
    handle = bench.fulfiller().apply(wanted(), "")
    bench.zone.fulfil("subscription1", status, asset)
    told = bench.fulfiller().observe(wanted(), handle)
    assert told.sight is sight
    assert told.note or sight is Sight.PRESENT


def test_when_nothing_has_come_of_it_yet_it_is_not_in_force(bench: DomainBench) -> None:
    handle = bench.fulfiller().apply(wanted(), "")
    bench.zone.state.grants.clear()
    assert bench.fulfiller().observe(wanted(), handle).sight is Sight.PENDING


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("GetSubscription", {"status": "QUARANTINED <b>"}),
        ("ListSubscriptionGrants", {"items": [{"status": "PAUSED", "subscriptionId": "subscription1"}]}),
    ],
)
def test_when_datazone_has_a_status_that_is_not_known_it_is_unknown_with_words(
    bench: DomainBench, aws: StrictAws, operation: str, members: dict[str, Any]
) -> None:
    handle = bench.fulfiller().apply(wanted(), "")
    aws.service("datazone").fail(operation, Newer(members))
    told = bench.fulfiller().observe(wanted(), handle)
    assert told.sight is Sight.UNKNOWN
    assert "not known here" in told.note
    assert "<" not in told.note


@pytest.mark.parametrize("gone", [True, False])
def test_when_a_filter_is_gone_or_not_valid_any_more_it_is_different(bench: DomainBench, gone: bool) -> None:
    what = wanted(columns=("gun",))
    handle = applied(bench, what)
    bench.zone.state.filters["filter1"]["status"] = "INVALID"
    if gone:
        bench.zone.state.filters.clear()
    assert seen(bench, what, handle) is Sight.DIFFERENT


def test_when_what_came_of_it_has_another_scope_than_the_subscription_it_is_different(bench: DomainBench) -> None:
    what = wanted(columns=("gun",))
    handle = applied(bench, what)
    for each in bench.zone.state.grants.values():
        del each["assets"][0]["assetScope"]
    assert seen(bench, what, handle) is Sight.DIFFERENT


def test_when_permissions_were_retained_in_the_portal_the_removal_takes_them_away(
    bench: DomainBench, aws: StrictAws
) -> None:
    handle = applied(bench, wanted())
    portal(aws).revoke_subscription(**HERE, identifier="subscription1", retainPermissions=True)
    assert seen(bench, wanted(), handle) is Sight.DIFFERENT
    removed(bench, wanted(), handle)
    assert seen(bench, wanted(), handle) is Sight.ABSENT


def test_when_the_revoke_is_still_going_on_it_is_not_taken_for_done(bench: DomainBench) -> None:
    handle = applied(bench, wanted())
    kept = dict(bench.zone.state.grants)
    bench.fulfiller().remove(wanted(), handle)
    bench.zone.state.grants = kept
    for status, asset, sight in (
        ("IN_PROGRESS", "REVOKE_IN_PROGRESS", Sight.PENDING),
        ("REVOKE_FAILED", "REVOKE_FAILED", Sight.DIFFERENT),
        ("COMPLETED", "REVOKED", Sight.ABSENT),
    ):
        bench.zone.fulfil("subscription1", status, asset)
        assert bench.fulfiller().observe(wanted(), handle).sight is sight


def test_when_a_subscription_is_ended_its_permissions_are_never_retained(bench: DomainBench, aws: StrictAws) -> None:
    removed(bench, wanted(), applied(bench, wanted()))
    (sent,) = aws.asked("RevokeSubscription")
    assert sent.input["retainPermissions"] is False


def test_when_the_platform_may_not_revoke_it_cancels_as_the_subscriber(bench: DomainBench, aws: StrictAws) -> None:
    handle = applied(bench, wanted())
    aws.service("datazone").fail("RevokeSubscription", Refusal("AccessDeniedException", 403))
    removed(bench, wanted(), handle)
    assert bench.subscription()["status"] == "CANCELLED"
    assert seen(bench, wanted(), handle) is Sight.ABSENT


def test_when_an_accepted_request_shows_no_subscription_yet_the_removal_waits(
    bench: DomainBench, aws: StrictAws
) -> None:
    aws.service("datazone").fail("ListSubscriptions", *[Newer({"items": []})] * 4)
    handle = bench.fulfiller().apply(wanted(), "")
    assert handle == "request/request1"
    aws.service("datazone").fail("ListSubscriptions", *[Newer({"items": []})] * 3)
    with pytest.raises(Unavailable, match="does not show its subscription yet") as refused:
        bench.fulfiller().remove(wanted(), handle)
    readable(refused.value)
    removed(bench, wanted(), handle)
    assert bench.held() == 0


def test_when_the_lists_lag_behind_a_lost_answer_it_is_tried_again(bench: DomainBench, aws: StrictAws) -> None:
    applied(bench, wanted())
    endpoint = aws.service("datazone")
    endpoint.fail("ListSubscriptions", Newer({"items": []}))
    with pytest.raises(Unavailable, match="does not show yet"):
        bench.fulfiller().apply(wanted(SECOND), "")
    assert bench.held() == 1


def test_when_no_project_is_configured_the_check_says_so() -> None:
    with pytest.raises(Invalid, match="cannot give out") as refused:
        DataZone(AwsAccess(account=ACCOUNT), Wire(None).clients).check(wanted())  # type: ignore[arg-type]
    readable(refused.value)
