"""The policy's webhook: a real server on the loopback hears of the workspace, and its troubles stay its own."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from jupyter_mlplatform.idle.local import webhook
from jupyter_mlplatform.idle.local.webhook import Webhook

WARNED = {"kind": "workspace", "subject": "workspace", "why": "stops because it is idle", "stops_in_seconds": 300.0}


class Receiver:
    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                receiver.bodies.append({"followed": self.path})
                self.send_error(500)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/hook/s3cret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def post(address: str, *announced: tuple[str, dict[str, Any]]) -> None:
    async def run() -> None:
        hook = Webhook(address, "ML workspace", "alice", logging.getLogger("test"))
        for action, data in announced:
            hook.announce(action, data)
            await asyncio.sleep(0)
        await hook.close()

    asyncio.run(run())


def test_given_the_workspace_is_warned_then_a_sentence_and_the_facts_are_posted(receiver: Receiver) -> None:
    post(receiver.address, ("warned", WARNED))
    assert receiver.bodies == [
        {
            "text": "The workspace ML workspace of alice will be stopped soon: stops because it is idle.",
            "action": "warned",
            "workspace": "ML workspace",
            "person": "alice",
            "why": "stops because it is idle",
            "stops_in_seconds": 300.0,
        }
    ]


def test_given_other_news_then_nothing_is_posted(receiver: Receiver) -> None:
    post(receiver.address, ("warned", {**WARNED, "kind": "kernel"}), ("save", WARNED), ("kept", WARNED))
    assert receiver.bodies == []


def test_given_it_fails_again_and_again_then_one_line_without_the_address_is_logged(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    post(receiver.address, *[("warned", WARNED)] * 4)
    assert len(receiver.bodies) == 4
    assert [record.getMessage() for record in caplog.records if record.name == "test"] == [
        "The webhook of the idle policy was not reached: it answered 500"
    ]
    assert "s3cret" not in caplog.text


def test_given_it_points_elsewhere_then_nobody_follows(receiver: Receiver) -> None:
    receiver.status = 307
    post(receiver.address, ("culled", WARNED))
    assert len(receiver.bodies) == 1


def test_given_nobody_listens_then_one_line_says_so(caplog: pytest.LogCaptureFixture) -> None:
    post("http://127.0.0.1:9/s3cret", ("warned", WARNED), ("culled", WARNED))
    found = [record.getMessage() for record in caplog.records if record.name == "test"]
    assert found == ["The webhook of the idle policy was not reached: ConnectionRefusedError"]


def test_given_it_hangs_then_the_oldest_news_is_dropped_and_nobody_waits() -> None:
    async def run() -> int:
        hook = Webhook("http://127.0.0.1:9/", "w", "p", logging.getLogger("test"))
        for _ in range(100):
            hook.announce("warned", WARNED)
        waiting = hook._waiting.qsize()
        await hook.close()
        return waiting

    assert asyncio.run(run()) == webhook.MOST_WAITING


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://x/", "hook"])
def test_given_an_address_of_another_kind_then_it_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Webhook(address, "w", "p", logging.getLogger("test"))
