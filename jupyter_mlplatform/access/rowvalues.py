"""Whether a value can be compared with a column, judged by the words that the column's type is written in.

The words are those of Arrow (``int64``, ``timestamp[us, tz=UTC]``) and the plain ones of Hive (``bigint``); a type in
other words is compared as text.
"""

from __future__ import annotations

import math
import re
import struct
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import lru_cache

import msgspec

from jupyter_mlplatform.access.rowtree import Value
from jupyter_mlplatform.errors import Invalid

LONGEST = 1000
"""Characters of one text."""

Exact = bool | int | float | str | Decimal | date | datetime
"""A value as Python compares it."""

# Marks that reverse the order in which text is shown, and what breaks a line in the middle of a sentence.
_MISLEADING = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Form(msgspec.Struct, frozen=True):
    """What a column's values look like.

    ``kind`` is ``text``, ``whole``, ``real``, ``decimal``, ``truth``, ``day``, ``instant``, ``unknown`` (compared as
    text) or ``other`` (cannot be compared). ``bits`` and ``signed`` are of whole and real numbers, ``precision`` and
    ``scale`` (digits in all, digits after the point) of decimals, ``unit`` (``s``, ``ms``, ``us``, ``ns``) and
    ``zoned`` of instants.
    """

    kind: str
    bits: int = 64
    signed: bool = True
    precision: int = 0
    scale: int = 0
    unit: str = "us"
    zoned: bool = False


class Unfit(ValueError):
    """A value does not fit a form; the text says why, as a sentence."""


_TEXT, _DAY = Form("text"), Form("day")
_NAMED = {
    **dict.fromkeys(("string", "large_string", "string_view", "utf8", "large_utf8", "char", "varchar"), _TEXT),
    **dict.fromkeys(("date", "date32[day]", "date64[ms]"), _DAY),
    **dict.fromkeys(("bool", "boolean"), Form("truth")),
    "halffloat": Form("real", bits=16),
    "float": Form("real", bits=32),
    "double": Form("real"),
    "tinyint": Form("whole", bits=8),
    "smallint": Form("whole", bits=16),
    **dict.fromkeys(("int", "integer"), Form("whole", bits=32)),
    **dict.fromkeys(("bigint", "long"), Form("whole")),
    "timestamp": Form("instant"),
}
_WHOLE_TYPE = re.compile(r"(u?)int(8|16|32|64)")
_TEXT_TYPE = re.compile(r"(?:var)?char\([0-9]+\)")
_DECIMAL_TYPE = re.compile(r"decimal(?:32|64|128|256)?\(([0-9]+), ?(-?[0-9]+)\)")
_INSTANT_TYPE = re.compile(r"timestamp\[(s|ms|us|ns)(, tz=.+)?\]")
_DICTIONARY_TYPE = re.compile(r"dictionary<values=(.+), indices=[a-z0-9]+, ordered=[01]>")
_OTHER_TYPE = re.compile(
    r"(?:null|(?:large_)?binary|binary_view|fixed_size_binary|(?:large_|fixed_size_)?list|(?:large_)?list_view|array"
    r"|struct|map|(?:dense|sparse)_union|extension|run_end_encoded|time32|time64|duration|month_interval"
    r"|day_time_interval|month_day_nano_interval)(?:$|[\[<])"
)

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DAY_TEXT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]{1,6}))?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)


@lru_cache(maxsize=1024)
def form_of(words: str) -> Form:
    """The form of a column whose type is written so; of a dictionary, the form of its values."""
    if words in _NAMED:
        return _NAMED[words]
    if found := _WHOLE_TYPE.fullmatch(words):
        return Form("whole", bits=int(found[2]), signed=not found[1])
    if found := _DECIMAL_TYPE.fullmatch(words):
        return Form("decimal", precision=int(found[1]), scale=int(found[2]))
    if found := _INSTANT_TYPE.fullmatch(words):
        return Form("instant", unit=found[1], zoned=bool(found[2]))
    if found := _DICTIONARY_TYPE.fullmatch(words):
        return form_of(found[1])
    if _TEXT_TYPE.fullmatch(words):
        return _TEXT
    return Form("other" if _OTHER_TYPE.match(words) else "unknown")


def invalid(cause: str, next_step: str = "") -> Invalid:
    """Conditions on rows that cannot be accepted."""
    return Invalid("access.invalid_rows", "These rows cannot be asked for.", cause=cause, next_step=next_step)


def exact(column: str, value: Value, form: Form) -> Exact:
    """A value as Python compares it with what is in the column. Raises ``Invalid`` when it does not fit.

    Numbers of a real column are rounded as the column's own are. An instant without a zone is in UTC where the column
    has a zone; a day stands for its first instant.
    """
    try:
        if isinstance(value, str) and len(value) > LONGEST:
            raise Unfit(f"A text has {len(value):,} characters; at most {LONGEST:,} are accepted.")
        if form.kind == "other":
            raise Unfit("The column's values cannot be compared; only whether there is one can be asked.")
        return _READ[form.kind](value, form)
    except Unfit as error:
        raise invalid(f"On the column {column!r}: {error}", _EXAMPLES.get(form.kind, "")) from error


def canonical(value: Exact) -> Value:
    """The one way in which a value is written in a tree."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return text.replace("+00:00", "Z") if value.tzinfo else text
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


def _text(value: Value, form: Form) -> str:
    if not isinstance(value, str):
        raise Unfit(f"{_shown(value)} is not text.")
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs") or character in _MISLEADING:
            raise Unfit(f"A text has the unreadable character U+{ord(character):04X}.")
    return value


def _whole(value: Value, form: Form) -> int:
    number: Value = value
    if (isinstance(value, str) and _WHOLE.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int):
        raise Unfit(f"{_shown(value)} is not a whole number.")
    lowest = -(1 << form.bits - 1) if form.signed else 0
    highest = (1 << form.bits - form.signed) - 1
    if not lowest <= number <= highest:
        raise Unfit(f"{_shown(value)} is not between {lowest} and {highest}.")
    return number


def _real(value: Value, form: Form) -> float:
    number = math.nan
    try:
        if (isinstance(value, str) and _NUMBER.fullmatch(value)) or _is_number(value):
            number = float(value)
        if form.bits < 64 and math.isfinite(number):
            code = "<f" if form.bits == 32 else "<e"
            number = struct.unpack(code, struct.pack(code, number))[0]
    except OverflowError as error:
        raise Unfit(f"{_shown(value)} is too large.") from error
    if not math.isfinite(number):
        raise Unfit(f"{_shown(value)} is not a number that can be compared.")
    return number + 0.0  # of the two zeros, the one without a sign


def _decimal(value: Value, form: Form) -> Decimal:
    if not _is_number(value) and not (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise Unfit(f"{_shown(value)} is not a decimal number.")
    read = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not read.is_finite():
        raise Unfit(f"{_shown(value)} is not a number that can be compared.")
    sign, digits, exponent = read.as_tuple()
    figures = "".join(map(str, digits)).lstrip("0")
    kept = figures.rstrip("0")
    power = int(exponent) + len(figures) - len(kept)
    if not kept:
        return Decimal(0)
    if -power > form.scale or len(kept) + power > form.precision - form.scale:
        whole = form.precision - form.scale
        raise Unfit(f"{_shown(value)} has more than {whole} digits before or {form.scale} after the point.")
    return Decimal((sign, tuple(map(int, kept)), power))


def _truth(value: Value, form: Form) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise Unfit(f"{_shown(value)} is neither true nor false.")


def _day(value: Value, form: Form) -> date:
    found = _DAY_TEXT.fullmatch(value) if isinstance(value, str) else None
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise Unfit(f"There is no day {_shown(value)}.") from error
    raise Unfit(f"{_shown(value)} is not a day.")


def _instant(value: Value, form: Form) -> datetime:
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if not found or (found[4] and not found[3]):
        raise Unfit(f"{_shown(value)} is not a day and time.")
    if found[5] and not form.zoned:
        raise Unfit(f"{_shown(value)} has a time zone, and the column has none.")
    zone = (found[5] or "Z").replace("Z", "+00:00") if form.zoned else ""
    text = f"{found[1]}T{found[2] or '00:00'}{found[3] or ':00'}.{(found[4] or '').ljust(6, '0')}{zone}"
    try:
        instant = datetime.fromisoformat(text)
        instant = instant.astimezone(timezone.utc) if form.zoned else instant
    except (ValueError, OverflowError) as error:
        raise Unfit(f"There is no instant {_shown(value)}.") from error
    if instant.microsecond % {"s": 1_000_000, "ms": 1000}.get(form.unit, 1):
        raise Unfit(f"{_shown(value)} is finer than the column, which counts in {form.unit}.")
    if form.unit == "ns" and not 1678 <= instant.year <= 2261:  # what 64 bits of nanoseconds reach
        raise Unfit(f"{_shown(value)} is not in the years that the column can hold, 1678 to 2261.")
    return instant


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Value) -> str:
    if isinstance(value, int) and value.bit_length() > 200:
        return "The number"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:56]}...{text[0]}"


_READ: dict[str, Callable[[Value, Form], Exact]] = {
    "text": _text,
    "unknown": _text,
    "whole": _whole,
    "real": _real,
    "decimal": _decimal,
    "truth": _truth,
    "day": _day,
    "instant": _instant,
}
_EXAMPLES = {
    "text": f"Write a text of at most {LONGEST:,} characters that can be read.",
    "unknown": f"Write a text of at most {LONGEST:,} characters that can be read.",
    "whole": "Write a whole number, like 10.",
    "real": "Write a number, like 10.5.",
    "decimal": "Write a number, like 10.50.",
    "truth": "Write true or false.",
    "day": "Write a day, like 2026-01-31.",
    "instant": "Write a day or an instant, like 2026-01-31 or 2026-01-31T12:00:00.",
    "other": "Ask whether the column is missing or present.",
}
