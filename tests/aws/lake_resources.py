"""What Lake Formation's permissions are about, and how a list names it."""

from __future__ import annotations

from typing import Any, NamedTuple

EVERYONE = "IAM_ALLOWED_PRINCIPALS"
WILDCARD = "AllRowsWildcard"
CATALOG = "111122223333"
ALL_TABLES = "*"
"""In the place of a table's name: all tables of the database."""

ALLOWED: dict[str, set[str]] = {
    # documented: "Lake Formation permissions per resource type"
    "Database": {"ALL", "ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"},
    "Table": {"ALL", "ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"},
    "TableWithColumns": {"SELECT"},
    "DataCellsFilter": {"DESCRIBE", "DROP", "SELECT"},
    "DataLocation": {"DATA_LOCATION_ACCESS"},
}
_TYPES = {
    "DATABASE": ("Database",),
    "TABLE": ("Table", "TableWithColumns", "DataCellsFilter"),
    "DATA_LOCATION": ("DataLocation",),
}


class Unfit(Exception):
    """Not one resource that permissions can be about."""


class Place(NamedTuple):
    """A resource. Columns that are named, or (``excluded`` and none named) all but some; ``cells`` is a filter."""

    kind: str
    database: str = ""
    table: str = ""
    columns: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    cells: str = ""
    location: str = ""

    def resource(self) -> dict[str, Any]:
        """As the API writes it."""
        if self.kind == "Database":
            return {"Database": {"CatalogId": CATALOG, "Name": self.database}}
        if self.kind == "DataLocation":
            return {"DataLocation": {"CatalogId": CATALOG, "ResourceArn": self.location}}
        if self.kind == "DataCellsFilter":
            cells = {"DatabaseName": self.database, "TableName": self.table, "Name": self.cells}
            return {"DataCellsFilter": {"TableCatalogId": CATALOG, **cells}}
        named: dict[str, Any] = {"TableWildcard": {}} if self.table == ALL_TABLES else {"Name": self.table}
        table: dict[str, Any] = {"CatalogId": CATALOG, "DatabaseName": self.database, **named}
        if self.kind == "TableWithColumns" and self.columns:
            table["ColumnNames"] = list(self.columns)
        elif self.kind == "TableWithColumns":
            table["ColumnWildcard"] = {"ExcludedColumnNames": list(self.excluded)} if self.excluded else {}
        return {self.kind: table}


def place_of(resource: dict[str, Any]) -> Place:
    """The place that a request names. Raises :class:`Unfit`."""
    if len(resource) != 1:
        raise Unfit("Resource has to name exactly one thing.")
    kind, said = next(iter(resource.items()))
    if kind not in ALLOWED:
        raise Unfit(f"{kind} is not known here.")
    if said.get("CatalogId", said.get("TableCatalogId", CATALOG)) != CATALOG:
        raise Unfit("Cross account access is not known here.")
    if kind == "Database":
        return Place(kind, said["Name"])
    if kind == "DataLocation":
        return Place(kind, location=said["ResourceArn"])
    if kind == "DataCellsFilter":
        return Place(kind, said.get("DatabaseName", ""), said.get("TableName", ""), cells=said.get("Name", ""))
    if kind == "Table" and "TableWildcard" in said and "Name" not in said:
        return Place(kind, said["DatabaseName"], ALL_TABLES)
    if "Name" not in said:
        raise Unfit("A table's name is missing.")
    if kind == "Table":
        return Place(kind, said["DatabaseName"], said["Name"])
    if ("ColumnNames" in said) == ("ColumnWildcard" in said):
        raise Unfit("Either ColumnNames or ColumnWildcard.")
    excluded = said.get("ColumnWildcard", {}).get("ExcludedColumnNames", [])
    columns = said.get("ColumnNames", [])
    return Place(kind, said["DatabaseName"], said["Name"], tuple(sorted(columns)), tuple(sorted(excluded)))


def parts(place: Place, permissions: set[str], grantable: set[str]) -> list[tuple[Place, set[str]]]:
    """Observed: SELECT on a table is kept, and listed, as SELECT on all its columns; the rest stays with the table.

    Assumed: columns are kept one list a grant, as they were given, sorted.
    """
    if place.kind != "Table" or place.table == ALL_TABLES or "SELECT" not in permissions | grantable:
        return [(place, permissions | grantable)]
    columns = Place("TableWithColumns", place.database, place.table)
    rest = permissions - {"SELECT"}
    return [(columns, {"SELECT"}), *([(place, rest)] if rest else [])]


def in_list(place: Place, asked: Place | None, kind: str | None, related: bool = False) -> bool:
    """Whether a permission is told to who asks for a resource, or for a kind of resources.

    Documented: asked for a table, permissions on its columns are told, and those on its cell filters where what is
    ``related`` is asked for. Assumed: those on all tables of the database are not.
    """
    if kind is not None and place.kind not in _TYPES.get(kind, ()):
        return False
    if asked is None:
        return True
    if asked.kind == "Table":
        same = (place.database, place.table) == (asked.database, asked.table)
        return same and place.kind in ("Table", "TableWithColumns", *(("DataCellsFilter",) if related else ()))
    return place == asked
