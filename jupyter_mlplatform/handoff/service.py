"""Hand-off as the faces see it: plan, start, follow, cancel, and decide on what came out."""

from __future__ import annotations

import logging
import uuid
from datetime import timezone
from pathlib import Path

import msgspec

from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable, nearest
from jupyter_mlplatform.handoff import announce, approval, progress
from jupyter_mlplatform.handoff import inputs as kinds
from jupyter_mlplatform.handoff.compile import code_key, input_key
from jupyter_mlplatform.handoff.models import (
    DataInput,
    Log,
    LogPosition,
    NewApproval,
    NewPlan,
    NewRun,
    Plan,
    Run,
    RunList,
    RunState,
    RunStep,
    Severity,
    StepState,
    Version,
    VersionList,
)
from jupyter_mlplatform.handoff.planner import Planner, Prepared
from jupyter_mlplatform.handoff.ports import Clock, DataLineage, Packer, Runner, RunOrder, Store
from jupyter_mlplatform.handoff.progress import Lease, RunEvent, Verdict
from jupyter_mlplatform.notice import Notice
from jupyter_mlplatform.policy import HandoffPolicy

LONGEST_KEY = 200
_log = logging.getLogger(__name__)


class HandoffService:
    """Safe to use from several threads, and beside other processes on the same store.

    ``person`` of a method is who acts; the caller has made sure of that.
    """

    def __init__(
        self,
        planner: Planner,
        packer: Packer,
        lineage: DataLineage,
        runner: Runner,
        store: Store,
        policy: HandoffPolicy,
        clock: Clock,
    ) -> None:
        self._planner = planner
        self._packer = packer
        self._lineage = lineage
        self._runner = runner
        self._store = store
        self._policy = policy
        self._clock = clock
        self._launched: dict[str, float] = {}

    # Planning and starting

    def plan(self, person: str, root: Path, wanted: NewPlan) -> Plan:
        """What a hand-off would do. Changes nothing."""
        return self._planner.prepare(person, root, wanted).plan

    def start(self, person: str, root: Path, wanted: NewRun) -> Run:
        """Start exactly the plan that was shown; the same key gives the same run.

        Raises ``Conflict`` when files, grants or policy changed since, or when a finding blocks it.
        """
        if not 0 < len(wanted.idempotency_key) <= LONGEST_KEY:
            raise Invalid("handoff.key", f"The idempotency key must have 1 to {LONGEST_KEY} characters.")
        before = self._store.by_key(person, wanted.idempotency_key)
        if before:
            return self._same(before, wanted)
        ready = self._planner.prepare(person, root, NewPlan(path=wanted.path, params=wanted.params))
        _refuse(ready.plan, wanted.plan_hash)
        run = self._new_run(person, ready.plan)
        # Everything the run needs lies on disk before it is written down: from then on anybody can launch it.
        try:
            inputs = self._place(person, run.id, ready)
            run = msgspec.structs.replace(run, inputs=inputs)
            self._runner.order(self._order(run, ready))
            written = self._store.add(run, wanted.idempotency_key, self._runner.here)
        except BaseException:
            self._runner.discard(run.id)
            raise
        if written.id != run.id:
            self._runner.discard(run.id)
            return self._same(written, wanted)
        self._launch(run.id)
        return run

    def _same(self, run: Run, wanted: NewRun) -> Run:
        if run.plan_hash != wanted.plan_hash:
            raise Conflict(
                "handoff.key_used",
                "This start was already used for another plan.",
                cause=f"Its key belongs to run {run.id}.",
                next_step="Plan again and start that.",
            )
        return self.run(run.person, run.id)

    def _new_run(self, person: str, plan: Plan) -> Run:
        steps = tuple(
            RunStep(name=step.name, type=step.type, state=StepState.PENDING, depends_on=step.depends_on)
            for step in plan.steps
        )
        return Run(
            id=f"run-{uuid.uuid4().hex[:12]}",
            name=plan.name,
            person=person,
            path=plan.path,
            runner=plan.runner,
            state=RunState.STARTING,
            plan_hash=plan.hash,
            bundle_digest=plan.bundle.digest,
            created_at=self._clock().astimezone(timezone.utc),
            params=plan.params,
            steps=steps,
        )

    def _place(self, person: str, run_id: str, ready: Prepared) -> tuple[DataInput, ...]:
        """Code and data into the run's own bucket, where the definition looks for them."""
        bucket = self._runner.open(run_id) / "store"
        code = bucket / code_key(ready.plan.name, ready.plan.bundle.digest)
        code.parent.mkdir(parents=True)
        self._packer.copy(Path(ready.plan.bundle.path), code.parent)
        placed = []
        for each in ready.plan.inputs:
            folder = bucket / input_key(each)
            folder.mkdir(parents=True, exist_ok=True)
            dataset, file = kinds.dataset_id(each.uri), kinds.file_path(each.uri)
            if dataset is not None:
                given = self._lineage.materialise(person, dataset, folder)
                placed.append(msgspec.structs.replace(given, name=each.name, uri=each.uri))
            else:
                self._packer.copy(ready.project.root / str(file), folder)
                placed.append(each)
        return tuple(placed)

    def _order(self, run: Run, ready: Prepared) -> RunOrder:
        assert ready.interpreter is not None  # noqa: S101 (a plan without a kernel is not startable)
        return RunOrder(
            run=run,
            definition=ready.plan.definition,
            kernel=ready.kernel,
            python=ready.interpreter.python,
            entry=ready.project.spec.source.entry,
            commit=ready.packed.commit,
            max_parallel_steps=self._policy.max_parallel_steps,
        )

    # Following

    def runs(self, person: str) -> RunList:
        """All runs, newest first; see :meth:`run`."""
        found = (self._checked(run, lease) for run, lease in self._store.runs())
        return RunList(tuple(progress.shown_to(run, person) for run in found))

    def run(self, person: str, run_id: str) -> Run:
        """One run, as its events tell it. Only its author sees why it failed, others see which step did."""
        return progress.shown_to(self._checked(*self._find(run_id)), person)

    def log(self, person: str, run_id: str, position: LogPosition) -> Log:
        """A step's log from an offset on. Only its author's: code prints the data that was granted to the author."""
        run = self.run(person, run_id)
        if run.person != person:
            raise Forbidden(
                "handoff.not_your_log",
                f"Only {run.person} may read the log of {run_id}.",
                cause="A log can show data that was granted to its author alone.",
                next_step=f"Ask {run.person}.",
            )
        step = next((step for step in run.steps if step.name == position.step), None)
        if step is None:
            names = [step.name for step in run.steps]
            raise NotFound(
                "handoff.no_step", f"{run_id} has no step {position.step!r}.", cause=nearest(position.step, names)
            )
        text, offset, at_end = self._runner.log(run_id, step.name, position.offset)
        return Log(text=text, next_offset=offset, complete=at_end and step.state in progress.FINAL_STEPS)

    def cancel(self, person: str, run_id: str) -> Run:
        """Stop a run, by its author. Stopping a finished one changes nothing."""
        run, lease = self._find(run_id)
        if run.person != person:
            raise Forbidden(
                "handoff.not_your_run",
                f"You cannot stop {run_id}, it belongs to {run.person}.",
                next_step=f"Ask {run.person}.",
            )
        run = self._checked(run, lease)
        if run.state in progress.FINAL:
            return run
        self._say(run_id, "run.stopping", person)
        run, lease = self._find(run_id)
        # Nobody executes it, and the state that it has now keeps everybody from beginning to.
        if lease.pid is not None:
            return run
        run = self._say(run_id, "run.stopped", person, "It was stopped.")
        self._runner.clean(run_id)
        return run

    def active(self, person: str = "") -> tuple[str, ...]:
        """A sentence about each run that this machine executes now; those of ``person`` when one is named."""
        found = []
        for run, lease in self._store.runs(unfinished=True):
            if lease.host != self._runner.here or (person and run.person != person):
                continue
            run = self._checked(run, lease)
            if run.state not in progress.FINAL:
                step = next((each for each in run.steps if each.state is StepState.EXECUTING), None)
                doing = f", step {step.name}" + (f", {step.progress}" if step.progress else "") if step else ""
                found.append(f"The hand-off of {run.name} ({run.id}) is being executed{doing}.")
        return tuple(found)

    # Model versions

    def versions(self) -> VersionList:
        """All model versions, newest first."""
        return VersionList(self._store.versions())

    def version(self, version_id: str) -> Version:
        """One model version."""
        found = self._store.version(version_id)
        if found is None:
            raise NotFound("handoff.no_version", f"There is no model version {version_id!r}.")
        return found

    def approve(self, person: str, version_id: str, given: NewApproval) -> Version:
        """Approve or reject a version; see :func:`jupyter_mlplatform.handoff.approval.decide`."""

        def decide(version: Version) -> Version:
            return approval.decide(version, person, given, self._policy, self._clock())

        return self._store.change_version(version_id, decide, person)

    # News

    def notices(self, person: str, after: int) -> tuple[Notice, ...]:
        """What ``person`` should be told of everything numbered above ``after``."""
        return announce.notices(self._store.news(after), person, self._policy)

    def last_seq(self) -> int:
        """The newest number; looks first whether every run is still executed, so that a lost one becomes news."""
        for run, lease in self._store.runs(unfinished=True):
            self._checked(run, lease)
        return self._store.last_seq()

    # What keeps runs from being lost

    def _find(self, run_id: str) -> tuple[Run, Lease]:
        found = self._store.run(run_id)
        if found is None:
            raise NotFound("handoff.no_run", f"There is no run {run_id!r}.", next_step="See 'mlplat handoff runs'.")
        return found

    def _checked(self, run: Run, lease: Lease) -> Run:
        """The run, after making sure that somebody executes it: launched again, or said to be interrupted."""
        if run.state in progress.FINAL:
            return run
        try:
            return self._look_after(run, lease)
        except (Unavailable, OSError) as error:  # a full disk, say: looking must work, and the next look tries again
            _log.warning("Run %s could not be looked after: %s", run.id, error)
            return run

    def _look_after(self, run: Run, lease: Lease) -> Run:
        found = self._verdict(run, lease)
        if found is Verdict.LAUNCH:
            waited = self._clock().timestamp() - self._launched.get(run.id, 0.0)
            if waited > progress.CLAIM_WITHIN.total_seconds():
                self._launch(run.id)
        if found is not Verdict.LOST:
            return run
        run, lease = self._find(run.id)  # it may have ended in the meantime, and then its last word counts
        if self._verdict(run, lease) is not Verdict.LOST:
            return run
        said = self._runner.trouble(run.id) if lease.host == self._runner.here else ""
        text = "The process that executed it is gone." if lease.pid else "It could not be started."
        after = self._say(run.id, "run.interrupted", "", f"{text} {said}".strip())
        self._runner.clean(run.id)
        return after

    def _verdict(self, run: Run, lease: Lease) -> Verdict:
        alive, now = self._runner.alive(lease), self._clock()
        return progress.verdict(run, lease, here=self._runner.here, alive=alive, now=now)

    def _launch(self, run_id: str) -> None:
        self._launched[run_id] = self._clock().timestamp()
        self._runner.launch(run_id)

    def _say(self, run_id: str, action: str, actor: str, text: str = "") -> Run:
        return self._store.append(run_id, RunEvent(action=action, at=self._clock(), text=text), actor)


def _refuse(plan: Plan, shown: str) -> None:
    """Raises ``Conflict`` when a plan is not the one that was shown, or cannot be started."""
    stopping = [each for each in plan.findings if each.severity is Severity.BLOCKED]
    if stopping:
        raise Conflict(
            "handoff.blocked", "This cannot be handed off yet.", cause=stopping[0].message, next_step=stopping[0].fix
        )
    if plan.hash != shown:
        raise Conflict(
            "handoff.plan_changed",
            "Files, grants or the policy changed since the plan was made.",
            cause="What would run now is not what was shown.",
            next_step="Look at the new plan and start that.",
        )
