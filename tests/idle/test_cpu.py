from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlplatform.idle.cpu import Meter, Process, Scan, owners

KERNEL, ELSE = 100, 900


def process(pid: int, parent: int = 1, session: int = ELSE, own: float = 0.0, **more: Any) -> Process:
    given_ = {"started": float(pid), "name": f"p{pid}", **more}
    return Process(pid=pid, parent=parent, session=session, own_seconds=own, **given_)


def kernel(own: float = 0.0, **more: Any) -> Process:
    return process(KERNEL, parent=1, session=KERNEL, own=own, **more)


def scan(at: float, *processes: Process) -> Scan:
    return Scan(at, {each.pid: each for each in (process(1, parent=0, session=1), *processes)})


def measure(*scans: Scan) -> Any:
    meter = Meter()
    return [meter.measure(each, {"k": KERNEL}) for each in scans][-1].get("k")


def test_given_only_one_scan_then_nothing_is_known_yet() -> None:
    assert measure(scan(0.0, kernel())) is None


def test_the_kernels_own_threads_are_its_own_use() -> None:
    use = measure(scan(0.0, kernel(5.0)), scan(10.0, kernel(14.8)))
    assert (use.own, use.total, use.others) == (pytest.approx(0.98), pytest.approx(0.98), 0)


def test_a_child_and_its_child_belong_to_the_kernel() -> None:
    before = scan(0.0, kernel(), process(7, KERNEL), process(8, 7))
    use = measure(before, scan(10.0, kernel(), process(7, KERNEL), process(8, 7, own=5.0)))
    assert (use.total, use.busiest, use.busiest_name, use.busiest_pid) == (0.5, 0.5, "p8", 8)


def test_an_orphan_in_the_session_of_the_kernel_belongs_to_it() -> None:
    use = measure(scan(0.0, kernel(), process(7)), scan(10.0, kernel(), process(7, session=KERNEL, own=5.0)))
    assert use.total == 0.5


def test_an_orphan_in_its_own_session_that_carries_the_kernels_environment_belongs_to_it() -> None:
    ours = scan(0.0, kernel(origin="77\na.ipynb"))
    after = scan(10.0, kernel(origin="77\na.ipynb"), process(7, session=7, own=5.0, origin="77\na.ipynb"))
    assert measure(ours, after).total == 0.5
    other = scan(10.0, kernel(origin="77\na.ipynb"), process(7, session=7, own=5.0, origin="77\nb.ipynb"))
    assert measure(ours, other).total == 0.0


def test_a_child_of_an_orphan_belongs_to_the_kernel_although_its_environment_was_cleared() -> None:
    found = owners(
        scan(0.0, kernel(origin="x"), process(7, session=7, origin="x"), process(8, 7, session=7)), {"k": KERNEL}, {}
    )
    assert found[(8, 8.0)] == {"k"}


def test_what_was_once_its_own_stays_its_own_after_it_was_orphaned_without_an_environment() -> None:
    first = scan(0.0, kernel(), process(7, KERNEL))
    use = measure(first, scan(10.0, kernel(), process(7, 1, session=7, own=3.0)))
    assert use.total == pytest.approx(0.3)


def test_given_two_kernels_that_cannot_be_told_apart_then_an_orphan_keeps_both() -> None:
    both = scan(0.0, kernel(origin="x"), process(200, session=200, origin="x"), process(7, session=7, origin="x"))
    assert owners(both, {"k": KERNEL, "l": 200}, {})[(7, 7.0)] == {"k", "l"}
    assert owners(both, {"k": KERNEL, "l": 200}, {})[(200, 200.0)] == {"l"}


def test_processes_of_others_do_not_count_and_neither_does_a_reused_process_id() -> None:
    before = scan(0.0, kernel(), process(7, KERNEL), process(9))
    after = scan(10.0, kernel(), process(7, own=9.0, started=99.0), process(9, own=9.0))
    assert measure(before, after).total == 0.0


def test_given_a_child_ended_then_only_what_it_used_since_the_last_scan_counts() -> None:
    before = scan(0.0, kernel(), process(7, KERNEL, own=1000.0))
    assert measure(before, scan(10.0, kernel(children_seconds=1000.0))).total == 0.0
    assert measure(before, scan(10.0, kernel(children_seconds=1004.0))).total == pytest.approx(0.4)


def test_children_that_came_and_went_between_two_scans_count() -> None:
    use = measure(scan(0.0, kernel()), scan(10.0, kernel(children_seconds=6.0)))
    assert (use.total, use.busiest_name) == (pytest.approx(0.6), "")


def test_given_the_kernel_is_gone_or_a_zombie_then_it_is_not_running() -> None:
    assert not measure(scan(0.0, kernel()), scan(10.0)).running
    assert not measure(scan(0.0, kernel()), scan(10.0, kernel(zombie=True))).running


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(2, 40), st.integers(0, 45), st.integers(0, 45)), max_size=40))
def test_whatever_the_table_looks_like_it_is_read_and_nobody_else_owns_the_kernel(rows: list[Any]) -> None:
    table = scan(0.0, *(process(pid, parent, session) for pid, parent, session in rows), kernel())
    found = owners(table, {"k": KERNEL}, {})
    assert found[(KERNEL, float(KERNEL))] == {"k"}
    for each in table.processes.values():
        parent = table.processes.get(each.parent)
        if parent is not None and found.get(parent.key):
            assert found[each.key] == {"k"}
