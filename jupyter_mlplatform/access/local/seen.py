"""What of the catalogue a viewer sees, as a condition in the query itself: what is hidden is never fetched.

The numbers of what is hidden are gathered once a statement, whatever is looked for, so that how long an answer takes
says as little about hidden datasets as what is in it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from jupyter_mlplatform.access.visibility import Viewer

_HIDDEN = (
    "NOT IN (SELECT number FROM dataset_tags WHERE tag IN (SELECT value FROM json_each(:hidden_tags)) "
    "EXCEPT SELECT number FROM datasets WHERE owner = :viewer "
    "EXCEPT SELECT number FROM datasets WHERE id IN (SELECT value FROM json_each(:concerned)))"
)


def condition(viewer: Viewer | None, number: str) -> str:
    """A condition on the column ``number``, with names for :func:`values`; always true for who sees everything."""
    return "1" if viewer is None else f"{number} {_HIDDEN}"


def values(viewer: Viewer | None) -> dict[str, Any]:
    """The values that the condition names."""
    if viewer is None:
        return {}
    return {
        "viewer": viewer.person,
        "hidden_tags": msgspec.json.encode(viewer.hidden_tags).decode(),
        "concerned": msgspec.json.encode(viewer.concerned).decode(),
    }
