"""How a change is written down: each noun with its event and the people whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jupyter_mlplatform.access.legs import Leg, core
from jupyter_mlplatform.access.models import Dataset, Delegation, Grant, Request
from jupyter_mlplatform.access.ports import Unit


def dataset(
    unit: Unit, action: str, changed: Dataset, actor: str, now: datetime, before: Dataset | None = None
) -> None:
    """A dataset's event: for its owner, the owner before, and who registered it; it names the place of the data."""
    before_owner = before.owner if before else ""
    people = {changed.owner, changed.registered_by, before_owner} - {""}
    body = {"dataset": changed, "before_owner": before_owner}
    unit.append(at=now, actor=actor, action=action, subject=changed.id, body=body, people=sorted(people))


def renewal(unit: Unit, changed: Dataset, before: Dataset | None, actor: str, now: datetime) -> None:
    """That the content is new, for those who may use it; it does not name the place of the data."""
    if before is None or before.fingerprint == changed.fingerprint:
        return
    holders = {grant.subject for grant in unit.open_grants(changed.id) if now < grant.not_after}
    if holders:
        body = {"dataset_id": changed.id, "title": changed.title, "rows": changed.rows}
        people = sorted(holders)
        unit.append(at=now, actor=actor, action="dataset.renewed", subject=changed.id, body=body, people=people)


def request(
    unit: Unit,
    action: str,
    changed: Request,
    of: Dataset,
    actor: str,
    now: datetime,
    reason: str = "",
    waiting_for: Sequence[str] = (),
) -> None:
    """A request's event: for who asked, who is going to use the data, the owner, and those it now waits for."""
    body = {"request": changed, "owner": of.owner, "reason": reason, "waiting_for": list(waiting_for)}
    people = sorted({changed.requester, changed.subject, of.owner, *waiting_for})
    unit.append(at=now, actor=actor, action=action, subject=changed.id, body=body, people=people)


def grant(unit: Unit, action: str, changed: Grant, of: Dataset, actor: str, now: datetime) -> None:
    """A grant's event: for its subject and the present owner of the dataset."""
    body = {"grant": changed, "owner": of.owner}
    people = (changed.subject, of.owner)
    unit.append(at=now, actor=actor, action=action, subject=changed.id, body=body, people=people)


def leg(unit: Unit, action: str, changed: Leg, actor: str, now: datetime) -> None:
    """A leg's event: for admins only; people are told of the grant. It names no place and no handle's content."""
    unit.append(at=now, actor=actor, action=action, subject=changed.id, body={"leg": core(changed)}, people=())


def delegation(unit: Unit, action: str, changed: Delegation, actor: str, now: datetime) -> None:
    """A delegation's event: for both sides."""
    people = (changed.approver, changed.delegate)
    body = {"delegation": changed}
    unit.append(at=now, actor=actor, action=action, subject=changed.id, body=body, people=people)


def use(unit: Unit, action: str, of: Dataset, under: Grant, rows: int, columns: tuple[str, ...], now: datetime) -> None:
    """Data was handed out; changes no state, but is part of the trail."""
    body = {"grant_id": under.id, "columns": columns, "rows": rows, "fingerprint": of.fingerprint}
    people = (under.subject, of.owner)
    unit.append(at=now, actor=under.subject, action=action, subject=of.id, body=body, people=people)
