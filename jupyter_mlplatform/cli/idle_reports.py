"""``mlplat idle timeline|report|simulate``: what idle shutdown did, and what it would do under another policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click
import msgspec

from jupyter_mlplatform import policy as policies
from jupyter_mlplatform.cli.answer import Answer, Block, Fields, Line, Table, Tone, duration
from jupyter_mlplatform.cli.given import under
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Invalid, NotFound, Unavailable
from jupyter_mlplatform.idle import decision_lines, durations, phases, timeline
from jupyter_mlplatform.idle.models import Decision, Kind, Savings, State, Timeline, Track, identity
from jupyter_mlplatform.idle.report import Counts, Report
from jupyter_mlplatform.idle.simulate import Figures, Simulation
from jupyter_mlplatform.policy import IdlePolicy

CELLS = 48
SIGNS = {
    State.CULLED: "×",
    State.WORKING: "█",
    State.UNKNOWN: "?",
    State.KEPT: "▒",
    State.WARNED: "!",
    State.IDLE: "░",
}
"""In the order in which they are shown where several fall into one sign."""
UNWATCHED = "·"
LEGEND = "█ working  ░ idle  ▒ kept  ! warned  × stopped  ? not known  · not watched"
HOUR = 3600.0
MOST_REASONS = 15


@click.group()
def _commands() -> None:
    """The commands of this file."""


def add_to(group: click.Group) -> None:
    """Add them to ``mlplat idle``."""
    for name, each in _commands.commands.items():
        group.add_command(each, name)


@command(_commands, "timeline")
@click.option("--hours", default=24.0, show_default=True, help="How far back.")
def show_timeline(session: Session, hours: float) -> Answer:
    """Show when everything worked, idled, was kept and was stopped."""
    found = session.services.idle.record.timeline(hours)
    rows = [
        (_called(each.kind, each.subject, each.path), _bar(each, found), *_hours(each), _end(each))
        for each in found.tracks
    ]
    sign = duration((found.until - found.since).total_seconds() / CELLS)
    title = f"{found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC, {sign} a sign"
    columns = ("What", "When", "Worked", "Idle", "In the end")
    table = Table(columns, rows, title=title, empty="Nothing was watched in this time.")
    return Answer(found, table, *([Line(LEGEND, Tone.QUIET)] if rows else []))


@command(_commands, "report")
@click.option("--since", default="7d", show_default=True, metavar="DURATION", help="How far back: 12h, 7d, 30d.")
def show_report(session: Session, since: str) -> Answer:
    """Show hours, stops, what was held or failed, what kept things awake, and what was saved (an estimate)."""
    found = session.services.idle.record.report(durations.parse(since) / (24 * HOUR))
    hours = found.hours
    pairs = [
        ("Working", _spoken(hours.working)),
        ("Idle", _spoken(hours.idle)),
        ("Kept", _spoken(hours.kept)),
        ("Not known", _spoken(hours.unknown)),
        ("Stopped by the keeper", f"{_spoken(hours.stopped)} (an estimate)"),
        ("Not watched", _spoken(hours.unwatched)),
    ]
    title = f"The workspace, {found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC"
    return Answer(found, Fields(pairs, title=title), *_happened(found), *_saved(found.savings))


@command(_commands, "simulate")
@click.option("--log", "log_file", type=click.Path(path_type=Path), help="A decision log; your own, if left out.")
@click.option("--since", metavar="DURATION", help="How far back: 12h, 7d. (7d; all of a --log)")
@click.option("--timeout", metavar="DURATION", help="Another idle time: 30m.")
@click.option("--grace", metavar="DURATION", help="Another time between warning and stop: 5m.")
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help="Another policy file as a whole.")
@click.option("--within", default="1h", show_default=True, metavar="DURATION", help="Work this soon counts as hit.")
def simulate(
    session: Session,
    log_file: Path | None,
    since: str | None,
    timeout: str | None,
    grace: str | None,
    policy_file: Path | None,
    within: str,
) -> Answer:
    """Replay the decision log under another policy: what it would have stopped, and which work that hits."""
    record = session.services.idle.record
    policy = _policy(session, policy_file, timeout, grace)
    if log_file is None:
        found = record.simulate(policy, durations.parse(since or "7d"), durations.parse(within))
    else:
        lines, unreadable = _read(under(session.root, log_file), since)
        found = record.simulate_log(lines, unreadable, policy, durations.parse(within))
    return Answer(found, *_simulated(found))


def _policy(session: Session, file: Path | None, timeout: str | None, grace: str | None) -> IdlePolicy:
    """The policy in force, or that of a file, with the times that were given."""
    policy = session.services.idle.policy
    if file is not None:
        path = under(session.root, file)
        if not path.exists():
            raise NotFound("policy.no_file", f"There is no file {file}.", next_step="Check the path.")
        policy = policies.load((path,)).policy.idle
    if timeout is not None:
        seconds = durations.parse(timeout)
        if seconds <= 0:
            raise Invalid("idle.duration", "An idle time must be longer than nothing.", next_step="Write 30m, say.")
        policy = msgspec.structs.replace(policy, timeout_seconds=seconds)
    if grace is not None:
        policy = msgspec.structs.replace(policy, grace_seconds=durations.parse(grace))
    return policy


def _read(path: Path, since: str | None) -> tuple[Sequence[Decision], int]:
    """A decision log from a file. ``since`` counts back from its last line."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unavailable(
            "idle.log_unreadable",
            f"The decision log {path} cannot be read.",
            cause=f"{error.strerror}.",
            next_step="Check the path.",
        ) from error
    lines, unreadable = decision_lines.decode(content.splitlines())
    if not lines:
        raise Invalid(
            "idle.no_log",
            f"{path} is not a decision log.",
            cause="None of its lines is a decision.",
            next_step="Name a file such as idle-decisions.jsonl.",
        )
    if since is None:
        return lines, unreadable
    earliest = max(each.at for each in lines) - timedelta(seconds=min(durations.parse(since), 1e9))
    return [each for each in lines if each.at >= earliest], unreadable


def _simulated(found: Simulation) -> list[Block]:
    timeout, grace = duration(found.timeout_seconds), duration(found.grace_seconds)
    title = (
        f"{found.lines:,} lines, {found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC, "
        f"with {timeout} idle and {grace} of warning"
    )
    both = zip(_rows(found.replayed, found), _rows(found.recorded, found), strict=True)
    rows = [(name, new, old) for (name, new), (_, old) in both]
    blocks: list[Block] = [Table(("", "Replayed", "As it was"), rows, title=title)]
    stops = [
        (
            _called(each.kind, each.subject, each.path),
            stop.warned_at,
            stop.stopped_at,
            _resumed(stop.resumed_at, stop.stopped_at),
            "yes" if stop.hits else "",
            "later than the real stop" if stop.assumed else "",
        )
        for each in found.outcomes
        for stop in each.stops
    ]
    columns = ("What", "Warned", "Stopped", "Wanted again", "Hit", "Note")
    blocks.append(Table(columns, stops, title="Stops in the replay", empty="Nothing would have been stopped."))
    if found.unreadable:
        count = "1 line" if found.unreadable == 1 else f"{found.unreadable:,} lines"
        blocks.append(Line(f"{count} could not be read, and what they tell is missing here.", Tone.WARNING))
    blocks.append(Line("What this cannot tell:", Tone.QUIET))
    blocks += [Line(f"- {each}", Tone.QUIET) for each in found.limits]
    return blocks


def _rows(figures: Figures, found: Simulation) -> list[tuple[str, object]]:
    within = duration(found.within_seconds)
    return [
        ("Warnings", figures.warnings),
        ("Kernels stopped", figures.kernels),
        ("Terminals stopped", figures.terminals),
        ("Workspace stopped", figures.workspace),
        (f"Wanted again within {within}", figures.hits),
        ("Hours stopped (an estimate)", figures.hours_stopped),
        ("Money (an estimate)", None if figures.money is None else f"{figures.money:,.2f} {found.currency}"),
    ]


def _resumed(resumed_at: datetime | None, stopped_at: datetime) -> str:
    return "" if resumed_at is None else f"{duration((resumed_at - stopped_at).total_seconds())} later"


def _happened(found: Report) -> list[Block]:
    counts = [
        ("Warned", *_counted(found.warned)),
        ("Warning taken back", *_counted(found.cancelled)),
        ("Stopped", *_counted(found.stopped)),
    ]
    reasons = [
        (each.source, each.was, each.kind, each.times, _spoken(each.hours), each.example) for each in found.reasons
    ]
    blocks: list[Block] = [
        Table(("", "Kernels", "Terminals", "Workspace"), counts, title="What was done"),
        Table(
            ("Because of", "Was", "Kept", "Times", "Hours", "Such as"),
            reasons[:MOST_REASONS],
            title="What kept things awake",
            empty="Nothing did.",
        ),
    ]
    for title, count, shown in (("Held", found.holds, found.held), ("Failed", found.failures, found.failed)):
        if count:
            kinds = [phases.kind_of(each.subject) for each in shown]
            names = [_called(kind, each.subject, each.path) for kind, each in zip(kinds, shown, strict=True)]
            rows = [(each.at, name, each.why) for each, name in zip(shown, names, strict=True)]
            more = "" if count == len(shown) else f" (the newest of {count:,})"
            blocks.append(Table(("At", "What", "Why"), rows, title=f"{title}{more}"))
    if found.begins is None or found.begins > found.since:
        begins = "is empty" if found.begins is None else f"begins on {found.begins:%Y-%m-%d %H:%M} UTC"
        blocks.append(Line(f"The decision log {begins}; what was before it is missing here.", Tone.QUIET))
    return blocks


def _counted(counts: Counts) -> tuple[int, int, int]:
    return counts.kernels, counts.terminals, counts.workspace


def _saved(savings: Savings) -> list[Block]:
    """Never without the word: nobody has seen the bill."""
    text = f"Estimate: the workspace was stopped for {_spoken(savings.hours_stopped)}"
    if savings.money is not None and savings.price_per_hour is not None:
        rate = f"{savings.price_per_hour:,.2f} {savings.currency} an hour"
        text += f", which saved about {savings.money:,.2f} {savings.currency} at {rate}"
    else:
        text += "; the policy names no price for it"
    still = " It is stopped still, which counts until now." if savings.still_stopped else ""
    return [Line(f"{text}.{still}")]


def _hours(track: Track) -> tuple[str, str]:
    idle = (State.IDLE, State.WARNED, State.KEPT)
    return duration(timeline.seconds(track, State.WORKING)), duration(timeline.seconds(track, *idle))


def _end(track: Track) -> str:
    """The state it was seen in last."""
    state = track.stretches[-1].state
    return "stopped" if state is State.CULLED else state.value


def _spoken(hours: float) -> str:
    return duration(hours * HOUR)


def _bar(track: Track, whole: Timeline) -> str:
    """One sign for each part of the time; where a part holds several states, the first of :data:`SIGNS`."""
    width = (whole.until - whole.since) / CELLS
    seen: list[set[State]] = [set() for _ in range(CELLS)]
    for each in track.stretches:
        first = min(CELLS - 1, int((each.since - whole.since) / width))
        last = min(CELLS - 1, int((each.until - whole.since) / width))
        for number in range(first, last + 1):
            seen[number].add(each.state)
    return "".join(next((sign for state, sign in SIGNS.items() if state in part), UNWATCHED) for part in seen)


def _called(kind: Kind, subject: str, path: str) -> str:
    """As :func:`~jupyter_mlplatform.idle.models.called` does, of what is not there any more."""
    if kind is Kind.WORKSPACE:
        return "the workspace"
    return path or f"the {kind.value} {identity(subject)[:8]}"
