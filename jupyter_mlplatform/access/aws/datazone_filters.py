"""Columns and rows of a grant as asset filters of DataZone, and back.

A filter has either columns or rows. DataZone turns it into a data cells filter of Lake Formation, so that rows are
bound by what that can say (``partiql_filter``). How it quotes a value is not documented: values with a quote or a
backslash are refused. Source: Amazon DataZone API Reference, CreateAssetFilter and RowFilterExpression.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.aws import partiql_filter
from jupyter_mlplatform.access.legs import Wanted
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.rowtree import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter, Test, Value
from jupyter_mlplatform.access.rowvalues import Form, exact, form_of
from jupyter_mlplatform.errors import Invalid

Configuration = dict[str, Any]
"""What a filter lets through, in DataZone's form."""

DEEPEST = 10
"""Levels that are read of a filter which somebody made there."""
_SIGNS = {
    "=": "equalTo",
    "<>": "notEqualTo",
    "<": "lessThan",
    ">": "greaterThan",
    "<=": "lessThanOrEqualTo",
    ">=": "greaterThanOrEqualTo",
}


def of(wanted: Wanted) -> tuple[Configuration, ...]:
    """The filters that keep to the grant's scope: none, one of columns, one of rows, or both.

    Raises ``Invalid`` for what DataZone cannot keep to.
    """
    scope, columns = wanted.grant.scope, wanted.dataset.columns
    found: list[Configuration] = []
    unknown = set(scope.columns) - {each.name for each in columns}
    if unknown or not scope.columns:
        raise _beyond("The columns are not those that the dataset has now.")
    if len(set(scope.columns)) < len(columns):
        found.append({"columnConfiguration": {"includedColumnNames": sorted(set(scope.columns))}})
    if scope.rows is not None:
        found.append(of_rows(scope.rows, columns))
    return tuple(found)


def of_rows(tree: RowFilter, columns: Sequence[Column]) -> Configuration:
    """The filter of rows; see ``partiql_filter`` for what it is true for. Raises ``Invalid``."""
    partiql_filter.text(tree, columns)  # DataZone makes such a text of it
    forms = {column.name: form_of(column.type) for column in columns}
    every = lambda parts: {"and": parts}  # noqa: E731
    some = lambda parts: {"or": parts}  # noqa: E731
    made: Configuration = rowfilter.fold(tree, lambda each, hold: _test(each, hold, forms[each.column]), every, some)
    return {"rowConfiguration": {"rowFilter": made, "sensitive": True}}


def same(one: Configuration, other: Configuration) -> bool:
    """Whether two let the same through, as far as their form tells."""
    return canonical(one) == canonical(other)


def canonical(configuration: Configuration) -> str:
    """The same text for filters that differ in nothing but order."""
    if "columnConfiguration" in configuration:
        names = configuration["columnConfiguration"].get("includedColumnNames", [])
        return json.dumps({"columns": sorted(set(names))})
    rows = configuration.get("rowConfiguration", {}).get("rowFilter", {})
    return json.dumps({"rows": _ordered(rows)}, sort_keys=True)


def name_of(configuration: Configuration) -> str:
    """The name of our filter of this content: the same for all grants that need it."""
    kind = "columns" if "columnConfiguration" in configuration else "rows"
    return f"mlplat {kind} {hashlib.sha256(canonical(configuration).encode()).hexdigest()[:32]}"


def columns_in(configuration: Configuration) -> tuple[str, ...] | None:
    """The columns of a filter of columns; None for another one."""
    found = configuration.get("columnConfiguration")
    return None if found is None else tuple(found.get("includedColumnNames", ()))


def rows_in(configuration: Configuration, columns: Sequence[Column]) -> RowFilter:
    """The conditions of a filter that somebody made in DataZone.

    Raises ``Invalid`` for what means something else here, or cannot be said here.
    """
    tree = rowfilter.check(_tree(configuration.get("rowConfiguration", {}).get("rowFilter", {}), 1), columns)
    if not same(of_rows(tree, columns), configuration):
        raise _beyond("Its filter says something that a grant cannot say.")
    return tree


def _test(test: Test, wanted: bool, form: Form) -> Configuration:
    real = form.kind == "real"
    if isinstance(test, Missing):
        if wanted or not real:
            return _said("isNull" if wanted else "isNotNull", test.column)
        # what is not a number counts as missing
        return {"or": [_said("lessThan", test.column, "0"), _said("greaterThanOrEqualTo", test.column, "0")]}
    if isinstance(test, (Equals, Range)):
        sign, value = rowfilter.comparison(test, wanted)
        if real and sign == "<>":
            return _apart(test.column, _text(test.column, value, form))
        return _said(_SIGNS[sign], test.column, _text(test.column, value, form))
    if isinstance(test, Like):
        pattern = _text(test.column, test.pattern, form).replace("*", "%").replace("?", "_")
        return _said("like" if wanted else "notLike", test.column, pattern)
    values = [_text(test.column, value, form) for value in test.values]
    if real and not wanted:
        return {"and": [_apart(test.column, each) for each in values]}
    return {"expression": {"in" if wanted else "notIn": {"columnName": test.column, "values": values}}}


def _said(name: str, column: str, value: str | None = None) -> Configuration:
    return {"expression": {name: {"columnName": column, **({} if value is None else {"value": value})}}}


def _apart(column: str, value: str) -> Configuration:
    return {"or": [_said("lessThan", column, value), _said("greaterThan", column, value)]}


def _text(column: str, value: Value, form: Form) -> str:
    read = exact(column, value, form)
    if isinstance(read, bool):
        return "true" if read else "false"
    if isinstance(read, str):
        if set(read) & set("'\\"):
            raise _beyond(f"A value for {column!r} has a quote or a backslash.")
        return read
    return format(Decimal(repr(read)) if isinstance(read, float) else Decimal(str(read)), "f")


def _ordered(part: Configuration) -> Any:
    for word in ("and", "or"):
        if word in part:
            parts = sorted((_ordered(each) for each in part[word]), key=lambda each: json.dumps(each, sort_keys=True))
            return parts[0] if len(parts) == 1 else {word: parts}
    said = {name: dict(each) for name, each in part.get("expression", {}).items()}
    for each in said.values():
        if "values" in each:
            each["values"] = sorted(set(each["values"]))
    return said


def _tree(part: Configuration, depth: int) -> RowFilter:
    if depth > DEEPEST:
        raise _beyond("Its filter is nested too deeply.")
    for word, group in (("and", And), ("or", Or)):
        if word in part:
            inner = tuple(_tree(each, depth + 1) for each in part[word])
            return inner[0] if len(inner) == 1 else group(of=inner)
    said = part.get("expression", {})
    if len(said) != 1:
        raise _beyond("Its filter has a form that is not known here.")
    ((name, about),) = said.items()
    return _read(name, about.get("columnName", ""), about)


def _read(name: str, column: str, about: dict[str, Any]) -> RowFilter:
    value = about.get("value", "")
    if name in ("like", "notLike"):
        if set(value) & set("*?"):
            raise _beyond("Its pattern has a star or a question mark as such.")
        like = Like(column=column, pattern=value.replace("%", "*").replace("_", "?"))
        return like if name == "like" else Not(of=like)
    values = tuple(about.get("values", ()))
    known: dict[str, RowFilter] = {
        "equalTo": Equals(column=column, value=value),
        "notEqualTo": Not(of=Equals(column=column, value=value)),
        "lessThan": Range(column=column, below=value),
        "greaterThan": Not(of=Range(column=column, at_most=value)),
        "lessThanOrEqualTo": Range(column=column, at_most=value),
        "greaterThanOrEqualTo": Range(column=column, at_least=value),
        "isNull": Missing(column=column),
        "isNotNull": Not(of=Missing(column=column)),
        "in": In(column=column, values=values),
        "notIn": Not(of=In(column=column, values=values)),
    }
    if name not in known:
        raise _beyond(f"Its filter has a condition that is not known here ({name[:40]!r}).")
    return known[name]


def _beyond(cause: str) -> Invalid:
    return Invalid(
        "access.datazone_scope",
        "Amazon DataZone cannot keep to this choice of columns and rows.",
        cause=cause,
        next_step="Choose the columns or rows in another way, or ask for the whole dataset.",
    )
