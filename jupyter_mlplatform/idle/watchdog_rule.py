"""When the watchdog may act. Pure: what was seen, and the time, are arguments; only the standard library is imported.

The rule is the keeper's, told with less: nothing works for the whole timeout, seen twice in a row, and doubt stops
nothing. It begins to count only when every server of this workspace has been silent for ``mute_seconds``.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from jupyter_mlplatform.idle.local.heartbeat import Heartbeat

SAMPLE_SECONDS = 15.0
LONGEST_GAP = 3 * SAMPLE_SECONDS
FRESH_SAMPLES = 2
STRANGER_SECONDS = 600.0
"""How long a watchdog waits for the first sign of any server before it leaves."""


class Duty(Enum):
    """What the watchdog does next."""

    LEAVE = "leave"
    REST = "rest"
    WATCH = "watch"
    STOP = "stop"


class Seen(NamedTuple):
    """One look. ``alive`` are the pids of the servers that still run; ``work`` and ``doubt`` are reasons to keep the
    workspace, empty where there is none. ``measured``: processes were compared with an earlier look.
    """

    at: float
    beats: tuple[Heartbeat, ...]
    alive: frozenset[int]
    measured: bool = False
    work: str = ""
    doubt: str = ""


class Memory(NamedTuple):
    """``idle_since`` is when nothing worked for the first time since the servers fell silent, ``samples`` how many
    looks in a row have found nothing, ``looked_at`` the last one; ``began`` when the watchdog started.
    """

    began: float
    looked_at: float | None = None
    idle_since: float | None = None
    samples: int = 0


def silent(beats: tuple[Heartbeat, ...], alive: frozenset[int], now: float) -> bool:
    """Whether every server has been silent for too long; one that has ended gets the same time for its successor."""
    return bool(beats) and all(now - beat.at > beat.mute_seconds for beat in beats)


def judge(memory: Memory, seen: Seen) -> tuple[Memory, Duty, str]:
    """What to remember, what to do, and why in one sentence."""
    now = seen.at
    fresh = Memory(began=memory.began, looked_at=now)
    if not seen.beats:
        duty = Duty.LEAVE if now - memory.began > STRANGER_SECONDS else Duty.REST
        return fresh, duty, "no server has said that it is there"
    newest = max(seen.beats, key=lambda beat: beat.at)
    timeout = newest.timeout_seconds
    if timeout is None:
        return fresh, Duty.LEAVE, "the server has no need of a watchdog"
    failing = any(beat.pid in seen.alive and not beat.keeper_ok for beat in seen.beats)
    if not silent(seen.beats, seen.alive, now):
        return fresh, Duty.REST, f"the server is there{', but its keeper fails' if failing else ''}"
    if failing:
        return fresh, Duty.WATCH, "the server lives, but its keeper has failed: nobody knows what works in it"
    gap = memory.looked_at is not None and now - memory.looked_at > LONGEST_GAP
    reason = seen.work or ("the watchdog had not looked for a while" if gap else "")
    if reason or not seen.measured:
        return fresh, Duty.WATCH, reason or "the processes are measured for the first time"
    since = now if memory.idle_since is None else memory.idle_since
    if seen.doubt:
        return Memory(memory.began, now, since, 0), Duty.WATCH, seen.doubt
    known = Memory(memory.began, now, since, memory.samples + 1)
    if now - newest.started_at < newest.min_uptime_seconds:
        return known, Duty.WATCH, "the workspace has only just started"
    if now - since < timeout or known.samples < FRESH_SAMPLES:
        return known, Duty.WATCH, f"nothing has worked for {now - since:.0f} s of {timeout:.0f} s"
    how = "does not answer" if newest.pid in seen.alive else "has ended"
    return known, Duty.STOP, f"the server {how} and nothing has worked for {now - since:.0f} s"
