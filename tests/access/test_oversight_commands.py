"""What the command line says of hidden datasets, long lists, and who holds grants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from jupyter_mlplatform import policy
from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.local import search_index
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.models import GrantState
from jupyter_mlplatform.cli import run
from jupyter_mlplatform.cli.answer import Answer
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.errors import Problem
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import Place, Workspace
from tests.access.store_contract import dataset, grant
from tests.access.world import write_data

Run = Callable[..., Answer]
LAKE = "lake_formation"
FAR = datetime(2999, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def mlplat(tmp_path: Path, policy_file: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Bob has registered weld_guns and a hidden plan; the lake's grant to dora cannot be set up."""
    policy_file.write_text('[access]\nadmins = ["ada"]\nhidden_tags = ["merger"]\n')
    effective = policy.load()
    monkeypatch.chdir(tmp_path)

    def command(person: str, *words: str) -> Answer:
        workspace = Workspace(
            person=person,
            identity_from="the test",
            place=Place.MACHINE,
            name="test",
            shared_dir=tmp_path / "shared",
            local_dir=tmp_path / person,
        )
        answer = run(words, Session(services=lambda: Services(workspace, effective)))
        assert answer is not None
        return answer

    for name, tag in (("weld_guns", "sensor"), ("merger_2030", "merger")):
        write_data(tmp_path / f"{name}.parquet")
        made = command("bob", "data", "register", f"{name}.parquet", "--id", name, "--tag", tag)
        assert made.exit_code == 0
    store = SqliteStore(tmp_path / "shared")
    leg = Leg(
        id=f"g-1/{LAKE}",
        grant_id="g-1",
        dataset_id="lake",
        subject="dora",
        backend=LAKE,
        wanted=True,
        state=LegState.PLANNED,
        version=1,
        due_at=FAR,
        attempts=6,
        note="Not allowed.",
    )
    with store.unit() as unit:
        unit.put_dataset(dataset("lake", owner="eve", backend=LAKE, location="glue://1/d/t"))
        unit.put_grant(
            grant(
                "g-1",
                "dora",
                "lake",
                owner="eve",
                backend=LAKE,
                state=GrantState.FAILED,
                not_before=datetime(2020, 1, 1, tzinfo=timezone.utc),
                not_after=FAR,
            )
        )
        unit.put_leg(leg)
    store.close()
    return command


@pytest.mark.parametrize("words", [("show",), ("request", "--purpose", "reporting"), ("load",), ("retire",)])
def test_a_stranger_cannot_tell_a_hidden_dataset_from_none(mlplat: Run, words: tuple[str, ...]) -> None:
    hidden = mlplat("zoe", "data", words[0], "merger_2030", *words[1:])
    unknown = mlplat("zoe", "data", words[0], "nothing_2030", *words[1:])
    assert isinstance(hidden.data, Problem)
    assert (hidden.exit_code, hidden.data.code) == (4, "access.no_dataset")
    assert hidden.text().replace("merger", "nothing") == unknown.text()
    assert "merger" not in mlplat("zoe", "data", "search", "--tag", "merger").text()


def test_more_than_is_counted_is_said_in_words(mlplat: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "MOST_RANKED", 1)
    assert "1 of more than 1; add words" in mlplat("ada", "data", "search", "bob").text()
    assert "more than" not in mlplat("ada", "data", "search").text()


def test_an_admin_sees_who_holds_grants_with_what_went_wrong(mlplat: Run) -> None:
    said = mlplat("ada", "data", "oversight").text()
    assert "Grants: 1 failed." in said
    assert "Somebody has to look after: 1 failing." in said
    assert "dora" in said
    assert "g-1 (dora): lake_formation: planned after 6 attempts" in " ".join(said.split())
    assert "Nobody holds such a grant." in mlplat("ada", "data", "oversight", "--person", "zoe").text()
    assert "Not allowed." in mlplat("dora", "data", "show", "lake").text()


def test_the_trail_is_looked_through_by_what_happened(mlplat: Run) -> None:
    said = mlplat("bob", "data", "trail", "--action", "dataset", "--limit", "1")
    assert [each.subject for each in said.data.items] == ["merger_2030"]
    assert f"add --before {said.data.older}" in said.text()
    older = mlplat("bob", "data", "trail", "--action", "dataset", "--before", str(said.data.older))
    assert [each.subject for each in older.data.items] == ["weld_guns"]


@pytest.mark.parametrize("command", ["oversight", "trail"])
def test_who_oversees_nothing_is_refused(mlplat: Run, command: str) -> None:
    refused = mlplat("zoe", "data", command)
    assert (refused.exit_code, refused.data.code) == (3, "access.not_overseer")
