"""What AWS's refusals, and the lack of an answer, mean for a person. AWS's own text names accounts, roles and what
others have, so it is left out. Errors are known by name, so that boto3 is not imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jupyter_mlplatform.access.aws.dynamodb_failures import code, status, unsure
from jupyter_mlplatform.errors import Forbidden, PlatformError, Unavailable

__all__ = ["behind", "code", "explained", "missing", "of", "of_aws", "passing", "says", "status", "told", "unsure"]

_THROTTLED = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestThrottled",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
        "LimitExceededException",
        "ConcurrentModificationException",
    }
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "AllAccessDisabled"})
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
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
_MISSING = frozenset(
    {
        "EntityNotFoundException",
        "ResourceNotFoundException",
        "NoSuchEntity",
        "NoSuchAccessGrantError",
        "NoSuchBucket",
        "NoSuchKey",
    }
)


def of_aws(error: Exception) -> bool:
    """Whether it is botocore's: anything else is a defect of ours and goes its way."""
    return type(error).__module__.partition(".")[0] in ("botocore", "boto3")


def behind(error: PlatformError) -> Exception:
    """What AWS answered, of an error that ``told`` has put into words; the error itself where that is not known."""
    cause = error.__cause__
    return cause if isinstance(cause, Exception) else error


def missing(error: Exception) -> bool:
    """Whether AWS says that the thing does not exist (any more)."""
    return code(error) in _MISSING


def says(error: Exception, words: str) -> bool:
    """Whether AWS's own text has these words; for the few cases where one code means several things."""
    response = getattr(error, "response", None)
    return isinstance(response, dict) and words in str(response.get("Error", {}).get("Message", ""))


def passing(error: Exception) -> bool:
    """Whether trying again in a moment may help."""
    return code(error) in _THROTTLED or status(error) == 429 or unsure(error)


def of(error: Exception, action: str) -> PlatformError:
    """The error for a person; ``action`` as IAM names it: ``lakeformation:GrantPermissions``."""
    return explained(code(error), action, status=status(error), unsure=unsure(error))


def explained(found: str, action: str, *, status: int = 0, unsure: bool = False) -> PlatformError:
    """The same from an error code alone, as the entries of a batch have it."""
    service = action.partition(":")[0]
    if found in _THROTTLED or status == 429:
        return Unavailable(
            "access.aws_throttled",
            "AWS is asked too often at the moment.",
            cause=f"It put off {action} ({found}).",
            next_step="Try again in a minute; what the platform does by itself, it repeats by itself.",
        )
    if found in _CREDENTIALS:
        return Unavailable(
            "access.aws_credentials",
            "AWS does not accept these credentials.",
            cause=f"{action} was refused ({found}). They are over, or there are none.",
            next_step="Try again; if that does not help, restart the workspace or tell your platform team.",
        )
    if found in _DENIED or status == 403:
        return Forbidden(
            "access.aws_denied",
            f"AWS does not allow {action} here.",
            cause="The role that this was done with lacks the permission, or a policy of the account denies it.",
            next_step="Tell your platform team: the page on AWS lists what each role needs.",
        )
    if found in _REGION:
        return Unavailable(
            "access.aws_region",
            "The AWS region of this workspace is not known or does not exist.",
            next_step="Tell your platform team to set the region.",
        )
    if unsure or status >= 500:
        return Unavailable(
            "access.aws_unreachable",
            "AWS does not answer, or answers with a disturbance.",
            cause=f"This was {action} ({found}).",
            next_step="Try again in a minute; if that does not help, tell your platform team.",
        )
    if found in _MISSING:
        return Unavailable(
            "access.aws_missing",
            f"AWS does not find what {action} is about.",
            cause=f"It may have been deleted, or never made ({found}).",
            next_step="Tell your platform team what you were doing.",
        )
    return Unavailable(
        "access.aws_refused",
        f"AWS refused {action}.",
        cause=f"The service {service!r} answered {found}.",
        next_step="Tell your platform team what you were doing.",
    )


@contextmanager
def told(action: str) -> Iterator[None]:
    """Calls in here fail with words for a person. ``action`` as IAM names it."""
    try:
        yield
    except PlatformError:
        raise
    except Exception as error:
        if not of_aws(error):
            raise
        raise of(error, action) from error
