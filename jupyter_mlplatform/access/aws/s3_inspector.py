"""What lies below an S3 prefix, looked at with the platform's own identity for the catalogue; never handed out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from jupyter_mlplatform.access.aws import lake_places, s3_access, s3_reader
from jupyter_mlplatform.access.aws.s3_access import S3Access
from jupyter_mlplatform.access.legs import EPOCH
from jupyter_mlplatform.access.models import Column, Credentials, Dataset, Inspection, Kind


class S3Inspector:
    """Looks with the credentials that ``own`` gives."""

    def __init__(self, access: S3Access, own: Callable[[], Credentials]) -> None:
        self._access = access
        self._own = own

    def inspect(self, location: str) -> Inspection:
        """The columns of the Parquet files there; how many rows they have is not counted.

        The fingerprint is of the columns: files may come and go, as rows do in a table of a database. Raises
        ``Invalid`` for another kind of content, ``Conflict`` where there is none, ``Forbidden`` and ``Unavailable``.
        """
        lake_places.prefix(location)
        place = Dataset(
            id=location, title="", owner="whoever", location=location, kind=Kind.S3_PREFIX, registered_at=EPOCH
        )
        session = self._access.session(self._own)
        with s3_access.told(location):
            first = s3_reader.list_files(session, place)[0]
            schema = s3_reader.schema_of(session, first, place)
        columns = tuple(Column(field.name, str(field.type)) for field in schema)
        shape = hashlib.sha256(json.dumps([(each.name, each.type) for each in columns]).encode()).hexdigest()
        return Inspection(
            location=location, format=s3_reader.FORMAT, columns=columns, rows=None, fingerprint=f"s3-shape:{shape}"
        )
