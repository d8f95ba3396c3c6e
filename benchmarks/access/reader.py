"""One reader in a process of its own: ``python -m benchmarks.access.reader WHO COLUMNS RUNS PORT STARTED STATE``.

It prints what it read and how long that took, in seconds; for the first run from ``STARTED`` (of the monotonic clock)
on, so that it contains the start of Python and all imports. ``COLUMNS`` is ``all`` or ``four``.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.access.place import BUCKET, FOUR, KEY, PREFIX, REGION, SECRET, TOKEN

PERSON, DATASET = "alice", "measured"
Read = Callable[[list[str] | None], Any]


class Reading(NamedTuple):
    """What came of it. ``seconds`` of each run, ``cpu_seconds`` up to the end of the first, memory at its peak."""

    rows: int = 0
    columns: int = 0
    seconds: tuple[float, ...] = ()
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0
    error: str = ""


class Credentials(NamedTuple):
    """``key`` empty: the library looks for some itself."""

    key: str = KEY

    def given(self) -> bool:
        """Whether the reader is told what to sign with."""
        return bool(self.key)


def ours(endpoint: str, credentials: Credentials, state: Path) -> Read:
    """This project as a kernel uses it, with a DataFrame in the end; its vendor refuses where a container's does."""
    from jupyter_mlplatform.access.local import engines

    arrow = ours_arrow(endpoint, credentials, state)
    return lambda columns: engines.converted(arrow(columns), "pandas")


def ours_arrow(endpoint: str, credentials: Credentials, state: Path) -> Read:
    """The same, left in Arrow's memory."""
    from benchmarks.access import workplace
    from jupyter_mlplatform.access.aws.s3_access import S3Access
    from jupyter_mlplatform.access.aws.s3_reader import S3Reader
    from jupyter_mlplatform.access.local.streamed_files import StreamedFiles
    from jupyter_mlplatform.access.models import Kind
    from jupyter_mlplatform.access.routed import RoutedFiles
    from jupyter_mlplatform.policy_sections import AwsAccess

    def clock() -> datetime:
        return datetime.now(timezone.utc)

    access = S3Access(AwsAccess(region=REGION, endpoint_url=endpoint), clock)
    remote = {Kind.S3_PREFIX: S3Reader(_Vendor(credentials.key), access)}
    service = workplace.service(state, workplace.Clock(), RoutedFiles(StreamedFiles(), remote))
    return lambda columns: service.load(PERSON, DATASET, columns).table


class _Vendor:
    def __init__(self, key: str) -> None:
        self._key = key

    def credentials(self, *_: object) -> Any:
        from jupyter_mlplatform.access.models import Credentials as Short
        from jupyter_mlplatform.errors import Forbidden

        if not self._key:
            raise Forbidden("access.grant_ended", "This grant has ended.")
        end = datetime.now(timezone.utc) + timedelta(minutes=15)
        return Short(access_key_id=self._key, secret_access_key=SECRET, session_token=TOKEN, expires_at=end)


def awswrangler(endpoint: str, credentials: Credentials, _: Path) -> Read:
    """``awswrangler.s3.read_parquet`` with its defaults."""
    import awswrangler
    import boto3

    awswrangler.config.s3_endpoint_url = endpoint
    given = {"aws_access_key_id": credentials.key, "aws_secret_access_key": SECRET, "aws_session_token": TOKEN}
    session = boto3.Session(region_name=REGION, **(given if credentials.given() else {}))
    where = f"s3://{BUCKET}/{PREFIX}"
    return lambda columns: awswrangler.s3.read_parquet(where, columns=columns, boto3_session=session)


def pyarrow(endpoint: str, credentials: Credentials, _: Path) -> Read:
    """``pyarrow.parquet.read_table`` with its defaults."""
    import pyarrow.parquet
    from pyarrow import fs

    given = {"access_key": credentials.key, "secret_key": SECRET, "session_token": TOKEN}
    address = endpoint.removeprefix("http://")
    place = fs.S3FileSystem(
        region=REGION, scheme="http", endpoint_override=address, **(given if credentials.given() else {})
    )
    where = f"{BUCKET}/{PREFIX}"
    return lambda columns: pyarrow.parquet.read_table(where, columns=columns, filesystem=place)


def polars(endpoint: str, credentials: Credentials, _: Path) -> Read:
    """``polars.read_parquet`` with its defaults."""
    import polars

    given = {"aws_access_key_id": credentials.key, "aws_secret_access_key": SECRET, "aws_session_token": TOKEN}
    options = {"aws_region": REGION, "aws_endpoint_url": endpoint, "aws_allow_http": "true"}
    options |= {"aws_metadata_endpoint": endpoint, **(given if credentials.given() else {})}
    where = f"s3://{BUCKET}/{PREFIX}*.parquet"
    return lambda columns: polars.read_parquet(where, columns=columns, storage_options=options)


READERS: dict[str, Callable[[str, Credentials, Path], Read]] = {
    "ours": ours,
    "ours_arrow": ours_arrow,
    "awswrangler": awswrangler,
    "pyarrow": pyarrow,
    "polars": polars,
}


def main(who: str, columns: str, runs: int, port: int, started: float, state: Path) -> Reading:
    """See the module. The environment says whether credentials are given (``READ_WITH``)."""
    seconds: list[float] = []
    used = 0.0
    shape = (0, 0)
    try:
        read = READERS[who](f"http://127.0.0.1:{port}", Credentials(os.environ.get("READ_WITH", KEY)), state)
        for _ in range(runs):
            found = read(list(FOUR) if columns == "four" else None)
            seconds.append(time.monotonic() - started)
            used = used or time.process_time()
            shape = found.shape
            del found
            started = time.monotonic()
    except Exception as error:  # noqa: BLE001 (whatever a library says when it is refused)
        return Reading(seconds=tuple(seconds), error=f"{type(error).__name__}: {str(error)[:300]}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Reading(*shape, tuple(seconds), used, peak)


if __name__ == "__main__":
    asked = sys.argv[1:]
    came = main(asked[0], asked[1], int(asked[2]), int(asked[3]), float(asked[4]), Path(asked[5]))
    print(json.dumps(came._asdict()), flush=True)
    os._exit(0)  # libraries' own threads have nothing to say any more
