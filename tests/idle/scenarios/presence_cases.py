"""People: who is there, who is not, and what they have not saved. P01 to P11."""

from __future__ import annotations

from datetime import datetime, timezone

from tests.idle.scenarios.cases import case
from tests.idle.scenarios.connection import EventStream
from tests.idle.scenarios.stage import API, WORKSPACE, Stage, now
from tests.idle.scenarios.studio import studio
from tests.idle.scenarios.world import GRACE, Plan, T
from tests.poll import until

PERSON = "keyboard|mouse|somebody|person|editor"


@case("P01", short=True)
def a_person_who_edits_without_running_anything(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do("1")
    stage.person()
    stage.every(5.0, stage.person)
    stage.kept(kernel.subject, PERSON)
    stage.says(WORKSPACE, PERSON, "working", "kept")


@case("P01a", "a person stops typing", "STOP T after the last key")
def a_person_who_goes(stage: Stage) -> None:
    last = now() + T
    stage.person()
    stage.every(2.0, lambda: now() < last and stage.person())
    stage.kept(WORKSPACE, "", seconds=T, states=("working", "kept", "idle"))
    stage.stopped(WORKSPACE, "keyboard", last - 2.5, until_=last)


@case("P02")
def a_tab_left_open(stage: Stage) -> None:
    """All that JupyterLab does by itself: polls, a websocket to the kernel, another for events, contents."""
    kernel = stage.kernel()
    kernel.do("1")
    ended = now()
    events = EventStream(stage.world.http)
    terminal = stage.terminal()
    terminal.open()
    for path in ("/api/kernels", "/api/sessions", "/api/terminals", "/api/contents", "/api/kernelspecs", API):
        stage.every(5.0, lambda path=path: stage.world.http.call("GET", path))
    stage.stopped(WORKSPACE, "", ended - 0.5, until_=now())
    events.close()


def _stamp(stage: Stage) -> None:
    path = stage.world.tmp / ".sagemaker-last-active-timestamp"
    path.write_text(datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


@case("P07", plan=studio("server"))
def a_person_in_another_editor(stage: Stage) -> None:
    _stamp(stage)
    stage.every(5.0, lambda: _stamp(stage))
    stage.kept(WORKSPACE, PERSON)


@case("P07a", "the other editor's time stamp stands still", "STOP after T", plan=studio("server"))
def a_person_who_left_the_other_editor(stage: Stage) -> None:
    begun = now()
    _stamp(stage)
    stage.stopped(WORKSPACE, "", begun, until_=now())


@case("P07b", "the time stamp is half written, then holds nonsense", "STOP after T", plan=studio("server"))
def a_broken_time_stamp(stage: Stage) -> None:
    begun = now()
    path = stage.world.tmp / ".sagemaker-last-active-timestamp"
    path.write_text("2026-11-2")
    texts = iter(["", "2999-01-01T00:00:00Z", "\0\0", "[]"])

    def scribble() -> None:
        text = next(texts, None)
        if text is not None:
            path.write_text(text)

    stage.every(4.0, scribble)
    stage.stopped(WORKSPACE, "", begun, until_=now() + 16.0 + 4.0)


@case("P09", short=True)
def unsaved_edits_that_cannot_be_saved(stage: Stage) -> None:
    events = EventStream(stage.world.http)
    stage.world.http.call("POST", f"{API}/unsaved", {"client": "tab-1", "paths": ["report.ipynb"]})

    def refuse(event: dict[str, str]) -> None:
        answer = {"client": "tab-1", "request": event["request"], "failed": {"report.ipynb": "the disk is full"}}
        stage.world.http.call("POST", f"{API}/saved", answer)

    events.on("save", refuse)
    until(lambda: events.of("held"), T + GRACE + 50.0)
    (held, *_) = events.of("held")
    stage.check("report.ipynb" in held["why"], "the warning names the file")
    stage.kept(WORKSPACE, "report.ipynb", seconds=2 * T, states=("working", "kept", "idle", "unknown", "warned"))
    events.close()


@case("P09a", "unsaved edits that the tab saves when it is asked", "saved, then STOP")
def unsaved_edits_that_are_saved(stage: Stage) -> None:
    begun = now()
    events = EventStream(stage.world.http)
    stage.world.http.call("POST", f"{API}/unsaved", {"client": "tab-1", "paths": ["report.ipynb"]})
    asked: list[str] = []

    def save(event: dict[str, str]) -> None:
        asked.append(event["request"])
        stage.world.http.call("POST", f"{API}/saved", {"client": "tab-1", "request": event["request"], "failed": {}})

    events.on("save", save)
    stage.stopped(WORKSPACE, "", begun, until_=now())
    stage.check(len(asked) == 1, "the tab was asked once")
    events.close()


@case("P09b", "the tab with unsaved edits does not answer", "held, and a warning that names the file")
def a_tab_that_does_not_answer(stage: Stage) -> None:
    events = EventStream(stage.world.http)
    stage.world.http.call("POST", f"{API}/unsaved", {"client": "tab-1", "paths": ["slow.py"]})
    until(lambda: events.of("held"), T + GRACE + 60.0)
    stage.check("slow.py" in events.of("held")[0]["why"], "the warning names the file")
    stage.check(stage.world.ended() is None, "the server is alive")
    stage.decided("workspace held")
    events.close()


@case("P10", short=True)
def a_mouse_that_moves_in_the_grace_period(stage: Stage) -> None:
    clients = [EventStream(stage.world.http), EventStream(stage.world.http)]
    until(lambda: clients[0].of("warned"), T + GRACE + 20.0)
    stage.person()
    moved = now()
    for each in clients:
        until(lambda each=each: each.of("cancelled"), GRACE + 5.0)
        stage.check(each.of("cancelled")[0]["subject"] == WORKSPACE, "a client is told")
    stage.stopped(WORKSPACE, "", moved - 0.5, until_=moved)
    for each in clients:
        each.close()


@case("P10a", "a cell is run in the last second of the grace period", "cancel")
def a_cell_in_the_last_second(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do("1")
    until(lambda: "warned" in [each["action"] for _, each in stage.watcher.decisions(WORKSPACE)], T + GRACE + 20.0)
    warned = now()
    until(lambda: now() - warned >= GRACE - 1.0, GRACE + 1.0)
    kernel.run("import time; time.sleep(600)")
    stage.kept(WORKSPACE, "cell", since=now() + 1.0, seconds=2 * T)


CAP = 2.5 * T


@case("P11", plan=Plan(idle={"keep_max_seconds": CAP}))
def a_keep_alive_above_the_cap(stage: Stage) -> None:
    kernel = stage.kernel()
    kernel.do("1")
    begun = now()
    lease = stage.world.http.call("POST", f"{API}/leases", {"seconds": 2 * CAP, "reason": "overnight"})
    given = (_instant(lease["until"]) - datetime.now(timezone.utc)).total_seconds()
    stage.check(CAP - 5 < given <= CAP + 1, f"the cap was given, not {given:.0f} s")
    stage.kept(WORKSPACE, "keeps the workspace", since=begun, seconds=CAP - 3.0)
    stage.says(kernel.subject, "keeps the workspace", "kept", within=1.0)
    stage.stopped(WORKSPACE, "", begun, idle=CAP - 1.0, late=T + 20.0)


@case("P11a", "a keep-alive of 8 h, scaled, and then it is released", "KEEP, then normal")
def a_keep_alive_that_is_released(stage: Stage) -> None:
    begun = now()
    lease = stage.world.http.call("POST", f"{API}/leases", {"seconds": 3600.0})
    stage.kept(WORKSPACE, "keeps the workspace", seconds=2 * T)
    stage.world.http.call("DELETE", f"{API}/leases/{lease['id']}")
    stage.stopped(WORKSPACE, "", begun, idle=2 * T - 1.0, late=T + 20.0)


@case("P11b", "a keep-alive of one kernel", "KEEP that kernel and the workspace, CULL the other one")
def a_keep_alive_of_one_kernel(stage: Stage) -> None:
    kept, other = stage.kernel(), stage.kernel()
    for each in (kept, other):
        each.do("1")
        each.close()
    ended = now()
    stage.world.http.call("POST", f"{API}/leases", {"seconds": 3600.0, "subject": kept.subject})
    stage.stopped(other.subject, "", ended - 1.0, until_=ended)
    stage.kept(kept.subject, "keeps this kernel", since=ended)
    stage.says(WORKSPACE, "keeps this kernel", "kept", "working")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
