"""``%%mlplat sql``: the cell is a query, its result a variable. Loaded when such a cell first runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from jupyter_mlplatform.cli.answer import Answer
from jupyter_mlplatform.errors import Invalid


def command(words: Sequence[str], cell: str) -> list[str]:
    """The command that a cell stands for. Raises ``Invalid`` for one that takes no cell."""
    given = list(words)
    if given[:1] == ["data"]:
        given = given[1:]
    if given[:1] != ["sql"]:
        raise Invalid(
            "magic.no_cell",
            "This command does not take a cell.",
            cause="Only %%mlplat sql does: the rest of its cell is the query.",
            next_step="Write the command with one percent sign, on a line of its own.",
        )
    # One word, so that a query which begins with a comment is not taken for an option.
    return ["data", *given, f"--query={cell}"]


def kept(shell: InteractiveShell | None, answer: Answer) -> Any:
    """The result, to be shown; nothing when it got a name in the notebook instead."""
    name = answer.data["name"]
    if not name or shell is None:
        return answer.result
    shell.user_ns[name] = answer.result
    return None
