"""``mlplat idle``: what is idle, what is kept and why, and keeping it."""

from __future__ import annotations

import click

from jupyter_mlplatform.cli.answer import Answer, Block, Fields, Line, Table, Tone, duration
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Invalid, NotFound
from jupyter_mlplatform.idle import durations
from jupyter_mlplatform.idle.models import IdleStatus, KernelStatus, Lease, NewLease, State

_TONES = {State.WORKING: Tone.GOOD, State.KEPT: Tone.GOOD, State.WARNED: Tone.WARNING, State.UNKNOWN: Tone.WARNING}


@click.group("idle")
def group() -> None:
    """What is idle, what is kept and why; keep it awake."""


@command(group, "status")
def status(session: Session) -> Answer:
    """Show every kernel with its state, and when it stops."""
    found = session.services.idle.status()
    rows = [
        (each.path or each.kernel_id[:8], each.state, _time(each.idle_seconds), _time(each.stops_in_seconds), each.why)
        for each in found.kernels
    ]
    blocks: list[Block] = [Line(found.verdict, _TONES.get(found.state, Tone.PLAIN))]
    if found.enabled and found.sampled_at is not None:
        blocks.append(Table(("Kernel", "State", "Idle for", "Stops in", "Why"), rows, empty="No kernel is running."))
    if found.enabled:
        blocks += _leases(found.leases)
        blocks.append(Line(_rule(found), Tone.QUIET))
    return Answer(found, *blocks)


@command(group, "explain")
@click.argument("kernel", required=False)
def explain(session: Session, kernel: str | None) -> Answer:
    """Show the evidence behind each verdict, or behind that on one KERNEL (its notebook, or its id)."""
    idle = session.services.idle
    if kernel:
        found = idle.kernel(kernel)
        return Answer(found, *_explained(found))
    current = idle.status()
    blocks: list[Block] = [Line(current.verdict, _TONES.get(current.state, Tone.PLAIN))]
    for each in current.kernels:
        blocks += _explained(each)
    rows = [(each.at, each.action, each.kernel_id[:8], each.why) for each in current.decisions]
    if current.enabled:
        title = "Last decisions"
        blocks.append(Table(("At", "What", "Kernel", "Why"), rows, title=title, empty="Nothing was decided yet."))
    return Answer(current, *blocks)


@command(group, "keep")
@click.argument("duration_", metavar="DURATION", nargs=-1, required=True)
@click.option("--kernel", help="Keep only this kernel (its notebook, or its id).")
@click.option("--reason", default="", help="Shown wherever the keep-alive is shown.")
def keep(session: Session, duration_: tuple[str, ...], kernel: str | None, reason: str) -> Answer:
    """Stop nothing of yours for DURATION: 30m, 4h, 1d, 1h 30m."""
    idle = session.services.idle
    kernel_id = idle.kernel(kernel).kernel_id if kernel else None
    seconds = durations.parse(" ".join(duration_))
    lease = idle.keep(session.person, NewLease(seconds=seconds, kernel_id=kernel_id, reason=reason))
    what = f"The kernel of {kernel}" if kernel else "The workspace"
    blocks = [Line(f"{what} is kept until {lease.until:%Y-%m-%d %H:%M} UTC ({lease.id[:8]}).", Tone.GOOD)]
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


def _explained(kernel: KernelStatus) -> list[Block]:
    name = kernel.path or f"kernel {kernel.kernel_id[:8]}"
    pairs = [
        ("Kernel", f"{kernel.kernel_id} ({kernel.name})"),
        ("State", kernel.state),
        ("Idle for", duration(kernel.idle_seconds)),
        ("Stops in", _time(kernel.stops_in_seconds)),
        ("Why", kernel.why),
    ]
    evidence = [(each.source, each.signal, each.text) for each in kernel.evidence]
    return [Fields(pairs, title=name), Table(("Source", "Says", "Evidence"), evidence)]


def _leases(leases: tuple[Lease, ...]) -> list[Block]:
    if not leases:
        return []
    rows = [(each.id[:8], each.kernel_id or "workspace", each.until, each.person, each.reason) for each in leases]
    return [Table(("Keep-alive", "Keeps", "Until", "By", "Reason"), rows, title="Keep-alives")]


def _rule(status: IdleStatus) -> str:
    return (
        f"A kernel is stopped after {duration(status.timeout_seconds)} without work, and warned before. "
        f"A keep-alive lasts at most {duration(status.keep_max_seconds)}."
    )


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else duration(seconds)
