"""Hidden datasets: there for the people whom they concern, and for nobody else in any way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlplatform.access.local import schema, search_index, suggestions
from jupyter_mlplatform.access.local.search_index import SearchIndex
from jupyter_mlplatform.access.local.suggestions import Suggestions
from jupyter_mlplatform.access.messages import Comment, Registration, Revocation, Search
from jupyter_mlplatform.access.models import Dataset, RequestState
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.access.visibility import Viewer, viewer, visible
from jupyter_mlplatform.errors import Conflict, NotFound, PlatformError
from jupyter_mlplatform.policy import AccessPolicy
from tests.access.store_contract import dataset, grant, request
from tests.access.world import START, Clock, approval, make_service, new_request, register, write_data

HIDING = AccessPolicy(admins=("ada",), hidden_tags=("merger", "hr"))
STRANGER = Viewer(person="zoe", hidden_tags=HIDING.hidden_tags)
SECRET = {"title": "Merger plan", "tags": ("merger", "plan"), "description": "welding line of the other plant"}


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> AccessService:
    made = make_service(tmp_path / "state", clock, HIDING)
    register(made, write_data(tmp_path / "weld.parquet"), "weld_guns", tags=("plan",))
    register(made, write_data(tmp_path / "secret.parquet"), "merger_2030", **SECRET)
    return made


def everything(service: AccessService, person: str) -> list[Any]:
    """All that a person can ask of the catalogue."""
    pages = [service.search(person, Search(q=q)) for q in ("", "merger", "weld", "plan", "bob")]
    pages += [service.search(person, Search(tag=tag)) for tag in ("merger", "plan")]
    pages += [service.search(person, Search(owner="bob")), service.search(person, Search(limit=1, offset=1))]
    typed = [service.suggest(person, text) for text in ("m", "merger", "plan", "w", "merger plan")]
    return [*pages, *typed, service.dataset_ids(person), service.dataset_ids(person, "merger")]


def is_seen_by(service: AccessService, person: str) -> bool:
    """Whether it is in the catalogue and has a page, which are to agree."""
    found = "merger_2030" in [item.id for item in service.search(person, Search()).items]
    assert found is ("merger_2030" in service.dataset_ids(person))
    assert found is ("merger_2030" in [each.id for each in service.suggest(person, "merg").items])
    try:
        service.dataset(person, "merger_2030")
    except NotFound:
        assert not found
    else:
        assert found
    return found


def refusal(deed: Any, *args: Any) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        deed(*args)
    return caught.value


def test_the_owner_and_admins_see_it_and_strangers_do_not(service: AccessService) -> None:
    assert [person for person in ("bob", "ada", "alice", "zoe") if is_seen_by(service, person)] == ["bob", "ada"]


def test_without_hidden_tags_in_the_policy_everybody_sees_it(tmp_path: Path, clock: Clock) -> None:
    open_to_all = make_service(tmp_path / "state", clock, AccessPolicy())
    register(open_to_all, write_data(tmp_path / "secret.parquet"), "merger_2030", **SECRET)
    assert is_seen_by(open_to_all, "zoe")


def test_a_stranger_is_told_just_what_is_told_of_an_id_that_never_was(service: AccessService) -> None:
    deeds = [
        lambda name: service.dataset("zoe", name),
        lambda name: service.ask("zoe", new_request(dataset_id=name)),
        lambda name: service.retire("zoe", name),
        lambda name: service.load("zoe", name),
        lambda name: service.usable_grant("zoe", name),
    ]
    for deed in deeds:
        hidden, unknown = refusal(deed, "merger_2030").problem, refusal(deed, "nothing_2030").problem
        assert hidden.code == "access.no_dataset"
        assert hidden == msgspec.structs.replace(unknown, message=unknown.message.replace("nothing", "merger"))


def test_a_name_that_is_nearly_right_is_not_corrected_to_it(service: AccessService) -> None:
    assert "merger" not in refusal(service.dataset, "zoe", "merger_203").problem.cause
    assert "merger_2030" in refusal(service.dataset, "bob", "merger_203").problem.cause


def test_a_hidden_dataset_that_was_retired_is_still_none_for_strangers(service: AccessService) -> None:
    service.retire("bob", "merger_2030")
    assert refusal(service.dataset, "zoe", "merger_2030").problem.cause == ""
    assert "retired" in refusal(service.dataset, "bob", "merger_2030").problem.cause


def test_an_open_request_of_a_person_shows_it_and_its_end_hides_it_again(service: AccessService) -> None:
    service.ask("ada", new_request("1", dataset_id="merger_2030", beneficiary="alice"))
    assert is_seen_by(service, "alice")
    mine = service.ask("alice", new_request("2", dataset_id="merger_2030"))
    theirs = service.requests("ada").items[0]
    service.withdraw("ada", theirs.id, Comment())
    assert is_seen_by(service, "alice")
    service.withdraw("alice", mine.id, Comment())
    assert not is_seen_by(service, "alice")


def test_a_grant_shows_it_until_its_end_and_no_longer(service: AccessService, clock: Clock) -> None:
    made = service.ask("ada", new_request("1", dataset_id="merger_2030", beneficiary="alice"))
    service.decide("bob", made.id, approval())
    assert is_seen_by(service, "alice")
    assert not is_seen_by(service, "zoe")
    clock.forward(days=30)
    assert not is_seen_by(service, "alice")


def test_a_revoked_grant_hides_it_at_once(service: AccessService) -> None:
    made = service.ask("ada", new_request("1", dataset_id="merger_2030", beneficiary="alice"))
    decided = service.decide("bob", made.id, approval())
    service.revoke("bob", decided.grant_id or "", Revocation())
    assert not is_seen_by(service, "alice")


def test_a_dataset_hides_and_shows_itself_with_its_tags(service: AccessService, tmp_path: Path) -> None:
    path = tmp_path / "weld.parquet"
    assert "weld_guns" in service.dataset_ids("zoe")
    service.register("bob", path, Registration(id="weld_guns", tags=("hr",)))
    assert service.dataset_ids("zoe") == ()
    service.register("bob", path, Registration(id="weld_guns", tags=("plan",)))
    assert "weld_guns" in service.dataset_ids("zoe")


def test_its_id_is_taken_and_nothing_more_is_said_of_it(service: AccessService, tmp_path: Path) -> None:
    own = write_data(tmp_path / "own.parquet")
    error = refusal(service.register, "zoe", own, Registration(id="merger_2030"))
    assert isinstance(error, Conflict)
    assert "bob" not in str(error) + error.problem.cause + error.problem.next_step
    error = refusal(service.register, "zoe", tmp_path / "secret.parquet", Registration(id="mine"))
    assert isinstance(error, Conflict)
    assert not [
        word for word in ("bob", "merger") if word in str(error) + error.problem.cause + error.problem.next_step
    ]


def test_what_is_wrong_with_it_in_a_catalogue_file_is_for_admins_alone(tmp_path: Path, clock: Clock) -> None:
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text('[[dataset]]\nid = "merger_x"\nowner = "bob"\npath = "gone.parquet"\ntags = ["merger"]\n')
    made = make_service(tmp_path / "state", clock, HIDING, (catalogue,))
    assert len(made.search("ada", Search()).problems) == 1
    assert made.search("zoe", Search()).problems == ()
    assert refusal(made.dataset, "zoe", "merger_x").problem.cause == ""


def test_the_rule_by_person_tag_request_and_grant() -> None:
    secret, plain = dataset("secret", tags=("hr",)), dataset("plain", tags=("plan",))
    nobody = viewer("zoe", HIDING, (), (), (), START)
    assert nobody == STRANGER
    assert (visible(plain, nobody), visible(secret, nobody), visible(secret, None)) == (True, False, True)
    assert viewer("ada", HIDING, (), (), (), START) is None
    asked = viewer("alice", HIDING, [request(dataset_id="secret")], (), (), START)
    closed = viewer("alice", HIDING, [request(dataset_id="secret", state=RequestState.VOID)], (), (), START)
    assert (visible(secret, asked), visible(secret, closed)) == (True, False)
    held = grant(dataset_id="secret")
    for moment, seen in (
        (held.not_before, True),
        (held.not_after - timedelta(seconds=1), True),
        (held.not_after, False),
    ):
        assert visible(secret, viewer("alice", HIDING, (), [held], (), moment)) is seen
    assert not visible(secret, viewer("zoe", HIDING, [request(dataset_id="secret")], [held], (), START))


# The same with and without: random catalogues

WORDS = st.sampled_from(("weld", "welding", "paint", "plan", "merger", "sensor", "x"))
TAGS = st.lists(st.sampled_from(("plan", "sensor", "merger", "hr")), max_size=2, unique=True).map(tuple)
CATALOGUES = st.lists(
    st.builds(
        lambda title, about, owner, tags, level: {
            "title": " ".join(title),
            "description": " ".join(about),
            "owner": owner,
            "tags": tags,
            "classification": level,
        },
        st.lists(WORDS, min_size=1, max_size=3),
        st.lists(WORDS, max_size=4),
        st.sampled_from(("bob", "eve", "zoe")),
        TAGS,
        st.sampled_from(("internal", "restricted")),
    ),
    max_size=12,
)
QUERIES = ("", "weld", "welding", "plan", "merger", "weld plan", "sensor x", "bob")


@cache
def empty_index() -> sqlite3.Connection:
    """Copied for each catalogue, which is quicker than making the tables each time."""
    made = sqlite3.connect(":memory:")
    for script in schema.MIGRATIONS:
        made.executescript(script)
    return made


@contextmanager
def index_of(found: list[Dataset]) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        empty_index().backup(connection)
        for each in found:
            connection.execute(
                "INSERT INTO datasets (id, owner, classification, live, body) VALUES (?, ?, ?, 1, ?)",
                (each.id, each.owner, each.classification, msgspec.json.encode(each).decode()),
            )
            SearchIndex(connection).put(each)
            Suggestions(connection).put(each)
        yield connection


def answers(found: list[Dataset], by: Viewer | None) -> list[Any]:
    """Everything that the index answers."""
    narrowed = [Search(q=q, limit=5) for q in QUERIES]
    narrowed += [Search(q=q, tag=tag, limit=3, offset=1) for q in ("", "weld") for tag in ("plan", "merger")]
    narrowed += [Search(owner="bob"), Search(classification="restricted")]
    with index_of(found) as connection:
        index, typing = SearchIndex(connection, by), Suggestions(connection, by)
        said: list[Any] = [(index.page(search), index.facets(search)) for search in narrowed]
        said += [typing.suggest(text, 3) for text in ("w", "weld", "plan", "merger w", "weld plan", "set")]
        return [*said, typing.ids(""), typing.ids("set_1", 2)]


@given(CATALOGUES, st.sets(st.integers(0, 11), max_size=3), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_viewers_answers_are_the_same_with_and_without_what_they_do_not_see(
    drawn: list[dict[str, Any]], concerned: set[int], bounded: bool
) -> None:
    found = [dataset(f"set_{number}", **each) for number, each in enumerate(drawn)]
    by = msgspec.structs.replace(STRANGER, concerned=tuple(f"set_{number}" for number in sorted(concerned)))
    with pytest.MonkeyPatch.context() as patch:
        if bounded:  # the bounds of large catalogues, so near that they are met
            patch.setattr(search_index, "MOST_RANKED", 3)
            patch.setattr(search_index, "MOST_COUNTED", 4)
            patch.setattr(suggestions, "MOST_LOOKED_AT", 3)
        assert answers(found, by) == answers([each for each in found if visible(each, by)], by)


def test_how_frequent_a_word_is_among_hidden_datasets_does_not_turn_the_order_of_suggestions() -> None:
    """The rarest word leads; it is another one when hidden datasets are counted."""
    seen = [dataset("first", title="weld planning"), dataset("second", title="weld plan")]
    hidden = [dataset(f"secret_{number}", title="weld", tags=("hr",)) for number in range(3)]
    with index_of([*seen, *hidden]) as with_them, index_of(seen) as without:
        said = [Suggestions(each, STRANGER).suggest("weld pl") for each in (with_them, without)]
        assert [found for found, _ in said[0]] == [found for found, _ in said[1]] == ["first", "second"]


def test_a_service_answers_a_stranger_the_same_with_and_without_hidden_datasets(
    service: AccessService, tmp_path: Path, clock: Clock
) -> None:
    without = make_service(tmp_path / "other", clock, HIDING)
    register(without, tmp_path / "weld.parquet", "weld_guns", tags=("plan",))
    assert everything(service, "zoe") == everything(without, "zoe")
    assert everything(service, "bob") != everything(without, "bob")
