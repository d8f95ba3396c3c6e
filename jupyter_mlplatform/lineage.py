"""Joins the hand-off's data lineage port to data access; features do not know each other."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_mlplatform.handoff.models import DataInput

if TYPE_CHECKING:
    from jupyter_mlplatform.access.models import Dataset, Grant
    from jupyter_mlplatform.access.service import AccessService

OWN = "owner"


class GrantedData:
    """Datasets as a person may use them now, by the rules of data access."""

    def __init__(self, access: AccessService) -> None:
        self._access = access

    def grant(self, person: str, dataset_id: str) -> DataInput:
        """The live grant, and a name for what it shows: the content and the columns."""
        dataset, grant = self._access.usable_grant(person, dataset_id)
        columns = hashlib.sha256("\0".join(grant.scope.columns).encode()).hexdigest()[:8]
        return _input(dataset, grant, f"{dataset.fingerprint}-{columns}")

    def materialise(self, person: str, dataset_id: str, folder: Path) -> DataInput:
        """What is granted, written as parquet into ``folder``; that it was used is written down there."""
        made = self._access.export(person, dataset_id, folder)
        return _input(made.dataset, made.grant, made.fingerprint)


def _input(dataset: Dataset, grant: Grant, fingerprint: str) -> DataInput:
    return DataInput(
        name=dataset.id,
        uri=f"dataset:{dataset.id}",
        fingerprint=fingerprint,
        grant_id=grant.id,
        grant_ends=None if grant.id == OWN else grant.not_after,
    )
