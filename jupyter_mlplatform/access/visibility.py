"""Who sees which datasets. Those with a hidden tag are there only for people whom they concern."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from jupyter_mlplatform.access.models import Dataset, Grant, Request, RequestState
from jupyter_mlplatform.errors import Conflict
from jupyter_mlplatform.policy import AccessPolicy

_OPEN = (RequestState.SUBMITTED, RequestState.CHANGES_ASKED)


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Through whose eyes a catalogue is looked at.

    ``hidden_tags`` hide the datasets that carry one of them, but not the viewer's own, nor those whose ids are in
    ``concerned``. Who sees everything is no viewer: ``None`` stands for that.
    """

    person: str
    hidden_tags: tuple[str, ...]
    concerned: tuple[str, ...] = ()


def sees_all(person: str, policy: AccessPolicy) -> bool:
    """Whether nothing is hidden from this person, so that nothing has to be looked up for :func:`viewer`."""
    return not policy.hidden_tags or person in policy.admins


def viewer(
    person: str,
    policy: AccessPolicy,
    asked: Iterable[Request],
    held: Iterable[Grant],
    asked_for: Iterable[str],
    now: datetime,
) -> Viewer | None:
    """The viewer that a person is, with their requests, their grants, and what others have asked for them.

    A grant that ended, and a request that was closed, concern nobody any more.
    """
    if sees_all(person, policy):
        return None
    concerned = {each.scope.dataset_id for each in asked if each.requester == person and each.state in _OPEN}
    concerned |= {
        each.scope.dataset_id
        for each in held
        if each.subject == person and each.end_reason is None and now < each.not_after
    }
    return Viewer(person=person, hidden_tags=policy.hidden_tags, concerned=tuple(sorted(concerned.union(asked_for))))


def visible(dataset: Dataset, by: Viewer | None) -> bool:
    """Whether a dataset is there for this viewer at all."""
    if by is None or by.person == dataset.owner or dataset.id in by.concerned:
        return True
    return not set(by.hidden_tags) & set(dataset.tags)


def check_id(existing: Dataset | None, by: Viewer | None) -> None:
    """Raises ``Conflict`` for the id of a dataset that the viewer does not see; it says only that it is taken."""
    if existing is not None and not visible(existing, by):
        raise Conflict("access.id_taken", f"The id {existing.id!r} is taken.", next_step="Choose another one.")


def check_place(dataset: Dataset, others: Iterable[Dataset], by: Viewer | None) -> None:
    """Raises ``Conflict`` for data that is registered by another owner as a dataset which the viewer does not see."""
    if any(each.id != dataset.id and each.owner != dataset.owner and not visible(each, by) for each in others):
        raise Conflict(
            "access.location_taken",
            "This data is registered already.",
            next_step="Ask an admin of data access whose it is.",
        )
