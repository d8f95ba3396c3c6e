"""Logins of databases in AWS Secrets Manager.

A secret is JSON with ``username`` and ``password``, as the secrets are that Amazon RDS makes and rotates. Source: AWS
Secrets Manager User Guide, "JSON structure of AWS Secrets Manager secrets".
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from jupyter_mlplatform.access.aws import failures
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.logins import Login
from jupyter_mlplatform.errors import NotFound, PlatformError, Unavailable

REMEMBERED_SECONDS = 300.0


class _Kept(msgspec.Struct):
    """What of a secret is read. Others of its fields are nobody's business here."""

    username: str
    password: str


class _Refused(Exception):
    """A call that AWS did not carry out, by AWS's name for why."""

    def __init__(self, found: str, failure: PlatformError) -> None:
        super().__init__(found)
        self.found = found
        self.failure = failure


class SecretsManager:
    """See :class:`~jupyter_mlplatform.access.logins.Secrets`. What was read is remembered for five minutes.

    ``clock`` gives seconds that only grow.
    """

    def __init__(self, clients: Clients, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._clock = clock
        self._guard = threading.Lock()
        self._known: dict[str, tuple[float, Login]] = {}

    def login(self, name: str, *, fresh: bool = False) -> Login:
        """See :class:`~jupyter_mlplatform.access.logins.Secrets`."""
        with self._guard:
            read_at, known = self._known.get(name, (0.0, None))
        if known is not None and not fresh and self._clock() - read_at < REMEMBERED_SECONDS:
            return known
        found = self._read(name)
        if isinstance(found, PlatformError):
            raise found
        with self._guard:
            if not fresh or name in self._known:  # what is always asked for afresh is not kept in memory
                self._known[name] = (self._clock(), found)
        return found

    def keep(self, name: str, login: Login) -> Login:
        """See :class:`~jupyter_mlplatform.access.logins.Secrets`. One that is about to be deleted is taken back."""
        found = self._read(name)
        if isinstance(found, Login) and found.user == login.user:
            return found
        if not isinstance(found, NotFound):
            if isinstance(found, PlatformError) and found.problem.code != _UNREADABLE:
                raise found
            self._asked("put_secret_value", login, SecretId=name)
            return login
        words = "Login of a grant of data, made and deleted by mlplat."
        try:
            self._asked("create_secret", login, raw=True, Name=name, Description=words)
            return login
        except _Refused as error:
            taken, failure = error.found in ("ResourceExistsException", "InvalidRequestException"), error.failure
        if not taken:
            raise failure
        # Somebody made it meanwhile, or it is about to be deleted: what is in it counts.
        self._asked("restore_secret", SecretId=name)
        found = self._read(name)
        if isinstance(found, PlatformError):
            raise found
        return found

    def forget(self, name: str) -> None:
        """See :class:`~jupyter_mlplatform.access.logins.Secrets`."""
        with self._guard:
            self._known.pop(name, None)
        try:
            self._asked("delete_secret", raw=True, SecretId=name, ForceDeleteWithoutRecovery=True)
            return
        except _Refused as error:
            gone, failure = error.found == "ResourceNotFoundException", error.failure
        if not gone:
            raise failure

    def _read(self, name: str) -> Login | PlatformError:
        """The login, or why there is none. One that is about to be deleted counts as gone."""
        try:
            text = self._asked("get_secret_value", raw=True, SecretId=name).get("SecretString", "")
            kept = msgspec.json.decode(text, type=_Kept)
            return Login(kept.username, kept.password)
        except _Refused as error:
            if error.found not in ("ResourceNotFoundException", "InvalidRequestException"):
                return error.failure
            return NotFound(
                "access.no_secret",
                "AWS Secrets Manager has no such login.",
                cause="It has not been made yet, was deleted, or its secret is named wrongly in the policy.",
                next_step="Try again in a few minutes; if that does not help, tell your platform team.",
            )
        except msgspec.MsgspecError:
            return Unavailable(
                _UNREADABLE,
                "The login in AWS Secrets Manager cannot be understood.",
                cause="Its secret is not JSON with a username and a password.",
                next_step="Tell your platform team.",
            )

    def _asked(
        self, operation: str, login: Login | None = None, *, raw: bool = False, **request: Any
    ) -> dict[str, Any]:
        """One call, with a login as the secret's text. What it raises leads to no frame that holds a password:
        those of botocore do.
        """
        action = f"secretsmanager:{operation.title().replace('_', '')}"
        client = self._clients.client("secretsmanager")
        try:
            with _unlogged():
                answer: dict[str, Any] = getattr(client, operation)(**request, **_text(login))
                return answer
        except Exception as error:  # (botocore's classes cannot be named without importing it)
            if not failures.of_aws(error):
                raise
            refusal = _Refused(failures.code(error), failures.of(error, action))
        if raw:
            raise refusal
        raise refusal.failure


def _text(login: Login | None) -> dict[str, str]:
    if login is None:
        return {}
    kept = {"engine": "postgres", "username": login.user, "password": login.password}
    return {"SecretString": msgspec.json.encode(kept).decode()}


_UNREADABLE = "access.secret_unreadable"
_SILENT = threading.local()
_TALKATIVE = ("botocore", "boto3", "urllib3")


def _heard(record: logging.LogRecord) -> bool:
    return not getattr(_SILENT, "on", False)


@contextmanager
def _unlogged() -> Iterator[None]:
    """botocore writes requests and answers to its logs when these are at their most talkative; here nothing is."""
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name.partition(".")[0] in _TALKATIVE:
            logger.addFilter(_heard)  # which is added once only
    _SILENT.on = True
    try:
        yield
    finally:
        _SILENT.on = False
