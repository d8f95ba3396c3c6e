"""SQL over what is granted: what a person gets, what is written down, and what a query cannot reach."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from jupyter_mlplatform.access.local.sql_sandbox import Sandbox
from jupyter_mlplatform.access.messages import Registration, Revocation
from jupyter_mlplatform.access.querying import Querying
from jupyter_mlplatform.access.rowfilter import Equals
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Forbidden, Invalid, NotFound, PlatformError, Unavailable
from tests.access.world import approval, granted, new_request

Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ask(service: AccessService) -> Ask:
    """The rows of a query; by alice unless somebody else is named."""

    def rows(text: str, person: str = "alice", sandbox: Sandbox | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = Querying(service, sandbox or Sandbox()).query(person, text).table.to_pylist()
        return found

    return rows


@pytest.fixture
def press(service: AccessService, tmp_path: Path) -> None:
    """A second dataset of bob, with a name that SQL wants in quotes."""
    path = tmp_path / "data" / "press.parquet"
    table = pyarrow.table({"gun_id": [0, 1, 1], "plant": ["Graz", "Graz", "Wien"], "Pay Grade": [1, 2, 3]})
    pyarrow.parquet.write_table(table, path)
    service.register("bob", path, Registration(id="press-line"))


def uses(service: AccessService) -> list[tuple[str, str, tuple[str, ...], int]]:
    """Who used which columns of which dataset, and how many rows, by the trail."""
    events = service.trail("ada").items
    return [
        (each.actor, each.subject, tuple(each.body["columns"]), each.body["rows"])
        for each in events
        if each.action.startswith("data.")
    ]


def test_a_granted_dataset_can_be_asked_and_its_use_is_in_the_trail(service: AccessService, ask: Ask) -> None:
    granted(service, columns=("gun_id", "force"))
    assert ask("SELECT sum(force) AS total FROM weld_guns WHERE gun_id > 0") == [{"total": 1.5}]
    assert uses(service) == [("alice", "weld_guns", ("gun_id", "force"), 3)]


def test_two_datasets_can_be_joined_and_each_use_is_in_the_trail(service: AccessService, ask: Ask, press: None) -> None:
    granted(service)
    granted(service, key="2", dataset_id="press-line")
    text = """
        -- force of each plant
        SELECT p.plant, max(w.force) AS most
        FROM weld_guns AS w JOIN "press-line" AS p ON p.gun_id = w.gun_id
        GROUP BY p.plant ORDER BY p.plant
    """
    assert ask(text) == [{"plant": "Graz", "most": 0.5}, {"plant": "Wien", "most": 0.5}]
    assert uses(service) == [
        ("alice", "weld_guns", ("gun_id", "force"), 3),
        ("alice", "press-line", ("gun_id", "plant"), 3),
    ]


def test_nothing_is_handed_out_when_one_of_several_datasets_is_not_granted(
    service: AccessService, ask: Ask, press: None
) -> None:
    granted(service)
    with pytest.raises(Forbidden) as refused:
        ask('SELECT * FROM weld_guns, "press-line"')
    assert refused.value.problem.code == "access.not_granted"
    assert "press-line" in refused.value.problem.message
    assert uses(service) == []


def test_an_unknown_dataset_is_named_and_nothing_is_handed_out(service: AccessService, ask: Ask) -> None:
    granted(service)
    with pytest.raises(NotFound) as refused:
        ask("SELECT * FROM weld_guns JOIN weld_gun USING (gun_id)")
    assert "'weld_gun'" in refused.value.problem.message
    assert uses(service) == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT worker FROM weld_guns",
        "SELECT force FROM weld_guns WHERE worker = 'w1'",
        "SELECT g.WORKER FROM weld_guns AS g",
        "SELECT force FROM weld_guns ORDER BY worker",
        "WITH w AS (SELECT worker FROM weld_guns) SELECT * FROM w",
        "SELECT (SELECT max(worker) FROM weld_guns)",
        "SELECT count(*) FROM weld_guns GROUP BY worker",
        "SELECT a.force FROM weld_guns a JOIN weld_guns b USING (worker)",
    ],
)
def test_a_column_that_is_not_granted_is_named_and_nothing_is_read(service: AccessService, ask: Ask, text: str) -> None:
    granted(service, columns=("gun_id", "force"))
    with pytest.raises(Forbidden) as refused:
        ask(text)
    assert refused.value.problem.code == "access.column_not_granted"
    assert "'worker'" in refused.value.problem.message
    assert uses(service) == []


def test_a_star_is_what_is_granted_and_no_more(service: AccessService, ask: Ask) -> None:
    granted(service, columns=("gun_id", "force"))
    assert ask("FROM weld_guns LIMIT 1") == [{"gun_id": 0, "force": 0.0}]
    assert ask("SELECT COLUMNS('.*') FROM weld_guns LIMIT 1") == [{"gun_id": 0, "force": 0.0}]
    assert ask("SELECT * EXCLUDE (force) FROM weld_guns LIMIT 1") == [{"gun_id": 0}]
    assert ask("SELECT weld_guns FROM weld_guns LIMIT 1") == [{"weld_guns": {"gun_id": 0, "force": 0.0}}]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT force AS worker FROM weld_guns ORDER BY worker LIMIT 1",
        "WITH w(worker) AS (SELECT force FROM weld_guns) SELECT worker FROM w ORDER BY worker LIMIT 1",
        "SELECT w.worker FROM (SELECT force FROM weld_guns) AS w(worker) ORDER BY worker LIMIT 1",
    ],
)
def test_a_name_that_the_query_gives_itself_is_no_column_of_a_dataset(
    service: AccessService, ask: Ask, text: str
) -> None:
    granted(service, columns=("gun_id", "force"))
    assert ask(text) == [{"worker": 0.0}]


def test_of_two_grants_the_one_is_used_that_covers_what_the_query_looks_at(service: AccessService, ask: Ask) -> None:
    granted(service, columns=("gun_id", "force"))
    granted(service, key="2", columns=("worker",))
    assert ask("SELECT max(worker) AS w FROM weld_guns") == [{"w": "w2"}]
    assert ask("SELECT max(force) AS f FROM weld_guns") == [{"f": 1.0}]
    with pytest.raises(Forbidden):
        ask("SELECT force, worker FROM weld_guns")


def test_rows_that_are_not_granted_are_not_there(service: AccessService, ask: Ask) -> None:
    granted(service, columns=("gun_id", "force"), rows=Equals(column="worker", value="w1"))
    assert ask("SELECT * FROM weld_guns") == [{"gun_id": 1, "force": 0.5}]
    assert ask("SELECT count(*) AS n FROM weld_guns") == [{"n": 1}]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("SELECT force FROM weld_guns", ("force",)),
        ("SELECT count(*) FROM weld_guns", ("gun_id",)),
        ("SELECT max(FORCE) FROM WELD_GUNS", ("force",)),
        ("SELECT a.force FROM weld_guns a JOIN weld_guns b USING (gun_id)", ("gun_id", "force")),
        ("SELECT 1 FROM weld_guns a NATURAL JOIN weld_guns b", ("gun_id", "force", "worker")),
        ("SELECT g.a FROM weld_guns AS g(a, b, c)", ("gun_id", "force", "worker")),
        ("SELECT force FROM weld_guns WHERE EXISTS (SELECT 1 WHERE worker = 'w1')", ("force", "worker")),
        ("SELECT #2 FROM weld_guns", ("gun_id", "force", "worker")),
        ("PIVOT weld_guns ON gun_id IN (0, 1) USING max(force)", ("gun_id", "force", "worker")),
    ],
)
def test_only_what_the_query_may_look_at_is_read(
    service: AccessService, ask: Ask, text: str, columns: tuple[str, ...]
) -> None:
    ask(text, "bob")
    assert [each[2] for each in uses(service)] == [columns]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("WITH weld_guns AS (SELECT 7 AS n) SELECT * FROM weld_guns", []),
        ("WITH w AS (SELECT * FROM weld_guns) SELECT count(*) FROM w", ["weld_guns"]),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT sum(n) FROM t", []),
        ("WITH a AS (SELECT 1 AS n), b AS (SELECT * FROM a) SELECT * FROM b, a", []),
        ("SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) AS x, weld_guns", ["weld_guns"]),
        ("SELECT * FROM range(3), (VALUES (1), (2)) AS v(n)", []),
        ("SELECT unnest([1, 2])", []),
        ("SELECT force FROM weld_guns UNION SELECT force FROM weld_guns", ["weld_guns"]),
        ("SELECT row_number() OVER (ORDER BY force) FROM weld_guns", ["weld_guns"]),
        ("SELECT list_transform([1, 2], lambda x: x + 1)", []),
    ],
)
def test_ordinary_sql_works_and_reads_just_the_datasets_it_names(
    service: AccessService, ask: Ask, text: str, rows: list[str]
) -> None:
    assert ask(text, "bob")
    assert [each[1] for each in uses(service)] == rows


def test_a_name_of_with_stands_for_a_dataset_outside_of_its_query(service: AccessService, ask: Ask) -> None:
    text = "SELECT (WITH weld_guns AS (SELECT 7 AS n) SELECT n FROM weld_guns) AS n, count(*) AS rows FROM weld_guns"
    assert ask(text, "bob") == [{"n": 7, "rows": 3}]
    assert [each[1] for each in uses(service)] == ["weld_guns"]


@pytest.mark.parametrize("text", ["SELECT * FROM press-line", "SELECT * FROM press.line", "SELECT * FROM a.press.line"])
def test_an_id_that_needs_quotes_is_said_to(ask: Ask, press: None, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(text, "bob")
    assert 'FROM "' in refused.value.problem.next_step


def test_what_was_granted_is_judged_again_at_each_query(service: AccessService, ask: Ask) -> None:
    request = granted(service)
    assert ask("SELECT count(*) AS n FROM weld_guns") == [{"n": 3}]
    assert request.grant_id
    service.revoke("bob", request.grant_id, Revocation("done"))
    with pytest.raises(Forbidden) as refused:
        ask("SELECT count(*) AS n FROM weld_guns")
    assert refused.value.problem.code == "access.ended"
    assert len(uses(service)) == 1


def test_a_request_that_waits_gives_nothing(service: AccessService, ask: Ask) -> None:
    request = service.ask("alice", new_request())
    with pytest.raises(Forbidden) as refused:
        ask("FROM weld_guns")
    assert refused.value.problem.code == "access.waiting"
    service.decide("bob", request.id, approval())
    assert len(ask("FROM weld_guns")) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT forc FROM weld_guns", '"forc" not found'),
        ("SELECT nofunction(force) FROM weld_guns", "nofunction"),
        ("SELECT sum(worker) FROM weld_guns", "sum"),
    ],
)
def test_a_query_that_is_wrong_is_explained_in_duckdbs_words(ask: Ask, text: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(text, "bob")
    assert refused.value.problem.code == "access.sql_wrong"
    assert says in refused.value.problem.cause


def test_a_column_that_is_not_there_is_answered_with_those_that_are(service: AccessService, ask: Ask) -> None:
    granted(service, columns=("gun_id", "force"))
    with pytest.raises(Invalid) as refused:
        ask("SELECT forc FROM weld_guns")
    assert refused.value.problem.next_step == "You may use: weld_guns has gun_id, force."


@pytest.mark.parametrize(
    "text",
    [
        "SELECT CAST(worker AS INTEGER) FROM weld_guns",
        "SELECT strptime(worker, '%Y') FROM weld_guns",
        "SELECT error(worker) FROM weld_guns",
    ],
)
def test_a_failure_while_running_does_not_tell_values(ask: Ask, text: str) -> None:
    with pytest.raises(PlatformError) as refused:
        ask(text, "bob")
    assert refused.value.problem.code == "access.sql_failed"
    assert "w0" not in str(refused.value)
    assert "w1" not in str(refused.value)


def test_a_query_that_needs_too_much_memory_ends_and_writes_nothing_instead(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    text = "SELECT count(*) FROM (SELECT DISTINCT hash(i) || 'x' AS h FROM range(3000000) AS t(i))"
    with pytest.raises(Unavailable) as refused:
        ask(text, sandbox=Sandbox(memory="20MB", threads=1))
    assert refused.value.problem.code == "access.sql_memory"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_memory_limit_that_is_no_size_is_refused(ask: Ask) -> None:
    with pytest.raises(Invalid) as refused:
        ask("SELECT 1", sandbox=Sandbox(memory="much"))
    assert refused.value.problem.code == "access.invalid_limit"


def test_an_interrupt_ends_the_query_and_leaves_no_thread(ask: Ask) -> None:
    def press_stop() -> None:
        while not any(thread.name == "mlplat-sql" for thread in threading.enumerate()):
            started.wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    started = threading.Event()
    person = threading.Thread(target=press_stop)
    person.start()
    with pytest.raises(KeyboardInterrupt):
        ask("SELECT sum(sin(a.range + b.range)) FROM range(10000000) AS a, range(1000000) AS b")
    person.join()
    assert not any(thread.name == "mlplat-sql" for thread in threading.enumerate())


def test_variables_of_python_are_no_tables(ask: Ask) -> None:
    secret = pyarrow.table({"x": [1]})
    with pytest.raises(NotFound):
        ask("SELECT * FROM secret", "bob")
    with pytest.raises(PlatformError):
        Sandbox().run("SELECT * FROM secret", {})
    assert secret.num_rows == 1


def test_without_duckdb_the_extra_is_named(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(Unavailable) as refused:
        ask("SELECT 1")
    assert "jupyter_mlplatform[sql]" in refused.value.problem.next_step
