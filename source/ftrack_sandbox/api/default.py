"""What the server supplies when a new row's sender left it out.

Source: protocol reference 2.8. Whatever that table does not name is assumed.
"""

import datetime
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.row import fetch
from ftrack_sandbox.schema.model import EntityType, Kind

Values = dict[str, Any]
Row = Mapping[str, Any]

#: The user type of the recorded creation of a user.
_USER_TYPE_ID = "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8"

#: Columns that the server alone fills, whatever a client sends: a new row's here, and those of
#: some tables at any time. Source: protocol reference 2.8.
STAMPED = frozenset({"created_at", "created_by_id"})
ALWAYS_STAMPED: Mapping[str, frozenset[str]] = {"job": frozenset({"finished_at"})}

#: How long a review session lasts whose end was not told. Assumed.
_SESSION_LENGTH = datetime.timedelta(days=7)


def identify(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    """Return the parts of the primary key that the server makes up for *row*."""
    values: Values = {}
    for name in entity_type.primary_key:
        attribute = entity_type.attributes.get(name)
        if row.get(name) is not None or attribute is None:
            continue
        if attribute.value == "integer":
            values[name] = _next(batch, entity_type.table.c[name])
        elif name == "id":
            values[name] = str(uuid.uuid4())
        elif attribute.default not in (None, "{uid}"):
            values[name] = attribute.default
    return values


def supply(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    """Return values for columns of a new *row* that are still empty and that the server fills.

    Asked when the row is made and once more at the end of the batch, since what a default is
    derived from may come by a later operation. Source: protocol reference 2.7, 2.8.
    """
    values = _from_schema(entity_type, row)
    maker = _MAKERS.get(entity_type.table.name)
    if maker is not None:
        values.update(maker(batch, entity_type, {**row, **values}))
    columns = entity_type.table.c
    if "created_at" in columns:
        values["created_at"] = batch.now
    if "created_by_id" in columns:
        values["created_by_id"] = batch.caller.user_id
    return {
        name: value
        for name, value in values.items()
        if value is not None and name in columns and row.get(name) is None
    }


def _from_schema(entity_type: EntityType, row: Row) -> Values:
    """The defaults that the schema document tells, which Python sends by itself and JS does not."""
    return {
        name: attribute.default
        for name, attribute in entity_type.attributes.items()
        if attribute.kind is Kind.SCALAR
        and attribute.default not in (None, "{uid}")
        and row.get(name) is None
    }


def _project(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    # Assumed: a project is its own project, as `project_id` of the schema allows.
    return {"status": "active", "is_global": False, "is_private": False, "project_id": row.get("id")}


def _context(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    if row.get("context_type") == "show":
        return _project(batch, entity_type, row)
    # Assumed: a context that names only its project lies directly in it.
    parent_id = row.get("parent_id") or row.get("project_id")
    values: Values = {"parent_id": parent_id, "bid": 0.0}
    if row.get("sort") is None:
        table = entity_type.table
        values["sort"] = _next(batch, table.c.sort, table.c.parent_id == parent_id)
    if row.get("priority_id") is None:
        values["priority_id"] = _first(batch, "Priority")
    project = _project_of(batch, entity_type.table, parent_id)
    if project is None:
        return values
    values["project_id"] = project["id"]
    values["type_id"] = row.get("type_id") or _type_id(batch, project, row)
    values["status_id"] = row.get("status_id") or _status_id(batch, project, row, values["type_id"])
    return values


def _project_of(batch: Batch, table: sqlalchemy.Table, context_id: str | None) -> Row | None:
    if context_id is None:
        return None
    parent = table.alias()
    project = sqlalchemy.select(table.c.id, table.c.project_schema_id).join(
        parent,
        sqlalchemy.case((parent.c.context_type == "show", parent.c.id), else_=parent.c.project_id)
        == table.c.id,
    )
    found = fetch(batch, project.where(parent.c.id == context_id))
    return found[0] if found else None


def _type_id(batch: Batch, project: Row, row: Row) -> str | None:
    """First type that the project's schema lists for the object type."""
    schema_id, object_type_id = project["project_schema_id"], row.get("object_type_id")

    def find() -> str | None:
        return _listed(batch, schema_id, object_type_id, "type") or _first(batch, "Type")

    return batch.remember(("first type", schema_id, object_type_id), find)


def _status_id(batch: Batch, project: Row, row: Row, type_id: str | None) -> str | None:
    """First status that the project's schema lists for the object type, overrides by type heeded."""
    schema_id, object_type_id = project["project_schema_id"], row.get("object_type_id")

    def find() -> str | None:
        found = _listed(batch, schema_id, object_type_id, "status", type_id)
        return found or _first(batch, "Status")

    return batch.remember(("first status", schema_id, object_type_id, type_id), find)


def _listed(
    batch: Batch, schema_id: str | None, object_type_id: str | None, what: str, type_id: str | None = None
) -> str | None:
    """First status or type of a project schema for an object type; that of tasks has its own place."""
    tables = batch.schema.metadata.tables
    task = batch.schema.find("Task").classifiers.get("object_type_id")
    if object_type_id == task:
        schema = tables["project_schema"]
        if what == "type":
            holder = sqlalchemy.select(schema.c.task_type_schema_id).where(schema.c.id == schema_id)
            return _first_of(batch, "Type", "TaskTypeSchemaType", "task_type_schema_id", "type_id", holder)
        override = tables["project_schema_override"]
        overridden = sqlalchemy.select(override.c.workflow_schema_id).where(
            override.c.project_schema_id == schema_id, override.c.type_id == type_id
        )
        usual = sqlalchemy.select(schema.c.task_workflow_schema_id).where(schema.c.id == schema_id)
        for holder in (overridden, usual):
            found = _first_of(
                batch, "Status", "WorkflowSchemaStatus", "workflow_schema_id", "status_id", holder
            )
            if found is not None:
                return found
        return None
    schema = tables["schema"]
    holder = sqlalchemy.select(schema.c.id).where(
        schema.c.project_schema_id == schema_id, schema.c.type_id == object_type_id
    )
    link, far = ("SchemaType", "type_id") if what == "type" else ("SchemaStatus", "status_id")
    return _first_of(batch, "Type" if what == "type" else "Status", link, "schema_id", far, holder)


def _first_of(
    batch: Batch, target: str, link: str, near: str, far: str, holder: sqlalchemy.Select[Any]
) -> str | None:
    """The first entity of *target*, in its own order, that *link* ties to what *holder* selects."""
    table, between = batch.schema.find(target).table, batch.schema.find(link).table
    order = [between.c.sort] if "sort" in between.c else []
    found = (
        sqlalchemy.select(table.c.id)
        .join(between, between.c[far] == table.c.id)
        .where(between.c[near].in_(holder))
        .order_by(*order, table.c.sort, table.c.name)
        .limit(1)
    )
    return batch.connection.execute(found).scalar()


def _asset(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    return {"type_id": row.get("type_id") or _first(batch, "AssetType")}


def _asset_version(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    table, asset_id = entity_type.table, row.get("asset_id")
    values: Values = {"date": batch.now, "user_id": batch.caller.user_id}
    values.update(is_published=True, is_latest_version=False)
    if asset_id is not None and row.get("version") is None:
        values["version"] = int(_next(batch, table.c.version, table.c.asset_id == asset_id))
    if asset_id is not None and row.get("status_id") is None:
        values["status_id"] = _version_status_id(batch, asset_id)
    return values


def _version_status_id(batch: Batch, asset_id: str) -> str | None:
    tables = batch.schema.metadata.tables
    asset, context, schema = tables["asset"], tables["context"], tables["project_schema"]
    holder = (
        sqlalchemy.select(schema.c.asset_version_workflow_schema_id)
        .join(project := context.alias(), project.c.project_schema_id == schema.c.id)
        .join(
            context,
            sqlalchemy.case((context.c.context_type == "show", context.c.id), else_=context.c.project_id)
            == project.c.id,
        )
        .join(asset, asset.c.context_id == context.c.id)
        .where(asset.c.id == asset_id)
    )
    found = _first_of(batch, "Status", "WorkflowSchemaStatus", "workflow_schema_id", "status_id", holder)
    return found or _first(batch, "Status")


def _component(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    return {"system_type": entity_type.classifiers.get("system_type", "file"), "size": 0}


def _user(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    if row.get("resource_type") == "group":
        return {"local": True}
    known = _first(batch, "UserType")
    user_type = batch.schema.find("UserType").table
    recorded = sqlalchemy.select(user_type.c.id).where(user_type.c.id == _USER_TYPE_ID)
    return {
        "is_active": False,
        "is_otp_enabled": False,
        "is_totp_enabled": False,
        "require_details_update": False,
        "user_type_id": batch.connection.execute(recorded).scalar() or known,
    }


def _note(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    return {
        "date": batch.now,
        "thread_activity": batch.now,
        "user_id": batch.caller.user_id,
        "is_todo": False,
    }


def _owned_by_caller(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    """Jobs, timers, time logs, lists: the caller's unless somebody else is named."""
    return {"user_id": batch.caller.user_id, "start": batch.now, "date": batch.now}


def _review_session(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    start = row.get("start_date") or batch.now
    return {"start_date": start, "end_date": start + _SESSION_LENGTH}


def _review_session_object(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    table = entity_type.table
    if row.get("sort_order") is not None:
        return {}
    return {
        "sort_order": _next(
            batch, table.c.sort_order, table.c.review_session_id == row.get("review_session_id")
        )
    }


def _status(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    return {"is_active": True}


def _user_security_role(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    return {"is_all_projects": False, "is_all_open_projects": False}


def _configuration(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    return {"config": "{}", "core": False}


def link_ends(batch: Batch, configuration_id: Any) -> Values:
    """The types at both ends of a custom attribute link, told by its configuration only."""
    table = batch.schema.find("CustomAttributeLinkConfiguration").table
    select = sqlalchemy.select(table.c.entity_type, table.c.entity_type_to)
    found = batch.connection.execute(select.where(table.c.id == configuration_id)).first()
    if found is None:
        return {}
    return {"from_entity_type": _LINKED.get(found[0]), "to_entity_type": _LINKED.get(found[1])}


def _attribute_link(batch: Batch, entity_type: EntityType, row: Row) -> Values:
    return link_ends(batch, row.get("configuration_id"))


#: A configuration's word for an entity to the name of the type at a link's end. Assumed.
_LINKED: Mapping[str | None, str] = {
    "task": "Context",
    "show": "Context",
    "context": "Context",
    "asset": "Asset",
    "assetversion": "AssetVersion",
    "component": "Component",
    "group": "Group",
    "list": "List",
    "user": "User",
}


def _next(
    batch: Batch, column: sqlalchemy.ColumnElement[Any], *where: sqlalchemy.ColumnElement[bool]
) -> float | int:
    """One more than the highest value of *column* so far."""
    highest = batch.connection.execute(sqlalchemy.select(sqlalchemy.func.max(column)).where(*where)).scalar()
    return (highest or 0) + 1


def _first(batch: Batch, name: str) -> str | None:
    """The first entity of a type in its own order, if there is any."""

    def find() -> str | None:
        table = batch.schema.find(name).table
        order = [table.c[column] for column in ("sort", "name") if column in table.c]
        found = batch.connection.execute(sqlalchemy.select(table.c.id).order_by(*order).limit(1)).scalar()
        return str(found) if found is not None else None

    return batch.remember(("first", name), find)


_MAKERS: Mapping[str, Callable[[Batch, EntityType, Row], Values]] = {
    "context": _context,
    "asset": _asset,
    "asset_version": _asset_version,
    "component": _component,
    "resource": _user,
    "note": _note,
    "job": _owned_by_caller,
    "timer": _owned_by_caller,
    "timelog": _owned_by_caller,
    "list": _owned_by_caller,
    "review_session": _review_session,
    "review_session_object": _review_session_object,
    "status": _status,
    "user_security_role": _user_security_role,
    "custom_attribute_configuration": _configuration,
    "custom_attribute_link": _attribute_link,
}
