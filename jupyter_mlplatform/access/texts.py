"""What a person may write for others to read: of bounded length, and nothing that steers a terminal or a reader."""

from __future__ import annotations

import unicodedata

from jupyter_mlplatform.errors import Invalid

LONGEST = 2000
# Marks that reverse the order in which text is shown, so that it reads as something else than it is.
_REVERSING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check(field: str, text: str) -> None:
    """Raises ``Invalid`` for a text that is too long or has characters that are not for reading."""
    if len(text) > LONGEST:
        raise _invalid(field, f"It has {len(text):,} characters; at most {LONGEST:,} are kept.", "Shorten it.")
    for character in text:
        hidden = unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
        if hidden or character in _REVERSING:
            raise _invalid(field, f"It has the unreadable character U+{ord(character):04X}.", "Remove it.")


def _invalid(field: str, cause: str, next_step: str) -> Invalid:
    return Invalid(f"access.invalid_{field}", f"The {field} cannot be accepted.", cause=cause, next_step=next_step)
