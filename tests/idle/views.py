"""What a source is given to look at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.ports import View
from jupyter_mlplatform.policy import IdlePolicy

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)


def view(now: float, utc: datetime | None = None, policy: IdlePolicy | None = None, pids: tuple[int, ...] = ()) -> View:
    """At ``now`` seconds, which is that long after noon unless the wall clock has been set."""
    return View(
        now=now,
        utc=NOON + timedelta(seconds=now) if utc is None else utc,
        owners=dict.fromkeys(pids, frozenset()),
        policy=IdlePolicy() if policy is None else policy,
    )


def only(findings: Mapping[str, Finding], subject: str) -> Finding:
    """The finding of a source that speaks of one subject only."""
    assert list(findings) == [subject]
    return findings[subject]
