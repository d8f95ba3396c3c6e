"""Face 2: ``%mlplat`` in a cell. The same commands as ``mlplat``, answered as rich output.

IPython loads this module when ``%mlplat`` is first used (``MagicsManager.lazy_magics``).
"""

from __future__ import annotations

import shlex
from typing import Any

from click.shell_completion import ShellComplete
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display

from jupyter_mlplatform.cli import cli, run
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.errors import Problem


class MagicFailed(Exception):
    """A command did not succeed; carries its problem and shows no traceback."""

    def __init__(self, problem: Problem, html: str) -> None:
        super().__init__(" ".join(part for part in (problem.message, problem.cause, problem.next_step) if part))
        self.problem = problem
        self._html = html

    def _render_traceback_(self) -> list[str]:
        return [f"{self.problem.code}: {self}"]


@magics_class
class PlatformMagics(Magics):
    """``%mlplat``"""

    @line_magic
    def mlplat(self, line: str) -> Any:
        """Find, request and load data, keep the workspace awake, check packages and hand off to training.

        %mlplat                          what there is
        %mlplat data search weld         find datasets
        df = %mlplat load weld_guns      a DataFrame of what you were granted
        %mlplat keep 4h                  nothing of yours is stopped for four hours
        %mlplat packages doctor          are the mirrors in use, and do they answer?
        %mlplat handoff start train.ipynb
        %mlplat COMMAND --help           help of one command; Tab completes commands and names
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise MagicFailed(Problem("magic.quotes", f"The line was not understood: {error}."), "") from None
        session = Session(notebook=True, say=print)
        answer = run(words or ["--help"], session)
        if answer is None:
            return None
        if isinstance(answer.data, Problem):
            raise MagicFailed(answer.data, answer.html())
        if answer.result is None:
            return answer
        if answer.blocks:
            display(answer)  # type: ignore[no-untyped-call]
        return answer.result


def complete(shell: InteractiveShell, event: Any) -> list[str]:
    """What may follow on a ``%mlplat`` line; click knows the commands, options and names."""
    line: str = event.text_until_cursor
    after = line.split("mlplat", 1)[1]
    try:
        words = shlex.split(after)
    except ValueError:
        return []
    incomplete = "" if not words or after[-1:].isspace() else words.pop()
    found = ShellComplete(cli, {"obj": Session(notebook=True)}, "mlplat", "_MLPLAT").get_completions(words, incomplete)
    return [item.value for item in found]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magic and its completion."""
    shell.register_magics(PlatformMagics)
    shell.set_hook("complete_command", complete, re_key=r".*%mlplat\b")  # type: ignore[no-untyped-call]
