"""Who may run an action, and how far a user reaches.

*Source*: protocol reference 9. Everything is asked with the service's session: an event's user is no proof of
who sent it, but what that user may see is a matter of record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from . import errors
from .errors import AccessError, QueryError
from .launch import EntityRef, Launch
from .query import EVERYTHING, Query, Reach, Row, Types, ask_rows, criterion, quote
from .session import Client

#: Ids in one condition, and rows asked for at once: the client's own page (protocol reference 3.8).
_SLICE = 500


@dataclass(frozen=True)
class User:
    """The active user behind a launch; *roles* are the names of all roles held, for whatever project."""

    id: str
    username: str
    roles: frozenset[str] | None = None


def find_user(client: Client, launch: Launch, title: str = "") -> User:
    """Return the user of *launch*, with roles. One request.

    *title* is what the action is called in the message. Raises `AccessError` for somebody unknown or
    inactive, and when the event's id and user name are not of one person.

    *Source*: protocol reference 6.3: only the user name is certain to be there.
    """
    named = f"username is {quote(launch.username)}"
    users, roles = ask_rows(
        client,
        f"select id, username, is_active from User where {named} limit {_SLICE}",
        f"select user_id, security_role.name from UserSecurityRole where user.{named} limit {_SLICE}",
    )
    for row in users:
        # The server may compare without regard to case (protocol reference 3.2).
        same = row.get("username") == launch.username and launch.user_id in (None, row["id"])
        if same and row.get("is_active"):
            return User(row["id"], launch.username, _role_names(roles, row["id"]))
    raise AccessError(errors.UNKNOWN_USER.format(username=launch.username, title=title or launch.identifier))


def may_run(client: Client, user: User, allowed_roles: Iterable[str]) -> bool:
    """Tell whether *user* holds one of *allowed_roles*; without any named, everybody may.

    Asks the server only for a user whose roles are not known yet.
    """
    wanted = {allowed_roles} if isinstance(allowed_roles, str) else set(allowed_roles)
    if not wanted:
        return True
    roles = user.roles
    if roles is None:
        held = f"user_id is {quote(user.id)}"
        question = f"select user_id, security_role.name from UserSecurityRole where {held} limit {_SLICE}"
        roles = _role_names(ask_rows(client, question)[0], user.id)
    return not wanted.isdisjoint(roles)


def reach_of(client: Client, user_id: str, username: str = "") -> Reach:
    """Return the projects that a user's roles open. One request; two where all open projects are among them.

    Private projects are in it only when they are listed, or when a role is for all projects.

    *Source*: protocol reference 9.2. *username* names the user where *user_id* is empty. Somebody whose roles
    the service's key may not read reaches nothing.
    """
    whose = f"user_id is {quote(user_id)}" if user_id else f"user.username is {quote(username)}"
    roles = ask_rows(
        client,
        "select is_all_projects, is_all_open_projects, user_security_role_projects.project_id"
        f" from UserSecurityRole where {whose} limit {_SLICE}",
    )[0]
    if any(role.get("is_all_projects") for role in roles):
        return EVERYTHING
    listed = {
        each.get("project_id") for role in roles for each in role.get("user_security_role_projects") or ()
    }
    if any(role.get("is_all_open_projects") for role in roles):
        # Some projects say neither yes nor no; those are open.
        listed |= {row["id"] for row in Query(client, "Project", "is_private") if not row.get("is_private")}
    return Reach(frozenset(project_id for project_id in listed if project_id))


def look_up(client: Client, selection: Sequence[EntityRef], reach: Reach) -> tuple[EntityRef, ...]:
    """Return *selection* with the concrete type of each entity, in its order. One request.

    Raises `AccessError` for the first entity that is not there for the service - deleted, or in a project
    that is not granted to its key -, and, in other words, for the first that is not within *reach*.

    *Source*: protocol reference 6.2, 9.3.
    """
    types = Types(client.schemas)
    for entity in selection:
        if entity.type not in types:
            raise AccessError(_told(errors.UNKNOWN_ENTITY, entity))
    questions = [*_questions(types, selection, EVERYTHING), *_questions(types, selection, reach)]
    if not questions:
        return ()
    found: dict[tuple[EntityRef, Reach], str] = {}
    answers = ask_rows(client, *(question.expression for question in questions))
    for question, rows in zip(questions, answers, strict=True):
        for row in rows:
            found[EntityRef(question.entity_type, row["id"]), question.reach] = row["__entity_type__"]
    for entity in selection:
        if (entity, EVERYTHING) not in found:
            raise AccessError(_told(errors.UNKNOWN_ENTITY, entity))
        if (entity, reach) not in found:
            raise AccessError(_told(errors.NOT_REACHED, entity))
    return tuple(EntityRef(found[entity, EVERYTHING], entity.id) for entity in selection)


@dataclass(frozen=True)
class _Question:
    """One query for entities of one type, as they are seen within a reach."""

    entity_type: str
    reach: Reach
    expression: str


def _questions(types: Types, selection: Sequence[EntityRef], reach: Reach) -> Iterator[_Question]:
    by_type: dict[str, list[str]] = {}
    for entity in selection:
        by_type.setdefault(entity.type, []).append(entity.id)
    for entity_type, ids in by_type.items():
        try:
            limit = criterion(types, entity_type, reach)
        except QueryError as error:
            raise AccessError(str(error)) from error
        for start in range(0, len(ids), _SLICE):
            where = f"id in {quote(ids[start : start + _SLICE])}" + f" and {limit}" * bool(limit)
            yield _Question(entity_type, reach, f"select id from {entity_type} where {where} limit {_SLICE}")


def _told(sentence: str, entity: EntityRef) -> str:
    return sentence.format(entity_type=entity.type, entity_id=entity.id)


def _role_names(rows: Iterable[Row], user_id: str) -> frozenset[str]:
    # Rows of other people who are called the same but for the case are not this one's.
    roles = [row.get("security_role") or {} for row in rows if row.get("user_id") == user_id]
    return frozenset(role["name"] for role in roles if role.get("name"))
