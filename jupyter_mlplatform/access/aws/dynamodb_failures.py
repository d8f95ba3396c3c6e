"""What DynamoDB's refusals, and the lack of an answer, mean for a person. AWS's own text names accounts and roles, so
it is left out. Errors are known by name, so that boto3 is not imported.
"""

from __future__ import annotations

from jupyter_mlplatform.errors import Conflict, PlatformError, TooLarge, Unavailable

CANCELED = "TransactionCanceledException"
CONDITION = "ConditionalCheckFailed"
CONDITION_OF_ONE = "ConditionalCheckFailedException"

_THROTTLED = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottlingError",
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "TooManyRequestsException",
    }
)
BUSY = _THROTTLED | {"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"}
"""Codes of errors and of cancellation reasons after which the same thing may well succeed in a moment."""

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
        "ResponseStreamingError",
        "IncompleteReadError",
    }
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
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
_REGION = frozenset({"NoRegionError", "InvalidRegionError", "UnknownEndpointError", "UnknownRegionError"})


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


def reasons(error: Exception) -> tuple[str, ...]:
    """Why each operation of a canceled transaction was, in their order; ``None`` (the word) for the innocent ones."""
    response = getattr(error, "response", None)
    listed = response.get("CancellationReasons", []) if isinstance(response, dict) else []
    return tuple(str(each.get("Code", "None")) for each in listed)


def unsure(error: Exception) -> bool:
    """Whether the thing may have been done all the same: there was no answer, or one of a disturbance."""
    return code(error) in _NETWORK or status(error) >= 500


def passing(error: Exception) -> bool:
    """Whether trying again in a moment may help."""
    return code(error) in BUSY or unsure(error) or status(error) == 429


def of(error: Exception, operation: str, table: str) -> PlatformError:
    """The error for a person; ``operation`` as IAM names it."""
    found = code(error)
    if found in BUSY or status(error) == 429:
        return busy()
    if found == "ResourceNotFoundException":
        return _unavailable(
            "access.store_missing",
            f"The table {table!r} or one of its indexes does not exist in this account and region.",
            "Tell your platform team: the page on DynamoDB says what the table looks like.",
        )
    if found in _DENIED or (status(error) == 403 and found not in _CREDENTIALS):
        return _unavailable(
            "access.store_denied",
            f"This workspace's role may not use dynamodb:{operation} on the table {table!r}.",
            "Tell your platform team: the page on DynamoDB lists what the role needs.",
        )
    if found in _CREDENTIALS:
        return _unavailable(
            "access.store_credentials",
            f"This workspace has no valid AWS credentials ({found}).",
            "Sign in to AWS again, or restart the workspace; then try again.",
        )
    if found in _REGION:
        return _unavailable(
            "access.store_region",
            "The AWS region of this workspace is not known or does not exist.",
            "Tell your platform team to set the region.",
        )
    if unsure(error):
        return _unavailable(
            "access.store_unreachable",
            f"DynamoDB does not answer, or answers with a disturbance ({found}).",
            "Try again in a minute; if that does not help, tell your platform team.",
        )
    return _unavailable(
        "access.store_refused",
        f"DynamoDB refused {operation} on the table {table!r} ({found}).",
        "Tell your platform team what you were doing.",
    )


def busy() -> PlatformError:
    """All attempts met others at the same place."""
    return _unavailable(
        "access.store_busy",
        "Too many others write at the same moment, so DynamoDB refused this again and again.",
        "Nothing was changed. Try again in a minute.",
    )


def unknown_outcome() -> PlatformError:
    """A commit was sent, and no attempt was told whether it happened."""
    return _unavailable(
        "access.store_unsure",
        "DynamoDB did not answer, so it is not known whether this was written.",
        "Look whether it was, then try again.",
    )


def changed() -> PlatformError:
    """What a command decided on is not so any more."""
    return Conflict(
        "access.changed_meanwhile",
        "Somebody else changed this at the same moment.",
        next_step="Look at it again, then decide.",
    )


def too_large(what: str, size: int, limit: int) -> PlatformError:
    """An item that DynamoDB would not take. Sizes are in bytes."""
    return TooLarge(
        "access.too_large",
        "This is too large to be kept.",
        cause=f"{what} would take {size // 1024} KB; at most {limit // 1024} KB fit.",
        next_step="Shorten its texts, or describe fewer columns or a simpler filter.",
    )


def too_much(count: int, limit: int) -> PlatformError:
    """A command that would write more than one transaction holds."""
    return TooLarge(
        "access.too_much_at_once",
        "This changes more at once than can be written whole.",
        cause=f"It would write and check {count} things; one transaction holds {limit}. Nothing was changed.",
        next_step="Do it in parts: end some of the grants and requests first.",
    )


def damaged(what: str) -> PlatformError:
    """An item that is not as this software writes it."""
    return _unavailable(
        "access.store_damaged",
        f"{what} in the table is not as this software writes it.",
        "Tell your platform team: the table may have been changed by hand, or written by a newer version.",
    )


def _unavailable(slug: str, cause: str, next_step: str) -> PlatformError:
    return Unavailable(slug, "The record of data access cannot be read or written.", cause=cause, next_step=next_step)
