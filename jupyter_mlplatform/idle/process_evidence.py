"""What the process table says of a kernel, a terminal and everything else of this person. Pure.

A process is at work by itself: five that use one percent each are idle, but what short-lived processes used is summed
up, since none of them lives long enough to be seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from jupyter_mlplatform.idle.cpu import Measured, Role, Share, Use
from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import Evidence, ProcessStatus, Signal
from jupyter_mlplatform.policy import IdlePolicy

INPUT_CPU_FRACTION = 0.05
"""A kernel that waits in ``input()`` polls a hundred times a second, which alone costs about one percent of a core."""

LEAST_SECONDS = 0.03
"""Three ticks of the clock that CPU is counted with: of less, rounding decides whether it exceeds a fraction."""

NAMED = 3
"""So many idle processes are named; the others are counted."""

SHOWN = 50
"""So many other processes are listed: the status is written and sent with every sample."""


def of_kernel(use: Use | None, local: bool, waits_for_input: bool, policy: IdlePolicy, now: float) -> Finding:
    """Does the kernel, or anything it started, compute? A kernel on another machine is judged by its cells alone."""
    if not local:
        return _finding(Signal.IDLE, "it runs on another machine, so only its cells are looked at")
    if use is None:
        return _finding(Signal.UNKNOWN, "its CPU use has not been measured over an interval yet")
    if not use.running:
        return _finding(Signal.UNKNOWN, "its process cannot be found")
    least = max(policy.busy_cpu_fraction, INPUT_CPU_FRACTION) if waits_for_input else policy.busy_cpu_fraction
    work = _work(use, policy, least)
    if work:
        return _finding(Signal.WORK, work, now)
    if use.quiet is not None:
        return _still(_machine(use.quiet))
    total = use.total if use.shares else 0.0
    others = f" and {use.others} it started" if use.others else ""
    limit = f", less than {_percent(least)}" if total < least else ", none of them enough to be at work"
    return _still(f"its process{others} used {_percent(total)} of a core{limit}")


def works(use: Use, policy: IdlePolicy) -> bool:
    """Whether :func:`of_kernel` would find this use at work, in a kernel that does not wait for input."""
    return bool(_work(use, policy, policy.busy_cpu_fraction))


def of_terminal(use: Use | None, policy: IdlePolicy, now: float) -> Finding:
    """Does its foreground job or one in the background work, or does somebody type? Output alone says nothing."""
    if use is None:
        return _finding(Signal.UNKNOWN, "its CPU use has not been measured over an interval yet", None, "terminal")
    if not use.running:
        return _finding(Signal.IDLE, "its shell has ended", None, "terminal")
    work = _work(use, policy, policy.busy_cpu_fraction)
    if work:
        return _finding(Signal.WORK, work, now, "terminal")
    if use.typed_at is not None and use.typed_at >= now - use.elapsed / 2:
        return _finding(Signal.WORK, "a key was struck in it just now", now, "terminal")
    count = use.others - bool(use.job)
    more = f"{count} other process{'' if count == 1 else 'es'}"
    if use.job:
        text = f"{use.job} (pid {use.foreground}) in the foreground did not work"
        text += f", and neither did {more}" if count > 0 else ""
    else:
        text = f"it is at the prompt, and {more} did not work" if count > 0 else "it is at the prompt"
    if use.quiet is not None:
        text += f": {_machine(use.quiet)}"
    elif use.others:
        text += f": they used {_percent(use.total)} of a core together"
    if use.typed_at is not None:
        text += f"; the last key was struck {spoken(now - use.typed_at)} ago"
    return _finding(Signal.IDLE, text, use.typed_at, "terminal")


def of_others(measured: Measured | None, policy: IdlePolicy, now: float) -> Finding:
    """Does anything of this person compute that belongs to no kernel and no terminal?"""
    if measured is None:
        return _finding(Signal.UNKNOWN, "the process table cannot be read")
    if not measured.elapsed:
        return _finding(Signal.UNKNOWN, "the CPU use of other processes has not been measured over an interval yet")
    texts = [(each.own + each.children, text) for each in measured.others if (text := _alone(each, policy, measured))]
    if texts:
        more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
        return _finding(Signal.WORK, max(texts)[1] + more, now)
    short = _short_lived(measured.others, policy, measured.elapsed)
    if short:
        return _finding(Signal.WORK, short, now)
    ours = [each for each in measured.others if not each.baseline and each.role is not Role.HEARTBEATER]
    if not ours:
        return _finding(Signal.IDLE, "no other process is at work")
    ours.sort(key=lambda each: (-each.own, -each.pid))
    named = ", ".join(_name(each) for each in ours[:NAMED])
    more = f" and {len(ours) - NAMED} more" if len(ours) > NAMED else ""
    return _finding(Signal.IDLE, f"no other process is at work, though {named}{more} would end with the workspace")


def statuses(measured: Measured | None, policy: IdlePolicy) -> tuple[ProcessStatus, ...]:
    """The other processes for the panel: those at work first, then by CPU, at most ``SHOWN``. What was there before us
    is left out, as long as it does nothing.
    """
    if measured is None:
        return ()
    found = []
    for each in measured.others:
        work = _alone(each, policy, measured)
        if work or not each.baseline:
            signal = Signal.WORK if work else Signal.IDLE if measured.elapsed else Signal.UNKNOWN
            why = work or _counted(each, policy)
            found.append(ProcessStatus(pid=each.pid, name=each.name, signal=signal, cpu=each.own, why=why))
    return tuple(sorted(found, key=lambda each: (each.signal is not Signal.WORK, -each.cpu, each.pid))[:SHOWN])


def _work(use: Use, policy: IdlePolicy, root_limit: float) -> str:
    """What the busiest process at work did; empty when none is."""
    if not use.shares:
        return ""
    found = []
    for share in use.shares:
        limit = max(root_limit, _limit(share, policy)) if share.pid == use.root else _limit(share, policy)
        text = _at_work(share, limit, policy, use.elapsed, _called(share, use))
        if text:
            found.append((share.own, text))
    return max(found)[1] if found else _short_lived(use.shares, policy, use.elapsed)


def _called(share: Share, use: Use) -> str:
    if share.pid == use.root:
        return "the shell itself" if use.foreground or use.typed_at is not None else "its own process"
    if use.foreground and share.group == use.foreground:
        return f"{_name(share)} in the foreground"
    return f"{_name(share)}, which it started,"


def _alone(share: Share, policy: IdlePolicy, measured: Measured) -> str:
    return _at_work(share, _limit(share, policy), policy, measured.elapsed, _name(share)) or _bred(
        share, policy, measured.elapsed
    )


def _at_work(share: Share, limit: float, policy: IdlePolicy, elapsed: float, subject: str) -> str:
    if share.role is Role.WATCHER:
        return ""
    before = ", which was running before the workspace started," if share.baseline else ""
    if share.own >= limit and share.own * elapsed >= LEAST_SECONDS:
        return f"{subject}{before} used {_percent(share.own)} of a core"
    if share.io >= policy.io_bytes_per_second:
        return f"{subject}{before} read or wrote {share.io / 1024:.0f} KiB a second"
    if share.blocked:
        return f"{subject}{before} has been waiting for storage"
    return ""


def _limit(share: Share, policy: IdlePolicy) -> float:
    slow = share.baseline or share.role is Role.HEARTBEATER
    return policy.heartbeat_cpu_fraction if slow else policy.busy_cpu_fraction


def _short_lived(shares: Iterable[Share], policy: IdlePolicy, elapsed: float) -> str:
    """The sum of what ended meanwhile, whoever started it; what a heartbeater starts has its own sum and limit."""
    sums = {policy.busy_cpu_fraction: 0.0, policy.heartbeat_cpu_fraction: 0.0}
    for share in shares:
        if share.role is not Role.WATCHER:
            sums[_limit(share, policy)] += share.children
    for limit, total in sums.items():
        if total >= limit and total * elapsed >= LEAST_SECONDS:
            return f"short-lived processes used {_percent(total)} of a core"
    return ""


def _bred(share: Share, policy: IdlePolicy, elapsed: float) -> str:
    """The same for one process."""
    short = _short_lived((share,), policy, elapsed)
    return f"{short}, started by {_name(share)}" if short else ""


def _counted(share: Share, policy: IdlePolicy) -> str:
    if share.role is Role.WATCHER:
        return "it only watches, which is never counted as work"
    limit = _percent(_limit(share, policy))
    if share.role is Role.HEARTBEATER:
        return f"it is known for its heartbeat, so it is at work from {limit} of a core"
    return f"it used {_percent(share.own)} of a core, less than {limit}"


def _name(share: Share) -> str:
    return f"{share.name} (pid {share.pid})"


def _machine(quiet: float) -> str:
    return f"the machine as a whole used {_percent(quiet)} of a core"


@lru_cache(maxsize=256)
def _still(text: str) -> Finding:
    """Hundreds of idle kernels say the same."""
    return _finding(Signal.IDLE, text)


def _finding(signal: Signal, text: str, worked_at: float | None = None, source: str = "processes") -> Finding:
    return Finding(Evidence(source=source, signal=signal, text=text), worked_at)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.0f} %" if fraction >= 0.1 else f"{100 * fraction:.1f} %"
