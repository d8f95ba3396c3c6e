"""One SQLite file, many processes, and no half of a write."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_mlplatform.database import Database
from jupyter_mlplatform.errors import Unavailable
from tests.poll import until

FIRST = "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);\nINSERT INTO counter VALUES ('n', 0);"
SECOND = "ALTER TABLE counter ADD COLUMN note TEXT NOT NULL DEFAULT '';"


def count(database: Database) -> int:
    return int(database.connection().execute("SELECT value FROM counter").fetchone()[0])


def test_a_new_file_gets_all_migrations_and_an_old_one_the_missing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.db"
    Database(path, [FIRST]).connection()
    grown = Database(path, [FIRST, SECOND])
    assert grown.connection().execute("SELECT note FROM counter").fetchone()[0] == ""
    assert grown.connection().execute("PRAGMA user_version").fetchone()[0] == 2


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Database(path, [FIRST, SECOND]).connection()
    before = path.read_bytes()
    with pytest.raises(Unavailable) as caught:
        Database(path, [FIRST]).connection()
    assert caught.value.problem.code == "state.newer_version"
    assert path.read_bytes() == before


def test_a_migration_that_fails_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Database(path, [FIRST]).connection()
    with pytest.raises(Unavailable):
        Database(path, [FIRST, SECOND + "\nSELECT * FROM nowhere;"]).connection()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
        assert "note" not in [row[1] for row in connection.execute("PRAGMA table_info(counter)")]


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("not a database " * 100)
    with pytest.raises(Unavailable) as caught:
        Database(path, [FIRST]).connection()
    assert str(path) in caught.value.problem.cause


def test_a_block_that_raises_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db", [FIRST])

    def failing_write() -> None:
        with database.transaction() as connection:
            connection.execute("UPDATE counter SET value = 7")
            raise KeyError("stop")

    with pytest.raises(KeyError):
        failing_write()
    assert count(database) == 0


def test_a_disk_that_is_full_in_the_middle_of_a_write_is_a_clear_error_and_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db", [FIRST])
    pages = database.connection().execute("PRAGMA page_count").fetchone()[0]
    database.connection().execute(f"PRAGMA max_page_count = {pages}")

    def too_much() -> None:
        with database.transaction() as connection:
            connection.execute("UPDATE counter SET value = 7")
            connection.execute("UPDATE counter SET name = ?", ("x" * 1_000_000,))

    with pytest.raises(Unavailable, match="full"):
        too_much()
    assert count(database) == 0
    with database.transaction() as connection:
        connection.execute("UPDATE counter SET value = 8")
    assert count(database) == 8


def test_a_new_file_gets_the_rights_that_its_folder_and_the_umask_give(tmp_path: Path) -> None:
    before = os.umask(0o007)  # a group works in the folder
    try:
        Database(tmp_path / "state.db", [FIRST]).connection()
    finally:
        os.umask(before)
    assert (tmp_path / "state.db").stat().st_mode & 0o777 == 0o660


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    for attempt in range(10):
        databases = [Database(tmp_path / f"{attempt}.db", [FIRST]) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(count, databases)) == [0] * 8


def test_threads_never_lose_each_others_writes(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db", [FIRST])

    def add() -> None:
        with database.transaction() as connection:
            value = connection.execute("SELECT value FROM counter").fetchone()[0]
            connection.execute("UPDATE counter SET value = ?", (value + 1,))

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(add) for _ in range(100)]:
            done.result()
    assert count(database) == 100


def test_a_process_killed_in_the_middle_of_a_write_leaves_the_state_before_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    database = Database(path, [FIRST])
    assert count(database) == 0
    script = f"""
        import time
        from pathlib import Path
        from jupyter_mlplatform.database import Database
        with Database(Path({str(path)!r}), [{FIRST!r}]).transaction() as connection:
            connection.execute("UPDATE counter SET value = 7")
            Path({str(tmp_path / "written")!r}).touch()
            time.sleep(60)
    """  # noqa: S608 (no user text takes part)
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)]) as process:
        until((tmp_path / "written").exists)
        os.kill(process.pid, signal.SIGKILL)
    with database.transaction() as connection:  # the lock is free again
        connection.execute("UPDATE counter SET value = value + 1")
    assert count(database) == 1
