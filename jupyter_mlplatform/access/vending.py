"""Handing out credentials: judged at each call, short-lived, ended with the grant, and never unrecorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from jupyter_mlplatform.access import grants
from jupyter_mlplatform.access.models import Credentials, Dataset, Grant
from jupyter_mlplatform.access.ports import Store, Unit, Vendor
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid, Unavailable

VENDED = "data.vended"
ADVERTISED = timedelta(minutes=9)
"""Under ten minutes: botocore asks again before each call when less than that is left, so that a revoke bites at once.

Source: ``_DEFAULT_MANDATORY_REFRESH_TIMEOUT`` of botocore's credentials.
"""
SERVICEABLE = timedelta(minutes=5)
"""A lease is handed out again as long as this much of it is left; then there is a new one."""

Judge = Callable[[str, str, Sequence[str]], tuple[Dataset, Grant]]


class Lease(msgspec.Struct, frozen=True):
    """Credentials that a holder has been given. They are kept in memory only, for as long as they are of use."""

    credentials: Credentials
    grant_id: str
    grant_version: int
    not_after: datetime
    fingerprint: str

    def fits(self, dataset: Dataset, grant: Grant, now: datetime) -> bool:
        """Whether it is of this grant as it is now, and lasts: for a while, or as long as any other could."""
        ends = self.credentials.expires_at
        return (
            (self.grant_id, self.grant_version) == (grant.id, grant.version)
            and self.fingerprint == dataset.fingerprint
            and now < ends
            and (ends - now >= SERVICEABLE or ends >= grant.not_after)
        )


class Vending:
    """Gives a person credentials for a dataset. ``vendors`` are found by the dataset's backend.

    ``judge`` is ``Usage.grant``: it finds the grant by which the person may use the data now, or says why not.
    Safe to use from several threads.
    """

    def __init__(
        self, store: Store, judge: Judge, vendors: Mapping[str, Vendor], clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._judge = judge
        self._vendors = dict(vendors)
        self._clock = clock
        self._leases: dict[tuple[str, str, str], Lease] = {}
        self._guard = threading.Lock()

    def vend(self, person: str, dataset_id: str, holder: str) -> Credentials:
        """Credentials for what the person was granted of a dataset. ``holder`` is the id of the kernel that asks.

        They are judged anew at each call; what a holder has already is handed out again while it lasts, and only new
        ones are written down, as one event. Raises what ``Usage.grant`` and the vendor raise, ``Invalid`` for data that
        is not reached by credentials, and ``Conflict`` when the access ended while they were made.
        """
        dataset, grant = self._judge(person, dataset_id, ())
        vendor = self._vendor(dataset, grant)
        key = (holder, person, dataset_id)
        with self._guard:
            known = self._leases.get(key)
        if known is not None and known.fits(dataset, grant, self._clock()):
            return known.credentials
        made = vendor.credentials(dataset, grant)
        shortened = self._shortened(made, dataset, grant)
        self._record(person, dataset, grant, holder, shortened)
        lease = Lease(shortened, grant.id, grant.version, grant.not_after, dataset.fingerprint)
        with self._guard:
            self._forget_old()
            self._leases[key] = lease
        return shortened

    def forget(self, holder: str) -> None:
        """A holder is gone; what it had is not kept any longer. The grant itself is not touched."""
        with self._guard:
            self._leases = {key: lease for key, lease in self._leases.items() if key[0] != holder}

    def _vendor(self, dataset: Dataset, grant: Grant) -> Vendor:
        vendor = self._vendors.get(dataset.backend)
        if vendor is None:
            raise no_credentials(dataset)
        if grant.id == grants.OWNER:
            raise Forbidden(
                "access.own_elsewhere",
                f"{dataset.id!r} is yours, so no grant says what you may do with it.",
                cause="Credentials are made for grants only; your own rights on it come from your own role.",
                next_step="Use your own role for it.",
            )
        return vendor

    def _shortened(self, made: Credentials, dataset: Dataset, grant: Grant) -> Credentials:
        now = self._clock()
        ends = min(made.expires_at, now + ADVERTISED, grant.not_after)
        if ends <= now:
            raise Unavailable(
                "access.credentials_over",
                f"The credentials for {dataset.id!r} were over before they arrived.",
                cause="The clock of this machine is wrong, or the backend took too long.",
                next_step="Try again; if that does not help, ask your platform team to look at the clock.",
            )
        return replace(made, expires_at=ends)

    def _record(self, person: str, dataset: Dataset, grant: Grant, holder: str, made: Credentials) -> None:
        """Written down before they leave our hands, if they are still allowed: making them takes time."""
        with self._store.unit() as unit:
            now = self._clock()
            if _still(unit, person, dataset, grant, now):
                unit.append(
                    at=now,
                    actor=person,
                    action=VENDED,
                    subject=dataset.id,
                    body={
                        "grant_id": grant.id,
                        "backend": dataset.backend,
                        "kernel": holder,
                        "expires_at": made.expires_at,
                        "fingerprint": dataset.fingerprint,
                    },
                    people=sorted({person, dataset.owner}),
                )
                return
        raise Conflict(
            "access.changed_meanwhile",
            f"The access to {dataset.id!r} changed while credentials were made.",
            next_step="Try again; the answer will say what changed.",
        )

    def _forget_old(self) -> None:
        now = self._clock()
        self._leases = {key: lease for key, lease in self._leases.items() if now < lease.credentials.expires_at}


def no_credentials(dataset: Dataset) -> Invalid:
    """Why there are none for a dataset: its data is read by this software itself."""
    return Invalid(
        "access.no_credentials",
        f"There are no credentials for {dataset.id!r}.",
        cause="Its data does not lie where credentials lead to."
        if not dataset.backend
        else f"No credentials are given out for data that {dataset.backend!r} looks after.",
        next_step=f'Load it instead: load("{dataset.id}")',
    )


def _still(unit: Unit, person: str, dataset: Dataset, grant: Grant, now: datetime) -> bool:
    """Whether what was judged before the credentials were made is so after it."""
    current = unit.dataset(dataset.id)
    if current is None or current.backend != dataset.backend or current.fingerprint != dataset.fingerprint:
        return False
    held = unit.grant(grant.id)
    return held is not None and grants.usable(held, now, person, current)
