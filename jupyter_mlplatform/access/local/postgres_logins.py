"""Puts grants on PostgreSQL tables into force: one login for each grant, which the server itself lets in no longer
than the grant.

All columns of all rows, or some of them: the login has the right to read these columns of the table. Some rows only: it
has none on the table, and reads a view of them in a schema of ours. Row level security would do the same on the table
itself, but only the table's owner can turn that on, it then counts for everybody who uses the table, and it knows
nothing of columns. A view asks for the right to read and to pass that on, and changes nothing for others.

``VALID UNTIL`` counts when somebody logs in; who is in already is thrown out when the grant's end is carried out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from jupyter_mlplatform.access import logins
from jupyter_mlplatform.access.legs import Observation, Sight, Wanted
from jupyter_mlplatform.access.local import content, postgres_filter, postgres_rights, postgres_server, postgres_table
from jupyter_mlplatform.access.local.postgres_rights import CONNECTIONS, SETTINGS, Role, mark
from jupyter_mlplatform.access.local.postgres_server import OURS, Place, Servers
from jupyter_mlplatform.access.local.postgres_table import Relation
from jupyter_mlplatform.access.logins import Login, Secrets
from jupyter_mlplatform.access.models import Kind
from jupyter_mlplatform.errors import Conflict, Invalid, PlatformError, Unavailable, nearest

BACKEND = "postgres"
_PASSWORD_BYTES = 32
_TERMINATE_MS = 5000
_LATER = 140_000
"""From this version on a session that is ended can be waited for."""
_ADMIN_MS = "30s"
# What other databases hold of the login by hand keeps it from being dropped.
_OTHERS = """
SELECT DISTINCT datname::text FROM pg_shdepend JOIN pg_database ON pg_database.oid = dbid
WHERE refclassid = 'pg_authid'::regclass AND refobjid = %s AND datname <> current_database() AND datallowconn
"""


class PostgresLogins:
    """The backend ``postgres``."""

    name = BACKEND

    def __init__(self, servers: Servers, kept: Secrets) -> None:
        self._servers = servers
        self._secrets = kept

    def check(self, wanted: Wanted) -> str:
        """See :class:`~jupyter_mlplatform.access.ports.Fulfiller`."""
        if wanted.dataset.kind is not Kind.POSTGRES_TABLE:
            raise Invalid(
                "access.wrong_backend",
                f"{wanted.dataset.id!r} is no table of a PostgreSQL server.",
                next_step="Tell your platform team: its entry in the catalogue names the wrong backend.",
            )
        where = postgres_server.place(wanted.dataset.location)
        self._servers.check(where)
        known = {column.name for column in wanted.dataset.columns}
        if unknown := sorted(set(wanted.grant.scope.columns) - known):
            told = f"{wanted.dataset.id!r} has no column {unknown[0]!r}."
            raise Invalid("access.invalid_columns", told, next_step=nearest(unknown[0], known))
        if wanted.grant.scope.rows is not None:
            postgres_filter.condition(wanted.grant.scope.rows, wanted.dataset.columns, "asked")
        # Before anything is granted there is no id.
        return f"{where.server}/{logins.role_of(wanted.grant.id) if wanted.grant.id else 'mlplat_'}"

    def apply(self, wanted: Wanted, handle: str) -> str:
        """See :class:`~jupyter_mlplatform.access.ports.Fulfiller`. What the login has too much is taken away."""
        self.check(wanted)
        where, name = _named(wanted)
        if handle not in ("", postgres_server.site(where)):
            self._take(wanted, postgres_server.at(handle))  # the dataset was registered anew, from elsewhere
        made = Login(name, secrets.token_urlsafe(_PASSWORD_BYTES))
        login = self._secrets.keep(logins.secret_of(wanted.grant), made)
        with self._admin(where) as connection:
            known = postgres_rights.role(connection, name, wanted.grant.not_after)
            if known is not None:
                _check_ours(known, wanted)
                self._disown_elsewhere(connection, where, known, name)
            with connection.transaction():
                _locked(connection, name)
                relation = postgres_table.described(connection, where)
                if relation is None or relation.fingerprint != wanted.dataset.fingerprint:
                    raise content.changed(wanted.dataset.id, wanted.dataset.owner, "table")
                _make_login(connection, wanted, login)
                if wanted.grant.scope.rows is None:
                    _let_read_table(connection, wanted, where, name)
                else:
                    _let_read_view(connection, wanted, where, name)
                _check_made(connection, wanted, where, relation)
        return postgres_server.site(where)

    def observe(self, wanted: Wanted, handle: str) -> Observation:
        """See :class:`~jupyter_mlplatform.access.ports.Fulfiller`. The login is tried, too."""
        try:
            found, untried = self._observed(wanted, handle)
            return self._tried(wanted) if found.sight is Sight.PRESENT and not untried else found
        except PlatformError as error:
            return Observation(Sight.UNKNOWN, f"{error.problem.message} {error.problem.cause}".strip())

    def remove(self, wanted: Wanted, handle: str) -> None:
        """See :class:`~jupyter_mlplatform.access.ports.Fulfiller`. First nobody gets in, then nobody is in."""
        self._take(wanted, postgres_server.at(handle) if handle else _named(wanted)[0])
        self._secrets.forget(logins.secret_of(wanted.grant))

    def _take(self, wanted: Wanted, where: Place) -> None:
        name = logins.role_of(wanted.grant.id)
        with self._admin(where) as connection:
            known = postgres_rights.role(connection, name, wanted.grant.not_after)
            if known is not None:
                _check_ours(known, wanted)
                _shut_out(connection, known, name)
                self._disown_elsewhere(connection, where, known, name)
            with connection.transaction():
                _locked(connection, name)
                _drop(connection, name)

    @contextmanager
    def _admin(self, where: Place, database: str = "") -> Iterator[Any]:
        with closing(self._servers.as_admin(where, database)) as connection, postgres_server.told():
            connection.execute("SELECT set_config('statement_timeout', %s, false)", [_ADMIN_MS])
            yield connection

    def _observed(self, wanted: Wanted, handle: str) -> tuple[Observation, bool]:
        """What the catalogue shows, and whether the login cannot be tried: it has ended, or is in full use."""
        where, name = _named(wanted)
        there = postgres_server.at(handle) if handle else where
        with self._admin(there) as connection:
            known = postgres_rights.role(connection, name, wanted.grant.not_after)
            if known is None:
                left = postgres_rights.view(connection, name, 0) is not None
                half = Observation(Sight.DIFFERENT, "The login is gone, and its view is not.")
                return half if left else Observation(Sight.ABSENT), False
            moved = postgres_server.site(there) != postgres_server.site(where)
            relation = None if moved else postgres_table.described(connection, where)
            if relation is None or relation.fingerprint != wanted.dataset.fingerprint:
                return Observation(Sight.DIFFERENT, "The table is not the registered one any more."), False
            found = postgres_rights.compared(connection, wanted, where, relation, known)
        if found.open_to_all:
            note = "Everybody on the server may use the table, granted or not (PUBLIC)."
            return Observation(Sight.NOT_IN_FORCE, note), False
        if found.wrong:
            return Observation(Sight.DIFFERENT, " ".join(found.wrong)), False
        return Observation(Sight.PRESENT), known.over or known.full

    def _tried(self, wanted: Wanted) -> Observation:
        """A look at no row, with the login itself."""
        where, _ = _named(wanted)
        try:
            with closing(self._servers.as_grant(where, wanted.grant)) as connection, postgres_server.told():
                connection.execute(_look(wanted, where))
        except PlatformError as error:
            if postgres_server.denied(error):
                return Observation(Sight.DIFFERENT, "The login cannot read what was granted.")
            if postgres_server.absent(error):
                return Observation(Sight.DIFFERENT, "The secret with the login's password is gone.")
            if not postgres_server.refused(error):
                raise
            return Observation(Sight.DIFFERENT, "The login's password is not the one that is kept.")
        return Observation(Sight.PRESENT)

    def _disown_elsewhere(self, connection: Any, where: Place, known: Role, name: str) -> None:
        for (database,) in connection.execute(_OTHERS, [known.number]).fetchall():
            with self._admin(where, database) as other, other.transaction():
                _disown(other, name)


def _named(wanted: Wanted) -> tuple[Place, str]:
    return postgres_server.place(wanted.dataset.location), logins.role_of(wanted.grant.id)


def _locked(connection: Any, name: str) -> None:
    """Until the transaction's end nobody else works on this login."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _said(connection: Any, text: str, *names: Any, **literals: Any) -> None:
    """A statement that takes no parameters: names are identifiers or composed ones, values are literals."""
    from psycopg import sql

    places = [sql.Identifier(each) if isinstance(each, str) else each for each in names]
    connection.execute(sql.SQL(text).format(*places, **{key: sql.Literal(each) for key, each in literals.items()}))


def _check_ours(known: Role, wanted: Wanted) -> None:
    if known.mark != mark(wanted.grant.id):
        raise Conflict(
            "access.login_taken",
            "The database has a login of the name of this grant's already, which is not ours.",
            cause="It does not have the comment with which the platform marks its own.",
            next_step="Tell your database team; the platform leaves it as it is.",
        )


def _make_login(connection: Any, wanted: Wanted, login: Login) -> None:
    name = login.user
    known = postgres_rights.role(connection, name, wanted.grant.not_after)
    if known is None:
        _said(connection, "CREATE ROLE {}", name)
    else:
        _check_ours(known, wanted)
        _weaken(connection, known, name)
        _disown(connection, name)
    # Made here, so that the server is never told the password, which its log might keep.
    verifier = connection.pgconn.encrypt_password(login.password.encode(), name.encode(), b"scram-sha-256").decode()
    _said(
        connection,
        "ALTER ROLE {} WITH LOGIN NOINHERIT CONNECTION LIMIT {most} PASSWORD {verifier} VALID UNTIL {end}",
        name,
        most=CONNECTIONS,
        verifier=verifier,
        end=wanted.grant.not_after.isoformat(),
    )
    _said(connection, "COMMENT ON ROLE {} IS {mark}", name, mark=mark(wanted.grant.id))
    _said(connection, "ALTER ROLE {} RESET ALL", name)
    for setting, value in SETTINGS.items():
        _said(connection, "ALTER ROLE {} SET {} = {value}", name, setting, value=value)


def _check_made(connection: Any, wanted: Wanted, where: Place, relation: Relation) -> None:
    """What somebody else gave can be taken by that one alone, or by a member of the role that the thing belongs to."""
    made = postgres_rights.role(connection, logins.role_of(wanted.grant.id), wanted.grant.not_after)
    found = None if made is None else postgres_rights.compared(connection, wanted, where, relation, made)
    if found is None or (found.wrong and not found.open_to_all):
        raise Conflict(
            "access.login_not_as_wanted",
            "The platform cannot make the login what it is to be.",
            cause=" ".join(found.wrong) if found else "",
            next_step="Tell your database team to undo what was given to it by hand, or to let the platform do so.",
        )


def _weaken(connection: Any, known: Role, name: str) -> None:
    """Take away what the login can do besides reading, and whom it belongs to."""
    if known.mighty:
        # A clause for what it does not have is refused to all but superusers.
        found = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE oid = %s",
            [known.number],
        ).fetchone()
        for has, clause in zip(found, ("SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"), strict=True):
            if has:
                _said(connection, f"ALTER ROLE {{}} NO{clause}", name)
    pairs = connection.execute(
        "SELECT pg_get_userbyid(roleid)::text, pg_get_userbyid(member)::text FROM pg_auth_members "
        "WHERE %(role)s IN (roleid, member) AND pg_get_userbyid(member) <> current_user",
        {"role": known.number},
    ).fetchall()
    for group, member in pairs:
        _said(connection, "REVOKE {} FROM {}", group, member)


def _disown(connection: Any, name: str) -> None:
    """All of the login's rights in this database go; what it owns by hand is kept, as ours."""
    _said(connection, "GRANT {} TO CURRENT_USER", name)
    _said(connection, "REASSIGN OWNED BY {} TO CURRENT_USER", name)
    _said(connection, "DROP OWNED BY {}", name)
    _said(connection, "REVOKE {} FROM CURRENT_USER", name)


def _let_in(connection: Any, schema: str, name: str) -> None:
    """The rights to enter, where they are not everybody's."""
    database, entered = connection.execute(
        "SELECT current_database()::text, has_database_privilege(%s, current_database(), 'CONNECT')", [name]
    ).fetchone()
    if not entered:
        _said(connection, "GRANT CONNECT ON DATABASE {} TO {}", database, name)
    (used,) = connection.execute("SELECT has_schema_privilege(%s, %s, 'USAGE')", [name, schema]).fetchone()
    if not used:
        _said(connection, "GRANT USAGE ON SCHEMA {} TO {}", schema, name)


def _let_read_table(connection: Any, wanted: Wanted, where: Place, name: str) -> None:
    from psycopg import sql

    _drop_view(connection, name)
    _let_in(connection, where.schema, name)
    columns = sql.SQL(", ").join(map(sql.Identifier, wanted.grant.scope.columns))
    _said(connection, "GRANT SELECT ({}) ON {} TO {}", columns, sql.Identifier(where.schema, where.table), name)


def _let_read_view(connection: Any, wanted: Wanted, where: Place, name: str) -> None:
    from psycopg import sql

    found = connection.execute(
        "SELECT pg_has_role(current_user, nspowner, 'USAGE') FROM pg_namespace WHERE nspname = %s", [OURS]
    ).fetchone()
    if found is None:
        _said(connection, "CREATE SCHEMA {}", OURS)
    elif not found[0]:
        raise Conflict(
            "access.login_taken",
            f"The schema {OURS} of the database is somebody else's.",
            cause="Who owns it could show other rows than were granted.",
            next_step="Tell your database team to give it to the platform's login.",
        )
    _drop_view(connection, name)
    connection.execute(postgres_rights.defining(wanted, where, name))
    shown = sql.Identifier(OURS, name)
    others = connection.execute(
        "SELECT DISTINCT CASE grantee WHEN 0 THEN '' ELSE pg_get_userbyid(grantee)::text END "
        "FROM pg_class, aclexplode(relacl) WHERE relname = %s AND relnamespace = to_regnamespace(%s) "
        "AND grantee <> relowner",
        [name, OURS],
    ).fetchall()
    for (other,) in others:  # what default privileges give to others
        _said(connection, "REVOKE ALL ON {} FROM {}", shown, other or sql.SQL("PUBLIC"))
    _let_in(connection, OURS, name)
    _said(connection, "GRANT SELECT ON {} TO {}", shown, name)


def _look(wanted: Wanted, where: Place) -> Any:
    from psycopg import sql

    relation = sql.Identifier(*postgres_table.source(where, wanted.grant))
    columns = sql.SQL(", ").join(map(sql.Identifier, wanted.grant.scope.columns))
    return sql.SQL("SELECT {} FROM {} WHERE false").format(columns, relation)


def _shut_out(connection: Any, known: Role, name: str) -> None:
    with connection.transaction():
        _locked(connection, name)
        _said(connection, "ALTER ROLE {} NOLOGIN", name)
        _said(connection, "GRANT {} TO CURRENT_USER", name)
    ending = (
        "pg_terminate_backend(pid, %(wait)s)"
        if connection.info.server_version >= _LATER
        else ("pg_terminate_backend(pid)")
    )
    connection.execute(
        f"SELECT {ending} FROM pg_stat_activity WHERE usesysid = %(role)s::oid",  # noqa: S608 (all of it ours)
        {"role": known.number, "wait": _TERMINATE_MS},
    )


def _drop(connection: Any, name: str) -> None:
    import psycopg

    _drop_view(connection, name)
    (there,) = connection.execute("SELECT to_regrole(quote_ident(%s)) IS NOT NULL", [name]).fetchone()
    if not there:
        return
    _disown(connection, name)
    try:
        _said(connection, "DROP ROLE {}", name)
    except psycopg.errors.DependentObjectsStillExist:
        failure = Unavailable(
            "access.login_not_removed",
            "The login lets nobody in any more, but cannot be dropped.",
            cause="It has rights in a database that the platform cannot enter, or on something of the server.",
            next_step="Tell your database team: DROP OWNED BY it in each database; the platform then goes on.",
        )
    else:
        return
    raise failure


def _drop_view(connection: Any, name: str) -> None:
    from psycopg import sql

    _said(connection, "DROP VIEW IF EXISTS {}", sql.Identifier(OURS, name))
