"""Handing out data: only what a grant covers, only while it may be used, and never unrecorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from jupyter_mlplatform.access import facts, grants, handout, refusal
from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.models import Dataset, Grant, Loaded, Request
from jupyter_mlplatform.access.once_more import once_more
from jupyter_mlplatform.access.people import check_here
from jupyter_mlplatform.access.ports import Files, Store, Unit
from jupyter_mlplatform.access.registrar import Registrar
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import Conflict, Invalid, nearest
from jupyter_mlplatform.policy import AccessPolicy


class Usage:
    """Judges at the moment of use, from the grant's own instants."""

    def __init__(
        self,
        store: Store,
        files: Files,
        registrar: Registrar,
        seen: Callable[[Request], Request],
        settle: Callable[[], None],
        policy: AccessPolicy,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._files = files
        self._registrar = registrar
        self._seen = seen
        self._settle = settle
        self._policy = policy
        self._clock = clock

    def grant(self, person: str, dataset_id: str, columns: Sequence[str]) -> tuple[Dataset, Grant]:
        """The dataset and the grant by which the person may use it now.

        Raises ``NotFound`` for an unknown dataset, ``Invalid`` for an unknown column, and ``Forbidden`` that says why
        not: never asked, waiting, rejected, ended, or a column that is not granted.
        """
        check_here(person, self._policy)
        dataset = self._registrar.live(dataset_id, person)
        known = [column.name for column in dataset.columns]
        for name in columns:
            if name not in known:
                cause = f"{dataset_id!r} has no column {name!r}."
                raise Invalid("access.invalid_columns", cause, next_step=nearest(name, known))
        if person == dataset.owner:
            return dataset, grants.own(dataset)
        now = self._clock()
        held = self._store.grants_to(person, [dataset_id])
        grant = grants.best(held, columns, now, person, dataset)
        if grant is None:
            self._settle()  # what was refused as over stays over, whatever becomes of the clock
            asked = [self._seen(each) for each in self._store.requests_of(person, [dataset_id])]
            raise refusal.explain(dataset, asked, held, now)
        for name in columns:
            if name not in grant.scope.columns:
                raise refusal.missing_column(name, grant)
        return dataset, grant

    def load(
        self,
        person: str,
        dataset_id: str,
        columns: tuple[str, ...],
        action: str,
        rows: RowFilter | None = None,
        limit: int | None = None,
        hear: Hear | None = None,
    ) -> Loaded:
        """Hand out columns, or all that are granted, and write it down as ``action``.

        ``rows`` and ``limit`` narrow further, see :func:`handout.narrowed`; ``hear`` is told while rows come in.
        """
        dataset, grant = self.grant(person, dataset_id, columns)
        what = handout.narrowed(dataset, grant, columns, rows, limit)
        table = self._files.read(dataset, what.columns, what.rows, hear, grant, what.limit)
        if what.limit is not None:
            table = table.slice(0, what.limit)
        # Reading takes time: what counts is whether it is still allowed when the data leaves our hands.
        if self._recorded(person, dataset, grant, action, table.num_rows, what.columns):
            return Loaded(table=table, dataset=dataset, grant=grant)
        raise Conflict(
            "access.changed_meanwhile",
            f"The access to {dataset_id!r} changed while it was read.",
            next_step="Try again; the answer will say what changed.",
        )

    @once_more
    def _recorded(
        self, person: str, dataset: Dataset, grant: Grant, action: str, rows: int, columns: tuple[str, ...]
    ) -> bool:
        """Whether it is still allowed, which is then written down as done."""
        with self._store.unit() as unit:
            now = self._clock()
            allowed = _still(unit, person, dataset, grant, now)
            if allowed:
                facts.use(unit, action, dataset, grant, rows, columns, now)
        return allowed


def _still(unit: Unit, person: str, dataset: Dataset, grant: Grant, now: datetime) -> bool:
    """Whether what was judged before reading is so after it."""
    current = unit.dataset(dataset.id)
    if current is None or not current.live or current.fingerprint != dataset.fingerprint:
        return False
    if grant.id == grants.OWNER:
        return current.owner == person
    held = unit.grant(grant.id)
    return held is not None and grants.usable(held, now, person, current)
