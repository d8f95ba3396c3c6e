"""The last examination as a JSON file, with two locks that end with their process, also when it is killed."""

from __future__ import annotations

import contextlib
import fcntl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.packages.models import Examination


class JsonExaminations:
    """``running.lock`` is held while an examination runs, ``begin.lock`` only while one is begun or looked for."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / "examination.json"
        self._stop_path = home / "stop"
        self._held: IO[str] | None = None
        self._saving = threading.Lock()

    def begin(self, examination: Examination) -> bool:
        """Take the lock and store; without the lock another one runs, and it is stored already."""
        try:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._door():
                lock = self._try_lock()
                if lock is None:
                    return False
                self._held = lock
                self._stop_path.unlink(missing_ok=True)
                self.save(examination)
        except OSError as error:
            self.end()
            raise Unavailable(
                "packages.cannot_examine",
                "The doctor cannot begin.",
                cause=f"{error}.",
                next_step="Check that the disk has room and that you may write to this folder, then try again.",
            ) from error
        return True

    def last(self) -> tuple[Examination | None, bool]:
        """An unreadable file counts as none: the doctor only has to look again."""
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=Examination)
        except (FileNotFoundError, msgspec.DecodeError):
            return None, False
        with self._door():
            lock = self._try_lock()
            if lock is not None:
                lock.close()
        return found, lock is None

    def save(self, examination: Examination) -> None:
        """Replace the stored one at once."""
        with self._saving:
            temporary = self._path.with_suffix(".new")
            temporary.write_bytes(msgspec.json.encode(examination))
            temporary.replace(self._path)

    def end(self) -> None:
        """Let the lock go."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def ask_to_stop(self, examination_id: str) -> None:
        """Leave a word for the process that runs it."""
        self._stop_path.write_text(examination_id, encoding="utf-8")

    def stop_asked(self, examination_id: str) -> bool:
        """Whether such a word was left."""
        try:
            return self._stop_path.read_text(encoding="utf-8") == examination_id
        except FileNotFoundError:
            return False

    @contextlib.contextmanager
    def _door(self) -> Iterator[None]:
        """Nobody may mistake a look at the lock for an examination that runs."""
        with (self._home / "begin.lock").open("a") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield

    def _try_lock(self) -> IO[str] | None:
        lock = (self._home / "running.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        return lock
