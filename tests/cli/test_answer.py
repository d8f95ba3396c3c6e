"""One answer, three forms; and no value ever becomes markup."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone

import pytest
from rich.console import Console

from jupyter_mlplatform.cli.answer import Answer, Code, Fields, Line, Table, Tone, duration, problem_answer, words
from jupyter_mlplatform.errors import Problem

NASTY = "<script>alert(1)</script> [bold]not bold[/bold]"


@pytest.mark.parametrize(
    "block",
    [
        Line(NASTY),
        Table((NASTY,), [(NASTY,)], title=NASTY),
        Table((), [], empty=NASTY),
        Fields([(NASTY, NASTY)], title=NASTY),
        Code(NASTY),
    ],
)
def test_no_value_becomes_markup(block: Line | Table | Fields | Code) -> None:
    answer = Answer(None, block)
    assert "<script>" not in answer.html()
    assert "&lt;script&gt;" in answer.html()
    assert "[bold]not" in answer.text()


@pytest.mark.parametrize("block", [Line("\x1b]0;pwned\x07"), Code("\x1b[2J"), Table(("\x1b[31m",), [("\x1b[31m",)])])
def test_no_control_sequence_of_a_value_reaches_the_terminal(block: Line | Code | Table) -> None:
    stream = io.StringIO()
    Answer(None, block).print(Console(file=stream, force_terminal=False, width=80))
    assert "\x1b" not in stream.getvalue()
    assert "\N{REPLACEMENT CHARACTER}" in stream.getvalue()


def test_units_in_column_names_are_no_markup() -> None:
    text = Answer(None, Table(("force [mm]", "a[/b]"), [(1, 2)], title="x[/b]")).text()
    assert "force [mm]" in text
    assert "a[/b]" in text


def test_the_first_column_is_never_cut_because_it_is_what_one_copies() -> None:
    stream = io.StringIO()
    row = ("r-0123456789abcdef", "a very long title " * 5, "another long text " * 5)
    Answer(None, Table(("Id", "Title", "Text"), [row])).print(Console(file=stream, width=60))
    assert "r-0123456789abcdef" in stream.getvalue()


def test_the_data_is_json_for_programs() -> None:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)
    assert json.loads(Answer({"at": at, "rows": (1, 2)}, Line("seen by people")).json()) == {
        "at": "2026-01-02T03:04:00Z",
        "rows": [1, 2],
    }


def test_a_notebook_gets_html_and_plain_text() -> None:
    bundle = Answer(None, Line("all well", Tone.GOOD))._repr_mimebundle_()
    assert bundle["text/plain"] == "all well"
    assert "all well" in bundle["text/html"]


def test_a_failure_says_what_why_and_what_next() -> None:
    answer = problem_answer(Problem("a.b", "It failed.", "Because.", "Do this."), 5)
    assert answer.text() == "It failed.\nBecause.\n→ Do this."
    assert answer.exit_code == 5


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (True, "yes"),
        (12000, "12,000"),
        (0.91234, "0.9123"),
        (1234.5, "1,234"),
        (("a", "b"), "a, b"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02 03:04:05"),  # noqa: DTZ001 (as data often is)
        (datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=2))), "2026-01-02 01:04 UTC"),
    ],
)
def test_values_read_as_people_write_them(value: object, said: str) -> None:
    assert words(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (40, "40 s"), (3600, "1 h"), (7500, "2 h 5 min"), (90061, "1 d 1 h"), (-5, "0 s")]
)
def test_a_duration_has_its_two_largest_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said
