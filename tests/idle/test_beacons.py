"""What SageMaker's own idle shutdown is told: through our route, and through the file that its monitor reads."""

from __future__ import annotations

import os
import stat
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from jupyter_mlplatform.idle.local.beacons import MEMORY_FILE, VALUES_KEPT, Route, TimestampFile, instant, stamp

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


class Clocks:
    def __init__(self) -> None:
        self.utc, self.seconds = NOON, 100.0

    def pass_by(self, seconds: float) -> None:
        self.utc += timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def route(clocks: Clocks) -> Route:
    return Route(lambda: clocks.utc, lambda: clocks.seconds, 45.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".sagemaker-last-active-timestamp"


@pytest.fixture
def file(tmp_path: Path, clocks: Clocks, path: Path) -> TimestampFile:
    return TimestampFile(tmp_path / "state", lambda: clocks.utc, path)


def test_a_time_is_written_as_sagemaker_writes_it_also_from_another_zone_and_on_a_whole_second() -> None:
    assert stamp(datetime(2026, 11, 21, 0, 6, 3, 706954, timezone.utc)) == "2026-11-21T00:06:03.706954z"
    assert stamp(NOON) == "2026-11-21T12:00:00.000000z"
    assert stamp(NOON.astimezone(timezone(timedelta(hours=9)))) == "2026-11-21T12:00:00.000000z"
    for letter in "zZ":
        assert instant(f"2026-11-21T12:00:00.000000{letter}\n") == NOON
    for text in ("", "2026", "now", "2026-11-21T12:00:00Z", "9" * 99):
        assert instant(text) is None


def test_given_nothing_was_told_then_the_route_tells_the_present(route: Route, clocks: Clocks) -> None:
    assert route.last_active() == NOON
    clocks.pass_by(9)
    assert route.last_active() == clocks.utc


def test_given_the_keeper_tells_then_the_route_does(route: Route, clocks: Clocks) -> None:
    route.tell(NOON - timedelta(hours=1))
    clocks.pass_by(30)
    assert route.last_active() == NOON - timedelta(hours=1)


def test_given_the_keeper_falls_silent_then_the_route_tells_the_present(route: Route, clocks: Clocks) -> None:
    route.tell(NOON - timedelta(hours=1))
    clocks.pass_by(46)
    assert route.last_active() == clocks.utc


def test_given_the_wall_clock_is_set_back_then_no_future_is_told(route: Route, clocks: Clocks) -> None:
    route.tell(NOON)
    clocks.utc -= timedelta(hours=3)
    assert route.last_active() == clocks.utc


def test_given_work_then_the_file_holds_exactly_the_time_and_everybody_can_read_it(
    file: TimestampFile, path: Path
) -> None:
    file.tell(NOON)
    assert path.read_text() == "2026-11-21T12:00:00.000000z"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in path.parent.iterdir() if each.name.startswith(path.name)] == [path.name]


def test_given_the_rights_of_an_older_file_then_they_stay(file: TimestampFile, path: Path) -> None:
    path.write_text("old")
    path.chmod(0o666)
    file.tell(NOON)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_given_a_link_in_its_place_then_the_link_is_replaced_and_its_target_untouched(
    file: TimestampFile, path: Path, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_text("keep me")
    path.symlink_to(target)
    file.tell(NOON)
    assert target.read_text() == "keep me"
    assert not path.is_symlink()


def test_given_a_pipe_in_its_place_then_nothing_hangs(file: TimestampFile, path: Path) -> None:
    os.mkfifo(path)
    file.tell(NOON)
    assert path.read_text() == stamp(NOON)


def test_given_the_decision_to_stop_then_the_file_goes_back_to_the_true_time(file: TimestampFile, path: Path) -> None:
    file.tell(NOON)
    file.tell(NOON - timedelta(hours=1))
    assert path.read_text() == stamp(NOON - timedelta(hours=1))


def test_given_another_editor_wrote_a_later_time_then_it_is_kept(
    file: TimestampFile, path: Path, clocks: Clocks
) -> None:
    file.tell(NOON - timedelta(hours=1))
    path.write_text(stamp(NOON - timedelta(minutes=1)))
    file.tell(NOON - timedelta(hours=1))
    assert path.read_text() == stamp(NOON - timedelta(minutes=1))
    clocks.pass_by(60)
    file.tell(clocks.utc)
    assert path.read_text() == stamp(clocks.utc)


def test_given_a_time_of_the_future_or_nonsense_in_the_file_then_it_is_replaced(
    file: TimestampFile, path: Path
) -> None:
    for text in (stamp(NOON + timedelta(days=1)), "nonsense", "\x00" * 9999, ""):
        path.write_text(text)
        file.tell(NOON)
        assert path.read_text() == stamp(NOON)


def test_what_we_wrote_ourselves_is_known_also_after_a_restart_and_to_another_server_of_this_workspace(
    file: TimestampFile, tmp_path: Path, path: Path, clocks: Clocks
) -> None:
    other = TimestampFile(tmp_path / "state", lambda: clocks.utc, path)
    assert (file.own(), other.own()) == (frozenset(), frozenset())
    for server in (file, other, other, file):
        server.tell(clocks.utc)
        assert path.read_text() in file.own() & other.own()
        clocks.pass_by(15)
    assert path.read_text() in TimestampFile(tmp_path / "state", lambda: clocks.utc, path).own()


def test_given_a_year_of_telling_then_what_is_remembered_stays_small(
    file: TimestampFile, tmp_path: Path, clocks: Clocks
) -> None:
    for _ in range(100):
        clocks.pass_by(15)
        file.tell(clocks.utc)
    [memory] = (tmp_path / "state").iterdir()
    assert len(memory.read_text().splitlines()) == len(file.own()) == VALUES_KEPT
    assert stamp(clocks.utc) in file.own()


@pytest.mark.parametrize("content", ["", "nonsense\n", "2026-11-21T11:00:00.000000z\n2026-11-2", "\x00" * 9999])
def test_given_a_damaged_memory_then_it_is_made_good(
    file: TimestampFile, tmp_path: Path, path: Path, clocks: Clocks, content: str
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / MEMORY_FILE).write_text(content)
    file.tell(NOON)
    assert TimestampFile(tmp_path / "state", lambda: clocks.utc, path).own() >= {stamp(NOON)}


def test_given_the_home_folder_takes_nothing_more_then_the_file_is_written_and_known_all_the_same(
    tmp_path: Path, path: Path, clocks: Clocks
) -> None:
    (tmp_path / "state").write_text("a file where the folder has to be")
    file = TimestampFile(tmp_path / "state", lambda: clocks.utc, path)
    file.tell(NOON)
    assert path.read_text() == stamp(NOON)
    assert file.own() == {stamp(NOON)}


def test_given_another_account_has_put_a_link_in_place_of_the_memory_then_its_target_is_untouched(
    file: TimestampFile, tmp_path: Path, path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "precious").write_text("keep me")
    (tmp_path / "state" / MEMORY_FILE).symlink_to(tmp_path / "precious")
    file.tell(NOON)
    assert (tmp_path / "precious").read_text() == "keep me"


def test_given_the_place_cannot_be_written_then_an_error_says_so(tmp_path: Path, clocks: Clocks) -> None:
    file = TimestampFile(tmp_path, lambda: clocks.utc, tmp_path / "none" / "file")
    with pytest.raises(OSError, match="none"):
        file.tell(NOON)


def test_a_reader_never_sees_half_a_time(file: TimestampFile, path: Path, clocks: Clocks) -> None:
    seen: set[int] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(len(path.read_text()))

    file.tell(NOON)
    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(200):
        clocks.pass_by(1)
        file.tell(clocks.utc)
    done.set()
    reader.join()
    assert seen == {27}
