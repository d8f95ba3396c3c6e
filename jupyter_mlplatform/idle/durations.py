"""Durations as people write and read them: ``1d 4h 30m`` in, ``28 h 30 min`` out. Always seconds inside."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from jupyter_mlplatform.errors import Invalid

_SECONDS = {"d": 86400, "h": 3600, "m": 60, "min": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s)", re.IGNORECASE)
_WHOLE = re.compile(rf"\s*(?:{_PART.pattern}\s*)+", re.IGNORECASE)


def parse(text: str) -> float:
    """Seconds in ``30m``, ``4h``, ``1d``, ``90s`` or several of them together (``1h 30m``). Raises ``Invalid``."""
    if not _WHOLE.fullmatch(text):
        raise Invalid(
            "idle.duration",
            f"{text!r} is not a duration.",
            cause="A duration is a number and a unit: d, h, m or s.",
            next_step="Write for example 30m, 4h, 1d or '1h 30m'.",
        )
    return sum(float(count) * _SECONDS[unit.lower()] for count, unit in _PART.findall(text))


def spoken(seconds: float) -> str:
    """Seconds in the two largest units that say something: ``2 h 5 min``, ``40 s``, ``0.4 s``."""
    if not math.isfinite(seconds):
        return "for ever"
    if 0 < seconds < 1:
        return f"{max(seconds, 0.1):.1f} s"
    return _spoken(max(0, round(seconds)))


@lru_cache(maxsize=4096)
def _spoken(whole: int) -> str:
    """Remembered: hundreds of kernels are idle for the same few times, sample after sample."""
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
