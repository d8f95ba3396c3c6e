"""Who signed a request: every signature is made again here, with botocore's own signer, and compared."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import ServiceModel

from tests.aws.decode import Received
from tests.aws.stand_in import Refusal

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<headers>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)

# documented (each service's page of common errors), save for "stale" of S3 Control, which is assumed
_CODES: dict[str, dict[str, tuple[str, int]]] = {
    "json": {
        "unsigned": ("MissingAuthenticationTokenException", 403),
        "unknown": ("UnrecognizedClientException", 403),
        "forged": ("InvalidSignatureException", 403),
        "stale": ("ExpiredTokenException", 403),
    },
    "query": {
        "unsigned": ("MissingAuthenticationToken", 403),
        "unknown": ("InvalidClientTokenId", 403),
        "forged": ("SignatureDoesNotMatch", 403),
        "stale": ("ExpiredToken", 403),
    },
    "rest-xml": {
        "unsigned": ("AccessDenied", 403),
        "unknown": ("InvalidAccessKeyId", 403),
        "forged": ("SignatureDoesNotMatch", 403),
        "stale": ("ExpiredToken", 400),
    },
}


class Key(NamedTuple):
    """An access key that the account knows, and who acts with it.

    ``policy`` is the session policy that the key was vended with, ``tags`` are its session tags.
    """

    id: str
    secret: str
    principal: str
    token: str = ""
    expires: datetime | None = None
    policy: str = ""
    tags: tuple[tuple[str, str], ...] = ()


class Signed(NamedTuple):
    """What a request says of its signer, true or not."""

    key_id: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


def claimed(received: Received) -> Signed | None:
    """The claim in the Authorization header; None when the request is not signed."""
    found = _AUTHORIZATION.fullmatch(received.headers.get("authorization", ""))
    if found is None:
        return None
    return Signed(
        found["id"], found["region"], found["service"], tuple(found["headers"].split(";")), found["signature"]
    )


def refusal(protocol: str, why: str) -> Refusal:
    """The error of a service of this protocol for ``unsigned``, ``unknown``, ``forged`` or ``stale``."""
    code, status = _CODES.get(protocol, _CODES["json"])[why]
    return Refusal(code, status)


class Keys:
    """The access keys of one account in one region."""

    def __init__(self, region: str, now: Callable[[], datetime]) -> None:
        self._region, self._now = region, now
        self._known: dict[str, Key] = {}

    def add(self, key: Key) -> Key:
        """The account knows this key from now on."""
        self._known[key.id] = key
        return key

    def check(self, received: Received, model: ServiceModel) -> Key:
        """The key that signed. Raises the service's own refusal."""
        protocol = model.resolved_protocol
        claim = claimed(received)
        if claim is None:
            raise refusal(protocol, "unsigned")
        key = self._known.get(claim.key_id)
        if key is None or received.headers.get("x-amz-security-token", "") != key.token:
            raise refusal(protocol, "unknown")
        here = claim.region == self._region and claim.service == model.signing_name
        if not here or not hmac.compare_digest(_signature(received, claim, key, protocol), claim.signature):
            raise refusal(protocol, "forged")
        if key.expires is not None and self._now() >= key.expires:
            raise refusal(protocol, "stale")
        return key


def _signature(received: Received, claim: Signed, key: Key, protocol: str) -> str:
    signer_class = S3SigV4Auth if protocol == "rest-xml" else SigV4Auth
    signer: Any = signer_class(Credentials(key.id, key.secret, key.token or None), claim.service, claim.region)
    query = f"?{received.query}" if received.query else ""
    request = AWSRequest(
        method=received.method,
        url=f"http://{received.headers['host']}{received.path}{query}",
        data=received.body,
        headers={name: received.headers.get(name, "") for name in claim.headers if name != "host"},
    )
    request.context["timestamp"] = received.headers.get("x-amz-date", "")
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))
