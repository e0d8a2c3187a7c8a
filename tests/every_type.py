"""Rows of every entity type: what may be set on them, so that each can be made, changed and found again.

What is told here besides the schema is what only people know: which rows fit together.
"""

import datetime
import itertools
import uuid

from ftrack_sandbox.schema import load_schema
from ftrack_sandbox.schema.model import Kind

SCHEMA = load_schema()
TYPES = sorted(SCHEMA.types)

#: Rows of these exist through their configuration alone: they are written, not made.
VALUES = sorted(each for each in TYPES if SCHEMA.types[each].table.name == "custom_attribute_value")

#: Supertypes without what their rows must have, or tell them apart by.
UNMADE = {"Context", "Resource", "CustomConfigurationBase"}

#: Columns that the server alone fills.
STAMPED = {"created_at", "created_by_id", "finished_at"}

#: What a configuration calls the types that custom attributes link.
LINKED = {
    "Context": "task",
    "Asset": "asset",
    "AssetVersion": "assetversion",
    "Component": "component",
    "Group": "group",
    "List": "list",
    "User": "user",
}

#: Type of values -> what has them.
OWNERS = {
    "CustomAttributeValue": "Task",
    "ContextCustomAttributeValue": "Shot",
    "AssetCustomAttributeValue": "Asset",
    "AssetVersionCustomAttributeValue": "AssetVersion",
    "ListCustomAttributeValue": "TypedContextList",
    "ListObjectCustomAttributeValue": "ListObject",
    "UserCustomAttributeValue": "User",
}

#: What a configuration calls the types that have custom attributes.
CONFIGURED = {
    "Task": "task",
    "Shot": "task",
    "Asset": "asset",
    "AssetVersion": "assetversion",
    "TypedContextList": "list",
    "ListObject": "listobject",
    "User": "user",
}

#: Column -> type whose keys it holds, where no relation goes by the column.
HOLDS = {
    "status_id": "Status",
    "workflow_schema_id": "WorkflowSchema",
    "task_type_schema_id": "TaskTypeSchema",
    "type_id": "Type",
    "schema_id": "Schema",
    "project_schema_id": "ProjectSchema",
    "object_type_id": "ObjectType",
    "project_id": "Project",
    "user_id": "User",
    "entity_id": "Task",
}

#: Types of which a row must be new, since there may be one for each only.
FRESH = {
    "DashboardResource": {"dashboard_id"},
    "JobComponent": {"job_id"},
    "NoteComponent": {"note_id"},
    "NoteLabelLink": {"note_id"},
    "Recipient": {"note_id", "resource_id"},
    "SettingComponent": {"component_id"},
    "Metadata": {"parent_id"},
    "EntitySetting": {"parent_id"},
    "ProjectSchemaObjectType": {"object_type_id"},
    "WorkflowSchemaStatus": {"workflow_schema_id"},
    "TaskTypeSchemaType": {"task_type_schema_id"},
    "SchemaStatus": {"schema_id"},
    "SchemaType": {"schema_id"},
    "Timer": {"user_id"},
}

#: Type -> column -> type whose keys it holds there.
HOLDS_THERE = {
    "Metadata": {"parent_id": "Task"},
    "EntitySetting": {"parent_id": "ReviewSession"},
    "Note": {"parent_id": "Task"},
    "StatusChange": {"parent_id": "Task"},
    "TypedContextStatusChange": {"parent_id": "Task"},
    "AssetVersionStatusChange": {"parent_id": "AssetVersion"},
    "Event": {"parent_id": "Task"},
    "Feed": {"owner_id": "Task"},
    "Schema": {"type_id": "ObjectType"},
    "Recipient": {"resource_id": "User"},
    "ListObject": {"list_id": "TypedContextList"},
    "Component": {"container_id": "ContainerComponent"},
    "FileComponent": {"container_id": "ContainerComponent"},
    "SequenceComponent": {"container_id": "ContainerComponent"},
    "ContainerComponent": {"container_id": "ContainerComponent"},
}

#: Type -> column -> what alone it may be.
FIXED = {
    "Component": {"system_type": "file"},
    "List": {"system_type": "task"},
    # The client refuses any other.
    "Job": {"type": "api_job"},
    "Metadata": {"parent_type": "Task"},
    "EntitySetting": {"parent_type": "ReviewSession"},
    # Whoever sets `completed_at` has completed it.
    "Note": {"parent_type": "TypedContext", "completed_by_id": None},
    # Or else a global key does not see it.
    "Project": {"is_private": False},
    "StatusChange": {"parent_type": "TypedContext"},
    "Event": {"parent_type": "Task"},
    "CustomAttributeConfiguration": {"entity_type": "task", "project_id": None, "object_type_id": None},
    "CustomAttributeLinkConfiguration": {"entity_type": "task", "entity_type_to": "task"},
    "TypedContextStatusChange": {"parent_type": "TypedContext"},
    "AssetVersionStatusChange": {"parent_type": "AssetVersion"},
}


class Maker:
    """Makes rows by a session of the real client."""

    def __init__(self, session):
        self.session = session
        self._numbers = itertools.count(1)
        self._known = {}
        self._configurations = {}

    def make(self, type_name):
        """Make a row with all that can be set, and commit; return the entity and what was set."""
        data = self.data(type_name)
        entity = self.session.create(type_name, data)
        self.commit()
        return entity, data

    def commit(self):
        """Commit; what the server refuses does not stay for the next one."""
        try:
            self.session.commit()
        except Exception:
            self.session.rollback()
            raise

    def row(self, type_name):
        """Some row of the type, always the same one."""
        if type_name not in self._known:
            where = " where name is open_shorts" if type_name == "Project" else ""
            order = f" order by {SCHEMA.types[type_name].primary_key[0]}"
            found = self.session.query(f"{type_name}{where}{order}").first()
            # The first of its kind has none of its kind to refer to.
            self._known[type_name] = found
            if found is None:
                self._known[type_name] = self.make(type_name)[0]
        return self._known[type_name]

    def data(self, type_name):
        """Values for all that may be set on a new row of the type."""
        entity_type, data = SCHEMA.types[type_name], {}
        for name in settable(entity_type):
            if name in FIXED.get(type_name, {}):
                data[name] = FIXED[type_name][name]
            else:
                data[name] = self.value(entity_type, name)
        for name in hidden_relations(entity_type):
            data[name] = self.row(entity_type.attributes[name].target)
        own = entity_type.attributes.get("id")
        if own is not None and own.default is None:
            # The client makes no such ids.
            data["id"] = 770_000 + next(self._numbers) if own.value == "integer" else str(uuid.uuid4())
        if entity_type.table.name == "custom_attribute_link":
            data.update(self._link(entity_type))
        if entity_type.table.name == "context":
            data.pop("project_id", None)
        if type_name == "TypedContext":
            data["object_type_id"] = SCHEMA.types["Task"].classifiers["object_type_id"]
        return {name: value for name, value in data.items() if value is not None}

    def value(self, entity_type, name):
        """A value for the attribute, another one each time."""
        target = holds(entity_type, name)
        if target is not None:
            fresh = name in FRESH.get(entity_type.name, set())
            row = self.make(target)[0] if fresh else self.row(target)
            return None if row is None else row[SCHEMA.types[target].primary_key[0]]
        attribute, number = entity_type.attributes[name], next(self._numbers)
        if attribute.enum:
            return attribute.enum[number % len(attribute.enum)]
        return {
            "string": lambda: f"{name} {number} {uuid.uuid4().hex[:8]} é",
            "boolean": lambda: number % 2 == 0,
            "integer": lambda: 1000 + number,
            "number": lambda: number + 0.5,
            "datetime": lambda: datetime.datetime(2026, 3, 4, 5, 6, 7) + datetime.timedelta(days=number),
            "json": lambda: f'{{"number": {number}}}',
            "variable": lambda: f"text {number}",
        }[attribute.value]()

    def configuration(self, type_name):
        """Make a custom attribute of the type, a text that everybody reads and writes."""
        data = {
            "key": f"key {uuid.uuid4().hex}",
            "label": "x",
            "config": "{}",
            "default": "usual",
            "entity_type": CONFIGURED[type_name],
            "object_type_id": SCHEMA.types[type_name].classifiers.get("object_type_id"),
            "type": self.session.query("CustomAttributeType where name is text").one(),
        }
        configuration = self.session.create("CustomAttributeConfiguration", data)
        for each in ("read_security_roles", "write_security_roles"):
            configuration[each].extend(self.session.query("SecurityRole").all())
        self.commit()
        return configuration

    def fill_collections(self):
        """Make what lies in collections that neither the demo nor a row of each type has filled."""
        for name, entity_type in SCHEMA.types.items():
            if "metadata" in entity_type.attributes:
                parent = {"parent_id": self.row(name)["id"], "parent_type": name}
                self.session.create("Metadata", {**parent, "key": f"key of {name}", "value": "x"})
        parent = {"parent_id": self.row("ReviewSessionObject")["id"], "parent_type": "ReviewSessionObject"}
        self.session.create("Note", {**parent, "content": "x"})
        component = self.row("SettingComponent")
        names = {"name": component["name"], "group": component["group"]}
        self.session.create("Setting", {**names, "value": "x"})
        self.commit()
        for name, owner in OWNERS.items():
            key = [self.configuration(owner)["id"], self.row(owner)["id"]]
            operation = {"action": "update", "entity_type": name, "entity_key": key}
            self.session.call([{**operation, "entity_data": {"value": "x"}}])

    def _link(self, entity_type):
        """The two ends of a link, and a configuration for such."""
        name = entity_type.name
        word = next((each for each in sorted(LINKED, key=len)[::-1] if name.startswith(f"{each}Cust")), None)
        other, backwards = word or "Context", name.endswith("From")
        ends = (other, "Context") if backwards else ("Context", other)
        if ends not in self._configurations:
            data = {"key": f"link {uuid.uuid4().hex}", "label": "link", "config": "{}"}
            data.update(zip(("entity_type", "entity_type_to"), map(LINKED.get, ends), strict=True))
            self._configurations[ends] = self.session.create("CustomAttributeLinkConfiguration", data)
            self.session.commit()
        rows = ["Task" if each == "Context" else each for each in ends]
        types = dict(zip(("from_entity_type", "to_entity_type"), ends, strict=True)) if backwards else {}
        return {
            "configuration_id": self._configurations[ends]["id"],
            "from_id": self.row(rows[0])["id"],
            "to_id": self.row(rows[1])["id"],
            **types,
        }


def holds(entity_type, name):
    """The type whose keys the column holds, or None."""
    there = HOLDS_THERE.get(entity_type.name, {}).get(name)
    if there is not None:
        return there
    for each in entity_type.attributes.values():
        if each.kind is Kind.RELATION and each.join is not None and each.join.local == name != "id":
            if each.join.remote == "id":
                return {"Context": "Project"}.get(each.target, each.target)
    return HOLDS.get(name)


def settable(entity_type):
    """The scalars that may be set on a new row, other than an id of its own.

    An attribute without type (`User.user_type_id` is recorded so) is none to the client.
    """
    fixed = {*entity_type.computed, *entity_type.classifiers, *STAMPED, "id", "is_latest_version"}
    return [
        name
        for name, each in entity_type.attributes.items()
        if each.kind is Kind.SCALAR
        and not each.restricted
        and name not in fixed
        and each.definition.keys() & {"type", "$ref"}
    ]


def hidden_relations(entity_type):
    """Relations that may be set and whose column no attribute shows."""
    return [
        name
        for name, each in entity_type.attributes.items()
        if each.kind is Kind.RELATION
        and each.join.link is None
        and each.join.local not in entity_type.attributes
        and each.join.local not in STAMPED
    ]
