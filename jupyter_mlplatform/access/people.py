"""Names of people: which two may be one person, and which name nobody may have."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from jupyter_mlplatform.errors import Forbidden
from jupyter_mlplatform.policy import AccessPolicy

RESERVED = frozenset({"catalogue", "policy", "time", "owner", "fulfilment", "datazone"})
"""What the audit trail and the policy call the platform's own parts."""

# Letters of other alphabets that are drawn as Latin ones (a selection of those in Unicode's confusables.txt, UTS 39).
_DRAWN_ALIKE = str.maketrans("авеіјкмнорсѕтухһԁӏαεικνορτυχϲ", "abeijkmhopcstyxhdlaeikvoptuxc")


@lru_cache(maxsize=4096)
def alike(name: str) -> str:
    """The same text for names that a reader, or another system, may take for one person's.

    Upper case, width, what is not seen, dots at the end and letters of another alphabet do not make another person.
    """
    seen = "".join(each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each) != "Cf")
    return seen.casefold().translate(_DRAWN_ALIKE).strip().rstrip(".").strip()


def check_here(person: str, policy: AccessPolicy) -> None:
    """Raises ``Forbidden`` for somebody who has left, and for a name that stands for a part of the platform."""
    if person in policy.left:
        raise Forbidden(
            "access.has_left",
            f"{person} has left, so nothing can be asked, decided, seen or used in this name.",
            next_step="If that is wrong, ask an administrator of this workspace.",
        )
    if alike(person) in RESERVED:
        raise Forbidden(
            "access.reserved_name",
            f"Nobody can work here under the name {person!r}.",
            cause="The audit trail calls a part of the platform so.",
            next_step="Ask an administrator of this workspace for another name.",
        )
