"""The way into a world: HTTP and websockets over the unix socket that its server listens on."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import websocket

from tests.poll import until


class Refused(Exception):
    """The server answered with an error; ``status`` is its HTTP code."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:500]}")
        self.status = status


class Server:
    """Requests to the server whose socket lies in ``folder``."""

    def __init__(self, folder: Path, token: str) -> None:
        self._folder = folder
        self._token = token

    def socket(self, seconds: float = 20.0) -> socket.socket:
        """A new connection. A socket's path is short, so it is named through the folder's descriptor."""
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(seconds)
        folder = os.open(self._folder, os.O_PATH)
        try:
            made.connect(f"/proc/self/fd/{folder}/server")
        except BaseException:
            made.close()
            raise
        finally:
            os.close(folder)
        return made

    def call(self, method: str, path: str, body: Any = None, seconds: float = 20.0) -> Any:
        """The decoded answer; raises :class:`Refused` for an error, ``OSError`` where nobody answers."""
        caller = http.client.HTTPConnection("localhost", timeout=seconds)
        caller.sock = self.socket(seconds)
        try:
            content = None if body is None else json.dumps(body)
            headers = {"Authorization": f"token {self._token}", "Content-Type": "application/json"}
            caller.request(method, path, content, headers)
            answer = caller.getresponse()
            text = answer.read().decode()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            caller.close()
        if answer.status >= 400:
            raise Refused(answer.status, text)
        return json.loads(text) if text else None

    def answers(self) -> bool:
        """Whether the server is up, the extension included."""
        try:
            return bool(self.call("GET", "/api/mlplatform/v1/idle", seconds=5.0))
        except OSError:
            return False

    def websocket(self, path: str) -> websocket.WebSocket:
        """As a browser opens one."""
        made = websocket.WebSocket()
        sock = self.socket()
        made.connect(f"ws://localhost{path}", socket=sock, header=[f"Authorization: token {self._token}"])
        return made


class Channels:
    """A notebook's connection to its kernel. Everything that arrives is read and remembered by its type."""

    def __init__(self, server: Server, kernel_id: str) -> None:
        self._session = uuid.uuid4().hex
        self._socket = server.websocket(f"/api/kernels/{kernel_id}/channels?session_id={self._session}")
        self._socket.settimeout(None)
        self.seen: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, kind: str, content: dict[str, Any], channel: str = "shell", **header: Any) -> str:
        """Send a message; returns its id."""
        identity = uuid.uuid4().hex
        message = {
            "header": {
                "msg_id": identity,
                "msg_type": kind,
                "session": self._session,
                "username": "person",
                "version": "5.4",
                "date": datetime.now(timezone.utc).isoformat(),
                **header,
            },
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": channel,
            "buffers": [],
        }
        self._socket.send(json.dumps(message))
        return identity

    def execute(self, code: str) -> str:
        """Start a cell; returns the request's id."""
        return self.send("execute_request", {"code": code, "silent": False, "allow_stdin": True})

    def wait(self, so: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> dict[str, Any]:
        """The first message that fits, also one that has arrived already."""
        return until(lambda: next((each for each in list(self.seen) if so(each)), None), seconds) or {}

    def wait_for(self, kind: str, parent: str = "", seconds: float = 60.0) -> dict[str, Any]:
        """The first message of this type, answering the request ``parent`` if one is named."""
        return self.wait(
            lambda each: each["msg_type"] == kind and parent in ("", each["parent_header"].get("msg_id")), seconds
        )

    def close(self) -> None:
        """The tab is closed."""
        self._socket.abort()

    def _read(self) -> None:
        try:
            while True:
                text = self._socket.recv()
                if not isinstance(text, str) or not text:
                    if not self._socket.connected:
                        return
                    continue
                message = json.loads(text)
                message.setdefault("msg_type", message["header"]["msg_type"])
                self.seen.append(message)
                del self.seen[:-2000]
        except (OSError, ValueError, websocket.WebSocketException):
            return


class EventStream:
    """What a browser hears of Jupyter's events about idleness, from when it is made until it is closed."""

    def __init__(self, server: Server) -> None:
        self._socket = server.websocket("/api/events/subscribe")
        self._socket.settimeout(None)
        self._seen: list[dict[str, Any]] = []
        self._answers: dict[str, Callable[[dict[str, Any]], None]] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def on(self, action: str, answer: Callable[[dict[str, Any]], None]) -> None:
        """Do this whenever the keeper announces that action."""
        self._answers[action] = answer

    def of(self, action: str) -> list[dict[str, Any]]:
        """The announcements of an action so far."""
        return [each for each in list(self._seen) if each.get("action") == action]

    def close(self) -> None:
        """The tab is closed."""
        self._socket.abort()

    def _read(self) -> None:
        try:
            while text := self._socket.recv():
                event = json.loads(text)
                if "/idle/" in str(event.get("schema_id", event.get("__schema__", ""))):
                    self._seen.append(event)
                    answer = self._answers.get(event.get("action", ""))
                    if answer:
                        answer(event)
        except (OSError, ValueError, Refused, websocket.WebSocketException):
            return
