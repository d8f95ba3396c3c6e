"""The deterministic archive of a project: sorted, without times and owners, named by its content."""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from jupyter_mlplatform.errors import Conflict, Invalid
from jupyter_mlplatform.handoff.models import Bundle
from jupyter_mlplatform.handoff.ports import Packed

IGNORE_FILE = ".mlplatignore"
SUFFIX = ".tar.gz"
NEVER = frozenset({".git", ".venv", "__pycache__", ".ipynb_checkpoints"})
MOST_FILES = 20_000
MOST_WALKED = 10 * MOST_FILES
MOST_BYTES = 2 * 1024**3
GIT_SECONDS = 30
_TEXT = frozenset({".py", ".ipynb", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".json", ".sh", ".txt", ".env", ""})
_LARGEST_TEXT_BYTES = 1024 * 1024


class TarPacker:
    """Keeps archives in ``folder``, for this account alone; an unchanged project is not packed again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pack(self, root: Path) -> Packed:
        """Raises ``Invalid`` when there is too much to pack, or a file cannot be read."""
        try:
            return self._pack(root)
        except (OSError, RuntimeError, UnicodeError) as error:
            raise Invalid(
                "handoff.unreadable",
                "The project cannot be packed.",
                cause=f"{error}.",
                next_step=f"Make the file readable, remove it, or name it in {IGNORE_FILE}.",
            ) from error

    def _pack(self, root: Path) -> Packed:
        names, skipped = chosen(root)
        sizes = {name: (root / name).stat().st_size for name in names}
        total = sum(sizes.values())
        if len(names) > MOST_FILES or total > MOST_BYTES:
            raise Invalid(
                "handoff.too_much",
                f"The project in {root.name} is too large to hand off.",
                cause=f"It has {len(names):,} files of {total / 1e6:,.0f} MB; {MOST_FILES:,} files and "
                f"{MOST_BYTES / 1e6:,.0f} MB are the most.",
                next_step=f"Name what is not needed in {IGNORE_FILE}, or move the notebook to a folder of its own.",
            )
        digest = content_digest(root, names)
        archive = self._folder / f"{digest}{SUFFIX}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        if not archive.exists():
            write_archive(root, names, archive, digest)
        bundle = Bundle(
            digest=digest,
            path=str(archive),
            files=tuple(names),
            source_bytes=total,
            packed_bytes=archive.stat().st_size,
        )
        return Packed(bundle=bundle, skipped=tuple(skipped), commit=commit(root), texts=tuple(_texts(root, sizes)))

    def fingerprint(self, path: Path) -> str:
        """The digest of a file, or of all files below a folder. Raises ``Invalid`` when one cannot be read."""
        try:
            return f"sha256:{content_digest(*_files(path))}"
        except (OSError, RuntimeError, UnicodeError) as error:
            raise _not_copied(path, error) from error

    def copy(self, path: Path, folder: Path) -> None:
        """Copy a file, or the very files that ``fingerprint`` looks at, into ``folder``.

        An archive of this packer is verified where it arrives. Raises ``Conflict`` when it holds something else, and
        removes it, so that the next plan packs anew; ``Invalid`` when a file cannot be copied.
        """
        try:
            start, names = _files(path)
            folder.mkdir(parents=True, exist_ok=True)
            for name in names:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(start / name, target)
        except (OSError, RuntimeError) as error:
            raise _not_copied(path, error) from error
        if path.parent == self._folder:
            try:
                verify(folder / path.name, path.name.removesuffix(SUFFIX))
            except Conflict:
                path.unlink(missing_ok=True)
                raise


def chosen(root: Path) -> tuple[list[str], list[str]]:
    """The files to pack, sorted, relative to ``root``; and links that were left out because they lead outside it."""
    listed = _from_git(root)
    patterns = _patterns(root)
    names, skipped = [], []
    for name in sorted(set(listed if listed is not None else _walk(root))):
        if NEVER & set(name.split("/")) or _ignored(name, patterns):
            continue
        file = root / name
        if not file.resolve().is_relative_to(root.resolve()):
            skipped.append(name)
        elif file.is_file():
            names.append(name)
    return names, skipped


def content_digest(root: Path, names: Iterable[str]) -> str:
    """SHA-256 over names, execute bits and contents: what the archive holds, whatever the compressor does."""
    digest = hashlib.sha256()
    for name in names:
        with (root / name).open("rb") as file:
            content = _sha256(file)
        digest.update(_line(name, _mode(root / name), content))
    return digest.hexdigest()


def verify(archive: Path, digest: str) -> None:
    """Raises ``Conflict`` when what ``archive`` holds does not have this content digest, or cannot be read."""
    found = hashlib.sha256()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None:
                    raise tarfile.TarError(f"{member.name} is not a plain file")
                found.update(_line(member.name, member.mode, _sha256(content)))
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as error:
        raise _not_the_code(f"The archive cannot be read: {error}.") from error
    if found.hexdigest() != digest:
        raise _not_the_code("The archive does not hold the files that it is named after.")


def write_archive(root: Path, names: Iterable[str], archive: Path, digest: str = "") -> None:
    """Write the tar.gz whole or not at all, readable by this account only.

    With a content ``digest``: raises ``Conflict`` when the bytes that went in do not have it.
    """
    found = hashlib.sha256()
    part = archive.with_name(f"{archive.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
    try:
        with (
            open(part, "wb", opener=_private) as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name in names:
                found.update(_add(tar, root / name, name))
        if digest and found.hexdigest() != digest:
            raise Conflict(
                "handoff.files_changed",
                "Files changed while they were packed.",
                cause="What was read first is not what was packed.",
                next_step="Save, wait until nothing writes into the project, and plan again.",
            )
        part.replace(archive)
    finally:
        part.unlink(missing_ok=True)


def commit(root: Path) -> str:
    """The git commit of ``root``, with ``-dirty`` when files differ from it; empty outside git."""
    head = _git(root, "rev-parse", "HEAD")
    if not head or _ignored_as_a_whole(root):
        return ""
    changed = _git(root, "status", "--porcelain", "--", ".")
    return head.decode().strip() + ("-dirty" if changed else "")


def _add(tar: tarfile.TarFile, file: Path, name: str) -> bytes:
    """Put a file in; returns what of it counts for the content digest."""
    info = tarfile.TarInfo(name)
    content = file.read_bytes()
    info.size = len(content)
    info.mode = _mode(file)
    tar.addfile(info, io.BytesIO(content))
    return _line(name, info.mode, hashlib.sha256(content))


def _line(name: str, mode: int, content: hashlib._Hash) -> bytes:
    return f"{name}\0{mode:o}\0{content.hexdigest()}\n".encode()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _mode(file: Path) -> int:
    return 0o755 if os.access(file, os.X_OK) else 0o644


def _sha256(file: IO[bytes]) -> hashlib._Hash:
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(1 << 20), b""):
        digest.update(block)
    return digest


def _ignored_as_a_whole(root: Path) -> bool:
    """Whether the repository around ``root`` ignores it: a scratch folder in somebody's clone is not part of it."""
    return bool(_git(root, "check-ignore", "--", "."))


def _from_git(root: Path) -> list[str] | None:
    if _ignored_as_a_whole(root):
        return None
    found = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return None if found is None else [os.fsdecode(name) for name in found.split(b"\0") if name]


def _git(root: Path, *words: str) -> bytes | None:
    """What git answers; None where there is no git or no repository."""
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *words],
            cwd=root,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _files(path: Path) -> tuple[Path, list[str]]:
    """An input's files, and the folder that their names start from.

    Links to folders are not followed, and a link that leads nowhere (an editor's lock) is no file.
    """
    if not path.is_dir():
        return path.parent, [path.name]
    walked = sorted(_walk(path))
    if len(walked) > MOST_WALKED:
        raise Invalid(
            "handoff.too_much",
            f"The folder {path.name} has too many files.",
            cause=f"{MOST_WALKED:,} are the most.",
            next_step="Register it as a dataset, or put the files into fewer ones.",
        )
    return path, [name for name in walked if (path / name).is_file()]


def _not_copied(path: Path, error: Exception) -> Invalid:
    return Invalid(
        "handoff.unreadable",
        f"{path.name} cannot be copied for the run.",
        cause=f"{error}.",
        next_step="Make the file readable, or remove it.",
    )


def _not_the_code(cause: str) -> Conflict:
    return Conflict(
        "handoff.bundle_changed",
        "The packed code is not the code that was planned.",
        cause=cause,
        next_step="Plan again, and start that.",
    )


def _walk(root: Path) -> Iterator[str]:
    count = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NEVER)
        for name in files:
            yield (Path(folder) / name).relative_to(root).as_posix()
            count += 1
            if count > MOST_WALKED:
                return


def _patterns(root: Path) -> list[str]:
    file = root / IGNORE_FILE
    if not file.is_file():
        return []
    lines = (line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _ignored(name: str, patterns: Iterable[str]) -> bool:
    """A pattern without a slash matches any part of the path; with one, the path from the root or a folder above."""
    parts = name.split("/")
    above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    for pattern in patterns:
        wanted = pattern.strip("/")
        places = above if "/" in wanted else parts
        if pattern.endswith("/"):
            places = places[:-1]
        if any(fnmatch.fnmatchcase(place, wanted) for place in places):
            return True
    return False


def _texts(root: Path, sizes: dict[str, int]) -> Iterator[tuple[str, str]]:
    for name, size in sizes.items():
        if Path(name).suffix.lower() in _TEXT and size <= _LARGEST_TEXT_BYTES:
            yield name, (root / name).read_text(encoding="utf-8", errors="replace")
