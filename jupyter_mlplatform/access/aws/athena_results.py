"""What comes back of a query of Athena: its rows as Arrow, or why there are none, in words.

An answer is CSV with all values in quotes; a missing value is nothing at all, unlike an empty text. Source:
Athena user guide, "Query results". Lists, maps and structures come as text in Athena's own notation and stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_mlplatform.access.aws.s3_access import bucket_and_key
from jupyter_mlplatform.access.models import Dataset
from jupyter_mlplatform.access.rowvalues import form_of
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, PlatformError, Unavailable

BLOCK_BYTES = 4 * 1024 * 1024

# The word at the beginning of a reason; what follows may hold names, ARNs and values of the data.
_WORD = re.compile(r"(?:[A-Za-z.]*Exception: )?([A-Z][A-Z0-9_]{3,60})(?=:)")
_CHANGED = frozenset(
    {"TABLE_NOT_FOUND", "COLUMN_NOT_FOUND", "SCHEMA_NOT_FOUND", "TYPE_MISMATCH", "HIVE_PARTITION_SCHEMA_MISMATCH"}
)
_DENIED = re.compile(r"(?i)insufficient (lake formation )?permission|access denied|accessdenied|not authorized")
_BUSY = re.compile(r"(?i)exhausted resources|too many requests|slow ?down|rate exceeded|internal error")
_SCANNED = re.compile(r"(?i)bytes scanned limit")


def schema(dataset: Dataset, columns: Sequence[str]) -> Any:
    """The ``pyarrow.Schema`` of these columns, by the types that the catalogue gives them."""
    import pyarrow

    types = {column.name: column.type for column in dataset.columns}
    return pyarrow.schema([(name, _arrow(types[name])) for name in columns])


def batches(filesystem: Any, location: str, dataset: Dataset, columns: Sequence[str]) -> Iterator[Any]:
    """The answer's rows as ``pyarrow.RecordBatch``, read while they come.

    Raises ``Conflict`` for an answer with other columns, ``Invalid`` for one that cannot be read.
    """
    import pyarrow
    import pyarrow.csv

    due = schema(dataset, columns)
    written = {name: due.field(name).type for name in columns}
    for name, kind in written.items():
        if pyarrow.types.is_binary(kind):
            written[name] = pyarrow.string()
    try:
        with filesystem.open_input_stream("/".join(bucket_and_key(location))) as stream:
            reader = pyarrow.csv.open_csv(
                stream,
                read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES),
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=written,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
            if reader.schema.names != list(columns):
                raise _unreadable(dataset, "It has other columns than were asked for.")
            for batch in reader:
                yield _typed(batch, due)
    except (pyarrow.ArrowException, ValueError) as error:
        # Arrow's words end in the value that it stumbled over.
        raise _unreadable(dataset, "A value is not of its column's type in the catalogue.") from error


def failure(dataset: Dataset, state: str, status: Mapping[str, Any]) -> PlatformError:
    """Why a query has no answer. Athena's own text may hold names of roles and values of the data: only its leading
    word is kept.
    """
    reason = str(status.get("StateChangeReason") or status.get("AthenaError", {}).get("ErrorMessage") or "")
    found = _WORD.match(reason)
    word = found[1] if found else ""
    if state == "CANCELLED":
        return Unavailable(
            "access.query_cancelled",
            f"The query of {dataset.id!r} was stopped in Athena.",
            cause="It scans more than the workgroup allows."
            if _SCANNED.search(reason)
            else "Somebody, or a limit of the workgroup, stopped it.",
            next_step="Ask for fewer columns or rows, or ask your platform team.",
        )
    if word in _CHANGED:
        return Conflict(
            "access.data_changed",
            f"The table of {dataset.id!r} is not the one in the catalogue any more.",
            cause=f"Athena says {word}.",
            next_step="Try again in some minutes, when the catalogue has been read anew.",
        )
    if word == "PERMISSION_DENIED" or _DENIED.search(reason):
        return Forbidden(
            "access.aws_denied",
            f"AWS does not let this grant read {dataset.id!r} at the moment.",
            cause="Lake Formation or IAM refused it; what was granted may not be in force there (any more).",
            next_step="Try again in a minute; if that does not help, tell your platform team.",
        )
    passing = _BUSY.search(reason) or status.get("AthenaError", {}).get("Retryable")
    return Unavailable(
        "access.query_failed",
        f"The query of {dataset.id!r} failed in Athena.",
        cause=f"Athena says {word}." if word else "Athena's own words are not for here; the query's history has them.",
        next_step="Try again in some minutes." if passing else "Tell your platform team when you tried.",
    )


def _arrow(words: str) -> Any:
    """The Arrow type of a type of Hive's; text for what has none."""
    import pyarrow

    form = form_of(words)
    if words == "binary":
        return pyarrow.binary()
    if form.kind == "decimal":
        return pyarrow.decimal128(form.precision, form.scale) if form.precision <= 38 else pyarrow.string()
    if form.kind == "instant":
        return pyarrow.timestamp("us") if not form.zoned else pyarrow.string()
    whole = {8: pyarrow.int8(), 16: pyarrow.int16(), 32: pyarrow.int32(), 64: pyarrow.int64()}
    plain = {
        "whole": whole[form.bits],
        "real": pyarrow.float64() if form.bits == 64 else pyarrow.float32(),
        "truth": pyarrow.bool_(),
        "day": pyarrow.date32(),
    }
    return plain.get(form.kind, pyarrow.string())


def _typed(batch: Any, due: Any) -> Any:
    """The batch with its binary columns, which are written as pairs of hexadecimal digits, as what they are."""
    import pyarrow

    columns = []
    for column, field in zip(batch.columns, due, strict=True):
        if pyarrow.types.is_binary(field.type):
            values = [None if each is None else bytes.fromhex(each) for each in column.to_pylist()]
            columns.append(pyarrow.array(values, field.type))
        else:
            columns.append(column)
    return pyarrow.RecordBatch.from_arrays(columns, schema=due)


def _unreadable(dataset: Dataset, cause: str) -> Invalid:
    return Invalid(
        "access.file_unreadable",
        f"The answer of the query of {dataset.id!r} cannot be read.",
        cause=cause,
        next_step="Try again when the catalogue has been read anew, or tell your platform team.",
    )
