"""Full-text search with facets in SQLite (FTS5), exact up to many thousand matches and quick beyond.

A word that stands in half of a large catalogue says nothing about what is looked for, and ranking half of the catalogue
takes long. So more than ``MOST_RANKED`` matches are counted to there only, and those that have the words in their id or
title come first, unranked. Facets of the whole catalogue are counted in its first ``MOST_COUNTED`` datasets.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from jupyter_mlplatform.access.local import seen
from jupyter_mlplatform.access.messages import Facet, Search
from jupyter_mlplatform.access.models import Dataset
from jupyter_mlplatform.access.visibility import Viewer

MOST_WORDS = 12
MOST_RESULTS = 200
MOST_FACETS = 50
FURTHEST = 10_000_000
MOST_RANKED = 5_000
"""Where words are looked for, nothing is counted further than this."""
MOST_COUNTED = 20_000
# How much a word counts in: id, title, tags, columns, description, owner.
_WEIGHTS = "8.0, 10.0, 6.0, 4.0, 2.0, 1.0"
_FILTERS = {
    "classification": "datasets.classification = :classification",
    "owner": "datasets.owner = :owner",
    "tag": "datasets.number IN (SELECT number FROM dataset_tags WHERE tag = :tag)",
}
# Whoever may not see a dataset must not find it: one more condition here is one more everywhere (what a viewer does
# not see is in ``seen``). Its column has to be in the index, too, which holds all that is asked of a dataset before it
# is shown.
_SEEN = ("datasets.live",)
_FACETS = {
    "classification": "SELECT 'classification' AS field, classification AS value, count(*) AS n "
    "FROM found GROUP BY value",
    "tag": "SELECT 'tag' AS field, tag AS value, count(*) AS n "
    "FROM found CROSS JOIN dataset_tags USING (number) GROUP BY value",
    "owner": "SELECT 'owner' AS field, owner AS value, count(*) AS n FROM found GROUP BY value",
}
_BY_FREQUENCY = f"bm25(dataset_words, {_WEIGHTS})"
# How rare a word is tells of datasets that a viewer does not see, and bm25 weighs by just that. So for them, those that
# are called so come first, then those whose tags and columns say so.
_BY_PLACE = (
    "(datasets.number NOT IN (SELECT rowid FROM dataset_words WHERE dataset_words MATCH :called)), "
    "(datasets.number NOT IN (SELECT rowid FROM dataset_words WHERE dataset_words MATCH :described))"
)


class SearchIndex:
    """The index, through one connection, as one viewer sees it (None: all of it).

    No text of a person ever becomes part of a statement.
    """

    def __init__(self, connection: sqlite3.Connection, viewer: Viewer | None = None) -> None:
        self._connection = connection
        self._viewer = viewer
        # Of itself SQLite would look into the table, where each row lies far from the next.
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'datasets_by_number'").fetchone()
        self._datasets = "datasets INDEXED BY datasets_by_number" if known else "datasets"

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

    def page(self, search: Search) -> tuple[list[str], int, bool]:
        """The bodies of one page, best match first (by id when nothing is looked for), the total, and whether there
        are more than that.

        See :data:`MOST_RANKED` for a total that is not counted to its end.
        """
        values = self._values(search)
        if not values["words"]:
            return ([], 0, False) if search.q.strip() else (*self._browse(search, values), False)
        found = self._matching(search)
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {found} LIMIT {MOST_RANKED + 1})"  # noqa: S608 (all of it ours)
        total = int(self._connection.execute(sql, values).fetchone()[0])
        if total > MOST_RANKED:
            return self._bodies(self._unranked(search, values)), MOST_RANKED, True
        score = _BY_FREQUENCY if self._viewer is None else _BY_PLACE
        page = self._connection.execute(
            f"SELECT datasets.number FROM {found} "  # noqa: S608
            f"ORDER BY {score}, datasets.id LIMIT :limit OFFSET :offset",
            {**values, "called": _within("id title", values), "described": _within("id title tags columns", values)},
        )
        return self._bodies([row[0] for row in page]), total, False

    def facets(self, search: Search) -> tuple[Facet, ...]:
        """See :class:`~jupyter_mlplatform.access.models.SearchPage`; the most frequent values first."""
        values = self._values(search)
        if not values["words"] and search.q.strip():
            return ()
        most = MOST_RANKED if values["words"] else MOST_COUNTED
        asked: dict[str, list[str]] = {}
        for field in _FACETS:
            # Fields without a filter are counted in the same datasets, which SQLite 3.35 and later looks for once.
            asked.setdefault(self._matching(search, without=field), []).append(field)
        found: dict[str, list[Facet]] = {}
        for source, fields in asked.items():
            counts = " UNION ALL ".join(_FACETS[field] for field in fields)
            rows = self._connection.execute(
                "WITH found AS (SELECT datasets.number, datasets.owner, datasets.classification "  # noqa: S608
                f"FROM {source} LIMIT {most}) SELECT * FROM ({counts}) ORDER BY n DESC, value",
                values,
            )
            for row in rows:
                found.setdefault(row["field"], []).append(Facet(row["field"], row["value"], row["n"]))
        return tuple(facet for field in _FACETS for facet in found.get(field, ())[:MOST_FACETS])

    def _browse(self, search: Search, values: dict[str, Any]) -> tuple[list[str], int]:
        found = self._connection.execute(
            f"SELECT body FROM datasets WHERE {self._conditions(search)} "  # noqa: S608 (all of it ours)
            "ORDER BY datasets.id LIMIT :limit OFFSET :offset",
            values,
        )
        total = self._connection.execute(f"SELECT count(*) FROM {self._matching(search)}", values)  # noqa: S608
        return [row["body"] for row in found], int(total.fetchone()[0])

    def _unranked(self, search: Search, values: dict[str, Any]) -> list[int]:
        """One page of too many: first those that are called so, each in the order in which they were registered."""
        numbers: dict[int, None] = {}
        end = min(values["offset"] + values["limit"], MOST_RANKED)
        for words in (_within("id title", values), values["words"]):
            if len(numbers) < end:
                found = self._connection.execute(
                    f"SELECT datasets.number FROM {self._matching(search)} LIMIT {MOST_RANKED}",  # noqa: S608
                    {**values, "words": words},
                )
                numbers |= dict.fromkeys(row[0] for row in found)
        return list(numbers)[values["offset"] : end]

    def _bodies(self, numbers: list[int]) -> list[str]:
        marks = ", ".join("?" * len(numbers))
        rows = self._connection.execute(f"SELECT number, body FROM datasets WHERE number IN ({marks})", numbers)  # noqa: S608
        bodies = {row["number"]: row["body"] for row in rows}
        return [bodies[number] for number in numbers if number in bodies]

    def _matching(self, search: Search, without: str = "") -> str:
        """FROM and WHERE of a search, with names for the values."""
        conditions = self._conditions(search, without)
        if not match(search.q):
            return f"{self._datasets} WHERE {conditions}"
        return f"dataset_words CROSS JOIN {self._datasets} ON datasets.number = dataset_words.rowid WHERE {conditions}"

    def _conditions(self, search: Search, without: str = "") -> str:
        """The conditions of a search, with names for the values."""
        conditions = ["dataset_words MATCH :words"] if match(search.q) else []
        conditions += _SEEN
        conditions += [seen.condition(self._viewer, "datasets.number")] if self._viewer else []
        conditions += [sql for field, sql in _FILTERS.items() if field != without and getattr(search, field)]
        return " AND ".join(conditions)

    def _values(self, search: Search) -> dict[str, Any]:
        return {
            "words": match(search.q),
            "classification": search.classification,
            "owner": search.owner,
            "tag": search.tag,
            "limit": min(max(search.limit, 1), MOST_RESULTS),
            "offset": min(max(search.offset, 0), FURTHEST),
            **seen.values(self._viewer),
        }


def match(q: str) -> str:
    """A person's words as an FTS5 expression: each one quoted, each one a prefix, all of them required."""
    words = [word for word in q.replace("\0", " ").split() if any(letter.isalnum() for letter in word)]
    return " AND ".join('"' + word.replace('"', '""') + '"*' for word in words[:MOST_WORDS])


def _within(columns: str, values: dict[str, Any]) -> str:
    """The words, all of them in some of these columns."""
    return f"{{{columns}}} : ({values['words']})"
