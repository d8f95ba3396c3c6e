"""The long run of ``make fuzz-access``: the promises of data access over 5,000 steps (not found by a plain pytest)."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

from tests.access.test_invariants import Access

TestFiveThousandSteps = type("TestFiveThousandSteps", (Access.TestCase,), {})
TestFiveThousandSteps.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
