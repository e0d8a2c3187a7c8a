"""How rows belong to projects, as SQL.

Source: protocol reference 9.2, 9.3; which rows a project's privacy covers besides its contexts
is assumed: whatever hangs on them.
"""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.schema import Schema

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
    ),
    "custom_attribute_value": (
        ("entity_id", "Context"),
        ("entity_id", "Asset"),
        ("entity_id", "AssetVersion"),
        ("entity_id", "List"),
    ),
    "custom_attribute_link": (
        ("from_id", "Context"),
        ("from_id", "Asset"),
        ("from_id", "AssetVersion"),
        ("to_id", "Context"),
        ("to_id", "Asset"),
        ("to_id", "AssetVersion"),
    ),
    "status_change": (("parent_id", "Context"), ("parent_id", "AssetVersion")),
    "typed_context_link": (("from_id", "Context"), ("to_id", "Context")),
    "asset_version_link": (("from_id", "AssetVersion"), ("to_id", "AssetVersion")),
    "list_object": (("list_id", "List"),),
    "review_session_object": (("review_session_id", "ReviewSession"),),
    "review_session_invitee": (("review_session_id", "ReviewSession"),),
    "review_session_object_status": (("review_session_object_id", "ReviewSessionObject"),),
    "entity_setting": (("parent_id", "ReviewSession"),),
    "job_component": (("component_id", "Component"),),
    "note_component": (("note_id", "Note"), ("component_id", "Component")),
    "note_label_link": (("note_id", "Note"),),
    "recipient": (("note_id", "Note"),),
    "calendar_event_resource": (("calendar_event_id", "CalendarEvent"),),
}


def reached(
    schema: Schema,
    name: str,
    table: sqlalchemy.FromClause,
    project_ids: Collection[str],
    nested: bool = False,
) -> sqlalchemy.ColumnElement[bool] | None:
    """Return the condition that a row of the table *name* lies in one of the projects, or in none."""
    if name == "context":
        project = sqlalchemy.case((table.c.context_type == "show", table.c.id), else_=table.c.project_id)
        return project.in_(project_ids)
    ways = WAY_TO_PROJECT.get(name, ())
    if not ways and "project_id" in table.c:
        column = table.c.project_id
        return sqlalchemy.or_(column.is_(None), column.in_(project_ids))
    conditions = []
    for local, target in ways:
        other = schema.find(target).table
        # A reply is seen by who sees its note, a member by who sees its sequence; one step is enough.
        if other.name != name or not nested:
            conditions.append(_way(schema, other, table.c[local], project_ids, other.name == name))
    return sqlalchemy.and_(*conditions) if conditions else None


def _way(
    schema: Schema,
    target: sqlalchemy.Table,
    local: sqlalchemy.ColumnElement[Any],
    project_ids: Collection[str],
    nested: bool,
) -> sqlalchemy.ColumnElement[bool]:
    other = target.alias()
    following = reached(schema, target.name, other, project_ids, nested)
    if following is None:
        return sqlalchemy.true()
    hidden = sqlalchemy.exists().where(other.c.id == local, sqlalchemy.not_(following))
    return sqlalchemy.not_(hidden)
