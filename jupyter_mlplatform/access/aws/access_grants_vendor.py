"""Keys to a prefix from S3 Access Grants, asked for as the person's data role.

The service checks the access grant itself. Its keys live for fifteen minutes at least, whatever becomes of the grant,
so none are asked for when less is left of it. Source: Amazon S3 API Reference, GetDataAccess.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from jupyter_mlplatform.access.aws import failures
from jupyter_mlplatform.access.aws.access_grants import NAME, READ, scope
from jupyter_mlplatform.access.aws.clients import Clients, utc_now
from jupyter_mlplatform.access.aws.sts_vendor import ADVERTISED, restricted
from jupyter_mlplatform.access.models import Credentials, Dataset, Grant
from jupyter_mlplatform.errors import Forbidden, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess

SECONDS = 900
"""The shortest that keys of S3 Access Grants live."""


class AccessGrantsVendor:
    """``session`` gives credentials of a grant's data role that may ask S3 Access Grants and nothing else."""

    def __init__(
        self,
        aws: AwsAccess,
        clients: Clients,
        session: Callable[[Dataset, Grant], Credentials],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._clients = clients
        self._session = session
        self._clock = clock
        self._here = {"AccountId": aws.access_grants_account or aws.account}

    def credentials(self, dataset: Dataset, grant: Grant) -> Credentials:
        """Keys that read below the dataset's prefix.

        Raises ``Forbidden`` for a grant of some columns or rows, and in the last fifteen minutes of a grant;
        ``Unavailable`` when the service does not answer or offers keys for more than the prefix.
        """
        target = scope(dataset)
        if dataset.backend != NAME or restricted(dataset, grant):
            raise Forbidden(
                "access.restricted_raw",
                f"There are no credentials of AWS for your grant on {dataset.id!r}.",
                cause="It is for some of the columns or rows only, and credentials reach all of them.",
                next_step=f"Load it: df = %mlplat data load {dataset.id}",
            )
        if self._clock() + timedelta(seconds=SECONDS) > grant.not_after:
            raise Forbidden(
                "access.keys_outlive_grant",
                f"Your grant on {dataset.id!r} ends too soon for new keys.",
                cause=f"It ends at {grant.not_after:%H:%M} UTC, and keys to this data live for 15 minutes at least.",
                next_step=f"Renew it: mlplat data renew {grant.id}",
            )
        session = self._session(dataset, grant)
        now = self._clock()
        with failures.told("s3:GetDataAccess"):
            answer = self._clients.client("s3control", session).get_data_access(
                **self._here, Target=target, Permission=READ, DurationSeconds=SECONDS, Privilege="Minimal"
            )
        if answer.get("MatchedGrantTarget") != target:
            raise Unavailable(
                "access.keys_for_more",
                "S3 offered keys for another prefix than was asked for, so they are not used.",
                next_step="Tell your platform team which dataset it was.",
            )
        given = answer["Credentials"]
        return Credentials(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
            expires_at=min(now + ADVERTISED, grant.not_after, given["Expiration"]),
        )
