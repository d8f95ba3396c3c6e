"""What data access needs from the world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from jupyter_mlplatform.access.audit import Anchor, State
from jupyter_mlplatform.access.catalogue import Reading
from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.messages import Facet, Search
from jupyter_mlplatform.access.models import Dataset, Delegation, Event, Grant, Inspection, Request
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.samples import Profile, SampleRule


class Unit(Protocol):
    """One command: what it reads is what it decides on, and all that it writes happens or nothing does.

    The ``put`` methods raise ``Conflict`` when the noun in the store is not the one before this version any more.
    """

    def dataset(self, dataset_id: str) -> Dataset | None:
        """A dataset, also a retired one."""
        ...

    def datasets_at(self, location: str) -> tuple[Dataset, ...]:
        """Datasets whose data lies there, in it or around it (of folders), also retired ones."""
        ...

    def request(self, request_id: str) -> Request | None:
        """A request."""
        ...

    def request_by_key(self, person: str, key: str) -> tuple[Request, str] | None:
        """The request that this person sent with this idempotency key, and the digest of what was sent."""
        ...

    def open_requests(self, dataset_id: str, person: str = "") -> tuple[Request, ...]:
        """Requests on a dataset that are neither decided nor closed, of one person or of all."""
        ...

    def grant(self, grant_id: str) -> Grant | None:
        """A grant."""
        ...

    def open_grants(self, dataset_id: str, person: str = "") -> tuple[Grant, ...]:
        """Grants on a dataset that are not written down as ended, of one person or of all."""
        ...

    def delegation(self, delegation_id: str) -> Delegation | None:
        """A delegation."""
        ...

    def delegations(self) -> tuple[Delegation, ...]:
        """All delegations, also past ones, in the order in which they begin."""
        ...

    def put_dataset(self, dataset: Dataset) -> None:
        """Add a dataset, or replace what is known of it."""
        ...

    def put_request(self, request: Request) -> None:
        """Add version 1, or replace the version before this one."""
        ...

    def put_grant(self, grant: Grant) -> None:
        """Add version 1, or replace the version before this one."""
        ...

    def put_delegation(self, delegation: Delegation) -> None:
        """Add version 1, or replace the version before this one."""
        ...

    def remember_key(self, person: str, key: str, request_id: str, digest: str) -> None:
        """This key of this person stands for this request, sent with this content, from now on."""
        ...

    def entry(self, dataset_id: str) -> str | None:
        """Digest of the catalogue entry that was last taken over for a dataset."""
        ...

    def note_entry(self, dataset_id: str, digest: str) -> None:
        """This catalogue entry has been taken over."""
        ...

    def put_profile(self, dataset_id: str, profile: Profile | None) -> None:
        """Keep what is shown of a dataset's content in the place of what was, or nothing of it any more."""
        ...

    def append(
        self, *, at: datetime, actor: str, action: str, subject: str, body: dict[str, Any], people: Sequence[str]
    ) -> None:
        """Write the next event of the chain; ``people`` are those whom it concerns."""
        ...


class Store(Protocol):
    """State, audit trail and search index."""

    def unit(self) -> AbstractContextManager[Unit]:
        """Begin a command."""
        ...

    def dataset(self, dataset_id: str) -> Dataset | None:
        """A dataset, also a retired one."""
        ...

    def datasets_at(self, location: str) -> tuple[Dataset, ...]:
        """Datasets whose data lies there, in it or around it (of folders), also retired ones."""
        ...

    def dataset_ids(self, prefix: str) -> tuple[str, ...]:
        """Ids of live datasets that start so, for completion."""
        ...

    def suggest(self, text: str) -> tuple[tuple[str, str], ...]:
        """Ids and titles of a few live datasets that a person may mean who has typed this much."""
        ...

    def profile(self, dataset_id: str) -> Profile | None:
        """What is shown of a dataset's content; it may be of an earlier content."""
        ...

    def search(self, search: Search) -> tuple[tuple[Dataset, ...], int]:
        """One page of live datasets, best match first, and how many match in all."""
        ...

    def facets(self, search: Search) -> tuple[Facet, ...]:
        """Counts for each field, made without the filter on that field."""
        ...

    def entries(self) -> dict[str, str]:
        """The catalogue entries that were taken over: digest by dataset id."""
        ...

    def request(self, request_id: str) -> Request | None:
        """A request."""
        ...

    def requests_of(self, person: str, dataset_ids: Sequence[str] | None = None) -> tuple[Request, ...]:
        """A person's own requests, newest first; on these datasets only, when given."""
        ...

    def waiting(self, owner: str | None) -> tuple[Request, ...]:
        """Submitted requests on the datasets of ``owner``, or on all when ``None``; newest first."""
        ...

    def grants_to(self, person: str, dataset_ids: Sequence[str] | None = None) -> tuple[Grant, ...]:
        """Grants to a person, the one that ends first at the top; on these datasets only, when given."""
        ...

    def grants_on(self, owner: str | None) -> tuple[Grant, ...]:
        """Grants on the datasets of ``owner``, or on all when ``None``; the one that ends first at the top."""
        ...

    def due(self, now: datetime, waiting_since: datetime) -> tuple[tuple[Grant, ...], tuple[Request, ...]]:
        """Grants past their end, and open requests that have stood as they are since an instant or longer."""
        ...

    def ending(self, until: datetime) -> tuple[Grant, ...]:
        """Grants that are not written down as ended and whose end is not after ``until``; the next at the top."""
        ...

    def delegations(self, person: str | None = None) -> tuple[Delegation, ...]:
        """Delegations to or from a person, or all, also past ones; in the order in which they begin."""
        ...

    def delegations_over(self, now: datetime) -> tuple[Delegation, ...]:
        """Those past their end that are not written down as ended."""
        ...

    def events(self, person: str | None, *, after: int = 0, newest: int | None = None) -> tuple[Event, ...]:
        """Events that concern a person (``None``: all) in order; only the ``newest`` so many, when given."""
        ...

    def last_seq(self) -> int:
        """Number of the newest event, 0 when there is none."""
        ...

    def trail(self) -> tuple[Iterator[Event], Anchor | None, State]:
        """All events, the anchor and the stored state, as of one instant."""
        ...


class Files(Protocol):
    """The data itself."""

    def inspect(self, path: Path) -> Inspection:
        """Read a file's schema, rows and content hash. Raises ``NotFound`` or ``Invalid``."""
        ...

    def read(self, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, hear: Hear | None = None) -> Any:
        """A ``pyarrow.Table`` of these columns of these rows (None: all); the filter may look at further columns.

        ``hear`` is told while rows come in. Raises when the content is not the registered one any more.
        """
        ...

    def batches(self, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, size: int) -> Iterator[Any]:
        """The same as ``pyarrow.RecordBatch`` of at most ``size`` rows. Closing the iterator closes the data."""
        ...

    def profile(self, dataset: Dataset, rule: SampleRule | None) -> Profile:
        """Statistics of the content, and the sample that the rule allows. Raises as ``read`` does."""
        ...

    def target(self, path: Path, *, force: bool) -> Path:
        """Where a file named so would be written. Raises when it cannot be, or exists and ``force`` is not given."""
        ...

    def write(self, table: Any, path: Path) -> str:
        """Write a table whole or not at all (Parquet or CSV, by the name) and return its SHA-256."""
        ...


class Catalogues(Protocol):
    """The catalogue files that the policy names."""

    def read(self) -> Reading:
        """All entries, and what is wrong with the rest. Costs little when nothing changed."""
        ...
