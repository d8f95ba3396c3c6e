"""Everything below an S3 prefix, as one table: Parquet files of one schema, also in ``name=value`` folders.

Only for grants without a restriction: whoever may read the files can read all of them, and the credentials say no more.
Of each file only the columns and row groups that are needed are fetched. Files are read in portions, so that a long
reading asks for new credentials in between, and a grant that has ended by then ends it.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import unquote

from jupyter_mlplatform.access.aws import s3_access
from jupyter_mlplatform.access.aws.s3_access import S3Access, Session
from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.local.arrow_filter import expression, misjudged
from jupyter_mlplatform.access.local.bare import bare
from jupyter_mlplatform.access.models import Dataset, Grant
from jupyter_mlplatform.access.ports import Vendor
from jupyter_mlplatform.access.rowfilter import RowFilter, columns_of
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, PlatformError

FORMAT = "parquet"
FINGERPRINT = "s3:"
MOST_FILES = 100_000
PORTION_BYTES = 256 * 1024 * 1024
"""So much is read with the same credentials; a single file may be larger."""

# Table formats whose folder also holds files that are not part of the table any more.
_LOGS = {"_delta_log": "Delta", ".hoodie": "Hudi"}
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


class File(NamedTuple):
    """One object: its path as pyarrow has it (``bucket/key``), its bytes, when it was written (nanoseconds since 1970),
    and the values that its folders give.
    """

    path: str
    size: int
    changed: int
    values: tuple[tuple[str, str | None], ...]


class S3Reader:
    """Reads what one grant covers, with credentials that ``vendor`` gives for it."""

    def __init__(self, vendor: Vendor, access: S3Access, *, portion_bytes: int = PORTION_BYTES) -> None:
        self._vendor = vendor
        self._access = access
        self._portion_bytes = portion_bytes
        self._most: int | None = None

    def at_most(self, rows: int) -> S3Reader:
        """The same, stopping after so many rows."""
        made = copy.copy(self)
        made._most = rows
        return made

    def read(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        hear: Hear | None = None,
        under: Grant | None = None,
    ) -> Any:
        """See :class:`~jupyter_mlplatform.access.routed.Remote`."""
        import pyarrow

        limit = self._most
        total = dataset.rows if rows is None else None
        pieces, found, schema = [], 0, None
        with closing(self._pieces(dataset, columns, rows, under)) as all_pieces:
            for piece in all_pieces:
                schema = schema or piece.schema
                pieces.append(piece)
                found += piece.num_rows
                if hear is not None:
                    hear(piece.num_rows, total)
                if limit is not None and found >= limit:
                    break
        table = pyarrow.Table.from_batches(pieces, schema)
        return bare(table if limit is None else table.slice(0, limit))

    def batches(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        rows: RowFilter | None,
        size: int,
        under: Grant | None = None,
    ) -> Iterator[Any]:
        """See :class:`~jupyter_mlplatform.access.routed.Remote`."""
        import pyarrow

        left, empty, schema = self._most, True, None
        with closing(self._pieces(dataset, columns, rows, under)) as all_pieces:
            for piece in all_pieces:
                whole = bare(pyarrow.Table.from_batches([piece if left is None else piece.slice(0, left)]))
                schema = whole.schema
                for batch in whole.to_batches(max_chunksize=size):
                    if batch.num_rows:
                        empty = False
                        yield batch
                left = None if left is None else left - whole.num_rows
                if left == 0:
                    break
        if empty:
            yield pyarrow.RecordBatch.from_pylist([], schema=schema)

    def _pieces(
        self, dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, under: Grant | None
    ) -> Generator[Any, None, None]:
        """Record batches, in the order of the files; an empty one first, so that there is a schema."""
        import pyarrow

        check(dataset, columns, rows, under)
        session = self._access.session(lambda: self._vendor.credentials(dataset, _held(dataset, under)))
        try:
            with s3_access.told(dataset.id):
                files = list_files(session, dataset)
                _check_content(files, dataset)
                schema = schema_of(session, files[0], dataset)
                yield _empty(schema, columns)
                for portion in portions(files, self._portion_bytes):
                    with closing(_scan(session, portion, columns, rows, schema)) as scanned:
                        yield from scanned
        except PlatformError:
            raise
        except (pyarrow.ArrowException, OSError, KeyError, ValueError) as error:
            raise Invalid(
                "access.file_unreadable",
                f"A file of {dataset.id!r} cannot be read as {FORMAT}.",
                cause="Its content is not what its name says, or its columns are not those of the others.",
                next_step=f"Ask {dataset.owner}, who owns the data, to write it again.",
            ) from error


def check(dataset: Dataset, columns: Sequence[str], rows: RowFilter | None, under: Grant | None) -> None:
    """Raises for what cannot be read so: another form, a column that is not there, a grant that restricts."""
    if dataset.format != FORMAT:
        raise Invalid(
            "access.unknown_format",
            f"{dataset.id!r} cannot be read from S3.",
            cause=f"It is registered as {dataset.format!r}; only Parquet files are read.",
            next_step=f"Ask {dataset.owner} to provide it as Parquet.",
        )
    scope = _held(dataset, under).scope
    if scope.rows is not None or not {column.name for column in dataset.columns} <= set(scope.columns):
        raise Forbidden(
            "access.restricted_raw",
            f"{dataset.id!r} cannot be read from S3 by this grant.",
            cause="It covers some rows or columns only, and the files hold all of them.",
            next_step="Ask for all columns and rows, or have the data offered as a table of the Glue catalogue.",
        )
    known = {column.name for column in dataset.columns}
    for name in (*columns, *(sorted(columns_of(rows)) if rows is not None else ())):
        if name not in known:
            raise Invalid("access.invalid_columns", f"{dataset.id!r} has no column {name!r}.")


def list_files(session: Session, dataset: Dataset) -> list[File]:
    """All files below the prefix, in the order of their names. What begins with ``_`` or ``.`` is a writer's note.

    Raises ``Invalid`` for a place that holds something else than Parquet files, ``Conflict`` for an empty one.
    """
    from pyarrow import fs

    bucket, prefix = s3_access.bucket_and_key(dataset.location)
    if prefix and not prefix.endswith("/"):
        raise Invalid("access.invalid_path", f"{dataset.id!r} is not registered as a prefix that ends in '/'.")
    root = f"{bucket}/{prefix}"
    files = []
    for info in session.filesystem().get_file_info(fs.FileSelector(root.rstrip("/"), recursive=True)):
        below = info.path.removeprefix(root).split("/")
        if not info.path.startswith(root) or info.type is not fs.FileType.File or not info.size:
            continue
        for step in below:
            if step in _LOGS:
                raise _unusable(dataset, f"It belongs to a table of the kind {_LOGS[step]}, which keeps deleted rows.")
        if any(step.startswith(("_", ".")) for step in below):
            continue
        if not below[-1].lower().endswith((".parquet", ".pq")):
            raise _unusable(dataset, "It holds files that are not Parquet.")
        files.append(File(info.path, info.size, info.mtime_ns or 0, _values(below[:-1])))
        if len(files) > MOST_FILES:
            raise _unusable(dataset, f"It has more than {MOST_FILES:,} files.")
    if not files:
        raise Conflict(
            "access.data_changed",
            f"There are no files of {dataset.id!r} any more.",
            next_step=f"Ask {dataset.owner}, who owns the data.",
        )
    return sorted(files)


def fingerprint(files: Sequence[File], root: str) -> str:
    """Names and sizes of all files, and when they were written: another one when files came, went or were rewritten."""
    listed = [[file.path.removeprefix(root), file.size, file.changed] for file in files]
    return f"{FINGERPRINT}{hashlib.sha256(json.dumps(listed).encode()).hexdigest()}"


def portions(files: Sequence[File], most: int) -> Iterator[Sequence[File]]:
    """The files in their order, so many at a time that together they have at most so many bytes, but at least one."""
    some: list[File] = []
    size = 0
    for file in files:
        if some and size + file.size > most:
            yield some
            some, size = [], 0
        some.append(file)
        size += file.size
    if some:
        yield some


def _held(dataset: Dataset, under: Grant | None) -> Grant:
    if under is None or under.scope.dataset_id != dataset.id:
        raise Forbidden("access.no_grant_named", f"{dataset.id!r} can only be read under a grant.")
    return under


def _check_content(files: Sequence[File], dataset: Dataset) -> None:
    """A dataset that was registered with its files is held to these; one with another kind of fingerprint may grow."""
    root = dataset.location.removeprefix(s3_access.SCHEME)
    if dataset.fingerprint.startswith(FINGERPRINT) and fingerprint(files, root) != dataset.fingerprint:
        raise Conflict(
            "access.data_changed",
            f"The files of {dataset.id!r} are not those that were registered.",
            cause="Files came, went or were rewritten, and grants are for the registered content.",
            next_step=f"Ask {dataset.owner} to register it again.",
        )


def _values(folders: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    """``plant=Graz/line=3`` gives plant and line. Other folders give nothing."""
    pairs = [folder.partition("=") for folder in folders if "=" in folder]
    return tuple((unquote(key), None if value == _NO_VALUE else unquote(value)) for key, _, value in pairs)


def _fragment(session: Session, file: File, schema: Any = None) -> Any:
    import pyarrow.dataset

    known = _known(file, schema) if schema is not None else None
    form = pyarrow.dataset.ParquetFileFormat()
    told = {} if known is None else {"partition_expression": known}
    # The size is known from the list, which saves a question for each file.
    return form.make_fragment(file.path, session.filesystem(), **told, file_size=file.size)


def _known(file: File, schema: Any) -> Any:
    """What the names of a file's folders say of all of its rows."""
    import pyarrow
    import pyarrow.compute

    known = None
    for key, text in file.values:
        if key not in schema.names:
            continue
        kind, field = schema.field(key).type, pyarrow.compute.field(key)
        fact = field.is_null() if text is None else field == pyarrow.scalar(text).cast(kind)
        known = fact if known is None else known & fact
    return known


def schema_of(session: Session, first: File, dataset: Dataset) -> Any:
    """The columns of the first file and those that the folders give, in the types that were registered."""
    import pyarrow

    schema = _fragment(session, first).physical_schema.remove_metadata()
    types = {column.name: column.type for column in dataset.columns}
    for key, _ in first.values:
        if key not in schema.names:
            whole = types.get(key) in ("int64", "int32", "bigint", "int")
            schema = schema.append(pyarrow.field(key, pyarrow.int64() if whole else pyarrow.string()))
    return schema


def _empty(schema: Any, columns: Sequence[str]) -> Any:
    import pyarrow

    return pyarrow.RecordBatch.from_pylist([], schema=pyarrow.schema([schema.field(name) for name in columns]))


def _scan(
    session: Session, portion: Sequence[File], columns: Sequence[str], rows: RowFilter | None, schema: Any
) -> Generator[Any, None, None]:
    """The record batches of some files, in their order, several files at a time."""
    import pyarrow
    import pyarrow.dataset

    fragments = [_fragment(session, file, schema) for file in portion]
    data = pyarrow.dataset.FileSystemDataset(fragments, schema, pyarrow.dataset.ParquetFileFormat())
    condition = None if rows is None else expression(rows, schema)
    options: dict[str, Any] = {"batch_readahead": 8, "fragment_readahead": 4}
    if rows is None or not misjudged(rows, schema):
        yield from data.scanner(columns=list(columns), filter=condition, **options).to_batches()
        return
    needed = list(dict.fromkeys([*columns, *sorted(columns_of(rows))]))
    for batch in data.scanner(columns=needed, **options).to_batches():
        chosen = pyarrow.Table.from_batches([batch]).filter(condition).select(list(columns))
        yield from chosen.to_batches()


def _unusable(dataset: Dataset, cause: str) -> Invalid:
    return Invalid(
        "access.folder_unusable",
        f"The place of {dataset.id!r} cannot be read as a dataset.",
        cause=cause,
        next_step=f"Ask {dataset.owner}, who owns the data, to keep only Parquet files of one schema there.",
    )
