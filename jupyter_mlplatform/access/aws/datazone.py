"""Grants put into force by Amazon DataZone: one subscription of one project to one listing.

A subscription is a whole project's, and there is one of a project to a listing at a time. Grants with the same scope
share it; a second scope of the same table is refused until the first is over. Who of the project may use it is
decided where data is handed out. Somebody's decision in DataZone's own portal stands: what was rejected or ended there
is not asked for again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from jupyter_mlplatform.access.aws import datazone_filters
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.datazone_domain import APPROVED, OVER, Domain, Listing, table_of
from jupyter_mlplatform.access.aws.datazone_filters import Configuration
from jupyter_mlplatform.access.legs import Observation, Sight, Wanted
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, PlatformError, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess

NAME = "datazone"
SUBSCRIPTION = "subscription/"
"""How the handle of a subscription begins."""
REQUEST = "request/"
"""How the handle of a request begins that is not a subscription yet, as far as we know."""

_COMING = frozenset({"PENDING", "IN_PROGRESS", "GRANT_PENDING", "GRANT_IN_PROGRESS"})
_GOING = frozenset({"REVOKE_PENDING", "REVOKE_IN_PROGRESS"})
_FAILED = frozenset({"GRANT_FAILED"})
_HERE = frozenset({"COMPLETED", "GRANTED"})


class DataZone:
    """One domain and the project that the people of this workspace are in."""

    def __init__(self, aws: AwsAccess, clients: Clients) -> None:
        self._configured = bool(aws.datazone_domain and aws.datazone_project)
        self._domain = Domain(aws, clients)

    @property
    def name(self) -> str:
        """As in ``Dataset.backend``."""
        return NAME

    def check(self, wanted: Wanted) -> str:
        """The entitlement: this scope of this table for our project. Raises ``Invalid`` for what cannot be kept to."""
        if not self._configured:
            raise Invalid(
                "access.datazone_not_configured",
                "DataZone cannot give out this dataset here.",
                cause="The policy does not name a domain and a project.",
                next_step="Tell your platform team to set access.aws.datazone_domain and datazone_project.",
            )
        scope = sorted(map(datazone_filters.canonical, datazone_filters.of(wanted)))
        told = "\n".join([self._domain.name, *table_of(wanted.dataset), *scope])
        return f"{NAME}:{hashlib.sha256(told.encode()).hexdigest()[:40]}"

    def apply(self, wanted: Wanted, handle: str) -> str:
        """Ask, and decide where the platform's role may; otherwise the request waits for its approver in DataZone.

        Raises ``Conflict`` while another scope of the table is in force or asked for, ``Forbidden`` for what was
        rejected or ended in DataZone by somebody else.
        """
        entitlement = self.check(wanted)
        self._still_ours(handle)
        listing = self._domain.listing(table_of(wanted.dataset))
        filters = self._filters(listing, datazone_filters.of(wanted))
        if (standing := next(self._domain.approved(listing.id), None)) is not None:
            return self._take(standing, filters, wanted)
        request = self._domain.pending(listing.id)
        if request is None:
            token = hashlib.sha256(f"{entitlement}\n{wanted.grant.id}\n{handle}".encode()).hexdigest()[:64]
            request = self._domain.ask(listing.id, _reason(wanted, entitlement), token)
            if request.get("status") != "PENDING":  # of an earlier time, whose token DataZone still remembers
                token = hashlib.sha256(f"{token}\n{request['id']}".encode()).hexdigest()[:64]
                request = self._domain.ask(listing.id, _reason(wanted, entitlement), token)
        elif not self._marked(request, wanted):
            raise Conflict(
                "access.datazone_pending",
                "Something else is already asked for in DataZone, for the same table and project.",
                cause="There can be one request at a time.",
                next_step="Let its approver decide on it there first.",
            )
        self._domain.accept(request["id"], listing.asset, filters)
        made = self._domain.made_of(request["id"])
        return f"{SUBSCRIPTION}{made['id']}" if made else f"{REQUEST}{request['id']}"

    def observe(self, wanted: Wanted, handle: str) -> Observation:
        """The state of the subscription, its scope and what came of it. ``UNKNOWN`` for words that are new to us."""
        try:
            return self._look(wanted, handle)
        except PlatformError as error:
            return Observation(Sight.UNKNOWN, str(error))

    def remove(self, wanted: Wanted, handle: str) -> None:
        """Revoke the subscription without keeping its permissions, or take the request back."""
        subscription, request = self._find(wanted, handle)
        if subscription is not None:
            self._end(subscription)
        elif request is not None and request.get("status") == "PENDING":
            self._domain.withdraw(request["id"])
        elif request is not None and request.get("status") == "ACCEPTED":
            raise Unavailable(
                "access.datazone_not_listed_yet",
                "DataZone accepted a request, but does not show its subscription yet.",
                next_step="This is tried again by itself.",
            )

    def _still_ours(self, handle: str) -> None:
        """Raises for what somebody decided against in DataZone. An end that we made is none of these."""
        if handle.startswith(REQUEST):
            request = self._domain.request(handle.removeprefix(REQUEST))
            if request is not None and request.get("status") == "REJECTED":
                raise _decided("rejected")
        if not handle.startswith(SUBSCRIPTION):
            return
        found = self._domain.subscription(handle.removeprefix(SUBSCRIPTION))
        if found is not None and ended_elsewhere(self._domain, found):
            raise _decided("ended")

    def _filters(self, listing: Listing, wanted: Sequence[Configuration]) -> list[str]:
        """The ids of the filters, made or mended where they are not as they should be."""
        if not wanted:
            return []
        known, found = self._domain.filters(listing.asset), []
        for each in wanted:
            identifier = known.get(datazone_filters.name_of(each))
            there = self._domain.filter(listing.asset, identifier) if identifier else None
            if identifier is None or there is None:
                identifier = self._domain.make_filter(listing.asset, datazone_filters.name_of(each), each)
            elif not datazone_filters.same(there.get("configuration") or {}, each):
                self._domain.mend_filter(listing.asset, identifier, each)
            found.append(identifier)
        return found

    def _take(self, standing: dict[str, Any], filters: list[str], wanted: Wanted) -> str:
        """The subscription that is there already, if it has the same scope.

        One that was made of our own request, but accepted with another scope in the portal, is ended: it may reach
        more than was granted.
        """
        if set(scope_of(standing)) == set(filters):
            return SUBSCRIPTION + str(standing["id"])
        ours = self._marked(self._domain.request(str(standing.get("subscriptionRequestId") or "-")), wanted)
        if ours:
            self._end(standing)
        raise Conflict(
            "access.datazone_other_scope",
            "DataZone has this table for our project with other columns or rows.",
            cause="It was accepted there with another scope and has been ended." if ours else "It keeps one at a time.",
            next_step="Ask for the same columns and rows, or wait until the other grant is over.",
        )

    def _end(self, subscription: dict[str, Any]) -> None:
        if subscription.get("status") not in OVER:
            self._domain.revoke(subscription["id"])
        elif subscription.get("retainPermissions"):
            for each in self._domain.fulfilments(subscription["id"]):
                self._domain.undo(each["id"])

    def _find(self, wanted: Wanted, handle: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """The subscription and the request behind a handle; without one, those that lost answers left behind."""
        if handle.startswith(SUBSCRIPTION):
            return self._domain.subscription(handle.removeprefix(SUBSCRIPTION)), None
        if handle.startswith(REQUEST):
            identifier = handle.removeprefix(REQUEST)
            return self._domain.made_of(identifier), self._domain.request(identifier)
        for listing in self._domain.listings(table_of(wanted.dataset)):
            for each in self._domain.approved(listing.id):
                request = self._domain.request(str(each.get("subscriptionRequestId") or "-"))
                if self._marked(request, wanted):
                    return each, request
            request = self._domain.pending(listing.id)
            if self._marked(request, wanted):
                return None, request
        return None, None

    def _marked(self, request: dict[str, Any] | None, wanted: Wanted) -> bool:
        """Whether we made the request, for this grant or for another one that shares its subscription."""
        if request is None:
            return False
        reason = str(request.get("requestReason"))
        try:
            entitlement = self.check(wanted)
        except Invalid:  # the dataset has other columns now than when it was granted
            entitlement = ""
        return mark(wanted.grant.id) in reason or bool(entitlement and entitlement in reason)

    def _look(self, wanted: Wanted, handle: str) -> Observation:
        subscription, request = self._find(wanted, handle)
        if subscription is None:
            return _asked(request)
        fulfilments = self._domain.fulfilments(subscription["id"])
        status = subscription.get("status")
        if status in OVER:
            return _over(subscription, fulfilments)
        if status != APPROVED:
            return _unknown("the subscription", status)
        return self._scoped(wanted, subscription) or _fulfilled(fulfilments, set(scope_of(subscription)))

    def _scoped(self, wanted: Wanted, subscription: dict[str, Any]) -> Observation | None:
        """What is wrong with the subscription's scope."""
        asset = str(asset_of(subscription).get("entityId", ""))
        there = []
        for identifier in scope_of(subscription):
            found = self._domain.filter(asset, identifier)
            if found is None or found.get("status", "VALID") != "VALID":
                return Observation(Sight.DIFFERENT, "A filter of the subscription is gone or not valid any more.")
            there.append(datazone_filters.canonical(found.get("configuration") or {}))
        if sorted(there) != sorted(map(datazone_filters.canonical, datazone_filters.of(wanted))):
            return Observation(Sight.DIFFERENT, "The subscription has other columns or rows than were granted.")
        return None


def ended_elsewhere(domain: Domain, subscription: dict[str, Any]) -> bool:
    """Whether somebody else than the platform ended a subscription. One that the platform did not ask for was never
    the platform's to ask for again.
    """
    if subscription.get("status") not in OVER:
        return False
    request = domain.request(str(subscription.get("subscriptionRequestId") or "-")) or {}
    ours = NAME + ":" in str(request.get("requestReason"))
    return not ours or subscription.get("updatedBy") != request.get("createdBy")


def asset_of(subscription: dict[str, Any]) -> dict[str, Any]:
    """What a subscription says of the published table."""
    listing = subscription.get("subscribedListing") or {}
    found: dict[str, Any] = (listing.get("item") or {}).get("assetListing") or {}
    return found


def scope_of(subscription: dict[str, Any]) -> tuple[str, ...]:
    """The ids of the filters of a subscription; none for the whole table."""
    return tuple((asset_of(subscription).get("assetScope") or {}).get("filterIds") or ())


def _asked(request: dict[str, Any] | None) -> Observation:
    """What is to be said while there is no subscription."""
    status = request.get("status") if request else None
    if status is None:
        return Observation(Sight.ABSENT, "DataZone has neither a request nor a subscription.")
    if status == "PENDING":
        return Observation(Sight.PENDING, "The request waits for its approver in DataZone.")
    if status == "ACCEPTED":
        return Observation(Sight.PENDING, "DataZone accepted the request, but shows no subscription yet.")
    if status == "REJECTED":
        return Observation(Sight.ABSENT, "The request was rejected in DataZone.")
    return _unknown("the request", status)


def _states(fulfilment: dict[str, Any]) -> set[str]:
    """What came of a subscription for one target: for each asset, or in all where nothing is said of these."""
    assets = {str(each.get("status")) for each in fulfilment.get("assets") or ()}
    return assets | {str(fulfilment.get("status"))}


def _fulfilled(fulfilments: Sequence[dict[str, Any]], filters: set[str]) -> Observation:
    if not fulfilments:
        return Observation(Sight.PENDING, "DataZone has not begun: the project may have no subscription target for it.")
    states = set().union(*map(_states, fulfilments))
    if states <= _HERE:
        for asset in (asset for each in fulfilments for asset in each.get("assets") or ()):
            if set((asset.get("assetScope") or {}).get("filterIds") or ()) != filters:
                return Observation(Sight.DIFFERENT, "What came of the subscription has another scope than it says.")
        return Observation(Sight.PRESENT)
    if states & _FAILED:
        return Observation(Sight.ABSENT, "DataZone could not carry out the subscription (GRANT_FAILED).")
    if states <= _HERE | _COMING:
        return Observation(Sight.PENDING, "DataZone is still at it.")
    if states & _GOING or "REVOKED" in states:
        return Observation(Sight.ABSENT, "What came of the subscription was taken away.")
    return _unknown("what came of the subscription", sorted(states - _HERE - _COMING)[0])


def _over(subscription: dict[str, Any], fulfilments: Sequence[dict[str, Any]]) -> Observation:
    """What is left of a subscription that has ended."""
    left = [
        each for each in fulfilments if {str(asset.get("status")) for asset in each.get("assets") or ()} != {"REVOKED"}
    ]
    if not left:
        return Observation(Sight.ABSENT, "The subscription is over.")
    if subscription.get("retainPermissions"):
        return Observation(Sight.DIFFERENT, "The subscription is over, but its permissions were retained.")
    states = set().union(*map(_states, left))
    if states & (_GOING | {"PENDING", "IN_PROGRESS"}):
        return Observation(Sight.PENDING, "DataZone is still taking it away.")
    return Observation(Sight.DIFFERENT, "The subscription is over, but DataZone could not take away what came of it.")


def _unknown(what: str, status: object) -> Observation:
    word = "".join(each for each in str(status)[:40] if each.isalnum() or each in "_-")
    return Observation(Sight.UNKNOWN, f"DataZone says {word!r} of {what}, which is not known here.")


def _reason(wanted: Wanted, entitlement: str) -> str:
    """What an approver reads in DataZone. The entitlement in it tells our requests from others."""
    grant = wanted.grant
    until = f"{grant.not_after:%Y-%m-%d %H:%M} UTC"
    return f"For {grant.subject}, purpose {grant.purpose}, until {until}. {mark(wanted.grant.id)} {entitlement}"


def mark(grant_id: str) -> str:
    """The part of a request's reason that tells for which grant we made it."""
    return f"Grant {grant_id} of the ML workspace:"


def _decided(how: str) -> Forbidden:
    return Forbidden(
        "access.datazone_decided",
        f"This was {how} in DataZone.",
        cause="Somebody decided so in DataZone's own portal; that is not asked for again by itself.",
        next_step="Talk to the owner of the dataset, then ask anew.",
    )
