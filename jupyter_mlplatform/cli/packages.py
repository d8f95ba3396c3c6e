"""``mlplat packages``: pip and conda through the company's mirrors."""

from __future__ import annotations

import shlex
import time
from datetime import datetime, timezone
from pathlib import Path

import click

from jupyter_mlplatform.cli.answer import Answer, Block, Code, Fields, Line, Tone
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.packages.models import Check, Examination, Outcome, Tool

LOOK_SECONDS = 0.1
_TONES = {Outcome.OK: Tone.GOOD, Outcome.WARNING: Tone.WARNING, Outcome.FAILED: Tone.BAD, Outcome.UNKNOWN: Tone.WARNING}
_MARKS = {Outcome.OK: "✓", Outcome.WARNING: "!", Outcome.FAILED: "✗", Outcome.UNKNOWN: "?"}


@click.group("packages")
def group() -> None:
    """Package mirrors: pip and conda from the company's servers only."""


@command(group, "status")
def status(session: Session) -> Answer:
    """Show each tool with its mirror. Nothing is contacted."""
    found = session.services.packages.status()
    blocks: list[Block] = [_tool(tool) for tool in found.tools]
    if found.last:
        blocks.append(Line(_summary(found.last), Tone.QUIET))
    return Answer(found, *blocks)


@command(group, "apply")
@click.option("--prefix", type=click.Path(path_type=Path, file_okay=False), help="Folder to write into.")
def apply(session: Session, prefix: Path | None) -> Answer:
    """Write the tools' configuration from the policy, and show how to use it."""
    done = session.services.packages.apply(session.root / prefix.expanduser() if prefix else None)
    blocks: list[Block] = [Line(f"Written: {path}", Tone.GOOD) for path in done.written]
    if not done.written:
        return Answer(done, Line("The policy names no mirror, so nothing was written."))
    if session.notebook:
        return Answer(done, *blocks, Line("In use in this notebook: %pip install takes packages from there."))
    use = "To use it in this terminal, and in what you start from it:"
    return Answer(done, *blocks, Line(use), Code('eval "$(mlplat packages exports)"'))


@command(group, "undo")
def undo(session: Session) -> Answer:
    """Put back what was there before 'apply'."""
    done = session.services.packages.undo()
    if not done.written:
        return Answer(done, Line("Nothing had been written."))
    lines = [Line(f"As before: {path}", Tone.GOOD) for path in done.written]
    return Answer(done, *lines, Line("Other terminals and kernels keep their variables until they end.", Tone.QUIET))


@command(group, "exports")
def exports(session: Session) -> Answer:
    """Print the variables for a shell: eval "$(mlplat packages exports)"."""
    found = session.services.packages.exports()
    lines = [f"export {name}={shlex.quote(value)}" for name, value in found.items()]
    return Answer(found, Code("\n".join(lines) or "# Nothing is written yet: mlplat packages apply"))


@command(group, "doctor")
def doctor(session: Session) -> Answer:
    """Check what the tools really use, and whether the mirrors answer. Exit status 1 when a check failed."""
    service = session.services.packages
    began = datetime.now(timezone.utc)
    found = service.examine()
    try:
        found = _follow(session, found)
    except KeyboardInterrupt:
        # one that the panel had started before goes on
        if found.started_at >= began:
            service.cancel(found.id)
        raise
    failed = found.state != "done" or any(check.outcome is Outcome.FAILED for check in found.checks)
    blocks = [block for check in found.checks for block in _explained(check)]
    return Answer(found, *blocks, Line(_summary(found)), exit_code=1 if failed else 0)


def _follow(session: Session, found: Examination) -> Examination:
    said = 0
    while True:
        for number, check in enumerate(found.checks[said:], start=said + 1):
            session.say(f"[{number}/{found.total}] {check.title}: {check.outcome.value}")
        said = len(found.checks)
        if found.state != "running":
            return found
        time.sleep(LOOK_SECONDS)
        found = session.services.packages.examination(found.id)


def _explained(check: Check) -> list[Block]:
    blocks: list[Block] = [Line(f"{_MARKS[check.outcome]} {check.title}", _TONES[check.outcome])]
    blocks.append(Line(f"  {check.evidence}"))
    if check.outcome is not Outcome.OK:
        blocks.append(Line(f"  {check.why}", Tone.QUIET))
    if check.fix:
        blocks.append(Line(f"  → {check.fix}"))
    return blocks


def _summary(found: Examination) -> str:
    counts = {outcome: sum(check.outcome is outcome for check in found.checks) for outcome in Outcome}
    said = ", ".join(f"{count} {outcome.value}" for outcome, count in counts.items() if count)
    when = (found.finished_at or found.started_at).astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return f"Doctor, {when}: {said or 'no check made'} ({found.state}){f'. {found.note}' if found.note else ''}"


def _tool(tool: Tool) -> Fields:
    pairs = [("mirror", tool.index), ("state", tool.state.value.replace("_", " ")), ("file", tool.config_path)]
    told = [pair for pair in (*pairs, ("note", tool.detail)) if pair[1]]
    return Fields(told, title=tool.ecosystem.value)
