"""The demo's one folder: where everything lies, and how it is known to be a demo's before anything is removed.

The two people are two servers of one operating-system account. What separates them is the platform's own rules, not
the operating system: the separation is advisory, and the demo says so.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from jupyter_mlplatform.errors import Conflict, Unavailable

MARKER = ".mlplat-demo"
MARKER_TEXT = "Made by 'mlplat demo'; 'mlplat demo --reset' removes this folder with all that is in it.\n"
SEPARATION = (
    "Both servers run under your own account, so what separates alice and bob is advice, not protection: "
    "the demo shows the rules. In a shared installation they are advice too, for whoever can open the files."
)


class Person(msgspec.Struct, frozen=True):
    """Somebody who works in the demo; ``opens`` is the page that their browser shows first."""

    name: str
    role: str
    opens: str


ALICE = Person("alice", "data scientist", "lab/tree/weld_faults.ipynb")
BOB = Person("bob", "owner of the data", "lab")
PEOPLE = (ALICE, BOB)


class DemoFolder:
    """Paths below one root; nothing of the demo is written anywhere else."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()

    @property
    def marker(self) -> Path:
        """The file that says that this folder is ours to remove."""
        return self.root / MARKER

    @property
    def data(self) -> Path:
        """The files of the catalogue."""
        return self.root / "data"

    @property
    def shared(self) -> Path:
        """What the people share: requests, grants, runs, versions."""
        return self.root / "shared"

    def home(self, person: Person) -> Path:
        """Everything of one person; ``place.toml`` in it makes it their workspace."""
        return self.root / "people" / person.name

    def work(self, person: Person) -> Path:
        """The folder that a person's JupyterLab shows."""
        return self.home(person) / "work"

    def claim(self) -> None:
        """Make the folder, or take it again. Raises ``Conflict`` for a folder with somebody else's files in it."""
        if self.root.exists() and not self.marker.exists() and any(self.root.iterdir()):
            raise self._not_ours("The demo needs an empty folder or its own one.")
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)
            self.marker.write_text(MARKER_TEXT, encoding="utf-8")
        except OSError as error:
            raise Unavailable(
                "demo.folder_unwritable",
                f"The folder {self.root} cannot be written.",
                cause=f"{error}.",
                next_step="Choose another one with --folder.",
            ) from error

    def remove(self) -> bool:
        """Remove the folder with everything in it; False when there is none. Refuses one that is not a demo's."""
        if not self.root.exists():
            return False
        if self.root.is_symlink() or not self.marker.is_file():
            raise self._not_ours(f"It has no file {MARKER}, so it is not a folder that the demo made.")
        shutil.rmtree(self.root)
        return True

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Two demos of one folder seed and start their servers one after the other."""
        with (self.root / ".lock").open("w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _not_ours(self, cause: str) -> Conflict:
        return Conflict(
            "demo.not_a_demo_folder",
            f"The folder {self.root} is left as it is.",
            cause=cause,
            next_step="Name another folder with --folder.",
        )
