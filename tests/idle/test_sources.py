"""Sources that answer, fail, hang and come back."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

import pytest

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import WORKSPACE, Evidence, Signal
from jupyter_mlplatform.idle.ports import EVERYTHING, View
from jupyter_mlplatform.idle.sources import Sources
from jupyter_mlplatform.policy import IdlePolicy

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
IDLE = Finding(Evidence(source="gpu", signal=Signal.IDLE, text="the GPU was used at 0 %"))


class Gpu:
    """A source that does what the test says."""

    name = "gpu"
    scope = EVERYTHING

    def __init__(self, answer: Callable[[], Mapping[str, Finding]] = lambda: {WORKSPACE: IDLE}) -> None:
        self.answer = answer
        self.asked = 0

    def close(self) -> None: ...

    def look(self, view: View) -> Mapping[str, Finding]:
        self.asked += 1
        return self.answer()


class Containers(Gpu):
    name = "containers"
    scope = WORKSPACE


@pytest.fixture
def problems() -> tuple[logging.Logger, list[str]]:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.Logger("sources")
    log.addHandler(handler)
    return log, lines


def view(now: float) -> View:
    return View(now=now, utc=NOON, owners={}, policy=IdlePolicy())


async def test_given_two_sources_then_what_they_say_of_the_same_subject_stands_side_by_side(
    problems: tuple[logging.Logger, list[str]],
) -> None:
    sources = Sources((Gpu(), Containers()), problems[0])
    assert await sources.look(view(1.0)) == {WORKSPACE: (IDLE, IDLE)}
    sources.close()


async def test_given_a_source_that_raises_then_its_scope_is_unknown_and_the_log_has_one_line_until_it_is_back(
    problems: tuple[logging.Logger, list[str]],
) -> None:
    broken = True

    def answer() -> Mapping[str, Finding]:
        if broken:
            raise PermissionError("403 Forbidden")
        return {WORKSPACE: IDLE}

    sources = Sources((Containers(answer), Gpu()), problems[0])
    for second in range(100):
        found = await sources.look(view(float(second)))
        (unknown, idle) = found[WORKSPACE]
        assert idle == IDLE  # the others go on
        assert unknown.evidence.signal is Signal.UNKNOWN
        assert unknown.evidence.text == "the source 'containers' cannot be read (PermissionError: 403 Forbidden)"
    assert len(problems[1]) == 1
    broken = False
    assert await sources.look(view(100.0)) == {WORKSPACE: (IDLE, IDLE)}
    assert problems[1][1:] == ["The idle source 'containers' answers again."]
    sources.close()


async def test_given_a_source_that_hangs_then_everything_is_unknown_and_it_is_not_asked_again_meanwhile(
    problems: tuple[logging.Logger, list[str]],
) -> None:
    let_go = threading.Event()

    def hang() -> Mapping[str, Finding]:
        let_go.wait(30)
        return {WORKSPACE: IDLE}

    gpu = Gpu(hang)
    sources = Sources((gpu, Containers()), problems[0], deadline_seconds=0.01)
    for second in range(20):
        found = await sources.look(view(float(second)))
        assert found[EVERYTHING][0].evidence.signal is Signal.UNKNOWN
        assert found[WORKSPACE] == (IDLE,)
    assert found[EVERYTHING][0].evidence.text == "the source 'gpu' has not answered for 19 s"
    assert (gpu.asked, len(problems[1])) == (1, 1)
    let_go.set()
    gpu.answer = lambda: {WORKSPACE: IDLE}

    async def back() -> bool:
        return (await sources.look(view(30.0 + gpu.asked))) == {WORKSPACE: (IDLE, IDLE)}

    while not await back():
        await asyncio.sleep(0.01)
    sources.close()
