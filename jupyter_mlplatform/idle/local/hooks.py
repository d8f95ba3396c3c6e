"""A person's own programs that run before the workspace is stopped: a copy to S3, a message, a last commit.

They are the executable files of one folder of this person, ``hooks/before-stop.d`` beside the workspace's state, in the
order of their names, started without a shell. The exit status 75 (EX_TEMPFAIL of sysexits.h) asks the workspace to
wait; any other failure is told and holds nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jupyter_mlplatform.idle.departure import HookReport
from jupyter_mlplatform.idle.durations import spoken

HOLD = 75
KILL_SECONDS = 1.0


class FolderHooks:
    """The adapter of ``departure.Hooks``: they lie in ``folder``, and ``seconds`` is for all of them together."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds

    async def run(self, facts: Mapping[str, str]) -> HookReport:
        """One after the other; the first that asks to wait ends it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._seconds
        hooks, problems = await asyncio.to_thread(self._find)
        ran = 0
        for hook in hooks:
            remaining = until - loop.time()
            if remaining <= 0:
                problems.append(f"the hook {hook.name} was not run: the time for hooks was used up")
                continue
            ran += 1
            problem, holds = await self._run_one(hook, {**os.environ, **facts}, remaining)
            if holds:
                return HookReport(held_by=(hook.name,), problems=tuple(problems), ran=ran)
            if problem:
                problems.append(problem)
        return HookReport(problems=tuple(problems), ran=ran)

    def _find(self) -> tuple[list[Path], list[str]]:
        try:
            names = sorted(os.listdir(self._folder))  # noqa: PTH208 (only the names are wanted)
        except (FileNotFoundError, NotADirectoryError):
            return [], []
        except OSError as error:
            return [], [f"the hooks cannot be read: {error.strerror}"]
        found, problems = [], []
        for name in names:
            if name.startswith(".") or name.endswith("~"):
                continue
            problem = _unfit(self._folder / name)
            if problem:
                problems.append(f"the hook {name} was not run: {problem}")
            else:
                found.append(self._folder / name)
        return found, problems

    async def _run_one(self, hook: Path, environment: dict[str, str], seconds: float) -> tuple[str, bool]:
        """What went wrong (empty: nothing), and whether it asks to wait."""
        try:
            process = await asyncio.create_subprocess_exec(
                str(hook),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=self._folder,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            return f"the hook {hook.name} could not be started: {error.strerror}", False
        try:
            status = await asyncio.wait_for(process.wait(), seconds)
        except asyncio.TimeoutError:
            return f"the hook {hook.name} was ended, it took more than {spoken(seconds)}", False
        finally:
            await _end(process)
        if status in (0, HOLD):
            return "", status == HOLD
        return f"the hook {hook.name} failed with status {status}", False


def _unfit(hook: Path) -> str:
    """Why a file is not run; empty when it is."""
    try:
        found = hook.stat()
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if not stat.S_ISREG(found.st_mode):
        return "it is not a file"
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & stat.S_IWOTH:
        return "somebody else could have written it"
    if not os.access(hook, os.X_OK):
        return "it is not executable"
    return ""


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a hook that still runs with everything in its group: first asked, then by force."""
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), KILL_SECONDS)
