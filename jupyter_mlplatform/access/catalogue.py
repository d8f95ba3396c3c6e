"""What may be said of a dataset, in a catalogue file or when registering one by hand.

A catalogue is a TOML file of ``[[dataset]]`` entries, read strictly: an unknown key is an error. One wrong entry is a
problem of that entry; the others stay usable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from jupyter_mlplatform.access import samples, texts
from jupyter_mlplatform.access.locations import backend_of, kind_of
from jupyter_mlplatform.access.messages import Registration
from jupyter_mlplatform.access.models import Column, Dataset, Inspection, Kind
from jupyter_mlplatform.access.samples import SampleRule
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, PlatformError, Problem, nearest
from jupyter_mlplatform.policy import CLASSIFICATIONS, AccessPolicy

_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


class ColumnNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a catalogue says of one column."""

    description: str = ""
    tags: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset of a catalogue file. ``path`` is absolute, or relative to the catalogue file.

    It names a file, a folder of Parquet files, or with ``table`` the SQLite file that the table is in. It may also be
    an address, ``postgresql://host:port/database/schema.table`` or ``s3://bucket/prefix/``.
    """

    id: str
    owner: str
    path: str
    table: str = ""
    title: str = ""
    classification: str = "internal"
    description: str = ""
    tags: tuple[str, ...] = ()
    columns: dict[str, ColumnNote] = {}
    sample: SampleRule | None = None

    def registration(self) -> Registration:
        """The same, as registering by hand says it."""
        columns = tuple(
            Column(name, description=note.description, tags=note.tags) for name, note in self.columns.items()
        )
        return Registration(
            id=self.id,
            owner=self.owner,
            title=self.title,
            classification=self.classification,
            description=self.description,
            tags=self.tags,
            columns=columns,
            sample=self.sample,
        )


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, the ``catalogue`` file that it stands in, and a ``digest`` that changes with either of them."""

    entry: Entry
    catalogue: str
    location: str
    digest: str


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one dataset of a catalogue, or with a whole file when no ``dataset_id`` is given."""

    dataset_id: str
    problem: Problem

    def told(self, in_full: bool) -> Problem:
        """The problem for an admin; for others only what cannot be used, because causes tell of files and places."""
        if in_full:
            return self.problem
        message = f"The dataset {self.dataset_id} of a catalogue cannot be used."
        return Problem(
            self.problem.code,
            message if self.dataset_id else "A catalogue cannot be used.",
            next_step="Tell your platform team; an admin of data access sees the cause.",
        )


class Reading(msgspec.Struct, frozen=True):
    """What catalogue files hold, and what is wrong with them."""

    listed: tuple[Listed, ...] = ()
    faults: tuple[Fault, ...] = ()


def entries(document: Mapping[str, Any], origin: str) -> tuple[list[Entry], list[Fault]]:
    """The entries of one parsed catalogue, and one fault for each that is wrong. ``origin`` is the file's name."""
    for key in document:
        if key != "dataset":
            cause = f"Unknown key {key!r}. {nearest(key, ['dataset'])}"
            return [], [Fault("", _wrong(origin, "", cause).problem)]
    tables = document.get("dataset", [])
    if not isinstance(tables, list):
        cause = "Datasets are written as [[dataset]], with two brackets."
        return [], [Fault("", _wrong(origin, "", cause).problem)]
    found: dict[str, Entry] = {}
    faults: list[Fault] = []
    for number, table in enumerate(tables, 1):
        name = str(table.get("id") or f"number {number}") if isinstance(table, dict) else f"number {number}"
        try:
            entry = _entry(table, origin, name)
            if entry.id in found:
                raise _wrong(origin, name, "The id is used twice in this file.")
        except PlatformError as error:
            faults.append(Fault(name, error.problem))
        else:
            found[entry.id] = entry
    return list(found.values()), faults


def digest(entry: Entry, location: str) -> str:
    """Changes whenever the entry says something else."""
    return hashlib.sha256(msgspec.json.encode((entry, location), order="deterministic")).hexdigest()


def wrong_entry(origin: str, dataset_id: str, error: PlatformError) -> Fault:
    """An error met while taking over an entry, said with file and dataset."""
    return Fault(dataset_id, _wrong(origin, dataset_id, str(error)).problem)


def check_authority(existing: Dataset | None, registration: Registration, person: str, policy: AccessPolicy) -> None:
    """Who may register: anybody for oneself, the owner again, admins for everybody.

    Raises ``Forbidden`` for an id or an owner that is not the person's to give away. With four eyes an admin cannot
    become the owner of somebody else's dataset alone, because owners use their data without a grant.
    """
    if person in policy.admins:
        if existing and policy.four_eyes and registration.owner == person != existing.owner:
            raise _alone(f"make yourself the owner of {existing.id!r}", existing.owner)
        return
    if existing and existing.owner != person:
        raise Forbidden(
            "access.not_owner",
            f"The dataset {existing.id!r} is not yours.",
            cause=f"It belongs to {existing.owner}.",
            next_step=f"Choose another id, or ask {existing.owner}.",
        )
    if registration.owner not in ("", person):
        raise Forbidden(
            "access.not_owner",
            f"You cannot register a dataset for {registration.owner}.",
            cause="Only an admin or a catalogue file makes somebody else the owner.",
            next_step=f"Let {registration.owner} register it, or leave the owner out.",
        )


def describe(
    registration: Registration, inspected: Inspection, existing: Dataset | None, person: str, now: datetime
) -> Dataset:
    """The dataset that a registration makes of a file; what it leaves empty is taken from ``existing``.

    Raises ``Invalid`` where the registration is wrong or does not fit the file.
    """
    check(registration)
    columns = _columns(registration.columns, inspected, existing.columns if existing else ())
    sample = registration.sample or (existing.sample if existing else None)
    if sample is not None and sample.columns:
        samples.check(sample, columns)
    return Dataset(
        id=registration.id,
        title=registration.title or (existing.title if existing else registration.id.replace("_", " ")),
        owner=registration.owner or (existing.owner if existing else person),
        location=inspected.location,
        kind=kind_of(inspected.location),
        format=inspected.format,
        classification=registration.classification or (existing.classification if existing else "internal"),
        description=registration.description or (existing.description if existing else ""),
        tags=registration.tags or (existing.tags if existing else ()),
        columns=columns,
        rows=inspected.rows,
        registered_by=person,
        registered_at=now,
        fingerprint=inspected.fingerprint,
        sample=sample if sample and sample.columns else None,
        backend=backend_of(inspected.location),
    )


def check_profiled(draft: Dataset, dataset: Dataset) -> None:
    """Raises ``Conflict`` when what is registered is not what was looked at for its sample."""
    if (draft.fingerprint, draft.columns, draft.sample) != (dataset.fingerprint, dataset.columns, dataset.sample):
        raise Conflict(
            "access.changed_meanwhile",
            "Somebody else registered this dataset at the same moment.",
            next_step="Look at it again, then register it.",
        )


def check_location(
    dataset: Dataset, others: Iterable[Dataset], existing: Dataset | None, person: str, policy: AccessPolicy
) -> None:
    """Raises ``Conflict`` or ``Forbidden`` for data that is, or was, registered by another owner, also as a part.

    Whoever registers data decides who may use it, so a second registration would go round the first owner. An admin
    may do it for somebody else.
    """
    if existing and (existing.location, existing.owner) == (dataset.location, dataset.owner):
        return
    other = next((each for each in others if each.id != dataset.id and each.owner != dataset.owner), None)
    if other is None:
        return
    if person not in policy.admins:
        raise Conflict(
            "access.location_taken",
            f"This data is registered as {other.id!r} already.",
            cause=f"It belongs to {other.owner}, who decides who may use it.",
            next_step=f"Ask for access: mlplat data request {other.id}"
            if other.live
            else f"Ask {other.owner} or an admin of data access to register it.",
        )
    if policy.four_eyes and dataset.owner == person:
        raise _alone(f"register the data of {other.id!r} as your own", other.owner)


def check_listed(registration: Registration, inspected: Inspection, existing: Dataset) -> None:
    """Raises ``Conflict`` when registering by hand would change more than the content of a catalogue's dataset."""
    before = {column.name: column for column in existing.columns}
    changed = [
        field
        for field in ("title", "owner", "classification", "description", "tags")
        if getattr(registration, field) and getattr(registration, field) != getattr(existing, field)
    ]
    for note in registration.columns:
        known = before.get(note.name)
        if known is None or (note.description, note.tags) != (known.description, known.tags):
            changed.append("columns")
            break
    if registration.sample not in (None, existing.sample):
        changed.append("sample")
    if inspected.location != existing.location:
        changed.append("path")
    if changed:
        raise Conflict(
            "access.in_catalogue",
            f"{existing.id!r} stands in a catalogue, so its {' and '.join(changed)} cannot be changed here.",
            cause="The platform team's catalogue says what a dataset is; registering it again takes new content over.",
            next_step="Register the same file without other options, or have the catalogue changed.",
        )


def check_unretired(dataset: Dataset | None) -> None:
    """Raises ``Conflict`` for a retired dataset: it does not come back, and its id is never used again."""
    if dataset and not dataset.live:
        raise Conflict(
            "access.dataset_retired",
            f"The dataset {dataset.id!r} was retired, and an id is never used again.",
            next_step="Choose another one.",
        )


def check_takeable(existing: Dataset | None, entry: str | None) -> None:
    """Raises ``Conflict`` when an entry's id is retired, or was registered by hand (``entry``: its digest, if any)."""
    check_unretired(existing)
    if existing and existing.kind is Kind.GLUE_TABLE:
        raise Conflict("access.id_taken", f"The id {existing.id!r} is that of a table of Glue.")
    if existing and entry is None:
        raise Conflict("access.id_taken", f"The id {existing.id!r} was registered by {existing.registered_by} already.")


def check(registration: Registration) -> None:
    """Raises ``Invalid`` for an id, classification or text that cannot be accepted."""
    if not _ID.fullmatch(registration.id):
        raise Invalid(
            "access.invalid_id",
            f"{registration.id!r} cannot be the id of a dataset.",
            cause="An id has up to 64 of a-z, 0-9, '_', '-' and '.', and starts with a letter or digit.",
            next_step="Choose another id.",
        )
    if registration.classification and registration.classification not in CLASSIFICATIONS:
        raise Invalid(
            "access.invalid_classification",
            f"{registration.classification!r} is not a classification.",
            next_step=nearest(registration.classification, CLASSIFICATIONS),
        )
    if registration.owner != registration.owner.strip():
        raise Invalid(
            "access.invalid_owner",
            f"{registration.owner!r} cannot be the owner of a dataset.",
            cause="A person's name has no spaces around it, and nobody could decide on requests without one.",
            next_step="Name the owner, or leave the owner out.",
        )
    for field, said in {
        "title": (registration.title,),
        "description": (registration.description, *(column.description for column in registration.columns)),
        "owner": (registration.owner,),
        "tag": (*registration.tags, *(tag for column in registration.columns for tag in column.tags)),
    }.items():
        for text in said:
            texts.check(field, text)


def same(before: Dataset, after: Dataset) -> bool:
    """Whether registering again changed nothing but the time and the person."""
    return before == replace(after, registered_at=before.registered_at, registered_by=before.registered_by)


def _columns(notes: tuple[Column, ...], inspected: Inspection, before: tuple[Column, ...]) -> tuple[Column, ...]:
    in_file = [column.name for column in inspected.columns]
    for name in in_file:
        texts.check("columns", name)
    for note in notes:
        if note.name not in in_file:
            raise Invalid(
                "access.invalid_columns",
                f"The file has no column {note.name!r}.",
                cause="Its present content was read.",
                next_step=nearest(note.name, in_file),
            )
    said = {column.name: column for column in (*before, *notes)}
    return tuple(
        replace(column, description=said[column.name].description, tags=said[column.name].tags)
        if column.name in said
        else column
        for column in inspected.columns
    )


def _entry(table: Any, origin: str, name: str) -> Entry:
    if not isinstance(table, dict):
        raise _wrong(origin, name, "It is not a table of keys.")
    _refuse_unknown(table, Entry, origin, name)
    columns = table.get("columns", {})
    for note in columns.values() if isinstance(columns, dict) else ():
        if isinstance(note, dict):
            _refuse_unknown(note, ColumnNote, origin, name)
    try:
        entry = msgspec.convert(table, Entry)
        check(entry.registration())
    except msgspec.ValidationError as error:
        raise _wrong(origin, name, f"{error}.") from error
    except Invalid as error:
        raise _wrong(origin, name, str(error)) from error
    if not entry.owner.strip():
        raise _wrong(origin, name, "It has no owner, so nobody could decide on requests.")
    return entry


def _alone(deed: str, owner: str) -> Forbidden:
    return Forbidden(
        "access.four_eyes",
        f"You cannot {deed}.",
        cause=f"It belongs to {owner}, and you would use it without anybody else having looked at it.",
        next_step=f"Ask {owner} for access, or another admin to change the owner.",
    )


def _refuse_unknown(table: Iterable[str], struct: type[msgspec.Struct], origin: str, name: str) -> None:
    known = [field.name for field in msgspec.structs.fields(struct)]
    for key in table:
        if key not in known:
            raise _wrong(origin, name, f"Unknown key {key!r}. {nearest(key, known)}")


def _wrong(origin: str, name: str, cause: str) -> Invalid:
    return Invalid(
        "access.catalogue_wrong",
        f"The dataset {name} of the catalogue {origin} cannot be used." if name else f"{origin} is not a catalogue.",
        cause=cause,
        next_step="Correct the file; the other datasets are not affected.",
    )
