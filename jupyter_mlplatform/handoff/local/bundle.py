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
from collections.abc import Iterable, Iterator
from pathlib import Path

from jupyter_mlplatform.errors import Invalid
from jupyter_mlplatform.handoff.models import Bundle
from jupyter_mlplatform.handoff.ports import Packed

IGNORE_FILE = ".mlplatignore"
NEVER = frozenset({".git", ".venv", "__pycache__", ".ipynb_checkpoints"})
MOST_FILES = 20_000
MOST_BYTES = 2 * 1024**3
GIT_SECONDS = 30
_TEXT = frozenset({".py", ".ipynb", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".json", ".sh", ".txt", ".env", ""})
_LARGEST_TEXT_BYTES = 1024 * 1024


class TarPacker:
    """Keeps archives in ``folder``; an unchanged project is not packed again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pack(self, root: Path) -> Packed:
        """Raises ``Invalid`` when there is too much to pack, or a file cannot be read."""
        try:
            return self._pack(root)
        except (OSError, RuntimeError) as error:
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
        archive = self._folder / f"{digest}.tar.gz"
        if not archive.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            write_archive(root, names, archive)
        bundle = Bundle(
            digest=digest,
            path=str(archive),
            files=tuple(names),
            source_bytes=total,
            packed_bytes=archive.stat().st_size,
        )
        return Packed(bundle=bundle, skipped=tuple(skipped), commit=commit(root), texts=tuple(_texts(root, sizes)))

    def fingerprint(self, path: Path) -> str:
        """The digest of a file, or of all files below a folder."""
        names = sorted(_walk(path)) if path.is_dir() else [path.name]
        return f"sha256:{content_digest(path if path.is_dir() else path.parent, names)}"

    def copy(self, path: Path, folder: Path) -> None:
        """Copy a file, or what is below a folder, into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, folder, dirs_exist_ok=True)
        else:
            shutil.copy2(path, folder)


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
            content = hashlib.file_digest(file, "sha256") if hasattr(hashlib, "file_digest") else _sha256(file)
        digest.update(f"{name}\0{_mode(root / name):o}\0{content.hexdigest()}\n".encode())
    return digest.hexdigest()


def write_archive(root: Path, names: Iterable[str], archive: Path) -> None:
    """Write the tar.gz whole or not at all."""
    part = archive.with_name(f"{archive.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
    try:
        with (
            part.open("wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name in names:
                _add(tar, root / name, name)
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


def _add(tar: tarfile.TarFile, file: Path, name: str) -> None:
    info = tarfile.TarInfo(name)
    content = file.read_bytes()
    info.size = len(content)
    info.mode = _mode(file)
    tar.addfile(info, io.BytesIO(content))


def _mode(file: Path) -> int:
    return 0o755 if os.access(file, os.X_OK) else 0o644


def _sha256(file: io.BufferedReader) -> hashlib._Hash:
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


def _walk(root: Path) -> Iterator[str]:
    count = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NEVER)
        for name in files:
            yield (Path(folder) / name).relative_to(root).as_posix()
            count += 1
            if count > 10 * MOST_FILES:
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
