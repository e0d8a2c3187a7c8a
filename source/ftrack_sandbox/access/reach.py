"""How rows belong to projects, as SQL.

Source: protocol reference 9.2, 9.3; which rows a project's privacy covers besides its contexts
is assumed: whatever hangs on them. What a role that is bound to assignments shows of a project is
assumed too: the project, what is assigned, all below and above that, and whatever hangs on these.
"""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.schema import Schema

#: What custom attributes link that may lie in a project.
_LINKED = ("Context", "Asset", "AssetVersion", "Component", "List")

#: How a row of a table belongs to a project: its column, and the type whose key that holds,
#: until a `project_id` is met. A row belongs to all the projects that its columns lead to.
#: Tables that are not named here, and have no `project_id`, are seen by everybody.
WAY_TO_PROJECT: Mapping[str, tuple[tuple[str, str], ...]] = {
    "asset": (("context_id", "Context"),),
    "asset_version": (("asset_id", "Asset"),),
    "appointment": (("context_id", "Context"),),
    "timelog": (("context_id", "Context"),),
    "timer": (("context_id", "Context"),),
    "manager": (("context_id", "Context"),),
    # A member of a sequence or container knows its version through that.
    "component": (("version_id", "AssetVersion"), ("container_id", "Component")),
    "component_location": (("component_id", "Component"),),
    "note": (
        ("parent_id", "Context"),
        ("parent_id", "AssetVersion"),
        ("parent_id", "ReviewSessionObject"),
        ("in_reply_to_id", "Note"),
    ),
    "metadata": (
        ("parent_id", "Context"),
        ("parent_id", "Asset"),
        ("parent_id", "AssetVersion"),
        ("parent_id", "Component"),
        ("parent_id", "Note"),
        ("parent_id", "TypedContextLink"),
        ("parent_id", "AssetVersionLink"),
        ("parent_id", "CalendarEvent"),
        ("parent_id", "ReviewSession"),
    ),
    "custom_attribute_value": (
        ("entity_id", "Context"),
        ("entity_id", "Asset"),
        ("entity_id", "AssetVersion"),
        ("entity_id", "List"),
        ("entity_id", "ListObject"),
        ("configuration_id", "CustomConfigurationBase"),
    ),
    "custom_attribute_link": (
        *((f"{end}_id", name) for end in ("from", "to") for name in _LINKED),
        ("configuration_id", "CustomConfigurationBase"),
    ),
    "status_change": (("parent_id", "Context"), ("parent_id", "AssetVersion")),
    "typed_context_link": (("from_id", "Context"), ("to_id", "Context")),
    "asset_version_link": (("from_id", "AssetVersion"), ("to_id", "AssetVersion")),
    "list_object": (("list_id", "List"), ("entity_id", "Context"), ("entity_id", "AssetVersion")),
    "review_session_object": (("review_session_id", "ReviewSession"), ("version_id", "AssetVersion")),
    "review_session_invitee": (("review_session_id", "ReviewSession"),),
    "review_session_object_status": (
        ("review_session_object_id", "ReviewSessionObject"),
        ("review_session_invitee_id", "ReviewSessionInvitee"),
    ),
    "entity_setting": (("parent_id", "Context"), ("parent_id", "ReviewSession")),
    "job_component": (("component_id", "Component"),),
    "setting_component": (("component_id", "Component"),),
    "note_component": (("note_id", "Note"), ("component_id", "Component")),
    "note_label_link": (("note_id", "Note"),),
    "recipient": (("note_id", "Note"),),
    "calendar_event_resource": (("calendar_event_id", "CalendarEvent"),),
    "feed": (("social_id", "Event"),),
}

#: Tables whose rows are seen with the project's own row; others with a `project_id` need all of it.
_OF_PROJECT = frozenset({"list", "user_security_role_project", "custom_attribute_configuration"})


@dataclasses.dataclass(frozen=True)
class Reach:
    """Projects that are seen as a whole, and those of which only some contexts are.

    *contexts* has the ids of all contexts within reach, if there are projects of the second kind.
    It stands before the statement, for SQLite's parser takes no more nesting than there is.
    """

    project_ids: Collection[str]
    assigned_ids: Collection[str] = ()
    contexts: sqlalchemy.CTE | None = None
    #: By table: the keys of rows out of reach, for whatever hangs on these; see `_hidden`.
    hidden: dict[tuple[str, bool], sqlalchemy.CTE] = dataclasses.field(default_factory=dict, compare=False)


def narrowed(
    schema: Schema, user_id: str, project_ids: Collection[str], assigned_ids: Collection[str], above: bool
) -> Reach:
    """Return the reach of a user who sees some projects as a whole, and of others what is assigned.

    With *above* it takes in what merely leads there: all above, and the projects.
    """
    context = schema.metadata.tables["context"].alias()
    tops = [*project_ids, *assigned_ids] if above else [*project_ids]
    within = sqlalchemy.or_(context.c.id.in_(assigned_ids), context.c.project_id.in_(assigned_ids))
    own = sqlalchemy.select(_assigned(schema, user_id, above).c.id)
    contexts = sqlalchemy.select(context.c.id).where(
        sqlalchemy.or_(
            context.c.id.in_(tops),
            context.c.project_id.in_(project_ids),
            sqlalchemy.and_(within, context.c.id.in_(own)),
        )
    )
    return Reach(project_ids, assigned_ids, contexts.cte())


def _assigned(schema: Schema, user_id: str, above: bool) -> sqlalchemy.CTE:
    """The contexts assigned to the user, or to a group the user is in; all below, and maybe above."""
    tables = schema.metadata.tables
    appointment, membership = tables["appointment"].alias(), tables["membership"].alias()
    groups = sqlalchemy.select(membership.c.group_id).where(membership.c.user_id == user_id)
    mine = (
        sqlalchemy.select(appointment.c.context_id.label("id"))
        .where(
            appointment.c.type == "assignment",
            # A null among the ids would make "not among them" neither true nor false.
            appointment.c.context_id.is_not(None),
            sqlalchemy.or_(appointment.c.resource_id == user_id, appointment.c.resource_id.in_(groups)),
        )
        .cte()
    )
    # Projects are in no closure: below an assigned one lies whatever belongs to it.
    context, closure = tables["context"].alias(), tables["context_ancestor"].alias()
    parts = [
        sqlalchemy.select(mine.c.id),
        sqlalchemy.select(context.c.id).join(mine, mine.c.id == context.c.project_id),
        sqlalchemy.select(closure.c.descendant_id).join(mine, mine.c.id == closure.c.ancestor_id),
    ]
    if above:
        parts.append(
            sqlalchemy.select(closure.c.ancestor_id).join(mine, mine.c.id == closure.c.descendant_id)
        )
    return sqlalchemy.union(*parts).cte()


def reached(
    schema: Schema, name: str, table: sqlalchemy.FromClause, reach: Reach, nested: bool = False
) -> sqlalchemy.ColumnElement[bool] | None:
    """Return the condition that a row of the table *name* lies within the reach, or in no project."""
    if name == "context":
        if reach.contexts is not None:
            return table.c.id.in_(sqlalchemy.select(reach.contexts.c.id))
        project = sqlalchemy.case((table.c.context_type == "show", table.c.id), else_=table.c.project_id)
        return project.in_(reach.project_ids)
    ways = WAY_TO_PROJECT.get(name, ())
    if not ways and "project_id" in table.c:
        column, project_ids = table.c.project_id, [*reach.project_ids]
        if name in _OF_PROJECT:
            project_ids += reach.assigned_ids
        if not project_ids:
            return column.is_(None)
        return sqlalchemy.or_(column.is_(None), column.in_(project_ids))
    conditions = []
    for local, target in ways:
        other = schema.find(target).table
        # A reply is seen by who sees its note, a member by who sees its sequence; one step is enough.
        if other.name != name or not nested:
            conditions.append(_way(schema, other, table.c[local], reach, other.name == name))
    return sqlalchemy.and_(*conditions) if conditions else None


def _way(
    schema: Schema,
    target: sqlalchemy.Table,
    local: sqlalchemy.ColumnElement[Any],
    reach: Reach,
    nested: bool,
) -> sqlalchemy.ColumnElement[bool]:
    if target.name in WAY_TO_PROJECT:
        beyond = _hidden(schema, target, reach, nested)
        if beyond is None:
            return sqlalchemy.true()
        return sqlalchemy.not_(sqlalchemy.exists().where(beyond.c.id == local))
    other = target.alias()
    following = reached(schema, target.name, other, reach)
    if following is None:
        return sqlalchemy.true()
    return sqlalchemy.not_(sqlalchemy.exists().where(other.c.id == local, sqlalchemy.not_(following)))


def _hidden(schema: Schema, target: sqlalchemy.Table, reach: Reach, nested: bool) -> sqlalchemy.CTE | None:
    """The keys of a table's rows out of reach, one expression for all of a statement that asks for them.

    It stands before the statement, as what a long way would nest is more than SQLite's parser takes; that
    it is looked up key by key, and not worked out as a whole, has to be said where it is used twice.
    """
    place = (target.name, nested)
    if place not in reach.hidden:
        other = target.alias()
        following = reached(schema, target.name, other, reach, nested)
        if following is None:
            return None
        beyond = sqlalchemy.select(other.c.id).where(sqlalchemy.not_(following))
        reach.hidden.setdefault(place, _not_materialized(beyond.cte()))
    return reach.hidden[place]


def _not_materialized(found: sqlalchemy.CTE) -> sqlalchemy.CTE:
    hinted = found.prefix_with("NOT MATERIALIZED")
    # A copy, whose generated name goes by the identity of the original (SQLAlchemy 2.0): were that gone,
    # the next one could be made at its place in memory, and both would stand in one statement by one name.
    vars(hinted)["_original"] = found
    return hinted
