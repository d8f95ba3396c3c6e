"""The decision log as text: one JSON object a line, which other versions and crashes may have left half readable."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from jupyter_mlplatform.idle.models import Decision

_DECODER = msgspec.json.Decoder(Decision)


def encode(decision: Decision) -> bytes:
    """One line, with its end."""
    return msgspec.json.encode(decision) + b"\n"


def decode(lines: Iterable[bytes]) -> tuple[tuple[Decision, ...], int]:
    """The decisions of these lines in their order, and how many lines (empty ones aside) are none.

    Such a line was cut short by a crash or a full disk, or was written by a version that noted something else.
    """
    found, unreadable = [], 0
    for line in lines:
        try:
            decision = _DECODER.decode(line)
            if decision.at.tzinfo is None:
                raise msgspec.ValidationError("an instant without a time zone")
            found.append(decision)
        except (msgspec.DecodeError, UnicodeDecodeError):
            unreadable += bool(line.strip())
    return tuple(found), unreadable
