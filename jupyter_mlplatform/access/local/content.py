"""Opening the registered bytes and nothing else, naming them by their SHA-256, and saying what is wrong with them."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_mlplatform.errors import Conflict, Invalid, NotFound, PlatformError, Unavailable

_CHUNK = 1024 * 1024
# A change within the same tick of a file system's clock leaves the times as they were.
_SETTLED_NS = 2_000_000_000
_MOST_REMEMBERED = 100_000
Stamp = tuple[int, int, int, int, int]
"""Device, inode, size, and when content and entry last changed: a file with the same ones has the same bytes."""
# The beginnings of pyarrow's messages that never hold a value of the data; what follows them may.
_TOLD = re.compile(
    r"CSV parse error: (Row #\d+: )?Expected \d+ columns, got \d+"
    r"|In CSV column #\d+: CSV conversion error( to [\w\[\]]+)?"
    r"|Empty CSV file"
    r"|Parquet magic bytes not found in footer"
    r"|Parquet file size is \d+ bytes"
    r"|Couldn't deserialize thrift"
)


class Digests:
    """SHA-256 of open files. What was hashed once is not read again in this process until it changes.

    ``clock`` gives nanoseconds since 1970, to know which files lie still long enough to be remembered.
    """

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._known: dict[Stamp, str] = {}

    def of(self, file: BinaryIO, name: str) -> str:
        """The hash as hexadecimal digits. Raises ``Unavailable`` when the file cannot be read to its end."""
        before = stamp(file)
        with self._guard:
            known = self._known.get(before)
        if known is not None:
            return known
        begun = self._clock()
        try:
            found = sha256(file)
        except OSError as error:
            raise Unavailable(
                "access.file_closed",
                f"The file {name} cannot be read to its end.",
                cause=f"{error.strerror or error}.",
                next_step="Try again later, or ask its owner.",
            ) from error
        if stamp(file) == before and begun - max(before[3:]) > _SETTLED_NS:
            with self._guard:
                if len(self._known) >= _MOST_REMEMBERED:
                    self._known.clear()
                self._known[before] = found
        return found


def stamp(file: BinaryIO) -> Stamp:
    """See :data:`Stamp`."""
    found = os.fstat(file.fileno())
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def sha256(file: Any) -> str:
    """Of the whole file, which is left at its beginning."""
    running = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        running.update(chunk)
    file.seek(0)
    return running.hexdigest()


def real(path: Path) -> Path:
    """The thing itself, with every link on the way resolved. Raises ``NotFound`` or ``Invalid``."""
    try:
        return path.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise vanished(path) from error
    except ValueError as error:
        raise Invalid("access.invalid_path", f"{str(path)!r} cannot be a path.", cause=f"{error}.") from error


def opened(location: Path, folder: int | None = None) -> BinaryIO:
    """A regular file, opened for reading; relative to an open ``folder`` when given.

    A link put in the file's place after registration is not followed, and a pipe there is not waited for.
    """
    try:
        handle = os.open(location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError as error:
        raise vanished(location) from error
    except OSError as error:
        raise closed(location, error) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Unavailable(
            "access.file_closed",
            f"{location.name} is not a file any more.",
            cause="Something else was put in its place.",
            next_step="Ask its owner to put the file back.",
        )
    return os.fdopen(handle, "rb")


def closed(location: Path, error: OSError) -> Unavailable:
    """What is there may not be opened from here, or is a link now."""
    return Unavailable(
        "access.file_closed",
        f"The file {location.name} cannot be opened.",
        cause=f"{error.strerror}.",
        next_step="Ask its owner whether it may be read from here.",
    )


def vanished(path: Path) -> NotFound:
    """There is nothing."""
    return NotFound(
        "access.no_file",
        f"There is no file {path.name}.",
        cause="It was moved or deleted, or never was in this place.",
        next_step="Check the path; for a registered dataset, ask its owner.",
    )


def changed(dataset_id: str, owner: str, what: str = "file") -> Conflict:
    """The content is not the registered one."""
    return Conflict(
        "access.data_changed",
        f"The {what} of {dataset_id!r} is not the one that was registered.",
        cause="Its content changed, and grants are for the registered content.",
        next_step=f"Ask {owner} to register it again: mlplat data register {what.upper()} --id {dataset_id}",
    )


def unreadable(name: str, form: str, cause: str) -> PlatformError:
    """It is not the data that it should be. ``cause`` must not hold a value of it."""
    return Invalid(
        "access.file_unreadable",
        f"The file {name} cannot be read as {form}.",
        cause=cause,
        next_step="Write the file again, or register another one.",
    )


def cause_of(error: Exception) -> str:
    """What a reader says is wrong, without the values of the data that some of its sentences end with."""
    if isinstance(error, UnicodeDecodeError):
        return "The names of its columns are not UTF-8 text."
    told = _TOLD.match(str(error))
    return f"{told.group()}." if told else "Its content is not what the ending of its name says."


def check_names(names: list[str], name: str, form: str) -> None:
    """Raises ``Invalid`` for columns that could not be told apart, and for none at all."""
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice or not names:
        cause = f"The column {twice[0]!r} appears twice." if twice else "It has no columns."
        raise unreadable(name, form, cause)
