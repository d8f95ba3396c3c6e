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
            return msgspec.json.decode(self._path.read_bytes(), type=Anchor)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise Unavailable(
                "access.anchor_unreadable",
                "The anchor of the audit trail cannot be read.",
                cause=f"{self._path}: {error}.",
                next_step="Compare the trail with a hash that was kept elsewhere, then ask the platform team.",
            ) from error

    def _write(self, anchor: Anchor) -> None:
        scratch = self._path.with_suffix(".new")
        with scratch.open("wb") as file:
            file.write(msgspec.json.encode(anchor))
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._path)
