"""What a person should be told: the small message that a feature announces and the panel shows."""

from __future__ import annotations

from enum import Enum

import msgspec


class Urgency(str, Enum):
    """How a notice is shown."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened and concerns the person of this workspace.

    ``seq`` grows within a feature, ``action`` is a word for programs (``request.approved``), ``subject`` the id of
    what it is about, ``text`` one plain sentence; an empty ``text`` means: refresh, but do not interrupt anybody.
    """

    seq: int
    action: str
    subject: str
    text: str = ""
    urgency: Urgency = Urgency.INFO
