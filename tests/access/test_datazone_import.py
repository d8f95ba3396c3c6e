"""Decisions of DataZone's own portal: taken over as grants with an end, or ended at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from jupyter_mlplatform.access import legs
from jupyter_mlplatform.access.aws import datazone_filters
from jupyter_mlplatform.access.aws.datazone import DataZone, mark
from jupyter_mlplatform.access.aws.datazone_import import (
    Adopt,
    Break,
    Ended,
    Finding,
    Pass,
    Portal,
    Subscription,
    judge,
)
from jupyter_mlplatform.access.legs import Leg, LegState, Sight, Wanted
from jupyter_mlplatform.access.models import Column, Dataset, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.access.rowtree import Equals
from jupyter_mlplatform.policy import AccessPolicy, Condition, Guardrail, Stage
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.aws_bench import Wire
from tests.aws import datazone
from tests.aws.datazone import DOMAIN
from tests.aws.faults import Newer
from tests.aws.signatures import Key
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, StrictAws

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
HERE = {"domainIdentifier": DOMAIN}
AWS = AwsAccess(
    account=ACCOUNT,
    data_role=f"arn:aws:iam::{ACCOUNT}:role/data-{{person}}",
    datazone_domain=DOMAIN,
    datazone_project="project1",
)
POLICY = AccessPolicy(max_days={"internal": 180, "confidential": 90}, left=("lee",))
WELD = Dataset(
    id="weld",
    title="Welding",
    owner="bob",
    location=f"glue://{ACCOUNT}/plant/weld",
    kind=Kind.GLUE_TABLE,
    backend="datazone",
    classification="confidential",
    columns=(Column("gun", "string"), Column("force", "double"), Column("worker", "string", tags=("personal",))),
    registered_at=NOW,
)
FOUND = Subscription(
    id="subscription1",
    request_id="request1",
    location=WELD.location,
    requester="alice",
    approver="bob",
    reason="wear of caps",
    decided_at=NOW - timedelta(days=1),
)


def judged(found: Subscription = FOUND, dataset: Dataset | None = WELD, policy: AccessPolicy = POLICY) -> Finding:
    return judge(found, dataset, policy, NOW)


def broken(found: Subscription = FOUND, dataset: Dataset = WELD, policy: AccessPolicy = POLICY) -> str:
    finding = judged(found, dataset, policy)
    assert isinstance(finding, Break), finding
    return " ".join(finding.because)


def test_when_the_portal_decided_within_the_policy_it_becomes_a_grant_with_the_longest_end() -> None:
    finding = judged()
    assert isinstance(finding, Adopt)
    assert finding.scope == Scope(dataset_id="weld", columns=("gun", "force", "worker"))
    assert (finding.not_before, finding.not_after) == (FOUND.decided_at, FOUND.decided_at + timedelta(days=90))


def test_when_it_has_filters_the_grant_has_their_scope() -> None:
    columns = {"columnConfiguration": {"includedColumnNames": ["force", "gun"]}}
    rows = datazone_filters.of_rows(Equals(column="gun", value="a"), WELD.columns)
    finding = judged(replace(FOUND, filters=(rows, columns)))
    assert isinstance(finding, Adopt)
    assert finding.scope.columns == ("gun", "force")
    assert finding.scope.rows == Equals(column="gun", value="a")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decided_at": NOW - timedelta(days=90)}, "longer than 90 days"),
        ({"approver": "alice"}, "approved it, too"),
        ({"approver": "Alice."}, "approved it, too"),
        ({"requester": ""}, "nobody who is known"),
        ({"approver": ""}, "nobody who is known"),
        ({"requester": "lee"}, "has left"),
        ({"approver": "policy"}, "under the name"),
        ({"readable": False}, "cannot be read"),
        ({"filters": ({"columnConfiguration": {"includedColumnNames": ["gone"]}},)}, "not those of the dataset"),
        ({"filters": ({"rowConfiguration": {"rowFilter": {"xor": []}}},)}, "a grant cannot say"),
        ({"filters": ({"columnConfiguration": {"includedColumnNames": ["gun"]}},) * 2}, "several of a kind"),
    ],
)
def test_when_it_breaks_the_policy_it_is_to_be_ended(changes: dict[str, Any], words: str) -> None:
    assert words in broken(replace(FOUND, **changes))


def test_when_four_eyes_are_not_asked_for_one_pair_is_enough() -> None:
    alone = replace(FOUND, requester="ada", approver="ada")
    assert isinstance(judged(alone, policy=replace(POLICY, admins=("ada",), four_eyes=False)), Adopt)
    assert isinstance(judged(alone, policy=replace(POLICY, admins=("ada",))), Break)


def test_when_a_guardrail_forbids_it_whatever_the_purpose_it_is_to_be_ended() -> None:
    when = Condition(column_tags=("personal",), purposes=("reporting",))
    policy = replace(POLICY, guardrails=(Guardrail(name="people", when=when, because="Never people."),))
    assert "Never people. (rule 'people' of the policy)" in broken(policy=policy)
    columns = {"columnConfiguration": {"includedColumnNames": ["gun"]}}
    assert isinstance(judged(replace(FOUND, filters=(columns,)), policy=policy), Adopt)
    rows = datazone_filters.of_rows(Equals(column="worker", value="w"), WELD.columns)
    assert "Never people." in broken(replace(FOUND, filters=(columns, rows)), policy=policy), "rows tell of it, too"


def test_when_the_policy_asks_for_more_or_other_approvers_it_is_to_be_ended() -> None:
    owner, protection = Stage(name="owner", approvers=("owner",)), Stage(name="protection", approvers=("dora",))
    assert "2 approvals (owner, protection)" in broken(policy=replace(POLICY, stages=(owner, protection)))
    assert "not among the approvers" in broken(policy=replace(POLICY, stages=(protection,)))
    assert isinstance(judged(replace(FOUND, approver="dora"), policy=replace(POLICY, stages=(protection,))), Adopt)


def test_when_the_dataset_is_retired_it_is_to_be_ended_and_when_it_is_none_of_ours_it_is_left_alone() -> None:
    assert "retired" in broken(dataset=replace(WELD, live=False))
    assert isinstance(judged(dataset=None), Pass)
    product = judged(replace(FOUND, location=""))
    assert isinstance(product, Pass)
    assert "look at it in DataZone" in product.because
    assert isinstance(judged(dataset=replace(WELD, backend="lake_formation")), Pass)


class Office:
    """DataZone with one published table, two people and the platform."""

    def __init__(self, aws: StrictAws) -> None:
        self.aws = aws
        self.wire = Wire(aws)
        self.zone = datazone.DataZone(aws)
        self.project = self.zone.project("line 2")
        self.listing = self.zone.listing("Welding", self.zone.project("welding"), f"{ACCOUNT}/plant/weld")
        sso = {"sso": {"username": "alice"}}
        self.people = {
            "alice": self.zone.user(1, sso),
            "bob": self.zone.user(2, {"iam": {"arn": f"arn:aws:iam::{ACCOUNT}:role/data-bob"}}),
            "mallory": self.zone.user(3, {"iam": {"arn": f"arn:aws:iam::{ACCOUNT}:role/admin"}}),
        }
        self.clients = {
            name: aws.client("datazone", aws.keys.add(Key(f"AKIA{name.upper():0<16}", name, user)))
            for name, user in self.people.items()
        }

    def portal(self) -> Portal:
        return Portal(AWS, self.wire.clients)

    def decide(self, requester: str = "alice", approver: str = "bob", reason: str = "wear", **scope: Any) -> str:
        """The id of a subscription that people of the portal made."""
        asked = self.clients[requester].create_subscription_request(
            **HERE,
            subscribedPrincipals=[{"project": {"identifier": self.project}}],
            subscribedListings=[{"identifier": self.listing}],
            requestReason=reason,
        )
        self.clients[approver].accept_subscription_request(**HERE, identifier=asked["id"], **scope)
        return next(reversed(self.zone.state.subscriptions))

    def filter(self, configuration: dict[str, Any]) -> dict[str, Any]:
        asset = f"asset-of-{self.listing}"
        made = self.clients["bob"].create_asset_filter(
            **HERE, assetIdentifier=asset, name="by hand", configuration=configuration
        )
        return {"assetScopes": [{"assetId": asset, "filterIds": [made["id"]]}]}


@pytest.fixture
def aws() -> Iterator[StrictAws]:
    made = StrictAws(lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def office(aws: StrictAws) -> Office:
    return Office(aws)


def wanted(**scope: Any) -> Wanted:
    grant = Grant(
        id="g-1",
        request_id="r-1",
        subject="alice",
        scope=Scope(**{"dataset_id": "weld", "columns": ("gun", "force", "worker"), **scope}),
        dataset_title="Welding",
        owner="bob",
        purpose="reporting",
        not_before=NOW,
        not_after=NOW + timedelta(days=30),
        state=GrantState.FULFILLING,
        version=1,
        approved_by="bob",
        backend="datazone",
    )
    return Wanted(grant=grant, dataset=WELD)


def leg(office: Office, handle: str, **changes: Any) -> Leg:
    what = wanted()
    planned = legs.plan(what.grant, what.dataset, DataZone(AWS, office.wire.clients).check(what))
    return replace(planned, **{"handle": handle, "state": LegState.VERIFIED, **changes})


def test_when_somebody_decided_in_the_portal_it_is_found_with_the_names_of_people(office: Office) -> None:
    identifier = office.decide(reason="wear\nof\x1b caps")
    (found,) = office.portal().decided(())
    assert found == Subscription(
        id=identifier,
        request_id="request1",
        location=WELD.location,
        requester="alice",
        approver="bob",
        reason="wear of  caps",
        decided_at=found.decided_at,
    )
    assert found.decided_at == NOW
    assert found.handle == f"subscription/{identifier}"


def test_when_it_was_taken_over_or_is_our_own_it_is_not_found_again(office: Office) -> None:
    identifier = office.decide()
    assert office.portal().decided((leg(office, f"subscription/{identifier}"),)) == ()
    assert office.portal().decided((leg(office, "request/request1"),)) == ()
    assert len(office.portal().decided((leg(office, "subscription/another"),))) == 1


def test_when_the_answer_to_our_own_was_lost_it_is_left_to_its_leg(office: Office) -> None:
    DataZone(AWS, office.wire.clients).apply(wanted(), "")
    assert office.portal().decided((leg(office, ""),)) == ()
    other = replace(leg(office, ""), grant_id="g-2", id="g-2/datazone")
    assert len(office.portal().decided((other,))) == 1
    other = replace(leg(office, ""), entitlement="datazone:other")
    assert len(office.portal().decided((other,))) == 1


def test_when_somebody_writes_what_we_write_into_a_reason_it_is_found_all_the_same(office: Office) -> None:
    office.decide(reason=mark("g-1"))
    assert len(office.portal().decided((leg(office, ""),))) == 1


def test_when_it_was_restricted_in_the_portal_the_filters_are_read_and_fit_the_grant(office: Office) -> None:
    scope = office.filter({"columnConfiguration": {"includedColumnNames": ["gun"]}})
    office.decide(**scope)
    (found,) = office.portal().decided(())
    finding = judged(found)
    assert isinstance(finding, Adopt)
    assert finding.scope.columns == ("gun",)
    taken_over = wanted(columns=finding.scope.columns)
    fulfiller = DataZone(AWS, office.wire.clients)
    assert fulfiller.observe(taken_over, found.handle).sight is Sight.PRESENT
    fulfiller.remove(taken_over, found.handle)
    assert fulfiller.observe(taken_over, found.handle).sight is Sight.ABSENT


def test_when_a_filter_cannot_be_read_that_is_told(office: Office) -> None:
    office.decide(**office.filter({"columnConfiguration": {"includedColumnNames": ["gun"]}}))
    office.zone.state.filters.clear()
    (found,) = office.portal().decided(())
    assert not found.readable
    assert isinstance(judged(found), Break)


def test_when_users_are_nobody_known_here_their_names_are_empty(office: Office) -> None:
    office.decide("mallory", "mallory")
    (found,) = office.portal().decided(())
    assert (found.requester, found.approver) == ("", "")
    office.zone.state.users.clear()
    (found,) = office.portal().decided(())
    assert (found.requester, found.approver) == ("", "")


def test_when_another_project_has_a_subscription_it_is_none_of_ours(office: Office, aws: StrictAws) -> None:
    mine, office.project = office.project, office.zone.project("line 3")
    office.decide()
    office.project = mine
    assert office.portal().decided(()) == ()
    told = {"items": list(office.zone.state.subscriptions.values())}
    aws.service("datazone").fail("ListSubscriptions", Newer(told))
    assert office.portal().decided(()) == (), "also if the list has it"


def test_when_the_subscription_does_not_tell_its_table_the_listing_does(office: Office) -> None:
    office.decide()
    assert "forms" not in office.zone.state.subscriptions["subscription1"]["subscribedListing"]["item"]["assetListing"]
    (found,) = office.portal().decided(())
    assert found.location == WELD.location
    office.zone.state.listings.clear()
    (found,) = office.portal().decided(())
    assert found.location == ""


def test_when_one_breaks_the_policy_it_is_ended_with_its_permissions_and_twice_is_no_error(
    office: Office, aws: StrictAws
) -> None:
    office.decide("alice", "alice")
    (found,) = office.portal().decided(())
    assert isinstance(judged(found), Break)
    for _ in range(2):
        office.portal().end(found)
    assert office.zone.state.subscriptions[found.id]["status"] == "REVOKED"
    assert office.zone.state.grants == {}
    assert office.portal().decided(()) == ()


def test_when_a_status_is_new_to_us_it_is_no_approved_subscription(office: Office, aws: StrictAws) -> None:
    office.decide()
    odd = {"id": "s", "status": "PAUSED", "subscribedPrincipal": {"project": {"id": office.project}}}
    aws.service("datazone").fail("ListSubscriptions", Newer({"items": [odd]}))
    assert office.portal().decided(()) == ()


def test_when_somebody_ends_a_grant_in_the_portal_that_is_told_with_their_name(office: Office) -> None:
    handle = DataZone(AWS, office.wire.clients).apply(wanted(), "")
    office.clients["bob"].revoke_subscription(**HERE, identifier="subscription1", retainPermissions=False)
    gone = leg(office, handle, state=LegState.DRIFTED)
    assert office.portal().ended((gone,)) == (Ended("g-1/datazone", "g-1", "bob"),)
    assert office.portal().ended((replace(gone, wanted=False),)) == ()


def test_when_somebody_refuses_our_request_in_the_portal_that_is_told(office: Office, aws: StrictAws) -> None:
    aws.service("datazone").fail("AcceptSubscriptionRequest", Refusal("AccessDeniedException", 403))
    handle = DataZone(AWS, office.wire.clients).apply(wanted(), "")
    gone = leg(office, handle, state=LegState.DRIFTED)
    assert office.portal().ended((gone,)) == ()
    office.clients["bob"].reject_subscription_request(**HERE, identifier="request1")
    assert office.portal().ended((gone,)) == (Ended("g-1/datazone", "g-1", "bob"),)


def test_when_the_platform_ended_it_nobody_else_did(office: Office) -> None:
    fulfiller = DataZone(AWS, office.wire.clients)
    handle = fulfiller.apply(wanted(), "")
    fulfiller.remove(wanted(), handle)
    assert office.portal().ended((leg(office, handle, state=LegState.DRIFTED),)) == ()
