"""What the tabs have told about unsaved documents."""

from __future__ import annotations

import pytest

from jupyter_mlplatform.errors import TooLarge
from jupyter_mlplatform.idle import tabs as module
from jupyter_mlplatform.idle.models import Saved, Unsaved
from jupyter_mlplatform.idle.tabs import Tabs


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tabs(clock: Clock) -> Tabs:
    return Tabs(clock)


def test_given_nobody_has_told_anything_then_nothing_is_unsaved_and_nobody_is_waited_for(tabs: Tabs) -> None:
    assert tabs.ask()
    assert (tabs.unsaved(), tabs.waited_for()) == ({}, 0)


def test_given_a_tab_tells_then_only_its_last_word_counts(tabs: Tabs) -> None:
    tabs.tell(Unsaved(client="a", paths=("x.ipynb", "y.md")))
    tabs.tell(Unsaved(client="b", paths=("z.py",)))
    tabs.tell(Unsaved(client="a", paths=("y.md",)))
    assert list(tabs.unsaved()) == ["y.md", "z.py"]
    tabs.tell(Unsaved(client="a"))
    assert list(tabs.unsaved()) == ["z.py"]


def test_given_all_tabs_have_saved_then_nothing_is_left(tabs: Tabs) -> None:
    for client in ("a", "b"):
        tabs.tell(Unsaved(client=client, paths=("x.ipynb",)))
    request = tabs.ask()
    assert tabs.waited_for() == 2
    tabs.answer(Saved(client="a", request=request))
    assert (tabs.waited_for(), list(tabs.unsaved())) == (1, ["x.ipynb"])
    tabs.answer(Saved(client="b", request=request))
    assert (tabs.waited_for(), tabs.unsaved()) == (0, {})


def test_given_a_document_cannot_be_saved_then_the_reason_stays_with_its_path(tabs: Tabs) -> None:
    tabs.tell(Unsaved(client="a", paths=("x.ipynb", "y.md")))
    request = tabs.ask()
    tabs.answer(Saved(client="a", request=request, failed={"y.md": "it is read-only"}))
    assert (tabs.waited_for(), tabs.unsaved()) == (0, {"y.md": "it is read-only"})
    tabs.ask()
    assert "read-only" not in tabs.unsaved()["y.md"]  # that was the answer to another request


def test_given_a_tab_went_away_without_a_word_then_its_documents_stay_unsaved_with_the_time(
    tabs: Tabs, clock: Clock
) -> None:
    tabs.tell(Unsaved(client="a", paths=("x.ipynb",)))
    clock.now = 7200.0
    tabs.ask()
    assert tabs.unsaved() == {"x.ipynb": "its tab does not answer, it was last heard of 2 h ago"}


def test_given_an_answer_to_an_older_request_then_it_is_news_but_not_the_answer(tabs: Tabs) -> None:
    tabs.tell(Unsaved(client="a", paths=("x.ipynb", "y.md")))
    older = tabs.ask()
    tabs.ask()
    tabs.answer(Saved(client="a", request=older, failed={"y.md": "no"}))
    assert (tabs.waited_for(), list(tabs.unsaved())) == (1, ["y.md"])


def test_given_a_tab_that_nobody_knows_answers_then_nothing_breaks(tabs: Tabs) -> None:
    tabs.answer(Saved(client="a", request="none", failed={"x": "no"}))
    assert list(tabs.unsaved()) == ["x"]


@pytest.mark.parametrize(
    ("client", "paths"),
    [("a", ("x",) * 501), ("a" * 5000, ("x",)), ("a", ("x" * 5000,))],
)
def test_given_a_browser_tells_far_too_much_then_it_is_refused(tabs: Tabs, client: str, paths: tuple[str, ...]) -> None:
    with pytest.raises(TooLarge):
        tabs.tell(Unsaved(client=client, paths=paths))
    with pytest.raises(TooLarge):
        tabs.answer(
            Saved(client=client, request="r", failed=dict.fromkeys([f"{n}{p}" for n, p in enumerate(paths)], ""))
        )
    assert tabs.unsaved() == {}


def test_given_more_tabs_than_a_person_has_then_the_one_silent_for_longest_is_forgotten(tabs: Tabs) -> None:
    for number in range(module.MOST_TABS):
        tabs.tell(Unsaved(client=str(number), paths=(f"{number}.md",)))
    tabs.tell(Unsaved(client="0", paths=("0.md",)))
    tabs.tell(Unsaved(client="new", paths=("new.md",)))
    found = tabs.unsaved()
    assert len(found) == module.MOST_TABS
    assert {"0.md", "new.md"} <= found.keys()
    assert "1.md" not in found
