"""What the keeper leaves behind for the watchdog: that it lives, and by which rule it would stop the workspace.

One file a server, ``idle-watch/ID-PID.json``, where ``ID`` names this boot of this machine: a home folder may be shared
by machines and outlive them. Where the home takes no file, it lies in memory. Only the standard library is imported
here, since the watchdog has to stay small.
"""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

FOLDER = "idle-watch"
PROC = Path("/proc")
REFUGES = (Path("/dev/shm"), Path("/tmp"))  # noqa: S108 (checked in refuge_of; the same for the server and the watchdog)


class Heartbeat(NamedTuple):
    """``at`` is when it was written, in seconds of ``clock.seconds()``; ``pid`` and ``started`` name the server.

    ``mute_seconds`` is the silence after which the server is taken for dead. ``timeout_seconds`` is how long nothing
    may have worked before the watchdog acts; None: it never does (another way of stopping was chosen).
    ``open_cells`` are the pids of kernels with a cell that had not ended: they may wait for another machine at no CPU.
    ``keeper_ok``: False when the server lives but its keeper failed in its last sweep; nobody judges then what works.
    The thresholds are those of the policy.
    """

    at: float
    pid: int
    started: float
    mute_seconds: float
    timeout_seconds: float | None
    metadata: str
    open_cells: tuple[int, ...] = ()
    busy_cpu_fraction: float = 0.02
    heartbeat_cpu_fraction: float = 0.15
    heartbeaters: tuple[str, ...] = ()
    watchers: tuple[str, ...] = ()
    io_bytes_per_second: float = 65536.0
    network_bytes_per_second: float = 65536.0
    gpu_fraction: float = 0.05
    started_at: float = 0.0
    min_uptime_seconds: float = 0.0
    keeper_ok: bool = True


def mute_seconds(sample_seconds: float) -> float:
    """Five minutes, or three samples where these take longer."""
    return max(300.0, 3 * sample_seconds)


def machine() -> str:
    """A name for this boot of this machine, or of this container on it; the same in all of its processes."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()[:8]
        first = int(started(1) or 0)
    except OSError:
        return ""
    return f"{boot}-{first}"


def started(pid: int) -> float | None:
    """When a process was started, in clock ticks since boot; None when it is not there, or dead and not yet reaped."""
    try:
        fields = (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return float(fields[19]) if fields[0] not in (b"Z", b"X") else None


def write(folder: Path, beat: Heartbeat) -> OSError | None:
    """Atomically; ``folder`` is the workspace's own. Where the home refuses it, a full disk maybe, into memory instead.

    Returns why the home refused it. Raises ``OSError`` where it can be left nowhere.
    """
    try:
        _write(folder / FOLDER, beat)
    except OSError as error:
        refuge = refuge_of(folder, make=True)
        if refuge is None:
            raise
        _write(refuge, beat)
        return error
    return None


def read(folder: Path) -> tuple[Heartbeat, ...]:
    """Those of this boot. One that cannot be understood raises ``ValueError``: then nothing is known.

    Of a server that is found in both places, the newer one counts.
    """
    newest: dict[tuple[int, float], Heartbeat] = {}
    for path in _files(folder):
        beat = _read(path)
        known = newest.get((beat.pid, beat.started))
        if known is None or beat.at > known.at:
            newest[beat.pid, beat.started] = beat
    return tuple(newest.values())


def forget(folder: Path, pid: int) -> None:
    """The keeper of this server ends, and another one takes over."""
    for path in _files(folder):
        if path.name == f"{machine()}-{pid}.json":
            with suppress(OSError):
                path.unlink()


def tidy(folder: Path, mine: int) -> None:
    """Drop what servers that are gone have left, once a new server (``mine``) has written its own."""
    for path in _files(folder):
        with suppress(OSError, ValueError):
            beat = _read(path)
            if beat.pid != mine and started(beat.pid) != beat.started:
                path.unlink()


def refuge_of(folder: Path, *, make: bool = False) -> Path | None:
    """Where heartbeats go that the home does not take: a folder of this account alone; None where there is none.

    Everybody may write beside it, so one that is a link, another account's or open to others is not used.
    """
    name = f"{zlib.crc32(os.fsencode(folder.absolute())):08x}"
    for root in REFUGES:
        home = root / f"mlplatform-idle-{os.geteuid()}"
        if make:
            with suppress(OSError):
                home.mkdir(mode=0o700)
            with suppress(OSError):
                (home / name).mkdir(mode=0o700)
        if _is_private(home) and _is_private(home / name):
            return home / name
    return None


def _is_private(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _write(home: Path, beat: Heartbeat) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Nobody else writes in this folder, and the library for temporary files would cost the watchdog a megabyte.
    new = home / f".{machine()}-{beat.pid}"
    try:
        new.write_text(json.dumps(beat._asdict()), encoding="utf-8")
        new.replace(home / f"{machine()}-{beat.pid}.json")
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def _files(folder: Path) -> Iterator[Path]:
    name, refuge = machine(), refuge_of(folder)
    for home in (folder / FOLDER, *((refuge,) if refuge else ())):
        if name:
            yield from home.glob(f"{name}-*.json")


def _read(path: Path) -> Heartbeat:
    try:
        found = json.loads(path.read_bytes())
        found |= {key: tuple(found.get(key, ())) for key in ("open_cells", "heartbeaters", "watchers")}
        beat = Heartbeat(**found)
        if not all(isinstance(each, (int, float)) for each in (beat.at, beat.pid, beat.started, beat.mute_seconds)):
            raise TypeError("a number is missing")
    except (OSError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path.name} cannot be understood: {error}") from error
    return beat
