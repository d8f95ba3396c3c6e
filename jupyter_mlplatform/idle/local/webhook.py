"""Posts every warning and every stop of the workspace to the address of the policy.

The body is JSON with a ``text`` that a person reads, as the incoming webhooks of the usual chat services want it, and
the same facts one by one. The address may hold a secret, so it is never logged.
"""

from __future__ import annotations

import asyncio
import json
import logging
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

ACTIONS = frozenset({"warned", "cancelled", "culled", "held", "failed"})
TIMEOUT_SECONDS = 5.0
MOST_WAITING = 16

_SENTENCES = {
    "warned": "The workspace {name} of {person} will be stopped soon",
    "cancelled": "The workspace {name} of {person} stays",
    "culled": "The workspace {name} of {person} was stopped",
    "held": "The workspace {name} of {person} is idle, but waits",
    "failed": "The workspace {name} of {person} is idle, but could not be stopped",
}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The administrator named one address; an answer does not choose another."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Never."""


class Webhook:
    """``workspace`` and ``person`` are named in what is posted. Nothing waits for it; one failure is logged, then none
    until it has worked again.
    """

    def __init__(self, address: str, workspace: str, person: str, log: logging.Logger) -> None:
        if urlsplit(address).scheme not in ("http", "https"):
            raise ValueError("a webhook's address begins with https:// or http://")
        self._address = address
        self._workspace = workspace
        self._person = person
        self._log = log
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._sending: asyncio.Task[None] | None = None
        self._failing = False

    def announce(self, action: str, data: dict[str, Any]) -> None:
        """What every client is told; only the workspace's own warnings and stops are posted. On the event loop."""
        if action not in ACTIONS or data.get("kind") != "workspace":
            return
        if self._waiting.full():
            self._waiting.get_nowait()  # the newest says most
        self._waiting.put_nowait(self._body(action, data))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all())

    async def close(self) -> None:
        """Wait for what is under way; it takes a few seconds at most."""
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=2 * TIMEOUT_SECONDS)
            self._sending.cancel()

    async def _send_all(self) -> None:
        while not self._waiting.empty():
            body = self._waiting.get_nowait()
            problem = await asyncio.to_thread(self._post, body)
            if problem and not self._failing:
                self._log.warning("The webhook of the idle policy was not reached: %s", problem)
            self._failing = bool(problem)

    def _post(self, body: bytes) -> str:
        """What went wrong, without the address; empty when it was taken."""
        request = urllib.request.Request(  # noqa: S310 (http and https only, see above)
            self._address, data=body, headers={"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS):
                return ""
        except urllib.error.HTTPError as error:
            return f"it answered {error.code}"
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None)
            return type(reason if isinstance(reason, Exception) else error).__name__

    def _body(self, action: str, data: dict[str, Any]) -> bytes:
        sentence = _SENTENCES[action].format(name=self._workspace, person=self._person)
        document = {
            "text": f"{sentence}: {data.get('why', '')}.",
            "action": action,
            "workspace": self._workspace,
            "person": self._person,
            "why": data.get("why", ""),
            "stops_in_seconds": data.get("stops_in_seconds"),
        }
        return json.dumps(document).encode()
