"""Row filters as people write and read them.

What is read is a sentence, what is written are conditions such as ``plant=Graz|Wien``. Neither is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_mlplatform.access.rowtree import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter, Test, Value
from jupyter_mlplatform.errors import Invalid

# Words that would read as part of the sentence; a value or a column of such a name is put in quotes.
_GLUE = frozenset(
    {
        "above",
        "after",
        "and",
        "at",
        "before",
        "below",
        "does",
        "false",
        "fits",
        "is",
        "least",
        "missing",
        "more",
        "most",
    }
    | {"none", "not", "of", "on", "one", "or", "present", "true"}
)
_PLAIN = re.compile(r"-?\w[\w.:+-]*")
_NAME = re.compile(r"[^\W\d]\w*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+Z?)?")
_NUMBERS = {">=": "at least", "<=": "at most", "<": "below", ">": "above"}
_DAYS = {">=": "on or after", "<=": "on or before", "<": "before", ">": "after"}

_OPERATOR = re.compile(r"!=|!~|>=|<=|==|=|>|<|~")
_PRESENCE = re.compile(r"\s*is\s+(missing|present)\s*")
_EXAMPLES = (
    "Write it like plant=Graz, plant!=Graz, plant=Graz|Wien, force>=10, day<2026-02-01, name~Weld*, note is missing "
    "or note is present. Put names and values with other signs in quotes, and a quote in them twice."
)


def words(tree: RowFilter, most: int = 20) -> str:
    """A sentence for people; safe as plain text. Of a list of values the first ``most`` are named."""
    return _said(tree, most)


def parse(texts: Sequence[str]) -> RowFilter | None:
    """The conditions of a command line, all of which have to be true; ``None`` when there are none.

    One of: ``plant=Graz``, ``plant!=Graz``, ``force>=10``, ``force>10``, ``force<=10``, ``force<10``, ``name~Weld*``
    (fits), ``name!~Weld*``, ``note is missing``, ``note is present``. Several values for ``=``, ``!=``, ``~`` and
    ``!~`` are parted by ``|``. A name or a value may stand in single or double quotes, with the same quote inside
    written twice; ``""`` is the empty text. Every value is text still: ``rowfilter.check`` gives it the column's type.
    Raises ``Invalid`` for what cannot be understood.
    """
    trees = tuple(_condition(text) for text in texts)
    return (trees[0] if len(trees) == 1 else And(of=trees)) if trees else None


def _said(tree: RowFilter, most: int) -> str:
    if isinstance(tree, Not):
        if isinstance(tree.of, (Equals, In, Like, Missing)) or (isinstance(tree.of, Range) and _single(tree.of)):
            return _test(tree.of, False, most)
        return f"not ({_said(tree.of, most)})"
    if isinstance(tree, (And, Or)):
        said = [f"({_said(each, most)})" if isinstance(each, (And, Or)) else _said(each, most) for each in tree.of]
        return (", and " if isinstance(tree, And) else ", or ").join(said)
    return _test(tree, True, most)


def _test(test: Test, wanted: bool, most: int) -> str:
    name = test.column if _NAME.fullmatch(test.column) and test.column not in _GLUE else _quote(test.column)
    if isinstance(test, Missing):
        return f"{name} is {'missing' if wanted else 'present'}"
    if isinstance(test, Like):
        return f"{name} {'fits' if wanted else 'does not fit'} {_quote(test.pattern)}"
    if isinstance(test, Equals):
        return f"{name} is {'' if wanted else 'not '}{_value(test.value)}"
    if isinstance(test, Range):
        return f"{name} is {_ends(test, wanted)}"
    listed = [_value(value) for value in test.values[:most]]
    if len(test.values) > most:
        listed.append(f"{len(test.values) - most:,} more")
    if not wanted:
        return f"{name} is none of {', '.join(listed)}"
    return f"{name} is {' or '.join(filter(None, (', '.join(listed[:-1]), *listed[-1:])))}"


def _single(test: Range) -> bool:
    return [test.at_least, test.at_most, test.below].count(None) == 2


def _ends(test: Range, wanted: bool) -> str:
    signs = (">=", "<=", "<") if wanted else ("<", ">", ">=")
    said = []
    for sign, value in zip(signs, (test.at_least, test.at_most, test.below), strict=True):
        if value is not None:
            dated = isinstance(value, str) and _DAY.fullmatch(value)
            said.append(f"{(_DAYS if dated else _NUMBERS)[sign]} {_value(value)}")
    return " and ".join(said)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and value.lower() not in _GLUE else _quote(value)
    # Numbers that were typed as 10 are kept as 10.0 for a column of real numbers, and read as 10 again.
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else repr(value)


def _quote(text: str) -> str:
    """In double quotes, with everything that cannot be seen written as its number."""
    shown = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text.replace("\\", "\\\\"))
    return '"' + shown.replace('"', '\\"') + '"'


def _condition(text: str) -> RowFilter:
    name, rest = _name(text)
    if found := _PRESENCE.fullmatch(rest):
        missing = Missing(column=name)
        return missing if found[1] == "missing" else Not(of=missing)
    sign = _OPERATOR.match(rest)
    if not sign:
        raise _puzzling(text, "It has no sign that compares." if rest.strip() else "It says nothing of the column.")
    values = _values(rest[sign.end() :], text)
    if sign[0] in ("=", "==", "!="):
        one = Equals(column=name, value=values[0]) if len(values) == 1 else In(column=name, values=tuple(values))
        return one if sign[0] != "!=" else Not(of=one)
    if sign[0] in ("~", "!~"):
        likes = tuple(Like(column=name, pattern=value) for value in values)
        fits = likes[0] if len(likes) == 1 else Or(of=likes)
        return fits if sign[0] == "~" else Not(of=fits)
    if len(values) > 1:
        raise _puzzling(text, f"The sign {sign[0]} takes one value.")
    return _compared(name, sign[0], values[0])


def _compared(name: str, sign: str, value: str) -> RowFilter:
    if sign == ">=":
        return Range(column=name, at_least=value)
    if sign == "<":
        return Range(column=name, below=value)
    most = Range(column=name, at_most=value)
    return most if sign == "<=" else Not(of=most)


def _name(text: str) -> tuple[str, str]:
    """The column's name, and what is said of it."""
    if text.strip()[:1] in ('"', "'"):
        name, rest = _quoted(text.strip(), text)
        rest = rest.strip()
    elif sign := _OPERATOR.search(text):
        name, rest = text[: sign.start()].strip(), text[sign.start() :]
    else:
        name, found, rest = text.strip().rpartition(" is ")
        name, rest = (name.strip(), f"is {rest}") if found else (rest, "")
    if not name:
        raise _puzzling(text, "It names no column.")
    return name, rest


def _values(rest: str, text: str) -> list[str]:
    values = []
    while True:
        rest = rest.strip()
        if rest[:1] in ('"', "'") and rest:
            value, rest = _quoted(rest, text)
            rest = rest.strip()
            if rest and rest[0] != "|":
                raise _puzzling(text, "Something follows the closing quote.")
        else:
            value, bar, after = rest.partition("|")
            value, rest = value.strip(), bar + after
            if not value:
                raise _puzzling(text, 'A value is missing; the empty text is written "".')
        values.append(value)
        if not rest:
            return values
        rest = rest[1:]


def _quoted(text: str, whole: str) -> tuple[str, str]:
    """What stands in the quotes at the beginning, and what follows them."""
    mark = text[0]
    found = re.match(f"{mark}((?:[^{mark}]|{mark}{mark})*){mark}(?!{mark})", text)
    if not found:
        raise _puzzling(whole, "A quote is not closed.")
    return found[1].replace(mark * 2, mark), text[found.end() :]


def _puzzling(text: str, cause: str) -> Invalid:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return Invalid(
        "access.invalid_rows", f"The condition {shown!r} cannot be understood.", cause=cause, next_step=_EXAMPLES
    )
