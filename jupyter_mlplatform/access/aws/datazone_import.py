"""Decisions that were made in DataZone's own portal: found, judged by the policy, and ended or taken over.

``Portal`` finds what is not ours, :func:`judge` says what becomes of it. DataZone's subscriptions have no end and its
approvers know nothing of our policy: whoever may approve there may not give more than could be given here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from jupyter_mlplatform.access import mirror, people, requests, review
from jupyter_mlplatform.access.aws import datazone_filters, principals
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.datazone import (
    NAME,
    REQUEST,
    SUBSCRIPTION,
    asset_of,
    ended_elsewhere,
    mark,
    scope_of,
)
from jupyter_mlplatform.access.aws.datazone_domain import Domain, table_in
from jupyter_mlplatform.access.aws.datazone_filters import Configuration
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.models import Dataset, Scope
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.policy import AccessPolicy, Condition
from jupyter_mlplatform.policy_sections import AwsAccess

PURPOSE = NAME
"""What a grant says in the place of a purpose: DataZone knows none."""
_REASON = 1000


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One that was approved in the portal.

    ``location`` is the table's, empty where it is not told. ``requester`` and ``approver`` are names of people here,
    empty where DataZone's user is nobody that we know. ``filters`` are what it is restricted to (none: the whole
    table); ``readable`` false: some of them could not be read. ``reason`` is the requester's text, on one line.
    """

    id: str
    request_id: str
    location: str
    requester: str
    approver: str
    reason: str
    decided_at: datetime
    filters: tuple[Configuration, ...] = ()
    readable: bool = True

    @property
    def handle(self) -> str:
        """As the leg of a grant keeps it."""
        return SUBSCRIPTION + self.id


class Adopt(msgspec.Struct, frozen=True):
    """It becomes a grant of ``scope`` to the requester, approved by the approver, with an end."""

    subscription: Subscription
    scope: Scope
    not_before: datetime
    not_after: datetime


class Break(msgspec.Struct, frozen=True):
    """It breaks the policy: to be ended at once, and written down with these sentences."""

    subscription: Subscription
    because: tuple[str, ...]


class Pass(msgspec.Struct, frozen=True):
    """It is none of ours: nothing is done."""

    subscription: Subscription
    because: str


Finding = Adopt | Break | Pass


class Ended(msgspec.Struct, frozen=True):
    """A grant that somebody ended (or refused) in the portal. ``by`` is empty where they are nobody that we know."""

    leg_id: str
    grant_id: str
    by: str


def judge(found: Subscription, dataset: Dataset | None, policy: AccessPolicy, now: datetime) -> Finding:
    """What becomes of a subscription. ``dataset`` is the one at its location, also a retired one."""
    if not found.location:
        return Pass(found, "It names no table (a data product, say). Somebody has to look at it in DataZone.")
    if dataset is None or dataset.backend != NAME:
        return Pass(found, "Its table is not in the catalogue here, or is given out in another way.")
    columns, rows, because = _scope(found, dataset)
    because += _persons(found, dataset, policy)
    read = review.columns_read(columns, rows)
    because += _rules(found, dataset, read, policy)
    ends = found.decided_at + timedelta(days=requests.ceiling(dataset, policy))
    if ends <= now:
        days = requests.ceiling(dataset, policy)
        because.append(f"It has lasted longer than {days} days, the most for {dataset.classification} data.")
    if because:
        return Break(found, tuple(because))
    return Adopt(found, Scope(dataset_id=dataset.id, columns=columns, rows=rows), found.decided_at, ends)


def _scope(found: Subscription, dataset: Dataset) -> tuple[tuple[str, ...], RowFilter | None, list[str]]:
    """The columns and rows of a subscription, and why these cannot be a grant's."""
    all_columns = tuple(each.name for each in dataset.columns)
    if not dataset.live:
        return all_columns, None, ["The dataset has been retired."]
    by_columns = [each for each in map(datazone_filters.columns_in, found.filters) if each is not None]
    by_rows = [each for each in found.filters if datazone_filters.columns_in(each) is None]
    if not found.readable or len(by_columns) > 1 or len(by_rows) > 1:
        return all_columns, None, ["Its filters cannot be read, or there are several of a kind."]
    columns = tuple(each for each in all_columns if not by_columns or each in by_columns[0])
    if not columns or (by_columns and set(by_columns[0]) != set(columns)):
        return all_columns, None, ["Its columns are not those of the dataset."]
    try:
        rows = datazone_filters.rows_in(by_rows[0], dataset.columns) if by_rows else None
    except PlatformError:
        return all_columns, None, ["It is restricted to rows in a way that a grant cannot say."]
    return columns, rows, []


def _persons(found: Subscription, dataset: Dataset, policy: AccessPolicy) -> list[str]:
    because = []
    for person, who in ((found.requester, "Who asked for it"), (found.approver, "Who approved it")):
        if not person:
            because.append(f"{who} is nobody who is known here.")
            continue
        try:
            people.check_here(person, policy)
        except PlatformError as error:
            because.append(error.problem.message)
    both = found.requester and people.alike(found.requester) == people.alike(found.approver)
    if both and policy.four_eyes:
        because.append("Who asked for it approved it, too.")
    return because


def _rules(found: Subscription, dataset: Dataset, read: frozenset[str], policy: AccessPolicy) -> list[str]:
    """What the policy's guardrails and stages have against it. As its purpose is not known, it might be any."""

    def fits(when: Condition) -> bool:
        return review.is_like(replace(when, purposes=()), dataset, read, "")

    because = [f"{each.because} (rule {each.name!r} of the policy)" for each in policy.guardrails if fits(each.when)]
    stages = [each for each in policy.stages if fits(each.when)]
    if len(stages) > 1:
        names = ", ".join(each.name for each in stages)
        because.append(f"The policy asks for {len(stages)} approvals ({names}); the portal knows one.")
    for each in stages:
        allowed = {dataset.owner if name == review.OWNER else name for name in each.approvers} | {*policy.admins}
        if found.approver not in allowed:
            because.append(f"Who approved it is not among the approvers of the stage {each.name!r}.")
    return because


class Portal:
    """What was decided in one domain's portal for our project."""

    def __init__(self, aws: AwsAccess, clients: Clients) -> None:
        self._aws = aws
        self._domain = Domain(aws, clients)

    def decided(self, legs: Sequence[Leg]) -> tuple[Subscription, ...]:
        """Approved subscriptions that none of these legs (all of this backend that are not removed) stands for."""
        mine = [each for each in legs if each.backend == NAME]
        handles = {each.handle for each in mine if each.handle}
        waiting = [each for each in mine if not each.handle]
        found = []
        for each in self._domain.approved():
            request = str(each.get("subscriptionRequestId") or "")
            if not handles.isdisjoint({SUBSCRIPTION + each["id"], REQUEST + request}):
                continue
            asked = self._domain.request(request) if request else None
            reason = str((asked or {}).get("requestReason", ""))
            # made by us, and the answer was lost: the leg will find it
            if any(mark(leg.grant_id) in reason and leg.entitlement in reason for leg in waiting):
                continue
            found.append(self._told(each, asked or {}, reason))
        return tuple(found)

    def ended(self, legs: Sequence[Leg]) -> tuple[Ended, ...]:
        """Of the legs that were found to be gone, those that somebody ended or refused in the portal."""
        return tuple(
            Ended(each.id, each.grant_id, self._person(by))
            for each in legs
            if each.backend == NAME and each.wanted and each.state is LegState.DRIFTED
            for by in self._who(each)
        )

    def end(self, subscription: Subscription) -> None:
        """Revoke one that breaks the policy; none of its permissions stay. One that is over already counts as ended."""
        self._domain.revoke(subscription.id)

    def _who(self, leg: Leg) -> Iterator[str]:
        if leg.handle.startswith(REQUEST):
            request = self._domain.request(leg.handle.removeprefix(REQUEST))
            if request is not None and request.get("status") == "REJECTED":
                yield str(request.get("reviewerId") or "")
        elif leg.handle.startswith(SUBSCRIPTION):
            found = self._domain.subscription(leg.handle.removeprefix(SUBSCRIPTION))
            if found is not None and ended_elsewhere(self._domain, found):
                yield str(found.get("updatedBy") or "")

    def _told(self, each: dict[str, Any], asked: dict[str, Any], reason: str) -> Subscription:
        asset = asset_of(each)
        table = table_in(asset.get("forms")) or self._domain.table(str((each.get("subscribedListing") or {}).get("id")))
        filters = [self._domain.filter(str(asset.get("entityId", "")), one) for one in scope_of(each)]
        return Subscription(
            id=each["id"],
            request_id=str(each.get("subscriptionRequestId") or ""),
            location=mirror.location(*table) if table else "",
            requester=self._person(str(asked.get("createdBy") or "")),
            approver=self._person(str(asked.get("reviewerId") or "")),
            reason="".join(sign if sign.isprintable() else " " for sign in reason[:_REASON]),
            decided_at=each["createdAt"],
            filters=tuple(one.get("configuration") or {} for one in filters if one is not None),
            readable=None not in filters,
        )

    def _person(self, user: str) -> str:
        """The name that a user of DataZone has here; empty for nobody that we know."""
        profile = self._domain.profile(user) if user else None
        details = (profile or {}).get("details") or {}
        if name := (details.get("sso") or {}).get("username"):
            return str(name)
        arn = str((details.get("iam") or {}).get("arn", ""))
        before, _, after = self._aws.data_role.partition(principals.PERSON)
        return arn[len(before) : len(arn) - len(after)] if principals.is_data_role(self._aws, arn) else ""
