"""Plays cases: as many worlds at the same time as the machine bears, all cases of a world together."""

from __future__ import annotations

import shutil
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


Tell = Callable[[int, Result], None]
"""Called with the number of a round and what came of one of its cases, from any thread."""


def play(cases: Sequence[Case], count: int, folder: Path, together: int, tell: Tell) -> list[list[Result]]:
    """Play all ``count`` times; ``folder`` holds the worlds, at most ``together`` of them at the same time.

    A round begins while the last worlds of the one before still go on. The folders of worlds in which all was right
    are removed.
    """
    worlds: dict[str, list[Case]] = {}
    for each in cases:
        worlds.setdefault(each.stage, []).append(each)
    starting = threading.BoundedSemaphore(STARTING)
    rounds: list[list[Result]] = [[] for _ in range(count)]

    def one(number: int, name: str) -> None:
        where = folder / f"{number}" / name
        results = _world(name, worlds[name], where, starting)
        for result in results:
            rounds[number].append(result)
            tell(number, result)
        if not any(each.wrong or each.broken for each in results):
            shutil.rmtree(where, ignore_errors=True)

    names = sorted(worlds, key=lambda name: -len(worlds[name]))
    with ThreadPoolExecutor(together) as pool:
        for done in [pool.submit(one, number, name) for number in range(count) for name in names]:
            done.result()
    return rounds


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
