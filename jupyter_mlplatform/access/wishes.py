"""Requests as a file in Git: what a person wants to be able to use, compared with what there is.

Applying the same file again changes nothing. What was rejected is not asked for again before the file says something
else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from jupyter_mlplatform.access import grants, requests, rowfilter
from jupyter_mlplatform.access.messages import NewRequest
from jupyter_mlplatform.access.models import Dataset, Grant, Request, RequestState
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import Invalid


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One dataset of the file. Empty ``columns`` and ``where`` are all of them; ``where`` as on the command line."""

    dataset: str
    purpose: str
    columns: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    days: int | None = None
    reason: str = ""
    beneficiary: str = msgspec.field(default="", name="for")


class Wishes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    requests: tuple[Wish, ...]


class Act(str, Enum):
    """What applying does for one wish."""

    ASK = "ask"
    CHANGE = "change"
    NOTHING = "nothing"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What is done for a wish, why, and what is sent for it (None: nothing is)."""

    dataset_id: str
    act: Act
    why: str
    new: NewRequest | None = None


def parse(document: Any, origin: str) -> tuple[Wish, ...]:
    """A decoded file. Raises ``Invalid`` that names what is wrong."""
    try:
        found = msgspec.convert(document, Wishes).requests
    except msgspec.ValidationError as error:
        raise _invalid(origin, f"{error}.") from error
    names = [(each.dataset, each.beneficiary) for each in found]
    twice = sorted({dataset for dataset, _ in names if len([each for each in found if each.dataset == dataset]) > 1})
    if twice:
        raise _invalid(origin, f"The dataset {twice[0]!r} is named twice; a person has one request for a dataset.")
    return found


def step(
    wish: Wish, person: str, dataset: Dataset, asked: Sequence[Request], held: Sequence[Grant], now: datetime
) -> Step:
    """What there is to do. ``asked`` and ``held`` are this person's requests (newest first) and grants on it."""
    known = tuple(column.name for column in dataset.columns)
    columns = tuple(name for name in known if name in wish.columns) if wish.columns else known
    parsed = rowfilter.parse(wish.where)
    rows = None if parsed is None else rowfilter.check(parsed, dataset.columns)
    usable = [each for each in held if grants.usable(each, now, person, dataset)]
    covering = next((each for each in usable if _covers(each, columns, rows)), None)
    open_one = next((each for each in asked if each.state in requests.OPEN), None)
    new = _new(wish, rows, person, asked, held, now)
    if person == dataset.owner:
        return Step(dataset_id=dataset.id, act=Act.NOTHING, why="it is your own")
    if open_one is not None:
        return _about_open(open_one, wish, columns, rows, new)
    if covering is not None and not wish.beneficiary:
        return Step(dataset_id=dataset.id, act=Act.NOTHING, why=f"granted until {covering.not_after:%Y-%m-%d}")
    same = next((each for each in asked if _is_same(each, wish, columns, rows)), None)
    if same is not None and same.state is RequestState.REJECTED:
        return Step(dataset_id=dataset.id, act=Act.NOTHING, why=requests.standing(same))
    return Step(dataset_id=dataset.id, act=Act.ASK, why=_what(columns, known, rows), new=new)


def _about_open(
    open_one: Request, wish: Wish, columns: tuple[str, ...], rows: RowFilter | None, new: NewRequest
) -> Step:
    if open_one.state is RequestState.SUBMITTED and _is_same(open_one, wish, columns, rows):
        return Step(dataset_id=wish.dataset, act=Act.NOTHING, why=f"asked already: {requests.standing(open_one)}")
    return Step(dataset_id=wish.dataset, act=Act.CHANGE, why=f"the open request {open_one.id}", new=new)


def _covers(grant: Grant, columns: tuple[str, ...], rows: RowFilter | None) -> bool:
    return set(columns) <= set(grant.scope.columns) and grant.scope.rows in (None, rows)


def _is_same(request: Request, wish: Wish, columns: tuple[str, ...], rows: RowFilter | None) -> bool:
    return (request.scope.columns, request.scope.rows, request.purpose, request.reason, request.beneficiary) == (
        columns,
        rows,
        wish.purpose,
        wish.reason,
        wish.beneficiary,
    ) and wish.days in (None, request.days)


def _new(
    wish: Wish, rows: RowFilter | None, person: str, asked: Sequence[Request], held: Sequence[Grant], now: datetime
) -> NewRequest:
    """Its key is made of what is wanted and of all that is over by now, so that a repeat makes no second request."""
    over = [each.id for each in held if grants.shown(each, now).ended_at is not None]
    over += [each.id for each in asked if each.state not in requests.OPEN]
    content = msgspec.json.encode((person, wish, sorted(over)))
    return NewRequest(
        dataset_id=wish.dataset,
        columns=wish.columns,
        rows=rows,
        purpose=wish.purpose,
        reason=wish.reason,
        days=wish.days,
        beneficiary=wish.beneficiary,
        idempotency_key=f"file-{hashlib.sha256(content).hexdigest()[:40]}",
    )


def _what(columns: tuple[str, ...], known: tuple[str, ...], rows: RowFilter | None) -> str:
    where = f" where {rowfilter.words(rows)}" if rows is not None else ""
    return f"{'all' if columns == known else len(columns)} columns{where}"


def _invalid(origin: str, cause: str) -> Invalid:
    return Invalid(
        "access.invalid_file",
        f"{origin} is not a list of requests.",
        cause=cause,
        next_step="It has the key 'requests' with a list of: dataset, purpose, and columns, where, days, reason, for.",
    )
