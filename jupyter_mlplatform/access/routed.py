"""The data itself, wherever it lies: each dataset is read by what can read its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jupyter_mlplatform.access import grants
from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.models import Dataset, Grant, Inspection, Kind
from jupyter_mlplatform.access.ports import Files
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.samples import Profile, SampleRule
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError, Unavailable

REMOTE = frozenset({Kind.POSTGRES_TABLE, Kind.GLUE_TABLE, Kind.S3_PREFIX})
"""Data that lies elsewhere and is only reached with what a backend gives out for one grant."""
_SCHEMES = ("glue:", "s3:", "postgresql:")


class Remote(Protocol):
    """Reads data of one kind that lies elsewhere, under a grant and with nothing but that grant's own credentials."""

    def read(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        hear: Hear | None = None,
        under: Grant | None = None,
    ) -> Any:
        """A ``pyarrow.Table`` of these columns of these rows.

        ``hear`` is told while rows come in. Raises ``Forbidden`` without a grant on this dataset, and for what its
        credentials cannot be kept to.
        """
        ...

    def batches(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        size: int,
        under: Grant | None = None,
    ) -> Iterator[Any]:
        """The same as ``pyarrow.RecordBatch`` of at most ``size`` rows. Closing the iterator ends the reading, also
        over there.
        """
        ...


@runtime_checkable
class Limiting(Remote, Protocol):
    """One that can be told beforehand how many rows are needed."""

    def at_most(self, rows: int) -> Remote:
        """The same, reading so many rows at most."""
        ...


class RoutedFiles:
    """``local`` reads this machine's files, ``remote`` what lies elsewhere. See ``ports.Files``.

    ``inspectors`` look at what a place tells of itself, with the platform's own rights, by the scheme of its address.
    """

    def __init__(
        self,
        local: Files,
        remote: Mapping[Kind, Remote],
        inspectors: Mapping[str, Callable[[str], Inspection]] | None = None,
    ) -> None:
        self._local = local
        self._remote = remote
        self._inspectors = inspectors or {}

    def inspect(self, path: Path) -> Inspection:
        """See the port. Nobody registers by hand what lies elsewhere: that it is theirs cannot be seen from here."""
        if str(path).startswith(_SCHEMES):
            raise Invalid(
                "access.own_elsewhere",
                "Data that lies elsewhere cannot be registered by its address.",
                cause="Whose it is cannot be seen from here, and its owner decides who may use it.",
                next_step="Ask your platform team to take it into the catalogue, or register a file.",
            )
        return self._local.inspect(path)

    def inspect_listed(self, location: str) -> Inspection:
        """The same for an entry of a catalogue file, which the platform team answers for; also elsewhere."""
        scheme = location.partition("://")[0]
        if not location.startswith(_SCHEMES):
            return self._local.inspect(Path(location))
        if scheme not in self._inspectors:
            raise Unavailable(
                "access.kind_not_read",
                f"What lies at an address of {scheme!r} cannot be looked at from this workspace.",
                cause="Nothing is set up here for it.",
                next_step="Tell your platform team: the policy names no backend for it.",
            )
        return self._inspectors[scheme](location)

    def read(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        hear: Hear | None = None,
        under: Grant | None = None,
        limit: int | None = None,
    ) -> Any:
        """See the port. At most ``limit`` rows are read where that can be said beforehand, and never more returned."""
        if dataset.kind not in REMOTE:
            table = self._local.read(dataset, columns, rows, hear)
            return table if limit is None else table.slice(0, limit)
        table = self._reader(dataset, under, limit).read(dataset, columns, rows, hear, under)
        return table if limit is None else table.slice(0, limit)

    def batches(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        size: int,
        under: Grant | None = None,
        limit: int | None = None,
    ) -> Iterator[Any]:
        """See the port. ``limit`` saves work where it can be said beforehand; there may be more rows all the same.

        What cannot be read at all is refused at once, not with the first piece.
        """
        if dataset.kind not in REMOTE:
            return self._local.batches(dataset, columns, rows, size)
        return self._reader(dataset, under, limit).batches(dataset, columns, rows, size, under)

    def profile(self, dataset: Dataset, rule: SampleRule | None) -> Profile:
        """See the port. Of data that lies elsewhere nothing is shown: the platform itself does not read it.

        Raises ``Invalid`` for a sample rule on such a dataset.
        """
        if dataset.kind not in REMOTE:
            return self._local.profile(dataset, rule)
        if rule is not None:
            raise Invalid(
                "access.no_remote_sample",
                f"There cannot be a sample of {dataset.id!r}.",
                cause="Its data lies elsewhere, and the platform reads it under a grant only.",
                next_step="Leave the sample out.",
            )
        return Profile(fingerprint=dataset.fingerprint, statistics=())

    def target(self, path: Path, *, force: bool) -> Path:
        """See the port."""
        return self._local.target(path, force=force)

    def write(self, table: Any, path: Path) -> str:
        """See the port."""
        return self._local.write(table, path)

    def _reader(self, dataset: Dataset, under: Grant | None, limit: int | None) -> Remote:
        if under is None or under.id == grants.OWNER:
            raise own_elsewhere(dataset)
        if under.scope.dataset_id != dataset.id:
            raise Forbidden("access.no_grant_named", f"{dataset.id!r} can only be read under a grant on it.")
        reader = self._remote.get(dataset.kind)
        if reader is None:
            raise Unavailable(
                "access.kind_not_read",
                f"{dataset.id!r} cannot be read from this workspace.",
                cause=f"It is of the kind {dataset.kind.value!r}, for which nothing is set up here.",
                next_step="Tell your platform team: the policy names no backend for it.",
            )
        return reader.at_most(limit) if limit is not None and isinstance(reader, Limiting) else reader


def own_elsewhere(dataset: Dataset) -> PlatformError:
    """An owner's own access is not a grant, so that no backend gives out anything for it."""
    return Forbidden(
        "access.own_elsewhere",
        f"You own {dataset.id!r}, but it lies elsewhere, and nothing was granted to you there.",
        cause="The platform reads such data with the credentials of a grant, and owning is none.",
        next_step="Use it with your own AWS role or login, or have somebody approve a request of yours: "
        f"mlplat data request {dataset.id}",
    )
