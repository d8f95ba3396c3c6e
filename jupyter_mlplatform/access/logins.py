"""Logins of databases: what one is, how a grant's is called, and what keeps them."""

from __future__ import annotations

import re
from typing import Protocol

import msgspec

from jupyter_mlplatform.access.models import Grant
from jupyter_mlplatform.errors import Invalid

_GRANT = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
"""Ids that make a name of at most 63 bytes, which is PostgreSQL's longest."""


class Login(msgspec.Struct, frozen=True):
    """A name and its password. It is never shown, written to a log or kept by ourselves."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.user!r}, …)"


class Secrets(Protocol):
    """Keeps logins outside of this software."""

    def login(self, name: str, *, fresh: bool = False) -> Login:
        """The login that a secret holds; ``fresh``: as it is now, not as it was read before.

        Raises ``NotFound`` when there is no such secret, ``Unavailable`` when it cannot be read.
        """
        ...

    def keep(self, name: str, login: Login) -> Login:
        """The login of that secret, which holds this one when it did not hold one of the same user before."""
        ...

    def forget(self, name: str) -> None:
        """Delete a secret at once. One that is gone counts as deleted."""
        ...


def role_of(grant_id: str) -> str:
    """What a grant's login is called, and its view where it has one."""
    if not _GRANT.fullmatch(grant_id):
        raise Invalid(
            "access.invalid_grant",
            f"There can be no login for a grant called {grant_id[:60]!r}.",
            cause="Ids of grants have up to 50 small Latin letters, digits and dashes.",
            next_step="Ask for the data anew.",
        )
    return f"mlplat_{grant_id}"


def secret_of(grant: Grant) -> str:
    """The name of the secret that holds a grant's login: in a folder of its person, so that others can be kept out.

    What Secrets Manager does not take in a name is written as ``=`` and two hexadecimal digits for each byte.
    """
    person = re.sub(rb"[^A-Za-z0-9_.@+-]", lambda found: b"=%02X" % found[0][0], grant.subject.encode()).decode()
    return f"mlplat/grants/{person}/{role_of(grant.id)}"
