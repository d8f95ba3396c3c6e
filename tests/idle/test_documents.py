"""A real shared document on a real server, and a browser's part played over its websocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pytest
from jupyter_server.serverapp import ServerApp
from pycrdt import (
    Array,
    Awareness,
    Doc,
    Text,
    YMessageType,
    create_awareness_message,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.local import documents
from jupyter_mlplatform.idle.local.documents import Documents
from jupyter_mlplatform.idle.models import Signal
from jupyter_mlplatform.idle.ports import EVERYTHING
from tests.idle.views import only, view
from tests.poll import until_async


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    extensions = {"jupyter_server_ydoc": True, "jupyter_server_fileid": True}
    return {"ServerApp": {"jpserver_extensions": extensions}, "YDocExtension": {"file_poll_interval": 0.2}}


class Browser:
    """One tab in which a document is open."""

    def __init__(self, websocket: Any) -> None:
        self.websocket = websocket
        self.document: Doc[Any] = Doc()
        self.awareness = Awareness(self.document)
        self._reading = asyncio.create_task(self._read())
        self.websocket.write_message(create_sync_message(self.document), binary=True)

    async def _read(self) -> None:
        while (message := await self.websocket.read_message()) is not None:
            if message[0] == YMessageType.SYNC:
                reply = handle_sync_message(message[1:], self.document)
                if reply is not None:
                    self.websocket.write_message(reply, binary=True)

    def tell(self, **state: Any) -> None:
        """The awareness, also when nothing in it is new."""
        self.awareness.set_local_state(state)
        update = self.awareness.encode_awareness_update([self.awareness.client_id])
        self.websocket.write_message(create_awareness_message(update), binary=True)

    def change(self, how: Callable[[], None]) -> None:
        before = self.document.get_state()
        how()
        self.websocket.write_message(create_update_message(self.document.get_update(before)), binary=True)

    async def close(self) -> None:
        self.websocket.close()
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading


class Desk:
    """The server's shared documents, looked at as the keeper does."""

    def __init__(self, app: ServerApp, fetch: Any, headers: dict[str, str]) -> None:
        self.fetch = fetch
        self.headers = headers
        self.address = f"ws://127.0.0.1:{app.port}{app.base_url}"
        found = documents.of_server(app)
        assert found is not None
        self.source: Documents = found
        self.now = 1000.0

    async def open(self, path: str, kind: str) -> Browser:
        form = "json" if kind == "notebook" else "text"
        body = json.dumps({"format": form, "type": kind})
        response = await self.fetch("api/collaboration/session", quote(path), method="PUT", body=body)
        session = json.loads(response.body)
        room = f"{form}:{kind}:{session['fileId']}"
        address = f"{self.address}api/collaboration/room/{room}?sessionId={session['sessionId']}"
        browser = Browser(await websocket_connect(HTTPRequest(address, headers=self.headers)))

        async def synced() -> bool:
            return len(browser.document.get_state()) > 1

        await until_async(synced)
        return browser

    async def look(self) -> Finding:
        self.now += 600.0
        return only(await asyncio.to_thread(self.source.look, view(self.now)), EVERYTHING)

    async def announce(self, browser: Browser) -> None:
        browser.tell(user={"name": "B"})
        await self.arrived(lambda room: browser.awareness.client_id in room.awareness.states)
        assert not await self.seen()

    async def seen(self) -> bool:
        """Whether somebody was seen in this very look."""
        return (await self.look()).worked_at == self.now

    async def arrived(self, so: Callable[[Any], Any]) -> None:
        """Wait until the server's own copy of the only document is so."""

        async def look() -> Any:
            return so(next(iter(self.source._rooms.values())))

        await until_async(look)


@pytest.fixture
def desk(
    jp_serverapp: ServerApp, jp_fetch: Any, jp_auth_header: dict[str, str], jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Desk:
    async def make() -> Desk:
        return Desk(jp_serverapp, jp_fetch, jp_auth_header)

    return jp_asyncio_loop.run_until_complete(make())


async def test_given_another_person_moves_the_cursor_then_somebody_is_there_and_a_heartbeat_is_nobody(
    desk: Desk, jp_root_dir: Path
) -> None:
    (jp_root_dir / "n.py").write_text("x = 1\n")
    browser = await desk.open("n.py", "file")
    assert not await desk.seen()
    browser.tell(user={"name": "B"}, cursors=[1])
    await desk.arrived(lambda room: browser.awareness.client_id in room.awareness.states)
    assert not await desk.seen()  # a tab has come
    found = await desk.look()
    assert (found.evidence.signal, found.worked_at) == (Signal.IDLE, None)
    browser.tell(user={"name": "B"}, cursors=[2])
    await desk.arrived(lambda room: room.awareness.states[browser.awareness.client_id]["cursors"] == [2])
    found = await desk.look()
    assert (found.evidence.signal, found.evidence.source, found.worked_at) == (Signal.WORK, "person", desk.now)
    assert found.evidence.text == "somebody was seen in a shared document 0 s ago"
    beats = desk.source._rooms
    clock = next(iter(beats.values())).awareness.meta[browser.awareness.client_id]["clock"]
    browser.tell(user={"name": "B"}, cursors=[2])
    await desk.arrived(lambda room: room.awareness.meta[browser.awareness.client_id]["clock"] > clock)
    assert not await desk.seen()
    await browser.close()
    assert not await desk.seen()


async def test_given_another_person_types_then_somebody_is_there_and_a_file_read_again_is_nobody(
    desk: Desk, jp_root_dir: Path
) -> None:
    file = jp_root_dir / "n.py"
    file.write_text("x = 1\n")
    browser = await desk.open("n.py", "file")
    await desk.announce(browser)
    text = browser.document.get("source", type=Text)

    def type_something() -> None:
        text.insert(0, "y = 2\n")

    browser.change(type_something)
    await desk.arrived(lambda room: "y = 2" in room._document.source)
    assert await desk.seen()
    assert not await desk.seen()

    async def saved() -> bool:
        return "y = 2" in file.read_text()

    await until_async(saved)
    assert not await desk.seen()
    file.write_text("z = 3\n")
    await desk.arrived(lambda room: "z = 3" in room._document.source)
    assert not await desk.seen()
    await browser.close()


async def test_given_a_notebook_then_the_outputs_of_its_cells_are_nobody_and_what_is_typed_into_them_is(
    desk: Desk, jp_root_dir: Path
) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), jp_root_dir / "n.ipynb")
    browser = await desk.open("n.ipynb", "notebook")
    await desk.announce(browser)
    cells = browser.document.get("cells", type=Array)

    def print_something() -> None:
        cells[0]["outputs"].append({"output_type": "stream", "name": "stdout", "text": ["1"]})

    def type_something() -> None:
        cells[0]["source"].insert(1, "0")

    browser.change(print_something)
    await desk.arrived(lambda room: len(room._document.ycells[0]["outputs"]) == 1)
    assert not await desk.seen()
    browser.change(type_something)
    await desk.arrived(lambda room: str(room._document.ycells[0]["source"]) == "10")
    assert await desk.seen()
    await browser.close()


async def test_given_a_browser_that_loses_its_connection_and_finds_it_again_then_that_is_nobody(
    desk: Desk, jp_root_dir: Path
) -> None:
    (jp_root_dir / "n.py").write_text("x = 1\n")
    for _ in range(3):
        browser = await desk.open("n.py", "file")
        browser.tell(user={"name": "B"}, cursors=[1])
        identity = browser.awareness.client_id

        def present(room: Any, identity: int = identity) -> bool:
            return identity in room.awareness.states

        await desk.arrived(present)
        assert not await desk.seen()
        await browser.close()
        assert not await desk.seen()


async def test_given_the_event_loop_is_held_up_then_the_look_fails_and_does_not_hang(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "ANSWER_SECONDS", 0.1)
    idle_loop = asyncio.new_event_loop()
    source = Documents({}, idle_loop)
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(source.look, view(1))
    await asyncio.to_thread(idle_loop.run_until_complete, asyncio.sleep(0))  # it wakes up too late
    idle_loop.close()


def test_given_no_collaboration_then_there_is_no_such_source() -> None:
    class Manager:
        extension_apps: dict[str, Any] = {"jupyterlab": {object()}}

    class App:
        extension_manager = Manager()

    assert documents.of_server(App()) is None
