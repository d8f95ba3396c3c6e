"""The one way to boto3 clients of data access.

With credentials given, a client signs with these and asks nobody for others: no environment, no profile, no metadata
service. When they are refused, the call fails. Without, it is the platform's own identity, for what the platform itself
does (granting, reading back, cataloguing), never for handing out data.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from jupyter_mlplatform.access.aws import failures
from jupyter_mlplatform.access.models import Credentials
from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess

ATTEMPTS = 4
"""How often a call is tried that was throttled or not answered, with botocore's growing and jittered pauses."""
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
OWN_FOR = timedelta(minutes=10)
"""For so long the own identity is taken to be good without asking for it again."""


def utc_now() -> datetime:
    """The present."""
    return datetime.now(timezone.utc)


class Clients:
    """Clients of one account and region, from several threads. ``session`` makes the botocore session."""

    def __init__(
        self,
        aws: AwsAccess,
        *,
        attempts: int = ATTEMPTS,
        clock: Callable[[], datetime] = utc_now,
        session: Callable[[], Any] | None = None,
    ) -> None:
        self.aws = aws
        self._attempts = attempts
        self._clock = clock
        self._guard = threading.Lock()
        self._new_session = session or new_session
        self._session: Any = None
        self._own: dict[str, Any] = {}

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A client of a service, by botocore's name.

        Raises ``Unavailable`` where boto3 is missing or not configured, and for credentials that are over or empty.
        """
        with self._guard, failures.told(f"{service}:*"):
            if credentials is not None:
                return self._made(service, **self._checked(credentials))
            if service not in self._own:
                self._own[service] = self._made(service)
            return self._own[service]

    def own(self) -> Credentials:
        """The platform's own identity, for what looks at data to catalogue it and does not go through a client.

        Raises ``Unavailable`` where there is none, or one without a session, whose end nobody would know.
        """
        with self._guard, failures.told("sts:*"):
            if self._session is None:
                self._session = self._new_session()
            found = self._session.get_credentials()
            frozen = found.get_frozen_credentials() if found is not None else None
        if frozen is None or not frozen.token:
            raise Unavailable(
                "access.aws_credentials",
                "There is no AWS role here to look at the data with.",
                next_step="Run 'mlplat data fulfil' with the role that the page on AWS describes.",
            )
        return Credentials(
            access_key_id=frozen.access_key,
            secret_access_key=frozen.secret_key,
            session_token=frozen.token,
            expires_at=self._clock() + OWN_FOR,
        )

    def _checked(self, credentials: Credentials) -> dict[str, str]:
        """What botocore takes for the whole of an identity. Left out or empty, it would look for another one."""
        given = {
            "aws_access_key_id": credentials.access_key_id,
            "aws_secret_access_key": credentials.secret_access_key,
            "aws_session_token": credentials.session_token,
        }
        if not all(given.values()) or credentials.expires_at <= self._clock():
            raise Unavailable(
                "access.session_over",
                "The credentials for this data are over.",
                next_step="Load the data again; that asks for new ones.",
            )
        return given

    def _made(self, service: str, **identity: str) -> Any:
        if self._session is None:
            self._session = self._new_session()
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=16,
            retries={"mode": "standard", "total_max_attempts": self._attempts},
        )
        return self._session.create_client(
            service,
            region_name=self.aws.region or None,
            endpoint_url=self.aws.endpoint_url or None,
            config=config,
            **identity,
        )


def new_session() -> Any:
    """A session of botocore that reads its models from the disk. Raises ``Unavailable`` where it is missing."""
    try:
        import botocore.session
    except ImportError as error:
        raise Unavailable(
            "access.aws_not_installed",
            "This workspace cannot reach AWS: boto3 is not installed.",
            next_step="Tell your platform team to install jupyter-mlplatform[aws].",
        ) from error
    session = botocore.session.Session()
    # Without it, some versions send the calls of some regions to one endpoint overseas.
    session.set_config_variable("sts_regional_endpoints", "regional")
    return session
