"""What a grant's login can do, read back from PostgreSQL's own catalogue: what is missing, what is too much.

Rights come to a login in four ways: given to it, through roles that it is a member of, through what it owns, and
through PUBLIC, which everybody is. The last of them is nobody's to take from one login; where it reaches the data of a
grant, the grant restricts nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from jupyter_mlplatform.access import logins
from jupyter_mlplatform.access.legs import Wanted
from jupyter_mlplatform.access.local import postgres_filter
from jupyter_mlplatform.access.local.postgres_server import OURS, Place
from jupyter_mlplatform.access.local.postgres_table import Relation

CONNECTIONS = 8
"""How many of one grant there may be at once."""
SETTINGS = {
    "default_transaction_read_only": "on",
    "idle_in_transaction_session_timeout": "15min",
    "statement_timeout": "15min",
}
_ALIAS = "asked"
_WRITES = "INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES"

_ROLE = """
SELECT oid::int8, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls, rolinherit, rolcanlogin,
    rolconnlimit, rolvaliduntil IS NOT DISTINCT FROM %s::timestamptz, coalesce(rolvaliduntil <= now(), false),
    (SELECT count(*) FROM pg_stat_activity WHERE usesysid = pg_roles.oid) >= rolconnlimit,
    coalesce(rolconfig, '{}'), coalesce(shobj_description(oid, 'pg_authid'), '')
FROM pg_roles WHERE rolname = %s
"""
_MEMBERSHIPS = """
SELECT count(*) FILTER (WHERE member = %(role)s),
    count(*) FILTER (WHERE roleid = %(role)s AND member <> (SELECT oid FROM pg_roles WHERE rolname = current_user))
FROM pg_auth_members WHERE %(role)s IN (member, roleid)
"""
# Whatever anywhere on the server depends on the login, besides the rights that it is to have.
_ELSEWHERE = """
SELECT count(*) FROM pg_shdepend
WHERE refclassid = 'pg_authid'::regclass AND refobjid = %(role)s AND NOT (deptype = 'a' AND (
    (classid = 'pg_database'::regclass AND objid = (SELECT oid FROM pg_database WHERE datname = current_database()))
    OR (dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (
        (classid = 'pg_namespace'::regclass AND objid = (SELECT relnamespace FROM pg_class WHERE oid = %(source)s))
        OR (classid = 'pg_class'::regclass AND objid = %(source)s)))))
"""
# A partition may be asked by its own name.
_PUBLIC = f"""
WITH RECURSIVE parts (part) AS (
    SELECT %(table)s::oid UNION SELECT inhrelid FROM pg_inherits JOIN parts ON inhparent = part
)
SELECT coalesce(bool_or(has_any_column_privilege('public', part, 'SELECT, INSERT, UPDATE, REFERENCES')
    OR has_table_privilege('public', part, 'SELECT, {_WRITES}')), false) FROM parts
"""  # noqa: S608 (all of it ours)
_COLUMNS = """
SELECT attname::text, has_column_privilege(%(role)s::oid, attrelid, attnum, 'SELECT') FROM pg_attribute
WHERE attrelid = %(table)s AND attnum > 0 AND NOT attisdropped
"""
_MORE = f"""
SELECT has_any_column_privilege(%(role)s::oid, %(source)s::oid, 'INSERT, UPDATE, REFERENCES, SELECT WITH GRANT OPTION')
    OR has_table_privilege(%(role)s::oid, %(source)s::oid, '{_WRITES}'),
    has_schema_privilege(%(role)s::oid, relnamespace, 'USAGE') AND has_database_privilege(%(role)s::oid,
        current_database(), 'CONNECT'), has_schema_privilege(%(role)s::oid, relnamespace, 'CREATE')
        AND NOT has_schema_privilege('public', relnamespace, 'CREATE')
FROM pg_class WHERE oid = %(source)s
"""  # noqa: S608 (all of it ours)
_VIEW = """
SELECT oid::int8, pg_get_viewdef(oid), 'security_barrier=true' = ANY(coalesce(reloptions, '{}')),
    relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user),
    EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee NOT IN (relowner, %(role)s::oid))
FROM pg_class WHERE relkind = 'v' AND relname = %(name)s AND relnamespace = to_regnamespace(%(schema)s)
"""


class Role(msgspec.Struct, frozen=True):
    """A login as the server knows it. ``over``: its end has passed; ``full``: no more connections of it are let in.
    ``mark`` is the comment on it.
    """

    number: int
    mighty: bool
    inherits: bool
    enters: bool
    connections: int
    ends_right: bool
    over: bool
    full: bool
    settings: tuple[str, ...]
    mark: str


class Found(msgspec.Struct, frozen=True):
    """What is wrong, in words; ``open_to_all``: PUBLIC reaches the table."""

    wrong: tuple[str, ...]
    open_to_all: bool = False


def mark(grant_id: str) -> str:
    """The comment on a login that says that it is ours."""
    return f"Login of the grant {grant_id}, made by mlplat. Do not change it: changes are undone."


def role(connection: Any, name: str, ends: datetime) -> Role | None:
    """The login of that name, compared with when it is to end."""
    found = connection.execute(_ROLE, [ends, name]).fetchone()
    if found is None:
        return None
    number, mighty, inherits, enters, connections, ends_right, over, full, said, comment = found
    return Role(number, mighty, inherits, enters, connections, ends_right, over, full, tuple(sorted(said)), comment)


def view(connection: Any, name: str, role_number: int) -> tuple[Any, ...] | None:
    """Number, definition, whether it is a barrier, whether it is ours, and whether others may use it."""
    asked = {"role": role_number, "name": name, "schema": OURS}
    found: tuple[Any, ...] | None = connection.execute(_VIEW, asked).fetchone()
    return found


def defining(wanted: Wanted, where: Place, name: str) -> Any:
    """The statement that makes a view of the granted columns of the granted rows.

    It is a barrier: no condition of whoever reads it is looked at for a row before the view's own is.
    """
    from psycopg import sql

    rows = wanted.grant.scope.rows
    condition = sql.SQL("true") if rows is None else postgres_filter.literal(rows, wanted.dataset.columns, _ALIAS)
    columns = [postgres_filter.name(_ALIAS, each, doubled=False) for each in wanted.grant.scope.columns]
    return sql.SQL("CREATE VIEW {} WITH (security_barrier = true) AS SELECT {} FROM {} AS {} WHERE {}").format(
        sql.Identifier(OURS, name),
        sql.SQL(", ").join(columns),
        sql.Identifier(where.schema, where.table),
        sql.Identifier(_ALIAS),
        condition,
    )


def compared(connection: Any, wanted: Wanted, where: Place, relation: Relation, login: Role) -> Found:
    """What differs from what is wanted."""
    wrong = _wrong_login(wanted, login)
    member, members = connection.execute(_MEMBERSHIPS, {"role": login.number}).fetchone()
    if member or members:
        wrong.append("The login is a member of another role, or another one is a member of it.")
    read = relation.number
    if wanted.grant.scope.rows is not None:
        shown = view(connection, logins.role_of(wanted.grant.id), login.number)
        wrong += _wrong_view(connection, wanted, where, shown)
        read = 0 if shown is None else shown[0]
    asked = {"role": login.number, "source": read, "table": relation.number}
    wrong += _wrong_rights(connection, wanted, where, asked)
    (public,) = connection.execute(_PUBLIC, asked).fetchone()
    return Found(tuple(wrong), public)


def _wrong_login(wanted: Wanted, login: Role) -> list[str]:
    wrong = []
    if login.mark != mark(wanted.grant.id):
        wrong.append("The login is not marked as ours.")
    if login.mighty or login.inherits:
        wrong.append("The login may do more on the server than read.")
    if not login.enters or login.connections != CONNECTIONS or not login.ends_right:
        wrong.append("The login's end, or its limit of connections, is another one.")
    if login.settings != tuple(f"{name}={value}" for name, value in sorted(SETTINGS.items())):
        wrong.append("The login's settings are others.")
    return wrong


def _wrong_rights(connection: Any, wanted: Wanted, where: Place, asked: dict[str, Any]) -> list[str]:
    wrong = []
    rows = connection.execute(_COLUMNS, asked).fetchall()
    reads = {name for name, readable in rows if readable}
    direct = set() if wanted.grant.scope.rows is not None else set(wanted.grant.scope.columns)
    if reads - direct:
        wrong.append("The login can read columns that were not granted.")
    if direct - reads:
        wrong.append("The login cannot read all columns that were granted.")
    found = connection.execute(_MORE, asked).fetchone()
    if found is not None and found[0]:
        wrong.append("The login may change data, or hand on what it may read.")
    if found is not None and not found[1]:
        wrong.append("The login may not enter the database or the schema.")
    if found is not None and found[2]:
        wrong.append("The login may make things in the schema.")
    (elsewhere,) = connection.execute(_ELSEWHERE, asked).fetchone()
    if elsewhere:
        wrong.append("The login owns something, or has rights on something else.")
    return wrong


def _wrong_view(connection: Any, wanted: Wanted, where: Place, shown: tuple[Any, ...] | None) -> list[str]:
    if shown is None:
        return ["The view with the granted rows is gone."]
    _, definition, barrier, ours, others = shown
    wrong = []
    if not barrier or not ours or others:
        wrong.append("The view is no barrier any more, has another owner, or others may use it.")
    if definition != _expected(connection, wanted, where):
        wrong.append("The view shows other rows or columns than were granted.")
    return wrong


def _expected(connection: Any, wanted: Wanted, where: Place) -> str:
    """The definition as this server writes it, from a view that is made and taken back at once."""
    import psycopg

    name = f"{logins.role_of(wanted.grant.id)}?"
    with connection.transaction() as made:
        connection.execute(defining(wanted, where, name))
        (definition,) = connection.execute(
            "SELECT pg_get_viewdef(oid) FROM pg_class WHERE relname = %s AND relnamespace = to_regnamespace(%s)",
            [name, OURS],
        ).fetchone()
        raise psycopg.Rollback(made)
    return str(definition)
