"""Row filters as pyarrow expressions, for tables and for scans of files."""

from __future__ import annotations

import re
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.rowtree import Equals, In, Like, Missing, Range, RowFilter, Test, Value
from jupyter_mlplatform.access.rowvalues import Form, exact, form_of, invalid


class _Column(NamedTuple):
    """A column of a schema: how it is read, the type of what is compared with it, and the form of its values."""

    name: str
    read: Any
    type: Any
    form: Form


def expression(tree: RowFilter, schema: Any) -> Any:
    """A ``pyarrow.compute.Expression`` that is true for exactly the rows for which the tree is.

    For the others it is false or null, which ``Table.filter`` and scans drop alike. Raises ``Invalid`` for a column
    that the ``pyarrow.Schema`` lacks or has twice, and for a value that does not fit it.
    """

    def test(each: Test, wanted: bool) -> Any:
        return _test(_column(each.column, schema), each, wanted)

    return rowfilter.fold(tree, test, _every, _some)


def misjudged(tree: RowFilter, schema: Any) -> bool:
    """Whether a scan of Parquet files may leave out rows for which the expression is true.

    A scan skips row groups by their statistics, which do not count what is not a number: where a number has to be
    missing, and a row group has one number only beside those, it is skipped. Filter the table that was read instead.
    """

    def test(each: Test, wanted: bool) -> bool:
        return wanted and isinstance(each, Missing) and _column(each.column, schema).form.kind == "real"

    return rowfilter.fold(tree, test, any, any)


def _every(parts: list[Any]) -> Any:
    return reduce(and_, parts)


def _some(parts: list[Any]) -> Any:
    return reduce(or_, parts)


def _column(name: str, schema: Any) -> _Column:
    import pyarrow
    import pyarrow.compute

    places = schema.get_all_field_indices(name)
    if len(places) != 1:
        cause = f"The data has no column {name!r}." if not places else f"The data has the column {name!r} twice."
        raise invalid(cause, "Ask the owner of the dataset to register it again.")
    stored = compared = schema.field(places[0]).type
    if pyarrow.types.is_dictionary(compared):
        compared = compared.value_type
    if pyarrow.types.is_float16(compared):
        compared = pyarrow.float32()
    read = pyarrow.compute.field(name)
    # The values keep the form of the column as it is stored: a half's neighbours are further apart than a float's.
    return _Column(name, read if compared == stored else read.cast(compared), compared, form_of(str(stored)))


def _test(column: _Column, test: Test, wanted: bool) -> Any:
    if isinstance(test, Missing):
        return _missing(column) if wanted else _present(column)
    if isinstance(test, (Equals, Range)):
        sign, value = rowfilter.comparison(test, wanted)
        compared = _compared(column.read, sign, _scalar(column, value))
        # Of the comparisons, this alone is true for what is not a number.
        return compared & _present(column) if sign == "<>" else compared
    if isinstance(test, Like):
        fits = _fits(column, test)
        return fits if wanted else ~fits
    found = column.read.isin(_listed(column, test))
    return found if wanted else ~found & _present(column)


def _missing(column: _Column) -> Any:
    """Said apart of what is not a number: a scan that knows of no null takes ``is_null`` for false with either."""
    import pyarrow.compute

    null = column.read.is_null()
    return null | pyarrow.compute.is_nan(column.read) if column.form.kind == "real" else null


def _present(column: _Column) -> Any:
    import pyarrow.compute

    valid = column.read.is_valid()
    return valid & ~pyarrow.compute.is_nan(column.read) if column.form.kind == "real" else valid


def _compared(read: Any, sign: str, scalar: Any) -> Any:
    if sign == "=":
        return read == scalar
    if sign == "<>":
        return read != scalar
    if sign == ">=":
        return read >= scalar
    if sign == "<=":
        return read <= scalar
    return read < scalar if sign == "<" else read > scalar


def _scalar(column: _Column, value: Value) -> Any:
    import pyarrow

    return pyarrow.scalar(exact(column.name, value, column.form), type=column.type)


def _listed(column: _Column, test: In) -> Any:
    import pyarrow

    values = [exact(column.name, value, column.form) for value in test.values]
    if not values:
        raise invalid("A list of values is empty.", "Say what it holds, or leave it out.")
    if pyarrow.types.is_floating(column.type) and 0.0 in values:
        values.append(-0.0)  # a set of values knows the two zeros apart
    return pyarrow.array(values, type=column.type)


def _fits(column: _Column, test: Like) -> Any:
    """Not ``match_like``: of a pattern that has an escaped backslash and ends in %, it takes the escape for text."""
    import pyarrow.compute

    if column.form.kind not in ("text", "unknown"):
        raise invalid(f"The column {column.name!r} holds no text that could fit a pattern.")
    pattern = str(exact(column.name, test.pattern, column.form))
    middle = pattern.rstrip("*")
    if "?" not in middle and "*" not in middle and len(pattern) > len(middle):
        return pyarrow.compute.starts_with(column.read, pattern=middle)
    wild = {"*": ".*", "?": "."}
    translated = "".join(wild.get(each) or re.escape(each) for each in re.sub(r"\*+", "*", pattern))
    return pyarrow.compute.match_substring_regex(column.read, pattern=rf"(?s)\A{translated}\z")
