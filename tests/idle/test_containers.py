"""Containers: over a stand-in engine on a real Unix socket, and over control groups as the kernel lays them out."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle.containers import ENDPOINT_LABEL, PORT_LABEL, RESPONSE_LABEL
from jupyter_mlplatform.idle.local import clock, engine
from jupyter_mlplatform.idle.local.containers import RunningContainers, container_source
from jupyter_mlplatform.idle.local.engine import Engine, engine_socket
from jupyter_mlplatform.idle.local.processes import process_table
from jupyter_mlplatform.idle.models import WORKSPACE, Signal
from jupyter_mlplatform.idle.ports import View
from jupyter_mlplatform.policy import IdlePolicy
from tests.idle.fake_engine import SIDECAR, TRAINING, FakeEngine, hang, running_engine
from tests.poll import until

SELF_REPORTING = {PORT_LABEL: "8080", ENDPOINT_LABEL: "jobs", RESPONSE_LABEL: "active"}
IDLE_TEXT = "1 container is running, but none is at work (at most 0 % of a core)"


def view(now: float, policy: IdlePolicy | None = None) -> View:
    return View(now=now, utc=datetime.now(timezone.utc), owners={}, policy=policy or IdlePolicy())


def answer(source: RunningContainers, now: float, policy: IdlePolicy | None = None) -> tuple[Signal, str] | None:
    found = source.look(view(now, policy))
    assert set(found) <= {WORKSPACE}  # a container belongs to no kernel
    return (found[WORKSPACE].evidence.signal, found[WORKSPACE].evidence.text) if found else None


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[FakeEngine]:
    with running_engine(tmp_path / "docker.sock") as made:
        yield made


@pytest.fixture
def proc_self(tmp_path: Path) -> Path:
    folder = tmp_path / "self"
    folder.mkdir()
    return folder


@pytest.fixture
def cgroups(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


@pytest.fixture
def source(docker: FakeEngine, cgroups: Path, proc_self: Path) -> RunningContainers:
    return RunningContainers(lambda: docker.path, cgroups, proc_self)


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)


def test_given_a_real_process_that_computes_when_its_container_is_watched_then_that_is_work(
    source: RunningContainers, docker: FakeEngine
) -> None:
    burning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        table = process_table()
        docker.start()
        docker.use[TRAINING] = lambda: (table.scan().processes[burning.pid].own_seconds, 0, 0)
        assert answer(source, clock.seconds()) == (
            Signal.UNKNOWN,
            "what its containers do has not been measured over an interval yet",
        )
        signal, text = until(lambda: (said := answer(source, clock.seconds())) and said[0] is Signal.WORK and said)
        assert signal is Signal.WORK
        assert text.startswith("the container train (pytorch-training:2.5) used ")
    finally:
        burning.kill()
        burning.wait()


def test_when_a_container_rests_then_the_workspace_is_idle_and_when_it_ends_there_is_nothing_to_say(
    source: RunningContainers, docker: FakeEngine
) -> None:
    docker.start()
    answer(source, 10.0)
    assert answer(source, 20.0) == (Signal.IDLE, IDLE_TEXT)
    docker.containers.clear()
    assert answer(source, 30.0) == (Signal.IDLE, "no container is running")
    assert answer(source, 40.0) is None


def test_when_a_container_came_after_the_last_look_then_all_that_it_used_counts(
    source: RunningContainers, docker: FakeEngine
) -> None:
    assert answer(source, 10.0) is None
    docker.start()
    docker.use[TRAINING] = lambda: (5.0, 0, 0)
    assert answer(source, 20.0) == (Signal.WORK, "the container train (pytorch-training:2.5) used 50 % of a core")
    docker.use[TRAINING] = lambda: (1.0, 0, 0)  # it was restarted and counts from nothing
    assert answer(source, 30.0) == (Signal.WORK, "the container train (pytorch-training:2.5) used 10 % of a core")


@pytest.mark.parametrize(
    ("used", "why"),
    [((0.0, 2_000_000, 0), "read and wrote 195 KiB/s"), ((0.0, 0, 2_000_000), "sent and received 195 KiB/s")],
)
def test_when_a_container_moves_data_at_no_cpu_then_that_is_work(
    source: RunningContainers, docker: FakeEngine, used: tuple[float, int, int], why: str
) -> None:
    docker.start()
    answer(source, 10.0)
    docker.use[TRAINING] = lambda: used
    assert answer(source, 20.0) == (Signal.WORK, f"the container train (pytorch-training:2.5) {why}")


def test_when_a_container_is_known_for_its_heartbeat_then_little_cpu_is_no_work(
    source: RunningContainers, docker: FakeEngine
) -> None:
    docker.start(image="registry/ray-head:2", name="head")
    docker.start(SIDECAR, name="airflow", labels=SELF_REPORTING)
    docker.start("aa" * 32, name="dashboard")
    policy = IdlePolicy(heartbeaters=("ray-head",), watchers=("dashboard",))
    answer(source, 10.0, policy)
    docker.use |= {TRAINING: lambda: (0.5, 0, 0), SIDECAR: lambda: (0.5, 0, 0), "aa" * 32: lambda: (9.0, 0, 0)}
    assert answer(source, 20.0, policy) == (
        Signal.IDLE,
        "3 containers are running, but none is at work (at most 90 % of a core)",
    )
    docker.use |= {TRAINING: lambda: (3.5, 0, 0), SIDECAR: lambda: (2.5, 0, 0)}
    assert answer(source, 30.0, policy) == (
        Signal.WORK,
        "the container head (registry/ray-head:2) used 30 % of a core, and 1 more are at work",
    )


@pytest.mark.parametrize("told_by", ["hostname", "cgroup", "mountinfo"])
def test_when_this_server_runs_in_a_container_then_that_one_is_not_counted(
    source: RunningContainers, docker: FakeEngine, proc_self: Path, monkeypatch: pytest.MonkeyPatch, told_by: str
) -> None:
    if told_by == "hostname":
        monkeypatch.setattr(socket, "gethostname", lambda: TRAINING[:12])
    if told_by == "cgroup":
        (proc_self / "cgroup").write_text(f"4:memory:/docker/{TRAINING}\n")
    if told_by == "mountinfo":
        (proc_self / "mountinfo").write_text(
            f"9 8 259:1 /var/lib/docker/containers/{TRAINING}/hostname /etc/hostname rw - ext4 /dev/root rw\n"
            f"9 8 0:50 / /var/lib/docker/overlay2/{SIDECAR}/merged rw - overlay overlay rw\n"
        )
    docker.start()
    docker.use[TRAINING] = lambda: (100.0, 0, 0)
    docker.start(SIDECAR, name="other")
    answer(source, 10.0)
    assert answer(source, 20.0) == (Signal.IDLE, IDLE_TEXT)


def test_when_a_container_ends_between_list_and_use_then_that_is_no_failure(
    source: RunningContainers, docker: FakeEngine
) -> None:
    docker.start()
    answer(source, 10.0)
    docker.answer = lambda handler, target: target.endswith("/stats") and not handler.say(404, {"message": "gone"})
    assert answer(source, 20.0) == (Signal.IDLE, "no container is running")


def test_when_the_engine_may_list_but_not_measure_then_a_container_is_unknown_unless_its_group_is_seen(
    source: RunningContainers, docker: FakeEngine, cgroups: Path
) -> None:
    docker.start()
    docker.answer = lambda handler, target: target.endswith("/stats") and not handler.say(403, {"message": "Forbidden"})
    answer(source, 10.0)
    why = "it cannot be read how much the container train (pytorch-training:2.5) does"
    assert answer(source, 20.0) == (Signal.UNKNOWN, why)
    docker.start(labels={PORT_LABEL: "8080"})  # not enough to ask it
    assert answer(source, 22.0) == (Signal.UNKNOWN, why)
    docker.start(labels=SELF_REPORTING)  # it tells itself whether it is active
    assert answer(source, 25.0) == (Signal.IDLE, IDLE_TEXT)
    docker.start()
    folder = cgroups / f"docker/{TRAINING}"
    group(folder, cpu_stat="usage_usec 0")
    answer(source, 30.0)
    assert answer(source, 40.0) == (Signal.IDLE, IDLE_TEXT)
    group(folder, cpu_stat="usage_usec 1000000")
    assert answer(source, 50.0) == (Signal.WORK, "the container train (pytorch-training:2.5) used 10 % of a core")


def test_when_the_engine_is_too_slow_to_measure_all_then_the_groups_of_the_others_do(
    source: RunningContainers, docker: FakeEngine, cgroups: Path
) -> None:
    quick = IdlePolicy(sample_seconds=1.0)
    docker.start()
    slow = hang(2.0)
    docker.answer = lambda handler, target: target.endswith("/stats") and slow(handler, target)
    with pytest.raises(Unavailable):
        source.look(view(10.0, quick))
    group(cgroups / f"docker/{TRAINING}", cpu_stat="usage_usec 0")
    answer(source, 20.0, quick)
    assert answer(source, 30.0, quick) == (Signal.IDLE, IDLE_TEXT)


@pytest.mark.parametrize("version", ["1.41", "1.44", None])
def test_given_an_engine_of_one_version_only_when_it_is_asked_then_that_version_is_found(
    docker: FakeEngine, version: str | None
) -> None:
    docker.versions = {version} if version else None
    docker.start()
    asked = Engine(docker.path)
    assert [row["Id"] for row in asked.containers()] == [TRAINING]
    assert asked.stats(TRAINING)


@pytest.mark.skipif(not shutil.which("docker"), reason="the docker command is not on this machine; see the ledger")
def test_given_the_real_docker_command_when_it_lists_our_stand_in_then_it_understands_it(docker: FakeEngine) -> None:
    docker.start()
    env = {**os.environ, "DOCKER_API_VERSION": "1.44"}
    listed = subprocess.run(["docker", "-H", f"unix://{docker.path}", "ps"], env=env, capture_output=True, text=True)
    assert [part in listed.stdout for part in (TRAINING[:12], "pytorch-training:2.5", "train")] == [True] * 3


def failing(status: int, content: bytes) -> Any:
    return lambda handler, target: not handler.say_bytes(status, content)


def test_when_the_engine_fails_in_any_way_then_that_is_said_and_nothing_is_guessed(
    source: RunningContainers, docker: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.start()
    monkeypatch.setattr(engine, "MOST_BYTES", 1000)
    bad = {
        "HTTP status 403": failing(403, b"{}"),
        "HTTP status 500": failing(500, b"{}"),
        "not JSON": failing(200, b"<html>"),
        "not a list of containers": failing(200, b'{"Id": 1}'),
        "too long": failing(200, b" " * 2000),
        "BadStatusLine": lambda handler, target: bool(handler.wfile.write(b"garbage\r\n\r\n")),
        "RemoteDisconnected": lambda handler, target: not handler.connection.shutdown(socket.SHUT_RDWR),
    }
    for why, broken in bad.items():
        docker.answer = broken
        with pytest.raises(Unavailable, match=why):
            source.look(view(10.0))
    docker.answer = lambda handler, target: False
    assert answer(source, 20.0)


def test_when_the_engine_hangs_then_the_look_ends_at_its_deadline(docker: FakeEngine) -> None:
    docker.answer = hang(3.0)
    began = clock.seconds()
    with pytest.raises(Unavailable, match=r"timed out|in time"):
        Engine(docker.path, deadline_seconds=0.2).containers()
    assert clock.seconds() - began < 2.5


def test_when_nothing_listens_at_the_socket_then_that_is_said(tmp_path: Path, cgroups: Path, proc_self: Path) -> None:
    path = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(Unavailable, match="Connection refused"):
        RunningContainers(lambda: path, cgroups, proc_self).look(view(10.0))


@pytest.mark.parametrize("version", [1, 2])
def test_when_the_engine_may_not_be_asked_then_the_control_groups_tell(
    source: RunningContainers, docker: FakeEngine, cgroups: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(Engine, "containers", refuse)
    folder = cgroups / (f"cpuacct/docker/{TRAINING}" if version == 1 else f"system.slice/docker-{TRAINING}.scope")
    group(folder, cpuacct_usage="1000000000") if version == 1 else group(folder, cpu_stat="usage_usec 1000000\nx 1")
    answer(source, 10.0)
    group(folder, cpuacct_usage="2000000000") if version == 1 else group(folder, cpu_stat="usage_usec 2000000\nx 1")
    assert answer(source, 20.0) == (Signal.WORK, f"the container {TRAINING[:12]} used 10 % of a core")


def test_when_an_engine_runs_without_root_then_its_control_groups_are_found_with_their_io(
    cgroups: Path, proc_self: Path
) -> None:
    folder = cgroups / f"user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{TRAINING}.scope"
    group(folder, cpu_stat="usage_usec 0", io_stat="259:0 rbytes=0 wbytes=0 rios=0 wios=0")
    group(folder.parent / f"libpod-conmon-{SIDECAR}.scope", other="")
    source = RunningContainers(lambda: None, cgroups, proc_self)
    answer(source, 10.0)
    group(folder, io_stat="259:0 rbytes=9000000 wbytes=1240000 rios=9 wios=9")
    assert answer(source, 20.0) == (Signal.WORK, f"the container {TRAINING[:12]} read and wrote 1000 KiB/s")


def test_when_docker_is_elsewhere_or_missing_then_no_socket_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "podman" / "podman.sock"
    assert engine_socket({"DOCKER_HOST": f"unix://{path}"}) is None
    path.parent.mkdir()
    path.touch()
    assert engine_socket({"DOCKER_HOST": f"unix://{path}"}) == path
    assert engine_socket({"DOCKER_HOST": "tcp://far:2375"}) is None
    if engine_socket({}) is None:
        assert engine_socket({"XDG_RUNTIME_DIR": str(tmp_path)}) == path
    made = container_source(lambda: None)
    assert made
    assert (made.name, made.scope) == ("containers", WORKSPACE)


def test_when_the_same_instant_is_asked_for_twice_then_the_answer_is_the_same(
    source: RunningContainers, docker: FakeEngine
) -> None:
    docker.start()
    answer(source, 10.0)
    first = answer(source, 20.0)
    assert answer(source, 20.0) == first is not None
    assert os.path.exists(docker.path)  # noqa: PTH110
