"""Sessions of the data role, one a grant: short, tagged with the grant, and narrowed to it by a session policy.

The role has to trust the platform for ``sts:AssumeRole``, ``sts:TagSession`` and ``sts:SetSourceIdentity``. With the
tag, one grant's sessions can be denied at once, before they are over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from jupyter_mlplatform.access import grants
from jupyter_mlplatform.access.aws import failures, lake_places, principals, session_policy
from jupyter_mlplatform.access.aws.clients import Clients, utc_now
from jupyter_mlplatform.access.models import Credentials, Dataset, Grant, Kind
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError, Unavailable

SECONDS = 900
"""The shortest session that STS gives."""
ADVERTISED = timedelta(minutes=9)
"""How long a client takes them for good: less than botocore's ten minutes, so that it asks again on each call."""
GRANT_TAG = "mlplat-grant"
_ASSUME = "sts:AssumeRole"


class StsVendor:
    """A ``Vendor`` for tables of Glue and prefixes of S3. ``clock`` is the present in UTC."""

    def __init__(self, clients: Clients, clock: Callable[[], datetime] = utc_now) -> None:
        self._clients = clients
        self._aws = clients.aws
        self._clock = clock

    def credentials(self, dataset: Dataset, grant: Grant) -> Credentials:
        """Credentials that a person may have. None for a grant of some columns or rows only: see ``restricted``."""
        _judged(dataset, grant, self._clock())
        if restricted(dataset, grant):
            raise Forbidden(
                "access.restricted_raw",
                f"There are no credentials of AWS for your grant on {dataset.id!r}.",
                cause="It is for some of the columns or rows only, and credentials reach all of them.",
                next_step=f"Load it: df = %mlplat data load {dataset.id}",
            )
        if dataset.kind is Kind.GLUE_TABLE:
            return self.athena_session(dataset, grant)
        if dataset.kind is not Kind.S3_PREFIX:
            raise _elsewhere(dataset)
        role = principals.data_role(self._aws, grant.subject)
        place = lake_places.prefix(dataset.location)
        part = principals.partition(role)
        return self._session(role, grant, session_policy.for_prefix(self._aws, part, place, grant.not_after))

    def athena_session(self, dataset: Dataset, grant: Grant) -> Credentials:
        """Credentials for queries of a table in Athena, also for a grant of some columns or rows: Lake Formation keeps
        to these. They reach no object of the data.
        """
        _judged(dataset, grant, self._clock())
        if dataset.kind is not Kind.GLUE_TABLE:
            raise _elsewhere(dataset)
        role = principals.data_role(self._aws, grant.subject)
        place = lake_places.table(dataset.location)
        part = principals.partition(role)
        return self._session(role, grant, session_policy.for_table(self._aws, part, place, grant.id, grant.not_after))

    def access_grants_session(self, dataset: Dataset, grant: Grant) -> Credentials:
        """Credentials that may only ask S3 Access Grants for others."""
        _judged(dataset, grant, self._clock())
        if dataset.kind is not Kind.S3_PREFIX:
            raise _elsewhere(dataset)
        role = principals.data_role(self._aws, grant.subject)
        policy = session_policy.for_access_grants(self._aws, principals.partition(role), grant.not_after)
        return self._session(role, grant, policy)

    def _session(self, role: str, grant: Grant, policy: str) -> Credentials:
        name = principals.session_name(grant.id)
        if name is None:
            raise Invalid("access.invalid_id", f"The id {grant.id!r} cannot be the name of a session.")
        request: dict[str, Any] = {
            "RoleArn": role,
            "RoleSessionName": name,
            "DurationSeconds": SECONDS,
            "Policy": policy,
            "Tags": [{"Key": GRANT_TAG, "Value": grant.id}],
        }
        if principals.session_name(grant.subject):
            request["SourceIdentity"] = grant.subject
        now = self._clock()
        try:
            with failures.told(_ASSUME):
                answer = self._clients.client("sts").assume_role(**request)["Credentials"]
        except PlatformError as error:
            raise _refused(error, grant.subject) from error
        return Credentials(
            access_key_id=answer["AccessKeyId"],
            secret_access_key=answer["SecretAccessKey"],
            session_token=answer["SessionToken"],
            expires_at=min(now + ADVERTISED, grant.not_after, answer["Expiration"]),
        )


def restricted(dataset: Dataset, grant: Grant) -> bool:
    """Whether the grant is for less than the whole data: fewer columns than it is known to have, or some rows."""
    return grant.scope.rows is not None or bool({each.name for each in dataset.columns} - set(grant.scope.columns))


def _judged(dataset: Dataset, grant: Grant, now: datetime) -> None:
    """The caller has judged already; this is for one that forgot, and for a clock that went on since."""
    if grant.id == grants.OWNER:
        raise Forbidden(
            "access.own_elsewhere",
            f"{dataset.id!r} is yours, so the platform has granted you nothing.",
            cause="Data that lies in AWS is used by grants only.",
            next_step="Use it with your own role, or ask for it like everybody.",
        )
    if grant.scope.dataset_id != dataset.id or not grant.not_before <= now < grant.not_after:
        raise Forbidden("access.ended", f"This grant does not allow {dataset.id!r} to be used now.")


def _elsewhere(dataset: Dataset) -> Invalid:
    return Invalid(
        "access.no_credentials",
        f"{dataset.id!r} is not reached with credentials of AWS.",
        next_step=f"Load it: df = %mlplat data load {dataset.id}",
    )


def _refused(error: PlatformError, person: str) -> PlatformError:
    """What went wrong when a session was asked for, where more can be said of it."""
    cause = error.__cause__
    if isinstance(cause, Exception) and failures.code(cause) in (
        "PackedPolicyTooLarge",
        "PackedPolicyTooLargeException",
    ):
        return session_policy.too_long("AWS says that policy and tags are too large when they are packed.")
    if error.problem.code == "access.aws_denied":
        return Unavailable(
            "access.data_role_denied",
            f"The data role of {person} cannot be taken on.",
            cause="It does not exist, or does not trust this workspace (with session tags and a source identity).",
            next_step="Tell your platform team: the page on AWS says how data roles are made.",
        )
    return error
