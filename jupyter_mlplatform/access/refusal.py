"""Why a person may not use a dataset now, and what to do about it: one clear answer for each case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jupyter_mlplatform.access import grants as granting
from jupyter_mlplatform.access import requests as asking
from jupyter_mlplatform.access.models import Dataset, Grant, GrantState, Request, RequestState
from jupyter_mlplatform.errors import Forbidden


def explain(dataset: Dataset, requests: Sequence[Request], grants: Sequence[Grant], now: datetime) -> Forbidden:
    """The refusal that fits this person's own requests (newest first, with approvers) and grants on the dataset."""
    ask_again = f"Ask for it: mlplat data request {dataset.id}"
    open_one = next((request for request in requests if request.state in asking.OPEN), None)
    if open_one and open_one.state is RequestState.CHANGES_ASKED:
        return Forbidden(
            "access.changes_asked",
            f"Your request for {dataset.id!r} needs a change first.",
            cause=asking.standing(open_one),
            next_step=f"Ask again with the change: mlplat data request {dataset.id}",
        )
    if open_one:
        return Forbidden(
            "access.waiting",
            f"Your request for {dataset.id!r} is not decided yet.",
            cause=asking.standing(open_one),
            next_step="You will be told when it is decided.",
        )
    shown = [granting.shown(grant, now) for grant in grants]
    ended = max((grant for grant in shown if grant.ended_at), key=lambda grant: grant.ended_at or now, default=None)
    latest = requests[0] if requests else None
    if latest and latest.state is RequestState.REJECTED and not (ended and _later(ended, latest)):
        return Forbidden(
            "access.rejected",
            f"Your request for {dataset.id!r} was rejected.",
            cause=asking.standing(latest),
            next_step=ask_again,
        )
    open_ones = [grant for grant in shown if not granting.over(grant)]
    setting_up = next((grant for grant in open_ones if grant.state in (GrantState.FULFILLING, GrantState.FAILED)), None)
    if setting_up:
        failing = setting_up.state is GrantState.FAILED
        return Forbidden(
            "access.not_in_force",
            f"Your access to {dataset.id!r} is granted, but not in force.",
            cause=f"Setting it up in {setting_up.backend} "
            + ("fails again and again." if failing else "is under way, or is being repaired."),
            next_step="Ask your platform team." if failing else "Try again in a minute; you will be told.",
        )
    if ended:
        return Forbidden(
            "access.ended",
            f"Your access to {dataset.id!r} has ended.",
            cause=granting.ending(ended),
            next_step=ask_again,
        )
    early = next(iter(open_ones), None)
    if early:
        return Forbidden(
            "access.not_yet",
            f"Your access to {dataset.id!r} has not begun.",
            cause=f"It begins at {early.not_before:%Y-%m-%d %H:%M} UTC.",
        )
    return Forbidden(
        "access.not_granted",
        f"You have no access to {dataset.id!r}.",
        cause=f"You have not asked for it. It belongs to {dataset.owner}.",
        next_step=ask_again,
    )


def missing_column(name: str, grant: Grant) -> Forbidden:
    """A column of the dataset that the grant does not cover."""
    return Forbidden(
        "access.column_not_granted",
        f"The column {name!r} is not granted to you.",
        cause=f"You may use: {', '.join(grant.scope.columns)}.",
        next_step=f"Ask for it: mlplat data request {grant.scope.dataset_id} --columns {name}",
    )


def _later(grant: Grant, request: Request) -> bool:
    return bool(grant.ended_at and request.decisions and grant.ended_at > request.decisions[-1].at)
