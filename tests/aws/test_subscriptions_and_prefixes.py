"""DataZone and S3 Access Grants of the strict AWS, told through botocore's clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.access_grants import AccessGrants
from tests.aws.datazone import DOMAIN, DataZone
from tests.aws.faults import Newer
from tests.aws.signatures import Key
from tests.aws.strict import ACCOUNT, StrictAws

ALICE = f"arn:aws:iam::{ACCOUNT}:role/alice"
HERE: dict[str, Any] = {"AccountId": ACCOUNT}
OURS: dict[str, Any] = {"domainIdentifier": DOMAIN}


@pytest.fixture
def aws() -> Iterator[StrictAws]:
    made = StrictAws()
    yield made
    made.close()


@pytest.fixture
def zone(aws: StrictAws) -> DataZone:
    return DataZone(aws)


@pytest.fixture
def grants(aws: StrictAws) -> AccessGrants:
    return AccessGrants(aws)


def refused(what: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as error:
        what(**request)
    return str(error.value.response["Error"]["Code"])


def ask(client: Any, zone: DataZone, **changes: Any) -> Any:
    """A request of the first project for the first listing."""
    project = next(iter(zone.state.projects), None) or zone.project("line 2")
    listing = next(iter(zone.state.listings), None) or zone.listing("weld guns", zone.project("welding"))
    request = {
        "subscribedPrincipals": [{"project": {"identifier": project}}],
        "subscribedListings": [{"identifier": listing}],
        "requestReason": "wear of caps",
    }
    return client.create_subscription_request(**OURS, **{**request, **changes})


def test_when_a_subscription_is_accepted_it_is_fulfilled_and_ends_when_it_is_revoked(
    aws: StrictAws, zone: DataZone
) -> None:
    zone.instant = False
    client = aws.client("datazone")
    asked = ask(client, zone)
    assert asked["status"] == "PENDING"
    client.accept_subscription_request(**OURS, identifier=asked["id"], decisionComment="until summer")
    told = client.get_subscription_request_details(**OURS, identifier=asked["id"])
    assert (told["status"], told["decisionComment"]) == ("ACCEPTED", "until summer")
    (subscription,) = client.list_subscriptions(**OURS)["items"]
    assert (subscription["status"], subscription["subscriptionRequestId"]) == ("APPROVED", asked["id"])
    (granted,) = client.list_subscription_grants(**OURS, subscriptionId=subscription["id"])["items"]
    assert granted["status"] == "PENDING"
    zone.fulfil(subscription["id"])
    (granted,) = client.list_subscription_grants(**OURS, subscriptionId=subscription["id"])["items"]
    assert granted["status"] == "COMPLETED"
    client.revoke_subscription(**OURS, identifier=subscription["id"], retainPermissions=False)
    assert client.get_subscription(**OURS, identifier=subscription["id"])["status"] == "REVOKED"
    assert client.list_subscription_grants(**OURS, subscriptionId=subscription["id"])["items"] == []


def test_when_permissions_are_retained_the_revoked_subscription_still_reaches_the_data(
    aws: StrictAws, zone: DataZone
) -> None:
    client = aws.client("datazone")
    client.accept_subscription_request(**OURS, identifier=ask(client, zone)["id"])
    client.revoke_subscription(**OURS, identifier="subscription1", retainPermissions=True)
    assert len(client.list_subscription_grants(**OURS, subscriptionId="subscription1")["items"]) == 1


def test_when_a_request_is_decided_it_cannot_be_decided_again(aws: StrictAws, zone: DataZone) -> None:
    client = aws.client("datazone")
    asked = ask(client, zone)
    client.reject_subscription_request(**OURS, identifier=asked["id"], decisionComment="no")
    assert refused(client.accept_subscription_request, **OURS, identifier=asked["id"]) == "ConflictException"
    assert client.list_subscriptions(**OURS)["items"] == []


def test_when_the_same_is_asked_again_only_the_same_token_gives_the_same_request(
    aws: StrictAws, zone: DataZone
) -> None:
    client = aws.client("datazone")
    first = ask(client, zone, clientToken="token-1")
    assert ask(client, zone, clientToken="token-1")["id"] == first["id"]
    with pytest.raises(ClientError, match="ConflictException"):
        ask(client, zone, clientToken="token-2")


def test_when_two_listings_are_asked_for_at_once_datazone_refuses(aws: StrictAws, zone: DataZone) -> None:
    client = aws.client("datazone")
    two = [{"identifier": zone.listing(name, "project1")} for name in ("one", "two")]
    with pytest.raises(ClientError, match="ValidationException"):
        ask(client, zone, subscribedListings=two)
    assert "entries: more than 1" in str(aws.take_wrong())


def test_when_the_domain_or_the_subscription_is_not_there_datazone_says_so(aws: StrictAws, zone: DataZone) -> None:
    client = aws.client("datazone")
    assert refused(client.get_subscription, **OURS, identifier="nobody") == "ResourceNotFoundException"
    other = "dzd-zzzzzzzzzzzzz"
    assert refused(client.list_subscriptions, domainIdentifier=other) == "ResourceNotFoundException"


def test_when_datazone_has_a_status_that_our_model_does_not_know_it_arrives(aws: StrictAws, zone: DataZone) -> None:
    client = aws.client("datazone")
    client.accept_subscription_request(**OURS, identifier=ask(client, zone)["id"])
    aws.service("datazone").fail("GetSubscription", Newer({"status": "QUARANTINED"}))
    assert client.get_subscription(**OURS, identifier="subscription1")["status"] == "QUARANTINED"


def grant(client: Any, location: str, sub: str, permission: str = "READ", **changes: Any) -> Any:
    return client.create_access_grant(
        **HERE,
        AccessGrantsLocationId=location,
        AccessGrantsLocationConfiguration={"S3SubPrefix": sub},
        Grantee={"GranteeType": "IAM", "GranteeIdentifier": ALICE},
        Permission=permission,
        **changes,
    )


def alice(aws: StrictAws) -> Any:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/alice/notebook"
    return aws.client("s3control", aws.keys.add(Key("ASIAALICE00000000000", "secret", session, "token")))


def test_when_a_prefix_is_granted_keys_to_it_are_vended_until_it_is_deleted(
    aws: StrictAws, grants: AccessGrants
) -> None:
    client, hers = aws.client("s3control"), alice(aws)
    made = grant(client, grants.location("s3://lake/"), "orders/*")
    assert made["GrantScope"] == "s3://lake/orders/*"
    told = client.get_access_grant(**HERE, AccessGrantId=made["AccessGrantId"])
    assert told["Grantee"] == {"GranteeType": "IAM", "GranteeIdentifier": ALICE}
    with pytest.raises(ClientError, match="AccessGrantAlreadyExists"):
        grant(client, told["AccessGrantsLocationId"], "orders/*")
    request = {**HERE, "Target": "s3://lake/orders/2026/*", "Permission": "READ", "DurationSeconds": 900}
    vended = hers.get_data_access(**request)
    assert vended["MatchedGrantTarget"] == "s3://lake/orders/*"
    assert vended["Credentials"]["Expiration"] == grants.vended[0].expires
    assert hers.get_data_access(**request, Privilege="Minimal")["MatchedGrantTarget"] == "s3://lake/orders/2026/*"
    client.delete_access_grant(**HERE, AccessGrantId=made["AccessGrantId"])
    assert refused(hers.get_data_access, **request) == "AccessDenied"
    assert refused(client.delete_access_grant, **HERE, AccessGrantId=made["AccessGrantId"]) == "NoSuchAccessGrantError"


@pytest.mark.parametrize(
    ("target", "permission"),
    [("s3://lake/orders_hr/*", "READ"), ("s3://lake/orders/*", "WRITE"), ("s3://lake/*", "READ")],
)
def test_when_a_target_is_outside_of_the_grant_no_keys_are_vended(
    aws: StrictAws, grants: AccessGrants, target: str, permission: str
) -> None:
    grant(aws.client("s3control"), grants.location("s3://lake/"), "orders/*")
    assert refused(alice(aws).get_data_access, **HERE, Target=target, Permission=permission) == "AccessDenied"


def test_when_the_slash_is_forgotten_a_grant_covers_its_neighbour(aws: StrictAws, grants: AccessGrants) -> None:
    grant(aws.client("s3control"), grants.location("s3://lake/"), "orders")
    alice(aws).get_data_access(**HERE, Target="s3://lake/orders_hr/*", Permission="READ")


def test_when_grants_fill_more_than_a_page_the_pages_have_each_once(aws: StrictAws, grants: AccessGrants) -> None:
    grants.page_size = 2
    client = aws.client("s3control")
    location = grants.location("s3://lake/")
    for number in range(3):
        grant(client, location, f"orders{number}/*")
    first = client.list_access_grants(**HERE, GranteeIdentifier=ALICE)
    second = client.list_access_grants(**HERE, GranteeIdentifier=ALICE, NextToken=first["NextToken"])
    seen = [each["GrantScope"] for answer in (first, second) for each in answer["AccessGrantsList"]]
    assert seen == [f"s3://lake/orders{number}/*" for number in range(3)]
    assert "NextToken" not in second


def test_when_the_duration_is_shorter_than_a_session_can_be_it_is_refused(aws: StrictAws, grants: AccessGrants) -> None:
    hers = alice(aws)
    request = {**HERE, "Target": "s3://lake/*", "Permission": "READ"}
    assert refused(hers.get_data_access, **request, DurationSeconds=43201) == "InvalidRequest"
    assert "more than 43200" in str(aws.take_wrong())
