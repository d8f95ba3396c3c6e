"""Tables of a real PostgreSQL server: what they are, which rows come out of them, and as whom they are read."""
# ruff: noqa: S608 (a test puts its own words together)

from __future__ import annotations

import contextlib
import ipaddress
import math
import os
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pyarrow
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from psycopg import sql

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.legs import Wanted
from jupyter_mlplatform.access.local import (
    arrow_filter,
    postgres_filter,
    postgres_logins,
    postgres_server,
    postgres_table,
)
from jupyter_mlplatform.access.local.postgres_types import arrow_type, arrow_word
from jupyter_mlplatform.access.logins import Login, secret_of
from jupyter_mlplatform.access.models import Column, Dataset, Grant
from jupyter_mlplatform.access.rowfilter import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter
from jupyter_mlplatform.errors import Forbidden, Invalid, PlatformError, Unavailable
from tests.access.postgres_server import ADMIN_SECRET, SECONDS, World, blocked, grant, quoted, server
from tests.access.rows import KINDS, PATTERNS, SCHEMA, tables, trees

NASTY = ['a"b', "'; DROP TABLE plant.guns; --", "100%", "%s", "%(x)s", "a.b", "{}", "{x}", "select", "ä b", "a\\b", "?"]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def given_table(world: World, name: str, definition: str, *values: str) -> Dataset:
    world.run(
        f"CREATE TABLE plant.{name} ({definition})", *(f"INSERT INTO plant.{name} VALUES {each}" for each in values)
    )
    world.run(f"GRANT SELECT ON plant.{name} TO mlplat_admin WITH GRANT OPTION")
    return world.dataset(name)


def in_force(world: World, dataset: Dataset, *columns: str, rows: RowFilter | None = None) -> Grant:
    made = grant(dataset, *columns, rows=rows)
    postgres_logins.PostgresLogins(world.servers, world.secrets).apply(Wanted(grant=made, dataset=dataset), "")
    return made


def read(world: World, dataset: Dataset, under: Grant, rows: RowFilter | None = None) -> dict[str, list[Any]]:
    found = world.tables.read(dataset, under.scope.columns, rows, None, under)
    return found.to_pydict()  # type: ignore[no-any-return]


def within_deadline(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# --- Places ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NASTY, "a/b", "a#b", "ü" * 31])
def test_a_place_with_any_name_is_written_and_read_alike(name: str) -> None:
    where = postgres_server.Place("db.example", 5433, name, name, name)
    assert postgres_server.place(str(where)) == where


def test_a_place_that_went_through_a_path_is_the_same_place() -> None:
    where = postgres_server.Place("::1", 5432, "plant", "public", "guns")
    assert str(where) == "postgresql://[::1]:5432/plant/public.guns"
    assert postgres_server.place(str(Path(str(where)))) == where


@pytest.mark.parametrize(
    "location",
    [
        "postgresql://anna:canary@db:5432/plant/public.guns",
        "postgresql://db/plant/public.guns?password=canary",
        "postgresql://db/plant/public.guns#canary",
        "postgresql://db/plant/guns",
        "postgresql://db/plant/public.guns.more",
        "postgresql://db/plant/public.guns/more",
        "postgresql://db:port/plant/public.guns",
        "postgresql://a,b/plant/public.guns",
        "postgresql:///plant/public.guns",
        "postgresql://db/plant/public.%00",
        f"postgresql://db/plant/public.{'x' * 64}",
        "postgresql://db/plant/pg_catalog.pg_authid",
        "postgresql://db/plant/mlplat_grants.anything",
        "mysql://db/plant/public.guns",
    ],
)
def test_what_is_no_place_of_a_table_is_refused_and_not_repeated(location: str) -> None:
    with pytest.raises(Invalid) as refused:
        postgres_server.place(location)
    assert refused.value.problem.code == "access.invalid_path"
    assert "canary" not in str(refused.value)


# --- Connections ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addresses", "mode"),
    [
        (["127.0.0.1"], "prefer"),
        (["::1"], "prefer"),
        (["192.0.2.1"], "verify-full"),
        (["127.0.0.1", "192.0.2.1"], "verify-full"),
    ],
)
def test_only_a_server_on_this_machine_is_spoken_to_without_tls(addresses: list[str], mode: str) -> None:
    where = postgres_server.Place("db", 5432, "plant", "public", "guns")
    words = postgres_server.connection_words(where, addresses)
    assert words["sslmode"] == mode
    assert words["hostaddr"].split(",") == addresses
    assert words["host"].split(",") == ["db"] * len(addresses)


class Listener:
    """Takes one connection, answers with what it is given, and keeps what came in."""

    def __init__(self, *answers: bytes) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(SECONDS)
        self.port = self._socket.getsockname()[1]
        self.came: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, args=(answers,), daemon=True)
        self._thread.start()

    def _serve(self, answers: tuple[bytes, ...]) -> None:
        taken, _ = self._socket.accept()
        with taken, contextlib.suppress(OSError):
            taken.settimeout(SECONDS)
            for answer in answers:
                self.came.append(taken.recv(65536))
                taken.sendall(answer)
            self.came.append(taken.recv(65536))  # nothing, or what should not have been said

    def all(self) -> bytes:
        self._thread.join(SECONDS)
        self._socket.close()
        return b"".join(self.came)


def connected_to(port: int, login: Login) -> None:
    class One:
        def login(self, name: str, *, fresh: bool = False) -> Login:
            return login

    where = postgres_server.Place("127.0.0.1", port, "plant", "public", "guns")
    postgres_server.Servers({where.server: "secret"}, One()).as_admin(where)  # type: ignore[arg-type]


def test_a_server_without_tls_elsewhere_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_server, "_on_this_machine", lambda addresses: False)
    listener = Listener(b"N")
    with pytest.raises(Unavailable):
        connected_to(listener.port, Login("anna", "canary"))
    assert listener.all() == (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")  # the question for TLS alone


@pytest.mark.parametrize("method", [3, 5])
def test_a_server_that_asks_for_the_password_itself_is_not_told_it(
    method: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "canary")
    salt = b"salt" if method == 5 else b""
    listener = Listener(b"N", b"R" + (8 + len(salt)).to_bytes(4, "big") + method.to_bytes(4, "big") + salt)
    with pytest.raises(Unavailable):
        connected_to(listener.port, Login("anna", "canary"))
    came = listener.all()
    assert b"anna" in came
    assert b"canary" not in came
    assert b"md5" not in came


def test_a_login_without_a_password_finds_no_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "the-superuser's-own-password")
    with pytest.raises(Unavailable) as refused:
        connected_to(server().port, Login("postgres", ""))
    assert refused.value.problem.code == "access.database_login_refused"


def test_the_environment_leads_to_no_other_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {"PGHOSTADDR": "192.0.2.1", "PGUSER": "nobody", "PGDATABASE": "none", "PGOPTIONS": "-c nonsense=1"}
    for name, value in {**elsewhere, "PGSSLMODE": "disable", "PGPORT": "1", "PGREQUIREAUTH": "none"}.items():
        monkeypatch.setenv(name, value)
    assert world.dataset().rows == 3


def test_tls_counts_only_when_the_server_proves_its_name(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(postgres_server, "_on_this_machine", lambda addresses: False)
    roots = speaks_tls(world, tmp_path)
    request.addfinalizer(lambda: world.run("ALTER SYSTEM RESET ssl", "SELECT pg_reload_conf()"))
    secrets, databases = world.secrets, {world.server.name: ADMIN_SECRET}
    with postgres_server.Servers(databases, secrets, roots=str(roots)).as_admin(world.place()) as connection:
        shown = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
        assert shown == (True,)
    for trusted in ("", str(certificate(tmp_path / "other", "127.0.0.1")[0])):
        with pytest.raises(Unavailable) as refused:
            postgres_server.Servers(databases, secrets, roots=trusted).as_admin(world.place())
        assert "TLS" in refused.value.problem.cause
    where = world.place()
    wrong = postgres_server.Place("localhost", where.port, where.database, where.schema, where.table)
    with pytest.raises(Unavailable) as refused:
        postgres_server.Servers({wrong.server: ADMIN_SECRET}, secrets, roots=str(roots)).as_admin(wrong)
    assert "TLS" in refused.value.problem.cause


def speaks_tls(world: World, tmp_path: Path) -> Path:
    """Gives the server a certificate for its address and returns the one that vouches for it."""
    root, key, chain = certificate(tmp_path / "own", "127.0.0.1")
    folder = world.server.folder / "data"
    for source, name in ((key, "server.key"), (chain, "server.crt")):
        target = folder / name
        target.write_bytes(source.read_bytes())
        target.chmod(0o600)
        owner = folder.stat()
        if owner.st_uid != target.stat().st_uid:
            os.chown(target, owner.st_uid, owner.st_gid)
    world.run("ALTER SYSTEM SET ssl = on")
    world.run("SELECT pg_reload_conf()")
    assert within_deadline(lambda: world.rows("SHOW ssl") == [("on",)])
    return root


def certificate(folder: Path, address: str) -> tuple[Path, Path, Path]:
    """Files: a certificate that vouches for itself, its key, and the same certificate as a server's."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"mlplat test {folder.name}")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for file, content in (("root.pem", pem), ("key.pem", private), ("chain.pem", pem)):
        (folder / file).write_bytes(content)
    return folder / "root.pem", folder / "key.pem", folder / "chain.pem"


def test_a_server_that_the_policy_does_not_name_is_not_asked(world: World) -> None:
    where = postgres_server.Place("127.0.0.1", 1, "plant", "public", "guns")
    with pytest.raises(Unavailable) as refused:
        world.tables.inspect(str(where))
    assert refused.value.problem.code == "access.database_not_configured"


def test_a_server_that_is_not_there_is_told_from_one_that_refuses(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable) as refused:
        connected_to(port, Login("anna", "canary"))
    assert refused.value.problem.code == "access.database_unreachable"
    with pytest.raises(Unavailable) as refused:
        connected_to(world.server.port, Login("postgres", "canary"))
    assert refused.value.problem.code == "access.database_login_refused"


def test_what_the_server_says_of_values_is_not_repeated(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with world.server.connect() as connection, pytest.raises(Unavailable) as refused, postgres_server.told():
        connection.execute("SELECT ('cana' || 'ry')::int")
    told = "".join(traceback.TracebackException.from_exception(refused.value).format())
    assert "22P02" in told
    assert "canary" not in told + caplog.text


def test_a_password_that_is_refused_is_in_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with pytest.raises(PlatformError) as refused:
        connected_to(server().port, Login("postgres", "canary-" + "word"))
    told = "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())
    assert "canary-word" not in told + caplog.text + repr(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


# --- What a table is ------------------------------------------------------------------------------------------------

TYPES: list[tuple[str, str, str, Any]] = [
    ("boolean", "true", "bool", True),
    ("smallint", "-32768", "int16", -32768),
    ("integer", "7", "int32", 7),
    ("bigint", "9223372036854775807", "int64", 2**63 - 1),
    ("real", "0.1", "float", 0.10000000149011612),
    ("double precision", "5e-324", "double", 5e-324),
    ("numeric(10,2)", "12.5", "decimal128(10, 2)", Decimal("12.50")),
    ("numeric(10,2)", "'NaN'", "decimal128(10, 2)", None),
    ("numeric(50,3)", "1.005", "decimal256(50, 3)", Decimal("1.005")),
    ("numeric", "12345678901234567890.000000000001", "string", "12345678901234567890.000000000001"),
    ("numeric(2,-3)", "12000", "string", "12000"),
    ("text", "'ä'", "string", "ä"),
    ("varchar(3)", "'abc'", "string", "abc"),
    ("char(5)", "'ab'", "string", "ab"),
    ("date", "'0001-01-01'", "date32[day]", date(1, 1, 1)),
    ("timestamp", "'2026-03-29 02:30'", "timestamp[us]", datetime(2026, 3, 29, 2, 30)),  # noqa: DTZ001
    ("timestamp(3)", "'2026-03-29 02:30'", "timestamp[us]", datetime(2026, 3, 29, 2, 30)),  # noqa: DTZ001
    (
        "timestamptz",
        "'2026-03-29 02:30+05'",
        "timestamp[us, tz=UTC]",
        datetime(2026, 3, 28, 21, 30, tzinfo=timezone.utc),
    ),
    ("bytea", r"'\x00ff'", "binary", b"\x00\xff"),
    ("jsonb", """'{"a": 1}'""", "string", '{"a": 1}'),
    ("uuid", "'00000000-0000-0000-0000-000000000001'", "string", "00000000-0000-0000-0000-000000000001"),
    ("integer[]", "'{1,2}'", "string", "{1,2}"),
    ("interval", "'1 day'", "string", "1 day"),
    ("plant.amount", "1.5", "decimal128(6, 2)", Decimal("1.50")),
    ("plant.colour", "'red'", "string", "red"),
]


def test_each_type_has_a_word_of_arrow_and_its_value_comes_out(world: World) -> None:
    world.run(
        "CREATE DOMAIN plant.money AS numeric(6,2)",
        "CREATE DOMAIN plant.amount AS plant.money CHECK (value > 0)",
        "CREATE TYPE plant.colour AS ENUM ('red')",
    )
    definition = ", ".join(f"c{number} {each[0]}" for number, each in enumerate(TYPES))
    values = f"({', '.join(each[1] for each in TYPES)})"
    nothing = f"({', '.join('NULL' for _ in TYPES)})"
    dataset = given_table(world, "types", definition, values, nothing)
    assert [column.type for column in dataset.columns] == [each[2] for each in TYPES]
    found = read(world, dataset, in_force(world, dataset))
    assert [cells[0] for cells in found.values()] == [each[3] for each in TYPES]
    assert [cells[1] for cells in found.values()] == [None] * len(TYPES)


@pytest.mark.parametrize("said", [each[0] for each in TYPES])
def test_each_word_of_arrow_is_the_type_that_arrow_writes_so(said: str) -> None:
    word = arrow_word(said)
    assert str(arrow_type(word)) == word


@pytest.mark.parametrize("value", ["'infinity'", "'-infinity'", "'10000-01-01'", "'4000-01-01 BC'"])
def test_a_date_that_nobody_can_hold_is_said_and_not_told(world: World, value: str) -> None:
    name = f"odd{abs(hash(value))}"
    dataset = given_table(world, name, "day date, name text", f"({value}, 'x')")
    under = in_force(world, dataset)
    with pytest.raises(Invalid) as refused:
        read(world, dataset, under)
    assert refused.value.problem.code == "access.table_unreadable"
    assert value.strip("'") not in str(refused.value)
    assert world.tables.read(dataset, ["name"], None, None, under).to_pydict() == {"name": ["x"]}


def test_rows_come_and_go_and_it_stays_the_registered_table(world: World) -> None:
    dataset = given_table(world, "living", "number int", "(1)")
    under = in_force(world, dataset)
    world.run("INSERT INTO plant.living VALUES (2)", "VACUUM FULL plant.living", "ANALYZE plant.living")
    assert world.dataset("living").fingerprint == dataset.fingerprint
    assert read(world, dataset, under) == {"number": [1, 2]}


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE plant.{}; CREATE TABLE plant.{} (number int, name text)",
        "ALTER TABLE plant.{} ADD COLUMN more text",
        "ALTER TABLE plant.{} DROP COLUMN name; ALTER TABLE plant.{} ADD COLUMN name text",
        "ALTER TABLE plant.{} ALTER COLUMN number TYPE bigint",
        "ALTER TABLE plant.{} RENAME COLUMN name TO other",
        "DROP TABLE plant.{}",
    ],
)
def test_another_table_or_shape_under_the_name_is_not_the_registered_one(world: World, change: str) -> None:
    name = f"shape{abs(hash(change))}"
    dataset = given_table(world, name, "number int, name text", "(1, 'x')")
    under = in_force(world, dataset)
    world.run(*change.replace("{}", name).split("; "))
    world.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA plant TO {quoted(f'mlplat_{under.id}')}")
    with pytest.raises(PlatformError) as refused:
        world.tables.read(dataset, ["number"], None, None, under)
    assert refused.value.problem.code in ("access.data_changed", "access.database_not_in_force")
    if not change.startswith("DROP TABLE plant.{}") or "CREATE" in change:
        assert refused.value.problem.code == "access.data_changed"


def test_a_view_is_a_dataset_as_long_as_it_shows_the_same(world: World) -> None:
    world.run("CREATE VIEW plant.shown AS SELECT gun_id FROM plant.guns")
    world.run("GRANT SELECT ON plant.shown TO mlplat_admin WITH GRANT OPTION")
    dataset = world.dataset("shown")
    under = in_force(world, dataset)
    assert read(world, dataset, under) == {"gun_id": [1, 2, 3]}
    world.run("CREATE OR REPLACE VIEW plant.shown AS SELECT 9::bigint AS gun_id FROM plant.hr")
    with pytest.raises(PlatformError) as refused:
        read(world, dataset, under)
    assert refused.value.problem.code == "access.data_changed"


@pytest.mark.parametrize("table", ["gone", "GUNS", "guns_pkey"])
def test_what_is_no_table_cannot_be_registered(world: World, table: str) -> None:
    with pytest.raises(Invalid) as refused:
        world.dataset(table)
    assert refused.value.problem.code == "access.no_table"


def test_a_table_that_takes_long_to_count_is_estimated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("CREATE VIEW plant.slow AS SELECT pg_sleep(60) IS NULL AS never FROM plant.guns")
    world.run("CREATE VIEW plant.slower AS SELECT never FROM plant.slow WHERE never IS NOT NULL")
    world.run("GRANT SELECT ON plant.slower TO mlplat_admin")
    monkeypatch.setattr(postgres_table, "_COUNT_MS", 50)
    assert world.dataset("slower").rows == 0


# --- Which rows -----------------------------------------------------------------------------------------------------

ABLE = ("text", "whole", "small", "real", "single", "money", "large_money", "truth", "day", "instant", "local")
DECLARED = {
    "text": "text", "whole": "bigint", "small": "smallint", "real": "double precision", "single": "real",
    "money": "numeric(10,2)", "large_money": "numeric(40,3)", "truth": "boolean", "day": "date",
    "instant": "timestamptz", "local": "timestamp",
}  # fmt: skip


@pytest.fixture(scope="module")
def desk(world: World) -> Iterator[psycopg.Connection[Any]]:
    """A connection with an empty table for all examples."""
    with world.server.connect(world.database) as connection:
        listed = ", ".join(f'"{name}" {kind}' for name, kind in DECLARED.items())
        connection.execute(f"CREATE TEMP TABLE rows ({listed}, number int)".encode())
        connection.execute("SET timezone = 'Asia/Kolkata'")
        yield connection


@contextlib.contextmanager
def filled(desk: psycopg.Connection[Any], table: pyarrow.Table) -> Iterator[Callable[[RowFilter, bool], list[int]]]:
    """The table on the server. What comes back finds the numbers of rows, with the values apart or in the text."""
    listed = tuple(Column(field.name, str(field.type)) for field in table.schema)
    names = [*table.column_names, "number"]
    into = sql.SQL("INSERT INTO rows ({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join([sql.Placeholder()] * len(names))
    )

    def found(tree: RowFilter, inline: bool) -> list[int]:
        values: list[Any] | None = None
        if inline:
            where = postgres_filter.literal(tree, listed, "asked")
        else:
            where, values = postgres_filter.condition(tree, listed, "asked")
        text = sql.SQL("SELECT number FROM rows AS asked WHERE {} ORDER BY number").format(where)
        return [number for (number,) in desk.execute(text, values).fetchall()]

    with desk.transaction(force_rollback=True):
        desk.cursor().executemany(into, [(*row.values(), at) for at, row in enumerate(table.to_pylist())])
        yield found


def expected(tree: RowFilter, table: pyarrow.Table) -> list[int]:
    return [at for at, row in enumerate(table.to_pylist()) if rowfilter.matches(tree, row) is True]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=trees(ABLE), table=tables(ABLE))
def test_the_server_finds_the_rows_that_the_reference_and_pyarrow_do(
    desk: psycopg.Connection[Any], tree: RowFilter, table: pyarrow.Table
) -> None:
    checked = rowfilter.check(tree, [Column(field.name, str(field.type)) for field in table.schema])
    wanted = expected(checked, table)
    with filled(desk, table) as found:
        assert found(checked, False) == wanted
        assert found(checked, True) == wanted
    numbered = table.append_column("number", pyarrow.array(range(table.num_rows), pyarrow.int64()))
    assert numbered.filter(arrow_filter.expression(checked, SCHEMA)).column("number").to_pylist() == wanted


def every_test(name: str) -> Iterator[RowFilter]:
    yield Missing(column=name)
    values = [
        rowfilter.check(Equals(column=name, value=sent(name, each)), [column(name)]) for each in KINDS[name][1][:8]
    ]
    for test in values:
        assert isinstance(test, Equals)
        yield test
        yield In(column=name, values=(test.value, values[-1].value))  # type: ignore[union-attr]
        if name != "truth":
            yield Range(column=name, at_least=test.value)
            yield Range(column=name, at_most=test.value)
            yield Range(column=name, below=test.value)


def column(name: str) -> Column:
    return Column(name, str(KINDS[name][0]))


def sent(name: str, value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("name", ABLE)
def test_each_type_is_compared_alike(desk: psycopg.Connection[Any], name: str) -> None:
    cells = [*KINDS[name][1], None, *([math.nan] if name in ("real", "single") else [])]
    table = pyarrow.table({name: pyarrow.array(cells, KINDS[name][0])})
    with filled(desk, table) as found:
        for test in every_test(name):
            for tree in (test, Not(of=test)):
                assert found(tree, False) == found(tree, True) == expected(tree, table), tree


def test_each_pattern_finds_the_same_texts(desk: psycopg.Connection[Any]) -> None:
    table = pyarrow.table({"text": pyarrow.array([*KINDS["text"][1], "two\nlines", "Graz\n", None], pyarrow.string())})
    with filled(desk, table) as found:
        for pattern in PATTERNS:
            for tree in (Like(column="text", pattern=pattern), Not(of=Like(column="text", pattern=pattern))):
                assert found(tree, False) == found(tree, True) == expected(tree, table), tree


def test_decimals_that_are_no_numbers_are_missing(world: World) -> None:
    dataset = given_table(world, "nan", "number int, much numeric(5,2)", "(1, 'NaN'), (2, 1.5), (3, NULL)")
    for tree, wanted in [
        (Missing(column="much"), [1, 3]),
        (Not(of=Missing(column="much")), [2]),
        (Range(column="much", at_least="1"), [2]),
        (Not(of=Equals(column="much", value="2")), [2]),
        (Not(of=In(column="much", values=("2",))), [2]),
    ]:
        assert read(world, dataset, in_force(world, dataset, "number", rows=tree))["number"] == wanted
        assert read(world, dataset, in_force(world, dataset), tree)["number"] == wanted


def test_text_is_compared_sign_by_sign_whatever_the_columns_collation_is(world: World) -> None:
    world.run("CREATE COLLATION plant.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    dataset = given_table(world, "loose", "name text COLLATE plant.ci", "('anna'), ('Anna'), ('ben')")
    under = in_force(world, dataset)
    for tree, wanted in [
        (Equals(column="name", value="anna"), ["anna"]),
        (In(column="name", values=("Anna", "x")), ["Anna"]),
        (Like(column="name", pattern="A*"), ["Anna"]),
        (Range(column="name", below="a"), ["Anna"]),
    ]:
        assert read(world, dataset, under, tree) == {"name": wanted}


@pytest.mark.parametrize("nasty", NASTY)
def test_a_value_is_only_ever_a_value(desk: psycopg.Connection[Any], nasty: str) -> None:
    listed = [Column("text", "string")]
    tree = Or(of=(Equals(column="text", value=nasty), Like(column="text", pattern=nasty)))
    text, values = postgres_filter.condition(tree, listed, "asked")
    plain, _ = postgres_filter.condition(
        Or(of=(Equals(column="text", value="x"), Like(column="text", pattern="x"))), listed, "asked"
    )
    assert text.as_string(desk) == plain.as_string(desk)
    assert values[0] == nasty
    table = pyarrow.table({"text": pyarrow.array([nasty, "something else"], pyarrow.string())})
    with filled(desk, table) as found:
        assert found(tree, False) == found(tree, True) == [0]


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("restricted", [False, True])
def test_a_name_is_only_ever_a_name(world: World, nasty: str, restricted: bool) -> None:
    name = f"{nasty} {restricted}"
    world.run(f"CREATE TABLE plant.{quoted(name)} ({quoted(nasty)} text, hidden text)")
    world.run(f"INSERT INTO plant.{quoted(name)} VALUES ('x', 'SECRET'), ('y', 'SECRET')")
    world.run(f"GRANT SELECT ON plant.{quoted(name)} TO mlplat_admin WITH GRANT OPTION")
    dataset = world.dataset(name)
    tree = Equals(column=nasty, value="x")
    under = in_force(world, dataset, nasty, rows=tree if restricted else None)
    assert read(world, dataset, under, tree) == {nasty: ["x"]}
    assert world.rows("SELECT count(*) FROM plant.guns") == [(3,)]


# --- As whom, and how ----------------------------------------------------------------------------------------------


def test_data_is_read_as_the_grants_own_login(world: World) -> None:
    dataset = world.dataset()
    under = in_force(world, dataset, "gun_id")
    world.secrets.asked.clear()
    pieces = world.tables.batches(dataset, ["gun_id"], None, 1, under)
    assert next(pieces).to_pydict() == {"gun_id": [1]}
    users = world.rows("SELECT usename::text FROM pg_stat_activity WHERE application_name = 'mlplat'")
    assert users == [(f"mlplat_{under.id}",)]
    assert world.secrets.asked == [(secret_of(under), True)]
    pieces.close()  # type: ignore[attr-defined]
    asked = f"SELECT count(*) FROM pg_stat_activity WHERE usename = 'mlplat_{under.id}'"
    assert within_deadline(lambda: world.rows(asked) == [(0,)])


def test_without_a_grant_nobody_reads_not_even_the_owner(world: World) -> None:
    dataset = world.dataset()
    own = in_force(world, dataset)
    for under in (None, msgspec.structs.replace(own, id="owner")):
        world.secrets.asked.clear()
        with pytest.raises(Forbidden) as refused:
            world.tables.read(dataset, ["gun_id"], None, None, under)
        with pytest.raises(Forbidden):
            world.tables.batches(dataset, ["gun_id"], None, 1, under)
        assert refused.value.problem.code == "access.no_login_of_own"
        assert world.secrets.asked == []


def test_a_grant_without_a_login_is_not_in_force(world: World) -> None:
    dataset = world.dataset()
    with pytest.raises(Unavailable) as refused:
        read(world, dataset, grant(dataset))
    assert refused.value.problem.code == "access.database_not_in_force"


def test_a_narrower_question_is_answered_within_the_granted_rows_only(world: World) -> None:
    dataset = world.dataset()
    own = Or(of=(Equals(column="worker", value="anna"), Equals(column="worker", value="ben")))
    under = in_force(world, dataset, "gun_id", rows=own)
    for asked, wanted in [
        (own, [1, 3]),
        (rowfilter.both(own, Range(column="gun_id", at_least=2)), [3]),
        (rowfilter.both(own, And(of=(Range(column="gun_id", at_least=2), Range(column="gun_id", at_most=2)))), []),
    ]:
        assert read(world, dataset, under, asked) == {"gun_id": wanted}
    with pytest.raises(Invalid):
        read(world, dataset, under, Equals(column="worker", value="Anna"))  # a column that was not granted


def test_rows_come_in_pieces_and_their_coming_is_told(world: World) -> None:
    dataset = world.dataset()
    under = in_force(world, dataset)
    sizes = [piece.num_rows for piece in world.tables.batches(dataset, ["gun_id"], None, 2, under)]
    assert sizes == [2, 1]
    heard: list[tuple[int, int | None]] = []
    world.tables.read(dataset, ["gun_id"], None, lambda rows, of: heard.append((rows, of)), under)
    assert heard == [(3, None)]


def test_no_more_rows_are_asked_for_than_are_wanted(world: World) -> None:
    dataset = world.dataset()
    under = in_force(world, dataset)
    some = world.tables.at_most(2).read(dataset, ["gun_id"], Range(column="gun_id", at_least=2), None, under)
    assert some.to_pydict() == {"gun_id": [2, 3]}
    (piece,) = world.tables.at_most(1).batches(dataset, ["gun_id"], None, 10, under)
    assert piece.num_rows == 1


def test_no_rows_are_one_empty_piece_of_the_right_types(world: World) -> None:
    dataset = world.dataset()
    under = in_force(world, dataset)
    nothing = Equals(column="gun_id", value=99)
    (piece,) = world.tables.batches(dataset, ["at", "gun_id"], nothing, 2, under)
    assert [str(field.type) for field in piece.schema] == ["timestamp[us, tz=UTC]", "int64"]
    assert world.tables.read(dataset, ["gun_id"], nothing, None, under).num_rows == 0


def test_a_table_that_somebody_holds_is_busy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = world.dataset()
    under = in_force(world, dataset)
    monkeypatch.setitem(postgres_server._OUR_WAY, "lock_timeout", "20ms")
    with blocked(world), pytest.raises(Unavailable) as refused:
        read(world, dataset, under)
    assert refused.value.problem.code == "access.database_busy"


def test_a_piece_that_takes_too_long_is_given_up_there_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_table, "_COUNT_MS", 50)
    world.run("CREATE VIEW plant.sleepy AS SELECT gun_id, pg_sleep(600)::text AS slept FROM plant.guns")
    world.run("GRANT SELECT ON plant.sleepy TO mlplat_admin WITH GRANT OPTION")
    dataset = world.dataset("sleepy")
    under = in_force(world, dataset)
    monkeypatch.setattr(postgres_table, "_READ_MS", 50)
    with pytest.raises(Unavailable) as refused:
        read(world, dataset, under)
    assert refused.value.problem.code == "access.database_busy"
    asked = f"SELECT count(*) FROM pg_stat_activity WHERE usename = 'mlplat_{under.id}'"
    assert within_deadline(lambda: world.rows(asked) == [(0,)])


def test_what_is_read_is_what_was_locked(world: World) -> None:
    """Somebody who wants another table in its place waits until the reading is over."""
    dataset = given_table(world, "held", "number int", "(1), (2)")
    under = in_force(world, dataset)
    pieces = world.tables.batches(dataset, ["number"], None, 1, under)
    next(pieces)
    with world.server.connect(world.database) as other:
        other.execute("SET lock_timeout = '20ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("DROP TABLE plant.held")
    assert next(pieces).to_pydict() == {"number": [2]}
    pieces.close()  # type: ignore[attr-defined]


def test_a_connection_that_breaks_is_told_in_words(world: World) -> None:
    dataset = world.dataset()
    under = in_force(world, dataset)
    pieces = world.tables.batches(dataset, ["gun_id"], None, 1, under)
    next(pieces)
    world.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mlplat_{under.id}'")
    with pytest.raises(Unavailable) as refused:
        list(pieces)
    assert refused.value.problem.code == "access.database_unreachable"


def test_the_password_is_in_no_log_traceback_or_representation(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    dataset = world.dataset()
    under = in_force(world, dataset)
    world.run("ALTER TABLE plant.guns RENAME COLUMN force TO pressure")
    try:
        with pytest.raises(PlatformError) as refused:
            read(world, dataset, under)
    finally:
        world.run("ALTER TABLE plant.guns RENAME COLUMN pressure TO force")
    told = "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())
    assert "_batches" in told
    log = (world.server.folder / "log").read_text(errors="replace")
    password = world.secrets.logins[secret_of(under)].password
    for kept in (password, "the-admin's-own-password"):
        assert kept not in told + caplog.text + repr((world.servers, world.tables, world.secrets.logins))
    assert password not in log
