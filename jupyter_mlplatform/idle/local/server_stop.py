"""Ends this Jupyter server, where the policy asks for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

AUDIT_SECONDS = 1.0
"""The server ends this much later, so that the decision to end it is written down and told first."""


def end_server(serverapp: Any) -> Callable[[], None]:
    """What ends ``serverapp`` in an orderly way: its kernels and terminals are shut down, then its event loop.

    To be called on the event loop. A second call changes nothing.
    """
    asked = False

    def end() -> None:
        nonlocal asked
        if not asked:
            asked = True
            serverapp.io_loop.call_later(AUDIT_SECONDS, serverapp.stop)

    return end
