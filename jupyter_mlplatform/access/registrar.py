"""How datasets come to be known, and how they go: by hand, from catalogue files, and by being retired."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from jupyter_mlplatform.access import catalogue, facts, fulfilling, grants, locations, requests, visibility
from jupyter_mlplatform.access.catalogue import Fault, Listed, Reading
from jupyter_mlplatform.access.messages import Registration
from jupyter_mlplatform.access.models import Dataset, EndReason, Inspection, RequestState
from jupyter_mlplatform.access.once_more import once_more
from jupyter_mlplatform.access.ports import Catalogues, Files, Store, Unit
from jupyter_mlplatform.access.samples import Profile
from jupyter_mlplatform.access.visibility import Viewer, visible
from jupyter_mlplatform.errors import Forbidden, NotFound, PlatformError
from jupyter_mlplatform.policy import AccessPolicy

CATALOGUE = "catalogue"


class Registrar:
    """Writes datasets. Catalogue files are taken over when they are first needed and whenever they change."""

    def __init__(
        self, store: Store, files: Files, catalogues: Catalogues, policy: AccessPolicy, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._files = files
        self._catalogues = catalogues
        self._policy = policy
        self._clock = clock
        self._guard = threading.Lock()
        self._done: Reading | None = None
        self._faults: tuple[Fault, ...] = ()
        self._elsewhere: tuple[Fault, ...] = ()

    def register(self, person: str, path: Path, registration: Registration) -> Dataset:
        """Make a file known as a dataset, or take over the present content of one that is."""
        catalogue.check(registration)
        before = self._store.dataset(registration.id)
        visibility.check_id(before, self.viewer(person))
        catalogue.check_unretired(before)
        catalogue.check_authority(before, registration, person, self._policy)
        inspected = self._files.inspect(path)
        # Reading takes time, so it is done before the transaction begins.
        draft = catalogue.describe(registration, inspected, before, person, self._clock())
        return self._registered(person, registration, inspected, draft, self._profile(draft, before))

    @once_more
    def _registered(
        self, person: str, registration: Registration, inspected: Inspection, draft: Dataset, profile: Profile | None
    ) -> Dataset:
        with self._store.unit() as unit:
            existing = unit.dataset(registration.id)
            catalogue.check_unretired(existing)
            catalogue.check_authority(existing, registration, person, self._policy)
            if existing and unit.entry(existing.id) is not None:
                catalogue.check_listed(registration, inspected, existing)
            dataset = catalogue.describe(registration, inspected, existing, person, self._clock())
            if existing and catalogue.same(existing, dataset):
                return existing
            others = unit.datasets_at(dataset.location)
            visibility.check_place(dataset, others, self.viewer(person))
            catalogue.check_location(dataset, others, existing, person, self._policy)
            catalogue.check_profiled(draft, dataset)
            unit.put_dataset(dataset)
            if profile is not None:
                unit.put_profile(dataset.id, profile)
            facts.dataset(unit, "dataset.registered", dataset, person, dataset.registered_at, existing)
            facts.renewal(unit, dataset, existing, person, dataset.registered_at)
        return dataset

    @once_more
    def retire(self, person: str, dataset: Dataset) -> Dataset:
        """End a dataset for good, with its open requests and all its grants. Only by its owner or an admin."""
        with self._store.unit() as unit:
            now = self._clock()
            current = unit.dataset(dataset.id) or dataset
            if person not in (current.owner, *self._policy.admins):
                raise Forbidden(
                    "access.not_owner",
                    f"You cannot retire {current.id!r}.",
                    cause=f"It belongs to {current.owner}.",
                    next_step=f"Ask {current.owner}.",
                )
            return _retired(unit, current, person, now) if current.live else current

    @once_more
    def retire_vanished(self, dataset: Dataset) -> Dataset:
        """The same for one whose table is gone from the catalogue that it was mirrored from."""
        with self._store.unit() as unit:
            current = unit.dataset(dataset.id) or dataset
            return _retired(unit, current, CATALOGUE, self._clock()) if current.live else current

    def live(self, dataset_id: str, person: str) -> Dataset:
        """A dataset that exists and is not retired. Raises ``NotFound`` that says what ``person`` may know about it.

        One that is hidden from ``person`` does not exist for them, in just the words of one that never did.
        """
        faults = self.take_over()
        by, dataset = self.viewer(person), self._store.dataset(dataset_id)
        if dataset is not None and not visible(dataset, by):
            dataset = None
        if dataset is not None and dataset.live:
            return dataset
        told = (each.told(person in self._policy.admins) for each in faults if each.dataset_id == dataset_id)
        wrong = next(told, None) if by is None else None
        if dataset is not None:
            cause = "It was retired."
        elif wrong:
            cause = f"{wrong.message} {wrong.cause}".strip()
        else:
            close = difflib.get_close_matches(dataset_id, self._store.dataset_ids("", by), n=1)
            cause = f"Did you mean {close[0]!r}?" if close else ""
        raise NotFound(
            "access.no_dataset",
            f"There is no dataset {dataset_id!r}.",
            cause=cause,
            next_step="See what there is: mlplat data search",
        )

    def viewer(self, person: str) -> Viewer | None:
        """Through whose eyes ``person`` sees the catalogue; None for all of it."""
        if visibility.sees_all(person, self._policy):
            return None
        asked, held = self._store.requests_of(person), self._store.grants_to(person)
        asked_for = self._store.asked_for(person)
        return visibility.viewer(person, self._policy, asked, held, asked_for, self._clock())

    def faults(self, by: Viewer | None) -> tuple[Fault, ...]:
        """What is wrong with catalogue files, as far as a viewer may know: not that something hidden is in them."""
        found = self.take_over()
        if by is None:
            return found
        named = {each.dataset_id: self._store.dataset(each.dataset_id) for each in found if each.dataset_id}
        seen = {name for name, dataset in named.items() if dataset is not None and visible(dataset, by)}
        return tuple(each for each in found if not each.dataset_id or each.dataset_id in seen)

    def take_over(self, *, elsewhere: bool = False) -> tuple[Fault, ...]:
        """Bring the store up to the catalogue files. Returns what is wrong with them.

        What lies ``elsewhere`` is looked at only when that is said: by whoever has the rights for it.
        """
        with self._guard:
            reading = self._catalogues.read()
            if reading != self._done or self._faults:
                here = [each for each in reading.listed if not locations.elsewhere(each.location)]
                self._faults = (*reading.faults, *self._take_all(here))
                self._done = reading
        if elsewhere:  # that takes its time, and nobody else has to wait for it
            self._elsewhere = self._take_all([each for each in reading.listed if locations.elsewhere(each.location)])
        return self._faults + self._elsewhere

    def _take_all(self, entries: Sequence[Listed]) -> tuple[Fault, ...]:
        """Take over those of these entries that are new or changed; what is wrong with them.

        What lies elsewhere is looked at each time: it may have another shape, and nobody registers it anew by hand.
        """
        faults, known = [], self._store.entries()
        for listed in entries:
            if known.get(listed.entry.id) != listed.digest or self._may_differ(listed):
                try:
                    self._take(listed, known.get(listed.entry.id))
                except PlatformError as error:
                    faults.append(catalogue.wrong_entry(listed.catalogue, listed.entry.id, error))
        return tuple(faults)

    def _may_differ(self, listed: Listed) -> bool:
        dataset = self._store.dataset(listed.entry.id) if locations.elsewhere(listed.location) else None
        return dataset is not None and dataset.live

    def _take(self, listed: Listed, known: str | None) -> None:
        registration = listed.entry.registration()
        # First what costs nothing: a conflict stays for long, and reading the whole file again each time is no help.
        existing = self._store.dataset(registration.id)
        if existing and known is None:
            known = self._store.entries().get(registration.id)
        catalogue.check_takeable(existing, known)
        inspected = self._files.inspect_listed(listed.location)
        profile = self._profile(catalogue.describe(registration, inspected, None, CATALOGUE, self._clock()), existing)
        self._taken(listed, registration, inspected, profile)

    @once_more
    def _taken(
        self, listed: Listed, registration: Registration, inspected: Inspection, profile: Profile | None
    ) -> None:
        with self._store.unit() as unit:
            existing, entry = unit.dataset(registration.id), unit.entry(registration.id)
            if entry == listed.digest and not (existing and existing.backend):
                return
            catalogue.check_takeable(existing, entry)
            dataset = catalogue.describe(registration, inspected, None, CATALOGUE, self._clock())
            if existing and existing.backend:
                dataset = replace(dataset, rows=existing.rows)  # an estimate, which changes all the time
            if entry != listed.digest:
                unit.note_entry(dataset.id, listed.digest)
            if existing is None or not catalogue.same(existing, dataset):
                unit.put_dataset(dataset)
                if profile is not None:
                    unit.put_profile(dataset.id, profile)
                facts.dataset(unit, "dataset.registered", dataset, CATALOGUE, dataset.registered_at, existing)
                facts.renewal(unit, dataset, existing, CATALOGUE, dataset.registered_at)

    def _profile(self, draft: Dataset, before: Dataset | None) -> Profile | None:
        """What is shown of the content; None where that stays as it is."""
        if before is not None and (before.fingerprint, before.columns, before.sample) == (
            draft.fingerprint,
            draft.columns,
            draft.sample,
        ):
            return None
        return self._files.profile(draft, draft.sample)


def _retired(unit: Unit, current: Dataset, actor: str, now: datetime) -> Dataset:
    gone = replace(current, live=False)
    unit.put_dataset(gone)
    unit.put_profile(gone.id, None)
    facts.dataset(unit, "dataset.retired", gone, actor, now, current)
    for request in unit.open_requests(gone.id):
        void = requests.close(request, RequestState.VOID)
        unit.put_request(void)
        facts.request(unit, "request.void", void, gone, actor, now)
    for grant in unit.open_grants(gone.id):
        reason = EndReason.EXPIRED if grants.expired(grant, now) else EndReason.DATASET_GONE
        ended = grants.end(grant, reason, now, by=actor)
        unit.put_grant(ended)
        fulfilling.end(unit, ended, now)
        facts.grant(unit, "grant.ended", ended, gone, actor, now)
    return gone
