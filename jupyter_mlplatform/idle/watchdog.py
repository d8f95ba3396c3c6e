"""Stops the bill when the server cannot: ``python -m jupyter_mlplatform.idle.watchdog FOLDER``.

A process of its own, one a workspace, that outlives the server. While the server says that it is there (see
``local/heartbeat.py``) it reads one small file twice a minute. When every server has ended or fallen silent it looks at
the machine itself, by the rules of ``watchdog_rule.py``, and deletes the app through a child process. It honours
keep-alives and a person's presence, and stops nothing on doubt. Only the standard library is imported: it has to stay
below 15 MB.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from contextlib import closing, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_mlplatform.idle import watchdog_rule, watchdog_scan
from jupyter_mlplatform.idle.local import clock, heartbeat
from jupyter_mlplatform.idle.local.heartbeat import Heartbeat
from jupyter_mlplatform.idle.watchdog_rule import Duty, Memory, Seen
from jupyter_mlplatform.idle.watchdog_scan import Snapshot

REST_SECONDS = 30.0
DATABASE = "idle.db"
DECISIONS = "idle-decisions.jsonl"
TIMESTAMP_FILE = Path("/tmp/.sagemaker-last-active-timestamp")  # noqa: S108 (SageMaker's own place)
RETRY_SECONDS = 300.0
REFUSED_SECONDS = 3600.0
EXIT_REFUSED = 77
"""Of ``aws/apps.py``, which is not imported: it needs libraries."""


class Watchdog:
    """Looks after the workspace whose own folder is ``folder``."""

    def __init__(self, folder: Path, timestamp_file: Path = TIMESTAMP_FILE) -> None:
        self._folder = folder
        self._timestamp_file = timestamp_file
        self._memory = Memory(began=clock.seconds())
        self._before: Snapshot | None = None
        self._timestamp: str | None = None
        self._presence: object = None
        self._lease_ends: dict[str, float] = {}
        self._not_before = 0.0
        self._said = ""

    def look(self, now: float) -> tuple[Duty, str]:
        """One look, and what follows from it."""
        try:
            beats = heartbeat.read(self._folder)
        except ValueError as error:
            self._before, self._memory = None, Memory(began=self._memory.began)
            return Duty.REST, str(error)
        alive = frozenset(beat.pid for beat in beats if heartbeat.started(beat.pid) == beat.started)
        seen = Seen(now, beats, alive)
        if watchdog_rule.silent(beats, alive, now):
            seen = self._examine(seen)
        else:
            self._before = None
        self._memory, duty, why = watchdog_rule.judge(self._memory, seen)
        if duty is Duty.STOP and now < self._not_before:
            return Duty.WATCH, "the last attempt to stop the workspace failed"
        return duty, why

    def stop(self, why: str, metadata: str) -> bool:
        """Delete the app. True: it is being deleted."""
        command = [sys.executable, "-m", "jupyter_mlplatform.idle.aws.apps", "--metadata", metadata]
        # In its own process: what AWS's libraries need is given back to the system when it ends.
        pid = os.posix_spawn(sys.executable, command, os.environ)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status == 0:
            self.record("culled", f"stops because {why}")
            return True
        wait = REFUSED_SECONDS if status == EXIT_REFUSED else RETRY_SECONDS
        self._not_before = clock.seconds() + wait
        self._memory = self._memory._replace(looked_at=clock.seconds())  # it has not slept, it was busy
        self.record("failed", f"kept because the app could not be deleted (status {status}), although {why}")
        return False

    def record(self, action: str, why: str) -> None:
        """One line of the decision log, in the form of ``models.Decision``."""
        now = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
        line = {"at": now, "subject": "workspace", "action": action, "why": why, "name": "watchdog"}
        with suppress(OSError), (self._folder / DECISIONS).open("ab", buffering=0) as file:
            file.write(json.dumps(line).encode() + b"\n")

    def say(self, text: str) -> None:
        """Into the watchdog's own log, once as long as it stays the same."""
        kind = "".join(each for each in text if not each.isdigit())
        if kind != self._said:
            self._said = kind
            print(f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ} {text}", flush=True)  # noqa: T201 (its log)

    def _examine(self, seen: Seen) -> Seen:
        """Processes, people and keep-alives: nobody else looks at them any more."""
        newest = max(seen.beats, key=lambda beat: beat.at)
        after = watchdog_scan.take(clock.seconds())
        before, self._before = self._before, after
        if before is None:
            self._present(), self._used()  # from here on a change counts
            return seen
        spared = frozenset({os.getpid(), *(beat.pid for beat in seen.beats)})
        used, unseen = self._used()
        work = watchdog_scan.work(before, after, newest, spared) or self._present() or used
        busy, doubt = watchdog_scan.graphics(newest) if not work else ("", "")
        if not work and not busy:
            doubt = doubt or unseen or self._held(seen.at) or _open_cell(newest) or watchdog_scan.containers()
            doubt = doubt or watchdog_scan.stranger(frozenset({os.getpid(), *(beat.pid for beat in seen.beats)}))
        return seen._replace(measured=True, work=work or busy, doubt=doubt)

    def _held(self, now: float) -> str:
        """A keep-alive that has not ended; its end is put on the monotonic clock when it is seen for the first time."""
        try:
            rows = self._query("SELECT id, until, document FROM lease")
            leases = [f"{lease} {until}" for lease, until, _ in rows]
            for lease, (_, until, document) in zip(leases, rows, strict=True):
                if not isinstance(json.loads(document), dict):
                    raise TypeError("no keep-alive")
                end = datetime.fromisoformat(str(until).replace("Z", "+00:00"))
                self._lease_ends.setdefault(lease, now + end.timestamp() - time.time())
        except (ValueError, TypeError, OverflowError, OSError) as error:
            return f"the keep-alives cannot be read ({type(error).__name__})"
        return "a keep-alive has not ended" if any(self._lease_ends[lease] > now for lease in leases) else ""

    def _present(self) -> str:
        """Somebody used another editor since the last look."""
        try:
            text: str | None = self._timestamp_file.read_bytes()[:64].decode("ascii", "replace")
        except OSError:
            text = None
        changed, self._timestamp = text != self._timestamp and text is not None, text
        return "somebody used another editor" if changed else ""

    def _used(self) -> tuple[str, str]:
        """Work: somebody used JupyterLab since the last look, so a server that seems mute serves; and doubt.

        The table holds the same clock as ours, so that a value from before this boot may be greater: a change counts.
        """
        try:
            rows = self._query("SELECT clock FROM presence")
            clocks = [float(value) for (value,) in rows if isinstance(value, (int, float))]
        except OSError as error:
            return "", f"it cannot be read whether somebody was there ({type(error).__name__})"
        if len(clocks) != len(rows):
            return "", "it cannot be understood when somebody was there"
        before, self._presence = self._presence, clocks
        return ("somebody uses JupyterLab" if before is not None and clocks != before else ""), ""

    def _query(self, statement: str) -> list[tuple[Any, ...]]:
        """Raises ``OSError`` where the file cannot be read or understood."""
        import sqlite3  # for a watchdog that has something to decide; it is not small

        path = self._folder / DATABASE
        path.stat()
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=2)) as connection:
                return connection.execute(statement).fetchall()
        except sqlite3.Error as error:
            raise OSError(f"{path}: {error}") from error


def _open_cell(rule: Heartbeat) -> str:
    """A kernel with a cell that had not ended when the server fell silent: it may wait for another machine."""
    waiting = [pid for pid in rule.open_cells if heartbeat.started(pid) is not None]
    return f"a cell of a kernel (pid {waiting[0]}) had not ended" if waiting else ""


def lock(folder: Path) -> int | None:
    """This workspace's only watchdog on this machine; None when there is another."""
    home = folder / heartbeat.FOLDER
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(home / f"{heartbeat.machine()}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    with suppress(OSError):  # on a full disk; the lock is what counts
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def run(folder: Path) -> int:
    """Until there is nothing left to watch."""
    handle = lock(folder)
    if handle is None:
        return 0
    watchdog = Watchdog(folder)
    while True:
        try:
            duty, why = watchdog.look(clock.seconds())
        except OSError as error:
            duty, why = Duty.WATCH, f"the machine cannot be looked at: {error}"
        watchdog.say(why)
        if duty is Duty.LEAVE:
            return 0
        if duty is Duty.STOP and watchdog.stop(why, _metadata(folder)):
            return 0
        time.sleep(REST_SECONDS if duty is Duty.REST else watchdog_rule.SAMPLE_SECONDS)


def _metadata(folder: Path) -> str:
    return max(heartbeat.read(folder), key=lambda beat: beat.at).metadata


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
