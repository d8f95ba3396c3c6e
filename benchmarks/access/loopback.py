"""A small S3 on the loopback, in a process of its own: ranged reads over connections that are kept, and no caches.

``python -m benchmarks.access.loopback FOLDER`` serves ``FOLDER/bucket/key`` and prints its port. It looks at who signs
a request, not at the signature itself, and counts requests by that. Beside the objects it plays the two places where
AWS libraries look for credentials: a container's endpoint, which refuses, and an instance's metadata, which gives the
machine's own. What it costs is the same for every reader: headers by Python, bodies by ``sendfile``.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from benchmarks.access.place import KEY, MACHINE, SECRET

_ROLE = "/latest/meta-data/iam/security-credentials/"
_STATUS = {200: "OK", 206: "Partial Content", 403: "Forbidden", 404: "Not Found", 416: "Range Not Satisfiable"}


class Loopback(ThreadingHTTPServer):
    """``wait`` is in seconds: how far away the first byte of each answer is."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Path, wait: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.wait = wait
        self._guard = threading.Lock()
        self._seen: Counter[str] = Counter()

    def note(self, what: str, amount: int = 1) -> None:
        """Count something."""
        with self._guard:
            self._seen[what] += amount

    def told(self) -> dict[str, int]:
        """What was counted since the last time."""
        with self._guard:
            seen, self._seen = self._seen, Counter()
        return dict(seen)


class _Handler(BaseHTTPRequestHandler):
    server: Loopback
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def do_GET(self) -> None:
        """An object or a part of it, a listing, or one of the other places."""
        url = urlsplit(self.path)
        if url.path.startswith("/-/"):
            self._control(url.path, parse_qs(url.query))
        elif url.path.startswith("/latest/"):
            self._metadata(url.path)
        else:
            self._storage(url.path, parse_qs(url.query))

    def do_HEAD(self) -> None:
        """The same without its body."""
        self.do_GET()

    def do_PUT(self) -> None:
        """A token for the metadata of the instance; nothing can be written to the storage."""
        self.server.note("metadata")
        self._answer(200, b"token", **{"X-aws-ec2-metadata-token-ttl-seconds": "21600"})

    def _control(self, path: str, asked: dict[str, list[str]]) -> None:
        if path == "/-/container":
            self.server.note("container")
            self._answer(403, b'{"code": "AccessDenied", "message": "This grant has ended."}', "application/json")
            return
        if "wait" in asked:
            self.server.wait = float(asked["wait"][0])
        self._answer(200, json.dumps(self.server.told()).encode(), "application/json")

    def _metadata(self, path: str) -> None:
        self.server.note("metadata")
        if path == _ROLE:
            self._answer(200, b"machine")
        elif path.startswith(_ROLE):
            given = {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": MACHINE, "SecretAccessKey": SECRET}
            given |= {"Token": "t", "Expiration": "2099-01-01T00:00:00Z", "LastUpdated": "2026-01-01T00:00:00Z"}
            self._answer(200, json.dumps(given).encode(), "application/json")
        else:
            self._answer(200, b"us-east-1a")

    def _storage(self, path: str, asked: dict[str, list[str]]) -> None:
        signer = re.search(r"Credential=([^/,]+)/", self.headers.get("Authorization", ""))
        who = {KEY: "reader", MACHINE: "machine"}.get(signer[1], "refused key") if signer else "unsigned"
        self.server.note(who)
        time.sleep(self.server.wait)
        place = (self.server.folder / unquote(path).lstrip("/")).resolve()
        if who not in ("reader", "machine"):
            code = "InvalidAccessKeyId" if signer else "AccessDenied"
            self._failed(403, code)
        elif not place.is_relative_to(self.server.folder):
            self._failed(404, "NoSuchKey")
        elif place.is_dir() and self.command == "GET" and "location" not in asked:
            self._list(place, asked)
        elif place.is_file():
            self._object(place, who)
        else:
            self._failed(404, "NoSuchKey")

    def _object(self, place: Path, who: str) -> None:
        size = place.stat().st_size
        begin, end = _range(self.headers.get("Range", ""), size)
        if begin >= size:
            self._failed(416, "InvalidRange")
            return
        part = "Range" in self.headers
        extra = {"Content-Range": f"bytes {begin}-{end - 1}/{size}"} if part else {}
        head = self._head(206 if part else 200, end - begin, "binary/octet-stream", extra | _stamps(place))
        if self.command == "HEAD":
            self.connection.sendall(head)
            return
        self.server.note(f"bytes of {who}", end - begin)
        with place.open("rb") as file:
            self.connection.sendall(head, socket.MSG_MORE)
            while begin < end:
                begin += os.sendfile(self.connection.fileno(), file.fileno(), begin, end - begin)

    def _list(self, place: Path, asked: dict[str, list[str]]) -> None:
        bucket = place
        while bucket.parent != self.server.folder:
            bucket = bucket.parent
        prefix, delimiter = (asked.get(name, [""])[0] for name in ("prefix", "delimiter"))
        files = sorted(each for each in bucket.rglob("*") if each.is_file())
        named = [(str(each.relative_to(bucket)), each) for each in files]
        rows, folders = [], set()
        for key, each in named:
            if not key.startswith(prefix):
                continue
            if delimiter and delimiter in key[len(prefix) :]:
                folders.add(prefix + key[len(prefix) :].partition(delimiter)[0] + delimiter)
                continue
            rows.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                f"<ETag>{_stamps(each)['ETag']}</ETag><Size>{each.stat().st_size}</Size></Contents>"
            )
        rows += [f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in sorted(folders)]
        text = (
            f"<ListBucketResult><Name>{bucket.name}</Name><Prefix>{escape(prefix)}</Prefix><MaxKeys>1000</MaxKeys>"
            f"<KeyCount>{len(rows)}</KeyCount><IsTruncated>false</IsTruncated>{''.join(rows)}</ListBucketResult>"
        )
        self._answer(200, text.encode(), "application/xml")

    def _failed(self, status: int, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
        self._answer(status, text.encode(), "application/xml")

    def _answer(self, status: int, body: bytes, kind: str = "text/plain", **extra: str) -> None:
        told = b"" if self.command == "HEAD" else body
        self.connection.sendall(self._head(status, len(body), kind, extra) + told)

    def _head(self, status: int, length: int, kind: str, extra: dict[str, Any]) -> bytes:
        fields = {
            "Content-Length": length,
            "Content-Type": kind,
            "Server": "loopback",
            "x-amz-request-id": "1",
            **extra,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 {status} {_STATUS[status]}\r\n{lines}\r\n".encode()


def _stamps(place: Path) -> dict[str, str]:
    return {
        "ETag": f'"{place.stat().st_size:032x}"',
        "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
        "Accept-Ranges": "bytes",
    }


def _range(asked: str, size: int) -> tuple[int, int]:
    """First byte, and the one after the last, of what a Range header asks for."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", asked)
    if not found or not any(found.groups()):
        return 0, size
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


if __name__ == "__main__":
    served = Loopback(Path(sys.argv[1]).resolve())
    print(served.server_address[1], flush=True)
    served.serve_forever()
