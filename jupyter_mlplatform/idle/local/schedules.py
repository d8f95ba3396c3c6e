"""Notebooks that jupyter-scheduler runs on this machine: now, or soon.

Its jobs are processes of their own and its schedules live in the memory of this server, so both end with the
workspace. They are read from its database (SQLite, the tables of jupyter-scheduler 2), never written.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import WORKSPACE, Evidence, Signal
from jupyter_mlplatform.idle.ports import View

SOURCE = "schedules"
BUSY_SECONDS = 2.0
URL = "sqlite:///"
RUNNING = "SELECT name, input_filename, pid FROM jobs WHERE status IN ('IN_PROGRESS', 'STOPPING') AND pid IS NOT NULL"
SCHEDULED = """SELECT job_definition_id, name, input_filename, schedule, timezone FROM job_definitions
    WHERE active AND schedule IS NOT NULL AND schedule != ''"""

NextRun = Callable[[str, "str | None"], float]
"""The next instant (seconds since 1970, UTC) of a cron schedule in a time zone (None: UTC)."""


class Schedules:
    """See :class:`~jupyter_mlplatform.idle.ports.Source`.

    ``next_run`` is None where nothing in this server starts scheduled notebooks. ``is_job`` tells whether a living
    process is one that runs a job: the number in the database may be that of a process long gone.
    """

    name = SOURCE
    scope = WORKSPACE

    def __init__(
        self, path: Path, next_run: NextRun | None, log: logging.Logger, is_job: Callable[[int], bool] | None = None
    ) -> None:
        self._path = path
        self._next_run = next_run
        self._log = log
        self._is_job = is_job or _is_job
        self._complained: set[str] = set()

    def look(self, view: View) -> Mapping[str, Finding]:
        """What runs and what is due. Raises ``sqlite3.Error`` for a database that is locked, damaged or another one."""
        if not self._path.exists():
            return {}
        address = f"file:{quote(str(self._path))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as database:
            jobs = database.execute(RUNNING).fetchall()
            definitions = database.execute(SCHEDULED).fetchall() if self._next_run is not None else []
        for name, file, pid in jobs:
            if pid in view.owners and self._is_job(pid):
                return _finding(Signal.WORK, f"the scheduled notebook {_named(name, file)} is running", view.now)
        due = self._soonest(definitions, view)
        if due is None:
            return _finding(Signal.IDLE, "no notebook is running on a schedule or will soon")
        at, what = due
        text = f"the notebook {what} is scheduled to run in {spoken(at - view.utc.timestamp())}, at {_clock(at)} UTC"
        if at - view.utc.timestamp() > view.policy.schedule_ahead_seconds:
            return _finding(Signal.IDLE, f"{text}, which is too far ahead to wait for")
        return _finding(Signal.WORK, text, view.now)

    def close(self) -> None:
        """See the port: nothing to undo."""

    def _soonest(self, definitions: list[tuple[Any, ...]], view: View) -> tuple[float, str] | None:
        found = []
        for identity, name, file, schedule, zone in definitions:
            try:
                assert self._next_run is not None  # noqa: S101 (otherwise there are no definitions)
                at = self._next_run(str(schedule), zone or None)
            except Exception as error:  # noqa: BLE001 (what the scheduler cannot understand, it does not run)
                if identity not in self._complained:
                    self._log.warning("The schedule of %s cannot be understood: %s", _named(name, file), error)
                self._complained.add(identity)
            else:
                found.append((max(at, view.utc.timestamp()), _named(name, file)))
        return min(found, default=None)


def of_server(app: Any) -> Schedules | None:
    """The schedules of a server with jupyter-scheduler; None without it, or where its jobs run on another machine.

    Call it when all extensions have been loaded.
    """
    scheduler = app.web_app.settings.get("scheduler")
    url = getattr(scheduler, "db_url", "")
    if not isinstance(url, str) or not url.startswith(URL) or url == URL:
        return None
    runs_here = getattr(scheduler, "task_runner", None) is not None
    return Schedules(Path(url.removeprefix(URL)), _compute if runs_here else None, app.log)


def _compute(schedule: str, zone: str | None) -> float:
    """With the scheduler's own rule, which is loaded where there is a scheduler."""
    rule: Any = import_module("jupyter_scheduler.utils")
    return float(rule.compute_next_run_time(schedule, zone)) / 1000.0


def _is_job(pid: int) -> bool:
    """jupyter-scheduler spawns a job with Python's multiprocessing; where that cannot be seen, living is enough."""
    try:
        return b"--multiprocessing-fork" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not os.path.isdir("/proc/self")  # noqa: PTH112 (one of the few names that is no file of a person)


def _finding(signal: Signal, text: str, worked_at: float | None = None) -> Mapping[str, Finding]:
    return {WORKSPACE: Finding(Evidence(source=SOURCE, signal=signal, text=text), worked_at)}


def _named(name: Any, file: Any) -> str:
    return repr(str(name or file or "without a name")[:100])


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%H:%M")
