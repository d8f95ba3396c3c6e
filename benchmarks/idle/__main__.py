"""``python -m benchmarks.idle``: everything, or the parts named; results go to benchmarks/results."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.idle import churn, cost, report, simulated
from benchmarks.idle.work import TERMINAL

PARTS = ("cost", "churn", "simulated")
RESULTS = Path(__file__).parents[1] / "results"
PAGE = Path(__file__).parents[2] / "docs" / "operators" / "idle-costs.md"
BEGIN, END = "<!-- begin: written by make bench-idle -->", "<!-- end -->"

SIMULATED = ((500, 600), (1000, 600), (1000, 1100))
SHORT_COST = cost.Plan(sizes=(6,), rounds=1, window=0.8, interval=0.5, default_window=0.0)
SHORT_CHURN = churn.Plan(
    timeout=6.0,
    lasts=7,
    interval=1.0,
    grace=1.0,
    slack=4.0,
    of_each=1,
    rounds=1,
    side_by_side=True,
    kinds=("nothing", "silent cell", "process started by a finished cell", TERMINAL),
)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="part", help=", ".join(PARTS))
    parser.add_argument("--short", action="store_true", help="under a minute: it shows that everything runs, not costs")
    parser.add_argument("--page", action="store_true", help=f"write the tables into {PAGE.name} as well")
    asked = parser.parse_args()
    run: dict[str, Any] = {"machine": report.machine(), "plan": {}}
    if not asked.short:
        run |= _earlier(asked.parts)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for part in asked.parts:
            found, plan = _PARTS[part](asked.short, Path(folder))
            run[part], run["plan"][part] = found, plan
            _write(run, asked.short)
    text = report.markdown(run)
    print(text)
    if asked.page and not asked.short:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")


def _cost(short: bool, folder: Path) -> tuple[Any, Any]:
    plan = SHORT_COST if short else cost.Plan()
    return cost.measure(plan, folder, _say), msgspec.to_builtins(plan)


def _churn(short: bool, folder: Path) -> tuple[Any, Any]:
    plan = SHORT_CHURN if short else churn.Plan()
    return msgspec.to_builtins(churn.measure(plan, folder, _say)), msgspec.to_builtins(plan)


def _simulated(short: bool, folder: Path) -> tuple[Any, Any]:
    sizes, sweeps, paced = (((50, 60),), 5, 0) if short else (SIMULATED, 20, 4)
    found = []
    for kernels, processes in sizes:
        found.append(simulated.measure(kernels, processes, sweeps, 0 if found else paced))
        _say(f"{kernels} simulated kernels, {processes} processes")
    return found, {"sweeps": sweeps, "paced": paced}


_PARTS = {"cost": _cost, "churn": _churn, "simulated": _simulated}


def _earlier(parts: list[str]) -> dict[str, Any]:
    """The parts that are not measured this time, from the last full run."""
    last = RESULTS / "idle.json"
    if not last.exists() or set(parts) >= set(PARTS):
        return {}
    kept: dict[str, Any] = json.loads(last.read_text())
    return kept


def _write(run: dict[str, Any], short: bool) -> None:
    RESULTS.mkdir(exist_ok=True)
    name = "idle-short" if short else "idle"
    (RESULTS / f"{name}.json").write_text(json.dumps(run, indent=1))
    (RESULTS / f"{name}.md").write_text(report.markdown(run))


def with_tables(page: str, text: str) -> str:
    """The page with ``text`` between its two marks, in the place of what was there."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{text}{END}{rest.partition(END)[2]}"


_BEGUN = time.monotonic()


def _say(text: str) -> None:
    print(f"{time.monotonic() - _BEGUN:6.0f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
