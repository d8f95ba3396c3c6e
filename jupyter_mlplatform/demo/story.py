"""The one story, played headless through the real servers of both people.

Each step first looks at what is there already and does only what is missing, so the story can be interrupted anywhere
(also by the death of a server) and played on, or played twice, and nothing happens twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import msgspec

from jupyter_mlplatform.demo.client import Client, Refused
from jupyter_mlplatform.errors import Conflict, Unavailable

DATASET = "weld_guns"
KEPT_BACK = "operator_id"
SPEC = "handoff.yaml"
NOTEBOOK = "weld_faults.ipynb"
DAYS = 30
RUN_SECONDS = 300.0
SAMPLE_SECONDS = 60.0
AGAIN = "Play the story again: what is done already is not done twice."
FINAL_RUNS = ("Succeeded", "Failed", "Stopped", "Interrupted")
LOAD = f"""\
df = %mlplat data load {DATASET}
print(f"loaded {{len(df):,}} rows, {{len(df.columns)}} columns")
"""


class Told(msgspec.Struct, kw_only=True):
    """What the story has come to; printed at its end as JSON for programs."""

    request_id: str = ""
    grant_id: str = ""
    columns: list[str] = []
    loaded: str = ""
    run_id: str = ""
    run_state: str = ""
    metrics: dict[str, float] = {}
    version_id: str = ""
    version_state: str = ""
    idle: str = ""


class Story:
    """``steps`` are played in order; every one raises a ``PlatformError`` with cause and next step when it fails."""

    def __init__(self, clients: dict[str, Client], say: Callable[[str], None]) -> None:
        self.clients = clients
        self.say = say
        self.told = Told()
        self.steps: tuple[Callable[[], None], ...] = (
            self.ask,
            self.decide,
            self.load,
            self.hand_off,
            self.follow,
            self.approve,
            self.go_home,
        )

    @property
    def alice(self) -> Client:
        """The data scientist."""
        return self.clients["alice"]

    @property
    def bob(self) -> Client:
        """The owner."""
        return self.clients["bob"]

    def play(self) -> Told:
        """From the first step to the last."""
        for step in self.steps:
            step()
        return self.told

    def ask(self) -> None:
        """Alice finds the dataset and asks for it."""
        found = self.alice.get("access/datasets", q="weld")
        titles = ", ".join(each["title"] for each in found["items"])
        self._tell("alice", f"searches “weld” and finds {titles}")
        page = self.alice.get(f"access/datasets/{DATASET}")
        if page["access"] == "granted":
            return self._tell("alice", f"may use {DATASET} already, until {_day(page['grant']['not_after'])}")
        request = page["open_request"] or self._ask(page)
        self.told.request_id = request["id"]
        owners = " or ".join(request["approvers"])
        wanted = f"{len(request['scope']['columns'])} columns of {DATASET} for {request['days']} days"
        return self._tell("alice", f"asks for {wanted}: {request['state']}, waits for {owners}")

    def _ask(self, page: dict[str, Any]) -> Any:
        before = len(self.alice.get("access/requests", role="mine")["items"])
        body = {
            "dataset_id": DATASET,
            "columns": [column["name"] for column in page["dataset"]["columns"]],
            "purpose": "model-training",
            "reason": "Find faulty welds before the body leaves the shop",
            "days": DAYS,
            "idempotency_key": f"story-{before}",
        }
        return self.alice.post("access/requests", body)

    def decide(self) -> None:
        """Alice may not approve it herself; bob does, with one column less."""
        page = self.alice.get(f"access/datasets/{DATASET}")
        if page["access"] != "granted":
            (request,) = [page["open_request"]]
            verdict = {"verdict": "approve", "revision": request["revision"], "reason": "Go ahead"}
            self._refused(self.alice, f"access/requests/{request['id']}/decisions", verdict)
            columns = [name for name in request["scope"]["columns"] if name != KEPT_BACK]
            reason = f"Approved without {KEPT_BACK}: you do not need to know who was at work"
            waiting = [each["id"] for each in self.bob.get("access/requests", role="inbox")["items"]]
            self._tell("bob", f"has {len(waiting)} request{'' if len(waiting) == 1 else 's'} in the inbox")
            decided = {**verdict, "columns": columns, "reason": reason}
            self.bob.post(f"access/requests/{request['id']}/decisions", decided)
            page = self.alice.get(f"access/datasets/{DATASET}")
        grant = page["grant"]
        self.told.request_id, self.told.grant_id = grant["request_id"], grant["id"]
        self.told.columns = list(grant["scope"]["columns"])
        until = _day(grant["not_after"])
        self._tell(grant["approved_by"], f"approved {len(self.told.columns)} columns until {until}")

    def load(self) -> None:
        """Alice loads the data in her notebook's kernel."""
        kernel = self.alice.open_notebook(NOTEBOOK)
        shown = self.alice.run_cell(kernel, LOAD)
        self.told.loaded = next((line for line in shown.splitlines() if line.startswith("loaded ")), "")
        self._tell("alice", f"df = %mlplat data load {DATASET}: {self.told.loaded}")

    def hand_off(self) -> None:
        """Alice hands the notebook over, once: a run of this very plan is followed and not started again."""
        plan = self.alice.post("handoff/plans", {"path": SPEC})
        self._tell("alice", f"plans the hand-off: {plan['summary']}")
        blocked = [finding for finding in plan["findings"] if finding["severity"] == "blocked"]
        if blocked:
            first = blocked[0]
            raise Conflict(
                "demo.plan_blocked", "The hand-off cannot start.", cause=first["message"], next_step=first["fix"]
            )
        runs = [run for run in self.alice.get("handoff/runs")["items"] if run["plan_hash"] == plan["hash"]]
        going = [run for run in runs if run["state"] not in ("Failed", "Stopped", "Interrupted")]
        run = going[0] if going else self._start(plan, len(runs))
        self.told.run_id, self.told.run_state = run["id"], run["state"]
        self._tell("alice", f"handed it off: run {run['id']}, {run['state']}")

    def _start(self, plan: dict[str, Any], attempt: int) -> Any:
        key = f"story-{plan['hash'][:32]}-{attempt}"
        return self.alice.post("handoff/runs", {"path": SPEC, "plan_hash": plan["hash"], "idempotency_key": key})

    def follow(self) -> None:
        """Until the run has ended; it must have succeeded and left a model version."""
        deadline = time.monotonic() + RUN_SECONDS
        told: set[str] = set()
        while True:
            run = self.alice.get(f"handoff/runs/{self.told.run_id}")
            for step in run["steps"]:
                if step["state"] in ("Succeeded", "Failed", "Stopped") and step["name"] not in told:
                    told.add(step["name"])
                    self._tell("run", f"step {step['name']}: {step['state']}")
            if run["state"] in FINAL_RUNS:
                break
            if time.monotonic() > deadline:
                raise Unavailable("demo.run_slow", f"The run {run['id']} is still {run['state']}.", next_step=AGAIN)
            time.sleep(0.3)
        self.told.run_state = run["state"]
        self.told.metrics = {metric["name"]: metric["value"] for metric in run["metrics"]}
        if run["state"] != "Succeeded":
            errors = [run["error"], *(f"{step['name']}: {step['error']}" for step in run["steps"] if step["error"])]
            cause = " ".join(filter(None, errors))
            raise Conflict("demo.run_failed", f"The run is {run['state']}.", cause=cause, next_step=AGAIN)
        numbers = ", ".join(f"{name} {value:.3f}" for name, value in self.told.metrics.items())
        self._tell("run", f"Succeeded with {numbers}")
        version = self.alice.get(f"handoff/versions/{run['version_id']}")
        self.told.version_id, self.told.version_state = version["id"], version["state"]
        inputs = ", ".join(f"{each['uri']} under grant {each['grant_id']}" for each in version["lineage"]["inputs"])
        self._tell(
            "run", f"model version {version['group']} {version['number']}, {version['state']}; made from {inputs}"
        )

    def approve(self) -> None:
        """Alice may not approve her own version; bob does."""
        version = self.bob.get(f"handoff/versions/{self.told.version_id}")
        path = f"handoff/versions/{version['id']}/decisions"
        if version["state"] == "PendingManualApproval":
            approval = {"state": "Approved", "reason": "The metrics hold on later welds"}
            self._refused(self.alice, path, approval)
            version = self.bob.post(path, approval)
        self.told.version_state = version["state"]
        actor = version["approvals"][-1]["actor"]
        self._tell(actor, f"model version {version['group']} {version['number']}: {version['state']}")

    def go_home(self) -> None:
        """Alice leaves; her workspace says what will become of it."""
        left, deadline = datetime.now(timezone.utc), time.monotonic() + SAMPLE_SECONDS
        while not _judged_after(status := self.alice.get("idle"), left):
            if time.monotonic() > deadline:
                raise Unavailable("demo.no_sample", "The workspace does not say whether it is idle.", next_step=AGAIN)
            time.sleep(0.3)
        self.told.idle = status["verdict"]
        self._tell("alice", f"goes home. Idle verdict: {status['verdict']}")
        for kernel in status["kernels"]:
            self._tell("idle", f"{kernel['path'] or kernel['name']}: {kernel['state']}, {kernel['why']}")

    def _refused(self, who: Client, path: str, body: dict[str, Any]) -> None:
        """Four eyes: this must be refused, and a story in which it is not is a failure."""
        try:
            who.post(path, body)
        except Refused as refused:
            if refused.answered != 403:
                raise
            return self._tell(who.person, f"cannot decide on it herself: {refused.problem.message}")
        raise Conflict("demo.four_eyes", f"{who.person} decided on something of her own.", next_step="Report this.")

    def _tell(self, who: str, what: str) -> None:
        self.say(f"{who:>6}  {what}")


def _judged_after(status: dict[str, Any], instant: datetime) -> bool:
    """A kernel that was just started is not judged before its second sample."""
    sampled = msgspec.convert(status["sampled_at"], datetime | None)
    judged = all(kernel["state"] != "unknown" for kernel in status["kernels"])
    return judged and sampled is not None and sampled > instant


def _day(instant: str) -> str:
    return instant[:10]
