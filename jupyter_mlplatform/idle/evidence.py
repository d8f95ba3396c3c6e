"""What each source says of one kernel at one instant, in words. Pure: what was measured and the time are arguments."""

from __future__ import annotations

import msgspec

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.ledger import Ledger
from jupyter_mlplatform.idle.models import Evidence, Signal
from jupyter_mlplatform.policy import IdlePolicy

PRESENT_SECONDS = 90.0
"""A browser sends at most one beat a minute while a person works in it; half a minute is left for delays."""

CALLBACK_SECONDS = 1.0
"""Widgets talk to the kernel all the time; a message that takes longer than this is a callback at work."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Evidence, and the last instant on the monotonic clock at which its source saw work (None: it has no memory)."""

    evidence: Evidence
    worked_at: float | None = None


def of_cells(
    ledger: Ledger | None, reported_busy: bool, policy: IdlePolicy, now: float, timeout_seconds: float | None = None
) -> Finding:
    """Is a cell running? Waiting in ``input()`` or in a debugger is work until ``input_timeout_factor`` timeouts.

    ``timeout_seconds`` is the kernel's own; None is the policy's.
    """
    timeout = policy.timeout_seconds if timeout_seconds is None else timeout_seconds
    if ledger is None:
        return _finding("cells", Signal.UNKNOWN, "its messages cannot be read")
    if ledger.working:
        opened = min(each.opened for each in ledger.working.values())
        return _finding("cells", Signal.WORK, f"a cell has been running for {spoken(now - opened)}", now)
    since = min((each.opened for each in ledger.callbacks.values()), default=now)
    if now - since >= CALLBACK_SECONDS:
        return _finding("cells", Signal.WORK, f"a widget's callback has been running for {spoken(now - since)}", now)
    if ledger.open:
        return _of_waiting(ledger, timeout, policy.input_timeout_factor * timeout, now)
    if not ledger.known and reported_busy:
        return _finding(
            "cells", Signal.WORK, "it was already busy when it was first seen and has not answered since", now
        )
    if not ledger.known:
        return _finding("cells", Signal.UNKNOWN, "it has not answered yet whether a cell is running")
    ended = "" if ledger.ended_at is None else f", the last one ended {spoken(now - ledger.ended_at)} ago"
    return _finding("cells", Signal.IDLE, f"no cell is running{ended}", ledger.worked_at)


def _of_waiting(ledger: Ledger, timeout: float, limit: float, now: float) -> Finding:
    if ledger.stopped_since is not None:
        since, where = ledger.stopped_since, "is stopped in the debugger"
    else:
        since, where = max(ledger.waiting.values(), default=now), "waits for an answer to input()"
    text = f"a cell {where} since {spoken(now - since)}, which counts as work for {spoken(limit)}"
    # The idle timeout runs out at the very moment at which waiting has lasted for the limit.
    counts_until = since + max(0.0, limit - timeout)
    if now < counts_until:
        return _finding("cells", Signal.WORK, text, now)
    return _finding("cells", Signal.IDLE, text, counts_until)


def of_person(beat_at: float | None, policy: IdlePolicy, now: float) -> Finding:
    """Did somebody use the keyboard, the mouse or the wheel? An open tab alone says nothing."""
    if beat_at is None:
        return _finding("person", Signal.IDLE, "nobody has used the keyboard or the mouse yet")
    text = f"somebody used the keyboard or the mouse {spoken(now - beat_at)} ago"
    present = now - beat_at < min(PRESENT_SECONDS, policy.timeout_seconds)
    return _finding("person", Signal.WORK if present else Signal.IDLE, text, beat_at)


def _finding(source: str, signal: Signal, text: str, worked_at: float | None = None) -> Finding:
    return Finding(Evidence(source=source, signal=signal, text=text), worked_at)
