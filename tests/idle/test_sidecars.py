"""Containers that tell themselves whether they are active: the engine is a stand-in, the sidecar a real HTTP server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle.local import sidecars
from jupyter_mlplatform.idle.local.engine import Engine
from jupyter_mlplatform.idle.local.sidecars import Sidecars, sidecar_source
from jupyter_mlplatform.idle.models import WORKSPACE, Signal
from jupyter_mlplatform.idle.ports import View
from jupyter_mlplatform.policy import IdlePolicy
from tests.idle.fake_engine import SIDECAR, TRAINING, FakeEngine, running_engine


class Activity:
    """What the sidecar answers, by path."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: dict[str, object] = {}
        self.status = 200
        self.wait = 0.0
        self.raw: bytes | None = None
        self.posted: list[object] = []
        self.paths: list[str] = []

    def labels(self, response: str = "active", endpoint: str = "api/v1/jobs", payload: str = "") -> dict[str, str]:
        prefix = "com.amazon.jupyter.activity"
        found = {f"{prefix}.port": str(self.port), f"{prefix}.endpoint": endpoint, f"{prefix}.response": response}
        return found | ({f"{prefix}.payload": payload} if payload else {})


@pytest.fixture
def activity() -> Iterator[Activity]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.paths.append(self.path)
            time.sleep(made.wait)  # this is the sidecar, not the test, that waits
            found = self.path in made.answers
            content = made.raw if made.raw is not None else json.dumps(made.answers.get(self.path)).encode()
            self.send_response(made.status if found else 404)
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            made.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # whoever asked has given up

    with Server(("127.0.0.1", 0), Handler) as server:
        made = Activity(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[FakeEngine]:
    with running_engine(tmp_path / "docker.sock") as made:
        yield made


@pytest.fixture
def source(docker: FakeEngine) -> Sidecars:
    return Sidecars(lambda: docker.path, "/jupyterlab/default/")


def answer(source: Sidecars) -> tuple[Signal, str] | None:
    found = source.look(View(now=10.0, utc=datetime.now(timezone.utc), owners={}, policy=IdlePolicy()))
    assert set(found) <= {WORKSPACE}
    return (found[WORKSPACE].evidence.signal, found[WORKSPACE].evidence.text) if found else None


def test_when_a_sidecar_says_that_it_is_active_then_the_workspace_works_and_otherwise_not(
    source: Sidecars, docker: FakeEngine, activity: Activity
) -> None:
    assert answer(source) is None
    docker.start(TRAINING)
    assert answer(source) is None
    docker.start(SIDECAR, name="engine", labels=activity.labels())
    activity.answers["/api/v1/jobs"] = {"active": 5}
    assert answer(source) == (Signal.WORK, "the sidecar engine says that it is active (5)")
    activity.answers["/api/v1/jobs"] = {"active": 0}
    assert answer(source) == (Signal.IDLE, "the sidecar engine says that it is not active")


@pytest.mark.parametrize(
    ("response", "active", "said"),
    [
        ("jobs[1].running", {"jobs": [{}, {"running": 2}]}, Signal.WORK),
        ("length(jobs[?state=='RUNNING'])", {"jobs": [{"state": "RUNNING"}]}, Signal.WORK),
        ("length(jobs[?state=='RUNNING'])", {"jobs": [{"state": "DONE"}]}, Signal.IDLE),
        ("busy", {"busy": False}, Signal.IDLE),
        ("busy", {"busy": True}, Signal.WORK),
        ("busy", {"busy": "yes"}, Signal.WORK),
        ("busy", {"idle": 1}, Signal.UNKNOWN),
        ("busy[3]", {"busy": [0]}, Signal.UNKNOWN),
        ("length(", {"busy": 1}, Signal.UNKNOWN),
        ("length(busy)", {"busy": 1}, Signal.UNKNOWN),
    ],
)
def test_when_the_response_is_a_path_into_the_answer_then_it_is_followed(
    source: Sidecars, docker: FakeEngine, activity: Activity, response: str, active: object, said: Signal
) -> None:
    docker.start(SIDECAR, labels=activity.labels(response))
    activity.answers["/api/v1/jobs"] = active
    found = answer(source)
    assert found
    assert found[0] is said


def test_when_jmespath_is_not_installed_then_plain_paths_work_and_others_are_in_doubt(
    source: Sidecars, docker: FakeEngine, activity: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jmespath", None)
    activity.answers["/api/v1/jobs"] = {"jobs": {"active": 1}}
    docker.start(SIDECAR, labels=activity.labels("jobs.active"))
    assert answer(source) == (Signal.WORK, "the sidecar train says that it is active (1)")
    docker.start(SIDECAR, labels=activity.labels("max([jobs.active])"))
    found = answer(source)
    assert found
    assert (found[0], found[1][-61:]) == (
        Signal.UNKNOWN,
        "the library jmespath, which its label needs, is not installed",
    )


def test_when_there_is_a_payload_then_it_is_posted(source: Sidecars, docker: FakeEngine, activity: Activity) -> None:
    docker.start(SIDECAR, labels=activity.labels(payload='{"scope": "all"}'))
    activity.answers["/api/v1/jobs"] = {"active": 1}
    assert answer(source) == (Signal.WORK, "the sidecar train says that it is active (1)")
    assert activity.posted == [{"scope": "all"}]


def test_when_a_sidecar_knows_only_the_address_of_the_activity_monitors_proxy_then_that_is_asked(
    source: Sidecars, docker: FakeEngine, activity: Activity
) -> None:
    docker.start(SIDECAR, labels=activity.labels(endpoint="/jobs"))
    proxied = f"/jupyterlab/default/proxy/absolute/{activity.port}/jobs"
    activity.answers[proxied] = {"active": 1}
    assert answer(source) == (Signal.WORK, "the sidecar train says that it is active (1)")
    assert activity.paths == ["/jobs", proxied]


def test_when_a_sidecar_fails_in_any_way_then_it_is_unknown_and_says_why(
    source: Sidecars, docker: FakeEngine, activity: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecars, "SECONDS_EACH", 1.0)
    docker.start(SIDECAR, labels=activity.labels())
    activity.answers["/api/v1/jobs"] = {"active": 0}
    doubt = "it is not known whether the sidecar train is active: "
    activity.status = 500
    assert answer(source) == (Signal.UNKNOWN, f"{doubt}it answers with HTTP status 500")
    activity.status, activity.raw = 200, b"<p>active</p>"
    assert answer(source) == (Signal.UNKNOWN, f"{doubt}it answers what is not JSON")
    activity.raw, activity.wait = None, 2.0
    assert answer(source) == (Signal.UNKNOWN, f"{doubt}it does not answer within 1 s")
    activity.wait = 0.0
    monkeypatch.setattr(sidecars, "MOST_BYTES", 5)
    assert answer(source) == (Signal.UNKNOWN, f"{doubt}its answer is too long")


@pytest.mark.parametrize(
    ("label", "value"),
    [("port", "http://elsewhere"), ("port", "99999"), ("endpoint", "a b\r\nX: y"), ("payload", "{")],
)
def test_when_a_label_is_nonsense_then_nobody_is_asked_and_it_is_unknown(
    source: Sidecars, docker: FakeEngine, activity: Activity, label: str, value: str
) -> None:
    docker.start(SIDECAR, labels=activity.labels() | {f"com.amazon.jupyter.activity.{label}": value})
    found = answer(source)
    assert found
    assert found[0] is Signal.UNKNOWN
    assert f"com.amazon.jupyter.activity.{label} is not" in found[1]
    assert not activity.paths


def test_when_nothing_listens_at_the_port_then_it_is_unknown_unless_another_is_active(
    source: Sidecars, docker: FakeEngine, activity: Activity
) -> None:
    dead = activity.labels() | {"com.amazon.jupyter.activity.port": "1"}
    docker.start(TRAINING, name="dead", labels=dead)
    docker.start(SIDECAR, name="quiet", labels=activity.labels())
    activity.answers["/api/v1/jobs"] = {"active": 0}
    found = answer(source)
    assert found
    assert (found[0], "Connection refused" in found[1]) == (Signal.UNKNOWN, True)
    activity.answers["/api/v1/jobs"] = {"active": 2}
    assert answer(source) == (Signal.WORK, "the sidecar quiet says that it is active (2)")


def test_when_the_engine_fails_then_that_is_said_and_when_it_may_not_be_asked_nothing_is(
    source: Sidecars, docker: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.answer = lambda handler, target: not handler.say(500, {})
    with pytest.raises(Unavailable):
        answer(source)

    def refuse(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(Engine, "containers", refuse)
    assert answer(source) is None
    made = sidecar_source(lambda: None)
    assert made
    assert (made.name, made.scope, made.look(None)) == ("sidecars", WORKSPACE, {})  # type: ignore[arg-type]
