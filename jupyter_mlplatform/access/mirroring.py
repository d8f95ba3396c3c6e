"""The catalogue of another system, taken over table by table: what is new or changed is written, what vanished retired.

Everything is read anew each time, because the other system cannot be asked for changes only; what is written is only
what changed, a few datasets in one command. Several processes may do so at once: each change is written once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from jupyter_mlplatform.access import catalogue, facts, mirror
from jupyter_mlplatform.access.catalogue import Fault
from jupyter_mlplatform.access.mirror import Draft, Known, Progress, Table
from jupyter_mlplatform.access.models import Dataset
from jupyter_mlplatform.access.ports import Store, Unit
from jupyter_mlplatform.errors import PlatformError

ACTOR = "catalogue"
AT_ONCE = 10
"""Datasets that are written in one command; a transaction of DynamoDB has a limit of its own."""

_log = logging.getLogger(__name__)


class Tables(Protocol):
    """The other system's catalogue, read with the platform's own rights."""

    @property
    def catalog(self) -> str:
        """Name of the catalogue as places of tables have it."""
        ...

    def pages(self, database: str) -> Iterator[Sequence[Table | Fault]]:
        """All tables of a database, some at a time, also none. Raises when it cannot be read on."""
        ...

    def gone(self, database: str, name: str) -> bool:
        """Whether the catalogue says for sure that there is no such table. Raises when it does not say."""
        ...


class Mirroring:
    """Keeps datasets as the tables of some databases are.

    ``databases``: the owner of each one's datasets. ``retire`` ends a dataset for good, with its requests and grants,
    and does nothing to one that is retired already.
    """

    def __init__(
        self,
        store: Store,
        tables: Tables,
        databases: Mapping[str, str],
        backend: str,
        retire: Callable[[Dataset], object],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._tables = tables
        self._databases = mirror.owned(databases)
        self._backend = backend
        self._retire = retire
        self._clock = clock
        self._busy = threading.Lock()
        self.faults: tuple[Fault, ...] = ()
        self.progress = Progress(databases=len(self._databases))

    def begin(self) -> bool:
        """Take over in a thread of its own; ``progress`` tells how far it is. False: one is at it already."""
        if self._busy.locked():
            return False
        threading.Thread(target=self._unattended, name="mlplat-mirror", daemon=True).start()
        return True

    def run(self, hear: Callable[[Progress], None] | None = None) -> Progress | None:
        """Take over now, and tell how far it came; None when another thread is at it. ``faults`` say what is wrong.

        A database that cannot be read is a fault, and nothing of it is taken for gone.
        """
        if not self._busy.acquire(blocking=False):
            return None
        try:
            faults: list[Fault] = []
            self._tell(Progress(databases=len(self._databases)), hear)
            for number, (database, owner) in enumerate(self._databases, 1):
                self._tell(replace(self.progress, database=database), hear)
                try:
                    self._take_over(database, owner, faults, hear)
                except PlatformError as error:
                    faults.append(mirror.incomplete(database, error.problem))
                self._tell(replace(self.progress, done=number, database=""), hear)
            self.faults = tuple(faults)
            return self.progress
        finally:
            self._busy.release()

    def _unattended(self) -> None:
        try:
            self.run()
        except Exception:  # noqa: BLE001 (a thread has nobody to raise it to)
            _log.exception("The catalogue was not mirrored")

    def _tell(self, progress: Progress, hear: Callable[[Progress], None] | None) -> None:
        self.progress = progress
        if hear is not None:
            hear(progress)

    def _take_over(
        self, database: str, owner: str, faults: list[Fault], hear: Callable[[Progress], None] | None
    ) -> None:
        entries = self._store.entries()
        held = mirror.known(entries)
        ids = {named: entry.rpartition("#")[0] for named, entry in entries.items()}
        seen: set[str] = set()
        for page in self._tables.pages(database):
            tables = [each for each in page if isinstance(each, Table)]
            faults += [each for each in page if isinstance(each, Fault)]
            seen |= {mirror.location(each.catalog, each.database, each.name) for each in tables}
            made: list[Draft] = []
            for each in mirror.drafts(tables, held, ids, owner, self._backend, self._clock()):
                if isinstance(each, Fault):
                    faults.append(each)
                else:
                    made.append(each)
            ids |= {each.dataset.id: each.dataset.location for each in made}
            written = self._write(made, faults)
            progress = self.progress
            seen_now, written_now = progress.seen + len(page), progress.written + written
            self._tell(replace(progress, seen=seen_now, written=written_now), hear)
        self._retire_vanished(database, held, seen, faults, hear)

    def _write(self, made: Sequence[Draft], faults: list[Fault]) -> int:
        """Write some datasets, a few at a time. What cannot be written is a fault and does not hold up the others."""
        written = 0
        for start in range(0, len(made), AT_ONCE):
            some = made[start : start + AT_ONCE]
            try:
                with self._store.unit() as unit:
                    wrong = [_written(unit, each) for each in some]
            except PlatformError as error:
                faults += [catalogue.wrong_entry("Glue", each.dataset.id, error) for each in some]
                continue
            faults += [each for each in wrong if each is not None]
            written += wrong.count(None)
        return written

    def _retire_vanished(
        self,
        database: str,
        held: Mapping[str, Known],
        seen: Iterable[str],
        faults: list[Fault],
        hear: Callable[[Progress], None] | None,
    ) -> None:
        """What is not in a list any more is asked for by its name: a list leaves out what its reader may not see."""
        here = mirror.location(self._tables.catalog, database, "")
        there = set(seen)
        for place, known in held.items():
            if not place.startswith(here) or place in there or known.digest == mirror.GONE:
                continue
            _, _, name = mirror.table_at(place)
            try:
                if not self._tables.gone(database, name):
                    cause = "It is there, but is not listed any more, or has become something that is no dataset."
                    faults.append(mirror.fault(known.dataset_id, database, name, cause))
                    continue
            except PlatformError as error:
                cause = f"Whether it is still there cannot be seen. {error.problem.message} {error.problem.cause}"
                faults.append(mirror.fault(known.dataset_id, database, name, cause.strip()))
                continue
            try:
                dataset = self._store.dataset(known.dataset_id)
                if dataset is not None:
                    self._retire(dataset)
                with self._store.unit() as unit:
                    unit.note_entry(known.dataset_id, mirror.entry(place, mirror.GONE))
            except PlatformError as error:
                faults.append(catalogue.wrong_entry("Glue", known.dataset_id, error))
                continue
            self._tell(replace(self.progress, retired=self.progress.retired + 1), hear)


def _written(unit: Unit, draft: Draft) -> Fault | None:
    """Write one dataset; or say why not. One that a person retired stays so, though its table goes on changing."""
    dataset = draft.dataset
    existing, entry = unit.dataset(dataset.id), unit.entry(dataset.id)
    if existing is not None and existing.location != dataset.location:
        _, database, name = mirror.table_at(dataset.location)
        cause = f"Its id would be {dataset.id!r}, which something else has already."
        return mirror.fault(dataset.id, database, name, cause)
    if entry == draft.entry:
        return None
    unit.note_entry(dataset.id, draft.entry)
    if existing is not None and not existing.live:
        return None
    if existing is None or not catalogue.same(existing, dataset):
        unit.put_dataset(dataset)
        facts.dataset(unit, "dataset.registered", dataset, ACTOR, dataset.registered_at, existing)
        facts.renewal(unit, dataset, existing, ACTOR, dataset.registered_at)
    return None
