"""What a person typed, read as what was meant."""

from __future__ import annotations

from pathlib import Path

from jupyter_mlplatform.errors import Invalid


def columns_named(given: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that were named, letter for letter where there is such a column, otherwise without spaces around.

    Raises ``Invalid`` when none is left: an empty variable must not mean all of them.
    """
    names: list[str] = []
    for value in given:
        pieces = [value] if value in known else value.split(",")
        names += [piece if piece in known else piece.strip() for piece in pieces]
    named = tuple(name for name in names if name)
    if given and not named:
        raise Invalid(
            "access.invalid_columns",
            "No column is named.",
            cause="--columns was given without a name in it.",
            next_step="Name columns, or leave --columns out for all of them.",
        )
    return named


def under(root: Path, path: Path) -> Path:
    """A path as typed, from ``root`` on when it is relative. Raises ``Invalid`` for the home of nobody known."""
    try:
        return root / path.expanduser()
    except RuntimeError as error:
        raise Invalid(
            "access.invalid_path", f"{str(path)!r} names no home folder that is known here.", cause=f"{error}."
        ) from error
