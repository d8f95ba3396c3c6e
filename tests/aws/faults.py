"""What can go wrong with one call. A fault is used up by it."""

from __future__ import annotations

from typing import Any, NamedTuple

from botocore.model import OperationModel

from tests.aws.stand_in import Dropped, Garbage, Hang, Refusal

_THROTTLED = {
    # documented
    "athena": ("TooManyRequestsException", 400),
    "datazone": ("ThrottlingException", 429),
    "s3control": ("SlowDown", 503),
    "sts": ("Throttling", 400),
}
_INTERNAL = ("InternalServiceException", "InternalServerException", "InternalServiceError")
_INVALID = ("InvalidInputException", "ValidationException", "InvalidRequestException", "InvalidParameterException")
_UNKNOWN = {
    # documented for json and query; assumed for the others
    "json": ("UnknownOperationException", 400),
    "rest-json": ("UnknownOperationException", 404),
    "query": ("InvalidAction", 400),
    "rest-xml": ("MethodNotAllowed", 405),
}


class Throttled(NamedTuple):
    """Too many calls, in the service's own words. Nothing was done."""


class ServerError(NamedTuple):
    """The service failed, status 500. Nothing was done."""


class WrongCredentials(NamedTuple):
    """The key is not known (any more)."""


class LostAnswer(NamedTuple):
    """It was done, but the connection closes before the answer is there."""


class EmptyPage(NamedTuple):
    """A page with nothing on it and a token; what is due comes on the next page."""


class Newer(NamedTuple):
    """The service is newer than our botocore: these members of the answer are other than the model says."""

    members: dict[str, Any]


Fault = Refusal | Hang | Garbage | Dropped | Throttled | ServerError | WrongCredentials | LostAnswer | EmptyPage | Newer


def declared(operation: OperationModel) -> set[str]:
    """The error codes that the model names for an operation."""
    return {shape.error_code for shape in operation.error_shapes}


def throttled(service: str) -> Refusal:
    """The service's error for too many calls."""
    return Refusal(*_THROTTLED.get(service, ("ThrottlingException", 400)))


def internal(operation: OperationModel, protocol: str) -> Refusal:
    """The service's error for its own failure."""
    if protocol == "rest-xml":
        return Refusal("InternalError", 500)
    return Refusal(next((code for code in _INTERNAL if code in declared(operation)), "InternalFailure"), 500)


def invalid(operation: OperationModel, protocol: str) -> Refusal:
    """The service's error for a request that is not as the model says."""
    other = {"query": "ValidationError", "rest-xml": "InvalidRequest"}.get(protocol, "ValidationException")
    return Refusal(next((code for code in _INVALID if code in declared(operation)), other))


def unknown(protocol: str) -> Refusal:
    """The service's error for an operation that it has not got."""
    return Refusal(*_UNKNOWN[protocol])


COMMON = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InternalFailure",
        "ServiceUnavailable",
        "ThrottlingException",
        "ValidationError",
        "ValidationException",
    }
)
"""Errors that any service may answer, whatever the model says of the operation."""
