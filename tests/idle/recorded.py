"""A decision log, written as the keeper writes it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from jupyter_mlplatform.idle.models import Decision, Evidence, Signal

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
TIMEOUT = 3600.0


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def line(
    minutes: float,
    action: str,
    subject: str = "kernel:a",
    *,
    idle: float = 0.0,
    path: str = "a.ipynb",
    timeout: float | None = TIMEOUT,
    source: str = "cells",
    why: str = "",
) -> Decision:
    """One line; ``minutes`` after noon, ``idle`` in minutes. Its evidence fits its action."""
    signal = {"working": Signal.WORK, "unknown": Signal.UNKNOWN}.get(action, Signal.IDLE)
    text = {Signal.WORK: "a cell has been running for 3 min", Signal.UNKNOWN: "it has not answered yet"}
    return Decision(
        at=after(minutes),
        subject=subject,
        action=action,
        why=why or f"kept because {text.get(signal, 'of the test')}",
        name="python3",
        path="" if subject == "workspace" else path,
        idle_seconds=60.0 * idle,
        timeout_seconds=timeout,
        evidence=(Evidence(source=source, signal=signal, text=text.get(signal, "no cell is running")),),
    )


def worked(subject: str = "kernel:a", begin: float = 0.0, end: float = 30.0, **more: object) -> list[Decision]:
    """It works from ``begin`` to ``end`` (minutes after noon), and is idle then."""
    return [line(begin, "working", subject, **more), line(end, "idle", subject, **more)]  # type: ignore[arg-type]
