"""``mlplat data fulfil``: once for a scheduler, or going on until it is stopped, whatever does not answer meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlplatform.cli import data_fulfil, run
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.errors import Forbidden, Problem, Unavailable

AWAY = Unavailable("access.store_busy", "The table does not answer.", cause="Too many requests.")
WRONG = Problem("access.mirror_incomplete", "plant was not read.", "AWS is busy.", "")


class Access:
    """Stands for the service: what each call of ``fulfil`` gives, one after the other."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.problems: tuple[Problem, ...] = ()

    def fulfil(self, person: str) -> int:
        assert person == "ada"
        found = self.outcomes.pop(0)
        if isinstance(found, Exception):
            raise found
        return int(found)

    def mirror_problems(self) -> tuple[Problem, ...]:
        return self.problems


def called(access: Access, *words: str) -> Any:
    services: Any = type("Services", (), {"access": access, "workspace": type("W", (), {"who": lambda self: "ada"})()})
    return run(("data", "fulfil", *words), Session(services=lambda: services))


@pytest.fixture
def stopped_after(monkeypatch: pytest.MonkeyPatch) -> Any:
    def after(rounds: int) -> None:
        left = iter(range(rounds))

        def sleep(seconds: float) -> None:
            assert seconds == 5
            if next(left, None) is None:
                raise KeyboardInterrupt

        monkeypatch.setattr(data_fulfil.time, "sleep", sleep)

    return after


def test_once_it_tells_what_was_done_and_what_is_wrong() -> None:
    access = Access(3)
    access.problems = (WRONG,)
    answer = called(access)
    assert (answer.exit_code, answer.data["steps"]) == (0, 3)
    assert "plant was not read. AWS is busy." in answer.text()
    assert "There was nothing to do." in called(Access(0)).text()


def test_it_goes_on_when_the_state_does_not_answer_and_tells_it_once(
    stopped_after: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped_after(4)
    answer = called(Access(1, AWAY, AWAY, 2, 0), "--watch", "5")
    assert (answer.exit_code, answer.data) == (0, {"steps": 3})
    assert capsys.readouterr().err == "The table does not answer. Too many requests.\n"


def test_who_may_not_is_refused_at_once(stopped_after: Any) -> None:
    stopped_after(0)
    answer = called(Access(Forbidden("access.not_admin", "Only an admin can do that.")), "--watch", "5")
    assert (answer.exit_code, answer.data.code) == (3, "access.not_admin")
