"""Reading granted data from S3: this project beside three libraries, each in a cold process, from one loopback S3."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec

from benchmarks.access import measured_data, place, reader, workplace
from benchmarks.access.reader import Reading
from jupyter_mlplatform.access import facts
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.models import Column, Dataset, Kind

PEERS = ("awswrangler", "pyarrow", "polars")
TARGETS = {"all": 1.0, "four": 0.5}
"""Our first run as a part of awswrangler's."""
COLUMNS = {"all": "all 40 columns", "four": "4 columns"}
PATIENCE = 300.0


class Plan(msgspec.Struct, frozen=True):
    """``waits`` are how far away the storage is, in seconds until the first byte of an answer."""

    rows: int = measured_data.ROWS
    rounds: int = 3
    runs: int = 3
    waits: tuple[float, ...] = (0.0, 0.02)


class Storage:
    """The process that plays S3."""

    def __init__(self, port: int) -> None:
        self.port = port

    def counted(self, wait: float | None = None) -> dict[str, int]:
        """What it has seen since the last time; from now on it is ``wait`` seconds away."""
        asked = "" if wait is None else f"?wait={wait}"
        with urlopen(f"http://127.0.0.1:{self.port}/-/counts{asked}", timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
            return found


@contextmanager
def storage(folder: Path) -> Iterator[Storage]:
    """Serve a folder as long as the block lasts."""
    command = [sys.executable, "-m", "benchmarks.access.loopback", str(folder)]
    with subprocess.Popen(command, cwd=workplace.ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Storage(int(process.stdout.readline()))
        finally:
            process.terminate()


def measure(plan: Plan, scratch: Path) -> dict[str, Any]:
    """Every reader, in changing order, for all columns and for four; then with credentials that are refused."""
    file = measured_data.write(scratch / "s3", plan.rows)
    state = scratch / "load"
    state.mkdir()
    grant(state)
    who = ["ours", "ours_arrow", *(each for each in PEERS if installed(each))]
    found: dict[str, Any] = {
        "file_mb": file.stat().st_size / 1e6,
        "rows": plan.rows,
        "versions": {each: version(each) for each in PEERS if installed(each)},
        "reads": [],
    }
    with storage(scratch / "s3") as served:
        for wait in plan.waits:
            for columns in COLUMNS:
                found["reads"] += _read_by_all(plan, who, columns, wait, served, state)
        served.counted(0.0)
        found["refused"] = [_refused(each, how, served, state) for each in who for how in ("key", "none")]
    return found


def _read_by_all(
    plan: Plan, who: list[str], columns: str, wait: float, served: Storage, state: Path
) -> list[dict[str, Any]]:
    came: dict[str, list[tuple[Reading, dict[str, int]]]] = {each: [] for each in who}
    for number in range(plan.rounds):
        turn = number % len(who)
        for each in (*who[turn:], *who[:turn]):
            served.counted(wait)
            reading = run(each, columns, plan.runs, served, state)
            assert not reading.error, (each, reading.error)
            assert reading.rows == plan.rows, (each, reading)
            came[each].append((reading, served.counted(wait)))
    told = [{"who": each, "columns": columns, "wait": wait, **_middle(came[each], plan.runs)} for each in who]
    base = next((each["first_seconds"] for each in told if each["who"] == "awswrangler"), None)
    for each in told:
        each["first_by_awswrangler"] = each["first_seconds"] / base if base else None
    return told


def _middle(came: list[tuple[Reading, dict[str, int]]], runs: int) -> dict[str, Any]:
    """Medians over the rounds."""
    firsts = [reading.seconds[0] for reading, _ in came]
    return {
        "first_seconds": statistics.median(firsts),
        "first_least": min(firsts),
        "first_most": max(firsts),
        "last_seconds": statistics.median(reading.seconds[-1] for reading, _ in came),
        "cpu_seconds": statistics.median(reading.cpu_seconds for reading, _ in came),
        "peak_mib": statistics.median(reading.peak_mib for reading, _ in came),
        "requests_a_run": statistics.median(seen["reader"] for _, seen in came) / runs,
        "mb_a_run": statistics.median(seen["bytes of reader"] for _, seen in came) / runs / 1e6,
    }


def _refused(who: str, how: str, served: Storage, state: Path) -> dict[str, Any]:
    """What a reader does whose key S3 refuses (``key``), or whose container refuses to give any (``none``)."""
    served.counted()
    reading = run(who, "four", 1, served, state, with_key="AKIATHISONEISREFUSED" if how == "key" else "")
    seen = served.counted()
    return {
        "who": who,
        "how": how,
        "data_came": not reading.error,
        "said": reading.error,
        "unsigned_requests": seen.get("unsigned", 0),
        "refused_requests": seen.get("refused key", 0),
        "asked_the_machine": seen.get("metadata", 0),
        "signed_as_the_machine": seen.get("machine", 0),
    }


def run(who: str, columns: str, runs: int, served: Storage, state: Path, with_key: str = place.KEY) -> Reading:
    """One reader in a process that knows nothing yet, and no credentials but those of this benchmark."""
    here = f"http://127.0.0.1:{served.port}"
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        around = kept | {
            "HOME": home,
            "READ_WITH": with_key,
            "AWS_EC2_METADATA_DISABLED": "true" if with_key == place.KEY else "false",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": here,
            "AWS_METADATA_ENDPOINT": here,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{here}/-/container",
            "AWS_REGION": place.REGION,
        }
        command = [sys.executable, "-m", "benchmarks.access.reader", who, columns, str(runs), str(served.port)]
        try:
            done = subprocess.run(
                [*command, str(time.monotonic()), str(state)],
                env=around,
                cwd=workplace.ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Reading(error=f"no answer within {PATIENCE:g} s")
    if done.returncode:
        return Reading(error=f"it ended with {done.returncode}")
    return Reading(**json.loads(done.stdout.splitlines()[-1]))


def grant(state: Path) -> None:
    """A workplace in which one person may read all of the data."""
    import pyarrow.parquet

    file = next((state.parent / "s3").rglob("*.parquet"))
    columns = tuple(Column(field.name, str(field.type)) for field in pyarrow.parquet.read_schema(file))
    dataset = Dataset(
        id=reader.DATASET,
        title="Measured",
        owner="olga",
        location=f"s3://{place.BUCKET}/{place.PREFIX}",
        kind=Kind.S3_PREFIX,
        columns=columns,
        registered_at=workplace.START,
    )
    with closing(SqliteStore(state)) as store, store.unit() as unit:
        unit.put_dataset(dataset)
        facts.dataset(unit, "dataset.registered", dataset, dataset.owner, workplace.START)
    service = workplace.service(state, workplace.Clock())
    wanted = workplace.asking(dataset, "key")
    asked = service.ask(reader.PERSON, msgspec.structs.replace(wanted, columns=()))
    service.decide(dataset.owner, asked.id, workplace.approval())


def installed(name: str) -> bool:
    """Whether a peer is in this environment."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
