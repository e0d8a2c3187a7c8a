"""Checks keys; answers what a caller sees.

Source: protocol reference 9.
"""

import dataclasses
import hashlib
import secrets
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy

from ftrack_sandbox.access.caller import Caller
from ftrack_sandbox.access.reach import Reach, narrowed, reached
from ftrack_sandbox.access.right import ADMINISTRATOR
from ftrack_sandbox.access.table import API_KEY, API_KEY_PROJECT
from ftrack_sandbox.errors import InvalidCredentials
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import EntityType
from ftrack_sandbox.store import Store, Transaction

#: The kind of role that keys hold. Source: protocol reference 9.2.
_API = "API"
#: The kind of role that shows of a project only what is assigned. Source: protocol reference 9.2.
_ASSIGNED = "ASSIGNED"


class Access:
    """Checks keys and answers what a caller sees. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._schema = store.schema
        self._callers: dict[tuple[str, str], Caller] = {}
        self._generation = -1
        #: Kept so that a statement that asks for them again and again holds them once.
        self._narrowed: dict[tuple[Caller, bool], Reach] = {}

    def make_key(self, username: str | None = None) -> str:
        """Make a key and return it: personal for *username*, global without one.

        Raises InvalidCredentials for an unknown user.
        """
        with self._store.write() as transaction:
            user_id = None
            if username is not None:
                user_id = _user(transaction.connection, self._schema, username)["id"]
            return self.make_key_for(transaction, user_id)

    def make_key_for(self, transaction: Transaction, user_id: str | None) -> str:
        """Make a key within an open write transaction: a user's new personal one, or a global one.

        A user has one personal key; the former one stops working.
        """
        key = secrets.token_urlsafe(32)
        if user_id is not None:
            transaction.connection.execute(API_KEY.delete().where(API_KEY.c.user_id == user_id))
        row = {"id": str(uuid.uuid4()), "digest": _digest(key), "user_id": user_id}
        transaction.connection.execute(API_KEY.insert(), row)
        return key

    def grant_project(self, key: str, project_id: str) -> None:
        """Let a global key see a private project. Raises InvalidCredentials for an unknown key."""
        with self._store.write() as transaction:
            found = sqlalchemy.select(API_KEY.c.id).where(API_KEY.c.digest == _digest(key))
            key_id = transaction.connection.execute(found).scalar()
            if key_id is None:
                raise InvalidCredentials("There is no such API key.")
            self._grant(transaction, key_id, project_id)

    def authenticate(self, username: str | None, key: str | None) -> Caller:
        """Return the caller behind a user name and a key.

        Raises InvalidCredentials for an unknown or inactive user, an unknown key, and a personal
        key of somebody else. Source: protocol reference 9.1.
        """
        if not username or not key:
            raise InvalidCredentials("The headers ftrack-user and ftrack-api-key are needed.")
        generation = self._store.generation
        if generation != self._generation:
            self._callers, self._narrowed, self._generation = {}, {}, generation
        known = self._callers
        caller = known.get((username, _digest(key)))
        if caller is None:
            with self._store.read() as connection:
                caller = self._identify(connection, username, key)
            known[username, _digest(key)] = caller
        return caller

    def visible(
        self, caller: Caller, entity_type: EntityType, table: sqlalchemy.FromClause
    ) -> sqlalchemy.ColumnElement[bool] | None:
        """Return the condition that rows of *table* must meet to be seen, or None.

        Rows out of reach are missing, without an error; settings are the administrators'.
        Source: protocol reference 9.3.
        """
        if entity_type.table.name == "setting" and not caller.is_administrator:
            return sqlalchemy.false()
        within = None
        if caller.project_ids is not None:
            within = reached(self._schema, entity_type.table.name, table, self._sight(caller, True))
        if entity_type.table.name == "custom_attribute_value":
            readable = table.c.configuration_id.in_(self._role_configurations(caller, "read"))
            return readable if within is None else sqlalchemy.and_(within, readable)
        return within

    def writable(
        self, caller: Caller, entity_type: EntityType, table: sqlalchemy.FromClause
    ) -> sqlalchemy.ColumnElement[bool] | None:
        """Return the condition that rows of *table* must meet to be within reach of writes, or None.

        They must be seen. Where only what is assigned is seen, what merely leads there stays as it
        is, and so does who is assigned: nobody widens the own sight (assumed).
        """
        name = entity_type.table.name
        if caller.project_ids is not None and caller.assigned_ids:
            if name == "context":
                return reached(self._schema, name, table, self._sight(caller, False))
            if name == "appointment":
                return reached(self._schema, name, table, Reach(sorted(caller.project_ids)))
        return self.visible(caller, entity_type, table)

    def _sight(self, caller: Caller, above: bool) -> Reach:
        """How far the caller reaches; *above* takes in what leads to what is assigned."""
        known = self._narrowed
        if (caller, above) not in known:
            project_ids, assigned_ids = sorted(caller.project_ids or ()), sorted(caller.assigned_ids)
            made = Reach(project_ids)
            if assigned_ids:
                made = narrowed(self._schema, caller.user_id, project_ids, assigned_ids, above)
            return known.setdefault((caller, above), made)
        return known[caller, above]

    def attributes(self, connection: sqlalchemy.Connection, caller: Caller, right: str) -> frozenset[str]:
        """Return the ids of the custom attribute configurations that the caller may `read` or `write`.

        A configuration without roles is nobody's. Source: protocol reference 2.10, 9.3.
        """
        return frozenset(connection.execute(self._role_configurations(caller, right)).scalars())

    def _role_configurations(self, caller: Caller, right: str) -> sqlalchemy.Select[Any]:
        table = self._schema.metadata.tables[f"configuration_{right}_role"]
        roles = table.c.security_role_id.in_(sorted(caller.role_ids))
        return sqlalchemy.select(table.c.configuration_id).where(roles)

    def admit(self, transaction: Transaction, caller: Caller, project_id: str) -> Caller:
        """Let the caller reach a project just made from now on; return the wider caller.

        What the caller's roles or key do not open anyway is granted (assumed).
        """
        if caller.project_ids is None:
            return caller
        connection = transaction.connection
        if caller.is_global:
            reach: frozenset[str] | None = self._granted(connection, caller.key_id)
        else:
            _, reach, _ = self._reach(connection, caller.user_id)
        if reach is not None and project_id not in reach:
            if caller.is_global:
                self._grant(transaction, caller.key_id, project_id)
            else:
                self._grant_user(transaction, caller.user_id, project_id)
        return dataclasses.replace(
            caller,
            project_ids=caller.project_ids | {project_id},
            assigned_ids=caller.assigned_ids - {project_id},
        )

    def _grant_user(self, transaction: Transaction, user_id: str, project_id: str) -> None:
        held = self._schema.find("UserSecurityRole").table
        role = self._schema.find("SecurityRole").table
        select = (
            sqlalchemy.select(held.c.id)
            .join(role, role.c.id == held.c.security_role_id)
            .where(held.c.user_id == user_id)
            .order_by(sqlalchemy.case((role.c.type == _ASSIGNED, 1), else_=0))
            .limit(1)
        )
        role_id = transaction.connection.execute(select).scalar()
        row = {"id": str(uuid.uuid4()), "project_id": project_id, "user_security_role_id": role_id}
        transaction.insert(self._schema.find("UserSecurityRoleProject"), row)

    def _grant(self, transaction: Transaction, key_id: str, project_id: str) -> None:
        row = {"api_key_id": key_id, "project_id": project_id}
        known = sqlalchemy.select(API_KEY_PROJECT).filter_by(**row)
        if transaction.connection.execute(known).first() is None:
            transaction.connection.execute(API_KEY_PROJECT.insert(), row)

    def _identify(self, connection: sqlalchemy.Connection, username: str, key: str) -> Caller:
        user = _user(connection, self._schema, username)
        select = sqlalchemy.select(API_KEY).where(API_KEY.c.digest == _digest(key))
        found = connection.execute(select).mappings().first()
        if found is None or found["user_id"] not in (None, user["id"]):
            raise InvalidCredentials("The supplied API key is not valid for this user.")
        if found["user_id"] is None:
            projects = self._granted(connection, found["id"])
            table = self._schema.find("SecurityRole").table
            select = sqlalchemy.select(table.c.id, table.c.name).where(table.c.type == _API)
            roles = {row.id: row.name for row in connection.execute(select)}
            return _caller(user, found["id"], True, projects, roles)
        roles, reach, some = self._reach(connection, user["id"])
        return _caller(user, found["id"], False, reach, roles, some)

    def _granted(self, connection: sqlalchemy.Connection, key_id: str) -> frozenset[str]:
        """The projects a global key sees: the open ones and those granted to it."""
        select = sqlalchemy.select(API_KEY_PROJECT.c.project_id).where(API_KEY_PROJECT.c.api_key_id == key_id)
        return frozenset(self._open_projects(connection) | set(connection.execute(select).scalars()))

    def _open_projects(self, connection: sqlalchemy.Connection) -> set[str]:
        table = self._schema.find("Project").table
        is_open = sqlalchemy.or_(table.c.is_private.is_(None), table.c.is_private.is_(False))
        return self._projects(connection, is_open)

    def _projects(
        self, connection: sqlalchemy.Connection, *conditions: sqlalchemy.ColumnElement[bool]
    ) -> set[str]:
        table = self._schema.find("Project").table
        select = sqlalchemy.select(table.c.id).where(table.c.context_type == "show", *conditions)
        return set(connection.execute(select).scalars())

    def _reach(
        self, connection: sqlalchemy.Connection, user_id: str
    ) -> tuple[dict[str, str], frozenset[str] | None, frozenset[str]]:
        """The user's roles, names by ids, the projects they open, and those where assignments do."""
        held = self._schema.find("UserSecurityRole").table
        role = self._schema.find("SecurityRole").table
        rows = connection.execute(
            sqlalchemy.select(
                held.c.id,
                held.c.is_all_projects,
                held.c.is_all_open_projects,
                role.c.id.label("role_id"),
                role.c.name,
                role.c.type,
            )
            .join(role, role.c.id == held.c.security_role_id)
            .where(held.c.user_id == user_id)
        ).all()
        roles = {row.role_id: row.name for row in rows}
        whole = self._opened(connection, [row for row in rows if row.type != _ASSIGNED])
        if whole is None:
            return roles, None, frozenset()
        bound = [row for row in rows if row.type == _ASSIGNED]
        some = self._opened(connection, bound) if bound else set()
        if some is None:
            some = self._projects(connection)
        return roles, frozenset(whole), frozenset(some - whole)

    def _opened(self, connection: sqlalchemy.Connection, rows: Sequence[Any]) -> set[str] | None:
        """The projects that roles held open; None for all."""
        if any(row.is_all_projects for row in rows):
            return None
        projects: set[str] = set()
        if any(row.is_all_open_projects for row in rows):
            projects |= self._open_projects(connection)
        listed = self._schema.find("UserSecurityRoleProject").table
        select = sqlalchemy.select(listed.c.project_id).where(
            listed.c.user_security_role_id.in_([row.id for row in rows])
        )
        return projects | set(connection.execute(select).scalars())


def _caller(
    user: sqlalchemy.RowMapping,
    key_id: str,
    is_global: bool,
    project_ids: frozenset[str] | None,
    roles: Mapping[str, str | None],
    assigned_ids: frozenset[str] = frozenset(),
) -> Caller:
    """What a global key may do is assumed to be everything; else the user's roles tell."""
    names = frozenset(name for name in roles.values() if name is not None)
    administrator = is_global or ADMINISTRATOR in names
    return Caller(
        user["id"],
        user["username"],
        key_id,
        is_global,
        administrator,
        project_ids,
        names,
        frozenset(roles),
        assigned_ids,
    )


def _user(connection: sqlalchemy.Connection, schema: Schema, username: str) -> sqlalchemy.RowMapping:
    table = schema.find("User").table
    select = sqlalchemy.select(table).where(table.c.username == username, table.c.is_active.is_(True))
    found = connection.execute(select).mappings().first()
    if found is None:
        raise InvalidCredentials(f"There is no active user '{username}'.")
    return found


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
