"""Who may approve or reject a model version, and what a decision does. Pure: the time is an argument."""

from __future__ import annotations

from datetime import datetime

import msgspec

from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid
from jupyter_mlplatform.handoff.models import Approval, NewApproval, Version, VersionState
from jupyter_mlplatform.policy import HandoffPolicy


def may_decide(version_author: str, person: str, policy: HandoffPolicy) -> bool:
    """Whether ``person`` is one of those who may decide on that author's version."""
    if policy.four_eyes and person == version_author:
        return False
    return not policy.approvers or person in policy.approvers


def decide(version: Version, person: str, given: NewApproval, policy: HandoffPolicy, now: datetime) -> Version:
    """The version after a decision; the same object when the same person said the same before.

    Raises ``Forbidden``, ``Invalid`` (no decision, or no reason to reject) or ``Conflict`` (decided already).
    """
    if policy.four_eyes and person == version.author:
        raise Forbidden(
            "handoff.self_approval",
            f"You cannot decide on {version.id}, because you made it.",
            cause="A model version is approved by somebody else than its author.",
            next_step=f"Ask one of: {', '.join(policy.approvers)}." if policy.approvers else "Ask a colleague.",
        )
    if policy.approvers and person not in policy.approvers:
        raise Forbidden(
            "handoff.not_an_approver",
            f"You may not decide on {version.id}.",
            cause="The policy names who approves model versions.",
            next_step=f"Ask one of: {', '.join(policy.approvers)}.",
        )
    reason = given.reason.strip()
    if given.state is VersionState.PENDING:
        raise Invalid("handoff.no_decision", "Say Approved or Rejected.", next_step="Send one of these two states.")
    if given.state is VersionState.REJECTED and not reason:
        raise Invalid("handoff.no_reason", "A rejection needs a reason.", next_step="Say what should be different.")
    if version.state is not VersionState.PENDING:
        last = version.approvals[-1]
        if (last.actor, last.state) == (person, given.state):
            return version
        raise Conflict(
            "handoff.decided",
            f"{version.id} was already decided: {last.state.value} by {last.actor}.",
            next_step="Make a new version if another decision is needed.",
        )
    said = Approval(actor=person, state=given.state, reason=reason, at=now)
    return msgspec.structs.replace(version, state=given.state, approvals=(*version.approvals, said))
