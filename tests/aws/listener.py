"""The HTTP side of the strict AWS: one listener a service."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.aws.decode import Received
from tests.aws.encode import Answer
from tests.aws.stand_in import Dropped, Hang

Respond = Callable[[Received], Answer | Hang | Dropped]


class Listener:
    """A server on the loopback that hands each request to ``respond``. Also answers as an HTTP proxy."""

    def __init__(self, respond: Respond) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(respond))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            target = urlsplit(self.path)
            body = self.rfile.read(int(headers.get("content-length") or 0))
            found = respond(Received(self.command, target.path or "/", target.query, headers, body))
            if isinstance(found, (Hang, Dropped)):
                if isinstance(found, Hang):
                    time.sleep(found.seconds)
                self.close_connection = True
                return
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in found.headers:  # what HEAD tells is of the body that it leaves out
                self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(found.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _any  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
