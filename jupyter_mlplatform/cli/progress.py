"""How far a read is. Nothing is shown of one that is quick; nothing is left of a line that was written over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

QUICK_SECONDS = 1.0
EVERY_SECONDS = 0.5


class Progress:
    """Tells ``say`` how many rows were read, once reading has lasted a second and then twice a second at most.

    ``seconds`` is a clock that never goes back.
    """

    def __init__(self, what: str, say: Callable[[str], None], seconds: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._say = say
        self._seconds = seconds
        self._due = seconds() + QUICK_SECONDS
        self._rows = 0

    def add(self, rows: int, total: int | None) -> None:
        """So many more rows came, of so many in all, where that is known."""
        self._rows += rows
        now = self._seconds()
        if now >= self._due:
            self._due = now + EVERY_SECONDS
            self._say(self._text(total))

    def _text(self, total: int | None) -> str:
        """``weld_guns: 1,200,000 of 14,400,000 rows (8 %)``."""
        if not total:
            return f"{self._what}: {self._rows:,} rows"
        return f"{self._what}: {self._rows:,} of {total:,} rows ({min(100, 100 * self._rows // total)} %)"


class NotebookLine:
    """One line of a cell's output that is written over, and empty in the end. Call it with a text; close it."""

    def __init__(self) -> None:
        self._handle: Any = None

    def __call__(self, text: str) -> None:
        """Show this text."""
        from IPython.display import display

        shown = {"text/plain": text}
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(shown, raw=True)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)
            self._handle = None
