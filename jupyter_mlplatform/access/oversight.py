"""Who holds grants, what became of them where the data lies, and what happened: for owners and admins.

An owner oversees the own datasets, an admin all of them; nobody else learns that there is anything to see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from jupyter_mlplatform.access import grants
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.messages import (
    AuditPage,
    AuditQuery,
    Counters,
    Effect,
    OverseenDataset,
    OverseenGrant,
    OversightPage,
    OversightQuery,
    Search,
)
from jupyter_mlplatform.access.models import Event, Grant, GrantState
from jupyter_mlplatform.access.people import check_here
from jupyter_mlplatform.access.ports import Store
from jupyter_mlplatform.errors import Forbidden, Invalid, nearest
from jupyter_mlplatform.policy import AccessPolicy

CONCERNS = ("orphaned", "drifted", "failing", "pending", "")
"""The worst first. ``pending`` is on its way and needs nobody."""
ATTENTION = "attention"
_NEED_SOMEBODY = CONCERNS[:3]
MOST_DATASETS = 100
MOST_EVENTS = 200
WINDOW = 2_000
MOST_WINDOWS = 25
"""Events are looked through so many at a time, and so many times in one answer; the next one goes on from there."""


def effect(leg: Leg) -> Effect:
    """A leg as people see it."""
    return Effect(
        grant_id=leg.grant_id,
        backend=leg.backend,
        wanted=leg.wanted,
        state=leg.state,
        note=leg.note,
        attempts=leg.attempts,
        due_at=leg.due_at,
    )


def coming(held: Iterable[Grant], now: datetime) -> Grant | None:
    """The grant that was given and cannot be used because it is still, or again, being set up where the data lies."""
    setting_up = (GrantState.FULFILLING, GrantState.FAILED)
    found = (each for each in held if each.state in setting_up and each.not_before <= now < each.not_after)
    return max(found, key=lambda each: each.not_after, default=None)


def honest(grant: Grant, effects: Iterable[Effect]) -> Grant:
    """The grant, called ``enforced`` only while all that it needs where the data lies was seen in force.

    A subscription of DataZone is a whole project's: which of its people may use the data is kept by this software.
    """
    mine = [each for each in effects if each.grant_id == grant.id]
    proved = (
        bool(mine)
        and grant.backend not in ("", "datazone")
        and all(each.wanted and each.state is LegState.VERIFIED for each in mine)
    )
    return replace(grant, enforcement="enforced" if proved else "advisory")


def concern(effects: Iterable[Effect]) -> str:
    """The worst of :data:`CONCERNS` that these effects give."""
    return min((_concern(each) for each in effects), key=CONCERNS.index, default="")


def _concern(each: Effect) -> str:
    if each.state in (LegState.ORPHANED, LegState.DRIFTED):
        return str(each.state.value)
    if each.attempts:
        return "failing"
    return "" if each.state is (LegState.VERIFIED if each.wanted else LegState.REMOVED) else "pending"


def dataset_of(event: Event) -> str:
    """The id of the dataset that an event is about; empty when it is about none."""
    for noun in ("grant", "request"):
        if noun in event.body:
            return str(event.body[noun]["scope"]["dataset_id"])
    if "leg" in event.body:
        return str(event.body["leg"]["dataset_id"])
    return event.subject if event.action.startswith(("dataset.", "data.", "import.")) else ""


def people_of(event: Event) -> frozenset[str]:
    """Who did it, and whom it is about."""
    found = {event.actor}
    fields = ("subject", "requester", "beneficiary", "owner", "approver", "delegate")
    for noun in ("grant", "request", "leg", "delegation", "dataset"):
        if noun in event.body:
            found |= {str(event.body[noun].get(field) or "") for field in fields}
    return frozenset(found - {""})


def matches(event: Event, query: AuditQuery) -> bool:
    """Whether an event is among those asked for."""
    return (
        (not query.dataset or dataset_of(event) == query.dataset)
        and (not query.person or query.person in people_of(event))
        and (not query.action or event.action == query.action or event.action.startswith(f"{query.action}."))
    )


def arrange(found: Iterable[OverseenGrant]) -> list[OverseenDataset]:
    """Grants by dataset: those that need somebody first, then by id; of one dataset the next to end first."""
    by_dataset: dict[str, list[OverseenGrant]] = {}
    for each in found:
        by_dataset.setdefault(each.grant.scope.dataset_id, []).append(each)
    rows = []
    for dataset_id, held in by_dataset.items():
        held.sort(key=lambda each: (CONCERNS.index(each.concern), each.grant.not_after, each.grant.id))
        newest = max(held, key=lambda each: each.grant.not_before).grant
        worst = min((each.concern for each in held), key=CONCERNS.index)
        rows.append(
            OverseenDataset(
                id=dataset_id, title=newest.dataset_title, owner=newest.owner, grants=tuple(held), concern=worst
            )
        )
    return sorted(rows, key=lambda row: (CONCERNS.index(row.concern), row.id))


class Oversight:
    """What owners and admins see of one workplace. ``person`` is who asks; the caller has made sure of that."""

    def __init__(
        self, store: Store, settle: Callable[[], None], policy: AccessPolicy, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._settle = settle
        self._policy = policy
        self._clock = clock

    def allows(self, person: str) -> bool:
        """Whether there is anything for this person to oversee."""
        check_here(person, self._policy)
        return person in self._policy.admins or self._store.search(Search(owner=person, limit=1))[1] > 0

    def effects(self, of: Sequence[Grant]) -> tuple[Effect, ...]:
        """What these grants need where the data lies."""
        elsewhere = {grant.id for grant in of if grant.backend}
        if not elsewhere:
            return ()
        ids = sorted({grant.scope.dataset_id for grant in of if grant.backend})
        return tuple(effect(leg) for leg in self._store.legs_on(ids) if leg.grant_id in elsewhere)

    def grants(self, person: str, query: OversightQuery) -> OversightPage:
        """Grants by dataset, those that need somebody first. Raises ``Forbidden`` for who oversees nothing."""
        self._check(person)
        known = (ATTENTION, *(state.value for state in GrantState))
        if query.state and query.state not in known:
            raise Invalid(
                "access.invalid_state",
                f"{query.state!r} is no state of a grant.",
                next_step=nearest(query.state, known),
            )
        self._settle()
        now, found = self._clock(), self._store.grants_on(self._sees_as(person))
        effects: dict[str, list[Effect]] = {}
        for each in self.effects(found):
            effects.setdefault(each.grant_id, []).append(each)
        seen = [_overseen(grants.shown(grant, now), effects.get(grant.id, ())) for grant in found]
        rows = arrange(each for each in seen if _asked_for(each, query))
        start, limit = max(query.offset, 0), min(max(query.limit, 1), MOST_DATASETS)
        items = tuple(self._named(row) for row in rows[start : start + limit])
        return OversightPage(items=items, total=len(rows), counters=_counted(seen))

    def audit(self, person: str, query: AuditQuery) -> AuditPage:
        """Events, the newest first; for owners those that concern them. Raises as :meth:`grants` does."""
        self._check(person)
        last = self._store.last_seq()
        low = min(query.before - 1, last) if query.before > 0 else last
        limit, found = min(max(query.limit, 1), MOST_EVENTS), list[Event]()
        for _ in range(MOST_WINDOWS):
            if low <= 0 or len(found) > limit:
                break
            window = self._store.events(self._sees_as(person), after=max(low - WINDOW, 0), until=low)
            found += [event for event in reversed(window) if matches(event, query)]
            low = max(low - WINDOW, 0)
        if len(found) > limit:
            return AuditPage(items=tuple(found[:limit]), older=found[limit - 1].seq)
        return AuditPage(items=tuple(found), older=low + 1 if low > 0 else 0)

    def check_admin(self, person: str) -> None:
        """Raises ``Forbidden`` for who is no admin: checking the chain tells of everybody's."""
        if person not in self._policy.admins:
            raise _refused("Only an admin of data access can check the whole audit trail here.")

    def _check(self, person: str) -> None:
        if not self.allows(person):
            raise _refused("Only owners of datasets and admins of data access see who holds grants.")

    def _sees_as(self, person: str) -> str | None:
        return None if person in self._policy.admins else person

    def _named(self, row: OverseenDataset) -> OverseenDataset:
        """With the title and the owner that the dataset has now, which its grants need not name."""
        dataset = self._store.dataset(row.id)
        return row if dataset is None else replace(row, title=dataset.title, owner=dataset.owner)


def _refused(message: str) -> Forbidden:
    return Forbidden("access.not_overseer", message, next_step="Your own grants: mlplat data grants")


def _overseen(grant: Grant, effects: Sequence[Effect]) -> OverseenGrant:
    worst = concern(effects)
    if grant.state is GrantState.FAILED and worst not in _NEED_SOMEBODY:
        worst = "failing"
    return OverseenGrant(grant=honest(grant, effects), effects=tuple(effects), concern=worst)


def _asked_for(each: OverseenGrant, query: OversightQuery) -> bool:
    if query.dataset not in ("", each.grant.scope.dataset_id) or query.person not in ("", each.grant.subject):
        return False
    if query.state == ATTENTION:
        return each.concern in _NEED_SOMEBODY
    if query.state:
        return each.grant.state.value == query.state
    return each.grant.state is not GrantState.ENDED or each.concern in _NEED_SOMEBODY


def _counted(seen: Sequence[OverseenGrant]) -> Counters:
    states = Counter(each.grant.state.value for each in seen)
    concerns = Counter(each.concern for each in seen if each.concern)
    return Counters(states=dict(states), concerns=dict(concerns))
