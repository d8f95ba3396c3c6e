"""A backend in a dictionary, which a test can break: it stands for Lake Formation and the like."""

from __future__ import annotations

from jupyter_mlplatform.access.legs import Observation, Sight, Wanted
from jupyter_mlplatform.errors import Invalid, Unavailable


class Killed(BaseException):
    """The process dies here."""


class FakeBackend:
    """Holds the columns in force for each entitlement; ``shared``: one for a person and dataset, whatever the grant."""

    name = "fake"

    def __init__(self, shared: bool = False) -> None:
        self.shared = shared
        self.held: dict[str, tuple[str, ...]] = {}
        self.calls: list[str] = []
        self.refuses = False
        self.blind = False
        self.waits = False
        self.in_force = True
        self.dies_after = ""

    def check(self, wanted: Wanted) -> str:
        if wanted.grant.scope.rows is not None:
            raise Invalid("access.no_rows_here", "It knows no rows.")
        grant = wanted.grant
        return f"{grant.subject}/{wanted.dataset.id}" if self.shared else grant.id

    def apply(self, wanted: Wanted, handle: str) -> str:
        self._called("apply")
        self.held[self.check(wanted)] = wanted.grant.scope.columns
        self._die("apply")
        return f"handle of {self.check(wanted)}"

    def observe(self, wanted: Wanted, handle: str) -> Observation:
        self.calls.append("observe")
        if self.blind:
            return Observation(Sight.UNKNOWN, "It cannot be read.")
        if self.waits:
            return Observation(Sight.PENDING, "Somebody has to approve it there.")
        found = self.held.get(self.check(wanted))
        if found is None:
            return Observation(Sight.ABSENT)
        if not self.in_force:
            return Observation(Sight.NOT_IN_FORCE, "Everybody may read it anyway.")
        return Observation(Sight.PRESENT if found == wanted.grant.scope.columns else Sight.DIFFERENT, "Look.")

    def remove(self, wanted: Wanted, handle: str) -> None:
        self._called("remove")
        self.held.pop(self.check(wanted), None)
        self._die("remove")

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.refuses:
            raise Unavailable("access.fake_away", "The backend is away.", cause="It says 503.")

    def _die(self, name: str) -> None:
        if self.dies_after == name:
            self.dies_after = ""
            raise Killed
