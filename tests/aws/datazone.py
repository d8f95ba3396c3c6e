"""DataZone behind the strict AWS: requests for subscriptions, decisions, subscriptions and what came of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.aws.pages import page
from tests.aws.stand_in import Refusal
from tests.aws.strict import Call, StrictAws

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
        }.items():
            endpoint.on(name, behaviour)

    def listing(self, name: str, owner: str) -> str:
        """The id of a new listing, published by the project ``owner``."""
        identifier = f"listing{len(self.state.listings) + 1}"
        self.state.listings[identifier] = {"name": name, "owner": owner}
        return identifier

    def project(self, name: str) -> str:
        """The id of a new project."""
        identifier = f"project{len(self.state.projects) + 1}"
        self.state.projects[identifier] = name
        return identifier

    def fulfil(self, subscription: str, status: str = "COMPLETED") -> None:
        """What became of the subscription's fulfilment."""
        for grant in self.state.grants.values():
            if grant["subscriptionId"] == subscription:
                grant["status"] = status
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
            if request.get("status", each["status"]) == each["status"]
            and request.get("subscribedListingId", _about(each)[1]) == _about(each)[1]
        ]
        return self._page(found, request)

    def _accept(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Documented: an accepted request becomes a subscription, which is fulfilled later."""
        made = self._decide(request, call, "ACCEPTED")
        number = len(self.state.subscriptions) + 1
        subscription = {
            "id": f"subscription{number}",
            **self._created(call),
            "status": "APPROVED",
            "subscribedPrincipal": made["subscribedPrincipals"][0],
            "subscribedListing": made["subscribedListings"][0],
            "subscriptionRequestId": made["id"],
        }
        self.state.subscriptions[subscription["id"]] = subscription
        listing = subscription["subscribedListing"]
        self.state.grants[f"grant{number}"] = {
            "id": f"grant{number}",
            **self._created(call),
            "subscriptionTargetId": "target1",
            "grantedEntity": {"listing": {"id": listing["id"], "revision": listing["revision"]}},
            "status": "COMPLETED" if self.instant else "PENDING",
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
        made |= {"status": status, "reviewerId": "reviewer1", "updatedBy": call.principal, "updatedAt": self._aws.now()}
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
            if request.get("status", each["status"]) == each["status"]
            and request.get("subscribedListingId", each["subscribedListing"]["id"]) == each["subscribedListing"]["id"]
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
