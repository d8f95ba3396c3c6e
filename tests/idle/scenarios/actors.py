"""Those who use a world: a notebook's kernel and a terminal, each driven as a browser drives it."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import websocket

from tests.idle.scenarios.connection import Channels, Server
from tests.poll import until


class KernelActor:
    """A kernel, and the notebook's connection to it while its tab is open."""

    def __init__(self, server: Server, kernel_id: str) -> None:
        self._server = server
        self.id = kernel_id
        self.subject = f"kernel:{kernel_id}"
        self._channels: Channels | None = None

    @staticmethod
    def start(server: Server, spec: str = "python3", path: str | None = None) -> KernelActor:
        """Through a session where there is a notebook, through the kernels' API where there is none."""
        if path is None:
            made = server.call("POST", "/api/kernels", {"name": spec}, seconds=60.0)
            return KernelActor(server, made["id"])
        body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": spec}}
        made = server.call("POST", "/api/sessions", body, seconds=60.0)
        return KernelActor(server, made["kernel"]["id"])

    def begun(self) -> bool:
        """Whether its process has said anything yet."""
        return bool(self._server.call("GET", f"/api/kernels/{self.id}")["execution_state"] != "starting")

    def processes(self) -> set[int]:
        """Those that were started as this kernel, seen from outside of the world."""
        found = set()
        for each in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it has ended meanwhile
                if f"kernel-{self.id}.json".encode() in each.read_bytes():
                    found.add(int(each.parent.name))
        return found

    @property
    def tab(self) -> Channels:
        """The open connection."""
        if self._channels is None:
            self._channels = Channels(self._server, self.id)
        return self._channels

    def run(self, code: str) -> str:
        """Start a cell and wait until the kernel has begun it; returns the request's id."""
        identity = self.tab.execute(code)
        self.tab.wait_for("execute_input", identity)
        return identity

    def do(self, code: str) -> str:
        """Run a cell to its end; what it printed."""
        identity = self.tab.execute(code)
        reply = self.tab.wait_for("execute_reply", identity)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"the cell failed: {reply['content']}")
        self.tab.wait(
            lambda each: (
                each["parent_header"].get("msg_id") == identity and each["content"].get("execution_state") == "idle"
            )
        )
        printed = [each for each in list(self.tab.seen) if each["msg_type"] == "stream"]
        return "".join(each["content"]["text"] for each in printed if each["parent_header"].get("msg_id") == identity)

    def usage(self) -> None:
        """What a resource panel asks for."""
        self.tab.send("usage_request", {}, "control")

    def subshell(self) -> str:
        """Open one, as a widget does; its id."""
        identity = self.tab.send("create_subshell_request", {}, "control")
        return str(self.tab.wait_for("create_subshell_reply", identity)["content"]["subshell_id"])

    def restart(self) -> None:
        """As the menu does it."""
        self._server.call("POST", f"/api/kernels/{self.id}/restart", {}, seconds=60.0)

    def interrupt(self) -> None:
        """As the menu does it."""
        self._server.call("POST", f"/api/kernels/{self.id}/interrupt", {})

    def debug(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """One request to the debugger, and its answer."""
        content = {"type": "request", "command": command, "seq": 0, "arguments": arguments}
        identity = self.tab.send("debug_request", content, "control")
        found: dict[str, Any] = self.tab.wait_for("debug_reply", identity)["content"]
        return found

    def close(self) -> None:
        """The tab is closed; the kernel lives on."""
        if self._channels is not None:
            self._channels.close()
            self._channels = None


class TerminalActor:
    """A terminal, and the browser's connection to it while its tab is open."""

    def __init__(self, server: Server, name: str) -> None:
        self._server = server
        self.name = name
        self.subject = f"terminal:{name}"
        self.text = ""
        self._socket: websocket.WebSocket | None = None

    @staticmethod
    def start(server: Server) -> TerminalActor:
        """A new one."""
        return TerminalActor(server, server.call("POST", "/api/terminals", {})["name"])

    def open(self) -> websocket.WebSocket:
        """Show it in a tab."""
        if self._socket is None:
            self._socket = self._server.websocket(f"/terminals/websocket/{self.name}")
            self._socket.settimeout(None)
            threading.Thread(target=self._read, args=[self._socket], daemon=True).start()
        return self._socket

    def type(self, line: str) -> None:
        """A line, with the return key."""
        self.open().send(json.dumps(["stdin", line + "\r"]))

    def run(self, line: str) -> None:
        """Type a command and see its echo."""
        before = len(self.text)
        self.type(line)
        until(lambda: len(self.text) > before, 20.0)

    def wait(self, text: str) -> None:
        """Until it shows this."""
        until(lambda: text in self.text, 20.0)

    def end(self) -> None:
        """Close it for good: the shell ends."""
        self.close()
        self._server.call("DELETE", f"/api/terminals/{self.name}")

    def close(self) -> None:
        """The tab is closed; the shell lives on."""
        if self._socket is not None:
            self._socket.abort()
            self._socket = None

    def _read(self, socket: websocket.WebSocket) -> None:
        try:
            while True:
                received = socket.recv()
                if not received:
                    if not socket.connected:
                        return
                    continue
                kind, *rest = json.loads(received)
                if kind == "stdout":
                    self.text += rest[0]
        except (OSError, ValueError, websocket.WebSocketException):
            return
