"""One suite for both readers of the process table, then what only Linux has, and the whole with real processes."""

from __future__ import annotations

import itertools
import os
import pty
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.idle.cpu import Measured, Meter, Process, Role, Scan
from jupyter_mlplatform.idle.local.baseline import BaselineFile
from jupyter_mlplatform.idle.local.processes import PROC, ROW_TURNS, ProcScan, PsutilScan, origin, process_table
from jupyter_mlplatform.idle.models import Signal, terminal
from jupyter_mlplatform.idle.process_evidence import of_terminal
from jupyter_mlplatform.policy import IdlePolicy
from tests.poll import until

LINUX = (PROC / "self" / "stat").exists()
READERS = [PsutilScan, *([ProcScan] if LINUX else [])]
BURN = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def run(*command: str, **more: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(command, **{"start_new_session": True, **more}))
        return started[-1]

    yield run
    for each in started:
        each.kill()
        each.wait()


@pytest.mark.parametrize("reader", READERS)
def test_a_busy_child_is_seen_with_its_parent_session_origin_user_and_growing_cpu(
    reader: Any, start: Start, python: str
) -> None:
    env = {**os.environ, "JPY_PARENT_PID": "77", "JPY_SESSION_NAME": "a b.ipynb"}
    env.pop("PYXTERM_DIMENSIONS", None)
    child = start(python, "-c", BURN, env=env)
    scans = reader()
    first = until(lambda: (seen := scans.scan().processes.get(child.pid)) and seen.origin and seen)
    assert (first.parent, first.session, first.group, first.zombie) == (os.getpid(), child.pid, child.pid, False)
    assert (first.origin, first.user, first.role) == ("77\na b.ipynb", os.getuid(), Role.ORDINARY)
    assert first.name.startswith("python")
    later = until(lambda: (seen := scans.scan().processes[child.pid]).own_seconds > first.own_seconds + 0.1 and seen)
    assert later.key == first.key
    assert scans.scan().reader == os.getpid()


@pytest.mark.parametrize("reader", READERS)
def test_an_ended_child_hands_its_time_to_its_parent_and_is_gone(reader: Any, python: str) -> None:
    scans = reader()
    before = scans.scan().processes[os.getpid()].children_seconds
    code = "import time\nwhile time.process_time() < 0.3: pass"
    pid = subprocess.Popen([python, "-c", code])
    pid.wait()
    after = scans.scan()
    assert pid.pid not in after.processes
    assert after.processes[os.getpid()].children_seconds >= before + 0.25


@pytest.mark.parametrize("reader", READERS)
def test_a_process_that_becomes_another_program_is_looked_at_again(reader: Any, start: Start) -> None:
    scans = reader(watchers=["sleep"])
    child = start("sh", "-c", "read line; exec sleep 60", stdin=subprocess.PIPE)
    seen = until(lambda: scans.scan().processes.get(child.pid))
    assert (seen.name, seen.role) == ("sh", Role.ORDINARY)
    assert child.stdin is not None
    child.stdin.write(b"go\n")
    child.stdin.flush()
    until(lambda: (now := scans.scan().processes[child.pid]).name == "sleep" and now.role is Role.WATCHER)


def test_what_tells_descendants_apart_is_the_kernels_session_or_the_terminals_server() -> None:
    assert origin({"JPY_PARENT_PID": "7", "JPY_SESSION_NAME": "a.ipynb", "SECRET": "x"}) == "7\na.ipynb"
    assert origin({"JPY_PARENT_PID": "7"}) == "7\n"
    terminals = {"PYXTERM_DIMENSIONS": "80x25", "JUPYTER_SERVER_URL": "http://here/"}
    assert origin(terminals) == "terminal\n\nhttp://here/"
    assert origin({"PATH": "/bin"}) == ""


def table(folder: Path, rows: dict[int, bytes | None]) -> Path:
    """A folder like /proc; None is a process that ended before it was read."""
    for pid, stat in rows.items():
        (folder / str(pid)).mkdir(exist_ok=True)
        if stat is not None:
            (folder / str(pid) / "stat").write_bytes(stat)
    (folder / "uptime").write_text("1")
    return folder


def line(pid: int, name: str = "p", state: str = "S", parent: int = 1, stack: int = 5, **more: int) -> bytes:
    numbers = {
        "session": 60,
        "tty": 0,
        "foreground": -1,
        "own": 200,
        "children": 50,
        "started": 4242,
        "flags": 0,
        **more,
    }
    return (
        f"{pid} ({name}) {state} {parent} 50 {numbers['session']} {numbers['tty']} {numbers['foreground']}"
        f" {numbers['flags']} 0 0 0 0"
        f" {numbers['own'] - 50} 50 {numbers['children'] - 20} 20 20 0 1 0 {numbers['started']} 0 0 0 0 0 {stack} 0 0"
    ).encode()


def read(folder: Path, **more: Any) -> dict[int, Process]:
    return dict(ProcScan(folder, **more).scan().processes)


def test_a_name_with_spaces_and_parentheses_is_read_and_a_vanished_process_is_left_out(tmp_path: Path) -> None:
    found = read(table(tmp_path, {41: line(41, "a (b) c", tty=34816, foreground=77), 42: None}))
    assert list(found) == [41]
    only, ticks = found[41], os.sysconf("SC_CLK_TCK")
    assert (only.name, only.parent, only.group, only.session, only.started) == ("a (b) c", 1, 50, 60, 4242.0)
    assert (only.tty, only.foreground, only.origin, only.user) == (34816, 77, "", -1)
    assert (only.own_seconds, only.children_seconds) == (pytest.approx(200 / ticks), pytest.approx(50 / ticks))


@pytest.mark.parametrize(
    "garbled", [b"", b"41", b"41 (p", b"41 (p) S 1 2", b"41 (p) S x y z", b"\xff\xfe)", b") S 1 2 3"]
)
def test_a_line_that_cannot_be_read_is_left_out(garbled: bytes, tmp_path: Path) -> None:
    assert list(read(table(tmp_path, {41: garbled, 43: line(43)}))) == [43]


def test_states_and_the_systems_own_threads_are_told(tmp_path: Path) -> None:
    own = 0x00200040
    rows = {2: line(2, "kthreadd", parent=0, flags=own), 9: line(9, parent=2, flags=own)}
    rows |= {41: line(41, state="D"), 42: line(42, state="Z")}
    found = read(table(tmp_path, rows))
    assert {pid: (each.aside, each.blocked, each.zombie) for pid, each in found.items()} == {
        2: (True, False, False),
        9: (True, False, False),
        41: (False, True, False),
        42: (False, False, True),
    }


def test_in_a_container_the_server_may_be_number_two_and_its_kernels_are_no_threads_of_the_system(
    tmp_path: Path,
) -> None:
    found = read(table(tmp_path, {2: line(2, "jupyter", parent=1), 9: line(9, "python", parent=2)}))
    assert not any(each.aside for each in found.values())


def test_a_dask_worker_shares_the_heartbeat_of_the_nanny_that_started_it(tmp_path: Path) -> None:
    folder = table(tmp_path, {41: line(41, "python", parent=77), 42: line(42, "python", parent=41)})
    for pid in ("41", "42"):
        (folder / pid / "environ").write_bytes(b"A=b\0__DASK_PARENT_PID=77\0")
        (folder / pid / "cmdline").write_bytes(b"python\0-c\0spawn_main()\0--multiprocessing-fork\0")
    found = read(folder)
    assert (found[41].role, found[41].host) == (Role.HEARTBEATER, 77)
    assert (found[42].role, found[42].host) == (Role.ORDINARY, 0)


def test_what_a_process_is_gets_read_once_and_again_when_its_stack_shows_another_program(tmp_path: Path) -> None:
    folder = table(tmp_path, {41: line(41, "python")})
    scans = ProcScan(folder)
    (folder / "41" / "cmdline").write_bytes(b"python\0a.py\0")
    assert scans.scan().processes[41].name == "a.py"
    (folder / "41" / "cmdline").write_bytes(b"python\0b.py\0")
    table(tmp_path, {41: line(41, "python", own=300)})
    assert scans.scan().processes[41].name == "a.py"
    table(tmp_path, {41: line(41, "python", own=300, stack=6)})
    assert scans.scan().processes[41].name == "b.py"


def test_a_ray_worker_whose_title_was_cut_is_read_again_whenever_it_has_done_anything(tmp_path: Path) -> None:
    folder = table(tmp_path, {41: line(41, "ray::Transforme")})
    scans = ProcScan(folder)
    (folder / "41" / "cmdline").write_bytes(b"ray::Transformer\0")
    assert scans.scan().processes[41].role is Role.HEARTBEATER
    (folder / "41" / "cmdline").write_bytes(b"ray::Transformer.fit\0")
    table(tmp_path, {41: line(41, "ray::Transforme", own=300)})
    assert scans.scan().processes[41].role is Role.ORDINARY


def test_an_unchanged_row_is_the_same_object_and_the_dead_are_forgotten(tmp_path: Path) -> None:
    folder = table(tmp_path, {pid: line(pid) for pid in range(41, 241)})
    scans = ProcScan(folder)
    first = scans.scan().processes
    for pid in range(42, 241):
        (folder / str(pid) / "stat").unlink()
    assert scans.scan().processes[41] is first[41]
    assert set(scans._about) == {(41, 4242.0)}


def test_storage_is_read_where_it_may_be_and_only_when_asked_for(tmp_path: Path) -> None:
    folder = table(tmp_path, {41: line(41), 42: line(42), 43: line(43), 44: line(44, state="Z")})
    for pid in ("41", "44"):
        (folder / pid / "io").write_bytes(
            b"rchar: 9\nwchar: 9\nsyscr: 1\nsyscw: 1\nread_bytes: 300\nwrite_bytes: 4096\n"
        )
    (folder / "42" / "io").write_bytes(b"what")
    scans = ProcScan(folder)
    assert scans.scan().io == {41: 4396}
    assert scans.scan(io=False).io == {}


def test_a_terminals_keyboard_is_the_access_time_of_its_device(tmp_path: Path) -> None:
    folder = table(tmp_path, {41: line(41, tty=34816 + 3), 42: line(42, tty=1025), 43: line(43, tty=34816 + 9)})
    (tmp_path / "dev" / "pts").mkdir(parents=True)
    device = tmp_path / "dev" / "pts" / "3"
    device.touch()
    os.utime(device, (1000.0, 2000.0))
    assert ProcScan(folder, devices=tmp_path / "dev").scan().typed == {34819: 1000.0}


def test_the_first_scan_of_a_boot_is_the_baseline_of_every_later_server(tmp_path: Path) -> None:
    def scan(*pids: int, first: float = 7.0) -> Scan:
        parents = {1: 0, 50: 1, 60: 50}
        rows = {1: Process(pid=1, started=first, parent=0, session=1, name="init", own_seconds=0.0)}
        for pid in pids:
            rows[pid] = Process(
                pid=pid, started=float(pid), parent=parents.get(pid, 1), session=1, name="p", own_seconds=0.0
            )
        return Scan(0.0, rows, reader=50)

    first = BaselineFile(tmp_path, lambda: "boot")
    assert first.of(scan(7, 50, 60)) == {(1, 7.0), (7, 7.0)}
    assert first.of(scan(8)) == {(1, 7.0), (7, 7.0)}
    assert BaselineFile(tmp_path, lambda: "boot").of(scan(8, 50)) == {(1, 7.0), (7, 7.0)}
    assert BaselineFile(tmp_path, lambda: "other boot").of(scan(8, 50)) == {(1, 7.0), (8, 8.0)}
    assert BaselineFile(tmp_path, lambda: "boot").of(scan(9, first=8.0)) == {(1, 8.0), (9, 9.0)}
    (tmp_path / "idle-baseline.json").write_text('{"boot 7.0": [[')
    assert BaselineFile(tmp_path, lambda: "boot").of(scan(8)) == {(1, 7.0), (8, 8.0)}


def test_a_baseline_that_cannot_be_written_still_holds_for_this_server(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    row = Process(pid=7, started=7.0, parent=0, session=1, name="p", own_seconds=0.0)
    assert BaselineFile(tmp_path / "file", lambda: "boot").of(Scan(0.0, {7: row})) == {(7, 7.0)}


def patiently(look: Callable[[], Any]) -> Any:
    """Over intervals that are long enough to be measured on a machine that has more to do."""
    return until(look, seconds=60.0, every=1.0)


class Shell:
    """A real shell on a real terminal, with nobody but the test at the keyboard."""

    def __init__(self, start: Start) -> None:
        self.screen, device = pty.openpty()
        command = ("setsid", "-c", "bash", "--norc", "-i")
        env = {**os.environ, "PYXTERM_DIMENSIONS": "80x25"}
        streams = {"stdin": device, "stdout": device, "stderr": device}
        self.shell = start(*command, env=env, start_new_session=False, **streams)
        os.close(device)
        self.meter = Meter()
        self.scans = ProcScan()

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def measure(self) -> Measured:
        os.set_blocking(self.screen, False)
        with suppress(OSError):  # nothing to read, or nobody left at the other end
            while os.read(self.screen, 65536):
                pass
        return self.meter.measure(self.scans.scan(), {terminal("1"): self.shell.pid})

    def look(self) -> tuple[Signal, str]:
        measured = self.measure()
        found = of_terminal(measured.uses.get(terminal("1")), IdlePolicy(), self.meter._at)
        return found.evidence.signal, found.evidence.text


@pytest.fixture
def shell(start: Start) -> Iterator[Shell]:
    opened = Shell(start)
    yield opened
    left = [each.pid for each in opened.scans.scan(fresh=True).processes.values() if each.session == opened.shell.pid]
    os.close(opened.screen)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, 9)


def test_a_real_terminal_is_idle_at_the_prompt_and_at_work_with_a_silent_job(shell: Shell, python: str) -> None:
    until(lambda: shell.look()[1].startswith("it is at the prompt"))
    shell.type(f"{python} -c 'while 1: pass'\n")
    patiently(lambda: "in the foreground used" in shell.look()[1])
    shell.type("\x1a")
    until(lambda: shell.measure().uses[terminal("1")].job == "")
    shell.type("bg\n")
    patiently(lambda: "which it started, used" in shell.look()[1])
    shell.type("kill %1\n")
    patiently(lambda: shell.look()[0] is Signal.IDLE and shell.measure().uses[terminal("1")].others == 0)


def test_real_key_strokes_count_and_output_alone_does_not(shell: Shell) -> None:
    until(lambda: shell.look()[1].startswith("it is at the prompt"))
    shell.type("while sleep 0.2; do echo x; done\n")
    until(lambda: shell.measure().uses[terminal("1")].job != "")
    patiently(lambda: shell.look()[0] is Signal.IDLE)
    typed_at = shell.measure().uses[terminal("1")].typed_at
    deadline = time.monotonic() + 9.0  # Linux notes the time of a key stroke to eight seconds
    until(lambda: time.monotonic() > deadline)
    assert shell.measure().uses[terminal("1")].typed_at == typed_at
    shell.type("\x03")
    shell.type(" \n")
    until(lambda: shell.measure().uses[terminal("1")].typed_at != typed_at)


def test_a_detached_job_keeps_working_in_the_eyes_of_the_workspace_when_its_terminal_has_ended(
    shell: Shell, python: str, tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    until(lambda: shell.look()[1].startswith("it is at the prompt"))
    code = f'import os; open(\\"{note}\\", \\"w\\").write(str(os.getpid())); exec(\\"while 1: pass\\")'
    shell.type(f'setsid nohup {python} -c "{code}" > /dev/null 2>&1 & disown\n')
    pid = until(lambda: note.exists() and note.read_text() and int(note.read_text()))
    try:
        assert until(lambda: terminal("1") in shell.measure().owners.get(pid, ()))
        shell.shell.kill()
        shell.shell.wait()
        busy = patiently(lambda: [each for each in shell.measure().others if each.pid == pid and each.own > 0.01])
        assert busy[0].baseline is False
    finally:
        os.kill(pid, 9)


def test_a_real_write_is_seen_as_storage_where_the_system_counts_it(start: Start, python: str) -> None:
    code = "import os,sys,time\nf = open(sys.argv[1], 'wb')\n"
    code += "while 1: f.seek(0); f.write(b'x' * 200000); f.flush(); os.fsync(f.fileno()); time.sleep(0.1)"
    with tempfile.NamedTemporaryFile(dir=Path(__file__).parent) as file:
        child = start(python, "-c", code, file.name)
        scans, meter = ProcScan(), Meter()
        busy = until(
            lambda: [
                each for each in meter.measure(scans.scan(), {}).others if each.pid == child.pid and each.io > 65536
            ]
        )
        assert busy
        child.kill()
        child.wait()


def test_this_systems_reader_takes_names_from_the_policy(start: Start) -> None:
    child = start("sleep", "60")
    scans = process_table(IdlePolicy(heartbeaters=("sleep",)))
    seen = until(lambda: (now := scans.scan(fresh=True).processes.get(child.pid)) and now.name == "sleep" and now)
    assert seen.role is Role.HEARTBEATER


def test_given_a_row_that_does_not_change_then_its_storage_is_asked_now_and_then_and_told_as_a_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, now = table(tmp_path, {41: line(41)}), 0.0
    monkeypatch.setattr("jupyter_mlplatform.idle.local.clock.seconds", lambda: now)
    scans, told = ProcScan(folder), []
    for sample in range(20):
        now = 15.0 * sample
        moved = 1500 * max(0, sample - 5)  # it begins after a while
        (folder / "41" / "io").write_bytes(b"read_bytes: %d\nwrite_bytes: 0\n" % moved)
        told.append(scans.scan().io[41])
    steps = [after - before for before, after in itertools.pairwise(told)]  # bytes a sample
    found = next(number for number, step in enumerate(steps) if step)
    assert found - 5 in range(5)
    assert 0 < steps[found] <= 1500  # never more than the true rate
    assert set(steps[found + 1 :]) == {1500}  # once it moves, it is asked every time
    assert set(steps[:found]) == {0}


def test_given_a_process_that_has_moved_something_when_it_is_first_seen_then_it_is_asked_at_every_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, now = table(tmp_path, {pid: line(pid) for pid in range(41, 45)}), 0.0
    monkeypatch.setattr("jupyter_mlplatform.idle.local.clock.seconds", lambda: now)
    scans, told = ProcScan(folder), []
    for sample in range(4):
        now = 15.0 * sample
        for pid in range(41, 45):
            (folder / str(pid) / "io").write_bytes(b"read_bytes: %d\nwrite_bytes: 0\n" % (1500 * (sample + 1)))
        told.append(scans.scan().io)
    for before, after in itertools.pairwise(told):
        assert {pid: after[pid] - before[pid] for pid in after} == dict.fromkeys(range(41, 45), 1500)


class TestSparingRows:
    """A pass over a few processes that are read in turns, and what the machine says that all of them have used."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        made = table(tmp_path, {pid: line(pid) for pid in range(41, 61)})
        (made / "stat").write_bytes(b"cpu 1 2 3\nprocs_running 1\nprocs_blocked 0\nsoftirq 0\n")
        return made

    @pytest.fixture
    def scans(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Scan]:
        now, table_of = 0.0, ProcScan(folder)
        monkeypatch.setattr("jupyter_mlplatform.idle.local.clock.seconds", lambda: now)

        def scan(used: float | None, *, fresh: bool = False) -> Scan:
            nonlocal now
            now += 15.0
            return table_of.scan(used=used, fresh=fresh)

        scan(None)
        return scan

    def test_given_nothing_was_used_then_what_did_nothing_is_read_in_turns(
        self, folder: Path, scans: Callable[..., Scan]
    ) -> None:
        scans(0.0)
        for pid in range(41, 61):
            (folder / str(pid) / "stat").write_bytes(line(pid, own=900))
        seen = [sum(each.own_seconds > 5.0 for each in scans(0.0).processes.values()) for _ in range(ROW_TURNS)]
        assert seen[0] in range(1, 11)
        assert seen == sorted(seen)
        assert seen[-1] == 20

    def test_given_the_machine_used_more_than_what_was_read_says_then_all_are_read(
        self, folder: Path, scans: Callable[..., Scan]
    ) -> None:
        scans(0.0)
        for pid in range(41, 61):
            (folder / str(pid) / "stat").write_bytes(line(pid, own=900))
        assert all(each.own_seconds > 5.0 for each in scans(180.0).processes.values())

    @pytest.mark.parametrize("reason", ["fresh", "not known", "somebody waits", "no count"])
    def test_given_it_must_be_sure_or_cannot_then_all_are_read(
        self, folder: Path, scans: Callable[..., Scan], reason: str
    ) -> None:
        scans(0.0)
        for pid in range(41, 61):
            (folder / str(pid) / "stat").write_bytes(line(pid, own=900))
        if reason == "somebody waits":
            (folder / "stat").write_bytes(b"cpu 1\nprocs_blocked 1\n")
        if reason == "no count":
            (folder / "stat").unlink()
        found = scans(None if reason == "not known" else 0.0, fresh=reason == "fresh")
        assert all(each.own_seconds > 5.0 for each in found.processes.values())

    def test_given_a_process_was_at_work_then_it_is_read_the_next_time_as_well(
        self, folder: Path, scans: Callable[..., Scan]
    ) -> None:
        (folder / "45" / "stat").write_bytes(line(45, own=900))
        scans(None)
        for used in (1000, 1100, 1200, 1300):
            (folder / "45" / "stat").write_bytes(line(45, own=used))
            assert scans(1.0).processes[45].own_seconds == used / 100

    def test_given_a_new_process_and_one_that_has_ended_then_both_are_seen_at_once(
        self, folder: Path, scans: Callable[..., Scan]
    ) -> None:
        table(folder, {99: line(99)})
        shutil.rmtree(folder / "50")
        assert set(scans(0.0).processes) == {*range(41, 61), 99} - {50}
