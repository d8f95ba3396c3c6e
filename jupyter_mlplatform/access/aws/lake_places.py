"""The places of data in AWS: ``glue://catalog id/database/table`` and ``s3://bucket/prefix/``."""

from __future__ import annotations

import re
from typing import NamedTuple

from jupyter_mlplatform.access import mirror
from jupyter_mlplatform.errors import Invalid

_S3 = "s3://"
_CATALOG = re.compile(r"\d{12}")
# What Glue's model allows of a name, less the slash that divides them here and in ARNs.
_GLUE_NAME = re.compile("[\u0020-\u002e\u0030-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]{1,255}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class Table(NamedTuple):
    """A table of the Glue catalogue; ``catalog`` is the number of the account."""

    catalog: str
    database: str
    name: str


class Prefix(NamedTuple):
    """Everything in a bucket whose key begins so. ``prefix`` ends with ``/``, or is empty for the whole bucket."""

    bucket: str
    prefix: str


def table(location: str) -> Table:
    """The table that lies there. Raises ``Invalid`` where it is not written so."""
    found = Table(*mirror.table_at(location))
    if _CATALOG.fullmatch(found.catalog) and all(_GLUE_NAME.fullmatch(each) for each in found):
        return found
    raise _unreadable(location, "a table of Glue", "glue://catalog id/database/table")


def prefix(location: str) -> Prefix:
    """The prefix that lies there. Raises ``Invalid`` where it is not written so.

    One without ``/`` at its end is refused: ``orders`` would cover ``orders_hr``.
    """
    bucket, slash, rest = location.removeprefix(_S3).partition("/")
    fits = slash and (not rest or rest.endswith("/")) and rest.isprintable() and not rest.startswith("/")
    if location.startswith(_S3) and fits and _BUCKET.fullmatch(bucket):
        return Prefix(bucket, rest)
    raise _unreadable(location, "a prefix of S3", "s3://bucket/prefix/")


def _unreadable(location: str, what: str, form: str) -> Invalid:
    return Invalid(
        "access.invalid_path",
        f"{location!r} does not name {what}.",
        next_step=f"Write it as {form}",
    )
