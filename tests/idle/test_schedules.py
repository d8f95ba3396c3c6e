"""Against a database with the tables as jupyter-scheduler 2.12.1 makes them."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from jupyter_mlplatform.idle.local.schedules import Schedules, of_server
from jupyter_mlplatform.idle.models import WORKSPACE, Signal
from jupyter_mlplatform.policy import IdlePolicy
from tests.idle.views import NOON, only, view
from tests.poll import until

COMMON = """runtime_environment_name VARCHAR(256) NOT NULL, runtime_environment_parameters VARCHAR(1024),
    compute_type VARCHAR(256), input_filename VARCHAR(256) NOT NULL, output_formats VARCHAR(512), name VARCHAR(256),
    tags VARCHAR(1024), parameters VARCHAR(1024), email_notifications VARCHAR(1024), timeout_seconds INTEGER,
    retry_on_timeout BOOLEAN, max_retries INTEGER, min_retry_interval_millis INTEGER,
    output_filename_template VARCHAR(256), update_time INTEGER, create_time INTEGER, package_input_folder BOOLEAN,
    packaged_files VARCHAR"""
TABLES = f"""
CREATE TABLE jobs (job_id VARCHAR(36) NOT NULL, job_definition_id VARCHAR(36), status VARCHAR(64),
    status_message VARCHAR(1024), start_time INTEGER, end_time INTEGER, url VARCHAR(256), pid INTEGER,
    idempotency_token VARCHAR(256), {COMMON}, PRIMARY KEY (job_id));
CREATE TABLE job_definitions (job_definition_id VARCHAR(36) NOT NULL, schedule VARCHAR(256), timezone VARCHAR(36),
    url VARCHAR(256), active BOOLEAN, {COMMON}, PRIMARY KEY (job_definition_id));
"""
IN_TEN_MINUTES = "in ten minutes"
POLICY = IdlePolicy(schedule_ahead_seconds=3600)


def next_run(schedule: str, zone: str | None) -> float:
    """Stands for the scheduler's own rule; the schedule is a number of seconds after noon."""
    return NOON.timestamp() + float(schedule)


class Database:
    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as database:
            database.executescript(TABLES)

    def add(self, table: str, **values: Any) -> None:
        row = {"runtime_environment_name": "e", "input_filename": "n.ipynb", "name": "nightly", **values}
        with closing(sqlite3.connect(self.path)) as database, database:
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))  # noqa: S608

    def job(self, status: str, pid: int | None) -> None:
        self.add("jobs", job_id=os.urandom(4).hex(), status=status, pid=pid)

    def definition(self, schedule: str | None, *, active: bool = True, **values: Any) -> None:
        self.add("job_definitions", job_definition_id=os.urandom(4).hex(), schedule=schedule, active=active, **values)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "scheduler #1?.sqlite")


@pytest.fixture
def schedules(database: Database) -> Schedules:
    return Schedules(database.path, next_run, logging.getLogger("test"))


@pytest.fixture
def job() -> Iterator[int]:
    """A process as jupyter-scheduler spawns one for a job, at work on nothing that uses the CPU."""
    code = "import multiprocessing, time\nif __name__ == '__main__':\n"
    code += " p = multiprocessing.get_context('spawn').Process(target=time.sleep, args=(60,)); p.start()\n"
    code += " print(p.pid, flush=True)\n p.join()"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    until(lambda: b"--multiprocessing-fork" in Path(f"/proc/{pid}/cmdline").read_bytes())
    yield pid
    os.kill(pid, 9)
    parent.wait()
    parent.stdout.close()


def test_given_a_job_that_runs_now_then_the_workspace_is_at_work(
    database: Database, schedules: Schedules, job: int
) -> None:
    database.job("IN_PROGRESS", job)
    found = only(schedules.look(view(100, pids=(job,))), WORKSPACE)
    assert found.evidence.text == "the scheduled notebook 'nightly' is running"
    assert (found.evidence.signal, found.worked_at) == (Signal.WORK, 100)


def test_given_a_job_whose_process_is_gone_or_is_another_one_by_now_then_it_does_not_run(
    database: Database, schedules: Schedules, job: int
) -> None:
    database.job("IN_PROGRESS", os.getpid())
    database.job("IN_PROGRESS", job)
    database.job("IN_PROGRESS", None)
    for status in ("COMPLETED", "FAILED", "STOPPED"):
        database.job(status, job)
    found = only(schedules.look(view(100, pids=(os.getpid(),))), WORKSPACE)  # the job's pid is not this person's
    assert found.evidence.signal is Signal.IDLE


def test_given_a_notebook_that_is_due_soon_then_the_workspace_is_kept_and_it_is_said_when(
    database: Database, schedules: Schedules
) -> None:
    database.definition("7200", name="later")
    database.definition("700")
    database.definition("650", active=False)
    database.definition(None)
    found = only(schedules.look(view(100, policy=POLICY)), WORKSPACE)
    assert found.evidence.text == "the notebook 'nightly' is scheduled to run in 10 min, at 12:11 UTC"
    assert (found.evidence.signal, found.worked_at) == (Signal.WORK, 100)


def test_given_a_notebook_that_is_due_too_far_ahead_then_it_is_only_named(
    database: Database, schedules: Schedules
) -> None:
    database.definition("7300")
    found = only(schedules.look(view(100, policy=POLICY)), WORKSPACE)
    assert found.evidence.signal is Signal.IDLE
    assert "too far ahead" in found.evidence.text
    ahead = msgspec.structs.replace(POLICY, schedule_ahead_seconds=7200)
    assert only(schedules.look(view(100, policy=ahead)), WORKSPACE).evidence.signal is Signal.WORK


def test_given_nothing_in_this_server_starts_scheduled_notebooks_then_only_running_ones_count(
    database: Database,
) -> None:
    database.definition("700")
    source = Schedules(database.path, None, logging.getLogger("test"))
    assert only(source.look(view(100)), WORKSPACE).evidence.signal is Signal.IDLE


def test_given_a_schedule_that_cannot_be_understood_then_the_others_count_and_it_is_told_once(
    database: Database, schedules: Schedules, caplog: pytest.LogCaptureFixture
) -> None:
    database.definition("every day")
    database.definition("700")
    for _ in range(3):
        assert only(schedules.look(view(100)), WORKSPACE).evidence.signal is Signal.WORK
    assert len(caplog.records) == 1


def test_given_no_database_yet_then_nothing_is_said(tmp_path: Path) -> None:
    assert Schedules(tmp_path / "none", next_run, logging.getLogger("test")).look(view(1)) == {}
    assert not (tmp_path / "none").exists()


def test_given_a_database_that_is_locked_or_damaged_or_another_one_then_it_raises(
    database: Database, schedules: Schedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_mlplatform.idle.local.schedules.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(database.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.Error):
            schedules.look(view(1))
    schedules.look(view(1))
    with closing(sqlite3.connect(database.path)) as other:
        other.execute("DROP TABLE jobs")
    with pytest.raises(sqlite3.Error):
        schedules.look(view(1))
    database.path.write_bytes(b"x" * 5000)
    with pytest.raises(sqlite3.Error):
        schedules.look(view(1))


def test_looking_never_writes(database: Database, schedules: Schedules) -> None:
    database.definition("700")
    before = database.path.read_bytes(), database.path.stat().st_mtime_ns, sorted(database.path.parent.iterdir())
    schedules.look(view(1))
    after = database.path.read_bytes(), database.path.stat().st_mtime_ns, sorted(database.path.parent.iterdir())
    assert before == after


@pytest.mark.parametrize(
    ("scheduler", "built"),
    [
        (None, False),
        (SimpleNamespace(), False),
        (SimpleNamespace(db_url="postgresql://elsewhere/db", task_runner=1), False),
        (SimpleNamespace(db_url="sqlite://", task_runner=1), False),
        (SimpleNamespace(db_url="sqlite:////data/scheduler.sqlite", task_runner=1), True),
        (SimpleNamespace(db_url="sqlite:////data/scheduler.sqlite", task_runner=None), True),
    ],
)
def test_a_server_has_schedules_where_its_scheduler_works_on_this_machine(scheduler: Any, built: bool) -> None:
    app = SimpleNamespace(web_app=SimpleNamespace(settings={"scheduler": scheduler}), log=logging.getLogger("test"))
    assert (of_server(app) is not None) is built
