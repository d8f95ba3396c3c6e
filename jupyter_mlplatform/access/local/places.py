"""Where data lies, as questions to the store: at a place, inside of it, or around it."""

from __future__ import annotations

import json

from jupyter_mlplatform.access import locations

_PLACE = "json_extract(body, '$.location')"
# Up to "0", which follows "/": everything that begins with the folder's path, and no other folder's ("orders_hr").
_TOUCHING = (
    f"SELECT body FROM datasets WHERE {_PLACE} IN (SELECT value FROM json_each(?)) "  # noqa: S608 (all of it ours)
    f"UNION SELECT body FROM datasets WHERE {_PLACE} > ? AND {_PLACE} < ?"
)


def touching(location: str) -> tuple[str, str, str, str]:
    """A statement and its values: bodies of all datasets whose data lies there, in it, or in a folder around it.

    A folder's location ends in ``/``; a table is only itself.
    """
    exact = [location, *locations.folders_around(location)]
    folder = location if location.endswith("/") else ""
    return _TOUCHING, json.dumps(exact), folder or "/", f"{folder[:-1]}0" if folder else "/"
