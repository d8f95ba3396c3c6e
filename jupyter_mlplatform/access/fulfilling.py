"""Puts grants into force: plans their legs with them, and carries out what is due.

The legs are written in the transaction that grants or ends, and nothing but :meth:`Fulfilment.work` calls a backend, so
that a process that is killed anywhere loses nothing and does nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from jupyter_mlplatform.access import facts, grants, legs
from jupyter_mlplatform.access.legs import Leg, LegState, Wanted
from jupyter_mlplatform.access.models import Dataset, Grant, GrantState
from jupyter_mlplatform.access.ports import Fulfiller, Store, Unit
from jupyter_mlplatform.errors import Conflict, PlatformError, Unavailable

_Outcome = Callable[[Leg, datetime], Leg]
WORKER = "fulfilment"
"""The actor of what is done in a backend; no person is called so."""
STEPS = 3
"""A leg is told, read back, and repaired at most, in one go."""
_LOG = logging.getLogger(__name__)
_GRANT_EVENTS = {
    GrantState.ACTIVE: "grant.active",
    GrantState.FAILED: "grant.failed",
    GrantState.FULFILLING: "grant.fulfilling",
    GrantState.ENDED: "grant.gone",
}


def end(unit: Unit, ended: Grant, now: datetime) -> None:
    """Plan that what a grant has in its backend is taken away; in the same transaction as its end."""
    for leg in unit.legs_of(ended.id) if ended.backend else ():
        over = legs.end(leg, now)
        if over is not leg:
            unit.put_leg(over)
            facts.leg(unit, "leg.removing", over, WORKER, now)


class Fulfilment:
    """The backends of one workplace. Several processes may work at once: each leg is carried out by one of them."""

    def __init__(self, store: Store, fulfillers: Mapping[str, Fulfiller], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._fulfillers = fulfillers
        self._clock = clock

    def check(self, grant: Grant, dataset: Dataset) -> str:
        """The entitlement that a grant would need; empty for local data.

        Raises ``Invalid`` for what the backend cannot restrict so, ``Unavailable`` for one that is not set up here.
        """
        if not dataset.backend:
            return ""
        found = self._fulfillers.get(dataset.backend)
        if found is None:
            raise Unavailable(
                "access.no_backend",
                f"Access to {dataset.id!r} cannot be set up here.",
                cause=f"It needs {dataset.backend!r}, which this workspace has no settings for.",
                next_step="Ask your platform team: the policy's section access.aws names it.",
            )
        return found.check(Wanted(grant=grant, dataset=dataset))

    def plan(self, unit: Unit, grant: Grant, dataset: Dataset, now: datetime) -> None:
        """Plan what a new grant needs; in the transaction that grants."""
        if dataset.backend:
            leg = legs.plan(grant, dataset, self.check(grant, dataset))
            unit.put_leg(leg)
            facts.leg(unit, "leg.planned", leg, WORKER, now)

    def work(self) -> int:
        """Carry out what is due; how many steps were. Slow: it calls backends.

        A backend that does not answer is not asked for anything else this time, so that it holds up nobody else.
        """
        done, away = 0, set[str]()
        for leg in self._store.due_legs(self._clock()):
            try:
                done += self._steps(leg.id, away) if leg.backend not in away else 0
            except PlatformError as error:
                _LOG.warning("The leg %s was left as it is. %s", leg.id, error)
        return done

    def _steps(self, leg_id: str, away: set[str]) -> int:
        for number in range(STEPS):
            claimed = self._claim(leg_id)
            if claimed is None:
                return number
            self._record(claimed, self._carry_out(claimed, away))
        return STEPS

    def _claim(self, leg_id: str) -> Leg | None:
        """The leg, ours for a while; None when it is not due, or somebody else's."""
        try:
            with self._store.unit() as unit:
                now = self._clock()
                leg = unit.leg(leg_id)
                if leg is None or leg.state is LegState.REMOVED or leg.due_at > now:
                    return None
                others = [each for each in unit.sharing(leg.entitlement) if each.id != leg.id]
                if any(each.working and each.due_at > now for each in others):
                    unit.put_leg(legs.postponed(leg, now))
                    return None
                heir = next((each for each in others if legs.takes(each, now)), None)
                if not leg.wanted and heir is not None:
                    if not heir.handle and leg.handle:
                        unit.put_leg(legs.inherits(heir, leg.handle))
                    self._settle(unit, leg, legs.released(leg, "Another grant still needs it."), now)
                    return None
                claimed = legs.claim(leg, now)
                unit.put_leg(claimed)
                return claimed
        except Conflict:
            return None  # somebody was faster

    def _carry_out(self, leg: Leg, away: set[str]) -> _Outcome:
        """Call the backend; what the leg becomes because of the answer. One that gives none is added to ``away``."""
        fulfiller, wanted = self._fulfillers.get(leg.backend), self._wanted(leg)
        if fulfiller is None or wanted is None:
            note = (
                f"Nothing here reaches {leg.backend}." if fulfiller is None else "Its grant or dataset is not stored."
            )
            return lambda now_leg, now: legs.failed(now_leg, note, now)
        try:
            if legs.again(leg):
                handle = fulfiller.apply(wanted, leg.handle)
                return lambda now_leg, now: legs.applied(now_leg, handle, now)
            if not leg.wanted:
                fulfiller.remove(wanted, leg.handle)
            sight = fulfiller.observe(wanted, leg.handle)
        except PlatformError as error:
            if isinstance(error, Unavailable):
                away.add(leg.backend)
            note = f"{error.problem.message} {error.problem.cause}".strip()
            return lambda now_leg, now: legs.failed(now_leg, note, now)
        except Exception:  # noqa: BLE001 (a defect in one backend must not stop the others)
            _LOG.exception("The leg %s could not be carried out", leg.id)
            return lambda now_leg, now: legs.failed(
                now_leg, "It failed in a way that nobody foresaw; see the log.", now
            )
        return lambda now_leg, now: legs.seen(now_leg, sight, now)

    def _wanted(self, leg: Leg) -> Wanted | None:
        with self._store.unit() as unit:
            grant, dataset = unit.grant(leg.grant_id), unit.dataset(leg.dataset_id)
        return Wanted(grant=grant, dataset=dataset) if grant and dataset else None

    def _record(self, claimed: Leg, outcome: _Outcome) -> None:
        """Write down what came of it. If the leg was changed meanwhile, only that it has to be looked at again."""
        for _ in range(3):
            try:
                with self._store.unit() as unit:
                    now, current = self._clock(), unit.leg(claimed.id)
                    if current is None:
                        return
                    after = outcome(claimed, now)
                    if current.version == claimed.version:
                        self._settle(unit, claimed, after, now)
                    else:
                        self._settle(unit, current, legs.overtaken(current, after.handle, now), now)
                return
            except Conflict:
                continue

    def _settle(self, unit: Unit, before: Leg, after: Leg, now: datetime) -> None:
        """Write a leg, what happened to it, and what its grant becomes by that."""
        unit.put_leg(after)
        if legs.core(before) != legs.core(after):
            facts.leg(unit, f"leg.{after.state.value}", after, WORKER, now)
        grant = unit.grant(after.grant_id)
        dataset = unit.dataset(after.dataset_id)
        if grant is None or dataset is None:
            return
        held = [after if each.id == after.id else each for each in unit.legs_of(grant.id)]
        changed = grants.fulfilled(grant, held)
        if changed is not grant:
            unit.put_grant(changed)
            facts.grant(unit, _GRANT_EVENTS[changed.state], changed, dataset, WORKER, now)
