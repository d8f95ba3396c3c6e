"""The surroundings: clocks, zones, sources that fail, servers that begin and end. E01 to E11."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

from tests.idle.scenarios.cases import case
from tests.idle.scenarios.stage import API, WORKSPACE, Stage, now
from tests.idle.scenarios.world import GRACE, Plan, T, World
from tests.poll import until

HOURS = 3 * 3600


def _clock_that_steps(world: World) -> None:
    """A library in front of the system's, since the real clock is everybody's."""
    compiler = shutil.which("cc")
    if compiler:
        source = Path(__file__).with_name("programs") / "clock.c"
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(world.folder / "clock.so"), str(source), "-ldl"]
        subprocess.run(command, check=True)


STEPPING = Plan(environment={"LD_PRELOAD": "{world}/clock.so"}, prepare=_clock_that_steps)


def _step(stage: Stage, seconds: int) -> None:
    if not (stage.world.folder / "clock.so").exists():
        stage.absent("no C compiler: the clock cannot be stepped")
    (stage.world.tmp / "step").write_text(str(seconds))


def _steps(stage: Stage, seconds: int) -> None:
    kernel = stage.kernel()
    before = float(kernel.do("import time; print(time.time())"))
    _step(stage, seconds)
    after = float(kernel.do("print(time.time())"))
    ended = now()
    stage.check(abs(after - before - seconds) < 10.0, "the clock was stepped")
    kernel.close()
    stage.stopped(WORKSPACE, "", ended - 0.5, until_=ended)


@case("E01", plan=STEPPING)
def a_clock_that_jumps_ahead(stage: Stage) -> None:
    _steps(stage, HOURS)


@case("E01a", "the wall clock jumps three hours back", "no later and no earlier stop", plan=STEPPING)
def a_clock_that_jumps_back(stage: Stage) -> None:
    _steps(stage, -HOURS)


@case("E01b", "the wall clock jumps ahead during a keep-alive", "KEEP", plan=STEPPING)
def a_clock_that_jumps_during_a_keep_alive(stage: Stage) -> None:
    stage.world.http.call("POST", f"{API}/leases", {"seconds": 3600.0})
    stage.says(WORKSPACE, "keeps the workspace", "kept")
    _step(stage, HOURS)
    stage.kept(WORKSPACE, "keeps the workspace")


@case("E01c", "the machine sleeps for more than T", "timers start again: STOP T and grace after it wakes")
def a_machine_that_sleeps(stage: Stage) -> None:
    begun = now()
    until(lambda: now() > begun + 3.0)
    stage.world.signal("server", signal.SIGSTOP)
    asleep = now()
    until(lambda: now() > asleep + T + GRACE + 2.0, 60.0)
    stage.world.signal("server", signal.SIGCONT)
    awake = now()
    stage.stopped(WORKSPACE, "", awake - 0.5, until_=awake)


@case("E02", plan=Plan(environment={"TZ": "Asia/Tokyo"}))
def another_time_zone(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do("1")
    ended = now()
    kernel.close()
    stage.stopped(WORKSPACE, "", ended - 0.5, until_=ended)


@case("E02a", "TZ=America/Los_Angeles, a silent cell", "KEEP", plan=Plan(environment={"TZ": "America/Los_Angeles"}))
def a_time_zone_behind(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run("import time; time.sleep(600)")
    kernel.close()
    stage.kept(WORKSPACE, "cell|busy")


@case("E05", plan=Plan(arguments=("--ServerApp.terminals_enabled=False",)))
def terminals_switched_off(stage: Stage) -> None:
    begun = now()
    stage.says(WORKSPACE, "", "idle", "working", "kept")
    stage.check(stage.watcher.status().get("terminals") == [], "the answer is whole")
    stage.stopped(WORKSPACE, "", begun - 5.0, until_=now())


@case(
    "E05a",
    "terminals switched off, a silent cell",
    "KEEP",
    plan=Plan(arguments=("--ServerApp.terminals_enabled=False",)),
)
def terminals_switched_off_and_work(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run("import time; time.sleep(600)")
    kernel.close()
    stage.kept(WORKSPACE, "cell|busy")


@case("E06", short=True)
def a_fresh_server(stage: Stage) -> None:
    begun = now()
    stage.stopped(WORKSPACE, "", begun - 5.0, until_=begun)


UPTIME = 3 * T


@case("E07", plan=Plan(idle={"min_uptime_seconds": UPTIME}))
def start_up_work_and_an_old_state(stage: Stage) -> None:
    """The first server leaves a state behind, dies, and another one begins on the same volume."""
    stage.person()
    old = stage.world.tmp / ".sagemaker-last-active-timestamp"
    old.write_text("2020-01-01T00:00:00.000000Z")
    stage.world.signal("server", 9)
    begun = now()
    stage.world.start_again()
    stage.kept(WORKSPACE, "first", since=begun, seconds=UPTIME - 6.0, states=("idle", "working", "kept"))
    stage.stopped(WORKSPACE, "", begun, idle=UPTIME - 4.0, until_=now() - UPTIME + 12.0)
