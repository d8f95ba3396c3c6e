"""Ending this server, where the policy asks for it."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_mlplatform.idle.local.server_stop import AUDIT_SECONDS, end_server


class Server:
    """With an event loop of which only the clock is missing."""

    def __init__(self) -> None:
        self.io_loop = self
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.stops = 0

    def call_later(self, seconds: float, what: Callable[[], None]) -> None:
        self.later.append((seconds, what))

    def stop(self) -> None:
        self.stops += 1


def test_given_it_is_asked_twice_then_the_server_is_stopped_once_and_only_after_the_decision_was_written() -> None:
    server = Server()
    end = end_server(server)
    end()
    end()
    assert server.stops == 0
    [(seconds, stop)] = server.later
    assert seconds == AUDIT_SECONDS
    stop()
    assert server.stops == 1
