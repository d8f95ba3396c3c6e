"""``mlplat workspace``: who works here, and where."""

from __future__ import annotations

import click

from jupyter_mlplatform import __version__
from jupyter_mlplatform.cli.answer import Answer, Fields, Line, Tone
from jupyter_mlplatform.cli.session import Session, command


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
