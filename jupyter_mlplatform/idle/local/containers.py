"""Containers on this machine: from the container engine's socket, otherwise from their control groups.

A person who may not talk to the engine may still have started containers (through sudo, or a rootless engine), and the
kernel shows to everybody how much CPU each control group has used. So no right is needed, only names and images are
missing then. Layouts: https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/cpuacct.html.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle import containers
from jupyter_mlplatform.idle.containers import Container, is_self_reporting
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.local.engine import Engine, deadline, engine_socket
from jupyter_mlplatform.idle.models import WORKSPACE
from jupyter_mlplatform.idle.ports import Source, View

CGROUPS = Path("/sys/fs/cgroup")
PROC_SELF = Path("/proc/self")

_ID = re.compile(r"[0-9a-f]{64}")
_GROUPS = (
    "docker/*",
    "system.slice/docker-*.scope",
    "machine.slice/libpod-*.scope",
    "machine/libpod-*",
    "libpod_parent/libpod-*",
    "user.slice/user-*.slice/user@*.service/*.slice/libpod-*.scope",
    "user.slice/user-*.slice/user@*.service/*.slice/docker-*.scope",
    "user.slice/user-*.slice/user@*.service/user.slice/user-libpod_pod_*.slice/libpod-*.scope",
)


def container_source(find_socket: Callable[[], Path | None] = engine_socket) -> Source | None:
    """The source for this machine; None where there are no Unix sockets. The engine may be started later."""
    return RunningContainers(find_socket) if hasattr(socket, "AF_UNIX") else None


class RunningContainers:
    """All running containers, but the one that this server itself runs in."""

    name = "containers"
    scope = WORKSPACE

    def __init__(
        self,
        find_socket: Callable[[], Path | None] = engine_socket,
        cgroups: Path = CGROUPS,
        proc_self: Path = PROC_SELF,
    ) -> None:
        self._find_socket = find_socket
        self._cgroups = cgroups
        self._proc_self = proc_self
        self._before: dict[str, Container] | None = None
        self._at = 0.0
        self._said: dict[str, Finding] = {}

    def look(self, view: View) -> Mapping[str, Finding]:
        """Of the workspace; nothing where no container was ever seen. Raises ``Unavailable`` when the engine fails."""
        found = {each.id: each for each in self._list(deadline(view.policy))}
        before, since = self._before, self._at
        if not found and not before:
            self._before, self._at = {}, view.now
            return {}
        if before is not None and view.now <= since:
            return self._said
        self._before, self._at = found, view.now
        if before is None:
            self._said = {WORKSPACE: containers.not_measured(len(found))}
            return self._said
        elapsed = view.now - since
        uses = {key: (each, containers.use(before.get(key), each, elapsed)) for key, each in found.items()}
        self._said = {WORKSPACE: containers.finding(uses, view.policy, view.now)}
        return self._said

    def close(self) -> None:
        """See the port: nothing to undo."""

    def _list(self, seconds: float) -> list[Container]:
        own = self._own_ids()
        groups = {each.id: each for each in self._from_groups()}
        path = self._find_socket()
        told: list[Container] = []
        if path is not None:
            with suppress(PermissionError):  # the control groups tell the same without a right
                told = list(self._from_engine(Engine(path, seconds), groups, own))
        named = {each.id for each in told}
        return [*told, *(each for key, each in groups.items() if key not in named and not _is_own(key, own))]

    def _own_ids(self) -> set[str]:
        """What may be the id of the container that this server runs in: its groups, its mounts, its host's name."""
        found = {socket.gethostname()}
        for name in ("cgroup", "mountinfo"):
            with suppress(OSError):
                text = (self._proc_self / name).read_text(errors="replace")
                # Of the mounts only those of the container's own host files: a host lists those of all containers.
                lines = (each for each in text.splitlines() if name == "cgroup" or "/etc/host" in each)
                found.update(each for line in lines for each in _ID.findall(line))
        return found

    def _from_engine(self, engine: Engine, groups: Mapping[str, Container], own: set[str]) -> Iterator[Container]:
        for row in engine.containers():
            container_id = str(row["Id"])
            if _is_own(container_id, own):
                continue
            group = groups.get(container_id)
            stats = _stats(engine, container_id, group)
            if stats == {}:  # it has ended
                continue
            seconds = _number(stats, "cpu_stats", "cpu_usage", "total_usage") / 1e9
            yield Container(
                id=container_id,
                name=str((row.get("Names") or [container_id[:12]])[0]).lstrip("/"),
                image=str(row.get("Image") or ""),
                self_reporting=is_self_reporting(row.get("Labels") or ()),
                measured=stats is not None or group is not None,
                # Not every engine fills it in, or may be asked.
                cpu_seconds=seconds or (group.cpu_seconds if group else 0.0),
                io_bytes=_io_bytes(stats or {}) or (group.io_bytes if group else 0),
                network_bytes=_network_bytes(stats or {}),
            )

    def _from_groups(self) -> Iterator[Container]:
        for root in (self._cgroups, self._cgroups / "cpuacct", self._cgroups / "unified"):
            for pattern in _GROUPS:
                for folder in root.glob(pattern):
                    found = _ID.search(folder.name)
                    seconds = _cpu_seconds(folder) if found else None
                    if found and seconds is not None:
                        yield Container(
                            id=found[0], name=found[0][:12], cpu_seconds=seconds, io_bytes=_group_io(folder)
                        )


def _stats(engine: Engine, container_id: str, group: Container | None) -> dict[str, Any] | None:
    """An engine that needs seconds for each container has no time left for the last; their groups will do."""
    try:
        return engine.stats(container_id)
    except Unavailable:
        if group is None:
            raise
        return None


def _is_own(container_id: str, own: set[str]) -> bool:
    return container_id in own or container_id[:12] in own


def _number(of: Any, *path: str) -> float:
    """A number deep inside of an answer; 0 where it is missing or is something else."""
    for key in path:
        of = of.get(key) if isinstance(of, dict) else None
    return float(of) if isinstance(of, (int, float)) else 0.0


def _io_bytes(stats: dict[str, Any]) -> int:
    rows = (stats.get("blkio_stats") or {}).get("io_service_bytes_recursive") or ()
    counted = (each for each in rows if str(each.get("op", "")).lower() in {"read", "write"})
    return int(sum(_number(each, "value") for each in counted))


def _network_bytes(stats: dict[str, Any]) -> int:
    networks = (stats.get("networks") or {}).values()
    return int(sum(_number(each, "rx_bytes") + _number(each, "tx_bytes") for each in networks))


def _cpu_seconds(folder: Path) -> float | None:
    """From ``cpu.stat`` (version 2, microseconds) or ``cpuacct.usage`` (version 1, nanoseconds)."""
    with suppress(OSError, ValueError):
        return int((folder / "cpuacct.usage").read_text()) / 1e9
    with suppress(OSError, ValueError):
        for line in (folder / "cpu.stat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "usage_usec":
                return int(value) / 1e6
    return None


def _group_io(folder: Path) -> int:
    """Bytes read and written, from ``io.stat`` (version 2); 0 where that is not counted."""
    with suppress(OSError, ValueError):
        words = (folder / "io.stat").read_text().split()
        return sum(int(each.partition("=")[2]) for each in words if each.startswith(("rbytes=", "wbytes=")))
    return 0
