"""Face 3: ``mlplat …``, one command group a feature. The magic runs the very same commands."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console

from jupyter_mlplatform import __version__
from jupyter_mlplatform.cli.answer import Answer, problem_answer
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.database import damaged
from jupyter_mlplatform.errors import Invalid, PlatformError, Problem, Unavailable

UNLIMITED = 10_000  # columns: what is not read on a terminal is never cut or wrapped


class LazyGroups(click.Group):
    """Loads a feature's command group when it is used, so that ``mlplat idle`` never imports the data commands."""

    features = ("workspace", "policy", "data", "idle", "packages", "handoff", "demo", "audit")
    shortcuts = {"load": ("data", "load"), "sql": ("data", "sql"), "keep": ("idle", "keep")}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The features, in the order of a day's work, then the shortcuts."""
        return [*self.features, *self.shortcuts]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The group of a feature, or the command that a shortcut stands for."""
        if cmd_name in self.shortcuts:
            feature, name = self.shortcuts[cmd_name]
            group = self.get_command(ctx, feature)
            return group.get_command(ctx, name) if isinstance(group, click.Group) else None
        if cmd_name not in self.features:
            return None
        import importlib

        found: click.Command = importlib.import_module(f"jupyter_mlplatform.cli.{cmd_name}").group
        return found


@click.group(cls=LazyGroups, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mlplat")
def cli() -> None:
    """Data access, idle shutdown, package mirrors and training hand-off for this workspace."""


def run(arguments: Sequence[str], session: Session) -> Answer | None:
    """Run one command line. Returns its answer; a failure is an answer too. None: help was printed."""
    try:
        _refuse_what_is_not_text(arguments)
        result: Any = cli.main(list(arguments), prog_name="mlplat", obj=session, standalone_mode=False)
    except PlatformError as error:
        return problem_answer(error.problem, error.exit_code)
    except sqlite3.DatabaseError as error:
        return problem_answer(damaged(error).problem, Unavailable.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return None
    except click.ClickException as error:
        return problem_answer(_usage(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return problem_answer(Problem("cli.interrupted", "Interrupted.", "Nothing more was done."), 130)
    return result if isinstance(result, Answer) else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console command."""
    session = Session()
    given = list(sys.argv[1:] if arguments is None else arguments)
    answer = run(given, session)
    if answer is None:
        return
    failed = isinstance(answer.data, Problem)
    if session.json or (failed and "--json" in given):
        click.echo(answer.json())
    else:
        stream = sys.stderr if failed else sys.stdout
        answer.print(Console(file=stream, highlight=False, width=None if stream.isatty() else UNLIMITED))
    sys.exit(answer.exit_code)


def _refuse_what_is_not_text(arguments: Sequence[str]) -> None:
    for argument in arguments:
        shown = argument.encode(errors="replace").decode()
        if shown != argument or "\0" in argument:
            raise Invalid(
                "cli.not_text",
                "One of the words is not valid text.",
                cause=f"{shown!r} holds bytes that are not UTF-8, or a NUL character.",
                next_step="Type the word again.",
            )


def _usage(error: click.ClickException) -> Problem:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "mlplat"
    return Problem("cli.usage", error.format_message(), next_step=f"See '{path} --help'.")
