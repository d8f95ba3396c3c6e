"""One DataZone domain, seen by one project: its listings, requests, subscriptions and what came of them.

Lists are read to their end, also over pages with nothing on them. Source: Amazon DataZone API Reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from jupyter_mlplatform.access.aws import failures, lake_places
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.datazone_filters import Configuration
from jupyter_mlplatform.access.aws.lake_places import Table
from jupyter_mlplatform.access.models import Dataset, Kind
from jupyter_mlplatform.errors import Conflict, Invalid, NotFound, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess

APPROVED = "APPROVED"
OVER = ("REVOKED", "CANCELLED")
_FORM = "GlueTableForm"
_PAGE = 50
_MOST_PAGES = 400


class Listing(NamedTuple):
    """A published table: what is asked for (``id``) and what it is made of (``asset``)."""

    id: str
    asset: str


def table_of(dataset: Dataset) -> Table:
    """The table of a dataset. Raises ``Invalid`` for another kind."""
    if dataset.kind is not Kind.GLUE_TABLE:
        raise Invalid(
            "access.datazone_kind",
            "Amazon DataZone gives out tables of the Glue catalogue only.",
            cause=f"{dataset.id} is something else.",
            next_step="Tell your platform team: the policy names the wrong backend for it.",
        )
    return lake_places.table(dataset.location)


def table_in(forms: str | None) -> Table | None:
    """The Glue table that the forms of a listing name, None where they name none.

    Observed in published code: a JSON object by the forms' names, whose values are objects or JSON text of one.
    """
    found: Any = _object(_object(forms).get(_FORM))
    arn = str(found.get("tableArn", "")).split(":", 5)
    if len(arn) == 6 and arn[2] == "glue" and arn[5].startswith("table/"):
        _, database, name = [*arn[5].split("/", 2), "", ""][:3]
        return Table(str(found.get("catalogId") or arn[4]), database, name) if name else None
    told = [found.get(each) for each in ("catalogId", "databaseName", "tableName")]
    return Table(*map(str, told)) if all(told) else None


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


class Domain:
    """The calls. What they raise is for people."""

    def __init__(self, aws: AwsAccess, clients: Clients) -> None:
        self._clients = clients
        self._project = aws.datazone_project
        self._here = {"domainIdentifier": aws.datazone_domain}

    @property
    def name(self) -> str:
        """What tells this domain and project from others."""
        return f"{self._here['domainIdentifier']}/{self._project}"

    def _call(self, operation: str, action: str, **request: Any) -> dict[str, Any]:
        with failures.told(f"datazone:{action}"):
            client = self._clients.client("datazone")
            answer: dict[str, Any] = getattr(client, operation)(**self._here, **request)
            return answer

    def _missable(self, operation: str, action: str, **request: Any) -> dict[str, Any] | None:
        """The answer, None for what does not exist."""
        try:
            client = self._clients.client("datazone")
            answer: dict[str, Any] = getattr(client, operation)(**self._here, **request)
        except Exception as error:
            if failures.code(error) == "ResourceNotFoundException":
                return None
            with failures.told(f"datazone:{action}"):
                raise
        return answer

    def _all(self, operation: str, action: str, **request: Any) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = self._call(operation, action, maxResults=_PAGE, **token, **request)
            yield from answer.get("items") or ()
            if not answer.get("nextToken"):
                return
            token = {"nextToken": answer["nextToken"]}
        raise Unavailable(
            "access.datazone_too_much",
            "DataZone lists more than can be looked through.",
            cause=f"{action} went on after {_MOST_PAGES} pages.",
            next_step="Tell your platform team.",
        )

    def listing(self, table: Table) -> Listing:
        """The listing of a table. Raises ``NotFound`` for none and ``Conflict`` for several."""
        found = self.listings(table)
        if len(found) == 1:
            return found[0]
        if not found:
            raise NotFound(
                "access.datazone_unlisted",
                "This table is not published in DataZone.",
                cause=f"No listing of the domain is about {table.database}.{table.name}.",
                next_step="Ask the owner of the dataset to publish it there.",
            )
        raise Conflict(
            "access.datazone_listed_twice",
            "This table is published several times in DataZone.",
            cause=f"{len(found)} listings are about {table.database}.{table.name}.",
            next_step="Ask the owner of the dataset to leave one of them.",
        )

    def listings(self, table: Table) -> list[Listing]:
        """All listings of a table. All of the domain are looked at: a search by words could overlook a second one."""
        found = set()
        for item in self._all("search_listings", "SearchListings", additionalAttributes=["FORMS"]):
            each = item.get("assetListing") or {}
            named = table_in((each.get("additionalAttributes") or {}).get("forms"))
            if named == table and each.get("listingId") and each.get("entityId"):
                found.add(Listing(each["listingId"], each["entityId"]))
        return sorted(found)

    def table(self, listing: str) -> Table | None:
        """The table that a listing is about, None where it is gone or about something else."""
        found = self._missable("get_listing", "GetListing", identifier=listing) or {}
        return table_in(((found.get("item") or {}).get("assetListing") or {}).get("forms"))

    def request(self, identifier: str) -> dict[str, Any] | None:
        """A request, None when it is gone."""
        return self._missable(
            "get_subscription_request_details", "GetSubscriptionRequestDetails", identifier=identifier
        )

    def pending(self, listing: str) -> dict[str, Any] | None:
        """The open request of our project for a listing."""
        asked = {"subscribedListingId": listing, "owningProjectId": self._project, "status": "PENDING"}
        for each in self._all("list_subscription_requests", "ListSubscriptionRequests", **asked):
            listings = {told.get("id") for told in each.get("subscribedListings") or ()}
            mine = any(map(self._ours, each.get("subscribedPrincipals") or ()))
            if each.get("status") == "PENDING" and listing in listings and mine:
                return each
        return None

    def ask(self, listing: str, reason: str, token: str) -> dict[str, Any]:
        """Ask for one listing for our project. The same token asks once."""
        request: dict[str, Any] = {
            "subscribedPrincipals": [{"project": {"identifier": self._project}}],
            "subscribedListings": [{"identifier": listing}],
            "requestReason": reason[:4096],
            "clientToken": token,
        }
        try:
            client = self._clients.client("datazone")
            made: dict[str, Any] = client.create_subscription_request(**self._here, **request)
        except Exception as error:
            if failures.code(error) == "ConflictException":
                raise Unavailable(
                    "access.datazone_not_listed_yet",
                    "DataZone has a request or a subscription for this table that it does not show yet.",
                    next_step="This is tried again by itself.",
                ) from error
            with failures.told("datazone:CreateSubscriptionRequest"):
                raise
        return made

    def accept(self, identifier: str, asset: str, filters: list[str]) -> bool:
        """Approve a request with these filters. False when the platform's role may not, or it was decided already."""
        scope = {"assetScopes": [{"assetId": asset, "filterIds": filters}]} if filters else {}
        try:
            self._clients.client("datazone").accept_subscription_request(
                **self._here, identifier=identifier, decisionComment="Decided in the ML workspace.", **scope
            )
        except Exception as error:
            if failures.code(error) in ("AccessDeniedException", "UnauthorizedException", "ConflictException"):
                return False
            with failures.told("datazone:AcceptSubscriptionRequest"):
                raise
        return True

    def withdraw(self, identifier: str) -> None:
        """Take back an open request."""
        self._missable("delete_subscription_request", "DeleteSubscriptionRequest", identifier=identifier)

    def subscription(self, identifier: str) -> dict[str, Any] | None:
        """A subscription, None when it is gone."""
        return self._missable("get_subscription", "GetSubscription", identifier=identifier)

    def made_of(self, request: str) -> dict[str, Any] | None:
        """The subscription that an accepted request became, whatever became of that."""
        for status in (APPROVED, *OVER):
            asked = {"subscriptionRequestIdentifier": request, "status": status}
            for each in self._all("list_subscriptions", "ListSubscriptions", **asked):
                if each.get("subscriptionRequestId") == request:
                    return each
        return None

    def approved(self, listing: str | None = None) -> Iterator[dict[str, Any]]:
        """The subscriptions of our project, to one listing or to all."""
        which = {} if listing is None else {"subscribedListingId": listing}
        asked = {"owningProjectId": self._project, "status": APPROVED, **which}
        for each in self._all("list_subscriptions", "ListSubscriptions", **asked):
            mine = self._ours(each.get("subscribedPrincipal") or {})
            about = (each.get("subscribedListing") or {}).get("id")
            if mine and each.get("status") == APPROVED and listing in (None, about):
                yield each

    def _ours(self, principal: dict[str, Any]) -> bool:
        return bool((principal.get("project") or {}).get("id") == self._project)

    def revoke(self, identifier: str) -> None:
        """End a subscription and what it gave. The subscriber's own way is tried where the publisher's is not open."""
        try:
            client = self._clients.client("datazone")
            client.revoke_subscription(**self._here, identifier=identifier, retainPermissions=False)
        except Exception as error:
            code = failures.code(error)
            if code == "ResourceNotFoundException":
                return
            if code in ("AccessDeniedException", "UnauthorizedException"):
                self._missable("cancel_subscription", "CancelSubscription", identifier=identifier)
                return
            now = self.subscription(identifier) if code == "ConflictException" else None
            if now is not None and now.get("status") in OVER:
                return
            with failures.told("datazone:RevokeSubscription"):
                raise

    def fulfilments(self, subscription: str) -> list[dict[str, Any]]:
        """What came of a subscription, by subscription target."""
        asked = {"subscriptionId": subscription}
        found = self._all("list_subscription_grants", "ListSubscriptionGrants", **asked)
        return [each for each in found if each.get("subscriptionId", subscription) == subscription]

    def undo(self, fulfilment: str) -> None:
        """Take away what came of a subscription."""
        self._missable("delete_subscription_grant", "DeleteSubscriptionGrant", identifier=fulfilment)

    def filters(self, asset: str) -> dict[str, str]:
        """The ids of an asset's filters by their names."""
        found = self._all("list_asset_filters", "ListAssetFilters", assetIdentifier=asset)
        return {each["name"]: each["id"] for each in found}

    def filter(self, asset: str, identifier: str) -> dict[str, Any] | None:
        """A filter with its configuration, None when it is gone."""
        return self._missable("get_asset_filter", "GetAssetFilter", assetIdentifier=asset, identifier=identifier)

    def make_filter(self, asset: str, name: str, configuration: Configuration) -> str:
        """The id of a new filter."""
        made = self._call(
            "create_asset_filter",
            "CreateAssetFilter",
            assetIdentifier=asset,
            name=name,
            configuration=configuration,
        )
        return str(made["id"])

    def mend_filter(self, asset: str, identifier: str, configuration: Configuration) -> None:
        """Give a filter the content that it should have."""
        self._call(
            "update_asset_filter",
            "UpdateAssetFilter",
            assetIdentifier=asset,
            identifier=identifier,
            configuration=configuration,
        )

    def profile(self, user: str) -> dict[str, Any] | None:
        """Who a user of the domain is, None when nobody."""
        return self._missable("get_user_profile", "GetUserProfile", userIdentifier=user)
