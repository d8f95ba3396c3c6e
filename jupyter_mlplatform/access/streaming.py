"""Large data piece by piece. Every piece is judged as it leaves our hands, and the stream stands in the trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol

from jupyter_mlplatform.access import facts, grants, handout
from jupyter_mlplatform.access.handout import Handout
from jupyter_mlplatform.access.models import Dataset, Grant
from jupyter_mlplatform.access.ports import Store
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid

BEGUN, DONE = "data.stream_begun", "data.streamed"
USUAL_ROWS = 65_536
Judge = Callable[[str, str, Sequence[str]], tuple[Dataset, Grant]]
_Clock = Callable[[], datetime]


class Batches(Protocol):
    """The data itself, piece by piece."""

    def batches(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        size: int,
        under: Grant | None = None,
        limit: int | None = None,
    ) -> Iterator[Any]:
        """``pyarrow.RecordBatch`` of at most ``size`` rows with these columns, of the rows for which ``rows`` is true.

        Raises when the content is not the registered one any more. Closing the iterator closes the data.
        """
        ...


class Stream:
    """An iterator over ``pyarrow.RecordBatch``. Close it, or use it in a ``with`` block, to end it early.

    ``handed`` is the number of rows so far; ``total`` the number of rows of the whole dataset, where that is known.
    """

    def __init__(
        self, dataset: Dataset, grant: Grant, what: Handout, pieces: Iterator[Any], store: Store, clock: _Clock
    ) -> None:
        self.dataset = dataset
        self.grant = grant
        self.columns = what.columns
        self.handed = 0
        self.total = dataset.rows if what.limit is None else min(what.limit, dataset.rows or what.limit)
        self._limit = what.limit
        self._pieces = pieces
        self._store = store
        self._clock = clock
        self._begun = self._over = False

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        if self._over:
            raise StopIteration
        try:
            piece = self._next_piece()
            if piece is not None:
                self._judge()
        except BaseException:
            self.close()
            raise
        if piece is None:
            self.close()
            raise StopIteration
        self.handed += piece.num_rows
        return piece

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the stream: the data is closed, and how many rows were handed out is written down."""
        if self._over:
            return
        self._over = True
        close = getattr(self._pieces, "close", None)
        if close:
            close()
        if self._begun:
            self._write(DONE, self.handed)

    def _next_piece(self) -> Any:
        left = None if self._limit is None else self._limit - self.handed
        if left == 0:
            return None
        piece = next(self._pieces, None)
        return piece if piece is None or left is None else piece.slice(0, left)

    def _judge(self) -> None:
        """Whether it is still so, now that a piece is about to leave. The first one is written down before it does."""
        now, known = self._clock(), self._store.dataset(self.dataset.id)
        if known is None or not self._usable(known, now):
            raise Forbidden(
                "access.ended_meanwhile",
                f"Your access to {self.dataset.id!r} ended while it was read.",
                cause=f"{self.handed:,} rows had been handed out.",
                next_step=f"See why: mlplat data show {self.dataset.id}",
            )
        if known.fingerprint != self.dataset.fingerprint:
            raise Conflict(
                "access.changed_meanwhile",
                f"New content of {self.dataset.id!r} was registered while it was read.",
                next_step="Start again from the beginning.",
            )
        if not self._begun:
            self._write(BEGUN, 0)
            self._begun = True

    def _usable(self, known: Dataset, now: datetime) -> bool:
        if self.grant.id == grants.OWNER:
            return known.live and known.owner == self.grant.subject
        held = self._store.grants_to(self.grant.subject, [known.id])
        return any(each.id == self.grant.id and grants.usable(each, now, self.grant.subject, known) for each in held)

    def _write(self, action: str, rows: int) -> None:
        with self._store.unit() as unit:
            facts.use(unit, action, self.dataset, self.grant, rows, self.columns, self._clock())


class Streaming:
    """Opens streams. ``judge`` is ``Usage.grant``: it finds the grant, or says why there is none."""

    def __init__(self, store: Store, files: Batches, judge: Judge, clock: _Clock) -> None:
        self._store = store
        self._files = files
        self._judge = judge
        self._clock = clock

    def open(
        self,
        person: str,
        dataset_id: str,
        columns: Sequence[str] = (),
        where: RowFilter | None = None,
        *,
        limit: int | None = None,
        size: int = USUAL_ROWS,
    ) -> Stream:
        """A stream of what is granted, in pieces of at most ``size`` rows; see :func:`handout.narrowed`.

        Nothing is read, and no use recorded, before its first piece is asked for.
        """
        if size < 1:
            raise Invalid("access.invalid_limit", f"A piece cannot have {size} rows.", next_step="Ask for at least 1.")
        dataset, grant = self._judge(person, dataset_id, columns)
        what = handout.narrowed(dataset, grant, columns, where, limit)
        pieces = self._files.batches(dataset, what.columns, what.rows, size, grant, what.limit)
        return Stream(dataset, grant, what, pieces, self._store, self._clock)
