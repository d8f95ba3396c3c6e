"""How the place of a dataset's data is written, which also tells what kind of data it is.

A file is its absolute path, a folder its absolute path with ``/`` at the end (so that no path that only begins alike
lies in it), a table of an SQLite file ``sqlite:///absolute/path#table``, where signs of paths are %-quoted. What is
elsewhere has an address: ``postgresql://host:port/database/schema.table``, ``glue://catalog id/database/table``, or
``s3://bucket/prefix/``.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, unquote_to_bytes

from jupyter_mlplatform.access.models import Kind
from jupyter_mlplatform.errors import Invalid

_SQLITE = "sqlite:"
_ELSEWHERE = {
    "postgresql://": (Kind.POSTGRES_TABLE, "postgres"),
    "s3://": (Kind.S3_PREFIX, "s3_access_grants"),
    "glue://": (Kind.GLUE_TABLE, "lake_formation"),
}


def elsewhere(location: str) -> bool:
    """Whether it is an address rather than a path of this machine."""
    return location.startswith(tuple(_ELSEWHERE))


def backend_of(location: str) -> str:
    """What usually puts grants on it into force; empty for data of this machine."""
    return next((backend for scheme, (_, backend) in _ELSEWHERE.items() if location.startswith(scheme)), "")


def kind_of(location: str) -> Kind:
    """What kind of data lies there."""
    for scheme, (kind, _) in _ELSEWHERE.items():
        if location.startswith(scheme):
            return kind
    if location.startswith(_SQLITE):
        return Kind.TABLE
    return Kind.FOLDER if location.endswith("/") else Kind.FILE


def folders_around(location: str) -> tuple[str, ...]:
    """The places of all folders that a file or folder lies in, the nearest first; none for a table."""
    if not location.startswith("/"):
        return ()
    return tuple(f"{str(folder).rstrip('/')}/" for folder in PurePosixPath(location).parents)


def table(file: Path, name: str) -> str:
    """The place of a table of an SQLite file."""
    return f"{_SQLITE}//{quote(os.fsencode(file))}#{quote(name, safe='')}"


def file_and_table(location: str) -> tuple[Path, str]:
    """The two parts of a table's place. Raises ``Invalid`` where it is not written so."""
    # A pathlib.Path makes one slash of three.
    path, _, name = location.removeprefix(_SQLITE).partition("#")
    file, name = os.fsdecode(unquote_to_bytes("/" + path.lstrip("/"))), unquote(name)
    if not name or file == "/" or "\0" in file + name:
        raise Invalid(
            "access.invalid_path",
            f"{location!r} does not name a table.",
            next_step="Write it as sqlite:///absolute/path/of/file.db#table",
        )
    return Path(file), name
