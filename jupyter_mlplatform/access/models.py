"""The nouns of data access. Requests never carry effective access, grants never carry workflow."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.samples import Profile, SampleRule
from jupyter_mlplatform.errors import Problem


class Kind(str, Enum):
    """What a dataset physically is: one file, a folder of Parquet files of one schema, or a table of a database."""

    FILE = "file"
    FOLDER = "folder"
    TABLE = "table"


class Column(msgspec.Struct, frozen=True):
    """One column: ``type`` in the words of the file (``double``, ``string``), ``tags`` such as ``personal``."""

    name: str
    type: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """A registered dataset. ``id`` never changes and is never reused.

    ``location`` is the absolute path of the data; it is shown to its owner and to admins only. ``fingerprint`` names
    the registered content: a file that was replaced is another dataset until it is registered again. ``sample`` says
    what its owner lets everybody see of it.
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


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset in a list of search results. ``access`` is one of ``none``, ``requested``, ``granted``, ``owner``."""

    id: str
    title: str
    owner: str
    classification: str
    description: str
    tags: tuple[str, ...]
    column_count: int
    rows: int | None
    access: str = "none"


class Facet(msgspec.Struct, frozen=True):
    """How many of the found datasets carry one value of a field."""

    field: str
    value: str
    count: int


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for: words of ``q`` match by prefix; the other fields narrow exactly."""

    q: str = ""
    classification: str = ""
    tag: str = ""
    owner: str = ""
    limit: int = 20
    offset: int = 0


class SearchPage(msgspec.Struct, frozen=True):
    """One page of results, best match first; ``total`` counts all of them, to 5,001, which stands for more, where words
    are looked for.

    A facet's counts ignore the filter on its own field, so that the choice can be changed. ``problems`` are what is
    wrong with catalogue files; the datasets they concern are missing or not up to date.
    """

    items: tuple[Summary, ...]
    total: int
    facets: tuple[Facet, ...]
    problems: tuple[Problem, ...] = ()


class Scope(msgspec.Struct, frozen=True, kw_only=True):
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


class Decision(msgspec.Struct, frozen=True, kw_only=True):
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


class Purview(msgspec.Struct, frozen=True, kw_only=True):
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


class Request(msgspec.Struct, frozen=True, kw_only=True):
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


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
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


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Access that was granted: usable by ``subject`` from ``not_before`` until, not including, ``not_after`` (UTC).

    Whether it may be used is judged when data is handed out, from these instants, never from ``state`` alone.
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


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One audit row. ``hash`` is SHA-256 over ``previous`` and the row's own canonical JSON."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    body: dict[str, Any]
    previous: str
    hash: str


class DatasetPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one person may see of one dataset, with their own access to it (see :class:`Summary`)."""

    dataset: Dataset
    access: str = "none"
    grant: Grant | None = None
    open_request: Request | None = None
    approvers: tuple[str, ...] = ()
    review: tuple[Purview, ...] = ()
    max_days: int = 0
    default_days: int = 0
    profile: Profile | None = None


class PurposeChoice(msgspec.Struct, frozen=True):
    """One purpose that may be chosen."""

    code: str
    label: str


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a request form offers."""

    purposes: tuple[PurposeChoice, ...]
    max_days: dict[str, int]
    default_days: int


class NewRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request as it is sent. The same ``idempotency_key`` from the same person gives the same request."""

    dataset_id: str
    columns: tuple[str, ...] = ()
    rows: RowFilter | None = None
    purpose: str
    reason: str = ""
    days: int | None = None
    beneficiary: str = ""
    renews: str = ""
    basket: str = ""
    idempotency_key: str


class NewDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision as it is sent, on the ``revision`` and in the ``stage`` that the approver saw (empty: the present one,
    unless the same person has approved an earlier one).

    Empty ``columns``, no ``rows`` and no ``days`` grant what was asked. A subset, a further condition on the rows or a
    smaller number narrows it.
    """

    verdict: Verdict
    revision: int
    stage: str = ""
    reason: str = ""
    columns: tuple[str, ...] = ()
    rows: RowFilter | None = None
    days: int | None = None


class NewDelegation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A delegation as it is sent; it begins now when ``not_before`` is left out."""

    delegate: str
    not_before: datetime | None = None
    not_after: datetime
    reason: str = ""


class DelegationList(msgspec.Struct, frozen=True):
    """Delegations to and from a person that are in force or to come, the one that begins first at the top."""

    items: tuple[Delegation, ...]


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a grant is taken back."""

    reason: str = ""


class Comment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a request is withdrawn."""

    reason: str = ""


class RequestList(msgspec.Struct, frozen=True):
    """Requests, newest first."""

    items: tuple[Request, ...]


class GrantList(msgspec.Struct, frozen=True):
    """Grants, the one that ends first at the top."""

    items: tuple[Grant, ...]


class EventList(msgspec.Struct, frozen=True):
    """Audit rows in the order in which they happened."""

    items: tuple[Event, ...]


class Role(msgspec.Struct, frozen=True):
    """Whose view of a list: ``mine``, ``inbox`` (requests I may decide) or ``owned`` (grants on my datasets)."""

    role: str = "mine"


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says of a dataset when registering it; empty fields keep what was registered before.

    ``columns`` describe some or all of the file's columns; their names must exist in the file. A ``sample`` without
    columns takes back the one that was allowed before.
    """

    id: str
    title: str = ""
    owner: str = ""
    classification: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    sample: SampleRule | None = None


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What a file itself tells: its real path, its form and its content."""

    location: str
    format: str
    columns: tuple[Column, ...]
    rows: int
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
