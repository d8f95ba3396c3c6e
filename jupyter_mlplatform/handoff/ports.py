"""What the hand-off needs from the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec

from jupyter_mlplatform.handoff.models import Bundle, DataInput, Finding, Run, Spec, Version
from jupyter_mlplatform.handoff.progress import Lease, RunEvent

Clock: TypeAlias = Callable[[], datetime]
Validator: TypeAlias = Callable[[dict[str, Any]], tuple[Finding, ...]]


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """What a path stands for: the spec and the code it names.

    ``root`` is the absolute folder that is packed, ``path`` the given path relative to the server's root.
    ``document`` is the entry notebook as a dict, None for a script. ``texts`` maps scripts (and a script entry),
    relative to ``root``, to their text. ``has_spec``: there is a ``handoff.yaml`` for it.
    """

    root: Path
    path: str
    spec: Spec
    has_spec: bool
    document: dict[str, Any] | None = None
    texts: dict[str, str] = {}


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle, the links that were left out of it, the git commit (empty outside git) and readable text files."""

    bundle: Bundle
    skipped: tuple[str, ...]
    commit: str
    texts: tuple[tuple[str, str], ...]


class KernelInfo(msgspec.Struct, frozen=True):
    """An installed kernel: its language and its interpreter."""

    language: str
    python: str


class RunOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the process which executes a run must know; it never looks at the project again."""

    run: Run
    definition: dict[str, Any]
    kernel: str
    python: str
    entry: str
    commit: str
    max_parallel_steps: int


class Sources(Protocol):
    """Finds a project below a root."""

    def find(self, root: Path, path: str) -> Project:
        """Raises ``Invalid`` or ``NotFound``, also for a path that leaves ``root``."""
        ...


class Packer(Protocol):
    """Packs a project's files into a deterministic archive."""

    def pack(self, root: Path) -> Packed:
        """The same files give the same archive; an archive that is there already is used again."""
        ...

    def fingerprint(self, path: Path) -> str:
        """A name for the content of a file, or of all files below a folder."""
        ...

    def copy(self, path: Path, folder: Path) -> None:
        """Copy a file, or what is below a folder, into ``folder``."""
        ...


class Kernels(Protocol):
    """The installed kernels."""

    def find(self, name: str) -> KernelInfo | None:
        """None when it is not installed."""
        ...

    def names(self) -> tuple[str, ...]:
        """All of them."""
        ...


class DataLineage(Protocol):
    """Data under grants."""

    def grant(self, person: str, dataset_id: str) -> DataInput:
        """The live grant on a dataset. Raises ``Forbidden`` or ``NotFound`` saying why there is none."""
        ...

    def materialise(self, person: str, dataset_id: str, folder: Path) -> DataInput:
        """Write what is granted as parquet into ``folder``; the fingerprint is that of what was written."""
        ...


class Runner(Protocol):
    """Executes runs in processes that outlive this one."""

    @property
    def here(self) -> str:
        """The name of this machine."""
        ...

    def open(self, run_id: str) -> Path:
        """A new private folder for a run's objects; its ``store`` stands for the artifact bucket."""
        ...

    def discard(self, run_id: str) -> None:
        """Remove the folder of a run that never was."""
        ...

    def clean(self, run_id: str) -> None:
        """Remove what a finished run needs no more, above all copies of data."""
        ...

    def order(self, order: RunOrder) -> None:
        """Write down what is to be executed; from then on :meth:`launch` needs nothing else."""
        ...

    def launch(self, run_id: str) -> None:
        """Start a process for the run. Launching twice is harmless: one of them gets the run."""
        ...

    def alive(self, lease: Lease) -> bool:
        """Whether the process that holds a run on this machine lives."""
        ...

    def trouble(self, run_id: str) -> str:
        """The last words of the executing process, empty when it said nothing."""
        ...

    def log(self, run_id: str, step: str, offset: int) -> tuple[str, int, bool]:
        """Text from a byte offset on, the next offset, and whether the end of the file was reached."""
        ...


class Store(Protocol):
    """Runs, their events, and model versions."""

    def add(self, run: Run, key: str, host: str) -> Run:
        """Write a new run down; when ``(person, key)`` has one already, that one is returned."""
        ...

    def by_key(self, person: str, key: str) -> Run | None:
        """The run that was started with a key."""
        ...

    def run(self, run_id: str) -> tuple[Run, Lease] | None:
        """One run and who executes it."""
        ...

    def runs(self, *, unfinished: bool = False) -> Sequence[tuple[Run, Lease]]:
        """All runs, newest first."""
        ...

    def append(self, run_id: str, event: RunEvent, actor: str) -> Run:
        """Add an event and apply it, in one transaction."""
        ...

    def versions(self) -> tuple[Version, ...]:
        """All model versions, newest first."""
        ...

    def version(self, version_id: str) -> Version | None:
        """One model version."""
        ...

    def change_version(self, version_id: str, change: Callable[[Version], Version], actor: str) -> Version:
        """Apply a decision in one transaction; ``change`` may raise, and then nothing is written."""
        ...

    def news(self, after: int) -> Sequence[News]:
        """Everything that happened after a number, oldest first."""
        ...

    def last_seq(self) -> int:
        """The newest number."""
        ...


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the log: of a run, or of a version. ``author`` is whose run or version it is."""

    seq: int
    action: str
    subject: str
    name: str
    author: str
    actor: str
    text: str = ""
