"""One person's server as a browser or a script sees it: REST with that person's token, and cells in a kernel."""

from __future__ import annotations

import asyncio
import http.client
import json
import uuid
from typing import Any
from urllib.parse import quote

import msgspec

from jupyter_mlplatform.errors import PlatformError, Problem, Unavailable

API = "api/mlplatform/v1"
ANSWER_SECONDS = 60.0
CELL_SECONDS = 180.0


class Refused(PlatformError):
    """The server answered with a problem; ``status`` is what it answered."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(problem.code, problem.message, cause=problem.cause, next_step=problem.next_step)
        self.answered = status


class Client:
    """The server of ``person`` on this machine. Raises ``Unavailable`` when it does not answer."""

    def __init__(self, person: str, port: int, token: str) -> None:
        self.person = person
        self.port = port
        self._token = token

    def page(self, path: str) -> str:
        """The address of a page of this server, with the token that signs the person in."""
        return f"http://127.0.0.1:{self.port}/{self.person}/{path}?token={self._token}"

    def get(self, path: str, **query: Any) -> Any:
        """A read of the platform's API."""
        words = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
        return self.call("GET", f"{API}/{path}{'?' + words if words else ''}")

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """A command of the platform's API."""
        return self.call("POST", f"{API}/{path}", body)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, seconds: float = ANSWER_SECONDS) -> Any:
        """Any request of this server, as JSON. Raises ``Refused`` for an answer of 400 and above."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        headers = {"Authorization": f"token {self._token}", "Content-Type": "application/json"}
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, f"/{self.person}/{path}", content, headers)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._silent(error) from error
        finally:
            connection.close()
        if status >= 400:
            raise Refused(status, _problem(status, text))
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise self._silent(error) from error

    def answers(self) -> bool:
        """Whether this very person's platform answers here, within two seconds."""
        try:
            return bool(self.call("GET", f"{API}/workspace", seconds=2)["person"] == self.person)
        except (PlatformError, KeyError, TypeError):
            return False

    def open_notebook(self, path: str) -> str:
        """Start the kernel of a notebook, as opening it does; the running one when it is open. Gives its id."""
        wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        return str(self.call("POST", "api/sessions", wanted)["kernel"]["id"])

    def run_cell(self, kernel_id: str, code: str) -> str:
        """Run a cell and give the text it shows. Raises ``Unavailable`` with what the cell says when it fails."""
        return asyncio.run(asyncio.wait_for(self._run_cell(kernel_id, code), CELL_SECONDS))

    async def _run_cell(self, kernel_id: str, code: str) -> str:
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        address = f"ws://127.0.0.1:{self.port}/{self.person}/api/kernels/{kernel_id}/channels"
        request = HTTPRequest(address, headers={"Authorization": f"token {self._token}"}, request_timeout=CELL_SECONDS)
        socket = await websocket_connect(request)
        message = _execute_request(code)
        shown: list[str] = []
        try:
            await socket.write_message(json.dumps(message))
            while (received := await socket.read_message()) is not None:
                reply = json.loads(received)
                if reply.get("parent_header", {}).get("msg_id") != message["header"]["msg_id"]:
                    continue
                if _collect(reply, shown):
                    return "\n".join(shown)
        finally:
            socket.close()
        raise self._silent("the kernel's connection was closed")

    def _silent(self, error: Exception | str) -> Unavailable:
        return Unavailable(
            "demo.server_silent",
            f"The server of {self.person} does not answer.",
            cause=f"{error}.",
            next_step="Start the demo again; nothing is lost.",
        )


def _execute_request(code: str) -> dict[str, Any]:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    return {
        "header": {**header, "version": "5.3", "date": ""},
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }


def _collect(reply: dict[str, Any], shown: list[str]) -> bool:
    """Keep what a person would see; true once the kernel has finished this cell."""
    kind, content = reply["header"]["msg_type"], reply["content"]
    if kind == "error":
        text = "\n".join(content["traceback"]) or f"{content['ename']}: {content['evalue']}"
        raise Unavailable("demo.cell_failed", "The cell failed.", cause=text, next_step="See the notebook.")
    if kind == "stream":
        shown.append(content["text"].rstrip())
    elif kind in ("execute_result", "display_data"):
        shown.append(content["data"].get("text/plain", ""))
    return bool(kind == "status" and content["execution_state"] == "idle")


def _problem(status: int, text: bytes) -> Problem:
    try:
        return msgspec.json.decode(text, type=Problem)
    except msgspec.DecodeError:
        return Problem("demo.refused", f"The server answered {status}.", text[:200].decode(errors="replace"))
