"""Checks keys; answers what a caller sees.

Source: protocol reference 9.
"""

import dataclasses
import hashlib
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.access.caller import Caller
from ftrack_sandbox.access.reach import reached
from ftrack_sandbox.access.right import ADMINISTRATOR
from ftrack_sandbox.access.table import API_KEY, API_KEY_PROJECT
from ftrack_sandbox.errors import InvalidCredentials
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import EntityType
from ftrack_sandbox.store import Store, Transaction

#: The kind of role that keys hold. Source: protocol reference 9.2.
_API = "API"


class Access:
    """Checks keys and answers what a caller sees. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._schema = store.schema
        self._callers: dict[tuple[str, str], Caller] = {}
        self._generation = -1

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
            self._callers, self._generation = {}, generation
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
            within = reached(self._schema, entity_type.table.name, table, sorted(caller.project_ids))
        if entity_type.table.name == "custom_attribute_value":
            readable = table.c.configuration_id.in_(self._role_configurations(caller, "read"))
            return readable if within is None else sqlalchemy.and_(within, readable)
        return within

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
            _, reach = self._reach(connection, caller.user_id)
        if reach is not None and project_id not in reach:
            if caller.is_global:
                self._grant(transaction, caller.key_id, project_id)
            else:
                self._grant_user(transaction, caller.user_id, project_id)
        return dataclasses.replace(caller, project_ids=caller.project_ids | {project_id})

    def _grant_user(self, transaction: Transaction, user_id: str, project_id: str) -> None:
        held = self._schema.find("UserSecurityRole").table
        select = sqlalchemy.select(held.c.id).where(held.c.user_id == user_id).limit(1)
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
        roles, reach = self._reach(connection, user["id"])
        return _caller(user, found["id"], False, reach, roles)

    def _granted(self, connection: sqlalchemy.Connection, key_id: str) -> frozenset[str]:
        """The projects a global key sees: the open ones and those granted to it."""
        select = sqlalchemy.select(API_KEY_PROJECT.c.project_id).where(API_KEY_PROJECT.c.api_key_id == key_id)
        return frozenset(self._open_projects(connection) | set(connection.execute(select).scalars()))

    def _open_projects(self, connection: sqlalchemy.Connection) -> set[str]:
        table = self._schema.find("Project").table
        select = sqlalchemy.select(table.c.id).where(
            table.c.context_type == "show",
            sqlalchemy.or_(table.c.is_private.is_(None), table.c.is_private.is_(False)),
        )
        return set(connection.execute(select).scalars())

    def _reach(
        self, connection: sqlalchemy.Connection, user_id: str
    ) -> tuple[dict[str, str], frozenset[str] | None]:
        """The user's roles, names by ids, and the projects they open."""
        held = self._schema.find("UserSecurityRole").table
        role = self._schema.find("SecurityRole").table
        listed = self._schema.find("UserSecurityRoleProject").table
        rows = connection.execute(
            sqlalchemy.select(
                held.c.id,
                held.c.is_all_projects,
                held.c.is_all_open_projects,
                role.c.id.label("role_id"),
                role.c.name,
            )
            .join(role, role.c.id == held.c.security_role_id)
            .where(held.c.user_id == user_id)
        ).all()
        roles = {row.role_id: row.name for row in rows}
        if any(row.is_all_projects for row in rows):
            return roles, None
        projects: set[str] = set()
        if any(row.is_all_open_projects for row in rows):
            projects |= self._open_projects(connection)
        select = sqlalchemy.select(listed.c.project_id).where(
            listed.c.user_security_role_id.in_([row.id for row in rows])
        )
        return roles, frozenset(projects | set(connection.execute(select).scalars()))


def _caller(
    user: sqlalchemy.RowMapping,
    key_id: str,
    is_global: bool,
    project_ids: frozenset[str] | None,
    roles: Mapping[str, str | None],
) -> Caller:
    """What a global key may do is assumed to be everything; else the user's roles tell."""
    names = frozenset(name for name in roles.values() if name is not None)
    administrator = is_global or ADMINISTRATOR in names
    return Caller(
        user["id"], user["username"], key_id, is_global, administrator, project_ids, names, frozenset(roles)
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
