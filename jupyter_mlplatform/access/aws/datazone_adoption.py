"""Carries out what is judged of decisions that were made in DataZone's own portal.

What somebody ended there ends here; what was approved there becomes a grant with an end, or is ended and written down
where it breaks the policy.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from jupyter_mlplatform.access import facts, fulfilling, grants, legs
from jupyter_mlplatform.access.aws.datazone_import import PURPOSE, Adopt, Break, Ended, Subscription, judge
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.models import Dataset, EndReason, Grant, GrantState
from jupyter_mlplatform.access.once_more import once_more
from jupyter_mlplatform.access.ports import Store
from jupyter_mlplatform.errors import Conflict, PlatformError
from jupyter_mlplatform.policy import AccessPolicy

PORTAL = "datazone"
"""The actor of what somebody did there whom nobody knows here; no person is called so."""
_log = logging.getLogger(__name__)
Check = Callable[[Grant, Dataset], str]


class Found(Protocol):
    """What the portal tells; see ``datazone_import.Portal``."""

    def ended(self, legs: Sequence[Leg]) -> tuple[Ended, ...]:
        """Those of our grants that somebody ended there."""
        ...

    def decided(self, legs: Sequence[Leg]) -> tuple[Subscription, ...]:
        """Approved subscriptions that are not of these legs."""
        ...

    def end(self, subscription: Subscription) -> None:
        """End one at once."""
        ...


class Adoption:
    """Looks through the portal's decisions when it is called. Each is taken over once, whoever looks."""

    def __init__(self, store: Store, portal: Found, policy: AccessPolicy, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._portal = portal
        self._policy = policy
        self._clock = clock

    def run(self, check: Check) -> int:
        """How many were ended or taken over. ``check`` names the entitlement of a grant; see ``Fulfilment.check``.

        One that cannot be ended now is found again the next time.
        """
        held = [each for each in self._store.legs_on(None) if each.backend == PURPOSE]
        taken = {each.request_id: each for each in self._store.grants_on(None) if each.backend == PURPOSE}
        done = sum(self._end(each) for each in self._portal.ended(held))
        for each in self._portal.decided(held):
            try:
                done += self._judged(each, taken, check)
            except PlatformError as error:
                _log.warning("The subscription %s of DataZone was left as it is. %s", each.id, error)
        return done

    def _judged(self, found: Subscription, taken: Mapping[str, Grant], check: Check) -> bool:
        known = taken.get(request_of(found))
        if known is not None:
            if grants.over(known):
                self._portal.end(found)
            return grants.over(known)
        at_place = self._store.datasets_at(found.location) if found.location else ()
        dataset = next((each for each in at_place if each.location == found.location), None)
        finding = judge(found, dataset, self._policy, self._clock())
        if isinstance(finding, Break) and dataset is not None:
            self._write_down(finding, dataset)
            self._portal.end(found)
            return True
        return isinstance(finding, Adopt) and dataset is not None and self._adopt(finding, dataset, check)

    @once_more
    def _end(self, ended: Ended) -> bool:
        with self._store.unit() as unit:
            grant = unit.grant(ended.grant_id)
            dataset = unit.dataset(grant.scope.dataset_id) if grant else None
            if grant is None or dataset is None or grants.over(grant):
                return False
            now, actor = self._clock(), ended.by or PORTAL
            over = grants.end(grant, EndReason.REVOKED, now, by=actor, note="Ended in DataZone.")
            unit.put_grant(over)
            fulfilling.end(unit, over, now)
            facts.grant(unit, "grant.revoked", over, dataset, actor, now)
        return True

    def _write_down(self, broken: Break, dataset: Dataset) -> None:
        """Before it is ended, so that no end is without its event; once, however often ending it is tried."""
        found = broken.subscription
        people = sorted({found.requester, found.approver, dataset.owner} - {""})
        body = {
            "dataset_id": dataset.id,
            "title": dataset.title,
            "subscription": found.id,
            "requester": found.requester,
            "approver": found.approver,
            "because": list(broken.because),
        }
        with suppress(Conflict), self._store.unit() as unit:
            unit.remember_key(PORTAL, f"ended/{found.id}", "", "")
            unit.append(
                at=self._clock(), actor=PORTAL, action="import.ended", subject=dataset.id, body=body, people=people
            )

    @once_more
    def _adopt(self, taken: Adopt, dataset: Dataset, check: Check) -> bool:
        found, now = taken.subscription, self._clock()
        grant = Grant(
            id=f"g-{uuid.uuid4().hex[:10]}",
            request_id=request_of(found),
            subject=found.requester,
            scope=taken.scope,
            dataset_title=dataset.title,
            owner=dataset.owner,
            purpose=PURPOSE,
            not_before=taken.not_before,
            not_after=taken.not_after,
            state=GrantState.FULFILLING,
            version=1,
            approved_by=found.approver,
            enforcement="enforced",
            backend=dataset.backend,
        )
        entitlement = check(grant, dataset)
        leg = legs.plan(grant, dataset, entitlement)
        leg = replace(leg, handle=found.handle, state=LegState.APPLIED, due_at=now)
        with self._store.unit() as unit:
            if any(each.handle == found.handle for each in unit.sharing(entitlement)):
                return False
            unit.put_grant(grant)
            facts.grant(unit, "grant.created", grant, dataset, found.approver, now)
            unit.put_leg(leg)
            facts.leg(unit, "leg.applied", leg, fulfilling.WORKER, now)
        return True


def request_of(found: Subscription) -> str:
    """What stands in a grant for the request that was made in the portal; a subscription becomes one grant, once."""
    return f"{PORTAL}/{found.id}"
