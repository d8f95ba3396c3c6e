"""What other extensions bring: shared documents, apps behind the proxy, scheduled notebooks. P04, P05, T13, T14."""

from __future__ import annotations

import importlib.util
import json
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import websocket

from tests.idle.scenarios.cases import case
from tests.idle.scenarios.stage import WORKSPACE, Stage, now
from tests.idle.scenarios.world import EXTENSIONS, Plan, World

COLLABORATION = Plan(extensions=(*EXTENSIONS, "jupyter_server_fileid", "jupyter_server_ydoc"))
PROXY = Plan(extensions=(*EXTENSIONS, "jupyter_server_proxy"))


class Guest:
    """A person in a shared document: a real client of the room."""

    def __init__(self, stage: Stage, path: str, client: int) -> None:
        body = {"format": "text", "type": "file"}
        session = stage.world.http.call("PUT", f"/api/collaboration/session/{path}", body)
        room = f"text:file:{session['fileId']}?sessionId={session['sessionId']}"
        self._socket = stage.world.http.websocket(f"/api/collaboration/room/{room}")
        self._socket.settimeout(None)
        self._client, self._clock, self._cursor = client, 0, 0
        threading.Thread(target=self._read, daemon=True).start()
        stage.finally_(self._socket.abort)

    def type(self) -> None:
        """One word. A document belongs to the thread that made it, so each word is one of its own."""
        from pycrdt import Doc, Text, create_update_message

        document: Any = Doc()
        text: Any = document.get("source", type=Text)
        text += "word "
        self._send(create_update_message(document.get_update()))

        self._cursor += 1
        self.breathe()

    def breathe(self) -> None:
        """What a client says every few seconds by itself: that it is still there, and where its cursor is."""
        self._clock += 1
        state = json.dumps({"user": {"name": "bob"}, "cursor": self._cursor}).encode()
        entry = bytes([1, self._client, self._clock, len(state)]) + state
        self._send(bytes([1, len(entry)]) + entry)

    def _read(self) -> None:
        try:
            while self._socket.recv():
                pass
        except (OSError, websocket.WebSocketException):
            return

    def _send(self, message: bytes) -> None:
        self._socket.send_binary(message)


def _now_and_then(do: Callable[[], Any]) -> None:
    """As a person does: without the regularity of a program."""
    if random.random() < 0.3:
        do()


def _guest(stage: Stage, client: int) -> Guest:
    if importlib.util.find_spec("jupyter_server_ydoc") is None or importlib.util.find_spec("pycrdt") is None:
        stage.absent("jupyter-collaboration is not installed")
    (stage.world.home / "work" / "notes.md").write_text("notes\n")
    return Guest(stage, "notes.md", client)


@case("P04", plan=COLLABORATION)
def another_person_in_a_shared_document(stage: Stage) -> None:
    away, here = _guest(stage, 77), _guest(stage, 78)
    stage.every(10.0, away.breathe)
    stage.every(1.0, lambda: _now_and_then(here.type))
    stage.kept(WORKSPACE, "document|somebody")


@case("P04a", "two people have a shared document open, and both are away", "STOP after T", plan=COLLABORATION)
def nobody_in_a_shared_document(stage: Stage) -> None:
    one, other = _guest(stage, 77), _guest(stage, 78)
    ended = now()
    stage.every(5.0, one.breathe)
    stage.every(5.0, other.breathe)
    stage.stopped(WORKSPACE, "", ended - 3.0, until_=ended + 3.0)


def _app(stage: Stage) -> None:
    if importlib.util.find_spec("jupyter_server_proxy") is None:
        stage.absent("jupyter-server-proxy is not installed")
    stage.world.serve("app", "sidecar.py", "9002", "{}")


@case("P05", plan=PROXY)
def a_person_in_an_app_behind_the_proxy(stage: Stage) -> None:
    _app(stage)
    save = {"text": "print(1)"}
    stage.every(1.0, lambda: _now_and_then(lambda: stage.world.http.call("POST", "/proxy/9002/save", save)))
    stage.kept(WORKSPACE, "app|proxy|proxied|somebody|person")


@case("P05a", "the app's tab polls every few seconds, nobody is there", "STOP after T", plan=PROXY)
def an_app_behind_the_proxy_that_polls(stage: Stage) -> None:
    begun = now()
    _app(stage)
    stage.every(3.0, lambda: stage.world.http.call("GET", "/proxy/9002/status"))
    stage.stopped(WORKSPACE, "", begun, until_=now() + 5.0)


TABLES = """
CREATE TABLE jobs (
    job_id TEXT PRIMARY KEY, job_definition_id TEXT, name TEXT, status TEXT, status_message TEXT, start_time INTEGER,
    end_time INTEGER, pid INTEGER, create_time INTEGER, update_time INTEGER, input_filename TEXT,
    runtime_environment_name TEXT
);
CREATE TABLE job_definitions (
    job_definition_id TEXT PRIMARY KEY, name TEXT, schedule TEXT, timezone TEXT, active BOOLEAN, create_time INTEGER,
    update_time INTEGER, input_filename TEXT, runtime_environment_name TEXT
);
"""


def _schedules(world: World) -> None:
    """A stand-in for jupyter-scheduler, and its database with the columns that matter, where it keeps it."""
    shutil.copytree(Path(__file__).with_name("programs") / "jupyter_scheduler", world.packages / "jupyter_scheduler")
    folder = world.home / "data"
    folder.mkdir(exist_ok=True)
    connection = sqlite3.connect(folder / "scheduler.sqlite")
    connection.executescript(TABLES)
    connection.commit()
    connection.close()


def _insert(stage: Stage, statement: str, *values: Any) -> None:
    connection = sqlite3.connect(stage.world.home / "data" / "scheduler.sqlite")
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def _job(stage: Stage, status: str) -> None:
    process = f"job-{stage.name}"
    command = [stage.world.python, "-c", "import time; time.sleep(600)", "--multiprocessing-fork"]
    stage.world.start(process, command)
    pid = int(stage.world.read("pid", process))
    moment = int(time.time() * 1000)
    statement = (
        "INSERT INTO jobs (job_id, name, status, start_time, create_time, pid, input_filename) VALUES (?,?,?,?,?,?,?)"
    )
    _insert(stage, statement, "job-1", "nightly", status, moment, moment, pid, "nightly.ipynb")


SCHEDULES = Plan(
    idle={"schedule_ahead_seconds": 3600.0}, prepare=_schedules, extensions=(*EXTENSIONS, "jupyter_scheduler")
)


@case("T13", plan=SCHEDULES)
def a_scheduled_job_that_runs(stage: Stage) -> None:
    _job(stage, "IN_PROGRESS")
    stage.kept(WORKSPACE, "nightly|scheduled|job")


def _definition(stage: Stage, minutes: int, active: bool = True) -> None:
    due = time.gmtime(time.time() + 60 * minutes)
    schedule = f"{due.tm_min} {due.tm_hour} * * *"
    statement = (
        "INSERT INTO job_definitions (job_definition_id, name, schedule, timezone, active, create_time, input_filename)"
        " VALUES (?,?,?,?,?,?,?)"
    )
    moment = int(time.time() * 1000)
    _insert(stage, statement, "definition-1", "report", schedule, "UTC", active, moment, "report.ipynb")


@case("T14", plan=SCHEDULES)
def a_notebook_that_is_due_soon(stage: Stage) -> None:
    _definition(stage, 10)
    stage.kept(WORKSPACE, "report|scheduled|due")


@case("T14a", "the next run is only due in five hours", "STOP after T", plan=SCHEDULES)
def a_notebook_that_is_due_much_later(stage: Stage) -> None:
    begun = now()
    _definition(stage, 300)
    stage.stopped(WORKSPACE, "", begun, until_=now() + 3.0)
