"""Waiting for a real process: look again and again until it is so, or the deadline has passed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

_Found = TypeVar("_Found")


def until(look: Callable[[], _Found], seconds: float = 20.0, every: float = 0.05) -> _Found:
    """The first true result of ``look``. Fails with the last one when ``seconds`` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s; last seen: {found!r}")
        time.sleep(every)


async def until_async(look: Callable[[], Awaitable[_Found]], seconds: float = 20.0, every: float = 0.05) -> _Found:
    """:func:`until` for a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s; last seen: {found!r}")
        await asyncio.sleep(every)
