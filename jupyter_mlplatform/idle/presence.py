"""A person who was seen in another way than through this server's own page. Pure: the time is an argument."""

from __future__ import annotations

from jupyter_mlplatform.idle.durations import spoken
from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.models import Evidence, Signal
from jupyter_mlplatform.policy import IdlePolicy

SOURCE = "person"
PRESENT_SECONDS = 90.0
"""Another editor tells of a person about once a minute; half a minute is left for delays."""


def seen(where: str, seen_at: float | None, policy: IdlePolicy, now: float) -> Finding:
    """Somebody was seen ``where`` at ``seen_at`` on the monotonic clock (None: not yet)."""
    if seen_at is None:
        return Finding(Evidence(source=SOURCE, signal=Signal.IDLE, text=f"nobody was seen {where}"))
    seen_at = min(seen_at, now)
    present = now - seen_at < min(PRESENT_SECONDS, policy.timeout_seconds)
    text = f"somebody was seen {where} {spoken(now - seen_at)} ago"
    return Finding(Evidence(source=SOURCE, signal=Signal.WORK if present else Signal.IDLE, text=text), seen_at)


def doubtful(text: str) -> Finding:
    """It cannot be told whether somebody is there."""
    return Finding(Evidence(source=SOURCE, signal=Signal.UNKNOWN, text=text))
