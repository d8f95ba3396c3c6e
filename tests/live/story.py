"""One dataset on a real account, from asking to the end, through the whole of the product as the policy wires it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from jupyter_mlplatform.access.messages import NewDecision, NewRequest, Revocation
from jupyter_mlplatform.access.models import Grant, GrantState, Verdict
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Forbidden
from jupyter_mlplatform.policy import EffectivePolicy
from jupyter_mlplatform.wiring_access import AccessParts
from jupyter_mlplatform.workspace import Place, Workspace


class Story:
    """``rest`` is called between two looks; ``looks`` are at most taken until something has happened."""

    def __init__(
        self,
        folder: Path,
        policy: EffectivePolicy,
        person: str,
        clock: Callable[[], datetime],
        rest: Callable[[], None],
        looks: int = 60,
    ) -> None:
        workspace = Workspace(
            person=person,
            identity_from="the test",
            place=Place.MACHINE,
            name="live",
            shared_dir=folder / "shared",
            local_dir=folder / "local",
        )
        for each in (workspace.shared_dir, workspace.local_dir):
            each.mkdir(parents=True, exist_ok=True)
        self.parts = AccessParts(workspace, policy, clock)
        self.person = person
        self._rest = rest
        self._looks = looks

    @property
    def service(self) -> AccessService:
        return self.parts.service

    def play(self, dataset_id: str, purpose: str, columns: tuple[str, ...] = ()) -> Grant:
        """Ask, approve, wait until it is in force, use it, revoke it, be refused, wait until it is gone."""
        self.service.fulfil()
        dataset = self.service.dataset(self.person, dataset_id).dataset
        new = NewRequest(
            dataset_id=dataset_id, columns=columns, purpose=purpose, days=1, idempotency_key=uuid.uuid4().hex
        )
        made = self.service.ask(self.person, new)
        decided = self.service.decide(dataset.owner, made.id, NewDecision(verdict=Verdict.APPROVE, revision=1))
        assert decided.grant_id
        grant = self._until(decided.grant_id, GrantState.ACTIVE)
        self._use(dataset_id, grant)
        self.service.revoke(dataset.owner, grant.id, Revocation("the live test is over"))
        self._refused(dataset_id)
        ended = self._until(grant.id, GrantState.ENDED)
        assert self.service.verify_audit().intact
        return ended

    def _use(self, dataset_id: str, grant: Grant) -> None:
        table = self.service.load(self.person, dataset_id, limit=5).table
        assert tuple(table.column_names) == grant.scope.columns
        assert table.num_rows <= 5

    def _refused(self, dataset_id: str) -> None:
        try:
            self.service.load(self.person, dataset_id, limit=1)
        except Forbidden:
            return
        raise AssertionError("a grant that was revoked was still of use")

    def _until(self, grant_id: str, state: GrantState) -> Grant:
        for _ in range(self._looks):
            self.service.fulfil()
            (grant,) = [each for each in self.service.grants(self.person).items if each.id == grant_id]
            if grant.state is state:
                return grant
            self._rest()
        effects = self.service.grants(self.person).effects
        raise AssertionError(f"it is {grant.state.value}: {effects}")
