"""``mlplat idle``: what is idle, what is kept and why, and keeping it."""

from __future__ import annotations

import click

from jupyter_mlplatform.cli import idle_reports
from jupyter_mlplatform.cli.answer import Answer, Block, Fields, Line, Table, Tone, duration
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Invalid, NotFound
from jupyter_mlplatform.idle import durations
from jupyter_mlplatform.idle.models import WORKSPACE, IdleStatus, Lease, NewLease, State, SubjectStatus, identity

_TONES = {State.WORKING: Tone.GOOD, State.KEPT: Tone.GOOD, State.WARNED: Tone.WARNING, State.UNKNOWN: Tone.WARNING}


@click.group("idle")
def group() -> None:
    """What is idle, what is kept and why; keep it awake."""


idle_reports.add_to(group)


@command(group, "status")
def status(session: Session) -> Answer:
    """Show the workspace, every kernel and every terminal with its state, and when it stops."""
    found = session.services.idle.status()
    blocks: list[Block] = [Line(found.verdict, _TONES.get(found.state, Tone.PLAIN))]
    if found.enabled and found.sampled_at is not None:
        columns = ("What", "State", "Idle for", "Stops in", "Why")
        rows = [_row(each) for each in (*found.kernels, *found.terminals)]
        blocks.append(Table(columns, rows, empty="No kernel and no terminal is open."))
        blocks += _processes(found)
    if found.enabled:
        blocks += _leases(found.leases)
        blocks += [Line(each, Tone.QUIET) for each in _rules(found)]
    return Answer(found, *blocks)


@command(group, "explain")
@click.argument("subject", required=False)
def explain(session: Session, subject: str | None) -> Answer:
    """Show the evidence behind each verdict, or behind that on one SUBJECT.

    SUBJECT is a notebook, a kernel's id, a terminal's name, or 'workspace'.
    """
    idle = session.services.idle
    if subject:
        found = idle.subject(subject)
        return Answer(found, *_explained(found))
    current = idle.status()
    blocks: list[Block] = [Line(current.verdict, _TONES.get(current.state, Tone.PLAIN))]
    for each in (*((current.workspace,) if current.workspace else ()), *current.kernels, *current.terminals):
        blocks += _explained(each)
    rows = [(each.at, each.action, _short(each.subject, each.path), each.why) for each in current.decisions]
    if current.enabled:
        title = "Last decisions"
        blocks.append(Table(("At", "What", "About", "Why"), rows, title=title, empty="Nothing was decided yet."))
    return Answer(current, *blocks)


@command(group, "keep")
@click.argument("duration_", metavar="DURATION", nargs=-1, required=True)
@click.option("--kernel", help="Keep only this kernel (its notebook, or its id).")
@click.option("--terminal", help="Keep only this terminal (its name).")
@click.option("--reason", default="", help="Shown wherever the keep-alive is shown.")
def keep(session: Session, duration_: tuple[str, ...], kernel: str | None, terminal: str | None, reason: str) -> Answer:
    """Stop nothing of yours for DURATION: 30m, 4h, 1d, 1h 30m."""
    if kernel and terminal:
        raise Invalid("idle.keep_what", "Name a kernel or a terminal, not both.", next_step="Keep one after the other.")
    idle = session.services.idle
    named = kernel or terminal
    subject = idle.subject(named).subject if named else WORKSPACE
    seconds = durations.parse(" ".join(duration_))
    lease = idle.keep(session.person, NewLease(seconds=seconds, subject=subject, reason=reason))
    what = f"{named}" if named else "The workspace"
    blocks = [Line(f"{what} is kept until {lease.until:%Y-%m-%d %H:%M} UTC ({lease.id[:8]}).", Tone.GOOD)]
    if seconds > idle.policy.keep_max_seconds:
        most = duration(idle.policy.keep_max_seconds)
        blocks.append(Line(f"That is the most at once: {most}. You can extend it later.", Tone.WARNING))
    if not idle.policy.enabled:
        blocks.append(Line("Idle shutdown is switched off by the policy, so nothing is stopped anyway.", Tone.QUIET))
    return Answer(lease, *blocks)


@command(group, "release")
@click.argument("lease", required=False)
@click.option("--all", "everything", is_flag=True, help="Let go of every keep-alive.")
def release(session: Session, lease: str | None, everything: bool) -> Answer:
    """Let go of the keep-alive LEASE (its id or the beginning of it)."""
    idle = session.services.idle
    if everything == bool(lease):
        raise Invalid("idle.release_what", "Name one keep-alive, or say --all.", next_step="See 'mlplat idle status'.")
    if everything:
        count = idle.release_all(session.person)
        return Answer({"released": count}, Line(f"{count} keep-alive{'' if count == 1 else 's'} released.", Tone.GOOD))
    found = [each.id for each in idle.status().leases if each.id.startswith(lease or "")]
    if len(found) != 1:
        raise NotFound(
            "idle.no_such_lease", f"There is no keep-alive {lease!r}.", next_step="See 'mlplat idle status' for all."
        )
    idle.release(session.person, found[0])
    return Answer({"released": 1}, Line("Released: the idle time counts again.", Tone.GOOD))


def _row(each: SubjectStatus) -> tuple[object, ...]:
    name = _short(each.subject, each.path)
    return name, each.state, _time(each.idle_seconds), _time(each.stops_in_seconds), each.why


def _short(subject: str, path: str) -> str:
    kind, _, name = subject.partition(":")
    return path or f"{kind} {name[:8]}".strip()


def _explained(each: SubjectStatus) -> list[Block]:
    own = "never" if each.timeout_seconds is None else f"{duration(each.timeout_seconds)} ({each.timeout_from})"
    pairs = [
        (each.kind.value.capitalize(), f"{identity(each.subject)} ({each.name})" if each.name else each.subject),
        ("State", each.state),
        ("Idle for", duration(each.idle_seconds)),
        ("Timeout", own),
        ("Stops in", _time(each.stops_in_seconds)),
        ("Why", each.why),
    ]
    evidence = [(piece.source, piece.signal, piece.text) for piece in each.evidence]
    return [Fields(pairs, title=_short(each.subject, each.path)), Table(("Source", "Says", "Evidence"), evidence)]


def _processes(status: IdleStatus) -> list[Block]:
    if not status.processes:
        return []
    rows = [(str(each.pid), each.name, each.signal, f"{100 * each.cpu:.1f} %", each.why) for each in status.processes]
    return [Table(("Process", "Name", "Counts as", "CPU", "Why"), rows, title="Other processes of yours")]


def _leases(leases: tuple[Lease, ...]) -> list[Block]:
    if not leases:
        return []
    rows = [(each.id[:8], each.subject, each.until, each.person, each.reason) for each in leases]
    return [Table(("Keep-alive", "Keeps", "Until", "By", "Reason"), rows, title="Keep-alives")]


def _rules(status: IdleStatus) -> list[str]:
    """What applies to everything, and how the workspace is stopped."""
    rules = [
        f"What does nothing for {duration(status.timeout_seconds)} is stopped, after a warning. "
        f"A keep-alive lasts at most {duration(status.keep_max_seconds)}."
    ]
    if status.stop is not None:
        rules.append(f"The workspace: {status.stop.why}{'.' * (not status.stop.why.endswith('.'))}")
        if status.stop.problem:
            rules.append(status.stop.problem)
    return rules


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else duration(seconds)
