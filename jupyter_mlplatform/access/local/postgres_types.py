"""What PostgreSQL's types are in Arrow. A type that Arrow has no word for is text, as PostgreSQL writes it."""

from __future__ import annotations

import re
from typing import Any

from jupyter_mlplatform.access.rowvalues import form_of

_WORDS = {
    "boolean": "bool",
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "real": "float",
    "double precision": "double",
    "date": "date32[day]",
    "bytea": "binary",
}
_NUMERIC = re.compile(r"numeric\(([0-9]+),(-?[0-9]+)\)")
_INSTANT = re.compile(r"timestamp(?:\([0-6]\))? (with|without) time zone")
_WIDEST = 76
"""Digits of Arrow's longest decimal."""
_NARROWEST = 38
"""Digits of its shorter one."""


def arrow_word(said: str) -> str:
    """Arrow's word for a type as ``format_type`` writes it. Numbers without a scale are text, which loses nothing."""
    if found := _NUMERIC.fullmatch(said):
        precision, scale = int(found[1]), int(found[2])
        if 0 <= scale <= precision <= _WIDEST:
            return f"decimal{128 if precision <= _NARROWEST else 256}({precision}, {scale})"
    if found := _INSTANT.fullmatch(said):
        return "timestamp[us, tz=UTC]" if found[1] == "with" else "timestamp[us]"
    return _WORDS.get(said, "string")


def arrow_type(word: str) -> Any:
    """The ``pyarrow.DataType`` that one of the words above stands for."""
    import pyarrow

    form = form_of(word)
    if form.kind == "whole":
        return {16: pyarrow.int16(), 32: pyarrow.int32(), 64: pyarrow.int64()}[form.bits]
    if form.kind == "real":
        return pyarrow.float32() if form.bits == 32 else pyarrow.float64()
    if form.kind == "decimal":
        made = pyarrow.decimal128 if form.precision <= _NARROWEST else pyarrow.decimal256
        return made(form.precision, form.scale)
    if form.kind == "instant":
        return pyarrow.timestamp("us", tz="UTC" if form.zoned else None)
    plain = {"truth": pyarrow.bool_(), "day": pyarrow.date32(), "other": pyarrow.binary()}
    return plain.get(form.kind) or pyarrow.string()
