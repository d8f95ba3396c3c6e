from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from jupyter_mlplatform.errors import Invalid, NotFound
from jupyter_mlplatform.idle import durations
from jupyter_mlplatform.idle.keepalive import KeepAlives
from jupyter_mlplatform.idle.local.decisions import JsonLines
from jupyter_mlplatform.idle.local.history import SqliteHistory
from jupyter_mlplatform.idle.local.store import SqliteStore
from jupyter_mlplatform.idle.models import WORKSPACE, IdleStatus, Kind, Lease, NewLease, State, SubjectStatus
from jupyter_mlplatform.idle.service import IdleService
from jupyter_mlplatform.idle.summary import of
from jupyter_mlplatform.policy import IdlePolicy
from tests.idle.surroundings import ONLY_KERNELS

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
POLICY = IdlePolicy(keep_max_seconds=43200)


class Now:
    """Both clocks of a service."""

    utc = NOON
    seconds = 1000.0


@pytest.fixture
def now() -> Now:
    return Now()


def service(folder: Path, now: Now, policy: IdlePolicy = POLICY) -> IdleService:
    store, log, history = SqliteStore(folder), JsonLines(folder), SqliteHistory(folder, policy.sample_seconds)
    return IdleService(store, log, history, policy, lambda: (), lambda: now.utc, lambda: now.seconds)


def kernel(state: State = State.IDLE, identity: str = "abc123", path: str = "a.ipynb") -> SubjectStatus:
    stops = 600.0 if state in (State.IDLE, State.WARNED) else None
    return SubjectStatus(
        subject=f"kernel:{identity}",
        kind=Kind.KERNEL,
        name="python3",
        path=path,
        state=state,
        idle_seconds=60.0,
        stops_in_seconds=stops,
        why="kept because of the test",
    )


IDLE = SubjectStatus(
    subject=WORKSPACE,
    kind=Kind.WORKSPACE,
    name="a workspace",
    path="",
    state=State.IDLE,
    idle_seconds=60.0,
    stops_in_seconds=None,
    why="kept because only kernels and terminals are stopped",
)


def report(folder: Path, *kernels: SubjectStatus, at: datetime = NOON, server: int = 7) -> None:
    found: IdleStatus = of(IDLE, kernels, (), (), ONLY_KERNELS, POLICY, at)
    SqliteStore(folder).publish(server, found, at)


def test_given_no_server_has_run_then_the_status_says_so(tmp_path: Path, now: Now) -> None:
    assert service(tmp_path, now).status().verdict == "No server is watching this workspace now."


def test_given_the_policy_switches_it_off_then_the_status_says_so(tmp_path: Path, now: Now) -> None:
    found = service(tmp_path, now, IdlePolicy(enabled=False)).status()
    assert not found.enabled
    assert found.verdict.startswith("Idle shutdown is switched off by the policy")


def test_another_process_sees_what_the_server_published(tmp_path: Path, now: Now) -> None:
    report(tmp_path, kernel())
    found = service(tmp_path, now).status()
    assert found.verdict == (
        "Idle for 1 min; a.ipynb stops in 10 min. Only kernels and terminals are stopped, the server itself goes on."
    )
    assert (found.state, found.stops_in_seconds) == (State.IDLE, 600.0)


def test_given_the_server_fell_silent_then_nothing_old_is_shown_as_true(tmp_path: Path, now: Now) -> None:
    report(tmp_path, kernel())
    now.utc = NOON + timedelta(hours=1)
    found = service(tmp_path, now).status()
    assert found.verdict == "The server has not reported since 2026-03-01 12:00 UTC."
    assert (found.state, found.stops_in_seconds) == (State.UNKNOWN, None)


def test_given_a_keep_alive_then_the_status_shows_it_before_the_next_sample(tmp_path: Path, now: Now) -> None:
    report(tmp_path, kernel(State.WARNED))
    idle = service(tmp_path, now)
    lease = idle.keep("alice", NewLease(seconds=3600, reason="training"))
    found = idle.status()
    assert found.verdict == "Kept: alice keeps the workspace until 2026-03-01 13:00 UTC (training)."
    assert (found.state, found.kernels[0].state, found.kernels[0].stops_in_seconds) == (State.KEPT, State.KEPT, None)
    assert found.leases == (lease,)
    idle.release("alice", lease.id)
    idle.release("alice", lease.id)  # a double click
    assert idle.status().state is State.WARNED


def test_a_keep_alive_of_one_kernel_keeps_only_that(tmp_path: Path, now: Now) -> None:
    report(tmp_path, kernel(), kernel(identity="def", path="b.ipynb"))
    idle = service(tmp_path, now)
    idle.keep("alice", NewLease(seconds=3600, subject="kernel:def"))
    assert [each.state for each in idle.status().kernels] == [State.IDLE, State.KEPT]
    status = idle.status()
    assert status.stops_in_seconds == 600.0
    assert status.workspace is not None
    assert status.workspace.state is State.KEPT  # it cannot be stopped without the kernel


def test_given_a_subject_that_is_not_there_then_it_cannot_be_kept(tmp_path: Path, now: Now) -> None:
    report(tmp_path, kernel())
    with pytest.raises(NotFound):
        service(tmp_path, now).keep("alice", NewLease(seconds=60, subject="kernel:none"))


def test_given_twelve_hours_are_allowed_then_eight_are_given_and_of_twenty_twelve(tmp_path: Path, now: Now) -> None:
    idle = service(tmp_path, now)
    assert idle.keep("alice", NewLease(seconds=8 * 3600)).until == NOON + timedelta(hours=8)
    assert idle.keep("alice", NewLease(seconds=20 * 3600)).until == NOON + timedelta(hours=12)
    for seconds in (0.0, -5.0, float("nan")):
        with pytest.raises(Invalid):
            idle.keep("alice", NewLease(seconds=seconds))


def test_a_longer_keep_alive_replaces_a_shorter_one_and_never_the_reverse(tmp_path: Path, now: Now) -> None:
    idle = service(tmp_path, now)
    idle.keep("alice", NewLease(seconds=60))
    long = idle.keep("alice", NewLease(seconds=3600))
    assert idle.keep("alice", NewLease(seconds=60)) == long
    assert idle.status().leases == (long,)
    assert idle.release_all("alice") == 1


def test_a_kernel_is_named_by_its_notebook_its_id_or_the_beginning_of_it(tmp_path: Path, now: Now) -> None:
    report(tmp_path, kernel(), kernel(identity="abd", path=""))
    idle = service(tmp_path, now)
    assert idle.subject("a.ipynb") == idle.subject("abc") == idle.subject("abc123")
    for wrong in ("ab", "zzz"):
        with pytest.raises(NotFound):
            idle.subject(wrong)


def test_given_the_wall_clock_jumps_then_a_lease_ends_when_it_was_meant_to() -> None:
    lease = Lease(id="1", person="alice", until=NOON + timedelta(hours=1))
    keeps = KeepAlives()
    assert keeps.read((lease,), 0.0, NOON) == ((), (), ())
    jumped = NOON + timedelta(hours=3)
    assert keeps.read((lease,), 15.0, jumped) == ((), (), ())
    assert len(keeps.of("kernel:k", 3599.0)) == 1
    assert keeps.read((lease,), 3600.0, jumped) == ((), (lease,), ("1",))
    assert keeps.of("kernel:k", 3600.0) == ()


def test_given_a_lease_comes_is_extended_and_goes_then_only_its_begin_and_end_are_news() -> None:
    short = Lease(id="1", person="alice", until=NOON + timedelta(hours=1))
    long = Lease(id="2", person="alice", until=NOON + timedelta(hours=2))
    keeps = KeepAlives()
    keeps.read((), 0.0, NOON)
    assert keeps.read((short,), 1.0, NOON)[:2] == ((short,), ())
    assert keeps.read((long,), 2.0, NOON)[:2] == ((long,), ())
    assert keeps.read((), 3.0, NOON)[:2] == ((), (long,))


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("4h", 14400), ("1d", 86400), ("90s", 90), ("1h 30m", 5400), ("1.5h", 5400)]
)
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "4", "h", "-4h", "4 weeks", "4h!", "tomorrow"])
def test_given_what_is_not_a_duration_then_it_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        durations.parse(text)


def test_given_a_report_of_another_version_then_it_is_as_if_there_were_none(tmp_path: Path, now: Now) -> None:
    report(tmp_path, kernel())
    with SqliteStore(tmp_path)._database.transaction() as connection:
        connection.execute("UPDATE report SET document = ?", (b'{"enabled": 3}',))
    assert service(tmp_path, now).status().verdict == "No server is watching this workspace now."
