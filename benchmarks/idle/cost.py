"""What each watcher costs on one server with real kernels under one load, in turn, several times.

The CPU of a watcher inside the server is the difference between a window with it and the window without it right
before; that of one outside is what its process used, plus that difference.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.idle.hub import HubCuller
from benchmarks.idle.rig import Rig, clear
from benchmarks.idle.studio import Studio

WATCHERS = ("ours", "stock", "hub", "studio")
NEVER = 86400.0
PRINTING = "import time\nwhile True:\n    print('.')\n    time.sleep(1)"
SILENT = "import time\ntime.sleep(1e6)"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds; ``sizes`` are numbers of kernels, ``default_window`` is with this project's own cadence (0: none)."""

    sizes: tuple[int, ...] = (50, 200)
    rounds: int = 3
    window: float = 6.0
    interval: float = 1.0
    default_window: float = 60.0


def measure(plan: Plan, folder: Path, say: Any) -> list[dict[str, Any]]:
    """One entry for each number of kernels and each watcher."""
    found = []
    for size in plan.sizes:
        with Rig(clear(folder / f"cost-{size}")) as rig:
            begin = time.monotonic()
            rig.order("memory")
            kernels = _load(rig, size)
            say(f"{size} kernels started in {time.monotonic() - begin:.0f} s")
            time.sleep(3 + size / 40)
            found += _in_turn(rig, kernels, plan, say)
    return found


def _load(rig: Rig, size: int) -> list[str]:
    """Of every twenty kernels one runs a silent cell and one prints a line a second; the others are idle."""
    kernels: list[str] = []
    while len(kernels) < size:
        kernels += rig.start_kernels(min(10, size - len(kernels)), prefix=f"n{len(kernels)}")
    for number, kernel_id in enumerate(kernels):
        if number % 20 in (0, 10):
            rig.run(kernel_id, SILENT if number % 20 else PRINTING)
    return kernels


def _in_turn(rig: Rig, kernels: list[str], plan: Plan, say: Any) -> list[dict[str, Any]]:
    rounds: dict[str, list[dict[str, Any]]] = {who: [] for who in WATCHERS}
    memory: dict[str, float] = {}
    calm = []
    for number in range(plan.rounds):
        turn = WATCHERS[number % len(WATCHERS) :] + WATCHERS[: number % len(WATCHERS)]
        for who in turn:
            off = _window(rig, plan.window, stalls=False)
            before = rig.order("memory")["private_mib"]
            with _watching(rig, who, plan.interval) as outside:
                time.sleep(2.5 * plan.interval)
                on = outside.window(rig, plan.window, stalls=False)
                stalls = outside.window(rig, plan.window, stalls=True)
                grown = rig.order("memory")["private_mib"] - before + outside.memory()
            memory.setdefault(who, grown)  # the first time only: later on, the memory is there already
            rounds[who].append({"off": off, "on": on, "stalls": stalls})
        calm.append(_window(rig, plan.window, stalls=True))
        say(f"{len(kernels)} kernels: round {number + 1} of {plan.rounds}")
    default = _at_default_cadence(rig, plan) if plan.default_window else None
    return [
        _summary(who, len(kernels), rounds[who], memory[who], calm, default if who == "ours" else None)
        for who in WATCHERS
    ]


class _Outside:
    """The part of a watcher that is not in the server; this one has none."""

    def window(self, rig: Rig, seconds: float, *, stalls: bool) -> dict[str, Any]:
        """A window, with what the outside used added."""
        used, looked = self._used(), self._looked()
        found = _window(rig, seconds, stalls=stalls)
        found["outside_cpu_seconds"] = self._used() - used
        found["sweeps"] = found["sweeps"] or self._looked() - looked
        return found

    def memory(self) -> float:
        """MiB."""
        return 0.0

    def _used(self) -> float:
        return 0.0

    def _looked(self) -> int:
        return 0


class _Hub(_Outside):
    def __init__(self, culler: HubCuller) -> None:
        self._culler = culler

    def memory(self) -> float:
        return self._culler.private_mib()

    def _used(self) -> float:
        return self._culler.cpu_seconds()

    def _looked(self) -> int:
        return self._culler.hub.asked


class _Studio(_Outside):
    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def _looked(self) -> int:
        return self._studio.asked


@contextmanager
def _watching(rig: Rig, who: str, interval: float) -> Iterator[_Outside]:
    if who == "hub":
        with HubCuller({"alice": rig.port}, interval, NEVER, rig.folder / "hub.log") as culler:
            time.sleep(2)  # it has to start first
            yield _Hub(culler)
    elif who == "studio":
        with Studio({"alice": rig.port}, interval, NEVER) as studio:
            yield _Studio(studio)
    else:
        rig.order("watch", who=who, interval=interval, timeout=NEVER)
        try:
            yield _Outside()
        finally:
            rig.order("unwatch")


def _window(rig: Rig, seconds: float, *, stalls: bool) -> dict[str, Any]:
    rig.order("begin", stalls=stalls)
    time.sleep(seconds)
    return rig.order("end")


def _at_default_cadence(rig: Rig, plan: Plan) -> float:
    """CPU seconds an hour of this project's keeper at its own cadence: sweeps, and looks in between."""
    off = _window(rig, plan.default_window / 2, stalls=False)
    rig.order("watch", who="ours", interval=15.0, timeout=NEVER)
    time.sleep(5)
    on = _window(rig, plan.default_window, stalls=False)
    rig.order("unwatch")
    return 3600 * (on["cpu_seconds"] / on["seconds"] - off["cpu_seconds"] / off["seconds"])


SWEEPS_AN_HOUR = {"stock": 3600 / 300, "hub": 3600 / 300, "studio": 3600 / 60}
"""At each peer's defaults: ``cull_interval`` 300 s, ``cull_every`` half of 600 s, and once a minute."""


def _summary(
    who: str,
    kernels: int,
    rounds: list[dict[str, Any]],
    memory: float,
    calm: list[dict[str, Any]],
    default: float | None,
) -> dict[str, Any]:
    each = [_cpu_per_sweep(one["off"], one["on"]) for one in rounds]
    cpu = statistics.median(each)
    hourly = default if default is not None else cpu * SWEEPS_AN_HOUR.get(who, 3600 / 15)
    return {
        "watcher": who,
        "kernels": kernels,
        "cpu_ms_per_sweep": 1e3 * cpu,
        "cpu_ms_per_sweep_spread": [1e3 * min(each), 1e3 * max(each)],
        "cpu_us_per_kernel": 1e6 * cpu / kernels,
        "cpu_seconds_per_hour": hourly,
        "private_mib": memory,
        **{name: statistics.median(one["stalls"][name] for one in rounds) for name in _STALLS},
        **{f"without_{name}": statistics.median(one[name] for one in calm) for name in _STALLS},
        "late_worst_ms": max(one["stalls"]["late_max_ms"] for one in rounds),
        "rounds": rounds,
    }


_STALLS = ("late_p99_ms", "late_max_ms", "held_p99_ms", "held_max_ms")


def _cpu_per_sweep(off: dict[str, Any], on: dict[str, Any]) -> float:
    inside = on["cpu_seconds"] - off["cpu_seconds"] * on["seconds"] / off["seconds"]
    difference = float(inside + on["outside_cpu_seconds"]) / max(1, on["sweeps"])
    # A difference of two windows can fall below nothing; what was used inside its own function cannot.
    return max(difference, statistics.median(on["sweep_cpu_seconds"] or [0.0]))
