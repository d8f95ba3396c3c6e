"""Plays cases: as many worlds at the same time as the machine bears, all cases of a world together."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import msgspec

from tests.idle.scenarios.cases import Case
from tests.idle.scenarios.stage import Absent, Stage, Watcher, Wrong, now
from tests.idle.scenarios.world import World

STARTING = 2
"""Worlds that start at the same time: starting is what costs."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a case went. ``decisions`` are those that were right, ``wrong`` the evidence of the one that was not.

    ``broken``: the scenario itself did not come off, so that nothing was decided; ``absent``: what it needs is not
    installed here.
    """

    id: str
    seconds: float
    decisions: tuple[str, ...] = ()
    wrong: str = ""
    broken: str = ""
    absent: str = ""


def play(cases: Sequence[Case], folder: Path, together: int, tell: Callable[[Result], None]) -> list[Result]:
    """Play all; ``folder`` holds the worlds, at most ``together`` of them at the same time."""
    worlds: dict[str, list[Case]] = {}
    for each in cases:
        worlds.setdefault(each.stage, []).append(each)
    starting = threading.BoundedSemaphore(STARTING)
    results: list[Result] = []

    def one(name: str) -> None:
        for result in _world(name, worlds[name], folder / name, starting):
            results.append(result)
            tell(result)

    with ThreadPoolExecutor(together) as pool:
        list(pool.map(one, sorted(worlds, key=lambda name: -len(worlds[name]))))
    return results


def _world(name: str, cases: list[Case], folder: Path, starting: threading.BoundedSemaphore) -> list[Result]:
    world = World(name, folder, cases[0].plan)
    begun = now()
    try:
        with starting:
            world.open()
        watcher = Watcher(world)
        with ThreadPoolExecutor(len(cases)) as pool, closing(watcher):
            return list(pool.map(lambda each: _case(each, world, watcher), cases))
    except Exception:  # noqa: BLE001 (whatever it was, it goes into the results of all its cases)
        text = traceback.format_exc()
        return [Result(id=each.id, seconds=now() - begun, broken=text) for each in cases]
    finally:
        world.close()


def _case(case: Case, world: World, watcher: Watcher) -> Result:
    stage = Stage(world, watcher, case.id)
    begun, wrong, broken, absent = now(), "", "", ""
    try:
        case.play(stage)
    except Wrong as error:
        wrong = str(error)
    except Absent as error:
        absent = str(error)
    except Exception:  # noqa: BLE001 (see above)
        broken = f"{traceback.format_exc()}\n{world.log()[-2000:]}"
    finally:
        stage.close()
    return Result(
        id=case.id,
        seconds=now() - begun,
        decisions=tuple(stage.decisions),
        wrong=wrong,
        broken=broken,
        absent=absent,
    )
