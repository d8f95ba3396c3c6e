"""The regular expressions of AWS's models, as Python reads them. They were written for Java."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata

_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_PROPERTY = re.compile(r"\\p\{(?:Is)?(\w+)\}|\\p([A-Z])")
_IN_ASCII = {
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Lower": "a-z",
    "Upper": "A-Z",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Space": r"\s",
    "ASCII": r"\x00-\x7f",
}


@functools.cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The expression, or None when Python has no word for it.

    Character classes such as ``\\w`` mean ASCII, as in Java.
    """
    text = _PAIR.sub(_code_point, pattern)
    text = _PROPERTY.sub(lambda found: _category(found.group(1) or found.group(2), _in_set(text, found.start())), text)
    try:
        return re.compile(text, re.ASCII)
    except re.error:
        return None


def fits(pattern: str, value: str) -> bool:
    """Whether the whole value fits. One that begins with ``^`` and has no end may go on."""
    expression = compiled(pattern)
    if expression is None:
        return True
    if pattern.startswith("^") and not pattern.endswith("$"):
        return expression.match(value) is not None
    return expression.fullmatch(value) is not None


def _code_point(found: re.Match[str]) -> str:
    """Java writes characters above U+FFFF as two halves."""
    high, low = int(found.group(1), 16), int(found.group(2), 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _in_set(text: str, place: int) -> bool:
    inside, escaped = False, False
    for character in text[:place]:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character in "[]":
            inside = character == "["
    return inside


def _category(name: str, in_set: bool) -> str:
    ranges = _IN_ASCII.get(name) or _ranges({"Alphabetic": "L", "Letter": "L"}.get(name, name))
    return ranges if in_set else f"[{ranges}]"


@functools.cache
def _ranges(category: str) -> str:
    """All characters whose category starts so (``L``, ``Lu``, ``Zs``), as the inside of a set."""
    found: list[str] = []
    start = -1
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.category(chr(code)).startswith(category)
        if inside and start < 0:
            start = code
        elif not inside and start >= 0:
            found.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = -1
    return "".join(found)
