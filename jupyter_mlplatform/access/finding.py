"""Finding data: the catalogue, one dataset, and what is completed while somebody types; as one person sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from jupyter_mlplatform.access import grants, oversight, requests
from jupyter_mlplatform.access.asking import Asking
from jupyter_mlplatform.access.messages import (
    DatasetPage,
    Options,
    PurposeChoice,
    Search,
    SearchPage,
    Suggestion,
    SuggestionList,
    Summary,
)
from jupyter_mlplatform.access.models import Dataset, Grant, Request
from jupyter_mlplatform.access.oversight import Oversight
from jupyter_mlplatform.access.people import check_here
from jupyter_mlplatform.access.ports import Store
from jupyter_mlplatform.access.registrar import Registrar
from jupyter_mlplatform.access.samples import Profile
from jupyter_mlplatform.policy import AccessPolicy


class Finding:
    """The catalogue of one workplace. ``person`` is who looks; the caller has made sure of that."""

    def __init__(
        self,
        store: Store,
        registrar: Registrar,
        asking: Asking,
        overview: Oversight,
        policy: AccessPolicy,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._registrar = registrar
        self._asking = asking
        self._overview = overview
        self._policy = policy
        self._clock = clock

    def options(self, person: str = "") -> Options:
        """What a request may name, and whether ``person`` may see who holds grants."""
        purposes = tuple(PurposeChoice(purpose.code, purpose.label) for purpose in self._policy.purposes)
        return Options(
            purposes=purposes,
            max_days=self._policy.max_days,
            default_days=self._policy.default_days,
            may_oversee=bool(person) and self._overview.allows(person),
            may_verify=person in self._policy.admins,
        )

    def search(self, person: str, search: Search) -> SearchPage:
        """A page of the catalogue, with facets and with the person's own access to each dataset."""
        check_here(person, self._policy)
        admin = person in self._policy.admins
        by = self._registrar.viewer(person)
        problems = tuple(fault.told(admin) for fault in self._registrar.faults(by))
        found, total, capped = self._store.search(search, by)
        ids = [dataset.id for dataset in found]
        mine = self._store.requests_of(person, ids), self._store.grants_to(person, ids)
        items = tuple(self._summary(person, dataset, *mine) for dataset in found)
        return SearchPage(items, total, self._store.facets(search, by), problems, capped)

    def dataset(self, person: str, dataset_id: str) -> DatasetPage:
        """One dataset, with the person's own access to it. The place of the data is for its owner and admins."""
        check_here(person, self._policy)
        dataset = self._registrar.live(dataset_id, person)
        now = self._clock()
        asked = self._store.requests_of(person, [dataset_id])
        held = self._store.grants_to(person, [dataset_id])
        open_request = next((request for request in asked if request.state in requests.OPEN), None)
        usable, coming = grants.best(held, (), now, person, dataset), oversight.coming(held, now)
        effects = self._overview.effects([each for each in (usable, coming) if each])
        return DatasetPage(
            dataset=dataset if self._oversees(person, dataset) else replace(dataset, location=""),
            access=self._access(person, dataset, asked, held),
            grant=oversight.honest(usable, effects) if usable else None,
            open_request=self._asking.seen(open_request) if open_request else None,
            approvers=self._asking.approvers(dataset, person),
            review=self._asking.outlook(dataset, person),
            max_days=requests.ceiling(dataset, self._policy),
            default_days=requests.default_days(dataset, self._policy),
            profile=self._profile(dataset),
            coming=oversight.honest(coming, effects) if coming else None,
            effects=effects,
        )

    def dataset_ids(self, person: str, prefix: str = "") -> tuple[str, ...]:
        """Ids that start so, of datasets that ``person`` sees, for completion."""
        self._registrar.take_over()
        return self._store.dataset_ids(prefix, self._registrar.viewer(person))

    def suggest(self, person: str, text: str) -> SuggestionList:
        """Datasets that ``person`` may mean who has typed this much; quick enough for each key."""
        check_here(person, self._policy)
        found = self._store.suggest(text, self._registrar.viewer(person))
        return SuggestionList(tuple(Suggestion(*each) for each in found))

    def _summary(self, person: str, dataset: Dataset, asked: Sequence[Request], held: Sequence[Grant]) -> Summary:
        return Summary(
            id=dataset.id,
            title=dataset.title,
            owner=dataset.owner,
            classification=dataset.classification,
            description=dataset.description,
            tags=dataset.tags,
            column_count=len(dataset.columns),
            rows=dataset.rows,
            access=self._access(person, dataset, asked, held),
        )

    def _access(self, person: str, dataset: Dataset, asked: Sequence[Request], held: Sequence[Grant]) -> str:
        if person == dataset.owner:
            return "owner"
        if grants.best(held, (), self._clock(), person, dataset):
            return "granted"
        if oversight.coming([each for each in held if each.scope.dataset_id == dataset.id], self._clock()):
            return "fulfilling"
        waiting = (each for each in asked if each.scope.dataset_id == dataset.id and each.state in requests.OPEN)
        return "requested" if any(waiting) else "none"

    def _profile(self, dataset: Dataset) -> Profile | None:
        """Only that of the registered content."""
        found = self._store.profile(dataset.id)
        return found if found and found.fingerprint == dataset.fingerprint else None

    def _oversees(self, person: str, dataset: Dataset) -> bool:
        return person == dataset.owner or person in self._policy.admins
