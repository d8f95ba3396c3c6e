"""The server puts grants into force only where the policy wants that, and says once what keeps it from doing so."""

from __future__ import annotations

import logging

import pytest

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.server.fulfilling import EVERY_SECONDS, LONGEST_PAUSE_SECONDS, Fulfilling

LOG = logging.getLogger("tests.fulfilling")


class Work:
    def __init__(self) -> None:
        self.done = 0
        self.error: Exception | None = None

    def __call__(self) -> int:
        if self.error:
            raise self.error
        self.done += 1
        return 1


async def test_it_looks_every_few_seconds() -> None:
    work = Work()
    assert await Fulfilling(work, LOG).look() == EVERY_SECONDS
    assert work.done == 1


@pytest.mark.parametrize("error", [Unavailable("access.away", "It is away."), ZeroDivisionError("a defect")])
async def test_a_failure_is_told_once_and_looked_for_less_and_less_often(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work()
    work.error = error
    looking = Fulfilling(work, LOG)
    pauses = [await looking.look() for _ in range(12)]
    assert pauses[:3] == [2 * EVERY_SECONDS, 4 * EVERY_SECONDS, 8 * EVERY_SECONDS]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    assert len(caplog.records) == 1
    work.error = None
    assert await looking.look() == EVERY_SECONDS
    work.error = error
    await looking.look()
    assert len(caplog.records) == 2


async def test_it_ends_when_the_server_does() -> None:
    looking = Fulfilling(Work(), LOG)
    await looking.stop()
    looking.start()
    await looking.stop()
    assert looking._running is not None
    assert looking._running.done()
