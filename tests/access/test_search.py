"""Search: ranked, by the beginnings of words, with facets, and safe whatever is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlplatform.access.local import search_index
from jupyter_mlplatform.access.messages import Registration, Search
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.service import AccessService
from tests.access.world import Clock, approval, make_service, new_request, register, write_data


@pytest.fixture
def catalogue(tmp_path: Path, clock: Clock) -> AccessService:
    service = make_service(tmp_path / "state", clock)
    for dataset_id, said in {
        "weld_guns": {"title": "Welding gun sensors", "tags": ("sensor", "body-shop")},
        "paint_booth": {"title": "Paint booth climate", "tags": ("sensor",), "description": "near the welding line"},
        "staff": {"title": "Schichtpläne Größe", "classification": "restricted", "tags": ("personal",)},
    }.items():
        register(service, write_data(tmp_path / f"{dataset_id}.parquet"), dataset_id, **said)
    return service


def ids(service: AccessService, q: str = "", **narrow: object) -> list[str]:
    return [item.id for item in service.search("alice", Search(q=q, **narrow)).items]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", ["paint_booth", "staff", "weld_guns"]),
        ("weld", ["weld_guns", "paint_booth"]),
        ("WELDING sensors", ["weld_guns"]),
        ("weld_guns", ["weld_guns"]),
        ("body-sh", ["weld_guns"]),
        ("schicht forc", ["staff"]),
        ("schichtplane", ["staff"]),
        ("nothing", []),
        ("weld nothing", []),
    ],
)
def test_all_words_must_begin_a_word_and_titles_count_more_than_descriptions(
    catalogue: AccessService, q: str, found: list[str]
) -> None:
    assert ids(catalogue, q) == found


@pytest.mark.parametrize(
    "q", ['"', "*", "weld*", "NEAR(", "a OR b", "title:weld", "-", "'; DROP TABLE x", "\0", "(" * 300]
)
def test_no_word_of_a_person_is_ever_an_expression(catalogue: AccessService, q: str) -> None:
    assert set(ids(catalogue, q)) <= {"weld_guns", "paint_booth"}
    assert ids(catalogue) == ["paint_booth", "staff", "weld_guns"]


def test_only_signs_find_nothing_rather_than_everything(catalogue: AccessService) -> None:
    page = catalogue.search("alice", Search(q="*** ---"))
    assert (page.items, page.total, page.facets) == ((), 0, ())


def test_filters_narrow_and_facets_count_without_their_own_filter(catalogue: AccessService) -> None:
    assert ids(catalogue, tag="sensor") == ["paint_booth", "weld_guns"]
    assert ids(catalogue, "weld", tag="body-shop", owner="bob", classification="confidential") == ["weld_guns"]
    assert ids(catalogue, owner="carol") == []
    page = catalogue.search("alice", Search(tag="body-shop"))
    counts = {(facet.field, facet.value): facet.count for facet in page.facets}
    assert counts == {
        ("classification", "confidential"): 1,
        ("tag", "sensor"): 2,
        ("tag", "body-shop"): 1,
        ("tag", "personal"): 1,
        ("owner", "bob"): 1,
    }


def test_pages_follow_each_other_and_a_limit_is_kept_in_bounds(catalogue: AccessService) -> None:
    assert ids(catalogue, limit=2) == ["paint_booth", "staff"]
    assert ids(catalogue, limit=2, offset=2) == ["weld_guns"]
    assert catalogue.search("alice", Search(limit=1)).total == 3
    assert len(ids(catalogue, limit=-4, offset=-4)) == 1


def test_each_result_says_what_access_the_person_has(catalogue: AccessService) -> None:
    catalogue.ask("alice", new_request("1", dataset_id="paint_booth"))
    made = catalogue.ask("alice", new_request("2"))
    catalogue.decide("bob", made.id, approval())
    page = catalogue.search("alice", Search())
    assert {item.id: item.access for item in page.items} == {
        "paint_booth": "requested",
        "weld_guns": "granted",
        "staff": "none",
    }
    assert {item.access for item in catalogue.search("bob", Search()).items} == {"owner"}


def test_registering_again_is_found_under_the_new_words_only(catalogue: AccessService, tmp_path: Path) -> None:
    columns = (Column("force", description="Zangenkraft"),)
    path = write_data(tmp_path / "weld_guns.parquet", rows=9)
    catalogue.register("bob", path, Registration(id="weld_guns", title="Spot robots", columns=columns))
    assert ids(catalogue, "gun sensors") == []
    assert ids(catalogue, "robots") == ids(catalogue, "zangen") == ["weld_guns"]


def test_a_retired_dataset_is_not_found(catalogue: AccessService) -> None:
    catalogue.retire("bob", "weld_guns")
    assert ids(catalogue) == ["paint_booth", "staff"]
    assert catalogue.dataset_ids("alice") == ("paint_booth", "staff")


def test_a_word_that_stands_everywhere_is_counted_to_a_bound_and_names_come_first(
    catalogue: AccessService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "MOST_RANKED", 3)
    for number in range(4):
        said = {"title": f"Plan {number}", "description": "welding", "tags": ("plan",)}
        register(catalogue, write_data(tmp_path / f"plan{number}.parquet"), f"plan{number}", **said)
    register(catalogue, write_data(tmp_path / "last.parquet"), "last", title="All welding")
    page = catalogue.search("alice", Search(q="weld"))
    assert (page.total, page.capped) == (3, True)
    assert [item.id for item in page.items] == ["weld_guns", "last", "paint_booth"]
    assert sum(facet.count for facet in page.facets if facet.field == "owner") == 3
    assert ids(catalogue, "weld", limit=1, offset=1) == ["last"]
    assert ids(catalogue, "weld", offset=3) == []
    few = catalogue.search("alice", Search(q="sensor"))
    assert (few.total, few.capped) == (2, False)
    assert catalogue.search("alice", Search(q="weld", tag="plan")).capped
    assert (catalogue.search("alice", Search()).total, catalogue.search("alice", Search()).capped) == (8, False)
    assert ids(catalogue, "weld", tag="body-shop") == ["weld_guns"]


def test_facets_of_a_search_are_those_of_what_is_found(catalogue: AccessService) -> None:
    page = catalogue.search("alice", Search(q="weld", tag="body-shop"))
    assert [(facet.field, facet.value, facet.count) for facet in page.facets] == [
        ("classification", "confidential", 1),
        ("tag", "sensor", 2),
        ("tag", "body-shop", 1),
        ("owner", "bob", 1),
    ]


def test_what_a_person_may_not_see_is_in_no_page_count_or_facet(
    catalogue: AccessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shape of the question only: whoever hides datasets adds a condition to this list."""
    monkeypatch.setattr(search_index, "_SEEN", ("datasets.live", "datasets.classification <> 'restricted'"))
    for q in ("", "worker", "schicht"):
        page = catalogue.search("alice", Search(q=q))
        assert "staff" not in [item.id for item in page.items]
        assert page.total == len(page.items)
        assert not [facet for facet in page.facets if facet.value in ("restricted", "personal")]
