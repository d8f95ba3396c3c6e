from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.idle.cpu import Process, Scan
from jupyter_mlplatform.idle.local.baseline import BaselineFile
from jupyter_mlplatform.idle.local.quiet import Counters, Quiet, Reading
from jupyter_mlplatform.policy import IdlePolicy

POLICY = IdlePolicy(busy_cpu_fraction=0.02, io_bytes_per_second=1000.0)


class Machine:
    """A machine whose clock, counters and processes the test sets."""

    def __init__(self, folder: Path | None = None) -> None:
        self.at = 0.0
        self.cpu = 0.0
        self.moved = 0
        self.own = 0.0
        self.broken = False
        self.process_seconds = 0.0
        self.blocked = False
        self.passes: list[bool] = []
        baseline = BaselineFile(folder, lambda: "boot") if folder else None
        counters: Any = self
        self.quiet = Quiet(self, counters, POLICY, baseline, lambda: self.at, lambda: self.own)

    def read(self) -> Reading:
        if self.broken:
            raise OSError("no such file")
        return Reading(self.cpu, self.moved)

    def scan(self, *, fresh: bool = False, io: bool = True, used: float | None = None) -> Scan:
        self.passes.append(io)
        row = Process(
            pid=7,
            started=7.0,
            parent=1,
            session=7,
            name="p",
            own_seconds=self.process_seconds,
            blocked=self.blocked,
        )
        return Scan(self.at, {7: row})

    def typed(self, processes: Mapping[int, Process]) -> dict[int, float]:
        return {34816: self.at}

    def after(self, seconds: float = 10.0, *, cpu: float = 0.0, moved: int = 0, fresh: bool = False) -> Scan:
        self.at += seconds
        self.cpu += cpu
        self.moved += moved
        return self.quiet.scan(fresh=fresh)


def test_given_a_machine_that_does_nothing_then_three_passes_of_four_are_spared() -> None:
    machine = Machine()
    found = [machine.after(cpu=0.03) for _ in range(9)]
    assert [each.quiet is None for each in found] == [True, *([False] * 3), True, *([False] * 3), True]
    assert len(machine.passes) == 3
    spared = found[1]
    assert (spared.at, spared.quiet, spared.typed) == (20.0, pytest.approx(0.003), {34816: 20.0})
    assert spared.processes is found[0].processes


def test_a_pass_is_made_when_it_must_be_fresh_or_as_soon_as_one_process_might_have_worked() -> None:
    machine = Machine()
    machine.after()
    assert machine.after(fresh=True).quiet is None
    assert machine.after(cpu=0.19).quiet is not None
    assert machine.after(cpu=0.2).quiet is None


def test_what_the_server_itself_used_does_not_count() -> None:
    machine = Machine()
    machine.after()
    machine.own += 3.0
    assert machine.after(cpu=3.01).quiet == pytest.approx(0.001)


def test_storage_is_read_for_a_while_after_the_machine_has_moved_data() -> None:
    machine = Machine()
    machine.after()
    machine.after(moved=10000)
    for _ in range(4):
        machine.after()
    assert machine.passes == [True, True, True, True]
    machine.after(cpu=5.0)
    assert machine.passes[-1] is False


def test_a_process_that_waits_for_storage_is_looked_at_every_time() -> None:
    machine = Machine()
    machine.blocked = True
    assert [machine.after().quiet for _ in range(3)] == [None, None, None]


def test_counters_that_miss_what_processes_say_they_used_are_never_believed_again() -> None:
    machine = Machine()
    for _ in range(4):
        machine.after()
    machine.process_seconds += 30.0
    assert machine.after().quiet is None
    assert [machine.after().quiet for _ in range(3)] == [None, None, None]


def test_without_counters_every_pass_is_made() -> None:
    machine = Machine()
    machine.broken = True
    assert [machine.after().quiet for _ in range(3)] == [None, None, None]
    bare = Quiet(machine, None, POLICY)
    assert [bare.scan().quiet for _ in range(3)] == [None, None, None]
    assert machine.passes == [True] * 6


def test_every_scan_carries_the_baseline(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert [machine.after().baseline for _ in range(2)] == [{(7, 7.0)}] * 2


def files(folder: Path, contents: dict[str, str]) -> Counters:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return Counters(folder / "proc", folder / "cgroup")


DISKS = "   8 0 sda 5 0 100 0 7 0 300 0 0 0 0\n   8 1 sda1 1 0 0 0 0 0 0 0 0\n"
NET = "Inter-| Receive\n face |bytes\n    lo: 9999 0 0 0 0 0 0 0 9999 0\n  eth0:1000 1 0 0 0 0 0 0 2000 1 0\n"
STAT = "cpu  1000 200 300 99999 50 30 20 0 0 0\ncpu0 1 1 1 1\n"
PROC = {"proc/diskstats": DISKS, "proc/net/dev": NET, "proc/stat": STAT}


@pytest.mark.parametrize(
    ("group", "seconds"),
    [
        ({"cgroup/cpu.stat": "usage_usec 2500000\nuser_usec 1\n"}, 2.5),
        ({"cgroup/cpuacct/cpuacct.usage": "3500000000\n"}, 3.5),
        ({"cgroup/cpu,cpuacct/cpuacct.usage": "4500000000\n"}, 4.5),
        ({"cgroup/cpu.stat": "nr_periods 0\n"}, 15.5),
        ({}, 15.5),
    ],
)
def test_the_control_groups_counter_comes_before_the_machines(
    group: dict[str, str], seconds: float, tmp_path: Path
) -> None:
    assert files(tmp_path, {**PROC, **group}).read() == Reading(seconds, 400 * 512 + 3000)


def test_disks_and_networks_that_are_not_shown_count_as_still(tmp_path: Path) -> None:
    assert files(tmp_path, {"proc/stat": STAT}).read() == Reading(15.5, 0)
    assert files(tmp_path, {**PROC, "proc/diskstats": "x\n", "proc/net/dev": "1\n2\n3"}).read() == Reading(15.5, 0)


def test_given_nothing_to_read_then_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="stat"):
        files(tmp_path, {}).read()


def test_this_machines_counters_grow_with_work() -> None:
    if not Path("/proc/stat").exists():
        return
    counters = Counters()
    before = counters.read()
    total = 0
    while counters.read().cpu_seconds < before.cpu_seconds + 0.2:
        total += sum(range(1000))
    assert total
