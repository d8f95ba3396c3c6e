from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle import timeline
from jupyter_mlplatform.idle.local import history as local_history
from jupyter_mlplatform.idle.local.history import KEPT_SECONDS, SqliteHistory
from jupyter_mlplatform.idle.models import WORKSPACE, IdleStatus, Kind, State, Stretch, SubjectStatus, Timeline, Track

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
SAMPLE = 15.0


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def subject(name: str, state: State, why: str = "kept because of the test", path: str = "") -> SubjectStatus:
    kind = Kind(name.partition(":")[0])
    return SubjectStatus(
        subject=name,
        kind=kind,
        name="python3",
        path=path,
        state=state,
        idle_seconds=0.0,
        stops_in_seconds=None,
        why=why,
    )


def sample(*subjects: SubjectStatus) -> IdleStatus:
    whole = [each for each in subjects if each.kind is Kind.WORKSPACE]
    return IdleStatus(
        enabled=True,
        verdict="",
        state=State.IDLE,
        stops_in_seconds=None,
        timeout_seconds=3600.0,
        keep_max_seconds=86400.0,
        sampled_at=NOON,
        workspace=whole[0] if whole else None,
        kernels=tuple(each for each in subjects if each.kind is Kind.KERNEL),
        terminals=tuple(each for each in subjects if each.kind is Kind.TERMINAL),
    )


@pytest.fixture
def history(tmp_path: Path) -> SqliteHistory:
    return SqliteHistory(tmp_path, SAMPLE)


def note(history: SqliteHistory, seconds: float, *subjects: SubjectStatus) -> None:
    history.note(sample(*subjects), after(seconds))


def everything(history: SqliteHistory) -> Timeline:
    return history.timeline(NOON - timedelta(days=40), NOON + timedelta(days=400))


def spans(history: SqliteHistory, name: str = "kernel:a") -> list[tuple[str, float, float]]:
    """State, begin and end of each stretch, in seconds after noon."""
    found = timeline.track(everything(history), name)
    return [
        (each.state.value, (each.since - NOON).total_seconds(), (each.until - NOON).total_seconds())
        for each in (found.stretches if found else ())
    ]


def rows(history: SqliteHistory) -> int:
    return int(history._database.connection().execute("SELECT COUNT(*) FROM stretch").fetchone()[0])


def test_given_a_state_that_lasts_then_it_is_one_stretch_and_one_row(history: SqliteHistory) -> None:
    for seconds in range(0, 600, 15):
        note(history, seconds, subject("kernel:a", State.WORKING))
    note(history, 600, subject("kernel:a", State.IDLE))
    assert spans(history) == [("working", 0, 600), ("idle", 600, 600)]
    assert rows(history) == 2


def test_given_a_stretch_ends_then_it_says_why_as_it_was_seen_last(history: SqliteHistory) -> None:
    note(history, 0, subject("kernel:a", State.WORKING, "kept because a cell has been running for 1 s"))
    note(history, 15, subject("kernel:a", State.WORKING, "kept because a cell has been running for 16 s"))
    note(history, 30, subject("kernel:a", State.IDLE))
    track = timeline.track(everything(history), "kernel:a")
    assert track is not None
    assert track.stretches[0].why == "kept because a cell has been running for 16 s"


def test_given_a_kernel_that_goes_and_one_that_comes_then_each_is_shown_while_it_was_there(
    history: SqliteHistory,
) -> None:
    note(history, 0, subject("kernel:a", State.IDLE))
    note(history, 15, subject("kernel:a", State.IDLE), subject("kernel:b", State.WORKING))
    note(history, 30, subject("kernel:b", State.WORKING))
    note(history, 45)
    assert spans(history, "kernel:a") == [("idle", 0, 15)]
    assert spans(history, "kernel:b") == [("working", 15, 30)]


def test_given_a_stop_then_it_stays_visible_although_it_has_no_length(history: SqliteHistory) -> None:
    note(history, 0, subject("kernel:a", State.WARNED))
    note(history, 15, subject("kernel:a", State.CULLED))
    note(history, 30)
    assert spans(history) == [("warned", 0, 15), ("culled", 15, 15)]


def test_given_a_notebook_is_renamed_then_its_track_has_the_new_name_and_no_gap(history: SqliteHistory) -> None:
    note(history, 0, subject("kernel:a", State.IDLE, path="old.ipynb"))
    note(history, 15, subject("kernel:a", State.IDLE, path="new.ipynb"))
    note(history, 75, subject("kernel:a", State.WORKING, path="new.ipynb"))
    found = timeline.track(everything(history), "kernel:a")
    assert found is not None
    assert found.path == "new.ipynb"


@pytest.mark.parametrize(("pause", "stretches"), [(45.0, 1), (46.0, 2)])
def test_given_more_than_three_samples_are_missing_then_a_new_stretch_begins(
    history: SqliteHistory, pause: float, stretches: int
) -> None:
    note(history, 0, subject("kernel:a", State.IDLE))
    note(history, 15, subject("kernel:a", State.IDLE))
    note(history, 15 + pause, subject("kernel:a", State.IDLE))
    note(history, 95 + pause, subject("kernel:a", State.WORKING))
    found = spans(history)
    assert [each[0] for each in found].count("idle") == stretches
    if stretches == 2:
        assert found[0] == ("idle", 0, 15)  # also what was not written yet when the gap began


def test_given_a_server_that_was_killed_then_the_next_one_begins_anew_and_nothing_is_open_for_ever(
    tmp_path: Path,
) -> None:
    killed = SqliteHistory(tmp_path, SAMPLE)
    note(killed, 0, subject(WORKSPACE, State.WORKING))
    for seconds in range(15, 70, 15):
        note(killed, seconds, subject(WORKSPACE, State.WORKING))
    fresh = SqliteHistory(tmp_path, SAMPLE)
    note(fresh, 7200, subject(WORKSPACE, State.IDLE))
    found = spans(fresh, WORKSPACE)
    assert found == [("working", 0, 60), ("idle", 7200, 7200)]


def test_given_the_clock_is_set_back_then_no_stretch_is_negative_and_none_overlaps(history: SqliteHistory) -> None:
    note(history, 7200, subject("kernel:a", State.WORKING))
    note(history, 7210, subject("kernel:a", State.WORKING))
    note(history, 7190, subject("kernel:a", State.IDLE))  # a little
    note(history, 3600, subject("kernel:a", State.IDLE))  # an hour
    for seconds in range(3615, 8000, 15):
        note(history, seconds, subject("kernel:a", State.IDLE))
    found = spans(history)
    assert all(since <= until for _, since, until in found)
    assert all(first[2] <= second[1] for first, second in pairwise(found))
    assert found[0][:2] == ("idle", 3600)
    negative = "SELECT COUNT(*) FROM stretch WHERE until < since"
    assert history._database.connection().execute(negative).fetchone()[0] == 0


def test_given_two_servers_watch_then_the_workspace_works_if_one_of_them_says_so(tmp_path: Path) -> None:
    one, other = SqliteHistory(tmp_path, SAMPLE), SqliteHistory(tmp_path, SAMPLE)
    for seconds in range(0, 301, 15):
        note(one, seconds, subject(WORKSPACE, State.WORKING if 60 <= seconds < 120 else State.IDLE))
        note(other, seconds, subject(WORKSPACE, State.IDLE), subject("terminal:1", State.IDLE))
    assert spans(one, WORKSPACE) == [("idle", 0, 60), ("working", 60, 120), ("idle", 120, 300)]
    assert [each.subject for each in everything(one).tracks] == [WORKSPACE, "terminal:1"]


def test_the_timeline_is_cut_to_what_was_asked_for_and_the_workspace_comes_first(history: SqliteHistory) -> None:
    everything_there = (
        subject("terminal:1", State.IDLE),
        subject("kernel:a", State.IDLE),
        subject(WORKSPACE, State.IDLE),
    )
    for seconds in range(0, 601, 15):
        note(history, seconds, *everything_there)
    found = history.timeline(after(100), after(200))
    assert [each.kind for each in found.tracks] == [Kind.WORKSPACE, Kind.KERNEL, Kind.TERMINAL]
    assert {(each.stretches[0].since, each.stretches[-1].until) for each in found.tracks} == {(after(100), after(200))}
    assert [each.subject for each in history.timeline(after(0), after(600), "kernel:a").tracks] == ["kernel:a"]
    assert history.timeline(after(5000), after(6000)).tracks == ()


def test_tracks_come_by_kind_and_then_by_when_they_began() -> None:
    def track(name: str, since: float) -> Track:
        stretch = Stretch(since=after(since), until=after(since + 10), state=State.IDLE)
        return Track(subject=name, kind=Kind(name.partition(":")[0]), name="", path="", stretches=(stretch,))

    given = [track(each, since) for each, since in (("terminal:1", 0), ("kernel:b", 20), ("kernel:a", 30))]
    found = timeline.of([*given, track(WORKSPACE, 40)], after(0), after(100))
    assert [each.subject for each in found.tracks] == [WORKSPACE, "kernel:b", "kernel:a", "terminal:1"]


def test_given_thirty_days_have_passed_then_what_is_older_is_deleted_once_the_clock_has_proved_steady(
    tmp_path: Path,
) -> None:
    old = SqliteHistory(tmp_path, SAMPLE)
    note(old, 0, subject("kernel:a", State.IDLE))
    fresh = SqliteHistory(tmp_path, SAMPLE)
    later = KEPT_SECONDS + 100.0
    note(fresh, later, subject("kernel:b", State.IDLE))
    assert rows(fresh) == 2
    for seconds in range(15, 3700, 15):
        note(fresh, later + seconds, subject("kernel:b", State.IDLE))
    assert rows(fresh) == 1


def test_given_the_disk_is_full_then_it_is_said_and_the_next_sample_begins_anew(
    history: SqliteHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(history, 0, subject("kernel:a", State.WORKING))
    with monkeypatch.context() as broken:
        full = Unavailable("state.unavailable", "The disk is full.")

        def fail(*_: object) -> None:
            raise full

        broken.setattr(SqliteHistory, "_insert", fail)
        with pytest.raises(Unavailable):
            note(history, 15, subject("kernel:a", State.IDLE))
    note(history, 30, subject("kernel:a", State.IDLE))
    note(history, 95, subject("kernel:a", State.IDLE))
    note(history, 100, subject("kernel:a", State.WORKING))
    assert spans(history) == [("working", 0, 0), ("idle", 30, 30), ("idle", 95, 100), ("working", 100, 100)]


def test_given_a_file_that_is_no_database_then_it_is_said_once_and_a_new_one_is_begun(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_bytes(b"this is no database" * 100)
    broken = SqliteHistory(tmp_path, SAMPLE)
    with pytest.raises(Unavailable) as refused:
        everything(broken)
    assert refused.value.problem.code.startswith("state.")
    with pytest.raises(Unavailable):
        note(broken, 0, subject("kernel:a", State.IDLE))
    note(broken, 15, subject("kernel:a", State.IDLE))
    assert spans(broken) == [("idle", 15, 15)]
    assert (tmp_path / "history.db.damaged").read_bytes().startswith(b"this is no database")


def test_given_a_file_that_breaks_while_it_is_used_then_a_new_one_is_begun(
    history: SqliteHistory, tmp_path: Path
) -> None:
    note(history, 0, *(subject(f"kernel:{number}", State.IDLE) for number in range(1000)))
    history._database.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = (tmp_path / "history.db").stat().st_size
    with (tmp_path / "history.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    second = SqliteHistory(tmp_path, SAMPLE)
    with pytest.raises(Unavailable):
        note(second, 0, subject("kernel:a", State.IDLE))
    note(second, 15, subject("kernel:a", State.IDLE))
    assert spans(second) == [("idle", 15, 15)]


def test_what_goes_on_is_written_once_a_minute(history: SqliteHistory) -> None:
    for seconds in range(0, 136, 15):
        note(history, seconds, subject("kernel:a", State.IDLE))
    assert spans(history) == [("idle", 0, 120)]
    assert local_history.WRITE_SECONDS == 60.0


def test_of_two_stretches_that_overlap_the_more_awake_one_is_shown() -> None:
    def stretch(state: State, since: float, until: float) -> Stretch:
        return Stretch(since=after(since), until=after(until), state=state, why=state.value)

    found = timeline.without_overlaps(
        [
            stretch(State.IDLE, 0, 100),
            stretch(State.WORKING, 40, 60),
            stretch(State.IDLE, 50, 120),
            stretch(State.CULLED, 80, 80),
            stretch(State.IDLE, 90, 90),
            stretch(State.KEPT, 200, 200),
            stretch(State.IDLE, 300, 290),
        ]
    )
    assert [(each.state.value, (each.since - NOON).seconds, (each.until - NOON).seconds) for each in found] == [
        ("idle", 0, 40),
        ("working", 40, 60),
        ("idle", 60, 120),
        ("culled", 80, 80),
        ("kept", 200, 200),
    ]


def test_what_was_watched_joins_stretches_with_no_more_than_a_few_samples_between_them() -> None:
    stretches = tuple(
        Stretch(since=after(since), until=after(until), state=State.IDLE)
        for since, until in ((0, 100), (100, 200), (240, 300), (900, 900))
    )
    track = Track(subject="kernel:a", kind=Kind.KERNEL, name="", path="", stretches=stretches)
    assert timeline.watched(track, 45.0) == ((after(0), after(300)), (after(900), after(900)))
