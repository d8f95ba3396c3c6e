"""Data access as the faces see it: every command and every question a person can have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from jupyter_mlplatform.access import audit, facts, fulfilling, grants, notices, oversight, wishes
from jupyter_mlplatform.access.asking import Asking, check_role, present, unknown
from jupyter_mlplatform.access.finding import Finding
from jupyter_mlplatform.access.fulfilling import Fulfilment
from jupyter_mlplatform.access.handout import Hear
from jupyter_mlplatform.access.messages import (
    AuditPage,
    AuditQuery,
    Comment,
    DatasetPage,
    DelegationList,
    EventList,
    GrantList,
    NewDecision,
    NewDelegation,
    NewRequest,
    Options,
    OversightPage,
    OversightQuery,
    Registration,
    RequestList,
    Revocation,
    Search,
    SearchPage,
    SuggestionList,
)
from jupyter_mlplatform.access.mirroring import Mirroring, Tables
from jupyter_mlplatform.access.models import Audit, Dataset, Delegation, Export, Grant, Loaded, Request
from jupyter_mlplatform.access.once_more import once_more
from jupyter_mlplatform.access.oversight import Oversight
from jupyter_mlplatform.access.people import check_here
from jupyter_mlplatform.access.ports import Catalogues, Files, Fulfiller, Importing, Store
from jupyter_mlplatform.access.registrar import Registrar
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.access.streaming import USUAL_ROWS, Stream, Streaming
from jupyter_mlplatform.access.upkeep import Upkeep
from jupyter_mlplatform.access.usage import Usage
from jupyter_mlplatform.access.wishes import Step, Wish
from jupyter_mlplatform.errors import Conflict, Forbidden, PlatformError, Problem
from jupyter_mlplatform.notice import Notice
from jupyter_mlplatform.policy import AccessPolicy

NEWEST_EVENTS = 500
LOOKS_ELSEWHERE = timedelta(minutes=10)


class AccessService:
    """One workplace's data access. ``person`` is who acts; the caller has made sure of that.

    Safe to use from several threads, and beside other processes on the same store.
    """

    def __init__(
        self,
        store: Store,
        files: Files,
        catalogues: Catalogues,
        policy: AccessPolicy,
        clock: Callable[[], datetime],
        fulfillers: Mapping[str, Fulfiller] | None = None,
        tables: Tables | None = None,
        imports: Importing | None = None,
    ) -> None:
        policy = replace(policy, admins=tuple(each for each in policy.admins if each not in policy.left))
        self._store = store
        self._files = files
        self._policy = policy
        self._clock = clock
        self._registrar = Registrar(store, files, catalogues, policy, clock)
        self._upkeep = Upkeep(store, policy, clock)
        self._fulfilment = Fulfilment(store, fulfillers or {}, clock)
        self._mirroring: Mirroring | None = None
        if tables is not None and policy.aws.glue_databases:
            owners, backend = policy.aws.glue_databases, policy.aws.glue_backend
            retire = self._registrar.retire_vanished
            self._mirroring = Mirroring(store, tables, owners, backend, retire, clock)
        self._imports = imports
        self._import_problems: tuple[Problem, ...] = ()
        self._looked_at: datetime | None = None
        self._asking = Asking(store, self._registrar, self._upkeep, self._fulfilment, policy, clock)
        self._usage = Usage(store, files, self._registrar, self._asking.seen, self._upkeep.settle_all, policy, clock)
        self._overview = Oversight(store, self._upkeep.settle, policy, clock)
        self._finding = Finding(store, self._registrar, self._asking, self._overview, policy, clock)
        self._streaming = Streaming(store, files, self._usage.grant, clock)

    # Finding

    def options(self, person: str = "") -> Options:
        """What a request may name, and whether ``person`` may see who holds grants."""
        return self._finding.options(person)

    def search(self, person: str, search: Search) -> SearchPage:
        """A page of the catalogue, with facets and with the person's own access to each dataset."""
        return self._finding.search(person, search)

    def dataset(self, person: str, dataset_id: str) -> DatasetPage:
        """One dataset, with the person's own access to it. The place of the data is for its owner and admins."""
        return self._finding.dataset(person, dataset_id)

    def dataset_ids(self, person: str, prefix: str = "") -> tuple[str, ...]:
        """Ids that start so, of datasets that ``person`` sees, for completion."""
        return self._finding.dataset_ids(person, prefix)

    def suggest(self, person: str, text: str) -> SuggestionList:
        """Datasets that ``person`` may mean who has typed this much; quick enough for each key."""
        return self._finding.suggest(person, text)

    def register(self, person: str, path: Path, registration: Registration) -> Dataset:
        """Make a file known; see :class:`~jupyter_mlplatform.access.registrar.Registrar`."""
        check_here(person, self._policy)
        self._registrar.take_over()
        return self._registrar.register(person, path, registration)

    def retire(self, person: str, dataset_id: str) -> Dataset:
        """End a dataset for good, with its requests and grants. Only by its owner or an admin."""
        check_here(person, self._policy)
        return self._registrar.retire(person, self._registrar.live(dataset_id, person))

    # Asking and deciding

    def ask(self, person: str, new: NewRequest) -> Request:
        """Ask for access. A person has one open request a dataset: asking again revises it."""
        return self._asking.ask(person, new)

    def decide(self, person: str, request_id: str, new: NewDecision) -> Request:
        """Approve, narrow, reject or ask for changes. Deciding just so again changes nothing."""
        return self._asking.decide(person, request_id, new)

    def withdraw(self, person: str, request_id: str, comment: Comment) -> Request:
        """Withdraw one's own open request."""
        check_here(person, self._policy)
        return self._asking.withdraw(person, request_id, comment)

    def requests(self, person: str, role: str = "mine") -> RequestList:
        """``mine``: what I asked for; ``inbox``: what waits for my decision. Newest first."""
        check_here(person, self._policy)
        return self._asking.requests(person, role)

    def request(self, person: str, request_id: str) -> Request:
        """One request, for those who asked, review, own or oversee; nobody else learns that it exists."""
        check_here(person, self._policy)
        return self._asking.request(person, request_id)

    def delegate(self, person: str, new: NewDelegation) -> Delegation:
        """Let somebody else decide in one's place for a while."""
        return self._asking.delegate(person, new)

    def end_delegation(self, person: str, delegation_id: str) -> Delegation:
        """Take a delegation back, or give it up."""
        check_here(person, self._policy)
        return self._asking.end_delegation(person, delegation_id)

    def delegations(self, person: str) -> DelegationList:
        """Those to and from a person that are in force or to come."""
        check_here(person, self._policy)
        return self._asking.delegations(person)

    def plan(self, person: str, wanted: Sequence[Wish]) -> tuple[Step, ...]:
        """What there is to ask for, given what is asked, granted and owned already; changes nothing."""
        check_here(person, self._policy)
        self._upkeep.settle()
        now, found = self._clock(), []
        for wish in wanted:
            dataset = self._registrar.live(wish.dataset, person)
            asked = self._store.requests_of(person, [dataset.id])
            held = self._store.grants_to(person, [dataset.id])
            found.append(wishes.step(wish, person, dataset, tuple(map(self._asking.seen, asked)), held, now))
        return tuple(found)

    # Holding and using

    def grants(self, person: str, role: str = "mine") -> GrantList:
        """``mine``: what I may use or could; ``owned``: what others may use of mine. The next to end first."""
        check_here(person, self._policy)
        check_role(role, ("mine", "owned"))
        self._upkeep.settle()
        if role == "mine":
            found = self._store.grants_to(person)
        else:
            found = self._store.grants_on(None if person in self._policy.admins else person)
        now = self._clock()
        effects = self._overview.effects(found)
        return GrantList(tuple(oversight.honest(grants.shown(each, now), effects) for each in found), effects)

    @once_more
    def revoke(self, person: str, grant_id: str, revocation: Revocation) -> Grant:
        """Take a grant back, or give it up; it ends at once."""
        check_here(person, self._policy)
        self._upkeep.settle()
        with self._store.unit() as unit:
            now = self._clock()
            grant = present(unit.grant(grant_id), "grant", grant_id)
            dataset = present(unit.dataset(grant.scope.dataset_id), "dataset", grant.scope.dataset_id)
            if not self._asking.knows_of(person, grant, dataset, unit):
                raise unknown("grant", grant_id)
            revoked = grants.revoke(grant, person, dataset, self._policy, now, revocation.reason)
            if revoked is not grant:
                unit.put_grant(revoked)
                fulfilling.end(unit, revoked, now)
                facts.grant(unit, "grant.revoked", revoked, dataset, person, now)
        return revoked

    def remaining(self, person: str, ended: Grant) -> tuple[Grant, ...]:
        """By what the subject of a grant that ended may still use the dataset; for those whom that grant concerns."""
        dataset = self._store.dataset(ended.scope.dataset_id)
        if dataset is None or not (person == ended.subject or self._oversees(person, dataset)):
            return ()
        if dataset.live and ended.subject == dataset.owner:
            return (grants.own(dataset),)
        now = self._clock()
        held = self._store.grants_to(ended.subject, [dataset.id])
        return tuple(each for each in held if grants.usable(each, now, ended.subject, dataset))

    def usable_grant(self, person: str, dataset_id: str, columns: Sequence[str] = ()) -> tuple[Dataset, Grant]:
        """The dataset and the grant by which the person may use it now; see ``Usage.grant``."""
        return self._usage.grant(person, dataset_id, columns)

    def load(
        self,
        person: str,
        dataset_id: str,
        columns: Sequence[str] | None = None,
        rows: RowFilter | None = None,
        *,
        limit: int | None = None,
        hear: Hear | None = None,
    ) -> Loaded:
        """Read what is granted, as a ``pyarrow.Table``: all granted columns, or those named in their order.

        ``rows`` narrows the granted rows further, ``limit`` is in rows, ``hear`` is told while rows come in.
        """
        return self._usage.load(person, dataset_id, tuple(columns or ()), "data.loaded", rows, limit, hear)

    def load_batches(
        self,
        person: str,
        dataset_id: str,
        columns: Sequence[str] | None = None,
        rows: RowFilter | None = None,
        *,
        limit: int | None = None,
        size: int = USUAL_ROWS,
    ) -> Stream:
        """The same as an iterator of ``pyarrow.RecordBatch`` with at most ``size`` rows; judged again for each."""
        return self._streaming.open(person, dataset_id, tuple(columns or ()), rows, limit=limit, size=size)

    def export(self, person: str, dataset_id: str, folder: Path) -> Export:
        """Write what is granted to ``<folder>/<dataset id>.parquet``, whole or not at all."""
        loaded = self._usage.load(person, dataset_id, (), "data.exported")
        path = folder / f"{dataset_id}.parquet"
        fingerprint = self._files.write(loaded.table, path)
        return Export(path=str(path), fingerprint=fingerprint, dataset=loaded.dataset, grant=loaded.grant)

    def target(self, path: Path, *, force: bool = False) -> Path:
        """Where :meth:`save` would write a file named so; asked before reading, so that no use is recorded in vain.

        Raises ``Invalid`` for a name that cannot be written to, ``Conflict`` for a file that exists (unless ``force``)
        or that is the data of a dataset.
        """
        target = self._files.target(path, force=force)
        if self._store.datasets_at(str(target)):
            raise Conflict(
                "access.registered_file",
                f"{target.name} is the registered file of a dataset.",
                cause="Writing there would destroy data that others were granted.",
                next_step="Choose another name.",
            )
        return target

    def save(self, loaded: Loaded, path: Path) -> None:
        """Write data that was handed out to a Parquet or CSV file, whole or not at all."""
        self._files.write(loaded.table, path)

    def fulfil(self, person: str | None = None) -> int:
        """Carry out what grants need in their backends now; how many steps that took. Slow: it calls them.

        A ``person`` has to be an admin; None is the software itself.
        """
        if person is not None and person not in self._policy.admins:
            raise Forbidden(
                "access.not_admin",
                "Only an admin can do that.",
                cause="It changes permissions in other systems.",
                next_step="The policy's list access.admins says who may.",
            )
        self._upkeep.settle_all()
        done = self._fulfilment.work()  # first: what is over is taken away whatever else does not answer
        return done + (self._fulfilment.work() if self._looked_elsewhere(self._clock()) else 0)

    def mirror_problems(self) -> tuple[Problem, ...]:
        """What was wrong with catalogue files, tables of Glue and DataZone when :meth:`fulfil` last looked."""
        mirrored = self._mirroring.faults if self._mirroring else ()
        told = (each.told(True) for each in (*self._registrar.take_over(), *mirrored))
        return (*told, *self._import_problems)

    def _looked_elsewhere(self, now: datetime) -> bool:
        """Take over what catalogue files name elsewhere, tables of Glue, and decisions of DataZone, now and then."""
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < LOOKS_ELSEWHERE:
            return False
        self._looked_at = now
        self._registrar.take_over(elsewhere=True)
        if self._mirroring is not None:
            self._mirroring.run()
        self._import_problems = ()
        try:
            return bool(self._imports and self._imports.run(self._fulfilment.check)) or self._mirroring is not None
        except PlatformError as error:
            self._import_problems = (error.problem,)
            return False

    # Looking back

    def events(self, person: str) -> EventList:
        """The newest events that concern the person, in order; for admins the newest of all."""
        check_here(person, self._policy)
        return EventList(self._store.events(self._sees_as(person), newest=NEWEST_EVENTS))

    def trail(self, person: str) -> EventList:
        """All events that concern the person, in order; for admins all there are."""
        check_here(person, self._policy)
        return EventList(self._store.events(self._sees_as(person)))

    def overseen(self, person: str, query: OversightQuery) -> OversightPage:
        """Grants by dataset, of one's own datasets or, for admins, of all; those that need somebody first."""
        return self._overview.grants(person, query)

    def audited(self, person: str, query: AuditQuery) -> AuditPage:
        """Events that owners and admins look for, the newest first."""
        return self._overview.audit(person, query)

    def verified(self, person: str) -> Audit:
        """The same as :meth:`verify_audit`, for admins alone: what it finds names everybody's things."""
        self._overview.check_admin(person)
        return self.verify_audit()

    def verify_audit(self) -> Audit:
        """Check the chain, its end, and that the stored state is what the events amount to."""
        events, anchor, state = self._store.trail()
        replayed: audit.Replayed = {}
        found = audit.verify(audit.following(events, replayed), anchor)
        if not found.intact:
            return found
        return replace(found, findings=tuple(audit.differences(replayed, state)))

    def last_seq(self) -> int:
        """Number of the newest event; ends what is due, so that an end is noticed without anybody asking."""
        self._upkeep.settle_all()
        return self._store.last_seq()

    def notices(self, person: str, after: int) -> tuple[Notice, ...]:
        """What a person should be told of everything after event number ``after``."""
        events = self._store.events(self._sees_as(person), after=after)
        return tuple(notice for notice in (notices.announce(event, person) for event in events) if notice)

    # What these share

    def _oversees(self, person: str, dataset: Dataset) -> bool:
        return person == dataset.owner or person in self._policy.admins

    def _sees_as(self, person: str) -> str | None:
        return None if person in self._policy.admins else person
