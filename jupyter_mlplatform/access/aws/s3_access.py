"""S3 through pyarrow with the credentials of one grant, and with nobody else's.

pyarrow looks for other credentials when it is given none, and sends unsigned requests when it is given empty ones; so
both are refused here, before anything is sent. What S3 refuses stays refused: there is no second identity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from jupyter_mlplatform.access.aws import failures
from jupyter_mlplatform.access.models import Credentials
from jupyter_mlplatform.errors import Invalid, PlatformError, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess

SCHEME = "s3://"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
ATTEMPTS = 4
SPARE = timedelta(minutes=2)
"""New credentials are asked for so long before the old ones end; a request that is under way has to be over by then."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# What Arrow's filesystem says of an answer of S3's; the rest of its text names keys and buckets.
_TOLD = re.compile(
    r"AWS Error ([A-Z0-9_]+|\[code \d+\])(?: \(HTTP status (\d+)\))? during (\w+) operation"
    r"(?:: Unable to parse ExceptionName: (\w+))?"
)
# Arrow's words are those of AWS's C++ library, ACCESS_DENIED for AccessDenied; save for these.
_CODES = {
    "RESOURCE_NOT_FOUND": "NoSuchKey",
    "UNRECOGNIZED_CLIENT": "UnrecognizedClientException",
    "INVALID_SIGNATURE": "SignatureDoesNotMatch",
}
_UNREACHED = frozenset({"NETWORK_CONNECTION", "INTERNAL_FAILURE", "SERVICE_UNAVAILABLE", "REQUEST_TIMEOUT"})


def bucket_and_key(location: str) -> tuple[str, str]:
    """The two parts of ``s3://bucket/key``; signs are as S3 has them. The key of ``s3://bucket/`` is empty.

    Raises ``Invalid`` where it is not written so.
    """
    bucket, slash, key = location.removeprefix(SCHEME).partition("/")
    # Arrow takes dots and doubled slashes in a key for steps between folders, which S3 does not know.
    steps = key.removesuffix("/").split("/") if key else []
    named = location.startswith(SCHEME) and slash and _BUCKET.fullmatch(bucket)
    if not named or {".", "..", ""} & set(steps):
        raise Invalid(
            "access.invalid_path",
            f"{location!r} does not name a place in S3.",
            next_step="Write it as s3://bucket/prefix/",
        )
    return bucket, key


class S3Access:
    """Filesystems of pyarrow in one region. ``clock`` gives the present instant."""

    def __init__(self, aws: AwsAccess, clock: Callable[[], datetime]) -> None:
        self._aws = aws
        self._clock = clock

    def filesystem(self, credentials: Credentials) -> Any:
        """A ``pyarrow.fs.S3FileSystem`` that signs with these credentials only, and cannot make or delete buckets.

        Raises ``Unavailable`` for credentials that are over or are none.
        """
        whole = credentials.access_key_id and credentials.secret_access_key and credentials.session_token
        if not whole or credentials.expires_at <= self._clock():
            raise Unavailable(
                "access.session_over",
                "The credentials for this data are over.",
                next_step="Load the data again; that asks for new ones.",
            )
        from pyarrow import fs

        endpoint = urlsplit(self._aws.endpoint_url)
        return fs.S3FileSystem(
            access_key=credentials.access_key_id,
            secret_key=credentials.secret_access_key,
            session_token=credentials.session_token,
            anonymous=False,
            region=self._aws.region or None,
            endpoint_override=endpoint.netloc or None,
            scheme=endpoint.scheme or "https",
            connect_timeout=CONNECT_SECONDS,
            request_timeout=ANSWER_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
            allow_bucket_creation=False,
            allow_bucket_deletion=False,
        )

    def session(self, vend: Callable[[], Credentials]) -> Session:
        """What a long reading holds."""
        return Session(self, vend, self._clock)


class Session:
    """The filesystem of one reading. ``vend`` is asked for new credentials before the old ones end.

    Whoever vends judges anew: when the grant has ended meanwhile, its refusal ends the reading.
    """

    def __init__(self, access: S3Access, vend: Callable[[], Credentials], clock: Callable[[], datetime]) -> None:
        self._access = access
        self._vend = vend
        self._clock = clock
        self._held: tuple[Credentials, Any] | None = None

    def filesystem(self) -> Any:
        """A filesystem whose credentials last for a while yet."""
        if self._held is None or self._held[0].expires_at - SPARE <= self._clock():
            credentials = self._vend()
            self._held = (credentials, self._access.filesystem(credentials))
        return self._held[1]


@contextmanager
def told(name: str) -> Iterator[None]:
    """What pyarrow says of S3, in words for a person; ``name`` is that of the dataset."""
    try:
        yield
    except OSError as error:
        found = _TOLD.search(str(error))
        if found is None and not isinstance(error, FileNotFoundError):
            raise
        raise _failure(name, found) from error


def _failure(name: str, found: re.Match[str] | None) -> PlatformError:
    said = found[1] if found else "NO_SUCH_KEY"
    code = (found[4] if found else "") or _CODES.get(said, said.title().replace("_", ""))
    if code in ("NoSuchKey", "NoSuchBucket"):
        return Unavailable(
            "access.data_missing",
            f"The data of {name!r} is not where it was.",
            cause="A file, or all of it, was moved or deleted meanwhile.",
            next_step="Try again; if that does not help, ask its owner.",
        )
    status = int(found[2] or 0) if found else 0
    if code == "Unknown" and status == 400:
        # An answer whose body did not come, as to every HEAD. All else in these requests is Arrow's own and fits.
        code = "ExpiredToken"
    action = "s3:ListBucket" if found and found[3].startswith("List") else "s3:GetObject"
    return failures.explained(code, action, status=status, unsure=said in _UNREACHED)
