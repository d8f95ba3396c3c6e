"""PostgreSQL servers: how a table's place is written, and how they are reached.

Over TLS that proves the server's name, unless the server is on this machine; with SCRAM, so that no server is ever told
a password; as whom it is said and nobody else: what the environment and files of the account say of other logins does
not count. psycopg is imported when a server is first reached.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec

from jupyter_mlplatform.access import logins
from jupyter_mlplatform.access.logins import Login, Secrets
from jupyter_mlplatform.access.models import Grant
from jupyter_mlplatform.errors import Forbidden, Invalid, NotFound, PlatformError, Unavailable

SCHEME = "postgresql:"
OURS = "mlplat_grants"
"""The schema of the views that restrict rows."""
USUAL_PORT = 5432
CONNECT_SECONDS = 10
SILENT_MS = 30_000
"""A server that does not acknowledge what was sent for so long is gone."""
_LONGEST_NAME = 63
_MOST_ADDRESSES = 4
_SYSTEM = frozenset({"pg_catalog", "information_schema", "pg_toast", OURS})
_LOOPBACK = {"sslmode": "prefer", "sslrootcert": ""}
_REMOTE = {"sslmode": "verify-full"}
# The same on every connection: names are found in the system's own schema only, and instants are in UTC.
_SETTINGS = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS said (name, value)"
_OUR_WAY = {"search_path": "pg_catalog", "timezone": "UTC", "datestyle": "ISO, YMD", "lock_timeout": "5s"}


class Place(msgspec.Struct, frozen=True):
    """Where a table is."""

    host: str
    port: int
    database: str
    schema: str
    table: str

    @property
    def server(self) -> str:
        """As the policy names it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        database, schema, table = (
            quote(each, safe="").replace(".", "%2E") for each in msgspec.structs.astuple(self)[2:]
        )
        return f"{SCHEME}//{self.server}/{database}/{schema}.{table}"


def place(location: str) -> Place:
    """The parts of ``postgresql://host:port/database/schema.table``, where signs of names are %-quoted.

    Raises ``Invalid`` for what is not written so, has a login in it, or names tables of the system.
    """
    try:
        # A pathlib.Path makes one slash of two.
        rest = location.removeprefix(SCHEME).lstrip("/")
        parts = urlsplit(f"//{rest}")
        database, _, relation = parts.path.removeprefix("/").partition("/")
        schema, _, table = relation.partition(".")
        names = [unquote(each, errors="strict") for each in (database, schema, table)]
        port = parts.port or USUAL_PORT
    except ValueError as error:
        raise _invalid() from error
    plain = not (parts.username or parts.password or "@" in parts.netloc or parts.query or parts.fragment)
    named = all(name and "\0" not in name and len(name.encode()) <= _LONGEST_NAME for name in names)
    if not (location.startswith(SCHEME) and plain and parts.hostname and named) or "/" in relation or "." in table:
        raise _invalid()
    if "," in parts.hostname or names[1] in _SYSTEM or names[1].startswith("pg_temp"):
        raise _invalid("Tables of the system, or of several servers, are no datasets.")
    return Place(parts.hostname, port, *names)


def site(where: Place) -> str:
    """Server and database alone, where a login's rights are."""
    return f"{where.server}/{quote(where.database, safe='')}"


def at(site_words: str) -> Place:
    """The place that :func:`site` wrote down, without a table."""
    server, _, database = site_words.rpartition("/")
    parts = urlsplit(f"//{server}")
    return Place(parts.hostname or "", parts.port or USUAL_PORT, unquote(database), "", "")


class Servers:
    """Connections to the servers that the policy names, as the login of a grant or as the one that makes those.

    ``databases``: the secret of each ``host:port``. ``addresses`` finds those of a host; ``roots``: a file with the
    certificates that are trusted (empty: those of the operating system).
    """

    def __init__(
        self,
        databases: Mapping[str, str],
        secrets: Secrets,
        *,
        roots: str = "",
        addresses: Callable[[str, int], list[str]] | None = None,
    ) -> None:
        self._databases = databases
        self._secrets = secrets
        self._roots = roots
        self._addresses = addresses or resolved

    def check(self, where: Place) -> str:
        """The secret that holds the login of a server. Raises ``Unavailable`` when the policy names none."""
        if where.server not in self._databases:
            raise Unavailable(
                "access.database_not_configured",
                "The policy names no login for the database server of this data.",
                next_step="Tell your platform team to add it to access.databases.",
            )
        return self._databases[where.server]

    def as_admin(self, where: Place, database: str = "") -> Any:
        """A connection that makes and drops logins of grants. Its password may have been changed since it was read."""
        name = self.check(where)
        login = self._secrets.login(name)
        try:
            return self._connected(where, login, database)
        except PlatformError as error:
            changed = self._secrets.login(name, fresh=True) if error.problem.code == _REFUSED else login
            if changed == login:
                raise
        return self._connected(where, changed, database)

    def as_grant(self, where: Place, grant: Grant) -> Any:
        """A connection that can do what is granted and nothing else."""
        self.check(where)
        return self._connected(where, self._secrets.login(logins.secret_of(grant), fresh=True))

    def _connected(self, where: Place, login: Login, database: str = "") -> Any:
        addresses = self._addresses(where.host, where.port)[:_MOST_ADDRESSES]
        words = connection_words(where, addresses, self._roots)
        connection = _connect(words | {"dbname": database or where.database}, login)
        try:
            with told():
                connection.execute(_SETTINGS, [list(_OUR_WAY), list(_OUR_WAY.values())])
        except PlatformError:
            connection.close()
            raise
        return connection


def connection_words(where: Place, addresses: list[str], roots: str = "") -> dict[str, Any]:
    """What libpq is told, so that nothing is left to the environment: to whom, how safely, and how long to wait."""
    return {
        "host": ",".join([where.host] * len(addresses)),
        "hostaddr": ",".join(addresses),
        "port": ",".join([str(where.port)] * len(addresses)),
        **(_LOOPBACK if _on_this_machine(addresses) else _REMOTE | {"sslrootcert": roots or "system"}),
        "sslcertmode": "disable",
        "gssencmode": "disable",
        "require_auth": "scram-sha-256",
        "client_encoding": "UTF8",
        "application_name": "mlplat",
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": SILENT_MS,
        "target_session_attrs": "any",
        "options": "",
    }


def _on_this_machine(addresses: list[str]) -> bool:
    return all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in addresses)


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _unreachable(f"There is no address for {host}.") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@contextmanager
def told() -> Iterator[None]:
    """Calls in here fail with words for a person. The server's own may hold values of the data, so they are left out.

    Its error codes: PostgreSQL documentation, appendix "PostgreSQL Error Codes".
    """
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise of(error.sqlstate, isinstance(error, psycopg.OperationalError)) from None


def of(state: str | None, operational: bool = True) -> PlatformError:
    """The error for a person."""
    if state == "42501":
        return Forbidden(
            _DENIED,
            "The database does not allow this.",
            cause="The login lacks the right to do it.",
            next_step="Tell your platform team: the page on databases lists what each login needs.",
        )
    if state and (state[:2] in ("40", "53") or state in ("55P03", "57014", "55006")):
        return Unavailable(
            "access.database_busy",
            "The database did not get to it in time.",
            cause=f"Somebody holds a lock on the table, or it has too much to do ({state}).",
            next_step="Try again in a minute; what the platform does by itself, it repeats by itself.",
        )
    if (operational and state is None) or (state and state[:2] in ("08", "57")):
        return _unreachable("The connection broke, or was ended there.")
    return Unavailable(
        "access.database_refused",
        "The database refused it.",
        cause=f"It answered {state}." if state else "It answered something that cannot be read.",
        next_step="Tell your platform team what you were doing.",
    )


_DENIED = "access.database_denied"
_REFUSED = "access.database_login_refused"


def refused(error: PlatformError) -> bool:
    """Whether the server did not take the login."""
    return error.problem.code == _REFUSED


def denied(error: PlatformError) -> bool:
    """Whether the login lacks a right."""
    return error.problem.code == _DENIED


def absent(error: PlatformError) -> bool:
    """Whether the login's secret does not exist."""
    return isinstance(error, NotFound)


def _connect(words: dict[str, Any], login: Login) -> Any:
    """Raises outside of the handler: what is raised must not lead to frames that hold the password."""
    psycopg = _psycopg()
    if not login.password or not login.user:
        raise _login_refused("Its secret in AWS Secrets Manager holds no password.")  # libpq would look for another one
    try:
        return psycopg.connect(**words, user=login.user, password=login.password, autocommit=True)
    except psycopg.Error as error:
        asked = getattr(error.pgconn, "used_password", False)
        tls = "SSL" in str(error) or "certificate" in str(error)
    if asked:
        raise _login_refused("Its password was changed, it is over, or it has too many connections.")
    raise _unreachable("It does not prove who it is by TLS." if tls else "It does not answer, or has no such database.")


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise Unavailable(
            "access.database_not_installed",
            "This workspace cannot reach PostgreSQL: psycopg is not installed.",
            next_step="Tell your platform team to install jupyter-mlplatform[postgres].",
        ) from error
    if psycopg.pq.version() < 160_000:
        raise Unavailable(
            "access.database_not_installed",
            "This workspace's libpq is too old to insist on SCRAM: 16 is needed.",
            next_step="Tell your platform team to install jupyter-mlplatform[postgres], which brings a newer one.",
        )
    return psycopg


def _login_refused(cause: str) -> Unavailable:
    return Unavailable(
        _REFUSED,
        "The database does not accept the login.",
        cause=cause,
        next_step="Try again in a few minutes; if that does not help, tell your platform team.",
    )


def _unreachable(cause: str) -> Unavailable:
    return Unavailable(
        "access.database_unreachable",
        "The database server cannot be reached.",
        cause=cause,
        next_step="Try again in a minute; if that does not help, tell your platform team.",
    )


def _invalid(cause: str = "") -> Invalid:
    return Invalid(
        "access.invalid_path",
        "This does not name a table of a PostgreSQL server.",  # it is not repeated: it may hold a password
        cause=cause,
        next_step="Write it as postgresql://host:port/database/schema.table, without a login.",
    )
