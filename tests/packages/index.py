"""A small package index on this machine: the simple API over HTTP, with one wheel that is made here."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import ssl
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROJECT = "weld-tools"
WHEEL = "weld_tools-1.2.0-py3-none-any.whl"
JSON_TYPE = "application/vnd.pypi.simple.v1+json"
USER, PASSWORD = "alice", "s3cret-token"


def wheel(project: str = PROJECT, version: str = "1.2.0") -> bytes:
    """A wheel with one module, as a build backend would write it."""
    name = project.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f'VERSION = "{version}"\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text.encode())},{len(text.encode())}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


class Index(ThreadingHTTPServer):
    """Serves ``/simple/`` on a free port of 127.0.0.1 until it is closed.

    ``mood`` may be changed while it runs: ``well``; ``hung`` (takes the question and never answers); ``locked`` (401
    without :data:`USER` and :data:`PASSWORD`); ``page`` (a sign-in page in place of the index); ``elsewhere`` (files
    are on another host); ``moved`` (sends everybody on to ``new_address``). ``asked`` lists the paths that
    clients asked for.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, mood: str = "well", json_api: bool = True, certificate: Path | None = None) -> None:
        """``certificate``: a file with key and certificate; the index then speaks HTTPS."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.mood = mood
        self.json_api = json_api
        self.new_address = ""
        self.asked: list[str] = []
        self.released = threading.Event()
        # pip itself is there under its own name, since the doctor asks for it as the one project every mirror has
        self.files = {WHEEL: wheel(), "pip-99.0-py3-none-any.whl": wheel("pip", "99.0")}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}/simple/"

    def close(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        mood = self.server.mood
        if mood == "hung":
            self.server.released.wait(120)
        elif mood == "locked" and not self._signed_in():
            self._answer(401, "text/plain", b"who are you?", {"WWW-Authenticate": 'Basic realm="index"'})
        elif mood == "page":
            self._answer(200, "text/html", b"<html><body><form>Please sign in</form></body></html>")
        elif mood == "moved":
            self._answer(302, "text/plain", b"", {"Location": self.server.new_address + self.path.lstrip("/")})
        elif self.path.startswith("/files/"):
            self._file(self.path.removeprefix("/files/"))
        else:
            self._project(self.path.removeprefix("/simple/").strip("/"))

    def _signed_in(self) -> bool:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {expected}"

    def _file(self, name: str) -> None:
        content = self.server.files.get(name)
        self._answer(200 if content else 404, "application/octet-stream", content or b"")

    def _project(self, project: str) -> None:
        stem = project.replace("-", "_") + "-"
        names = [name for name in self.server.files if project and name.startswith(stem)]
        if project and not names:
            self._answer(404, "text/plain", b"no such project")
            return
        base = "https://elsewhere.example.com/files/" if self.server.mood == "elsewhere" else "../../files/"
        if self.server.json_api and JSON_TYPE in self.headers.get("Accept", ""):
            files: list[dict[str, Any]] = [{"filename": name, "url": base + name, "hashes": {}} for name in names]
            page = {"meta": {"api-version": "1.0"}, "name": project, "files": files}
            self._answer(200, JSON_TYPE, json.dumps(page).encode())
        else:
            links = "".join(f'<a href="{base}{name}">{name}</a><br>' for name in names)
            html = (
                f'<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"></head>{links}</html>'
            )
            self._answer(200, "text/html", html.encode())

    def _answer(self, status: int, kind: str, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        try:
            super().handle()
        except ssl.SSLError:
            """The client did not trust us and hung up, which is what some tests want."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; :attr:`Index.asked` keeps what matters."""
