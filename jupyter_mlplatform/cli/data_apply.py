"""``mlplat data apply``: requests as a file that is kept in Git."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from jupyter_mlplatform import yaml12
from jupyter_mlplatform.access import wishes
from jupyter_mlplatform.access.models import RequestState
from jupyter_mlplatform.access.wishes import Act, Step
from jupyter_mlplatform.cli.answer import Answer, Line, Table, Tone
from jupyter_mlplatform.cli.given import under
from jupyter_mlplatform.cli.session import Session, command
from jupyter_mlplatform.errors import Invalid, NotFound


def add_to(group: click.Group) -> None:
    """Make it part of ``mlplat data``."""
    command(group, "apply")(apply)


@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Ask for what the plan says; without it the plan is only shown.")
def apply(session: Session, file: Path, yes: bool) -> Answer:
    """Compare the requests in FILE with what you have asked for and been granted, and ask for what is missing."""
    access = session.services.access
    wanted = wishes.parse(_read(under(session.root, file)), file.name)
    plan = access.plan(session.person, wanted)
    table = Table(("Dataset", "Plan", "Because"), [(each.dataset_id, each.act, each.why) for each in plan])
    todo = [each for each in plan if each.new is not None]
    if not todo:
        return Answer(plan, table, Line("There is nothing to ask for.", Tone.GOOD))
    if not yes:
        return Answer(plan, table, Line(f"{_count(todo)} Nothing was sent: add --yes to do so.", Tone.WARNING))
    made = [access.ask(session.person, each.new) for each in todo if each.new is not None]
    at_once = sum(each.state is RequestState.APPROVED for each in made)
    said = f"Sent: {len(made)}." + (f" Granted at once by the policy: {at_once}." if at_once else "")
    return Answer(made, table, Line(said, Tone.GOOD))


def _count(todo: list[Step]) -> str:
    new = sum(each.act is Act.ASK for each in todo)
    return f"{new} to ask for, {len(todo) - new} to change."


def _read(path: Path) -> object:
    try:
        return yaml12.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound("access.no_file", f"There is no file {path.name}.", next_step="Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("access.invalid_file", f"{path.name} cannot be read.", cause=f"{error}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        cause = f"{getattr(error, 'problem', None) or 'Its form is wrong'}{where}."
        raise Invalid("access.invalid_file", f"{path.name} is not valid YAML.", cause=cause) from error
