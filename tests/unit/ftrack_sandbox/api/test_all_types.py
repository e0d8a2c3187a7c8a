"""Every type of the schema goes through create, query, update and delete."""

from typing import Any

import pytest

from ftrack_sandbox.schema import load_schema
from ftrack_sandbox.schema.model import EntityType, Kind

Desk = Any

TASK = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"
SERVER_LOCATION = "3a372bde-05bc-11e4-8908-20c9d081909b"

#: Entities that the others lean on, made first: type -> (key, data).
GROUND: dict[str, tuple[str, dict[str, Any]]] = {
    "Asset": ("asset", {"name": "a", "context_id": "sh010"}),
    "AssetVersion": ("version", {"asset_id": "asset"}),
    "FileComponent": ("component", {"name": "c"}),
    "ContainerComponent": ("container", {"name": "c"}),
    "Job": ("job", {}),
    "Note": ("note", {"content": "n", "parent_id": "comp", "parent_type": "TypedContext"}),
    "Group": ("group", {"name": "crew"}),
    "TypedContextList": ("list", {"name": "l", "project_id": "show", "category_id": "category"}),
    "ListObject": ("list object", {"list_id": "list", "entity_id": "comp"}),
    "ReviewSession": ("session", {"name": "r", "description": "", "project_id": "show"}),
    "ReviewSessionInvitee": ("invitee", {"name": "i", "email": "i@x", "review_session_id": "session"}),
    "ReviewSessionObject": ("object", {"name": "o", "review_session_id": "session", "version_id": "version"}),
    "CustomAttributeGroup": ("attribute group", {"name": "g"}),
    "CustomAttributeConfiguration": (
        "configuration",
        {
            "key": "k",
            "entity_type": "task",
            "object_type_id": TASK,
            "type_id": "kind-text",
            "write_security_roles": [{"__entity_type__": "SecurityRole", "id": "role-admin"}],
            "read_security_roles": [{"__entity_type__": "SecurityRole", "id": "role-admin"}],
        },
    ),
    "CustomAttributeLinkConfiguration": (
        "link configuration",
        {"key": "k", "entity_type": "task", "entity_type_to": "user"},
    ),
    "TaskTemplate": ("template", {"name": "t", "project_schema_id": "scheme"}),
    "Conversation": ("conversation", {}),
    "Dashboard": ("dashboard", {"name": "d"}),
    "Disk": ("disk", {"name": "d"}),
    "CalendarEvent": ("event", {"name": "e", "start": "2024-01-01", "end": "2024-01-02"}),
    "ManagerType": ("manager type", {"name": "m"}),
    "Setting": ("setting", {"name": "n", "group": "g", "value": "v"}),
    "Event": ("event row", {"id": 7, "action": "x"}),
}

#: What a key of a type may hold, by the name of the type it leads to.
KNOWN = {
    "Context": "comp",
    "TypedContext": "comp",
    "Task": "comp",
    "Project": "show",
    "Status": "status-done",
    "Type": "type-comp",
    "Priority": "9661b320-3a0c-11e2-81c1-0800200c9a66",
    "ObjectType": TASK,
    "ProjectSchema": "scheme",
    "Schema": "shots",
    "WorkflowSchema": "flow-comp",
    "TaskTypeSchema": "types",
    "AssetType": "asset-type",
    "Component": "component",
    "Location": SERVER_LOCATION,
    "NoteLabel": "label",
    "NoteCategory": "label",
    "ListCategory": "category",
    "List": "list",
    "User": "user-lee",
    "Resource": "user-lee",
    "UserType": "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8",
    "SecurityRole": "role-user",
    "UserSecurityRole": "held-lee",
    "CustomAttributeType": "kind-text",
    "Scope": "scope-a",
    "State": "state-ns",
    **{name: key for name, (key, _) in GROUND.items()},
    "Event": 7,
}

#: Data that does not follow from the schema.
SPECIAL: dict[str, dict[str, Any]] = {
    "Project": {"name": "x", "full_name": "x"},
    "Metadata": {"parent_id": "comp", "parent_type": "Task"},
    "EntitySetting": {"parent_id": "session", "parent_type": "ReviewSession"},
    "Setting": {"name": "other", "group": "g"},
    "SettingComponent": {"name": "n", "group": "g", "component_id": "component"},
    "ListObject": {"entity_id": "sh010"},
    "SchemaStatus": {"status_id": "status-pending"},
    "SchemaType": {"type_id": "type-generic"},
    "WorkflowSchemaStatus": {"status_id": "status-ready"},
    "TaskTypeSchemaType": {"type_id": "type-generic"},
    "User": {"username": "mia"},
    "AssetVersionLink": {"from_id": "version", "to_id": "version"},
    "CustomAttributeLink": {"from_id": "comp", "to_id": "user-lee"},
    "UserCustomAttributeLink": {"from_id": "comp", "to_id": "user-lee"},
    "Recipient": {"resource_id": "group"},
}

SCHEMA = load_schema()
VALUES = {"string": "x", "boolean": True, "integer": 1, "number": 1, "datetime": "2024-01-01", "json": "{}"}


def is_value(entity_type: EntityType) -> bool:
    return entity_type.table.name == "custom_attribute_value"


CONCRETE = [name for name, each in SCHEMA.types.items() if each.concrete == (name,) and not is_value(each)]


def target_of(entity_type: EntityType, column: str) -> str | None:
    for attribute in entity_type.attributes.values():
        if attribute.kind is Kind.RELATION and attribute.join is not None and attribute.join.local == column:
            return attribute.target
    text = str(entity_type.attributes[column].definition.get("description", ""))
    return text.rpartition(": ")[2].partition(".")[0] if "Foreign key" in text else None


def data_of(entity_type: EntityType) -> dict[str, Any]:
    data = dict(SPECIAL.get(entity_type.name, {}))
    for name in sorted({*entity_type.required, "parent_id"}):
        attribute = entity_type.attributes.get(name)
        if attribute is None or name in data or name in ("id", *entity_type.classifiers):
            continue
        target = target_of(entity_type, name) if attribute.kind is Kind.SCALAR else attribute.target
        if target is not None:
            data[name] = KNOWN[target]
        elif name in entity_type.required and attribute.default is None:
            data[name] = attribute.enum[0] if attribute.enum else VALUES[attribute.value]
    return data


def lay_ground(desk: Desk) -> None:
    operations: list[Any] = []
    for name, object_type in SCHEMA.types.items():
        key = object_type.classifiers.get("object_type_id")
        if key is not None and name not in ("Task", "Shot", "Folder"):
            operations.append(desk.creating("ObjectType", id=key, name=name))
    for name, (key, data) in GROUND.items():
        named = {} if name in ("Setting", "Event") else {"id": key}
        operations.append(desk.creating(name, **named, **data))
    desk.run(*operations)


@pytest.mark.parametrize("name", CONCRETE)
def test_every_type_is_made_read_changed_and_deleted(desk: Desk, name: str) -> None:
    lay_ground(desk)
    entity_type = SCHEMA.find(name)
    made = desk.create(name, **data_of(entity_type))
    assert made["__entity_type__"] == name
    key = [made[part] for part in entity_type.primary_key]
    assert None not in key
    where = " and ".join(
        f'{part} is "{value}"' for part, value in zip(entity_type.primary_key, key, strict=True)
    )
    shown = [
        each.name
        for each in entity_type.attributes.values()
        if not each.restricted and each.name not in entity_type.primary_key
    ]
    (row,) = desk.query(f"select {', '.join([*shown, *entity_type.primary_key])} from {name} where {where}")
    assert set(shown) <= set(row), "each selected attribute is there"
    for attribute, value in made.items():
        if not isinstance(value, list | dict):
            assert row[attribute] == value, attribute
    text = next(
        (
            each.name
            for each in entity_type.attributes.values()
            if each.kind is Kind.SCALAR
            and each.value == "string"
            and not each.enum
            and each.definition.get("format") is None
            and each.name not in {*entity_type.immutable, *entity_type.primary_key, *entity_type.required}
            and not each.name.endswith(("_id", "_type"))
        ),
        None,
    )
    if text is not None:
        assert desk.update(name, key, **{text: "changed"})[text] == "changed"
        assert desk.query(f"select {text} from {name} where {where}")[0][text] == "changed"
    assert desk.delete(name, *key) is True
    assert desk.query(f"select {entity_type.primary_key[0]} from {name} where {where}") == []


def test_the_schema_has_all_its_types_tried(desk: Desk) -> None:
    abstract = {name for name, each in SCHEMA.types.items() if each.concrete != (name,)}
    values = {name for name, each in SCHEMA.types.items() if is_value(each)}
    assert len(CONCRETE) + len(abstract | values) == len(SCHEMA.types) == 116
