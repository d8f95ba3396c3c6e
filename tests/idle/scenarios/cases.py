"""The list of scenarios: each is a function that acts on a stage and says what must come of it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tests.idle.scenarios.stage import Stage
from tests.idle.scenarios.world import Plan

Play = Callable[[Stage], None]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """``id`` is that of the list in ``scenarios.json``, with a letter behind it for a variant of ours.

    Cases of the same ``world`` play at the same time in one world; a case without has a world of its own.
    ``given`` and ``expected`` are a variant's; ``short``: it belongs to the short form in ``make test``.
    """

    id: str
    play: Play
    world: str = ""
    plan: Plan = Plan()
    given: str = ""
    expected: str = ""
    short: bool = False

    @property
    def stage(self) -> str:
        """The name of the world that it plays in."""
        return self.world or self.id


CASES: list[Case] = []
SHARED: dict[str, Plan] = {}
"""The plans of worlds in which several cases play."""


def shared(name: str, plan: Plan) -> None:
    """Declare a world for several cases."""
    SHARED[name] = plan


def case(
    identity: str,
    given: str = "",
    expected: str = "",
    *,
    world: str = "",
    plan: Plan | None = None,
    short: bool = False,
) -> Callable[[Play], Play]:
    """Enter a scenario into the list."""

    def enter(play: Play) -> Play:
        chosen = SHARED[world] if world else plan or Plan()
        CASES.append(
            Case(id=identity, play=play, world=world, plan=chosen, given=given, expected=expected, short=short)
        )
        return play

    return enter
