"""The results of one run in words and tables: ratios within the run first, absolute figures after."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

NAMES = {
    "ours": "this project",
    "stock": "jupyter_server's culler",
    "hub": "jupyterhub-idle-culler",
    "studio": "jupyter-activity-monitor-extension",
}
PACKAGES = {
    "ours": "jupyter_mlplatform",
    "stock": "jupyter_server",
    "hub": "jupyterhub-idle-culler",
    "studio": "jupyter-activity-monitor-extension",
}
TARGETS = {"cpu_ms_per_sweep": 12.0, "held_max_ms": 5.0, "private_mib": 12.0, "decision_delay_seconds": 20.0}
"""What the design asks of 500 simulated kernels and 600 processes."""


def machine() -> dict[str, Any]:
    """As much as somebody needs to compare, and nothing that names this machine."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages * size / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {who: version(name) for who, name in PACKAGES.items()} | {"ipykernel": version("ipykernel")},
    }


def markdown(run: dict[str, Any]) -> str:
    """The whole page below its heading."""
    parts = [_machine(run["machine"])]
    if run.get("cost"):
        parts += [_ratios(run), _absolute(run)]
    if run.get("churn"):
        parts += [_decisions(run["churn"]), _kinds(run["churn"])]
    if run.get("simulated"):
        parts.append(_simulated(run["simulated"]))
    return "\n\n".join(parts) + "\n"


def _machine(found: dict[str, Any]) -> str:
    versions = ", ".join(f"{NAMES[who]} {found['versions'][who]}" for who in ("stock", "hub", "studio"))
    return (
        f"Measured on {found['cores']} cores, {found['memory_gib']} GiB, {found['system']}, Python {found['python']}, "
        f"ipykernel {found['versions']['ipykernel']}; {versions}."
    )


def _ratios(run: dict[str, Any]) -> str:
    rows = []
    for size in _sizes(run["cost"]):
        of = {each["watcher"]: each for each in run["cost"] if each["kernels"] == size}
        ours = of["ours"]
        for who in ("stock", "hub", "studio"):
            rows.append(
                [
                    str(size),
                    NAMES[who],
                    _times(of[who]["cpu_us_per_kernel"], ours["cpu_us_per_kernel"]),
                    _times(of[who]["cpu_seconds_per_hour"], ours["cpu_seconds_per_hour"]),
                    _times(of[who]["held_max_ms"], ours["held_max_ms"]),
                    _times(of[who]["late_max_ms"], ours["late_max_ms"]),
                ]
            )
    head = ["kernels", "peer", "CPU a look and kernel", "CPU an hour at its defaults", "loop held", "loop late"]
    return (
        "## Beside its peers\n\nEach figure is the peer's divided by ours in the same run: above 1, the peer needs "
        "more.\n\n" + table(head, rows)
    )


def _absolute(run: dict[str, Any]) -> str:
    rows = [
        [
            str(each["kernels"]),
            NAMES[each["watcher"]],
            f"{each['cpu_ms_per_sweep']:.2f} ({each['cpu_ms_per_sweep_spread'][0]:.2f} to "
            f"{each['cpu_ms_per_sweep_spread'][1]:.2f})",
            f"{each['cpu_us_per_kernel']:.1f}",
            f"{each['cpu_seconds_per_hour']:.2f}",
            f"{each['held_max_ms']:.1f} ({each['without_held_max_ms']:.1f})",
            f"{each['late_p99_ms']:.1f} / {each['late_max_ms']:.1f} "
            f"({each['without_late_p99_ms']:.1f} / {each['without_late_max_ms']:.1f})",
            f"{each['private_mib']:.1f}",
        ]
        for each in run["cost"]
    ]
    head = [
        "kernels",
        "watcher",
        "CPU ms a look (least to most)",
        "µs a look and kernel",
        "CPU s an hour",
        "loop held, ms (without)",
        "loop late p99 / most, ms (without)",
        "MiB",
    ]
    return (
        "## The same in figures\n\n"
        f"Real kernels, one look every {run['plan']['cost']['interval']:g} s for all, the median of "
        f"{run['plan']['cost']['rounds']} rounds. *An hour* is at each watcher's own default cadence (ours 15 s, "
        "measured with the looks in between; 300 s, 300 s and 60 s). *Held* is CPU time of the loop's own thread "
        "between two ticks of a 1 ms timer; *late* is that timer's lateness, which also holds what other programs did. "
        "*MiB* is private memory after its first start, the culler's own process included.\n\n" + table(head, rows)
    )


def _decisions(outcomes: Sequence[dict[str, Any]]) -> str:
    rows = []
    for scale in ("one by one", "together"):
        for who in NAMES:
            of = [each for each in outcomes if each["watcher"] == who and each["scale"] == scale]
            if of:
                rows.append([scale, NAMES[who], *_tally(of)])
    head = ["load", "watcher", "judged", "killed at work", "kept too long", "wrong", "delay, s (most)"]
    return (
        "## Wrong decisions\n\n*Delay* is the time from the end of T to the stop, where the decision was right; the "
        "grace of our warning is not counted.\n\n" + table(head, rows)
    )


def _tally(of: Sequence[dict[str, Any]]) -> list[str]:
    kills, keeps = (sum(1 for each in of if each["wrong"] == wrong) for wrong in ("kill", "keep"))
    delays = [each["delay"] for each in of if each["delay"] is not None]
    delay = f"{statistics.median(delays):.1f} ({max(delays):.1f})" if delays else "–"
    return [str(len(of)), str(kills), str(keeps), f"{100 * (kills + keeps) / len(of):.0f} %", delay]


def _kinds(outcomes: Sequence[dict[str, Any]]) -> str:
    present = [who for who in NAMES if any(each["watcher"] == who for each in outcomes)]
    rows = []
    for kind in dict.fromkeys(each["kind"] for each in outcomes):
        row = [kind]
        for who in present:
            of = [each for each in outcomes if each["watcher"] == who and each["kind"] == kind]
            row.append(f"{sum(1 for each in of if each['wrong'])} of {len(of)}" if of else "–")
        rows.append(row)
    return "Wrong by kind of work:\n\n" + table(["work", *(NAMES[who] for who in present)], rows)


def _simulated(found: Sequence[dict[str, Any]]) -> str:
    rows = [
        [
            f"{each['kernels']} / {each['processes']}",
            f"{each['cpu_ms_per_sweep']:.1f}",
            "–" if each["paced_cpu_ms_per_sweep"] is None else f"{each['paced_cpu_ms_per_sweep']:.1f}",
            f"{each['held_max_ms']:.1f}",
            f"{each['late_max_ms']:.1f}",
            f"{each['private_mib']:.1f}",
            "none" if each["decision_delay_seconds"] is None else f"T + {each['decision_delay_seconds']:.0f} s",
            str(each["wrong_kills"] + each["wrong_keeps"]),
        ]
        for each in found
    ]
    target = [
        "*target: 500 / 600*",
        f"*{TARGETS['cpu_ms_per_sweep']:g}*",
        "",
        f"*{TARGETS['held_max_ms']:g}*",
        "",
        f"*{TARGETS['private_mib']:g}*",
        f"*T + {TARGETS['decision_delay_seconds']:.0f} s*",
        "*0*",
    ]
    head = [
        "kernels / processes",
        "CPU ms a full sweep",
        "at its pace",
        "loop held, ms",
        "loop late, ms",
        "MiB",
        "decision",
        "wrong",
    ]
    return (
        "## Many kernels, simulated\n\nThis project alone: a ledger for each kernel, real processes that sleep, time "
        "that is advanced by hand (T = 3600 s, sampled every 15 s). *Full*: sweeps back to back, each with a pass over "
        "all processes; *at its pace*: 15 real seconds apart, when a machine that did nothing meanwhile spares most "
        "passes.\n\n" + table(head, [*rows, target])
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """As Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _times(peer: float, ours: float) -> str:
    if ours <= 0:
        return "–"
    ratio = peer / ours
    return f"{ratio:.0f} ×" if ratio >= 10 else f"{ratio:.1f} ×" if ratio >= 0.1 else f"{ratio:.3f} ×"


def _sizes(cost: Sequence[dict[str, Any]]) -> list[int]:
    return sorted({each["kernels"] for each in cost})
