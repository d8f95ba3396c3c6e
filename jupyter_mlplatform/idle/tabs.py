"""What the tabs of the browsers have not saved yet. In memory: after a restart of the server every tab tells again.

A tab that went away without saying so cannot be told from one whose computer sleeps, so what it had not saved stays on
the list until it comes back or the hold of the policy ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from uuid import uuid4

from jupyter_mlplatform.errors import TooLarge
from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.models import Saved, Unsaved

MOST_TABS = 200
MOST_PATHS = 500
LONGEST = 4096
"""Limits on what a browser may make the server remember."""


class Tabs:
    """The unsaved documents of every tab, and the answers to the last request to save. Usable from any thread.

    ``clock`` is monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._heard: dict[str, float] = {}
        self._unsaved: dict[str, frozenset[str]] = {}
        self._request = ""
        self._waited_for: frozenset[str] = frozenset()
        self._failed: dict[str, str] = {}

    def tell(self, told: Unsaved) -> None:
        """One tab's documents with unsaved changes; none: all is saved, or the tab was closed. Raises ``TooLarge``."""
        self._check(told.client, told.paths)
        with self._guard:
            if told.paths:
                self._remember(told.client, told.paths)
            else:
                self._forget(told.client)

    def answer(self, saved: Saved) -> None:
        """A tab has tried to save. An answer to an older request is news, too. Raises ``TooLarge``."""
        self._check(saved.client, tuple(saved.failed))
        with self._guard:
            if saved.failed:
                self._remember(saved.client, tuple(saved.failed))
            else:
                self._forget(saved.client)
            if saved.request == self._request:
                self._waited_for -= {saved.client}
                self._failed |= {path: why[:LONGEST] for path, why in saved.failed.items()}

    def ask(self) -> str:
        """Begin a request to save to all tabs that have something to save; its id goes into the announcement."""
        with self._guard:
            self._request = uuid4().hex
            self._waited_for = frozenset(self._unsaved)
            self._failed = {}
            return self._request

    def waited_for(self) -> int:
        """How many tabs have not answered the last request, and still have something to save."""
        with self._guard:
            return len(self._waited_for & self._unsaved.keys())

    def unsaved(self) -> Mapping[str, str]:
        """The paths that are not saved, each with why, as far as a tab has said so."""
        with self._guard:
            found: dict[str, str] = {}
            for client, paths in self._unsaved.items():
                silent = self._silence(client) if client in self._waited_for else ""
                for path in paths:
                    found[path] = found.get(path) or self._failed.get(path, "") or silent
            return dict(sorted(found.items()))

    def _check(self, client: str, paths: tuple[str, ...]) -> None:
        if len(paths) > MOST_PATHS or len(client) > LONGEST or any(len(path) > LONGEST for path in paths):
            raise TooLarge(
                "idle.too_many_unsaved",
                "That is more than can be remembered of one tab.",
                cause=f"At most {MOST_PATHS} paths of {LONGEST} characters each are.",
                next_step="Save some documents.",
            )

    def _remember(self, client: str, paths: tuple[str, ...]) -> None:
        """And forget the tab that has been silent for longest, should there be far more than a person has."""
        self._forget(client)  # to the end of the order: it was heard of last
        while len(self._unsaved) >= MOST_TABS:
            self._forget(next(iter(self._unsaved)))
        self._unsaved[client] = frozenset(paths)
        self._heard[client] = self._clock()

    def _forget(self, client: str) -> None:
        self._unsaved.pop(client, None)
        self._heard.pop(client, None)

    def _silence(self, client: str) -> str:
        return f"its tab does not answer, it was last heard of {spoken(self._clock() - self._heard[client])} ago"
