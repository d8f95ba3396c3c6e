"""Starts the watchdog: outside of the server, in a session of its own, so that it lives on when the server ends."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from jupyter_mlplatform.idle.local import heartbeat
from jupyter_mlplatform.idle.local.heartbeat import Heartbeat
from jupyter_mlplatform.policy import IdlePolicy

LOG = "watchdog.log"
MOST_LOG_BYTES = 256 * 1024
_DETACH = "import os, sys; os.fork() and os._exit(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
CHECK_SECONDS = 600.0


class Watched:
    """The server's side: tells the watchdog that it lives, and starts one when there is none.

    ``folder`` is the workspace's own, ``metadata`` SageMaker's file; ``started_at`` is when the server started, on
    ``clock.seconds()``. Only for a workspace on SageMaker: nothing else can be stopped from outside.
    """

    def __init__(
        self, folder: Path, metadata: Path, policy: IdlePolicy, started_at: float, log: logging.Logger
    ) -> None:
        self._folder = folder
        self._metadata = metadata
        self._policy = policy
        self._started_at = started_at
        self._log = log
        self._checked_at: float | None = None
        self._failed = self._refused = False

    def beat(
        self,
        now: float,
        timeout_seconds: float | None,
        open_cells: tuple[int, ...] = (),
        *,
        keeper_ok: bool = True,
    ) -> None:
        """To be called with every sample, in a thread. ``timeout_seconds`` is that of the workspace; None when it is
        not stopped by deleting the app, or never. ``open_cells`` are the pids of local kernels with an open cell.
        ``keeper_ok``: whether the sample came off; while the server lives and it does not, the watchdog stops nothing.
        """
        try:
            self._write(now, timeout_seconds if self._policy.watchdog else None, open_cells, keeper_ok)
            due = self._checked_at is None or now - self._checked_at >= CHECK_SECONDS
            if due and self._policy.watchdog and timeout_seconds is not None:
                self._checked_at = now
                start(self._folder)
        except OSError as error:
            if not self._failed:
                self._failed = True
                self._log.warning("The watchdog over this workspace cannot be started or reached: %s", error)

    def stand_down(self, now: float) -> None:
        """This server stops nothing (idle shutdown is switched off): a watchdog of an earlier one leaves."""
        with suppress(OSError):
            self._write(now, None, (), keeper_ok=True)

    def _write(self, now: float, timeout_seconds: float | None, open_cells: tuple[int, ...], keeper_ok: bool) -> None:
        policy, pid = self._policy, os.getpid()
        beat = Heartbeat(
            at=now,
            pid=pid,
            started=heartbeat.started(pid) or 0.0,
            mute_seconds=heartbeat.mute_seconds(policy.sample_seconds),
            timeout_seconds=timeout_seconds,
            metadata=str(self._metadata),
            open_cells=open_cells,
            busy_cpu_fraction=policy.busy_cpu_fraction,
            heartbeat_cpu_fraction=policy.heartbeat_cpu_fraction,
            heartbeaters=policy.heartbeaters,
            watchers=policy.watchers,
            io_bytes_per_second=policy.io_bytes_per_second,
            network_bytes_per_second=policy.network_bytes_per_second,
            gpu_fraction=policy.gpu_fraction,
            started_at=self._started_at,
            min_uptime_seconds=policy.min_uptime_seconds,
            keeper_ok=keeper_ok,
        )
        refused = heartbeat.write(self._folder, beat)
        if refused is not None and not self._refused:
            self._log.warning("The home folder does not take the sign of life for the watchdog: %s", refused)
        self._refused = refused is not None
        if self._checked_at is None:
            heartbeat.tidy(self._folder, pid)


def running(folder: Path) -> int | None:
    """The pid of this workspace's watchdog on this machine, 0 if it could not write it; None when there is none."""
    try:
        handle = os.open(folder / heartbeat.FOLDER / f"{heartbeat.machine()}.lock", os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        with suppress(OSError, ValueError):
            return int(os.read(handle, 32))
        return 0
    finally:
        os.close(handle)
    return None


def start(folder: Path) -> bool:
    """Start one for the workspace whose own folder is ``folder``, unless it has one. Blocks for a few milliseconds.

    True: one runs or was started. Where there is no ``/proc`` (and so no name for this boot) there is no watchdog.
    Raises ``OSError`` where no process can be started. Write a heartbeat first.
    """
    if not heartbeat.machine():
        return False
    if running(folder) is not None:
        return True
    home = folder / heartbeat.FOLDER
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOG).open("ab") as log:
        if log.tell() > MOST_LOG_BYTES:
            log.truncate(0)
        # The one in between ends at once, so that the watchdog is not this server's child and leaves no zombie in it.
        arguments = [sys.executable, "-S", "-c", _DETACH, "-m", "jupyter_mlplatform.idle.watchdog", str(folder)]
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/", check=False
        )
    return done.returncode == 0
