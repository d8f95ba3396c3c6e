"""``python -m benchmarks.access``: search over 10,000 and 100,000 datasets; results go to benchmarks/results."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.access import search

RESULTS = Path(__file__).parents[1] / "results"
SIZES = (10_000, 100_000)
LARGE = 1_000_000
SHORT_SIZES = (500,)
TARGETS = {("rare", 10_000): 20.0, ("rare", 100_000): 30.0, ("typeahead", LARGE): 60.0}
"""95th percentiles, in milliseconds, that the design asks for."""
KINDS = {
    "rare": "matches less than 2 %",
    "more": "matches more",
    "common": "a word in 20 to 60 % of all",
    "browse": "no words",
    "typeahead": "typeahead",
    "ids": "completion of an id",
}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="seconds: it shows that everything runs, not costs")
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} datasets, too: half an hour to build, 8 GB")
    parser.add_argument("--rounds", type=int, default=search.Plan().rounds, help="how often each question is asked")
    parser.add_argument("--keep", type=Path, help="folder to keep the catalogues in, so that the next run is quick")
    asked = parser.parse_args()
    sizes = SHORT_SIZES if asked.short else (*SIZES, *((LARGE,) if asked.large else ()))
    plan = search.Plan(rounds=2 if asked.short else asked.rounds)
    run: dict[str, Any] = {"machine": machine(), "plan": msgspec.to_builtins(plan), "search": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = asked.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for size in sizes:
            path = folder / f"catalogue-{size}.db"
            built = search.build(path, size)
            print(f"{size:,} datasets, {built:.0f} s to build", flush=True)
            found = {**search.measure(path, size, plan), "file_mib": path.stat().st_size / 2**20}
            run["search"].append(found)
            _write(run, asked.short)
    print(markdown(run))


def machine() -> dict[str, Any]:
    """As much as somebody needs to compare, and nothing that names this machine."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages * size / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def markdown(run: dict[str, Any]) -> str:
    """The results as a table, targets in italics."""
    of = run["machine"]
    lines = [
        f"Measured on {of['cores']} cores, {of['memory_gib']} GiB, {of['system']}, Python {of['python']}, "
        f"SQLite {of['sqlite']}. A page of 20 with its facets, as the service asks for it.",
        "",
        "| datasets | question | queries | median ms | p95 ms | *target* | CPU: median ms | p95 ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for found in run["search"]:
        for kind, name in KINDS.items():
            one = found[kind]
            if one["queries"]:
                target = TARGETS.get((kind, found["datasets"]))
                lines.append(
                    f"| {found['datasets']:,} | {name} | {one['queries']} | {one['median_ms']:.2f} | "
                    f"{one['p95_ms']:.2f} | {f'*{target:g}*' if target else ''} | "
                    f"{one['cpu_median_ms']:.2f} | {one['cpu_p95_ms']:.2f} |"
                )
    return "\n".join(lines) + "\n"


def _write(run: dict[str, Any], short: bool) -> None:
    RESULTS.mkdir(exist_ok=True)
    name = "access-short" if short else "access"
    (RESULTS / f"{name}.json").write_text(json.dumps(run, indent=1))
    (RESULTS / f"{name}.md").write_text(markdown(run))


if __name__ == "__main__":
    main()
