"""What notebooks on disk say about their own idleness."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

LARGEST_BYTES = 256 * 1024 * 1024
"""A larger file is not read."""

TAIL_BYTES = 64 * 1024
"""Jupyter writes a notebook's keys in order, so its metadata comes last: a big one need not be read as a whole."""

_AT_THE_TOP = re.compile(rb'\n "metadata": \{')
"""One space of indentation, as Jupyter writes the outermost level; a text in JSON holds no line break."""


class _Metadata(msgspec.Struct):
    mlplatform: Any = None


class _Notebook(msgspec.Struct):
    """All else in the file is skipped, not built."""

    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


class _End(msgspec.Struct):
    """The end of a notebook, with the keys that only its outermost level has."""

    metadata: _Metadata
    nbformat: int


class Notebooks:
    """Notebooks below ``root`` (None: they are not on this machine's disk), each read again only when it has changed.

    Not for several threads at once.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._read: dict[str, tuple[tuple[int, int], Mapping[str, Any]]] = {}

    def metadata(self, paths: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """The ``mlplatform`` part of the metadata of each notebook, as ``{"mlplatform": ...}`` by its path.

        A path is the server's: with slashes and below its root. Blocks. Empty for what has no such part, is no
        notebook or cannot be read: a wish that cannot be read is none.
        """
        found = {path: self._one(path) for path in set(paths)}
        self._read = {path: read for path, read in self._read.items() if path in found}
        return found

    def _one(self, path: str) -> Mapping[str, Any]:
        file = self._file(path)
        if file is None:
            return {}
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_BYTES:
                return {}
            version = status.st_mtime_ns, status.st_size
            known = self._read.get(path)
            if known is None or known[0] != version:
                known = self._read[path] = version, _metadata(file, status.st_size)
        except (OSError, ValueError):
            return {}
        return known[1]

    def _file(self, path: str) -> Path | None:
        """Shared documents carry the name of their drive in front."""
        parts = PurePosixPath(path.removeprefix("RTC:").lstrip("/")).parts
        if self._root is None or not parts or ".." in parts or not parts[-1].endswith(".ipynb"):
            return None
        return self._root.joinpath(*parts)


def root_of(contents: Any) -> Path | None:
    """The folder that a server's contents manager serves, None where it does not serve one of this machine."""
    root = getattr(contents, "root_dir", None)
    return Path(root) if isinstance(root, str) and root and Path(root).is_dir() else None


def _metadata(file: Path, size: int) -> Mapping[str, Any]:
    with file.open("rb") as opened:
        if size > TAIL_BYTES:
            opened.seek(size - TAIL_BYTES)
            found = _of_end(opened.read())
            if found is not None:
                return _own(found)
            opened.seek(0)
        try:
            return _own(msgspec.json.decode(opened.read(), type=_Notebook).metadata)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return {}


def _of_end(tail: bytes) -> _Metadata | None:
    """The metadata, if the end of a file is really the end of a notebook's outermost level."""
    starts = [each.start() for each in _AT_THE_TOP.finditer(tail)]
    if not starts:
        return None
    try:
        return msgspec.json.decode(b"{" + tail[starts[-1] :], type=_End).metadata
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _own(metadata: _Metadata) -> Mapping[str, Any]:
    return {} if metadata.mlplatform is None else {"mlplatform": metadata.mlplatform}
