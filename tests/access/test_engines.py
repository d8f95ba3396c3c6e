"""What was granted, in the form a person works with: pandas, polars, Arrow or DuckDB; narrowed, limited, watched."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pytest

from jupyter_mlplatform import load, load_batches, policy, wiring
from jupyter_mlplatform.access.local import engines
from jupyter_mlplatform.access.rowfilter import Equals
from jupyter_mlplatform.cli import run
from jupyter_mlplatform.cli.answer import Answer
from jupyter_mlplatform.cli.progress import Progress
from jupyter_mlplatform.cli.session import Session
from jupyter_mlplatform.errors import Forbidden, Invalid, Unavailable
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
    """A command by a person, where bob registered weld.parquet and granted alice two of its columns."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path / "weld.parquet", rows=100)

    def command(person: str, *words: str, notebook: bool = True) -> Answer:
        answer = run(words, Session(notebook=notebook, services=lambda: services_of(person)))
        assert answer is not None
        return answer

    assert command("bob", "data", "register", "weld.parquet", "--id", "weld_guns").exit_code == 0
    asked = ("--purpose", "model-training", "--columns", "gun_id,force")
    request = command("alice", "data", "request", "weld_guns", *asked).data
    assert command("bob", "data", "approve", request.id).exit_code == 0
    return command


@pytest.fixture
def alice(services_of: Callable[[str], Services], mlplat: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is alice's kernel."""
    monkeypatch.setattr(wiring, "services", lambda: services_of("alice"))


@pytest.fixture
def uses(services_of: Callable[[str], Services]) -> Callable[[], list[tuple[str, int]]]:
    """What was handed out to whom, by the trail: action and rows."""

    def found() -> list[tuple[str, int]]:
        events = services_of("ada").access.trail("ada").items
        return [(each.action, each.body["rows"]) for each in events if each.action.startswith("data.")]

    return found


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        ("pandas", pandas.DataFrame),
        ("polars", polars.DataFrame),
        ("arrow", pyarrow.Table),
        ("duckdb", duckdb.DuckDBPyRelation),
    ],
)
def test_a_notebook_gets_what_it_asks_for(mlplat: Run, engine: str, kind: type) -> None:
    answer = mlplat("alice", "data", "load", "weld_guns", "--as", engine)
    assert isinstance(answer.result, kind)
    assert list(getattr(answer.result, "columns", ())) != []
    assert answer.text().startswith("weld_guns: 100 rows × 2 columns, until")


def test_pandas_is_what_a_notebook_gets_without_asking(mlplat: Run) -> None:
    assert isinstance(mlplat("alice", "data", "load", "weld_guns").result, pandas.DataFrame)


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_an_engine_that_is_missing_is_named_with_its_extra_before_anything_is_read(
    mlplat: Run, uses: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setitem(sys.modules, engine, None)
    answer = mlplat("alice", "data", "load", "weld_guns", "--as", engine)
    assert (answer.exit_code, answer.data.code) == (Unavailable.exit_code, f"access.no_{engine}")
    assert "pip install 'jupyter_mlplatform[" in answer.data.next_step
    assert uses() == []


def test_an_unknown_engine_is_refused_before_anything_is_read(mlplat: Run, uses: Callable[[], list[Any]]) -> None:
    answer = mlplat("alice", "data", "load", "weld_guns", "--as", "pandsa")
    assert (answer.data.code, answer.data.next_step) == ("access.unknown_engine", "Did you mean 'pandas'?")
    assert uses() == []


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_polars_and_duckdb_use_the_memory_of_the_arrow_table(engine: str) -> None:
    table = pyarrow.table({"x": pyarrow.array(range(100_000), pyarrow.int64())})
    before = pyarrow.total_allocated_bytes()
    made = engines.converted(table, engine)
    assert pyarrow.total_allocated_bytes() - before < table.nbytes / 10
    if engine == "polars":
        address = table.column("x").chunk(0).buffers()[1].address
        assert made.to_arrow().column("x").chunk(0).buffers()[1].address == address
    else:
        assert made.aggregate("sum(x)").fetchall() == [(4_999_950_000,)]


def test_values_are_the_same_in_every_engine(mlplat: Run) -> None:
    frames = {each: mlplat("alice", "load", "weld_guns", "--as", each).result for each in engines.ENGINES}
    assert frames["pandas"].to_dict("list") == frames["arrow"].to_pydict()
    assert frames["polars"].to_dict(as_series=False) == frames["arrow"].to_pydict()
    assert frames["duckdb"].fetchall() == list(zip(*frames["arrow"].to_pydict().values(), strict=True))


def test_rows_can_be_narrowed_and_limited(mlplat: Run, uses: Callable[[], list[Any]]) -> None:
    answer = mlplat("alice", "load", "weld_guns", "--where", "gun_id>=10", "--where", "force<7.5", "--limit", "3")
    assert list(answer.result["gun_id"]) == [10, 11, 12]
    assert uses() == [("data.loaded", 3)]


def test_a_condition_only_narrows_what_the_grant_gives(mlplat: Run) -> None:
    asked = ("--purpose", "reporting", "--columns", "gun_id,force,worker", "--where", "gun_id<5")
    request = mlplat("carol", "data", "request", "weld_guns", *asked).data
    assert mlplat("bob", "data", "approve", request.id).exit_code == 0
    assert list(mlplat("carol", "load", "weld_guns").result["gun_id"]) == [0, 1, 2, 3, 4]
    assert list(mlplat("carol", "load", "weld_guns", "--where", "gun_id>2").result["gun_id"]) == [3, 4]
    assert len(mlplat("carol", "load", "weld_guns", "--where", "gun_id>=0").result) == 5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--where", "worker=w1"), "access.column_not_granted"),
        (("--where", "wrker=w1"), "access.invalid_columns"),
        (("--where", "force"), "access.invalid_rows"),
        (("--limit", "0"), "cli.usage"),
    ],
)
def test_a_condition_or_limit_that_cannot_be_reads_nothing(
    mlplat: Run, uses: Callable[[], list[Any]], words: tuple[str, str], code: str
) -> None:
    assert mlplat("alice", "load", "weld_guns", *words).data.code == code
    assert uses() == []


def test_a_terminal_shows_a_preview_and_a_file_holds_the_narrowed_rows(mlplat: Run, tmp_path: Path) -> None:
    shown = mlplat("alice", "load", "weld_guns", "--limit", "2", notebook=False).text()
    assert "weld_guns: 2 rows × 2 columns" in shown
    mlplat("alice", "load", "weld_guns", "--where", "gun_id<4", "--output", "out.parquet", notebook=False)
    assert pandas.read_parquet(tmp_path / "out.parquet").shape == (4, 2)


def test_a_query_gets_its_result_in_the_form_asked_for(mlplat: Run) -> None:
    answer = mlplat("alice", "data", "sql", "top", "--as", "polars", "--query", "SELECT max(force) AS f FROM weld_guns")
    assert (answer.result.to_dicts(), answer.data["name"]) == ([{"f": 49.5}], "top")
    assert answer.text().startswith("top: 1 rows × 1 columns from weld_guns (until")
    shown = mlplat("alice", "data", "sql", "--query=SELECT 1 AS one", notebook=False)
    assert "one" in shown.text()


@pytest.mark.parametrize(
    ("words", "notebook", "code"),
    [
        (("2x",), True, "access.invalid_name"),
        (("class",), True, "access.invalid_name"),
        (("x",), False, "access.invalid_name"),
        (("--threads", "0"), True, "cli.usage"),
        (("--memory", "lots"), True, "access.invalid_limit"),
        (("--as", "spark"), True, "access.unknown_engine"),
    ],
)
def test_what_a_query_is_told_wrongly_is_a_problem(
    mlplat: Run, words: tuple[str, ...], notebook: bool, code: str
) -> None:
    assert mlplat("alice", "data", "sql", *words, "--query", "SELECT 1", notebook=notebook).data.code == code


def test_python_code_loads_as_the_command_does(alice: None, uses: Callable[[], list[Any]]) -> None:
    frame = load("weld_guns", columns=["force"], where="gun_id>=98", engine="arrow")
    assert frame.to_pydict() == {"force": [49.0, 49.5]}
    assert isinstance(load("weld_guns", limit=1), pandas.DataFrame)
    assert load("weld_guns", where=Equals(column="gun_id", value=3), engine="arrow").num_rows == 1
    assert load("weld_guns", where=["gun_id>=3", "gun_id<5"], engine="polars").height == 2
    assert [rows for _, rows in uses()] == [2, 1, 1, 2]


def test_python_code_is_refused_as_the_command_is(alice: None, uses: Callable[[], list[Any]]) -> None:
    with pytest.raises(Forbidden):
        load("weld_guns", columns=["worker"])
    with pytest.raises(Forbidden):
        load("weld_guns", where="worker=w1")
    with pytest.raises(Invalid):
        load("weld_guns", columns=[])
    with pytest.raises(Invalid):
        load("weld_guns", engine="spark")
    assert uses() == []


def test_python_code_can_read_piece_by_piece(alice: None, uses: Callable[[], list[Any]]) -> None:
    with load_batches("weld_guns", columns=["gun_id"], where="gun_id>=50", rows=20) as stream:
        pieces = list(stream)
    assert [each.num_rows for each in pieces] == [20, 20, 10]
    assert pyarrow.Table.from_batches(pieces).column("gun_id").to_pylist() == list(range(50, 100))
    assert uses() == [("data.stream_begun", 0), ("data.streamed", 50)]


def test_progress_is_silent_when_quick_and_speaks_twice_a_second_when_not() -> None:
    now, said = [0.0], []
    progress = Progress("weld_guns", said.append, lambda: now[0])
    for second in (0.2, 0.9, 1.1, 1.3, 1.7):
        now[0] = second
        progress.add(1000, 20_000)
    assert said == ["weld_guns: 3,000 of 20,000 rows (15 %)", "weld_guns: 5,000 of 20,000 rows (25 %)"]


def test_progress_without_a_known_end_counts() -> None:
    now, said = [0.0], []
    progress = Progress("weld_guns", said.append, lambda: now[0])
    now[0] = 5
    progress.add(1000, None)
    assert said == ["weld_guns: 1,000 rows"]


def test_a_long_read_on_a_terminal_says_how_far_it_is(
    mlplat: Run, services_of: Callable[[str], Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("jupyter_mlplatform.cli.progress.QUICK_SECONDS", 0.0)
    session = Session(say=said.append, services=lambda: services_of("alice"))
    assert run(("load", "weld_guns"), session) is not None
    assert said == ["weld_guns: 100 of 100 rows (100 %)"]
