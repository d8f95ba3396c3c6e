"""SIGTERM to real processes, and to no other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlplatform.idle.local.terminate import Processes
from tests.poll import until


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def test_given_an_idle_process_then_it_ends(sleeper: subprocess.Popen[bytes]) -> None:
    terminate = Processes()
    meant = terminate.identify((sleeper.pid,))
    assert [pid for pid, _ in meant] == [sleeper.pid]
    terminate.ask(meant)
    assert sleeper.wait(timeout=10) == -15


def test_given_its_id_belongs_to_another_process_by_now_then_that_one_is_spared(
    sleeper: subprocess.Popen[bytes],
) -> None:
    terminate = Processes()
    [(pid, started)] = terminate.identify((sleeper.pid,))
    terminate.ask(((pid, started - 1),))
    with pytest.raises(subprocess.TimeoutExpired):
        sleeper.wait(timeout=0.3)


def test_this_server_its_ancestors_and_the_first_process_are_never_meant() -> None:
    assert Processes().identify((os.getpid(), os.getppid(), 1, 0, -1, 2**22 - 1)) == ()


def test_the_watchdog_is_never_meant() -> None:
    marker = "jupyter_mlplatform.idle.watchdog"
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", marker])
    try:
        until(lambda: marker.encode() in Path(f"/proc/{process.pid}/cmdline").read_bytes())
        assert Processes().identify((process.pid,)) == ()
    finally:
        process.kill()
        process.wait()


def test_given_a_process_that_has_ended_then_nothing_happens(sleeper: subprocess.Popen[bytes]) -> None:
    terminate = Processes()
    meant = terminate.identify((sleeper.pid,))
    sleeper.kill()
    until(lambda: terminate.identify((sleeper.pid,)) == ())  # a zombie already counts as gone
    terminate.ask(meant)
    assert sleeper.wait() == -9
    terminate.ask(meant)
