"""The clients' files under a prefix folder. What was there before is kept beside the record until it is put back."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from jupyter_mlplatform.errors import Conflict, Unavailable


class WrittenFile(msgspec.Struct, frozen=True):
    """``kept``: name of the copy of what was there before, empty when nothing was."""

    name: str
    path: str
    kept: str = ""


class Record(msgspec.Struct, frozen=True):
    """What was written where."""

    prefix: str
    files: tuple[WrittenFile, ...] = ()


class PrefixFiles:
    """Writes with temporary file and rename, and remembers first: killed at any point, ``restore`` is still right.

    ``home``: a private folder for the record and the kept copies; the default prefix lies in it.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._record_path = home / "applied.json"
        self._kept = home / "before"

    def prefix(self) -> Path:
        """The folder that was written to, or the default."""
        record = self._record()
        return Path(record.prefix) if record else self._home / "etc"

    def read(self) -> dict[str, str | None]:
        """The present text of the written files."""
        record = self._record()
        found: dict[str, str | None] = {}
        for file in record.files if record else ():
            path = Path(file.path)
            found[file.name] = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
        return found

    def write(self, texts: Mapping[str, str], prefix: Path | None) -> tuple[Path, ...]:
        """See :class:`~jupyter_mlplatform.packages.ports.ConfigFiles`."""
        with self._alone():
            record = self._record()
            target = (prefix or self.prefix()).expanduser().absolute()
            if record and record.files and Path(record.prefix) != target:
                raise Conflict(
                    "packages.other_prefix",
                    f"The configuration is already written to {record.prefix}.",
                    cause="It is written to one folder at a time, so that undo is never in doubt.",
                    next_step="Run 'mlplat packages undo' first.",
                )
            known = {file.name: file for file in record.files} if record else {}
            wanted = tuple(known.get(name) or self._remember(target, name) for name in texts)
            gone = tuple(file for name, file in known.items() if name not in texts)
            # a folder that refuses does so here, before anything is recorded or changed
            ready = [(_beside(Path(file.path), texts[file.name].encode()), Path(file.path)) for file in wanted]
            self._save(Record(str(target), (*wanted, *gone)))
            for new, path in ready:
                new.replace(path)
            for file in gone:
                self._put_back(file)
            self._save(Record(str(target), wanted))
            return tuple(Path(file.path) for file in wanted)

    def restore(self) -> tuple[Path, ...]:
        """See :class:`~jupyter_mlplatform.packages.ports.ConfigFiles`."""
        with self._alone():
            record = self._record()
            for file in record.files if record else ():
                self._put_back(file)
            self._record_path.unlink(missing_ok=True)
            shutil.rmtree(self._kept, ignore_errors=True)
            return tuple(Path(file.path) for file in record.files) if record else ()

    def _remember(self, target: Path, name: str) -> WrittenFile:
        # the real place, so that a symbolic link stays one
        path = (target / name).resolve()
        if not path.exists():
            return WrittenFile(name, str(path))
        self._kept.mkdir(mode=0o700, exist_ok=True)
        kept = name.lstrip(".")
        shutil.copy2(path, self._kept / kept)
        return WrittenFile(name, str(path), kept)

    def _put_back(self, file: WrittenFile) -> None:
        path = Path(file.path)
        if not file.kept:
            path.unlink(missing_ok=True)
            return
        kept = self._kept / file.kept
        if kept.exists():
            _replace(path, kept.read_bytes(), like=kept)

    def _record(self) -> Record | None:
        try:
            return msgspec.json.decode(self._record_path.read_bytes(), type=Record)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise Unavailable(
                "packages.record_broken",
                "It is not known any more which package files were written.",
                cause=f"{self._record_path}: {error}.",
                next_step=f"The earlier files are in {self._kept}. Copy them back, then remove {self._record_path}.",
            ) from error

    def _save(self, record: Record) -> None:
        _replace(self._record_path, msgspec.json.encode(record))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, among all processes. A disk that refuses becomes ``Unavailable``."""
        try:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self._home / "files.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise Unavailable(
                "packages.cannot_write",
                "The package configuration cannot be written.",
                cause=f"{error}.",
                next_step="Choose a folder that you may write to with --prefix, or make room on the disk.",
            ) from error


def _replace(path: Path, content: bytes, like: Path | None = None) -> None:
    """Put new content in place of a file at once; its rights are those of ``like``, or of the file it replaces."""
    _beside(path, content, like).replace(path)


def _beside(path: Path, content: bytes, like: Path | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.mlplat-new")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        model = like or path
        if model.exists():
            shutil.copymode(model, temporary)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
