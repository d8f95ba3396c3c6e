"""The watchdog's own look at the machine: processes, their I/O, the network, the GPU, containers. Small on purpose.

Work is whatever uses as much as the policy's thresholds. What cannot be seen is a doubt, which keeps the workspace.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from jupyter_mlplatform.idle.local.heartbeat import Heartbeat

HEARTBEATERS = frozenset({"raylet", "gcs_server", "dask-scheduler", "dask-worker", "code-server", "dockerd"})
WATCHERS = frozenset({"top", "htop", "btop", "atop", "watch", "nvtop", "tail", "less", "sleep"})
SERVERS = re.compile(rb"jupyter[-_]?(lab|server|notebook|labhub)|jupyterhub-singleuser|[/ \0]ipython notebook")
UNSEEN_FRACTION = 0.05
"""CPU that no process accounts for: many short-lived ones that nobody of this account waited for."""

DOCKER_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/docker/proxy.sock")


class Process(NamedTuple):
    """CPU and the children's CPU in seconds, storage I/O in bytes; ``state`` as in proc(5)."""

    name: str
    state: str
    own: float
    children: float
    io: int | None
    mine: bool
    started: float


class Snapshot(NamedTuple):
    """Everything at one instant. ``total`` is the CPU of the whole machine or container in seconds."""

    at: float
    processes: dict[int, Process]
    total: float | None
    network: int | None


def take(now: float, root: Path = Path("/proc")) -> Snapshot:
    """One pass; what vanishes meanwhile is left out. Raises ``OSError`` where there is no process table."""
    ticks, me = float(os.sysconf("SC_CLK_TCK")), os.geteuid()
    found = {}
    for name in os.listdir(root):  # noqa: PTH208 (only the names are wanted)
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                found[int(name)] = _process(root / name, ticks, me)
    return Snapshot(now, found, _total(root), _network(root))


def work(before: Snapshot, after: Snapshot, rule: Heartbeat, spared: frozenset[int]) -> str:
    """What worked between two snapshots, as it reads after "kept because"; empty when nothing did.

    ``spared`` are the watchdog itself and the servers that do not answer: a server that hangs may well use a core.
    """
    seconds = after.at - before.at
    if seconds <= 0:
        return "no time has passed"
    seen = 0.0
    for pid, process in after.processes.items():
        earlier = before.processes.get(pid)
        if earlier is None or earlier.started != process.started:
            earlier = None
        own = process.own - (earlier.own if earlier else 0.0)
        children = process.children - (earlier.children if earlier else 0.0)
        seen += own + children
        if pid in spared or not process.mine:
            continue
        found = _of_one(pid, process, earlier, (own / seconds, children / seconds), seconds, rule)
        if found:
            return found
    return _of_all(before, after, seen, seconds, rule)


def stranger(known: frozenset[int], root: Path = Path("/proc")) -> str:
    """A Jupyter server of this account that never said it was there, a successor maybe; empty when there is none."""
    for name in os.listdir(root):  # noqa: PTH208 (only the names are wanted)
        if not name.isdigit() or int(name) in known:
            continue
        with suppress(OSError):
            words = (root / name / "cmdline").read_bytes().split(b"\0")[:3]
            is_mine = (root / name).stat().st_uid == os.geteuid()
            if is_mine and SERVERS.search(b" ".join(words)):
                return f"another Jupyter server runs (pid {name})"
    return ""


def graphics(rule: Heartbeat) -> tuple[str, str]:
    """Work and doubt of the GPUs, by the driver's own tool; both empty where there is no GPU."""
    if not any(Path("/dev").glob("nvidia[0-9]*")):
        return "", ""
    import subprocess  # where there is a GPU there is memory for it

    query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, timeout=20, check=True, text=True).stdout
        highest = max(float(line) for line in told.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return "", "the GPU cannot be asked what it does"
    return (f"the GPU was used at {highest:.0f} %", "") if highest >= 100 * rule.gpu_fraction else ("", "")


def containers(sockets: tuple[str, ...] = DOCKER_SOCKETS) -> str:
    """A doubt, where containers run: what they do cannot be seen from here."""
    for path in sockets:
        if not Path(path).is_socket():
            continue
        import socket

        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(path)
                connection.sendall(b"GET /containers/json HTTP/1.0\r\nHost: docker\r\n\r\n")
                answer = connection.makefile("rb").read(1024 * 1024)
        except (ConnectionRefusedError, FileNotFoundError):
            continue  # a socket that somebody has left behind
        except OSError:
            return "it cannot be asked whether containers run"
        body = answer.partition(b"\r\n\r\n")[2].strip()
        if body != b"[]":
            return "containers run, and what they do cannot be seen"
    return ""


def _of_one(
    pid: int, process: Process, earlier: Process | None, cpu: tuple[float, float], seconds: float, rule: Heartbeat
) -> str:
    if process.name in WATCHERS or process.name in rule.watchers or process.state in "ZX":
        return ""
    beats = process.name in HEARTBEATERS or process.name in rule.heartbeaters
    limit = rule.heartbeat_cpu_fraction if beats else rule.busy_cpu_fraction
    if max(cpu) >= limit:
        return f"{process.name} (pid {pid}) used {100 * max(cpu):.0f} % of a core"
    if process.state == "D" and earlier is not None and earlier.state == "D":
        return f"{process.name} (pid {pid}) waits for a disk"
    if process.io is not None and earlier is not None and earlier.io is not None:
        rate = (process.io - earlier.io) / seconds
        if rate >= rule.io_bytes_per_second:
            return f"{process.name} (pid {pid}) read or wrote {rate / 1024:.0f} KiB/s"
    return ""


def _of_all(before: Snapshot, after: Snapshot, seen: float, seconds: float, rule: Heartbeat) -> str:
    if before.total is not None and after.total is not None:
        unseen = (after.total - before.total - seen) / seconds
        if unseen >= UNSEEN_FRACTION:
            return f"short-lived processes used {100 * unseen:.0f} % of a core"
    if before.network is not None and after.network is not None:
        rate = (after.network - before.network) / seconds
        if rate >= rule.network_bytes_per_second:
            return f"the network carried {rate / 1024:.0f} KiB/s"
    return ""


def _process(folder: Path, ticks: float, me: int) -> Process:
    line = (folder / "stat").read_bytes()
    head, _, tail = line.rpartition(b")")
    fields = tail.split()
    mine = folder.stat().st_uid == me and fields[1] != b"2"  # 2 is the kernel's own, whose children are its threads
    return Process(
        name=head.partition(b"(")[2].decode(errors="replace"),
        state=fields[0].decode(),
        own=(int(fields[11]) + int(fields[12])) / ticks,
        children=(int(fields[13]) + int(fields[14])) / ticks,
        io=_io(folder) if mine else None,
        mine=mine,
        started=float(fields[19]),
    )


def _io(folder: Path) -> int | None:
    try:
        lines = (folder / "io").read_bytes().split(b"\n")
    except OSError:
        return None
    return sum(int(line.split()[1]) for line in lines if line.startswith((b"read_bytes:", b"write_bytes:")))


def _total(root: Path) -> float | None:
    """Of the container's control group (version 2); of a whole machine nothing, others work on it as well."""
    group = Path("/sys/fs/cgroup")
    if str(root) != "/proc" or not (group / "cgroup.type").exists():  # which the group of a whole machine has not
        return None
    with suppress(OSError, ValueError, IndexError):
        return int((group / "cpu.stat").read_text().split("usage_usec ")[1].split()[0]) / 1e6
    return None


def _network(root: Path) -> int | None:
    try:
        lines = (root / "net/dev").read_text().splitlines()[2:]
    except OSError:
        return None
    rows = (line.partition(":") for line in lines)
    return sum(int(numbers.split()[0]) + int(numbers.split()[8]) for name, _, numbers in rows if name.strip() != "lo")
