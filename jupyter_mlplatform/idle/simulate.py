"""Replay a recorded decision log under another policy: what would have been warned and stopped, and what that hits.

A log knows when work was seen and when it was not; it does not know what would have happened to a kernel that was
stopped in reality, nor what people would have done after a stop that never took place. :data:`LIMITS` says so wherever
a replay is shown. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from jupyter_mlplatform.idle import kernel_policy, phases
from jupyter_mlplatform.idle.models import WORKSPACE, Decision, Kind, identity
from jupyter_mlplatform.idle.phases import Phase, Span, Watched
from jupyter_mlplatform.idle.ports import Kernel
from jupyter_mlplatform.policy import IdlePolicy

HOUR = 3600.0
LIMITS = (
    "Instants are right to about two samples; uses that were shorter than a sample may be missing in the log, and a "
    "subject counts from its first line in it.",
    "What happened after a real stop is not known: a longer timeout is replayed as if nobody had wanted it until the "
    "next start.",
    "A subject that is stopped in the replay is taken to be started again when work was next seen; what people would "
    "have done instead is not known.",
    "What counts as work is as recorded: thresholds, min_uptime_seconds and input_timeout_factor are not replayed, and "
    "a stop that was held is taken to be held again.",
    "A timeout that differs from the usual one is taken to be the notebook's own.",
)
UNWATCHED = (
    "Only the log was read, no history: an idle time that it leaves open is taken to last, although somebody may have "
    "stopped the kernel or the server by hand."
)


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """One stop that the replay finds.

    ``resumed_at``: when work, a keep-alive or a start was next seen (None: never in this log); ``hits``: that soon that
    the stop would have been in the way. ``stopped_seconds`` until then. ``assumed``: after the real stop, so that it
    rests on nobody having wanted the subject.
    """

    warned_at: datetime
    stopped_at: datetime
    resumed_at: datetime | None
    hits: bool
    assumed: bool
    stopped_seconds: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One subject: what the replay finds (``stops``, ``warnings``), and what was recorded (``real_*``)."""

    subject: str
    kind: Kind
    name: str
    path: str
    timeout_seconds: float | None
    warnings: int
    stops: tuple[Stop, ...]
    real_warnings: int
    real_stops: tuple[datetime, ...]
    real_stopped_seconds: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over all subjects. ``hits`` is None where it cannot be known; ``hours_stopped`` is the workspace's alone."""

    warnings: int
    kernels: int
    terminals: int
    workspace: int
    hits: int | None
    hours_stopped: float
    money: float | None


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """A replay of the log between two instants. Hours and money are estimates; ``limits`` says what they rest on.

    ``within_seconds``: work that came back that soon is counted as hit; ``unreadable`` counts lines that are none.
    """

    since: datetime
    until: datetime
    lines: int
    timeout_seconds: float
    grace_seconds: float
    within_seconds: float
    replayed: Figures
    recorded: Figures
    currency: str
    outcomes: tuple[Outcome, ...]
    limits: tuple[str, ...]
    unreadable: int = 0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay is held against: the policy, how soon work counts as hit, and what an hour costs."""

    policy: IdlePolicy
    within_seconds: float = HOUR
    price_per_hour: float | None = None


def replay(
    lines: Sequence[Decision],
    terms: Terms,
    until: datetime,
    watched: Mapping[str, Watched] | None = None,
    unreadable: int = 0,
) -> Simulation:
    """Replay ``lines`` up to ``until``. ``watched`` is from the history of the same machine (None: there is none)."""
    outcomes = _outcomes(lines, terms, until, watched or {})
    stops = [(each.kind, stop) for each in outcomes for stop in each.stops]
    real = [each.kind for each in outcomes for _ in each.real_stops]
    saved = sum(stop.stopped_seconds for kind, stop in stops if kind is Kind.WORKSPACE)
    really_saved = sum(each.real_stopped_seconds for each in outcomes if each.kind is Kind.WORKSPACE)
    return Simulation(
        since=min((line.at for line in lines), default=until),
        until=until,
        lines=len(lines),
        timeout_seconds=terms.policy.timeout_seconds,
        grace_seconds=terms.policy.grace_seconds,
        within_seconds=terms.within_seconds,
        replayed=_figures(
            sum(each.warnings for each in outcomes),
            [kind for kind, _ in stops],
            sum(stop.hits for _, stop in stops),
            saved,
            terms,
        ),
        recorded=_figures(sum(each.real_warnings for each in outcomes), real, None, really_saved, terms),
        currency=terms.policy.currency,
        outcomes=tuple(outcomes),
        limits=LIMITS if watched is not None else (*LIMITS, UNWATCHED),
        unreadable=unreadable,
    )


def _outcomes(
    lines: Sequence[Decision], terms: Terms, until: datetime, watched: Mapping[str, Watched]
) -> list[Outcome]:
    """Every subject; the workspace first."""
    usual = Counter(line.timeout_seconds for line in lines if line.timeout_seconds).most_common(1)
    found = []
    for subject, own_lines in phases.by_subject(lines).items():
        timeout = _timeout(own_lines[-1], usual[0][0] if usual else None, terms.policy)
        found.append(_outcome(own_lines, phases.of(own_lines, until, watched.get(subject, ())), timeout, terms))
    return sorted(found, key=lambda each: (each.subject != WORKSPACE, each.kind, each.path or each.name, each.subject))


def _figures(warnings: int, kinds: list[Kind], hits: int | None, seconds: float, terms: Terms) -> Figures:
    hours = seconds / HOUR
    return Figures(
        warnings=warnings,
        kernels=kinds.count(Kind.KERNEL),
        terminals=kinds.count(Kind.TERMINAL),
        workspace=kinds.count(Kind.WORKSPACE),
        hits=hits,
        hours_stopped=hours,
        money=None if terms.price_per_hour is None else hours * terms.price_per_hour,
    )


def _outcome(lines: list[Decision], spans: tuple[Span, ...], timeout: float | None, terms: Terms) -> Outcome:
    warnings, stops = (0, ()) if timeout is None else _run(spans, timeout, terms)
    actions = [line.action for line in lines]
    return Outcome(
        subject=lines[-1].subject,
        kind=phases.kind_of(lines[-1].subject),
        name=lines[-1].name,
        path=lines[-1].path,
        timeout_seconds=timeout,
        warnings=warnings,
        stops=stops,
        real_warnings=actions.count("warned"),
        real_stops=tuple(line.at for line in lines if line.action == "culled"),
        real_stopped_seconds=sum((each.seconds for each in spans if each.phase is Phase.STOPPED), 0.0),
    )


def _run(spans: tuple[Span, ...], timeout: float, terms: Terms) -> tuple[int, tuple[Stop, ...]]:
    """The rule again: idle for the timeout, a warning, idle for the grace period, stopped until something begins."""
    allowed, grace = timedelta(seconds=timeout), timedelta(seconds=terms.policy.grace_seconds)
    warnings, stops = 0, list[Stop]()
    warned_at: datetime | None = None
    stopped: Stop | None = None
    for span in spans:
        if stopped is not None and span.wanted:
            stops.append(_ended(stopped, span.begin, terms))
            stopped = warned_at = None
        if stopped is not None:
            more = 0.0 if span.phase is Phase.UNSEEN else span.seconds
            stopped = msgspec.structs.replace(stopped, stopped_seconds=stopped.stopped_seconds + more)
            continue
        if span.phase not in (Phase.IDLE, Phase.STOPPED):
            warned_at = None
            continue
        if warned_at is None or span.worked_at > warned_at:
            warned_at = max(span.begin, span.worked_at + allowed)
            if warned_at >= span.end:
                warned_at = None
                continue
            warnings += 1
        stopped_at = max(span.begin, warned_at + grace)
        if stopped_at < span.end:
            stopped = Stop(
                warned_at=warned_at,
                stopped_at=stopped_at,
                resumed_at=None,
                hits=False,
                assumed=span.phase is Phase.STOPPED and stopped_at > span.begin,
                stopped_seconds=(span.end - stopped_at).total_seconds(),
            )
    return warnings, (*stops, stopped) if stopped else tuple(stops)


def _ended(stop: Stop, resumed_at: datetime, terms: Terms) -> Stop:
    soon = (resumed_at - stop.stopped_at).total_seconds() <= terms.within_seconds
    return msgspec.structs.replace(stop, resumed_at=resumed_at, hits=soon)


def _timeout(line: Decision, usual: float | None, policy: IdlePolicy) -> float | None:
    """The subject's timeout under the other policy; one that was not the usual one is taken to be its own."""
    recorded = line.timeout_seconds
    own = recorded is not None and recorded != usual
    kind = phases.kind_of(line.subject)
    if kind is Kind.KERNEL:
        metadata = {"mlplatform": {"idle": {"timeout_seconds": recorded}}} if own else {}
        asked = Kernel(
            id=identity(line.subject),
            name=line.name,
            path=line.path,
            local=True,
            pid=None,
            reported_busy=False,
            ledger=None,
            notebook_metadata=metadata,
        )
        return kernel_policy.timeout_of(asked, policy).seconds
    return recorded if own and kind is Kind.WORKSPACE else policy.timeout_seconds
