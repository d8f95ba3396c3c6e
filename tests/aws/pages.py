"""Answers in pages, with tokens that are good for the same question only."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, TypeVar

from tests.aws.stand_in import Refusal

Item = TypeVar("Item")


def page(
    items: list[Item],
    request: dict[str, Any],
    refused: Refusal,
    *,
    token: str = "NextToken",  # noqa: S107 (a name)
    size: int = 100,
) -> tuple[list[Item], dict[str, str]]:
    """One page of ``items``, and the member that leads to the next one; empty on the last page.

    ``size`` is how many fit when the request does not say fewer. Documented: tokens are opaque. Assumed: one that was
    given for another question, or that nobody gave, is ``refused``.
    """
    asked = {key: value for key, value in request.items() if key not in (token, "MaxResults", "maxResults")}
    question = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:16]
    start = _start(request.get(token), question, refused)
    size = min(size, request.get("MaxResults", request.get("maxResults", size)))
    following = start + size
    if following >= len(items):
        return items[start:], {}
    return items[start:following], {token: base64.b64encode(f"{question}:{following}".encode()).decode()}


def _start(given: str | None, question: str, refused: Refusal) -> int:
    if given is None:
        return 0
    try:
        said, _, number = base64.b64decode(given, validate=True).decode().partition(":")
        start = int(number)
    except ValueError as error:
        raise refused from error
    if said != question:
        raise refused
    return start
