"""One suite for both readers of the process table."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlplatform.idle.local.processes import PROC, ProcScan, PsutilScan
from tests.poll import until

READERS = [PsutilScan, *([ProcScan] if (PROC / "self" / "stat").exists() else [])]


@pytest.fixture
def child(python: str) -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, "JPY_PARENT_PID": "77", "JPY_SESSION_NAME": "a b.ipynb"}
    code = "import time\nend = time.monotonic() + 30\nwhile time.monotonic() < end: pass"
    started = subprocess.Popen([python, "-c", code], env=env, start_new_session=True)
    yield started
    started.kill()
    started.wait()


@pytest.mark.parametrize("reader", READERS)
def test_a_busy_child_is_seen_with_its_parent_session_origin_and_growing_cpu(
    reader: Any, child: subprocess.Popen[bytes]
) -> None:
    scans = reader()
    first = until(lambda: (seen := scans.scan().processes.get(child.pid)) and seen.origin and seen)
    assert (first.parent, first.session, first.zombie) == (os.getpid(), child.pid, False)
    assert first.origin == "77\na b.ipynb"
    assert first.name.startswith("python")
    later = until(lambda: (seen := scans.scan().processes[child.pid]).own_seconds > first.own_seconds + 0.1 and seen)
    assert later.key == first.key


@pytest.mark.parametrize("reader", READERS)
def test_an_ended_child_hands_its_time_to_its_parent_and_is_gone(reader: Any, python: str) -> None:
    scans = reader()
    before = scans.scan().processes[os.getpid()].children_seconds
    code = "import time\nwhile time.process_time() < 0.3: pass"
    pid = subprocess.Popen([python, "-c", code])
    pid.wait()
    after = scans.scan()
    assert pid.pid not in after.processes
    assert after.processes[os.getpid()].children_seconds >= before + 0.25


def test_a_name_with_spaces_and_parentheses_is_read_and_a_vanished_process_is_left_out(tmp_path: Path) -> None:
    fields = b"S 1 50 60 0 -1 0 0 0 0 0 150 50 30 20 20 0 1 0 4242 0 0"
    for pid, content in {"41": b"41 (a (b) c) " + fields, "42": None}.items():
        (tmp_path / pid).mkdir()
        if content:
            (tmp_path / pid / "stat").write_bytes(content)
    (tmp_path / "uptime").write_text("1")
    found = ProcScan(tmp_path).scan().processes
    assert list(found) == [41]
    only, ticks = found[41], os.sysconf("SC_CLK_TCK")
    assert (only.name, only.parent, only.session, only.started, only.origin) == ("a (b) c", 1, 60, 4242.0, "")
    assert (only.own_seconds, only.children_seconds) == (200 / ticks, 50 / ticks)
