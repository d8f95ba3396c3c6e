"""The nouns of data access. Requests never carry effective access, grants never carry workflow."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.samples import SampleRule


class Kind(str, Enum):
    """What a dataset physically is: one file, a folder of Parquet files of one schema, or a table of a database.

    The last three lie elsewhere: a table of a PostgreSQL server, one of the Glue catalogue, everything below an S3
    prefix.
    """

    FILE = "file"
    FOLDER = "folder"
    TABLE = "table"
    POSTGRES_TABLE = "postgres_table"
    GLUE_TABLE = "glue_table"
    S3_PREFIX = "s3_prefix"


class Column(msgspec.Struct, gc=False, frozen=True):
    """One column: ``type`` in the words of the file (``double``, ``string``), ``tags`` such as ``personal``."""

    name: str
    type: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()


class Dataset(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """A registered dataset. ``id`` never changes and is never reused.

    ``location`` is the absolute path of the data; it is shown to its owner and to admins only. ``fingerprint`` names
    the registered content: a file that was replaced is another dataset until it is registered again. ``sample`` says
    what its owner lets everybody see of it. ``backend`` names what puts grants into force where that is not this
    software itself (``lake_formation``, ``datazone``, ``s3_access_grants``, ``postgres``); empty for local data. The
    ``location`` of such a dataset is ``glue://catalog id/database/table``, ``s3://bucket/prefix/`` or
    ``postgresql://host:port/database/schema.table``, never with credentials.
    """

    id: str
    title: str
    owner: str
    location: str
    kind: Kind = Kind.FILE
    format: str = "parquet"
    classification: str = "internal"
    description: str = ""
    tags: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: int | None = None
    registered_by: str = ""
    registered_at: datetime
    fingerprint: str = ""
    live: bool = True
    sample: SampleRule | None = None
    backend: str = ""


class Scope(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """What is asked for or granted of one dataset: these columns, of these rows (None: of all), for reading."""

    dataset_id: str
    columns: tuple[str, ...]
    permission: str = "read"
    rows: RowFilter | None = None


class RequestState(str, Enum):
    """Where a request stands; the last five are final."""

    SUBMITTED = "submitted"
    CHANGES_ASKED = "changes_asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    VOID = "void"


class Verdict(str, Enum):
    """What an approver says."""

    APPROVE = "approve"
    REJECT = "reject"
    ASK_CHANGES = "ask_changes"


class Decision(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """One decision on one revision of a request, in one ``stage`` of its review.

    ``columns``, ``rows`` and ``days`` are what is left of it after an approval. ``on_behalf`` is the approver who had
    delegated to ``actor`` (empty: the actor's own right), ``rule`` the policy's rule where nobody but it decided, and
    ``policy_version`` the policy in force.
    """

    verdict: Verdict
    actor: str
    reason: str
    at: datetime
    revision: int
    columns: tuple[str, ...] = ()
    days: int | None = None
    rows: RowFilter | None = None
    stage: str = ""
    on_behalf: str = ""
    rule: str = ""
    policy_version: str = ""


class Purview(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """One stage of a request's review: who may decide, and by whom it was approved (empty: not yet).

    A delegate stands in ``approvers`` beside those who delegated.
    """

    stage: str
    approvers: tuple[str, ...]
    approved_by: str = ""


class RequestKind(str, Enum):
    """Why it is asked: for the first time, to go on after a grant's end, or to have a grant's scope changed."""

    NEW = "new"
    RENEWAL = "renewal"


class Request(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """A person asks for a scope, for a purpose, for ``days`` days. ``revision`` grows when it is changed.

    ``beneficiary`` is who is going to use the data (empty: the requester), ``renews`` the grant that a renewal goes on
    from, ``basket`` what was asked for together, ``required`` the stages that the policy demanded when it was asked.
    ``approvers`` are the people who may decide now, ``review`` all stages in their order, and ``columns`` what the
    dataset says of the columns asked for: all three only while it is open. ``grant_id`` is set when it was approved;
    ``revised_at`` when it was last revised, ``reminded_at`` and ``escalated_at`` when its present stage was.
    """

    id: str
    requester: str
    scope: Scope
    dataset_title: str
    purpose: str
    reason: str
    days: int
    state: RequestState
    revision: int
    version: int
    created_at: datetime
    approvers: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    grant_id: str | None = None
    revised_at: datetime | None = None
    columns: tuple[Column, ...] = ()
    kind: RequestKind = RequestKind.NEW
    beneficiary: str = ""
    renews: str = ""
    basket: str = ""
    review: tuple[Purview, ...] = ()
    required: tuple[str, ...] = ()
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None

    @property
    def subject(self) -> str:
        """Who is going to use the data."""
        return self.beneficiary or self.requester


class Delegation(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """``approver`` lets ``delegate`` decide in their place from ``not_before`` until, not including, ``not_after``.

    It does not pass on what was itself delegated. ``ended_at`` is set when it was taken back before its end.
    """

    id: str
    approver: str
    delegate: str
    not_before: datetime
    not_after: datetime
    version: int
    reason: str = ""
    ended_at: datetime | None = None


class GrantState(str, Enum):
    """Where a grant stands; see the page on access in docs/developers."""

    SCHEDULED = "scheduled"
    FULFILLING = "fulfilling"
    ACTIVE = "active"
    FAILED = "failed"
    ENDING = "ending"
    ENDED = "ended"


class EndReason(str, Enum):
    """Why a grant ended."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    LEFT = "left"
    DATASET_GONE = "dataset_gone"
    POLICY = "policy"


class Grant(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """Access that was granted: usable by ``subject`` from ``not_before`` until, not including, ``not_after`` (UTC).

    Whether it may be used is judged when data is handed out, from these instants, never from ``state`` alone.
    ``backend`` is that of the dataset when it was granted: such a grant is ``fulfilling`` until what it needs there was
    seen in force, and ``ending`` until that was seen gone; the reasons of its end are set as soon as it is ending.
    ``announced_days``: its end was last announced so many days before. ``enforcement`` is ``enforced`` or ``advisory``
    (the kernel could read the file itself). ``ended_at``, ``ended_by``
    and ``end_note`` (the words of who ended it) are set with ``end_reason``. The id ``owner`` stands for an owner's
    own access, which nobody granted and which has no end.
    """

    id: str
    request_id: str
    subject: str
    scope: Scope
    dataset_title: str
    owner: str
    purpose: str
    not_before: datetime
    not_after: datetime
    state: GrantState
    version: int
    approved_by: str
    end_reason: EndReason | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    end_note: str = ""
    enforcement: str = "advisory"
    announced_days: int | None = None
    backend: str = ""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Short-lived AWS credentials of one grant. They are handed to a client and never stored, logged or shown."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id[:4]}…, until {self.expires_at:%H:%M:%S} UTC)"


class Event(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """One audit row. ``hash`` is SHA-256 over ``previous`` and the row's own canonical JSON."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    body: dict[str, Any]
    previous: str
    hash: str


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What data itself tells: its real place, its form and its content. ``rows`` is None where nobody counted them."""

    location: str
    format: str
    columns: tuple[Column, ...]
    rows: int | None
    fingerprint: str


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Data that was handed out: a ``pyarrow.Table`` with the granted columns and nothing else."""

    table: Any
    dataset: Dataset
    grant: Grant


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A Parquet file that holds only what is granted. ``fingerprint`` is of that file's content."""

    path: str
    fingerprint: str
    dataset: Dataset
    grant: Grant


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of the audit trail found.

    ``head`` is the hash of the newest event: kept somewhere else, it proves later that nothing before it was changed
    or cut off. ``unanchored`` counts the newest events that the anchor does not cover yet.
    """

    events: int
    head: str
    unanchored: int = 0
    findings: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
