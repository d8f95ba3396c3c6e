"""``mlplat workspace``: who works here, and where."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from jupyter_mlplatform import __version__
from jupyter_mlplatform.cli.answer import Answer, Fields, Line, Table, Tone
from jupyter_mlplatform.cli.given import under
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.database import copy
from jupyter_mlplatform.errors import Conflict, NotFound, Unavailable


@click.group("workspace")
def group() -> None:
    """Who works here, and where."""


@command(group, "show")
def show(session: Session) -> Answer:
    """Show the person, the place and the policy in force."""
    workspace, policy = session.services.workspace, session.services.policy
    data = {
        "person": workspace.person,
        "identity_from": workspace.identity_from,
        "place": workspace.place.value,
        "name": workspace.name,
        "details": workspace.details,
        "policy": policy.path,
        "version": __version__,
        "problem": workspace.problem,
    }
    pairs = [
        ("Person", f"{workspace.person or 'unknown'} (from {workspace.identity_from})"),
        ("Workspace", workspace.name),
        ("Place", workspace.place),
        *workspace.details.items(),
        ("Policy", policy.path or "built in"),
        ("Version", __version__),
    ]
    warnings = [Line(workspace.problem, Tone.WARNING)] if workspace.problem else []
    return Answer(data, Fields(pairs), *warnings)


@command(group, "backup")
@click.argument("folder", type=click.Path(path_type=Path))
def backup(session: Session, folder: Path) -> Answer:
    """Copy the shared state into a new FOLDER, as it is at one instant; nobody has to stop working."""
    source = session.services.workspace.shared_dir
    files = sorted(source.glob("*.db"))
    target = under(session.root, folder)
    if not files:
        raise NotFound("workspace.no_state", "There is no shared state yet.", cause="Nobody has asked for anything.")
    try:
        target.mkdir(parents=True, mode=0o700)
    except FileExistsError as error:
        raise Conflict("workspace.folder_exists", f"{folder} exists.", next_step="Name a new folder.") from error
    except OSError as error:
        raise Unavailable("workspace.no_folder", f"{folder} cannot be made.", cause=f"{error}.") from error
    try:
        # What says how far the trail had come is copied before it, so that it never runs ahead of its copy.
        for anchor in source.glob("*.anchor"):
            shutil.copyfile(anchor, target / anchor.name)
        sizes = {each.name: copy(each, target / each.name) for each in files}
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    told = Table(("File", "Bytes"), [(name, f"{size:,}") for name, size in sizes.items()])
    restore = (
        "To go back to it: stop all servers, delete what ends with -wal or -shm in the shared folder, and put these "
        "files in the place of those there."
    )
    return Answer({"folder": str(target), "files": sizes}, told, Line(restore, Tone.QUIET))
