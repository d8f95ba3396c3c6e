"""DataZone behind the strict AWS: listings, filters, requests, decisions, subscriptions and what came of them."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any

from tests.aws.pages import page
from tests.aws.stand_in import Refusal
from tests.aws.strict import REGION, Call, StrictAws

DOMAIN = "dzd-abcdefgh12345"
_INVALID = Refusal("ValidationException")
_GONE = Refusal("ResourceNotFoundException", 404)


@dataclass
class State:
    """All by id: what may be asked for and by whom, requests, subscriptions, fulfilments."""

    listings: dict[str, dict[str, Any]] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)


class DataZone:
    """One domain. ``instant`` false: a decision is fulfilled only when the test says ``fulfil``."""

    def __init__(self, aws: StrictAws) -> None:
        self._aws = aws
        self.state = State()
        self.page_size = 25
        self.instant = True
        endpoint = aws.service("datazone")
        endpoint.hold(self)
        for name, behaviour in {
            "CreateSubscriptionRequest": self._create,
            "GetSubscriptionRequestDetails": self._request,
            "ListSubscriptionRequests": self._requests,
            "AcceptSubscriptionRequest": self._accept,
            "RejectSubscriptionRequest": self._reject,
            "GetSubscription": self._subscription,
            "ListSubscriptions": self._subscriptions,
            "RevokeSubscription": self._revoke,
            "ListSubscriptionGrants": self._grants,
            "DeleteSubscriptionGrant": self._undo,
            "DeleteSubscriptionRequest": self._withdraw,
            "CancelSubscription": self._cancel,
            "SearchListings": self._search,
            "GetListing": self._get_listing,
            "CreateAssetFilter": self._make_filter,
            "GetAssetFilter": self._filter,
            "ListAssetFilters": self._filters,
            "UpdateAssetFilter": self._mend_filter,
            "GetUserProfile": self._user,
        }.items():
            endpoint.on(name, behaviour)

    def listing(self, name: str, owner: str, table: str = "", *, nested: bool = False) -> str:
        """The id of a new listing, published by the project ``owner``.

        ``table``: ``account/database/table`` of the Glue catalogue. Observed (published code): its form has the ARN,
        and is an object or, ``nested``, the JSON text of one.
        """
        identifier = f"listing{len(self.state.listings) + 1}"
        self.state.listings[identifier] = {"name": name, "owner": owner}
        if table:
            account, database, known = table.split("/")
            form: Any = {
                "tableArn": f"arn:aws:glue:{REGION}:{account}:table/{database}/{known}",
                "catalogId": account,
                "tableName": known,
            }
            told: dict[str, Any] = {
                "GlueTableForm": json.dumps(form) if nested else form,
                "AssetCommonDetailsForm": {"tags": []},
            }
            self.state.listings[identifier]["forms"] = json.dumps(told)
        return identifier

    def user(self, number: int, details: dict[str, Any]) -> str:
        """The id of a user, who is known by ``details`` as the model has them."""
        identifier = f"00000000-0000-4000-8000-{number:012d}"
        self.state.users[identifier] = details
        return identifier

    def project(self, name: str) -> str:
        """The id of a new project."""
        identifier = f"project{len(self.state.projects) + 1}"
        self.state.projects[identifier] = name
        return identifier

    def fulfil(self, subscription: str, status: str = "COMPLETED", asset: str = "GRANTED") -> None:
        """What became of the subscription's fulfilment, in all and for its asset."""
        for grant in self.state.grants.values():
            if grant["subscriptionId"] == subscription:
                grant["status"] = status
                grant["assets"][0]["status"] = asset
                grant["updatedAt"] = self._aws.now()

    def _domain(self, request: dict[str, Any]) -> None:
        if request["domainIdentifier"] != DOMAIN:
            raise _GONE

    def _created(self, call: Call) -> dict[str, Any]:
        now = self._aws.now()
        return {"createdBy": call.principal, "createdAt": now, "updatedAt": now, "domainId": DOMAIN}

    def _create(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Documented: the same ``clientToken`` makes nothing new."""
        self._domain(request)
        token = request.get("clientToken")
        if token in self.state.tokens:
            return self.state.requests[self.state.tokens[token]]
        principal, listing = request["subscribedPrincipals"][0], request["subscribedListings"][0]
        project = principal.get("project", {}).get("identifier", "")
        if project not in self.state.projects or listing["identifier"] not in self.state.listings:
            raise _GONE
        if self._same(project, listing["identifier"]):
            raise Refusal("ConflictException", 409)  # assumed: of an open request or a subscription there is one
        identifier = f"request{len(self.state.requests) + 1}"
        known = self.state.listings[listing["identifier"]]
        made = {
            "id": identifier,
            **self._created(call),
            "status": "PENDING",
            "requestReason": request["requestReason"],
            "subscribedPrincipals": [{"project": {"id": project, "name": self.state.projects[project]}}],
            "subscribedListings": [_told(listing["identifier"], known)],
        }
        self.state.requests[identifier] = made
        if token:
            self.state.tokens[token] = identifier
        return made

    def _same(self, project: str, listing: str) -> bool:
        pending = [each for each in self.state.requests.values() if each["status"] == "PENDING"]
        for each in pending:
            if _about(each) == (project, listing):
                return True
        approved = [each for each in self.state.subscriptions.values() if each["status"] == "APPROVED"]
        return any(
            (each["subscribedPrincipal"]["project"]["id"], each["subscribedListing"]["id"]) == (project, listing)
            for each in approved
        )

    def _request(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        found = self.state.requests.get(request["identifier"])
        if found is None:
            raise _GONE
        return found

    def _requests(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        found = [
            each
            for each in self.state.requests.values()
            if request.get("status", "PENDING") == each["status"]  # documented: PENDING when nothing is said
            and request.get("subscribedListingId", _about(each)[1]) == _about(each)[1]
            and request.get("owningProjectId", _about(each)[0]) == _about(each)[0]
        ]
        return self._page(found, request)

    def _accept(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Documented: an accepted request becomes a subscription, which is fulfilled later."""
        scopes = request.get("assetScopes", [])
        if any(each not in self.state.filters for scope in scopes for each in scope["filterIds"]):
            raise _GONE  # assumed
        made = self._decide(request, call, "ACCEPTED")
        number = len(self.state.subscriptions) + 1
        told = copy.deepcopy(made["subscribedListings"][0])
        for scope in scopes:
            told["item"]["assetListing"]["assetScope"] = {**scope, "status": "VALID"}
        subscription = {
            "id": f"subscription{number}",
            **self._created(call),
            "status": "APPROVED",
            "subscribedPrincipal": made["subscribedPrincipals"][0],
            "subscribedListing": told,
            "subscriptionRequestId": made["id"],
        }
        self.state.subscriptions[subscription["id"]] = subscription
        asset = told["item"]["assetListing"]
        scope = {"assetScope": asset["assetScope"]} if "assetScope" in asset else {}
        self.state.grants[f"grant{number}"] = {
            "id": f"grant{number}",
            **self._created(call),
            "subscriptionTargetId": "target1",
            "grantedEntity": {"listing": {"id": told["id"], "revision": told["revision"]}},
            "status": "COMPLETED" if self.instant else "PENDING",
            "assets": [
                {
                    "assetId": asset["entityId"],
                    "assetRevision": "1",
                    "status": "GRANTED" if self.instant else "GRANT_PENDING",
                    **scope,
                }
            ],
            "subscriptionId": subscription["id"],
        }
        return made

    def _reject(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        return self._decide(request, call, "REJECTED")

    def _decide(self, request: dict[str, Any], call: Call, status: str) -> dict[str, Any]:
        """Assumed: a decided request cannot be decided again."""
        made = self._request(request, call)
        if made["status"] != "PENDING":
            raise Refusal("ConflictException", 409)
        made |= {
            "status": status,
            "reviewerId": call.principal,
            "updatedBy": call.principal,
            "updatedAt": self._aws.now(),
        }
        if "decisionComment" in request:
            made["decisionComment"] = request["decisionComment"]
        return made

    def _subscription(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        found = self.state.subscriptions.get(request["identifier"])
        if found is None:
            raise _GONE
        return found

    def _subscriptions(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        found = [
            each
            for each in self.state.subscriptions.values()
            if request.get("status", "APPROVED") == each["status"]  # documented: APPROVED when nothing is said
            and request.get("subscribedListingId", each["subscribedListing"]["id"]) == each["subscribedListing"]["id"]
            and request.get("owningProjectId", each["subscribedPrincipal"]["project"]["id"])
            == each["subscribedPrincipal"]["project"]["id"]
            and request.get("subscriptionRequestIdentifier", each["subscriptionRequestId"])
            == each["subscriptionRequestId"]
        ]
        return self._page(found, request)

    def _revoke(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Documented: with ``retainPermissions`` the fulfilled permissions stay."""
        found = self._subscription(request, call)
        if found["status"] != "APPROVED":
            raise Refusal("ConflictException", 409)
        keeps = request.get("retainPermissions", False)
        found |= {
            "status": "REVOKED",
            "retainPermissions": keeps,
            "updatedBy": call.principal,
            "updatedAt": self._aws.now(),
        }
        if not keeps:
            left = {key: each for key, each in self.state.grants.items() if each["subscriptionId"] != found["id"]}
            self.state.grants = left
        return found

    def _grants(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        found = [
            each
            for each in self.state.grants.values()
            if request.get("subscriptionId", each["subscriptionId"]) == each["subscriptionId"]
        ]
        return self._page(found, request)

    def _undo(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        found = self.state.grants.pop(request["identifier"], None)
        if found is None:
            raise _GONE
        return {key: each for key, each in found.items() if key != "subscriptionId"}

    def _withdraw(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Assumed: a decided request cannot be deleted."""
        if self._request(request, call)["status"] != "PENDING":
            raise Refusal("ConflictException", 409)
        del self.state.requests[request["identifier"]]
        return {}

    def _cancel(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Assumed: the same as revoking, from the subscriber's side."""
        found = self._revoke(request, call)
        found["status"] = "CANCELLED"
        return found

    def _search(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Documented: words in quotes are found as they are; forms are told when they are asked for.

        Assumed: what stands in a form is not among the words that are searched.
        """
        self._domain(request)
        text = request.get("searchText", "").strip('"').lower()
        items = []
        for identifier, known in self.state.listings.items():
            if not text or text in known["name"].lower().split():
                asked = "forms" in known and "FORMS" in request.get("additionalAttributes", [])
                told = {
                    "listingId": identifier,
                    "name": known["name"],
                    "entityId": f"asset-of-{identifier}",
                    "entityType": "amazon.datazone.GlueTableAssetType",
                    "additionalAttributes": {"forms": known["forms"]} if asked else {},
                }
                items.append({"assetListing": told})
        found, token = page(items, request, _INVALID, token="nextToken", size=self.page_size)
        return {"items": found, **token}

    def _get_listing(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        known = self.state.listings.get(request["identifier"])
        if known is None:
            raise _GONE
        forms = {"forms": known["forms"]} if "forms" in known else {}
        item = {"assetListing": {"assetId": f"asset-of-{request['identifier']}", **forms}}
        return {"domainId": DOMAIN, "id": request["identifier"], "listingRevision": "1", "item": item}

    def _make_filter(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Assumed: of a name there is one filter of an asset."""
        self._domain(request)
        asset, name = request["assetIdentifier"], request["name"]
        if any((each["assetId"], each["name"]) == (asset, name) for each in self.state.filters.values()):
            raise Refusal("ConflictException", 409)
        identifier = f"filter{len(self.state.filters) + 1}"
        made = {
            "id": identifier,
            "domainId": DOMAIN,
            "assetId": asset,
            "name": name,
            "configuration": request["configuration"],
            "status": "VALID",
        }
        self.state.filters[identifier] = made
        return made

    def _filter(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        found = self.state.filters.get(request["identifier"])
        if found is None or found["assetId"] != request["assetIdentifier"]:
            raise _GONE
        return found

    def _filters(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        found = [each for each in self.state.filters.values() if each["assetId"] == request["assetIdentifier"]]
        return self._page([{key: each[key] for key in each if key != "configuration"} for each in found], request)

    def _mend_filter(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Assumed: subscriptions with the filter have its new content."""
        found = self._filter(request, call)
        found["configuration"] = request["configuration"]
        return found

    def _user(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._domain(request)
        found = self.state.users.get(request["userIdentifier"])
        if found is None:
            raise _GONE
        return {"domainId": DOMAIN, "id": request["userIdentifier"], "details": found, "status": "ACTIVATED"}

    def _page(self, found: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
        items, token = page(found, request, _INVALID, token="nextToken", size=self.page_size)
        return {"items": items, **token}


def _about(request: dict[str, Any]) -> tuple[str, str]:
    return request["subscribedPrincipals"][0]["project"]["id"], request["subscribedListings"][0]["id"]


def _told(identifier: str, known: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": identifier,
        "revision": "1",
        "name": known["name"],
        "description": "",
        "ownerProjectId": known["owner"],
        "ownerProjectName": "",
        "item": {"assetListing": {"entityId": f"asset-of-{identifier}", "entityRevision": "1"}},
    }
