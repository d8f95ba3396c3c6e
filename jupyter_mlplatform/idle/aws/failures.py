"""What AWS's answers, and the lack of one, mean for a person. Known by name, so that boto3 is not imported."""

from __future__ import annotations

import msgspec

NOT_FOUND = "ResourceNotFound"
IN_USE = frozenset({"ResourceInUse", "ResourceInUseException", "ConflictException"})

_DENIED = frozenset(
    {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized", "UnauthorizedException"}
)
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
        "SSOTokenLoadError",
        "ProfileNotFound",
        "MetadataRetrievalError",
    }
)
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
_REGION = frozenset({"NoRegionError", "InvalidRegionError", "UnknownEndpointError", "UnknownRegionError"})
_NETWORK = frozenset(
    {
        "EndpointConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ConnectionClosedError",
        "ProxyConnectionError",
        "SSLError",
        "HTTPClientError",
        "ConnectionError",
    }
)


class Failure(msgspec.Struct, frozen=True):
    """One sentence or two. ``denied``: only an administrator can mend it; ``fresh_client``: begin with a new client."""

    text: str
    denied: bool = False
    fresh_client: bool = False


def code(error: Exception) -> str:
    """AWS's error code, or the name of the exception's class where AWS did not answer."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and isinstance(response.get("Error"), dict):
        return str(response["Error"].get("Code", "")) or type(error).__name__
    return type(error).__name__


def status(error: Exception) -> int:
    """The HTTP status of AWS's answer; 0 where there was none."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return int(metadata.get("HTTPStatusCode", 0) or 0)


def of(error: Exception, region: str) -> Failure:
    """The sentence for one error. AWS's own text is left out: it names accounts and roles."""
    found, where = code(error), region or "the configured region"
    if found in _DENIED or (status(error) == 403 and found not in _CREDENTIALS):
        text = "This workspace may not delete itself. Its role needs sagemaker:DescribeApp and sagemaker:DeleteApp."
        return Failure(text, denied=True)
    if found in _CREDENTIALS:
        return Failure("This workspace has no valid AWS credentials, so it cannot be deleted.", fresh_client=True)
    if found in _THROTTLED or status(error) == 429:
        return Failure("SageMaker is asked too often just now.")
    if found == NOT_FOUND:
        text = f"SageMaker in {where} does not know this app: its metadata file names another account or region."
        return Failure(text, fresh_client=True)
    if found in _REGION:
        return Failure("The AWS region of this workspace is not known or does not exist.", fresh_client=True)
    if found in _NETWORK:
        return Failure(f"SageMaker in {where} cannot be reached from this workspace.", fresh_client=True)
    if status(error) >= 500:
        return Failure(f"SageMaker in {where} has a disturbance ({status(error)}).")
    return Failure(f"SageMaker refused to delete this app ({found}).", fresh_client=True)
