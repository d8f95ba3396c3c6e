"""Whatever happens to a backend and to those who work on it, in whatever order: once all is well again, exactly what
is granted is in force, nothing that ended is left, and the trail tells it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jupyter_mlplatform.access import legs
from jupyter_mlplatform.access.legs import LegState
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.messages import Revocation
from jupyter_mlplatform.access.models import Grant, GrantState
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict
from tests.access.backend import FakeBackend, Killed
from tests.access.test_fulfilling import REMOTE
from tests.access.world import POLICY, Clock, approval, new_request

PEOPLE = st.sampled_from(["alice", "carol"])
COLUMNS = ("gun_id", "force")
DOORS = st.sampled_from(["one", "two"])


class Fulfilling(RuleBasedStateMachine):
    """Two workers on one store and one backend, which holds one entitlement for each grant, or for each person."""

    @initialize(shared=st.booleans())
    def begin(self, shared: bool) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock, self.backend = Clock(), FakeBackend(shared)
        self.store = SqliteStore(self.folder)
        with self.store.unit() as unit:
            unit.put_dataset(REMOTE)
            body = {"dataset": REMOTE, "before_owner": ""}
            at = REMOTE.registered_at
            unit.append(at=at, actor="bob", action="dataset.registered", subject=REMOTE.id, body=body, people=())
        self.doors = {name: self._service() for name in ("one", "two")}
        self.keys = 0

    def _service(self) -> AccessService:
        files: Any = None
        return AccessService(self.store, files, CatalogueFiles(()), POLICY, self.clock, {"fake": self.backend})

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.store.close()
            shutil.rmtree(self.folder)

    @rule(who=PEOPLE, days=st.sampled_from([1, 5, 30]), door=DOORS)
    def grant(self, who: str, days: int, door: str) -> None:
        self.keys += 1
        made = self.doors[door].ask(who, new_request(f"k{self.keys}", columns=COLUMNS, days=days))
        self.doors[door].decide("bob", made.id, approval(made.revision))

    @rule(pick=st.integers(0, 20), door=DOORS)
    def revoke(self, pick: int, door: str) -> None:
        held = self._grants()
        if held:
            with suppress(Conflict):  # it had expired
                self.doors[door].revoke("ada", held[pick % len(held)].id, Revocation())

    @rule(door=DOORS)
    def work(self, door: str) -> None:
        self.doors[door].fulfil()

    @rule(door=DOORS, step=st.sampled_from(["apply", "remove"]))
    def die_in_the_middle(self, door: str, step: str) -> None:
        self.backend.dies_after = step
        try:
            self.doors[door].fulfil()
        except Killed:
            self.doors[door] = self._service()
        finally:
            self.backend.dies_after = ""

    @rule(pick=st.integers(0, 20), how=st.sampled_from(["gone", "wider"]))
    def change_it_by_hand(self, pick: int, how: str) -> None:
        names = sorted(self.backend.held)
        if names:
            name = names[pick % len(names)]
            if how == "gone":
                del self.backend.held[name]
            else:
                self.backend.held[name] = (*COLUMNS, "worker")

    @rule(how=st.sampled_from(["refuses", "blind"]), so=st.booleans())
    def trouble(self, how: str, so: bool) -> None:
        setattr(self.backend, how, so)

    @rule(seconds=st.sampled_from([1, 5, 130, 700, 90_000, 86_400 * 6]))
    def wait(self, seconds: int) -> None:
        self.clock.forward(seconds=seconds)

    @rule()
    @precondition(lambda self: self._grants())
    def all_is_well_again(self) -> None:
        """Then what is in force is what is granted, after as long as somebody who died may still have been at it."""
        self.backend.refuses = self.backend.blind = False
        for _ in range(3):
            self.clock.now += max(legs.PATIENCE, legs.LONGEST_WAIT, legs.LOOKS_AGAIN) + timedelta(seconds=1)
            for door in self.doors.values():
                door.fulfil()
        live = [each for each in self._grants() if each.state is GrantState.ACTIVE]
        wanted = {self.backend.check(legs.Wanted(grant=each, dataset=REMOTE)): COLUMNS for each in live}
        assert self.backend.held == wanted
        assert {each.state for each in self._grants()} <= {GrantState.ACTIVE, GrantState.ENDED}
        assert all(self.clock.now < each.not_after for each in live)

    @invariant()
    def what_ended_has_no_leg_and_what_is_used_has_been_seen(self) -> None:
        if not hasattr(self, "store"):
            return
        for grant in self._grants():
            with self.store.unit() as unit:
                (leg,) = unit.legs_of(grant.id)
            if grant.state is GrantState.ENDED:
                assert leg.state is LegState.REMOVED
            elif grant.state is GrantState.ACTIVE:
                assert (leg.state, leg.wanted) == (LegState.VERIFIED, True)
            else:
                assert leg.wanted == (grant.state is not GrantState.ENDING)

    @invariant()
    def the_trail_tells_the_state(self) -> None:
        if hasattr(self, "doors"):
            assert self.doors["one"].verify_audit().intact

    def _grants(self) -> tuple[Grant, ...]:
        return self.store.grants_on(None)


TestFulfilling = Fulfilling.TestCase
TestFulfilling.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
