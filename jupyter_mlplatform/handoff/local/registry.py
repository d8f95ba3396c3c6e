"""A trained model written into the store as a version, with its lineage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jupyter_mlplatform.handoff.local.sqlite_store import SqliteStore
from jupyter_mlplatform.handoff.models import Lineage, Metric, Version, VersionState
from jupyter_mlplatform.handoff.ports import RunOrder


def register(
    store: SqliteStore,
    order: RunOrder,
    group: str,
    artifact: str,
    metrics: Sequence[Metric],
    environment: str,
    now: datetime,
) -> Version:
    """The version of a run; it waits for a person's approval."""
    run = order.run

    def make(version_id: str, number: int) -> Version:
        return Version(
            id=version_id,
            group=group,
            number=number,
            state=VersionState.PENDING,
            author=run.person,
            created_at=now,
            artifact=artifact,
            metrics=tuple(metrics),
            lineage=Lineage(
                person=run.person,
                run_id=run.id,
                bundle_digest=run.bundle_digest,
                entry=order.entry,
                commit=order.commit,
                environment=environment,
                inputs=run.inputs,
            ),
        )

    return store.register(run.id, group, make, now)
