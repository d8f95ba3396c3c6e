"""The anchor of the audit trail, in a small file beside the database."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from jupyter_mlplatform.access.audit import Anchor
from jupyter_mlplatform.errors import Unavailable

_log = logging.getLogger(__name__)
RECORD = 256
"""Bytes of the file: within one sector of any disk."""


class AnchorFile:
    """Written after each commit, so it may lag behind after a crash but never runs ahead."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_suffix(".lock")

    def follow(self, newest: Callable[[], Anchor | None]) -> None:
        """Bring the anchor up to ``newest``, which is looked up under a lock so that it never steps back.

        The change that came before is committed: a failure here must not look like a failure of that change, so it
        is logged, and the next check of the trail tells how many events are not covered.
        """
        try:
            with self._lock.open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                anchor = newest()
                if anchor is not None:
                    self._write(anchor)
        except OSError as error:
            _log.warning("The audit anchor %s cannot be written: %s", self._path, error)

    def read(self) -> Anchor | None:
        """The anchor, ``None`` when there is no file. Raises ``Unavailable`` when it cannot be read."""
        try:
            return msgspec.json.decode(self._whole(), type=Anchor)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise Unavailable(
                "access.anchor_unreadable",
                "The anchor of the audit trail cannot be read.",
                cause=f"{self._path}: {error}.",
                next_step="Compare the trail with a hash that was kept elsewhere, then ask the platform team.",
            ) from error

    def _whole(self) -> bytes:
        """While nobody is writing. Without the lock file nobody has written since it was moved here."""
        try:
            with self._lock.open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH)
                return self._path.read_bytes()
        except FileNotFoundError:
            return self._path.read_bytes()

    def _write(self, anchor: Anchor) -> None:
        """In its place, so that it costs a command next to nothing; the first time it is put there whole.

        It is not forced to disk: after a power failure it is an earlier one, which lags behind as after any crash. The
        change itself was forced before, so it never runs ahead. A record lies in one sector and is written by one call,
        so it is never half of it.
        """
        record = msgspec.json.encode(anchor).ljust(RECORD)
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._put(record)
            return
        try:
            if os.fstat(file).st_size == RECORD:
                os.pwrite(file, record, 0)
                return
        finally:
            os.close(file)
        self._put(record)

    def _put(self, record: bytes) -> None:
        scratch = self._path.with_suffix(".new")
        with scratch.open("wb") as file:
            file.write(record)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._path)
