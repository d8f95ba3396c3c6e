"""``python -m benchmarks.access``: everything, or the parts named; results go to benchmarks/results."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.access import chain, commands, expiry, load, races, report, search

PARTS = ("commands", "races", "expiry", "chain", "load", "search")
RESULTS = Path(__file__).parents[1] / "results"
PAGE = Path(__file__).parents[2] / "docs" / "operators" / "access-costs.md"
BEGIN, END = "<!-- begin: written by make bench-access -->", "<!-- end -->"
SIZES = (10_000, 100_000)
SHORT_SIZES = (500,)
MEASURED: dict[str, tuple[Any, Any, Any]] = {
    "commands": (commands.measure, commands.Plan(), commands.Plan(commands=5, datasets=10, earlier=50)),
    "races": (races.measure, races.Plan(), races.Plan(requests=40)),
    "expiry": (expiry.measure, expiry.Plan(), expiry.Plan(grants=100, datasets=10)),
    "chain": (chain.measure, chain.Plan(), chain.Plan(events=500, rounds=1)),
    "load": (load.measure, load.Plan(), load.Plan(rows=4000, rounds=1, runs=1, waits=(0.0,))),
}
"""What measures a part, as it is planned, and as it is planned to show that it runs."""


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="part", help=", ".join(PARTS))
    parser.add_argument("--short", action="store_true", help="seconds: it shows that everything runs, not costs")
    parser.add_argument("--page", action="store_true", help=f"write the tables into {PAGE.name} as well")
    parser.add_argument("--large", action="store_true", help=f"search {report.LARGE:,} datasets, too: 8 GB")
    parser.add_argument("--rounds", type=int, default=search.Plan().rounds, help="how often a search is asked")
    parser.add_argument("--keep", type=Path, help="folder for the catalogues to search, so that the next run is quick")
    asked = parser.parse_args()
    run: dict[str, Any] = {"machine": report.machine(), "plan": {}}
    if not asked.short:
        run |= earlier(RESULTS / "access.json", asked.parts)
    RESULTS.mkdir(exist_ok=True)
    # Beside the results, because a folder for temporary files may be in memory, where nothing has to be durable.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=RESULTS) as scratch:
        for part in asked.parts:
            if part == "search":
                _search(run, asked, Path(scratch))
            else:
                measure, usual, short = MEASURED[part]
                plan = short if asked.short else usual
                run[part], run["plan"][part] = measure(plan, Path(scratch)), msgspec.to_builtins(plan)
            _say(part)
            _write(run, asked.short)
    text = report.markdown(run)
    print(text)
    if asked.page and not asked.short:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")


def earlier(last: Path, parts: list[str]) -> dict[str, Any]:
    """The parts that are not measured this time, from the last full run."""
    if not last.exists() or set(parts) >= set(PARTS):
        return {}
    kept: dict[str, Any] = json.loads(last.read_text())
    kept["plan"] = {part: plan for part, plan in kept.get("plan", {}).items() if part in PARTS}
    return kept


def with_tables(page: str, text: str) -> str:
    """The page with ``text`` between its two marks, in the place of what was there."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{text}{END}{rest.partition(END)[2]}"


def _search(run: dict[str, Any], asked: argparse.Namespace, scratch: Path) -> None:
    sizes = SHORT_SIZES if asked.short else (*SIZES, *((report.LARGE,) if asked.large else ()))
    plan = search.Plan(rounds=2 if asked.short else asked.rounds)
    folder: Path = asked.keep or scratch
    folder.mkdir(parents=True, exist_ok=True)
    run["search"], run["plan"]["search"] = [], msgspec.to_builtins(plan)
    for size in sizes:
        path = folder / f"catalogue-{size}.db"
        built = search.build(path, size)
        _say(f"{size:,} datasets, {built:.0f} s to build")
        found = {**search.measure(path, size, plan), "file_mib": path.stat().st_size / 2**20}
        run["search"].append(found)
        _write(run, asked.short)


def _write(run: dict[str, Any], short: bool) -> None:
    name = "access-short" if short else "access"
    (RESULTS / f"{name}.json").write_text(json.dumps(run, indent=1))
    (RESULTS / f"{name}.md").write_text(report.markdown(run))


_BEGUN = time.monotonic()


def _say(text: str) -> None:
    print(f"{time.monotonic() - _BEGUN:6.0f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
