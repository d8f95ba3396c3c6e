"""Whatever anybody does in whatever order, through two servers on one store, the promises of data access hold.

Commands are tried by everybody at any time. :mod:`tests.access.promises` reads the trail beside them and says of each
event whether it may be; here is said what has to be accepted and what has to be refused. ``make fuzz-access`` takes
5,000 steps.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.messages import Comment, NewDecision, NewDelegation, NewRequest, Registration, Revocation
from jupyter_mlplatform.access.models import (
    Column,
    Dataset,
    Delegation,
    Event,
    Grant,
    GrantState,
    Request,
    RequestState,
    Verdict,
)
from jupyter_mlplatform.access.rowfilter import Equals
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import PlatformError
from tests.access.examples import examples
from tests.access.mortal import VAULT, Crash, Drawer, Mortal
from tests.access.promises import MOST_DAYS, OPEN, POLICY, Promises
from tests.access.world import Clock

NOUNS: dict[str, type[Any]] = {"dataset": Dataset, "request": Request, "grant": Grant, "delegation": Delegation}
EVERYBODY = ("bob", "ben", "petra", "dora", "erna", "ada", "carol", "alice")
OUTSIDE = ("alice", "carol", "dora", "petra", "erna", "zoe")

ASKS = st.sampled_from(["alice", "alice", "carol", "dora", "petra", "ada", "bob"])
PEOPLE = st.sampled_from(["bob", "petra", "ada", "dora", "alice", "carol", "erna", "ben"])
GIVERS = st.sampled_from(["bob", "bob", "petra", "ada", "dora", "alice"])
TAKERS = st.sampled_from(["dora", "dora", "alice", "carol", "erna", "bob"])
IDS = st.sampled_from(["weld", "weld", "orders"])
DOORS = st.sampled_from(["one", "two"])
PICK = st.integers(0, 40)
SCOPES = st.sampled_from([(), ("gun_id",), ("gun_id", "force"), ("worker",), ("force", "worker")])
ROWS = st.sampled_from([None, None, Equals(column="gun_id", value=1), Equals(column="worker", value="w1")])
PURPOSES = st.sampled_from(["model-training", "model-training", "model-training", "reporting"])
NARROWED = st.sampled_from([None, None, None, 2, 4, 9, 30])
STAGES = st.sampled_from(["", "", "owner", "privacy"])
VERDICTS = st.sampled_from([Verdict.APPROVE, Verdict.APPROVE, Verdict.APPROVE, *Verdict])


class Access(RuleBasedStateMachine):
    """Two servers, eight people, two datasets."""

    @initialize(asked=st.lists(st.tuples(ASKS, IDS, SCOPES, ROWS, st.sampled_from([3, 5, 10])), min_size=2, max_size=4))
    def begin(self, asked: list[Any]) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock, self.drawer, self.promises = Clock(), Drawer(), Promises()
        self.stores = {name: Mortal(self.folder) for name in ("one", "two")}
        self.keys = 0
        self.over: set[str] = set()
        self._open()
        for name, classification in (("weld", "confidential"), ("orders", "public")):
            columns = (Column("worker", tags=("personal",)),)
            said = Registration(id=name, classification=classification, columns=columns)
            self.doors["one"].register("bob", Path(name), said)
        for who, name, columns, rows, days in asked:
            self.ask(who, name, columns, rows, days, "model-training", "", None, False, "one")

    def _open(self) -> None:
        policy = replace(POLICY, left=self.promises.left)
        files: Any = self.drawer
        self.doors = {
            name: AccessService(store, files, CatalogueFiles(()), policy, self.clock)
            for name, store in self.stores.items()
        }

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            for store in self.stores.values():
                store.close()
            shutil.rmtree(self.folder)

    def follow(self) -> None:
        """Let the model read what is new in the trail, and see that nobody learns of places from it."""
        seen, store = self.promises.last, self.stores["one"]
        for person in OUTSIDE:
            read = msgspec.json.encode(store.events(person, after=seen))
            assert VAULT.encode() not in read, f"{person} sees where the data lies"
            assert person != "zoe" or read == b"[]", "a stranger learns nothing"
        self.promises.read(store.events(None, after=seen), noun_of)

    def attempt(self, command: Callable[[], Any]) -> Any:
        """The answer, or the refusal, which must have changed nothing and tell nothing."""
        for door in self.doors.values():
            door.last_seq()
        self.follow()
        answer = outcome(command)
        if isinstance(answer, PlatformError):
            assert self.stores["one"].last_seq() == self.promises.last, "a refusal changes nothing"
        self.follow()
        return answer

    def picked(self, kind: str, pick: int) -> Any:
        """One noun of a kind, rather a new one; None when there is none."""
        found = self.promises.of(kind)
        return found[-1 - pick % len(found)] if found else None

    @rule(
        who=ASKS, name=IDS, columns=SCOPES, rows=ROWS, days=st.sampled_from([1, 3, 5, 10, 14, 21]), purpose=PURPOSES,
        whom=st.sampled_from(["", "", "", "carol", "petra", "bob"]), renews=st.none() | PICK, again=st.booleans(),
        door=DOORS,
    )  # fmt: skip
    def ask(
        self, who: str, name: str, columns: Any, rows: Any, days: int, purpose: str, whom: str, renews: int | None,
        again: bool, door: str,
    ) -> None:  # fmt: skip
        self.keys += not again
        old = None if renews is None else self.picked("grant", renews)
        new = NewRequest(
            dataset_id=name, columns=columns, rows=rows, purpose=purpose, days=days, beneficiary=whom,
            renews=old.id if old else "", idempotency_key=f"k{self.keys}",
        )  # fmt: skip
        made = self.attempt(lambda: self.doors[door].ask(who, new))
        assert isinstance(made, PlatformError) or made.requester == who

    @rule(
        who=PEOPLE, pick=PICK, verdict=VERDICTS, stale=st.sampled_from([0, 0, 0, -1, 1]), stage=STAGES,
        columns=st.just(()) | SCOPES, rows=ROWS, days=NARROWED, door=DOORS,
        reason=st.sampled_from(["why", "why", " "]),
    )  # fmt: skip
    def decide(
        self, who: str, pick: int, verdict: Verdict, stale: int, stage: str, columns: Any, rows: Any, days: Any,
        door: str, reason: str,
    ) -> None:  # fmt: skip
        if self.picked("request", pick) is not None:
            wanted: Callable[[Request], NewDecision] = lambda request: NewDecision(  # noqa: E731
                verdict=verdict, revision=request.revision + stale, stage=stage, columns=columns, rows=rows, days=days,
                reason=reason,
            )  # fmt: skip
            self._decide(who, pick, wanted, door)

    @rule(pick=PICK, by=PICK, columns=st.just(()) | SCOPES, rows=ROWS, days=NARROWED, door=DOORS)
    def approve_what_waits(self, pick: int, by: int, columns: Any, rows: Any, days: Any, door: str) -> None:
        """Somebody who may decide does so, from the inbox."""
        self._follow_time()
        waiting = [each for each in self.promises.of("request") if each.state is RequestState.SUBMITTED]
        if not waiting:
            return
        request, now = waiting[-1 - pick % len(waiting)], self.clock.now
        people = [each for each in EVERYBODY if self.promises.may_decide(each, request, now)]
        if not people:
            return
        who = people[by % len(people)]
        mine = {each.id for each in waiting if self.promises.may_decide(who, each, now)}
        inbox = self.doors[door].requests(who, "inbox").items
        assert {each.id for each in inbox} == mine, "the inbox holds what one may decide"
        stage = self.promises.waits_in(request)
        wanted = lambda request: NewDecision(  # noqa: E731
            verdict=Verdict.APPROVE, revision=request.revision, stage=stage, columns=columns, rows=rows, days=days
        )
        self._decide(who, -1 - self.promises.of("request").index(request), wanted, door)

    @rule(pick=PICK, days=st.sampled_from([3, 5, 20]), door=DOORS)
    def renew(self, pick: int, days: int, door: str) -> None:
        """Whoever holds, or held, a grant asks to go on with it."""
        grant = self.picked("grant", pick)
        if grant is not None:
            self.keys += 1
            new = NewRequest(
                dataset_id=grant.scope.dataset_id, columns=grant.scope.columns, purpose="model-training", days=days,
                renews=grant.id, idempotency_key=f"k{self.keys}",
            )  # fmt: skip
            self.attempt(lambda: self.doors[door].ask(grant.subject, new))

    def _follow_time(self) -> None:
        self.attempt(lambda: None)

    def _decide(self, who: str, pick: int, wanted: Callable[[Request], NewDecision], door: str) -> None:
        self._follow_time()
        request = self.picked("request", pick)
        new, now = wanted(request), self.clock.now
        may = self.promises.decidable(who, request, new, now)
        before = [
            each
            for each in request.decisions
            if (each.actor, each.verdict, each.revision) == (who, new.verdict, new.revision)
        ]
        answer = self.attempt(lambda: self.doors[door].decide(who, request.id, new))
        if isinstance(answer, PlatformError):
            assert not may or before, f"{who} may decide, but: {answer}"
        elif answer.version == request.version:
            assert before, "only a second click changes nothing"
        else:
            assert may, f"{who} may not decide so"

    @rule(who=ASKS, pick=PICK, door=DOORS)
    def withdraw(self, who: str, pick: int, door: str) -> None:
        self._follow_time()
        request = self.picked("request", pick)
        if request is not None:
            answer = self.attempt(lambda: self.doors[door].withdraw(who, request.id, Comment("changed my mind")))
            here = who not in self.promises.left
            may = here and who == request.requester and request.state in (*OPEN, RequestState.WITHDRAWN)
            assert isinstance(answer, PlatformError) is not may

    @rule(who=PEOPLE, pick=PICK, door=DOORS)
    def revoke(self, who: str, pick: int, door: str) -> None:
        """Accepted from every state but the end, and from everybody whom it concerns."""
        self._follow_time()
        grant = self.picked("grant", pick)
        if grant is None:
            return
        owner = self.promises.dataset(grant.scope.dataset_id).owner
        answer = self.attempt(lambda: self.doors[door].revoke(who, grant.id, Revocation("enough")))
        if isinstance(answer, PlatformError):
            concerned = {owner, grant.subject, "ada"} - set(self.promises.left)
            assert who not in concerned or grant.state is GrantState.ENDED
        else:
            assert answer.state is GrantState.ENDED

    @rule(who=PEOPLE | ASKS, name=IDS, door=DOORS)
    def use(self, who: str, name: str, door: str) -> None:
        """Data leaves exactly under a grant that is usable at this instant, and no more than it covers."""
        self.follow()
        now, of = self.clock.now, self.promises.dataset(name)
        usable = self.promises.usable(who, name, now)
        own = who == of.owner and of.live and who not in self.promises.left
        current = of.fingerprint == f"v{self.drawer.versions[name]}"
        found = outcome(lambda: self.doors[door].load(who, name))
        if isinstance(found, PlatformError):
            assert not (current and (usable or own)), found
            self.over |= {each.id for each in self.promises.of("grant") if each.not_after <= now}
            return
        assert current
        if own:
            return
        grant = found.grant
        assert grant.id in {each.id for each in usable}
        assert grant.id not in self.over, "what was refused as over is never given again"
        assert (found.table.columns, found.table.rows) == (grant.scope.columns, grant.scope.rows)
        assert found.grant.not_before <= now < found.grant.not_after

    @rule(who=GIVERS, whom=TAKERS, begins=st.sampled_from([0, 0, 0, 2]), lasts=st.sampled_from([1, 5, 80, -1, 91]))
    def delegate(self, who: str, whom: str, begins: int, lasts: int) -> None:
        start = self.clock.now + timedelta(days=begins)
        new = NewDelegation(delegate=whom, not_before=start if begins else None, not_after=start + timedelta(lasts))
        answer = self.attempt(lambda: self.doors["one"].delegate(who, new))
        left = self.promises.left
        may = who != whom and 0 < lasts <= 90 and who not in left and whom not in left
        assert isinstance(answer, PlatformError) is not may

    @rule(who=PEOPLE, pick=PICK)
    def end_a_delegation(self, who: str, pick: int) -> None:
        given = self.picked("delegation", pick)
        if given is not None:
            self.attempt(lambda: self.doors["two"].end_delegation(who, given.id))

    @rule(
        who=st.sampled_from(["bob", "ben", "ada", "alice"]), name=IDS, anew=st.booleans(),
        classification=st.sampled_from(["", *MOST_DAYS]), tagged=st.sampled_from([None, (), ("personal",)]),
        owner=st.sampled_from(["", "", "bob", "ben"]), door=DOORS,
    )  # fmt: skip
    def register_anew(
        self, who: str, name: str, anew: bool, classification: str, tagged: Any, owner: str, door: str
    ) -> None:
        self.drawer.versions[name] += anew
        columns = () if tagged is None else (Column("worker", tags=tagged),)
        said = Registration(id=name, classification=classification, columns=columns, owner=owner)
        before = self.promises.dataset(name)
        answer = self.attempt(lambda: self.doors[door].register(who, Path(name), said))
        assert isinstance(answer, PlatformError) or who in (before.owner, "ada")

    @rule(who=st.sampled_from(["bob", "ben", "ada"]), seldom=st.integers(0, 30), name=IDS)
    def retire(self, who: str, seldom: int, name: str) -> None:
        if seldom == 30:
            self.attempt(lambda: self.doors["one"].retire(who, name))

    @rule(days=st.sampled_from([0.01, 1, 2.9, 3, 5, 7, 10, 61]))
    def wait(self, days: float) -> None:
        self.clock.forward(days=days)

    @rule(days=st.sampled_from([0.5, 4, 20]), seldom=st.integers(0, 3))
    def set_the_clock_back(self, days: float, seldom: int) -> None:
        if seldom == 3:
            self._follow_time()
            self.clock.forward(days=-days)

    @rule(left=st.sampled_from([(), (), (), ("alice",), ("bob",), ("carol", "petra")]))
    def learn_who_has_left(self, left: tuple[str, ...]) -> None:
        self.follow()
        self.promises.left = left
        self._open()

    @rule(pick=PICK, writes=st.integers(0, 5), deed=st.sampled_from(["ask", "approve", "revoke", "use"]))
    def crash_in_the_middle(self, pick: int, writes: int, deed: str) -> None:
        """A process that dies in a command has done nothing; the other one goes on."""
        self._follow_time()
        request, grant = self.picked("request", pick), self.picked("grant", pick)
        new = NewRequest(dataset_id="orders", purpose="model-training", days=4, idempotency_key=f"crash{self.keys}")
        door, store = self.doors["one"], self.stores["one"]
        commands: dict[str, Callable[[], Any]] = {"ask": lambda: door.ask("alice", new)}
        if request is not None:
            approval = NewDecision(verdict=Verdict.APPROVE, revision=request.revision)
            commands["approve"] = lambda: door.decide("ada", request.id, approval)
        if grant is not None:
            commands["revoke"] = lambda: door.revoke("ada", grant.id, Revocation("enough"))
            commands["use"] = lambda: door.load(grant.subject, grant.scope.dataset_id)
        store.fuse = writes
        try:
            commands.get(deed, commands["ask"])()
        except Crash:
            assert self.stores["two"].last_seq() == self.promises.last, "half a command is none"
        except PlatformError:
            pass
        finally:
            store.fuse = None

    @invariant()
    def the_trail_is_whole_and_tells_the_state(self) -> None:
        self.follow()
        assert self.doors["two"].verify_audit().intact
        assert self.stores["two"].trail()[2] == self.promises.state

    @invariant()
    def nobody_has_two_open_requests_for_one_dataset(self) -> None:
        waiting = [
            (each.requester, each.scope.dataset_id) for each in self.promises.of("request") if each.state in OPEN
        ]
        assert len(waiting) == len(set(waiting))


def outcome(command: Callable[[], Any]) -> Any:
    """What a command gives, or how it is refused, which must tell nobody of places."""
    try:
        return command()
    except PlatformError as error:
        refused = error
    assert VAULT not in str(refused)
    return refused


def noun_of(event: Event) -> tuple[str, Any] | None:
    """What an event says a noun has become: of one noun at most."""
    found = [(kind, msgspec.convert(event.body[kind], of)) for kind, of in NOUNS.items() if kind in event.body]
    assert len(found) <= 1
    return found[0] if found else None


TestAccess = Access.TestCase
TestAccess.settings = examples(40, stateful_step_count=30)
