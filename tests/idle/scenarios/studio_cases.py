"""SageMaker Studio: how the workspace is stopped there, and by whom when the server cannot. E09 to E11."""

from __future__ import annotations

import json
import signal
from datetime import datetime, timezone
from typing import Any

from tests.idle.scenarios.cases import case
from tests.idle.scenarios.stage import WORKSPACE, Stage, now
from tests.idle.scenarios.studio import APP, PORT, studio
from tests.idle.scenarios.world import GRACE, T
from tests.poll import until


def _service(stage: Stage, **script: Any) -> None:
    log = stage.world.tmp / "sagemaker.log"
    log.touch()
    stage.world.serve("sagemaker", "sagemaker.py", PORT, json.dumps(script), "/tmp/sagemaker.log")  # noqa: S108


def _calls(stage: Stage, name: str = "DeleteApp") -> list[tuple[float, str]]:
    """When that call came, and what it was answered."""
    lines = (stage.world.tmp / "sagemaker.log").read_text().splitlines()
    found = []
    for at, call, answer, body in map(json.loads, lines):
        if call == name:
            stage.check(body == APP, f"{name} names this app: {body}")
            found.append((at, answer))
    return found


def _acts(stage: Stage) -> list[str]:
    return [each["action"] for _, each in stage.watcher.decisions(WORKSPACE)]


def _deleted(stage: Stage, begun: float, late: float) -> list[tuple[float, str]]:
    """The app was warned, then deleted and verified, in time; the calls of DeleteApp."""
    until(lambda: "culled" in _acts(stage), T + GRACE + late + 5.0)
    stage.check(now() - begun <= T + GRACE + late, "deleted in time")
    stage.check(_acts(stage).index("warned") < _acts(stage).index("culled"), "warned before")
    calls = _calls(stage)
    stage.check(calls[0][0] - begun >= T + GRACE - 0.5, "not too early")
    stage.check(_calls(stage, "DescribeApp")[-1][0] >= calls[-1][0], "verified by DescribeApp")
    stage.decided("app deleted")
    return calls


@case("E09", plan=studio("direct"))
def delete_app_is_denied(stage: Stage) -> None:
    _service(stage, delete=["AccessDeniedException"], describe="AccessDeniedException")
    until(lambda: _calls(stage, "DescribeApp") or _calls(stage), T + GRACE + 30.0)
    first = now()
    until(lambda: now() > first + 2 * T, 3 * T)
    asked = len(_calls(stage, "DescribeApp")) + len(_calls(stage))
    stage.check(asked == 1, f"one attempt in 2T, not {asked}")
    plan = stage.watcher.status().get("stop") or {}
    stage.check("sagemaker:DeleteApp" in plan.get("problem", ""), f"the panel names the right that is missing: {plan}")
    stage.check(plan.get("mode") == "provider", f"the native way is left: {plan}")
    told = stage.world.http.call("GET", "/api/idle")["lastActiveTimestamp"]
    age = _age(told)
    stage.check(age > T, f"SageMaker's own check is told the true time ({age:.0f} s ago)")
    lines = [each for each in stage.world.log().splitlines() if "AccessDenied" in each or "denied" in each.lower()]
    stage.check(len(lines) <= 1, f"at most one line in the log, not {len(lines)}")
    stage.decided("denied: left to SageMaker")


@case("E10", plan=studio("direct"))
def delete_app_is_throttled(stage: Stage) -> None:
    begun = now()
    _service(stage, delete=["ThrottlingException", "ThrottlingException", "ok"])
    calls = _deleted(stage, begun, 40.0)
    stage.check([answer for _, answer in calls] == ["ThrottlingException", "ThrottlingException", "ok"], "tried again")


@case("E10a", "the app is being deleted already", "done, without another call", plan=studio("direct"))
def the_app_is_being_deleted(stage: Stage) -> None:
    begun = now()
    _service(stage, status="Deleting")
    until(lambda: "culled" in _acts(stage), T + GRACE + 40.0)
    stage.check(now() - begun >= T + GRACE - 0.5, "not too early")
    stage.check(_calls(stage) == [], "nothing was deleted twice")
    stage.decided("app left to be deleted")


@case("E10b", "DeleteApp answers ResourceInUse twice", "tried again with a pause, then done", plan=studio("direct"))
def the_app_is_in_use(stage: Stage) -> None:
    begun = now()
    _service(stage, delete=["ResourceInUse", "ResourceInUse", "ok"])
    calls = _deleted(stage, begun, 40.0)
    stage.check(len(calls) == 3, "tried again")


def _idle_endpoint(stage: Stage) -> float:
    """How long ago ``/api/idle`` says that this workspace was active."""
    answer = stage.world.http.call("GET", "/api/idle")
    stage.check(list(answer) == ["lastActiveTimestamp"], "SageMaker's shape")
    return _age(answer["lastActiveTimestamp"])


def _age(instant: str) -> float:
    """Seconds since an instant, in the notation of SageMaker's activity monitor: with a small ``z`` at its end."""
    return (datetime.now(timezone.utc) - datetime.fromisoformat(instant.rstrip("z") + "+00:00")).total_seconds()


@case(
    "E09a",
    "SageMaker's own idle shutdown asks `/api/idle`; a silent cell runs",
    "KEEP: the present",
    plan=studio("provider"),
)
def the_native_check_while_a_cell_runs(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run("import time; time.sleep(600)")
    kernel.close()
    stage.kept(WORKSPACE, "cell|busy")
    stage.check(_idle_endpoint(stage) < 10.0, "it is told the present")


@case("E09b", "the same; nothing works", "STOP: the true time, after T and the warning", plan=studio("provider"))
def the_native_check_when_nothing_works(stage: Stage) -> None:
    begun = now()
    stage.check(_idle_endpoint(stage) < 10.0, "it is told the present at first")
    until(lambda: "culled" in _acts(stage), T + GRACE + 20.0)
    stage.check(_acts(stage)[-2:] == ["warned", "culled"], "warned before")
    stage.check(now() - begun >= T + GRACE - 5.0, "not too early")
    stage.check(_idle_endpoint(stage) >= T, "it is told the true time")
    stage.decided("left to SageMaker")


def _hurry(stage: Stage) -> None:
    """The five minutes of silence after which a server is taken for dead, scaled as the timeout is: five seconds."""
    for path in (stage.world.state / "idle-watch").glob("*.json"):
        beat = json.loads(path.read_text())
        path.write_text(json.dumps({**beat, "mute_seconds": 5.0}))


def _left_to_the_watchdog(stage: Stage, number: int) -> None:
    _service(stage)
    until(lambda: list((stage.world.state / "idle-watch").glob("*.lock")), 30.0)
    stage.world.signal("server", number)
    _hurry(stage)
    silent = now()
    until(lambda: [answer for _, answer in _calls(stage) if answer == "ok"], 140.0)
    stage.check(now() - silent >= T, "not before nothing had worked for T")
    until(lambda: "culled" in _acts(stage), 20.0)
    stage.decided("app deleted by the watchdog")


@case("E11", plan=studio("direct", watchdog=True))
def a_server_that_hangs(stage: Stage) -> None:
    _left_to_the_watchdog(stage, signal.SIGSTOP)


@case("E11a", "the server has died", "the watchdog stops the bill", plan=studio("direct", watchdog=True))
def a_server_that_has_died(stage: Stage) -> None:
    _left_to_the_watchdog(stage, signal.SIGKILL)


@case("E11b", "the server hangs while training goes on", "KEEP", plan=studio("direct", watchdog=True))
def a_server_that_hangs_while_something_works(stage: Stage) -> None:
    stage.world.start("training", stage.program("burn.py"))
    _service(stage)
    until(lambda: list((stage.world.state / "idle-watch").glob("*.lock")), 30.0)
    stage.world.signal("server", signal.SIGSTOP)
    _hurry(stage)
    silent = now()
    until(lambda: now() > silent + 110.0 or _calls(stage), 140.0)
    stage.check(_calls(stage) == [], "nothing was deleted")
    stage.decided("app kept by the watchdog")
    stage.check(stage.running(), "the training is alive")


@case(
    "E11c",
    "the server hangs while a silent cell waits for another machine",
    "KEEP",
    plan=studio("direct", watchdog=True),
)
def a_server_that_hangs_while_a_cell_waits(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.run("import time; time.sleep(600)")
    _service(stage)
    stage.says(WORKSPACE, "cell|busy", "working")
    until(lambda: list((stage.world.state / "idle-watch").glob("*.lock")), 30.0)
    stage.world.signal("server", signal.SIGSTOP)
    _hurry(stage)
    silent = now()
    until(lambda: now() > silent + 110.0 or _calls(stage), 140.0)
    stage.check(_calls(stage) == [], "nothing was deleted")
    stage.decided("app kept by the watchdog")
