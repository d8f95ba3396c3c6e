"""The watchdog: its rule with time as an argument, its look at processes, and the whole of it in a PID namespace."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.idle import watchdog, watchdog_scan
from jupyter_mlplatform.idle.local import clock, heartbeat, watchdog_process
from jupyter_mlplatform.idle.local.heartbeat import Heartbeat
from jupyter_mlplatform.idle.local.store import SqliteStore
from jupyter_mlplatform.idle.local.watchdog_process import Watched
from jupyter_mlplatform.idle.models import Lease
from jupyter_mlplatform.idle.watchdog import Watchdog
from jupyter_mlplatform.idle.watchdog_rule import Duty, Memory, Seen, judge
from jupyter_mlplatform.idle.watchdog_scan import Process, Snapshot
from jupyter_mlplatform.policy import IdlePolicy
from tests.aws.sagemaker import Apps, metadata_file
from tests.aws.stand_in import Refusal
from tests.poll import until

MOST_BYTES = 15 * 1024 * 1024


def beat(**changes: Any) -> Heartbeat:
    """A server that was last heard of at 1000 s."""
    usual = {"at": 1000.0, "pid": 7, "started": 1.0, "mute_seconds": 300.0, "timeout_seconds": 600.0, "metadata": "m"}
    return Heartbeat(**{**usual, **changes})


class TestRule:
    def run(self, *, to: float, beats: tuple[Heartbeat, ...] = (), start: float = 1000.0, **seen: Any) -> list[Any]:
        """Looks every 15 s from ``start``; what was decided at each."""
        memory, found, now = Memory(began=start), [], start
        while now <= to:
            told = {name: value(now) if callable(value) else value for name, value in seen.items()}
            alive = told.pop("alive", frozenset())
            memory, duty, why = judge(memory, Seen(now, beats or (beat(),), alive, **{"measured": True, **told}))
            found.append((now, duty, why))
            now += 15
        return found

    def stopped_at(self, **given: Any) -> float | None:
        return next((now for now, duty, _ in self.run(**given) if duty is Duty.STOP), None)

    def test_given_the_server_is_dead_and_nothing_works_then_it_stops_after_silence_and_timeout(self) -> None:
        assert self.stopped_at(to=4000) == 1000 + 315 + 600

    def test_given_the_server_is_heard_of_then_it_rests(self) -> None:
        assert {duty for _, duty, _ in self.run(to=1290)} == {Duty.REST}

    def test_given_the_server_is_mute_but_alive_then_it_stops_all_the_same_and_says_so(self) -> None:
        found = self.run(to=4000, alive=frozenset({7}))
        why = next(why for _, duty, why in found if duty is Duty.STOP)
        assert why.startswith("the server does not answer and")

    def test_given_work_then_the_idle_time_begins_after_it(self) -> None:
        assert self.stopped_at(to=9000, work=lambda now: "x" if now < 3000 else "") == 3010 + 600 - 10 + 10

    def test_given_a_doubt_then_nothing_stops_and_two_fresh_samples_are_needed_after_it(self) -> None:
        assert self.stopped_at(to=9000, doubt=lambda now: "?" if now < 3000 else "") == 3010 + 15
        assert self.stopped_at(to=9000, doubt="the GPU cannot be asked") is None

    def test_given_the_server_comes_back_then_it_stands_down(self) -> None:
        both = (beat(), beat(pid=8, at=1800.0))
        assert self.stopped_at(to=2100, beats=both) is None

    def test_given_two_servers_then_both_must_be_silent(self) -> None:
        assert self.stopped_at(to=9000, beats=(beat(), beat(pid=8, at=9000.0))) is None

    def test_given_the_newest_server_has_no_need_of_it_then_it_leaves(self) -> None:
        found = self.run(to=1000, beats=(beat(), beat(pid=8, at=1001.0, timeout_seconds=None)))
        assert found[0][1] is Duty.LEAVE

    def test_given_the_machine_slept_then_the_timers_begin_anew(self) -> None:
        memory = Memory(began=0.0, looked_at=2000.0, idle_since=1400.0, samples=40)
        memory, duty, _ = judge(memory, Seen(9000.0, (beat(),), frozenset(), measured=True))
        assert (duty, memory.idle_since) == (Duty.WATCH, None)

    def test_given_the_workspace_has_only_just_started_then_it_waits(self) -> None:
        young = beat(started_at=900.0, min_uptime_seconds=5000.0)
        assert self.stopped_at(to=9000, beats=(young,)) == 5905

    def test_given_no_server_was_ever_heard_of_then_it_leaves_after_a_while(self) -> None:
        memory = Memory(began=0.0)
        assert judge(memory, Seen(599.0, (), frozenset()))[1] is Duty.REST
        assert judge(memory, Seen(601.0, (), frozenset()))[1] is Duty.LEAVE

    def test_given_the_server_lives_and_its_keeper_has_failed_then_nothing_stops(self) -> None:
        failing = (beat(keeper_ok=False),)
        assert self.stopped_at(to=9000, beats=failing, alive=frozenset({7})) is None
        assert self.stopped_at(to=9000, beats=failing) is not None  # it has ended since
        others = (beat(keeper_ok=False), beat(pid=8, at=1010.0))
        assert self.stopped_at(to=9000, beats=others, alive=frozenset({7, 8})) is None

    def test_given_the_keeper_fails_in_every_sweep_then_it_rests_and_says_so(self) -> None:
        found = self.run(to=1290, beats=(beat(keeper_ok=False),), alive=frozenset({7}))
        assert {(duty, why) for _, duty, why in found} == {(Duty.REST, "the server is there, but its keeper fails")}

    def test_given_nothing_was_measured_yet_then_it_waits(self) -> None:
        assert self.stopped_at(to=9000, measured=False) is None


def process(**changes: Any) -> Process:
    usual = {"name": "python", "state": "S", "own": 1.0, "children": 0.0, "io": 0, "mine": True, "started": 5.0}
    return Process(**{**usual, **changes})


class TestLook:
    """What counts as work between two passes of ten seconds."""

    def work(self, before: Process | None, after: Process, rule: Heartbeat | None = None, **more: Any) -> str:
        usual: dict[str, Any] = {"total": None, "network": None}
        first = Snapshot(0.0, {9: before} if before else {}, **{**usual, **more.get("first", {})})
        last = Snapshot(10.0, {9: after}, **{**usual, **more.get("last", {})})
        return watchdog_scan.work(first, last, rule or beat(), more.get("spared", frozenset()))

    def test_given_a_process_uses_two_percent_then_that_is_work(self) -> None:
        assert self.work(process(), process(own=1.21)) == "python (pid 9) used 2 % of a core"
        assert self.work(process(), process(own=1.1)) == ""

    def test_given_a_new_process_or_a_pid_used_again_then_all_it_used_counts(self) -> None:
        assert self.work(None, process(own=0.3))
        assert self.work(process(own=50.0), process(own=0.3, started=6.0))

    def test_given_ended_children_then_their_time_counts(self) -> None:
        assert self.work(process(), process(children=1.0))

    def test_given_one_that_is_known_for_its_heartbeat_then_it_takes_more(self) -> None:
        assert self.work(process(name="raylet"), process(name="raylet", own=1.5)) == ""
        assert self.work(process(name="raylet"), process(name="raylet", own=2.6))
        rule = beat(heartbeaters=("mine",))
        assert self.work(process(name="mine"), process(name="mine", own=1.5), rule) == ""

    def test_given_one_that_only_watches_then_it_never_counts(self) -> None:
        assert self.work(process(name="htop"), process(name="htop", own=9.0)) == ""
        assert self.work(process(name="w"), process(name="w", own=9.0), beat(watchers=("w",))) == ""

    def test_given_a_process_waits_for_a_disk_twice_then_that_is_work(self) -> None:
        assert "disk" in self.work(process(state="D"), process(state="D"))
        assert self.work(process(), process(state="D")) == ""

    def test_given_storage_or_network_is_used_then_that_is_work(self) -> None:
        assert "KiB/s" in self.work(process(), process(io=700_000))
        assert self.work(process(io=None), process(io=700_000)) == ""
        assert "network" in self.work(process(), process(), first={"network": 0}, last={"network": 700_000})

    def test_given_cpu_that_no_process_accounts_for_then_that_is_work(self) -> None:
        assert "short-lived" in self.work(process(), process(), first={"total": 5.0}, last={"total": 5.6})
        assert self.work(process(), process(own=1.1), first={"total": 5.0}, last={"total": 5.2}) == ""

    def test_given_the_silent_server_spins_then_that_is_not_work(self) -> None:
        assert self.work(process(), process(own=11.0), spared=frozenset({9})) == ""

    def test_given_another_accounts_process_then_it_is_not_this_persons_work(self) -> None:
        assert self.work(process(mine=False), process(mine=False, own=9.0)) == ""

    def test_a_real_pass_sees_this_process_at_work(self) -> None:
        before = watchdog_scan.take(0.0)
        ends = time.process_time() + 0.2
        while time.process_time() < ends:
            pass
        after = watchdog_scan.take(1.0)
        ours = {os.getpid()}
        kept = [
            each._replace(processes={p: f for p, f in each.processes.items() if p in ours}) for each in (before, after)
        ]
        assert f"(pid {os.getpid()}) used" in watchdog_scan.work(
            kept[0], kept[1], beat(network_bytes_per_second=1e12), frozenset()
        )

    def test_containers_that_run_are_a_doubt_and_a_socket_left_behind_is_none(self, tmp_path: Path) -> None:
        import socket
        import threading

        path = tmp_path / "docker.sock"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            answers = [b"HTTP/1.0 200 OK\r\n\r\n[]\n", b'HTTP/1.0 200 OK\r\n\r\n[{"Id": "1"}]', b""]
            listening.listen()

            def serve() -> None:
                for answer in answers:
                    connection, _ = listening.accept()
                    connection.recv(4096)
                    connection.sendall(answer)
                    connection.close()

            threading.Thread(target=serve, daemon=True).start()
            found = [watchdog_scan.containers((str(path),)) for _ in answers]
        assert found[0] == ""
        assert "containers run" in found[1]
        assert found[2] != ""
        assert watchdog_scan.containers((str(path), str(tmp_path / "none"))) == ""


class TestHeartbeat:
    def test_what_was_written_is_read(self, tmp_path: Path) -> None:
        made = beat(open_cells=(1, 2), heartbeaters=("a",))
        heartbeat.write(tmp_path, made)
        assert heartbeat.read(tmp_path) == (made,)
        assert (tmp_path / heartbeat.FOLDER).stat().st_mode & 0o077 == 0

    def test_given_one_of_another_boot_then_it_is_not_read(self, tmp_path: Path) -> None:
        heartbeat.write(tmp_path, beat())
        [path] = (tmp_path / heartbeat.FOLDER).glob("*.json")
        path.rename(path.with_name("0000-1-7.json"))
        assert heartbeat.read(tmp_path) == ()

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"at": 1}', '{"at": "x", "pid": 1}', "null"])
    def test_given_half_of_one_then_nothing_is_known(self, tmp_path: Path, text: str) -> None:
        heartbeat.write(tmp_path, beat())
        [path] = (tmp_path / heartbeat.FOLDER).glob("*.json")
        path.write_text(text)
        with pytest.raises(ValueError, match="cannot be understood"):
            heartbeat.read(tmp_path)
        assert Watchdog(tmp_path).look(99999.0)[0] is Duty.REST

    def test_given_servers_that_are_gone_then_a_new_one_tidies_up(self, tmp_path: Path) -> None:
        mine = beat(pid=os.getpid(), started=heartbeat.started(os.getpid()))
        heartbeat.write(tmp_path, beat(pid=2**22 - 1))
        heartbeat.write(tmp_path, mine)
        heartbeat.tidy(tmp_path, os.getpid())
        assert heartbeat.read(tmp_path) == (mine,)


class TestRefuge:
    """The home folder takes no file: a full disk."""

    @pytest.fixture
    def shm(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        made = tmp_path / "shm"
        made.mkdir()
        monkeypatch.setattr(heartbeat, "REFUGES", (made, tmp_path / "none"))
        return made

    @pytest.fixture
    def full(self, tmp_path: Path, shm: Path) -> Path:
        folder = tmp_path / "workspace"
        folder.mkdir()
        (folder / heartbeat.FOLDER).write_text("no folder can be made here")
        return folder

    def test_given_the_home_takes_it_then_nothing_is_left_in_memory(self, tmp_path: Path, shm: Path) -> None:
        assert heartbeat.write(tmp_path, beat()) is None
        assert list(shm.iterdir()) == []

    def test_given_the_home_refuses_it_then_it_lies_in_memory_for_this_account_alone(
        self, full: Path, shm: Path, tmp_path: Path
    ) -> None:
        assert isinstance(heartbeat.write(full, beat()), OSError)
        assert heartbeat.read(full) == (beat(),)
        assert heartbeat.read(tmp_path / "another workspace") == ()
        assert [each.stat().st_mode & 0o077 for each in (*shm.iterdir(), *shm.glob("*/*"))] == [0, 0]
        heartbeat.forget(full, 7)
        assert heartbeat.read(full) == ()

    def test_given_it_is_in_both_places_then_the_newer_one_counts(self, full: Path) -> None:
        heartbeat.write(full, beat(at=2000.0))
        (full / heartbeat.FOLDER).unlink()
        for at, expected in ((1000.0, 2000.0), (3000.0, 3000.0)):
            heartbeat.write(full, beat(at=at))
            assert [each.at for each in heartbeat.read(full)] == [expected]

    @pytest.mark.parametrize("kind", ["link", "open to others"])
    def test_given_somebody_else_could_have_made_the_place_then_it_is_not_used(
        self, full: Path, shm: Path, tmp_path: Path, kind: str
    ) -> None:
        place = shm / f"mlplatform-idle-{os.geteuid()}"
        if kind == "link":
            (tmp_path / "target").mkdir(mode=0o700)
            place.symlink_to(tmp_path / "target")
        else:
            place.mkdir()
            place.chmod(0o777)
        with pytest.raises(OSError, match="idle-watch"):
            heartbeat.write(full, beat())
        assert heartbeat.read(full) == ()

    def test_given_the_disk_is_full_then_the_server_says_so_once_and_beats_on(
        self, full: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        log = logging.getLogger("test")
        watched = Watched(full, tmp_path / "metadata.json", IdlePolicy(watchdog=False), 0.0, log)
        for now in (1000.0, 1015.0):
            watched.beat(now, 600.0, keeper_ok=False)
        [seen] = heartbeat.read(full)
        assert (seen.at, seen.keeper_ok) == (1015.0, False)
        [told] = caplog.records
        assert told.getMessage().startswith("The home folder does not take the sign of life for the watchdog")


class TestDoubts:
    """What keeps the workspace although no process works."""

    @pytest.fixture
    def dog(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watchdog:
        empty = Snapshot(0.0, {}, None, None)
        monkeypatch.setattr(watchdog_scan, "take", lambda now: empty._replace(at=now))
        monkeypatch.setattr(watchdog_scan, "stranger", lambda known: "")
        monkeypatch.setattr(watchdog_scan, "containers", lambda: "")
        monkeypatch.setattr(watchdog_scan, "graphics", lambda rule: ("", ""))
        ticks = iter(range(1, 10_000))
        monkeypatch.setattr(clock, "seconds", lambda: float(next(ticks)))
        heartbeat.write(tmp_path, beat())
        SqliteStore(tmp_path).leases()
        return Watchdog(tmp_path, tmp_path / "timestamp")

    def stops(self, dog: Watchdog, to: float = 5000.0, start: float = 1000.0) -> float | None:
        now = start
        while now <= to:
            duty, self.why = dog.look(now)
            if duty is Duty.STOP:
                return now
            now += 15
        return None

    def test_given_none_then_it_stops(self, dog: Watchdog) -> None:
        assert self.stops(dog) == 1000 + 330 + 600

    def test_given_a_keep_alive_then_it_waits_for_its_end_whatever_the_wall_clock_does(
        self, dog: Watchdog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        until_then = datetime.now(timezone.utc) + timedelta(seconds=2000)
        SqliteStore(tmp_path).keep(Lease(id="1", person="alice", until=until_then))
        assert self.stops(dog, to=2000) is None
        assert self.why == "a keep-alive has not ended"
        later = time.time() + 10_000
        monkeypatch.setattr(time, "time", lambda: later)
        assert self.stops(dog, start=2005, to=2900) is None

    def test_given_an_old_keep_alive_then_it_does_not_hold(self, dog: Watchdog, tmp_path: Path) -> None:
        ended = datetime.now(timezone.utc) - timedelta(seconds=1)
        SqliteStore(tmp_path).keep(Lease(id="1", person="alice", until=ended))
        assert self.stops(dog) is not None

    def test_given_the_keep_alives_cannot_be_read_then_nothing_stops(self, dog: Watchdog, tmp_path: Path) -> None:
        for content in (b"garbage" * 500, None):
            for path in tmp_path.glob("idle.db*"):
                path.unlink()
            if content:
                (tmp_path / "idle.db").write_bytes(content)
            assert self.stops(dog) is None
            assert "cannot be read" in self.why

    @pytest.mark.parametrize(
        "damage", ["document = 'half of {'", "document = '[]'", "document = X'ff'", "until = 'soon'", "until = X'ff'"]
    )
    def test_given_a_keep_alive_that_cannot_be_understood_then_nothing_stops(
        self, dog: Watchdog, tmp_path: Path, damage: str
    ) -> None:
        ended = datetime.now(timezone.utc) - timedelta(seconds=1)
        SqliteStore(tmp_path).keep(Lease(id="1", person="alice", until=ended))
        with closing(sqlite3.connect(tmp_path / "idle.db")) as connection, connection:
            connection.execute(f"UPDATE lease SET {damage}")  # noqa: S608 (the test's own)
        assert self.stops(dog) is None
        assert "keep-alives cannot be read" in self.why

    def test_given_somebody_uses_jupyterlab_while_the_server_seems_mute_then_the_idle_time_begins_after_that(
        self, dog: Watchdog, tmp_path: Path
    ) -> None:
        SqliteStore(tmp_path).beat(1400.0)  # before the watchdog began to look
        assert self.stops(dog, to=1500) is None
        SqliteStore(tmp_path).beat(1505.0)
        assert self.stops(dog, start=1510, to=2100) is None
        assert self.stops(dog, start=2105) is not None

    def test_given_a_beat_of_before_this_boot_then_it_holds_nothing(self, dog: Watchdog, tmp_path: Path) -> None:
        SqliteStore(tmp_path).beat(9e9)
        assert self.stops(dog) is not None

    def test_given_a_beat_that_cannot_be_understood_then_nothing_stops(self, dog: Watchdog, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / "idle.db")) as connection, connection:
            connection.execute("INSERT INTO presence (one, clock) VALUES (1, 'yesterday')")
        assert self.stops(dog) is None
        assert "somebody was there" in self.why

    def test_given_a_cell_had_not_ended_and_its_kernel_lives_then_nothing_stops(
        self, dog: Watchdog, tmp_path: Path
    ) -> None:
        heartbeat.write(tmp_path, beat(open_cells=(os.getpid(),)))
        assert self.stops(dog) is None
        heartbeat.write(tmp_path, beat(open_cells=(2**22 - 1,)))
        assert self.stops(dog) is not None

    def test_given_somebody_uses_another_editor_then_the_idle_time_begins_after_that(
        self, dog: Watchdog, tmp_path: Path
    ) -> None:
        assert self.stops(dog, to=1500) is None
        (tmp_path / "timestamp").write_text("2026-11-21T12:00:00.000000Z")
        assert self.stops(dog, start=1510, to=2100) is None
        assert self.stops(dog, start=2105) is not None

    @pytest.mark.parametrize("name", ["stranger", "containers"])
    def test_given_something_that_cannot_be_judged_then_nothing_stops(
        self, dog: Watchdog, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setattr(watchdog_scan, name, lambda *args: "it is not known")
        assert self.stops(dog) is None

    def test_given_the_gpu_works_or_cannot_be_asked_then_nothing_stops(
        self, dog: Watchdog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for told in (("the GPU was used at 80 %", ""), ("", "the GPU cannot be asked what it does")):
            monkeypatch.setattr(watchdog_scan, "graphics", lambda rule, told=told: told)
            assert self.stops(dog) is None


def test_a_jupyter_server_that_is_not_known_is_seen(tmp_path: Path) -> None:
    for pid, line in {"11": b"python\0/opt/bin/jupyter-lab\0--ip=x", "12": b"python\0-m\0ipykernel_launcher"}.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_bytes(line)
    assert watchdog_scan.stranger(frozenset({11}), tmp_path) == ""
    assert "pid 11" in watchdog_scan.stranger(frozenset(), tmp_path)


class TestProcess:
    """A real one."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        now = clock.seconds()
        heartbeat.write(tmp_path, beat(at=now, pid=os.getpid(), started=heartbeat.started(os.getpid())))
        yield tmp_path
        pid = watchdog_process.running(tmp_path)
        if pid:
            os.kill(pid, 9)

    def test_it_lives_in_its_own_session_once_and_stays_small(self, folder: Path) -> None:
        assert watchdog_process.running(folder) is None
        assert watchdog_process.start(folder)
        pid = until(lambda: watchdog_process.running(folder))
        assert pid
        until(lambda: "is there" in (folder / watchdog_process.LOG).read_text())
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        assert int(fields[1]) != os.getpid()
        assert int(fields[3]) not in (os.getsid(0), os.getpid())
        status = Path(f"/proc/{pid}/status").read_text()
        resident = int(status.split("VmRSS:")[1].split()[0]) * 1024
        assert resident <= MOST_BYTES
        assert watchdog_process.start(folder)
        assert watchdog.lock(folder) is None
        assert watchdog_process.running(folder) == pid

    def test_given_the_server_stands_down_then_it_leaves(self, folder: Path) -> None:
        heartbeat.write(folder, beat(at=clock.seconds(), pid=os.getpid(), timeout_seconds=None))
        assert watchdog_process.start(folder)
        until(lambda: "no need" in (folder / watchdog_process.LOG).read_text())
        until(lambda: watchdog_process.running(folder) is None)


def test_it_imports_nothing_but_the_standard_library() -> None:
    script = """if True:
        import sys, jupyter_mlplatform.idle.watchdog
        print([n for n in sys.modules if n.partition('.')[0] not in sys.stdlib_module_names])
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found = [name for name in eval(done.stdout) if not name.startswith(("jupyter_mlplatform", "__", "_"))]  # noqa: S307
    assert [
        name for name in found if "editable" not in name and name not in ("sitecustomize", "distutils-precedence")
    ] == []


WORLD = """
import json, os, subprocess, sys, time
from pathlib import Path
from jupyter_mlplatform.idle import watchdog, watchdog_rule
from jupyter_mlplatform.idle.local import clock, heartbeat
from jupyter_mlplatform.idle.local.heartbeat import Heartbeat

folder, metadata, kind = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
watchdog.REST_SECONDS = watchdog_rule.SAMPLE_SECONDS = 0.4
server = subprocess.Popen(["sleep", "600"])
worker = None
if kind == "works":
    worker = subprocess.Popen([sys.executable, "-c", "while True: pass"])
heartbeat.write(folder, Heartbeat(
    at=clock.seconds(), pid=server.pid, started=heartbeat.started(server.pid), mute_seconds=1.0, timeout_seconds=2.0,
    metadata=metadata, network_bytes_per_second=1e12, busy_cpu_fraction=0.2))
if kind != "mute":
    server.kill(); server.wait()
if kind == "back":
    def again():
        time.sleep(1.5)
        for _ in range(8):
            heartbeat.write(folder, Heartbeat(
                at=clock.seconds(), pid=os.getpid(), started=heartbeat.started(os.getpid()), mute_seconds=1.0,
                timeout_seconds=2.0, metadata=metadata))
            time.sleep(0.5)
        os._exit(3)
    import threading
    threading.Thread(target=again, daemon=True).start()
if kind == "works":
    import threading
    threading.Timer(6.0, lambda: os._exit(3)).start()
sys.exit(watchdog.run(folder))
"""


class TestWhole:
    """A server that is dead or mute, alone in a PID namespace; the app is SageMaker's strict stand-in."""

    @pytest.fixture
    def sagemaker(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Apps]:
        made = Apps()
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made
        made.stand_in.close()

    def live(self, folder: Path, kind: str) -> subprocess.CompletedProcess[str]:
        SqliteStore(folder).leases()
        root = os.geteuid() == 0
        alone = ["unshare", "-pf", "--mount-proc"] if root else ["unshare", "-Urpf", "--mount-proc"]
        command = [*alone, sys.executable, "-c", textwrap.dedent(WORLD), str(folder), str(metadata_file(folder)), kind]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def decisions(self, folder: Path) -> list[dict[str, Any]]:
        path = folder / "idle-decisions.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @pytest.mark.parametrize("kind", ["dead", "mute"])
    def test_given_the_server_is_gone_and_nothing_works_then_the_app_is_deleted_and_written_down(
        self, sagemaker: Apps, tmp_path: Path, kind: str
    ) -> None:
        done = self.live(tmp_path, kind)
        assert (done.returncode, done.stderr) == (0, "")
        assert sagemaker.stand_in.asked("DeleteApp") == 1
        [decision] = self.decisions(tmp_path)
        words = "the server has ended" if kind == "dead" else "the server does not answer"
        assert (decision["action"], decision["subject"], words in decision["why"]) == ("culled", "workspace", True)

    def test_given_a_process_works_then_it_is_left_alone(self, sagemaker: Apps, tmp_path: Path) -> None:
        done = self.live(tmp_path, "works")
        assert (done.returncode, sagemaker.stand_in.calls) == (3, [])
        assert "of a core" in done.stdout

    def test_given_the_server_comes_back_then_it_stands_down(self, sagemaker: Apps, tmp_path: Path) -> None:
        assert self.live(tmp_path, "back").returncode == 3
        assert sagemaker.stand_in.calls == []

    def test_given_reserved_capacity_then_nothing_is_deleted_and_it_is_written_down_once(
        self, sagemaker: Apps, tmp_path: Path
    ) -> None:
        sagemaker.extra = {"RecoveryMode": True}
        SqliteStore(tmp_path).leases()
        with pytest.raises(subprocess.TimeoutExpired):
            self._live_for(tmp_path, 9)
        assert sagemaker.stand_in.asked("DeleteApp") == 0
        assert [each["action"] for each in self.decisions(tmp_path)] == ["failed"]

    def _live_for(self, folder: Path, seconds: float) -> None:
        alone = ["unshare", "-pf", "--kill-child", "--mount-proc"]
        alone = alone if os.geteuid() == 0 else ["unshare", "-Urpf", "--kill-child", "--mount-proc"]
        command = [
            *alone,
            sys.executable,
            "-c",
            textwrap.dedent(WORLD),
            str(folder),
            str(metadata_file(folder)),
            "dead",
        ]
        subprocess.run(command, capture_output=True, timeout=seconds, check=False)


def test_a_denied_deletion_is_not_tried_again_for_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Apps()
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    made.stand_in.fail("DeleteApp", Refusal("AccessDeniedException"))
    dog = Watchdog(tmp_path)
    before = clock.seconds()
    assert not dog.stop("nothing works", str(metadata_file(tmp_path)))
    assert dog._not_before >= before + 3600
    made.stand_in.close()
