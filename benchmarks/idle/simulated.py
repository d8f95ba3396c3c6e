"""Hundreds of kernels that are not there, among hundreds of processes that are: what a sweep costs this project.

The processes are real (they sleep), so that the process table costs what it costs; kernels are a ledger and a process
each, or only a ledger (as behind a gateway) where there are more kernels than processes. Store, decision log and
history are the real ones. No peer can be measured so: none looks at processes.

Run as a process of its own for each size: ``python -m benchmarks.idle.simulated --kernels 500 --processes 600``.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import logging
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from benchmarks.idle.accounting import Ticker, private_mib

INTERVAL = 15.0
TIMEOUT = 3600.0
GRACE = 300.0
START = 100_000.0
BUSY_EVERY = 20
"""One kernel in so many runs a cell."""


class Kernels:
    """See the port. A stopped kernel is gone; ``stopped`` maps it to when, on the clock of the sweeps."""

    def __init__(self, count: int, pids: list[int], now: float) -> None:
        from jupyter_mlplatform.idle.ledger import Ledger
        from jupyter_mlplatform.idle.ports import Kernel

        self.now = now
        self.stopped: dict[str, float] = {}
        self._kernels: dict[str, Any] = {}
        for number in range(count):
            ledger = Ledger(now)
            ledger.known = True
            pid = pids[number] if number < len(pids) else None
            identity = f"{number:08x}-aaaa-4bbb-8ccc-0123456789ab"
            self._kernels[identity] = Kernel(
                id=identity,
                name="python3",
                path=f"projects/notebook-{number}.ipynb",
                local=pid is not None,
                pid=pid,
                reported_busy=False,
                ledger=ledger,
            )

    def run_cells(self) -> set[str]:
        """Begin a cell in some kernels; which."""
        busy = {identity for number, identity in enumerate(self._kernels) if number % BUSY_EVERY == 0}
        for identity in busy:
            parent = {"msg_id": identity, "msg_type": "execute_request"}
            message = {
                "header": {"msg_type": "status"},
                "parent_header": parent,
                "content": {"execution_state": "busy"},
            }
            self._kernels[identity].ledger.feed(message, self.now)
        return busy

    async def discover(self) -> None:
        """Nothing is new."""

    async def list(self) -> tuple[Any, ...]:
        """All that were not stopped."""
        return tuple(self._kernels.values())

    async def ask(self, kernel_id: str) -> None:
        """They never answer."""

    async def stop(self, kernel_id: str) -> bool:
        """At once."""
        self.stopped[kernel_id] = self.now
        del self._kernels[kernel_id]
        return True

    async def close(self) -> None:
        """Nothing is open."""


@contextmanager
def sleepers(count: int) -> Iterator[list[int]]:
    """So many processes, each the leader of a session as a kernel is, with the environment that a kernel has."""
    environment = dict(os.environ) | {"JPY_PARENT_PID": str(os.getpid())}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(count):
            named = environment | {"JPY_SESSION_NAME": f"notebook-{number}.ipynb"}
            started.append(subprocess.Popen(["sleep", "3600"], start_new_session=True, env=named))
        yield [each.pid for each in started]
    finally:
        for each in started:
            each.kill()
        for each in started:
            each.wait()


def make_keeper(kernels: Kernels, folder: Path) -> Any:
    """A keeper over these kernels and this machine's process table."""
    from jupyter_mlplatform.idle.local.decisions import JsonLines
    from jupyter_mlplatform.idle.local.history import SqliteHistory
    from jupyter_mlplatform.idle.local.processes import process_table
    from jupyter_mlplatform.idle.local.store import SqliteStore
    from jupyter_mlplatform.idle.service import IdleService
    from jupyter_mlplatform.policy import IdlePolicy
    from tests.idle.surroundings import server

    policy = IdlePolicy(
        timeout_seconds=TIMEOUT, sample_seconds=INTERVAL, grace_seconds=GRACE, min_uptime_seconds=0.0, watchdog=False
    )
    utc: Callable[[], datetime] = lambda: datetime(2026, 3, 1, tzinfo=timezone.utc) + timedelta(seconds=kernels.now)  # noqa: E731
    service = IdleService(
        SqliteStore(folder),
        JsonLines(folder),
        SqliteHistory(folder, INTERVAL),
        policy,
        tuple,
        utc,
        lambda: kernels.now,
    )
    world = server(kernels, process_table(), lambda action, data: None, logging.getLogger("keeper"))
    return service.keeper(world)


async def _paced(kernels: Kernels, keeper: Any, count: int) -> list[float]:
    """CPU milliseconds of each sweep at the keeper's own pace, when the machine's counters may spare it a pass."""
    used = []
    for _ in range(count):
        await asyncio.sleep(INTERVAL)
        kernels.now += INTERVAL
        begin = time.process_time()
        await keeper.sweep(kernels.now)
        used.append(1e3 * (time.process_time() - begin))
    return used


async def _sweeps(kernels: Kernels, keeper: Any, count: int) -> dict[str, Any]:
    """Back to back, so that every sweep makes a full pass: CPU of all threads for each, and how the loop was held."""
    used = []
    ticker = Ticker()
    wall = []
    for _ in range(count):
        kernels.now += INTERVAL
        begin, at = time.process_time(), time.perf_counter()
        await keeper.sweep(kernels.now)
        used.append(1e3 * (time.process_time() - begin))
        wall.append(1e3 * (time.perf_counter() - at))
    ticker.start()
    for _ in range(count):
        kernels.now += INTERVAL
        await keeper.sweep(kernels.now)
        await asyncio.sleep(0.05)
    return {
        "cpu_ms_per_sweep": statistics.median(used),
        "cpu_ms_per_sweep_worst": max(used),
        "wall_ms_per_sweep": statistics.median(wall),
        **ticker.stop(),
    }


async def _until_stopped(kernels: Kernels, keeper: Any, busy: set[str]) -> dict[str, Any]:
    """In virtual time: all idle kernels are to go, and no other."""
    begin, idle = kernels.now, len(await kernels.list()) - len(busy)
    latest = begin + TIMEOUT + GRACE + 10 * INTERVAL
    while kernels.now < latest and len(kernels.stopped) < idle:
        kernels.now += INTERVAL
        await keeper.sweep(kernels.now)
    late = [at - START - TIMEOUT - GRACE for at in kernels.stopped.values()]
    return {
        "stopped": len(kernels.stopped),
        "wrong_kills": len(busy & kernels.stopped.keys()),
        "wrong_keeps": idle - len(kernels.stopped.keys() - busy),
        "decision_delay_seconds": max(late, default=None),
    }


async def _measure(count: int, processes: int, sweeps: int, paced: int, folder: Path) -> dict[str, Any]:
    with sleepers(processes) as pids:
        import jupyter_client  # noqa: F401 (a server has these already: they are not the keeper's memory)
        import tornado.web  # noqa: F401

        kernels = Kernels(count, pids, START)
        busy = kernels.run_cells()
        before = private_mib()
        keeper = make_keeper(kernels, folder)
        first = time.process_time()
        await keeper.sweep(kernels.now)
        first = time.process_time() - first
        found = await _sweeps(kernels, keeper, sweeps)
        at_its_pace = await _paced(kernels, keeper, paced)
        grown = private_mib() - before
        table = sum(1 for each in Path("/proc").iterdir() if each.name.isdigit())
        decided = await _until_stopped(kernels, keeper, busy)
        await keeper.close()
    return {
        "kernels": count,
        "processes": processes,
        "processes_of_the_machine": table,
        "first_sweep_cpu_ms": 1e3 * first,
        "paced_cpu_ms_per_sweep": statistics.mean(at_its_pace) if at_its_pace else None,
        "private_mib": grown,
        **found,
        **decided,
    }


def measure(count: int, processes: int, sweeps: int, paced: int) -> dict[str, Any]:
    """In a process of its own, so that memory is told apart."""
    arguments = [f"--kernels={count}", f"--processes={processes}", f"--sweeps={sweeps}", f"--paced={paced}"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.idle.simulated", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """One size; ``--profile`` says where the time of the sweeps goes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernels", type=int, default=500)
    parser.add_argument("--processes", type=int, default=600)
    parser.add_argument("--sweeps", type=int, default=20)
    parser.add_argument("--paced", type=int, default=0, help="sweeps at the keeper's own pace, 15 s each")
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.profile:
            _profile(asked.kernels, asked.processes, asked.sweeps, Path(folder))
            return
        measuring = _measure(asked.kernels, asked.processes, asked.sweeps, asked.paced, Path(folder))
        print(json.dumps(asyncio.run(measuring)))


def _profile(count: int, processes: int, sweeps: int, folder: Path) -> None:
    async def run(kernels: Kernels, keeper: Any) -> None:
        for _ in range(sweeps):
            kernels.now += INTERVAL
            await keeper.sweep(kernels.now)

    async def in_place(function: Any, *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    asyncio.to_thread = in_place  # a profile sees one thread only
    with sleepers(processes) as pids:
        kernels = Kernels(count, pids, START)
        kernels.run_cells()
        keeper = make_keeper(kernels, folder)
        asyncio.run(run(kernels, keeper))
        profile = cProfile.Profile()
        profile.enable()
        asyncio.run(run(kernels, keeper))
        profile.disable()
    print(f"for {sweeps} sweeps:")
    pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
    pstats.Stats(profile).sort_stats("tottime").print_stats(20)


if __name__ == "__main__":
    main()
