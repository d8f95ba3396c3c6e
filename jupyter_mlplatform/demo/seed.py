"""Fills the demo folder: the policy, the catalogue with its data, and each person's own files.

Seeding again changes nothing that is there already, so a notebook that somebody has edited stays edited.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_mlplatform.demo import datasets
from jupyter_mlplatform.demo.folder import PEOPLE, DemoFolder

OURS = Path(__file__).with_name("files")
PLACE = """\
person = "{name}"
policy = "../../policy.toml"
shared = "../../shared"
"""


def seed(folder: DemoFolder) -> None:
    """Write what is missing. Raises ``Conflict`` for a folder that is somebody else's."""
    folder.claim()
    with folder.exclusively():
        datasets.write(folder.data)
        folder.shared.mkdir(exist_ok=True)
        for name in ("policy.toml", "catalogue.toml"):
            _write(folder.root / name, (OURS / name).read_bytes())
        for person in PEOPLE:
            work = folder.work(person)
            work.mkdir(parents=True, exist_ok=True)
            for file in sorted((OURS / person.name).iterdir()):
                _write(work / file.name, file.read_bytes())
            _write(folder.home(person) / "place.toml", PLACE.format(name=person.name).encode())


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and only what is not there yet."""
    if path.exists():
        return
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(path)
