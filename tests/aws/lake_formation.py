"""Lake Formation behind the strict AWS: permissions on databases, tables, columns and cells.

What is marked *observed* was found by others on real accounts and is handled in the public source of Terraform's AWS
provider (internal/service/lakeformation); *documented* is in AWS's API reference; *assumed* is our guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.aws.lake_resources import ALL_TABLES, ALLOWED, EVERYONE, WILDCARD, Place, Unfit, in_list, parts, place_of
from tests.aws.pages import page
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, Call, StrictAws

BATCH_LIMIT = 20
"""Documented: entries of one batch."""
_NOTHING_TO_REVOKE = "No permissions revoked. Grantee has no permissions and nothing to revoke."


@dataclass
class Held:
    """What one principal may do at one place."""

    permissions: set[str] = field(default_factory=set)
    grantable: set[str] = field(default_factory=set)


@dataclass
class State:
    """Columns by table, permissions by principal and place, cell filters by table and name."""

    tables: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    held: dict[tuple[str, Place], Held] = field(default_factory=dict)
    filters: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    admins: list[str] = field(default_factory=list)
    open_by_default: bool = False
    deleted_roles: set[str] = field(default_factory=set)


class LakeFormation:
    """Grants, revokes and lists. ``page_size`` is the longest page; ``refused`` gives entries of batches an error."""

    def __init__(self, aws: StrictAws) -> None:
        self._aws = aws
        self.state = State(admins=[aws.key.principal])
        self.page_size = 100
        self.refused: dict[str, str] = {}
        endpoint = aws.service("lakeformation")
        endpoint.hold(self)
        for name, behaviour in {
            "GrantPermissions": self._grant,
            "RevokePermissions": self._revoke,
            "BatchGrantPermissions": self._batch_grant,
            "BatchRevokePermissions": self._batch_revoke,
            "ListPermissions": self._list,
            "CreateDataCellsFilter": self._create_filter,
            "GetDataCellsFilter": self._get_filter,
            "UpdateDataCellsFilter": self._update_filter,
            "DeleteDataCellsFilter": self._delete_filter,
            "ListDataCellsFilter": self._list_filters,
            "GetDataLakeSettings": self._settings,
        }.items():
            endpoint.on(name, behaviour)

    def table(self, database: str, name: str, columns: list[str], *, in_force: bool = True) -> None:
        """A table that the catalogue has. Not ``in_force``: everybody whom IAM lets may read it.

        Documented: an account that was not changed grants ALL on new tables to the group IAMAllowedPrincipals, and as
        long as it does, other permissions on the table restrict nobody.
        """
        self.state.tables[database, name] = columns
        if not in_force:
            table = Place("Table", database, name)
            self.state.held[EVERYONE, table] = Held({"ALL"}, set())

    def drop(self, database: str, name: str) -> None:
        """The table goes, with all permissions on it (assumed), as when it is made anew."""
        del self.state.tables[database, name]
        for key in [key for key in self.state.held if (key[1].database, key[1].table) == (database, name)]:
            del self.state.held[key]

    def who(self, database: str, name: str) -> dict[str, set[str]]:
        """For a test to look at: what each principal may do with a table or part of it."""
        found: dict[str, set[str]] = {}
        for (principal, place), held in self.state.held.items():
            if (place.database, place.table) == (database, name) and held.permissions:
                found.setdefault(principal, set()).update(held.permissions)
        return found

    def _authority(self, call: Call) -> None:
        if call.principal not in self.state.admins:
            raise Refusal("AccessDeniedException", 400)

    def _known(self, request: dict[str, Any]) -> str:
        principal: str = request["Principal"]["DataLakePrincipalIdentifier"]
        if principal in self.state.deleted_roles:
            raise Refusal("InvalidInputException", message="Invalid principal")  # observed
        return principal

    def _checked(self, request: dict[str, Any]) -> list[tuple[Place, set[str], set[str]]]:
        """The places that a request is about, with permissions and grant options for each."""
        permissions = set(request["Permissions"])
        grantable = set(request.get("PermissionsWithGrantOption", []))
        try:
            place = place_of(request["Resource"])
        except Unfit as error:
            raise Refusal("InvalidInputException", message=str(error)) from error
        # documented: the permissions that each kind of resource has
        if not permissions <= ALLOWED[place.kind] or not grantable <= permissions:
            raise Refusal("InvalidInputException", message="Permissions modification is invalid.")
        self._exists(place)
        return [(part, permissions & those, grantable & those) for part, those in parts(place, permissions, grantable)]

    def _exists(self, place: Place) -> None:
        if place.kind == "Database" or place.table == ALL_TABLES:
            if place.database not in {database for database, _ in self.state.tables}:
                raise Refusal("EntityNotFoundException")
            return
        if place.kind == "DataLocation":
            return
        columns = self.state.tables.get((place.database, place.table))
        if columns is None:
            raise Refusal("EntityNotFoundException")
        if not set(place.columns) | set(place.excluded) <= set(columns):
            # observed: the words, and that it is this error
            raise Refusal("InvalidInputException", message="cannot grant/revoke permission on non-existent column")
        if place.kind == "DataCellsFilter" and (place.database, place.table, place.cells) not in self.state.filters:
            raise Refusal("InvalidInputException", message="Cell Filter not found")  # observed

    def _grant(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._authority(call)
        principal = self._known(request)
        for place, permissions, grantable in self._checked(request):
            held = self.state.held.setdefault((principal, place), Held())
            held.permissions |= permissions
            held.grantable |= grantable
        return {}

    def _revoke(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._authority(call)
        principal = self._known(request)
        wanted = self._checked(request)
        found = [
            (self.state.held[principal, place], permissions, grantable)
            for place, permissions, grantable in wanted
            if self.state.held.get((principal, place), Held()).permissions & permissions
        ]
        if not found:
            raise Refusal("InvalidInputException", message=_NOTHING_TO_REVOKE)  # observed
        for held, permissions, grantable in found:
            held.permissions -= permissions
            held.grantable -= grantable | permissions
        self.state.held = {key: held for key, held in self.state.held.items() if held.permissions}
        return {}

    def _batch_grant(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        return self._batch(request, call, self._grant)

    def _batch_revoke(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        return self._batch(request, call, self._revoke)

    def _batch(self, request: dict[str, Any], call: Call, single: Any) -> dict[str, Any]:
        """Documented: entries succeed and fail each for itself, and the whole answers 200."""
        if len(request["Entries"]) > BATCH_LIMIT:
            raise Refusal("InvalidInputException")
        failures = []
        for entry in request["Entries"]:
            try:
                if entry["Id"] in self.refused:
                    raise Refusal(self.refused[entry["Id"]])
                single(entry, call)
            except Refusal as error:
                told = {"ErrorCode": error.code, "ErrorMessage": error.message}
                failures.append({"RequestEntry": entry, "Error": told})
        return {"Failures": failures}

    def _list(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        resource = request.get("Resource", {})
        if "TableWithColumns" in resource:
            # documented: permissions on columns are listed by asking for the table
            raise Refusal("InvalidInputException", message="Resource type is not supported")
        try:
            asked = place_of(resource) if resource else None
        except Unfit as error:
            raise Refusal("InvalidInputException", message=str(error)) from error
        principal = request.get("Principal", {}).get("DataLakePrincipalIdentifier")
        found = [
            self._told(who, place, held)
            for (who, place), held in sorted(self.state.held.items())
            if (principal is None or who == principal)
            and in_list(place, asked, request.get("ResourceType"), request.get("IncludeRelated") == "TRUE")
        ]
        items, token = page(found, request, Refusal("InvalidInputException"), size=self.page_size)
        return {"PrincipalResourcePermissions": items, **token}

    def _told(self, principal: str, place: Place, held: Held) -> dict[str, Any]:
        return {
            "Principal": {"DataLakePrincipalIdentifier": principal},
            "Resource": place.resource(),
            "Permissions": sorted(held.permissions),
            "PermissionsWithGrantOption": sorted(held.grantable),
            "LastUpdated": self._aws.now(),
            "LastUpdatedBy": self._aws.key.principal,
        }

    def _create_filter(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._authority(call)
        return self._keep_filter(dict(request["TableData"]), new=True)

    def _update_filter(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Assumed: permissions on a filter stay when it is updated."""
        self._authority(call)
        return self._keep_filter(dict(request["TableData"]), new=False)

    def _keep_filter(self, data: dict[str, Any], *, new: bool) -> dict[str, Any]:
        key = (data["DatabaseName"], data["TableName"], data["Name"])
        columns = self.state.tables.get(key[:2])
        if columns is None or not (new or key in self.state.filters):
            raise Refusal("EntityNotFoundException")
        if new and key in self.state.filters:
            raise Refusal("AlreadyExistsException")
        rows = data.get("RowFilter", {})
        named = set(data.get("ColumnNames", [])) | set(data.get("ColumnWildcard", {}).get("ExcludedColumnNames", []))
        # documented: either columns or a wildcard, either an expression or all rows
        if ("ColumnNames" in data) == ("ColumnWildcard" in data) or len(rows) != 1 or not named <= set(columns):
            raise Refusal("InvalidInputException")
        if WILDCARD in rows:
            # observed: all rows come back with an expression as well
            data["RowFilter"] = {WILDCARD: {}, "FilterExpression": "TRUE"}
        before = self.state.filters.get(key, {"VersionId": "0"})
        self.state.filters[key] = {
            **data,
            "TableCatalogId": ACCOUNT,
            "VersionId": str(int(before["VersionId"]) + 1),
        }
        return {}

    def _get_filter(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        found = self.state.filters.get((request["DatabaseName"], request["TableName"], request["Name"]))
        if found is None:
            raise Refusal("EntityNotFoundException")
        return {"DataCellsFilter": found}

    def _delete_filter(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self._authority(call)
        key = (request["DatabaseName"], request["TableName"], request["Name"])
        if key not in self.state.filters:
            raise Refusal("EntityNotFoundException")  # observed
        del self.state.filters[key]
        gone = Place("DataCellsFilter", key[0], key[1], cells=key[2])
        # assumed: permissions on it go with it
        self.state.held = {each: held for each, held in self.state.held.items() if each[1] != gone}
        return {}

    def _list_filters(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        table = request.get("Table", {})
        found = [
            each
            for key, each in sorted(self.state.filters.items())
            if table.get("DatabaseName", key[0]) == key[0] and table.get("Name", key[1]) == key[1]
        ]
        items, token = page(found, request, Refusal("InvalidInputException"), size=self.page_size)
        return {"DataCellsFilters": items, **token}

    def _settings(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        default = [{"Principal": {"DataLakePrincipalIdentifier": EVERYONE}, "Permissions": ["ALL"]}]
        given = default if self.state.open_by_default else []
        return {
            "DataLakeSettings": {
                "DataLakeAdmins": [{"DataLakePrincipalIdentifier": each} for each in self.state.admins],
                "CreateDatabaseDefaultPermissions": given,
                "CreateTableDefaultPermissions": given,
            }
        }
