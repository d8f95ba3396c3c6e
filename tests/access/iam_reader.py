"""What a session policy allows, resource by resource: the part of IAM's evaluation that ours use.

Documented (IAM user guide): ``*`` and ``?`` stand for other signs, ``${*}``, ``${?}`` and ``${$}`` for themselves; a
condition on a key that a request has not got does not hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_TOKEN = re.compile(r"\$\{([*?$])\}|(\*)|(\?)|(\$\{)")


def allows(policy: str, action: str, resource: str, now: datetime, **context: str) -> bool:
    """Whether an action on a resource is allowed; ``context`` has condition keys, with ``_`` for the colon."""
    keys = {name.replace("_", ":", 1): value for name, value in context.items()}
    return any(_applies(each, action, resource, now, keys) for each in json.loads(policy)["Statement"])


def _applies(statement: Mapping[str, Any], action: str, resource: str, now: datetime, keys: Mapping[str, str]) -> bool:
    assert statement["Effect"] == "Allow"
    return (
        any(_fits(each, action) for each in statement["Action"])
        and any(_fits(each, resource) for each in statement["Resource"])
        and all(
            _holds(operator, key, value, now, keys)
            for operator, named in statement["Condition"].items()
            for key, value in named.items()
        )
    )


def _holds(operator: str, key: str, value: str, now: datetime, keys: Mapping[str, str]) -> bool:
    if operator == "DateLessThan":
        assert key == "aws:CurrentTime"
        return now < datetime.fromisoformat(value.replace("Z", "+00:00"))
    if operator == "StringEquals":
        return keys.get(key) == value
    assert operator == "StringLike", operator
    return key in keys and _fits(value, keys[key])


def _fits(pattern: str, text: str) -> bool:
    def sign(found: re.Match[str]) -> str:
        if found[1]:
            return re.escape(found[1])
        assert not found[4], f"a variable in {pattern!r}"
        return ".*" if found[2] else "."

    parts = []
    last = 0
    for found in _TOKEN.finditer(pattern):
        parts += [re.escape(pattern[last : found.start()]), sign(found)]
        last = found.end()
    return re.fullmatch("".join([*parts, re.escape(pattern[last:])]), text, re.DOTALL) is not None
