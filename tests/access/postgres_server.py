"""A real PostgreSQL server of our own in a temporary folder, and Secrets Manager as moto plays it.

PostgreSQL does not run as root, so that it is then given another account's rights; it ends with this process.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from jupyter_mlplatform.access.local.postgres_server import Place, Servers
from jupyter_mlplatform.access.local.postgres_table import PostgresTables
from jupyter_mlplatform.access.logins import Login
from jupyter_mlplatform.access.models import Column, Dataset, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.access.rowfilter import RowFilter
from jupyter_mlplatform.errors import NotFound

HOST = "127.0.0.1"
SUPER = Login("postgres", "the-superuser's-own-password")
ADMIN = Login("mlplat_admin", "the-admin's-own-password")
"""As the platform's login is to be: no superuser, but a member of the role that the tables belong to."""
ADMIN_SECRET = "plant/postgres"
SECONDS = 120.0
_numbers = itertools.count(1)


class Server(NamedTuple):
    port: int
    folder: Path

    @property
    def name(self) -> str:
        return f"{HOST}:{self.port}"

    def connect(self, database: str = "postgres", login: Login = SUPER) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=HOST, port=self.port, dbname=database, user=login.user, password=login.password, autocommit=True
        )

    def run(self, database: str, *statements: str) -> None:
        with self.connect(database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        with self.connect(database) as connection:
            return connection.execute(statement.encode()).fetchall()


@functools.cache
def server() -> Server:
    """The one of this process, begun when it is first asked for."""
    folder = Path(tempfile.mkdtemp(prefix="mlplat-pg-"))
    port = _free_port()
    as_other = _account(folder)
    password = folder / "password"
    password.write_text(SUPER.password)
    password.chmod(0o644)
    made = ["-D", str(folder / "data"), "-U", SUPER.user, "--auth=scram-sha-256", f"--pwfile={password}", "-E", "UTF8"]
    subprocess.run(
        [*as_other, _program("initdb"), *made, "--no-sync", "--locale=C.UTF-8"],
        check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=SECONDS,
    )  # fmt: skip
    log = (folder / "log").open("wb")
    options = {
        "listen_addresses": HOST, "port": str(port), "unix_socket_directories": "", "fsync": "off",
        "max_connections": "40", "log_statement": "all", "shared_buffers": "16MB", "autovacuum": "off",
    }  # fmt: skip
    said = [f"--{name}={value}" for name, value in options.items()]
    process = subprocess.Popen(
        [*as_other, "setpriv", "--pdeathsig", "INT", _program("postgres"), "-D", str(folder / "data"), *said],
        cwd=folder, stdout=log, stderr=log,
    )  # fmt: skip
    log.close()
    atexit.register(_end, process, folder)
    running = Server(port, folder)
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with running.connect() as connection:
                _prepare(connection)
                return running
        except psycopg.OperationalError:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)


def log() -> str:
    return (server().folder / "log").read_text(errors="replace")


def new_database() -> str:
    """An empty database with a table ``plant.guns``."""
    name = f"d{next(_numbers)}"
    server().run("postgres", f"CREATE DATABASE {name}", f"GRANT CREATE ON DATABASE {name} TO {ADMIN.user}")
    server().run(
        name,
        "CREATE SCHEMA plant",
        "CREATE TABLE plant.guns (gun_id bigint, force double precision, worker text, at timestamptz)",
        "INSERT INTO plant.guns VALUES (1, 0.5, 'anna', '2026-01-01Z'), (2, 1, 'Anna', NULL), (3, NULL, 'ben', NULL)",
        "CREATE TABLE plant.hr (name text)",
        "INSERT INTO plant.hr VALUES ('SECRET')",
        "ALTER SCHEMA plant OWNER TO plant_owner",
        "ALTER TABLE plant.guns OWNER TO plant_owner",
        "ALTER TABLE plant.hr OWNER TO plant_owner",
    )
    return name


class Kept:
    """Secrets in memory."""

    def __init__(self) -> None:
        self.logins = {ADMIN_SECRET: ADMIN}
        self.asked: list[tuple[str, bool]] = []

    def login(self, name: str, *, fresh: bool = False) -> Login:
        self.asked.append((name, fresh))
        if name not in self.logins:
            raise NotFound("access.no_secret", "There is no secret with the login.")
        return self.logins[name]

    def keep(self, name: str, login: Login) -> Login:
        return self.logins.setdefault(name, login)

    def forget(self, name: str) -> None:
        self.logins.pop(name, None)


class World:
    """A database of its own, with what the platform has to do with it."""

    def __init__(self) -> None:
        self.server = server()
        self.database = new_database()
        self.secrets = Kept()
        self.servers = Servers({self.server.name: ADMIN_SECRET}, self.secrets)
        self.tables = PostgresTables(self.servers)

    def run(self, *statements: str) -> None:
        self.server.run(self.database, *statements)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.server.rows(self.database, statement)

    def place(self, table: str = "guns", schema: str = "plant") -> Place:
        return Place(HOST, self.server.port, self.database, schema, table)

    def dataset(self, table: str = "guns", schema: str = "plant") -> Dataset:
        found = self.tables.inspect(str(self.place(table, schema)))
        return Dataset(
            id="guns", title="Guns", owner="bob", location=found.location, kind=Kind.POSTGRES_TABLE,
            format=found.format, columns=found.columns, rows=found.rows, fingerprint=found.fingerprint,
            registered_at=datetime(2026, 1, 1, tzinfo=timezone.utc), backend="postgres",
        )  # fmt: skip


def grant(dataset: Dataset, *columns: str, rows: RowFilter | None = None, hours: float = 1.0) -> Grant:
    """To alice, from an hour ago on, for so many hours from now."""
    now = datetime.now(timezone.utc)
    number = next(_numbers)
    return Grant(
        id=f"g-{number:010x}", request_id=f"r-{number}", subject="alice", dataset_title=dataset.title,
        scope=Scope(dataset_id=dataset.id, columns=columns or tuple(each.name for each in dataset.columns), rows=rows),
        owner=dataset.owner, purpose="reporting", not_before=now - timedelta(hours=1),
        not_after=now + timedelta(hours=hours), state=GrantState.FULFILLING, version=1, approved_by="bob",
        backend="postgres",
    )  # fmt: skip


def columns(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in types.items())


def quoted(name: str) -> str:
    return sql.Identifier(name).as_string(None)


@contextmanager
def blocked(world: World, table: str = "plant.guns") -> Iterator[None]:
    """Somebody holds a lock on the table that lets nobody read it."""
    with world.server.connect(world.database) as other, other.transaction():
        other.execute("SET LOCAL lock_timeout = '20s'")  # whoever holds it by mistake fails this, and hangs nobody
        other.execute(f"LOCK TABLE {table}".encode())
        yield


def _prepare(connection: psycopg.Connection[Any]) -> None:
    words = "CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}"
    connection.execute(sql.SQL(words).format(sql.Identifier(ADMIN.user), sql.Literal(ADMIN.password)))
    connection.execute("CREATE ROLE plant_owner")
    connection.execute(sql.SQL("GRANT plant_owner TO {}").format(sql.Identifier(ADMIN.user)))


def _account(folder: Path) -> list[str]:
    """What to put before a command so that it does not run as root."""
    if os.getuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def _program(name: str) -> str:
    """Debian keeps those of each version apart; the newest one is taken."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    there = str(found[-1]) if found else shutil.which(name)
    assert there, f"{name} is not installed: apt-get install postgresql"
    return there


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.send_signal(2)  # (SIGINT: fast shutdown)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)
