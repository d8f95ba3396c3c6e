"""The tables of AWS Glue's data catalogue, read with the platform's own role.

Lake Formation leaves tables out of a list that the role may not describe, so that a list proves what is there and never
what is not. Source: AWS Lake Formation developer guide, "Filtering of tables in the Data Catalog".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_mlplatform.access import mirror
from jupyter_mlplatform.access.aws import failures
from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.catalogue import Fault
from jupyter_mlplatform.access.mirror import Table
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.errors import Unavailable

AT_ONCE = 100
"""Tables in one answer; Glue gives no more."""
CLASSIFICATION = "mlplat.classification"
TAGS = "mlplat.tags"
"""Parameters of a table (tags also of a column) that say what Glue has no field for; tags are parted by commas."""

# Views show the rows of other tables, and a link leads into another catalogue.
_OWN = frozenset({"EXTERNAL_TABLE", "MANAGED_TABLE", "GOVERNED", ""})


class GlueCatalogue:
    """Tables of the databases of one account."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    @property
    def catalog(self) -> str:
        """See :class:`~jupyter_mlplatform.access.mirroring.Tables`. A catalogue of Glue is named after its account."""
        return self._clients.aws.account

    def pages(self, database: str) -> Iterator[Sequence[Table | Fault]]:
        """See :class:`~jupyter_mlplatform.access.mirroring.Tables`. Views and links are left out."""
        following: dict[str, str] = {}
        while True:
            with failures.told("glue:GetTables"):
                answer = self._clients.client("glue").get_tables(
                    CatalogId=self.catalog, DatabaseName=database, MaxResults=AT_ONCE, **following
                )
            yield [self._read(each, database) for each in answer.get("TableList", []) if _is_own(each)]
            token = answer.get("NextToken")
            if not token:
                return
            if token == following.get("NextToken"):
                raise Unavailable("access.aws_refused", "Glue gives the same part of its list again and again.")
            following = {"NextToken": token}

    def gone(self, database: str, name: str) -> bool:
        """See :class:`~jupyter_mlplatform.access.mirroring.Tables`."""
        try:
            with failures.told("glue:GetTable"):
                self._clients.client("glue").get_table(CatalogId=self.catalog, DatabaseName=database, Name=name)
        except Unavailable as error:
            if error.__cause__ is not None and failures.missing(error.__cause__):  # type: ignore[arg-type]
                return True
            raise
        return False

    def _read(self, answer: Mapping[str, Any], database: str) -> Table | Fault:
        name = str(answer.get("Name", ""))
        created = answer.get("CreateTime")
        version = str(answer.get("VersionId") or answer.get("UpdateTime") or "")
        if created is None or not version:
            cause = "Glue does not say when it was created or which version it is, so that its content has no name."
            return mirror.fault("", database, name, cause)
        said = answer.get("Parameters") or {}
        storage = answer.get("StorageDescriptor") or {}
        form = "iceberg" if said.get("table_type", "").upper() == "ICEBERG" else said.get("classification", "")
        return Table(
            catalog=self.catalog,
            database=database,
            name=name,
            created=created,
            version=version,
            columns=tuple(_columns(storage.get("Columns"))) + tuple(_columns(answer.get("PartitionKeys"))),
            description=answer.get("Description") or said.get("comment", ""),
            classification=said.get(CLASSIFICATION, ""),
            tags=_tags(said),
            format=form,
        )


def _is_own(answer: Mapping[str, Any]) -> bool:
    return answer.get("TableType", "") in _OWN and not answer.get("TargetTable")


def _columns(answer: Any) -> Iterator[Column]:
    for each in answer or ():
        yield Column(
            str(each.get("Name", "")),
            str(each.get("Type", "")),
            str(each.get("Comment", "")),
            _tags(each.get("Parameters") or {}),
        )


def _tags(said: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.strip() for each in said.get(TAGS, "").split(",") if each.strip()))
