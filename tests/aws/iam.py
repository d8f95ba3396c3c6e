"""Which calls a policy allows: the little of IAM that a session policy of ours uses.

Documented (IAM user guide, policy evaluation logic): a deny wins; what nothing allows is denied; a session may do what
both its role and its session policy allow. Assumed: a role's own policy allows everything. Resources are not looked at
save for ``*`` and ARNs that the call names.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Statement = Mapping[str, Any]
_DATES: dict[str, Callable[[datetime, datetime], bool]] = {
    "DateLessThan": lambda now, limit: now < limit,
    "DateLessThanEquals": lambda now, limit: now <= limit,
    "DateGreaterThan": lambda now, limit: now > limit,
    "DateGreaterThanEquals": lambda now, limit: now >= limit,
}


class UnknownCondition(Exception):
    """A condition that this page of IAM does not have."""


def allows(policy: str, action: str, now: datetime, tags: Mapping[str, str]) -> bool:
    """Whether a session policy (empty: none) allows an action, ``service:Operation``, at an instant."""
    if not policy:
        return True
    found = [one for one in statements(json.loads(policy)) if applies(one, action, now, tags)]
    return any(one["Effect"] == "Allow" for one in found) and all(one["Effect"] != "Deny" for one in found)


def statements(policy: dict[str, Any]) -> list[Statement]:
    """The statements of a policy document."""
    found = policy["Statement"]
    return list(found) if isinstance(found, list) else [found]


def applies(statement: Statement, action: str, now: datetime, tags: Mapping[str, str]) -> bool:
    """Whether a statement is about an action, and its conditions hold."""
    actions = statement["Action"]
    named = [actions] if isinstance(actions, str) else actions
    if not any(fnmatch.fnmatchcase(action.lower(), each.lower()) for each in named):
        return False
    conditions = statement.get("Condition", {})
    return all(
        _holds(operator, key, value, now, tags) for operator, keys in conditions.items() for key, value in keys.items()
    )


def _holds(operator: str, key: str, value: Any, now: datetime, tags: Mapping[str, str]) -> bool:
    values = value if isinstance(value, list) else [value]
    if operator in _DATES and key == "aws:CurrentTime":
        return any(_DATES[operator](now, datetime.fromisoformat(each.replace("Z", "+00:00"))) for each in values)
    if operator == "StringEquals" and key.startswith("aws:PrincipalTag/"):
        return tags.get(key.removeprefix("aws:PrincipalTag/")) in values
    raise UnknownCondition(f"{operator} {key}")
