"""What every backend has to do that puts grants into force. A test class for one gives the fixture ``bench``:

class TestLakeFormation(FulfillerContract):
    @pytest.fixture
    def bench(self) -> Iterator[Bench]: ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import pytest

from jupyter_mlplatform.access.legs import Sight, Wanted
from jupyter_mlplatform.access.ports import Fulfiller
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError, Unavailable

FIRST = "g-0000000001"
SECOND = "g-0000000002"


class Bench(Protocol):
    """A backend to try a fulfiller on, with everything that may go wrong there. It is empty at first."""

    def fulfiller(self) -> Fulfiller:
        """A new one, as another process would make it. It tries each call once."""
        ...

    def wanted(self, grant_id: str = FIRST, person: str = "alice") -> Wanted:
        """A grant that the backend can put into force; the same dataset and scope each time."""
        ...

    def impossible(self) -> Sequence[Wanted]:
        """Grants that the backend cannot restrict as they say, or whose names it cannot have. At least one."""
        ...

    def held(self) -> int:
        """How many grants' worth the backend itself has in force, for anybody, read past the fulfiller."""
        ...

    def by_hand(self) -> Sequence[Callable[[Wanted, str], None]]:
        """Changes that somebody makes past the platform to what was applied, given its handle: taken away, widened,
        narrowed, ... Each has to be noticed and repaired. At least one.
        """
        ...

    def settle(self) -> None:
        """Let the backend finish what it does later (nothing where it does all at once)."""
        ...

    def lose_answer(self) -> None:
        """The next change is made, but its answer never arrives."""
        ...

    def throttle(self) -> None:
        """The next call of whatever kind is put off, with nothing done."""
        ...

    def deny(self) -> None:
        """From now on the backend lets the platform change nothing."""
        ...

    def blind(self) -> None:
        """From now on nothing can be read."""
        ...

    def heal(self) -> None:
        """It denies nothing and is readable again."""
        ...

    def calls(self) -> int:
        """How often the backend was asked for anything so far."""
        ...


class FulfillerContract:
    """The suite."""

    def test_when_a_grant_was_never_applied_it_is_absent_and_may_be_removed(self, bench: Bench) -> None:
        wanted = bench.wanted()
        assert seen(bench, wanted, "") is Sight.ABSENT
        bench.fulfiller().remove(wanted, "")
        assert seen(bench, wanted, "") is Sight.ABSENT

    def test_when_a_grant_is_applied_it_is_seen_in_force(self, bench: Bench) -> None:
        wanted = bench.wanted()
        handle = applied(bench, wanted)
        assert seen(bench, wanted, handle) is Sight.PRESENT
        assert bench.held() == 1

    def test_when_a_grant_is_applied_again_the_backend_has_it_once(self, bench: Bench) -> None:
        wanted = bench.wanted()
        handle = applied(bench, wanted)
        assert applied(bench, wanted, handle) == handle
        assert applied(bench, wanted, "") == handle, "as after an answer that was lost"
        assert bench.held() == 1
        assert seen(bench, wanted, handle) is Sight.PRESENT

    def test_when_a_grant_is_removed_nothing_is_left_and_removing_it_again_is_no_error(self, bench: Bench) -> None:
        wanted = bench.wanted()
        handle = applied(bench, wanted)
        for _ in range(2):
            removed(bench, wanted, handle)
            assert seen(bench, wanted, handle) is Sight.ABSENT
            assert bench.held() == 0

    def test_when_a_grant_was_removed_it_can_be_applied_anew(self, bench: Bench) -> None:
        wanted = bench.wanted()
        old = applied(bench, wanted)
        removed(bench, wanted, old)
        handle = applied(bench, wanted, old)
        assert seen(bench, wanted, handle) is Sight.PRESENT

    def test_when_somebody_changes_it_by_hand_that_is_seen_and_repaired(self, bench: Bench) -> None:
        wanted = bench.wanted()
        handle = applied(bench, wanted)
        changes = bench.by_hand()
        assert changes
        for change in changes:
            change(wanted, handle)
            assert seen(bench, wanted, handle) in (Sight.ABSENT, Sight.DIFFERENT), change
            handle = applied(bench, wanted, handle)
            assert seen(bench, wanted, handle) is Sight.PRESENT, change
            assert bench.held() == 1, change

    def test_when_it_was_changed_by_hand_it_can_still_be_removed(self, bench: Bench) -> None:
        wanted = bench.wanted()
        for change in bench.by_hand()[::3]:
            handle = applied(bench, wanted)
            change(wanted, handle)
            removed(bench, wanted, handle)
            assert seen(bench, wanted, handle) is Sight.ABSENT, change

    def test_when_the_answer_to_applying_is_lost_applying_again_makes_it_whole(self, bench: Bench) -> None:
        wanted = bench.wanted()
        bench.lose_answer()
        attempted(lambda: bench.fulfiller().apply(wanted, ""))
        handle = applied(bench, wanted)
        assert bench.held() == 1
        assert seen(bench, wanted, handle) is Sight.PRESENT

    def test_when_the_answer_to_applying_is_lost_it_can_be_removed_without_its_handle(self, bench: Bench) -> None:
        wanted = bench.wanted()
        bench.lose_answer()
        attempted(lambda: bench.fulfiller().apply(wanted, ""))
        bench.settle()
        removed(bench, wanted, "")
        assert bench.held() == 0
        assert seen(bench, wanted, "") is Sight.ABSENT

    def test_when_the_answer_to_removing_is_lost_it_is_gone_in_the_end(self, bench: Bench) -> None:
        wanted = bench.wanted()
        handle = applied(bench, wanted)
        bench.lose_answer()
        attempted(lambda: bench.fulfiller().remove(wanted, handle))
        removed(bench, wanted, handle)
        assert seen(bench, wanted, handle) is Sight.ABSENT
        assert bench.held() == 0

    def test_when_the_backend_denies_it_people_read_why_and_nothing_is_in_force(self, bench: Bench) -> None:
        wanted = bench.wanted()
        bench.deny()
        with pytest.raises((Forbidden, Unavailable)) as refused:
            bench.fulfiller().apply(wanted, "")
        readable(refused.value)
        bench.heal()
        assert bench.held() == 0

    def test_when_the_backend_denies_the_removal_that_is_not_taken_for_done(self, bench: Bench) -> None:
        wanted = bench.wanted()
        handle = applied(bench, wanted)
        bench.deny()
        with pytest.raises((Forbidden, Unavailable)) as refused:
            bench.fulfiller().remove(wanted, handle)
        readable(refused.value)
        bench.heal()
        assert bench.held() == 1
        removed(bench, wanted, handle)
        assert bench.held() == 0

    def test_when_the_backend_is_too_busy_it_works_later(self, bench: Bench) -> None:
        wanted = bench.wanted()
        bench.throttle()
        with pytest.raises(Unavailable) as refused:
            bench.fulfiller().apply(wanted, "")
        readable(refused.value)
        handle = applied(bench, wanted)
        assert seen(bench, wanted, handle) is Sight.PRESENT

    def test_when_nothing_can_be_read_it_is_unknown_and_no_error(self, bench: Bench) -> None:
        wanted = bench.wanted()
        handle = applied(bench, wanted)
        bench.blind()
        told = bench.fulfiller().observe(wanted, handle)
        assert told.sight is Sight.UNKNOWN
        assert told.note
        assert "arn:" not in told.note
        bench.heal()
        assert seen(bench, wanted, handle) is Sight.PRESENT

    def test_when_a_grant_is_checked_nobody_is_asked(self, bench: Bench) -> None:
        fulfiller = bench.fulfiller()
        before = bench.calls()
        assert fulfiller.name == bench.wanted().dataset.backend
        assert fulfiller.check(bench.wanted())
        fulfiller.check(bench.wanted(""))  # before anything is granted there is no id
        assert bench.calls() == before

    def test_when_the_backend_cannot_restrict_it_so_the_check_says_so(self, bench: Bench) -> None:
        cases = bench.impossible()
        assert cases
        before = bench.calls()
        for wanted in cases:
            with pytest.raises(Invalid) as refused:
                bench.fulfiller().check(wanted)
            readable(refused.value)
            with pytest.raises(Invalid):
                bench.fulfiller().apply(wanted, "")
        assert bench.calls() == before
        assert bench.held() == 0

    def test_when_two_people_are_granted_the_same_they_share_nothing(self, bench: Bench) -> None:
        hers, his = bench.wanted(FIRST, "alice"), bench.wanted(SECOND, "dave")
        fulfiller = bench.fulfiller()
        assert fulfiller.check(hers) != fulfiller.check(his)
        handle, other = applied(bench, hers), applied(bench, his)
        removed(bench, hers, handle)
        assert seen(bench, hers, handle) is Sight.ABSENT
        assert seen(bench, his, other) is Sight.PRESENT
        assert bench.held() == 1

    def test_when_two_grants_of_one_person_overlap_the_end_of_one_leaves_the_other_in_force(self, bench: Bench) -> None:
        first, second = bench.wanted(FIRST), bench.wanted(SECOND)
        handle, other = applied(bench, first), applied(bench, second)
        assert seen(bench, first, handle) is Sight.PRESENT
        assert seen(bench, second, other) is Sight.PRESENT
        fulfiller = bench.fulfiller()
        if fulfiller.check(first) != fulfiller.check(second):
            removed(bench, first, handle)  # one that is shared goes with the last grant: the worker counts
            assert seen(bench, first, handle) is Sight.ABSENT
        assert seen(bench, second, other) is Sight.PRESENT
        removed(bench, second, other)
        assert seen(bench, second, other) is Sight.ABSENT
        assert bench.held() == 0


def applied(bench: Bench, wanted: Wanted, handle: str = "") -> str:
    """The handle of what was applied by a process of its own."""
    made = bench.fulfiller().apply(wanted, handle)
    bench.settle()
    return made


def removed(bench: Bench, wanted: Wanted, handle: str) -> None:
    bench.fulfiller().remove(wanted, handle)
    bench.settle()


def seen(bench: Bench, wanted: Wanted, handle: str) -> Sight:
    """What another process sees; everything but what is in order comes with words."""
    told = bench.fulfiller().observe(wanted, handle)
    assert told.note or told.sight in (Sight.PRESENT, Sight.ABSENT)
    return told.sight


def attempted(what: Callable[[], object]) -> None:
    """It may fail as an answer that is lost does, or have been repeated by a client."""
    try:
        what()
    except PlatformError as error:
        readable(error)


def readable(error: PlatformError) -> None:
    """It has words and a next step, and tells nothing of the account."""
    assert error.problem.message
    assert error.problem.next_step
    assert "arn:" not in str(error)
    assert "secret" not in str(error).lower() or "Secrets Manager" in str(error)
