from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from jupyter_mlplatform.errors import Unavailable
from jupyter_mlplatform.idle import decision_lines
from jupyter_mlplatform.idle.local.decisions import JsonLines
from jupyter_mlplatform.idle.models import Decision, Evidence, Signal

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
NAME = "idle-decisions.jsonl"


def decision(number: int, at: datetime | None = None) -> Decision:
    return Decision(
        at=at or NOON + timedelta(seconds=number),
        subject=f"kernel:{number}",
        action="warned",
        why="stops because of the test",
        evidence=(Evidence(source="cells", signal=Signal.IDLE, text="no cell is running"),),
    )


def numbers(found: tuple[Decision, ...]) -> list[int]:
    return [int(each.subject.partition(":")[2]) for each in found]


def test_given_no_log_then_there_are_no_decisions(tmp_path: Path) -> None:
    log = JsonLines(tmp_path / "not" / "there")
    assert (log.last(5), log.read(NOON)) == ((), ())


def test_what_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    log = JsonLines(tmp_path / "new")
    log.write(decision(1))
    assert log.read(NOON) == (decision(1),)


def test_given_an_action_then_only_its_lines_are_read_also_when_another_one_speaks_of_it(tmp_path: Path) -> None:
    log = JsonLines(tmp_path)
    stopped = msgspec.structs.replace(decision(2), action="culled")
    for each in (msgspec.structs.replace(decision(1), why='it is not "culled"', name="culled"), stopped):
        log.write(each)
    assert log.read(NOON, "culled") == (stopped,)


def test_given_the_file_has_grown_then_it_is_set_aside_and_all_files_are_read_oldest_first(tmp_path: Path) -> None:
    size = len(decision_lines.encode(decision(10)))
    log = JsonLines(tmp_path, most_bytes=4 * size, files=3)
    for number in range(10, 25):
        log.write(decision(number))
    files = sorted(each.name for each in tmp_path.glob(f"{NAME}*") if each.suffix != ".lock")
    assert files == [NAME, f"{NAME}.1", f"{NAME}.2"]
    assert all(each.stat().st_size <= 4 * size for each in tmp_path.glob(f"{NAME}*"))
    assert numbers(log.read(NOON)) == list(range(14, 25))
    assert numbers(log.read(NOON + timedelta(seconds=20))) == list(range(20, 25))
    assert numbers(log.last(7)) == list(range(24, 17, -1))  # the newest file holds fewer


def test_given_another_server_has_just_set_the_file_aside_then_it_is_not_done_again(tmp_path: Path) -> None:
    log = JsonLines(tmp_path)
    log.write(decision(1))
    log._set_aside(100)  # as when both have found it full
    assert (tmp_path / NAME).exists()
    assert not (tmp_path / f"{NAME}.1").exists()


def test_given_a_line_that_is_longer_than_a_file_then_it_is_written_all_the_same(tmp_path: Path) -> None:
    log = JsonLines(tmp_path, most_bytes=10, files=2)
    for number in range(3):
        log.write(decision(number))
    assert numbers(log.read(NOON)) == [1, 2]


def test_given_lines_that_were_cut_or_are_of_another_version_then_the_others_are_read(tmp_path: Path) -> None:
    log = JsonLines(tmp_path)
    log.write(decision(1))
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"at":"2026-03-01T12:00:00Z","kernel_id":"a","action":"warned","why":""}\n')
        file.write(b'{"at":"2026-03-01T12:00:00","subject":"kernel:9","action":"warned","why":"no time zone"}\n')
        file.write(b"\xff\xfe\n\n[1]\n")
        file.write(b'{"at":"2026-03-01T12:00:05Z","subject":"kernel:2","action":"new","why":"","later":[1]}\n')
        file.write(b'{"at": "20')
    log.write(decision(3))
    assert numbers(log.read(NOON)) == [1, 2, 3]
    assert numbers(log.last(2)) == [3, 2]
    _, unreadable = decision_lines.decode((tmp_path / NAME).read_bytes().splitlines())
    assert unreadable == 5


def test_given_two_servers_on_one_file_then_no_line_is_lost_or_mixed(tmp_path: Path) -> None:
    program = """
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from jupyter_mlplatform.idle.local.decisions import JsonLines
from jupyter_mlplatform.idle.models import Decision
log = JsonLines(Path(sys.argv[1]), most_bytes=20_000, files=40)
for number in range(400):
    at = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
    log.write(Decision(at=at, subject=f"kernel:{sys.argv[2]}{number:03}", action="warned", why="w" * 300))
"""
    writing = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), each]) for each in ("1", "2")]
    assert [each.wait(60) for each in writing] == [0, 0]
    log = JsonLines(tmp_path, files=40)
    found = numbers(log.read(NOON))
    assert sorted(found) == sorted([*range(1000, 1400), *range(2000, 2400)])
    assert [each for each in found if each < 2000] == list(range(1000, 1400))


def test_given_no_room_on_the_disk_then_writing_fails_and_the_next_line_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = JsonLines(tmp_path)
    log.write(decision(1))
    half = decision_lines.encode(decision(2))[:20]
    with monkeypatch.context() as full:
        full.setattr(decision_lines, "encode", lambda _: Short(half))
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            log.write(decision(2))
    log.write(decision(3))
    assert numbers(log.read(NOON)) == [1, 3]


class Short(bytes):
    """Bytes of which only a part gets onto the disk."""

    def __len__(self) -> int:
        return super().__len__() + 100


def test_given_a_full_device_then_writing_raises_what_the_system_says(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("/dev/full")
    with pytest.raises(OSError) as failed:  # noqa: PT011 (the number is asserted)
        JsonLines(tmp_path).write(decision(1))
    assert failed.value.errno == errno.ENOSPC


def test_given_a_log_that_cannot_be_read_then_it_is_a_failure_with_a_next_step(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    for ask in (lambda: JsonLines(tmp_path).last(1), lambda: JsonLines(tmp_path).read(NOON)):
        with pytest.raises(Unavailable) as refused:
            ask()
        assert refused.value.problem.code == "idle.log_unreadable"


def test_given_files_that_were_last_changed_before_then_they_are_not_opened(tmp_path: Path) -> None:
    log = JsonLines(tmp_path)
    (tmp_path / f"{NAME}.1").mkdir()
    os.utime(tmp_path / f"{NAME}.1", (0, 0))
    log.write(decision(1))
    assert numbers(log.read(NOON)) == [1]
