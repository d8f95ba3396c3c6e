"""Catalogue files on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jupyter_mlplatform import policy
from jupyter_mlplatform.access import locations
from jupyter_mlplatform.access.catalogue import Entry, Fault, Listed, Reading, digest, entries, wrong_entry
from jupyter_mlplatform.addresses import has_credentials, redact
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
        faults: list[Fault] = []
        for path in self._paths:
            reading = self._file(path)
            faults += reading.faults
            for each in reading.listed:
                first = listed.setdefault(each.entry.id, each)
                if first is not each:
                    taken = Invalid("access.catalogue_wrong", f"The id stands in {first.catalogue} already.")
                    faults.append(wrong_entry(path.name, each.entry.id, taken))
        return Reading(tuple(listed.values()), tuple(faults))

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
        return Reading(faults=(Fault("", _unreadable(path, error)),))
    found, faults = entries(document, path.name)
    listed = []
    for entry in found:
        try:
            location = _locate(entry, path)
            location = locations.table(Path(location), entry.table) if entry.table else location
        except PlatformError as error:
            faults.append(wrong_entry(path.name, entry.id, error))
        else:
            listed.append(Listed(entry=entry, catalogue=path.name, location=location, digest=digest(entry, location)))
    return Reading(tuple(listed), tuple(faults))


def _unreadable(path: Path, error: Invalid) -> Problem:
    """The same with the file's name: its place is not for everybody who reads about it."""
    cause = error.problem.cause.replace(str(path), path.name)
    return Problem(error.problem.code, f"The catalogue {path.name} cannot be read.", cause, error.problem.next_step)


def _locate(entry: Entry, catalogue: Path) -> str:
    """Where an entry's data is. A relative path may not lead out of the catalogue's folder, not by a link either."""
    if "://" in entry.path:
        return _address(entry)
    path = Path(entry.path)
    if path.is_absolute():
        return str(path)
    try:
        folder = catalogue.resolve().parent
        found = (folder / path).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        # In turn: a name too long for the system, links that lead to each other, a NUL.
        raise Invalid("access.invalid_path", f"{entry.path!r} cannot be a path.", cause=f"{error}.") from error
    if not found.is_relative_to(folder):
        raise Invalid(
            "access.path_outside",
            f"The path {entry.path!r} leads out of the catalogue's folder.",
            next_step="Name an absolute path.",
        )
    return str(found)


def _address(entry: Entry) -> str:
    """The address of what lies elsewhere; tables of Glue come into the catalogue by themselves."""
    if not entry.path.startswith(("postgresql://", "s3://")) or entry.table or has_credentials(entry.path):
        raise Invalid(
            "access.invalid_path",
            f"{redact(entry.path)!r} cannot be the place of a dataset.",
            cause="An address is postgresql://host:port/database/schema.table or s3://bucket/prefix/, without a login.",
            next_step="Correct the path, and leave 'table' out.",
        )
    return entry.path


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
