"""A person's own programs before the stop: real files, real processes."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from jupyter_mlplatform.idle.departure import HookReport
from jupyter_mlplatform.idle.local.hooks import FolderHooks
from tests.poll import until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "before-stop.d"
    made.mkdir()
    return made


def write(path: Path, *lines: str, mode: int = 0o755) -> None:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(mode)


def run(folder: Path, seconds: float = 10.0, facts: dict[str, str] | None = None) -> HookReport:
    return asyncio.run(FolderHooks(folder, seconds).run(facts or {}))


def test_given_there_is_no_folder_or_nothing_in_it_then_nothing_happens(tmp_path: Path, folder: Path) -> None:
    assert run(tmp_path / "none") == HookReport()
    assert run(folder) == HookReport()


def test_given_several_hooks_then_they_run_one_after_the_other_in_the_order_of_their_names(
    folder: Path, tmp_path: Path
) -> None:
    for name in ("20-b", "10-a", "30-c"):
        write(folder / name, f'echo "{name} $MLPLAT_ACTION" >> "{tmp_path}/log"')
    assert run(folder, facts={"MLPLAT_ACTION": "stop"}) == HookReport(ran=3)
    assert (tmp_path / "log").read_text().split("\n")[:3] == ["10-a stop", "20-b stop", "30-c stop"]


def test_given_a_hook_leaves_with_75_then_it_holds_and_the_rest_is_not_run(folder: Path, tmp_path: Path) -> None:
    write(folder / "10-hold", "exit 75")
    write(folder / "20-late", f'touch "{tmp_path}/late"')
    assert run(folder) == HookReport(held_by=("10-hold",), ran=1)
    assert not (tmp_path / "late").exists()


def test_given_a_hook_fails_then_that_is_told_and_the_next_one_runs(folder: Path, tmp_path: Path) -> None:
    write(folder / "10-fails", "exit 3")
    write(folder / "20-next", f'touch "{tmp_path}/next"')
    assert run(folder) == HookReport(problems=("the hook 10-fails failed with status 3",), ran=2)
    assert (tmp_path / "next").exists()


def test_given_a_hook_hangs_then_it_is_ended_with_everything_it_started_and_the_rest_is_told(
    folder: Path, tmp_path: Path
) -> None:
    write(folder / "10-hangs", "trap '' TERM", f'sleep 600 & echo $! > "{tmp_path}/pid"', "wait; wait; sleep 600")
    write(folder / "20-late", f'touch "{tmp_path}/late"')
    began = time.monotonic()
    report = run(folder, seconds=0.8)
    assert time.monotonic() - began < 8
    assert "10-hangs was ended" in report.problems[0]
    assert report.problems[1] == "the hook 20-late was not run: the time for hooks was used up"
    assert not (tmp_path / "late").exists()
    child = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes())


def test_given_the_server_ends_while_a_hook_runs_then_the_hook_is_ended(folder: Path, tmp_path: Path) -> None:
    write(folder / "10-long", f'echo $$ > "{tmp_path}/pid"', "exec sleep 600")

    async def cancelled() -> None:
        running = asyncio.create_task(FolderHooks(folder, 60).run({}))
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
            await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(cancelled())
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize(
    ("mode", "words"), [(0o644, "not executable"), (0o757, "somebody else"), (0o777, "somebody else")]
)
def test_given_a_file_that_is_not_fit_to_run_then_it_is_told_and_not_run(
    folder: Path, tmp_path: Path, mode: int, words: str
) -> None:
    write(folder / "10-x", f'touch "{tmp_path}/ran"', mode=mode)
    if mode & 0o111 == 0 and os.geteuid() == 0:
        mode &= ~0o111  # root may do everything, but executes only what somebody may execute
    report = run(folder)
    assert words in report.problems[0]
    assert not (tmp_path / "ran").exists()


def test_given_folders_editors_copies_and_files_without_a_program_then_nothing_breaks(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / ".hidden").write_text("x")
    write(folder / "10-old~", "exit 75")
    (folder / "20-nothing").write_bytes(b"\x00\x01")
    (folder / "20-nothing").chmod(0o755)
    (folder / "30-gone").symlink_to("/nowhere")
    problems = run(folder).problems
    assert len(problems) == 3
    assert "the hook sub was not run: it is not a file" in problems


def test_given_a_name_full_of_shell_signs_then_no_shell_sees_it(folder: Path, tmp_path: Path) -> None:
    write(folder / "10 $(touch x); touch y", f'touch "{tmp_path}/ran"')
    assert run(folder) == HookReport(ran=1)
    assert (tmp_path / "ran").exists()
    assert {path.name for path in folder.iterdir()} == {"10 $(touch x); touch y"}
