"""Asking, deciding and delegating: each command is one unit of the store, judged by the pure rules."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from jupyter_mlplatform.access import (
    catalogue,
    decisions,
    delegations,
    facts,
    grants,
    guardrails,
    requests,
    review,
    texts,
)
from jupyter_mlplatform.access.fulfilling import Fulfilment
from jupyter_mlplatform.access.messages import (
    Comment,
    DelegationList,
    NewDecision,
    NewDelegation,
    NewRequest,
    RequestList,
)
from jupyter_mlplatform.access.models import Dataset, Delegation, Grant, Purview, Request, RequestState, Verdict
from jupyter_mlplatform.access.once_more import once_more
from jupyter_mlplatform.access.people import check_here
from jupyter_mlplatform.access.ports import Store, Unit
from jupyter_mlplatform.access.registrar import Registrar
from jupyter_mlplatform.access.review import Reviewers
from jupyter_mlplatform.access.upkeep import Upkeep
from jupyter_mlplatform.errors import Invalid, NotFound, nearest
from jupyter_mlplatform.policy import AccessPolicy

_Noun = TypeVar("_Noun")
LONGEST_KEY = 200
_DECIDED = {
    Verdict.APPROVE: "request.approved",
    Verdict.REJECT: "request.rejected",
    Verdict.ASK_CHANGES: "request.changes_asked",
}


class Asking:
    """Requests of one workplace. ``person`` is who acts; the caller has made sure of that."""

    def __init__(
        self,
        store: Store,
        registrar: Registrar,
        upkeep: Upkeep,
        fulfilment: Fulfilment,
        policy: AccessPolicy,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._fulfilment = fulfilment
        self._registrar = registrar
        self._upkeep = upkeep
        self._policy = policy
        self._clock = clock
        self._version = hashlib.sha256(msgspec.json.encode(policy)).hexdigest()[:12]

    @once_more
    def ask(self, person: str, new: NewRequest) -> Request:
        """Ask for access. A person has one open request a dataset: asking again revises it."""
        if not 1 <= len(new.idempotency_key) <= LONGEST_KEY:
            raise Invalid("access.invalid_key", f"An idempotency key has 1 to {LONGEST_KEY} characters.")
        texts.check("key", new.idempotency_key)
        texts.check("basket", new.basket)
        check_here(person, self._policy)
        self._upkeep.settle()
        self._registrar.live(new.dataset_id, person)
        digest = requests.digest(new)
        with self._store.unit() as unit:
            now = self._clock()
            before = unit.request_by_key(person, new.idempotency_key)
            if before is not None:
                return self.seen(requests.repeated(*before, digest))
            dataset = present(unit.dataset(new.dataset_id), "dataset", new.dataset_id)
            catalogue.check_unretired(dataset)
            asked = requests.check(new, person, dataset, self._policy)
            if asked.renews:
                renewed = present(unit.grant(asked.renews), "grant", asked.renews)
                grants.check_renewable(renewed, dataset, asked.beneficiary or person, now)
            open_one = next(iter(unit.open_requests(dataset.id, person)), None)
            request = (
                requests.revise(open_one, asked, now)
                if open_one
                else requests.submit(f"r-{uuid.uuid4().hex[:10]}", person, asked, dataset, now)
            )
            self._fulfilment.check(grants.wish(request, dataset, now), dataset)
            if request is not open_one:
                unit.put_request(request)
                self._tell(unit, "request.changed" if open_one else "request.submitted", request, dataset, person, now)
                request = self._decide_by_rule(unit, request, dataset, now)
            unit.remember_key(person, new.idempotency_key, request.id, digest)
        return self.seen(request)

    @once_more
    def decide(self, person: str, request_id: str, new: NewDecision) -> Request:
        """Approve (and, in the last stage, so grant), reject or ask for changes.

        Deciding just so again changes nothing. Whom the request does not concern reads that there is none.
        """
        check_here(person, self._policy)
        self._upkeep.settle()
        with self._store.unit() as unit:
            now = self._clock()
            request = present(unit.request(request_id), "request", request_id)
            dataset = present(unit.dataset(request.scope.dataset_id), "dataset", request.scope.dataset_id)
            by = self._reviewers(unit, now)
            if not (review.may_know(person, request, dataset, by) or review.was_delegate(person, request, dataset, by)):
                raise unknown("request", request_id)
            decided = decisions.decide(request, new, person, dataset, by, self._version)
            if decided is request:
                return self.seen(request)
            decided = self._granted(unit, decided, dataset, person, now)
            unit.put_request(decided)
            passed = decided.state is RequestState.SUBMITTED
            self._tell(unit, "request.passed" if passed else _DECIDED[new.verdict], decided, dataset, person, now)
        return self.seen(decided)

    @once_more
    def withdraw(self, person: str, request_id: str, comment: Comment) -> Request:
        """Withdraw one's own open request."""
        self._upkeep.settle()
        with self._store.unit() as unit:
            now = self._clock()
            request = present(unit.request(request_id), "request", request_id)
            dataset = present(unit.dataset(request.scope.dataset_id), "dataset", request.scope.dataset_id)
            if not review.may_know(person, request, dataset, self._reviewers(unit, now)):
                raise unknown("request", request_id)
            withdrawn = requests.withdraw(request, person, comment.reason)
            if withdrawn is not request:
                unit.put_request(withdrawn)
                self._tell(unit, "request.withdrawn", withdrawn, dataset, person, now, comment.reason)
        return self.seen(withdrawn)

    def requests(self, person: str, role: str = "mine") -> RequestList:
        """``mine``: what I asked for; ``inbox``: what waits for my decision. Newest first."""
        check_role(role, ("mine", "inbox"))
        self._upkeep.settle()
        by = self._reviewers(self._store, self._clock())
        if role == "mine":
            return RequestList(tuple(self._seen_by(each, by) for each in self._store.requests_of(person)))
        waiting = self._store.waiting(None if self._may_decide_elsewhere(person, by) else person)
        seen = (self._seen_by(each, by) for each in waiting)
        return RequestList(tuple(each for each in seen if person in each.approvers))

    def request(self, person: str, request_id: str) -> Request:
        """One request, for those who asked, review, own or oversee; nobody else learns that it exists."""
        self._upkeep.settle()
        request = present(self._store.request(request_id), "request", request_id)
        dataset = self._store.dataset(request.scope.dataset_id)
        by = self._reviewers(self._store, self._clock())
        if not review.may_know(person, request, dataset, by):
            raise unknown("request", request_id)
        return self._seen_by(request, by)

    def knows_of(self, person: str, grant: Grant, dataset: Dataset, unit: Unit) -> bool:
        """Whether ``person`` may learn of this grant: whom it concerns, or the request that it comes from."""
        if person in (grant.subject, dataset.owner, *self._policy.admins):
            return True
        request = unit.request(grant.request_id)
        by = self._reviewers(unit, self._clock())
        return request is not None and review.may_know(person, request, dataset, by)

    @once_more
    def delegate(self, person: str, new: NewDelegation) -> Delegation:
        """Let somebody else decide in one's place for a while."""
        check_here(person, self._policy)
        with self._store.unit() as unit:
            now = self._clock()
            made = delegations.create(f"d-{uuid.uuid4().hex[:10]}", person, new, self._policy, now)
            unit.put_delegation(made)
            facts.delegation(unit, "delegation.given", made, person, now)
        return made

    @once_more
    def end_delegation(self, person: str, delegation_id: str) -> Delegation:
        """Take it back, or give it up."""
        self._upkeep.settle()
        with self._store.unit() as unit:
            now = self._clock()
            known = present(unit.delegation(delegation_id), "delegation", delegation_id)
            if person not in (known.approver, known.delegate, *self._policy.admins):
                raise unknown("delegation", delegation_id)
            ended = delegations.end(known, person, self._policy, now)
            if ended is not known:
                unit.put_delegation(ended)
                facts.delegation(unit, "delegation.ended", ended, person, now)
        return ended

    def delegations(self, person: str) -> DelegationList:
        """Those to and from a person that are in force or to come."""
        self._upkeep.settle()
        now = self._clock()
        found = (each for each in self._store.delegations(person) if delegations.lives(each, now))
        return DelegationList(tuple(sorted(found, key=lambda each: (each.not_before, each.id))))

    def seen(self, request: Request) -> Request:
        """The request with who may decide it now."""
        if request.state not in requests.OPEN:
            return request
        return self._seen_by(request, self._reviewers(self._store, self._clock()))

    def approvers(self, dataset: Dataset, person: str) -> tuple[str, ...]:
        """Who would decide on a request of this person for the whole dataset."""
        now = self._clock()
        asked = self._draft(dataset, person, now)
        stage = review.present(asked, dataset, self._policy)
        return review.approvers(stage, asked, dataset, self._reviewers(self._store, now))

    def outlook(self, dataset: Dataset, person: str) -> tuple[Purview, ...]:
        """The stages of a request of this person for the whole dataset."""
        now = self._clock()
        return review.purviews(self._draft(dataset, person, now), dataset, self._reviewers(self._store, now))

    def _draft(self, dataset: Dataset, person: str, now: datetime) -> Request:
        everything = tuple(column.name for column in dataset.columns)
        purpose = self._policy.purposes[0].code if self._policy.purposes else ""
        return requests.draft(person, dataset, everything, purpose, now)

    def _reviewers(self, of: Store | Unit, now: datetime) -> Reviewers:
        """By a unit's delegations where something is decided on them, by the store's where it is only shown."""
        return Reviewers(self._policy, now, of.delegations())

    def _seen_by(self, request: Request, by: Reviewers) -> Request:
        if request.state not in requests.OPEN:
            return request
        return requests.seen(request, self._store.dataset(request.scope.dataset_id), by)

    def _decide_by_rule(self, unit: Unit, request: Request, dataset: Dataset, now: datetime) -> Request:
        read = review.columns_read(request.scope.columns, request.scope.rows)
        rule = guardrails.automatic(dataset, read, request.purpose, request.days, self._policy)
        if rule is None:
            return request
        by = Reviewers(self._policy, now)
        decided = decisions.approve_by_rule(request, rule, by, self._version)
        decided = self._granted(unit, decided, dataset, guardrails.POLICY, now)
        unit.put_request(decided)
        self._tell(unit, "request.approved", decided, dataset, guardrails.POLICY, now)
        return decided

    def _granted(self, unit: Unit, decided: Request, dataset: Dataset, actor: str, now: datetime) -> Request:
        """With the grant that an approval gives."""
        if decided.state is not RequestState.APPROVED:
            return decided
        renewed = unit.grant(decided.renews) if decided.renews else None
        grant: Grant = grants.create(f"g-{uuid.uuid4().hex[:10]}", decided, dataset, now, renewed)
        unit.put_grant(grant)
        facts.grant(unit, "grant.created", grant, dataset, actor, now)
        self._fulfilment.plan(unit, grant, dataset, now)
        return replace(decided, grant_id=grant.id)

    def _tell(
        self, unit: Unit, action: str, request: Request, dataset: Dataset, actor: str, now: datetime, reason: str = ""
    ) -> None:
        waiting_for: Sequence[str] = ()
        if request.state is RequestState.SUBMITTED:
            stage = review.present(request, dataset, self._policy)
            waiting_for = review.awaited(stage, request, dataset, self._reviewers(unit, now))
        facts.request(unit, action, request, dataset, actor, now, reason, waiting_for)

    def _may_decide_elsewhere(self, person: str, by: Reviewers) -> bool:
        """Whether requests on other people's datasets may wait for this person."""
        policy = self._policy
        named = {name for each in policy.stages for name in (*each.approvers, *each.escalate_to)} | {*policy.admins}
        given = delegations.in_force(by.delegations, by.now)
        return person in named or any(each.delegate == person for each in given)


def check_role(role: str, known: Sequence[str]) -> None:
    """Raises ``Invalid`` for a view of a list that there is not."""
    if role not in known:
        raise Invalid("access.invalid_role", f"{role!r} is not a view of this list.", next_step=nearest(role, known))


def present(noun: _Noun | None, kind: str, noun_id: str) -> _Noun:
    """The noun, or ``NotFound``."""
    if noun is None:
        raise unknown(kind, noun_id)
    return noun


def unknown(kind: str, noun_id: str) -> NotFound:
    """That there is none with this id, or none that this person may know of."""
    listed = "search" if kind == "dataset" else f"{kind}s"
    return NotFound(
        f"access.no_{kind}", f"There is no {kind} {noun_id!r}.", next_step=f"List them: mlplat data {listed}"
    )
