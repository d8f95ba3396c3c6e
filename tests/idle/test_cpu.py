from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlplatform.idle.cpu import Measured, Meter, Process, Role, Scan, Use, owners

KERNEL, SHELL, SERVER, ELSE = 100, 300, 50, 900
K, T = "kernel:k", "terminal:1"


def process(pid: int, parent: int = 1, session: int = ELSE, own: float = 0.0, **more: Any) -> Process:
    given_ = {"started": float(pid), "name": f"p{pid}", **more}
    return Process(pid=pid, parent=parent, session=session, own_seconds=own, **given_)


def kernel(own: float = 0.0, **more: Any) -> Process:
    return process(KERNEL, parent=SERVER, session=KERNEL, own=own, **more)


def shell(own: float = 0.0, **more: Any) -> Process:
    more = {"group": SHELL, "foreground": SHELL, "tty": 34816, **more}
    return process(SHELL, parent=SERVER, session=SHELL, own=own, **more)


def scan(at: float, *processes: Process, **more: Any) -> Scan:
    return Scan(at, {each.pid: each for each in (process(1, parent=0, session=1), *processes)}, **more)


def measured(*scans: Scan, roots: dict[str, int] | None = None) -> Measured:
    meter = Meter()
    return [meter.measure(each, {K: KERNEL} if roots is None else roots) for each in scans][-1]


def use(*scans: Scan) -> Use | None:
    return measured(*scans).uses.get(K)


def used(*scans: Scan) -> Use:
    found = use(*scans)
    assert found is not None
    return found


def test_given_only_one_scan_then_nothing_is_known_yet() -> None:
    found = measured(scan(0.0, kernel()))
    assert (found.uses, found.others, found.elapsed) == ({}, (), 0.0)


def test_given_a_kernel_that_is_new_or_restarted_then_its_use_is_not_known_yet() -> None:
    assert use(scan(0.0), scan(10.0, kernel(5.0))) is None
    assert use(scan(0.0, kernel()), scan(10.0, kernel(5.0, started=99.0))) is None


def test_the_kernels_own_threads_are_its_own_use() -> None:
    found = used(scan(0.0, kernel(5.0)), scan(10.0, kernel(14.8)))
    assert [(each.pid, each.own) for each in found.shares] == [(KERNEL, pytest.approx(0.98))]
    assert (found.total, found.others) == (pytest.approx(0.98), 0)


def test_a_child_and_its_child_belong_to_the_kernel() -> None:
    before = scan(0.0, kernel(), process(7, KERNEL), process(8, 7))
    found = used(before, scan(10.0, kernel(), process(7, KERNEL), process(8, 7, own=5.0)))
    assert [(each.name, each.pid, each.own) for each in found.shares] == [("p8", 8, 0.5)]
    assert (found.total, found.others) == (0.5, 2)


def test_an_orphan_in_the_session_of_the_kernel_belongs_to_it() -> None:
    found = used(scan(0.0, kernel(), process(7)), scan(10.0, kernel(), process(7, session=KERNEL, own=5.0)))
    assert found.total == 0.5


def test_an_orphan_in_its_own_session_that_carries_the_kernels_environment_belongs_to_it() -> None:
    ours = scan(0.0, kernel(origin="77\na.ipynb"))
    after = scan(10.0, kernel(origin="77\na.ipynb"), process(107, session=107, own=5.0, origin="77\na.ipynb"))
    assert used(ours, after).total == 0.5
    other = scan(10.0, kernel(origin="77\na.ipynb"), process(107, session=107, own=5.0, origin="77\nb.ipynb"))
    assert used(ours, other).total == 0.0


def test_a_child_of_an_orphan_belongs_to_the_kernel_although_its_environment_was_cleared() -> None:
    table = scan(0.0, kernel(origin="x"), process(107, session=107, origin="x"), process(108, 107, session=107))
    assert owners(table, {K: KERNEL}, {})[(108, 108.0)] == {K}


def test_what_was_once_its_own_stays_its_own_after_it_was_orphaned_without_an_environment() -> None:
    first = scan(0.0, kernel(), process(7, KERNEL))
    assert used(first, scan(10.0, kernel(), process(7, 1, session=7, own=3.0))).total == pytest.approx(0.3)


def test_given_two_kernels_that_cannot_be_told_apart_then_an_orphan_keeps_both() -> None:
    both = scan(0.0, kernel(origin="x"), process(200, session=200, origin="x"), process(207, origin="x"))
    found = owners(both, {K: KERNEL, "kernel:l": 200}, {})
    assert found[(207, 207.0)] == {K, "kernel:l"}
    assert found[(200, 200.0)] == {"kernel:l"}


def test_an_orphan_is_never_of_a_kernel_that_is_younger_than_itself() -> None:
    both = scan(0.0, kernel(origin="x"), process(200, session=200, origin="x"), process(150, origin="x"))
    assert owners(both, {K: KERNEL, "kernel:l": 200}, {})[(150, 150.0)] == {K}


def test_the_orphans_of_a_kernel_that_has_gone_do_not_fall_to_its_neighbour() -> None:
    neighbour = process(90, session=90, origin="x")
    orphan = process(107, session=107, origin="x")
    first = scan(0.0, kernel(origin="x"), neighbour, msgspec.structs.replace(orphan, parent=KERNEL))
    meter = Meter()
    assert meter.measure(first, {K: KERNEL, "kernel:l": 90}).owners[107] == {K}
    assert meter.measure(scan(10.0, neighbour, orphan), {"kernel:l": 90}).owners[107] == set()


def test_an_orphan_seen_before_its_kernel_was_known_is_still_given_to_it() -> None:
    table = scan(0.0, kernel(origin="x"), process(107, session=107, origin="x"))
    meter = Meter()
    assert meter.measure(table, {}).owners[107] == set()
    later = msgspec.structs.replace(table, at=10.0)
    assert meter.measure(later, {K: KERNEL}).owners[107] == {K}


def test_a_detached_job_is_of_the_only_terminal_and_of_none_if_there_are_several() -> None:
    orphan = process(307, session=307, origin="t")
    table = scan(0.0, shell(origin="t"), process(301, SERVER, session=301, origin="t"), orphan)
    assert owners(table, {T: SHELL}, {})[orphan.key] == {T}
    assert owners(table, {T: SHELL, "terminal:2": 301}, {})[orphan.key] == set()


def test_given_the_terminal_is_closed_then_its_jobs_are_others() -> None:
    job = process(307, SHELL, session=SHELL)
    left = process(307, 1, session=SHELL, own=5.0)
    meter = Meter()
    assert meter.measure(scan(0.0, shell(), job), {T: SHELL}).owners[307] == {T}
    found = meter.measure(scan(10.0, left), {})
    assert [(each.pid, each.own) for each in found.others if each.own] == [(307, 0.5)]


@pytest.mark.parametrize("gone", [(), (shell(zombie=True),)])
def test_given_the_shell_has_ended_but_its_terminal_is_still_listed_then_its_jobs_are_others(
    gone: tuple[Process, ...],
) -> None:
    job, left = process(307, SHELL, session=SHELL), process(307, 1, session=SHELL, own=5.0)
    found = measured(scan(0.0, shell(), job), scan(10.0, left, *gone), roots={T: SHELL})
    assert not found.uses[T].running
    assert [(each.pid, each.own) for each in found.others if each.own] == [(307, 0.5)]


def test_what_runs_in_a_multiplexer_started_from_a_terminal_belongs_to_none() -> None:
    table = scan(
        0.0,
        shell(origin="t"),
        process(310, SHELL, session=310, origin="t", apart=True),
        process(311, 310, session=311, origin="t"),
        process(312, 311, session=311, origin="t"),
    )
    found = owners(table, {T: SHELL}, {(312, 312.0): frozenset()})
    assert [found[(pid, float(pid))] for pid in (300, 310, 311, 312)] == [{T}, set(), set(), set()]


def test_a_reused_process_id_owes_nothing_to_its_predecessor() -> None:
    before = scan(0.0, kernel(), process(7, KERNEL))
    found = measured(before, scan(10.0, kernel(), process(7, own=9.0, started=99.0)))
    assert found.uses[K].total == 0.0
    assert found.owners[7] == set()


def test_given_a_child_ended_then_only_what_it_used_since_the_last_scan_counts() -> None:
    before = scan(0.0, kernel(), process(7, KERNEL, own=1000.0))
    assert used(before, scan(10.0, kernel(children_seconds=1000.0))).total == 0.0
    assert used(before, scan(10.0, kernel(children_seconds=1004.0))).total == pytest.approx(0.4)


def test_given_a_whole_branch_ended_then_it_is_counted_once_at_whoever_inherited_it() -> None:
    before = scan(0.0, kernel(), process(7, KERNEL, own=10.0), process(8, 7, own=100.0))
    found = used(before, scan(10.0, kernel(children_seconds=112.0)))
    assert [(each.pid, each.children) for each in found.shares] == [(KERNEL, pytest.approx(0.2))]


def test_children_that_came_and_went_between_two_scans_count() -> None:
    found = used(scan(0.0, kernel()), scan(10.0, kernel(children_seconds=6.0)))
    assert [(each.own, each.children) for each in found.shares] == [(0.0, pytest.approx(0.6))]


def test_the_last_work_of_a_child_that_nobody_has_waited_for_yet_counts() -> None:
    before = scan(0.0, kernel(), process(7, KERNEL, own=1.0))
    assert used(before, scan(10.0, kernel(), process(7, KERNEL, own=4.0, zombie=True))).total == pytest.approx(0.3)


def test_given_the_kernel_is_gone_or_a_zombie_then_it_is_not_running() -> None:
    assert not used(scan(0.0, kernel()), scan(10.0)).running
    assert not used(scan(0.0, kernel()), scan(10.0, kernel(zombie=True))).running


def test_others_are_this_persons_processes_without_the_server_its_ancestors_zombies_and_the_systems_threads() -> None:
    table = (
        process(40, user=5),
        process(SERVER, 40, user=5),
        process(60, SERVER, user=5),
        process(61, user=6),
        process(62, user=5, zombie=True),
        process(63, user=5, aside=True),
        kernel(user=6),
        process(64, KERNEL, user=0),
    )
    found = measured(scan(0.0, *table, reader=SERVER), scan(10.0, *table, reader=SERVER))
    assert [each.pid for each in found.others] == [60]
    assert dict(found.owners) == {60: set(), KERNEL: {K}, 64: {K}}


def test_the_baseline_is_marked() -> None:
    table = (process(7), process(8))
    found = measured(scan(0.0, *table), scan(10.0, *table, baseline=frozenset({(7, 7.0), (8, 9.0)})))
    assert {each.pid: each.baseline for each in found.others if each.pid > 1} == {7: True, 8: False}


def test_waiting_for_storage_counts_when_two_passes_in_a_row_have_seen_it() -> None:
    waits, runs = kernel(blocked=True), kernel()
    assert used(scan(0.0, runs), scan(10.0, waits)).shares == ()
    assert used(scan(0.0, waits), scan(10.0, waits)).shares[0].blocked
    assert used(scan(0.0, waits), scan(10.0, runs)).shares == ()


def test_storage_is_measured_only_if_it_was_read_both_times_or_the_process_is_new() -> None:
    before, after = scan(0.0, kernel(), process(7)), scan(10.0, kernel(), process(7), io={KERNEL: 3000, 7: 10})
    assert used(before, after).shares == ()
    before = msgspec.structs.replace(before, io={KERNEL: 1000})
    assert used(before, after).shares[0].io == 200.0
    newer = scan(10.0, kernel(), process(8, KERNEL), io={8: 5000})
    assert used(before, newer).shares[0].io == 500.0


def test_what_a_watcher_starts_is_part_of_the_watching_and_a_host_beats_with_what_it_hosts() -> None:
    watch = process(7, KERNEL, role=Role.WATCHER)
    before = scan(0.0, kernel(), watch, process(9, KERNEL, role=Role.HEARTBEATER, host=KERNEL))
    after = scan(
        10.0, kernel(1.0), watch, process(8, 7, own=4.0), process(9, KERNEL, role=Role.HEARTBEATER, host=KERNEL)
    )
    roles = {each.pid: each.role for each in used(before, after).shares}
    assert roles == {KERNEL: Role.HEARTBEATER, 8: Role.WATCHER}


def quiet(at: float, table: Scan, fraction: float) -> Scan:
    return msgspec.structs.replace(table, at=at, quiet=fraction)


def test_given_a_quiet_machine_then_everything_known_is_idle_because_of_that() -> None:
    first, second = scan(0.0, kernel(), process(7)), scan(10.0, kernel(5.0), process(7, own=3.0))
    meter = Meter()
    for each in (first, second):
        meter.measure(each, {K: KERNEL})
    found = meter.measure(quiet(20.0, second, 0.003), {K: KERNEL, T: SHELL})
    assert (found.uses[K].quiet, found.uses[K].shares, found.uses[K].others) == (0.003, (), 0)
    assert T not in found.uses
    assert [(each.pid, each.own) for each in found.others] == [(1, 0.0), (7, 0.0)]
    assert found.owners[7] == set()
    assert found.elapsed == 10.0


def test_given_a_burst_after_quiet_samples_then_it_is_not_thinned_by_the_time_that_was_quiet() -> None:
    start = scan(0.0, kernel(0.0))
    meter = Meter()
    for each in (start, scan(10.0, kernel(0.0)), *(quiet(at, start, 0.01) for at in (20.0, 30.0, 40.0))):
        meter.measure(each, {K: KERNEL})
    found = meter.measure(scan(50.0, kernel(1.3)), {K: KERNEL}).uses[K]
    assert found.shares[0].own == pytest.approx(0.1)


def test_given_quiet_samples_then_what_was_used_in_them_is_not_taken_for_a_burst() -> None:
    start = scan(10.0, kernel(0.0))
    meter = Meter()
    for each in (scan(0.0, kernel(0.0)), start, *(quiet(at, start, 0.015) for at in (20.0, 30.0, 40.0))):
        meter.measure(each, {K: KERNEL})
    found = meter.measure(scan(50.0, kernel(0.6)), {K: KERNEL}).uses[K]
    assert found.shares[0].own == pytest.approx(0.015)


def test_a_key_was_struck_when_the_terminals_keyboard_was_read_since_the_last_scan_quiet_or_not() -> None:
    meter = Meter()

    def typed_at(at: float, read: float, fraction: float | None = None) -> float | None:
        table = scan(at, shell(), typed={34816: read}, quiet=fraction)
        found = meter.measure(table, {T: SHELL}).uses.get(T)
        return found.typed_at if found else None

    typed_at(0.0, 1000.0)
    assert typed_at(10.0, 1000.0) is None
    assert typed_at(20.0, 1016.0) == 20.0
    assert typed_at(30.0, 1016.0) == 20.0
    assert typed_at(40.0, 900.0, 0.001) == 40.0


def test_the_job_in_the_foreground_is_named_by_its_leader_or_whoever_is_left_of_it() -> None:
    def job(*more: Process, foreground: int) -> tuple[int, str]:
        table = scan(0.0, shell(foreground=foreground), *more)
        found = measured(table, msgspec.structs.replace(table, at=10.0), roots={T: SHELL}).uses[T]
        return found.foreground, found.job

    assert job(foreground=SHELL) == (0, "")
    assert job(process(310, SHELL, group=310, name="train.py"), foreground=310) == (310, "train.py")
    assert job(process(311, SHELL, group=310, name="tee"), foreground=310) == (310, "tee")
    assert job(foreground=310) == (0, "")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(2, 40), st.integers(0, 45), st.integers(0, 45), st.booleans()), max_size=40))
def test_whatever_the_table_looks_like_it_is_read_and_nobody_else_owns_the_kernel(rows: list[Any]) -> None:
    table = scan(
        0.0, *(process(pid, parent, session, apart=apart) for pid, parent, session, apart in rows), kernel(), reader=7
    )
    found = owners(table, {K: KERNEL}, {})
    assert found[(KERNEL, float(KERNEL))] == {K}
    for each in table.processes.values():
        parent = table.processes.get(each.parent)
        if parent is not None and found[parent.key] and not each.apart:
            assert found[each.key] == {K}
    meter = Meter()
    for at in (0.0, 10.0):
        meter.measure(msgspec.structs.replace(table, at=at), {K: KERNEL})


def test_a_key_struck_in_another_terminal_of_this_person_is_seen_and_one_of_somebody_elses_is_not() -> None:
    mine, theirs = process(70, tty=34817, user=1000), process(71, tty=34818, user=2000)
    server = process(1, user=1000)

    def at(when: float, my_key: float, their_key: float) -> Scan:
        return scan(when, server, mine, theirs, typed={34817: my_key, 34818: their_key}, reader=1)

    meter = Meter()
    assert meter.measure(at(0.0, 5.0, 5.0), {}).typed_at is None  # when it was before is not known
    assert meter.measure(at(10.0, 5.0, 9.0), {}).typed_at is None
    assert meter.measure(at(20.0, 8.0, 9.0), {}).typed_at == 20.0
    assert meter.measure(at(30.0, 8.0, 9.0), {}).typed_at == 20.0


def test_a_key_struck_in_a_terminal_of_the_server_is_that_terminals_own() -> None:
    own = process(70, tty=34817, user=1000)

    def at(when: float, key: float) -> Scan:
        return scan(when, process(1, user=1000), own, typed={34817: key}, reader=1)

    meter = Meter()
    meter.measure(at(0.0, 5.0), {"terminal:1": 70})
    assert meter.measure(at(10.0, 8.0), {"terminal:1": 70}).typed_at is None
