"""The tokens by which kernels ask for credentials: one a kernel process, in a file that only its person can read.

A token is bound to the id of a kernel, to its process and to the person whose server it is. The server remembers its
SHA-256 only; the token itself is in the kernel's file and nowhere else.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

PREFIX = "mlplatform-broker-"
"""Folders in Jupyter's runtime folder, one a server; ``data_session`` looks for them there."""
ADDRESS = "address"
_UNFINISHED = ".new"
_LOCK = "lock"
_KERNEL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Holder(msgspec.Struct, frozen=True):
    """Whose token it is. ``process`` is the kernel's process id, None where it has none on this machine."""

    kernel_id: str
    person: str
    process: int | None


class TokenFolder:
    """The folder of one server, 0700: ``address``, and a file ``<kernel id>.token`` for each kernel, all 0600.

    It is locked as long as the server lives, so that a later one can tell what a dead one has left, and removes it.
    """

    def __init__(self, runtime_dir: Path, address: str) -> None:
        runtime_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear_leftovers(runtime_dir)
        name = f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        building = runtime_dir / (name + _UNFINISHED)
        building.mkdir(mode=0o700)
        self._lock = os.open(building / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        _write(building / ADDRESS, address)
        self.path = building.rename(runtime_dir / name)  # only now can others see it, and it is locked

    def write(self, kernel_id: str, token: str) -> None:
        """Write a kernel's file, in the place of an older one."""
        file = self._file(kernel_id)
        new = file.with_suffix(_UNFINISHED)
        new.unlink(missing_ok=True)
        _write(new, token)
        new.replace(file)

    def drop(self, kernel_id: str) -> None:
        """Remove a kernel's file, if there is one."""
        self._file(kernel_id).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def _file(self, kernel_id: str) -> Path:
        if not _KERNEL_ID.fullmatch(kernel_id):
            raise ValueError("a kernel's id is made of letters, digits, - and _")
        return self.path / f"{kernel_id}.token"


class Tokens:
    """The tokens that are valid now; used on the event loop only."""

    def __init__(self, folder: TokenFolder) -> None:
        self._folder = folder
        self._holders: dict[bytes, Holder] = {}

    def issue(self, holder: Holder) -> None:
        """A new token for a kernel; an older one of that kernel is worth nothing from now on."""
        self.withdraw(holder.kernel_id)
        token = secrets.token_urlsafe(32)
        self._folder.write(holder.kernel_id, token)
        self._holders[_digest(token)] = holder

    def withdraw(self, kernel_id: str) -> None:
        """The kernel has no token any more. It need not have had one."""
        self._holders = {key: each for key, each in self._holders.items() if each.kernel_id != kernel_id}
        self._folder.drop(kernel_id)

    def holder(self, token: str) -> Holder | None:
        """Whose token this is. Takes as long whichever it is, and however much of it is right."""
        given, found = _digest(token), None
        for key, holder in self._holders.items():
            if hmac.compare_digest(key, given):
                found = holder
        return found

    def of(self, kernel_id: str) -> Holder | None:
        """Who holds the valid token of a kernel."""
        return next((each for each in self._holders.values() if each.kernel_id == kernel_id), None)


class Failures:
    """Counts refusals of strangers, so that their noise costs little. Who has a valid token is never counted.

    ``burst`` refusals are answered with a reason; after that, ``per_second`` of them are. Instants are in seconds.
    """

    def __init__(self, burst: float = 20.0, per_second: float = 1.0) -> None:
        self._burst = self._left = burst
        self._per_second = per_second
        self._since: float | None = None
        self.refused = 0

    def one(self, now: float) -> bool:
        """Note a failure; whether there were too many lately."""
        if self._since is not None:
            self._left = min(self._burst, self._left + max(0.0, now - self._since) * self._per_second)
        self._since = now
        self.refused += 1
        if self._left < 1.0:
            return True
        self._left -= 1.0
        return False


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _write(path: Path, content: str) -> None:
    """Nobody else can read it at any moment, and a link that somebody has put there is not followed."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(content)


def _clear_leftovers(runtime_dir: Path) -> None:
    for folder in _own_folders(runtime_dir):
        try:
            handle = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:  # half made, half removed, or not what it is named after: nobody can prove that it is over
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # its server lives
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def _own_folders(runtime_dir: Path) -> Iterator[Path]:
    for folder in sorted(runtime_dir.glob(f"{PREFIX}*")):
        unfinished = folder.suffix == _UNFINISHED  # another server is at it; there is no token in it yet
        if not unfinished and not folder.is_symlink() and folder.is_dir() and folder.stat().st_uid == os.geteuid():
            yield folder
