"""What data access needs from the world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from jupyter_mlplatform.access.audit import Anchor, State
from jupyter_mlplatform.access.catalogue import Reading
from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.legs import Leg, Observation, Wanted
from jupyter_mlplatform.access.messages import Facet, Search
from jupyter_mlplatform.access.models import Credentials, Dataset, Delegation, Event, Grant, Inspection, Request
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.samples import Profile, SampleRule
from jupyter_mlplatform.access.visibility import Viewer


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
        """Grants on a dataset that are neither ending nor ended, of one person or of all."""
        ...

    def delegation(self, delegation_id: str) -> Delegation | None:
        """A delegation."""
        ...

    def leg(self, leg_id: str) -> Leg | None:
        """A leg."""
        ...

    def legs_of(self, grant_id: str) -> tuple[Leg, ...]:
        """The legs of a grant, in the order of their ids."""
        ...

    def sharing(self, entitlement: str) -> tuple[Leg, ...]:
        """Legs that are not removed and have this entitlement, wanted or not, in the order of their ids."""
        ...

    def put_leg(self, leg: Leg) -> None:
        """Add version 1, or replace the version before this one."""
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

    def dataset_ids(self, prefix: str, viewer: Viewer | None = None) -> tuple[str, ...]:
        """Ids of live datasets that start so, for completion; here and below: as ``viewer`` sees them (None: all)."""
        ...

    def suggest(self, text: str, viewer: Viewer | None = None) -> tuple[tuple[str, str], ...]:
        """Ids and titles of a few live datasets that a person may mean who has typed this much."""
        ...

    def profile(self, dataset_id: str) -> Profile | None:
        """What is shown of a dataset's content; it may be of an earlier content."""
        ...

    def search(self, search: Search, viewer: Viewer | None = None) -> tuple[tuple[Dataset, ...], int, bool]:
        """One page of live datasets, best match first, how many match in all, and whether there are more than that.

        Nothing of the answer may depend on datasets that the viewer does not see, not even the order.
        """
        ...

    def facets(self, search: Search, viewer: Viewer | None = None) -> tuple[Facet, ...]:
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

    def asked_for(self, person: str) -> tuple[str, ...]:
        """Ids of datasets that somebody else's open request would let this person use."""
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
        """Grants neither ending nor ended whose end is not after ``until``; the next at the top."""
        ...

    def due_legs(self, now: datetime, most: int = 100) -> tuple[Leg, ...]:
        """Legs that are not removed and whose ``due_at`` is not after ``now``.

        Those that are to be taken away come first, then the longest due.
        """
        ...

    def legs_on(self, dataset_ids: Sequence[str] | None) -> tuple[Leg, ...]:
        """Legs that are not removed, on these datasets or on all, in the order of their ids."""
        ...

    def delegations(self, person: str | None = None) -> tuple[Delegation, ...]:
        """Delegations to or from a person, or all, also past ones; in the order in which they begin."""
        ...

    def delegations_over(self, now: datetime) -> tuple[Delegation, ...]:
        """Those past their end that are not written down as ended."""
        ...

    def events(
        self, person: str | None, *, after: int = 0, newest: int | None = None, until: int | None = None
    ) -> tuple[Event, ...]:
        """Events that concern a person (``None``: all) in order; only the ``newest`` so many, when given.

        ``after`` and ``until`` are numbers of events: none up to the first, none after the second.
        """
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

    def inspect_listed(self, location: str) -> Inspection:
        """The same of a place that a catalogue file names, which the platform team answers for; also elsewhere."""
        ...

    def read(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        hear: Hear | None = None,
        under: Grant | None = None,
        limit: int | None = None,
    ) -> Any:
        """A ``pyarrow.Table`` of these columns of these rows (None: all); the filter may look at further columns.

        ``hear`` is told while rows come in. ``under`` is the grant that allows it, for data that lies elsewhere and is
        read with credentials of that grant. More rows than ``limit`` need not be read, but may be. Raises when the
        content is not the registered one any more.
        """
        ...

    def batches(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        size: int,
        under: Grant | None = None,
        limit: int | None = None,
    ) -> Iterator[Any]:
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


class Fulfiller(Protocol):
    """One backend that puts grants into force.

    Every method may be called again after a lost answer, and by another process. What goes wrong is a PlatformError
    whose words a person reads; ``Unavailable`` for what may go away by itself.
    """

    @property
    def name(self) -> str:
        """As in ``Dataset.backend``."""
        ...

    def check(self, wanted: Wanted) -> str:
        """The name of the entitlement that the backend will hold; grants with the same one share it. No calls.

        Raises ``Invalid`` for what this backend cannot restrict so (a row filter, say): it is asked before anything is
        granted.
        """
        ...

    def apply(self, wanted: Wanted, handle: str) -> str:
        """Make it so, also when something else or half of it is there. Returns the backend's name for it.

        ``handle`` is what an earlier call returned, or empty.
        """
        ...

    def observe(self, wanted: Wanted, handle: str) -> Observation:
        """What is in force, read back; also asked after a removal. Never raises for what it cannot know: that is
        ``Sight.UNKNOWN``.
        """
        ...

    def remove(self, wanted: Wanted, handle: str) -> None:
        """Take it away. What is gone already counts as removed."""
        ...


class Importing(Protocol):
    """Takes over what was decided in a system where people decide as well."""

    def run(self, check: Callable[[Grant, Dataset], str]) -> int:
        """Do so now; how many were ended or taken over. ``check`` names the entitlement of a grant."""
        ...


class Vendor(Protocol):
    """Gives out short-lived credentials that reach the data of one grant and nothing else."""

    def credentials(self, dataset: Dataset, grant: Grant) -> Credentials:
        """Credentials that end with the grant at the latest; the caller has just judged that it may be used.

        Raises ``Forbidden`` where raw access would reach more than is granted (a column or row restriction),
        ``Invalid`` for a session policy that does not fit, ``Unavailable`` when the backend does not answer. There is
        no fallback.
        """
        ...


class Catalogues(Protocol):
    """The catalogue files that the policy names."""

    def read(self) -> Reading:
        """All entries, and what is wrong with the rest. Costs little when nothing changed."""
        ...
