"""Face 2: ``%mlplat`` in a cell. The same commands as ``mlplat``, answered as rich output.

Every kernel of the environment loads this module at its start, for the sake of completion, so it imports nothing but
what IPython has loaded anyway; the commands come with their first use.
"""

from __future__ import annotations

import glob
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

if TYPE_CHECKING:
    from jupyter_mlplatform.cli.answer import Answer


class MagicFailed(Exception):
    """A command did not succeed; ``answer`` carries its problem. It is shown without a traceback."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text())
        self.answer = answer

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@magics_class
class PlatformMagics(Magics):
    """``%mlplat`` and ``%%mlplat sql``"""

    @line_cell_magic
    def mlplat(self, line: str, cell: str | None = None) -> Any:
        """Find, request and load data, keep the workspace awake, check packages and hand off to training.

        %mlplat                          what there is
        %mlplat data search weld         find datasets
        df = %mlplat load weld_guns      a DataFrame of what you were granted
        %%mlplat sql welds               the rest of the cell is a SELECT over datasets, its result is welds
        %mlplat keep 4h                  nothing of yours is stopped for four hours
        %mlplat packages doctor          are the mirrors in use, and do they answer?
        %mlplat handoff start train.ipynb
        %mlplat COMMAND --help           help of one command; Tab completes commands and names
        """
        from jupyter_mlplatform.cli import run
        from jupyter_mlplatform.cli.answer import problem_answer
        from jupyter_mlplatform.cli.session import Session
        from jupyter_mlplatform.errors import PlatformError, Problem

        try:
            words = shlex.split(line)
            if cell is not None:
                from jupyter_mlplatform import magics_sql

                words = magics_sql.command(words, cell)
        except ValueError as error:
            problem = Problem(
                "magic.quotes", "The line was not understood.", f"{error}.", "Close every quotation mark."
            )
            raise MagicFailed(problem_answer(problem, 2)) from None
        except PlatformError as error:
            raise MagicFailed(problem_answer(error.problem, error.exit_code)) from None
        answer = run(words or ["--help"], Session(notebook=True, say=print))
        if answer is None:
            return None
        if isinstance(answer.data, Problem):
            raise MagicFailed(answer)
        if answer.result is None:
            return answer
        if answer.blocks:
            display(answer)  # type: ignore[no-untyped-call]
        if cell is not None:
            return magics_sql.kept(self.shell, answer)
        return answer.result


def complete(shell: InteractiveShell, event: Any) -> list[str]:
    """What may follow on a ``%mlplat`` line; click knows the commands, options and names."""
    from click.shell_completion import ShellComplete

    from jupyter_mlplatform.cli import cli
    from jupyter_mlplatform.cli.session import Session

    line: str = event.text_until_cursor
    after = line.split("%mlplat", 1)[1]
    try:
        words = shlex.split(after)
    except ValueError:
        return []
    incomplete = "" if not words or after[-1:].isspace() else words.pop()
    found = ShellComplete(cli, {"obj": Session(notebook=True)}, "mlplat", "_MLPLAT").get_completions(words, incomplete)
    if any(item.type in ("file", "dir") for item in found):
        return _paths(incomplete)
    return [item.value for item in found]


def _paths(beginning: str) -> list[str]:
    """The files and folders whose path begins so."""
    return sorted(name + "/" * Path(name).is_dir() for name in glob.glob(glob.escape(beginning) + "*"))  # noqa: PTH207


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magic and its completion."""
    shell.register_magics(PlatformMagics)
    shell.set_hook("complete_command", complete, re_key=r".*%mlplat\b")  # type: ignore[no-untyped-call]
