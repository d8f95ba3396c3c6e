"""Grants in force on a real PostgreSQL server: what their logins can do, how long, and what is noticed and repaired."""
# ruff: noqa: S608 (a test puts its own words together)

from __future__ import annotations

import functools
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import psycopg
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from jupyter_mlplatform.access.aws.clients import Clients
from jupyter_mlplatform.access.aws.secrets import REMEMBERED_SECONDS, SecretsManager
from jupyter_mlplatform.access.legs import Observation, Sight, Wanted
from jupyter_mlplatform.access.local.postgres_logins import PostgresLogins
from jupyter_mlplatform.access.local.postgres_server import Place, Servers
from jupyter_mlplatform.access.logins import Login, secret_of
from jupyter_mlplatform.access.models import Dataset, Kind
from jupyter_mlplatform.access.ports import Fulfiller
from jupyter_mlplatform.access.rowfilter import Equals, Like, Or, RowFilter
from jupyter_mlplatform.errors import Conflict, Forbidden, NotFound, PlatformError, Unavailable
from jupyter_mlplatform.policy_sections import AwsAccess
from tests.access.fulfiller_contract import FIRST, SECOND, Bench, FulfillerContract
from tests.access.lake_bench import grant as lake_grant
from tests.access.postgres_server import ADMIN, ADMIN_SECRET, HOST, SECONDS, Kept, World, grant, quoted

ANNA = Equals(column="worker", value="anna")
CANARY = "canary-word"
ROLES = f"'mlplat_{FIRST}', 'mlplat_{SECOND}'"


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture
def backend(world: World) -> PostgresLogins:
    return PostgresLogins(world.servers, world.secrets)


def wanted_of(world: World, *columns: str, rows: RowFilter | None = None, hours: float = 1.0) -> Wanted:
    dataset = registered(world)
    return Wanted(grant=grant(dataset, *columns, rows=rows, hours=hours), dataset=dataset)


@functools.cache
def registered(world: World) -> Dataset:
    return world.dataset()


def role(wanted: Wanted) -> str:
    return f"mlplat_{wanted.grant.id}"


def login_of(world: World, wanted: Wanted) -> Login:
    return world.secrets.logins[secret_of(wanted.grant)]


def as_grant(world: World, wanted: Wanted, statement: str) -> list[tuple[Any, ...]]:
    """What a person could do who got hold of the login."""
    with world.server.connect(world.database, login_of(world, wanted)) as connection:
        for each in statement.split("; "):
            found = connection.execute(each.encode())
        return found.fetchall() if found.description else []


def refused(world: World, wanted: Wanted, statement: str) -> bool:
    try:
        as_grant(world, wanted, statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def within_deadline(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# --- The contract of every backend ---------------------------------------------------------------------------------


class Relay:
    """Stands before the server: may turn connections away, and lose the answer to what was committed."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._socket = socket.create_server((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self.taken = 0
        self.turned_away = 0
        self.closed = self.loses = False
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self.taken += 1
                if self.closed or self.turned_away:
                    self.turned_away = max(self.turned_away - 1, 0)
                    client.close()
                    continue
                server = socket.create_connection((HOST, self._behind))
                lost = threading.Event()
                for one, other, up in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._carry, args=(one, other, up, lost), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, up: bool, lost: threading.Event) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if up and self.loses and b"COMMIT" in data:
                    self.loses = False
                    lost.set()
                if not up and lost.is_set():
                    break  # the server is done, and nobody hears of it
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class PostgresBench:
    """One database, and two grants that the contract knows by name. ``rows``: with a view, or without."""

    def __init__(self, world: World, rows: RowFilter | None) -> None:
        self._world = world
        self._rows = rows
        self._relay = Relay(world.server.port)
        self._secrets = Kept()
        self._servers = Servers({f"{HOST}:{self._relay.port}": ADMIN_SECRET}, self._secrets)
        found = world.dataset()
        here = msgspec.structs.replace(world.place(), port=self._relay.port)
        self._dataset = msgspec.structs.replace(found, location=str(here))
        self._end = datetime.now(timezone.utc) + timedelta(hours=1)

    def fulfiller(self) -> Fulfiller:
        return PostgresLogins(self._servers, self._secrets)

    def wanted(self, grant_id: str = FIRST, person: str = "alice") -> Wanted:
        made = grant(self._dataset, "gun_id", "force", rows=self._rows)
        return Wanted(
            grant=msgspec.structs.replace(made, id=grant_id, subject=person, not_after=self._end), dataset=self._dataset
        )

    def impossible(self) -> Sequence[Wanted]:
        known = self.wanted()
        replace = msgspec.structs.replace

        def scoped(**changes: object) -> Wanted:
            return replace(known, grant=replace(known.grant, scope=replace(known.grant.scope, **changes)))

        return [
            self.wanted("G 1"),
            self.wanted("g" * 51),
            scoped(columns=("gone",)),
            scoped(rows=Like(column="gun_id", pattern="1*")),
            scoped(rows=Equals(column="gone", value="x")),
            replace(known, dataset=replace(known.dataset, kind=Kind.FILE)),
            replace(known, dataset=replace(known.dataset, location="postgresql://db/plant/pg_catalog.pg_authid")),
        ]

    def held(self) -> int:
        ((roles,),) = self._world.rows(f"SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname IN ({ROLES})")
        ((views,),) = self._world.rows(f"SELECT count(*) FROM pg_class WHERE relname IN ({ROLES})")
        assert views in (0, roles)
        return int(roles)

    def by_hand(self) -> Sequence[Callable[[Wanted, str], None]]:
        def by(statement: str) -> Callable[[Wanted, str], None]:
            return lambda wanted, handle: self._world.run(statement.replace("{}", quoted(role(wanted))))

        return [by("ALTER ROLE {} NOLOGIN"), by("GRANT SELECT ON plant.hr TO {}"), by("ALTER ROLE {} PASSWORD 'x'")]

    def settle(self) -> None:
        pass

    def lose_answer(self) -> None:
        self._relay.loses = True

    def throttle(self) -> None:
        self._relay.turned_away = 1

    def deny(self) -> None:
        self._world.run(f"ALTER ROLE {ADMIN.user} NOCREATEROLE")

    def blind(self) -> None:
        self._relay.closed = True

    def heal(self) -> None:
        self._relay.closed = False
        self._world.run(f"ALTER ROLE {ADMIN.user} CREATEROLE")

    def calls(self) -> int:
        return self._relay.taken + len(self._secrets.asked)

    def close(self) -> None:
        self.heal()
        for grant_id in (FIRST, SECOND):
            self.fulfiller().remove(self.wanted(grant_id), "")
        self._relay.close()


class TestPostgres(FulfillerContract):
    @pytest.fixture
    def bench(self, world: World) -> Iterator[Bench]:
        made = PostgresBench(world, None)
        yield made
        made.close()


class TestPostgresWithSomeRows(FulfillerContract):
    @pytest.fixture
    def bench(self, world: World) -> Iterator[Bench]:
        made = PostgresBench(world, ANNA)
        yield made
        made.close()


# --- What a login can do -------------------------------------------------------------------------------------------


def test_the_login_reads_the_granted_columns_and_nothing_else(world: World, backend: PostgresLogins) -> None:
    wanted = wanted_of(world, "gun_id", "force")
    backend.apply(wanted, "")
    assert as_grant(world, wanted, "SELECT gun_id, force FROM plant.guns ORDER BY 1")[0] == (1, 0.5)
    for statement in (
        "SELECT worker FROM plant.guns",
        "SELECT * FROM plant.guns",
        "SELECT guns FROM plant.guns",
        "SELECT gun_id FROM plant.guns WHERE worker = 'anna'",
        "SELECT name FROM plant.hr",
        "COPY plant.guns TO STDOUT",
        "SET default_transaction_read_only = off; DELETE FROM plant.guns",
        "SET default_transaction_read_only = off; CREATE SCHEMA own",
        "SET default_transaction_read_only = off; CREATE TABLE plant.own (x int)",
        "SET default_transaction_read_only = off; CREATE ROLE other",
        f"SET ROLE {ADMIN.user}",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT rolpassword FROM pg_authid",
    ):
        assert refused(world, wanted, statement), statement
    assert as_grant(world, wanted, "SELECT count(*) FROM pg_stats WHERE tablename = 'hr'") == [(0,)]


def test_the_login_of_some_rows_sees_these_in_a_view_and_nothing_of_the_table(
    world: World, backend: PostgresLogins
) -> None:
    wanted = wanted_of(world, "gun_id", rows=ANNA)
    backend.apply(wanted, "")
    view = f"mlplat_grants.{quoted(role(wanted))}"
    assert as_grant(world, wanted, f"SELECT * FROM {view}") == [(1,)]
    # A condition that tells of the rows it is asked about is asked about none but those of the view.
    world.run("CREATE OR REPLACE FUNCTION public.told(x bigint) RETURNS bool COST 0.0001 LANGUAGE plpgsql AS "
              "$$ BEGIN RAISE NOTICE 'row %', x; RETURN true; END $$")  # fmt: skip
    with world.server.connect(world.database, login_of(world, wanted)) as connection:
        heard: list[str] = []
        connection.add_notice_handler(lambda notice: heard.append(notice.message_primary or ""))
        connection.execute(f"SELECT * FROM {view} WHERE public.told(gun_id)".encode())
    assert heard == ["row 1"]
    for statement in (
        "SELECT gun_id FROM plant.guns",
        f"SELECT worker FROM {view}",
        "SET default_transaction_read_only = off; CREATE TABLE mlplat_grants.own (x int)",
        f"SET default_transaction_read_only = off; DELETE FROM {view}",
        f"SET default_transaction_read_only = off; DROP VIEW {view}",
    ):
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedColumn)):
            as_grant(world, wanted, statement)


def test_what_default_privileges_give_to_everybody_is_taken_from_the_view(
    world: World, backend: PostgresLogins
) -> None:
    world.run(f"ALTER DEFAULT PRIVILEGES FOR ROLE {ADMIN.user} GRANT SELECT ON TABLES TO PUBLIC, pg_monitor")
    try:
        wanted = wanted_of(world, "gun_id", rows=ANNA)
        backend.apply(wanted, "")
        assert backend.observe(wanted, "").sight is Sight.PRESENT
        acl = world.rows(f"SELECT relacl::text FROM pg_class WHERE relname = '{role(wanted)}'")[0][0]
        assert "pg_monitor" not in acl
        assert "{=" not in acl
        assert ",=" not in acl
    finally:
        world.run(f"ALTER DEFAULT PRIVILEGES FOR ROLE {ADMIN.user} REVOKE SELECT ON TABLES FROM PUBLIC, pg_monitor")


def test_the_server_itself_lets_nobody_in_after_the_end(world: World, backend: PostgresLogins) -> None:
    wanted = wanted_of(world)
    backend.apply(wanted, "")
    assert as_grant(world, wanted, "SELECT 1") == [(1,)]
    ended = wanted_of(world, hours=-0.01)
    backend.apply(ended, "")
    with pytest.raises(psycopg.OperationalError):
        as_grant(world, ended, "SELECT 1")
    assert backend.observe(ended, "").sight is Sight.PRESENT, "it is as it should be until it is taken away"
    soon = wanted_of(world, hours=1 / 3600)
    backend.apply(soon, "")

    def shut() -> bool:
        try:
            as_grant(world, soon, "SELECT 1")
        except psycopg.OperationalError:
            return True
        return False

    assert within_deadline(shut)
    assert datetime.now(timezone.utc) >= soon.grant.not_after


def test_there_are_only_so_many_connections_of_one_grant(world: World, backend: PostgresLogins) -> None:
    wanted = wanted_of(world)
    backend.apply(wanted, "")
    held = [world.server.connect(world.database, login_of(world, wanted)) for _ in range(8)]
    try:
        with pytest.raises(psycopg.OperationalError):
            as_grant(world, wanted, "SELECT 1")
        assert backend.observe(wanted, "").sight is Sight.PRESENT
    finally:
        for connection in held:
            connection.close()


def test_the_end_of_a_grant_ends_what_is_being_read(world: World, backend: PostgresLogins) -> None:
    wanted = wanted_of(world)
    backend.apply(wanted, "")
    with closing(world.server.connect(world.database, login_of(world, wanted))) as connection:
        backend.remove(wanted, "")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert world.rows(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{role(wanted)}'") == [(0,)]


def test_the_server_is_never_told_the_password(world: World, backend: PostgresLogins) -> None:
    wanted = wanted_of(world)
    backend.apply(wanted, "")
    log = (world.server.folder / "log").read_text(errors="replace")
    assert f'ALTER ROLE "{role(wanted)}" WITH LOGIN' in log
    assert "SCRAM-SHA-256$" in log
    assert login_of(world, wanted).password not in log


# --- What is noticed and repaired ----------------------------------------------------------------------------------

WIDENED = {
    "all columns": "GRANT SELECT ON plant.guns TO {}",
    "one more column": "GRANT SELECT (worker) ON plant.guns TO {}",
    "changing data": "GRANT UPDATE ON plant.guns TO {}",
    "emptying": "GRANT TRUNCATE ON plant.guns TO {}",
    "changing one column": "GRANT INSERT (gun_id) ON plant.guns TO {}",
    "another table": "GRANT SELECT ON plant.hr TO {}",
    "making things": "GRANT CREATE ON SCHEMA plant TO {}",
    "a function": "CREATE FUNCTION {f}() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
    "ALTER FUNCTION {f} OWNER TO plant_owner; GRANT EXECUTE ON FUNCTION {f}() TO {}",
    "reading everything": "GRANT pg_read_all_data TO {}",
    "being somebody": f"GRANT {ADMIN.user} TO {{}}",
    "others being it": "CREATE ROLE {o}; GRANT {} TO {o}",
    "databases": "ALTER ROLE {} CREATEDB",
    "logins": "ALTER ROLE {} CREATEROLE",
    "rights of its roles": "ALTER ROLE {} INHERIT",
    "no end": "ALTER ROLE {} VALID UNTIL 'infinity'",
    "a later end": "ALTER ROLE {} VALID UNTIL '2999-01-01'",
    "no limit": "ALTER ROLE {} CONNECTION LIMIT -1",
    "no timeout": "ALTER ROLE {} SET statement_timeout = 0",
    "owning": "CREATE TABLE plant.{x} (x int); ALTER TABLE plant.{x} OWNER TO {}",
}
NARROWED = {
    "no login": "ALTER ROLE {} NOLOGIN",
    "an earlier end": "ALTER ROLE {} VALID UNTIL '2000-01-01'",
    "another password": "ALTER ROLE {} PASSWORD 'other'",
}
OF_TABLES = {
    "a column less": "REVOKE SELECT (gun_id) ON plant.guns FROM {}",
    "no schema": "REVOKE USAGE ON SCHEMA plant FROM {}",
    "handing on": "GRANT SELECT (gun_id) ON plant.guns TO {} WITH GRANT OPTION",
}
OF_VIEWS = {
    "other rows": "CREATE OR REPLACE VIEW mlplat_grants.{} AS SELECT gun_id, force FROM plant.guns",
    "no barrier": "ALTER VIEW mlplat_grants.{} SET (security_barrier = false)",
    "no view": "DROP VIEW mlplat_grants.{}",
    "others": "GRANT SELECT ON mlplat_grants.{} TO pg_monitor",
    "everybody": "GRANT SELECT ON mlplat_grants.{} TO PUBLIC",
    "the login's own": "GRANT CREATE ON SCHEMA mlplat_grants TO {}; ALTER VIEW mlplat_grants.{} OWNER TO {}",
    "not readable": "REVOKE ALL ON mlplat_grants.{} FROM {}",
    "writable": "GRANT DELETE ON mlplat_grants.{} TO {}",
    "no schema": "REVOKE ALL ON SCHEMA mlplat_grants FROM {}",
}
CHANGES = [
    *((None, name, each) for name, each in (WIDENED | NARROWED | OF_TABLES).items()),
    *((ANNA, name, each) for name, each in OF_VIEWS.items()),
    *((ANNA, name, WIDENED[name]) for name in ("all columns", "reading everything", "owning")),
]


@pytest.mark.parametrize(
    ("rows", "statement"),
    [(rows, statement) for rows, _, statement in CHANGES],
    ids=[f"{'rows' if rows else 'table'}-{name}" for rows, name, _ in CHANGES],
)
def test_what_somebody_changes_by_hand_is_seen_and_repaired(
    world: World, backend: PostgresLogins, rows: RowFilter | None, statement: str
) -> None:
    wanted = wanted_of(world, "gun_id", "force", rows=rows)
    backend.apply(wanted, "")
    names = {"{}": role(wanted), "{f}": f"f_{role(wanted)}", "{o}": f"o_{role(wanted)}", "{x}": f"x_{role(wanted)}"}
    for place, name in names.items():
        statement = statement.replace(place, quoted(name))
    world.run(*statement.split("; "))
    told = backend.observe(wanted, "")
    assert told.sight is Sight.DIFFERENT, told
    assert told.note
    backend.apply(wanted, "")
    assert backend.observe(wanted, "") == Observation(Sight.PRESENT)
    backend.remove(wanted, "")
    assert backend.observe(wanted, "") == Observation(Sight.ABSENT)
    assert world.rows(f"SELECT count(*) FROM pg_roles WHERE rolname = '{role(wanted)}'") == [(0,)]


def test_a_secret_that_is_gone_is_made_anew(world: World, backend: PostgresLogins) -> None:
    wanted = wanted_of(world)
    backend.apply(wanted, "")
    del world.secrets.logins[secret_of(wanted.grant)]
    assert backend.observe(wanted, "").sight is Sight.DIFFERENT
    backend.apply(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.PRESENT


@pytest.mark.parametrize("rows", [None, ANNA])
@pytest.mark.parametrize("right", ["SELECT ON plant.guns", "SELECT (worker) ON plant.guns", "DELETE ON plant.guns"])
def test_a_table_that_everybody_may_use_is_not_in_force(
    world: World, backend: PostgresLogins, rows: RowFilter | None, right: str
) -> None:
    wanted = wanted_of(world, "gun_id", rows=rows)
    backend.apply(wanted, "")
    world.run(f"GRANT {right} TO PUBLIC")
    try:
        told = backend.observe(wanted, "")
        assert told.sight is Sight.NOT_IN_FORCE
        assert "PUBLIC" in told.note
        backend.apply(wanted, "")
        assert backend.observe(wanted, "").sight is Sight.NOT_IN_FORCE
    finally:
        world.run(f"REVOKE {right} FROM PUBLIC")
    assert backend.observe(wanted, "").sight is Sight.PRESENT


def test_a_partition_that_everybody_may_use_counts_too(world: World, backend: PostgresLogins) -> None:
    world.run(
        "CREATE TABLE plant.parted (number int, name text) PARTITION BY RANGE (number)",
        "CREATE TABLE plant.part PARTITION OF plant.parted FOR VALUES FROM (0) TO (10)",
        "INSERT INTO plant.parted VALUES (1, 'x')",
        f"GRANT SELECT ON plant.parted TO {ADMIN.user} WITH GRANT OPTION",
    )
    dataset = world.dataset("parted")
    wanted = Wanted(grant=grant(dataset, "number"), dataset=dataset)
    backend.apply(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.PRESENT
    assert refused(world, wanted, "SELECT number FROM plant.part")
    world.run("GRANT SELECT ON plant.part TO PUBLIC")
    assert backend.observe(wanted, "").sight is Sight.NOT_IN_FORCE


@pytest.mark.parametrize("rows", [None, ANNA])
def test_what_the_platform_cannot_take_back_is_said_and_the_end_of_the_grant_still_counts(
    world: World, backend: PostgresLogins, rows: RowFilter | None
) -> None:
    wanted = wanted_of(world, "gun_id", rows=rows)
    backend.apply(wanted, "")
    theirs = f"theirs_{wanted.grant.id.replace('-', '_')}"
    world.run(f"CREATE TABLE public.{theirs} (x int)", f"GRANT SELECT ON public.{theirs} TO {quoted(role(wanted))}")
    assert backend.observe(wanted, "").sight is Sight.DIFFERENT
    with pytest.raises(Conflict) as told:
        backend.apply(wanted, "")
    assert told.value.problem.code == "access.login_not_as_wanted"
    with pytest.raises(Unavailable) as kept:
        backend.remove(wanted, "")
    assert kept.value.problem.code == "access.login_not_removed"
    with pytest.raises(psycopg.OperationalError):
        as_grant(world, wanted, "SELECT 1")
    assert backend.observe(wanted, "").sight is not Sight.ABSENT
    world.run(f"DROP TABLE public.{theirs}")
    backend.remove(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.ABSENT


def test_rights_in_another_database_are_seen_and_taken_away(world: World, backend: PostgresLogins) -> None:
    elsewhere = World()
    wanted = wanted_of(world)
    backend.apply(wanted, "")
    elsewhere.run(f"GRANT SELECT ON plant.hr TO {quoted(role(wanted))}")
    assert backend.observe(wanted, "").sight is Sight.DIFFERENT
    backend.apply(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.PRESENT
    elsewhere.run(f"GRANT SELECT ON plant.hr TO {quoted(role(wanted))}")
    backend.remove(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.ABSENT


def test_what_the_login_came_to_own_is_kept_when_it_goes(world: World, backend: PostgresLogins) -> None:
    wanted = wanted_of(world)
    backend.apply(wanted, "")
    world.run("CREATE TABLE plant.own (x int)", f"ALTER TABLE plant.own OWNER TO {quoted(role(wanted))}")
    backend.remove(wanted, "")
    assert world.rows("SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname = 'own'") == [(ADMIN.user,)]


def test_somebody_elses_login_of_that_name_is_left_alone(world: World, backend: PostgresLogins) -> None:
    wanted = wanted_of(world)
    world.run(f"CREATE ROLE {quoted(role(wanted))} LOGIN")
    for act in (backend.apply, backend.remove):
        with pytest.raises(Conflict) as told:
            act(wanted, "")
        assert told.value.problem.code == "access.login_taken"
    assert backend.observe(wanted, "").sight is Sight.DIFFERENT
    ends = world.rows(f"SELECT rolvaliduntil, rolconnlimit FROM pg_roles WHERE rolname = '{role(wanted)}'")
    assert ends == [(None, -1)]


def test_a_schema_of_views_that_is_somebody_elses_is_not_used() -> None:
    world = World()
    world.run("CREATE SCHEMA mlplat_grants")
    wanted = wanted_of(world, "gun_id", rows=ANNA)
    with pytest.raises(Conflict) as told:
        PostgresLogins(world.servers, world.secrets).apply(wanted, "")
    assert told.value.problem.code == "access.login_taken"
    assert world.rows(f"SELECT count(*) FROM pg_roles WHERE rolname = '{role(wanted)}'") == [(0,)]


def test_a_table_that_is_not_the_registered_one_gets_no_login(world: World, backend: PostgresLogins) -> None:
    world.run("CREATE TABLE plant.brief (x int)", f"GRANT SELECT ON plant.brief TO {ADMIN.user} WITH GRANT OPTION")
    dataset = world.dataset("brief")
    wanted = Wanted(grant=grant(dataset), dataset=dataset)
    backend.apply(wanted, "")
    world.run("DROP TABLE plant.brief", "CREATE TABLE plant.brief (x int)")
    assert backend.observe(wanted, "").sight is Sight.DIFFERENT
    with pytest.raises(Conflict) as told:
        backend.apply(wanted, "")
    assert told.value.problem.code == "access.data_changed"
    backend.remove(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.ABSENT


def test_a_platform_that_may_not_hand_on_is_told_so_and_leaves_nothing(world: World, backend: PostgresLogins) -> None:
    world.run("CREATE TABLE plant.private (x int)")
    dataset = msgspec.structs.replace(world.dataset(), location=str(world.place("private")))
    inspected = _without_counting(world, "private", dataset)
    wanted = Wanted(grant=grant(inspected, "x"), dataset=inspected)
    with pytest.raises(Forbidden) as told:
        backend.apply(wanted, "")
    assert told.value.problem.code == "access.database_denied"
    assert backend.observe(wanted, "").sight is Sight.ABSENT


def _without_counting(world: World, table: str, dataset: Dataset) -> Dataset:
    world.run(f"GRANT SELECT ON plant.{table} TO {ADMIN.user}")
    found = world.dataset(table)
    world.run(f"REVOKE SELECT ON plant.{table} FROM {ADMIN.user}")
    return msgspec.structs.replace(dataset, columns=found.columns, fingerprint=found.fingerprint)


@pytest.mark.parametrize("rows", [None, ANNA])
def test_a_dataset_that_was_registered_anew_from_elsewhere_leaves_nothing_behind(
    world: World, backend: PostgresLogins, rows: RowFilter | None
) -> None:
    elsewhere = World()
    old = wanted_of(world, "gun_id", rows=rows)
    handle = backend.apply(old, "")
    new = msgspec.structs.replace(old, dataset=registered(elsewhere))
    assert backend.observe(new, handle).sight is Sight.DIFFERENT
    again = backend.apply(new, handle)
    assert again != handle
    assert backend.observe(new, again).sight is Sight.PRESENT
    with pytest.raises(psycopg.Error):
        as_grant(world, old, "SELECT gun_id FROM plant.guns")
    back = msgspec.structs.replace(new, dataset=old.dataset)
    backend.remove(back, again)
    assert backend.observe(back, again).sight is Sight.ABSENT
    for each in (world, elsewhere):
        assert each.rows(f"SELECT count(*) FROM pg_class WHERE relname = '{role(old)}'") == [(0,)]


def test_several_processes_at_once_make_one_login(world: World) -> None:
    wanted = wanted_of(world, "gun_id", rows=ANNA)
    with ThreadPoolExecutor(6) as pool:
        tried = [pool.submit(PostgresLogins(world.servers, world.secrets).apply, wanted, "") for _ in range(6)]
    for each in tried:
        error = each.exception()
        assert error is None or (isinstance(error, PlatformError) and error.problem.next_step)
    backend = PostgresLogins(world.servers, world.secrets)
    if any(each.exception() for each in tried):
        backend.apply(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.PRESENT


@pytest.mark.parametrize("nasty", ["' OR true --", "x'); DROP TABLE plant.guns; --", "\\", "%s", "{}", '"', "a\\'b"])
def test_a_value_in_a_view_is_only_ever_a_value(world: World, backend: PostgresLogins, nasty: str) -> None:
    rows = Or(of=(Equals(column="worker", value=nasty), Like(column="worker", pattern=f"{nasty}?")))
    wanted = wanted_of(world, "gun_id", rows=rows)
    backend.apply(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.PRESENT
    assert as_grant(world, wanted, f"SELECT * FROM mlplat_grants.{quoted(role(wanted))}") == []
    assert world.rows("SELECT count(*) FROM plant.guns") == [(3,)]


def test_an_old_name_with_quotes_in_it_cannot_leave_its_place(world: World, backend: PostgresLogins) -> None:
    odd = 'a" UNION SELECT name FROM plant.hr --'
    world.run(f"CREATE TABLE plant.{quoted(odd)} ({quoted(odd)} text, hidden text)")
    world.run(f"GRANT SELECT ON plant.{quoted(odd)} TO {ADMIN.user} WITH GRANT OPTION")
    dataset = world.dataset(odd)
    for rows in (None, Equals(column=odd, value="x")):
        wanted = Wanted(grant=grant(dataset, odd, rows=rows), dataset=dataset)
        backend.apply(wanted, "")
        assert backend.observe(wanted, "").sight is Sight.PRESENT
        assert refused(world, wanted, "SELECT name FROM plant.hr")
        backend.remove(wanted, "")


# --- The platform's own login --------------------------------------------------------------------------------------


def test_a_password_that_was_changed_is_read_again_once(world: World) -> None:
    world.run("CREATE ROLE rotated LOGIN PASSWORD 'old'", "GRANT USAGE ON SCHEMA plant TO rotated")
    stored = {"now": Login("rotated", "old")}

    class Cached(Kept):
        seen: Login | None = None

        def login(self, name: str, *, fresh: bool = False) -> Login:
            self.asked.append((name, fresh))
            if fresh or self.seen is None:
                self.seen = stored["now"]
            return self.seen

    secrets = Cached()
    servers = Servers({world.server.name: "rotating"}, secrets)
    servers.as_admin(world.place()).close()
    world.run("ALTER ROLE rotated PASSWORD 'new'")
    stored["now"] = Login("rotated", "new")
    servers.as_admin(world.place()).close()
    assert secrets.asked == [("rotating", False), ("rotating", False), ("rotating", True)]
    world.run("ALTER ROLE rotated PASSWORD 'newer'")
    secrets.asked.clear()
    with pytest.raises(Unavailable) as told:
        servers.as_admin(world.place())
    assert told.value.problem.code == "access.database_login_refused"
    assert secrets.asked == [("rotating", False), ("rotating", True)], "once, and not for ever"


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield SecretsManager(Clients(AwsAccess(account="123456789012", region="eu-central-1")))


def client(manager: SecretsManager) -> Any:
    return manager._clients.client("secretsmanager")


def test_a_login_that_is_kept_is_found_by_others_and_forgotten_for_good(manager: SecretsManager) -> None:
    made = Login("mlplat_g-1", "canary")
    assert manager.keep("mlplat/grants/mlplat_g-1", made) == made
    assert manager.keep("mlplat/grants/mlplat_g-1", Login("mlplat_g-1", "second")) == made, "as after a lost answer"
    assert manager.login("mlplat/grants/mlplat_g-1", fresh=True) == made
    for _ in range(2):
        manager.forget("mlplat/grants/mlplat_g-1")
    with pytest.raises(NotFound):
        manager.login("mlplat/grants/mlplat_g-1")
    assert client(manager).list_secrets(IncludePlannedDeletion=True)["SecretList"] == []


def test_a_secret_that_is_about_to_be_deleted_is_taken_back(manager: SecretsManager) -> None:
    made = Login("mlplat_g-1", "canary")
    manager.keep("s", made)
    client(manager).delete_secret(SecretId="s", RecoveryWindowInDays=7)
    with pytest.raises(NotFound):
        manager.login("s")
    assert manager.keep("s", Login("mlplat_g-1", "second")) == made
    assert manager.login("s", fresh=True) == made


@pytest.mark.parametrize("text", ["not json", "{}", '{"username": "x"}', '{"username": "other", "password": "p"}'])
def test_a_secret_that_somebody_spoiled_is_written_anew_for_a_grant(manager: SecretsManager, text: str) -> None:
    client(manager).create_secret(Name="s", SecretString=text)
    made = Login("mlplat_g-1", "canary")
    assert manager.keep("s", made) == made
    assert manager.login("s", fresh=True) == made


@pytest.mark.parametrize(
    ("person", "folder"),
    [
        ("alice", "alice"),
        ("a.b@c-d_e+f", "a.b@c-d_e+f"),
        ("../bob", "..=2Fbob"),
        ("jürgen", "j=C3=BCrgen"),
        ("a=b", "a=3Db"),
    ],
)
def test_a_secret_lies_in_a_folder_of_its_person_and_of_nobody_else(person: str, folder: str) -> None:
    named = msgspec.structs.replace(lake_grant(FIRST), subject=person)
    assert secret_of(named) == f"mlplat/grants/{folder}/mlplat_{FIRST}"


def test_a_secret_of_an_administrator_is_remembered_for_a_while(manager: SecretsManager) -> None:
    now = [0.0]
    manager._clock = lambda: now[0]
    client(manager).create_secret(Name="s", SecretString='{"username": "a", "password": "1", "host": "h"}')
    assert manager.login("s").password == "1"
    client(manager).put_secret_value(SecretId="s", SecretString='{"username": "a", "password": "2"}')
    assert manager.login("s").password == "1"
    assert manager.login("s", fresh=True).password == "2"
    client(manager).put_secret_value(SecretId="s", SecretString='{"username": "a", "password": "3"}')
    now[0] = REMEMBERED_SECONDS
    assert manager.login("s").password == "3"


def test_a_secret_is_in_no_log_traceback_or_representation(
    manager: SecretsManager, caplog: pytest.LogCaptureFixture
) -> None:
    client(manager).create_secret(Name="spoiled", SecretString=f'{{"password": "{CANARY}"')
    caplog.set_level("DEBUG")
    login = Login("mlplat_g-1", CANARY)
    manager.keep("s", login)
    assert manager.login("s", fresh=True) == login
    with pytest.raises(PlatformError) as spoiled:
        manager.login("spoiled", fresh=True)
    manager.forget("s")
    stubbed = Stubber(client(manager))
    stubbed.add_client_error("get_secret_value", "ResourceNotFoundException")
    stubbed.add_client_error("create_secret", "AccessDeniedException")
    stubbed.activate()
    with pytest.raises(Forbidden) as denied:
        manager.keep("s", login)
    for error in (spoiled.value, denied.value):
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert CANARY not in "".join(told.format())
    assert CANARY not in repr((login, manager, manager._known))
    assert CANARY not in caplog.text


def test_with_secrets_manager_a_grant_is_put_into_force_read_and_taken_away(
    world: World, manager: SecretsManager
) -> None:
    kept = msgspec.json.encode({"username": ADMIN.user, "password": ADMIN.password}).decode()
    client(manager).create_secret(Name=ADMIN_SECRET, SecretString=kept)
    servers = Servers({world.server.name: ADMIN_SECRET}, manager)
    backend, wanted = PostgresLogins(servers, manager), wanted_of(world, "gun_id", rows=ANNA)
    assert backend.observe(wanted, "").sight is Sight.ABSENT
    backend.apply(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.PRESENT
    backend.remove(wanted, "")
    assert backend.observe(wanted, "").sight is Sight.ABSENT
    assert [each["Name"] for each in client(manager).list_secrets()["SecretList"]] == [ADMIN_SECRET]


def test_a_server_that_cannot_be_reached_is_unknown(world: World) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    where = Place(HOST, port, "plant", "public", "guns")
    known = wanted_of(world)
    wanted = msgspec.structs.replace(known, dataset=msgspec.structs.replace(known.dataset, location=str(where)))
    told = PostgresLogins(Servers({where.server: ADMIN_SECRET}, world.secrets), world.secrets).observe(wanted, "")
    assert told.sight is Sight.UNKNOWN
    assert told.note
