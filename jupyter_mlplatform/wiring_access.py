"""The composition of data access: which store, readers and backends the policy asks for.

Nothing of AWS is imported unless the policy names an account, nor anything of PostgreSQL unless it names a server.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_mlplatform.policy import EffectivePolicy
from jupyter_mlplatform.workspace import Workspace

if TYPE_CHECKING:
    from jupyter_mlplatform.access.aws.clients import Clients
    from jupyter_mlplatform.access.aws.sts_vendor import StsVendor
    from jupyter_mlplatform.access.local.postgres_server import Servers
    from jupyter_mlplatform.access.logins import Secrets
    from jupyter_mlplatform.access.models import Kind
    from jupyter_mlplatform.access.ports import Files, Fulfiller, Importing, Store, Vendor
    from jupyter_mlplatform.access.routed import Remote
    from jupyter_mlplatform.access.service import AccessService
    from jupyter_mlplatform.access.vending import Vending


class AccessParts:
    """What data access is made of in one workspace."""

    def __init__(self, workspace: Workspace, policy: EffectivePolicy, clock: Callable[[], datetime]) -> None:
        self._workspace = workspace
        self._policy = policy.policy.access
        self._aws = self._policy.aws
        self._folder = Path(policy.path).resolve().parent if policy.path else Path("/")
        self._clock = clock

    @cached_property
    def service(self) -> AccessService:
        """The service that the faces call."""
        from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
        from jupyter_mlplatform.access.service import AccessService

        tables = None
        if self._aws.glue_databases:
            from jupyter_mlplatform.access.aws.glue_catalogue import GlueCatalogue

            tables = GlueCatalogue(self._clients)
        return AccessService(
            store=self._store,
            files=self._files,
            catalogues=CatalogueFiles([self._folder / path for path in self._policy.catalogues]),
            policy=self._policy,
            clock=self._clock,
            fulfillers=self._fulfillers,
            tables=tables,
            imports=self._imports,
        )

    @cached_property
    def vending(self) -> Vending | None:
        """Credentials of grants, for kernels; none where the policy names no AWS account."""
        if not self._aws.account:
            return None
        from jupyter_mlplatform.access.vending import Vending

        vendors: dict[str, Vendor] = {
            "lake_formation": self._sts,
            "datazone": self._sts,
            "s3_access_grants": self._access_grants,
        }
        return Vending(self._store, self.service.usable_grant, vendors, self._clock)

    @cached_property
    def _store(self) -> Store:
        from jupyter_mlplatform.access.local.sqlite_store import SqliteStore

        if not self._aws.table:
            return SqliteStore(self._workspace.shared_dir)
        from jupyter_mlplatform.access.aws.dynamodb_store import DynamoDbStore
        from jupyter_mlplatform.access.aws.dynamodb_wire import Wire
        from jupyter_mlplatform.access.local.anchor_file import AnchorFile

        mirror = self._workspace.local_dir / "catalogue"
        mirror.mkdir(parents=True, exist_ok=True)
        anchor = AnchorFile(self._workspace.local_dir / "access.anchor")
        wire = Wire(self._aws.table, lambda: self._clients.client("dynamodb"))
        return DynamoDbStore(wire, SqliteStore(mirror), anchor)

    @cached_property
    def _files(self) -> Files:
        from jupyter_mlplatform.access.local.streamed_files import StreamedFiles

        local = StreamedFiles()
        if not (self._aws.account or self._policy.databases):
            return local
        from jupyter_mlplatform.access.models import Kind
        from jupyter_mlplatform.access.routed import RoutedFiles

        remote: dict[Kind, Remote] = {}
        inspectors = {}
        if self._policy.databases:
            from jupyter_mlplatform.access.local.postgres_table import PostgresTables

            tables = PostgresTables(self._servers)
            remote[Kind.POSTGRES_TABLE] = tables
            inspectors["postgresql"] = tables.inspect
        if self._aws.account:
            from jupyter_mlplatform.access.aws.athena_reader import AthenaReader
            from jupyter_mlplatform.access.aws.s3_access import S3Access
            from jupyter_mlplatform.access.aws.s3_inspector import S3Inspector
            from jupyter_mlplatform.access.aws.s3_reader import S3Reader

            storage = S3Access(self._aws, self._clock)
            remote[Kind.GLUE_TABLE] = AthenaReader(self._clients, self._sts, storage, self._clock)
            remote[Kind.S3_PREFIX] = S3Reader(self._access_grants, storage)
            inspectors["s3"] = S3Inspector(storage, self._clients.own).inspect
        return RoutedFiles(local, remote, inspectors)

    @cached_property
    def _fulfillers(self) -> dict[str, Fulfiller]:
        found: list[Fulfiller] = []
        if self._policy.databases:
            from jupyter_mlplatform.access.local.postgres_logins import PostgresLogins

            found.append(PostgresLogins(self._servers, self._secrets))
        if self._aws.account:
            from jupyter_mlplatform.access.aws.access_grants import S3AccessGrants
            from jupyter_mlplatform.access.aws.datazone import DataZone
            from jupyter_mlplatform.access.aws.lake_formation import LakeFormation

            found += [
                LakeFormation(self._clients),
                DataZone(self._aws, self._clients),
                S3AccessGrants(self._aws, self._clients),
            ]
        return {each.name: each for each in found}

    @cached_property
    def _imports(self) -> Importing | None:
        if not self._aws.datazone_domain:
            return None
        from jupyter_mlplatform.access.aws.datazone_adoption import Adoption
        from jupyter_mlplatform.access.aws.datazone_import import Portal

        return Adoption(self._store, Portal(self._aws, self._clients), self._policy, self._clock)

    @cached_property
    def _clients(self) -> Clients:
        from jupyter_mlplatform.access.aws.clients import Clients

        return Clients(self._aws)

    @cached_property
    def _sts(self) -> StsVendor:
        from jupyter_mlplatform.access.aws.sts_vendor import StsVendor

        return StsVendor(self._clients, self._clock)

    @cached_property
    def _access_grants(self) -> Vendor:
        from jupyter_mlplatform.access.aws.access_grants_vendor import AccessGrantsVendor

        return AccessGrantsVendor(self._aws, self._clients, self._sts.access_grants_session, self._clock)

    @cached_property
    def _secrets(self) -> Secrets:
        from jupyter_mlplatform.access.aws.secrets import SecretsManager

        return SecretsManager(self._clients)

    @cached_property
    def _servers(self) -> Servers:
        from jupyter_mlplatform.access.local.postgres_server import Servers

        return Servers(self._policy.databases, self._secrets, roots=self._policy.database_roots)
