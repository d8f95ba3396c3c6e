"""GPUs, containers and their sidecars, and sources that fail. K18, K19, T10, T11, E04."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.idle.scenarios.cases import case
from tests.idle.scenarios.engine import Engine
from tests.idle.scenarios.stage import WORKSPACE, Stage, now
from tests.idle.scenarios.world import Plan, T, World

GIB = 1 << 30


def _gpu_stand_in(world: World) -> None:
    here = Path(__file__).parent
    for each in (here / "programs" / "world_gpu.py", here.parent / "fake_nvml.py"):
        shutil.copy(each, world.packages)
    (world.packages / "world_gpu.pth").write_text("import world_gpu\n")


def _plan(stop: str) -> Plan:
    return Plan(idle={"stop": stop}, devices=("nvidia0",), prepare=_gpu_stand_in)


OPEN = "device = open('/dev/nvidia0'); import os; print(os.getpid())"


def _tell(stage: Stage, percent: int, held: dict[int, int], shares: dict[int, int] | None = None) -> None:
    told = {"percent": percent, "held": held, "shares": shares or {}}
    file = stage.world.tmp / "gpu.new"
    file.write_text(json.dumps(told))
    file.rename(stage.world.tmp / "gpu.json")


@case("K18", plan=_plan("off"))
def a_model_that_only_lies_in_gpu_memory(stage: Stage) -> None:
    kernel = stage.kernel()
    pid = int(kernel.do(OPEN))
    _tell(stage, 0, {pid: 12 * GIB})
    ended = now()
    kernel.close()
    stage.stopped(kernel.subject, r"1[0-9](\.\d+)? G.?B of GPU memory", ended - 0.5, until_=ended)


@case("K18a", "the same with an idle workspace", "STOP the workspace", plan=_plan("server"))
def a_workspace_whose_gpu_is_only_held(stage: Stage) -> None:
    kernel = stage.kernel()
    pid = int(kernel.do(OPEN))
    _tell(stage, 0, {pid: 12 * GIB})
    ended = now()
    kernel.close()
    stage.stopped(WORKSPACE, "GPU", ended - 0.5, until_=ended)


@case("K19", plan=_plan("off"))
def a_gpu_at_work_without_cpu(stage: Stage) -> None:
    kernel = stage.kernel()
    pid = int(kernel.do(OPEN))
    _tell(stage, 80, {pid: 12 * GIB}, {pid: 80})
    kernel.close()
    stage.kept(kernel.subject, "GPU 0 .*80 %")


@case("K19a", "the driver hides which process uses the GPU (as in a container)", "KEEP all of them", plan=_plan("off"))
def a_gpu_at_work_for_nobody_knows_whom(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do(OPEN)
    _tell(stage, 80, {})
    kernel.close()
    stage.kept(kernel.subject, "GPU 0 .*80 %")


@case(
    "K19b",
    "a kernel has the GPU open, and NVIDIA's library cannot be loaded",
    "never stopped on doubt; the panel says so",
    plan=Plan(idle={"stop": "off"}, devices=("nvidia0",)),
)
def a_gpu_that_nobody_can_read(stage: Stage) -> None:
    kernel, other = stage.kernel(), stage.kernel()
    kernel.do(OPEN)
    kernel.close()
    other.do("1")
    other.close()
    ended = now()
    stage.kept(kernel.subject, "GPU", states=("unknown",))
    stage.stopped(other.subject, "", ended - 1.0, late=3 * T)


DOCKER = Plan(environment={"DOCKER_HOST": "unix:///tmp/docker.sock"})


@case("T10", plan=DOCKER)
def a_container_that_trains(stage: Stage) -> None:
    engine = Engine(stage.world.tmp / "docker.sock")
    stage.finally_(engine.close)
    engine.run("train", 0.08)
    stage.kept(WORKSPACE, "container.*train|train.*container")


@case("T10a", "a container that does nothing", "STOP after T", plan=DOCKER)
def a_container_that_does_nothing(stage: Stage) -> None:
    begun = now()
    engine = Engine(stage.world.tmp / "docker.sock")
    stage.finally_(engine.close)
    engine.run("database", 0.0001)
    stage.stopped(WORKSPACE, "", begun, until_=now())


def _sidecar(stage: Stage, active: int) -> None:
    engine = Engine(stage.world.tmp / "docker.sock")
    stage.finally_(engine.close)
    stage.world.serve("sidecar", "sidecar.py", "9001", json.dumps({"sessions": {"active": active}}))
    label = "com.amazon.jupyter.activity."
    labels = {f"{label}port": "9001", f"{label}endpoint": "/status", f"{label}response": "sessions.active"}
    engine.run("sidecar", 0.0001, labels)


@case("T11", plan=DOCKER)
def a_sidecar_that_says_it_is_active(stage: Stage) -> None:
    _sidecar(stage, 5)
    stage.kept(WORKSPACE, "sidecar .* active")


@case("T11a", "the sidecar says that it is not active", "STOP after T", plan=DOCKER)
def a_sidecar_that_says_it_is_not_active(stage: Stage) -> None:
    begun = now()
    _sidecar(stage, 0)
    stage.stopped(WORKSPACE, "sidecar", begun, until_=now() + 5.0)


def _fails(stage: Stage, mood: str, because: str) -> None:
    """The container engine fails, and a kernel is idle at the same time: only what depends on the source is kept."""
    engine = Engine(stage.world.tmp / "docker.sock")
    stage.finally_(engine.close)
    engine.mood = mood
    kernel = stage.kernel()
    kernel.do("1")
    ended = now()
    kernel.close()
    stage.stopped(kernel.subject, "", ended - 0.5, until_=ended, late=30.0)
    stage.kept(WORKSPACE, because, since=ended, states=("unknown",))
    lines = [each for each in stage.world.log().splitlines() if "containers" in each]
    stage.check(1 <= len(lines) <= 2, f"one line in the log, not {len(lines)}")


@case("E04", plan=DOCKER)
def a_source_that_answers_with_errors(stage: Stage) -> None:
    _fails(stage, "failing", "containers")


@case("E04a", "the source never answers", "kept, said so; the idle kernel is stopped", plan=DOCKER)
def a_source_that_hangs(stage: Stage) -> None:
    _fails(stage, "hung", "containers")


@case("E04b", "the source fails for 2T, then works again", "STOP T after", plan=DOCKER)
def a_source_that_comes_back(stage: Stage) -> None:
    engine = Engine(stage.world.tmp / "docker.sock")
    stage.finally_(engine.close)
    engine.mood = "failing"
    stage.kept(WORKSPACE, "containers", seconds=2 * T, states=("unknown",))
    back = now()
    engine.mood = "well"
    stage.stopped(WORKSPACE, "", back - 2.0, until_=back + 3.0)
