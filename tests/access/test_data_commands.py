"""``mlplat data`` and ``mlplat audit``, run as the command line and the magic run them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest
from IPython.core.interactiveshell import InteractiveShell

from jupyter_mlplatform import magics, policy
from jupyter_mlplatform.access import audit
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.cli import run, session
from jupyter_mlplatform.cli.answer import Answer
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.errors import Problem
from jupyter_mlplatform.wiring import Services
from jupyter_mlplatform.workspace import Place, Workspace
from tests.access.world import write_data

Run = Callable[..., Answer]


@pytest.fixture
def services_of(tmp_path: Path, policy_file: Path) -> Callable[[str], Services]:
    """The wired features of a person; all people share one state."""
    policy_file.write_text('[access]\nadmins = ["ada"]\n')
    effective = policy.load()

    def services(person: str) -> Services:
        workspace = Workspace(
            person=person,
            identity_from="the test",
            place=Place.MACHINE,
            name="test",
            shared_dir=tmp_path / "shared",
            local_dir=tmp_path / person,
        )
        return Services(workspace, effective)

    return services


@pytest.fixture
def mlplat(services_of: Callable[[str], Services], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``mlplat("alice", "data", "load", "weld_guns")`` in a folder that holds weld.parquet, registered by bob."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path / "weld.parquet")

    def command(person: str, *words: str, notebook: bool = False) -> Answer:
        answer = run(words, Session(notebook=notebook, services=lambda: services_of(person)))
        assert answer is not None
        json.loads(answer.json())
        return answer

    title = ("--title", "Welding guns", "--classification", "confidential", "--tag", "sensor")
    assert command("bob", "data", "register", "weld.parquet", "--id", "weld_guns", *title).exit_code == 0
    return command


def ask(mlplat: Run, *words: str) -> Any:
    return mlplat("alice", "data", "request", "weld_guns", "--purpose", "model-training", *words).data


def test_the_story_from_search_to_the_end(mlplat: Run) -> None:
    found = mlplat("alice", "data", "search", "weld")
    assert "weld_guns" in found.text()
    assert "mlplat data request weld_guns" in mlplat("alice", "data", "show", "weld_guns").text()
    request = ask(mlplat, "--columns", "gun_id, force", "--days", "30", "--reason", "find faults")
    assert request.scope.columns == ("gun_id", "force")
    assert request.id in mlplat("bob", "data", "requests", "--inbox").text()
    assert (
        "may use 1 columns of weld_guns for 30 days"
        in mlplat("bob", "data", "approve", request.id, "--columns", "force").text()
    )
    loaded = mlplat("alice", "load", "weld_guns")
    assert "weld_guns: 3 rows × 1 columns, until" in loaded.text()
    assert loaded.data["columns"] == ["force"]
    (grant,) = mlplat("alice", "data", "grants").data.items
    assert grant.id in mlplat("bob", "data", "grants", "--owned").text()
    mlplat("bob", "data", "revoke", grant.id, "--reason", "done")
    refused = mlplat("alice", "data", "load", "weld_guns")
    assert (refused.exit_code, refused.data.code) == (3, "access.ended")


def test_status_tells_what_one_may_use_waits_for_and_has_to_decide(mlplat: Run) -> None:
    assert "asked for nothing, and nothing waits" in mlplat("alice", "data", "status").text()
    request = ask(mlplat, "--days", "30")
    told = mlplat("alice", "data", "status").text()
    assert all(each in told for each in ("weld_guns", "bob", request.id))
    assert "1 request waits for your decision" in mlplat("bob", "data", "status").text()
    mlplat("bob", "data", "ask-changes", request.id, "--reason", "why?")
    assert "you: a change was asked for" in mlplat("alice", "data", "status").text()
    request = ask(mlplat, "--days", "20")
    mlplat("bob", "data", "approve", request.id)
    after = mlplat("alice", "data", "status")
    assert "may use it" in after.text()
    assert (len(after.data["grants"]), after.data["requests"]) == (1, [])
    mlplat("bob", "data", "revoke", after.data["grants"][0].id)
    assert "asked for nothing, and nothing waits" in mlplat("alice", "data", "status").text()


def test_a_backup_is_the_state_of_one_instant_and_verifies(
    mlplat: Run, services_of: Callable[[str], Services], tmp_path: Path
) -> None:
    ask(mlplat)
    made = mlplat("bob", "workspace", "backup", "saved")
    assert (made.exit_code, list(made.data["files"])) == (0, ["access.db"])
    ask(mlplat, "--days", "3")
    copied = SqliteStore(tmp_path / "saved")
    assert copied.last_seq() == SqliteStore(tmp_path / "shared").last_seq() - 1
    events, anchor, state = copied.trail()
    trail = list(events)
    assert audit.verify(trail, anchor).intact
    assert list(audit.differences(audit.replay(trail), state)) == []
    assert sorted(each.name for each in (tmp_path / "saved").iterdir())[:2] == ["access.anchor", "access.db"]
    again = mlplat("bob", "workspace", "backup", "saved")
    assert (again.exit_code, again.data.code) == (5, "workspace.folder_exists")


def test_a_backup_that_fails_leaves_nothing_behind(mlplat: Run, tmp_path: Path) -> None:
    ask(mlplat)
    (tmp_path / "shared" / "broken.db").write_bytes(b"no database" * 1000)
    refused = mlplat("bob", "workspace", "backup", "saved")
    assert (refused.exit_code, refused.data.code) == (6, "state.not_copied")
    assert not (tmp_path / "saved").exists()
    (tmp_path / "shared" / "broken.db").unlink()
    assert mlplat("bob", "workspace", "backup", "saved").exit_code == 0


def test_asking_again_gives_the_open_request_with_a_note(mlplat: Run) -> None:
    first = ask(mlplat)
    again = mlplat("alice", "data", "request", "weld_guns", "--purpose", "model-training")
    assert (again.data.id, "asked for this already" in again.text()) == (first.id, True)
    changed = mlplat("alice", "data", "request", "weld_guns", "--purpose", "reporting", "--days", "5")
    assert (changed.data.id, "now revision 2" in changed.text()) == (first.id, True)


@pytest.mark.parametrize(
    ("person", "words", "exit_code", "code"),
    [
        ("alice", ("data", "load", "weld_guns"), 3, "access.not_granted"),
        ("alice", ("data", "load", "weld_gun"), 4, "access.no_dataset"),
        ("alice", ("data", "show", "nothing"), 4, "access.no_dataset"),
        ("alice", ("data", "request", "weld_guns", "--purpose", "fun"), 2, "access.invalid_purpose"),
        ("alice", ("data", "request", "weld_guns", "--purpose", "incident", "--days", "x"), 2, "cli.usage"),
        ("alice", ("data", "request", "weld_guns", "--purpose", "incident", "--days", "999"), 2, "access.invalid_days"),
        ("alice", ("data", "request", "weld_guns"), 2, "cli.usage"),
        ("bob", ("data", "approve", "r-0"), 4, "access.no_request"),
        ("bob", ("data", "reject", "r-0"), 2, "cli.usage"),
        ("bob", ("data", "revoke", "g-0"), 4, "access.no_grant"),
        ("bob", ("data", "register", "gone.parquet", "--id", "x"), 4, "access.no_file"),
        ("bob", ("data", "register", "weld.parquet", "--id", "Not An Id"), 2, "access.invalid_id"),
        ("bob", ("data", "load", "weld_guns", "--output", "out.xlsx"), 2, "access.unknown_format"),
        ("carol", ("data", "retire", "weld_guns"), 3, "access.not_owner"),
    ],
)
def test_what_goes_wrong_is_a_problem_with_an_exit_code(
    mlplat: Run, person: str, words: tuple[str, ...], exit_code: int, code: str
) -> None:
    answer = mlplat(person, *words)
    assert isinstance(answer.data, Problem)
    assert (answer.exit_code, answer.data.code) == (exit_code, code)
    assert answer.data.message


@pytest.mark.parametrize("verb", [("approve",), ("reject", "--reason", "x"), ("ask-changes", "--reason", "x")])
def test_nobody_decides_on_an_own_request_on_the_command_line(mlplat: Run, verb: tuple[str, ...]) -> None:
    request = ask(mlplat)
    answer = mlplat("alice", "data", verb[0], request.id, *verb[1:])
    assert (answer.exit_code, answer.data.code) == (3, "access.four_eyes")
    assert answer.text().splitlines() == [
        "You cannot decide on your own request.",
        "Another person has to look at it.",
        "→ Ask bob or ada.",
    ]


def test_nobody_decides_on_an_own_request_with_the_magic(
    mlplat: Run, services_of: Callable[[str], Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    class AlicesSession(Session):
        def __init__(self, **given: Any) -> None:
            super().__init__(services=lambda: services_of("alice"), **given)

    request = ask(mlplat)
    monkeypatch.setattr(session, "Session", AlicesSession)
    with pytest.raises(magics.MagicFailed) as caught:
        magics.PlatformMagics(InteractiveShell()).mlplat(f"data approve {request.id}")
    assert caught.value.answer.data.code == "access.four_eyes"


def test_other_decisions_and_withdrawing(mlplat: Run) -> None:
    request = ask(mlplat)
    assert "asked to change" in mlplat("bob", "data", "ask-changes", request.id, "--reason", "shorter").text()
    assert ask(mlplat, "--days", "3").revision == 2
    stale = mlplat("bob", "data", "approve", request.id, "--revision", "1")
    assert stale.data.code == "access.revision_changed"
    assert "is rejected" in mlplat("bob", "data", "reject", request.id, "--reason", "no").text()
    request = ask(mlplat)
    assert "is withdrawn" in mlplat("alice", "data", "withdraw", request.id).text()
    assert "Nothing waits for you." in mlplat("bob", "data", "requests", "--inbox").text()


def test_in_a_notebook_data_is_a_data_frame_and_one_line(mlplat: Run) -> None:
    answer = mlplat("bob", "data", "load", "weld_guns", "--columns", "gun_id,force", notebook=True)
    assert isinstance(answer.result, pandas.DataFrame)
    assert list(answer.result.columns) == ["gun_id", "force"]
    assert answer.text() == "weld_guns: 3 rows × 2 columns, your own."


def test_without_pandas_the_notebook_says_what_to_do(mlplat: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    answer = mlplat("bob", "data", "load", "weld_guns", notebook=True)
    assert answer.data.code == "access.no_pandas"


@pytest.mark.parametrize("name", ["out.parquet", "sub/out.csv"])
def test_data_can_be_written_to_a_file(mlplat: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    answer = mlplat("bob", "data", "load", "weld_guns", "--output", name)
    assert f"Written to {name}." in answer.text()
    read = pandas.read_parquet if name.endswith("parquet") else pandas.read_csv
    assert read(tmp_path / name).shape == (3, 3)


@pytest.fixture
def loads(mlplat: Run, services_of: Callable[[str], Services]) -> Callable[[], int]:
    """How often data was handed out, by the trail."""

    def count() -> int:
        events = services_of("ada").access.trail("ada").items
        return sum(event.action.startswith("data.") for event in events)

    return count


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("old.parquet", "access.file_exists"),
        ("weld.parquet", "access.file_exists"),
        ("nowhere/out.parquet", "access.invalid_output"),
        ("old.parquet/out.parquet", "access.invalid_output"),
        ("folder.csv", "access.invalid_output"),
        ("a\0b.csv", "cli.not_text"),
        ("~nobody-of-that-name/out.csv", "access.invalid_path"),
        ("out.xlsx", "access.unknown_format"),
        ("x" * 300 + ".csv", "access.invalid_output"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_anything_is_read(
    mlplat: Run, loads: Callable[[], int], tmp_path: Path, name: str, code: str
) -> None:
    (tmp_path / "old.parquet").write_text("mine")
    (tmp_path / "folder.csv").mkdir()
    assert mlplat("bob", "data", "load", "weld_guns", "--output", name).data.code == code
    assert loads() == 0
    assert (tmp_path / "old.parquet").read_text() == "mine"


def test_with_force_a_file_is_replaced_but_never_the_data_of_a_dataset(
    mlplat: Run, loads: Callable[[], int], tmp_path: Path
) -> None:
    before = (tmp_path / "weld.parquet").read_bytes()
    refused = mlplat("bob", "data", "load", "weld_guns", "--columns", "force", "--output", "weld.parquet", "--force")
    assert (refused.data.code, loads()) == ("access.registered_file", 0)
    assert (tmp_path / "weld.parquet").read_bytes() == before
    (tmp_path / "old.csv").write_text("mine")
    assert mlplat("bob", "data", "load", "weld_guns", "--output", "old.csv", "--force").exit_code == 0
    assert (pandas.read_csv(tmp_path / "old.csv").shape, loads()) == ((3, 3), 1)


def test_an_output_may_start_at_home(mlplat: Run) -> None:
    mlplat("bob", "data", "load", "weld_guns", "--output", "~/out.csv")
    assert pandas.read_csv(Path.home() / "out.csv").shape == (3, 3)


@pytest.mark.parametrize("empty", ["", " ", " , ", ","])
def test_columns_that_name_nothing_never_mean_all_of_them(mlplat: Run, loads: Callable[[], int], empty: str) -> None:
    request = ask(mlplat)
    for person, words in [
        ("bob", ("approve", request.id)),
        ("bob", ("load", "weld_guns")),
        ("carol", ("request", "weld_guns", "--purpose", "reporting")),
    ]:
        answer = mlplat(person, "data", *words, "--columns", empty)
        assert (answer.exit_code, answer.data.code) == (2, "access.invalid_columns")
    assert mlplat("alice", "data", "grants").data.items == ()
    assert mlplat("carol", "data", "requests").data.items == ()
    assert loads() == 0


def test_columns_with_spaces_and_commas_in_their_names_can_be_named(mlplat: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text('a, b,"c,d",b\n1,2,3,4\n')
    mlplat("bob", "data", "register", "odd.csv", "--id", "odd")

    def request(*columns: str) -> Any:
        words = [word for each in columns for word in ("--columns", each)]
        return mlplat("alice", "data", "request", "odd", "--purpose", "reporting", *words).data

    assert request(" b").scope.columns == (" b",)
    assert request("a , b").scope.columns == ("a", " b")
    assert request("a,b").scope.columns == ("a", "b")
    made = request("c,d", "a", " b")
    assert made.scope.columns == ("a", " b", "c,d")
    decided = mlplat("bob", "data", "approve", made.id, "--columns", "c,d", "--columns", "a").data
    assert decided.decisions[-1].columns == ("a", "c,d")
    assert mlplat("alice", "data", "load", "odd", "--columns", "c,d").data["columns"] == ["c,d"]


def test_revoking_says_which_grant_ended_and_what_remains(mlplat: Run) -> None:
    first, second = (
        mlplat("bob", "data", "approve", ask(mlplat, "--columns", columns, "--days", "9").id).data.grant_id
        for columns in ("force", "force,worker")
    )
    told = mlplat("bob", "data", "revoke", first).text()
    assert f"The grant {first} ended, but alice can still use weld_guns:" in told
    assert f"by the grant {second}: 2 columns, until" in told
    assert mlplat("alice", "data", "load", "weld_guns").exit_code == 0
    assert mlplat("alice", "data", "revoke", second).text() == f"The grant {second} ended: alice cannot use weld_guns."


def test_revoking_a_grant_of_who_owns_the_data_by_now_says_so(mlplat: Run) -> None:
    grant = mlplat("bob", "data", "approve", ask(mlplat).id).data.grant_id
    mlplat("ada", "data", "register", "weld.parquet", "--id", "weld_guns", "--owner", "alice")
    assert "as its owner: 3 columns, your own." in mlplat("alice", "data", "revoke", grant).text()


def test_a_person_can_end_a_dataset(mlplat: Run) -> None:
    assert "is retired" in mlplat("bob", "data", "retire", "weld_guns").text()
    assert "No dataset matches." in mlplat("alice", "data", "search").text()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["data", "show", "we"], ["weld_guns"]),
        (["data", "load", "x"], []),
        (["data", "request", "weld_guns", "--purpose", "mod"], ["model-training"]),
        (["data", "re"], ["register", "reject", "renew", "request", "requests", "retire", "revoke"]),
    ],
)
def test_names_are_completed(
    mlplat: Run, services_of: Callable[[str], Services], words: list[str], found: list[str]
) -> None:
    assert completions(services_of("alice"), words) == found


def completions(services: Services, words: list[str]) -> list[str]:
    from click.shell_completion import ShellComplete

    from jupyter_mlplatform.cli import cli

    complete = ShellComplete(cli, {"obj": Session(services=lambda: services)}, "mlplat", "_MLPLAT")
    return sorted(item.value for item in complete.get_completions(words[:-1], words[-1]))


def test_requests_and_grants_are_completed_for_those_who_can_act_on_them(
    mlplat: Run, services_of: Callable[[str], Services]
) -> None:
    request = ask(mlplat)
    assert completions(services_of("bob"), ["data", "approve", ""]) == [request.id]
    assert completions(services_of("alice"), ["data", "approve", ""]) == []
    assert completions(services_of("alice"), ["data", "withdraw", ""]) == [request.id]
    grant = mlplat("bob", "data", "approve", request.id).data.grant_id
    assert completions(services_of("alice"), ["data", "revoke", ""]) == [grant]
    assert completions(services_of("bob"), ["data", "revoke", "g"]) == [grant]


def test_completion_is_silent_where_nobody_can_be_named(services_of: Callable[[str], Services]) -> None:
    assert completions(services_of(""), ["data", "approve", ""]) == []


def test_the_trail_is_verified_and_exported(mlplat: Run, tmp_path: Path) -> None:
    ask(mlplat)
    verified = mlplat("alice", "audit", "verify")
    assert (verified.exit_code, verified.data.events) == (0, 2)
    assert "intact" in verified.text()
    mlplat("ada", "audit", "export", "--output", "trail.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text().splitlines()]
    assert [line["action"] for line in lines] == ["dataset.registered", "request.submitted"]
    assert mlplat("ada", "audit", "export", "--output", "trail.jsonl").data.code == "audit.not_written"
    assert [event.action for event in mlplat("alice", "audit", "export").data.items] == ["request.submitted"]
    assert mlplat("ada", "audit", "export", "--output", "a\0b").data.code == "cli.not_text"
    (tmp_path / "shared" / "access.anchor").unlink()
    broken = mlplat("alice", "audit", "verify")
    assert broken.exit_code == 1
    assert "The audit trail is broken." in broken.text()
