"""``metrics.json`` as metrics: every number in it, named by its path.

A first ``metrics`` and a last ``value`` of the path are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from jupyter_mlplatform.handoff.models import Metric


def from_document(step: str, document: Any) -> tuple[Metric, ...]:
    """The metrics of a step; what is not a finite number is passed over."""
    return tuple(Metric(step, name, value) for name, value in _numbers(document, ()))


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers(each, (*path, str(key)))
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        inner = path[1:] if len(path) > 1 and path[0] == "metrics" else path
        inner = inner[:-1] if len(inner) > 1 and inner[-1] == "value" else inner
        yield ".".join(inner), float(value)
