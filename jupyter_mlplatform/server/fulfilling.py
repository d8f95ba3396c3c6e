"""Puts grants into force from inside of the server, where the policy wants that (``access.fulfil_in_server``)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from jupyter_mlplatform.errors import PlatformError

EVERY_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0


class Fulfilling:
    """Calls ``work``, which is slow, in a thread every few seconds until stopped."""

    def __init__(self, work: Callable[[], int], log: logging.Logger) -> None:
        self._work = work
        self._log = log
        self._failures = 0
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running event loop."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End it. What a thread is just doing goes on to its end; what it has not begun is done by the next server."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def look(self) -> float:
        """Do what is due once; how many seconds to wait then. A failure is logged when it begins, not each time."""
        try:
            await asyncio.to_thread(self._work)
        except PlatformError as error:
            self._failed("Grants are not put into force. %s", error)
        except Exception as error:  # noqa: BLE001 (a defect must not end the watching)
            self._failed("Grants are not put into force: %r", error)
        else:
            self._failures = 0
        return min(EVERY_SECONDS * 2.0**self._failures, LONGEST_PAUSE_SECONDS)

    def _failed(self, told: str, error: Exception) -> None:
        if not self._failures:
            self._log.error(told, error, exc_info=not isinstance(error, PlatformError))
        self._failures = min(self._failures + 1, 10)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(await self.look())
