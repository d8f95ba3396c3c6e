"""All that is judged: each kernel, each terminal, and from them the workspace; with what is remembered of each.

Nothing is done here and nothing is waited for: a sample comes in, verdicts come out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import msgspec

from jupyter_mlplatform.idle import evidence, findings, kernel_policy, process_evidence
from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.findings import Sample, Shared
from jupyter_mlplatform.idle.keepalive import KeepAlives
from jupyter_mlplatform.idle.kernel_policy import Timeout
from jupyter_mlplatform.idle.models import (
    WORKSPACE,
    Evidence,
    Kind,
    ProcessStatus,
    Signal,
    State,
    StopMode,
    StopPlan,
    SubjectStatus,
    kernel,
    terminal,
)
from jupyter_mlplatform.idle.ports import Kernel, Terminal
from jupyter_mlplatform.idle.verdict import LONGEST_GAP, Action, Memory, Rules, Verdict, call_off, clause, judge
from jupyter_mlplatform.policy import IdlePolicy

RECONCILE_SECONDS = 60.0
"""An open cell without any CPU for this long is asked after: its end may have been lost."""


SUBJECTS_AT_ONCE = 40
"""So many are judged without a pause: less than a millisecond."""

JUDGED_TURNS = 4
"""A kernel that is far from its end and shows no sign of anything is judged anew in one sample of four."""

FAR_SAMPLES = 20
"""So many samples before the warning, a kernel is judged in every one of them."""


_NOT_IDLE = (State.WORKING, State.UNKNOWN)


class Watched:
    """What is remembered of one subject. ``status`` is what was last shown of it and ``recorded`` the verdict behind
    that, which both are the keeper's.
    """

    def __init__(self, subject: str, kind: Kind, name: str, path: str, now: float) -> None:
        self.subject, self.kind, self.name, self.path = subject, kind, name, path
        self.timeout: float | None = None
        self.timeout_from = ""
        self.note = ""
        self.memory = Memory(worked_at=now)
        self.findings: tuple[Finding, ...] = ()
        self.own: tuple[Kernel, Timeout] | None = None
        self._shown: tuple[Verdict, SubjectStatus] | None = None
        self.verdict: Verdict | None = None
        self.recorded: Verdict | None = None
        self.computed_at = now
        self.phase = hash(subject)  # so that not all of them are judged in the same sample
        self.status: SubjectStatus | None = None
        self._reported: State | None = None

    def news(self) -> bool:
        """Whether its state is another than when this was last asked.

        That a person is there concerns everything at once: it is news of the workspace and of nothing else.
        """
        verdict = self.verdict
        if verdict is None or verdict.state is self._reported:
            return False
        work = {each.evidence.source for each in self.findings if each.evidence.signal is Signal.WORK}
        if work == {findings.PERSON} and self.kind is not Kind.WORKSPACE:
            return False
        self._reported = verdict.state
        return True

    def coast(self, now: float) -> None:
        """One more idle sample, and nothing else."""
        memory = self.memory
        self.memory = Memory(worked_at=memory.worked_at, idle_samples=memory.idle_samples + 1, sampled_at=now)

    def due(self, action: Action) -> bool:
        """Whether its last verdict asks for this."""
        return self.verdict is not None and self.verdict.action is action

    def show(self, verdict: Verdict) -> SubjectStatus:
        """As the panel shows it; asked for twice in each sweep."""
        if self._shown is None or self._shown[0] is not verdict:
            self._shown = (verdict, self._show(verdict))
        return self._shown[1]

    def _show(self, verdict: Verdict) -> SubjectStatus:
        return SubjectStatus(
            subject=self.subject,
            kind=self.kind,
            name=self.name,
            path=self.path,
            state=verdict.state,
            idle_seconds=verdict.idle_seconds,
            stops_in_seconds=verdict.stops_in_seconds,
            why=verdict.why,
            timeout_seconds=self.timeout,
            timeout_from=self.timeout_from,
            evidence=(*(each.evidence for each in self.findings), *self._noted()),
        )

    @property
    def may_run_a_cell(self) -> bool:
        """Whether a cell runs or waits in this kernel, or it is not known: its messages tell what no process shows."""
        return any(
            each.evidence.source == "cells" and each.evidence.signal is not Signal.IDLE for each in self.findings
        )

    def _noted(self) -> tuple[Evidence, ...]:
        return (Evidence(source="timeout", signal=Signal.IDLE, text=self.note),) if self.note else ()


class Subjects:
    """``started_at`` is when the server started, on the clock of the samples; ``plan`` how the workspace would be
    stopped; ``keeps`` the leases in force, which the keeper reads before each sample is judged.

    ``processes`` are this person's other processes, ``open_cells`` the processes of kernels in which a cell may be
    running, and ``doubtful`` the kernels to be asked whether it really is.
    """

    def __init__(
        self, policy: IdlePolicy, started_at: float, name: str, plan: Callable[[], StopPlan], keeps: KeepAlives
    ) -> None:
        self._policy = policy
        self._started_at = started_at
        self._plan = plan
        self._keeps = keeps
        self._held: tuple[str, float] | None = None
        self._turn = 0
        self.watched: dict[str, Watched] = {}
        self.workspace = Watched(WORKSPACE, Kind.WORKSPACE, name, "", started_at)
        self.processes: tuple[ProcessStatus, ...] = ()
        self.open_cells: tuple[int, ...] = ()
        self.doubtful: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Watched, ...]:
        """Kernels and terminals first, the workspace last."""
        return (*self.watched.values(), self.workspace)

    def hold(self, text: str, until: float) -> None:
        """The workspace could not be stopped, for this reason, and is not to be before ``until``."""
        self._held = (text, until)

    def bridge(self, now: float) -> None:
        """Something was measured at ``now`` that is not judged: no gap, and no idle sample either."""
        for each in self.all:
            each.memory = msgspec.structs.replace(each.memory, sampled_at=now)

    def judge(self, sample: Sample) -> Iterator[None]:
        """Everything that is there, and the workspace from it. It pauses now and then, so that hundreds of kernels do
        not hold up the event loop; a caller that need not care runs it to its end.
        """
        now, before = sample.now, self.watched
        common = findings.shared(sample, self._policy)
        far = self._far(sample)
        open_cells = []
        self._turn += 1
        self.watched, self.doubtful = {}, ()
        for found in sample.kernels:
            subject = kernel(found.id)
            watched = before.get(subject) or Watched(subject, Kind.KERNEL, found.name, "", now)
            self.watched[subject] = watched
            watched.path = found.path
            coasted, own = watched.own, self._own(watched, found)
            if coasted is watched.own and self._coasts(watched, found, sample, common, far):
                watched.coast(now)
            else:
                self._judge_kernel(watched, found, own, sample, common)
                if found.pid is not None and watched.may_run_a_cell:
                    open_cells.append(found.pid)
            if len(self.watched) % SUBJECTS_AT_ONCE == 0:
                yield
        for each in sample.terminals:
            watched = before.get(terminal(each.name)) or Watched(terminal(each.name), Kind.TERMINAL, each.name, "", now)
            self._judge_terminal(watched, each, sample, common)
            self.watched[watched.subject] = watched
        self._judge_workspace(sample, common)
        yield
        self.open_cells = tuple(open_cells)
        self.processes = process_evidence.statuses(sample.measured, self._policy)

    def _judge_kernel(self, watched: Watched, found: Kernel, own: Timeout, sample: Sample, common: Shared) -> None:
        watched.timeout, watched.timeout_from, watched.note = own.seconds, own.origin, own.note
        if self._reconciles(watched, found, sample.now):
            self.doubtful += (found.id,)
        inert = "" if self._policy.cull_kernels else "the policy only reports kernels and stops none"
        all_found = findings.of_kernel(found, sample, self._policy, own.seconds, common)
        if all_found[1].evidence.signal is not Signal.IDLE:
            watched.computed_at = sample.now
        self._judge_one(watched, all_found, sample, inert)

    def _far(self, sample: Sample) -> float:
        """The seconds that a kernel's end must be away for it to coast; infinite when none may, in this sample."""
        if sample.measured is None or sample.holds or self._keeps.any():
            return math.inf
        return self._policy.grace_seconds + FAR_SAMPLES * self._policy.sample_seconds

    def _coasts(self, watched: Watched, found: Kernel, sample: Sample, common: Shared, far: float) -> bool:
        """Whether judging it would only add one to the idle samples: nothing has happened since, and its end is far."""
        verdict, ledger = watched.verdict, found.ledger
        if (self._turn + watched.phase) % JUDGED_TURNS == 0 or verdict is None or ledger is None:
            return False
        worked_at, gap = watched.memory.worked_at, sample.now - (watched.memory.sampled_at or 0.0)
        use = sample.measured.uses.get(watched.subject) if sample.measured else None
        return (
            verdict.state is State.IDLE
            and verdict.stops_in_seconds is not None
            and verdict.stops_in_seconds > far
            and gap <= LONGEST_GAP * self._policy.sample_seconds
            and common.calm_since <= worked_at
            and ledger.known
            and ledger.worked_at <= worked_at
            and not (ledger.open or ledger.callbacks or found.dead)
            and use is not None
            and use.running
            and not process_evidence.works(use, self._policy)
            and watched.subject not in sample.looked
        )

    def _own(self, watched: Watched, found: Kernel) -> Timeout:
        """Found out again only where something has changed that it depends on."""
        if watched.own is not None:
            kernel_before, own = watched.own
            if kernel_before is found or (
                kernel_before.path == found.path
                and kernel_before.notebook_metadata == found.notebook_metadata
                and kernel_before.spec_metadata == found.spec_metadata
            ):
                return own
        watched.own = (found, kernel_policy.timeout_of(found, self._policy))
        return watched.own[1]

    def _judge_terminal(self, watched: Watched, found: Terminal, sample: Sample, common: Shared) -> None:
        watched.timeout, watched.timeout_from = self._policy.timeout_seconds, "policy"
        inert = "" if self._policy.cull_terminals else "the policy only reports terminals and stops none"
        self._judge_one(watched, findings.of_terminal(found, sample, self._policy, common), sample, inert)

    def _judge_workspace(self, sample: Sample, common: Shared) -> None:
        """It waits for whatever in it may wait longest."""
        watched, subjects = self.workspace, tuple(self.watched.values())
        watched.timeout, watched.timeout_from = self._policy.timeout_seconds, "policy"
        for each in subjects:
            if watched.timeout is not None and (each.timeout is None or each.timeout > watched.timeout):
                watched.timeout, watched.timeout_from = each.timeout, each.path or each.name
        not_idle = [each.show(each.verdict) for each in subjects if each.verdict and each.verdict.state in _NOT_IDLE]
        worked_at = max((each.memory.worked_at for each in subjects), default=None)
        plan = self._plan()
        inert = clause(plan.why) if plan.mode is StopMode.NONE else self.why_held(sample.now)
        all_found = findings.of_workspace(not_idle, worked_at, sample, self._policy, common)
        self._judge_one(watched, all_found, sample, inert)

    def why_held(self, now: float) -> str:
        """Why the workspace could not be stopped the last time, until it is time to try again."""
        if self._held is None or now >= self._held[1]:
            self._held = None
            return ""
        text, until = self._held
        return f"{clause(text)}; tried again in {spoken(until - now)}"

    def _judge_one(self, watched: Watched, all_found: tuple[Finding, ...], sample: Sample, inert: str) -> None:
        watched.findings = all_found
        rules = self._rules(watched, sample.holds, sample.now, inert)
        watched.memory, watched.verdict = judge(watched.memory, all_found, rules, sample.now)

    def _rules(self, watched: Watched, holds: tuple[str, ...], now: float, inert: str = "") -> Rules:
        inside = self.watched.keys() if watched is self.workspace else ()
        keeps = (*self._keeps.of(watched.subject, now, inside), *holds)
        never = f"{watched.timeout_from} is never stopped" if watched is self.workspace else "the policy never stops it"
        return Rules(self._policy, watched.timeout, self._started_at, keeps, never, inert)

    def call_off(
        self, watched: Watched, kernels: dict[str, Kernel], beat_at: float | None, holds: tuple[str, ...], now: float
    ) -> bool:
        """Between two samples: is the warning to be taken back at once?"""
        fresh: list[Finding] = [evidence.of_person(beat_at, self._policy, now)]
        for subject in kernels if watched is self.workspace else [watched.subject]:
            if subject in kernels:
                found = kernels[subject]
                own = self.watched[subject].timeout if subject in self.watched else None
                fresh.append(evidence.of_cells(found.ledger, found.reported_busy, self._policy, now, own))
        sources = {each.evidence.source for each in fresh}
        change = call_off(
            watched.memory,
            (*fresh, *(each for each in watched.findings if each.evidence.source not in sources)),
            self._rules(watched, holds, now),
            now,
        )
        if change is None:
            return False
        watched.findings = tuple(fresh)
        watched.memory, watched.verdict = change
        return True

    def _reconciles(self, watched: Watched, found: Kernel, now: float) -> bool:
        open_long = found.ledger is not None and bool(found.ledger.working or found.ledger.callbacks)
        return open_long and now - watched.computed_at >= RECONCILE_SECONDS

    def near_a_stop(self) -> bool:
        """Whether the next verdict may warn or stop, so that a full pass over the process table is needed."""
        soon = self._policy.grace_seconds + 3 * self._policy.sample_seconds
        ends = [each.verdict.stops_in_seconds for each in self.all if each.verdict is not None]
        return any(each is not None and each <= soon for each in ends)
