"""What a person may mean who has typed the beginning of a dataset's id, or of a word of its title.

Full-text search first gathers all that begins so, which takes long for the beginning of a frequent word. Here the words
lie in order, so that only as many are read as are shown, however large the catalogue is.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from typing import Any

from jupyter_mlplatform.access.local import seen
from jupyter_mlplatform.access.models import Dataset
from jupyter_mlplatform.access.visibility import Viewer

MOST_SUGGESTED = 20
MOST_WORDS = 12
MOST_TYPED = 200
MOST_LOOKED_AT = 20_000
"""Of a frequent word together with others, only so many datasets are looked at."""
_LAST = "\U0010ffff"
_WORD = re.compile(r"[^\W_]+")

MIGRATION = """
    CREATE TABLE dataset_heads (
        word TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (word, number)
    ) WITHOUT ROWID;
    CREATE INDEX dataset_heads_number ON dataset_heads (number);
    CREATE VIRTUAL TABLE temp.words_of_titles USING fts5vocab('main', 'dataset_words', 'instance');
    INSERT OR IGNORE INTO dataset_heads SELECT term, doc FROM temp.words_of_titles WHERE col IN ('id', 'title');
    DROP TABLE temp.words_of_titles;
    CREATE INDEX datasets_by_number ON datasets (number, live, owner, classification, id);
    CREATE INDEX datasets_by_id ON datasets (id, live);
"""
"""Tables and indexes, filled from the words that were indexed before."""


class Suggestions:
    """The words, through one connection, as one viewer sees them (None: all of them)."""

    def __init__(self, connection: sqlite3.Connection, viewer: Viewer | None = None) -> None:
        self._connection = connection
        self._values = seen.values(viewer)
        self._seen = seen.condition(viewer, "number")

    def put(self, dataset: Dataset) -> None:
        """Take in the words of a dataset that is in its table, or take those of a retired one out."""
        number = self._connection.execute("SELECT number FROM datasets WHERE id = ?", (dataset.id,)).fetchone()[0]
        self._connection.execute("DELETE FROM dataset_heads WHERE number = ?", (number,))
        if dataset.live:
            self._connection.executemany(
                "INSERT INTO dataset_heads VALUES (?, ?)",
                [(word, number) for word in {*words(dataset.id), *words(dataset.title)}],
            )

    def ids(self, prefix: str, most: int = 100) -> tuple[str, ...]:
        """Ids of live datasets that begin exactly so, in order."""
        return tuple(found for found, _ in self._by_id(prefix, most))

    def suggest(self, text: str, most: int = MOST_SUGGESTED) -> tuple[tuple[str, str], ...]:
        """Ids and titles: first ids that begin so, then datasets with a word that begins as the last one of ``text``.

        Every word before the last one has to stand in the id or title as a whole.
        """
        typed = words(text[:MOST_TYPED])[:MOST_WORDS]
        start = text[:MOST_TYPED].strip().lower()
        found = dict(self._by_id(start, most)) if start else {}
        if typed and len(found) < most:
            for dataset_id, title in self._by_words(typed, most):
                found.setdefault(dataset_id, title)
        return tuple(list(found.items())[:most])

    def _by_id(self, start: str, most: int) -> list[tuple[str, str]]:
        sql = (
            "SELECT id, json_extract(body, '$.title') FROM datasets "  # noqa: S608 (all of it ours)
            f"WHERE live AND id >= :start AND id < :end AND {self._seen} ORDER BY id LIMIT :most"
        )
        return self._pairs(sql, {"start": start, "end": start + _LAST, "most": most})

    def _by_words(self, typed: list[str], most: int) -> list[tuple[str, str]]:
        # A whole word is the range that holds only itself.
        ranges = [*((word, f"{word}\0") for word in typed[:-1]), (typed[-1], typed[-1] + _LAST)]
        rarest = min(ranges, key=self._frequency) if len(ranges) > 1 else ranges[0]
        others = [each for each in ranges if each is not rarest]
        besides = "".join(
            " AND EXISTS (SELECT 1 FROM dataset_heads AS other WHERE other.number = heads.number "  # noqa: S608
            f"AND other.word >= :start{at} AND other.word < :end{at})"
            for at in range(len(others))
        )
        # Without DISTINCT, which would gather all before the first: a dataset with two such words is met twice. What
        # is not seen is left out before anything is counted, so that it displaces nothing either.
        sql = (
            "SELECT id, json_extract(body, '$.title') "  # noqa: S608 (all of it ours)
            f"FROM (SELECT number FROM dataset_heads WHERE word >= :start AND word < :end AND {self._seen} "
            f"LIMIT {MOST_LOOKED_AT}) AS heads "
            f"CROSS JOIN datasets ON datasets.number = heads.number WHERE datasets.live{besides} LIMIT :most"
        )
        ends = {f"start{at}": start for at, (start, _) in enumerate(others)}
        ends |= {f"end{at}": end for at, (_, end) in enumerate(others)}
        return self._pairs(sql, {"start": rarest[0], "end": rarest[1], "most": 2 * most, **ends})

    def _frequency(self, ends: tuple[str, str]) -> int:
        sql = (
            "SELECT count(*) FROM (SELECT 1 FROM dataset_heads "  # noqa: S608 (all of it ours)
            f"WHERE word >= :start AND word < :end AND {self._seen} LIMIT {MOST_LOOKED_AT})"
        )
        values = {**self._values, "start": ends[0], "end": ends[1]}
        return int(self._connection.execute(sql, values).fetchone()[0])

    def _pairs(self, sql: str, values: dict[str, Any]) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self._connection.execute(sql, {**self._values, **values})]


def words(text: str) -> list[str]:
    """The words of a text, small and without diacritics, as the full-text index has them."""
    parts = unicodedata.normalize("NFKD", text.lower())
    return _WORD.findall("".join(character for character in parts if not unicodedata.combining(character)))
