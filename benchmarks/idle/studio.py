"""What SageMaker Studio does with an idle route: ask it every minute, stop the app once the answer is old."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from urllib.request import urlopen


class Studio:
    """Asks ``/api/idle`` of each server (name to port) every ``interval`` seconds; use it with ``with``.

    ``stopped`` maps a name to when (monotonic) the answer was older than ``timeout`` seconds for the first time.
    ``failed`` counts answers that could not be used; SageMaker does nothing on those.
    """

    def __init__(self, servers: Mapping[str, int], interval: float, timeout: float) -> None:
        self._servers = dict(servers)
        self._interval = interval
        self._timeout = timeout
        self.stopped: dict[str, float] = {}
        self.asked = 0
        self.failed = 0
        self.seconds: list[float] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Studio:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(10)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._end.wait(max(0.0, due - time.monotonic())):
            due += self._interval
            for name, port in self._servers.items():
                self._ask(name, port)
            self.asked += 1

    def _ask(self, name: str, port: int) -> None:
        begin = time.perf_counter()
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/idle", timeout=10) as answer:
                written = json.load(answer)["lastActiveTimestamp"]
            active = datetime.strptime(written.upper(), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        except (OSError, ValueError, KeyError):
            self.failed += 1
            return
        self.seconds.append(time.perf_counter() - begin)
        if (datetime.now(timezone.utc) - active).total_seconds() >= self._timeout:
            self.stopped.setdefault(name, time.monotonic())
