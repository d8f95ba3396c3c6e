"""Whatever four people do in whatever order, the promises of data access hold."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jupyter_mlplatform.access import audit
from jupyter_mlplatform.access.messages import Comment, NewDecision, Revocation
from jupyter_mlplatform.access.models import GrantState, Request, RequestState, Verdict
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Forbidden, Invalid, NotFound, PlatformError
from tests.access.examples import examples
from tests.access.world import COLUMNS, Clock, approval, make_service, new_request, register, write_data

PEOPLE = st.sampled_from(["alice", "alice", "bob", "bob", "carol", "ada"])
SCOPES = st.just(()) | st.sets(st.sampled_from(COLUMNS)).map(tuple)
DAYS = st.integers(1, 100) | st.sampled_from([5, 30])
PICK = st.integers(0, 1000)


class DataAccess(RuleBasedStateMachine):
    """Commands are tried by anybody at any time; a refusal is fine, a broken promise is not."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.service: AccessService = make_service(self.folder / "state", self.clock)
        register(self.service, write_data(self.folder / "weld.parquet"))
        self.requests: list[str] = []
        self.keys = 0
        self.seen: dict[str, Request] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.service._store.close()  # type: ignore[attr-defined]
            shutil.rmtree(self.folder)

    @rule(person=PEOPLE, columns=SCOPES, days=DAYS, again=st.booleans())
    def ask(self, person: str, columns: tuple[str, ...], days: int, again: bool) -> None:
        self.keys += 0 if again else 1
        with contextlib.suppress(PlatformError):
            made = self.service.ask(person, new_request(f"k{self.keys}", columns=columns, days=days))
            if made.id not in self.requests:
                self.requests.append(made.id)

    @precondition(lambda self: self.requests)
    @rule(
        person=PEOPLE,
        pick=PICK,
        verdict=st.sampled_from([Verdict.APPROVE, *Verdict]),
        stale=st.integers(-1, 3).map(lambda number: min(number, 0)),
        columns=SCOPES,
        days=st.none() | st.none() | DAYS,
    )
    def decide(
        self, person: str, pick: int, verdict: Verdict, stale: int, columns: tuple[str, ...], days: int | None
    ) -> None:
        request_id = self.requests[pick % len(self.requests)]
        before = self.service.request("ada", request_id)
        after_seq = self.service.last_seq()
        new = NewDecision(verdict=verdict, revision=before.revision + stale, reason="why", columns=columns, days=days)
        try:
            after = self.service.decide(person, request_id, new)
        except PlatformError:
            assert self.service.request("ada", request_id) == before
            assert self.service.last_seq() == after_seq
            return
        decision = after.decisions[-1]
        assert person != after.requester
        assert person in ("bob", "ada")
        assert set(decision.columns) <= set(after.scope.columns)
        assert (decision.days or 0) <= after.days

    @rule(person=st.sampled_from(["bob", "ada"]), pick=PICK, days=st.none() | DAYS)
    def approve_one_that_waits(self, person: str, pick: int, days: int | None) -> None:
        waiting = self.service.requests(person, "inbox").items
        if waiting:
            request = waiting[pick % len(waiting)]
            with contextlib.suppress(Invalid):
                self.service.decide(person, request.id, approval(request.revision, days=days))

    @precondition(lambda self: self.requests)
    @rule(person=PEOPLE, pick=PICK)
    def withdraw(self, person: str, pick: int) -> None:
        with contextlib.suppress(PlatformError):
            withdrawn = self.service.withdraw(person, self.requests[pick % len(self.requests)], Comment())
            assert withdrawn.requester == person

    @rule(person=PEOPLE, pick=PICK)
    def revoke(self, person: str, pick: int) -> None:
        held = self.service.grants("ada", "owned").items
        if held:
            grant = held[pick % len(held)]
            with contextlib.suppress(PlatformError):
                ended = self.service.revoke(person, grant.id, Revocation())
                assert ended.state is GrantState.ENDED
                assert person in (grant.subject, "bob", "ada")

    @rule(person=st.sampled_from(["bob", "carol"]), seldom=st.integers(0, 15))
    def retire(self, person: str, seldom: int) -> None:
        if seldom == 15:
            with contextlib.suppress(Forbidden, NotFound):
                self.service.retire(person, "weld_guns")

    @rule(days=st.sampled_from([0.1, 1, 6, 29, 30]) | st.floats(0.01, 40))
    def wait(self, days: float) -> None:
        self.clock.forward(days=days)

    @invariant()
    def data_is_handed_out_exactly_under_a_usable_grant_and_never_more_than_it_covers(self) -> None:
        dataset = self.service._store.dataset("weld_guns")
        assert dataset is not None
        for person in ("alice", "carol"):
            # From the stored rows alone, without the code under test.
            usable = [
                grant
                for grant in self.service._store.grants_to(person)
                if grant.state is GrantState.ACTIVE and grant.not_before <= self.clock.now < grant.not_after
            ]
            try:
                loaded = self.service.load(person, "weld_guns")
            except (Forbidden, NotFound):
                assert not (usable and dataset.live)
            else:
                assert dataset.live
                assert loaded.table.column_names == list(loaded.grant.scope.columns)
                assert loaded.grant in usable

    @invariant()
    def each_grant_comes_from_one_approval_by_somebody_else_and_stays_within_it(self) -> None:
        by_id = {each.id: each for each in (self.service.request("ada", name) for name in self.requests)}
        held = self.service.grants("ada", "owned").items
        assert len({grant.request_id for grant in held}) == len(held)
        for grant in held:
            request = by_id[grant.request_id]
            last = request.decisions[-1]
            assert (request.state, request.grant_id, last.actor) == (RequestState.APPROVED, grant.id, grant.approved_by)
            assert grant.subject == request.requester != grant.approved_by
            assert set(grant.scope.columns) <= set(request.scope.columns)
            assert grant.not_after - grant.not_before <= timedelta(days=min(request.days, 90))
        approved = [each for each in by_id.values() if each.state is RequestState.APPROVED]
        assert len(approved) == len(held)

    @invariant()
    def nothing_final_ever_changes_and_nobody_has_two_open_requests(self) -> None:
        final = set(RequestState) - {RequestState.SUBMITTED, RequestState.CHANGES_ASKED}
        open_by: list[str] = []
        for name in self.requests:
            now = self.service.request("ada", name)
            if name in self.seen and self.seen[name].state in final:
                assert now == self.seen[name]
            self.seen[name] = now
            open_by += [] if now.state in final else [now.requester]
        assert len(open_by) == len(set(open_by))

    @invariant()
    def every_change_has_one_event_and_replaying_them_gives_the_state(self) -> None:
        events, _, state = self.service._store.trail()
        trail = list(events)
        assert audit.replay(trail) == state
        assert self.service.verify_audit().intact
        for kind in ("request", "grant"):
            versions = [(event.body[kind]["id"], event.body[kind]["version"]) for event in trail if kind in event.body]
            assert len(versions) == len(set(versions))
            assert {(name, number) for name, number in versions} == {
                (noun.id, number)
                for (of, _), noun in state.items()
                if of == kind
                for number in range(1, noun.version + 1)
            }


TestDataAccess = DataAccess.TestCase
TestDataAccess.settings = examples(30, stateful_step_count=30)
