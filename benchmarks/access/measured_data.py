"""The Parquet file that every reader reads: forty columns of the kinds that machines and people write."""

from __future__ import annotations

from pathlib import Path

from benchmarks.access.place import BUCKET, PREFIX

ROWS = 700_000
"""About 200 MB."""
GROUPS = 8
PLANTS = ("Graz", "Linz", "Wels", "Steyr", "Villach")


def write(folder: Path, rows: int = ROWS) -> Path:
    """One file below ``folder/BUCKET/PREFIX``, written as pyarrow does without being told otherwise."""
    import numpy
    import pyarrow
    import pyarrow.parquet

    place = folder / BUCKET / PREFIX / "part-0.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    chance = numpy.random.default_rng(20300101)
    schema = pyarrow.schema(
        [
            *(pyarrow.field(f"measure_{number}", pyarrow.float64()) for number in range(26)),
            *(pyarrow.field(f"count_{number}", pyarrow.int64()) for number in range(8)),
            *(pyarrow.field(name, pyarrow.string()) for name in ("plant", "line", "station", "part")),
            pyarrow.field("begun", pyarrow.timestamp("us")),
            pyarrow.field("good", pyarrow.bool_()),
        ]
    )
    size = -(-rows // GROUPS)
    with pyarrow.parquet.ParquetWriter(place, schema) as writer:
        for begin in range(0, rows, size):
            amount = min(size, rows - begin)
            columns = [chance.normal(size=amount) for _ in range(26)]
            columns += [chance.integers(0, 10_000, amount) for _ in range(8)]
            names = (PLANTS, _names("line", 40), _names("station", 400), _names("part", 20_000))
            columns += [numpy.array(each)[chance.integers(0, len(each), amount)] for each in names]
            columns += [(1_900_000_000_000_000 + numpy.arange(begin, begin + amount) * 1000).astype("datetime64[us]")]
            columns += [chance.random(amount) < 0.97]
            writer.write_table(pyarrow.table([pyarrow.array(each) for each in columns], schema=schema))
    return place


def _names(word: str, amount: int) -> tuple[str, ...]:
    return tuple(f"{word}-{number:05d}" for number in range(amount))
