"""What to do when somebody else was faster: the command again, from its beginning, on what is there now."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from jupyter_mlplatform.errors import Conflict

ATTEMPTS = 5
CHANGED = "access.changed_meanwhile"
_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


def once_more(command: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """The command, begun anew when what it was decided on has changed before it was written.

    A store without locks (DynamoDB) refuses such a command with ``access.changed_meanwhile``, having written nothing. A
    person is to be told what the change means instead: that the request is decided already, say. After five
    attempts the ``Conflict`` is theirs all the same.
    """

    @wraps(command)
    def repeated(*args: _Given.args, **kwargs: _Given.kwargs) -> _Answer:
        for _ in range(ATTEMPTS - 1):
            try:
                return command(*args, **kwargs)
            except Conflict as conflict:
                if conflict.problem.code != CHANGED:
                    raise
        return command(*args, **kwargs)

    return repeated
