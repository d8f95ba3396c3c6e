"""Grants put into force by S3 Access Grants: reading below one prefix, for one person's data role.

An access grant has no end and knows neither columns nor rows. Grants of one person on one prefix share it. The scope
that AWS answers is compared with what was meant, because a prefix without a slash at its end covers its neighbours.
Keys that AWS vended before an access grant was deleted live on until they expire, at most fifteen minutes later.
Source: Amazon S3 API Reference, CreateAccessGrant, ListAccessGrants; its list of error codes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from jupyter_mlplatform.access.aws import failures, lake_places, principals
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.sts_vendor import restricted
from jupyter_mlplatform.access.legs import Observation, Sight, Wanted
from jupyter_mlplatform.access.models import Dataset, Kind
from jupyter_mlplatform.errors import Invalid, NotFound, PlatformError, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess

NAME = "s3_access_grants"
READ = "READ"
_GONE = "NoSuchAccessGrantError"
_EXISTS = "AccessGrantAlreadyExists"
_MOST_PAGES = 1000


class S3AccessGrants:
    """The instance of S3 Access Grants of one account and region."""

    def __init__(self, aws: AwsAccess, clients: Clients) -> None:
        self._aws = aws
        self._clients = clients
        self._here = {"AccountId": aws.access_grants_account or aws.account}

    @property
    def name(self) -> str:
        """As in ``Dataset.backend``."""
        return NAME

    def check(self, wanted: Wanted) -> str:
        """The entitlement: this person on this prefix. Raises ``Invalid`` for columns, rows and other kinds of data."""
        target = scope(wanted.dataset)
        if restricted(wanted.dataset, wanted.grant):
            raise Invalid(
                "access.whole_prefix_only",
                "S3 Access Grants gives out whole prefixes only.",
                cause="It cannot keep to some of the columns or rows.",
                next_step="Ask for the whole dataset, or ask its owner for a table of it.",
            )
        told = f"{self._here['AccountId']}\n{principals.data_role(self._aws, wanted.grant.subject)}\n{target}"
        return f"{NAME}:{hashlib.sha256(told.encode()).hexdigest()[:40]}"

    def apply(self, wanted: Wanted, handle: str) -> str:
        """The id of the access grant, made if there is none. What reaches further than reading is taken away."""
        self.check(wanted)
        target, role = scope(wanted.dataset), principals.data_role(self._aws, wanted.grant.subject)
        there = [*self._of(role)]
        if handle and not any(each["AccessGrantId"] == handle for each in there):
            for before in self._get(handle, role):
                if before.get("GrantScope") != target:  # the data has moved
                    self._delete(handle)
        for each in there:
            if wider(each, target):
                self._delete(each["AccessGrantId"])
        found = next((each for each in there if exact(each, target)), None)
        return str(found["AccessGrantId"]) if found else self._create(role, target)

    def observe(self, wanted: Wanted, handle: str) -> Observation:
        """Whether the data role may read the prefix, and no more than read."""
        try:
            target, role = scope(wanted.dataset), principals.data_role(self._aws, wanted.grant.subject)
            there = [*self._of(role)]
            if handle and not any(each.get("AccessGrantId") == handle for each in there):
                there += self._get(handle, role)  # lists lag
        except PlatformError as error:
            return Observation(Sight.UNKNOWN, str(error))
        if any(wider(each, target) for each in there):
            return Observation(Sight.DIFFERENT, "The data role may do more than read there.")
        if any(exact(each, target) for each in there):
            return Observation(Sight.PRESENT)
        return Observation(Sight.ABSENT, "There is no access grant for this prefix.")

    def remove(self, wanted: Wanted, handle: str) -> None:
        """Delete the access grant, also one that was made by hand in its place."""
        target, role = scope(wanted.dataset), principals.data_role(self._aws, wanted.grant.subject)
        ids = [each["AccessGrantId"] for each in self._of(role) if exact(each, target) or wider(each, target)]
        if handle and handle not in ids and self._get(handle, role):
            ids.append(handle)  # not listed yet, or of where the data lay before
        for each in ids:
            self._delete(each)

    def _create(self, role: str, target: str) -> str:
        location, below = self._place(target)
        try:
            made = self._clients.client("s3control").create_access_grant(
                **self._here,
                AccessGrantsLocationId=location,
                AccessGrantsLocationConfiguration={"S3SubPrefix": below},
                Grantee={"GranteeType": "IAM", "GranteeIdentifier": role},
                Permission=READ,
            )
        except Exception as error:
            if failures.code(error) == _EXISTS:
                raise Unavailable(
                    "access.prefix_not_listed_yet",
                    "S3 has this access grant, but does not list it yet.",
                    next_step="This is tried again by itself.",
                ) from error
            with failures.told("s3:CreateAccessGrant"):
                raise
        if made.get("GrantScope") != target:
            self._delete(made["AccessGrantId"])
            raise Invalid(
                "access.prefix_not_as_meant",
                "S3 made the access grant for another prefix than was meant, so it was deleted.",
                cause="The location that it lies in may be registered in an unusual way.",
                next_step="Tell your platform team to register the bucket, or the prefix with a slash at its end.",
            )
        return str(made["AccessGrantId"])

    def _place(self, target: str) -> tuple[str, str]:
        """The registered location with the longest scope around the prefix, and what is left of it below."""
        best: tuple[str, str, str] | None = None
        for each in self._pages("list_access_grants_locations", "ListAccessGrantsLocations"):
            base = str(each.get("LocationScope", "")).removesuffix("*")
            around = target.startswith(base) and (base.endswith("/") or target[len(base) : len(base) + 1] == "/")
            if base.startswith("s3://") and around and (best is None or len(base) > len(best[0])):
                # assumed: between a scope without a slash at its end and what comes below, S3 puts one
                best = base, str(each["AccessGrantsLocationId"]), target[len(base) :].removeprefix("/")
        if best is None:
            raise NotFound(
                "access.prefix_not_registered",
                "This prefix is not registered with S3 Access Grants.",
                cause="No location of the instance lies around it.",
                next_step="Tell your platform team to register the bucket or the prefix.",
            )
        return best[1], best[2]

    def _of(self, role: str) -> Iterator[dict[str, Any]]:
        """All access grants of a data role."""
        filters = {"GranteeType": "IAM", "GranteeIdentifier": role}
        for each in self._pages("list_access_grants", "ListAccessGrants", **filters):
            if (each.get("Grantee") or {}).get("GranteeIdentifier") == role:
                yield each

    def _pages(self, operation: str, action: str, **filters: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            with failures.told(f"s3:{action}"):
                client = self._clients.client("s3control")
                answer = getattr(client, operation)(**self._here, **filters, **token)
            yield from answer.get("AccessGrantsList") or answer.get("AccessGrantsLocationsList") or ()
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}
        raise Unavailable(
            "access.prefixes_too_many",
            "S3 Access Grants lists more than can be looked through.",
            next_step="Tell your platform team.",
        )

    def _get(self, handle: str, role: str) -> list[dict[str, Any]]:
        try:
            found = self._clients.client("s3control").get_access_grant(**self._here, AccessGrantId=handle)
        except Exception as error:
            if failures.code(error) == _GONE:
                return []
            with failures.told("s3:GetAccessGrant"):
                raise
        return [found] if (found.get("Grantee") or {}).get("GranteeIdentifier") == role else []

    def _delete(self, identifier: str) -> None:
        try:
            self._clients.client("s3control").delete_access_grant(**self._here, AccessGrantId=identifier)
        except Exception as error:
            if failures.code(error) != _GONE:
                with failures.told("s3:DeleteAccessGrant"):
                    raise


def scope(dataset: Dataset) -> str:
    """Everything below the prefix of a dataset, as S3 Access Grants writes it: ``s3://bucket/prefix/*``.

    Raises ``Invalid`` for another kind of data, and for a prefix that S3 would read otherwise.
    """
    place = lake_places.prefix(dataset.location) if dataset.kind is Kind.S3_PREFIX else None
    if place is None or "*" in place.prefix:
        raise Invalid(
            "access.not_a_prefix",
            "S3 Access Grants gives out prefixes of S3 only.",
            cause=f"{dataset.id} is something else, or has a star in its prefix.",
            next_step="Tell your platform team: the policy or the catalogue names the wrong backend for it.",
        )
    return f"s3://{place.bucket}/{place.prefix}*"


def exact(grant: dict[str, Any], target: str) -> bool:
    """Whether an access grant is what we make for this prefix."""
    return bool(grant.get("Permission") == READ and grant.get("GrantScope") == target)


def wider(grant: dict[str, Any], target: str) -> bool:
    """Whether it allows more than reading, in this prefix or around it. We make no such thing for a data role.

    Reading in more or less than this prefix may be another dataset's.
    """
    there = str(grant.get("GrantScope", "")).removesuffix("*")
    ours = target.removesuffix("*")
    return grant.get("Permission") != READ and (ours.startswith(there) or there.startswith(ours))
