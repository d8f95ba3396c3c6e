"""Package mirrors: what a face may ask for and order."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path

import msgspec

from jupyter_mlplatform.errors import NotFound
from jupyter_mlplatform.packages import doctor
from jupyter_mlplatform.packages.facts import CondaFile, IndexAnswer, PipFile, Sources
from jupyter_mlplatform.packages.models import (
    Application,
    Check,
    Ecosystem,
    Examination,
    PackagesStatus,
    Tool,
    ToolState,
)
from jupyter_mlplatform.packages.ports import ConfigFiles, Environment, Examinations, Probe, Stop, Stopped
from jupyter_mlplatform.packages.render import Rendered, render
from jupyter_mlplatform.policy import PackagesPolicy

RUNNING, DONE, CANCELLED = "running", "done", "cancelled"


class PackagesService:
    """Commands and queries of one workspace; may be used by several threads and processes at once."""

    def __init__(
        self,
        *,
        policy: PackagesPolicy,
        files: ConfigFiles,
        environment: Environment,
        probe: Probe,
        examinations: Examinations,
        clock: Callable[[], datetime],
    ) -> None:
        self._policy = policy
        self._files = files
        self._environment = environment
        self._probe = probe
        self._examinations = examinations
        self._clock = clock

    def status(self) -> PackagesStatus:
        """Every tool with its mirror. Reads files only."""
        tools = self._tools()
        return PackagesStatus(tools=tools, exports=self._exports(tools), last=self._last())

    def exports(self) -> dict[str, str]:
        """The variables that make the clients read the files that were written; none before ``apply``."""
        return self._exports(self._tools())

    def apply(self, prefix: Path | None = None) -> Application:
        """Write the clients' files from the policy into ``prefix`` (default: where they are, or a folder of our own).

        What this process starts from now on uses them: in a server new kernels and terminals, in a kernel ``%pip``.
        Writing the same again changes nothing. Raises ``Invalid`` for a policy that would write a secret, ``Conflict``
        when files stand under another prefix, ``Unavailable`` when the folder cannot be written.
        """
        target = (prefix or self._files.prefix()).expanduser().absolute()
        wanted = render(self._policy, target)
        written = (
            self._files.write({file.name: file.text for file in wanted}, target) if wanted or self._files.read() else ()
        )
        return self._application(written)

    def resume(self) -> None:
        """Use what an earlier process wrote; a server calls it when it starts. Raises ``Invalid`` as ``apply`` does."""
        self._environment.use(self.exports())

    def undo(self) -> Application:
        """Put back what was there before ``apply``; without one, nothing happens."""
        return self._application(self._files.restore())

    def examine(self) -> Examination:
        """Let the doctor look. Answers at once with the new examination, or with the one that runs already."""
        new = Examination(
            id=uuid.uuid4().hex[:12],
            state=RUNNING,
            started_at=self._clock(),
            total=len(doctor.checks(self._policy)),
        )
        if self._examinations.begin(new):
            threading.Thread(target=self._run, args=(new,), name=f"doctor-{new.id}", daemon=True).start()
            return new
        running, _ = self._examinations.last()
        return running or new

    def examination(self, examination_id: str) -> Examination:
        """How far it is. Raises ``NotFound`` for any but the last one."""
        last = self._last()
        if last is None or last.id != examination_id:
            raise NotFound(
                "packages.no_examination",
                f"There is no examination {examination_id!r}.",
                cause="Only the last one is kept.",
                next_step="Let the doctor look again.",
            )
        return last

    def cancel(self, examination_id: str) -> Examination:
        """Ask it to stop; it does so within a second. One that has ended stays as it is."""
        found = self.examination(examination_id)
        if found.state == RUNNING:
            self._examinations.ask_to_stop(examination_id)
        return found

    def _run(self, examination: Examination) -> None:
        try:
            self._examinations.save(self._look(examination))
        finally:
            self._examinations.end()

    def _look(self, examination: Examination) -> Examination:
        def stop() -> bool:
            return self._examinations.stop_asked(examination.id)

        facts = _GatheredFacts(self._policy, self._probe, self._written(), stop)
        for check in doctor.checks(self._policy):
            try:
                found: Check = check(self._policy, facts)
            except Stopped:
                return _ended(examination, CANCELLED, self._clock(), "It was stopped.")
            examination = msgspec.structs.replace(
                examination, checks=(*examination.checks, found), done=examination.done + 1
            )
            self._examinations.save(examination)
        return _ended(examination, DONE, self._clock(), "")

    def _last(self) -> Examination | None:
        found, alive = self._examinations.last()
        if found is None or found.state != RUNNING or alive:
            return found
        # the look at the lock came after the look at the file: it may have ended between the two
        again, _ = self._examinations.last()
        if again is None or again != found:
            return again
        return msgspec.structs.replace(found, state=CANCELLED, note="The process that ran it has ended.")

    def _tools(self) -> tuple[Tool, ...]:
        prefix = self._files.prefix()
        present = self._files.read()
        wanted = {file.ecosystem: file for file in render(self._policy, prefix)}
        return tuple(_tool(ecosystem, wanted.get(ecosystem), present, prefix) for ecosystem in Ecosystem)

    def _written(self) -> dict[str, str]:
        return {
            tool.ecosystem.value: tool.config_path
            for tool in self._tools()
            if tool.state in (ToolState.APPLIED, ToolState.DRIFTED)
        }

    def _exports(self, tools: tuple[Tool, ...]) -> dict[str, str]:
        standing = {tool.ecosystem for tool in tools if tool.state in (ToolState.APPLIED, ToolState.DRIFTED)}
        exports: dict[str, str] = {}
        for file in render(self._policy, self._files.prefix()):
            if file.ecosystem in standing:
                exports |= file.exports
        return exports

    def _application(self, paths: tuple[Path, ...]) -> Application:
        tools = self._tools()
        exports = self._exports(tools)
        self._environment.use(exports)
        return Application(written=tuple(map(str, paths)), exports=exports, tools=tools)


class _GatheredFacts:
    """Facts of one examination: each is looked up when a check first needs it, and only once."""

    def __init__(self, policy: PackagesPolicy, probe: Probe, written: dict[str, str], stop: Stop) -> None:
        self._policy = policy
        self._probe = probe
        self._stop = stop
        self.interpreter = probe.interpreter
        self.written = written

    @cached_property
    def sources(self) -> Sources:
        return self._probe.sources(self._stop)

    @cached_property
    def settings(self) -> dict[str, str]:
        return self._probe.settings(self._stop)

    @cached_property
    def answer(self) -> IndexAnswer:
        return self._probe.ask(self._policy.pip_index, self._policy.timeout_seconds, self._stop)

    @cached_property
    def pip_files(self) -> tuple[PipFile, ...]:
        return self._probe.pip_files()

    @cached_property
    def conda_files(self) -> tuple[CondaFile, ...]:
        return self._probe.conda_files()

    @cached_property
    def conda_command(self) -> str:
        return self._probe.conda_command()

    @cached_property
    def variables(self) -> dict[str, str]:
        return self._probe.variables()

    @cached_property
    def bundle_problem(self) -> str:
        return self._probe.bundle_problem(self._policy.ca_bundle)


def _ended(examination: Examination, state: str, now: datetime, note: str) -> Examination:
    return msgspec.structs.replace(examination, state=state, finished_at=now, note=note)


def _tool(ecosystem: Ecosystem, wanted: Rendered | None, present: dict[str, str | None], prefix: Path) -> Tool:
    if wanted is None:
        return Tool(
            ecosystem=ecosystem,
            state=ToolState.UNMANAGED,
            detail=f"The policy names no mirror for {ecosystem.value}; it is left as it is.",
        )
    state, detail = ToolState.NOT_APPLIED, "Not written yet: mlplat packages apply."
    if wanted.name in present:
        state, detail = ToolState.DRIFTED, "The file was changed or removed since, or the policy was: apply it again."
        if present[wanted.name] == wanted.text:
            state, detail = ToolState.APPLIED, ""
    path = str(prefix / wanted.name)
    return Tool(ecosystem=ecosystem, state=state, index=wanted.index, config_path=path, detail=detail)
