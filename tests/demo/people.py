"""Alice and bob without servers: what the tests ask of the features directly."""

from __future__ import annotations

from jupyter_mlplatform.access.messages import NewDecision, NewRequest
from jupyter_mlplatform.access.models import Grant, Verdict
from jupyter_mlplatform.demo.folder import ALICE, BOB, DemoFolder, Person
from jupyter_mlplatform.demo.story import DATASET, KEPT_BACK
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import DEMO_VARIABLE, resolve


def services(folder: DemoFolder, person: Person) -> Services:
    """The features as this person's processes have them."""
    return Services(*resolve({DEMO_VARIABLE: str(folder.home(person))}))


def granted(folder: DemoFolder) -> Grant:
    """Alice asked, and bob approved all but one column."""
    asked = services(folder, ALICE).access.ask(
        "alice", NewRequest(dataset_id=DATASET, purpose="model-training", idempotency_key="test")
    )
    columns = tuple(name for name in asked.scope.columns if name != KEPT_BACK)
    bob = services(folder, BOB).access
    bob.decide("bob", asked.id, NewDecision(verdict=Verdict.APPROVE, revision=asked.revision, columns=columns))
    (grant,) = bob.grants("bob", "owned").items
    return grant
