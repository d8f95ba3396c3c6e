from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from jupyter_mlplatform.idle.evidence import Finding
from jupyter_mlplatform.idle.local.timestamp_file import TimestampFile
from jupyter_mlplatform.idle.models import Signal
from jupyter_mlplatform.idle.ports import EVERYTHING, View
from tests.idle.views import NOON, only, view

STARTED = 1000.0


class Editor:
    """Another program that tells of its person, and the source that reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.own: str | None = None
        self.source = TimestampFile(STARTED, logging.getLogger("test"), lambda: {self.own or ""}, path)

    def tell(self, at: datetime) -> str:
        text = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.path.write_text(text)
        return text

    def look(self, view: View) -> Finding:
        finding = only(self.source.look(view), EVERYTHING)
        assert finding.evidence.source == "person"
        return finding


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    return Editor(tmp_path / "timestamp")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_given_no_file_then_nothing_is_said(editor: Editor) -> None:
    assert editor.source.look(view(2000)) == {}


def test_given_the_value_changes_then_somebody_was_there_now_and_not_when_it_stays(editor: Editor) -> None:
    editor.tell(at(0))
    assert editor.look(view(2000)).worked_at is None
    editor.tell(at(2010))
    found = editor.look(view(2015))
    assert (found.worked_at, found.evidence.signal) == (2015, Signal.WORK)
    assert found.evidence.text == "somebody was seen in another editor 0 s ago"
    found = editor.look(view(3015))
    assert (found.worked_at, found.evidence.signal) == (2015, Signal.IDLE)


@pytest.mark.parametrize("hours", [-30, 30])
def test_given_the_wall_clock_jumps_then_only_the_change_of_the_value_counts(editor: Editor, hours: int) -> None:
    editor.tell(at(1990))
    assert editor.look(view(2000)).worked_at == 1990
    jumped = at(2600) + timedelta(hours=hours)
    assert editor.look(view(2600, jumped)).worked_at == 1990
    editor.tell(jumped + timedelta(seconds=100))
    assert editor.look(view(2700, jumped + timedelta(seconds=100))).worked_at == 2700


def test_given_a_value_at_the_first_look_then_its_age_counts_unless_it_is_older_than_the_server(editor: Editor) -> None:
    editor.tell(at(1500))
    assert editor.look(view(2000)).worked_at == 1500
    old = Editor(editor.path)
    old.tell(at(STARTED - 1))
    assert old.look(view(2000)).worked_at is None
    assert old.look(view(2015)).worked_at is None


def test_given_a_value_from_the_future_then_it_counts_as_now_and_not_for_ever(editor: Editor) -> None:
    editor.tell(at(1e6))
    assert editor.look(view(2000)).worked_at == 2000
    assert editor.look(view(5000)).worked_at == 2000
    assert editor.look(view(5000)).evidence.signal is Signal.IDLE


def test_given_the_file_appears_later_then_its_first_value_is_a_change(editor: Editor) -> None:
    editor.source.look(view(2000))
    editor.tell(at(2010))
    assert editor.look(view(2015)).worked_at == 2015
    editor.path.unlink()
    assert editor.look(view(2030)).worked_at == 2015


def test_given_this_program_wrote_the_value_itself_then_that_is_nobody(editor: Editor) -> None:
    editor.own = editor.tell(at(1990))
    assert editor.look(view(2000)).worked_at is None
    editor.own = editor.tell(at(2010))
    assert editor.look(view(2015)).worked_at is None
    editor.tell(at(2020))
    assert editor.look(view(2030)).worked_at == 2030


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"2026-11-21T12:",
        b"yesterday",
        b"2026-11-21T12:00:00.000000",
        b"99999-01-01T00:00:00Z",
        b"\xff\xfe\x00",
        b"2026-11-21T12:00:00Z" * 1_000_000,
    ],
)
def test_given_nonsense_then_it_is_doubtful_once_and_nobody_later_and_told_once(
    editor: Editor, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    editor.path.write_bytes(content)
    assert editor.look(view(2000)).evidence.signal is Signal.UNKNOWN
    assert editor.look(view(2015)).evidence.signal is Signal.IDLE
    assert len(caplog.records) == 1
    editor.tell(at(2020))
    assert editor.look(view(2030)).worked_at == 2030


def test_given_a_half_written_value_between_two_whole_ones_then_nobody_is_forgotten(editor: Editor) -> None:
    editor.tell(at(1990))
    editor.look(view(2000))
    editor.path.write_text("2026-11-21T12:3")
    assert editor.look(view(2015)).evidence.signal is Signal.UNKNOWN
    editor.tell(at(1990))  # the same as before
    assert editor.look(view(2030)).worked_at == 1990


@pytest.mark.parametrize("form", ["2026-11-21T12:33:10Z", "2026-11-21T12:33:10.123456z", " 2026-11-21T12:33:10.5Z\n"])
def test_the_forms_that_editors_write_are_understood(editor: Editor, form: str) -> None:
    editor.path.write_text(form)
    found = editor.look(view(2000)).worked_at
    assert found is not None
    assert 1989 < found < 1991


@pytest.mark.parametrize("kind", ["folder", "pipe", "unreadable", "loop"])
def test_given_something_that_is_no_file_then_nothing_hangs_and_nothing_is_raised(
    editor: Editor, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if kind == "folder":
        editor.path.mkdir()
    elif kind == "pipe":
        os.mkfifo(editor.path)
    elif kind == "loop":
        editor.path.symlink_to(editor.path)
    else:
        editor.tell(at(1990))

        def refuse(*arguments: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)  # root may read everything
    signals = [editor.look(view(2000 + 15 * each)).evidence.signal for each in range(3)]
    assert signals == [Signal.UNKNOWN, Signal.IDLE, Signal.IDLE]
    assert len(caplog.records) == 1
