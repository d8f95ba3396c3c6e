"""What package configuration needs from the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from jupyter_mlplatform.packages.facts import CondaFile, IndexAnswer, PipFile, Sources
from jupyter_mlplatform.packages.models import Examination

Stop = Callable[[], bool]


class Stopped(Exception):
    """A probe was broken off because its ``stop`` said so."""


class ConfigFiles(Protocol):
    """The files that we wrote for the clients, and the memory of what was there before them."""

    def prefix(self) -> Path:
        """The folder that was written to, or the one that would be."""

    def read(self) -> dict[str, str | None]:
        """The present text of every file that we wrote, by its name; ``None`` where it is gone."""

    def write(self, texts: Mapping[str, str], prefix: Path | None) -> tuple[Path, ...]:
        """Make exactly these files stand under the prefix; files of an earlier call that are not named are restored.

        Raises ``Conflict`` when files stand under another prefix, ``Unavailable`` when the folder cannot be written.
        """

    def restore(self) -> tuple[Path, ...]:
        """Put back what was there before, and forget it. Gives the paths; none when nothing had been written."""


class Environment(Protocol):
    """The variables that this process hands on to what it starts: kernels and terminals, when it is a server."""

    def use(self, exports: Mapping[str, str]) -> None:
        """Set exactly these; what an earlier call set and this one does not name is as it was."""


class Probe(Protocol):
    """Looks at this machine and changes nothing. What takes ``stop`` raises ``Stopped`` soon after that is true."""

    interpreter: str

    def sources(self, stop: Stop) -> Sources:
        """Where pip would look for packages."""

    def settings(self, stop: Stop) -> dict[str, str]:
        """The options of pip in force; empty when pip cannot be asked."""

    def ask(self, index: str, timeout_seconds: int, stop: Stop) -> IndexAnswer:
        """Let pip ask an index for one project, once."""

    def pip_files(self) -> tuple[PipFile, ...]:
        """pip's configuration files that exist."""

    def conda_files(self) -> tuple[CondaFile, ...]:
        """conda's configuration files that exist."""

    def conda_command(self) -> str:
        """Path of the conda command, or nothing."""

    def variables(self) -> dict[str, str]:
        """The environment variables that steer the clients."""

    def bundle_problem(self, path: str) -> str:
        """Why a CA bundle cannot be used; empty when it can."""


class Examinations(Protocol):
    """Keeps the last examination, for all processes of this workspace. At most one runs at a time."""

    def begin(self, examination: Examination) -> bool:
        """Store it as the running one. False when another runs already, in this process or in another."""

    def last(self) -> tuple[Examination | None, bool]:
        """The last one, and whether the process that runs it is alive."""

    def save(self, examination: Examination) -> None:
        """Store how far it is."""

    def end(self) -> None:
        """The running one is over: another may begin."""

    def ask_to_stop(self, examination_id: str) -> None:
        """Tell the process that runs it to stop."""

    def stop_asked(self, examination_id: str) -> bool:
        """Whether it was told to stop."""
