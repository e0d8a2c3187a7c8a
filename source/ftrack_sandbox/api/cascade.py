"""What goes along when an entity is deleted, and what stands in the way.

Three rules, in this order: rows that are owned go with their owner; a reference that may be
empty is emptied; a reference that may not be refuses the deletion. Source: protocol reference
2.9 for projects, tasks' notes and locations; who owns what besides is assumed.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.row import name_of, out_of_reach, rows_where, slices
from ftrack_sandbox.api.upkeep import change, mark_latest, removed
from ftrack_sandbox.api.value import foreign_keys
from ftrack_sandbox.encode import Key
from ftrack_sandbox.errors import ApiError, IntegrityError
from ftrack_sandbox.schema.model import EntityType

Row = Mapping[str, Any]

_VALUES = (("CustomAttributeValue", "entity_id"),)
_LINKS = (("CustomAttributeLink", "from_id"), ("CustomAttributeLink", "to_id"))
_METADATA = (("Metadata", "parent_id"),)

#: By table of the owner: the types, and their columns, whose rows go with it.
OWNED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "context": (
        ("Context", "parent_id"),
        ("Asset", "context_id"),
        ("Appointment", "context_id"),
        ("Timelog", "context_id"),
        ("Timer", "context_id"),
        ("Manager", "context_id"),
        ("Note", "parent_id"),
        ("ListObject", "entity_id"),
        ("TypedContextLink", "from_id"),
        ("TypedContextLink", "to_id"),
        ("StatusChange", "parent_id"),
        ("EntitySetting", "parent_id"),
        ("ReviewSession", "project_id"),
        ("List", "project_id"),
        ("CalendarEvent", "project_id"),
        ("UserSecurityRoleProject", "project_id"),
        ("Event", "project_id"),
        *_METADATA,
        *_VALUES,
        *_LINKS,
    ),
    "asset": (("AssetVersion", "asset_id"), *_METADATA, *_VALUES, *_LINKS),
    "asset_version": (
        ("Component", "version_id"),
        ("Note", "parent_id"),
        ("ListObject", "entity_id"),
        ("AssetVersionLink", "from_id"),
        ("AssetVersionLink", "to_id"),
        ("StatusChange", "parent_id"),
        ("ReviewSessionObject", "version_id"),
        *_METADATA,
        *_VALUES,
        *_LINKS,
    ),
    "component": (
        ("Component", "container_id"),
        ("ComponentLocation", "component_id"),
        ("JobComponent", "component_id"),
        ("NoteComponent", "component_id"),
        ("SettingComponent", "component_id"),
        *_METADATA,
        *_LINKS,
    ),
    "resource": (
        ("Appointment", "resource_id"),
        ("Membership", "user_id"),
        ("Membership", "group_id"),
        ("Recipient", "resource_id"),
        ("Timer", "user_id"),
        ("Manager", "user_id"),
        ("Participant", "resource_id"),
        ("DashboardResource", "resource_id"),
        ("CalendarEventResource", "resource_id"),
        ("UserSecurityRole", "user_id"),
        ("UserApplicationState", "user_id"),
        *_METADATA,
        *_VALUES,
        *_LINKS,
    ),
    "job": (("JobComponent", "job_id"),),
    "note": (
        ("Note", "in_reply_to_id"),
        ("Recipient", "note_id"),
        ("NoteComponent", "note_id"),
        ("NoteLabelLink", "note_id"),
        *_METADATA,
    ),
    "note_label": (("NoteLabelLink", "label_id"),),
    "list": (("ListObject", "list_id"), *_VALUES, *_LINKS),
    "list_object": _VALUES,
    "review_session": (
        ("ReviewSessionObject", "review_session_id"),
        ("ReviewSessionInvitee", "review_session_id"),
        ("EntitySetting", "parent_id"),
    ),
    "review_session_object": (
        ("ReviewSessionObjectStatus", "review_session_object_id"),
        ("Note", "parent_id"),
    ),
    "review_session_invitee": (("ReviewSessionObjectStatus", "review_session_invitee_id"),),
    "project_schema": (
        ("Schema", "project_schema_id"),
        ("ProjectSchemaOverride", "project_schema_id"),
        ("ProjectSchemaObjectType", "project_schema_id"),
        ("TaskTemplate", "project_schema_id"),
    ),
    "schema": (("SchemaStatus", "schema_id"), ("SchemaType", "schema_id")),
    "workflow_schema": (("WorkflowSchemaStatus", "workflow_schema_id"),),
    "task_type_schema": (("TaskTypeSchemaType", "task_type_schema_id"),),
    "task_template": (("TaskTemplateItem", "template_id"),),
    "conversation": (("Message", "conversation_id"), ("Participant", "conversation_id")),
    "dashboard": (("DashboardResource", "dashboard_id"), ("DashboardWidget", "dashboard_id")),
    "calendar_event": (("CalendarEventResource", "calendar_event_id"), *_METADATA),
    "typed_context_link": _METADATA,
    "asset_version_link": _METADATA,
    "custom_attribute_configuration": (
        ("CustomAttributeValue", "configuration_id"),
        ("CustomAttributeLink", "configuration_id"),
    ),
    "security_role": (("UserSecurityRole", "security_role_id"),),
    "user_security_role": (("UserSecurityRoleProject", "user_security_role_id"),),
    "event": (("Feed", "social_id"),),
}

#: By table: what still holds an entity, and the word for it. Source: protocol reference 2.9.
_HELD: Mapping[str, tuple[str, str, str]] = {
    "location": ("ComponentLocation", "location_id", "components"),
}

Doomed = dict[str, dict[Key, tuple[EntityType, Row]]]


def remove(batch: Batch, entity_type: EntityType, key: Key, row: Row) -> None:
    """Delete one entity with all it owns.

    Raises IntegrityError or, for a location with components, a plain ServerError.
    """
    _check_held(batch, entity_type, key)
    doomed = _collect(batch, entity_type, key, row)
    _release(batch, doomed)
    for found in reversed(list(doomed.values())):
        batch.writer.delete_rows(list(found.values()))
        for each, (concrete, _) in found.items():
            batch.dropped.add((concrete.table.name, each))
            batch.touched.pop((concrete.table.name, each), None)
    removed(batch, entity_type, row)
    versions = doomed.get("asset_version", {}).values()
    mark_latest(batch, [each["asset_id"] for _, each in versions])


def _check_held(batch: Batch, entity_type: EntityType, key: Key) -> None:
    held = _HELD.get(entity_type.table.name)
    if held is None:
        return
    name, column, word = held
    table = batch.schema.find(name).table
    select = sqlalchemy.select(sqlalchemy.func.count()).select_from(table).where(table.c[column] == key[0])
    count = batch.connection.execute(select).scalar()
    if count:
        raise ApiError(f"{name_of(entity_type, key)} still holds {count} {word} and cannot be deleted.")


def _collect(batch: Batch, entity_type: EntityType, key: Key, row: Row) -> Doomed:
    """Everything that goes along, found table by table rather than row by row."""
    doomed: Doomed = {entity_type.table.name: {key: (entity_type, row)}}
    fresh: list[tuple[EntityType, list[Row]]] = [(entity_type, [row])]
    while fresh:
        owner, rows = fresh.pop()
        for name, column in OWNED.get(owner.table.name, ()):
            child_type = batch.schema.find(name)
            found = rows_where(batch, child_type.table, column, [each["id"] for each in rows])
            known = doomed.setdefault(child_type.table.name, {})
            new: list[Row] = []
            for each in found:
                child_key = tuple(each[name] for name in child_type.primary_key)
                if child_key not in known:
                    known[child_key] = (batch.schema.concrete(child_type, each), each)
                    new.append(each)
            if new:
                fresh.append((child_type, new))
    return {name: found for name, found in doomed.items() if found}


def _release(batch: Batch, doomed: Doomed) -> None:
    """Empty what refers to the doomed from outside; refuse where it may not be empty."""
    for table_name, found in doomed.items():
        gone = [key[0] for key in found]
        for child_type, column in _referring(batch, table_name):
            going = doomed.get(child_type.table.name, {})
            for row in rows_where(batch, child_type.table, column, gone):
                key = tuple(row[name] for name in child_type.primary_key)
                if key in going:
                    continue
                concrete = batch.schema.concrete(child_type, row)
                if column in concrete.required or column in concrete.primary_key:
                    # The caller may not even know that there is such a row.
                    hidden = out_of_reach(batch, concrete, [key]) is not None
                    name = f"A {concrete.name}" if hidden else name_of(concrete, key)
                    raise IntegrityError(
                        f"{name} refers by {column} to {table_name} {row[column]}, "
                        "which therefore cannot be deleted."
                    )
                change(batch, concrete, key, {column: None})
        _clear_links(batch, table_name, gone)


def _referring(batch: Batch, table_name: str) -> list[tuple[EntityType, str]]:
    """The columns of all types that hold keys of a table's rows, each column once."""
    return batch.remember("referring", lambda: _all_references(batch)).get(table_name, [])


def _all_references(batch: Batch) -> dict[str, list[tuple[EntityType, str]]]:
    found: dict[str, list[tuple[EntityType, str]]] = {}
    seen: set[tuple[str, str]] = set()
    # Supertypes first, so that rows of all their types are found.
    for entity_type in sorted(batch.schema.types.values(), key=lambda each: len(each.classifiers)):
        for column, target in foreign_keys(batch, entity_type).items():
            place = (entity_type.table.name, column)
            if place not in seen:
                seen.add(place)
                found.setdefault(target.table.name, []).append((entity_type, column))
    return found


def _clear_links(batch: Batch, table_name: str, gone: list[Any]) -> None:
    """Remove rows of link tables that no entity type shows."""
    for link_table, column in batch.remember("links", lambda: _all_links(batch)).get(table_name, []):
        table = batch.schema.metadata.tables[link_table]
        for part in slices(gone):
            batch.connection.execute(table.delete().where(table.c[column].in_(part)))


def _all_links(batch: Batch) -> dict[str, set[tuple[str, str]]]:
    shown = {each.table.name for each in batch.schema.types.values()} | {"context_ancestor"}
    found: dict[str, set[tuple[str, str]]] = {}
    for entity_type in batch.schema.types.values():
        for attribute in entity_type.attributes.values():
            join = attribute.join
            if join is None or join.link is None or join.link.table in shown:
                continue
            target = batch.schema.find(attribute.target or "")
            found.setdefault(entity_type.table.name, set()).add((join.link.table, join.link.near))
            found.setdefault(target.table.name, set()).add((join.link.table, join.link.far))
    return found
