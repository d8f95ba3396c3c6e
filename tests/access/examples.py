"""How many examples a property is tried with: as many as it names, ten times as many in the profile ``thorough``.

``make fuzz-access`` runs every property in that profile (``--hypothesis-profile=thorough``, see tests/conftest.py).
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

USUAL = 100
"""Examples in hypothesis' own profile; others say by theirs how much more is wanted."""


def examples(number: int, **more: Any) -> settings:
    """Settings for ``number`` examples in a usual run; ``more`` as hypothesis takes it."""
    wanted = max(1, number * settings.default.max_examples // USUAL)  # type: ignore[attr-defined]
    return settings(max_examples=wanted, deadline=None, suppress_health_check=list(HealthCheck), **more)
