"""What data access promises, as a plain model that reads the trail: every event has to be a step that is allowed.

It knows nothing of the rules under test: who may decide, what may follow what, and how far, are said here once more in
the simplest words, so that an error has to be made twice to stay unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from jupyter_mlplatform.access.messages import NewDecision
from jupyter_mlplatform.access.models import (
    Dataset,
    Decision,
    Delegation,
    EndReason,
    Event,
    Grant,
    GrantState,
    Request,
    RequestState,
    Verdict,
)
from jupyter_mlplatform.access.rowfilter import And, RowFilter, columns_of
from jupyter_mlplatform.policy import AccessPolicy, AutoApproval, Condition, Guardrail, Stage

OPEN = (RequestState.SUBMITTED, RequestState.CHANGES_ASKED)
MOST_DAYS = {"public": 20, "internal": 15, "confidential": 10, "restricted": 5}
AUTO_DAYS = 5
POLICY = AccessPolicy(
    admins=("ada",),
    default_days=5,
    max_days=MOST_DAYS,
    stages=(
        Stage(name="owner", approvers=("owner",), escalate_days=7, escalate_to=("erna",)),
        Stage(name="privacy", approvers=("petra",), when=Condition(column_tags=("personal",))),
    ),
    auto_approve=(AutoApproval(name="open-data", when=Condition(classifications=("public",)), most_days=AUTO_DAYS),),
    guardrails=(
        Guardrail(
            name="no-people-in-reports",
            when=Condition(column_tags=("personal",), purposes=("reporting",)),
            because="Reports hold no personal data.",
        ),
    ),
)


def parts(rows: RowFilter | None) -> set[str]:
    """The conditions that all have to be true."""
    if rows is None:
        return set()
    return {repr(each) for each in (rows.of if isinstance(rows, And) else (rows,))}


def personal(dataset: Dataset, columns: Iterable[str], rows: RowFilter | None) -> bool:
    """Whether a personal column is read, or looked at to choose rows: that tells what is in it, too."""
    read = {*columns, *(columns_of(rows) if rows is not None else ())}
    return any("personal" in column.tags for column in dataset.columns if column.name in read)


class Promises:
    """All that has happened so far, as a reader of the trail knows it."""

    def __init__(self) -> None:
        self.state: dict[tuple[str, str], Any] = {}
        self.last = 0
        self.left: tuple[str, ...] = ()
        self.required: dict[tuple[str, int], list[str]] = {}

    def of(self, kind: str) -> list[Any]:
        return [noun for (each, _), noun in self.state.items() if each == kind]

    def dataset(self, dataset_id: str) -> Dataset:
        found: Dataset = self.state["dataset", dataset_id]
        return found

    # What may be

    def stages(self, request: Request) -> list[str]:
        """Those that it had to pass when it was asked, and those that it has to pass now."""
        before = self.required.get((request.id, request.revision), [])
        return ["owner", "privacy"] if "privacy" in before else self.stages_now(request)

    def stages_now(self, request: Request) -> list[str]:
        of = self.dataset(request.scope.dataset_id)
        return ["owner", "privacy"] if personal(of, request.scope.columns, request.scope.rows) else ["owner"]

    def passed(self, request: Request) -> list[Decision]:
        return [
            each for each in request.decisions if each.revision == request.revision and each.verdict is Verdict.APPROVE
        ]

    def waits_in(self, request: Request) -> str:
        done = {each.stage for each in self.passed(request)}
        required = self.stages(request)
        return next((each for each in required if each not in done), required[-1])

    def left_of(self, request: Request) -> tuple[set[str], set[str], int]:
        """Columns, conditions and days that the stages before have left."""
        before = self.passed(request)
        if not before:
            return set(request.scope.columns), parts(request.scope.rows), request.days
        return set(before[-1].columns), parts(before[-1].rows), before[-1].days or 0

    def by_right(self, request: Request) -> set[str]:
        of, stage = self.dataset(request.scope.dataset_id), self.waits_in(request)
        people = {"ada", of.owner} if stage == "owner" else {"ada", "petra"}
        if stage == "owner" and request.escalated_at is not None:
            people.add("erna")
        return people - {request.requester, request.subject} - set(self.left)

    def given_by(self, delegate: str, now: datetime) -> set[str]:
        return {
            each.approver
            for each in self.of("delegation")
            if each.delegate == delegate and each.ended_at is None and each.not_before <= now < each.not_after
        }

    def may_decide(self, person: str, request: Request, now: datetime) -> bool:
        if person in (request.requester, request.subject) or person in self.left:
            return False
        own = self.by_right(request)
        return person in own or bool(own & self.given_by(person, now))

    def decidable(self, person: str, request: Request, new: NewDecision, now: datetime) -> bool:
        """Whether a decision that was not made before has to be accepted."""
        if not self.may_decide(person, request, now) or request.state is not RequestState.SUBMITTED:
            return False
        if new.revision != request.revision or new.stage not in ("", self.waits_in(request)):
            return False
        if new.verdict is not Verdict.APPROVE:
            return bool(new.reason.strip())
        if request.subject in self.left:
            return False
        of, (columns, _, days) = self.dataset(request.scope.dataset_id), self.left_of(request)
        granted = days if new.days is None else new.days
        if not 1 <= granted <= min(days, MOST_DAYS[of.classification]) or not set(new.columns) <= columns:
            return False
        last = self.passed(request)[-1].rows if self.passed(request) else request.scope.rows
        people = any(personal(of, new.columns or columns, rows) for rows in (last, new.rows))
        return not (people and request.purpose == "reporting")

    def usable(self, person: str, dataset_id: str, now: datetime) -> list[Grant]:
        """usable(grant, t) <=> active and inside [not_before, not_after) and subject and dataset live and here."""
        if person in self.left or not self.dataset(dataset_id).live:
            return []
        return [
            grant
            for grant in self.of("grant")
            if grant.state is GrantState.ACTIVE
            and grant.subject == person
            and grant.scope.dataset_id == dataset_id
            and grant.not_before <= now < grant.not_after
        ]

    # What happened

    def read(self, events: Iterable[Event], decode: Callable[[Event], tuple[str, Any] | None]) -> None:
        """Follow the trail; each event is one step of at most one noun."""
        for event in events:
            assert event.seq == self.last + 1
            self.last = event.seq
            found = decode(event)
            if found is None:
                assert event.action.startswith(("data.", "dataset.renewed")), event.action
                continue
            kind, noun = found
            old = self.state.get((kind, noun.id))
            if kind != "dataset":
                assert noun.version == (old.version + 1 if old else 1), "every change has exactly one event"
            getattr(self, f"_{kind}")(event, old, noun)
            self.state[kind, noun.id] = noun

    def _dataset(self, event: Event, old: Dataset | None, new: Dataset) -> None:
        assert old is None or old.live or not new.live, "what was retired does not come back"

    def _delegation(self, event: Event, old: Delegation | None, new: Delegation) -> None:
        if old is None:
            assert event.actor == new.approver != new.delegate
            assert event.at <= new.not_before < new.not_after <= new.not_before + timedelta(days=90)
        elif event.action == "delegation.expired":
            assert old.ended_at is None
            assert event.actor == "time"
            assert event.at >= old.not_after
            assert new == replace(old, ended_at=old.not_after, version=new.version)
        else:
            assert old.ended_at is None
            assert event.actor in (old.approver, old.delegate, "ada")
            assert new == replace(old, ended_at=event.at, version=new.version)

    def _grant(self, event: Event, old: Grant | None, new: Grant) -> None:
        if old is None:
            assert (event.action, new.state) == ("grant.created", GrantState.ACTIVE)
            request = self.state["request", new.request_id]
            renewed = self.state.get(("grant", request.renews))
            asked = timedelta(days=min(request.days, MOST_DAYS[self.dataset(new.scope.dataset_id).classification]))
            assert new.not_after - new.not_before <= asked, "the duration is within asked within the ceiling"
            assert new.not_before == event.at or (renewed and event.at < new.not_before == renewed.not_after)
            columns, conditions, _ = self.left_of(request)
            assert set(new.scope.columns) <= columns, "the scope is within what was asked"
            assert conditions <= parts(new.scope.rows), "the rows are within what was asked"
            assert new.subject == request.subject not in self.left
            return
        assert old.state is not GrantState.ENDED, "an ended grant never changes"
        fixed = ("subject", "scope", "not_before", "not_after", "request_id", "approved_by")
        assert [getattr(old, each) for each in fixed] == [getattr(new, each) for each in fixed]
        if event.action == "grant.ends_soon":
            assert new == replace(old, announced_days=new.announced_days, version=new.version)
            return
        assert new.state is GrantState.ENDED
        of = self.dataset(new.scope.dataset_id)
        assert {
            EndReason.EXPIRED: event.at >= old.not_after,
            EndReason.REVOKED: event.actor in (of.owner, old.subject, "ada"),
            EndReason.LEFT: old.subject in self.left,
            EndReason.DATASET_GONE: not of.live,
        }[new.end_reason or EndReason.POLICY], new.end_reason

    def _request(self, event: Event, old: Request | None, new: Request) -> None:
        kind = event.action.removeprefix("request.")
        if old is None:
            assert (kind, new.state, new.revision, new.decisions) == ("submitted", RequestState.SUBMITTED, 1, ())
            self._asked(event, new)
            return
        assert old.state in OPEN, "a final request never changes"
        assert (old.requester, old.scope.dataset_id, old.created_at) == (
            new.requester,
            new.scope.dataset_id,
            new.created_at,
        )
        if kind == "changed":
            assert (new.revision, new.state, new.decisions) == (old.revision + 1, RequestState.SUBMITTED, old.decisions)
            self._asked(event, new)
        elif kind in ("approved", "passed", "rejected", "changes_asked"):
            self._decided(event, old, new)
        else:
            assert (new.revision, new.scope, new.days, new.decisions, new.grant_id) == (
                old.revision,
                old.scope,
                old.days,
                old.decisions,
                None,
            )
            self._moved(kind, event, old, new)

    def _asked(self, event: Event, new: Request) -> None:
        of = self.dataset(new.scope.dataset_id)
        assert event.actor == new.requester not in self.left
        assert of.live
        assert of.owner not in (new.requester, new.subject)
        assert new.subject not in self.left
        assert 1 <= new.days <= MOST_DAYS[of.classification], "asked within the ceiling"
        assert set(new.scope.columns) <= {column.name for column in of.columns}
        people = personal(of, new.scope.columns, new.scope.rows)
        assert not (people and new.purpose == "reporting"), "a guardrail"
        self.required[new.id, new.revision] = self.stages_now(new)

    def _decided(self, event: Event, old: Request, new: Request) -> None:
        assert old.state is RequestState.SUBMITTED
        assert new.decisions[:-1] == old.decisions, "decisions are only added"
        decision = new.decisions[-1]
        of = self.dataset(old.scope.dataset_id)
        assert decision.revision == old.revision == new.revision
        assert decision.actor == event.actor
        assert all((each.revision, each.stage) != (decision.revision, decision.stage) for each in old.decisions), (
            "one decision for each request, revision and stage"
        )
        if decision.rule:
            assert (event.actor, of.classification, decision.on_behalf) == ("policy", "public", "")
            assert new.state is RequestState.APPROVED
            assert old.days <= AUTO_DAYS
            assert not personal(of, old.scope.columns, old.scope.rows), "a rule never gives personal data"
        else:
            self._had_the_right(decision, old, event.at)
        if decision.verdict is Verdict.APPROVE:
            columns, conditions, days = self.left_of(old)
            assert set(decision.columns) <= columns
            assert conditions <= parts(decision.rows)
            assert 1 <= (decision.days or 0) <= min(days, MOST_DAYS[of.classification])
            assert not (personal(of, decision.columns, decision.rows) and old.purpose == "reporting")
            waits = set(self.stages(old)) - {each.stage for each in self.passed(new)}
            done = bool(decision.rule) or not waits
            assert new.state is (RequestState.APPROVED if done else RequestState.SUBMITTED)
        assert (new.grant_id is not None) == (new.state is RequestState.APPROVED)
        assert new.grant_id is None or self.state["grant", new.grant_id].request_id == new.id

    def _had_the_right(self, decision: Decision, request: Request, now: datetime) -> None:
        concerned = {request.requester, request.subject}
        assert decision.stage == self.waits_in(request)
        assert decision.actor not in concerned, "nobody approves for themselves"
        assert decision.on_behalf not in concerned, "nor through somebody else"
        own = self.by_right(request)
        if decision.on_behalf:
            assert decision.on_behalf in own & self.given_by(decision.actor, now)
        else:
            assert decision.actor in own

    def _moved(self, kind: str, event: Event, old: Request, new: Request) -> None:
        decided = [each.at for each in old.decisions]
        waited = event.at - max([old.created_at, old.revised_at or old.created_at, *decided])
        if kind in ("reminded", "escalated"):
            assert waited >= timedelta(days=3 if kind == "reminded" else 7)
            assert new.state is old.state is RequestState.SUBMITTED
        elif kind == "withdrawn":
            assert (event.actor, new.state) == (old.requester, RequestState.WITHDRAWN)
        elif kind == "lapsed":
            assert (event.actor, new.state) == ("time", RequestState.LAPSED)
            assert waited >= timedelta(days=60)
        else:
            assert (kind, new.state) == ("void", RequestState.VOID)
            assert old.requester in self.left or not self.dataset(old.scope.dataset_id).live
