"""Gives kernels short-lived credentials, over HTTP on the loopback, in the way in which AWS's SDKs ask a container.

``GET /credentials/<dataset id>`` with the token of a kernel in ``Authorization``. Source of the protocol: "Container
credential provider" of the AWS SDKs and Tools reference guide. It is a port of its own, because those clients send
neither Jupyter's token nor its cookies; no page in a browser can use it, and it takes part in no Jupyter route.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
import traceback
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

import msgspec
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.iostream import StreamClosedError

from jupyter_mlplatform.access.models import Credentials
from jupyter_mlplatform.errors import PlatformError, Problem
from jupyter_mlplatform.server.broker_tokens import Failures, Holder, TokenFolder, Tokens

LOOPBACK = "127.0.0.1"
HEADER_BYTES = 8192
WAITING_MOST = 16
"""How many calls for one dataset may wait for each other; an SDK has three on the way at most."""
THREADS = 4
TELL_SECONDS = 60.0
_PATH = re.compile(r"/credentials/([a-z0-9][a-z0-9_.-]{0,63})")
_OF_A_BROWSER_OR_PROXY = ("Origin", "Cookie", "Referer", "Forwarded", "Via")
_PREFIXES_OF_THOSE = ("Sec-", "X-Forwarded-", "X-Real-", "Access-Control-")


class Vending(Protocol):
    """What makes the credentials: :class:`jupyter_mlplatform.access.vending.Vending`."""

    def vend(self, person: str, dataset_id: str, holder: str) -> Credentials:
        """Credentials for a dataset, judged now."""
        ...

    def forget(self, holder: str) -> None:
        """A kernel is gone."""
        ...


class Kernels(Protocol):
    """The kernels of this server."""

    async def process(self, kernel_id: str) -> tuple[bool, int | None]:
        """Whether the kernel is alive, and its process id where it has one on this machine."""
        ...


class Refused(Exception):
    """A request that gets a plain answer and no credentials."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(f"access.{code}", message)
        self.headers = headers


class Broker:
    """Listens from :meth:`start` until :meth:`stop`. Everything but the making of credentials is on the event loop."""

    def __init__(self, vending: Vending, kernels: Kernels, person: str, log: logging.Logger) -> None:
        self._vending = vending
        self._kernels = kernels
        self._person = person
        self._log = log
        self._failures = Failures()
        self._told = -TELL_SECONDS
        self._turns: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: dict[tuple[str, str], int] = defaultdict(int)
        self._answering: set[asyncio.Task[None]] = set()
        self._tokens: Tokens | None = None
        self._folder: TokenFolder | None = None
        self._server: HTTPServer | None = None
        self._host = ""
        self._threads: ThreadPoolExecutor | None = None

    @property
    def address(self) -> str:
        """``http://127.0.0.1:<port>`` while it listens."""
        return f"http://{self._host}"

    def start(self, runtime_dir: Path) -> None:
        """Listen on a free port of the loopback, and say where in a folder of ``runtime_dir``."""
        listener = socket.create_server((LOOPBACK, 0), backlog=64)
        listener.setblocking(False)
        self._host = f"{LOOPBACK}:{listener.getsockname()[1]}"
        try:
            self._folder = TokenFolder(runtime_dir, self.address)
        except OSError:
            listener.close()
            raise
        self._tokens = Tokens(self._folder)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mlplat-broker")
        # A malformed header is logged by tornado with its value, which may be a token.
        logging.getLogger("tornado.general").addFilter(_without_values)
        self._server = HTTPServer(
            self._received,
            xheaders=False,
            max_header_size=HEADER_BYTES,
            max_body_size=1,
            idle_connection_timeout=10.0,
            body_timeout=5.0,
        )
        self._server.add_socket(listener)

    async def stop(self) -> None:
        """Stop listening; all tokens are worth nothing, and their files are gone."""
        if self._server is not None:
            self._server.stop()
            for task in self._answering:
                task.cancel()
            await asyncio.gather(*self._answering, return_exceptions=True)
            await self._server.close_all_connections()
            logging.getLogger("tornado.general").removeFilter(_without_values)
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        if self._folder is not None:
            self._folder.close()
        self._server = self._threads = self._folder = self._tokens = None

    async def welcome(self, kernel_id: str) -> None:
        """A kernel has started, or started again: it gets a token of its own, and an older one ends."""
        alive, process = await self._kernels.process(kernel_id)
        if self._tokens is None:
            return
        self._vending.forget(kernel_id)
        try:
            if alive:
                self._tokens.issue(Holder(kernel_id, self._person, process))
            else:
                self._tokens.withdraw(kernel_id)
        except (OSError, ValueError) as error:
            self._log.warning("Kernel %s gets no credentials: %s", kernel_id, error)

    def farewell(self, kernel_id: str) -> None:
        """A kernel is gone, and its token with it."""
        self._vending.forget(kernel_id)
        if self._tokens is not None and self._tokens.of(kernel_id):
            self._tokens.withdraw(kernel_id)

    def _received(self, request: HTTPServerRequest) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(request))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, request: HTTPServerRequest) -> None:
        headers: dict[str, str] = {}
        try:
            holder = await self._holder(request)
            status, body = 200, wire(await self._credentials(holder, _dataset_id(request)))
        except Refused as refused:
            status, body, headers = refused.status, msgspec.json.encode(refused.problem), refused.headers
        except PlatformError as error:
            status, body = error.status, msgspec.json.encode(error.problem)
        except Exception as error:  # noqa: BLE001 (its words may hold anything; where it came from does not)
            where = "".join(traceback.format_tb(error.__traceback__))
            self._log.error("The credential broker failed with %s:\n%s", type(error).__name__, where)
            status = 500
            body = msgspec.json.encode(Problem("access.broker_failed", "The credential broker failed.", "", _LOOK))
        await _send(request, status, body, headers)

    async def _holder(self, request: HTTPServerRequest) -> Holder:
        """Who asks. Nothing else of a request is looked at before that, so that strangers learn nothing."""
        self._check_origin(request)
        given = request.headers.get_list("Authorization")
        holder = self._tokens.holder(given[0]) if self._tokens is not None and len(given) == 1 else None
        if holder is None:
            raise self._stranger()
        alive, process = await self._kernels.process(holder.kernel_id)
        if not alive or process != holder.process:
            self.farewell(holder.kernel_id)
            raise self._stranger()
        return holder

    def _check_origin(self, request: HTTPServerRequest) -> None:
        """What a page in a browser, a name that was rebound to us, or a proxy in front of us cannot hide."""
        names = [name for name, _ in request.headers.get_all()]
        foreign = [name for name in names if name in _OF_A_BROWSER_OR_PROXY or name.startswith(_PREFIXES_OF_THOSE)]
        if request.remote_ip != LOOPBACK or request.host != self._host or foreign:
            self._note()
            raise Refused(
                403, "not_from_here", "Credentials are for programs on this machine that ask for them directly."
            )

    def _stranger(self) -> Refused:
        if self._note():
            return Refused(429, "too_many_failures", "Too many calls without a valid token.", **{"Retry-After": "1"})
        return Refused(401, "token_refused", "This is not the token of a kernel that is running now.")

    def _note(self) -> bool:
        now = time.monotonic()
        many = self._failures.one(now)
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self._log.warning("Credentials were asked for without a valid token (%d times).", self._failures.refused)
        return many

    async def _credentials(self, holder: Holder, dataset_id: str) -> Credentials:
        """One call at a time for each kernel and dataset: those that wait find what the first one was given.

        It goes on when its client has hung up (botocore does after two seconds), so that its next try finds it done.
        """
        key = (holder.kernel_id, dataset_id)
        if self._threads is None or self._waiting[key] >= WAITING_MOST:
            raise Refused(503, "broker_busy", "Too many calls wait for these credentials.", **{"Retry-After": "1"})
        self._waiting[key] += 1
        try:
            async with self._turns[key]:
                loop = asyncio.get_running_loop()
                vend = self._vending.vend
                made = await loop.run_in_executor(self._threads, vend, holder.person, dataset_id, holder.kernel_id)
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._turns[key]
        if self._tokens is None or self._tokens.of(holder.kernel_id) != holder:
            raise self._stranger()  # the kernel ended while they were made
        return made


_LOOK = "Try again; if that does not help, look at the log of the Jupyter server."


def _dataset_id(request: HTTPServerRequest) -> str:
    if request.method != "GET":
        raise Refused(405, "wrong_method", "Credentials are asked for with GET.", Allow="GET")
    found = _PATH.fullmatch(request.uri or "")
    if found is None:
        raise Refused(404, "no_such_address", "There is nothing here but /credentials/<id of a dataset>.")
    return found.group(1)


def wire(made: Credentials) -> bytes:
    """The answer that the SDKs expect."""
    return msgspec.json.encode(
        {
            "AccessKeyId": made.access_key_id,
            "SecretAccessKey": made.secret_access_key,
            "Token": made.session_token,
            "Expiration": f"{made.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        }
    )


async def _send(request: HTTPServerRequest, status: int, body: bytes, more: dict[str, str]) -> None:
    headers = HTTPHeaders(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **more,
        }
    )
    connection: Any = request.connection
    start = ResponseStartLine("HTTP/1.1", status, HTTPStatus(status).phrase)
    try:
        await connection.write_headers(start, headers, b"" if request.method == "HEAD" else body)
        connection.finish()
    except StreamClosedError:
        pass  # the client did not wait for it


def _without_values(record: logging.LogRecord) -> bool:
    """Tornado's line on a malformed request, without what was malformed in it."""
    if isinstance(record.msg, str) and record.msg.startswith("Malformed HTTP message") and record.args:
        record.msg, record.args = "Malformed HTTP message", ()
    return True
