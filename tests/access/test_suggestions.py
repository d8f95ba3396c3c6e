"""What is suggested while a person types."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest

from jupyter_mlplatform.access.local import schema, suggestions
from jupyter_mlplatform.access.local.search_index import SearchIndex
from jupyter_mlplatform.access.local.suggestions import Suggestions
from jupyter_mlplatform.access.models import Dataset
from tests.access.world import START

TITLES = {
    "weld_guns": "Welding gun sensors",
    "weld_spots": "Spot welds",
    "paint": "Größe of the welding line",
    "staff": "Schichtpläne",
}


def dataset(dataset_id: str, title: str, live: bool = True) -> Dataset:
    return Dataset(id=dataset_id, title=title, owner="bob", location="/x", registered_at=START, live=live)


def put(connection: sqlite3.Connection, each: Dataset) -> None:
    connection.execute(
        "INSERT INTO datasets (id, owner, classification, live, body) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET live = excluded.live, body = excluded.body",
        (each.id, each.owner, each.classification, each.live, msgspec.json.encode(each).decode()),
    )
    SearchIndex(connection).put(each)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A catalogue that was filled before there were suggestions, and then brought up to date."""
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.row_factory = sqlite3.Row
        for script in schema.MIGRATIONS:
            if script != suggestions.MIGRATION:
                opened.executescript(script)
        for dataset_id, title in TITLES.items():
            put(opened, dataset(dataset_id, title))
        opened.executescript(suggestions.MIGRATION)
        yield opened


def ids(connection: sqlite3.Connection, text: str, most: int = 20) -> list[str]:
    return [found for found, _ in Suggestions(connection).suggest(text, most)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("w", ["weld_guns", "weld_spots", "paint"]),
        ("weld_g", ["weld_guns"]),
        ("Weld", ["weld_guns", "weld_spots", "paint"]),
        ("SPOT", ["weld_spots"]),
        ("größe", ["paint"]),
        ("grosse", []),
        ("schichtplane", ["staff"]),
        ("welding s", ["weld_guns"]),
        ("line welding", ["paint"]),
        ("weldin s", []),
        ("", []),
        ("   ", []),
        ("***", []),
        ("%", []),
        ("' OR 1=1 --", []),
        ("\0", []),
    ],
)
def test_ids_that_begin_so_come_first_then_words_of_titles(
    connection: sqlite3.Connection, text: str, found: list[str]
) -> None:
    assert ids(connection, text) == found


def test_no_more_are_given_than_asked_for(connection: sqlite3.Connection) -> None:
    assert ids(connection, "w", 2) == ["weld_guns", "weld_spots"]


def test_titles_come_with_the_ids(connection: sqlite3.Connection) -> None:
    assert Suggestions(connection).suggest("schicht") == (("staff", "Schichtpläne"),)


def test_a_new_title_is_suggested_in_the_place_of_the_old_one(connection: sqlite3.Connection) -> None:
    again = dataset("staff", "Rosters")
    put(connection, again)
    Suggestions(connection).put(again)
    assert (ids(connection, "schicht"), ids(connection, "rost")) == ([], ["staff"])


def test_a_retired_dataset_is_not_suggested(connection: sqlite3.Connection) -> None:
    gone = dataset("weld_guns", TITLES["weld_guns"], live=False)
    put(connection, gone)
    Suggestions(connection).put(gone)
    assert (ids(connection, "weld_g"), ids(connection, "sensors")) == ([], [])
    assert Suggestions(connection).ids("weld") == ("weld_spots",)


def test_many_words_and_long_ones_are_bounded(connection: sqlite3.Connection) -> None:
    assert ids(connection, "welding " * 500) == ["weld_guns", "paint"]
    assert ids(connection, "x" * 100_000) == []


def test_ids_begin_exactly_so(connection: sqlite3.Connection) -> None:
    assert Suggestions(connection).ids("") == ("paint", "staff", "weld_guns", "weld_spots")
    assert Suggestions(connection).ids("weld_") == ("weld_guns", "weld_spots")
    assert Suggestions(connection).ids("Weld") == ()
    assert Suggestions(connection).ids("", 1) == ("paint",)
