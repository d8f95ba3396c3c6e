"""``python -m tests.idle.scenarios.run [--repeat N] [--only K01,T03] [--short]``: play, and count wrong decisions."""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from tests.idle.scenarios.cases import CASES, Case
from tests.idle.scenarios.play import Result, play
from tests.idle.scenarios.world import ROOT

FOLDER = ROOT / ".make" / "idle"
RESULTS = FOLDER / "results.json"
TOGETHER = 12
LASTING = os.environ.get("IDLE_SCENARIO_FOLDER", "/var/tmp")  # noqa: S108 (a world has a /tmp of its own, which hides it)
MODULES = (
    "kernel_cases",
    "policy_cases",
    "gateway_cases",
    "terminal_cases",
    "device_cases",
    "presence_cases",
    "extension_cases",
    "environment_cases",
    "studio_cases",
)


def all_cases() -> list[Case]:
    """Every case, in the order of their ids."""
    for each in MODULES:
        importlib.import_module(f"tests.idle.scenarios.{each}")
    return sorted(CASES, key=lambda each: each.id)


def chosen(only: str, short: bool) -> list[Case]:
    """The cases named, or all. ``K`` names all whose id begins so."""
    wanted = tuple(filter(None, only.split(",")))
    found = [each for each in all_cases() if not wanted or each.id in wanted or each.stage in wanted]
    return [each for each in found if each.short or not short]


def rounds(cases: Sequence[Case], count: int, folder: Path) -> list[list[Result]]:
    """Play them ``count`` times."""
    begun = time.monotonic()
    guard = threading.Lock()
    told: list[list[Result]] = [[] for _ in range(count)]

    def tell(number: int, result: Result) -> None:
        mark = "WRONG " if result.wrong else "BROKEN" if result.broken else "absent" if result.absent else "right "
        with guard:
            print(f"  {mark} {result.id:5} {result.seconds:5.0f} s  {', '.join(result.decisions)}", flush=True)
            if result.wrong or result.broken:
                print(result.wrong or result.broken, flush=True)
            told[number].append(result)
            if len(told[number]) == len(cases):
                wrong, right = bad(told[number]), sum(len(each.decisions) for each in told[number])
                print(
                    f"Round {number + 1} of {count}: {right} decisions right, {len(wrong)} cases not "
                    f"({time.monotonic() - begun:.0f} s since the start)",
                    flush=True,
                )

    return play(cases, count, folder, TOGETHER, tell)


def bad(results: Iterable[Result]) -> list[Result]:
    """Those that decided wrongly, or did not come off."""
    return [each for each in results if each.wrong or each.broken]


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module. Returns 1 if any decision was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--results", type=Path, default=None)
    given = parser.parse_args(arguments)
    cases = chosen(given.only, given.short)
    # Not below this repository: the worlds hold links into it, which a packager walking its folders would follow.
    worlds = Path(tempfile.mkdtemp(prefix="idle-worlds-", dir=LASTING))
    done = rounds(cases, given.repeat, worlds)
    FOLDER.mkdir(parents=True, exist_ok=True)
    whole = not given.only and not given.short
    file = given.results or (RESULTS if whole else FOLDER / "results-some.json")
    file.write_bytes(msgspec.json.format(msgspec.json.encode(done)))
    if whole:
        from tests.idle.scenarios import table  # it imports this module

        table.main()
    flat = [each for results in done for each in results]
    wrong = bad(flat)
    if not wrong:
        shutil.rmtree(worlds, ignore_errors=True)
    else:
        print(f"\nThe worlds, with their logs, are in {worlds}.")
        print(f"Not right: {', '.join(sorted({each.id for each in wrong}))} (see above)")
    right = sum(len(each.decisions) for each in flat)
    print(f"\n{right + len(wrong)} decisions, {len(wrong)} wrong, in {len(flat)} cases.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
