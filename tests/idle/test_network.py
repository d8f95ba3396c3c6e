"""Network use: real sockets of real processes, counted by the kernel; only the interfaces' counters are the test's."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.local import sockets
from jupyter_mlplatform.idle.local.network import NetworkUse, network_source
from jupyter_mlplatform.idle.local.sockets import PROC, ProcSockets, PsutilSockets, leaves
from jupyter_mlplatform.idle.models import WORKSPACE, Signal, kernel, terminal
from jupyter_mlplatform.idle.network import Flow, loudest, rates
from jupyter_mlplatform.idle.ports import EVERYTHING, View
from jupyter_mlplatform.policy import IdlePolicy

linux = pytest.mark.skipif(not PROC.exists(), reason="the kernel's own lists of sockets are Linux's; see the ledger")


def _can_part_networks() -> bool:
    """Whether this account may give a process a network of its own; containers and some systems forbid it."""
    try:
        made = subprocess.run(["unshare", "-rn", "ip", "link", "add", "a0", "type", "veth"], capture_output=True)
        return made.returncode == 0 and bool(shutil.which("nsenter"))
    except FileNotFoundError:
        return False


K1, K2 = kernel("one"), kernel("two")
MB = 1_000_000

TALK = """
import fcntl, socket, struct, sys, termios, time
kind, port = sys.argv[1], int(sys.argv[2])
s = socket.socket(type=socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.connect(("127.0.0.1", port))
print("open", flush=True)
for line in sys.stdin:
    left = int(line)
    while left > 0:
        left -= s.send(b"x" * min(left, 1000))
    while struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, bytes(4)))[0]:
        time.sleep(0.01)  # until the other end has acknowledged all of it
    print("sent", flush=True)
"""


class Talker:
    """A process with a socket, that sends what it is told to."""

    def __init__(self, kind: str, port: int) -> None:
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", TALK, kind, str(port)]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._answered("open")

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, count: int) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        self._answered("sent")

    def close(self) -> None:
        self.process.communicate()

    def _answered(self, word: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == f"{word}\n"


@pytest.fixture
def receiver() -> Iterator[int]:
    """The port of a process that reads whatever comes, from anybody."""
    code = (
        "import socket, sys, threading\n"
        "s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
        "def drain(c):\n    while c.recv(65536): pass\n"
        "def accept():\n    while True: threading.Thread(target=drain, args=(s.accept()[0],), daemon=True).start()\n"
        "threading.Thread(target=accept, daemon=True).start(); sys.stdin.read()\n"
    )
    pipe = subprocess.PIPE
    started = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True)
    assert started.stdout
    yield int(started.stdout.readline())
    started.communicate()


@pytest.fixture
def talkers(receiver: int) -> Iterator[list[Talker]]:
    made = [Talker("tcp", receiver), Talker("tcp", receiver)]
    yield made
    for each in made:
        each.close()


class Machine(ProcSockets):
    """Linux, on which the loopback counts as a network, and whose interfaces have carried what the test says."""

    def __init__(self) -> None:
        super().__init__(outside=lambda local, remote: any(remote))
        self.carried = 0
        self.asked = 0

    def counters(self) -> dict[str, int]:
        return {"eth0": self.carried}

    def flows(self, pids: Iterable[int]) -> list[Flow]:
        self.asked += 1
        return super().flows(pids)


def view(now: float, owners: dict[int, set[str]] | None = None) -> View:
    owned = {pid: frozenset(each) for pid, each in (owners or {}).items()}
    return View(now=now, utc=datetime.now(timezone.utc), owners=owned, policy=IdlePolicy())


def signals(found: object) -> dict[str, Signal]:
    assert isinstance(found, dict)
    answers: dict[str, Finding] = found
    return {subject: each.evidence.signal for subject, each in answers.items()}


@linux
def test_when_a_kernels_process_sends_at_two_looks_in_a_row_then_it_works_and_another_does_not(
    talkers: list[Talker],
) -> None:
    machine, (busy, still) = Machine(), talkers
    source = NetworkUse(machine)
    owners = {busy.pid: {K1}, still.pid: {K2}, os.getpid(): set()}
    assert source.look(view(10.0, owners)) == {}
    for now in (20.0, 30.0):
        busy.send(4 * MB)
        machine.carried += 5 * MB
        found = source.look(view(now, owners))
    assert signals(found) == {WORKSPACE: Signal.WORK, K1: Signal.WORK}
    text = found[K1].evidence.text
    assert text.startswith("a process (python")
    assert f"pid {busy.pid}) sent and received " in text
    assert 380 < float(text.partition("received ")[2].partition(" KiB/s")[0]) < 480


@linux
def test_when_the_network_was_loud_only_once_then_that_is_no_work(talkers: list[Talker]) -> None:
    machine = Machine()
    source = NetworkUse(machine)
    owners = {talkers[0].pid: {K1}}
    source.look(view(10.0, owners))
    machine.carried += 50 * MB
    talkers[0].send(5 * MB)
    assert signals(source.look(view(20.0, owners))) == {WORKSPACE: Signal.IDLE}
    assert signals(source.look(view(30.0, owners))) == {WORKSPACE: Signal.IDLE}
    machine.carried += 50 * MB
    assert signals(source.look(view(40.0, owners))) == {WORKSPACE: Signal.IDLE}


@linux
def test_when_the_network_is_quiet_then_no_socket_is_looked_at(talkers: list[Talker]) -> None:
    machine = Machine()
    source = NetworkUse(machine)
    for now in (10.0, 20.0, 30.0):
        machine.carried += 100_000
        found = source.look(view(now, {talkers[0].pid: {K1}}))
    assert found[WORKSPACE].evidence.text == "the network carried 10 KiB/s"
    assert machine.asked == 0


@linux
def test_when_the_server_itself_is_busy_then_that_is_not_work(talkers: list[Talker]) -> None:
    server, quiet = talkers
    machine = Machine()
    source = NetworkUse(machine, servers=frozenset({server.pid}))
    owners = {server.pid: set[str](), quiet.pid: {K1}}
    for now in (10.0, 20.0, 30.0):
        server.send(4 * MB)
        machine.carried += 4 * MB
        found = source.look(view(now, owners))
    assert signals(found) == {WORKSPACE: Signal.IDLE}
    assert found[WORKSPACE].evidence.text.endswith("but not for a process of yours")


@linux
def test_when_a_process_of_no_kernel_sends_then_the_workspace_works_alone(talkers: list[Talker]) -> None:
    machine = Machine()
    source = NetworkUse(machine)
    for now in (10.0, 20.0, 30.0):
        talkers[0].send(4 * MB)
        machine.carried += 4 * MB
        found = source.look(view(now, {talkers[0].pid: set(), talkers[1].pid: {K1}}))
    assert signals(found) == {WORKSPACE: Signal.WORK}


@linux
def test_when_it_is_udp_then_those_work_that_hold_a_socket(talkers: list[Talker]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as end:
        end.bind(("127.0.0.1", 0))
        talker = Talker("udp", end.getsockname()[1])
        try:
            machine = Machine()
            source = NetworkUse(machine)
            for now in (10.0, 20.0, 30.0):
                machine.carried += 9 * MB
                found = source.look(view(now, {talker.pid: {terminal("1")}, talkers[0].process.pid + 0: set()}))
            assert signals(found)[terminal("1")] is Signal.WORK
            why = "the network carried 879 KiB/s that no connection explains, while a process has one open"
            assert found[WORKSPACE].evidence.text == why
            for now in (40.0, 50.0):
                machine.carried += 9 * MB
                found = source.look(view(now, {os.getppid(): {K1}}))
            assert signals(found) == {WORKSPACE: Signal.IDLE}
        finally:
            talker.close()


@linux
def test_when_netlink_is_refused_then_the_lists_tell_who_holds_a_socket(
    talkers: list[Talker], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Iterator[Any]:
        raise PermissionError

    machine = Machine()
    exact = {flow.holder for flow in machine.flows([])}
    monkeypatch.setattr(sockets, "dump", refuse)
    assert {flow.holder for flow in machine.flows([])} >= exact
    source = NetworkUse(machine)
    for now in (10.0, 20.0, 30.0):
        machine.carried += 9 * MB
        found = source.look(view(now, {talkers[0].pid: {K1}, os.getppid(): {K2}}))
    assert signals(found) == {K1: Signal.WORK, WORKSPACE: Signal.WORK}


def test_where_there_is_no_proc_then_psutil_tells_who_holds_a_socket(talkers: list[Talker]) -> None:
    class Elsewhere(PsutilSockets):
        carried = 0

        def counters(self) -> dict[str, int]:
            assert all(not name.startswith("lo") for name in super().counters())
            return {"en0": self.carried}

    machine = Elsewhere(outside=lambda local, remote: any(remote))
    source = NetworkUse(machine)
    for now in (10.0, 20.0, 30.0):
        machine.carried += 9 * MB
        found = source.look(view(now, {talkers[0].pid: {K1}, os.getppid(): {K2}}))
    assert signals(found) == {K1: Signal.WORK, WORKSPACE: Signal.WORK}
    assert machine.name(talkers[0].pid).startswith("python")


@linux
def test_when_a_process_opens_a_connection_for_each_thing_then_what_is_left_of_the_traffic_keeps_it(
    talkers: list[Talker], receiver: int
) -> None:
    machine = Machine()
    source = NetworkUse(machine)
    for now in (10.0, 20.0, 30.0):
        with socket.create_connection(("127.0.0.1", receiver)) as short:
            short.sendall(b"x" * MB)
        machine.carried += 9 * MB
        found = source.look(view(now, {talkers[0].pid: {K1}}))
    assert signals(found) == {K1: Signal.WORK, WORKSPACE: Signal.WORK}


@pytest.mark.skipif(not _can_part_networks(), reason="this machine cannot give a process a network; see the ledger")
def test_given_a_second_machine_on_a_cable_when_a_kernel_sends_to_it_then_only_that_one_works(python: str) -> None:
    program = Path(__file__).with_name("two_machines.py")
    root = Path(__file__).parents[2]
    command = ["unshare", "-rn", python, str(program)]
    made = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    first, loud, louder, still, _ = json.loads(made.stdout)
    assert first == {}
    assert {subject: signal for subject, (signal, _) in loud.items()} == {WORKSPACE: "idle"}
    assert {subject: signal for subject, (signal, _) in louder.items()} == {WORKSPACE: "work", K1: "work"}
    assert louder[K1][1].startswith("a process (python")
    assert still == {WORKSPACE: ["idle", "the network carried 0 KiB/s"]}


def test_when_a_tunnel_carries_the_same_again_then_the_busiest_interface_counts() -> None:
    assert loudest({"eth0": 0, "tun0": 0}, {"eth0": 1000, "tun0": 900, "new": 5000}, 10.0) == 100.0
    assert loudest({"eth0": 5000}, {"eth0": 10}, 10.0) == 0.0  # it was set up again
    assert loudest({}, {}, 10.0) == 0.0


def test_when_a_socket_is_new_then_all_that_it_carried_counts_and_a_counter_never_runs_backwards() -> None:
    before = {1: Flow(key=1, holder=11, carried=100), 2: Flow(key=2, holder=12, carried=100)}
    after = [
        Flow(key=1, holder=11, carried=300),
        Flow(key=2, holder=12, carried=50),
        Flow(key=3, holder=11, carried=700),
        Flow(key=4, holder=14),
    ]
    assert rates(before, after, 10.0) == {11: 90.0, 12: 0.0, 14: 0.0}


@pytest.mark.parametrize(
    ("local", "remote", "so"),
    [
        ("10.0.0.2", "52.1.2.3", True),
        ("10.0.0.2", "10.0.0.2", False),
        ("127.0.0.1", "127.0.0.53", False),
        ("10.0.0.2", "0.0.0.0", False),  # noqa: S104
        ("::1", "::1", False),
        ("fd00::2", "fd00::3", True),
        ("fd00::2", "::", False),
        ("::ffff:10.0.0.2", "::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.2", "::ffff:10.0.0.2", False),
        ("::ffff:10.0.0.2", "::ffff:52.1.2.3", True),
    ],
)
def test_when_both_ends_are_on_this_machine_then_nothing_leaves_it(local: str, remote: str, so: bool) -> None:
    family = socket.AF_INET6 if ":" in remote else socket.AF_INET
    assert leaves(socket.inet_pton(family, local), socket.inet_pton(family, remote)) is so


def test_when_the_interfaces_cannot_be_read_then_that_is_raised(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="net"):
        NetworkUse(ProcSockets(tmp_path)).look(view(10.0))


def test_when_the_same_instant_is_asked_for_twice_then_the_answer_is_the_same() -> None:
    source = network_source()
    assert source
    assert (source.name, source.scope) == ("network", EVERYTHING)
    source.look(view(10.0))
    assert source.look(view(20.0)) == source.look(view(20.0)) != {}
