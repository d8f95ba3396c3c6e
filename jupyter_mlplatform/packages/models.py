"""The nouns of package configuration."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec


class Ecosystem(str, Enum):
    """A family of package clients."""

    PIP = "pip"
    CONDA = "conda"


class ToolState(str, Enum):
    """How a tool stands: ``unmanaged`` means that the policy names no mirror for it."""

    UNMANAGED = "unmanaged"
    NOT_APPLIED = "not_applied"
    APPLIED = "applied"
    DRIFTED = "drifted"


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """One client with its mirror. ``config_path`` is the file that is written for it; ``index`` holds no secret."""

    ecosystem: Ecosystem
    state: ToolState
    index: str = ""
    config_path: str = ""
    detail: str = ""


class Outcome(str, Enum):
    """The result of one check. ``unknown`` means that it could not be made; it is never shown as good."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the doctor: what was looked at, why it matters, what was seen, and how to mend it."""

    id: str
    title: str
    outcome: Outcome
    why: str
    evidence: str
    fix: str = ""
    ecosystem: Ecosystem | None = None


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the doctor, growing while it runs. ``state`` is ``running``, ``done`` or ``cancelled``.

    ``note`` says in words why it ended early.
    """

    id: str
    state: str
    started_at: datetime
    finished_at: datetime | None = None
    done: int = 0
    total: int = 0
    checks: tuple[Check, ...] = ()
    note: str = ""


class PackagesStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All tools, and the last examination if there was one."""

    tools: tuple[Tool, ...]
    exports: dict[str, str] = {}
    last: Examination | None = None


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: file paths, and the variables that make the clients read them."""

    written: tuple[str, ...]
    exports: dict[str, str]
    tools: tuple[Tool, ...]
