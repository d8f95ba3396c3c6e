"""What a table of the Glue catalogue is as a dataset, and what a mirror of such tables has to write.

A catalogue entry of a mirrored table is ``<location>#<digest>``, so that the entries alone tell which tables are known,
where they lie and what they said; ``<location>#gone`` once the table is not there any more.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from urllib.parse import quote, unquote

import msgspec

from jupyter_mlplatform.access import texts
from jupyter_mlplatform.access.catalogue import Fault
from jupyter_mlplatform.access.models import Column, Dataset, Kind
from jupyter_mlplatform.errors import Invalid, Problem
from jupyter_mlplatform.policy import CLASSIFICATIONS

SCHEME = "glue://"
GONE = "gone"
LONGEST_ID = 64
MOST_COLUMNS = 2000
LONGEST_TYPE = 200
"""Characters that are kept of a type; those of deeply nested columns can have a hundred thousand."""
STRICTEST = CLASSIFICATIONS[-1]

_FOREIGN = re.compile(r"[^a-z0-9_.-]+")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table as its catalogue tells of it.

    ``version`` grows with each change of its description, ``created`` is another instant once it was dropped and made
    anew. ``columns`` end with those that it is partitioned by. ``classification`` is what the table itself says,
    empty when it says nothing; ``format`` is Parquet, Iceberg or the like, in a word.
    """

    catalog: str
    database: str
    name: str
    created: datetime
    version: str
    columns: tuple[Column, ...]
    description: str = ""
    classification: str = ""
    tags: tuple[str, ...] = ()
    format: str = ""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a mirror is, in tables: ``seen`` so far, ``written`` because they were new or changed, ``retired``.

    ``database`` is the one that is read now (empty: none), the ``done``-th of ``databases`` having been finished.
    """

    databases: int
    done: int = 0
    database: str = ""
    seen: int = 0
    written: int = 0
    retired: int = 0


class Known(msgspec.Struct, frozen=True):
    """A table that was taken over: its dataset's id, and the digest of what it said (``gone``: it vanished)."""

    dataset_id: str
    digest: str


class Draft(msgspec.Struct, frozen=True):
    """A dataset to be written, and the catalogue entry that says so."""

    dataset: Dataset
    entry: str


def location(catalog: str, database: str, name: str) -> str:
    """The place of a table: ``glue://catalog/database/table``, where signs of addresses are %-quoted."""
    return SCHEME + "/".join(quote(part, safe="") for part in (catalog, database, name))


def table_at(place: str) -> tuple[str, str, str]:
    """Catalog, database and table of a place. Raises ``Invalid`` where it is not written so."""
    parts = [unquote(part) for part in place.removeprefix(SCHEME).split("/")]
    if not place.startswith(SCHEME) or len(parts) != 3 or not all(parts):
        raise Invalid(
            "access.invalid_path",
            f"{place!r} does not name a table of the Glue catalogue.",
            next_step="Write it as glue://account/database/table",
        )
    return parts[0], parts[1], parts[2]


def known(entries: Mapping[str, str]) -> dict[str, Known]:
    """By place, the tables that were taken over. One that was made anew after it had vanished is known as the new one.

    ``entries`` are those of the store: text by dataset id.
    """
    found: dict[str, Known] = {}
    for dataset_id, entry in sorted(entries.items()):
        place, _, digest = entry.rpartition("#")
        if not place.startswith(SCHEME):
            continue
        other = found.get(place)
        if other is None or other.digest == GONE:
            found[place] = Known(dataset_id, digest)
    return found


def entry(place: str, digest: str) -> str:
    """The catalogue entry of a table."""
    return f"{place}#{digest}"


def dataset_id(table: Table, taken: bool = False) -> str:
    """The id that a table gets: ``database.table`` in the letters of ids, the end of a long one replaced by a digest.

    ``taken``: a table of this name was here before and is retired, so that its id is never used again; the instant of
    the new one's creation is put after it. Empty when nothing is left of the name.
    """
    plain = _FOREIGN.sub("_", f"{table.database}.{table.name}".lower()).lstrip("_.-")
    if not plain or not _FOREIGN.sub("", table.name.lower()).strip("_.-"):
        return ""
    end = f"-{table.created.astimezone(timezone.utc):%Y%m%d%H%M%S}" if taken else ""
    if len(plain) + len(end) <= LONGEST_ID:
        return plain + end
    sign = hashlib.sha256(location(table.catalog, table.database, table.name).encode()).hexdigest()[:8]
    return f"{plain[: LONGEST_ID - len(end) - 9]}-{sign}{end}"


def described(table: Table, named: str, owner: str, backend: str, now: datetime) -> Dataset:
    """The dataset that a table is. Its content is named after its creation and version, which is all that Glue tells:
    rows may come and go without a new version.
    """
    created = table.created.astimezone(timezone.utc)
    classified = table.classification if table.classification in CLASSIFICATIONS else STRICTEST
    return Dataset(
        id=named,
        title=plain(f"{table.name.replace('_', ' ')}"),
        owner=owner,
        location=location(table.catalog, table.database, table.name),
        kind=Kind.GLUE_TABLE,
        format=table.format if _WORD.fullmatch(table.format) else "table",
        classification=classified,
        description=plain(table.description),
        tags=tuple(filter(None, (plain(each) for each in table.tags))),
        columns=tuple(_column(each) for each in table.columns),
        registered_by="catalogue",
        registered_at=now,
        fingerprint=f"glue:{created:%Y-%m-%dT%H:%M:%SZ}:{table.version}",
        backend=backend,
    )


def digest(dataset: Dataset) -> str:
    """Changes whenever a table, its owner or what puts grants into force says something else; not with time."""
    said = msgspec.structs.replace(dataset, registered_at=datetime.min.replace(tzinfo=timezone.utc))
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def drafts(
    tables: Iterable[Table],
    held: Mapping[str, Known],
    ids: Mapping[str, str],
    owner: str,
    backend: str,
    now: datetime,
) -> Iterator[Draft | Fault]:
    """What is to be written of these tables, and what is wrong with the others; nothing for those that did not change.

    ``held`` are the tables that are known, ``ids`` all ids that have been given, with the place of each one's table.
    """
    given = dict(ids)
    for table in tables:
        place = location(table.catalog, table.database, table.name)
        before = held.get(place)
        reborn = before is not None and before.digest == GONE
        named = before.dataset_id if before and not reborn else dataset_id(table, reborn)
        wrong = _wrong(table, named)
        if not wrong and given.setdefault(named, place) != place:
            wrong = f"Its id would be {named!r}, which something else has already."
        if wrong:
            yield fault(named, table.database, table.name, wrong)
            continue
        if table.classification and table.classification not in CLASSIFICATIONS:
            cause = f"Its mlplat.classification is none of {', '.join(CLASSIFICATIONS)}, so that it is {STRICTEST}."
            yield fault(named, table.database, table.name, cause)
        dataset = described(table, named, owner, backend, now)
        said = digest(dataset)
        if before is None or before.digest != said:
            yield Draft(dataset, entry(place, said))


def fault(named: str, database: str, name: str, cause: str) -> Fault:
    """What is wrong with one table."""
    told = Problem(
        "access.mirror_table",
        f"The table {plain(name)!r} of the Glue database {plain(database)!r} is not as it should be in the catalogue.",
        cause,
        "Correct the table in Glue; the other tables are not affected.",
    )
    return Fault(named, told)


def incomplete(database: str, problem: Problem) -> Fault:
    """A database that could not be read to its end. What was read is kept, and nothing is taken for gone."""
    told = Problem(
        "access.mirror_incomplete",
        f"The Glue database {plain(database)!r} could not be read to its end.",
        f"{problem.message} {problem.cause}".strip(),
        "It is read again with the next round; what is known of it stays as it is until then.",
    )
    return Fault("", told)


def plain(text: str) -> str:
    """Somebody's text without what steers a terminal or a reader, and not longer than is kept."""
    kept = "".join(each if unicodedata.category(each) not in ("Cc", "Cf", "Cs") else " " for each in text)
    return " ".join(kept.split())[: texts.LONGEST]


def _column(column: Column) -> Column:
    kind = plain(column.type)
    return Column(
        column.name,
        kind if len(kind) <= LONGEST_TYPE else f"{kind[: LONGEST_TYPE - 1]}…",
        plain(column.description),
        tuple(filter(None, (plain(each) for each in column.tags))),
    )


def _wrong(table: Table, named: str) -> str:
    """Why a table cannot be a dataset; empty when it can."""
    if not named:
        return "Nothing is left of its name for an id, which has letters a to z and digits."
    names = [column.name for column in table.columns]
    if not names:
        return "It has no columns."
    if len(names) > MOST_COLUMNS:
        return f"It has {len(names):,} columns; at most {MOST_COLUMNS:,} are kept."
    if len({name.lower() for name in names}) < len(names):
        return "Two of its columns have the same name."
    if any(name != plain(name) or not name for name in names):
        return "A column's name has characters that cannot be read."
    return ""


def owned(databases: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Databases in the lower case in which Glue keeps them, with the owner of each, in the order of their names."""
    return sorted((name.lower(), owner) for name, owner in databases.items())
