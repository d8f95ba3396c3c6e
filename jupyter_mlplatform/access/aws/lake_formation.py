"""Grants on tables of Glue, put into force by AWS Lake Formation.

Every grant has a data cells filter of its own, named after it, and its person's data role may select from that filter.
Nothing is shared between grants, so the end of one never touches another, and one look at a filter tells whose it is.
Selecting from a filter lets the role see the table in the catalogue; no DESCRIBE on the table is given, which grants
would have to share (assumed, see docs/operators/fidelity.md).

What others gave to the same role is told as a difference, which stops the use of the grant, and is left alone: an
administrator gave it, perhaps for a reason that nobody here knows, and taking it back could break what does not belong
to the platform. On the platform's own filters everything that is not wanted is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timezone
from typing import Any

from jupyter_mlplatform.access.aws import cell_filters, failures, lake_permissions, lake_places, principals
from jupyter_mlplatform.access.aws.cell_filters import Cells
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.lake_permissions import Permission
from jupyter_mlplatform.access.aws.lake_places import Table
from jupyter_mlplatform.access.legs import Observation, Sight, Wanted
from jupyter_mlplatform.access.models import Kind
from jupyter_mlplatform.errors import Conflict, Invalid, PlatformError, Unavailable

NAME = "lake_formation"
_SELECT = frozenset({"SELECT"})
_SEES_TOO_LITTLE = "The platform is no administrator of the data lake, so AWS may hide from it what others were given."


class LakeFormation:
    """A ``Fulfiller``. The platform's own role has to be an administrator of the data lake."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._aws = clients.aws

    @property
    def name(self) -> str:
        """As in ``Dataset.backend``."""
        return NAME

    def check(self, wanted: Wanted) -> str:
        """See ``Fulfiller``. Raises ``Invalid`` for rows that a filter cannot express and people AWS cannot name."""
        if wanted.dataset.kind is not Kind.GLUE_TABLE:
            raise Invalid(
                "access.wrong_backend",
                f"{wanted.dataset.id!r} is no table of Glue, so Lake Formation cannot restrict it.",
                next_step="Tell your platform team: the catalogue names the wrong backend for it.",
            )
        lake_places.table(wanted.dataset.location)
        principals.data_role(self._aws, wanted.grant.subject)
        cell_filters.of(wanted)
        return f"{NAME}/{wanted.grant.id}"

    def apply(self, wanted: Wanted, handle: str) -> str:
        """See ``Fulfiller``. The handle is the filter's name. Raises ``Conflict`` for a table that is gone or another
        one than was registered.
        """
        self.check(wanted)
        table, name = lake_places.table(wanted.dataset.location), wanted.grant.id
        role = principals.data_role(self._aws, wanted.grant.subject)
        found = self._glue(table)
        if problem := _changed(found, wanted):
            raise Conflict(
                "access.table_changed",
                f"Access to {wanted.dataset.id!r} cannot be set up.",
                cause=problem,
                next_step="The catalogue takes that over with its next round; ask again then.",
            )
        self._put(table, name, cell_filters.of(wanted, _partitions(found)))
        for each in lake_permissions.on_filter(self._clients, table, name):
            if self._excess(each, role):
                self._revoke(table, name, each)
        self._grant(table, name, role)
        return name

    def observe(self, wanted: Wanted, handle: str) -> Observation:
        """See ``Fulfiller``. Answers that contradict each other, as those of lists that lag do, are ``PENDING``."""
        try:
            return self._seen(wanted)
        except PlatformError as error:
            return Observation(Sight.UNKNOWN, f"{error.problem.message} {error.problem.cause}".strip())

    def remove(self, wanted: Wanted, handle: str) -> None:
        """See ``Fulfiller``. The permission goes first, and then the filter with whatever else was given on it."""
        table, name = lake_places.table(wanted.dataset.location), wanted.grant.id
        role = principals.data_role(self._aws, wanted.grant.subject)
        self._revoke(table, name, Permission(role, _SELECT, frozenset(), ""))
        try:
            with failures.told("lakeformation:DeleteDataCellsFilter"):
                self._lake().delete_data_cells_filter(**cell_filters.named(table, name))
        except PlatformError as error:
            if not self._gone(error, table):
                raise

    def _seen(self, wanted: Wanted) -> Observation:
        table, name = lake_places.table(wanted.dataset.location), wanted.grant.id
        role = principals.data_role(self._aws, wanted.grant.subject)
        cells = self._filter(table, name)
        on_it = lake_permissions.on_filter(self._clients, table, name)
        held = [each for each in on_it if principals.is_data_role(self._aws, each.principal)]
        if cells is None:
            if held:
                return Observation(Sight.PENDING, "AWS tells of a permission on a filter that it does not find.")
            return Observation(Sight.ABSENT, f"There is no filter {name!r} on the table.")
        found = self._glue(table)
        if problem := _changed(found, wanted):
            return Observation(Sight.DIFFERENT, problem)
        if not any(each.principal == role and "SELECT" in each.names for each in held):
            return Observation(Sight.DIFFERENT, f"The filter {name!r} is there, but nobody may select from it.")
        around = lake_permissions.on_table(self._clients, table)
        if lake_permissions.open_to_all(around) or (found or {}).get("IsRegisteredWithLakeFormation") is False:
            return Observation(Sight.NOT_IN_FORCE, _unguarded(found))
        if problem := cell_filters.difference(cell_filters.of(wanted, _partitions(found)), cell_filters.read(cells)):
            return Observation(Sight.DIFFERENT, problem)
        if any(self._excess(each, role) for each in held):
            return Observation(Sight.DIFFERENT, f"More was given on the filter {name!r} than to select from it.")
        if problem := lake_permissions.wider(around, role, table.catalog):
            return Observation(Sight.DIFFERENT, problem)
        if not lake_permissions.sees_all(self._clients, table):
            return Observation(Sight.UNKNOWN, _SEES_TOO_LITTLE)
        return Observation(Sight.PRESENT)

    def _excess(self, each: Permission, role: str) -> bool:
        """Whether a permission on a filter of ours is to be taken back. Those of administrators are none of ours."""
        if each.principal == role:
            return bool(each.names - _SELECT or each.grantable)
        return principals.is_data_role(self._aws, each.principal)

    def _put(self, table: Table, name: str, cells: Cells) -> None:
        """Make the filter, or make it what it has to be: nothing is ever taken for right because it is there."""
        data = cell_filters.data(table, name, cells)
        try:
            with failures.told("lakeformation:CreateDataCellsFilter"):
                self._lake().create_data_cells_filter(TableData=data)
            return
        except PlatformError as error:
            if failures.code(failures.behind(error)) != "AlreadyExistsException":
                raise
        found = self._filter(table, name)
        if found is None or cell_filters.difference(cells, cell_filters.read(found)):
            with failures.told("lakeformation:UpdateDataCellsFilter"):
                self._lake().update_data_cells_filter(TableData=data)

    def _grant(self, table: Table, name: str, role: str) -> None:
        try:
            with failures.told("lakeformation:GrantPermissions"):
                self._lake().grant_permissions(
                    CatalogId=table.catalog,
                    Principal={"DataLakePrincipalIdentifier": role},
                    Resource={"DataCellsFilter": cell_filters.named(table, name)},
                    Permissions=["SELECT"],
                )
        except PlatformError as error:
            if not failures.says(failures.behind(error), "Invalid principal"):
                raise
            raise Unavailable(
                "access.data_role_missing",
                "There is no data role for this person.",
                cause="Lake Formation does not know it; it was deleted, or not made yet.",
                next_step="Tell your platform team: the page on AWS says how data roles are made.",
            ) from error

    def _revoke(self, table: Table, name: str, each: Permission) -> None:
        """Take a permission on a filter back; one that is not there, of a role or filter that is gone, is no error."""
        grantable = {"PermissionsWithGrantOption": sorted(each.grantable)} if each.grantable else {}
        try:
            with failures.told("lakeformation:RevokePermissions"):
                self._lake().revoke_permissions(
                    CatalogId=table.catalog,
                    Principal={"DataLakePrincipalIdentifier": each.principal},
                    Resource={"DataCellsFilter": cell_filters.named(table, name)},
                    Permissions=sorted(each.names),
                    **grantable,
                )
        except PlatformError as error:
            refused = failures.code(failures.behind(error)) == "InvalidInputException"
            if not refused and not self._gone(error, table):
                raise

    def _filter(self, table: Table, name: str) -> Mapping[str, Any] | None:
        try:
            with failures.told("lakeformation:GetDataCellsFilter"):
                answer = self._lake().get_data_cells_filter(**cell_filters.named(table, name))
        except PlatformError as error:
            if self._gone(error, table):
                return None
            raise
        found: Mapping[str, Any] | None = answer.get("DataCellsFilter")
        return found

    def _glue(self, table: Table) -> Mapping[str, Any] | None:
        """The table as Glue has it; None where it does not exist."""
        try:
            with failures.told("glue:GetTable"):
                answer = self._clients.client("glue").get_table(
                    CatalogId=table.catalog, DatabaseName=table.database, Name=table.name
                )
        except PlatformError as error:
            if failures.missing(failures.behind(error)):
                return None
            raise
        found: Mapping[str, Any] = answer["Table"]
        return found

    def _gone(self, error: PlatformError, table: Table) -> bool:
        """Whether what a call was about does not exist. Lake Formation says of a table that is gone that it does not
        exist or may not be seen (observed: it is handled so in Terraform's AWS provider), so Glue is asked.
        """
        if lake_permissions.no_filter(error):
            return True
        return failures.says(failures.behind(error), "Resource does not exist") and self._glue(table) is None

    def _lake(self) -> Any:
        return self._clients.client("lakeformation")


def _changed(found: Mapping[str, Any] | None, wanted: Wanted) -> str:
    """Why a table is not the one that was granted, as a sentence; empty when it is."""
    if found is None:
        return "The table does not exist (any more)."
    said = wanted.dataset.fingerprint
    created = found.get("CreateTime")
    if said.startswith("glue:") and created is not None:
        born = f"glue:{created.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}:"
        if not said.startswith(born):
            return "The table was deleted and made anew since it was registered."
    has = {str(column.get("Name")) for column in _columns(found)}
    lost = sorted(set(wanted.grant.scope.columns) - has)
    return f"The table has no columns {', '.join(lost)} any more." if lost else ""


def _columns(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    storage = found.get("StorageDescriptor") or {}
    return [*(storage.get("Columns") or ()), *(found.get("PartitionKeys") or ())]


def _partitions(found: Mapping[str, Any] | None) -> set[str]:
    return {str(column.get("Name")) for column in (found or {}).get("PartitionKeys") or ()}


def _unguarded(found: Mapping[str, Any] | None) -> str:
    if (found or {}).get("IsRegisteredWithLakeFormation") is False:
        return "The place of the data is not registered with Lake Formation, so whoever IAM lets may read it."
    return "The group IAMAllowedPrincipals still has the table, so whoever IAM lets may read it."
