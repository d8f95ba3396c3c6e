"""Telling people from clocks: what a page sends by itself comes at an even pace, what a person makes it send does not.

Pure: the time is an argument.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from itertools import pairwise

BEATS = 4
"""So many of the same kind at an even pace are a clock."""

EVEN_FRACTION = 0.2
EVEN_SECONDS = 1.0
"""An interval is like another one when it differs by less than the larger of these."""

FASTEST_SECONDS = 0.4
"""A faster pace is that of typing, or of the mouse, and not a clock's."""

MOST_KINDS = 1000


class Rhythm:
    """The pace of each kind of message of one page. Times are seconds on a monotonic clock."""

    def __init__(self) -> None:
        self._times: OrderedDict[Hashable, list[float]] = OrderedDict()

    def is_even(self, kind: Hashable, now: float) -> bool:
        """Take note of a message at ``now``, and tell whether it is one more beat of a clock."""
        times = self._times.setdefault(kind, [])
        self._times.move_to_end(kind)
        times.append(now)
        del times[: -(BEATS + 1)]
        while len(self._times) > MOST_KINDS:
            self._times.popitem(last=False)
        if len(times) <= BEATS:
            return False
        intervals = [later - earlier for earlier, later in pairwise(times)]
        middle = sorted(intervals)[len(intervals) // 2]
        tolerance = max(EVEN_SECONDS if middle >= 2 * EVEN_SECONDS else 0.0, EVEN_FRACTION * middle)
        return middle >= FASTEST_SECONDS and all(abs(each - middle) <= tolerance for each in intervals)
