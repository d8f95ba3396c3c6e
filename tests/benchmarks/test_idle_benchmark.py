"""The arithmetic of the idle benchmark. What it measures is measured by ``make bench-idle``, and asserted nowhere."""

from __future__ import annotations

import pytest

from benchmarks.idle import report
from benchmarks.idle.__main__ import with_tables
from benchmarks.idle.accounting import cpu_seconds_of, private_mib, quantile
from benchmarks.idle.churn import Outcome, Plan, outcome_of
from benchmarks.idle.work import Work

PLAN = Plan(timeout=20, grace=3, interval=2, slack=5)
WORK = Work(kind="silent cell", subject="kernel:1", begin=100.0, end=130.0)


def judged(stopped: float | None, who: str = "ours") -> Outcome:
    return outcome_of(PLAN, who, "together", WORK, stopped)


@pytest.mark.parametrize("stopped", [110.0, 130.0, 149.0])
def test_a_stop_at_work_or_before_the_timeout_has_passed_is_a_kill(stopped: float) -> None:
    assert judged(stopped).wrong == "kill"
    assert judged(stopped).delay is None


@pytest.mark.parametrize("stopped", [None, 163.0])
def test_no_stop_or_one_that_is_long_overdue_is_a_false_keep(stopped: float | None) -> None:
    assert judged(stopped).wrong == "keep"


def test_the_delay_of_a_right_stop_counts_from_the_end_of_the_timeout_without_the_grace_of_a_warning() -> None:
    assert judged(155.0).wrong == ""
    assert judged(155.0).delay == pytest.approx(2.0)
    assert judged(155.0, "stock").delay == pytest.approx(5.0)


def test_a_tables_mistakes_are_counted_by_watcher_and_by_kind_of_work() -> None:
    outcomes = [judged(155.0), judged(140.0, "stock"), judged(None, "stock")]
    rows = [{name: getattr(each, name) for name in ("watcher", "scale", "kind", "wrong", "delay")} for each in outcomes]
    text = report.markdown({"machine": report_machine(), "churn": rows})
    assert "| together | this project | 1 | 0 | 0 | 0 % | 2.0 (2.0) |" in text
    assert "| together | jupyter_server's culler | 2 | 1 | 1 | 100 % | – |" in text
    assert "| silent cell | 0 of 1 | 2 of 2 |" in text


def report_machine() -> dict[str, object]:
    versions = dict.fromkeys(("ours", "stock", "hub", "studio", "ipykernel"), "1")
    return {"cores": 2, "memory_gib": 8, "system": "Linux", "python": "3.10", "versions": versions}


def test_tables_written_twice_into_the_page_stand_there_once() -> None:
    page = "# Costs\n\n<!-- begin: written by make bench-idle -->\n<!-- end -->\n\nAfter.\n"
    once = with_tables(page, "| one |\n")
    assert with_tables(with_tables(page, "| old |\n"), "| one |\n") == once
    assert once.startswith("# Costs\n")
    assert once.endswith("<!-- end -->\n\nAfter.\n")


def test_quantiles_of_nothing_are_nothing() -> None:
    assert quantile([], 0.99) == 0.0
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([1.0, 2.0], 1.0) == 2.0


def test_this_process_has_used_cpu_and_memory() -> None:
    import os

    assert cpu_seconds_of(os.getpid()) > 0
    assert private_mib() > 1
