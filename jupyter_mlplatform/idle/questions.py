"""Asking a kernel whether its shells are free, and when to believe the answer. Pure: the time is an argument.

A listener always comes late: the kernel may be in the middle of a cell when the subscription starts, and a
subscription starts some time after it was asked for. So the kernel is asked on its shell channel (a
``kernel_info_request``), and the answer is believed only when the kernel was also seen, on IOPub, becoming idle from
that very request: then that shell was free, and every later message is received.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from jupyter_mlplatform.idle.ledger import Ledger

ASK = "kernel_info_request"
ASK_AGAIN_SECONDS = 300.0
MISSED_SECONDS = 2.0
SILENT_ANSWERS = 3
"""Answers in a row without a status message, after which a kernel is taken for one that sends none for a question."""

MOST_QUESTIONS = 128


class _Question(msgspec.Struct):
    asked_at: float
    subshell: str | None
    gone: bool = False
    answered: bool = False
    heard: bool = False


class Questions:
    """The questions to one kernel that are on their way. Times are seconds on the monotonic clock."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pending: dict[str, _Question] = {}
        self._silent_answers = 0
        self._received = False
        self._not_before = 0.0

    def due(self, now: float) -> tuple[str | None, ...]:
        """The shells to ask now (None is the main one); none while questions are still on their way."""
        if now < self._not_before:
            return ()
        if self._pending:
            age = now - max(each.asked_at for each in self._pending.values())
            silent = any(each.answered for each in self._pending.values())
            wait = MISSED_SECONDS * 2**self._silent_answers if silent else ASK_AGAIN_SECONDS
            if age < min(wait, ASK_AGAIN_SECONDS):
                return ()
            self._silent_answers += silent
            self._pending = {key: each for key, each in self._pending.items() if not each.answered}
        while len(self._pending) >= MOST_QUESTIONS:
            self._pending.pop(next(iter(self._pending)))
        return (None, *sorted(self._ledger.subshells))

    def sent(self, identity: str, subshell: str | None, now: float) -> None:
        """A question went out as the message ``identity``."""
        self._pending[identity] = _Question(asked_at=now, subshell=subshell)

    def answered(self, identity: str, content: Mapping[str, Any], reported_busy: bool, now: float) -> None:
        """The reply to a message; one that is no question of ours changes nothing."""
        question = self._pending.get(identity)
        if question is None:
            return
        # Only IPython is known to work through its shell one by one. Another kernel may answer beside a running cell.
        question.gone = question.subshell is not None and content.get("status") == "error"
        serial = content.get("implementation") == "ipython" or question.gone
        if not serial and (self._ledger.open or reported_busy):
            del self._pending[identity]
            self._not_before = now + MISSED_SECONDS
            return
        question.answered = True
        self._settle(identity, now)

    def heard(self, identity: str, now: float) -> None:
        """The kernel became idle from a message; one that is no question of ours changes nothing."""
        question = self._pending.get(identity)
        if question is not None:
            question.heard = True
            self._settle(identity, now)

    def received(self) -> None:
        """Anything came from the kernel on IOPub, so that channel works."""
        self._received = True

    def asked(self, identity: Any) -> bool:
        """Whether a message is a question that is still on its way."""
        return identity in self._pending

    def forget(self) -> None:
        """Another process has taken over: nobody is going to answer."""
        self._pending.clear()
        self._silent_answers = 0
        self._received = False
        self._not_before = 0.0

    def _settle(self, identity: str, now: float) -> None:
        question = self._pending[identity]
        enough = question.heard or (self._silent_answers >= SILENT_ANSWERS and self._received)
        if not (question.answered and enough):
            return
        self._ledger.answered(question.asked_at, now, question.subshell, gone=question.gone)
        self._pending = {
            key: each
            for key, each in self._pending.items()
            if each.subshell != question.subshell or each.asked_at > question.asked_at
        }
        if question.heard:
            self._silent_answers = 0
