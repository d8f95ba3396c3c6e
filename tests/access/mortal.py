"""A store whose process can die in the middle of a command, and files that are only names: for the stateful tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.models import Column, Dataset, Inspection
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.samples import Profile
from jupyter_mlplatform.errors import Conflict

VAULT = "/vault/canary-7f3a"
"""Where all of the data lies; only owners and admins may read it anywhere."""


class Crash(BaseException):
    """The process dies here."""


class Mortal(SqliteStore):
    """A store whose process dies at the *n*-th write of a command, when told to."""

    fuse: int | None = None

    @contextmanager
    def unit(self) -> Iterator[Any]:
        with super().unit() as unit:
            yield unit if self.fuse is None else Dying(unit, self)


class Dying:
    """Passes everything on until the fuse has burnt down."""

    def __init__(self, unit: Any, store: Mortal) -> None:
        self._unit, self._store = unit, store

    def __getattr__(self, name: str) -> Any:
        if name.startswith("put_") or name in ("append", "remember_key"):
            if not self._store.fuse:
                raise Crash
            self._store.fuse -= 1
        return getattr(self._unit, name)


class Table(msgspec.Struct):
    """What was handed out, without the data."""

    num_rows: int
    columns: tuple[str, ...]
    rows: RowFilter | None


class Drawer:
    """Files that are only names and versions."""

    def __init__(self) -> None:
        self.versions = {"weld": 1, "orders": 1}

    def inspect(self, path: Path) -> Inspection:
        columns = (Column("gun_id", "int64"), Column("force", "double"), Column("worker", "string"))
        version = f"v{self.versions[path.name]}"
        return Inspection(
            location=f"{VAULT}/{path.name}", format="parquet", columns=columns, rows=3, fingerprint=version
        )

    def read(self, dataset: Dataset, columns: tuple[str, ...], rows: RowFilter | None, *told: Any) -> Table:
        if dataset.fingerprint != f"v{self.versions[dataset.id]}":
            raise Conflict("access.changed", "The content is not the registered one.")
        return Table(3, tuple(columns), rows)

    def profile(self, dataset: Dataset, rule: Any) -> Profile:
        return Profile(fingerprint=dataset.fingerprint)
