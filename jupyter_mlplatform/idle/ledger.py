"""What a kernel is executing, kept from its own messages and never from the state that a server reports for it.

The reported state is the last ``status`` message of any parent: a panel that asks for the memory use in the middle of
a silent cell turns it to ``idle``. Here an execution is open from the ``busy`` that names an ``execute_request`` as
its parent until the ``idle`` that names the same one, on whichever subshell it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

EXECUTE = "execute_request"
COMM = frozenset({"comm_msg", "comm_open", "comm_close"})
TYPED = frozenset({"complete_request", "inspect_request", "is_complete_request"})
FRESH_STATES = frozenset({"starting", "restarting", "autorestarting"})
MOST_SUBSHELLS = 64
"""Of one kernel, that are remembered and asked."""

WATCHED = frozenset({"status", "execute_input", "input_request", "input_reply", "debug_event"})
"""Message types that :meth:`Ledger.feed` looks at; a reader may drop all others unread."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One request that the kernel is executing, since ``opened`` on the monotonic clock."""

    opened: float
    subshell: str | None = None


class Ledger:
    """The open executions of one kernel. Times are seconds on a monotonic clock, given by the caller.

    ``known`` is false until what ran before the first message was seen is known as well (see :meth:`answered`), and
    ``answered_at`` is when the main shell was last known to be free (None: never yet).
    ``worked_at`` is the last instant at which a cell ran or a person typed; ``ended_at`` that of the last cell's end.
    ``callbacks`` are the messages of widgets that the kernel is handling: they come and go all the time, so they do not
    move ``worked_at``; one that stays open is a callback at work. ``subshells`` are those that anything ran on.
    """

    def __init__(self, now: float) -> None:
        self.worked_at = now
        self.ended_at: float | None = None
        self.known = False
        self.answered_at: float | None = None
        self.subshells: set[str] = set()
        self._free: dict[str | None, float] = {}
        self.open: dict[str, Execution] = {}
        self.callbacks: dict[str, Execution] = {}
        self.waiting: dict[str, float] = {}
        self.stopped_since: float | None = None

    def feed(self, message: Mapping[str, Any], now: float) -> None:
        """Take note of one message (``header``, ``parent_header``, ``content``); unknown ones change nothing."""
        kind = message["header"].get("msg_type")
        parent = message.get("parent_header") or {}
        content = message.get("content") or {}
        if kind == "status":
            self._status(content.get("execution_state"), parent, now)
        elif kind == "execute_input" and parent.get("msg_type") == EXECUTE:
            self._begin(parent, now)
        elif kind == "input_request":
            self._begin(parent, now)
            self.waiting[str(parent.get("msg_id", ""))] = now
        elif kind == "input_reply":
            self.waiting.clear()
            self.worked_at = now
        elif kind == "debug_event":
            self._debug(content.get("event"), now)

    def answered(self, asked_at: float, now: float, subshell: str | None = None, *, gone: bool = False) -> None:
        """The kernel answered a ``kernel_info_request`` that was sent at ``asked_at`` to one of its shells.

        A shell works through its requests one by one, so everything it began before that is over. The others run
        beside it: their executions stay open. ``gone``: the answer was that there is no such subshell any more.
        """
        self._free[subshell] = asked_at
        if subshell is None:
            self.known = True
            self.answered_at = now
        elif gone:
            self.subshells.discard(subshell)
        for identity, execution in list(self.open.items()):
            if execution.opened < self._free.get(execution.subshell, 0.0):
                self._end(identity, now)
        # A kernel may handle a widget's message on a subshell that the message does not name.
        everywhere = min(self._free.get(each, 0.0) for each in (None, *self.subshells))
        self.callbacks = {
            identity: each
            for identity, each in self.callbacks.items()
            if each.opened >= (self._free.get(each.subshell, 0.0) if each.subshell else everywhere)
        }
        self._free = {each: at for each, at in self._free.items() if each is None or each in self.subshells}

    def restarted(self, now: float) -> None:
        """Another process answers under the same kernel id: nothing of the old one is running any more."""
        self._clear(now)
        self.known = False
        self.answered_at = None

    def died(self, now: float) -> None:
        """The kernel has no process any more and gets no new one. Seeing that again changes nothing."""
        if self.open or self.callbacks:
            self._clear(now)
        self.known = True

    @property
    def working(self) -> dict[str, Execution]:
        """Open executions that wait neither for an answer to ``input()`` nor in a stopped debugger."""
        if self.stopped_since is not None:
            return {identity: each for identity, each in self.open.items() if each.subshell is not None}
        return {identity: each for identity, each in self.open.items() if identity not in self.waiting}

    def _status(self, state: Any, parent: Mapping[str, Any], now: float) -> None:
        kind = parent.get("msg_type")
        subshell = parent.get("subshell_id")
        if isinstance(subshell, str) and subshell and len(self.subshells) < MOST_SUBSHELLS:
            self.subshells.add(subshell)
        if state in FRESH_STATES:
            self._clear(now)
            self.known = state == "starting"
        elif kind == EXECUTE and state == "busy":
            self._begin(parent, now)
        elif kind == EXECUTE and state == "idle":
            self._end(str(parent.get("msg_id", "")), now)
        elif kind in COMM and state == "busy":
            opened = Execution(opened=now, subshell=parent.get("subshell_id"))
            self.callbacks.setdefault(str(parent.get("msg_id", "")), opened)
        elif kind in COMM and state == "idle":
            self.callbacks.pop(str(parent.get("msg_id", "")), None)
        elif kind in TYPED:
            self.worked_at = now

    def _begin(self, parent: Mapping[str, Any], now: float) -> None:
        identity = str(parent.get("msg_id", ""))
        if identity not in self.open:
            self.open[identity] = Execution(opened=now, subshell=parent.get("subshell_id"))
        self.worked_at = now

    def _end(self, identity: str, now: float) -> None:
        self.open.pop(identity, None)
        self.waiting.pop(identity, None)
        self.worked_at = self.ended_at = now
        if not self.open:
            self.waiting.clear()
            self.stopped_since = None

    def _debug(self, event: Any, now: float) -> None:
        if event == "stopped":
            self.stopped_since = now
        elif event in ("continued", "terminated", "exited"):
            self.stopped_since = None
            self.worked_at = now

    def _clear(self, now: float) -> None:
        self.open.clear()
        self.callbacks.clear()
        self.waiting.clear()
        self.subshells.clear()
        self._free.clear()
        self.stopped_since = None
        self.worked_at = now
