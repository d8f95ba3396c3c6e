"""Glue's data catalogue behind the strict AWS: databases, tables and partitions, in pages, with the instant at which
each was last changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.aws.pages import page
from tests.aws.patterns import fits
from tests.aws.stand_in import Refusal
from tests.aws.strict import ACCOUNT, Call, StrictAws

_INVALID = Refusal("InvalidInputException")


@dataclass
class State:
    """As Glue tells them: databases by name, tables by database and name, partitions of tables."""

    databases: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    partitions: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)


class Glue:
    """Databases and tables to read. Documented: Glue keeps names in lower case. ``page_size`` is the longest page."""

    def __init__(self, aws: StrictAws) -> None:
        self._aws = aws
        self.state = State()
        self.page_size = 100
        endpoint = aws.service("glue")
        endpoint.hold(self)
        for name, behaviour in {
            "GetDatabase": self._database,
            "GetDatabases": self._databases,
            "GetTable": self._table,
            "GetTables": self._tables,
            "GetPartitions": self._partitions,
        }.items():
            endpoint.on(name, behaviour)

    def database(self, name: str, description: str = "") -> None:
        """A new, empty database."""
        made = {"Name": name.lower(), "CatalogId": ACCOUNT, "CreateTime": self._aws.now()}
        self.state.databases[name.lower()] = made | ({"Description": description} if description else {})

    def table(self, database: str, name: str, columns: dict[str, str], **members: Any) -> dict[str, Any]:
        """A new table, or a new version of it. ``columns`` are types by name; ``members`` are further ones of Glue's.

        The instant of creation stays when the table is known already; a table that was dropped is created anew.
        """
        key = (database.lower(), name.lower())
        if database.lower() not in self.state.databases:
            self.database(database)
        old = self.state.tables.get(key)
        now = self._aws.now()
        kept = {"Columns": [{"Name": column, "Type": kind} for column, kind in columns.items()]}
        storage = {"Location": f"s3://lake/{key[0]}/{key[1]}/", **members.pop("StorageDescriptor", {}), **kept}
        self.state.tables[key] = {
            "Name": key[1],
            "DatabaseName": key[0],
            "CatalogId": ACCOUNT,
            "TableType": "EXTERNAL_TABLE",
            "CreateTime": old["CreateTime"] if old else now,
            "VersionId": str(int(old["VersionId"]) + 1) if old else "0",
            "IsRegisteredWithLakeFormation": True,
            **members,
            "StorageDescriptor": storage,
            "UpdateTime": now,
        }
        return self.state.tables[key]

    def drop(self, database: str, name: str) -> None:
        """The table goes, with its partitions."""
        key = (database.lower(), name.lower())
        del self.state.tables[key]
        self.state.partitions.pop(key, None)

    def partition(self, database: str, name: str, values: list[str], location: str, at: datetime | None = None) -> None:
        """A further partition. Assumed: the table's own UpdateTime does not move with it."""
        key = (database.lower(), name.lower())
        made = {
            "Values": values,
            "DatabaseName": key[0],
            "TableName": key[1],
            "CatalogId": ACCOUNT,
            "CreationTime": at or self._aws.now(),
            "StorageDescriptor": {**self.state.tables[key]["StorageDescriptor"], "Location": location},
        }
        self.state.partitions.setdefault(key, []).append(made)

    def _known(self, database: str, name: str = "") -> tuple[str, str]:
        key = (database.lower(), name.lower())
        if key[0] not in self.state.databases or (name and key not in self.state.tables):
            raise Refusal("EntityNotFoundException")
        return key

    def _database(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        return {"Database": self.state.databases[self._known(request["Name"])[0]]}

    def _databases(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        found = [each for _, each in sorted(self.state.databases.items())]
        items, token = page(found, request, _INVALID, size=self.page_size)
        return {"DatabaseList": items, **token}

    def _table(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        return {"Table": self.state.tables[self._known(request["DatabaseName"], request["Name"])]}

    def _tables(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Documented: ``Expression`` is a regular expression. Assumed: it is matched against the whole name."""
        database, _ = self._known(request["DatabaseName"])
        wanted = request.get("Expression", "")
        found = [
            each
            for key, each in sorted(self.state.tables.items())
            if key[0] == database and (not wanted or fits(wanted, key[1]))
        ]
        items, token = page(found, request, _INVALID, size=self.page_size)
        return {"TableList": items, **token}

    def _partitions(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Assumed: filters on partitions are not known here, and refused."""
        key = self._known(request["DatabaseName"], request["TableName"])
        if request.get("Expression"):
            raise _INVALID
        found = self.state.partitions.get(key, [])
        if request.get("ExcludeColumnSchema"):
            # documented: leaves out the columns, which make the answer long
            found = [{**each, "StorageDescriptor": _bare(each["StorageDescriptor"])} for each in found]
        items, token = page(found, request, _INVALID, size=self.page_size)
        return {"Partitions": items, **token}


def _bare(storage: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in storage.items() if name != "Columns"}
