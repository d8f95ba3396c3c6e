"""What the benches of backends in the strict AWS have in common: clients whose next calls can be made to go wrong."""

from __future__ import annotations

import re
from typing import Any, cast

from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.models import Credentials
from tests.aws.faults import Fault, LostAnswer, Throttled
from tests.aws.signatures import Key
from tests.aws.stand_in import Refusal
from tests.aws.strict import StrictAws

_READS = re.compile(r"get_|list_|search_")


class Wire:
    """Stands for ``Clients``: real clients of botocore's to the strict AWS, which try once.

    ``denied`` refuses all changes, ``unreadable`` all that is read; the next call of any kind meets ``next``, the next
    change ``next_change``.
    """

    def __init__(self, aws: StrictAws) -> None:
        self.aws = aws
        self._made: dict[tuple[str, str], Any] = {}
        self.denied = self.unreadable = False
        self.next: Fault | None = None
        self.next_change: Fault | None = None

    @property
    def clients(self) -> Clients:
        return cast(Clients, self)

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        key = None
        if credentials is not None:
            key = Key(credentials.access_key_id, credentials.secret_access_key, "", credentials.session_token)
        which = (service, key.id if key else "")
        if which not in self._made:
            self._made[which] = self.aws.client(service, key)
        return _Client(self, service, self._made[which])

    def fault(self, method: str) -> Fault | None:
        reads = bool(_READS.match(method))
        if self.next is not None:
            found, self.next = self.next, None
            return found
        if self.next_change is not None and not reads:
            found, self.next_change = self.next_change, None
            return found
        if self.unreadable if reads else self.denied:
            return Refusal("AccessDeniedException", 403)
        return None

    def lose_answer(self) -> None:
        self.next_change = LostAnswer()

    def throttle(self) -> None:
        self.next = Throttled()

    def deny(self) -> None:
        self.denied = True

    def blind(self) -> None:
        self.unreadable = True

    def heal(self) -> None:
        self.denied = self.unreadable = False

    def calls(self) -> int:
        return len(self.aws.calls)


class _Client:
    def __init__(self, wire: Wire, service: str, real: Any) -> None:
        self._wire, self._service, self._real = wire, service, real

    def __getattr__(self, method: str) -> Any:
        if (fault := self._wire.fault(method)) is not None:
            self._wire.aws.service(self._service).fail(self._real.meta.method_to_api_mapping[method], fault)
        return getattr(self._real, method)
