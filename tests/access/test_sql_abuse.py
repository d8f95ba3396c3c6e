"""What a query tries that is not reading granted data: each attempt by name, refused before anything is handed out.

The attempts run as the owner of the dataset, who may use all of it: what is refused is the way, not the person.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mlplatform.access.local.sql_sandbox import Sandbox
from jupyter_mlplatform.access.querying import LONGEST, Querying
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Forbidden, Invalid, NotFound, PlatformError

SECRET = "a-canary-that-must-not-be-seen"

OTHER_STATEMENTS = {
    "copy a query to a file": "COPY (SELECT * FROM weld_guns) TO '{out}'",
    "copy a dataset to a file": "COPY weld_guns TO '{out}' (FORMAT parquet)",
    "copy a file into a table": "COPY weld_guns FROM '{secret}'",
    "attach a database": "ATTACH '{out}' AS other",
    "attach this machine's own state": "ATTACH '{state}' AS state (TYPE sqlite)",
    "detach": "DETACH memory",
    "install an extension": "INSTALL httpfs",
    "install from anywhere": "INSTALL spatial FROM 'http://127.0.0.1:9/x'",
    "load an extension": "LOAD '{out}'",
    "pragma": "PRAGMA database_list",
    "pragma that sets": "PRAGMA memory_limit='100GB'",
    "pragma that reads a table": "PRAGMA table_info('weld_guns')",
    "set": "SET memory_limit = '100GB'",
    "unlock": "SET lock_configuration = false",
    "allow files again": "SET enable_external_access = true",
    "global set": "SET GLOBAL enable_external_access = true",
    "reset": "RESET enable_external_access",
    "set a variable": "SET VARIABLE x = 1",
    "create a table": "CREATE TABLE t AS SELECT * FROM weld_guns",
    "create a view": "CREATE VIEW v AS SELECT * FROM weld_guns",
    "create a macro": "CREATE MACRO m() AS TABLE SELECT * FROM weld_guns",
    "create a secret": "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "create a type": "CREATE TYPE t AS ENUM (SELECT worker FROM weld_guns)",
    "insert": "INSERT INTO weld_guns SELECT * FROM weld_guns",
    "update": "UPDATE weld_guns SET force = 0",
    "delete": "DELETE FROM weld_guns",
    "truncate": "TRUNCATE weld_guns",
    "merge": "MERGE INTO weld_guns USING weld_guns AS o ON true WHEN MATCHED THEN DELETE",
    "drop": "DROP VIEW weld_guns",
    "alter": "ALTER TABLE weld_guns RENAME TO other",
    "comment on": "COMMENT ON TABLE weld_guns IS 'mine'",
    "export": "EXPORT DATABASE '{out}'",
    "import": "IMPORT DATABASE '{out}'",
    "call a pragma function": "CALL pragma_version()",
    "call a table function": "CALL read_csv('{secret}')",
    "begin": "BEGIN TRANSACTION",
    "checkpoint": "CHECKPOINT",
    "vacuum": "VACUUM",
    "use": "USE memory",
    "prepare": "PREPARE p AS SELECT * FROM weld_guns",
    "execute": "EXECUTE p",
    "explain": "EXPLAIN SELECT * FROM weld_guns",
    "explain analyze": "EXPLAIN ANALYZE SELECT * FROM read_csv('{secret}')",
    "show": "SHOW TABLES",
    "show databases": "SHOW DATABASES",
    "two statements": "SELECT 1; SELECT 2",
    "a statement hidden after a SELECT": "SELECT * FROM weld_guns; COPY weld_guns TO '{out}'",
    "a statement hidden behind a comment": "SELECT 1 /* ; */; -- x\nDROP VIEW weld_guns",
    "nothing": "",
    "a comment only": "-- SELECT 1",
    "a change in a WITH": "WITH x AS (DELETE FROM weld_guns RETURNING *) SELECT * FROM x",
    "into a file": "SELECT * FROM weld_guns INTO OUTFILE '{out}'",
}

FILES = {
    "read_csv": "SELECT * FROM read_csv('{secret}')",
    "read_csv_auto": "SELECT * FROM read_csv_auto('{secret}')",
    "sniff_csv": "SELECT * FROM sniff_csv('{secret}')",
    "read_text": "SELECT * FROM read_text('{secret}')",
    "read_blob": "SELECT * FROM read_blob('{secret}')",
    "read_json": "SELECT * FROM read_json('{secret}')",
    "read_ndjson": "SELECT * FROM read_ndjson_objects('{secret}')",
    "read_parquet of the dataset's own file": "SELECT * FROM read_parquet('{data}')",
    "parquet_scan": "SELECT * FROM parquet_scan('{data}')",
    "parquet_metadata": "SELECT * FROM parquet_metadata('{data}')",
    "parquet_schema": "SELECT * FROM parquet_schema('{data}')",
    "glob": "SELECT * FROM glob('/*')",
    "the system's users": "SELECT * FROM read_text('/etc/passwd')",
    "a list of files": "SELECT * FROM read_csv(['{secret}', '{secret}'])",
    "in another case": "SELECT * FROM ReAd_CsV('{secret}')",
    "in quotes": "SELECT * FROM \"read_csv\"('{secret}')",
    "with a schema": "SELECT * FROM main.read_csv('{secret}')",
    "with a catalogue": "SELECT * FROM system.main.read_csv('{secret}')",
    "behind a comment": "SELECT * FROM read_csv/**/('{secret}')",
    "in a subquery": "SELECT * FROM (SELECT * FROM read_csv('{secret}'))",
    "in a scalar subquery": "SELECT (SELECT content FROM read_text('{secret}')) FROM weld_guns",
    "in EXISTS": "SELECT * FROM weld_guns WHERE EXISTS (FROM read_text('{secret}'))",
    "in IN": "SELECT * FROM weld_guns WHERE worker IN (SELECT content FROM read_text('{secret}'))",
    "in a WITH": "WITH x AS (SELECT * FROM read_csv('{secret}')) SELECT * FROM x",
    "in a WITH of a WITH": "WITH x AS (WITH y AS (FROM read_text('{secret}')) FROM y) SELECT * FROM x",
    "in a recursive WITH": "WITH RECURSIVE x AS (SELECT content FROM read_text('{secret}') "
    "UNION ALL FROM x WHERE false) FROM x",
    "in a UNION": "SELECT worker FROM weld_guns UNION ALL SELECT content FROM read_text('{secret}')",
    "in a join": "SELECT * FROM weld_guns LEFT JOIN read_text('{secret}') ON true",
    "in a lateral join": "SELECT * FROM weld_guns, LATERAL (SELECT * FROM read_text('{secret}'))",
    "in ORDER BY": "SELECT 1 FROM weld_guns ORDER BY (SELECT content FROM read_text('{secret}'))",
    "in LIMIT": "SELECT 1 FROM weld_guns LIMIT (SELECT count(*) FROM read_text('{secret}'))",
    "in a window": "SELECT sum(force) OVER (ORDER BY (SELECT size FROM read_text('{secret}'))) FROM weld_guns",
    "in a FILTER": "SELECT count(*) FILTER (WHERE (SELECT true FROM read_text('{secret}'))) FROM weld_guns",
    "in a CASE": "SELECT CASE WHEN true THEN (SELECT content FROM read_text('{secret}')) END",
    "in VALUES": "SELECT * FROM (VALUES ((SELECT content FROM read_text('{secret}')))) AS v",
    "in PIVOT": "PIVOT (FROM read_text('{secret}')) ON size IN (1) USING count(*)",
    "in UNPIVOT": "UNPIVOT (FROM read_text('{secret}')) ON size",
    "in DESCRIBE": "SELECT * FROM (DESCRIBE FROM read_csv('{secret}'))",
    "in SUMMARIZE": "SUMMARIZE FROM read_csv('{secret}')",
}

NAMES = {
    "a file's name in quotes": "SELECT * FROM '{secret}'",
    "a file's name as an identifier": 'SELECT * FROM "{secret}"',
    "an address": "SELECT * FROM 'https://127.0.0.1:9/x.parquet'",
    "an S3 address": "SELECT * FROM 's3://bucket/x.parquet'",
    "sqlite_master": "SELECT * FROM sqlite_master",
    "duckdb's own views": "SELECT * FROM duckdb_views",
    "information_schema": "SELECT * FROM information_schema.tables",
    "pg_catalog": "SELECT * FROM pg_catalog.pg_tables",
    "another schema": "SELECT * FROM main.weld_guns",
    "another catalogue": "SELECT * FROM system.main.duckdb_settings",
}

MACHINE = {
    "environment": "SELECT getenv('HOME')",
    "environment as a method": "SELECT ('HOME').getenv()",
    "settings": "SELECT current_setting('memory_limit')",
    "settings as a table": "SELECT * FROM duckdb_settings()",
    "secrets": "SELECT * FROM duckdb_secrets()",
    "which secret": "SELECT * FROM which_secret('s3://x', 's3')",
    "databases": "SELECT * FROM duckdb_databases()",
    "extensions": "SELECT * FROM duckdb_extensions()",
    "temporary files": "SELECT * FROM duckdb_temporary_files()",
    "log": "SELECT * FROM duckdb_logs()",
    "write to the log": "SELECT write_log('x')",
    "pragma as a table": "SELECT * FROM pragma_table_info('weld_guns')",
    "pragma database_size": "SELECT * FROM pragma_database_size()",
    "a query in a text": "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
    "a table in a text": "SELECT * FROM query_table('weld_guns')",
    "a query as JSON": "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "memory by address": "SELECT * FROM arrow_scan(1, 2, 3)",
    "memory by address, again": "SELECT * FROM pandas_scan(1)",
    "python by address": "SELECT * FROM python_map_function(1, 2)",
    "a variable": "SELECT getvariable('x')",
    "completion": "SELECT * FROM sql_auto_complete('SELECT')",
    "show in FROM": "SELECT * FROM (SHOW ALL TABLES)",
    "test data": "SELECT * FROM test_all_types()",
}

Attempt = Callable[[str, str], str]


@pytest.fixture
def attempt(service: AccessService, data_file: Path, tmp_path: Path) -> Callable[[str], str]:
    """Run a text as the owner; the code of the refusal. Nothing may have been handed out, written or shown."""
    secret, out = tmp_path / "secret.csv", tmp_path / "out.bin"
    secret.write_text(f"{SECRET}\n1\n")
    places = {"secret": secret, "out": out, "data": data_file, "state": tmp_path / "state" / "access.db"}
    before = {path for path in tmp_path.rglob("*") if "state" not in path.parts}

    def run(text: str) -> str:
        for name, path in places.items():
            text = text.replace("{" + name + "}", str(path))
        with pytest.raises(PlatformError) as refused:
            Querying(service, Sandbox()).query("bob", text)
        assert SECRET not in str(refused.value)
        assert os.environ["HOME"] not in refused.value.problem.cause.replace(text, "")
        assert isinstance(refused.value, (Forbidden, Invalid, NotFound))
        assert refused.value.problem.next_step
        assert [each for each in service.trail("ada").items if each.action.startswith("data.")] == []
        assert {path for path in tmp_path.rglob("*") if "state" not in path.parts} == before
        return refused.value.problem.code

    return run


@pytest.mark.parametrize("name", OTHER_STATEMENTS)
def test_anything_but_one_select_is_refused(attempt: Callable[[str], str], name: str) -> None:
    assert attempt(OTHER_STATEMENTS[name]) in ("access.sql_select_only", "access.sql_wrong", "access.sql_refused")


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_read_from_any_place_of_a_query(attempt: Callable[[str], str], name: str) -> None:
    assert attempt(FILES[name]) in ("access.sql_refused", "access.sql_select_only", "access.sql_name")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_dataset_or_nothing(attempt: Callable[[str], str], name: str) -> None:
    assert attempt(NAMES[name]) in ("access.no_dataset", "access.sql_name")


@pytest.mark.parametrize("name", MACHINE)
def test_nothing_is_told_of_the_machine(attempt: Callable[[str], str], name: str) -> None:
    assert attempt(MACHINE[name]) == "access.sql_refused"


def test_a_query_of_any_depth_or_length_is_answered(attempt: Callable[[str], str]) -> None:
    assert attempt("SELECT " + "(" * 5000 + "1" + ")" * 5000) == "access.sql_wrong"
    assert attempt("SELECT * FROM (" * 400 + "weld_guns" + ")" * 400) == "access.sql_wrong"
    assert attempt("SELECT " + "1+" * LONGEST + "1") == "access.sql_wrong"


LOCKED = {
    "read a file": "SELECT * FROM read_text('{secret}')",
    "read a CSV file": "SELECT * FROM read_csv('{secret}')",
    "read a file by its name": "SELECT * FROM '{secret}'",
    "list files": "SELECT * FROM glob('{folder}/*')",
    "write a file": "COPY (SELECT 1) TO '{out}'",
    "attach": "ATTACH '{out}' AS other",
    "export": "EXPORT DATABASE '{out}'",
    "install": "INSTALL httpfs",
    "load": "LOAD httpfs",
    "unlock": "SET lock_configuration = false",
    "allow files": "SET enable_external_access = true",
    "more memory": "SET memory_limit = '100GB'",
    "spill to a disk": "SET temp_directory = '{out}'",
    "python's variables": "SET python_enable_replacements = true",
}


@pytest.mark.parametrize("name", LOCKED)
def test_the_engine_alone_refuses_as_well(tmp_path: Path, name: str) -> None:
    """Were the reading of the syntax tree ever wrong, DuckDB itself is still locked."""
    secret, out = tmp_path / "secret.csv", tmp_path / "out.bin"
    secret.write_text(f"{SECRET}\n1\n")
    text = LOCKED[name].replace("{secret}", str(secret)).replace("{out}", str(out)).replace("{folder}", str(tmp_path))
    with pytest.raises(PlatformError) as refused:
        Sandbox().run(text, {})
    assert SECRET not in str(refused.value)
    assert not out.exists()
