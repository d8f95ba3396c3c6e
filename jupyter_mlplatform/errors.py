"""Every failure a person can meet: a code, an HTTP status, an exit code, the cause and the next step.

Raise the class whose status fits and give it a code of the form ``feature.slug``. All three faces (REST, CLI and
magics) render the same four fields, so a message is written once, in plain words, where the failure is found.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """The one error shape on the wire.

    ``code`` is stable and for programs, the other three are sentences for people: what happened, why, and what to do.
    """

    code: str
    message: str
    cause: str = ""
    next_step: str = ""


class PlatformError(Exception):
    """Base of every expected failure; anything else that escapes is a defect and is reported as one.

    Attributes: ``status`` is the HTTP status, ``exit_code`` the exit status of ``mlplat``.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, *, cause: str = "", next_step: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(code, message, cause, next_step)

    def __str__(self) -> str:
        return " ".join(part for part in (self.problem.message, self.problem.cause, self.problem.next_step) if part)


class Invalid(PlatformError):
    """What was given cannot be understood or breaks a rule of its own form (400)."""

    status = 400
    exit_code = 2


class Forbidden(PlatformError):
    """The person may not do this (403)."""

    status = 403
    exit_code = 3


class NotFound(PlatformError):
    """The thing named does not exist, or this person may not know that it does (404)."""

    status = 404
    exit_code = 4


class Conflict(PlatformError):
    """The thing is in another state than the command needs (409)."""

    status = 409
    exit_code = 5


class TooLarge(PlatformError):
    """More was sent than is accepted (413)."""

    status = 413
    exit_code = 2


class Unavailable(PlatformError):
    """Something this needs does not answer; trying again later may help (503)."""

    status = 503
    exit_code = 6


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence naming the known word most like ``name``, or listing all of them when none is close."""
    words = sorted(known)
    longer = [word for word in words if len(name) > 2 and word.startswith(name)]
    close = longer or difflib.get_close_matches(name, words, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(words)}." if words else "There are none."
