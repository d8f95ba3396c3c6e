"""One of several processes on the same state: ``python racer.py STATE PERSON COMMAND [REQUEST …]``."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

from jupyter_mlplatform.access.messages import Comment, Revocation
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict
from tests.access.world import approval, make_service, new_request


def decide(service: AccessService, person: str, names: list[str]) -> None:
    """Try to approve each request; print those that this process won."""
    print("ready", flush=True)
    sys.stdin.readline()
    for name in names:
        try:
            service.decide(person, name, approval())
        except Conflict:
            continue
        print(name, flush=True)


def churn(service: AccessService, person: str) -> None:
    """Ask, approve, load and revoke without end, until killed."""
    number = 0
    while True:
        number += 1
        made = service.ask(person, new_request(f"{person}-{number}"))
        if number % 3 == 0:
            service.withdraw(person, made.id, Comment())
        else:
            decided = service.decide("bob", made.id, approval())
            service.load(person, "weld_guns")
            service.revoke("bob", decided.grant_id or "", Revocation())
        print(number, flush=True)


if __name__ == "__main__":
    state, who, what, *rest = sys.argv[1:]
    made_here = make_service(Path(state), lambda: datetime.now(timezone.utc))  # type: ignore[arg-type]
    if what == "decide":
        decide(made_here, who, rest)
    else:
        churn(made_here, who)
