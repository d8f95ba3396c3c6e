"""Full-text search with facets in SQLite (FTS5)."""

from __future__ import annotations

import sqlite3
from typing import Any

from jupyter_mlplatform.access.models import Dataset, Facet, Search

MOST_WORDS = 12
MOST_RESULTS = 200
FURTHEST = 10_000_000
# How much a word counts in: id, title, tags, columns, description, owner.
_WEIGHTS = "8.0, 10.0, 6.0, 4.0, 2.0, 1.0"
_FILTERS = {
    "classification": "datasets.classification = :classification",
    "owner": "datasets.owner = :owner",
    "tag": "datasets.number IN (SELECT number FROM dataset_tags WHERE tag = :tag)",
}
_FACETS = {
    "classification": "SELECT classification AS value, count(*) AS n FROM {found} GROUP BY value",
    "tag": "SELECT tag AS value, count(*) AS n FROM {found} JOIN dataset_tags USING (number) GROUP BY value",
    "owner": "SELECT owner AS value, count(*) AS n FROM {found} GROUP BY value",
}


class SearchIndex:
    """The index, through one connection. No text of a person ever becomes part of a statement."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, dataset: Dataset) -> None:
        """Index a dataset that is in its table, or take a retired one out."""
        number = self._connection.execute("SELECT number FROM datasets WHERE id = ?", (dataset.id,)).fetchone()[0]
        self._connection.execute("DELETE FROM dataset_words WHERE rowid = ?", (number,))
        self._connection.execute("DELETE FROM dataset_tags WHERE number = ?", (number,))
        if not dataset.live:
            return
        columns = " ".join(f"{column.name} {column.description} {' '.join(column.tags)}" for column in dataset.columns)
        self._connection.execute(
            "INSERT INTO dataset_words (rowid, id, title, tags, columns, description, owner) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                dataset.id,
                dataset.title,
                " ".join(dataset.tags),
                columns,
                dataset.description,
                dataset.owner,
            ),
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO dataset_tags VALUES (?, ?)", [(number, tag) for tag in dataset.tags]
        )

    def page(self, search: Search) -> tuple[list[str], int]:
        """The bodies of one page, best match first (by id when nothing is looked for), and the total."""
        values = _values(search)
        if values["words"] == "" and search.q.strip():
            return [], 0
        where = _where(search)
        order = f"bm25(dataset_words, {_WEIGHTS}), datasets.id" if values["words"] else "datasets.id"
        found = self._connection.execute(
            f"SELECT body FROM {where} ORDER BY {order} LIMIT :limit OFFSET :offset",  # noqa: S608 (all of it ours)
            values,
        )
        total = self._connection.execute(f"SELECT count(*) FROM {where}", values).fetchone()[0]  # noqa: S608
        return [row["body"] for row in found], int(total)

    def facets(self, search: Search) -> tuple[Facet, ...]:
        """See :class:`~jupyter_mlplatform.access.models.SearchPage`; the most frequent values first."""
        values = _values(search)
        if values["words"] == "" and search.q.strip():
            return ()
        facets: list[Facet] = []
        for field, sql in _FACETS.items():
            fields = "datasets.number, datasets.owner, datasets.classification"
            found = f"(SELECT {fields} FROM {_where(search, without=field)})"  # noqa: S608 (all of it ours)
            rows = self._connection.execute(
                f"{sql.format(found=found)} ORDER BY n DESC, value LIMIT 50",
                values,
            )
            facets += [Facet(field, row["value"], row["n"]) for row in rows]
        return tuple(facets)


def match(q: str) -> str:
    """A person's words as an FTS5 expression: each one quoted, each one a prefix, all of them required."""
    words = [word for word in q.replace("\0", " ").split() if any(letter.isalnum() for letter in word)]
    return " AND ".join('"' + word.replace('"', '""') + '"*' for word in words[:MOST_WORDS])


def _values(search: Search) -> dict[str, Any]:
    return {
        "words": match(search.q),
        "classification": search.classification,
        "owner": search.owner,
        "tag": search.tag,
        "limit": min(max(search.limit, 1), MOST_RESULTS),
        "offset": min(max(search.offset, 0), FURTHEST),
    }


def _where(search: Search, without: str = "") -> str:
    """FROM and WHERE of a search, with names for the values."""
    conditions = ["live"]
    conditions += [sql for field, sql in _FILTERS.items() if field != without and getattr(search, field)]
    if not match(search.q):
        return f"datasets WHERE {' AND '.join(conditions)}"
    conditions.insert(0, "dataset_words MATCH :words")
    return f"dataset_words JOIN datasets ON datasets.number = dataset_words.rowid WHERE {' AND '.join(conditions)}"
