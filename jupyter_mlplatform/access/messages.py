"""What is asked and answered about data access: searches, lists, and commands as they are sent."""

from __future__ import annotations

from datetime import datetime

import msgspec

from jupyter_mlplatform.access.legs import LegState
from jupyter_mlplatform.access.models import Column, Dataset, Delegation, Event, Grant, Purview, Request, Verdict
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.samples import Profile, SampleRule
from jupyter_mlplatform.errors import Problem


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset in a list of search results.

    ``access`` is one of ``none``, ``requested``, ``fulfilling`` (granted, and being set up where the data lies),
    ``granted``, ``owner``.
    """

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
    """One page of results, best match first. ``total`` counts all of them; ``capped``: it was counted to there only,
    and there are more.

    A facet's counts ignore the filter on its own field, so that the choice can be changed. ``problems`` are what is
    wrong with catalogue files; the datasets they concern are missing or not up to date.
    """

    items: tuple[Summary, ...]
    total: int
    facets: tuple[Facet, ...]
    problems: tuple[Problem, ...] = ()
    capped: bool = False


class Suggesting(msgspec.Struct, frozen=True):
    """What somebody has typed so far."""

    text: str = ""


class Suggestion(msgspec.Struct, frozen=True):
    """A dataset that may be meant."""

    id: str
    title: str


class SuggestionList(msgspec.Struct, frozen=True):
    """Suggestions, the likeliest first."""

    items: tuple[Suggestion, ...]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a grant needs done where the data lies, as a person sees it: a leg without its internals.

    ``wanted`` is what should be so, ``state`` what is known of it; ``note`` says in words what was seen or went wrong
    the last time, ``attempts`` how often that failed in a row, ``due_at`` when it is tried or looked at next.
    """

    grant_id: str
    backend: str
    wanted: bool
    state: LegState
    note: str = ""
    attempts: int = 0
    due_at: datetime


class DatasetPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one person may see of one dataset, with their own access to it (see :class:`Summary`).

    ``coming`` is a grant that was given and is still being set up where the data lies; ``effects`` are those of
    ``grant`` and ``coming``.
    """

    dataset: Dataset
    access: str = "none"
    grant: Grant | None = None
    open_request: Request | None = None
    approvers: tuple[str, ...] = ()
    review: tuple[Purview, ...] = ()
    max_days: int = 0
    default_days: int = 0
    profile: Profile | None = None
    coming: Grant | None = None
    effects: tuple[Effect, ...] = ()


class PurposeChoice(msgspec.Struct, frozen=True):
    """One purpose that may be chosen."""

    code: str
    label: str


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a request form offers. ``may_oversee``: whether the person sees who holds grants, ``may_verify``:
    whether they can have the audit trail checked; see ``Oversight``.
    """

    purposes: tuple[PurposeChoice, ...]
    max_days: dict[str, int]
    default_days: int
    may_oversee: bool = False
    may_verify: bool = False


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
    """Grants, the one that ends first at the top, and what they need where the data lies."""

    items: tuple[Grant, ...]
    effects: tuple[Effect, ...] = ()


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


class OversightQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which grants are looked at: of a dataset, of a person, in a state.

    ``state`` is that of a grant, ``attention`` for those somebody has to look after, or empty for all but ended ones.
    ``limit`` and ``offset`` count datasets.
    """

    dataset: str = ""
    person: str = ""
    state: str = ""
    limit: int = 20
    offset: int = 0


class OverseenGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant with its effects. ``concern`` is one of ``orphaned``, ``drifted``, ``failing``, ``pending``, or empty."""

    grant: Grant
    effects: tuple[Effect, ...] = ()
    concern: str = ""


class OverseenDataset(msgspec.Struct, frozen=True, kw_only=True):
    """The grants on one dataset, those that need somebody first."""

    id: str
    title: str
    owner: str
    grants: tuple[OverseenGrant, ...]
    concern: str = ""


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """How many grants are in each state, and how many there are of each concern, whatever is filtered."""

    states: dict[str, int]
    concerns: dict[str, int]


class OversightPage(msgspec.Struct, frozen=True, kw_only=True):
    """Datasets with their grants, those that need somebody first. ``total`` counts datasets."""

    items: tuple[OverseenDataset, ...]
    total: int
    counters: Counters


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are looked at: of a dataset, of a person (who did it, or whom it is about), of an action.

    ``action`` may be the beginning of one, such as ``grant``. ``before`` is the number of an event: only older ones.
    """

    dataset: str = ""
    person: str = ""
    action: str = ""
    before: int = 0
    limit: int = 50


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events, the newest first. ``older``: go on with this as ``before``; 0 when the beginning was reached."""

    items: tuple[Event, ...]
    older: int = 0
