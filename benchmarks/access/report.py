"""The results of one run in words and tables, targets in italics, peers and yardsticks of the same run beside ours."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.access import chain, commands, expiry, load

LARGE = 1_000_000
TARGETS = {("rare", 10_000): 20.0, ("rare", 100_000): 30.0, ("typeahead", LARGE): 60.0}
"""95th percentiles of search, in milliseconds, that the design asks for."""
KINDS = {
    "rare": "matches less than 2 %",
    "more": "matches more",
    "common": "a word in 20 to 60 % of all",
    "browse": "no words",
    "typeahead": "typeahead",
    "ids": "completion of an id",
}
NAMES = {
    "ours": "this project, a DataFrame",
    "ours_arrow": "this project, left in Arrow",
    "awswrangler": "awswrangler",
    "pyarrow": "pyarrow",
    "polars": "polars",
}
HOW = {"key": "S3 refuses the key", "none": "no key is given out"}


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
    """All that was measured."""
    of = run["machine"]
    parts = [
        f"Measured on {of['cores']} cores, {of['memory_gib']} GiB, {of['system']}, Python {of['python']}, "
        f"SQLite {of['sqlite']}."
    ]
    parts += [write(run[part]) for part, write in _WRITTEN.items() if run.get(part)]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """As Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _commands(found: dict[str, Any]) -> str:
    row = found["row"]["p50_ms"]
    rows = []
    for kind, name in commands.KINDS.items():
        one = found[kind]
        ours = kind not in ("row", "block")
        rows.append(
            [
                name,
                f"{one['count']:,}",
                *(f"{one[f'p{part}_ms']:.2f}" for part in (50, 95, 99)),
                f"*{commands.TARGET:g}*" if ours else "",
                f"{one['cpu_p50_ms']:.2f} / {one['cpu_p95_ms']:.2f}",
                f"{one['p50_ms'] / row:.1f} ×",
            ]
        )
    head = [
        "command",
        "times",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "*target: p95*",
        "CPU: p50 / p95 ms",
        "p50 beside one row",
    ]
    return (
        f"## A command\n\nOne person after the other, with {found['earlier']:,} earlier grants on "
        f"{found['datasets']:,} datasets. Each command is on disk when it is answered. The last two rows are "
        "yardsticks from between the commands: what this disk could do just then.\n\n" + table(head, rows)
    )


def _races(found: dict[str, Any]) -> str:
    right = "one winner each" if found["as_it_should_be"] else "**NOT one winner each**"
    return (
        f"## Races\n\n{found['processes']} processes tried to decide the same {found['requests']:,} requests, in the "
        f"same order: {found['winners']:,} winners, {right}, in the processes, in the trail and in the grants. "
        f"{found['seconds']:.1f} s: {found['decided_per_second']:.0f} decisions and "
        f"{found['tried_per_second']:.0f} attempts a second. Won by each: "
        f"{', '.join(str(each) for each in found['won_by_each'])}."
    )


def _expiry(found: dict[str, Any]) -> str:
    rows = []
    for kind, name in (("alone", "nobody else"), ("beside", "somebody asks meanwhile")):
        one = found[kind]
        waited = (
            f"{one['waited_median_ms']:.1f} / {one['waited_p95_ms']:.1f} / {one['waited_most_ms']:.1f}"
            if "commands" in one
            else ""
        )
        target = f"*{expiry.TARGET * found['grants'] / 10_000:g}*"
        rows.append([name, f"{one['seconds']:.1f}", target, f"{one['cpu_seconds']:.1f}", waited])
    head = ["", "seconds", "*target*", "CPU seconds", "their commands: median / p95 / most, ms"]
    return (
        f"## Many ends at once\n\n{found['grants']:,} grants end within one minute. Nobody can use them from then on, "
        "whatever is written; this is how long it takes until each end is written down, with its event.\n\n"
        + table(head, rows)
    )


def _chain(found: dict[str, Any]) -> str:
    target = chain.TARGET * found["events"] / 100_000
    return (
        f"## Verifying the trail\n\n{found['events']:,} events, and the state that they amount to: "
        f"{found['seconds']:.2f} s (*target: {target:.2g} s*), {found['cpu_seconds']:.2f} s of it CPU; "
        f"{found['times_hashing']:.1f} times as long as reading every row and hashing its bytes takes "
        f"({found['hash_alone_seconds']:.2f} s)."
    )


def _load(found: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    rows = [
        [
            load.COLUMNS[each["columns"]],
            f"{each['wait'] * 1000:g} ms",
            NAMES[each["who"]],
            f"{each['first_seconds']:.2f} ({each['first_least']:.2f} to {each['first_most']:.2f})",
            *_beside(each),
            f"{each['last_seconds']:.2f}",
            f"{each['cpu_seconds']:.2f}",
            f"{each['peak_mib']:.0f}",
            f"{each['requests_a_run']:.0f}",
            f"{each['mb_a_run']:.0f}",
        ]
        for each in found["reads"]
    ]
    head = ["read", "away", "by", "first run, s", "beside awswrangler", "*target*", "third run, s", "CPU s", "MiB"]
    head += ["requests a run", "MB a run"]
    return (
        f"## Loading from S3\n\nA Parquet file of {found['file_mb']:.0f} MB, {found['rows']:,} rows and 40 columns, "
        "from a server on the loopback that is *away*: so long is the wait before each of its answers. The first run "
        "begins with the start of a process of its own and holds all imports; the median of all rounds. Ours finds the "
        f"grant and judges it first. {versions}; all with their defaults.\n\n"
        + table(head, rows)
        + "\n\n"
        + _refused(found["refused"])
    )


def _beside(each: dict[str, Any]) -> tuple[str, str]:
    ratio = each["first_by_awswrangler"]
    target = f"*{load.TARGETS[each['columns']]:g}*" if each["who"] == "ours" and ratio is not None else ""
    return ("–" if ratio is None else f"{ratio:.2f} ×", target)


def _refused(found: Sequence[dict[str, Any]]) -> str:
    rows = [
        [
            HOW[each["how"]],
            NAMES[each["who"]],
            "**yes**" if each["data_came"] else "no",
            *(_bold(each[name]) for name in ("unsigned_requests", "asked_the_machine", "signed_as_the_machine")),
        ]
        for each in found
        if each["who"] != "ours_arrow"
    ]
    head = ["", "reader", "data came", "unsigned requests", "asked the machine for a key", "signed with that key"]
    return (
        "### When access is refused\n\nAs seen on the wire. Either S3 refuses the key that the reader was given, or "
        "the place that gives out keys refuses to give one, on a machine that has an identity of its own.\n\n"
        + table(head, rows)
    )


def _bold(number: int) -> str:
    return f"**{number}**" if number else "0"


def _search(found: Sequence[dict[str, Any]]) -> str:
    rows = []
    for each in found:
        for kind, name in KINDS.items():
            one = each[kind]
            if one["queries"]:
                target = TARGETS.get((kind, each["datasets"]))
                rows.append(
                    [
                        f"{each['datasets']:,}",
                        name,
                        str(one["queries"]),
                        f"{one['median_ms']:.2f}",
                        f"{one['p95_ms']:.2f}",
                        f"*{target:g}*" if target else "",
                        f"{one['cpu_median_ms']:.2f}",
                        f"{one['cpu_p95_ms']:.2f}",
                    ]
                )
    head = ["datasets", "question", "queries", "median ms", "p95 ms", "*target*", "CPU: median ms", "p95 ms"]
    return "## Search\n\nA page of 20 with its facets, as the service asks for it.\n\n" + table(head, rows)


_WRITTEN = {
    "commands": _commands,
    "races": _races,
    "expiry": _expiry,
    "chain": _chain,
    "load": _load,
    "search": _search,
}
