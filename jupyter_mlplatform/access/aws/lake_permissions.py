"""What Lake Formation lists of permissions on a table and its data cells filters, read by resource.

Never by principal: that hides what everybody has. Sources: Lake Formation API reference, ListPermissions (a page may be
empty though there are more; ``IncludeRelated`` tells of cell filters); developer guide, "Changing the default settings
for your data lake" (``IAM_ALLOWED_PRINCIPALS``) and "Lake Formation permissions reference" (all principals of an
account).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from jupyter_mlplatform.access.aws import cell_filters, failures, principals
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.lake_places import Table
from jupyter_mlplatform.errors import PlatformError, Unavailable

EVERYONE = "IAM_ALLOWED_PRINCIPALS"
"""Whoever IAM lets; as long as this group has a table, Lake Formation restricts nobody on it."""
_HARMLESS = frozenset({"DESCRIBE"})
_PAGES = 1000
_OF_A_GRANT = re.compile(r"g-[0-9a-f]{10}")


class Permission(NamedTuple):
    """What ``principal`` may do with a resource: ``what`` says which, in words; ``filter_name`` of cells, or empty."""

    principal: str
    names: frozenset[str]
    grantable: frozenset[str]
    what: str
    filter_name: str = ""


def on_filter(clients: Clients, table: Table, name: str) -> list[Permission]:
    """Permissions on one data cells filter; none where it does not exist."""
    try:
        return _listed(clients, {"DataCellsFilter": cell_filters.named(table, name)}, table)
    except PlatformError as error:
        if no_filter(error):
            return []
        raise


def on_table(clients: Clients, table: Table) -> list[Permission]:
    """Permissions on a table, on some of its columns, on its cell filters, and on all tables of its database."""
    named = {"CatalogId": table.catalog, "DatabaseName": table.database}
    return [
        *_listed(clients, {"Table": {**named, "Name": table.name}}, table, IncludeRelated="TRUE"),
        *_listed(clients, {"Table": {**named, "TableWildcard": {}}}, table),
    ]


def wider(permissions: Iterable[Permission], role: str, account: str) -> str:
    """How a role gets at a table past the platform's filters, as a sentence; empty when it does not.

    Seeing that the table exists is no such way, and filters that are named as grants are those of other grants.
    """
    for each in permissions:
        if each.principal not in (role, f"{account}:IAMPrincipals") or not each.names - _HARMLESS:
            continue
        if not _OF_A_GRANT.fullmatch(each.filter_name):
            who = "The data role" if each.principal == role else "Everybody in the account"
            return f"{who} also has {', '.join(sorted(each.names))} on {each.what}, which the platform did not give."
    return ""


def open_to_all(permissions: Iterable[Permission]) -> bool:
    """Whether the table is still left to IAM alone."""
    return any(each.principal == EVERYONE and each.names - _HARMLESS for each in permissions)


def sees_all(clients: Clients, table: Table) -> bool:
    """Whether the platform is an administrator of the data lake; to others AWS lists only what they may know of."""
    with failures.told("sts:GetCallerIdentity"):
        own = clients.client("sts").get_caller_identity()["Arn"]
    with failures.told("lakeformation:GetDataLakeSettings"):
        answer = clients.client("lakeformation").get_data_lake_settings(CatalogId=table.catalog)
    admins = (answer.get("DataLakeSettings") or {}).get("DataLakeAdmins") or ()
    return principals.same(own, (str(each.get("DataLakePrincipalIdentifier", "")) for each in admins))


def no_filter(error: PlatformError) -> bool:
    """Whether AWS said that there is no such filter; there are two ways in which it does."""
    behind = failures.behind(error)
    return failures.missing(behind) or failures.says(behind, "Cell Filter not found")


def _listed(clients: Clients, resource: dict[str, Any], table: Table, **further: str) -> list[Permission]:
    found: list[Permission] = []
    token: dict[str, str] = {}
    for _ in range(_PAGES):
        with failures.told("lakeformation:ListPermissions"):
            answer = clients.client("lakeformation").list_permissions(
                CatalogId=table.catalog, Resource=resource, **further, **token
            )
        found += [_read(each) for each in answer.get("PrincipalResourcePermissions", [])]
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}
    raise Unavailable(
        "access.aws_refused",
        "AWS gives a list of permissions that has no end.",
        next_step="Try again in a minute; if that does not help, tell your platform team.",
    )


def _read(answer: Mapping[str, Any]) -> Permission:
    resource = answer.get("Resource") or {}
    cells = resource.get("DataCellsFilter") or {}
    return Permission(
        principal=str((answer.get("Principal") or {}).get("DataLakePrincipalIdentifier", "")),
        names=frozenset(answer.get("Permissions") or ()),
        grantable=frozenset(answer.get("PermissionsWithGrantOption") or ()),
        what=_words(resource),
        filter_name=str(cells.get("Name", "")),
    )


def _words(resource: Mapping[str, Any]) -> str:
    if cells := resource.get("DataCellsFilter"):
        return f"the filter {str(cells.get('Name', ''))!r}"
    if "TableWithColumns" in resource:
        return "columns of the table"
    if "TableWildcard" in (resource.get("Table") or {}):
        return "all tables of the database"
    return "the table"
