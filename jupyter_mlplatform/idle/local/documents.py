"""People who work in shared documents (jupyter-collaboration), also those whose browser tells us nothing itself.

Every browser that has a document open tells the others of its person (the awareness: name, cursor, selection, which
document is in front) and repeats that about every 15 seconds, so what counts is that it changes, not that it comes.
A document itself also changes without people: by the outputs of cells, and by files that are read again from disk. So
what counts there is its source, and only when a browser has changed it, not the server, which also writes the text of
a file into its document when it is opened.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.ports import EVERYTHING, View
from jupyter_mlplatform.idle.presence import seen

EXTENSION = "jupyter_server_ydoc"
WHERE = "in a shared document"
ANSWER_SECONDS = 10.0
NOT_BY_HAND = frozenset({"user"})
"""Fields of an awareness that a browser fills in when it connects."""


class _Room(msgspec.Struct):
    """A document at one look: each browser's awareness, what each has written so far, and the source's digest."""

    browsers: dict[int, str]
    written: dict[int, int]
    source: bytes


class Documents:
    """See :class:`~jupyter_mlplatform.idle.ports.Source`.

    ``rooms`` are the collaboration server's, by name; they belong to ``loop``, on which alone they are looked at.
    """

    name = "shared documents"
    scope = EVERYTHING

    def __init__(self, rooms: Mapping[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self._rooms = rooms
        self._loop = loop
        self._before: dict[str, _Room] = {}
        self._seen_at: float | None = None

    def look(self, view: View) -> Mapping[str, Finding]:
        """Whether somebody did anything since the last look. Not to be called on the event loop itself.

        Raises ``TimeoutError`` when that is held up, and whatever a document of an unknown kind raises.
        """
        looking = asyncio.run_coroutine_threadsafe(self._look(), self._loop)
        try:
            active = looking.result(ANSWER_SECONDS)
        finally:
            looking.cancel()
        if active:
            self._seen_at = view.now
        return {EVERYTHING: seen(WHERE, self._seen_at, view.policy, view.now)}

    async def _look(self) -> bool:
        now = {}
        for name, room in list(self._rooms.items()):
            now[name] = _state(room, self._before.get(name))
            await asyncio.sleep(0)
        active = any(_by_hand(self._before[name], room) for name, room in now.items() if name in self._before)
        self._before = now
        return active

    def close(self) -> None:
        """See the port: nothing to undo."""


def of_server(app: Any) -> Documents | None:
    """The shared documents of a server that has jupyter-collaboration, else None.

    Call it on the server's event loop when all extensions have been loaded.
    """
    for extension in app.extension_manager.extension_apps.get(EXTENSION, ()):
        rooms = getattr(getattr(extension, "ywebsocket_server", None), "rooms", None)
        if isinstance(rooms, Mapping):
            return Documents(rooms, asyncio.get_running_loop())
    return None


def _by_hand(before: _Room, now: _Room) -> bool:
    """A browser that has just come or gone is not somebody: it may have lost its connection and found it again."""
    for browser, state in now.browsers.items():
        if before.browsers.get(browser, state) != state:
            return True
    wrote = any(now.written.get(browser, 0) > before.written.get(browser, 0) for browser in now.browsers)
    return wrote and now.source != before.source


def _state(room: Any, before: _Room | None) -> _Room:
    """What the server itself does in a document is left out."""
    awareness = room.awareness
    browsers = {
        browser: _digest({field: value for field, value in state.items() if field not in NOT_BY_HAND})
        for browser, state in awareness.states.items()
        if browser != awareness.client_id and isinstance(state, Mapping)
    }
    written = _written(room.ydoc.get_state())
    written.pop(room.ydoc.client_id, None)
    if before is not None and before.written == written:
        return _Room(browsers, written, before.source)
    return _Room(browsers, written, _source(getattr(room, "_document", None)))


def _source(document: Any) -> bytes:
    """A digest of what people write: of a notebook its cells without their outputs."""
    digest = blake2b(digest_size=16)
    cells = getattr(document, "ycells", None)
    if cells is not None:
        for cell in cells:
            digest.update(str(cell.get("source")).encode() + b"\0" + str(cell.get("cell_type")).encode() + b"\0")
    elif document is not None:
        source = document.source
        digest.update(source if isinstance(source, bytes) else str(source).encode())
    return digest.digest()


def _digest(state: Mapping[str, Any]) -> str:
    return json.dumps(state, sort_keys=True, default=str)


def _written(vector: bytes) -> dict[int, int]:
    """A state vector of Yjs: how much each client has written, as pairs of numbers of 7 bits a byte, lowest first."""
    numbers, number, shift = [], 0, 0
    for byte in vector:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number, shift = 0, 0
    return dict(zip(numbers[1::2], numbers[2::2], strict=False))
