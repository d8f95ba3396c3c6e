"""The one base of all routes: it owns errors, JSON, validation, activity and the description for OpenAPI.

A verb is written as::

    @web.authenticated
    @authorized
    @operation("Ask for access", body=NewRequest, returns=Request, status=201)
    async def post(self, body: NewRequest) -> Request:
        return await self.call(self.services.access.ask, self.person, body)

``operation`` parses and validates what comes in (query or body), and encodes what goes out. The decorators are written
on every verb, never inherited: ``authorized`` remembers the resource of its first call.
"""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from jupyter_server.base.handlers import APIHandler
from tornado import web

from jupyter_mlplatform.database import damaged
from jupyter_mlplatform.errors import Invalid, PlatformError, Problem, TooLarge, Unavailable
from jupyter_mlplatform.wiring import Services

MAX_BODY_BYTES = 1024 * 1024
SERVICES_SETTING = "mlplatform_services"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_OURS = frozenset({"no_track_activity", "_", "token"})  # and digits: the time, which JupyterLab puts against caches
_Result = TypeVar("_Result")


class Operation(msgspec.Struct, frozen=True):
    """What OpenAPI says of one verb."""

    summary: str
    returns: Any
    body: Any = None
    query: Any = None
    status: int = 200


def operation(
    summary: str, *, returns: Any, body: Any = None, query: Any = None, status: int = 200
) -> Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[None]]]:
    """Describe a verb, hand it its validated ``body`` or ``query``, and answer with what it returns."""
    described = Operation(summary, returns, body, query, status)

    def wrap(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[None]]:
        @functools.wraps(method)
        async def run(self: PlatformHandler, *args: str, **kwargs: str) -> None:
            given: dict[str, Any] = dict(kwargs)
            if body is not None:
                given["body"] = self.decode_body(body)
            if query is not None:
                given["query"] = self.decode_query(query)
            result = await method(self, *args, **given)
            self.set_status(status)
            await self.finish(msgspec.json.encode(result))

        run.operation = described  # type: ignore[attr-defined]
        return run

    return wrap


class PlatformHandler(APIHandler):
    """Base of every route. Errors leave as :class:`~jupyter_mlplatform.errors.Problem` and nothing else."""

    @property
    def services(self) -> Services:
        """The features, wired for this server. Raises ``Unavailable`` when they could not be (a wrong policy, say)."""
        found: Services | PlatformError = self.settings[SERVICES_SETTING]
        if isinstance(found, PlatformError):
            problem = found.problem
            raise Unavailable(problem.code, problem.message, cause=problem.cause, next_step=problem.next_step)
        return found

    @property
    def person(self) -> str:
        """Who acts: the owner of the workspace, never a name from a cookie or a header."""
        return self.services.workspace.who()

    async def call(self, command: Callable[..., _Result], *args: Any) -> _Result:
        """Run a service command off the event loop, so that no disk ever stalls the kernels' messages."""
        return await asyncio.to_thread(command, *args)

    async def prepare(self) -> None:  # type: ignore[override]
        """Reads do not count as a person's activity, and a body that is too large is refused before it is parsed."""
        if self.request.method in _READS:
            self._track_activity = False
        await super().prepare()
        if len(self.request.body) > MAX_BODY_BYTES:
            raise TooLarge(
                "request.too_large",
                "The request is too large.",
                cause=f"It has {len(self.request.body):,} bytes; at most {MAX_BODY_BYTES:,} are accepted.",
                next_step="Send less at once.",
            )

    def decode_body(self, kind: Any) -> Any:
        """The JSON body as ``kind``. Raises ``Invalid`` naming the field that is wrong."""
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid(
                "request.invalid",
                "The request was not understood.",
                cause=f"{error}.",
                next_step="Send JSON of the form that openapi.json describes.",
            ) from error

    def decode_query(self, kind: Any) -> Any:
        """The query arguments as ``kind``. Raises ``Invalid`` for an unknown or ill-typed one."""
        given = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        ours = [name for name in given if name not in _NOT_OURS and not name.isdigit()]
        given = {name: given[name] for name in ours}
        unknown = set(given) - {field.encode_name for field in msgspec.structs.fields(kind)}
        try:
            if unknown:
                raise msgspec.ValidationError(f"Unknown argument {sorted(unknown)[0]!r}")
            return msgspec.convert(given, kind, strict=False)
        except msgspec.ValidationError as error:
            raise Invalid(
                "request.invalid",
                "The address was not understood.",
                cause=f"{error}.",
                next_step="See openapi.json for the arguments of this route.",
            ) from error

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a Problem; the text of an unexpected error stays in the server's log."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, sqlite3.DatabaseError):
            error = damaged(error)
        if isinstance(error, PlatformError):
            self.set_status(error.status)
            problem = error.problem
        elif isinstance(error, web.HTTPError):
            problem = _http_problem(status_code, error)
        else:
            problem = Problem(
                "internal",
                "Something went wrong inside the platform.",
                cause="This is a defect, not something you did.",
                next_step="Try again; if it stays, send the server's log to your platform team.",
            )
        self.finish(msgspec.json.encode(problem))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """An expected failure is one line of the log; only a defect gets a traceback."""
        if isinstance(value, PlatformError):
            self.log.info("%s %s: %s", self.request.method, self.request.path, value.problem.code)
        else:
            super().log_exception(typ, value, tb)


class MissingHandler(PlatformHandler):
    """Any other path below the API: a Problem instead of a page."""

    auth_resource = "mlplatform:missing"

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse before the method is looked at, but after authentication."""
        await super().prepare()
        if self.current_user is None:
            raise web.HTTPError(403)
        raise web.HTTPError(404)


def _http_problem(status: int, error: web.HTTPError) -> Problem:
    if status == 404:
        return Problem(
            "request.no_such_route", "There is nothing at this address.", next_step="See openapi.json for all routes."
        )
    if status == 405:
        return Problem("request.method", "This address does not take this method.", next_step="See openapi.json.")
    if status in (401, 403):
        return Problem(
            "request.forbidden",
            "The server refuses this request.",
            cause=error.log_message or "You are not signed in, or the page is out of date.",
            next_step="Reload the page and sign in; if that does not help, ask your platform team.",
        )
    return Problem("request.failed", error.reason or "The request failed.", cause=error.log_message or "")
