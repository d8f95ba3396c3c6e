"""How often each watcher is wrong, and how late it is when it is right.

*One by one*: a server for each kind of work and nothing else on it, judged as a whole (all that a hub or SageMaker can
do). *Together*: many kernels on one server, begun at different times, judged one by one (jupyter_server's culler and
this project's keeper). The truth is known because the benchmark itself began the work.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.idle import work
from benchmarks.idle.hub import HubCuller
from benchmarks.idle.rig import Rig, clear
from benchmarks.idle.studio import Studio
from benchmarks.idle.work import KINDS, TERMINAL, Work

SEED = 3


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. ``timeout`` is T; ``slack``: a stop later than T, two looks and this is a false keep.

    ``side_by_side``: all watchers at once, each on servers of its own.
    """

    timeout: float = 20.0
    lasts: int = 30
    interval: float = 2.0
    grace: float = 3.0
    slack: float = 5.0
    kinds: tuple[str, ...] = KINDS
    of_each: int = 4
    rounds: int = 1
    side_by_side: bool = False

    def deadline(self, end: float) -> float:
        """When a stop is overdue, for work that has ended at ``end``."""
        return end + self.timeout + self.grace + 2 * self.interval + self.slack


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """``stopped`` and the others are seconds since the work began; None: not stopped at all.

    ``wrong``: ``kill`` (stopped at work, or before T had passed), ``keep`` (not stopped in time) or empty.
    ``delay``: seconds after the end of T, the grace of a warning not counted.
    """

    watcher: str
    scale: str
    kind: str
    ended: float
    stopped: float | None
    wrong: str
    delay: float | None


def measure(plan: Plan, folder: Path, say: Any) -> list[Outcome]:
    """All watchers in turn."""
    found: list[Outcome] = []
    for number in range(plan.rounds):
        runs = [(who, one_by_one, f"round-{number}-one") for who in ("ours", "stock", "hub", "studio")]
        runs += [(who, together, f"round-{number}-all") for who in ("ours", "stock")]
        with ThreadPoolExecutor(len(runs) if plan.side_by_side else 1) as pool:
            done = [pool.submit(judge, plan, who, folder / name, SEED + number) for who, judge, name in runs]
            for (who, _, name), each in zip(runs, done, strict=True):
                found += each.result()
                say(f"{name}: {who}")
    return found


def one_by_one(plan: Plan, who: str, folder: Path, seed: int = 0) -> list[Outcome]:
    """A server for each kind of work, all at the same time."""
    with ExitStack() as stack:
        rigs = stack.enter_context(_servers(plan.kinds, folder / who))
        kernels = {kind: rig.order("kernels")["kernels"][0]["id"] for kind, rig in rigs.items()}
        ports = {f"user{number}": rig.port for number, rig in enumerate(rigs.values())}
        names = dict(zip(ports, rigs, strict=True))
        stopped: Mapping[str, float] = {}
        for rig in rigs.values():
            rig.touch()
        if who == "hub":
            stopped = stack.enter_context(
                HubCuller(ports, plan.interval, plan.timeout, folder / who / "hub.log")
            ).hub.stopped
        elif who == "studio":
            stopped = stack.enter_context(Studio(ports, plan.interval, plan.timeout)).stopped
        else:
            for rig in rigs.values():
                rig.order("watch", who=who, interval=plan.interval, timeout=plan.timeout, grace=plan.grace)
        works = {kind: work.begin(rig, kind, plan.lasts, kernels[kind]) for kind, rig in rigs.items()}
        if who in ("hub", "studio"):
            while time.monotonic() < max(plan.deadline(each.end) for each in works.values()):
                for kind, rig in rigs.items():
                    works[kind].panel(rig, time.monotonic())
                time.sleep(0.1)
            seen = {names[name]: at for name, at in stopped.items()}
        else:
            seen = _watch_servers(plan, rigs, works)
    return [outcome_of(plan, who, "one by one", each, seen.get(kind)) for kind, each in works.items()]


@contextmanager
def _servers(kinds: tuple[str, ...], folder: Path) -> Iterator[dict[str, Rig]]:
    """A server with one kernel for each kind, begun and ended side by side."""

    def begin(kind: str) -> Rig:
        rig = Rig(clear(folder / kind.replace(" ", "-")))
        rig.start_kernels(1)
        return rig

    with ThreadPoolExecutor(len(kinds)) as pool:
        begun = {kind: pool.submit(begin, kind) for kind in kinds}
        try:
            yield {kind: each.result() for kind, each in begun.items()}
        finally:
            rigs = [each.result() for each in begun.values() if each.exception() is None]
            list(pool.map(Rig.close, rigs))


def _watch_servers(plan: Plan, rigs: dict[str, Rig], works: dict[str, Work]) -> dict[str, float]:
    """When the subject of each server's work was stopped: its kernel, or its terminal."""
    seen: dict[str, float] = {}
    while time.monotonic() < max(plan.deadline(each.end) for each in works.values()):
        for kind, rig in rigs.items():
            now = time.monotonic()
            works[kind].panel(rig, now)
            if kind not in seen and works[kind].subject not in _alive(rig):
                seen[kind] = now
        time.sleep(0.1)
    return seen


def together(plan: Plan, who: str, folder: Path, seed: int) -> list[Outcome]:
    """``of_each`` of every kind on one server, begun within one T of each other, lasting up to half longer."""
    chance = random.Random(seed)  # noqa: S311 (the same churn for every watcher)
    with Rig(clear(folder / who / "together")) as rig:
        kinds = [each for each in plan.kinds if each != TERMINAL] * plan.of_each
        kernels = rig.start_kernels(len(kinds))
        rig.touch()
        rig.order("watch", who=who, interval=plan.interval, timeout=plan.timeout, grace=plan.grace)
        start = time.monotonic()
        # The last work begins well before the first kernel can be stopped for never having had any.
        due = sorted((start + chance.uniform(0, 0.5 * plan.timeout), kind) for kind in kinds)
        begun: dict[str, Work] = {}
        seen: dict[str, float] = {}
        overdue = start + plan.timeout + plan.deadline(1.5 * plan.lasts)
        while time.monotonic() < overdue and len(seen) < len(kinds):
            now = time.monotonic()
            while due and due[0][0] <= now:
                _, kind = due.pop(0)
                lasts = round(plan.lasts * chance.uniform(0.8, 1.5))
                each = work.begin(rig, kind, lasts, kernels[len(begun)])
                begun[each.subject] = each
            alive = _alive(rig)
            for subject, each in begun.items():
                each.panel(rig, now)
                if subject not in alive:
                    seen.setdefault(subject, now)
            time.sleep(0.1)
    return [outcome_of(plan, who, "together", each, seen.get(subject)) for subject, each in begun.items()]


def _alive(rig: Rig) -> set[str]:
    alive = rig.order("alive")
    return {f"kernel:{each}" for each in alive["kernels"]} | {f"terminal:{each}" for each in alive["terminals"]}


def outcome_of(plan: Plan, who: str, scale: str, each: Work, stopped: float | None) -> Outcome:
    """What a stop at ``stopped`` (monotonic; None: there was none) is worth."""
    # Only this project's keeper warns before it acts.
    grace = plan.grace if who == "ours" else 0.0
    wrong = ""
    if stopped is None or stopped > plan.deadline(each.end):
        wrong = "keep"
    # Beginnings and ends are known to a fraction of a second only: a cell has to arrive first, a child to start.
    elif stopped < each.end + plan.timeout - 0.5:
        wrong = "kill"
    return Outcome(
        watcher=who,
        scale=scale,
        kind=each.kind,
        ended=each.end - each.begin,
        stopped=None if stopped is None else stopped - each.begin,
        wrong=wrong,
        delay=None if wrong or stopped is None else stopped - each.end - plan.timeout - grace,
    )
