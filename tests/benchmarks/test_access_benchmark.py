"""The arithmetic of the access benchmark, and that its catalogue is always the same one. No time is asserted."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from benchmarks.access import search
from benchmarks.access.__main__ import machine, markdown
from benchmarks.access.search import Plan, build, measure, quantile


def test_a_quantile_is_a_value_that_was_measured() -> None:
    ordered = [float(number) for number in range(1, 101)]
    assert (quantile(ordered, 0.5), quantile(ordered, 0.95), quantile(ordered, 1.0)) == (51.0, 96.0, 100.0)
    assert quantile([7.0], 0.95) == 7.0


def test_the_catalogue_is_the_same_each_time_and_larger_ones_begin_with_smaller_ones() -> None:
    assert list(search.datasets(5)) == list(islice(search.datasets(50), 5))


def test_every_kind_of_question_is_measured_and_a_built_catalogue_is_not_built_again(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    build(path, 60)
    stamp = path.stat().st_mtime_ns
    build(path, 60)
    assert path.stat().st_mtime_ns == stamp
    found = measure(path, 60, Plan(rounds=1))
    kinds = ("more", "common", "browse", "typeahead", "ids")
    assert all(found[kind]["median_ms"] <= found[kind]["p95_ms"] <= found[kind]["most_ms"] for kind in kinds)
    text = markdown({"machine": machine(), "search": [found]})
    assert "| 60 | typeahead |" in text
    assert "/" not in text.replace("|", "")
