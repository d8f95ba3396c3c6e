"""Catalogue files on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jupyter_mlplatform import policy
from jupyter_mlplatform.access.catalogue import Entry, Listed, Reading, digest, entries, wrong_entry
from jupyter_mlplatform.errors import Invalid, PlatformError, Problem

_Stamp = tuple[int, int, int] | None


class CatalogueFiles:
    """The TOML files that the policy names, parsed again only when one of them changed."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._known: dict[Path, tuple[_Stamp, Reading]] = {}

    def read(self) -> Reading:
        """All entries of all files. An id belongs to the first file that lists it."""
        listed: dict[str, Listed] = {}
        problems: list[Problem] = []
        for path in self._paths:
            reading = self._file(path)
            problems += reading.problems
            for each in reading.listed:
                first = listed.setdefault(each.entry.id, each)
                if first is not each:
                    taken = Invalid("access.catalogue_wrong", f"The id stands in {first.catalogue} already.")
                    problems.append(wrong_entry(str(path), each.entry.id, taken))
        return Reading(tuple(listed.values()), tuple(problems))

    def _file(self, path: Path) -> Reading:
        stamp = _stamp(path)
        known = self._known.get(path)
        if known is None or known[0] != stamp or stamp is None:
            known = (stamp, _parse(path))
            self._known[path] = known
        return known[1]


def _parse(path: Path) -> Reading:
    try:
        document = policy.read_toml(path, code="access.catalogue_unreadable")
    except Invalid as error:
        return Reading(problems=(error.problem,))
    found, problems = entries(document, str(path))
    listed = []
    for entry in found:
        try:
            location = _locate(entry, path)
        except PlatformError as error:
            problems.append(wrong_entry(str(path), entry.id, error))
        else:
            listed.append(Listed(entry=entry, catalogue=str(path), location=location, digest=digest(entry, location)))
    return Reading(tuple(listed), tuple(problems))


def _locate(entry: Entry, catalogue: Path) -> str:
    """Where an entry's data is. A relative path may not lead out of the catalogue's folder, not by a link either."""
    path = Path(entry.path)
    if path.is_absolute():
        return str(path)
    folder = catalogue.resolve().parent
    found = (folder / path).resolve()
    if not found.is_relative_to(folder):
        raise Invalid(
            "access.path_outside", f"The path {entry.path!r} leads out of {folder}.", next_step="Name an absolute path."
        )
    return str(found)


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
