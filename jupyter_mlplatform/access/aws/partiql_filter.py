"""Row filters as the filter expression of a data cells filter of AWS Lake Formation.

The grammar is a subset of PartiQL: comparisons of a column with a constant, joined by AND and OR; no functions, no
dates, no instants; less than 2,048 characters. Source: AWS Lake Formation Developer Guide, "PartiQL support in row
filter expressions"; that instants are refused: github.com/aws/aws-cli/issues/10397. That a quote inside a text is
written twice is PartiQL's own rule and not in that guide.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from decimal import Decimal

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowtree import Equals, Like, Missing, Range, RowFilter, Test, Value
from jupyter_mlplatform.access.rowvalues import Form, exact, form_of, invalid
from jupyter_mlplatform.errors import Invalid, nearest

LONGEST = 2047
"""Characters of an expression."""

_ABLE = frozenset({"text", "whole", "real", "decimal", "truth"})
# What the service's model of the field allows.
_FOREIGN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(tree: RowFilter, columns: Sequence[Column], *, partitions: Collection[str] = ()) -> str:
    """The expression, true for no row for which the tree is not.

    It is true for all others except one kind: where a number has to be missing, what is not a number (NaN) is not
    found. ``partitions`` are the columns that the table is partitioned by, which Lake Formation cannot ask for
    missing values. Raises ``Invalid`` for what it cannot express.
    """
    forms = {column.name: form_of(column.type) for column in columns}

    def test(each: Test, wanted: bool) -> str:
        form = forms.get(each.column)
        if form is None:
            raise invalid(f"There is no column {each.column!r}.", nearest(each.column, forms))
        if form.kind not in _ABLE:
            raise _beyond(f"It compares no column of the type that {each.column!r} has.")
        if isinstance(each, Missing) and each.column in partitions:
            raise _beyond(f"It cannot ask whether the partition column {each.column!r} is missing.")
        return _test(each, wanted, form)

    expression = rowfilter.fold(tree, test, _every, _some)
    length = len(expression.encode("utf-16-le")) // 2
    if length > LONGEST:
        raise _beyond(f"The expression has {length:,} characters; at most {LONGEST:,} are accepted.")
    if found := _FOREIGN.search(expression):
        raise _beyond(f"It does not accept the character U+{ord(found[0]):04X}.")
    return expression


def _every(parts: list[str]) -> str:
    return " AND ".join(f"({each})" for each in parts)


def _some(parts: list[str]) -> str:
    return " OR ".join(f"({each})" for each in parts)


def _test(test: Test, wanted: bool, form: Form) -> str:
    name = _name(test.column)
    if isinstance(test, Missing):
        if wanted:
            return f"{name} IS NULL"
        # True for numbers only, where IS NOT NULL would be true for what is not a number as well.
        return f"({name} < 0) OR ({name} >= 0)" if form.kind == "real" else f"{name} IS NOT NULL"
    if isinstance(test, (Equals, Range)):
        sign, value = rowfilter.comparison(test, wanted)
        constant = _constant(test.column, value, form)
        return _apart(name, constant) if form.kind == "real" and sign == "<>" else f"{name} {sign} {constant}"
    if isinstance(test, Like):
        return f"{name} {'' if wanted else 'NOT '}LIKE {_pattern(test, form)}"
    if not test.values:
        raise invalid("A list of values is empty.", "Say what it holds, or leave it out.")
    constants = [_constant(test.column, value, form) for value in test.values]
    if form.kind == "real" and not wanted:
        return _every([_apart(name, each) for each in constants]) if len(constants) > 1 else _apart(name, constants[0])
    return f"{name} {'' if wanted else 'NOT '}IN ({', '.join(constants)})"


def _apart(name: str, constant: str) -> str:
    """Another number; a comparison for being different would be true for what is not a number as well."""
    return f"({name} < {constant}) OR ({name} > {constant})"


def _name(column: str) -> str:
    if not column or '"' in column or not column.isprintable():
        raise _beyond(f"The name {column!r} cannot be written in it.")
    return f'"{column}"'


def _constant(column: str, value: Value, form: Form) -> str:
    read = exact(column, value, form)
    if isinstance(read, bool):
        return "true" if read else "false"
    if isinstance(read, str):
        return _literal(read)
    return format(Decimal(repr(read)) if isinstance(read, float) else Decimal(str(read)), "f")


def _pattern(test: Like, form: Form) -> str:
    if form.kind != "text":
        raise invalid(f"The column {test.column!r} holds no text that could fit a pattern.")
    pattern = str(exact(test.column, test.pattern, form))
    if set(pattern) & set("%_\\"):
        raise _beyond(f"Its patterns cannot say %, _ or a backslash as such, as the one for {test.column!r} does.")
    return _literal(pattern.replace("*", "%").replace("?", "_"))


def _literal(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _beyond(cause: str) -> Invalid:
    return Invalid(
        "access.rows_not_enforceable",
        "AWS Lake Formation cannot keep to this choice of rows.",
        cause=cause,
        next_step="Choose the rows by other columns or with fewer conditions, or ask for columns only.",
    )
