"""Search and typeahead over catalogues of many datasets, each built once and asked the same mix of questions."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlplatform.access.local import schema, suggestions
from jupyter_mlplatform.access.local.search_index import MOST_RANKED, SearchIndex
from jupyter_mlplatform.access.local.suggestions import Suggestions
from jupyter_mlplatform.access.messages import Search
from jupyter_mlplatform.access.models import Column, Dataset

SEED = 20300101
RARE = 0.02
"""What a query may match at most, as a fraction of all, to be held to the target."""
COMMON = ("sensor", "measured", "station", "line", "daily")
"""Words that stand in more than a tenth of all datasets."""
_REGISTERED = datetime(2030, 1, 1, tzinfo=timezone.utc)
_SYLLABLES = ("ka", "ro", "mi", "ten", "sol", "var", "lu", "ped", "an", "gri", "bo", "stel", "fi", "dra", "no", "quer")


class Plan(msgspec.Struct, frozen=True):
    """How often each query is asked."""

    rounds: int = 30


def words(amount: int = 4000) -> list[str]:
    """Words that look like words; the first ones are used often, as in any language."""
    chance = random.Random(SEED)  # noqa: S311 (the same each time)
    made: dict[str, None] = {}
    while len(made) < amount:
        made["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4)))] = None
    return list(made)


def datasets(amount: int) -> Iterator[Dataset]:
    """The same datasets each time."""
    chance = random.Random(SEED)  # noqa: S311 (the same each time)
    vocabulary = words()
    weights = [1 / (10 + rank) for rank in range(len(vocabulary))]
    owners = [f"owner{number}" for number in range(200)]
    tags = vocabulary[200:260]
    for number in range(amount):
        drawn = chance.choices(vocabulary, weights, k=24)
        said = [word for place, word in enumerate(COMMON) if chance.random() < 0.58 - place * 0.1]
        yield Dataset(
            id=f"{drawn[0]}_{drawn[1]}_{number}",
            title=" ".join(drawn[2:6]),
            owner=chance.choice(owners),
            location=f"/data/{number}.parquet",
            classification=chance.choice(("public", "internal", "internal", "confidential", "restricted")),
            description=" ".join([*drawn[6:14], *said]),
            tags=tuple(chance.sample(tags, k=2)),
            columns=tuple(Column(f"{word}_{place}", "double") for place, word in enumerate(drawn[14:])),
            rows=chance.randrange(10**6),
            registered_at=_REGISTERED,
            fingerprint=f"sha256:{number:064x}",
        )


def build(path: Path, amount: int) -> float:
    """Fill a catalogue, unless it is there already; seconds that it took."""
    begun = time.perf_counter()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # building is not what is measured
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            for script in dict.fromkeys((*schema.MIGRATIONS, suggestions.MIGRATION)):
                connection.executescript(script)
        if connection.execute("SELECT count(*) FROM datasets").fetchone()[0] != amount:
            connection.execute("BEGIN")
            for each in datasets(amount):
                _put(connection, each)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return time.perf_counter() - begun


def _put(connection: sqlite3.Connection, dataset: Dataset) -> None:
    connection.execute(
        "INSERT INTO datasets (id, owner, classification, live, body) VALUES (?, ?, ?, ?, ?)",
        (dataset.id, dataset.owner, dataset.classification, 1, msgspec.json.encode(dataset).decode()),
    )
    SearchIndex(connection).put(dataset)
    Suggestions(connection).put(dataset)


def measure(path: Path, amount: int, plan: Plan) -> dict[str, Any]:
    """Ask everything and say how long it took, in milliseconds; ``amount`` datasets are in ``path``."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        index, suggesting = SearchIndex(connection), Suggestions(connection)

        def ask(search: Search) -> None:
            bodies = index.page(search)[0]
            for body in bodies:
                msgspec.json.decode(body, type=Dataset)
            index.facets(search)

        searches = _mix(index, amount)
        found: dict[str, Any] = {"datasets": amount, "most_ranked": MOST_RANKED}
        for kind, asked in searches.items():
            found[kind] = _timed([lambda one=one: ask(one) for one in asked], plan.rounds)  # type: ignore[misc]
        typed = [text[:size] for text in (*words()[:20], *COMMON) for size in (1, 2, 3, 4, 6)]
        typed += [f"{one} {other[:2]}" for one, other in zip(words()[:10], words()[10:20], strict=True)]
        found["typeahead"] = _timed(
            [lambda text=text: suggesting.suggest(text) for text in typed],
            plan.rounds,  # type: ignore[misc]
        )
        found["ids"] = _timed(
            [lambda text=text: suggesting.ids(text) for text in typed],
            plan.rounds,  # type: ignore[misc]
        )
    return found


def _mix(index: SearchIndex, amount: int) -> dict[str, list[Search]]:
    """Searches by how much of the catalogue they match: what decides how long they take."""
    vocabulary = words()
    plain = [Search(q=word) for word in (*vocabulary[:5], *vocabulary[50:1000:50])]
    plain += [Search(q=word[:4]) for word in vocabulary[60:1000:70]]
    plain += [Search(q=f"{one} {other}") for one, other in zip(vocabulary[:12], vocabulary[12:24], strict=True)]
    plain += [Search(q=word, classification="confidential") for word in vocabulary[30:400:40]]
    plain += [Search(q=word, owner="owner7") for word in vocabulary[30:400:40]]
    rare, more = [], []
    for search in plain:
        (rare if index.page(search)[1] < RARE * amount else more).append(search)
    return {
        "rare": rare,
        "more": more,
        "common": [*(Search(q=word) for word in COMMON), Search(q="sensor measured"), Search(q="sens", tag="x")],
        "browse": [Search(), Search(classification="confidential"), Search(owner="owner7"), Search(offset=200)],
    }


def _timed(calls: list[Callable[[], object]], rounds: int) -> dict[str, Any]:
    """Median and 95th percentile over all calls, in milliseconds; the first round is not counted.

    CPU time is given beside the time on the clock, which also holds what other programs did meanwhile.
    """
    took: list[float] = []
    used: list[float] = []
    for number in range(rounds + 1):
        for call in calls:
            begun, used_before = time.perf_counter(), time.thread_time()
            call()
            if number:
                took.append(1000 * (time.perf_counter() - begun))
                used.append(1000 * (time.thread_time() - used_before))
    took.sort()
    used.sort()
    found: dict[str, Any] = {"queries": len(calls)}
    if calls:
        found |= {"median_ms": quantile(took, 0.5), "p95_ms": quantile(took, 0.95), "most_ms": took[-1]}
        found |= {"cpu_median_ms": quantile(used, 0.5), "cpu_p95_ms": quantile(used, 0.95)}
    return found


def quantile(ordered: list[float], part: float) -> float:
    """The value below or at which ``part`` of them lie."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
