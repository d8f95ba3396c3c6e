"""``mlplat handoff``: plan, start, follow and cancel runs; approve or reject model versions."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from jupyter_mlplatform.cli.answer import Answer, Block, Code, Fields, Line, Table, Tone
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Invalid, PlatformError
from jupyter_mlplatform.handoff.models import (
    LogPosition,
    NewApproval,
    NewPlan,
    NewRun,
    Plan,
    Run,
    RunState,
    Severity,
    StepState,
    Version,
    VersionState,
)
from jupyter_mlplatform.handoff.progress import FINAL

LOOK_EVERY_SECONDS = 0.5
FAILED_EXIT = 1
_FINDING_TONES = {Severity.OK: Tone.QUIET, Severity.WARNING: Tone.WARNING, Severity.BLOCKED: Tone.BAD}
_SIGNS = {Severity.OK: "✓", Severity.WARNING: "!", Severity.BLOCKED: "✗"}
_RUN_TONES = {
    RunState.SUCCEEDED: Tone.GOOD,
    RunState.FAILED: Tone.BAD,
    RunState.STOPPED: Tone.WARNING,
    RunState.INTERRUPTED: Tone.BAD,
}


@click.group("handoff")
def group() -> None:
    """Hand a notebook over to training: plan, start, follow, and approve the model version."""


def _completing(
    known: Callable[[Session], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            words = known(context.find_object(Session) or Session())
            return [CompletionItem(word) for word in words if word.startswith(incomplete)]
        except PlatformError:  # completion stays silent; the command itself will say what is wrong
            return []

    return complete


def _run_ids(session: Session) -> list[str]:
    return [run.id for run in session.services.handoff.runs(session.person).items]


def _version_ids(session: Session) -> list[str]:
    return [version.id for version in session.services.handoff.versions().items]


path_argument = click.argument("path", shell_complete=lambda *_: [CompletionItem("", type="file")])
params_option = click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="Another value, repeatable."
)
run_argument = click.argument("run_id", metavar="RUN", shell_complete=_completing(_run_ids))
version_argument = click.argument("version_id", metavar="VERSION", shell_complete=_completing(_version_ids))


@command(group, "plan")
@path_argument
@params_option
def plan(session: Session, path: str, params: tuple[str, ...]) -> Answer:
    """Show what handing over PATH (a notebook, a script or a handoff.yaml) would do. Changes nothing."""
    wanted = NewPlan(path=_relative(session, path), params=_params(params))
    made = session.services.handoff.plan(session.person, session.root, wanted)
    return Answer(made, *_plan_blocks(made), exit_code=0 if made.startable else FAILED_EXIT)


@command(group, "start")
@path_argument
@params_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--follow", "follow_", is_flag=True, help="Stay until it is finished.")
@click.option("--key", default="", help="The same key never starts a second run; for scripts that try again.")
def start(session: Session, path: str, params: tuple[str, ...], yes: bool, follow_: bool, key: str) -> Answer:
    """Start the hand-off of PATH."""
    service, values = session.services.handoff, _params(params)
    path = _relative(session, path)
    made = service.plan(session.person, session.root, NewPlan(path=path, params=values))
    if not made.startable:
        return Answer(made, *_plan_blocks(made), exit_code=FAILED_EXIT)
    session.say(f"{made.summary} {made.cost}")
    for each in made.findings:
        if each.severity is Severity.WARNING:
            session.say(f"{_SIGNS[each.severity]} {each.message} {each.fix}")
    if not (yes or session.notebook):
        click.confirm("Start it?", abort=True, err=True)
    wanted = NewRun(path=path, plan_hash=made.hash, idempotency_key=key or uuid.uuid4().hex, params=values)
    run = service.start(session.person, session.root, wanted)
    if follow_:
        return _follow(session, run)
    return Answer(run, Line(f"Started {run.id}.", Tone.GOOD), Code(f"mlplat handoff follow {run.id}"))


@command(group, "follow")
@run_argument
def follow(session: Session, run_id: str) -> Answer:
    """Show the progress of RUN until it is finished."""
    return _follow(session, session.services.handoff.run(session.person, run_id))


@command(group, "runs")
def runs(session: Session) -> Answer:
    """List all runs, newest first."""
    found = session.services.handoff.runs(session.person)
    rows = [(run.id, run.name, run.person, run.state, run.created_at, run.version_id) for run in found.items]
    return Answer(found, Table(("Run", "Name", "By", "State", "Started", "Version"), rows, empty="No run yet."))


@command(group, "show")
@run_argument
def show(session: Session, run_id: str) -> Answer:
    """Show RUN with its steps, metrics and data."""
    run = session.services.handoff.run(session.person, run_id)
    return Answer(run, *_run_blocks(run))


@command(group, "log")
@run_argument
@click.argument("step")
def log(session: Session, run_id: str, step: str) -> Answer:
    """Show what a STEP of RUN has written so far."""
    offset, text = 0, ""
    while True:
        piece = session.services.handoff.log(session.person, run_id, LogPosition(step=step, offset=offset))
        text += piece.text
        if not piece.text:
            return Answer({"run": run_id, "step": step, "text": text, "complete": piece.complete}, Code(text))
        offset = piece.next_offset


@command(group, "cancel")
@run_argument
def cancel(session: Session, run_id: str) -> Answer:
    """Stop RUN, which is yours."""
    run = session.services.handoff.cancel(session.person, run_id)
    words = "is being stopped" if run.state is RunState.STOPPING else f"is {run.state.value}"
    return Answer(run, Line(f"{run.id} {words}."))


@command(group, "versions")
def versions(session: Session) -> Answer:
    """List all model versions, newest first."""
    found = session.services.handoff.versions()
    rows = [
        (
            each.id,
            each.state,
            each.author,
            each.created_at,
            [f"{metric.name} {metric.value:.4g}" for metric in each.metrics],
        )
        for each in found.items
    ]
    return Answer(found, Table(("Version", "State", "By", "Made", "Metrics"), rows, empty="No model version yet."))


@command(group, "version")
@version_argument
def version(session: Session, version_id: str) -> Answer:
    """Show VERSION with where it comes from and who decided."""
    found = session.services.handoff.version(version_id)
    return Answer(found, *_version_blocks(found))


@command(group, "approve")
@version_argument
@click.option("--reason", default="", help="What convinced you.")
def approve(session: Session, version_id: str, reason: str) -> Answer:
    """Approve VERSION, which somebody else made."""
    return _decide(session, version_id, NewApproval(state=VersionState.APPROVED, reason=reason))


@command(group, "reject")
@version_argument
@click.option("--reason", default="", help="What should be different (required).")
def reject(session: Session, version_id: str, reason: str) -> Answer:
    """Reject VERSION, which somebody else made."""
    return _decide(session, version_id, NewApproval(state=VersionState.REJECTED, reason=reason))


def _decide(session: Session, version_id: str, given: NewApproval) -> Answer:
    found = session.services.handoff.approve(session.person, version_id, given)
    tone = Tone.GOOD if found.state is VersionState.APPROVED else Tone.WARNING
    return Answer(found, Line(f"{found.id} by {found.author} is {found.state.value}.", tone))


def _follow(session: Session, run: Run) -> Answer:
    service = session.services.handoff
    said: dict[str, str] = {}
    while True:
        for step in run.steps:
            progress = step.progress if step.state is StepState.EXECUTING else ""
            words = " ".join(part for part in (step.state.value, progress, step.error) if part)
            if said.get(step.name, "Pending") != words:
                session.say(f"{step.name}: {words}")
            said[step.name] = words
        if run.state in FINAL:
            code = 0 if run.state is RunState.SUCCEEDED else FAILED_EXIT
            return Answer(run, *_run_blocks(run), exit_code=code)
        time.sleep(LOOK_EVERY_SECONDS)
        run = service.run(session.person, run.id)


def _relative(session: Session, path: str) -> str:
    """A path as the service takes it; one that lies below this folder may be given whole."""
    root = str(session.root.resolve())
    return path[len(root) + 1 :] if path.startswith(f"{root}/") else path


def _params(given: tuple[str, ...]) -> dict[str, float | int | str | bool]:
    """``lr=0.1`` is a number, ``name=a`` a text, ``flag=true`` a truth value; quote a text that looks like another."""
    found: dict[str, float | int | str | bool] = {}
    for each in given:
        name, equals, text = each.partition("=")
        if not equals:
            raise Invalid(
                "handoff.param_form", f"{each!r} is not of the form NAME=VALUE.", next_step="Try --param lr=0.1."
            )
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        found[name.strip()] = value if isinstance(value, (float, int, str, bool)) else text
    return found


def _plan_blocks(plan: Plan) -> list[Block]:
    steps = [(step.name, step.type, step.instance, step.depends_on) for step in plan.steps]
    blocks: list[Block] = [Line(plan.summary), Line(plan.cost, Tone.QUIET)]
    blocks.append(Table(("Step", "Type", "On", "After"), steps))
    for each in plan.findings:
        fix = f" {each.fix}" if each.fix else ""
        blocks.append(Line(f"{_SIGNS[each.severity]} {each.message}{fix}", _FINDING_TONES[each.severity]))
    if not plan.startable:
        blocks.append(Line("It cannot be started like this.", Tone.BAD))
    return blocks


def _run_blocks(run: Run) -> list[Block]:
    blocks: list[Block] = [
        Line(f"{run.id} ({run.name}) by {run.person}: {run.state.value}", _RUN_TONES.get(run.state, Tone.PLAIN))
    ]
    if run.error:
        blocks.append(Line(run.error, Tone.BAD))
    rows = [(step.name, step.state, step.progress, step.started_at, step.error) for step in run.steps]
    blocks.append(Table(("Step", "State", "Progress", "Started", "Error"), rows))
    if run.metrics:
        blocks.append(Table(("Metric", "Value", "Step"), [(each.name, each.value, each.step) for each in run.metrics]))
    data = [(each.name, each.uri, each.grant_id, each.grant_ends) for each in run.inputs]
    if data:
        blocks.append(Table(("Data", "From", "Grant", "Grant ends"), data))
    if run.version_id:
        blocks.append(Line(f"Model version {run.version_id} waits for another person's approval.", Tone.GOOD))
    return blocks


def _version_blocks(version: Version) -> list[Block]:
    lineage = version.lineage
    pairs = [
        ("State", version.state),
        ("By", version.author),
        ("Made", version.created_at),
        ("Run", lineage.run_id),
        ("Code", f"{lineage.entry}, bundle {lineage.bundle_digest[:12]}"),
        ("Commit", lineage.commit),
        ("Environment", lineage.environment),
        ("Model", version.artifact),
        *((f"Metric {each.name}", each.value) for each in version.metrics),
        *((f"Data {each.name}", f"{each.uri}, grant {each.grant_id or 'none needed'}") for each in lineage.inputs),
    ]
    said = [(each.at, each.actor, each.state, each.reason) for each in version.approvals]
    table = Table(("At", "Who", "Decision", "Reason"), said, empty="Nobody has decided yet.")
    return [Fields(pairs, title=version.id), table]
